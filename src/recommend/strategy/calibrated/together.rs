//! What pods use of memory together, for plans that put other pods beside each other.

use std::collections::HashMap;
use std::sync::Arc;

use super::shared::Shared;
use crate::pack::NODE_FULL;

/// The memory of all pods over time, to be held against the promise that sizes were found
/// by.
#[derive(Clone)]
pub struct Together {
    shared: Arc<Shared>,
    /// For each workload its first pod among all, and how many of them there are.
    places: HashMap<usize, (usize, usize)>,
}

/// Pods that share a node.
#[derive(Clone, Copy)]
pub struct Beside<'a> {
    /// Allocatable memory of the node, in bytes.
    pub size: f64,
    /// Workload and pod, as indices.
    pub pods: &'a [(usize, usize)],
    /// What counts for a pod of whose use nothing is known, in bytes.
    pub unknown: &'a dyn Fn(usize) -> f64,
}

impl Together {
    /// `None` where no node's memory is known.
    pub(in crate::recommend) fn of(shared: Shared) -> Option<Self> {
        let joint = shared.joint()?;
        let mut places: HashMap<usize, (usize, usize)> = HashMap::new();
        for (at, item) in joint.pods.items.iter().enumerate() {
            places.entry(item.workload).or_insert((at, 0)).1 += 1;
        }
        Some(Self {
            places,
            shared: Arc::new(shared),
        })
    }

    /// Whether pods may share a node of a cluster of so many: they did not fill it
    /// together at any moment of the window, and the chance that they will within the
    /// horizon is within the promise, by what sizes memory requests.
    pub fn holds(&self, beside: &Beside<'_>, nodes: f64, promise: f64) -> bool {
        let Some(joint) = self.shared.joint() else {
            return true;
        };
        let mut known = Vec::with_capacity(beside.pods.len());
        let mut unknown = 0.0;
        for (place, (workload, pod)) in beside.pods.iter().enumerate() {
            match self.places.get(workload) {
                Some((first, count)) if pod < count => known.push(first + pod),
                _ => unknown += (beside.unknown)(place),
            }
        }
        let full = beside.size * NODE_FULL - unknown;
        joint.chance(&known, full, nodes) <= promise
    }
}

impl std::fmt::Debug for Together {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Together").finish_non_exhaustive()
    }
}
