//! Whether memory leaks: what is left after every collection and in every quiet hour
//! rises, day by day, within the life of a pod.
//!
//! The working set saw-tooths with collections, fills with caches and follows the load, so
//! its mean tells little, and a straight line through samples is "significant" for every
//! wave. What tells is the floor: the smallest of each day. It must rise by the test of
//! Mann and Kendall, by enough to matter, not in one step, not ever slower, not with the
//! CPU, and in most of the pods.

use crate::recommend::Pool;
use crate::snapshot::{Grid, Series};
use crate::trend::{Kendall, Slopes};
use crate::units::{Bytes, len_f64};

mod blocks;
mod load;

use blocks::Blocks;

/// Standard deviations that the floors must rise by: one in a hundred by chance.
const SIGNIFICANT: f64 = 2.33;
/// Least rise a day, of the floor.
const LEAST_A_DAY: f64 = 0.01;
/// Days within which the rise must reach the limit, or [`MATTERS`] of what is used.
const AHEAD: f64 = 14.0;
const MATTERS: f64 = 0.25;
/// Largest share of the whole rise that comes in one step: more is a new level.
const ONE_STEP: f64 = 0.6;
/// A rise that in its later half is slower than this share of the earlier comes to rest.
const COMES_TO_REST: f64 = 0.5;
/// Share of pairs of floors that rise, from which on a single pod is believed.
const SURE: f64 = 0.8;

/// How the memory of a container moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Memory {
    /// Too short a history, or none.
    Unknown,
    /// It goes up and down, or rises for a reason that ends.
    Steady,
    /// It rises ever slower: a cache fills.
    Filling,
    Leak(Leak),
}

/// Memory that is taken and not given back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leak {
    /// Bytes a day of the daily peaks, with the bounds of eight cases in ten.
    pub per_day: f64,
    pub per_day_low: f64,
    pub per_day_high: f64,
    /// The largest of the last day, in bytes.
    pub now: f64,
    /// How far daily peaks lie around their line, in bytes.
    pub noise: f64,
    /// The slot that its life, or the window, begins with.
    pub since: u32,
    /// Days that it has been seen to rise.
    pub days: f64,
    /// Pods that leak, of those that run for long enough to tell.
    pub pods: usize,
    pub of: usize,
    /// Share of pairs of floors that rise less those that fall.
    pub tau: f64,
    /// Whether the life is too short for floors of whole days.
    pub young: bool,
}

impl Leak {
    /// Days until it reaches `limit`: middle, earliest, latest. Not finite for never.
    pub fn days_to(&self, limit: Bytes) -> (f64, f64, f64) {
        let room = (limit.to_f64() - self.now).max(0.0);
        let days = |slope: f64| {
            if slope > 0.0 {
                room / slope
            } else {
                f64::INFINITY
            }
        };
        (
            days(self.per_day),
            days(self.per_day_high),
            days(self.per_day_low),
        )
    }

    /// Probability that it reaches `limit` within so many days.
    ///
    /// The slope may be another, as far as its bounds say, and the rise may end: what has
    /// lasted so long lasts as long again in one case of two, whatever the scale (Gott 1993).
    pub fn reaches(&self, limit: Bytes, ahead: f64) -> f64 {
        /// Standard deviations between the bounds.
        const APART: f64 = 2.0 * 1.2816;
        let sd = (self.per_day_high - self.per_day_low).max(0.0) / APART;
        let spread = (sd * ahead).hypot(self.noise).max(1.0);
        let expected = self.now + self.per_day * ahead;
        let straight = normal((expected - limit.to_f64()) / spread);
        let needed = self.days_to(limit).0.min(ahead);
        straight * self.days / (self.days + needed)
    }

    /// Whether a single look is enough: several pods, or nearly every pair of days.
    pub fn is_sure(&self) -> bool {
        !self.young && (self.pods > 1 || self.tau >= SURE)
    }
}

/// Judges by the pods that still run, each within its present life.
pub(super) fn judge(pool: &Pool<'_>, grid: &Grid) -> Memory {
    if pool.workload.is_batch() || grid.len == 0 {
        return Memory::Steady;
    }
    let running = pool.series.iter().filter(|series| runs(series, grid));
    let limit = pool.container.limits.memory;
    let judged: Vec<Memory> = running
        .map(|series| of_pod(series, grid, limit))
        .filter(|memory| *memory != Memory::Unknown)
        .collect();
    if judged.is_empty() {
        return Memory::Unknown;
    }
    let leaks = judged.iter().filter_map(|memory| match memory {
        Memory::Leak(leak) => Some(*leak),
        _ => None,
    });
    let leaks: Vec<Leak> = leaks.collect();
    // Replicas leak alike.
    if 2 * leaks.len() <= judged.len() {
        let fills = judged.contains(&Memory::Filling);
        return if fills {
            Memory::Filling
        } else {
            Memory::Steady
        };
    }
    let first = |leak: &Leak| match limit {
        Some(limit) => leak.days_to(limit).0,
        None => -leak.per_day,
    };
    let next = leaks.iter().min_by(|a, b| first(a).total_cmp(&first(b)));
    next.map_or(Memory::Steady, |leak| {
        Memory::Leak(Leak {
            pods: leaks.len(),
            of: judged.len(),
            ..*leak
        })
    })
}

/// Whether a pod has a sample in the last hour.
fn runs(series: &Series, grid: &Grid) -> bool {
    let end = u64::from(series.first) + u64::try_from(series.len()).unwrap_or(0);
    end + u64::from(grid.per_hour()) >= u64::from(grid.len)
}

