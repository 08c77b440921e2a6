//! The third risk: whether the pods of a node together used more than it has.

use std::collections::BTreeMap;

use rayon::prelude::{IntoParallelIterator, ParallelIterator};

use super::interval::Share;
use super::pack::{first_fit, shuffled};
use super::sizes::sizes_after;
use crate::recommend::{Advised, NODE_FULL};
use crate::snapshot::{ContainerKind, Snapshot, Usage};
use crate::units::{Bytes, count_from, len_f64};

/// Orders in which pods arrive; the figures are means over them. Few pods on few
/// nodes come together in very different ways.
const ORDERS: usize = 50;
/// Of a large cluster, whose many nodes average out in each order, fewer.
const FEWEST_ORDERS: usize = 5;
/// Pods × (slots + nodes) × orders at most: [`ORDERS`] orders of 3,000 pods over a
/// week of five minutes.
const WORK: f64 = 3e8;

/// Pods packed by their advised memory requests onto nodes of the cluster's sizes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    /// Nodes needed, mean over the orders.
    pub nodes: f64,
    /// Of all packed nodes, those that overflowed because of pods that each fit alone.
    pub together: Share,
    /// Those that a single pod overflowed.
    pub alone: Share,
}

impl Packed {
    /// Nodes that overflowed in any way.
    pub(super) fn any(&self) -> Share {
        Share {
            hits: self.together.hits + self.alone.hits,
            ..self.together
        }
    }
}

/// One pod: what it asks for, and what it used in the horizon.
struct Packable {
    request: f64,
    /// Bytes in each slot, and the most of them.
    used: Vec<f32>,
    peak: f64,
    daemon: bool,
}

/// `None` where no node, or no pod with a memory request, is known.
///
/// Pods of DaemonSets run everywhere: the mean of their requests, and of their
/// use, is taken off every node instead of being packed.
pub(super) fn pack(past: &Snapshot, future: &Usage, advised: &Advised) -> Option<Packed> {
    let pods = pods(past, future, advised);
    let daemons = daemons(&pods, past.cluster.nodes.len());
    let sizes = sizes(past, daemons.request);
    let pods: Vec<Packable> = pods.into_iter().filter(|pod| !pod.daemon).collect();
    if sizes.is_empty() || pods.is_empty() {
        return None;
    }
    let requests: Vec<f64> = pods.iter().map(|pod| pod.request).collect();
    let one = |seed: u64| {
        let groups = first_fit(&requests, &shuffled(pods.len(), seed), &sizes);
        let mut seen = Seen::default();
        for (node, group) in groups.iter().enumerate() {
            let size = sizes[node % sizes.len()] + daemons.request;
            seen.watch(&pods, group, size * NODE_FULL - daemons.used);
        }
        seen
    };
    let first = one(0);
    let orders = orders(pods.len(), future.grid.len, first.nodes);
    let rest = 1..u64::try_from(orders).unwrap_or(1);
    let rest: Vec<Seen> = rest.into_par_iter().map(one).collect();
    let all = rest.iter().fold(first, Seen::plus);
    let share = |hits: usize| {
        // The same pods in another order are no other pods.
        Share::new(hits, all.nodes).thinned(1.0 / len_f64(orders))
    };
    Some(Packed {
        nodes: len_f64(all.nodes) / len_f64(orders),
        together: share(all.together),
        alone: share(all.alone),
    })
}

/// How many orders there is time for.
fn orders(pods: usize, slots: u32, nodes: usize) -> usize {
    let each = len_f64(pods) * (f64::from(slots) + len_f64(nodes));
    let fit = usize::try_from(count_from(WORK / each.max(1.0))).unwrap_or(ORDERS);
    fit.clamp(FEWEST_ORDERS, ORDERS)
}

/// What happened on nodes.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    nodes: usize,
    together: usize,
    alone: usize,
}

impl Seen {
    fn watch(&mut self, pods: &[Packable], group: &[usize], room: f64) {
        self.nodes += 1;
        if group.iter().any(|pod| pods[*pod].peak > room) {
            self.alone += 1;
            return;
        }
        // Most nodes are not full even if all peaks fell together.
        let most: f64 = group.iter().map(|pod| pods[*pod].peak).sum();
        if most > room && joint_peak(pods, group) > room {
            self.together += 1;
        }
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            nodes: self.nodes + other.nodes,
            together: self.together + other.together,
            alone: self.alone + other.alone,
        }
    }
}

