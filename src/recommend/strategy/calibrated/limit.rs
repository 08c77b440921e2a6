//! Memory limits: the peak so far, and a margin that keeps the promise on it.

use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::Asked;
use super::peaks::Peaks;
use super::tail::{ALONG_A_LINE, SMALL, Tail, Tails};
use crate::recommend::event::Shift;
use crate::recommend::rounding::{memory_within, round_memory};
use crate::recommend::{MOST_MOVED, Pool, Seen};
use crate::units::Bytes;

/// A peak at this share of the limit has reached it.
pub(super) const REACHED: f64 = 0.98;
/// What grows beyond this share of the limit goes on beyond it.
const NEAR: f64 = 0.67;
/// How often a limit that was never reached is reached, to how often memory without
/// one grows by as much. In replays of the trace that the prior of [`Tails`] is from,
/// it happened once where 45 times were due; a tenth, because its machines make room
/// in their caches, and containers are killed.
const HELD_BELOW: f64 = 0.1;
/// What grows gets at most this above what it grows to: a leak is not to be fed.
const MOST_ABOVE_GROWTH: f64 = 1.2;
/// Where a peak nearly fills the largest node, the node is larger than it says, or
/// about to be: this much is left above the peak.
const LEAST_MARGIN: f64 = 1.05;

/// What is advised for the memory limit of one container.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Limit {
    /// The largest working set in the part of the window that counts.
    pub(super) peak: Bytes,
    /// What it grows to within the horizon, where it grows: the margin is on that.
    pub(super) grown: Option<Bytes>,
    pub(super) size: Bytes,
    /// Probability that the horizon exceeds it.
    pub(super) risk: f64,
    /// The same as replays alone say it; `None` where it is not from them.
    pub(super) replayed: Option<f64>,
    /// What earlier runs made of its size as it is written, as a multiple; 1 where they
    /// made nothing.
    pub(super) taught: f64,
    pub(super) source: Source,
}

/// Where a limit comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// A margin on the peak, from this many due records of histories like it.
    Margin { records: f64 },
    /// The limit that it has, which was never reached; a margin alone would
    /// have asked for this much.
    Current { wanted: Bytes },
    /// The largest node; a margin would have asked for this much.
    Node { wanted: Bytes },
    /// The limit that it has: what grows would only reach a lower one sooner.
    Growing { wanted: Bytes },
    /// The limit that it has: a leak rises to any.
    Leak,
    /// What a kill, a hit of the limit or a start asks for; a margin alone
    /// would be lower.
    Event { wanted: Bytes },
}

/// Limits for all pools, in their order; `None` without a sample.
pub(super) fn size(seen: &Seen<'_>, asked: &[Asked]) -> Vec<Option<Limit>> {
    let nodes = seen.snapshot.cluster.nodes.iter();
    let room = nodes.filter_map(|node| node.allocatable.memory).max();
    let peaks: Vec<Option<Peaks>> = seen
        .pools
        .par_iter()
        .zip(asked)
        .map(|(pool, asked)| {
            let grid = &seen.snapshot.usage.grid;
            Peaks::of(pool, &asked.events, grid, seen.horizon)
        })
        .collect();
    let mut tails = Tails::prior();
    for (peaks, pool) in peaks.iter().zip(&seen.pools) {
        if let Some(peaks) = peaks {
            peaks.replay(pool, &mut tails);
        }
    }
    let sized = seen.pools.par_iter().enumerate().map(|(index, pool)| {
        let peaks = peaks[index].as_ref()?;
        let sizing = Sizing {
            pool,
            asked: &asked[index],
            peaks,
            tail: &tail_of(peaks, pool, &asked[index], &tails),
        };
        Some(sizing.limit(room))
    });
    sized.collect()
}

/// What histories like this one say, and a long one says of itself.
fn tail_of(peaks: &Peaks, pool: &Pool<'_>, asked: &Asked, tails: &Tails) -> Tail {
    let grows = asked.events.growth.is_some();
    let spread = if grows { ALONG_A_LINE } else { peaks.spread };
    let alike = tails.at(spread);
    // Most histories are too short to say anything alone, however they went.
    if !peaks.may_stand_alone() {
        return alike;
    }
    let mut own = Tails::empty();
    peaks.replay(pool, &mut own);
    let own = own.all();
    if own.stands_alone() {
        own.within(&alike)
    } else {
        alike
    }
}

/// All that the limit of one container follows from.
struct Sizing<'a> {
    pool: &'a Pool<'a>,
    asked: &'a Asked,
    peaks: &'a Peaks,
    tail: &'a Tail,
}

