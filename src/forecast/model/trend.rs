use super::{DAY, Model, Past};
use crate::forecast::cycles::Center;
use crate::trend::{Kendall, Slopes};
use crate::units::len_f64;

/// What hours of the day usually are, on along a line: for what grows, or goes away, for weeks.
pub(super) struct Trend;

/// Days that the line is of, at most and at least.
const MOST: usize = 28;
const LEAST: usize = 10;

/// Newest days that hours of the day are of.
const DAYS: usize = 7;

/// Standard deviations that a line is beyond chance: one case of a hundred.
const SURE: f64 = 2.326;

impl Model for Trend {
    fn name(&self) -> &'static str {
        "trend"
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        let count = (past.values().len() / DAY).min(MOST);
        if count < LEAST {
            return None;
        }
        let means: Vec<f64> = (1..=count).rev().map(|day| past.mean_of_day(day)).collect();
        if Kendall::of(&means).z.abs() < SURE {
            return None;
        }
        let slope = Slopes::of(&means)?.middle() / len_f64(DAY);
        // As if what was, had been now.
        let now = |ago: usize| past.ago(ago) + slope * len_f64(ago);
        let mut known = Vec::with_capacity(DAYS);
        let mut phase = |hour: usize| {
            known.clear();
            let all = (1..=DAYS).map(|day| now(day * DAY - hour));
            known.extend(all.filter(|it| it.is_finite()));
            Center::Median.of(&mut known)
        };
        let profile: Vec<f64> = (0..DAY).map(&mut phase).collect();
        let values = (0..hours).map(|hour| profile[hour % DAY] + slope * len_f64(hour));
        let values: Vec<f64> = values.map(|it| it.max(0.0)).collect();
        profile.iter().all(|it| it.is_finite()).then_some(values)
    }
}
