//! What single devices did, for containers that hold several.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{DeviceStand, Metric};
use crate::units::{Span, len_f64};

/// A device, or a slice of one, that a container of a pod holds, and what it did over the
/// window while it held it.
///
/// Samples of a container are of all its devices together, in which one that does nothing
/// hides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceUse {
    pub container: String,
    /// As its exporter names it wherever it is: its UUID, of a slice with its number behind.
    pub id: String,
    /// Its number on its node, of a slice with that of the slice behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Samples of what it did, and the times of the first and the last.
    pub samples: u32,
    /// How far they are apart; 0 where it is not known.
    #[serde(default)]
    pub every: Span,
    pub since: Timestamp,
    pub until: Timestamp,
    /// From when on it is told of, where that is not the start: its container had another
    /// device before, in whose place it came, or did nothing, and is at work since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Timestamp>,
    /// Share of the samples in which it did anything, 0 to 1.
    pub worked_ratio: f64,
    /// When it last did anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worked_at: Option<Timestamp>,
    /// The longest that it did nothing before that.
    #[serde(default)]
    pub longest_rest: Span,
    /// Share of the time that anything ran on it, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy_ratio: Option<DeviceLevel>,
    /// The larger of what its compute and its memory did, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_ratio: Option<DeviceLevel>,
    /// Share of its multiprocessors that had work, and of the time that its tensor units and
    /// its memory worked, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sm_ratio: Option<DeviceLevel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensor_ratio: Option<DeviceLevel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dram_ratio: Option<DeviceLevel>,
    /// What it did on the last day of the window, the mean: how full it was, or else how
    /// often anything ran; and the same of its last hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_day_ratio: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_ratio: Option<f64>,
    /// The mean, watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_watts: Option<f64>,
    /// Watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<DeviceLevel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<DeviceMemory>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<DeviceClock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<DeviceError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands: Option<DeviceStand>,
    /// Changes between running hard and hardly running ÷ samples.
    #[serde(default)]
    pub turns: f64,
}

/// Memory of one device.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DeviceMemory {
    pub mean_bytes: f64,
    pub p95_bytes: f64,
    pub max_bytes: f64,
    /// In a quarter of the samples it was no more than this.
    pub before_bytes: f64,
    /// The most of the last day of the window.
    pub last_day_bytes: Option<f64>,
    /// All that there is.
    pub total_bytes: Option<f64>,
}

/// Clocks of one device while it works.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DeviceClock {
    /// The mean of the last day of the window.
    pub last_day_hertz: f64,
    /// The best that it had: the 99th percentile.
    pub best_hertz: f64,
    /// Up to the newest sample, where it is held back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<ClockHeld>,
}

/// A time up to the newest sample in which clocks were far below the best, the mean of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClockHeld {
    pub since: Timestamp,
    pub hertz: f64,
    pub power_watts: Option<f64>,
}

/// Clocks below this share of the best that a device had while it worked are held back: a
/// power limit alone takes less.
pub const CLOCK_HELD: f64 = 0.75;

/// Of samples of a device at work, in order: seconds, hertz and watts. Up to the newest, the
/// stretch in which its clocks were far below the best that it had, where that lasts for an
/// hour, in several samples.
pub fn clock_held(samples: &[(i64, f64, Option<f64>)], best: f64) -> Option<ClockHeld> {
    let low = samples.iter().rev();
    let low: Vec<_> = low.take_while(|it| it.1 < CLOCK_HELD * best).collect();
    let (newest, oldest) = (low.first()?.0, low.last()?.0);
    // A sample speaks for the time up to it.
    let step = match samples {
        [.., (before, ..), (last, ..)] => last - before,
        _ => 0,
    };
    if low.len() < 3 || newest - oldest + step < 3_600 {
        return None;
    }
    let mean = |values: Vec<f64>| {
        let count = values.len();
        (count > 0).then(|| values.iter().sum::<f64>() / len_f64(count))
    };
    Some(ClockHeld {
        since: Timestamp::from_second(oldest).ok()?,
        hertz: mean(low.iter().map(|it| it.1).collect())?,
        power_watts: mean(low.iter().filter_map(|it| it.2).collect()),
    })
}

/// The newest XID error of one device.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DeviceError {
    pub code: u32,
    /// When it began; `None` where it stands from before anything was seen.
    pub since: Option<Timestamp>,
}

/// A sample in which more is done than this is work: DCGM has a noise floor.
const ANYTHING: f64 = 0.01;
/// What two of its units do at a time is work, however little: noise is of one alone.
const LITTLE: f64 = 0.001;

/// Whether a device did anything in a sample: the most of it by any account, and what its
/// multiprocessors, tensor units and memory did.
pub fn works(done: f64, units: [Option<f64>; 3]) -> bool {
    let some = units.iter().flatten().filter(|it| **it >= LITTLE);
    done > ANYTHING || some.count() > 1
}

/// Of the samples of one device.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DeviceLevel {
    pub mean: f64,
    pub p95: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
    pub max: f64,
    /// The 95th percentile of the hour of the day in which that is largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busiest: Option<f64>,
}

/// How many devices there are in a sum of this metric over all of these, on average: some may
/// not tell it, or not all the time; `None` where none does.
pub fn tellers(devices: &[&DeviceUse], metric: Metric) -> Option<f64> {
    let tells = |it: &&&DeviceUse| match metric {
        Metric::GpuPowerWatts => it.power_watts.is_some(),
        Metric::GpuMemoryTotalBytes => it.memory.is_some_and(|it| it.total_bytes.is_some()),
        _ => it.memory.is_some(),
    };
    let samples = || devices.iter().filter(tells).map(|it| it.samples);
    let most = samples().max().filter(|it| *it > 0)?;
    let sum: f64 = samples().map(f64::from).sum();
    Some(sum / f64::from(most))
}

impl DeviceUse {
    /// From the first sample to the last.
    pub fn watched(&self) -> Span {
        between(self.since, self.until)
    }

    /// From when it last did anything to the last sample.
    pub fn rests_for(&self) -> Span {
        between(self.worked_at.unwrap_or(self.since), self.until)
    }

    /// As people know it: `GPU 3`, else by what names it everywhere.
    pub fn called(&self) -> String {
        self.called_as("GPU")
    }

    /// The same by another word for what it is: `chip 3`.
    pub fn called_as(&self, word: &str) -> String {
        let number = self.number.as_ref();
        number.map_or_else(|| self.id.clone(), |it| format!("{word} {it}"))
    }
}

fn between(from: Timestamp, to: Timestamp) -> Span {
    let seconds = to.as_second() - from.as_second();
    Span::from_secs(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
}
