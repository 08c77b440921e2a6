//! What was seen of the accelerators of one workload.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::card::Card;
use super::part::{KNOWN, Part};
use super::past::{Past, Silence};
use super::trace::Trace;
use crate::units::{Bytes, Span, count_from, len_f64};

/// Mean, 95th percentile and largest of samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    pub mean: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
    pub samples: usize,
}

impl Level {
    /// `None` without a single sample.
    pub(super) fn of(mut samples: Vec<f32>) -> Option<Self> {
        samples.retain(|value| !value.is_nan());
        if samples.is_empty() {
            return None;
        }
        samples.sort_unstable_by(f32::total_cmp);
        let sum: f64 = samples.iter().map(|value| f64::from(*value)).sum();
        Some(Self {
            mean: sum / len_f64(samples.len()),
            p95: quantile(&samples, 0.95),
            p99: quantile(&samples, 0.99),
            max: f64::from(samples[samples.len() - 1]),
            samples: samples.len(),
        })
    }
}

/// Between the two samples around the rank `q × (n − 1)`.
pub(super) fn quantile(sorted: &[f32], q: f64) -> f64 {
    let last = sorted.len() - 1;
    let rank = q * len_f64(last);
    let below = usize::try_from(count_from(rank.floor())).unwrap_or(last);
    let at = |place: usize| f64::from(sorted[place.min(last)]);
    at(below) + (at(below + 1) - at(below)) * (rank - rank.floor())
}

/// Where it is known from how full a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fullness {
    /// What multiprocessors and memory do.
    Profiling,
    /// Power above the floor of the device, ÷ what it can draw above it. On one H200 it
    /// is within 15 points of profiling.
    Power,
    /// How often anything ran, which is the most that it can be.
    Engine,
}

impl Fullness {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Profiling => "profiling",
            Self::Power => "power",
            Self::Engine => "engine",
        }
    }
}

/// What was seen, over all pods of the window. Figures are of one device.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// Share of the time that anything ran.
    pub busy: Option<Level>,
    pub sm: Option<Level>,
    pub tensor: Option<Level>,
    pub dram: Option<Level>,
    /// The larger of multiprocessors and memory, sample by sample.
    pub full: Option<Level>,
    /// Bytes in use.
    pub memory: Option<Level>,
    /// Bytes that there are.
    pub memory_total: Option<Level>,
    pub watts: Option<Level>,
    /// Hertz.
    pub clock: Option<Level>,
    /// Of one pod, those that serve.
    pub running: Option<Level>,
    pub waiting: Option<Level>,
    pub cache: Option<Level>,
    pub tokens: Option<Level>,
    pub seconds: Option<Level>,
    /// XID errors by pod.
    pub xids: BTreeMap<String, BTreeSet<u32>>,
    /// What containers of pods that still run did, by pod and container.
    pub parts: Vec<Part>,
    /// What containers of pods took that are gone.
    pub gone: Vec<Gone>,
    /// The same of the devices of each product, where there are several, as they are held.
    pub products: Vec<Self>,
    /// The same by the devices that work alone, where each is told of: without those that do
    /// nothing, or next to nothing, beside them.
    pub working: Option<Box<Self>>,
    /// Devices that are told of, and those that are asked for, of a container of which more
    /// are told: some of them are not its own.
    pub beyond: Option<(usize, f64)>,
    /// How long its pods have been there; `None` where that is not known.
    pub lived: Option<Span>,
    /// Where it is needed most.
    pub busiest: Busiest,
    /// What one of its pods does over time.
    pub trace: Trace,
    /// Samples in which anything is known of a device ÷ samples that there could be.
    pub coverage: f64,
    /// Samples in which anything is known of a device.
    pub samples: usize,
    /// From the first of them to the last.
    pub watched: Span,
    /// Share of the samples in which the device did anything.
    pub active: f64,
    /// When anything was done.
    pub past: Past,
    /// Where nothing is told any more of what is there still.
    pub silence: Option<Silence>,
    /// Changes between running hard and hardly running ÷ samples.
    pub turns: f64,
    /// Changes of memory in use ÷ samples.
    pub memory_turns: f64,
    /// Standard deviation of hourly means of fullness ÷ their mean.
    pub swing: Option<f64>,
    /// What its containers with devices use of CPU, and may use.
    pub cpu_cores: Option<f64>,
    pub cpu_bound: Option<f64>,
    /// Share of CFS periods that were throttled, the mean.
    pub throttled: Option<f64>,
    /// Share of the time that something waited for CPU, the mean.
    pub cpu_waiting: Option<f64>,
}

