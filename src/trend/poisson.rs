//! Things that happen now and then: how often they come again.

/// Days that the past of something unknown counts for, and how often it happened in
/// them: as if half a time in a fortnight, so that the first time is not the last that
/// can be imagined, and no time is not never.
const PRIOR: (f64, f64) = (0.5, 14.0);

/// Probability that what happened `times` in `days` comes at least once within `ahead`
/// days, where each time is alike: the rate is drawn from what was seen and the prior
/// (a Gamma distribution), so little history gives a careful answer.
pub fn comes_again(times: f64, days: f64, ahead: f64) -> f64 {
    let (shape, known) = (PRIOR.0 + times.max(0.0), PRIOR.1 + days.max(0.0));
    1.0 - (known / (known + ahead.max(0.0))).powf(shape)
}

/// Probability of `times` or more where `expected` come on average.
pub fn tail(times: u32, expected: f64) -> f64 {
    if !expected.is_finite() || expected < 0.0 {
        return 1.0;
    }
    let (mut term, mut below) = ((-expected).exp(), 0.0);
    for count in 0..times {
        below += term;
        term *= expected / (f64::from(count) + 1.0);
    }
    (1.0 - below).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_often_comes_again() {
        // 28 ÷ 35 to the power of 1.5, and of 3.5.
        assert!((comes_again(1.0, 14.0, 7.0) - 0.284_458).abs() < 1e-5);
        assert!((comes_again(3.0, 14.0, 7.0) - 0.542_053).abs() < 1e-5);
        assert!(comes_again(0.0, 14.0, 7.0) < comes_again(0.0, 2.0, 7.0));
    }

    #[test]
    fn the_tail_of_a_count_is_that_of_the_tables() {
        assert!((tail(0, 2.0) - 1.0).abs() < 1e-12);
        assert!((tail(3, 1.0) - 0.080_301).abs() < 1e-6);
        assert!((tail(1, 0.0)).abs() < 1e-12);
    }
}
