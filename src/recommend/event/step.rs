//! Steps in levels of use: where days are unlike those before.
//!
//! A level is given hour by hour, from the start of the window to its end.

use crate::recommend::samples;
use crate::units::len_f64;

/// Days that each side of a change needs, where it need not last by the hour.
const MIN_DAYS: usize = 3;
/// Known days before a rise that is younger than that: any weekday is among them.
const DAYS_BEFORE: usize = 7;
/// The least change of level.
const LEAST: f64 = 1.3;
/// Of a day before and a day after a new pod template, this share of all pairs
/// must differ in the same direction. Ours: one odd day in ten.
const PAIRS: f64 = 0.9;
/// Hours that a rise has to last: a day, less what the first hours leave open.
const LASTS: usize = 20;
/// Share of these that must be above all that was seen at the same hour before.
const ABOVE: f64 = 0.75;

/// The start of the first whole day of a new pod template, where the days since
/// are on another level than those before it: its cause is known, so that days
/// that are out of line do not hide it.
pub(super) fn split_at(hours: &[f64], rolled_out: usize) -> Option<(usize, f64)> {
    let days = day_levels(hours);
    let whole = hours.len().saturating_sub(rolled_out) / 24;
    let (before, after) = days.split_at_checked(days.len().checked_sub(whole)?)?;
    if known(before).count() < MIN_DAYS || known(after).count() < MIN_DAYS {
        return None;
    }
    let pairs = known(before).flat_map(|a| known(after).map(move |b| b > a));
    let (mut above, mut all) = (0, 0);
    for rises in pairs {
        above += usize::from(rises);
        all += 1;
    }
    let above = len_f64(above) / len_f64(all);
    let factor = mean(after)? / mean(before)?;
    let apart =
        (above >= PAIRS && factor >= LEAST) || (1.0 - above >= PAIRS && factor <= 1.0 / LEAST);
    apart.then_some((hours.len() - 24 * whole, factor))
}

/// The hour from which on the level of every day is above, or below, that of
/// every day before; and by how much.
pub(super) fn split(hours: &[f64]) -> Option<(usize, f64)> {
    let days = day_levels(hours);
    let found = (1..days.len()).filter_map(|day| {
        let (before, after) = days.split_at(day);
        let factor = step(before, after)?;
        let start = hours.len().saturating_sub(after.len() * 24);
        if factor < 1.0 {
            return (after.len() >= MIN_DAYS).then_some((start, factor));
        }
        let top = largest(before);
        let since = (start..hours.len()).find(|hour| hours[*hour] > top)?;
        (after.len() >= MIN_DAYS || lasts(hours, since)).then_some((since, factor))
    });
    found.max_by(|a, b| a.1.ln().abs().total_cmp(&b.1.ln().abs()))
}

/// The busiest hour of each day, counted back from the end; `NaN` for a day with
/// less than half the hours of the fullest.
fn day_levels(hours: &[f64]) -> Vec<f64> {
    let known = |day: &[f64]| day.iter().filter(|level| level.is_finite()).count();
    let fullest = hours.rchunks(24).map(known).max().unwrap_or(0);
    let mut days: Vec<f64> = hours
        .rchunks(24)
        .map(|day| {
            let enough = known(day) > 0 && 2 * known(day) >= fullest;
            if enough { largest(day) } else { f64::NAN }
        })
        .collect();
    days.reverse();
    days
}

/// Mean after ÷ mean before, where all days before are apart from all after and
/// a step explains them better than a straight line.
fn step(before: &[f64], after: &[f64]) -> Option<f64> {
    let recent = after.len() < MIN_DAYS;
    let least = if recent { DAYS_BEFORE } else { MIN_DAYS };
    let known = |days: &[f64]| known(days).count();
    if known(before) < least || known(after) < MIN_DAYS.min(after.len()) {
        return None;
    }
    let apart = smallest(after) > largest(before) || largest(after) < smallest(before);
    let factor = mean(after)? / mean(before)?;
    let large = factor >= LEAST || factor <= 1.0 / LEAST;
    (apart && large && is_step(before, after)).then_some(factor)
}

