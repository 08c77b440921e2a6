//! Verdicts: what stands to be done, how far it can be trusted.

/// What stands to be done about a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    Idle,
    OverProvisioned,
    UnderProvisioned,
    RightSized,
    /// Thin, gappy or too new history.
    Unknown,
}

impl State {
    pub const ALL: [Self; 5] = [
        Self::Idle,
        Self::OverProvisioned,
        Self::UnderProvisioned,
        Self::RightSized,
        Self::Unknown,
    ];

    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::OverProvisioned => "over_provisioned",
            Self::UnderProvisioned => "under_provisioned",
            Self::RightSized => "right_sized",
            Self::Unknown => "unknown",
        }
    }
}

/// How far a recommendation can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    None,
    Low,
    Medium,
    High,
}

impl Confidence {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}
