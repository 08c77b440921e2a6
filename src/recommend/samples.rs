//! Small arithmetic over samples that the strategies share.

use crate::trend;
use crate::units::len_f64;

/// The samples that exist, as `f64`.
pub(super) fn known(values: &[f32]) -> impl Iterator<Item = f64> + '_ {
    values
        .iter()
        .filter(|value| value.is_finite())
        .map(|value| f64::from(*value))
}

/// Ascending.
pub(super) fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// As [`quantile`](trend::quantile), of values in any order.
pub(super) fn quantile_of(mut values: Vec<f64>, share: f64) -> Option<f64> {
    trend::quantile_of(&mut values, share)
}

/// The largest, `None` without values.
pub(super) fn largest(values: impl Iterator<Item = f64>) -> Option<f64> {
    values.filter(|value| value.is_finite()).reduce(f64::max)
}

/// The largest sample that exists; `None` without one.
pub(super) fn peak(values: &[f32]) -> Option<f32> {
    let most = trend::largest(values, f32::NEG_INFINITY);
    (most > f32::NEG_INFINITY).then_some(most)
}

/// `None` without values.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / len_f64(count))
}

/// Share of ascending values above `bound`; `None` without values.
pub(super) fn share_above(sorted: &[f64], bound: f64) -> Option<f64> {
    if sorted.is_empty() {
        return None;
    }
    let below = sorted.partition_point(|value| *value <= bound);
    Some(len_f64(sorted.len() - below) / len_f64(sorted.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trend::quantile;

    #[test]
    fn quantiles_lie_on_lines_between_ranks() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(quantile(&values, 0.5), Some(3.0));
        assert!((quantile(&values, 0.95).unwrap() - 4.8).abs() < 1e-12);
        assert_eq!(quantile(&[], 0.5), None);
        for share in [0.0, 0.5, 0.95, 1.0] {
            let mixed = vec![4.0, 1.0, 5.0, 2.0, 3.0];
            assert_eq!(quantile_of(mixed, share), quantile(&values, share));
        }
        assert_eq!(quantile_of(Vec::new(), 0.5), None);
    }

    #[test]
    fn the_peak_is_the_largest_that_exists() {
        let mut values: Vec<f32> = (0..21_u8).map(|it| f32::from(it % 13)).collect();
        values[3] = f32::NAN;
        values[20] = 40.0;
        assert_eq!(peak(&values), Some(40.0));
        assert_eq!(peak(&values[..20]), Some(12.0));
        assert_eq!(peak(&[f32::NAN; 9]), None);
        assert_eq!(peak(&[]), None);
    }

    #[test]
    fn counts_what_lies_above() {
        assert_eq!(share_above(&[1.0, 2.0, 2.0, 3.0], 2.0), Some(0.25));
        assert_eq!(share_above(&[], 2.0), None);
    }
}
