//! Heaps that are a share of the limit, and move with it.

use super::Planned;
use super::need::beside;
use crate::recommend::event;
use crate::snapshot::{Grid, HeapSetting};
use crate::units::Bytes;

/// No share is lowered below this percentage: the runtime's own default.
const LEAST: f64 = 25.0;

/// The limit for a container that `wanted` would be enough for, were it not for
/// the share; `None` where the present limit is to stay.
///
/// All of `wanted` has to fit in the heap, since nobody knows how much of it
/// was: a cut goes no further. A raise needs more than a high use, which the
/// share itself brings about: each raise would be filled and ask for the next.
pub(super) fn limit(
    setting: HeapSetting,
    percent: f64,
    now: Option<Bytes>,
    wanted: Bytes,
    starved: bool,
) -> Option<Bytes> {
    let whole = wanted.scale(100.0 / percent);
    let roomy = whole.max(wanted.plus(beside(setting, wanted)));
    match now {
        None => Some(roomy),
        Some(now) if starved => Some(wanted.max(now)),
        Some(now) => (roomy < now).then_some(roomy),
    }
}

/// The share under which the heap stays as large as it is while the limit grows
/// after a kill: what is added is room beside it. `None` where nothing changes.
pub(super) fn lowered(planned: &Planned<'_>, grid: &Grid, percent: f64) -> Option<f64> {
    let (now, after) = (planned.now().memory_limit?, planned.after().memory_limit?);
    if after <= now || !event::is_memory_starved(&planned.pool, grid) {
        return None;
    }
    let kept = (percent * now.to_f64() / after.to_f64()).floor();
    (kept >= LEAST).then_some(kept)
}