/// Whether two levels leave less unexplained than a slope does.
fn is_step(before: &[f64], after: &[f64]) -> bool {
    let around = |days: &[f64]| -> f64 {
        let mean = mean(days).unwrap_or(0.0);
        known(days).map(|level| (level - mean).powi(2)).sum()
    };
    let all: Vec<(f64, f64)> = before
        .iter()
        .chain(after)
        .enumerate()
        .filter(|(_, level)| level.is_finite())
        .map(|(day, level)| (len_f64(day), *level))
        .collect();
    around(before) + around(after) < around_line(&all)
}

/// Sum of squares around the least-squares line.
fn around_line(points: &[(f64, f64)]) -> f64 {
    let count = len_f64(points.len().max(1));
    let center = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let level = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let (mut along, mut across, mut total) = (0.0, 0.0, 0.0);
    for (x, y) in points {
        along += (x - center) * (y - level);
        across += (x - center).powi(2);
        total += (y - level).powi(2);
    }
    if across > 0.0 {
        total - along.powi(2) / across
    } else {
        total
    }
}

/// Whether a rise goes on hour by hour, and is no burst.
fn lasts(hours: &[f64], since: usize) -> bool {
    let (before, after) = hours.split_at(since);
    let known: Vec<bool> = (since..)
        .zip(after)
        .filter(|(_, level)| level.is_finite())
        .map(|(hour, level)| {
            let same = before.iter().skip(hour % 24).step_by(24);
            *level > samples::largest(same.copied()).unwrap_or(0.0)
        })
        .collect();
    let above = known.iter().filter(|above| **above).count();
    known.len() >= LASTS && len_f64(above) >= ABOVE * len_f64(known.len())
}

fn known(days: &[f64]) -> impl Iterator<Item = f64> + '_ {
    days.iter().copied().filter(|level| level.is_finite())
}

fn largest(days: &[f64]) -> f64 {
    known(days).fold(f64::NEG_INFINITY, f64::max)
}

fn smallest(days: &[f64]) -> f64 {
    known(days).fold(f64::INFINITY, f64::min)
}

fn mean(days: &[f64]) -> Option<f64> {
    samples::mean(known(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours of days that go up and down between half and all of their level.
    fn hours(days: &[f64]) -> Vec<f64> {
        let hour = |level: f64, hour: u32| level * (0.5 + 0.5 * f64::from(hour % 12) / 11.0);
        days.iter()
            .flat_map(|level| (0..24).map(move |at| hour(*level, at)))
            .collect()
    }

    #[test]
    fn a_step_is_found_to_the_hour_and_a_slope_is_none() {
        let mut rises = hours(&[1.0, 1.1, 1.0, 1.05, 2.0, 2.1, 2.0, 2.05]);
        let (hour, factor) = split(&rises).unwrap();
        // The first hour above all before: 2 × (0.5 + 0.5 × 2 ÷ 11).
        assert_eq!(hour, 4 * 24 + 2);
        assert!((factor - 8.15 / 4.15).abs() < 1e-9);
        rises.reverse();
        let (hour, factor) = split(&rises).unwrap();
        assert_eq!(hour, 4 * 24);
        assert!((factor - 4.15 / 8.15).abs() < 1e-9);
        let slope: Vec<f64> = (10..24).map(f64::from).collect();
        assert_eq!(split(&hours(&slope)), None);
        assert_eq!(split(&hours(&[1.0, f64::NAN, 2.0])), None);
    }

    #[test]
    fn a_young_rise_has_to_last_and_needs_a_week_before_it() {
        let mut week = hours(&[1.0; 8]);
        week.extend(hours(&[3.0]));
        assert_eq!(split(&week).unwrap().0, 8 * 24);
        assert_eq!(split(&week[4 * 24..]), None);
        // A burst of three hours is no level.
        let mut burst = hours(&[1.0; 9]);
        burst[8 * 24 + 1..8 * 24 + 4].fill(3.0);
        assert_eq!(split(&burst), None);
        // Nor is a quiet day.
        assert_eq!(
            split(&hours(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.2])),
            None
        );
    }

    #[test]
    fn weekends_are_no_levels() {
        let week = [1.0, 1.0, 1.0, 1.0, 1.0, 0.3, 0.3];
        let fortnight: Vec<f64> = week.iter().chain(&week).copied().collect();
        for start in 0..7 {
            assert_eq!(split(&hours(&fortnight[start..])), None, "{start}");
        }
    }
}
