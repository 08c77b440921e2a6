//! How likely it is that so many of many chances come true, and that means differ so much.

use crate::trend::normal;
use crate::units::len_f64;

/// The probability of at least `least` events, where each has a chance of its own: the tail
/// of a Poisson binomial distribution, by its recursion.
pub fn at_least(least: usize, chances: &[f64]) -> f64 {
    if least == 0 {
        return 1.0;
    }
    // Of exactly 0, 1, … events so far; what reaches `least` stays there.
    let mut exactly = vec![0.0; least + 1];
    exactly[0] = 1.0;
    for chance in chances {
        let chance = chance.clamp(0.0, 1.0);
        exactly[least] += exactly[least - 1] * chance;
        for count in (1..least).rev() {
            exactly[count] = exactly[count] * (1.0 - chance) + exactly[count - 1] * chance;
        }
        exactly[0] *= 1.0 - chance;
    }
    exactly[least]
}

/// The probability of at most so many.
pub fn at_most(most: usize, chances: &[f64]) -> f64 {
    (1.0 - at_least(most + 1, chances)).clamp(0.0, 1.0)
}

/// The probability that the mean of as many values is as far above 0 as this one, if it is 0:
/// the upper tail of Student's t. `None` for fewer than two values, or where they are all 0.
pub(super) fn mean_above(values: &[f64]) -> Option<f64> {
    let count = len_f64(values.len());
    let freedom = count - 1.0;
    if freedom < 1.0 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|it| (it - mean).powi(2)).sum();
    let error = (squares / freedom / count).sqrt();
    if error > 0.0 {
        return Some(normal_above(as_normal(mean / error, freedom)));
    }
    if mean == 0.0 {
        return None;
    }
    // Values that differ by nothing leave no doubt.
    Some(f64::from(u8::from(mean < 0.0)))
}

/// The normal deviate as likely as this value of Student's t, within a hundredth. Source:
/// D. L. Wallace, "Bounds on normal approximations to Student's and the chi-square
/// distributions", 1959.
fn as_normal(t: f64, freedom: f64) -> f64 {
    let deviate = (freedom * (t * t / freedom).ln_1p()).sqrt();
    deviate.copysign(t) * (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0)
}

/// The upper tail of the normal distribution.
fn normal_above(deviate: f64) -> f64 {
    normal(-deviate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coins_and_certainties() {
        assert!((at_least(2, &[0.5; 2]) - 0.25).abs() < 1e-12);
        assert!((at_least(1, &[0.5; 3]) - 0.875).abs() < 1e-12);
        assert!((at_least(2, &[1.0, 0.25, 0.5]) - 0.625).abs() < 1e-12);
        assert!(at_least(1, &[]) < 1e-12);
        assert!((at_least(0, &[]) - 1.0).abs() < 1e-12);
        assert!((at_most(0, &[0.5; 3]) - 0.125).abs() < 1e-12);
        assert!((at_most(2, &[0.5; 2]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn tails_are_those_of_the_tables() {
        for (deviate, tail) in [(0.0, 0.5), (1.96, 0.024_997_9), (-1.0, 0.841_344_7)] {
            assert!((normal_above(deviate) - tail).abs() < 1e-6, "{deviate}");
        }
        // Student's t of 2.262 with 9 degrees of freedom, and of 2.998 with 7.
        for (t, freedom, tail) in [(2.262, 9.0, 0.025), (2.998, 7.0, 0.01)] {
            let found = normal_above(as_normal(t, freedom));
            assert!((found - tail).abs() < 0.000_2, "{t}: {found}");
        }
    }

    #[test]
    fn a_mean_is_as_doubtful_as_its_values_differ() {
        let sure = mean_above(&[0.1, 0.12, 0.11, 0.09]).unwrap();
        let doubtful = mean_above(&[0.1, -0.3, 0.4, 0.22]).unwrap();
        assert!(sure < 0.01 && doubtful > 0.2, "{sure} {doubtful}");
        assert!(mean_above(&[0.1]).is_none() && mean_above(&[0.0; 5]).is_none());
        assert_eq!(mean_above(&[0.1; 5]), Some(0.0));
        assert_eq!(mean_above(&[-0.1; 5]), Some(1.0));
    }
}
