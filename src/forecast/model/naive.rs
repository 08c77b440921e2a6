use super::{DAY, Model, Past};
use crate::forecast::past::{Center, repeated, yesterday};

/// The same hour of the last day or week, or of the one before where that is not known.
pub(super) struct SameHour {
    pub(super) name: &'static str,
    /// Hours.
    pub(super) period: usize,
}

/// How many cycles back a value is looked for.
const CYCLES: usize = 4;

impl Model for SameHour {
    fn name(&self) -> &'static str {
        self.name
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        let day = yesterday(past);
        if self.period == DAY {
            return Some(repeated(&day, &day, hours));
        }
        (past.cycles(self.period) >= 1).then(|| {
            let profile = past.profile(self.period, (0, CYCLES), Center::Newest);
            repeated(&profile, &day, hours)
        })
    }

    fn last_day(&self, past: &Past<'_>) -> Option<Vec<f64>> {
        (past.cycles(self.period) >= 2).then(|| {
            let profile = past.profile(self.period, (1, CYCLES), Center::Newest);
            profile[self.period - DAY..].to_vec()
        })
    }
}