fn of_pod(series: &Series, grid: &Grid, limit: Option<Bytes>) -> Memory {
    let Some(blocks) = Blocks::of(series, grid) else {
        return Memory::Unknown;
    };
    let floors = &blocks.floors;
    let test = Kendall::by_season(floors, blocks.per_day);
    if test.z <= SIGNIFICANT {
        return Memory::Steady;
    }
    let per_day = len_f64(blocks.per_day);
    let (Some(rise), Some(top)) = (Slopes::of(floors), Slopes::of(&blocks.peaks)) else {
        return Memory::Unknown;
    };
    let now = blocks.last_day();
    let wide = widening(&blocks.peaks, top.middle());
    let (low, high) = top.interval(wide);
    let leak = Leak {
        per_day: top.middle() * per_day,
        per_day_low: low * per_day,
        per_day_high: high * per_day,
        now,
        noise: noise(&blocks.peaks, top.middle()),
        since: blocks.since,
        days: len_f64(floors.len()) / per_day,
        pods: 1,
        of: 1,
        tau: test.tau,
        young: blocks.per_day > 1,
    };
    let rise = rise.middle() * per_day;
    if rise < LEAST_A_DAY * middle(floors) || !matters(&leak, rise, limit) {
        return Memory::Steady;
    }
    if is_one_step(floors, blocks.per_day) {
        return Memory::Steady;
    }
    if comes_to_rest(floors) {
        return Memory::Filling;
    }
    if load::carries(floors, &blocks.cpu, blocks.per_day) {
        return Memory::Steady;
    }
    Memory::Leak(leak)
}

/// Whether it comes to something within a fortnight.
fn matters(leak: &Leak, rise: f64, limit: Option<Bytes>) -> bool {
    let grows = rise * AHEAD >= MATTERS * leak.now;
    grows || limit.is_some_and(|limit| leak.days_to(limit).0 <= AHEAD)
}

/// Whether most of the rise happened at once. Of blocks that have a season, days.
fn is_one_step(floors: &[f64], per_day: usize) -> bool {
    let days: Vec<f64> = floors.rchunks(per_day).map(middle).collect();
    let known: Vec<f64> = days
        .iter()
        .rev()
        .copied()
        .filter(|it| it.is_finite())
        .collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        return false;
    };
    let steps = known.windows(2).map(|pair| pair[1] - pair[0]);
    let largest = steps.fold(0.0, f64::max);
    // Two days have one step between them: nothing else to hold it against.
    known.len() > 3 && largest > ONE_STEP * (last - first)
}

fn comes_to_rest(floors: &[f64]) -> bool {
    let (early, late) = floors.split_at(floors.len() / 2);
    match (Slopes::of(early), Slopes::of(late)) {
        (Some(early), Some(late)) => late.middle() < COMES_TO_REST * early.middle(),
        _ => false,
    }
}

/// How much wider the bounds of a slope are because what follows each other is alike:
/// by the correlation of what is left beside the line with the value before it.
fn widening(values: &[f64], slope: f64) -> f64 {
    /// Beyond this hardly anything would be known at all.
    const MOST: f64 = 0.8;
    let left = residuals(values, slope);
    let pairs = left.windows(2).map(|pair| pair[0] * pair[1]);
    let own: f64 = left.iter().map(|it| it * it).sum();
    let alike = (pairs.sum::<f64>() / own.max(f64::MIN_POSITIVE)).clamp(0.0, MOST);
    ((1.0 + alike) / (1.0 - alike)).sqrt()
}

/// The usual distance from the line, as a standard deviation, by the median.
fn noise(values: &[f64], slope: f64) -> f64 {
    let left = residuals(values, slope);
    let away: Vec<f64> = left.iter().map(|it| it.abs()).collect();
    1.4826 * middle(&away)
}

fn residuals(values: &[f64], slope: f64) -> Vec<f64> {
    let finite = values.iter().enumerate().filter(|(_, it)| it.is_finite());
    let left: Vec<f64> = finite.map(|(at, it)| it - slope * len_f64(at)).collect();
    let center = middle(&left);
    left.into_iter().map(|it| it - center).collect()
}

/// The median of what is finite; `NaN` of nothing.
pub(super) fn middle(values: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|it| it.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n => f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]),
    }
}

/// The normal distribution function, to a ten-millionth (Abramowitz and Stegun 26.2.17).
pub(super) fn normal(z: f64) -> f64 {
    const B: [f64; 5] = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let series = B.iter().rev().fold(0.0, |sum, b| (sum + b) * t);
    let above = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * series;
    if z >= 0.0 { 1.0 - above } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        assert!((normal(0.0) - 0.5).abs() < 1e-7);
        assert!((normal(1.2816) - 0.9).abs() < 1e-4);
        assert!((normal(-1.96) - 0.025).abs() < 1e-4);
    }

    #[test]
    fn a_leak_that_reaches_its_limit_says_when_and_may_end_before() {
        let gib = Bytes::gib(1).to_f64();
        let leak = Leak {
            per_day: 0.1 * gib,
            per_day_low: 0.08 * gib,
            per_day_high: 0.125 * gib,
            now: 1.5 * gib,
            noise: 0.01 * gib,
            since: 0,
            days: 12.0,
            pods: 1,
            of: 1,
            tau: 0.9,
            young: false,
        };
        let (middle, earliest, latest) = leak.days_to(Bytes::gib(2));
        assert!((middle - 5.0).abs() < 1e-9 && (earliest - 4.0).abs() < 1e-9);
        assert!((latest - 6.25).abs() < 1e-9);
        // 5 days more after 12: in 12 of 17 cases, and hardly ever not by then.
        let chance = leak.reaches(Bytes::gib(2), 7.0);
        assert!((0.65..12.0 / 17.0).contains(&chance), "{chance}");
        assert!(leak.reaches(Bytes::gib(2), 1.0) < 0.001);
    }
}
