//! How long before it is needed a replica must be asked for.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use super::apart::{Apart, Rules};
use super::bound::Rooms;
use super::replica::Replica;
use crate::snapshot::{Condition, Node, Pod, Quota, Resources, Snapshot, Workload};
use crate::trend::quantile;
use crate::units::{Bytes, Cpu, Span, count_from};

/// How long pods take to be ready where nothing was seen of it, in seconds.
const POD: u32 = 60;

/// A pod that takes longer than this until it is ready may have been ready before, and again
/// later.
const LONGEST: u32 = 30 * 60;

/// A pod is ready for the first time no later than for the last: the quickest of all tells most.
/// So many times as long others take that start like it.
const ALIKE: u32 = 2;

/// Where even the quickest took longer than this, none was seen starting.
const NO_START: u32 = 2 * 3_600;

/// Of start-ups so many are within what is planned with.
const SHARE: f64 = 0.95;

/// From a pod that waits to a node that is ready, in seconds, where nothing was seen of it:
/// autoscalers of node groups take two to five minutes, machines with devices up to ten.
const NODE: u32 = 5 * 60;
const GPU_NODE: u32 = 10 * 60;

/// What a machine takes before it registers: its own past begins only then.
const BEFORE: u32 = 2 * 60;

/// How long something takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    pub span: Span,
    /// What was seen of it; none where it is assumed.
    pub samples: usize,
}

/// How long before it is needed a replica must be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// From created to ready, on a node that is there.
    pub pod: Measured,
    /// From waiting to a ready node.
    pub node: Measured,
    /// Pods of the workload that its pool holds, those of today included; `None` where
    /// its nodes are not known.
    pub room: Option<u32>,
    /// Pods of it on an empty node of the pool.
    pub per_node: Option<u32>,
    /// What bounds the room, where rules that keep its pods apart do.
    pub apart: Option<Apart>,
    /// Pods that were seen to become ready so late that they were ready before.
    pub late: usize,
    /// Start-ups as they were seen, in seconds, ascending; never empty.
    pub(super) starts: Vec<u32>,
}

impl Lead {
    /// For so many replicas.
    pub fn span(&self, replicas: u32) -> Span {
        let node = if self.waits(replicas) {
            self.node.span.as_secs()
        } else {
            0
        };
        Span::from_secs(self.pod.span.as_secs().saturating_add(node))
    }

    /// Whether some of so many replicas wait for a node.
    pub fn waits(&self, replicas: u32) -> bool {
        self.room.is_some_and(|room| replicas > room)
    }

    /// Nodes that so many replicas need beside those that are there.
    pub fn nodes(&self, replicas: u32) -> Option<u32> {
        let more = replicas.saturating_sub(self.room?);
        match self.per_node {
            _ if more == 0 => Some(0),
            Some(each) if each > 0 => Some(more.div_ceil(each)),
            _ => None,
        }
    }
}

/// What pods of all workloads take of each node.
pub(super) struct Pools<'a> {
    nodes: &'a [Node],
    quotas: &'a [Quota],
    by_name: HashMap<&'a str, usize>,
    taken: Vec<Resources>,
    pods: Vec<u32>,
}

