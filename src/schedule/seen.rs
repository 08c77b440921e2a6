//! What was seen of a window on the days that it would have been open.

use super::calendar::Days;
use super::moved::ways;
use crate::forecast::WeekdayOfMonth;
use crate::trend::median;
use crate::units::len_f64;

/// Chance may leave days of the week out in so many cases.
const LEFT_OUT: f64 = 0.02;

/// The peak of a window came where this share of it did.
const CAME: f64 = 1.0 / 3.0;

/// The day of the month that all days are on which enough came, of what came on which day.
pub(super) fn of_month(came: &[(f64, i64)], enough: f64) -> Option<WeekdayOfMonth> {
    let known = came.iter().filter(|it| it.0.is_finite());
    let days = |of: &dyn Fn(f64) -> bool| -> Vec<i64> {
        let own = known.clone().filter(|it| of(it.0));
        own.map(|it| it.1).collect()
    };
    WeekdayOfMonth::that_is(&days(&|it| it > enough), &days(&|_| true))
}

/// Days of the week that a window opens on, and what was needed in each quarter since their
/// midnight.
pub(super) type Open = (usize, Vec<f64>);

/// What was needed in a quarter over what is there outside of a window, as a mean.
pub(super) fn over<'a>(
    opens: impl IntoIterator<Item = &'a Open>,
    quarter: usize,
    outside: f64,
) -> f64 {
    let needs = opens.into_iter().map(|(_, need)| need[quarter]);
    let known = needs.filter(|it| it.is_finite());
    let (sum, count) = known.fold((0.0, 0), |(sum, count), it| {
        (sum + (it - outside).max(0.0), count + 1)
    });
    sum / len_f64(count.max(1))
}

/// The days of the week on which more than enough came in some quarter, where all others never
/// had it and chance alone hardly leaves any out; `None` where no such days stand out.
pub(super) fn had(opens: &[Open], quarters: &[usize], enough: f64) -> Option<Days> {
    let known = opens.iter().map(|(weekday, need)| {
        let mut known = quarters.iter().map(|it| need[*it]);
        (*weekday, known.any(|it| it > enough))
    });
    let known: Vec<(usize, bool)> = known.collect();
    let together = |all: Days, it: &(usize, bool)| all.with(Days::one(it.0));
    let all = known.iter().fold(Days::default(), together);
    let came = known.iter().filter(|it| it.1);
    let days = came.clone().fold(Days::default(), together);
    let (times, of_days) = (came.count(), known.iter().filter(|it| days.contains(it.0)));
    let of_days = ways(of_days.count(), times) / ways(known.len(), times);
    let chance = ways(all.count(), days.count()) * of_days;
    (times > 0 && days != all && chance <= LEFT_OUT).then_some(days)
}

/// What was seen in one quarter since midnight of the days that a window opens on.
pub(super) struct Seen {
    pub(super) quarter: usize,
    /// The day of the window on which most came.
    pub(super) weekday: usize,
    pub(super) times: usize,
    pub(super) of: usize,
    /// The middle of the days on which it was seen.
    pub(super) cores: f64,
    /// What counts as the peak from there on.
    pub(super) enough: f64,
}

impl Seen {
    pub(super) fn of(opens: &[Open], quarter: usize, outside: f64, held: f64) -> Self {
        let known = opens.iter().map(|(_, need)| need[quarter]);
        let known: Vec<f64> = known.filter(|it| it.is_finite()).collect();
        let most = known.iter().copied().fold(0.0, f64::max).min(held);
        let enough = (CAME * most).max(outside);
        let came = known.iter().copied().filter(|it| *it > enough);
        let came: Vec<f64> = came.collect();
        let of_day = |day: usize| over(opens.iter().filter(|it| it.0 == day), quarter, outside);
        let days = (0..7).map(|day| (of_day(day), day));
        // Of equal ones the first.
        let busiest = days.reduce(|a, b| if b.0 > a.0 { b } else { a });
        Self {
            quarter,
            weekday: busiest.map_or(0, |it| it.1),
            times: came.len(),
            of: known.len(),
            cores: if came.is_empty() { 0.0 } else { median(&came) },
            enough,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_on_which_nothing_came_are_no_days_of_a_window() {
        let opens = |weeks: usize, came: &dyn Fn(usize, usize) -> bool| {
            let days = (0..7 * weeks).map(|at| {
                let need = if came(at / 7, at % 7) { 4.0 } else { 0.3 };
                (at % 7, vec![need; 4])
            });
            had(&days.collect::<Vec<Open>>(), &[1, 2], 1.5)
        };
        assert_eq!(opens(3, &|_, day| day == 4), Some(Days::one(4)));
        assert_eq!(
            opens(17, &|week, day| day == 4 && week % 2 == 1),
            Some(Days::one(4))
        );
        let working = opens(3, &|_, day| day < 5).unwrap();
        assert_eq!(working.words(), "Mon-Fri");
        // Once each says nothing of days.
        assert_eq!(opens(4, &|week, day| day == week), None);
        assert_eq!(opens(4, &|_, _| true), None);
    }
}
