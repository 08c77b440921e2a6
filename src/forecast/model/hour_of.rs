use super::{Model, Past};
use crate::forecast::cycles::{Center, Usual};
use crate::forecast::past::{repeated, yesterday};

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
            let profile = past.usual(self.usual(), hours);
            repeated(&profile, yesterday(past), hours)
        })
    }

    fn last_day(&self, past: &Past<'_>) -> Option<Vec<f64>> {
        (past.cycles(self.period) >= self.least).then(|| past.usual_of_last_day(self.usual()))
    }
}

impl HourOf {
    fn usual(&self) -> Usual {
        Usual::Cycle(self.period, self.cycles, self.center)
    }
}
