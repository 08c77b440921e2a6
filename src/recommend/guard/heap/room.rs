//! The memory limit that goes with a heap.

use super::need::{self, beside, limit_of};
use super::{Planned, named, peak, place, share};
use crate::recommend::event;
use crate::recommend::guard::round_memory;
use crate::recommend::{Advice, Goal, Options};
use crate::snapshot::{Grid, Heap, HeapPlace, HeapSetting, HeapSize};
use crate::units::Bytes;

/// A smaller heap is proposed from this share of the present one on: what is
/// saved has to be worth a change of how the program runs. Ours.
const WORTH: f64 = 0.8;

/// What may be used beside a heap ÷ what was seen beyond its size. Ours.
const UNSEEN: f64 = 2.0;

/// One container with a heap setting, and the limit that its use alone would get.
struct Case<'p, 'a> {
    planned: &'p mut Planned<'a>,
    heap: &'a Heap,
    now: Option<Bytes>,
    wanted: Bytes,
    /// Killed for its memory, or held at its limit.
    starved: bool,
}

/// Puts the limit where the heap below it has room.
pub(super) fn make(planned: &mut Planned<'_>, grid: &Grid, options: &Options) {
    let (Some(heap), Advice::Set(wanted)) = (
        planned.pool.container.heap.as_ref(),
        planned.sizing.memory_limit,
    ) else {
        return;
    };
    let starved = event::is_memory_starved(&planned.pool, grid);
    let now = planned.now().memory_limit;
    let mut case = Case {
        planned,
        heap,
        now,
        wanted,
        starved,
    };
    match heap.size() {
        Some(HeapSize::Fixed(size)) => case.fixed(size),
        Some(HeapSize::Share(percent)) => {
            let limit = share::limit(heap.setting, percent, now, wanted, starved);
            case.share(percent, limit);
        }
        None => case.unknown(),
    }
    follow(planned, wanted, options);
}

