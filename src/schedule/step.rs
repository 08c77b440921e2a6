//! A step that a level of work took for good: what it was before is brought to what it is now,
//! so that it counts once.
//!
//! Days are held against those a week before them: a step is where a week is above, or below,
//! the week before it by about the same on nearly all of its days, and where the weeks around
//! these two are like them. What grows week by week is none.

use std::ops::Range;

use crate::trend::{finite, largest, median, median_of};
use crate::units::single;

/// Days of a week: as many must be known before and after a step.
const DAYS: usize = 7;

/// Days of a week that must be above the week before, or all below it.
const MOST: usize = 6;

/// A level is another one from so many times as much on, up or down.
const SHIFT: f64 = 1.25;

/// Days beyond a week that a lower level must have lasted.
const BEYOND: usize = 2;

/// What weeks around the two may differ by, as a share of the step.
const STEADY: f64 = 0.34;

/// Steps that are looked for in one history.
const STEPS: usize = 3;

/// How one level goes over into another.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shift {
    /// Everything is so many times as much.
    Times(f64),
    /// Everything is so much more, peaks no more than the rest.
    Plus(f64),
}

/// One day: what half of it is below, and its largest value.
#[derive(Debug, Clone, Copy)]
struct Level {
    middle: f64,
    most: f64,
}

/// Brings what was before a step to the level after it.
pub(super) fn repaired(cores: &mut [f32], per_day: usize) {
    for _ in 0..STEPS {
        let levels = levels(cores, per_day);
        let Some(day) = found(&levels) else {
            return;
        };
        let slot = slot(cores, &levels, day, per_day);
        let shift = shift(&levels, day);
        for value in &mut cores[..slot] {
            *value = shift.of(*value);
        }
    }
}

fn levels(cores: &[f32], per_day: usize) -> Vec<Level> {
    let days = cores.chunks_exact(per_day.max(1));
    let of = |day: &[f32]| {
        let mut known = finite(day.iter().map(|it| f64::from(*it)));
        let most = if known.len() == day.len() {
            f64::from(largest(day, f32::NEG_INFINITY))
        } else {
            known.iter().copied().fold(f64::NAN, f64::max)
        };
        Level {
            middle: median_of(&mut known),
            most,
        }
    };
    days.map(of).collect()
}

/// The first day of another level, where there is one: that of the largest step.
fn found(levels: &[Level]) -> Option<usize> {
    let last = levels.len().checked_sub(DAYS)?;
    let sum = |day: usize| {
        let steps = steps(levels, day..day + DAYS)?;
        let own = median(&steps);
        let alike = |it: &&f64| it.signum() * own.signum() > 0.0 && it.abs() >= own.abs() / 2.0;
        let alike = steps.iter().filter(alike).count();
        let steady = |range: Option<Range<usize>>| {
            let steps = range.and_then(|it| self::steps(levels, it));
            steps.is_none_or(|it| median(&it).abs() <= STEADY * own.abs())
        };
        let before = day.checked_sub(DAYS).map(|it| it..day);
        let after = (day + 2 * DAYS <= levels.len()).then(|| day + DAYS..day + 2 * DAYS);
        // What is low for a week may be a holiday.
        let lasts = own > 0.0 || day + DAYS + BEYOND <= levels.len();
        let is_step =
            lasts && own.abs() >= SHIFT.ln() && alike >= MOST && steady(before) && steady(after);
        is_step.then(|| steps.iter().sum::<f64>().abs())
    };
    let steps = (DAYS..=last).filter_map(|day| Some((sum(day)?, day)));
    // Of equal ones the first, which is where it begins.
    let largest = steps.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    largest.map(|it| it.1)
}

/// The logarithm of what each day is over the day a week before; `None` where one of them has
/// none or is not known.
fn steps(levels: &[Level], days: Range<usize>) -> Option<Vec<f64>> {
    let steps = days.map(|day| {
        let before = levels[day.checked_sub(DAYS)?].middle;
        let step = (levels[day].middle / before).ln();
        step.is_finite().then_some(step)
    });
    steps.collect()
}