impl<'a> Pools<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let nodes = &snapshot.cluster.nodes;
        let named = nodes.iter().enumerate();
        let mut pools = Self {
            nodes,
            quotas: &snapshot.cluster.quotas,
            by_name: named.map(|(at, node)| (&*node.name, at)).collect(),
            taken: vec![Resources::default(); nodes.len()],
            pods: vec![0; nodes.len()],
        };
        for pod in snapshot.workloads.iter().flat_map(|it| &it.pods) {
            if let Some(node) = pools.node(pod) {
                pools.taken[node] = pools.taken[node].plus(&pod.requests);
                pools.pods[node] += 1;
            }
        }
        pools
    }

    fn node(&self, pod: &Pod) -> Option<usize> {
        self.by_name.get(pod.node.as_deref()?).copied()
    }

    /// The nodes that are like those that its pods are on, and take pods.
    fn beside(&self, workload: &Workload) -> Vec<usize> {
        let own = workload.pods.iter().filter_map(|it| self.node(it));
        let pools: BTreeSet<_> = own.map(|at| kind(&self.nodes[at])).collect();
        let beside = |at: &usize| {
            let node = &self.nodes[*at];
            pools.contains(&kind(node)) && node.ready && !node.unschedulable
        };
        (0..self.nodes.len()).filter(beside).collect()
    }

    /// What bounds the replicas of a workload of this size.
    pub(super) fn rooms(&self, workload: &Workload, sized: &Replica) -> Rooms {
        let beside = self.beside(workload);
        let nodes: Vec<&Node> = beside.iter().map(|at| &self.nodes[*at]).collect();
        let parts = Rules::of(workload).parts(&nodes);
        // Of nodes whose labels are not known nothing is said.
        let parts = parts.filter(|(_, count)| *count > 0);
        Rooms::of(self.quotas, workload, sized, parts)
    }

    /// What is known of a workload whose pods request so much each.
    pub(super) fn lead(&self, workload: &Workload, cpu: Cpu, memory: Bytes) -> Lead {
        let beside = self.beside(workload);
        let ends = workload.containers.iter().flat_map(|it| &it.terminations);
        let restarted: BTreeSet<&str> = ends.map(|end| &*end.pod).collect();
        let pods = workload.pods.iter();
        let starts = pods.filter(|pod| !restarted.contains(&*pod.name));
        let seen: Vec<u32> = starts.filter_map(start).collect();
        let mut starts = starting(seen.clone());
        let late = seen.len() - starts.len();
        let pod = measured(&starts, POD, 0);
        if starts.is_empty() {
            starts.push(pod.span.as_secs());
        }
        let gpus = beside
            .iter()
            .any(|at| self.nodes[*at].allocatable.gpus() > 0.0);
        let assumed = if gpus { GPU_NODE } else { NODE };
        let mut ready: Vec<u32> = beside
            .iter()
            .filter_map(|at| up(&self.nodes[*at]))
            .collect();
        ready.sort_unstable();
        let rules = Rules::of(workload);
        let fits = beside
            .iter()
            .map(|at| self.fits(*at, workload, cpu, memory));
        let fits: Vec<u32> = fits.collect();
        let nodes: Vec<&Node> = beside.iter().map(|at| &self.nodes[*at]).collect();
        let (room, apart) = rules.room(&nodes, &fits);
        let per_node = nodes.iter().map(|it| whole(it, cpu, memory)).max();
        Lead {
            pod,
            node: measured(&ready, assumed, BEFORE),
            room: (!beside.is_empty()).then_some(room),
            per_node: per_node.map(|it| rules.alone.map_or(it, |_| it.min(1))),
            apart,
            late,
            starts,
        }
    }

    /// How many pods fit on a node beside those of others.
    fn fits(&self, at: usize, workload: &Workload, cpu: Cpu, memory: Bytes) -> u32 {
        let node = &self.nodes[at];
        let own = workload.pods.iter();
        let own: Vec<&Pod> = own.filter(|pod| self.node(pod) == Some(at)).collect();
        let sum = |of: &dyn Fn(&Resources) -> f64| {
            let own: f64 = own.iter().map(|pod| of(&pod.requests)).sum();
            of(&node.allocatable) - of(&self.taken[at]) + own
        };
        let cores = |it: &Resources| it.cpu.map_or(0.0, Cpu::get);
        let bytes = |it: &Resources| it.memory.map_or(0.0, Bytes::to_f64);
        let others = self.pods[at].saturating_sub(u32::try_from(own.len()).unwrap_or(0));
        let slots = node.allocatable.extended.get("pods").copied();
        let slots = slots.map_or(u32::MAX, |it| whole_part(it).saturating_sub(others));
        times(sum(&cores), cpu.get())
            .min(times(sum(&bytes), memory.to_f64()))
            .min(slots)
    }
}