impl Case<'_, '_> {
    fn fixed(&mut self, size: Bytes) {
        let setting = self.heap.setting;
        let need = limit_of(setting, size);
        if self.starved {
            let text = starved(self.heap, size, self.now);
            self.planned.say("heap_setting", text);
            self.raise_to(need, size, None);
            return;
        }
        // `GOMEMLIMIT` is aimed at, and no bound.
        let hard = setting != HeapSetting::GoMemLimit;
        let most = self.now.map(|now| self.bound(size).max(now));
        if let (true, Some(most)) = (hard, most.filter(|most| *most < self.wanted)) {
            return self.bounded(size, most);
        }
        // Without a kill the heap is no reason for more than there is.
        let floor = self.now.map_or(need, |now| need.min(now));
        let smaller = self.smaller(size);
        match smaller {
            Some((heap, limit)) if self.can_change(heap) => {
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
            smaller => self.raise_to(floor, size, smaller),
        }
    }

    /// The most that is used: a full heap, and beside it what it needs, or more
    /// than that by far where more was seen.
    fn bound(&self, size: Bytes) -> Bytes {
        let seen = peak(self.planned).minus(size).scale(UNSEEN);
        size.plus(beside(self.heap.setting, size).max(seen))
    }

    /// A margin for use without a bound asks for more than a full heap can take.
    fn bounded(&mut self, size: Bytes, most: Bytes) {
        let bound = self.bound(size).human();
        let why = format!(
            "{} allows {}, so all that is used is {bound} at most",
            named(self.heap),
            size.human()
        );
        let wanted = self.wanted.human();
        if Some(most) == self.now {
            self.planned.sizing.memory_limit = Advice::Keep;
            let text = format!("{why}: memory limit stays {}, not {wanted}", most.human());
            self.planned.say("heap_setting", text);
        } else {
            self.set(
                most,
                format!("{why}: memory limit {wanted} to {}", most.human()),
            );
        }
    }

    /// A heap that holds what was used, with the margin of the whole limit, and
    /// the limit for it; `None` where that is not worth it.
    fn smaller(&self, size: Bytes) -> Option<(Bytes, Bytes)> {
        let needed = self.wanted.max(peak(self.planned)).max(need::LEAST);
        let heap = round_memory(needed);
        let limit = limit_of(self.heap.setting, heap);
        let worth = heap.to_f64() < WORTH * size.to_f64();
        (worth && limit < self.now?).then_some((heap, limit))
    }

    fn can_change(&self, heap: Bytes) -> bool {
        let container = self.planned.pool.container;
        container.in_template
            && self.planned.pool.workload.patch.is_some()
            && self.heap.resized(HeapSize::Fixed(heap)).is_some()
    }

    /// No limit below `floor`, and what would have to be changed for a lower one.
    fn raise_to(&mut self, floor: Bytes, size: Bytes, smaller: Option<(Bytes, Bytes)>) {
        if self.wanted >= floor {
            return;
        }
        let next = smaller.map_or_else(String::new, |(heap, limit)| {
            let setting = self.heap.setting.with(HeapSize::Fixed(heap));
            format!(
                "; to lower both, set `{setting}` {} and a limit of {}",
                place(self.heap),
                limit.human()
            )
        });
        let why = format!(
            "{} allows {}, and {} are needed beside it",
            named(self.heap),
            size.human(),
            beside(self.heap.setting, size).human(),
        );
        match self.now {
            // A round size above would be a raise.
            Some(now) if floor <= now && round_memory(floor) >= now => {
                self.planned.sizing.memory_limit = Advice::Keep;
                let now = now.human();
                let text = format!("{why}: memory limit stays {now}{next}");
                self.planned.say("heap_setting", text);
            }
            _ => {
                let (wanted, room) = (self.wanted.human(), floor.human());
                let text = format!("{why}: memory limit {wanted} to {room}{next}");
                self.set(floor, text);
            }
        }
    }

    fn share(&mut self, percent: f64, limit: Option<Bytes>) {
        let named = named(self.heap);
        let now = self.now.map_or("none".to_owned(), Bytes::human);
        match limit {
            Some(limit) if limit == self.wanted => {}
            Some(limit) => {
                let text = format!(
                    "{named} makes {percent}% of the limit the heap, which has to hold {}: \
                     memory limit {} to {}",
                    self.wanted.human(),
                    self.wanted.human(),
                    limit.human(),
                );
                self.set(limit, text);
            }
            None => {
                self.planned.sizing.memory_limit = Advice::Keep;
                let text = format!(
                    "{named} makes {percent}% of the limit the heap, so what is used follows the \
                     limit: it stays {now}",
                );
                self.planned.say("heap_setting", text);
            }
        }
    }

    /// A setting without a known size may need all of the limit there is.
    fn unknown(&mut self) {
        let Some(now) = self.now.filter(|now| self.wanted < *now) else {
            return;
        };
        self.planned.sizing.memory_limit = Advice::Keep;
        let text = match &self.heap.place {
            Some(HeapPlace::Reference { name }) => format!(
                "the value of `{name}` is not in the pod template, and may size a heap: memory \
                 limit stays {}, not {}; lower both together",
                now.human(),
                self.wanted.human()
            ),
            _ => format!(
                "{} has a size that stands elsewhere: memory limit stays {}, not {}; lower both \
                 together",
                named(self.heap),
                now.human(),
                self.wanted.human()
            ),
        };
        self.planned.say("heap_setting", text);
    }

    fn set(&mut self, limit: Bytes, text: String) {
        self.planned.sizing.memory_limit = Advice::Set(limit);
        self.planned.say("heap_setting", text);
    }
}

/// A request that is tied to the limit by the goal goes with it.
fn follow(planned: &mut Planned<'_>, wanted: Bytes, options: &Options) {
    let tied = options.goal == Goal::Reliability
        && options.strategy.heeds_goal()
        && planned.sizing.memory_request == Advice::Set(wanted);
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

/// Whether it was the heap that took the memory, and what helps.
fn starved(heap: &Heap, size: Bytes, limit: Option<Bytes>) -> String {
    let named = named(heap);
    let left = limit.map_or(Bytes::ZERO, |limit| limit.minus(size));
    let tight = left < beside(heap.setting, size);
    match (heap.setting, tight) {
        (HeapSetting::GoMemLimit, true) => format!(
            "{named} of {} leaves {} below the limit for peaks: the limit has to grow, and \
             `GOMEMLIMIT` to stay",
            size.human(),
            left.human()
        ),
        (HeapSetting::GoMemLimit, false) => format!(
            "more was used than {named} of {} aims at: what is live does not fit in it",
            size.human()
        ),
        (_, true) => format!(
            "{named} of {} leaves {} of the limit for all else: the limit has to grow; a larger \
             heap alone would make it worse",
            size.human(),
            left.human()
        ),
        (_, false) => format!(
            "{named} of {} leaves {} of the limit: what grows is not the heap, so another `{}` \
             does not help",
            size.human(),
            left.human(),
            heap.setting.name()
        ),
    }
}
