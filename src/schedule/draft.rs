//! A schedule from some days of the past.

use super::alike::Alike;
use super::days::Day;
use super::lead::Lead;
use super::need::Need;
use super::play::Floors;
use super::segment::{Segment, segments};
use super::window::{Making, Window, levels};
use super::{DAY, MINUTES, QUARTER, WEEK};
use crate::units::{count_from, len_f64};

/// How far up from what is there at all times to the peak more must be needed for a window
/// above an autoscaler: what is below is left to the autoscaler. Narrower windows than the
/// first are tried as long as they do as well, and wider ones where it does not hold.
pub(super) const NARROW: [f64; 4] = [0.5, 0.6, 0.7, 0.8];
pub(super) const WIDE: [f64; 3] = [0.35, 0.2, 0.0];

/// So many windows are tried above an autoscaler: more are a schedule of its own.
const MOST_ABOVE: usize = 3;

/// A schedule has at most so many windows, however many more would save a little.
const MOST_WINDOWS: usize = 6;

/// A window lasts at least so many quarters of an hour, and four times as long as what it
/// starts takes to be there.
const DWELL: usize = 2;
const DWELL_LEADS: u32 = 4;

/// One more window must save so many replica-hours a week, or this share of all of them.
const CHANGE_HOURS: f64 = 2.0;
const CHANGE_SHARE: f64 = 0.005;

/// What an autoscaler takes until it sees a floor and acts, in seconds: KEDA's poll and a
/// sync.
pub(super) const DETECTED: u32 = 45;

/// A schedule from some days, to be held against others.
pub(super) struct Draft {
    /// The earliest of the week first.
    pub(super) windows: Vec<Window>,
    pub(super) base: u32,
    pub(super) most: u32,
    /// Replicas that would be wanted at most if nothing bounded them.
    pub(super) needed: u32,
    pub(super) peak: f64,
}

impl Draft {
    pub(super) fn floors(&self) -> Floors {
        Floors {
            base: self.base,
            levels: levels(&self.windows, self.base, 5),
        }
    }
}

/// What schedules of one workload have in common.
pub(super) struct Drafting<'a> {
    pub(super) alike: Alike,
    /// Cores that a replica holds.
    pub(super) capacity: f64,
    pub(super) lead: &'a Lead,
    /// Replicas that there are at all times.
    pub(super) least: u32,
    /// That there can be; `None` where nothing bounds them.
    pub(super) bound: Option<u32>,
    /// The local day since 1970 from which on peaks came at the times of now.
    pub(super) since: Option<i64>,
}

/// Days of the past, and what they say is needed.
pub(super) struct Known<'a> {
    pub(super) need: &'a Need,
    pub(super) days: &'a [&'a Day],
}

impl Drafting<'_> {
    /// The schedule that some days give.
    pub(super) fn draft(&self, known: &Known<'_>) -> Draft {
        let wanted = self.wanted(known.need);
        let (windows, base) = self.cut(known, &wanted, &wanted, MOST_WINDOWS);
        let high = (0..WEEK).map(|quarter| known.need.high(quarter));
        let peak = high.fold(0.0, f64::max);
        Draft {
            windows,
            base,
            most: wanted.iter().copied().max().unwrap_or(self.least),
            needed: whole(peak / self.capacity).max(self.least),
            peak,
        }
    }

    /// Windows above an autoscaler, with more than a share of the way up to the peak.
    pub(super) fn above(&self, known: &Known<'_>, cut: f64) -> Vec<Window> {
        let wanted = self.wanted(known.need);
        let most = wanted.iter().copied().max().unwrap_or(self.least);
        let level = f64::from(self.least) + cut * f64::from(most - self.least);
        let flat = flat(&wanted, level, self.least);
        self.cut(known, &wanted, &flat, MOST_ABOVE).0
    }

    /// The same as replicas over the week.
    pub(super) fn floors_above(&self, known: &Known<'_>, cut: f64) -> Floors {
        Floors {
            base: self.least,
            levels: levels(&self.above(known, cut), self.least, 5),
        }
    }

    /// Replicas for each quarter of the week.
    fn wanted(&self, need: &Need) -> Vec<u32> {
        let high = (0..WEEK).map(|quarter| need.high(quarter));
        let bound = self.bound.unwrap_or(u32::MAX);
        let wanted = high.map(|it| whole(it / self.capacity).min(bound).max(self.least));
        wanted.collect()
    }

    /// At most so many windows that hold `asked`, of what is wanted in all, and what there is
    /// outside of them.
    fn cut(
        &self,
        known: &Known<'_>,
        wanted: &[u32],
        asked: &[u32],
        windows: usize,
    ) -> (Vec<Window>, u32) {
        let most = wanted.iter().copied().max().unwrap_or(self.least);
        let lead = self.lead.span(most).as_secs() + DETECTED;
        let dwell = (lead * DWELL_LEADS).div_ceil(60 * QUARTER);
        let dwell = usize::try_from(dwell).unwrap_or(DAY).clamp(DWELL, DAY);
        let making = Making {
            need: known.need,
            days: known.days,
            capacity: self.capacity,
            lead: lead.div_ceil(60).min(MINUTES / 2),
            since: self.since,
        };
        let total: f64 = wanted.iter().map(|it| f64::from(*it)).sum();
        // A window is a stretch on each of the days that are alike, and the one after it.
        let mut change = (4.0 * CHANGE_HOURS).max(CHANGE_SHARE * total) / 2.0;
        loop {
            let each = |slot: usize| change / len_f64(self.alike.like(slot / DAY));
            let cut: Vec<Segment> = segments(asked, dwell, each);
            let base = cut.iter().map(|it| it.replicas).min().unwrap_or(self.least);
            let made = making.windows(&cut, base);
            if made.len() <= windows {
                return (making.plain(made, base), base);
            }
            change *= 2.0;
        }
    }
}

/// Each time in which more than a level is needed with the most of it, and `least` between.
fn flat(wanted: &[u32], level: f64, least: u32) -> Vec<u32> {
    let len = wanted.len();
    let high = |at: usize| f64::from(wanted[at % len]) > level;
    let mut flat = vec![least; len];
    // Around the end of the week from where one ends.
    let start = (0..len).find(|at| !high(*at)).unwrap_or(0);
    let mut at = start;
    while at < start + len {
        let width = (at..start + len).take_while(|it| high(*it)).count();
        let most = (at..at + width).map(|it| wanted[it % len]).max();
        for slot in at..at + width {
            flat[slot % len] = most.unwrap_or(least);
        }
        at += width.max(1);
    }
    flat
}

pub(super) fn whole(replicas: f64) -> u32 {
    // What is full to the last millionth is full.
    u32::try_from(count_from((replicas - 1e-6).max(0.0).ceil())).unwrap_or(u32::MAX)
}