impl Sizing<'_> {
    /// With what earlier runs taught, by no more than its bounds of the size without it.
    fn limit(&self, room: Option<Bytes>) -> Limit {
        let untaught = self.follow(1.0, room);
        let limit = match &self.asked.taught.memory {
            Some(lesson) => self.within(untaught, self.follow(lesson.factor, room)),
            None => untaught,
        };
        self.trust(limit)
    }

    /// The taught limit, or the one nearest to it that the bounds allow, of sizes as they
    /// are written.
    fn within(&self, untaught: Limit, taught: Limit) -> Limit {
        let current = self.pool.container.limits.memory;
        let written = |size: Bytes| {
            if current == Some(size) {
                size
            } else {
                round_memory(size)
            }
        };
        let (from, wanted) = (written(untaught.size), written(taught.size));
        let size = memory_within(from, wanted, MOST_MOVED);
        let times = size.to_f64() / from.to_f64().max(1.0);
        if size == wanted {
            return Limit {
                taught: times,
                ..taught
            };
        }
        if size == from {
            return untaught;
        }
        // Between the two it is a margin where either of them is.
        let limit = match taught.source {
            Source::Margin { .. } => taught,
            _ => untaught,
        };
        Limit {
            size,
            risk: self.risk_of(size, &limit),
            taught: times,
            ..limit
        }
    }

    /// What the limit would be where replayed risks count so many times.
    fn follow(&self, taught: f64, room: Option<Bytes>) -> Limit {
        let events = &self.asked.events;
        let drawn = self.draw(taught);
        if let (Some(leak), Some(current)) = (&events.sawtooth, self.pool.container.limits.memory) {
            return Limit {
                size: current.max(leak.limit),
                risk: 1.0 - (-self.asked.targets.horizon.as_days() / leak.days.max(0.01)).exp(),
                replayed: None,
                source: Source::Leak,
                ..drawn
            };
        }
        // What a kill or a rise made of it, the calm days of others do not tell.
        let current = self.pool.container.limits.memory;
        let too_low = events
            .memory_floor()
            .is_some_and(|floor| Some(floor) > current);
        let new = events.memory_shift.as_ref().is_some_and(Shift::is_new_rise);
        let kept = if too_low || new {
            drawn
        } else {
            self.keep(drawn, taught)
        };
        let fitted = self.fit(self.raise(kept), room);
        self.keep_growing(fitted)
    }

    /// The risk as earlier runs say that it comes.
    fn trust(&self, limit: Limit) -> Limit {
        if limit.source == Source::Leak {
            return limit;
        }
        Limit {
            replayed: Some(limit.risk),
            risk: (limit.risk * self.asked.taught.memory_factor()).min(1.0),
            ..limit
        }
    }

    /// The peak, or what it grows to, and the margin that keeps the promise.
    fn draw(&self, taught: f64) -> Limit {
        let peak = Bytes::from_f64(self.peaks.largest);
        let grown = self
            .asked
            .events
            .growth
            .map(|growth| growth.at_horizon.max(peak));
        // The risk that replays may say, so that what comes is what is allowed.
        let drawn = |risk: f64| {
            let margin = self.tail.margin(risk, self.peaks.due);
            match grown {
                Some(_) => margin.factor.min(MOST_ABOVE_GROWTH),
                None => margin.factor,
            }
        };
        let base = grown.unwrap_or(peak).to_f64() + SMALL;
        let factor = drawn(self.asked.limit_risk() / taught);
        Limit {
            peak,
            grown,
            size: Bytes::from_f64(base * factor - SMALL),
            risk: self.tail.risk(factor, self.peaks.due),
            replayed: None,
            taught: 1.0,
            source: Source::Margin {
                records: self.tail.due(),
            },
        }
    }

    /// A limit that was never reached stays while it keeps the promise: that memory
    /// has come near it and gone no further says that it is enough.
    fn keep(&self, drawn: Limit, taught: f64) -> Limit {
        let Some(current) = self.pool.container.limits.memory else {
            return drawn;
        };
        let (base, near) = match drawn.grown {
            Some(grown) => (grown, NEAR),
            None => (drawn.peak, REACHED),
        };
        let used = base.to_f64() / current.to_f64().max(1.0);
        if current >= drawn.size || used >= near {
            return drawn;
        }
        // What bounds itself when it comes close, as runtimes with a heap do, is held
        // back once more.
        let bounded = self.pool.container.heap.is_some();
        let held = if bounded {
            HELD_BELOW.powi(2)
        } else {
            HELD_BELOW
        };
        let risk = self.risk_of(current, &drawn) * held;
        if risk * taught > self.asked.targets.memory_over_limit {
            return drawn;
        }
        Limit {
            size: current,
            risk,
            source: Source::Current { wanted: drawn.size },
            ..drawn
        }
    }

    /// No limit is larger than the largest node.
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

    /// Not below what events ask for.
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
