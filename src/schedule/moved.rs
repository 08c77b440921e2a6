//! When peaks began to come at other times of the day or the week than before.
//!
//! An hour of days that are alike is held against itself: where a peak came to it on nearly all
//! days until one, and on nearly none since, it is gone. How often chance alone would part the
//! days so is `1 / C(days, days with a peak)`, as for any order of them. A peak that begins to
//! come at another hour in those days says the same once more.

use std::iter::successors;

use super::alike::{Alike, Cycle};
use super::days::Day;
use crate::units::len_f64;

/// Hours of a day, and quarters of an hour.
const HOURS: usize = 24;
const QUARTERS: usize = 4;

/// An hour counts whose peak is at least this share of the largest above what is usual.
const LARGE: f64 = 0.5;

/// And which falls by at least this share of it.
const FALLS: f64 = 0.75;

/// Of so many days one may be other than the rest.
const ODD: usize = 10;

/// Chance may part days so in so many cases: more where a peak moved than where it went.
const CHANCE: f64 = 0.03;

/// Days on both sides of a move, and weeks where each day of the week is of its own.
const DAYS: usize = 3;
const WEEKS: usize = 2;

/// Days that may be parted so at all.
const FEWEST: usize = 2 * WEEKS;

/// Days, and weeks, after which a peak that came nowhere else is gone: holidays end.
const GONE_DAYS: usize = 7;
const GONE_WEEKS: usize = 3;

/// Where peaks came at other times before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moved {
    /// The first local day since 1970 that is like those of now.
    pub(super) day: i64,
    /// Whether only days of the week tell so.
    pub(super) is_weekly: bool,
}

/// An hour in which a peak came until a day, or from it on.
#[derive(Debug, Clone, Copy)]
struct Flip {
    day: i64,
    /// The day like it before.
    last: i64,
    is_gone: bool,
    /// The fewer of the days on both sides of it.
    fewer: usize,
    after: usize,
    chance: f64,
}

/// The last time that peaks moved, by days that are told apart as far as is proven: working days
/// from weekends in any case, since what moved may hide that they differ.
pub(super) fn moved(days: &[&Day], finest: Cycle, capacity: f64) -> Option<Moved> {
    let hours = |day: &&Day| {
        let quarters = day.peaks.chunks(QUARTERS);
        let hours = quarters.map(|it| it.iter().copied().fold(f32::NAN, f32::max));
        (day.number, day.weekday, hours.map(f64::from).collect())
    };
    let days: Vec<(i64, usize, Vec<f64>)> = days.iter().map(hours).collect();
    let all = days.iter().flat_map(|it| &it.2).copied();
    let mut all: Vec<f64> = all.filter(|it| it.is_finite()).collect();
    // What came three times is no chance.
    let often = all.len().checked_sub(DAYS)?;
    let most = *all.select_nth_unstable_by(often, f64::total_cmp).1;
    let middle = all.len() / 2;
    let quiet = *all.select_nth_unstable_by(middle, f64::total_cmp).1;
    if most - quiet < capacity {
        return None;
    }
    let large = quiet + LARGE * (most - quiet);
    let finest = match finest {
        Cycle::Day => Cycle::Sort,
        finer => finer,
    };
    let cycles = successors(Some(finest), |it| it.coarser());
    let found = cycles.filter_map(|cycle| {
        let alike = Alike::apart(cycle);
        let mut flips: Vec<Flip> = Vec::new();
        let mut own: Vec<(i64, f64)> = Vec::with_capacity(days.len());
        for class in 0..7 {
            let of_class = || days.iter().filter(|it| alike.class(it.1) == class);
            if of_class().count() < FEWEST {
                continue;
            }
            for hour in 0..HOURS {
                own.clear();
                let each = of_class().map(|it| (it.0, it.2[hour]));
                own.extend(each.filter(|it| it.1.is_finite()));
                flips.extend(Flip::of(&own, (quiet, large), capacity));
            }
        }
        let is_weekly = cycle == Cycle::Week;
        let gone = flips.iter().filter(|it| it.is_gone);
        let day = gone.filter_map(|it| it.since(&flips, is_weekly)).max()?;
        Some(Moved { day, is_weekly })
    });
    // Days of the week alone only where nothing else says when.
    found.max_by_key(|it| (it.day, !it.is_weekly))
}

impl Flip {
    /// Of the values of one hour, oldest first.
    fn of(values: &[(i64, f64)], (quiet, large): (f64, f64), capacity: f64) -> Option<Self> {
        let count = values.len();
        if count < FEWEST {
            return None;
        }
        let (low, high) = next_to_ends(values);
        let falls = high - low;
        if high < large || falls < FALLS * (high - quiet) || falls < capacity {
            return None;
        }
        let came: Vec<bool> = values
            .iter()
            .map(|it| it.1 > f64::midpoint(low, high))
            .collect();
        let all = came.iter().filter(|it| **it).count();
        let mut before = 0;
        let mut best: Option<(usize, Self)> = None;
        for (at, is_peak) in came.iter().enumerate() {
            // What is before this day, and from it on.
            let after = all - before;
            let rest = count - at;
            for is_gone in [true, false] {
                let odd = if is_gone {
                    (at - before, after)
                } else {
                    (before, rest - after)
                };
                let few = odd.0 * ODD <= at && odd.1 * ODD <= rest;
                let off = odd.0 + odd.1;
                if few && at.min(rest) >= WEEKS && best.is_none_or(|it| off < it.0) {
                    let ways = ways(at, odd.0) * ways(rest, odd.1);
                    let flip = Self {
                        day: values[at].0,
                        last: values[at - 1].0,
                        is_gone,
                        fewer: at.min(rest),
                        after: rest,
                        chance: ways / self::ways(count, all),
                    };
                    best = Some((off, flip));
                }
            }
            before += usize::from(*is_peak);
        }
        best.map(|it| it.1)
    }

