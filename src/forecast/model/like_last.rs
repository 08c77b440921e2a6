use super::{DAY, Model, Past};
use crate::forecast::past::{repeated, yesterday};
use crate::units::len_f64;

/// What came after days that were like the last one, moved by what the last day is above
/// each: for work that comes every other day, or goes on as it did the last time.
pub(super) struct LikeLast;

/// Days that the last one is held against, and at least known.
const MOST: usize = 27;
const LEAST: usize = 4;

/// Hours of two days that must be known to hold them against each other.
const KNOWN: usize = 12;

/// How much a day that is more like the last is preferred: the power of what they are apart.
const PREFERENCE: i32 = 4;

/// Share of days that are taken to be as near as days are, and what nearer ones count for at
/// most: those at a fifth of it.
const NEAR: usize = 4;
const NEAREST: f64 = 0.2;

/// What one keeps of its weight for each day that is newer.
const DAY_KEEPS: f64 = 0.97;

/// What weighs a day before a weekend beside one before a working day.
const OTHER_SORT: f64 = 0.1;

/// A day of the past, beside the last.
struct Day {
    /// Days before the last.
    ago: usize,
    /// What they are apart, in the mean of the hours.
    apart: f64,
    /// What the last is above it.
    above: f64,
}

impl Model for LikeLast {
    fn name(&self) -> &'static str {
        "days_like_last"
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        let count = past.values().len() / DAY;
        if count < LEAST {
            return None;
        }
        let last = past.newest(DAY);
        let days = (1..=MOST.min(count - 1)).filter_map(|ago| Day::of(past, &last, ago));
        let days: Vec<Day> = days.collect();
        let mut apart: Vec<f64> = days.iter().map(|it| it.apart).collect();
        apart.sort_unstable_by(f64::total_cmp);
        let near = apart.get(apart.len() / NEAR)?.max(f64::MIN_POSITIVE);
        let (tomorrow, middle) = (past.is_weekend(12), 12);
        let weight = |day: &Day| {
            let then = i64::try_from(day.ago * DAY).unwrap_or(i64::MAX);
            let same = past.is_weekend(middle - then) == tomorrow;
            let apart = (day.apart / near).max(NEAREST).powi(-PREFERENCE);
            let age = DAY_KEEPS.powf(len_f64(day.ago));
            apart * age * if same { 1.0 } else { OTHER_SORT }
        };
        let weights: Vec<f64> = days.iter().map(weight).collect();
        let phase = |hour: usize| {
            let (mut sum, mut all) = (0.0, 0.0);
            for (day, weight) in days.iter().zip(&weights) {
                let value = past.ago(day.ago * DAY - hour) + day.above;
                if value.is_finite() {
                    sum += weight * value;
                    all += weight;
                }
            }
            (sum / all).max(0.0)
        };
        let profile: Vec<f64> = (0..DAY).map(phase).collect();
        Some(repeated(&profile, yesterday(past), hours))
    }
}

impl Day {
    /// `None` where too little of the two is known.
    fn of(past: &Past<'_>, last: &[f64], ago: usize) -> Option<Self> {
        let own = (1..=DAY).rev().map(|hour| past.ago(ago * DAY + hour));
        let above = last.iter().zip(own).map(|(last, own)| last - own);
        let above: Vec<f64> = above.filter(|it| it.is_finite()).collect();
        if above.len() < KNOWN {
            return None;
        }
        let mean = |of: fn(f64) -> f64| {
            let sum: f64 = above.iter().copied().map(of).sum();
            sum / len_f64(above.len())
        };
        Some(Self {
            ago,
            apart: mean(f64::abs),
            above: mean(|it| it),
        })
    }
}
