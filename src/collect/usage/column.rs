use std::ops::RangeInclusive;

use crate::snapshot::Metric;
use crate::units::single;

/// A metric of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    CpuCores,
    MemoryBytes,
    More(Metric),
}

impl Column {
    /// All there are, in one order.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let more = Metric::ALL.into_iter().map(Self::More);
        [Self::CpuCores, Self::MemoryBytes].into_iter().chain(more)
    }

    /// The name of its column in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::CpuCores => "cpu_cores",
            Self::MemoryBytes => "memory_bytes",
            Self::More(metric) => metric.column(),
        }
    }

    /// What no container can exceed: a larger value is a fault of its source.
    ///
    /// Far above the largest machines on sale in 2026 (1,920 vCPUs, 32 TiB, 16
    /// accelerators), so that it only catches counters taken for rates and the
    /// like. Ratios may be a little above 1, as Prometheus extrapolates.
    fn limit(self) -> f64 {
        match self {
            Self::CpuCores | Self::More(Metric::GpuPowerWatts) => 1e5,
            Self::MemoryBytes => 1e15,
            // Blanks of DCGM are 2^47 and more.
            Self::More(Metric::GpuMemoryBytes | Metric::GpuMemoryTotalBytes) => 1e14,
            Self::More(Metric::GpuXid) => 1e4,
            Self::More(metric) if metric.is_share() => 1.05,
            Self::More(_) => 1e13,
        }
    }

    /// Whether an exporter tells it of devices.
    pub(crate) fn is_of_devices(self) -> bool {
        matches!(self, Self::More(metric) if metric.is_of_devices())
    }

    /// Whether it is a share, 0 to 1.
    pub(super) fn is_share(self) -> bool {
        matches!(self, Self::More(metric) if metric.is_share())
    }

    /// Whether a value can be true.
    pub(crate) fn can_be(self, value: f64) -> bool {
        self.bounds().contains(&value)
    }

    /// What values can be true.
    pub(crate) fn bounds(self) -> RangeInclusive<f64> {
        0.0..=self.limit()
    }

    /// As it is stored; `None` for what cannot be true.
    pub(crate) fn stored(self, value: f64) -> Option<f32> {
        if !self.can_be(value) {
            return None;
        }
        Some(single(match self {
            Self::MemoryBytes
            | Self::More(Metric::GpuMemoryBytes | Metric::GpuMemoryTotalBytes | Metric::GpuXid) => {
                rounded(value)
            }
            Self::More(metric) if metric.is_share() => value.min(1.0),
            _ => value,
        }))
    }
}

/// The nearest whole number of a size. Nearly all are whole already, which is told
/// without a call.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "of what is too large for it nothing is whole, and that is rounded"
)]
fn rounded(value: f64) -> f64 {
    #[expect(clippy::float_cmp, reason = "whether it is exactly whole")]
    let whole = (value as i64) as f64 == value;
    if whole { value } else { value.round() }
}
