//! Heaps that are a share of the limit, and move with it.

use super::Planned;
use super::need::{beside, bound};
use crate::recommend::event;
use crate::snapshot::{Grid, HeapSetting};
use crate::units::Bytes;

/// No share is lowered below this percentage: the runtime's own default.
const LEAST: f64 = 25.0;

/// What is known of a container whose heap is a share of its limit.
pub(super) struct Asked {
    pub(super) setting: HeapSetting,
    pub(super) percent: f64,
    pub(super) now: Option<Bytes>,
    /// The limit that its use alone would get.
    pub(super) wanted: Bytes,
    pub(super) peak: Bytes,
    /// After a kill for memory or a hit of the limit.
    pub(super) floor: Option<Bytes>,
}

impl Asked {
    /// The limit; `None` where the present one is to stay.
    ///
    /// All of what is wanted has to fit in the heap, since nobody knows how much
    /// of it was: a cut goes no further. A raise needs more than a high use, which
    /// the share itself brings about: each raise would be filled and ask for the
    /// next. After a kill it is room beside the heap that is needed.
    pub(super) fn limit(&self) -> Option<Bytes> {
        let (setting, wanted) = (self.setting, self.wanted);
        let whole = wanted.scale(100.0 / self.percent);
        let roomy = whole.max(wanted.plus(beside(setting, wanted)));
        match (self.now, self.floor) {
            (None, _) => Some(roomy),
            (Some(now), Some(floor)) => {
                let heap = now.scale(self.percent / 100.0);
                let enough = bound(setting, heap, self.peak).max(floor);
                Some(wanted.min(enough).max(now))
            }
            (Some(now), None) => (roomy < now).then_some(roomy),
        }
    }
}

/// The share under which the heap stays as large as it is while the limit grows
/// after a kill: what is added is room beside it. `None` where nothing changes.
pub(super) fn lowered(planned: &Planned<'_>, grid: &Grid, percent: f64) -> Option<f64> {
    let (now, after) = (planned.now().memory_limit?, planned.after().memory_limit?);
    if after <= now || event::memory_shortage(&planned.pool, grid).is_none() {
        return None;
    }
    let kept = (percent * now.to_f64() / after.to_f64()).floor();
    (kept >= LEAST).then_some(kept)
}
