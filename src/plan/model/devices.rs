//! Devices of nodes, as far as a pod must find the same elsewhere.

use crate::snapshot::Node;
use crate::units::count_from;

/// What a pod works on. The scheduler counts devices and knows nothing of them: a program that
/// fills a large one does not start on a small one, and one that has it for itself is slower
/// where others share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Devices<'a> {
    product: Option<&'a str>,
    instance_type: Option<&'a str>,
    /// Devices of the machine.
    count: u64,
    /// Pods that may share each, and by what.
    sharing: (u32, Option<&'a str>),
    /// The MIG profile of all of them.
    partition: Option<&'a str>,
    /// The node, where it says neither product nor type.
    only: Option<&'a str>,
}

fn devices(node: &Node) -> f64 {
    node.capacity.gpus().max(node.allocatable.gpus())
}

impl<'a> Devices<'a> {
    pub(super) fn of(node: &'a Node) -> Self {
        let (product, kind) = (node.gpu_product.as_deref(), node.instance_type.as_deref());
        let told = &node.accelerator;
        let sharers = told.replicas.unwrap_or(1).max(1);
        Self {
            product,
            instance_type: kind,
            count: count_from(devices(node)),
            sharing: (sharers, told.sharing.as_deref().filter(|_| sharers > 1)),
            partition: told.partition.as_deref(),
            only: (product.or(kind).is_none()).then_some(node.name.as_str()),
        }
    }

    /// Whether a node has the same: the same product, shared in the same way. Where either
    /// does not say its product, a machine of the same type with as many devices has the same.
    /// One that has none lacks them, and has no others.
    pub(super) fn are_on(self, node: &Node) -> bool {
        let other = Devices::of(node);
        if devices(node) <= 0.0 {
            return true;
        }
        let alike = match (self.product, other.product) {
            (Some(own), Some(other)) => own.eq_ignore_ascii_case(other),
            _ if self.only.is_some() => self.only == other.only,
            _ => {
                let same = self.instance_type == other.instance_type;
                self.instance_type.is_some() && same && self.count == other.count
            }
        };
        alike && self.sharing == other.sharing && self.partition == other.partition
    }
}
