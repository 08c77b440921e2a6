use super::{Goal, Strategy, Targets};
use crate::units::{Bytes, Cpu, Span};

/// What the user decides about advice.
#[derive(Clone)]
pub struct Options {
    pub strategy: &'static dyn Strategy,
    pub goal: Goal,
    /// From the goal, where no flag sets them.
    pub targets: Targets,
    /// No request is advised below these.
    pub min_cpu: Cpu,
    pub min_memory: Bytes,
    /// No request or limit is advised above these.
    pub max_cpu: Option<Cpu>,
    pub max_memory: Option<Bytes>,
    /// Less history than this is too little to advise from.
    pub min_history: Span,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            strategy: super::ALL[0],
            goal: Goal::Balanced,
            targets: Goal::Balanced.targets(),
            // Small enough not to inflate small pods, large enough to start a process.
            min_cpu: Cpu::millicores(5),
            min_memory: Bytes::mib(16),
            max_cpu: None,
            max_memory: None,
            min_history: Span::days(3),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("strategy", &self.strategy.name())
            .field("goal", &self.goal)
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}