/// A container with devices of a pod that is gone.
#[derive(Debug, Clone, PartialEq)]
pub struct Gone {
    pub pod: String,
    /// When it was seen first.
    pub from: Timestamp,
    /// Device hours in which anything is known of it.
    pub hours: f64,
}

/// Mean and more of one device, or of those of a container.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Levels {
    pub busy: Option<Level>,
    pub sm: Option<Level>,
    pub tensor: Option<Level>,
    pub dram: Option<Level>,
    pub full: Option<Level>,
    pub watts: Option<Level>,
    pub memory: Option<Level>,
    pub memory_total: Option<Level>,
    pub busiest: Busiest,
    pub turns: f64,
}

/// Of the hour of the day in which it is largest, the 95th percentile of what is done in it:
/// what comes each day for an hour is below the 95th percentile of all time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Busiest {
    pub sm: Option<f64>,
    pub dram: Option<f64>,
    /// The larger of both, sample by sample.
    pub full: Option<f64>,
}

/// The floor of a device that holds a context, as a share of its limit: 120 of 700 W on
/// an H200. Measured.
const FLOOR: f64 = 0.171;

impl Card {
    /// How full a device is that draws so many watts, which is linear above its floor.
    pub fn fullness_at(&self, watts: f64) -> f64 {
        let floor = self.watts * FLOOR;
        ((watts - floor) / (self.watts - floor)).clamp(0.0, 1.0)
    }
}

/// What says how full a device is.
pub(super) struct Signs {
    pub(super) full: Option<Level>,
    pub(super) watts: Option<Level>,
    pub(super) busy: Option<Level>,
    pub(super) dram: Option<Level>,
}

/// A mean above this is more than exporters tell of what does nothing: a context alone has
/// 0.0001 on an H200.
const TRACES: f64 = 0.0005;

/// The largest of the means that is more than noise.
pub(super) fn traces(levels: [Option<Level>; 4]) -> Option<f64> {
    let means = levels.into_iter().flatten().map(|it| it.mean);
    means.reduce(f64::max).filter(|it| *it >= TRACES)
}

/// How full a device is, by what is told of it: profiling, power, how often anything ran.
pub(super) fn fullness(signs: &Signs, card: Option<&Card>) -> Option<(Level, Fullness)> {
    if let Some(full) = signs.full {
        return Some((full, Fullness::Profiling));
    }
    if let Some((watts, card)) = signs.watts.zip(card) {
        let power = by_power(watts, signs.busy, card);
        // It is as full as its memory is at least.
        let power = signs.dram.map_or(power, |dram| larger(power, dram));
        return Some((power, Fullness::Power));
    }
    Some((signs.busy?, Fullness::Engine))
}

fn larger(a: Level, b: Level) -> Level {
    Level {
        mean: a.mean.max(b.mean),
        p95: a.p95.max(b.p95),
        p99: a.p99.max(b.p99),
        max: a.max.max(b.max),
        samples: a.samples,
    }
}

/// By power; never more than how often anything ran.
pub(super) fn by_power(watts: Level, busy: Option<Level>, card: &Card) -> Level {
    let of = |value: f64, most: Option<f64>| {
        card.fullness_at(value)
            .min(most.unwrap_or(1.0).clamp(0.0, 1.0))
    };
    Level {
        mean: of(watts.mean, busy.map(|it| it.mean)),
        p95: of(watts.p95, busy.map(|it| it.max)),
        p99: of(watts.p99, busy.map(|it| it.max)),
        max: of(watts.max, busy.map(|it| it.max)),
        samples: watts.samples,
    }
}

