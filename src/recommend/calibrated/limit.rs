//! Memory limits: the peak so far, and a margin that keeps the promise on it.

use super::Asked;
use super::peaks::Peaks;
use super::reached::{NEAR, REACHED, Reached};
use super::tail::{SMALL, Tail};
use crate::cohort::Cohorts;
use crate::recommend::event::Shift;
use crate::recommend::{Pool, Seen};
use crate::units::{Bytes, Span};

/// No node is so small that less than this is left above a peak.
const LEAST_MARGIN: f64 = 1.5;

/// What is advised for the memory limit of one container.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Limit {
    /// The largest working set in the part of the window that counts.
    pub(super) peak: Bytes,
    /// What it grows to within the horizon, where it grows: the margin is on that.
    pub(super) grown: Option<Bytes>,
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
        records: f64,
        cohort: Option<String>,
    },
    /// The limit that it has, which was never reached; a margin alone would
    /// have asked for this much.
    Current { wanted: Bytes },
    /// The largest node; a margin would have asked for this much.
    Node { wanted: Bytes },
    /// The limit that it has: what grows would only reach a lower one sooner.
    Growing { wanted: Bytes },
    /// What a kill, a hit of the limit or a start asks for; a margin alone
    /// would be lower.
    Event { wanted: Bytes },
}

/// Limits for all pools, in their order; `None` without a sample.
pub(super) fn size(seen: &Seen<'_>, asked: &[Asked], horizon: Span) -> Vec<Option<Limit>> {
    let nodes = seen.snapshot.cluster.nodes.iter();
    let room = nodes.filter_map(|node| node.allocatable.memory).max();
    let peaks: Vec<Option<Peaks>> = seen
        .pools
        .iter()
        .zip(asked)
        .map(|(pool, asked)| {
            let grid = &seen.snapshot.usage.grid;
            Peaks::of(pool, &asked.events, grid, horizon)
        })
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
        let sizing = Sizing {
            pool,
            asked: &asked[index],
            peaks: peaks[index].as_ref()?,
            tail: &tail,
        };
        let name = pool
            .cohort
            .and_then(|cohort| seen.cohorts.groups.get(cohort));
        let limit = sizing.limit(&reached, room, horizon);
        Some(named(limit, name.map(|cohort| cohort.name.as_str())))
    });
    sized.collect()
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

/// All that the limit of one container follows from.
struct Sizing<'a> {
    pool: &'a Pool<'a>,
    asked: &'a Asked,
    peaks: &'a Peaks,
    tail: &'a Tail,
}

impl Sizing<'_> {
    fn limit(&self, reached: &Reached, room: Option<Bytes>, horizon: Span) -> Limit {
        let events = &self.asked.events;
        let drawn = self.draw();
        // What a kill or a rise made of it, the calm days of others do not tell.
        let current = self.pool.container.limits.memory;
        let too_low = events
            .memory_floor()
            .is_some_and(|floor| Some(floor) > current);
        let new = events.memory_shift.as_ref().is_some_and(Shift::is_new_rise);
        let kept = if too_low || new {
            drawn
        } else {
            self.keep(drawn, reached, horizon)
        };
        let fitted = self.fit(kept, room);
        self.keep_growing(self.raise(fitted))
    }

    /// The peak, or what it grows to, and the margin that keeps the promise.
    fn draw(&self) -> Limit {
        let peak = Bytes::from_f64(self.peaks.largest);
        let grown = self
            .asked
            .events
            .growth
            .map(|growth| growth.at_horizon.max(peak));
        let margin = self.tail.margin(self.asked.limit_risk(), self.peaks.due);
        let base = grown.unwrap_or(peak);
        Limit {
            peak,
            grown,
            size: Bytes::from_f64((base.to_f64() + SMALL) * margin.factor - SMALL),
            risk: margin.risk,
            source: Source::Margin {
                records: self.tail.due(),
                cohort: None,
            },
        }
    }

    /// A lower limit that was never reached stays, where limits like it keep the
    /// promise too.
    fn keep(&self, drawn: Limit, reached: &Reached, horizon: Span) -> Limit {
        let Some(current) = self.pool.container.limits.memory else {
            return drawn;
        };
        // What grows near its limit goes on beyond it.
        let (base, near) = match drawn.grown {
            Some(grown) => (grown, NEAR),
            None => (drawn.peak, REACHED),
        };
        let used = base.to_f64() / current.to_f64().max(1.0);
        if current >= drawn.size || used >= near {
            return drawn;
        }
        let bounded = self.pool.container.heap.is_some() || self.asked.tie.is_some();
        let kept = reached.risk(used, bounded, horizon);
        if kept > self.asked.limit_risk() {
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
    fn fit(&self, limit: Limit, room: Option<Bytes>) -> Limit {
        let room = room.map(|room| room.max(limit.peak.scale(LEAST_MARGIN)));
        match room {
            Some(room) if room < limit.size => Limit {
                size: room,
                risk: self.risk_of(room, &limit),
                source: Source::Node { wanted: limit.size },
                ..limit
            },
            _ => limit,
        }
    }

    /// Not below what events ask for, even where no node has it.
    fn raise(&self, limit: Limit) -> Limit {
        match self.asked.events.memory_floor() {
            Some(floor) if floor > limit.size => Limit {
                size: floor,
                risk: self.risk_of(floor, &limit),
                source: Source::Event { wanted: limit.size },
                ..limit
            },
            _ => limit,
        }
    }

    /// A limit that costs nothing is not lowered where memory grows.
    fn keep_growing(&self, limit: Limit) -> Limit {
        let current = self.pool.container.limits.memory;
        match current.filter(|current| limit.grown.is_some() && *current > limit.size) {
            Some(current) if self.asked.tie.is_none() => Limit {
                size: current,
                risk: self.risk_of(current, &limit),
                source: Source::Growing { wanted: limit.size },
                ..limit
            },
            _ => limit,
        }
    }

    fn risk_of(&self, size: Bytes, limit: &Limit) -> f64 {
        let base = limit.grown.unwrap_or(limit.peak);
        let factor = (size.to_f64() + SMALL) / (base.to_f64() + SMALL);
        self.tail.risk(factor, self.peaks.due)
    }
}

fn named(mut limit: Limit, name: Option<&str>) -> Limit {
    if let Source::Margin { cohort, .. } = &mut limit.source {
        *cohort = name.map(str::to_owned);
    }
    limit
}
