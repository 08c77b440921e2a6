use std::ops::Range;

use super::stray::{Sort, Stray};
use super::{Hours, Usual};

/// Share of the distance from what is usual, from which on a sample belongs to it.
const PART: f64 = 0.5;

/// The first slot of a stray, and the one after its last, by single samples.
pub(super) fn bounds(
    stray: &Stray,
    hours: &Hours,
    usual: &Usual,
    values: &[f64],
) -> (usize, usize) {
    let slot = |block: usize| hours.first + block * hours.slots;
    let (from, until) = (slot(stray.first), slot(stray.last + 1).min(values.len()));
    // What is usual has followed it, or the samples say both.
    if stray.sort == Sort::Rhythm {
        return (from, until);
    }
    let level = (stray.sort == Sort::Stayed).then(|| usual.level[stray.first]);
    let far = PART * (stray.seen - stray.expected).abs();
    let is_far = |at: &usize| {
        let block = (at - hours.first) / hours.slots;
        let followed = level.map_or(0.0, |level| usual.level[block] - level);
        let expected = usual.expected[block] - followed;
        let away = values[*at] - expected;
        (if stray.up { away } else { -away }) >= far
    };
    let mut slots = from..until;
    let (Some(begins), Some(last)) = (begin(&slots, is_far, hours), slots.rfind(is_far)) else {
        return (from, until);
    };
    let ends = (last + hours.native).min(values.len());
    let is_last = stray.last + 1 == hours.mean.len();
    if stray.sort == Sort::Stayed && is_last {
        return (begins, values.len());
    }
    (begins, ends)
}

/// The first sample that belongs to it together with the next, as noise is far by itself;
/// else the first. The block before is not rare where it began at the end of that.
fn begin(slots: &Range<usize>, is_far: impl Fn(&usize) -> bool, hours: &Hours) -> Option<usize> {
    let stays = |at: &usize| is_far(at) && is_far(&(at + hours.native).min(slots.end - 1));
    let mut first = slots
        .clone()
        .find(stays)
        .or_else(|| slots.clone().find(&is_far))?;
    while let Some(before) = first.checked_sub(hours.native) {
        if before < hours.first || !is_far(&before) {
            break;
        }
        first = before;
    }
    Some(first)
}