    /// From which day on a peak that is gone came at another time, or came no more.
    fn since(&self, flips: &[Self], is_weekly: bool) -> Option<i64> {
        let (least, gone, apart) = if is_weekly {
            (WEEKS, GONE_WEEKS, 7)
        } else {
            (DAYS, GONE_DAYS, 3)
        };
        let came = flips.iter().filter(|it| !it.is_gone);
        let then = came.filter(|it| it.fewer >= least && (it.day - self.day).abs() <= apart);
        let mut then = then.filter(|it| it.chance * self.chance <= CHANCE);
        if self.fewer < least {
            return None;
        }
        match then.next() {
            // Where it came before what is gone would have come again.
            Some(it) if it.day > self.last => Some(it.day.min(self.day)),
            Some(_) => Some(self.day),
            None => (self.after >= gone && self.chance <= CHANCE).then_some(self.day),
        }
    }
}

/// The smallest but one, and the largest but one.
fn next_to_ends(values: &[(i64, f64)]) -> (f64, f64) {
    let (mut least, mut low) = (f64::INFINITY, f64::INFINITY);
    let (mut most, mut high) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    for (_, value) in values {
        low = low.min(value.max(least));
        least = least.min(*value);
        high = high.max(value.min(most));
        most = most.max(*value);
    }
    (low, high)
}

/// In how many ways some can be chosen of many.
pub(super) fn ways(many: usize, some: usize) -> f64 {
    let fewer = some.min(many.saturating_sub(some));
    (0..fewer).fold(1.0, |ways, it| ways * len_f64(many - it) / len_f64(it + 1))
}

#[cfg(test)]
mod tests {
    use super::super::days::weekday;
    use super::*;
    use crate::units::single;

    /// 2026-01-05, a Monday.
    const MONDAY: i64 = 20_458;

    fn found(count: i64, finest: Cycle, is_peak: impl Fn(i64, usize) -> bool) -> Option<i64> {
        let days = (0..count).map(|day| Day {
            number: MONDAY + day,
            weekday: weekday(MONDAY + day),
            sampled: vec![true; 96],
            once: Vec::new(),
            peaks: (0..96)
                .map(|it| single(if is_peak(day, it / 4) { 4.3 } else { 0.3 }))
                .collect(),
        });
        let days: Vec<Day> = days.collect();
        let days: Vec<&Day> = days.iter().collect();
        moved(&days, finest, 0.5).map(|it| it.day - MONDAY)
    }

    #[test]
    fn what_is_next_to_the_ends_is_that_of_the_values_in_order() {
        for count in 2..20_usize {
            for step in [1, 5, 7] {
                let of = |at: usize| (0, len_f64(at * step * 11 % 13));
                let values: Vec<(i64, f64)> = (0..count).map(of).collect();
                let mut sorted: Vec<f64> = values.iter().map(|it| it.1).collect();
                sorted.sort_unstable_by(f64::total_cmp);
                assert_eq!(next_to_ends(&values), (sorted[1], sorted[count - 2]));
            }
        }
    }

    #[test]
    fn a_peak_that_came_at_another_time_moved() {
        let daily = |at: i64| move |day: i64, hour: usize| hour == if day < at { 9 } else { 15 };
        assert_eq!(found(28, Cycle::Day, daily(18)), Some(18));
        assert_eq!(found(28, Cycle::Week, daily(18)), Some(18));
        assert_eq!(found(28, Cycle::Day, daily(25)), Some(25));
        // The first day of another time may be an odd one.
        assert_eq!(found(28, Cycle::Day, daily(27)), None);
        let working = |day: i64, hour: usize| day % 7 < 5 && daily(20)(day, hour);
        assert_eq!(found(28, Cycle::Sort, working), Some(21));
        let weekly = |day: i64, hour: usize| {
            let on = if day < 42 { 4 } else { 3 };
            day % 7 == on && hour == 20
        };
        assert_eq!(found(70, Cycle::Week, weekly), Some(45));
        // Two weeks of either.
        let weekly = |day: i64, hour: usize| weekly(day + 28, hour);
        assert_eq!(found(28, Cycle::Week, weekly), Some(17));
    }

    #[test]
    fn what_comes_at_times_or_for_a_while_less_did_not_move() {
        let biweekly = |day: i64, hour: usize| day % 14 == 4 && hour == 10;
        assert_eq!(found(120, Cycle::Week, biweekly), None);
        let daily = |day: i64, hour: usize| hour == 9 && day < 23;
        assert_eq!(found(28, Cycle::Day, daily), None);
        let gone = |day: i64, hour: usize| hour == 9 && day < 20;
        assert_eq!(found(28, Cycle::Day, gone), Some(20));
        let begun = |day: i64, hour: usize| hour == 9 && day >= 18;
        assert_eq!(found(28, Cycle::Day, begun), None);
        let working = |day: i64, hour: usize| day % 7 < 5 && hour == 9;
        assert_eq!(found(28, Cycle::Sort, working), None);
        assert_eq!(found(28, Cycle::Day, working), None);
        let each =
            |day: i64, hour: usize| day % 7 == 4 && usize::try_from(day / 7 % 4 + 18) == Ok(hour);
        assert_eq!(found(28, Cycle::Week, each), None);
    }
}
