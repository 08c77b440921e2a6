//! Pods onto nodes by the scheduler's rules, for everything that advises.
//!
//! The scheduler as far as memory is concerned: pods in any order, each on the first
//! node with room for its request, on nodes of its own kind only. What was advised is
//! judged apart, by simpler rules of the backtest's own.

mod kind;
mod orders;
mod room;

pub use kind::{Kind, Packed, any_node, kinds};
pub use orders::Orders;
pub use room::Room;

/// A node is full at this share of its allocatable memory: there the kubelet is
/// about to evict, and what no pod accounts for needs room too. Advice promises
/// by it, and what happened is judged by it.
pub const NODE_FULL: f64 = 0.97;

/// A pod, as far as it matters where it may run.
#[derive(Debug, Clone, Copy)]
pub struct Pod<'a> {
    /// Index into the workloads.
    pub workload: usize,
    /// The node that it is on now.
    pub node: Option<&'a str>,
    /// Whether every node runs one of its workload: a DaemonSet's.
    pub everywhere: bool,
}
