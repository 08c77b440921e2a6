//! Whether days of the month differ, such as the first or the last.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rand::seq::SliceRandom;

use super::chance::{chance, numbers};
use super::days::Days;
use super::{Kind, Season};
use crate::units::{Span, len_f64};

/// Days that are three months.
const LEAST: usize = 84;

/// Places of a month that are told apart: from its start, and from its end.
pub(in crate::forecast) const FROM_START: i64 = 16;

/// A month, as its seasons are told.
const MONTH: Span = Span::days(30);

/// Whether so many days may have one.
pub(super) fn may_be(days: usize) -> bool {
    days >= LEAST
}

/// The season of months; `None` with fewer than three.
pub(super) fn season(days: &Days) -> Option<Season> {
    if !may_be(days.days.len()) {
        return None;
    }
    let labels: Vec<usize> = days.days.iter().map(|day| place(day.number)).collect();
    let weekdays: Vec<usize> = days.days.iter().map(|day| day.weekday).collect();
    // Levels of days that follow each other are alike by chance; steps between them are not.
    let steps = beside_week(days.days.iter().map(|day| day.step), &weekdays);
    let mut numbers = numbers();
    let mut dealt = labels.clone();
    let p_value = chance(explained(&steps, &labels), || {
        dealt.shuffle(&mut numbers);
        explained(&steps, &dealt)
    });
    let levels = beside_week(days.days.iter().map(|day| day.level), &weekdays);
    Some(Season {
        kind: Kind::DayOfMonth,
        period: MONTH,
        strength: strength(&levels, &labels),
        p_value,
    })
}

/// The day of its month, counted from the start in its first half and from the end in its
/// second, so that the last day is the same in all.
pub(in crate::forecast) fn place(number: i64) -> usize {
    let date = date(number);
    let (day, length) = (i64::from(date.day()), i64::from(date.days_in_month()));
    let place = if day <= FROM_START {
        day
    } else {
        FROM_START + length - day + 1
    };
    usize::try_from(place).unwrap_or(0)
}

/// The date so many days after 1970-01-01.
pub(in crate::forecast) fn date(number: i64) -> Date {
    let seconds = number.saturating_mul(86_400);
    let time = Timestamp::from_second(seconds).unwrap_or_default();
    time.to_zoned(TimeZone::UTC).date()
}

/// Values beside the mean of their day of the week.
fn beside_week(values: impl Iterator<Item = f64>, weekdays: &[usize]) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let mut sums = [(0.0, 0.0); 7];
    for (value, weekday) in values.iter().zip(weekdays) {
        sums[*weekday].0 += value;
        sums[*weekday].1 += 1.0;
    }
    let beside = values.iter().zip(weekdays);
    beside
        .map(|(value, weekday)| value - sums[*weekday].0 / sums[*weekday].1)
        .collect()
}

/// What the means of each label hold of all values.
fn explained(values: &[f64], labels: &[usize]) -> f64 {
    let mut sums: Vec<(f64, f64)> = vec![(0.0, 0.0); 40];
    for (value, label) in values.iter().zip(labels) {
        sums[*label].0 += value;
        sums[*label].1 += 1.0;
    }
    let known = sums.iter().filter(|it| it.1 > 0.0);
    known.map(|(sum, count)| sum * sum / count).sum()
}

/// Share that the labels explain, corrected for their freedom.
fn strength(values: &[f64], labels: &[usize]) -> f64 {
    let all: f64 = values.iter().map(|it| it * it).sum();
    let mut used = labels.to_vec();
    used.sort_unstable();
    used.dedup();
    let (count, groups) = (len_f64(values.len()), len_f64(used.len()));
    if all <= 0.0 || count <= groups {
        return 0.0;
    }
    let left = 1.0 - explained(values, labels) / all;
    (1.0 - left * (count - 1.0) / (count - groups)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_is_the_same_in_every_month() {
        assert_eq!(date(0), Date::constant(1970, 1, 1));
        assert_eq!(date(20_454), Date::constant(2026, 1, 1));
        // Days from 1970-01-01 to the first of a month.
        let number = |year: i16, month: i8| {
            let first = Date::constant(year, month, 1)
                .to_zoned(TimeZone::UTC)
                .unwrap();
            first.timestamp().as_second() / 86_400
        };
        let last = [2, 3, 5, 13].map(|month| {
            let first = number(2026 + i16::from(month / 13), (month - 1) % 12 + 1);
            place(first - 1)
        });
        assert!(last.iter().all(|it| *it == 17), "{last:?}");
        assert_eq!(place(number(2026, 2)), 1);
    }
}
