//! What a volume did of late: days of a trend hide what began this morning.

use crate::trend::{Course, Kendall};
use crate::units::{count_from, len_f64};

/// Hours that are looked at, each stretch to the end of the window.
const STRETCHES: [usize; 5] = [72, 48, 24, 12, 6];
/// Share of pairs of hours that rise, from which on a rise is steady.
const STEADY: f64 = 0.8;
/// Days without a change, from which on a volume rests.
const RESTS: f64 = 7.0;

/// The course of the stretch that rises most steadily, of several the longest, to beyond all
/// that was before it by more than that ever went up and down: what comes and goes does not.
/// Of points in days before the end of the window, oldest first, and the value now.
pub(super) fn course(points: &[(f64, f64)], now: f64) -> Option<Course> {
    let rising = STRETCHES
        .iter()
        .filter_map(|hours| rise(points, now, *hours));
    let steadiest = rising.reduce(|best, next| if next.0 > best.0 { next } else { best });
    steadiest.map(|(_, course)| course)
}

/// How steadily it rises in the last hours, and where to.
fn rise(points: &[(f64, f64)], now: f64, hours: usize) -> Option<(f64, Course)> {
    /// A point stands at the end of its hour, or a moment later.
    const HALF_AN_HOUR: f64 = 0.5 / 24.0;
    let from = len_f64(hours) / 24.0 + HALF_AN_HOUR;
    let (before, since) = points.split_at(points.partition_point(|(ago, _)| *ago > from));
    let least = before.iter().map(|it| it.1).reduce(f64::min)?;
    let most = before.iter().map(|it| it.1).reduce(f64::max)?;
    if now - most <= most - least {
        return None;
    }
    let values = hourly(since, now, hours);
    let known = values.iter().filter(|it| it.is_finite()).count();
    let tau = Kendall::of(&values).tau;
    let course = Course::of(&values, &values, 24).filter(|_| known >= 3 && tau >= STEADY)?;
    let course = Course {
        now,
        now_low: now.min(course.now_low),
        now_high: now.max(course.now_high),
        ..course
    };
    Some((tau, course))
}

/// Days that it has not moved by more than `by`, where that is long enough to say that it
/// rests; else 0.
pub(super) fn rests(points: &[(f64, f64)], now: f64, by: f64) -> f64 {
    let still = points.iter().rev();
    let still = still.take_while(|(_, value)| (value - now).abs() <= by);
    let days = still.map(|(ago, _)| *ago).last().unwrap_or(0.0);
    if days >= RESTS { days } else { 0.0 }
}

/// One value an hour, the last is now; `NaN` where none is known.
fn hourly(points: &[(f64, f64)], now: f64, hours: usize) -> Vec<f64> {
    let mut values = vec![f64::NAN; hours + 1];
    for (ago, value) in points {
        let back = usize::try_from(count_from((ago * 24.0).max(0.0))).unwrap_or(usize::MAX);
        if let Some(place) = hours.checked_sub(back) {
            values[place] = *value;
        }
    }
    values[hours] = now;
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At 20 % for a fortnight, then to `top` in so many hours, a point every `step` hours.
    fn filled(hours: f64, top: f64, step: u32) -> Vec<(f64, f64)> {
        let points = (0..=14 * 24 / step).rev().map(|it| {
            let ago = f64::from(it * step);
            let share = ((hours - ago) / hours).max(0.0);
            (ago / 24.0, 20.0 + (top - 20.0) * share)
        });
        points.collect()
    }

    #[test]
    fn what_fills_within_hours_is_seen() {
        for (hours, top) in [
            (24.0, 93.0),
            (24.0, 80.0),
            (12.0, 90.0),
            (6.0, 96.0),
            (72.0, 80.0),
        ] {
            let course = course(&filled(hours, top, 1), top).unwrap();
            let days = (100.0 - top) / (top - 20.0) * hours / 24.0;
            let (middle, early, late) = course.days_to(100.0);
            assert!(
                (middle - days).abs() < 0.1 * days + 0.01,
                "{hours} h: {middle}, not {days}"
            );
            assert!(early <= middle && middle <= late);
        }
        // Every six hours alone.
        assert!(course(&filled(24.0, 80.0, 6), 80.0).is_some());
    }

    #[test]
    fn what_comes_and_goes_or_rests_does_not_fill() {
        let daily: Vec<(f64, f64)> = filled(1.0, 20.0, 1);
        let wave = |ago: f64| 60.0 + 35.0 * (1.0 - ago.fract());
        let daily: Vec<_> = daily
            .iter()
            .map(|(ago, _)| (*ago, wave(*ago - 0.3)))
            .collect();
        assert_eq!(course(&daily, daily.last().unwrap().1), None);
        assert_eq!(course(&filled(1.0, 20.0, 1), 20.0), None);
        // In one step, hours ago.
        let step: Vec<_> = filled(1.0, 20.0, 1);
        let step: Vec<_> = step
            .iter()
            .map(|it| (it.0, if it.0 < 0.4 { 90.0 } else { 20.0 }))
            .collect();
        assert_eq!(course(&step, 90.0), None);
        assert!((rests(&filled(1.0, 20.0, 6), 20.0, 0.5) - 14.0).abs() < 1e-9);
        assert!(rests(&filled(24.0, 80.0, 6), 80.0, 0.5) < 1e-9);
    }
}
