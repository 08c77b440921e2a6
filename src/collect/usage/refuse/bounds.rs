//! What a container can use at most.

use std::collections::HashMap;

use crate::snapshot::{Cluster, Node, Resources, Series, Workload};
use crate::units::{Bytes, Cpu};

/// How far rates may overshoot, and readings of memory.
const OVERSHOOT: (f64, f64) = (1.1, 1.05);
/// What a pod that is gone may have run on ÷ the largest node of now.
const GONE: f64 = 1.5;
/// Use of a running container that is usually this many times its limit is none: the
/// kernel holds it at the limit, and no limit is lowered so far in place.
pub(super) const OVER_LIMIT: f64 = 5.0;

/// The nodes, by what each has.
pub(super) struct Bounds<'a> {
    nodes: HashMap<&'a str, Size>,
    largest: Size,
}

/// Cores and bytes; infinite where nothing is known.
#[derive(Debug, Clone, Copy)]
struct Size {
    cores: f64,
    bytes: f64,
}

/// What the samples of one series are held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    /// In cores, tolerance included.
    pub(super) cores: f64,
    /// In bytes, tolerance included.
    pub(super) bytes: f64,
    /// What the node has, for words.
    pub(super) node: (f64, f64),
    /// The mean that cannot be, under the limits of now; infinite without one.
    pub(super) usual: (f64, f64),
}

impl<'a> Bounds<'a> {
    pub(super) fn new(cluster: &'a Cluster) -> Self {
        let nodes = cluster.nodes.iter();
        let nodes: HashMap<&str, Size> = nodes.map(|node| (&*node.name, Size::of(node))).collect();
        let largest = |of: fn(&Size) -> f64| nodes.values().map(of).reduce(f64::max);
        Self {
            largest: Size {
                cores: largest(|size| size.cores).unwrap_or(f64::INFINITY),
                bytes: largest(|size| size.bytes).unwrap_or(f64::INFINITY),
            },
            nodes,
        }
    }

    pub(super) fn of(&self, workload: &Workload, series: &Series) -> Bound {
        let mut pods = workload.pods.iter();
        let pod = pods.find(|pod| pod.name == series.pod);
        let node = pod.and_then(|pod| self.nodes.get(pod.node.as_deref()?));
        let (size, more) = node.map_or((self.largest, GONE), |size| (*size, 1.0));
        let mut containers = workload.containers.iter();
        let container = containers.find(|it| it.name == series.container);
        let limits = container.filter(|_| pod.is_some()).map(|it| &it.limits);
        let usual = |limit: Option<f64>| limit.map_or(f64::INFINITY, |limit| limit * OVER_LIMIT);
        let of = |amount: fn(&Resources) -> Option<f64>| usual(limits.and_then(amount));
        Bound {
            cores: size.cores * more.max(OVERSHOOT.0),
            bytes: size.bytes * more.max(OVERSHOOT.1),
            node: (size.cores, size.bytes),
            usual: (
                of(|limits| limits.cpu.map(Cpu::get)),
                of(|limits| limits.memory.map(Bytes::to_f64)),
            ),
        }
    }
}

impl Size {
    fn of(node: &Node) -> Self {
        let both = node.capacity.max(&node.allocatable);
        Self {
            cores: both.cpu.map_or(f64::INFINITY, Cpu::get),
            bytes: both.memory.map_or(f64::INFINITY, Bytes::to_f64),
        }
    }
}
