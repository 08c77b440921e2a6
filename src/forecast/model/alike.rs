use super::{DAY, Model, Past};
use crate::forecast::cycles::Usual;
use crate::forecast::past::{repeated, yesterday};

/// The mean of what each hour was on days of the same sort, newer ones and those of the same
/// weekday foremost.
pub(super) struct Alike;

/// Days without which it says nothing.
const LEAST: usize = 4;

impl Model for Alike {
    fn name(&self) -> &'static str {
        "days_alike"
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        if past.cycles(DAY) < LEAST {
            return None;
        }
        let day = yesterday(past);
        Some(repeated(&past.alike(hours), day, hours))
    }

    fn last_day(&self, past: &Past<'_>) -> Option<Vec<f64>> {
        let usual = Usual::Alike { days_before: 0 };
        (past.cycles(DAY) >= LEAST).then(|| past.usual_of_last_day(usual))
    }
}
