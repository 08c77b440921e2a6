use serde::{Deserialize, Serialize};

use crate::units::Bytes;

/// How a runtime in the container sizes its heap, from its environment or arguments.
///
/// Only these numbers are kept of a container's environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heap {
    /// Which setting it is.
    pub setting: HeapSetting,
    /// A fixed size; `None` where the setting is a share of the limit.
    pub bytes: Option<Bytes>,
    /// Share of the container's memory limit in percent, for `MaxRAMPercentage`.
    pub percent: Option<f64>,
}

/// The settings of runtimes that size a heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeapSetting {
    /// `-Xmx`, JVM.
    JavaXmx,
    /// `-XX:MaxRAMPercentage`, JVM.
    JavaMaxRamPercentage,
    /// `GOMEMLIMIT`, Go; a soft limit of all memory, not of the heap alone.
    GoMemLimit,
    /// `--max-old-space-size`, Node.js.
    NodeMaxOldSpace,
}

impl HeapSetting {
    /// As a person writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::JavaXmx => "-Xmx",
            Self::JavaMaxRamPercentage => "-XX:MaxRAMPercentage",
            Self::GoMemLimit => "GOMEMLIMIT",
            Self::NodeMaxOldSpace => "--max-old-space-size",
        }
    }
}
