//! Profiles into points: what makes workloads alike, each on a scale from 0 to 1.

use crate::profile::{CpuProfile, MemoryProfile, Profile};
use crate::snapshot::{Snapshot, Workload};
use crate::units::Span;

/// What a profile is placed by, in the order of a [`Point`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feature {
    /// CPU, P99 ÷ P50: how far bursts stand above the usual.
    CpuBurst,
    /// CPU, standard deviation ÷ mean.
    CpuVariation,
    /// Share of the CPU's variance that repeats by hour of the day.
    Daily,
    /// Share that repeats by hour of the week beyond that.
    Weekly,
    /// Change of CPU a week ÷ mean.
    CpuTrend,
    /// Memory, standard deviation ÷ mean.
    MemoryVariation,
    /// Memory, largest ÷ P50.
    MemoryPeak,
    /// Memory, largest daily peak ÷ the usual one: what one more day may bring.
    MemoryDays,
    /// Share of days on which memory is above the day before.
    MemoryRising,
    /// Change of memory a week ÷ mean.
    MemoryTrend,
    /// 1 where pods run to completion.
    Batch,
}

pub(super) const COUNT: usize = 11;

/// One value for each feature.
pub(super) type Point = [f64; COUNT];

/// How a feature becomes a coordinate.
struct Scale {
    feature: Feature,
    /// These become 0 and the weight; what is beyond is clipped.
    low: f64,
    high: f64,
    /// Whether equal ratios, rather than equal differences, are equally far.
    ratio: bool,
    weight: f64,
}

const fn scale(feature: Feature, low: f64, high: f64, ratio: bool, weight: f64) -> Scale {
    Scale {
        feature,
        low,
        high,
        ratio,
        weight,
    }
}

/// Bounds are fixed instead of taken from the data: a feature that hardly varies
/// must not be blown up to the size of one that matters, one strange workload
/// must not squeeze all others together, and a group means the same in every
/// cluster. What decides how far a peak can be trusted weighs 1; its weaker
/// shadows weigh less, so as not to be counted twice.
const SCALES: [Scale; COUNT] = [
    scale(Feature::CpuBurst, 1.0, 30.0, true, 1.0),
    scale(Feature::CpuVariation, 0.05, 3.0, true, 0.5),
    scale(Feature::Daily, 0.0, 1.0, false, 1.0),
    scale(Feature::Weekly, 0.0, 0.5, false, 1.0),
    scale(Feature::CpuTrend, -0.3, 0.3, false, 0.5),
    scale(Feature::MemoryVariation, 0.005, 0.6, true, 0.5),
    scale(Feature::MemoryPeak, 1.0, 3.0, true, 1.0),
    scale(Feature::MemoryDays, 1.0, 2.0, true, 1.0),
    scale(Feature::MemoryRising, 0.5, 1.0, false, 0.5),
    scale(Feature::MemoryTrend, -0.3, 0.3, false, 0.5),
    scale(Feature::Batch, 0.0, 1.0, false, 1.0),
];

/// A smaller median of memory counts as this, in bytes: next to nothing, peaks are all there is.
const SMALLEST_MEDIAN: f64 = 1024.0 * 1024.0;

/// Less history than this shows no day.
const SHORTEST: Span = Span::DAY;

impl Feature {
    /// Its value in a point.
    pub(super) fn of(self, point: &Point) -> f64 {
        let place = SCALES.iter().position(|scale| scale.feature == self);
        point[place.unwrap_or(0)]
    }

    /// Whether it is clipped here: it may be more.
    pub(super) fn is_most(self, value: f64) -> bool {
        let scale = SCALES.iter().find(|scale| scale.feature == self);
        scale.is_some_and(|scale| value >= scale.high)
    }
}

