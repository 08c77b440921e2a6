//! The third risk: whether the pods of a node together used more than it has.

use std::collections::BTreeMap;

use super::interval::Share;
use super::judge::sizes_after;
use super::pack::{first_fit, shuffled};
use crate::recommend::Advised;
use crate::snapshot::{ContainerKind, Snapshot, Usage};
use crate::units::{Bytes, len_f64};

/// Orders in which pods arrive; the figures are means over them.
const ORDERS: u64 = 5;

/// Pods packed by their advised memory requests onto nodes of the cluster's sizes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    /// Nodes needed, mean over the orders.
    pub nodes: f64,
    /// Of all packed nodes, those whose pods together used more than they have.
    pub overflowed: Share,
}

/// One pod: what it asks for, and what it used in the horizon.
struct Packable {
    request: f64,
    /// Bytes in each slot.
    used: Vec<f32>,
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
    let mut packed = Packed {
        nodes: 0.0,
        overflowed: Share::default(),
    };
    for seed in 0..ORDERS {
        let groups = first_fit(&requests, &shuffled(pods.len(), seed), &sizes);
        packed.nodes += len_f64(groups.len()) / f64::from(u32::try_from(ORDERS).unwrap_or(1));
        for (node, group) in groups.iter().enumerate() {
            let room = sizes[node % sizes.len()] + daemons.request - daemons.used;
            let joint = joint_peak(&pods, group, future.grid.len);
            packed.overflowed.count(joint > room);
        }
    }
    Some(packed)
}

/// The largest sum over the group of any slot.
fn joint_peak(pods: &[Packable], group: &[usize], slots: u32) -> f64 {
    let mut sum = vec![0.0_f64; usize::try_from(slots).unwrap_or(0)];
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
    pods.into_values().collect()
}

struct Daemons {
    request: f64,
    used: f64,
}

/// What DaemonSets take of a node on average: their requests, and the sum of their peaks.
fn daemons(pods: &[Packable], nodes: usize) -> Daemons {
    let each = len_f64(nodes.max(1));
    let daemons = || pods.iter().filter(|pod| pod.daemon);
    let peak = |pod: &Packable| pod.used.iter().copied().fold(0.0_f32, f32::max);
    Daemons {
        request: daemons().map(|pod| pod.request).sum::<f64>() / each,
        used: daemons().map(|pod| f64::from(peak(pod))).sum::<f64>() / each,
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
