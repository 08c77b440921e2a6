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
    pub(super) peak: f64,
}

impl Draft {
    /// With so many of its windows, or without a base of its own where an autoscaler is
    /// below them.
    pub(super) fn floors(&self, windows: usize, least: Option<u32>) -> Floors {
        let base = least.unwrap_or(self.base);
        Floors {
            base,
            levels: levels(&self.highest(windows), base, 5),
        }
    }

    /// The windows with the most replicas, the earliest of the week first.
    pub(super) fn highest(&self, count: usize) -> Vec<Window> {
        let mut windows = self.windows.clone();
        windows.sort_by_key(|it| std::cmp::Reverse(it.replicas));
        windows.truncate(count);
        windows.sort_by_key(|it| (it.days.iter().next(), it.start, it.end));
        windows
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
}

impl Drafting<'_> {
    /// The schedule that some days give.
    pub(super) fn draft(&self, need: &Need, days: &[&Day]) -> Draft {
        let Self {
            alike,
            capacity,
            lead,
            least,
        } = *self;
        let high: Vec<f64> = (0..WEEK).map(|quarter| need.high(quarter)).collect();
        let wanted: Vec<u32> = high
            .iter()
            .map(|it| whole(it / capacity).max(least))
            .collect();
        let most = wanted.iter().copied().max().unwrap_or(least);
        let lead = lead.span(most).as_secs() + DETECTED;
        let dwell = (lead * DWELL_LEADS).div_ceil(60 * QUARTER);
        let dwell = usize::try_from(dwell).unwrap_or(DAY).clamp(DWELL, DAY);
        let making = Making {
            need,
            alike,
            days,
            capacity,
            lead: lead.div_ceil(60).min(MINUTES / 2),
        };
        let total: f64 = wanted.iter().map(|it| f64::from(*it)).sum();
        // A window is a stretch on each of the days that are alike, and the one after it.
        let mut change = (4.0 * CHANGE_HOURS).max(CHANGE_SHARE * total) / 2.0;
        loop {
            let each = |slot: usize| change / len_f64(alike.like(slot / DAY));
            let cut: Vec<Segment> = segments(&wanted, dwell, each);
            let base = cut.iter().map(|it| it.replicas).min().unwrap_or(least);
            let windows = making.windows(&cut, base);
            if windows.len() <= MOST_WINDOWS {
                return Draft {
                    windows,
                    base,
                    most,
                    peak: high.iter().copied().fold(0.0, f64::max),
                };
            }
            change *= 2.0;
        }
    }
}

fn whole(replicas: f64) -> u32 {
    // What is full to the last millionth is full.
    u32::try_from(count_from((replicas - 1e-6).max(0.0).ceil())).unwrap_or(u32::MAX)
}
