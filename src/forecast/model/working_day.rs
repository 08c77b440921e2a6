use std::rc::Rc;

use super::{DAY, Model, Past};
use crate::forecast::past::{Key, repeated, yesterday};
use crate::trend::median;

/// What each hour usually is on working days, and on weekends, over three weeks.
pub(super) struct WorkingDay;

/// Days that are looked at.
const DAYS: usize = 21;

/// Newest days of a sort that count.
const OF_A_SORT: usize = 10;

/// Days without which it says nothing: both sorts were there then.
const LEAST: usize = 7;

impl Model for WorkingDay {
    fn name(&self) -> &'static str {
        "working_day_median"
    }

    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>> {
        let sorts = sorts(past)?;
        let ahead = (0..hours).zip(0_i64..);
        let of_sort = ahead.map(|(phase, hour)| sorts[phase % DAY + place(past.is_weekend(hour))]);
        let profile: Vec<f64> = of_sort.collect();
        let day = yesterday(past);
        Some(repeated(&profile, &repeated(&day, &day, hours), hours))
    }

    fn last_day(&self, past: &Past<'_>) -> Option<Vec<f64>> {
        let sorts = sorts(past)?;
        let hours = (0..DAY).zip(-24_i64..);
        let of_sort = hours.map(|(phase, hour)| sorts[phase + place(past.is_weekend(hour))]);
        Some(of_sort.collect())
    }
}

/// Where the hours of a sort of days begin.
fn place(weekend: bool) -> usize {
    if weekend { DAY } else { 0 }
}

/// For each phase of the day what is usual on working days, then the same of weekends.
fn sorts(past: &Past<'_>) -> Option<Rc<[f64]>> {
    if past.cycles(DAY) < LEAST {
        return None;
    }
    let of_phase = |weekend: bool, phase: usize| {
        let ago = (1..=DAYS).map(|day| day * DAY - phase);
        let of_sort = ago.filter(|ago| {
            let hour = -i64::try_from(*ago).unwrap_or(0);
            past.is_weekend(hour) == weekend
        });
        let values = of_sort.map(|ago| past.ago(ago)).filter(|it| it.is_finite());
        median(&values.take(OF_A_SORT).collect::<Vec<f64>>())
    };
    Some(past.once(Key::Sorts, || {
        let both = [false, true].into_iter();
        both.flat_map(|weekend| (0..DAY).map(move |phase| of_phase(weekend, phase)))
            .collect()
    }))
}
