//! Days on which the rhythm of a series did not come.

use std::ops::Range;

use super::run::{Run, habit_days, peaks, worst_of_days};
use super::stray::{Sort, Stray};
use super::tail::{LEAST_RARE, Tail};
use super::usual::{Window, spread};
use super::{Hours, Usual};
use crate::trend::{finite, median, median_of, quantile_of};

/// Shares of all hours that tell the peak of a rhythm, and its quiet hours.
const PEAK: f64 = 0.7;
const QUIET: f64 = 0.4;
/// Of the peak hours of a day so many may be missing without the peak being so.
const MOST: f64 = 0.75;
/// Hours of either sort that must be known.
const LEAST: usize = 3;
/// Looks a day.
const LOOKS: usize = 8;
/// Of the usual contrast, what differs from day to day at the least.
const LEAST_SPREAD: f64 = 0.1;
/// A day has a rhythm where its contrast is this share of the usual one.
const HAS_ONE: f64 = 0.5;
/// Below this share of its contrast a day may have one that a new level hides.
const MAY_BE_STEP: f64 = 0.7;
/// A level that is farther from the one before than this times the contrast is what changed.
const NEW_LEVEL: f64 = 1.0;
/// Of a level that fell the rhythm is smaller as well, down to this share.
const LOWEST: f64 = 0.1;

/// What a rhythm looks like, to be looked for in each day.
struct Rhythm<'a> {
    hours: &'a Hours,
    /// Around the level.
    values: &'a [f64],
    /// From where on it is at its peak, and up to where it is quiet.
    high: f64,
    low: f64,
    /// Usual level of all hours.
    level: f64,
    /// The contrast of every day that is known as a whole, where they are all alike.
    contrast: Option<f64>,
}

/// Stretches in which the peak did not come, or came at another time, against how much that
/// differs from day to day.
pub(super) fn lost(hours: &Hours, usual: &Usual) -> Vec<Stray> {
    let Some(values) = &usual.rhythm else {
        return Vec::new();
    };
    let mut known = finite(values.iter().copied());
    let mut at = |share: f64| quantile_of(&mut known, share).unwrap_or(f64::NAN);
    let (high, low) = (at(PEAK), at(QUIET));
    let rhythm = Rhythm {
        hours,
        values,
        high,
        low,
        level: median(&hours.mean).abs(),
        contrast: of_all_days(values, hours.per_day, (high, low)),
    };
    rhythm.lost(usual)
}

/// The contrast of a day, where each hour is what it is on all others: whenever it begins, it
/// has the same hours.
fn of_all_days(values: &[f64], day: usize, (high, low): (f64, f64)) -> Option<f64> {
    let later = values.iter().skip(day);
    let mut both = values.iter().zip(later);
    if values.len() < day || !both.all(|(one, other)| one.to_bits() == other.to_bits()) {
        return None;
    }
    let of = |wanted: &dyn Fn(f64) -> bool| -> Vec<f64> {
        let day = values[..day].iter().copied();
        day.filter(|it| wanted(*it)).collect()
    };
    let mut sides = Sides {
        peak: of(&|it| it >= high),
        quiet: of(&|it| it < high && it <= low),
    };
    Some(sides.contrast())
}

/// What is known of the hours of one day, which moves on.
struct Day {
    all: Window,
    peak: Window,
    quiet: Window,
}

/// Hours at the peak of a rhythm, and its quiet ones.
#[derive(Default)]
struct Sides {
    peak: Vec<f64>,
    quiet: Vec<f64>,
}

impl Sides {
    /// How far the peak is above what is quiet.
    fn contrast(&mut self) -> f64 {
        quantile_of(&mut self.peak, MOST).unwrap_or(f64::NAN) - median_of(&mut self.quiet)
    }
}

impl Day {
    /// How far the peak is above what is quiet.
    fn contrast(&self) -> f64 {
        self.peak.quantile(MOST) - self.quiet.middle()
    }
}

/// On which side of a rhythm an hour is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Peak,
    Quiet,
    Between,
}

