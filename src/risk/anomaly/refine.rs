use std::ops::Range;

use super::{Hours, Stray, Usual};

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
    let far = PART * (stray.seen - stray.expected).abs();
    let is_far = |at: &usize| {
        let expected = usual.expected[(at - hours.first) / hours.slots];
        let away = values[*at] - expected;
        (if stray.up { away } else { -away }) >= far
    };
    let mut slots = from..until;
    let (Some(begins), Some(last)) = (begin(&slots, is_far, hours), slots.rfind(is_far)) else {
        return (from, until);
    };
    (begins, (last + hours.native).min(values.len()))
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
