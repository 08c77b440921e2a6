use super::{DAY, Model, Past};
use crate::forecast::cycles::Usual;
use crate::forecast::past::{repeated, yesterday};

/// What each hour usually is on working days, and on weekends, over three weeks.
pub(super) struct WorkingDay;

/// Days without which it says nothing: both sorts were there then.
const LEAST: usize = 7;

impl Model for WorkingDay {
    fn name(&self) -> &'static str {
        "working_day_median"
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        if past.cycles(DAY) < LEAST {
            return None;
        }
        let sorts = [false, true].map(|weekend| past.usual(Usual::Sort { weekend }, hours));
        let ahead = (0..hours).zip(0_i64..);
        let of_sort =
            ahead.map(|(phase, hour)| sorts[usize::from(past.is_weekend(hour))][phase % DAY]);
        let profile: Vec<f64> = of_sort.collect();
        let day = yesterday(past);
        Some(repeated(&profile, &repeated(day, day, hours), hours))
    }

    fn last_day(&self, past: &Past<'_>) -> Option<Vec<f64>> {
        if past.cycles(DAY) < LEAST {
            return None;
        }
        let sorts = [false, true].map(|weekend| past.usual_of_last_day(Usual::Sort { weekend }));
        let hours = (0..DAY).zip(-24_i64..);
        let of_sort = hours.map(|(phase, hour)| sorts[usize::from(past.is_weekend(hour))][phase]);
        Some(of_sort.collect())
    }
}
