//! When a workload did anything, over all pods of the window: slot by slot while they are at
//! hand, and the little of it that is kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::sample::ACTIVE;
use crate::snapshot::Grid;
use crate::units::{Span, len_f64};

/// When anything was done.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Past {
    /// When it was last, and how long before the end; `None` where it never was.
    pub last: Option<(Timestamp, Span)>,
    /// Share of the time in which anything was.
    pub did: f64,
    /// Days on which anything was.
    pub days: usize,
    /// Requests that wait, the mean since anything was done, where some do nearly all of that
    /// time.
    pub unserved: Option<f64>,
    pub hours: Hours,
}

/// Hours in which anything was done.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hours {
    pub known: usize,
    pub used: usize,
    /// Of the week, 0 to 167, those that are known, and those that are used.
    pub of_week: BTreeMap<u32, bool>,
    /// Whether those that are used come again, on several days or in several weeks.
    pub come_again: bool,
}

/// Since when nothing is told of devices whose pods are there still.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Silence {
    pub since: Timestamp,
    /// From then to the end of the window.
    pub span: Span,
    /// Devices that are silent.
    pub devices: f64,
}

/// An hour is used where the device did something in more than this share of it.
pub(super) const USED: f64 = 0.05;
/// Requests wait nearly all the time where some do in this share of it.
const ALWAYS: f64 = 0.8;
/// Of a server that takes no request so long, and in so many slots, something is wrong.
const BROKEN: Span = Span::HOUR;
/// Requests that are worked on, or tokens a second, above which something is.
const SERVES: f32 = 0.01;
const FEWEST: usize = 5;

/// What is known of each slot; `NaN` where nothing is.
#[derive(Default)]
pub(super) struct Slots {
    /// The most that any pod did, requests that wait, and those that are worked on.
    does: Vec<f32>,
    /// 1 where anything was done, 0 where it was not.
    works: Vec<f32>,
    waits: Vec<f32>,
    serves: Vec<f32>,
}

impl Slots {
    pub(super) fn does(&mut self, slot: u32, done: f32, works: bool) {
        keep(&mut self.does, slot, done, f32::max);
        keep(&mut self.works, slot, f32::from(u8::from(works)), f32::max);
    }

    pub(super) fn waits(&mut self, slot: u32, requests: f32) {
        keep(&mut self.waits, slot, requests, |a, b| a + b);
    }

    pub(super) fn serves(&mut self, slot: u32, requests: f32) {
        keep(&mut self.serves, slot, requests, f32::max);
    }

    pub(super) fn past(&self, grid: &Grid) -> Past {
        let known = || (0_u32..).zip(&self.works).filter(|it| !it.1.is_nan());
        let worked = || known().filter(|it| *it.1 > 0.0);
        let days: BTreeSet<i64> = worked()
            .map(|(slot, _)| grid.time(slot).as_second().div_euclid(86_400))
            .collect();
        let last = worked().map(|it| it.0).last();
        Past {
            last: last.map(|slot| (grid.time(slot), to_end(grid, slot))),
            did: len_f64(worked().count()) / len_f64(known().count().max(1)),
            days: days.len(),
            unserved: self.unserved(last, grid),
            hours: self.hours(grid),
        }
    }

    /// Of the time since anything was done, or since a request was worked on.
    fn unserved(&self, last: Option<u32>, grid: &Grid) -> Option<f64> {
        let at = |all: &[f32], slot: u32| {
            let value = all.get(usize::try_from(slot).ok()?).copied();
            value.filter(|it| !it.is_nan())
        };
        let from = last.map_or(0, |it| it + 1);
        let rests = (from..grid.len).filter(|it| at(&self.does, *it).is_some());
        let served = rests
            .clone()
            .filter(|it| at(&self.serves, *it).is_some_and(|it| it > SERVES));
        let waits = rests.filter_map(|it| at(&self.waits, it));
        let waits: Vec<f64> = waits.map(f64::from).collect();
        let some = waits.iter().filter(|it| **it >= 0.5).count();
        let step = u64::from(grid.step.as_secs());
        let lasts = u64::try_from(waits.len()).unwrap_or(0) * step >= u64::from(BROKEN.as_secs());
        let is_so = len_f64(some) >= ALWAYS * len_f64(waits.len());
        let is_broken = lasts && waits.len() >= FEWEST && is_so && served.count() == 0;
        is_broken.then(|| waits.iter().sum::<f64>() / len_f64(waits.len()))
    }

    fn hours(&self, grid: &Grid) -> Hours {
        let mut week: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
        let known = (0_u32..).zip(&self.does).filter(|it| !it.1.is_nan());
        for (slot, done) in known {
            let held = week.entry(grid.hour_of_week(slot)).or_default();
            *held = (held.0 + f64::from(u8::from(*done > ACTIVE)), held.1 + 1.0);
        }
        let all = hourly(&self.does, grid);
        Hours {
            known: all.iter().flatten().count(),
            used: all.iter().flatten().filter(|it| **it).count(),
            of_week: week
                .into_iter()
                .map(|(hour, it)| (hour, it.0 > USED * it.1))
                .collect(),
            come_again: come_again(&all),
        }
    }
}

