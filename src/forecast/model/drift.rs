use super::{DAY, Model, Past};
use crate::forecast::past::{repeated, yesterday};
use crate::trend::median;
use crate::units::len_f64;

/// Yesterday, and on as it rose or fell day by day: for memory that grows.
pub(super) struct Drift;

/// Days that the slope is of.
const DAYS: usize = 8;

/// Share of the slope that is left after each day: rises end.
const KEPT: f64 = 0.93;

impl Model for Drift {
    fn name(&self) -> &'static str {
        "drift"
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        if past.cycles(DAY) < 3 {
            return None;
        }
        let days = past.values().len().div_ceil(DAY).min(DAYS);
        let middles: Vec<f64> = (1..=days)
            .map(|day| {
                let hours = ((day - 1) * DAY + 1)..=(day * DAY);
                median(&hours.map(|ago| past.ago(ago)).collect::<Vec<f64>>())
            })
            .collect();
        // Newest first: what a day is above the one before.
        let steps: Vec<f64> = middles.windows(2).map(|pair| pair[0] - pair[1]).collect();
        let slope = median(&steps);
        if !slope.is_finite() {
            return None;
        }
        let day = yesterday(past);
        let base = repeated(day, day, hours);
        let rise = |hour: usize| {
            let days = len_f64(hour + DAY) / len_f64(DAY);
            slope * (1.0 - KEPT.powf(days)) / (1.0 - KEPT)
        };
        let all = base.into_iter().enumerate();
        Some(all.map(|(hour, it)| (it + rise(hour)).max(0.0)).collect())
    }
}
