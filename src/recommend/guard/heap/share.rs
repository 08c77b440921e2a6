//! Heaps that are a share of the limit, and move with it.

use super::need::{beside, bound, heap_of, limit_of};
use super::room::{Case, WORTH};
use super::{Planned, named, peak, place};
use crate::recommend::Advice;
use crate::recommend::rounding::round_memory;
use crate::snapshot::{Heap, HeapSetting, HeapSize};
use crate::units::Bytes;

/// No share is lowered below this percentage: the runtime's own default.
const LEAST: f64 = 25.0;
/// And none is raised above this one, which leaves a quarter of the heap beside it.
const MOST: f64 = 80.0;

/// What is known of a container whose heap is a share of its limit.
struct Asked<'a> {
    heap: &'a Heap,
    percent: f64,
    now: Option<Bytes>,
    /// The limit that its use alone would get.
    wanted: Bytes,
    peak: Bytes,
    /// After a kill for memory or a hit of the limit.
    floor: Option<Bytes>,
}

impl Asked<'_> {
    /// The limit; `None` where the present one is to stay.
    ///
    /// All of what is wanted has to fit in the heap, since nobody knows how much
    /// of it was: a cut goes no further. A raise needs more than a high use, which
    /// the share itself brings about: each raise would be filled and ask for the
    /// next. After a kill it is room beside the heap that is needed.
    fn limit(&self) -> Option<Bytes> {
        let (setting, wanted) = (self.heap.setting, self.wanted);
        // Beyond the most that the heap takes it is all else.
        let held = self.heap.most().map_or(wanted, |most| wanted.min(most));
        let whole = held.scale(100.0 / self.percent);
        let roomy = whole.max(wanted.plus(beside(setting, wanted)));
        match (self.now, self.floor) {
            (None, _) => Some(roomy),
            (Some(now), Some(floor)) => {
                let heap = self.heap.under(Some(now)).unwrap_or(now);
                let enough = bound(setting, heap, self.peak).max(floor);
                Some(wanted.min(enough).max(now))
            }
            (Some(now), None) => (roomy < now).then_some(roomy),
        }
    }
}

impl Case<'_, '_> {
    /// Puts the limit where the share has room, or the share where the limit may be.
    pub(super) fn share(&mut self, percent: f64) {
        let asked = Asked {
            heap: self.heap,
            percent,
            now: self.now,
            wanted: self.wanted,
            peak: peak(self.planned),
            floor: self.floor,
        };
        let limit = asked.limit();
        let is_cut = limit.zip(self.now).is_some_and(|(limit, now)| limit < now);
        let limit = limit.filter(|_| !is_cut || self.scaled_by.is_none());
        let why = format!("{} is {percent}% of the limit", named(self.heap));
        let wanted = self.wanted.human();
        let larger = self.larger_share(limit.or(self.now));
        match (limit, &larger) {
            (_, Some(larger)) if self.can_change(larger.size) => {
                let text = format!(
                    "{why}, and a larger share of a lower one holds {}: memory limit {wanted} to {}",
                    larger.heap.human(),
                    larger.limit.human()
                );
                self.set(larger.limit, text);
            }
            (Some(limit), _) if limit == self.wanted => {}
            (Some(limit), _) if self.floor.is_some() => {
                let limit_now = limit.human();
                let text = format!("{why}: memory limit {wanted} to {limit_now} is room enough");
                self.set(limit, text);
            }
            (Some(limit), _) => {
                let after = limit.human();
                let next = self.next(larger);
                let text = format!(
                    "{why}, and has to hold {wanted}: memory limit {wanted} to {after}{next}"
                );
                self.set(limit, text);
            }
            (None, _) => {
                self.planned.sizing.memory_limit = Advice::Keep;
                let now = self.now.map_or("none".to_owned(), Bytes::human);
                let next = self.next(larger);
                let text = match self.scaled_by {
                    Some(name) if is_cut => format!(
                        "{why}, and autoscaler `{name}` scales on its memory: memory limit stays {now}"
                    ),
                    _ if self.now.is_some_and(|now| self.wanted < now) => format!(
                        "{why}, and has to hold {wanted}: memory limit stays {now}, not {wanted}{next}"
                    ),
                    _ => format!("{why}, so what is used follows it: memory limit stays {now}"),
                };
                self.planned.say("heap_setting", text);
            }
        }
    }

    /// A limit well below `other` under which a larger share holds what the heap of now
    /// does, as far as that is wanted; `None` where there is none.
    fn larger_share(&self, other: Option<Bytes>) -> Option<Larger> {
        if self.floor.is_some() || self.scaled_by.is_some() {
            return None;
        }
        let wanted = self.wanted.max(peak(self.planned));
        let heap = self.heap.under(self.now)?.min(wanted);
        let limit = round_memory(limit_of(self.heap.setting, heap).max(wanted));
        let worth = limit.to_f64() < WORTH * other?.min(self.now?).to_f64();
        let size = match self.heap.setting {
            HeapSetting::NodeMaxOldSpace => HeapSize::Fixed(heap),
            _ => HeapSize::Share(same_heap(heap, limit)),
        };
        worth.then_some(Larger { limit, heap, size })
    }

    /// What a person may do instead.
    fn next(&self, larger: Option<Larger>) -> String {
        larger.map_or_else(String::new, |larger| {
            format!(
                "; a limit of {} takes `{}` {}, for a heap of {}",
                larger.limit.human(),
                self.heap.setting.with(larger.size),
                place(self.heap),
                larger.heap.human(),
            )
        })
    }
}

/// A lower limit with a larger share.
struct Larger {
    limit: Bytes,
    heap: Bytes,
    size: HeapSize,
}

/// The size that goes with the limit that all guards have left; `None` where nothing
/// changes.
pub(super) fn moved(planned: &Planned<'_>, heap: &Heap, percent: f64) -> Option<HeapSize> {
    let (now, after) = (planned.now().memory_limit?, planned.after().memory_limit?);
    if after > now {
        planned.pool.events.memory_shortage()?;
        return lowered(percent, now, after).map(HeapSize::Share);
    }
    let (before, then) = (heap.under(Some(now))?, heap.under(Some(after))?);
    let needed = planned.draft.memory_limit.value().unwrap_or(peak(planned));
    if then >= needed.min(before) {
        return None;
    }
    if heap.setting == HeapSetting::NodeMaxOldSpace {
        let fits = heap_of(heap.setting, after, peak(planned)).min(before);
        return (fits > then).then_some(HeapSize::Fixed(fits));
    }
    let kept = same_heap(before, after);
    (kept > percent).then_some(HeapSize::Share(kept))
}

/// The share under which the heap stays as large as it is while the limit grows
/// after a kill: what is added is room beside it.
fn lowered(percent: f64, now: Bytes, after: Bytes) -> Option<f64> {
    let kept = (percent * now.to_f64() / after.to_f64()).floor();
    (kept >= LEAST).then_some(kept)
}

/// The share of a limit that a heap is, as far as room stays beside it.
fn same_heap(heap: Bytes, limit: Bytes) -> f64 {
    (100.0 * heap.to_f64() / limit.to_f64()).floor().min(MOST)
}
