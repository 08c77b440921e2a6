//! A new level of the newest days, and what was before brought to it: the days of a habit are
//! the same before and after a change of what it is worth.

use super::cycles::is_weekend;
use super::{DAY, WEEK};
use crate::trend::median;
use crate::units::len_f64;

/// Working days that a new level must have lasted.
const NEW: usize = 2;

/// The same of a lower one: a holiday, and a week of works holidays, are none.
const NEW_LOWER: usize = 6;

/// Working days of two weeks: what is low for longer is a level, whatever is gone.
const QUIET: usize = 10;

/// Working days that must be known before it, and days that are looked at.
const BEFORE: usize = 4;
const LOOKED_AT: usize = 14;

/// Newest days among which a new level is looked for: what is older decides nothing.
const NEWEST: usize = 21;

/// Hours of a day that must be known for it to count.
const KNOWN: usize = 18;

/// How what was before becomes what it would be now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Level {
    /// The first hour of the new level.
    pub(super) since: usize,
    times: f64,
    add: f64,
}

/// The newest days, low for so short a time that nobody knows whether that lasts.
#[derive(Debug, Clone)]
pub(super) struct Lull {
    /// The first hour of it.
    pub(super) since: usize,
}

impl Lull {
    /// Where all newest working days are below those before: for a week at most, or for two if
    /// what came each day is gone with it. `first` is the local hour of the first value.
    pub(super) fn of(values: &[f64], first: i64) -> Option<Self> {
        let days = days(values, first);
        let gap = largest(&days, |_| true)?;
        if !gap.falls || gap.days > QUIET {
            return None;
        }
        // Beyond a week what goes on as before, all of it less, is another level.
        let goes_on = || {
            let (before, after) = profiles(&days, gap.new);
            let (before, after) = (Range::of_hours(&before)?, Range::of_hours(&after)?);
            let shrinks = (after.least + after.most) / (before.least + before.most);
            Some(after.width() > GOES_ON * shrinks * before.width())
        };
        if gap.days >= NEW_LOWER && goes_on() == Some(true) {
            return None;
        }
        Some(Self {
            since: values.len() - gap.new * DAY,
        })
    }

    /// The local day since 1970 that it begins with; days are counted back from the newest hour,
    /// and most of the first is of this one.
    pub(super) fn day(&self, first: i64) -> i64 {
        (first + i64::try_from(self.since).unwrap_or(0) + 12).div_euclid(24)
    }

    /// The most that the last two weeks before it came to at this hour of the week; 0 where
    /// nothing is known of them. The hour is counted as values are.
    pub(super) fn back(&self, values: &[f64], hour: usize) -> f64 {
        let before = (1..).map_while(|weeks| hour.checked_sub(weeks * WEEK));
        let before = before.filter(|at| *at < self.since).map(|at| values[at]);
        before
            .take(WEEKS)
            .filter(|it| it.is_finite())
            .fold(0.0, f64::max)
    }
}

/// A day still goes up and down where it does by this share of what it did before, for as much
/// less as it is.
const GOES_ON: f64 = 0.5;

/// Weeks before a lull that tell what it may come back to.
const WEEKS: usize = 2;

/// One day's hours, and whether it is of a weekend.
type Day<'a> = (&'a [f64], bool);

/// The newest first.
fn days(values: &[f64], first: i64) -> Vec<Day<'_>> {
    let noon = first + i64::try_from(values.len()).unwrap_or(0) - 12;
    let middles = (0..).map(|back: i64| noon - back * 24);
    let days = values.rchunks_exact(DAY).zip(middles);
    days.map(|(day, middle)| (day, is_weekend(middle)))
        .collect()
}

