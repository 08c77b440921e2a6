//! The memory limit that goes with a heap.

use super::need::{self, beside, limit_of};
use super::words;
use super::{Planned, named, peak, place};
use crate::recommend::rounding::round_memory;
use crate::recommend::{Advice, Options};
use crate::snapshot::{Heap, HeapSetting, HeapSize};
use crate::units::Bytes;

/// A smaller heap is proposed from this share of the present one on: what is
/// saved has to be worth a change of how the program runs. Ours.
pub(super) const WORTH: f64 = 0.8;

/// One container with a heap setting, and the limit that its use alone would get.
pub(super) struct Case<'p, 'a> {
    pub(super) planned: &'p mut Planned<'a>,
    pub(super) heap: &'a Heap,
    pub(super) now: Option<Bytes>,
    pub(super) wanted: Bytes,
    /// After a kill for memory or a hit of the limit: what the limit must not be below.
    pub(super) floor: Option<Bytes>,
    /// The autoscaler that holds a target of its memory.
    pub(super) scaled_by: Option<&'a str>,
    /// Where memory that only rises will be.
    rises_to: Option<Bytes>,
}

/// Puts the limit where the heap below it has room.
pub(super) fn make(planned: &mut Planned<'_>, options: &Options) {
    let Some(heap) = planned.pool.container.heap.as_ref() else {
        return;
    };
    let Advice::Set(wanted) = planned.sizing.memory_limit else {
        return keep_bound(planned, heap);
    };
    let mut case = Case {
        heap,
        now: planned.now().memory_limit,
        wanted,
        floor: planned
            .pool
            .events
            .memory_shortage()
            .map(|short| short.floor),
        scaled_by: scaled_by(planned),
        rises_to: planned.pool.events.growth.map(|growth| growth.at_horizon),
        planned,
    };
    match heap.size() {
        Some(HeapSize::Fixed(size)) => case.fixed(size),
        Some(HeapSize::Share(percent)) => case.share(percent),
        None => case.unknown(),
    }
    follow(planned, wanted, options);
}

/// Without a limit the node is what a share is of.
fn keep_bound(planned: &mut Planned<'_>, heap: &Heap) {
    let removed = planned.sizing.memory_limit == Advice::Unset;
    let Some(now) = planned.now().memory_limit.filter(|_| removed) else {
        return;
    };
    let text = match heap.size() {
        Some(HeapSize::Fixed(_)) => return,
        Some(HeapSize::Share(percent)) => format!(
            "{} is {percent}% of the limit, and would be of the node: memory limit stays {} and \
             is not removed",
            named(heap),
            now.human()
        ),
        None => words::unknown(heap, now, None),
    };
    planned.sizing.memory_limit = Advice::Keep;
    planned.say("heap_setting", text);
}

/// Scaled on memory, a smaller heap could keep use below where it scales.
fn scaled_by<'a>(planned: &Planned<'a>) -> Option<&'a str> {
    let container = planned.pool.container;
    let autoscaler = planned.pool.workload.autoscaler.as_ref()?;
    let mut metrics = autoscaler.metrics.iter();
    let holds = metrics.any(|metric| {
        let about = metric.container.as_ref();
        metric.name == "memory" && about.is_none_or(|name| *name == container.name)
    });
    holds.then_some(autoscaler.name.as_str())
}

impl Case<'_, '_> {
    fn fixed(&mut self, size: Bytes) {
        let setting = self.heap.setting;
        let need = limit_of(setting, size);
        let least = match (self.floor, self.now) {
            (Some(floor), _) => {
                let text = words::starved(self.heap, size, self.now);
                self.planned.say("heap_setting", text);
                floor.max(need)
            }
            // Without a kill the heap is no reason for more than there is.
            (None, Some(now)) => need.min(now),
            (None, None) => need,
        };
        // `GOMEMLIMIT` is aimed at, and no bound. Past a full heap it is all else
        // that rises.
        let peak = peak(self.planned);
        let rises_to = self.rises_to.filter(|_| peak > size);
        let bound = need::bound(setting, size, peak)
            .max(least)
            .max(rises_to.unwrap_or(Bytes::ZERO));
        if setting != HeapSetting::GoMemLimit && self.wanted > bound {
            return self.lower_to(bound, size);
        }
        match self.smaller(size) {
            Some((heap, limit)) if self.can_change(HeapSize::Fixed(heap)) => {
                let text = format!(
                    "{} allows {}, and what was used needs {} with its margin: both can be lower, \
                     and {} stay beside the heap: memory limit {} to {}",
                    named(self.heap),
                    size.human(),
                    heap.human(),
                    beside(setting, heap).human(),
                    self.wanted.human(),
                    limit.human(),
                );
                self.set(limit, text);
            }
            smaller => self.raise_to(least, size, smaller),
        }
    }

