//! What pods share, found once for the search of sizes and for what the guards left.

use super::joint::Joint;
use super::pods::{Added, Layout, Pods};
use crate::snapshot::Node;

/// The pods of all workloads, and the nodes that they share where any is known.
#[derive(Debug)]
pub(in crate::recommend) struct Shared(Result<Joint, Box<Pods>>);

impl Shared {
    /// From what each workload adds, in their order.
    pub(in crate::recommend) fn of(added: Vec<Added>, layout: Layout, nodes: &[Node]) -> Self {
        Self(Joint::of(Pods::of(added, layout.replays), nodes))
    }

    pub(super) fn joint(&self) -> Option<&Joint> {
        self.0.as_ref().ok()
    }

    pub(super) fn pods(&self) -> &Pods {
        match &self.0 {
            Ok(joint) => &joint.pods,
            Err(pods) => pods,
        }
    }
}
