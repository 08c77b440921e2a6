//! Why usage cannot be, in words.

use std::fmt;

use crate::units::{Bytes, Cpu, len_f64};

/// Why a column of usage is taken out.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// Memory of 0, or so few bytes that it stands for another unit; of so many samples.
    NoMemory { largest: f64, samples: usize },
    /// In cores, and those of the node.
    CpuBeyondNode { reached: f64, node: f64 },
    /// In bytes, and those of the node.
    MemoryBeyondNode { reached: f64, node: f64 },
    /// The mean, in cores, and the limit.
    CpuBeyondLimit { mean: f64, limit: f64 },
    /// The mean, in bytes, and the limit.
    MemoryBeyondLimit { mean: f64, limit: f64 },
    /// In bytes and in cores.
    TooSmall { reached: f64, busy: f64 },
    /// So is all memory that there is.
    TooSmallTogether,
}

/// Samples of one column.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Left {
    pub(super) kept: usize,
    pub(super) refused: usize,
    /// Of those that are kept.
    pub(super) sum: f64,
    pub(super) largest: f64,
}

impl Left {
    pub(super) fn add(&mut self, other: &Self) {
        self.kept += other.kept;
        self.refused += other.refused;
        self.sum += other.sum;
        self.largest = self.largest.max(other.largest);
    }

    #[inline]
    pub(super) fn keep(&mut self, value: f64) {
        self.kept += 1;
        self.sum += value;
        self.largest = self.largest.max(value);
    }

    /// 0 where nothing is kept.
    pub(super) fn mean(&self) -> f64 {
        self.sum / len_f64(self.kept.max(1))
    }
}

impl Fault {
    pub(super) fn is_of_cpu(&self) -> bool {
        matches!(
            self,
            Self::CpuBeyondNode { .. } | Self::CpuBeyondLimit { .. }
        )
    }

    /// Whether it shows in other samples than those that are taken out already.
    pub(super) fn is_too_small(&self) -> bool {
        matches!(self, Self::TooSmall { .. } | Self::TooSmallTogether)
    }

    /// What a gap says of all that have it.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::NoMemory { .. } => "memory of 0, which no running process has",
            Self::CpuBeyondNode { .. } => "CPU beyond what the node has",
            Self::MemoryBeyondNode { .. } => "memory beyond what the node has",
            Self::CpuBeyondLimit { .. } => "CPU far above its limit",
            Self::MemoryBeyondLimit { .. } => "memory far above its limit",
            Self::TooSmall { .. } | Self::TooSmallTogether => {
                "memory too small for what runs, as kilobytes would be"
            }
        }
    }
}

/// For one container.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |bytes: f64| Bytes::from_f64(bytes).human();
        match self {
            Self::NoMemory { largest, samples } if *largest > 0.0 => write!(
                f,
                "its memory is {largest} bytes at most in {samples} samples, less than any \
                 process has: give bytes"
            ),
            Self::NoMemory { samples, .. } => write!(
                f,
                "its memory is 0 in {samples} samples, which no running process has: nothing \
                 was measured"
            ),
            Self::CpuBeyondNode { reached, node } => write!(
                f,
                "its CPU reaches {} cores where the node has {node}: a counter of seconds or a \
                 percentage is not usage: give cores",
                Cpu::cores(*reached).get()
            ),
            Self::MemoryBeyondNode { reached, node } => write!(
                f,
                "its memory reaches {} where the node has {}: give bytes",
                bytes(*reached),
                bytes(*node)
            ),
            Self::CpuBeyondLimit { mean, limit } => write!(
                f,
                "its CPU is {mean:.1} cores on average under a limit of {limit}: a percentage is \
                 not usage: give cores"
            ),
            Self::MemoryBeyondLimit { mean, limit } => write!(
                f,
                "its memory is {} on average under a limit of {}: give bytes",
                bytes(*mean),
                bytes(*limit)
            ),
            Self::TooSmall { reached, busy } => write!(
                f,
                "its memory reaches {} while it uses {busy:.2} cores, as if kilobytes were \
                 taken for bytes",
                bytes(*reached)
            ),
            Self::TooSmallTogether => f.write_str(
                "memory of all that runs beside it is too small for any program, as if kilobytes \
                 were taken for bytes",
            ),
        }
    }
}
