//! What is read of every container.

use super::promql::{CPU, MEMORY, PERIODS, THROTTLED};
use crate::collect::Column;
use crate::snapshot::Metric;

/// One thing that is read of every container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Reading {
    Cpu,
    /// The largest, where CPU itself is only drawn from.
    CpuPeak,
    Memory,
    Throttled,
}

impl Reading {
    /// What a container has; [`Self::CpuPeak`] is a second look at one of them.
    pub(super) const ALL: [Self; 3] = [Self::Cpu, Self::Memory, Self::Throttled];

    /// As in progress, plans and gaps.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Cpu => "CPU usage",
            Self::CpuPeak => "CPU peaks",
            Self::Memory => "memory usage",
            Self::Throttled => "CPU throttling",
        }
    }

    pub(super) fn column(self) -> Column {
        match self {
            Self::Cpu | Self::CpuPeak => Column::CpuCores,
            Self::Memory => Column::MemoryBytes,
            Self::Throttled => Column::More(Metric::CpuThrottledRatio),
        }
    }

    /// The metrics that it needs.
    pub(super) fn metrics(self) -> &'static [&'static str] {
        match self {
            Self::Cpu | Self::CpuPeak => &[CPU],
            Self::Memory => &[MEMORY],
            Self::Throttled => &[PERIODS, THROTTLED],
        }
    }
}