impl Rhythm<'_> {
    fn lost(&self, usual: &Usual) -> Vec<Stray> {
        let (day, len) = (self.hours.per_day, self.hours.mean.len());
        let step = (day / LOOKS).max(1);
        if self.high <= self.low || len < day {
            return Vec::new();
        }
        // Looks end where the window does.
        let ends: Vec<usize> = (day + (len - day) % step..=len).step_by(step).collect();
        let mut own = self.day(0..day);
        let mut until = day;
        let kept = ends.iter().map(|end| {
            for at in until..*end {
                self.moves(&mut own, at - day, at);
            }
            until = *end;
            self.kept(*end, &own)
        });
        let kept: Vec<f64> = kept.collect();
        let (middle, differs) = usually(&kept);
        let score: Vec<f64> = kept.iter().map(|it| (middle - it) / differs).collect();
        if !score.iter().any(|it| *it > LEAST_RARE) {
            return Vec::new();
        }
        let a_day = day / step;
        let worst = worst_of_days(&score, a_day);
        let spare = habit_days(worst.len()) + 1;
        let tail = Tail::of(
            &peaks(&score, a_day, spare + worst.len() + 1),
            worst.len(),
            spare,
        );
        let (rare, mut at, mut found) = (tail.rare(), 0, Vec::new());
        while let Some(from) = (at..score.len()).find(|it| score[*it] > rare) {
            let run = Run::around(&score, from, rare / 2.0);
            at = run.last + 1;
            if run.is_habit(&score, &worst, a_day, tail.cannot_tell(run.most)) {
                continue;
            }
            let goes_on = at == score.len();
            let days = (ends[run.first], ends[run.last]);
            found.extend(self.stray(days, goes_on, usual).map(|stray| Stray {
                spreads: run.most,
                beyond: tail.beyond(run.most),
                once_in_days: tail.once_in_days(run.most),
                ..stray
            }));
        }
        found
    }

    /// How much of the usual contrast between peak and quiet hours the day before a block
    /// has; `NaN` where that is not known, or where it should have none.
    fn kept(&self, end: usize, own: &Day) -> f64 {
        let blocks = end - self.hours.per_day..end;
        if own.peak.len() < LEAST || own.quiet.len() < LEAST {
            return f64::NAN;
        }
        let whole = own.all.len() == self.hours.per_day;
        let usual = self.contrast.filter(|_| whole);
        let usual = usual.unwrap_or_else(|| self.usual_contrast(blocks.clone()));
        if usual < HAS_ONE * (self.high - self.low) {
            return f64::NAN;
        }
        let level = own.all.middle() / self.level;
        let level = if level.is_finite() {
            level.clamp(LOWEST, 1.0)
        } else {
            1.0
        };
        let kept = own.contrast() / (usual * level);
        if kept < MAY_BE_STEP && self.is_in(blocks, level) {
            return 1.0;
        }
        kept
    }

    fn side(&self, at: usize) -> Side {
        let usual = self.values[at];
        if usual >= self.high {
            Side::Peak
        } else if usual <= self.low {
            Side::Quiet
        } else {
            Side::Between
        }
    }

    /// What is seen of an hour, where it is on one side; `NaN` otherwise.
    fn seen_on(&self, side: Side, at: usize) -> f64 {
        if self.side(at) == side {
            self.hours.mean[at]
        } else {
            f64::NAN
        }
    }

    fn day(&self, blocks: Range<usize>) -> Day {
        let of = |side: Side| -> Vec<f64> {
            let seen = blocks.clone().map(|at| self.seen_on(side, at));
            seen.collect()
        };
        Day {
            all: Window::of(&self.hours.mean[blocks.clone()]),
            peak: Window::of(&of(Side::Peak)),
            quiet: Window::of(&of(Side::Quiet)),
        }
    }

    /// One block goes, and one comes.
    fn moves(&self, day: &mut Day, gone: usize, comes: usize) {
        let seen = |at: usize| self.hours.mean[at];
        day.all.moves(seen(gone), seen(comes));
        for (side, own) in [(Side::Peak, &mut day.peak), (Side::Quiet, &mut day.quiet)] {
            if self.side(gone) == side || self.side(comes) == side {
                own.moves(self.seen_on(side, gone), self.seen_on(side, comes));
            }
        }
    }

    /// The contrast that the rhythm has in those of some blocks that are known.
    fn usual_contrast(&self, blocks: Range<usize>) -> f64 {
        let mut sides = Sides::default();
        for at in blocks.filter(|at| self.hours.mean[*at].is_finite()) {
            match self.side(at) {
                Side::Peak => sides.peak.push(self.values[at]),
                Side::Quiet => sides.quiet.push(self.values[at]),
                Side::Between => {}
            }
        }
        sides.contrast()
    }

    /// Whether these blocks are better told with the rhythm than without, either with a new
    /// level from some block on: that alone makes a peak as low as quiet hours.
    fn is_in(&self, blocks: Range<usize>, level: f64) -> bool {
        let room = || Vec::with_capacity(blocks.len());
        let (mut with, mut without) = (room(), room());
        for at in blocks.clone() {
            let own = self.hours.mean[at];
            if own.is_finite() {
                with.push(own - level * self.values[at]);
                without.push(own);
            }
        }
        left(&with) < left(&without)
    }

    /// From where on no rhythm is nearer than the rhythm to where it is again; told by the hour
    /// in which the most was to be expected.
    fn stray(&self, days: (usize, usize), goes_on: bool, usual: &Usual) -> Option<Stray> {
        let (day, len) = (self.hours.per_day, self.hours.mean.len());
        let (first_end, last_end) = days;
        let begin = first_end - day;
        let level = usual.level[begin];
        let expected = |at: usize| self.values[at] + level;
        let flat = median(&self.hours.mean[begin..last_end]);
        let nearer = |at: usize| {
            let seen = self.hours.mean[at];
            let gain = (seen - flat).abs() - (seen - expected(at)).abs();
            if gain.is_finite() { gain } else { 0.0 }
        };
        let first = begin + most(&(begin..first_end).map(nearer).collect::<Vec<_>>());
        let last = if goes_on {
            len
        } else {
            let from = last_end - day;
            let until = (last_end + day / LOOKS).min(len);
            let back: Vec<f64> = (from..until).rev().map(nearer).collect();
            until - most(&back)
        };
        let after = last.min(len - day)..(last.min(len - day) + day);
        let rest: Vec<f64> = after
            .map(|at| self.hours.mean[at] - self.values[at])
            .collect();
        if (median(&rest) - level).abs() > NEW_LEVEL * (self.high - self.low) {
            return None;
        }
        let known = (first..last).filter(|at| self.hours.mean[*at].is_finite());
        let told = known.max_by(|a, b| expected(*a).total_cmp(&expected(*b)))?;
        Some(Stray {
            first,
            last: last - 1,
            up: false,
            sort: Sort::Rhythm,
            expected: expected(told),
            seen: self.hours.mean[told],
            spreads: 0.0,
            beyond: 0.0,
            once_in_days: 0.0,
        })
    }
}

