//! Sums that come out the same in whatever order they are added up.

use super::ends::side_by_side;
use super::largest;
use crate::units::len_f64;

/// What the numbers of some columns come to, none of which is below 0, where no sum of any of
/// them takes more digits than there are: as of nearly all samples, which have less than half as
/// many. No order rounds it then, so that values are added up side by side, where each would
/// wait for the one before it. `None` where some order may.
pub fn exact_sum<'a>(columns: impl Iterator<Item = &'a [f32]> + Clone) -> Option<f64> {
    is_exact(columns.clone()).then(|| columns.map(sum).sum())
}

/// Whether all sums are whole multiples of what the smallest number is told in, and few enough
/// of them.
fn is_exact<'a>(columns: impl Iterator<Item = &'a [f32]>) -> bool {
    /// Sums may be so many times the power of two at or below the smallest number: of the 53
    /// digits that there are 24 are its own.
    const FURTHEST: f64 = 536_870_912.0;
    let smaller = |least: f32, value: f32| {
        if value < least && value.abs() > 0.0 {
            value
        } else {
            least
        }
    };
    let (mut most, mut least, mut count) = (0.0, f32::INFINITY, 0);
    for values in columns {
        most = largest(values, most);
        least = side_by_side(values, least, smaller);
        count += values.len();
    }
    let power = f64::from_bits(f64::from(least).to_bits() & f64::INFINITY.to_bits());
    least > 0.0 && most < f32::INFINITY && len_f64(count) * f64::from(most) <= power * FURTHEST
}

/// What is no number adds nothing.
fn sum(values: &[f32]) -> f64 {
    let known = |value: f32| {
        if value.is_nan() {
            0.0
        } else {
            f64::from(value)
        }
    };
    let (chunks, rest) = values.as_chunks::<8>();
    let mut sums = [0.0; 8];
    // Each by itself: a loop over them is not always made into one step.
    for it in chunks {
        sums = [
            sums[0] + known(it[0]),
            sums[1] + known(it[1]),
            sums[2] + known(it[2]),
            sums[3] + known(it[3]),
            sums[4] + known(it[4]),
            sums[5] + known(it[5]),
            sums[6] + known(it[6]),
            sums[7] + known(it[7]),
        ];
    }
    let rest: f64 = rest.iter().copied().map(known).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::single;

    fn in_turn(columns: &[&[f32]]) -> f64 {
        let all = columns.iter().copied().flatten();
        all.filter(|it| !it.is_nan())
            .fold(0.0, |sum, it| sum + f64::from(*it))
    }

    #[test]
    fn an_exact_sum_is_that_of_one_after_the_other() {
        let mut exact = 0;
        for digits in [1.0, 1e-3, 1e-6, 1e-12] {
            for seed in 1..30_usize {
                // Thirds have as many digits as there are.
                let of = |at: usize| match (at * seed * 7919) % 101 {
                    0 => 0.0,
                    1 => f32::NAN,
                    2 => single(digits / 3.0),
                    it => single(len_f64(it) / 3.0),
                };
                let values: Vec<f32> = (0..1777).map(of).collect();
                let columns = [&values[..700], &values[700..703], &values[703..]];
                if let Some(sum) = exact_sum(columns.into_iter()) {
                    assert_eq!(
                        sum.to_bits(),
                        in_turn(&columns).to_bits(),
                        "{digits} {seed}"
                    );
                    exact += 1;
                }
            }
        }
        assert!((29..4 * 29).contains(&exact), "{exact}");
    }

    #[test]
    fn what_may_be_rounded_is_left_to_others() {
        let sum = |values: &[f32]| exact_sum([values].into_iter());
        assert_eq!(sum(&[1.0, f32::NAN, 2.5]), Some(3.5));
        assert_eq!(sum(&[f32::NAN, 0.0]), Some(0.0));
        assert_eq!(sum(&[]), Some(0.0));
        assert_eq!(sum(&[1.0, -1.0]), None);
        assert_eq!(sum(&[1.0, f32::INFINITY]), None);
        assert_eq!(sum(&[1.0, 1e-12]), None);
        assert_eq!(sum(&[3e9, 1.0, 1.0, 1.0]), None);
    }
}