/// Nodes of one sort: the pool, and what keeps pods away.
fn kind(node: &Node) -> (Option<&str>, &[String]) {
    (node.pool.as_deref(), &node.taints)
}

fn whole(node: &Node, cpu: Cpu, memory: Bytes) -> u32 {
    let usable = &node.allocatable;
    let cores = usable.cpu.map_or(0.0, Cpu::get);
    let bytes = usable.memory.map_or(0.0, Bytes::to_f64);
    times(cores, cpu.get()).min(times(bytes, memory.to_f64()))
}

/// How many times something fits; what is asked for none of fits at all times.
fn times(room: f64, each: f64) -> u32 {
    if each <= 0.0 {
        return u32::MAX;
    }
    // Sums of fractions may be a little short.
    whole_part((room / each + 1e-9).max(0.0).floor())
}

fn whole_part(value: f64) -> u32 {
    u32::try_from(count_from(value)).unwrap_or(u32::MAX)
}

fn measured(sorted: &[u32], assumed: u32, before: u32) -> Measured {
    let values: Vec<f64> = sorted.iter().map(|it| f64::from(*it)).collect();
    let seconds = quantile(&values, SHARE).map(|it| whole_part(it.ceil()));
    Measured {
        span: Span::from_secs(seconds.map_or(assumed, |it| it.saturating_add(before))),
        samples: sorted.len(),
    }
}

fn since(conditions: &[Condition], kind: &str) -> Option<i64> {
    let found = conditions.iter().find(|it| it.is(kind, "True"))?;
    Some(found.since?.as_second())
}

/// Seconds from the time that the pod had a node to the time that it was ready.
fn start(pod: &Pod) -> Option<u32> {
    let ready = since(&pod.conditions, "Ready")?;
    let placed = since(&pod.conditions, "PodScheduled");
    let placed = placed.or_else(|| pod.created.map(Timestamp::as_second))?;
    u32::try_from(ready - placed).ok()
}

/// Of the times after which pods were ready, ascending, those that are of a start: a pod that
/// was not ready for a while says when it was again.
fn starting(mut seen: Vec<u32>) -> Vec<u32> {
    seen.sort_unstable();
    let quickest = seen.first().copied().filter(|it| *it <= NO_START);
    let most = quickest.map_or(0, |it| it.saturating_mul(ALIKE).max(LONGEST));
    seen.retain(|it| *it <= most);
    seen
}

/// Seconds from the time that the node was registered to the time that it was ready.
fn up(node: &Node) -> Option<u32> {
    let ready = since(&node.conditions, "Ready")?;
    short(ready - node.created?.as_second())
}

fn short(seconds: i64) -> Option<u32> {
    u32::try_from(seconds).ok().filter(|it| *it <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_none_of_always_fits() {
        assert_eq!(times(4.0, 0.0), u32::MAX);
        assert_eq!(times(0.3, 0.1), 3);
        assert_eq!(times(-1.0, 0.1), 0);
        assert_eq!(times(7.9, 1.0), 7);
    }

    #[test]
    fn the_quickest_tells_which_pods_were_starting() {
        assert_eq!(starting(vec![2_400, 2_100]), [2_100, 2_400]);
        // One was not ready for a while, a day after its start.
        assert_eq!(starting(vec![90_000, 45, 1_700]), [45, 1_700]);
        assert_eq!(starting(vec![2_000, 90_000, 3_900]), [2_000, 3_900]);
        assert!(starting(vec![90_000, 40_000]).is_empty());
    }

    #[test]
    fn what_was_not_seen_is_assumed() {
        assert_eq!(measured(&[], POD, 0).span, Span::from_secs(60));
        assert_eq!(measured(&[10, 20, 30], POD, 0).span, Span::from_secs(29));
    }
}
