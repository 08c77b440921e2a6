use super::{DAY, Model, Past};
use crate::forecast::past::{repeated, yesterday};

/// The hours of the newest days, each day brought to the level of the last as a share of its
/// own: for work that is more or less from day to day, and the same in its hours.
pub(super) struct Shape;

/// Days that it is of, at most and at least.
const MOST: usize = 14;
const LEAST: usize = 2;

/// What a day keeps of its weight for each day that is newer.
const DAY_KEEPS: f64 = 0.5;

/// A day is never said to be further from another than this.
const RATIOS: (f64, f64) = (1.0 / 3.0, 3.0);

impl Model for Shape {
    fn name(&self) -> &'static str {
        "day_shape"
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        let count = (past.values().len() / DAY).min(MOST);
        if count < LEAST {
            return None;
        }
        let means: Vec<f64> = (1..=count).map(|day| past.mean_of_day(day)).collect();
        let last = means.iter().copied().find(|it| it.is_finite())?;
        let times = |mean: f64| match mean {
            ..=0.0 => 1.0,
            _ => (last / mean).clamp(RATIOS.0, RATIOS.1),
        };
        let phase = |hour: usize| {
            let (mut sum, mut all, mut weight) = (0.0, 0.0, 1.0);
            for (day, mean) in (1..).zip(&means) {
                let value = past.ago(day * DAY - hour) * times(*mean);
                if value.is_finite() && mean.is_finite() {
                    sum += weight * value;
                    all += weight;
                }
                weight *= DAY_KEEPS;
            }
            sum / all
        };
        let profile: Vec<f64> = (0..DAY).map(phase).collect();
        Some(repeated(&profile, yesterday(past), hours))
    }
}