/// The features of a profile; `None` where there is too little to see any.
pub(super) fn features(snapshot: &Snapshot, profile: &Profile) -> Option<Point> {
    let (cpu, memory) = (profile.cpu.as_ref()?, profile.memory.as_ref()?);
    if profile.quality.span < SHORTEST {
        return None;
    }
    let workload = snapshot.workloads.get(profile.workload);
    let batch = workload.is_some_and(Workload::is_batch);
    let value = |feature| match feature {
        Feature::Batch => f64::from(u8::from(batch)),
        Feature::CpuBurst
        | Feature::CpuVariation
        | Feature::Daily
        | Feature::Weekly
        | Feature::CpuTrend => of_cpu(feature, cpu),
        _ => of_memory(feature, memory),
    };
    Some(std::array::from_fn(|index| {
        let scale = &SCALES[index];
        clip(value(scale.feature), scale)
    }))
}

fn of_cpu(feature: Feature, cpu: &CpuProfile) -> f64 {
    match feature {
        Feature::CpuBurst => cpu.burstiness,
        Feature::CpuVariation => cpu.variation,
        Feature::Daily => cpu.daily_strength,
        Feature::Weekly => cpu.weekly_strength,
        _ => cpu.trend_per_day * 7.0,
    }
}

fn of_memory(feature: Feature, memory: &MemoryProfile) -> f64 {
    match feature {
        Feature::MemoryVariation => memory.variation,
        Feature::MemoryPeak => memory.max.to_f64() / memory.p50.to_f64().max(SMALLEST_MEDIAN),
        Feature::MemoryDays => above_usual(&memory.daily_peaks),
        Feature::MemoryRising => memory.rising_share,
        _ => memory.trend_per_day * 7.0,
    }
}

/// The largest value ÷ the median.
fn above_usual(peaks: &[f64]) -> f64 {
    let mut known: Vec<f64> = peaks
        .iter()
        .copied()
        .filter(|peak| !peak.is_nan())
        .collect();
    known.sort_by(f64::total_cmp);
    let largest = known.last().copied().unwrap_or(f64::NAN);
    largest / known.get(known.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Within the bounds of the scale. What is not a number says nothing, and so is
/// put where most workloads are: at the value nearest to 0, 1 for ratios.
fn clip(value: f64, scale: &Scale) -> f64 {
    let usual = if scale.ratio { 1.0 } else { 0.0 };
    let value = if value.is_finite() { value } else { usual };
    value.clamp(scale.low, scale.high)
}

/// A point as coordinates, in which the distance of two is how unlike they are.
pub(super) fn coordinates(point: &Point) -> Point {
    std::array::from_fn(|index| {
        let scale = &SCALES[index];
        let share = if scale.ratio {
            (point[index] / scale.low).ln() / (scale.high / scale.low).ln()
        } else {
            (point[index] - scale.low) / (scale.high - scale.low)
        };
        share * scale.weight
    })
}

/// The square of the distance.
pub(super) fn distance(a: &Point, b: &Point) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// The median of each feature.
pub(super) fn medians<'a>(points: impl Iterator<Item = &'a Point>) -> Point {
    let points: Vec<&Point> = points.collect();
    std::array::from_fn(|index| {
        let mut values: Vec<f64> = points.iter().map(|point| point[index]).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_is_put_where_most_are() {
        for scale in &SCALES {
            let clipped = clip(f64::NAN, scale);
            assert!(clipped >= scale.low && clipped <= scale.high);
        }
        assert!(above_usual(&[]).is_nan());
    }

    #[test]
    fn coordinates_span_no_more_than_the_weight() {
        let ends = |end: fn(&Scale) -> f64| -> Point {
            coordinates(&std::array::from_fn(|index| end(&SCALES[index])))
        };
        let (low, high) = (ends(|scale| scale.low), ends(|scale| scale.high));
        for index in 0..COUNT {
            assert!(low[index].abs() < 1e-12);
            assert!((high[index] - SCALES[index].weight).abs() < 1e-12);
        }
    }
}