/// The usual working day before the newest days, and that of them.
fn profiles(days: &[Day<'_>], new: usize) -> (Vec<f64>, Vec<f64>) {
    let profile = |days: &[Day<'_>]| -> Vec<f64> {
        let of = |hour: usize| {
            let working = days.iter().filter(|it| !it.1);
            median(&working.map(|it| it.0[hour]).collect::<Vec<f64>>())
        };
        (0..DAY).map(of).collect()
    };
    let before = profile(&days[new..(new + LOOKED_AT).min(days.len())]);
    (before, profile(&days[..new]))
}

/// How far all newest working days are from all before them.
struct Gap {
    /// Newest days, and working days of them that are known.
    new: usize,
    days: usize,
    apart: f64,
    falls: bool,
}

/// The largest gap of those that count, where the days of either side differ less among
/// themselves.
fn largest(days: &[Day<'_>], counts: impl Fn(&Gap) -> bool) -> Option<Gap> {
    let means: Vec<Option<f64>> = days
        .iter()
        .map(|(day, weekend)| if *weekend { None } else { mean(day) })
        .collect();
    let gap = |new: usize| {
        let before = new..(new + LOOKED_AT).min(means.len());
        let (after, before) = (
            Range::of(&means[..new], NEW)?,
            Range::of(&means[before], BEFORE)?,
        );
        let (rises, falls) = (after.least - before.most, before.least - after.most);
        let gap = Gap {
            new,
            days: means[..new].iter().flatten().count(),
            apart: rises.max(falls),
            falls: falls > rises,
        };
        (gap.apart > after.width().max(before.width())).then_some(gap)
    };
    let until = means.len().min(NEWEST + 1);
    // Of a weekend between, nobody knows: it is of what was before.
    let gaps = (NEW..until).rev().filter_map(gap).filter(counts);
    gaps.max_by(|a, b| a.apart.total_cmp(&b.apart))
}

impl Level {
    /// The level that all newest working days have, where none before comes near it: further
    /// off than those of either differ among themselves. One day is no level: it may be a
    /// holiday. `first` is the local hour of the first value.
    pub(super) fn of(values: &[f64], first: i64) -> Option<Self> {
        let days = days(values, first);
        let lasts = |it: &Gap| !it.falls || it.days >= NEW_LOWER;
        let new = largest(&days, lasts)?.new;
        let (before, after) = profiles(&days, new);
        let sum = |values: &[f64]| {
            values
                .iter()
                .copied()
                .filter(|it| it.is_finite())
                .sum::<f64>()
        };
        let since = values.len() - new * DAY;
        let moved = Self {
            since,
            times: 1.0,
            add: (sum(&after) - sum(&before)) / len_f64(DAY),
        };
        let times = Self {
            since,
            times: sum(&after) / sum(&before),
            add: 0.0,
        };
        let off = |level: Self| {
            let both = before.iter().zip(&after);
            let off = both.map(|(before, after)| (level.now(*before) - after).abs());
            off.filter(|it| it.is_finite()).sum::<f64>()
        };
        Some(if sum(&before) > 0.0 && off(times) < off(moved) {
            times
        } else {
            moved
        })
    }

    /// What a value of before would be now.
    fn now(self, value: f64) -> f64 {
        (value * self.times + self.add).max(0.0)
    }

    /// What a value of now was before.
    pub(super) fn then(self, value: f64) -> f64 {
        ((value - self.add) / self.times).max(0.0)
    }

    /// Brings what was before to the new level.
    pub(super) fn bring(self, values: &mut [f64]) {
        let until = self.since.min(values.len());
        for value in &mut values[..until] {
            if value.is_finite() {
                *value = self.now(*value);
            }
        }
    }
}

/// What days are between.
struct Range {
    least: f64,
    most: f64,
}

impl Range {
    /// `None` of fewer days than that.
    fn of(days: &[Option<f64>], fewest: usize) -> Option<Self> {
        let known = days.iter().flatten().copied();
        (known.clone().count() >= fewest).then(|| Self {
            least: known.clone().fold(f64::INFINITY, f64::min),
            most: known.fold(f64::NEG_INFINITY, f64::max),
        })
    }

    /// Of the hours that are known; `None` of none.
    fn of_hours(hours: &[f64]) -> Option<Self> {
        let hours: Vec<Option<f64>> = hours
            .iter()
            .map(|it| it.is_finite().then_some(*it))
            .collect();
        Self::of(&hours, 1)
    }

    fn width(&self) -> f64 {
        self.most - self.least
    }
}

/// Of a day that is known for the most part.
fn mean(day: &[f64]) -> Option<f64> {
    let known = day.iter().filter(|it| it.is_finite());
    let count = known.clone().count();
    (count >= KNOWN).then(|| known.sum::<f64>() / len_f64(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Monday.
    const MONDAY: i64 = 489_312;

    fn days(count: usize, level: impl Fn(usize) -> f64) -> Vec<f64> {
        let hour = |hour: usize| {
            let of_day = 1.0 + f64::from(u8::from((8..18).contains(&(hour % 24))));
            let noise = len_f64(hour * 7_919 % 101) / 1_010.0;
            level(hour / 24) * (of_day + noise)
        };
        (0..count * 24).map(hour).collect()
    }

    #[test]
    fn what_was_before_is_brought_to_a_level_that_lasts() {
        let values = days(24, |day| if day >= 21 { 5.0 } else { 2.0 });
        let level = Level::of(&values, MONDAY).unwrap();
        assert_eq!(level.since, 21 * 24);
        let mut brought = values.clone();
        level.bring(&mut brought);
        let always = days(24, |_| 5.0);
        let near = |(a, b): (&f64, &f64)| (a / b - 1.0).abs() < 0.05;
        assert!(brought.iter().zip(&always).all(near));
        assert!((level.then(brought[0]) - values[0]).abs() < 1e-9);
    }

    #[test]
    fn a_week_that_is_low_may_be_a_holiday_and_longer_is_a_level() {
        for (low, is_lull, is_level) in [
            (1, false, false),
            (2, true, false),
            (7, true, false),
            (9, true, true),
            (17, false, true),
        ] {
            // What is closed does nothing all day.
            let values = days(33, |day| if day >= 33 - low { 0.0 } else { 2.0 });
            let lull = Lull::of(&values, MONDAY);
            assert_eq!(lull.is_some(), is_lull, "{low}");
            assert_eq!(Level::of(&values, MONDAY).is_some(), is_level, "{low}");
            for ahead in (0..48).filter(|_| is_lull) {
                let back = lull
                    .as_ref()
                    .map_or(0.0, |it| it.back(&values, values.len() + ahead));
                let usual = values[(values.len() + ahead) % 168];
                assert!(
                    (usual * 0.9..=usual * 1.1).contains(&back),
                    "{low} {ahead} {back} {usual}"
                );
            }
        }
    }

    #[test]
    fn less_of_the_same_for_more_than_a_week_is_no_lull() {
        for (low, is_lull) in [(2, true), (7, true), (9, false)] {
            let values = days(33, |day| if day >= 33 - low { 1.0 } else { 2.0 });
            assert_eq!(Lull::of(&values, MONDAY).is_some(), is_lull, "{low}");
        }
    }

    #[test]
    fn a_day_a_weekend_and_growth_are_no_level() {
        let one = days(22, |day| if day >= 21 { 5.0 } else { 2.0 });
        assert_eq!(Level::of(&one, MONDAY), None);
        let weekends = days(28, |day| if day % 7 >= 5 { 1.0 } else { 4.0 });
        for until in 10..28 {
            assert_eq!(Level::of(&weekends[..until * 24], MONDAY), None, "{until}");
        }
        let grows = days(24, |day| 2.0 + len_f64(day));
        assert_eq!(Level::of(&grows, MONDAY), None);
        // It came back.
        let back = days(24, |day| if (14..21).contains(&day) { 5.0 } else { 2.0 });
        assert_eq!(Level::of(&back, MONDAY), None);
    }
}
