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
    match (slots.clone().find(is_far), slots.rfind(is_far)) {
        (Some(first), Some(last)) => (first, (last + hours.native).min(values.len())),
        _ => (from, until),
    }
}
