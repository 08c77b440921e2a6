//! Findings: what to do that is no size. One type for whatever finds them.
//!
//! Each room that has any to tell gives them as a list; the pipeline puts the lists
//! together, and the renderers know nothing of where one came from.

/// Something about a workload that a size alone does not mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable identifier in snake_case.
    pub code: &'static str,
    pub severity: Severity,
    /// Index into the snapshot's workloads.
    pub workload: usize,
    /// One sentence without a period.
    pub text: String,
}

/// How much it matters, from the money of all replicas and the risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Severity {
    #[default]
    None,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}
