use crate::units::Span;

/// How much risk is taken for how much money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    Savings,
    Balanced,
    Reliability,
}

/// The risks that a recommendation may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Targets {
    /// Largest probability that a workload exceeds its memory limit within the horizon.
    pub memory_over_limit: f64,
    /// Largest share of time above the CPU request.
    pub cpu_time_over_request: f64,
    /// Largest share of CPU work above the CPU request.
    pub cpu_work_over_request: f64,
    /// Largest probability that the pods of a node exceed its memory within the horizon.
    pub node_memory_overflow: f64,
    pub horizon: Span,
}

impl Goal {
    pub const ALL: [Self; 3] = [Self::Savings, Self::Balanced, Self::Reliability];

    /// The `--goal` value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Savings => "savings",
            Self::Balanced => "balanced",
            Self::Reliability => "reliability",
        }
    }

    /// The goal of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|goal| goal.name() == name)
    }

    /// The risks that it stands for, over a week.
    pub fn targets(self) -> Targets {
        let (memory_over_limit, cpu_time_over_request, cpu_work_over_request, node_memory_overflow) =
            match self {
                Self::Savings => (0.05, 0.10, 0.20, 0.05),
                Self::Balanced => (0.02, 0.05, 0.10, 0.02),
                Self::Reliability => (0.005, 0.01, 0.02, 0.001),
            };
        Targets {
            memory_over_limit,
            cpu_time_over_request,
            cpu_work_over_request,
            node_memory_overflow,
            horizon: Span::WEEK,
        }
    }
}
