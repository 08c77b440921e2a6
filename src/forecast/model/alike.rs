use super::{DAY, Model, Past};
use crate::forecast::past::{repeated, yesterday};

/// The mean of what each hour was on days of the same sort, newer ones and those of the same
/// weekday foremost.
pub(super) struct Alike;

/// Days that count, at most, and those without which it says nothing.
const DAYS: usize = 28;
const LEAST: usize = 4;

/// What a day keeps of its weight for each day that is newer.
const DAY_KEEPS: f64 = 0.95;

/// What days of the same sort weigh beside those of the same weekday.
const OTHER_WEEKDAY: f64 = 0.1;

impl Model for Alike {
    fn name(&self) -> &'static str {
        "days_alike"
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        if past.cycles(DAY) < LEAST {
            return None;
        }
        let phases = (0..DAY).zip(0_i64..);
        let days = 0..hours.div_ceil(DAY);
        let profile = days.flat_map(|day| phases.clone().map(move |(_, phase)| (phase, day)));
        let profile: Vec<f64> = profile
            .take(hours)
            .map(|(phase, day)| usual(past, phase, day))
            .collect();
        let day = yesterday(past);
        Some(repeated(&profile, &repeated(&day, &day, hours), hours))
    }

    fn last_day(&self, past: &Past<'_>) -> Option<Vec<f64>> {
        let known = past.cycles(DAY) >= LEAST;
        known.then(|| (-24..0).map(|phase| usual(past, phase, 0)).collect())
    }
}

/// What the hour is so many days after `phase`, by days before it; `phase` is an hour from the
/// moment on, or before it where it is below 0. `NaN` where no day is of its sort.
fn usual(past: &Past<'_>, phase: i64, later: usize) -> f64 {
    let day = |days: usize| i64::try_from(days * DAY).unwrap_or(i64::MAX);
    let weekend = past.is_weekend(phase + day(later));
    let (mut sum, mut all, mut newest) = (0.0, 0.0, 1.0);
    for ago in 1..=DAYS {
        let hour = phase - day(ago);
        let value = past.ago(usize::try_from(-hour).unwrap_or(0));
        if value.is_finite() && past.is_weekend(hour) == weekend {
            let same = (ago + later).is_multiple_of(7);
            let weight = newest * if same { 1.0 } else { OTHER_WEEKDAY };
            sum += weight * value;
            all += weight;
        }
        newest *= DAY_KEEPS;
    }
    sum / all
}
