use crate::snapshot::{Node, Resources, Workload};
use crate::units::{Bytes, Cpu};

/// What nodes have left for another pod.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Room {
    nodes: Vec<Left>,
}

/// Of one node that takes pods.
#[derive(Debug, Clone, PartialEq)]
struct Left {
    /// Beside the pods that every node runs.
    empty: Resources,
    /// Beside all pods that are on it.
    now: Resources,
}

impl Room {
    /// Of the nodes that are ready; one that is cordoned takes nothing now, and would if
    /// it were empty.
    pub fn of(nodes: &[Node], workloads: &[Workload]) -> Self {
        let mut left: Vec<(&Node, Left)> = Vec::new();
        for node in nodes.iter().filter(|node| node.ready) {
            let (empty, now) = (node.allocatable.clone(), node.allocatable.clone());
            left.push((node, Left { empty, now }));
        }
        left.sort_by(|a, b| a.0.name.cmp(&b.0.name));
        for workload in workloads {
            let everywhere = workload.id.kind == "DaemonSet";
            for pod in &workload.pods {
                let Some(on) = pod.node.as_deref() else {
                    continue;
                };
                if let Ok(at) = left.binary_search_by(|it| it.0.name.as_str().cmp(on)) {
                    let left = &mut left[at].1;
                    take(&mut left.now, &pod.requests);
                    if everywhere {
                        take(&mut left.empty, &pod.requests);
                    }
                }
            }
        }
        let closed = |(node, left): (&Node, Left)| Left {
            now: if node.unschedulable { none() } else { left.now },
            ..left
        };
        Self {
            nodes: left.into_iter().map(closed).collect(),
        }
    }

    /// Whether some node could hold a pod with these requests if nothing else but the pods
    /// of DaemonSets were on it.
    pub fn holds_empty(&self, requests: &Resources) -> bool {
        self.nodes.iter().any(|left| holds(&left.empty, requests))
    }

    /// Whether some node has the room now.
    pub fn holds_now(&self, requests: &Resources) -> bool {
        self.nodes.iter().any(|left| holds(&left.now, requests))
    }
}

/// The room of a node that takes nothing.
fn none() -> Resources {
    Resources {
        cpu: Some(Cpu::ZERO),
        memory: Some(Bytes::ZERO),
        extended: [("pods".to_owned(), 0.0)].into(),
    }
}

fn take(left: &mut Resources, requests: &Resources) {
    let (cpu, memory) = (requests.cpu.unwrap_or(Cpu::ZERO), requests.memory);
    left.cpu = left.cpu.map(|it| it.minus(cpu));
    left.memory = left
        .memory
        .map(|it| it.minus(memory.unwrap_or(Bytes::ZERO)));
    for (name, count) in &requests.extended {
        if let Some(free) = left.extended.get_mut(name) {
            *free -= count;
        }
    }
    if let Some(pods) = left.extended.get_mut("pods") {
        *pods -= 1.0;
    }
}

/// What a node does not tell of itself it has none of, but for the number of pods, which
/// old dumps leave out.
fn holds(left: &Resources, requests: &Resources) -> bool {
    let cpu = requests.cpu.unwrap_or(Cpu::ZERO);
    let memory = requests.memory.unwrap_or(Bytes::ZERO);
    let extended = requests.extended.iter();
    let mut extended = extended.filter(|(_, count)| **count > 0.0);
    left.cpu.unwrap_or(Cpu::ZERO) >= cpu
        && left.memory.unwrap_or(Bytes::ZERO) >= memory
        && left.extended.get("pods").is_none_or(|pods| *pods >= 1.0)
        && extended.all(|(name, count)| left.extended.get(name).is_some_and(|it| it >= count))
}
