use super::{DAY, Model, Past};
use crate::forecast::cycles::{Center, Usual};
use crate::forecast::past::{repeated, yesterday};

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
            return Some(repeated(day, day, hours));
        }
        (past.cycles(self.period) >= 1).then(|| {
            let profile = past.usual(self.usual(), hours);
            repeated(&profile, day, hours)
        })
    }

    fn last_day(&self, past: &Past<'_>) -> Option<Vec<f64>> {
        let least = if self.period == DAY { 1 } else { 2 };
        (past.cycles(self.period) >= least).then(|| past.usual_of_last_day(self.usual()))
    }
}

impl SameHour {
    fn usual(&self) -> Usual {
        Usual::Cycle(self.period, CYCLES, Center::Newest)
    }
}
