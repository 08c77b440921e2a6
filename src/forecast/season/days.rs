//! A series as days, each beside what it is in all.

use super::DAY;
use crate::forecast::Hours;
use crate::trend::median;
use crate::units::len_f64;

/// Hours of a day that must be known for it to count.
const LEAST: usize = 18;

/// A day moves at most so many times as much as days usually do: one bad day is no season.
const MOST: f64 = 3.0;

/// Days, oldest first.
pub(super) struct Days {
    pub(super) days: Vec<Day>,
}

/// One day.
pub(super) struct Day {
    /// Since 1970-01-01.
    pub(super) number: i64,
    /// Day of the week, 0 for Monday.
    pub(super) weekday: usize,
    /// What each hour is above the course of the day, 0 where that is not known.
    pub(super) shape: [f64; DAY],
    /// What the day is above the one before; 0 where that is not known.
    pub(super) step: f64,
    /// What it is above the week around it.
    pub(super) level: f64,
}

impl Days {
    /// `None` where nothing moves or fewer than two days are known.
    pub(super) fn of(local: &Hours) -> Option<Self> {
        let skip = (-local.first).rem_euclid(24);
        let skip = usize::try_from(skip).unwrap_or(0).min(local.values.len());
        let first = (local.first + i64::try_from(skip).unwrap_or(0)).div_euclid(24);
        let whole = local.values[skip..].chunks_exact(DAY);
        let levels: Vec<Option<f64>> = whole.clone().map(level).collect();
        let mut days = Vec::new();
        for ((at, hours), number) in whole.enumerate().zip(first..) {
            let Some(own) = levels[at] else { continue };
            let beside = |at: Option<usize>| at.and_then(|at| *levels.get(at)?);
            let (before, after) = (beside(at.checked_sub(1)), beside(Some(at + 1)));
            // The way from the day before to the day after goes on through this one.
            let slope = match (before, after) {
                (Some(before), Some(after)) => (after - before) / 48.0,
                (Some(before), None) => (own - before) / 24.0,
                (None, Some(after)) => (after - own) / 24.0,
                (None, None) => 0.0,
            };
            let course = |hour: usize| own + slope * (len_f64(hour) - 11.5);
            let shape = std::array::from_fn(|hour| {
                let value = hours[hour];
                if value.is_finite() {
                    value - course(hour)
                } else {
                    0.0
                }
            });
            // 1970-01-01 was a Thursday: three days after Monday.
            let weekday = usize::try_from((number + 3).rem_euclid(7)).unwrap_or(0);
            days.push(Day {
                number,
                weekday,
                shape,
                step: before.map_or(0.0, |before| own - before),
                level: own - around(&levels, at),
            });
        }
        let mut days = Self { days };
        days.tame();
        let moves = days.days.iter().any(|day| day.size() > 0.0);
        (days.days.len() >= 2 && moves).then_some(days)
    }

    /// Takes from days that move far more than others what is too much.
    fn tame(&mut self) {
        let sizes: Vec<f64> = self.days.iter().map(Day::size).collect();
        let usual = median(&sizes);
        let usual = if usual > 0.0 {
            usual
        } else {
            sizes.iter().sum::<f64>() / len_f64(sizes.len().max(1))
        };
        let steps: Vec<f64> = self.days.iter().map(|day| day.step.abs()).collect();
        let usual_step = steps.iter().sum::<f64>() / len_f64(steps.len().max(1));
        for (day, size) in self.days.iter_mut().zip(sizes) {
            if size > MOST * usual {
                let share = MOST * usual / size;
                day.shape = day.shape.map(|it| it * share);
            }
            day.step = day.step.clamp(-MOST * usual_step, MOST * usual_step);
        }
    }
}

impl Day {
    /// How far its hours are from its course.
    fn size(&self) -> f64 {
        self.shape.iter().map(|it| it * it).sum::<f64>().sqrt()
    }
}

/// The mean of the days from three before to three after: each day of the week once.
fn around(levels: &[Option<f64>], at: usize) -> f64 {
    let until = (at + 4).min(levels.len());
    let known = levels[at.saturating_sub(3)..until].iter().flatten();
    known.clone().sum::<f64>() / len_f64(known.count().max(1))
}

/// The mean of a day that is known.
fn level(hours: &[f64]) -> Option<f64> {
    let known = hours.iter().filter(|it| it.is_finite());
    let count = known.clone().count();
    (count >= LEAST).then(|| known.sum::<f64>() / len_f64(count))
}