/// The largest sum over the group of any slot.
fn joint_peak(pods: &[Packable], group: &[usize]) -> f64 {
    let slots = group.first().map_or(0, |pod| pods[*pod].used.len());
    let mut sum = vec![0.0_f64; slots];
    for &pod in group {
        for (sum, value) in sum.iter_mut().zip(&pods[pod].used) {
            *sum += f64::from(*value);
        }
    }
    sum.into_iter().fold(0.0, f64::max)
}

/// Every pod with samples in the horizon, all its containers together.
fn pods(past: &Snapshot, future: &Usage, advised: &Advised) -> Vec<Packable> {
    let slots = usize::try_from(future.grid.len).unwrap_or(0);
    let mut pods: BTreeMap<(u32, &str), Packable> = BTreeMap::new();
    for series in &future.series {
        let Ok(index) = usize::try_from(series.workload) else {
            continue;
        };
        let (workload, advice) = (&past.workloads[index], &advised.workloads[index]);
        let found = workload.containers.iter().zip(&advice.containers);
        let mut found = found.filter(|(container, _)| container.kind != ContainerKind::Init);
        let Some((container, advice)) = found.find(|(c, _)| c.name == series.container) else {
            continue;
        };
        let pod = pods
            .entry((series.workload, &series.pod))
            .or_insert(Packable {
                request: 0.0,
                used: vec![0.0; slots],
                peak: 0.0,
                daemon: workload.id.kind == "DaemonSet",
            });
        let request = sizes_after(advice, container).memory_request;
        pod.request += request.map_or(0.0, Bytes::to_f64);
        let first = usize::try_from(series.first).unwrap_or(usize::MAX);
        let slots = pod.used.iter_mut().skip(first);
        for (sum, value) in slots.zip(&series.memory_bytes) {
            *sum += if value.is_nan() { 0.0 } else { *value };
        }
    }
    let mut pods: Vec<Packable> = pods.into_values().collect();
    for pod in &mut pods {
        pod.peak = f64::from(pod.used.iter().copied().fold(0.0, f32::max));
    }
    pods
}

struct Daemons {
    request: f64,
    used: f64,
}

/// What DaemonSets take of a node on average: their requests, and the sum of their peaks.
fn daemons(pods: &[Packable], nodes: usize) -> Daemons {
    let each = len_f64(nodes.max(1));
    let daemons = || pods.iter().filter(|pod| pod.daemon);
    Daemons {
        request: daemons().map(|pod| pod.request).sum::<f64>() / each,
        used: daemons().map(|pod| pod.peak).sum::<f64>() / each,
    }
}

/// What the cluster's nodes have left for other pods, in bytes, in the order of their names.
fn sizes(past: &Snapshot, daemons: f64) -> Vec<f64> {
    let allocatable = past
        .cluster
        .nodes
        .iter()
        .filter_map(|node| node.allocatable.memory);
    allocatable
        .map(|memory| memory.to_f64() - daemons)
        .filter(|room| *room > 0.0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(used: [f32; 3]) -> Packable {
        Packable {
            request: 1.0,
            used: used.to_vec(),
            peak: f64::from(used.into_iter().fold(0.0, f32::max)),
            daemon: false,
        }
    }

    #[test]
    fn what_one_pod_does_is_told_apart_from_what_they_do_together() {
        let pods = [
            pod([5.0, 1.0, 1.0]),
            pod([1.0, 1.0, 6.0]),
            pod([4.5, 0.0, 0.0]),
            pod([12.0, 0.0, 0.0]),
        ];
        let seen = |group: &[usize]| {
            let mut seen = Seen::default();
            seen.watch(&pods, group, 9.0);
            (seen.together, seen.alone)
        };
        // Peaks that do not meet fill nothing.
        assert_eq!(seen(&[0, 1]), (0, 0));
        assert_eq!(seen(&[0, 2]), (1, 0));
        assert_eq!(seen(&[3]), (0, 1));
        assert_eq!(seen(&[0, 2, 3]), (0, 1));
    }

    #[test]
    fn few_pods_are_packed_in_many_orders_and_many_in_some() {
        assert_eq!(orders(60, 2_016, 10), 50);
        assert_eq!(orders(2_900, 2_016, 50), 50);
        assert_eq!(orders(12_000, 2_016, 484), 10);
        assert_eq!(orders(200_000, 2_016, 3_000), 5);
    }
}
