//! Memory limits: the peak so far, and a margin that keeps the promise on it.

use super::Asked;
use super::tail::{SMALL, Tail, upper};
use crate::cohort::Cohorts;
use crate::profile::MemoryProfile;
use crate::recommend::{Pool, Seen};
use crate::units::{Bytes, Span, count_from, len_f64};

/// Fewer days with samples than this are cut into quarters of days.
const FEWEST_DAYS: usize = 5;
/// A peak at this share of the limit has reached it.
const REACHED: f64 = 0.98;
/// A peak above this share of the limit is near it.
const NEAR: f64 = 0.67;
/// No node is so small that less than this is left above a peak.
const LEAST_MARGIN: f64 = 1.5;
/// First times that a limit was reached, and container-days without, that are
/// assumed before anything was seen: once in 4,000 days, from replays of the
/// same public trace as the prior of [`Tail`], in which it did not happen.
const PRIOR_REACHED: f64 = 0.3;
const PRIOR_DAYS: f64 = 1200.0;

/// What is advised for the memory limit of one container.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Limit {
    /// The largest working set in the window.
    pub(super) peak: Bytes,
    pub(super) size: Bytes,
    /// Probability that the horizon exceeds it, with 90 % confidence.
    pub(super) risk: f64,
    pub(super) source: Source,
}

/// Where a limit comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// A margin on the peak, from this many due records of this group.
    Margin {
        factor: f64,
        records: f64,
        cohort: Option<String>,
    },
    /// The limit that it has, which was never reached; a margin alone would
    /// have asked for this much.
    Current { wanted: Bytes },
    /// The largest node; a margin would have asked for this much.
    Node { wanted: Bytes },
}

/// A container's peaks over equal stretches of time.
struct Peaks {
    values: Vec<f64>,
    /// How many of them are one horizon.
    horizon: usize,
    /// Probability that the horizon brings a record if nothing changes.
    due: f64,
}

/// Limits for all pools, in their order; `None` without a sample.
pub(super) fn size(seen: &Seen<'_>, asked: &[Asked], horizon: Span) -> Vec<Option<Limit>> {
    let nodes = seen.snapshot.cluster.nodes.iter();
    let room = nodes.filter_map(|node| node.allocatable.memory).max();
    let peaks: Vec<Option<Peaks>> = seen
        .pools
        .iter()
        .map(|pool| Some(Peaks::of(pool.profile.memory.as_ref()?, horizon)))
        .collect();
    let own: Vec<Tail> = peaks
        .iter()
        .zip(&seen.pools)
        .map(|(peaks, pool)| {
            let peaks = peaks.as_ref();
            peaks.map_or_else(Tail::empty, |peaks| peaks.replay(pool))
        })
        .collect();
    let all = sum(own.iter()).with_prior();
    let cohorts = cohort_tails(seen.cohorts, &own, &all);
    let reached = Reached::of(seen);
    let sized = seen.pools.iter().enumerate().map(|(index, pool)| {
        let group = pool.cohort.and_then(|cohort| cohorts.get(cohort));
        let tail = group.unwrap_or(&all);
        let tail = if own[index].stands_alone() {
            own[index].within(tail)
        } else {
            tail.clone()
        };
        let peaks = peaks[index].as_ref()?;
        let risk = asked[index].limit_risk();
        let drawn = draw(pool, peaks, &tail, risk)?;
        let events = &asked[index].events;
        let kept = if events.memory_floor().is_some() {
            drawn
        } else {
            keep(drawn, pool, &reached, risk, horizon)
        };
        let fitted = fit(kept, room, peaks, &tail);
        let name = pool
            .cohort
            .and_then(|cohort| seen.cohorts.groups.get(cohort));
        Some(Limit {
            size: fitted
                .size
                .max(events.memory_floor().unwrap_or(Bytes::ZERO)),
            ..named(fitted, name.map(|cohort| cohort.name.as_str()))
        })
    });
    sized.collect()
}

impl Peaks {
    fn of(memory: &MemoryProfile, horizon: Span) -> Self {
        let known = |peaks: &[f64]| -> Vec<f64> {
            peaks
                .iter()
                .copied()
                .filter(|peak| !peak.is_nan())
                .collect()
        };
        let mut values = known(&memory.daily_peaks);
        let mut a_day = 1.0;
        if values.len() < FEWEST_DAYS {
            let quarters = memory
                .hourly_peaks
                .chunks(6)
                .map(|hours| hours.iter().copied().fold(f64::NAN, f64::max));
            values = known(&quarters.collect::<Vec<_>>());
            a_day = 4.0;
        }
        let horizon = horizon.as_days() * a_day;
        let due = horizon / (horizon + len_f64(values.len()));
        Self {
            values,
            horizon: usize::try_from(count_from(horizon)).unwrap_or(1).max(1),
            due,
        }
    }

