//! Kubernetes objects as lean records, before they are related to each other.

use std::collections::BTreeMap;

use crate::snapshot::Cluster;

/// What was listed, with everything dropped that kcost does not use.
#[derive(Debug, Default)]
pub struct Objects {
    /// Nodes, limit ranges, quotas, claims, services, budgets.
    pub cluster: Cluster,
    /// Kinds that kcost does not know, and how many of each there were.
    pub skipped: BTreeMap<String, usize>,
}

/// A Kubernetes type that can be recorded.
pub trait Record: Sized {
    /// Keeps what is needed of `self` and drops the rest.
    fn record(self, objects: &mut Objects);
}