/// Whether peaks went with the rest.
fn shift(levels: &[Level], day: usize) -> Shift {
    let pairs = || (day..day + DAYS).map(|at| (levels[at - DAYS], levels[at]));
    let middle = |of: &dyn Fn((Level, Level)) -> f64| median(&pairs().map(of).collect::<Vec<_>>());
    let times = middle(&|(before, after)| after.middle / before.middle);
    let plus = middle(&|(before, after)| after.middle - before.middle);
    let peaks = middle(&|(before, after)| after.most / before.most);
    let of_plus = middle(&|(before, _)| (before.most + plus) / before.most);
    let off = |expected: f64| (peaks / expected).ln().abs();
    if off(of_plus) < off(times) {
        Shift::Plus(plus)
    } else {
        Shift::Times(times)
    }
}

/// The slot at which the step was, about the beginning of its day: where values go over from
/// those of a week before to those of the new level.
fn slot(cores: &[f32], levels: &[Level], day: usize, per_day: usize) -> usize {
    let shift = shift(levels, day);
    let week = DAYS * per_day;
    let range = (day - 1) * per_day..((day + 1) * per_day).min(cores.len());
    let gains = range.clone().map(|slot| {
        let Some(before) = slot.checked_sub(week).map(|it| cores[it]) else {
            return 0.0;
        };
        let value = f64::from(cores[slot]);
        let off = |expected: f32| (value - f64::from(expected)).abs();
        // What it costs to take the slot for one of before rather than of after.
        let gain = off(shift.of(before)) - off(before);
        if gain.is_finite() { gain } else { 0.0 }
    });
    // Slots before the step are for the old level: their gains are taken, later ones are not.
    let (mut sum, mut best) = (0.0, (0.0, range.start));
    for (slot, gain) in range.clone().zip(gains) {
        sum += gain;
        if sum > best.0 {
            best = (sum, slot + 1);
        }
    }
    best.1
}

impl Shift {
    fn of(self, value: f32) -> f32 {
        match self {
            Self::Times(times) => single(f64::from(value) * times),
            Self::Plus(plus) => single((f64::from(value) + plus).max(0.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::len_f64;

    /// Hours of days with a peak of one hour, by what the usual hour and the peak are then.
    fn days(count: usize, of: impl Fn(usize) -> (f64, f64)) -> Vec<f32> {
        let hours = (0..count * 24).map(|hour| {
            let wave = 1.0 + 0.02 * len_f64(hour * 7 % 11) / 11.0;
            let (usual, peak) = of(hour);
            single(wave * if hour % 24 == 20 { peak } else { usual })
        });
        hours.collect()
    }

    fn near(value: f32, expected: f64) {
        let off = (f64::from(value) / expected - 1.0).abs();
        assert!(off < 0.06, "{value} is not {expected}");
    }

    #[test]
    fn what_doubled_counts_as_if_it_always_had() {
        // At noon of the twelfth day.
        let step = 12 * 24 + 12;
        let twice = |hour: usize| if hour < step { 1.0 } else { 2.0 };
        let mut cores = days(28, |hour| (twice(hour), 4.0 * twice(hour)));
        repaired(&mut cores, 24);
        for (hour, value) in cores.iter().enumerate() {
            near(*value, if hour % 24 == 20 { 8.0 } else { 2.0 });
        }
    }

    #[test]
    fn peaks_stay_where_only_the_rest_rose() {
        let more = |hour: usize| if hour < 14 * 24 { 1.0 } else { 2.0 };
        let mut cores = days(28, |hour| (more(hour), more(hour) + 8.0));
        repaired(&mut cores, 24);
        near(cores[20], 10.0);
        near(cores[3], 2.0);
    }

    #[test]
    fn growth_and_what_comes_back_are_no_step() {
        let grows = days(28, |hour| {
            let level = 1.05_f64.powf(len_f64(hour) / 24.0);
            (level, 4.0 * level)
        });
        let week = |hour: usize| {
            if (10..14).contains(&(hour / 24)) {
                2.0
            } else {
                1.0
            }
        };
        let back = days(28, |hour| (week(hour), 4.0 * week(hour)));
        for was in [grows, back] {
            let mut cores = was.clone();
            repaired(&mut cores, 24);
            let same = cores
                .iter()
                .zip(&was)
                .all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same);
        }
    }
}
