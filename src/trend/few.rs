//! The value at a rank of a few values, without putting them in order.
//!
//! Who sorts few values guesses at each of them where it belongs. How many are below one of
//! them is told by comparisons that nothing waits for.

/// More values than this are sorted sooner than they are counted.
const FEW: usize = 32;

/// A value at a rank, and what is beside it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ranked {
    pub(super) value: f64,
    /// Those that are smaller, and those that are not larger.
    pub(super) below: usize,
    pub(super) until: usize,
}

/// The value that so many others come before. `None` where they are many, or where their order
/// takes more than to compare them: of what is no number, and of zeros with another sign.
pub(super) fn ranked(values: &[f64], rank: usize) -> Option<Ranked> {
    if values.len() > FEW {
        return None;
    }
    let mut are_numbers = true;
    for value in values {
        are_numbers &= !value.is_nan();
    }
    if !are_numbers {
        return None;
    }
    // What is sought is above the one, and below the other.
    let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
    for value in values.iter().copied() {
        if value < least || value > most {
            continue;
        }
        let (below, until) = beside(values, value);
        if rank < below {
            most = value;
        } else if rank >= until {
            least = value;
        } else {
            let is_zero = value.abs() <= 0.0;
            return (!is_zero).then_some(Ranked {
                value,
                below,
                until,
            });
        }
    }
    None
}

/// How many are smaller than a value, and how many are not larger.
fn beside(values: &[f64], value: f64) -> (usize, usize) {
    let (mut below, mut until) = (0_u64, 0_u64);
    for it in values {
        below += u64::from(*it < value);
        until += u64::from(*it <= value);
    }
    let count = |it: u64| usize::try_from(it).unwrap_or(usize::MAX);
    (count(below), count(until))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::len_f64;

    #[test]
    fn a_rank_is_that_of_the_values_in_order() {
        for count in 1..=FEW {
            for step in [1, 7, 11] {
                // Some of them alike, and some below nothing.
                let of = |at: usize| len_f64(at * step * 13 % 17) - 5.5;
                let values: Vec<f64> = (0..count).map(of).collect();
                let mut sorted = values.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                for (rank, value) in sorted.iter().enumerate() {
                    let found = ranked(&values, rank).expect("few numbers");
                    assert_eq!(found.value.to_bits(), value.to_bits());
                    assert_eq!(found.below, sorted.partition_point(|it| it < value));
                    assert_eq!(found.until, sorted.partition_point(|it| it <= value));
                }
            }
        }
    }

    #[test]
    fn what_has_no_order_of_its_own_is_left_to_others() {
        assert_eq!(ranked(&[0.0, -0.0, 0.0], 1), None);
        assert_eq!(ranked(&[1.0, f64::NAN, 2.0], 1), None);
        assert_eq!(ranked(&[1.0; FEW + 1], 1), None);
        assert_eq!(ranked(&[], 0), None);
        assert_eq!(ranked(&[0.0, 3.0], 1).map(|it| it.value), Some(3.0));
        let ends = [f64::INFINITY, f64::NEG_INFINITY];
        assert_eq!(ranked(&ends, 0).map(|it| it.value), Some(f64::NEG_INFINITY));
        assert_eq!(ranked(&ends, 1).map(|it| it.value), Some(f64::INFINITY));
    }
}
