//! Nodes that cost the same.

use crate::snapshot::{CapacityType, Node, Resources, Sold};
use crate::units::{Bytes, Cpu};

/// What decides over a node's price.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Kind<'a> {
    words: [Option<&'a str>; 6],
    /// What it says of its price.
    said: &'a [(String, String)],
    capacity_type: CapacityType,
    windows: bool,
    sold: Option<Sold>,
    /// Cores, bytes and devices that it has, and that pods may use.
    sizes: [[u64; 3]; 2],
}

impl<'a> Kind<'a> {
    pub(super) fn of(node: &'a Node, by_name: bool) -> Self {
        let name = by_name.then_some(&node.name);
        let words = [
            &node.provider,
            &node.region,
            &node.pool,
            &node.instance_type,
            &node.gpu_product,
        ];
        let size = |it: &Resources| {
            let memory = it.memory.map_or(0.0, Bytes::to_f64);
            [it.cpu.map_or(0.0, Cpu::get), memory, it.gpus()].map(f64::to_bits)
        };
        Self {
            words: std::array::from_fn(|at| match words.get(at) {
                Some(word) => word.as_deref(),
                None => name.map(String::as_str),
            }),
            said: &node.prices,
            capacity_type: node.capacity_type,
            windows: node.is_windows(),
            sold: Sold::on(Some(node), &node.name),
            sizes: [&node.capacity, &node.allocatable].map(size),
        }
    }
}
