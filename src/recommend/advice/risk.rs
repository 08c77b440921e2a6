use crate::units::{Ratio, Span};

/// What may go wrong with a size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Risk {
    /// Over which time.
    pub horizon: Span,
    /// Probability that any replica's working set exceeds the memory limit
    /// within the horizon; `None` where it cannot be said.
    pub memory_over_limit: Option<f64>,
    /// Share of time that a replica's CPU use is above its request; `None`
    /// where it cannot be said.
    pub cpu_time_over_request: Option<f64>,
    /// Share of the CPU work of the window that was above the request: short bursts
    /// are little time and much work; `None` where it cannot be said.
    pub cpu_work_over_request: Option<f64>,
    /// The first two as replays alone say them, before what earlier runs taught; `None`
    /// where they are not from replays.
    pub replayed: Replayed,
}

/// Risks as replays alone say them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Replayed {
    pub memory_over_limit: Option<f64>,
    pub cpu_time_over_request: Option<f64>,
}

/// What may happen to nodes once the advice is followed.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeRisk {
    /// Probability that within the horizon the pods of any one node together use more
    /// than its allocatable memory.
    pub overflow: Ratio,
    /// Of it, by one pod that outgrows the node alone, which no request prevents.
    pub alone: Ratio,
    /// The share of nodes that overflowed in the worst stretch of the window: use
    /// surges in single weeks, and on many nodes at once.
    pub surge: Ratio,
    /// Workloads of which one pod alone has filled a node, as indices, in order.
    pub fill_a_node: Vec<usize>,
}
