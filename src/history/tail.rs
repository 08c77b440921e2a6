//! How likely it is that at least so many of many chances come true.

/// The probability of at least `least` events, where each has a chance of its own: the tail
/// of a Poisson binomial distribution, by its recursion.
pub(super) fn at_least(least: usize, chances: &[f64]) -> f64 {
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
    }
}