/// The contrast that days have, and how much it differs from one to another, as a standard
/// deviation: by those that have one, as the others may be what is looked for.
fn usually(kept: &[f64]) -> (f64, f64) {
    let with: Vec<f64> = kept.iter().copied().filter(|it| *it > HAS_ONE).collect();
    (median(&with), spread(&with).max(LEAST_SPREAD))
}

/// How many of the first sum up to the most.
fn most(gains: &[f64]) -> usize {
    let (mut sum, mut best) = (0.0, (0.0, 0));
    for (place, gain) in gains.iter().enumerate() {
        sum += gain;
        if sum > best.0 {
            best = (sum, place + 1);
        }
    }
    best.1
}

/// The squares that are left of values beside their mean, or the two of them on either side
/// of the place that leaves the least.
fn left(values: &[f64]) -> f64 {
    let before = beside_means(values.iter());
    let mut after = beside_means(values.iter().rev());
    after.reverse();
    let both = before.iter().zip(&after).map(|(a, b)| a + b);
    both.fold(f64::INFINITY, f64::min)
}

/// The squares beside the mean of the first values, for each number of them (Welford).
fn beside_means<'a>(values: impl Iterator<Item = &'a f64>) -> Vec<f64> {
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    let mut left = Vec::with_capacity(values.size_hint().0 + 1);
    left.push(0.0);
    for value in values {
        count += 1.0;
        let away = value - mean;
        mean += away / count;
        squares += away * (value - mean);
        left.push(squares);
    }
    left
}

/// Strays of levels and of rhythms: what belongs to a lost rhythm is told by that, but not
/// what came to a stop.
pub(super) fn told(levels: Vec<Stray>, mut rhythms: Vec<Stray>) -> Vec<Stray> {
    let meet = |a: &Stray, b: &Stray| a.first <= b.last && b.first <= a.last;
    rhythms.retain(|lost| {
        let mut inside = levels.iter().filter(|it| meet(it, lost));
        !inside.any(Stray::is_nothing)
    });
    let mut all: Vec<Stray> = levels
        .into_iter()
        .filter(|it| !rhythms.iter().any(|lost| meet(it, lost)))
        .collect();
    all.append(&mut rhythms);
    all.sort_by_key(|it| (it.first, it.last));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::len_f64;

    #[test]
    fn a_day_has_the_same_contrast_whenever_it_begins() {
        let hour = |at: usize| len_f64(at % 24 * 7 % 24) / 3.0;
        let alike: Vec<f64> = (0..100).map(hour).collect();
        let (high, low) = (5.0, 2.5);
        let contrast = of_all_days(&alike, 24, (high, low)).expect("days that are alike");
        for begin in 0..76 {
            let day = || alike[begin..begin + 24].iter().copied();
            let mut sides = Sides {
                peak: day().filter(|it| *it >= high).collect(),
                quiet: day().filter(|it| *it <= low).collect(),
            };
            assert_eq!(sides.contrast().to_bits(), contrast.to_bits(), "{begin}");
        }
        let weekend = |at: usize| if at < 48 { 0.0 } else { hour(at) };
        let weekly: Vec<f64> = (0..100).map(weekend).collect();
        assert_eq!(of_all_days(&weekly, 24, (high, low)), None);
        assert_eq!(of_all_days(&alike[..20], 24, (high, low)), None);
    }
}