fn keep(column: &mut Vec<f32>, slot: u32, value: f32, both: fn(f32, f32) -> f32) {
    if value.is_nan() {
        return;
    }
    let place = usize::try_from(slot).unwrap_or(0);
    if column.len() <= place {
        column.resize(place + 1, f32::NAN);
    }
    let held = column[place];
    column[place] = if held.is_nan() {
        value
    } else {
        both(held, value)
    };
}

fn to_end(grid: &Grid, slot: u32) -> Span {
    let seconds = grid.end().as_second() - grid.time(slot).as_second();
    Span::from_secs(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
}

/// Whether each hour is used, from the first slot on; `does` tells the most that was done in
/// each.
pub(super) fn hourly(does: &[f32], grid: &Grid) -> Vec<Option<bool>> {
    let of = |slot: u32| grid.time(slot).as_second().div_euclid(3_600);
    let first = of(0);
    let mut hours: Vec<(f64, f64)> = Vec::new();
    for (slot, done) in (0_u32..).zip(does) {
        let place = usize::try_from(of(slot) - first).unwrap_or(0);
        if hours.len() <= place {
            hours.resize(place + 1, (0.0, 0.0));
        }
        if !done.is_nan() {
            let held = &mut hours[place];
            *held = (held.0 + f64::from(u8::from(*done > ACTIVE)), held.1 + 1.0);
        }
    }
    let used = |it: &(f64, f64)| (it.1 > 0.0).then_some(it.0 > USED * it.1);
    hours.iter().map(used).collect()
}

/// Hours without use that part one use from the next.
const PAUSE: usize = 3;
/// Of hours that are used either time, so much more than chance must be used both times.
const AGAIN: f64 = 0.4;

/// Whether what is used is used again a day or a week later, more than chance brings it: one
/// long use, and uses at any hour, do not.
fn come_again(hours: &[Option<bool>]) -> bool {
    let known = hours.iter().flatten().count();
    let used = hours.iter().flatten().filter(|it| **it).count();
    let share = len_f64(used) / len_f64(known.max(1));
    // Of two independent hours that are used with this likelihood, how often both are where
    // either is.
    let chance = share / (2.0 - share);
    let again = |later: usize| {
        let pairs = hours.iter().zip(hours.iter().skip(later));
        let pairs = pairs.filter_map(|(now, then)| Some(((*now)?, (*then)?)));
        let (mut both, mut either) = (0_usize, 0_usize);
        for (now, then) in pairs {
            both += usize::from(now && then);
            either += usize::from(now || then);
        }
        let joint = len_f64(both) / len_f64(either.max(1));
        (joint - chance) / (1.0 - chance).max(f64::MIN_POSITIVE)
    };
    let uses = uses(hours);
    uses >= 3 && again(24) >= AGAIN || uses >= 2 && again(168) >= AGAIN
}

/// How many uses there are, with pauses between them.
fn uses(hours: &[Option<bool>]) -> usize {
    let (mut uses, mut pause) = (0, PAUSE);
    for used in hours.iter().flatten() {
        if *used {
            uses += usize::from(pause >= PAUSE);
            pause = 0;
        } else {
            pause += 1;
        }
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(count: usize, is_used: impl Fn(usize, usize) -> bool) -> Vec<Option<bool>> {
        let all = (0..count * 24).map(|hour| Some(is_used(hour / 24, hour % 24)));
        all.collect()
    }

    #[test]
    fn hours_that_come_again_are_told_from_one_long_use_and_from_chance() {
        let office = days(14, |day, hour| day % 7 < 5 && (9..18).contains(&hour));
        let once = days(7, |_, hour| hour == 3);
        let weekly = days(14, |day, hour| day % 7 == 2 && hour < 3);
        for again in [office, once, weekly] {
            assert!(come_again(&again));
        }
        let long = days(14, |day, _| (4..7).contains(&day));
        let begun = days(7, |day, _| day > 4);
        // A low-discrepancy sequence, which repeats no hour.
        let any = days(14, |day, hour| (day * 24 + hour) * 618 % 1_000 < 200);
        for not in [long, begun, any, Vec::new()] {
            assert!(!come_again(&not), "{not:?}");
        }
    }

    #[test]
    fn requests_that_wait_while_nothing_is_done_are_not_served() {
        let grid = Grid {
            start: Timestamp::UNIX_EPOCH,
            step: Span::from_secs(600),
            len: 60,
        };
        let mut slots = Slots::default();
        for slot in 0..60 {
            let done = if slot < 30 { 0.5 } else { 0.0 };
            slots.does(slot, done, slot < 30);
            slots.waits(slot, 4.0);
        }
        assert_eq!(slots.past(&grid).unserved, Some(4.0));
        slots.serves(45, 1.0);
        assert_eq!(slots.past(&grid).unserved, None);
    }
}