    fn replay(&self, pool: &Pool<'_>) -> Tail {
        let limit = pool.container.limits.memory;
        let ceiling = limit.map_or(f64::INFINITY, |limit| limit.to_f64() * NEAR);
        Tail::replay(&self.values, self.horizon, ceiling)
    }
}

fn sum<'a>(tails: impl Iterator<Item = &'a Tail>) -> Tail {
    let mut total = Tail::empty();
    for tail in tails {
        total.add(tail);
    }
    total
}

fn cohort_tails(cohorts: &Cohorts, own: &[Tail], all: &Tail) -> Vec<Tail> {
    let tails = cohorts.groups.iter().map(|group| {
        let members = group.members.iter().filter_map(|member| own.get(*member));
        sum(members).within(all)
    });
    tails.collect()
}

/// The peak and the margin that keeps the promise.
fn draw(pool: &Pool<'_>, peaks: &Peaks, tail: &Tail, risk: f64) -> Option<Limit> {
    let peak = pool.profile.memory.as_ref()?.max;
    let margin = tail.margin(risk, peaks.due);
    let size = (peak.to_f64() + SMALL) * margin.factor - SMALL;
    Some(Limit {
        peak,
        size: Bytes::from_f64(size),
        risk: margin.risk,
        source: Source::Margin {
            factor: margin.factor,
            records: tail.due(),
            cohort: None,
        },
    })
}

/// A lower limit that was never reached stays, where limits like it keep the promise too.
fn keep(drawn: Limit, pool: &Pool<'_>, reached: &Reached, risk: f64, horizon: Span) -> Limit {
    let Some(current) = pool.container.limits.memory else {
        return drawn;
    };
    let used = drawn.peak.to_f64() / current.to_f64().max(1.0);
    if current >= drawn.size || used >= REACHED {
        return drawn;
    }
    let kept = reached.risk(used, horizon);
    if kept > risk {
        return drawn;
    }
    Limit {
        size: current,
        risk: kept,
        source: Source::Current { wanted: drawn.size },
        ..drawn
    }
}

/// No limit is larger than the largest node, unless the peak is nearly so: then
/// the node is larger than it says, or about to be.
fn fit(limit: Limit, room: Option<Bytes>, peaks: &Peaks, tail: &Tail) -> Limit {
    let room = room.map(|room| room.max(limit.peak.scale(LEAST_MARGIN)));
    match room {
        Some(room) if room < limit.size => {
            let factor = (room.to_f64() + SMALL) / (limit.peak.to_f64() + SMALL);
            Limit {
                size: room,
                risk: tail.risk(factor, peaks.due),
                source: Source::Node { wanted: limit.size },
                ..limit
            }
        }
        _ => limit,
    }
}

fn named(mut limit: Limit, name: Option<&str>) -> Limit {
    if let Source::Margin { cohort, .. } = &mut limit.source {
        *cohort = name.map(str::to_owned);
    }
    limit
}

/// How often limits were reached for the first time.
struct Reached {
    /// Days without, and first times: of containers far from their limit, and near it.
    days: [f64; 2],
    times: [f64; 2],
}

impl Reached {
    /// From the days of all containers that have a limit, each day seen from the
    /// days before it.
    fn of(seen: &Seen<'_>) -> Self {
        let mut reached = Self {
            days: [0.0; 2],
            times: [0.0; 2],
        };
        for pool in &seen.pools {
            if let (Some(limit), Some(memory)) =
                (pool.container.limits.memory, &pool.profile.memory)
            {
                reached.count(&memory.daily_peaks, limit.to_f64());
            }
        }
        reached
    }

    fn count(&mut self, days: &[f64], limit: f64) {
        let mut before: Option<f64> = None;
        for peak in days.iter().copied().filter(|peak| !peak.is_nan()) {
            if let Some(before) = before {
                if before >= REACHED * limit {
                    return;
                }
                let near = usize::from(before >= NEAR * limit);
                self.days[near] += 1.0;
                self.times[near] += f64::from(u8::from(peak >= REACHED * limit));
            }
            before = Some(before.unwrap_or(0.0).max(peak));
        }
    }

    /// Probability that a limit of which this share was used is reached within
    /// the horizon, with 90 % confidence.
    fn risk(&self, used: f64, horizon: Span) -> f64 {
        let near = usize::from(used >= NEAR);
        let a_day = upper(self.times[near] + PRIOR_REACHED) / (self.days[near] + PRIOR_DAYS);
        1.0 - (-a_day * horizon.as_days()).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_are_reached_often_are_not_kept() {
        let mut calm = Reached {
            days: [0.0; 2],
            times: [0.0; 2],
        };
        for _ in 0..60 {
            calm.count(&[50.0; 14], 100.0);
        }
        let quiet = calm.risk(0.5, Span::WEEK);
        for _ in 0..10 {
            calm.count(&[50.0, 60.0, 99.0], 100.0);
        }
        assert!(quiet < 0.005, "{quiet}");
        assert!(calm.risk(0.5, Span::WEEK) > 0.02);
    }
}
