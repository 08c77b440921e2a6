use super::{DAY, Model, Past};
use crate::forecast::past::{Center, repeated, yesterday};

/// What each hour of the day or week usually is, over some cycles.
pub(super) struct HourOf {
    pub(super) name: &'static str,
    /// Hours.
    pub(super) period: usize,
    pub(super) cycles: usize,
    /// Cycles without which it says nothing.
    pub(super) least: usize,
    pub(super) center: Center,
}

impl Model for HourOf {
    fn name(&self) -> &'static str {
        self.name
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        (past.cycles(self.period) >= self.least).then(|| {
            let profile = past.profile(self.period, (0, self.cycles), self.center);
            repeated(&profile, &yesterday(past), hours)
        })
    }

    /// Of a day, the last takes part: it is one of many.
    fn last_day(&self, past: &Past<'_>) -> Option<Vec<f64>> {
        (past.cycles(self.period) >= self.least).then(|| {
            let skip = usize::from(self.period > DAY);
            let profile = past.profile(self.period, (skip, self.cycles), self.center);
            profile[self.period - DAY..].to_vec()
        })
    }
}
