//! A schedule from some days of the past.

use super::alike::Alike;
use super::days::Day;
use super::lead::Lead;
use super::making::Making;
use super::month::{MonthMaking, MonthWindow, Special};
use super::need::Need;
use super::play::{Floors, Standing};
use super::segment::{Segment, segments};
use super::window::{ROUND, Window, levels};
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
    /// The first of the month first.
    pub(super) month: Vec<MonthWindow>,
    pub(super) base: u32,
    pub(super) most: u32,
    /// Replicas that would be wanted at most if nothing bounded them.
    pub(super) needed: u32,
    pub(super) peak: f64,
}

impl Draft {
    pub(super) fn standing(&self) -> Standing {
        Standing {
            floors: Floors {
                base: self.base,
                levels: levels(&self.windows, self.base, 5),
            },
            month: self.month.clone(),
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
    /// Days of the month that are not like the weeks around them, which are not among the days.
    pub(super) month: &'a [Special<'a>],
    /// Whether no season of weeks and days is proven: what is needed at most is at all hours
    /// then.
    pub(super) is_flat: bool,
}

impl Drafting<'_> {
    /// The schedule that some days give.
    pub(super) fn draft(&self, known: &Known<'_>) -> Draft {
        let wanted = self.wanted(known.need);
        let (windows, base) = self.cut(known, &wanted, &wanted, MOST_WINDOWS);
        let high = (0..WEEK).map(|quarter| known.need.high(quarter));
        let month = self.month(known, &wanted, (&windows, base), <[u32]>::to_vec);
        let most = month.iter().map(|it| it.replicas).chain(wanted);
        let specials = known.month.iter().map(Special::peak);
        let peak = high.chain(specials).fold(0.0, f64::max);
        Draft {
            windows,
            base,
            most: most.max().unwrap_or(self.least),
            needed: whole(peak / self.capacity).max(self.least),
            peak,
            month,
        }
    }

    /// Windows of days of the month above those of the weeks, for what is asked of what such a
    /// day needs.
    fn month(
        &self,
        known: &Known<'_>,
        wanted: &[u32],
        (windows, base): (&[Window], u32),
        asked: impl Fn(&[u32]) -> Vec<u32>,
    ) -> Vec<MonthWindow> {
        let of_day = |it: &Special<'_>| -> Vec<u32> {
            let high = (0..DAY).map(|quarter| it.need.high(quarter));
            high.map(|it| self.replicas(it)).collect()
        };
        let days: Vec<Vec<u32>> = known.month.iter().map(of_day).collect();
        let most = wanted.iter().chain(days.iter().flatten()).copied().max();
        let lead = self.seconds(most.unwrap_or(self.least));
        let making = MonthMaking {
            week: known.need,
            levels: &levels(windows, base, QUARTER),
            base,
            capacity: self.capacity,
            early: early(lead),
            dwell: dwell(lead),
            change: 4.0 * CHANGE_HOURS / 2.0,
        };
        making.windows(known.month, |it| asked(&of_day(it)))
    }

    /// Windows above an autoscaler, with more than a share of the way up to the peak.
    pub(super) fn above(&self, known: &Known<'_>, cut: f64) -> (Vec<Window>, Vec<MonthWindow>) {
        let wanted = self.wanted(known.need);
        let most = wanted.iter().copied().max().unwrap_or(self.least);
        let level = f64::from(self.least) + cut * f64::from(most - self.least);
        let flat = flat(&wanted, level, self.least);
        let windows = self.cut(known, &wanted, &flat, MOST_ABOVE).0;
        let month = self.month(known, &wanted, (&windows, self.least), |day| {
            let most = day.iter().copied().max().unwrap_or(self.least);
            let level = f64::from(self.least) + cut * f64::from(most.max(self.least) - self.least);
            self::flat(day, level, self.least)
        });
        (windows, month)
    }

    /// The same as replicas over time.
    pub(super) fn standing_above(&self, known: &Known<'_>, cut: f64) -> Standing {
        let (windows, month) = self.above(known, cut);
        Standing {
            floors: Floors {
                base: self.least,
                levels: levels(&windows, self.least, 5),
            },
            month,
        }
    }

    /// Seconds that so many replicas are asked for before they are needed.
    fn seconds(&self, replicas: u32) -> u32 {
        self.lead.span(replicas).as_secs() + DETECTED
    }

    /// Replicas for each quarter of the week.
    fn wanted(&self, need: &Need) -> Vec<u32> {
        let high = (0..WEEK).map(|quarter| need.high(quarter));
        high.map(|it| self.replicas(it)).collect()
    }

    /// Replicas that hold so many cores, as far as they can be there.
    fn replicas(&self, cores: f64) -> u32 {
        let bound = self.bound.unwrap_or(u32::MAX);
        whole(cores / self.capacity).min(bound).max(self.least)
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
        if known.is_flat {
            let asked = asked.iter().copied().max();
            return (Vec::new(), asked.unwrap_or(self.least));
        }
        let lead = self.seconds(most);
        let dwell = dwell(lead);
        let making = Making {
            need: known.need,
            days: known.days,
            capacity: self.capacity,
            lead: minutes(lead),
            since: self.since,
        };
        let total: f64 = wanted.iter().map(|it| f64::from(*it)).sum();
        // A window is a stretch on each of the days that are alike, and the one after it.
        let mut change = (4.0 * CHANGE_HOURS).max(CHANGE_SHARE * total) / 2.0;
        loop {
            let each = |slot: usize| change / len_f64(self.alike.like(slot / DAY));
            let cut: Vec<Segment> = segments(asked, dwell, each);
            let base = cut.iter().map(|it| it.replicas).min().unwrap_or(self.least);
            if let Some(made) = making.at_most(windows, &cut, base) {
                return (making.plain(made, base), base);
            }
            change *= 2.0;
        }
    }
}

/// Minutes that a window begins early.
fn minutes(lead: u32) -> u32 {
    lead.div_ceil(60).min(MINUTES / 2)
}

/// The same in whole five minutes.
fn early(lead: u32) -> u32 {
    minutes(lead).div_ceil(ROUND) * ROUND
}

/// Quarters that a window lasts at least, where so many seconds are taken to be there.
fn dwell(lead: u32) -> usize {
    let dwell = lead.saturating_mul(DWELL_LEADS).div_ceil(60 * QUARTER);
    usize::try_from(dwell).unwrap_or(DAY).clamp(DWELL, DAY)
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
