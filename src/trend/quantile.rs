use crate::units::{count_from, len_f64};

/// The quantile of ascending values, straight lines between the ranks, as
/// Prometheus' `quantile_over_time`; `None` without values.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = share.clamp(0.0, 1.0) * len_f64(last);
    let below = usize::try_from(count_from(rank.floor())).ok()?.min(last);
    let above = (below + 1).min(last);
    let weight = rank - rank.floor();
    Some(sorted[below] * (1.0 - weight) + sorted[above] * weight)
}

/// The same of values in any order, which it changes; sorts no more of them than it needs.
pub fn quantile_of(values: &mut [f64], share: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let rank = share.clamp(0.0, 1.0) * len_f64(last);
    let below = usize::try_from(count_from(rank.floor())).ok()?.min(last);
    let (_, low, rest) = values.select_nth_unstable_by(below, f64::total_cmp);
    let high = rest.iter().copied().reduce(f64::min).unwrap_or(*low);
    let weight = rank - rank.floor();
    Some(*low * (1.0 - weight) + high * weight)
}
