//! Records into workloads: every pod finds its top controller.

use std::collections::HashMap;

use super::Objects;
use crate::snapshot::{Cluster, Gap, Workload};

/// Objects, related to each other.
#[derive(Debug)]
pub struct Resolved {
    pub cluster: Cluster,
    /// Sorted by id.
    pub workloads: Vec<Workload>,
    pub pods: PodIndex,
    pub gaps: Vec<Gap>,
}

/// Which workload a pod belongs to.
#[derive(Debug, Default)]
pub struct PodIndex {
    by_name: HashMap<(String, String), u32>,
}

impl PodIndex {
    /// The index of the workload of this pod: by its owner where the pod still
    /// exists, else by the pattern of its name.
    pub fn workload(&self, namespace: &str, pod: &str) -> Option<u32> {
        self.by_name
            .get(&(namespace.to_owned(), pod.to_owned()))
            .copied()
    }
}

/// Relates pods to controllers, and containers to what their pods really have.
pub fn resolve(objects: Objects) -> Resolved {
    let gaps = Vec::new();
    Resolved {
        cluster: objects.cluster,
        workloads: Vec::new(),
        pods: PodIndex::default(),
        gaps,
    }
}