impl Seen {
    /// What devices do that work at all, where others of their container do not.
    pub(super) fn at_work(&self) -> &Self {
        self.working.as_deref().unwrap_or(self)
    }

    /// How full its devices are, and by what that is known.
    pub fn fullness(&self, card: Option<&Card>) -> Option<(Level, Fullness)> {
        let signs = Signs {
            full: self.full,
            watts: self.watts.filter(|_| !self.power_is_of_few()),
            busy: self.busy,
            dram: self.dram,
        };
        fullness(&signs, card)
    }

    /// Whether only some of the devices that are told of tell their power, which then says
    /// nothing of all.
    fn power_is_of_few(&self) -> bool {
        let told = self.parts.iter().filter(|it| it.samples > 0);
        let (mut all, mut power) = (0.0, 0.0);
        for part in told {
            all += part.devices;
            if part.levels.watts.is_some() {
                power += part.devices;
            }
        }
        self.parts.iter().any(Part::is_device) && power < KNOWN * all
    }

    /// The largest share of time in which anything at all was done, by any account.
    pub fn most_done(&self) -> Option<f64> {
        let all = [self.busy, self.sm, self.dram, self.tensor];
        let known = all.into_iter().flatten().map(|it| it.p99);
        known.reduce(f64::max)
    }

    /// What is done all the time and is below what counts as work: the most of the means.
    /// Exporters tell less of what does nothing, or rarely more.
    pub(super) fn traces(&self) -> Option<f64> {
        traces([self.busy, self.sm, self.dram, self.tensor])
    }

    /// The memory of one device.
    pub fn memory_of_one(&self, card: Option<&Card>) -> Option<Bytes> {
        let told = self.memory_total.map(|it| Bytes::from_f64(it.max));
        told.or_else(|| card.map(Card::memory))
    }

    /// What of fullness is needed: of its busiest hour, or of all time where that is more.
    pub fn needed(&self, full: Level) -> f64 {
        self.busiest.full.map_or(full.p95, |it| it.max(full.p95))
    }

    /// The same of the fullest of its devices, which must do with what all get.
    pub(super) fn needed_of_each(&self, full: Level) -> f64 {
        self.most(|it| it.full)
            .unwrap_or(0.0)
            .max(self.needed(full))
    }

    /// The largest 95th percentile that any of its devices has.
    pub(super) fn most(&self, of: fn(&Levels) -> Option<Level>) -> Option<f64> {
        let each = self.parts.iter().filter_map(|it| of(&it.levels));
        each.map(|it| it.p95).reduce(f64::max)
    }

    /// Whether a server of models tells of its requests.
    pub fn serves(&self) -> bool {
        self.running.is_some() || self.waiting.is_some() || self.cache.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::single;

    fn level(mean: f64) -> Option<Level> {
        Level::of(vec![single(mean); 20])
    }

    #[test]
    fn power_stands_for_what_profiling_does_not_tell() {
        let h200 = Card::of("NVIDIA H200");
        let seen = |watts, busy| Seen {
            watts: level(watts),
            busy: level(busy),
            ..Seen::default()
        };
        // What was measured: watts, how often anything ran, how full it was.
        for (watts, busy, full) in [
            (120.1, 0.0, 0.0),
            (126.9, 0.24, 0.05),
            (179.5, 0.31, 0.11),
            (241.6, 0.44, 0.25),
            (255.1, 0.24, 0.21),
            (671.2, 0.985, 0.88),
            (690.7, 0.973, 0.94),
        ] {
            let (level, from) = seen(watts, busy).fullness(h200).unwrap();
            assert_eq!(from, Fullness::Power);
            assert!((level.mean - full).abs() < 0.15, "{watts}: {}", level.mean);
        }
        assert_eq!(seen(120.0, 0.9).fullness(None).unwrap().1, Fullness::Engine);
    }
}
