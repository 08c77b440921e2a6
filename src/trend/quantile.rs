use super::few::ranked;
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
    let weight = rank - rank.floor();
    if let Some(found) = ranked(values, below) {
        let low = found.value;
        let above = values.iter().copied().filter(|it| *it > low);
        let next = if found.until > below + 1 {
            None
        } else {
            above.reduce(f64::min)
        };
        return Some(low * (1.0 - weight) + next.unwrap_or(low) * weight);
    }
    let (_, low, rest) = values.select_nth_unstable_by(below, f64::total_cmp);
    let high = rest.iter().copied().reduce(f64::min).unwrap_or(*low);
    Some(*low * (1.0 - weight) + high * weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_order_has_the_quantiles_of_the_sorted() {
        for count in [1_usize, 2, 3, 7, 24, 32, 33, 100] {
            for share in [0.0, 0.3, 0.75, 0.9, 1.0] {
                let of = |at: usize| len_f64(at * 31 % 19) / 3.0 - 2.0;
                let mut values: Vec<f64> = (0..count).map(of).collect();
                let mut sorted = values.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                let exact = quantile(&sorted, share).map(f64::to_bits);
                let found = quantile_of(&mut values, share).map(f64::to_bits);
                assert_eq!(found, exact, "{count} {share}");
            }
        }
    }
}