    /// A heap that holds what was used, with the margin of the whole limit, and
    /// the limit for it; `None` where that is not worth it.
    fn smaller(&self, size: Bytes) -> Option<(Bytes, Bytes)> {
        if self.floor.is_some() || self.scaled_by.is_some() {
            return None;
        }
        let needed = self.wanted.max(peak(self.planned)).max(need::LEAST);
        let heap = round_memory(needed);
        let limit = limit_of(self.heap.setting, heap);
        let worth = heap.to_f64() < WORTH * size.to_f64();
        (worth && limit < self.now?).then_some((heap, limit))
    }

    pub(super) fn can_change(&self, heap: HeapSize) -> bool {
        let container = self.planned.pool.container;
        container.in_template
            && self.planned.pool.workload.patch.is_some()
            && self.heap.resized(heap).is_some()
    }

    /// A margin for use without a bound asks for more than a full heap can take.
    fn lower_to(&mut self, bound: Bytes, size: Bytes) {
        let why = format!(
            "{} allows {}, so all that is used is {} at most",
            named(self.heap),
            size.human(),
            bound.human()
        );
        let wanted = self.wanted.human();
        match self.now.filter(|now| *now >= bound) {
            Some(now) if self.wanted > now => {
                self.planned.sizing.memory_limit = Advice::Keep;
                let text = format!("{why}: memory limit stays {}, not {wanted}", now.human());
                self.planned.say("heap_setting", text);
            }
            // What the margin cuts is cut, and no more.
            Some(_) => {}
            None => {
                let text = format!("{why}: memory limit {wanted} to {}", bound.human());
                self.set(bound, text);
            }
        }
    }

    /// No limit below `least`, and what would have to be changed for a lower one.
    fn raise_to(&mut self, least: Bytes, size: Bytes, smaller: Option<(Bytes, Bytes)>) {
        if self.wanted >= least {
            return;
        }
        let next = match (smaller, self.scaled_by) {
            (Some((heap, limit)), _) => {
                let setting = self.heap.setting.with(HeapSize::Fixed(heap));
                let place = place(self.heap);
                let limit = limit.human();
                format!("; to lower both, set `{setting}` {place} and a limit of {limit}")
            }
            (None, Some(name)) => {
                format!("; it stays, since autoscaler `{name}` scales on its memory")
            }
            (None, None) => String::new(),
        };
        let why = format!(
            "{} allows {}, and {} are needed beside it",
            named(self.heap),
            size.human(),
            beside(self.heap.setting, size).human(),
        );
        match self.now {
            // A round size above would be a raise.
            Some(now) if least <= now && round_memory(least) >= now => {
                self.planned.sizing.memory_limit = Advice::Keep;
                let now = now.human();
                let text = format!("{why}: memory limit stays {now}{next}");
                self.planned.say("heap_setting", text);
            }
            _ => {
                let (wanted, room) = (self.wanted.human(), least.human());
                let text = format!("{why}: memory limit {wanted} to {room}{next}");
                self.set(least, text);
            }
        }
    }

    /// A setting without a known size may need all of the limit there is.
    fn unknown(&mut self) {
        let Some(now) = self.now.filter(|now| self.wanted < *now) else {
            return;
        };
        self.planned.sizing.memory_limit = Advice::Keep;
        let text = words::unknown(self.heap, now, Some(self.wanted));
        self.planned.say("heap_setting", text);
    }

    pub(super) fn set(&mut self, limit: Bytes, text: String) {
        self.planned.sizing.memory_limit = Advice::Set(limit);
        self.planned.say("heap_setting", text);
    }
}

/// A request that is tied to the limit by the policy goes with it.
fn follow(planned: &mut Planned<'_>, wanted: Bytes, options: &Options) {
    let tied = options.tie_memory && planned.sizing.memory_request == Advice::Set(wanted);
    if let (true, Some(limit)) = (tied, planned.after().memory_limit)
        && limit != wanted
    {
        planned.sizing.memory_request = Advice::Set(limit);
        let text = format!(
            "memory request {} to {}, tied to the limit",
            wanted.human(),
            limit.human()
        );
        planned.say("heap_setting", text);
    }
}
