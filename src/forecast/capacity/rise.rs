//! Whether peaks of days rise, so that it may be said when they reach a limit.

use crate::trend::{Course, Kendall, Slopes};

/// Days that a rise is told from.
const FEWEST: usize = 7;

/// Standard deviations that a rise is beyond chance: one case of a hundred.
const SURE: f64 = 2.326;

/// Where the peaks of days go, oldest first; `None` where they do not rise for sure. One
/// step is no rise: both halves must.
pub(super) fn course(peaks: &[f64]) -> Option<Course> {
    let known = peaks.iter().filter(|it| it.is_finite()).count();
    if known < FEWEST || Kendall::of(peaks).z < SURE {
        return None;
    }
    let (early, late) = peaks.split_at(peaks.len() / 2);
    let rises = |part: &[f64]| Slopes::of(part).is_some_and(|it| it.middle() > 0.0);
    if !rises(early) || !rises(late) {
        return None;
    }
    Course::of(peaks, peaks, 1).filter(|it| it.per_day > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::len_f64;

    #[test]
    fn a_step_and_a_wave_are_no_rise() {
        let rising: Vec<f64> = (0..14).map(|day| 10.0 + len_f64(day)).collect();
        let course = course(&rising).unwrap();
        assert!((course.per_day - 1.0).abs() < 1e-9);
        assert!((course.days_to(33.0).0 - 10.0).abs() < 1.0);
        let step: Vec<f64> = (0..14).map(|day| if day < 7 { 1.0 } else { 4.0 }).collect();
        assert_eq!(super::course(&step), None);
        let wave: Vec<f64> = (0..28).map(|day| len_f64(day % 7)).collect();
        assert_eq!(super::course(&wave), None);
        assert_eq!(super::course(&rising[..6]), None);
    }
}
