//! Whether days of the week differ, beyond what every day does.

use rand::seq::SliceRandom;

use super::chance::{chance, numbers};
use super::days::{Day, Days};
use super::{DAY, Kind, Season, WEEK, WeekdayOfMonth};
use crate::units::{Span, len_f64};

/// Days that are three weeks, one of them lost at most.
const LEAST: usize = 20;

/// Working days and weekends are told where they explain so much of what the week does.
const AS_WELL: f64 = 0.8;

/// A day that comes once a month is told where it explains so many times as much as days of the
/// week do, and came in so many months.
const MORE: f64 = 1.5;
const MONTHS: usize = 3;

/// A month, as its seasons are told.
const MONTH: Span = Span::days(30);

/// What a day is beside the mean day, hour by hour, and something of the day as a whole, as
/// much as all of its hours.
type Row = [f64; DAY + 1];

/// The season of weeks; `None` with fewer than three.
pub(super) fn season(days: &Days) -> Option<Season> {
    if days.days.len() < LEAST {
        return None;
    }
    let weekdays: Vec<usize> = days.days.iter().map(|day| day.weekday).collect();
    // Levels of days that follow each other are alike by chance; steps between them are not.
    // A step is the difference of two levels, so half of it is taken.
    let steps = rows(days, |day| day.step * 0.5_f64.sqrt());
    let p_value = drawn(&steps, &weekdays, explained(&steps, &weekdays));
    let levels = rows(days, |day| day.level);
    let sorts: Vec<usize> = weekdays.iter().map(|day| usize::from(*day >= 5)).collect();
    let (by_day, by_sort) = (explained(&levels, &weekdays), explained(&levels, &sorts));
    let (kind, labels) = if by_sort >= AS_WELL * by_day {
        (Kind::WorkingDay, &sorts)
    } else {
        (Kind::Weekly, &weekdays)
    };
    if let Some(season) = once_a_month(days, &levels, (by_day, p_value)) {
        return Some(season);
    }
    Some(Season {
        kind,
        period: Span::from_secs(u32::try_from(WEEK).map_or(0, |hours| hours * 3_600)),
        strength: strength(&levels, labels),
        p_value,
    })
}

/// The same, told as a day of the week that comes once a month, where that alone explains far
/// more than all days of the week do: the last Friday makes every Friday a little other.
fn once_a_month(days: &Days, rows: &[Row], (by_day, p_value): (f64, f64)) -> Option<Season> {
    let labels = |it: WeekdayOfMonth| {
        let days = days.days.iter();
        let labels = days.map(|day| usize::from(it.is(day.number)));
        labels.collect::<Vec<usize>>()
    };
    let all = (0..7).flat_map(WeekdayOfMonth::all);
    let told = all.map(|it| (explained(rows, &labels(it)), it));
    let (most, day) = told.reduce(|a, b| if b.0 > a.0 { b } else { a })?;
    let labels = labels(day);
    (most > MORE * by_day && comes_each_time(rows, &labels)).then(|| Season {
        kind: Kind::WeekdayOfMonth(day),
        period: MONTH,
        strength: strength(rows, &labels),
        p_value,
    })
}

/// Whether each day with the second label is other in the way in which they are in the mean, and
/// there are several.
fn comes_each_time(rows: &[Row], labels: &[usize]) -> bool {
    let own = rows.iter().zip(labels).filter(|it| *it.1 == 1);
    let own: Vec<&Row> = own.map(|it| it.0).collect();
    let count = len_f64(own.len());
    let mean: Row = std::array::from_fn(|at| own.iter().map(|it| it[at]).sum::<f64>() / count);
    let along = |row: &Row| row.iter().zip(&mean).map(|(a, b)| a * b).sum::<f64>();
    own.len() >= MONTHS && own.iter().all(|row| along(row) >= along(&mean) / 2.0)
}

fn rows(days: &Days, whole: impl Fn(&Day) -> f64) -> Vec<Row> {
    let count = len_f64(days.days.len());
    let row = |day: &Day| -> Row {
        std::array::from_fn(|at| match day.shape.get(at) {
            Some(value) => *value,
            None => whole(day) * len_f64(DAY).sqrt(),
        })
    };
    let mut rows: Vec<Row> = days.days.iter().map(row).collect();
    let mean: Row = std::array::from_fn(|at| rows.iter().map(|row| row[at]).sum::<f64>() / count);
    for row in &mut rows {
        for (value, mean) in row.iter_mut().zip(mean) {
            *value -= mean;
        }
    }
    rows
}

/// What the mean rows of each label hold of all rows.
fn explained(rows: &[Row], labels: &[usize]) -> f64 {
    let mut sums = [([0.0; DAY + 1], 0_u32); 7];
    for (row, label) in rows.iter().zip(labels) {
        let (sum, count) = &mut sums[*label];
        *count += 1;
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += value;
        }
    }
    let of = |(sum, count): &(Row, u32)| {
        sum.iter().map(|it| it * it).sum::<f64>() / f64::from((*count).max(1))
    };
    sums.iter().map(of).sum()
}

/// How often days that are dealt anew explain as much.
fn drawn(rows: &[Row], labels: &[usize], seen: f64) -> f64 {
    let mut numbers = numbers();
    let mut labels = labels.to_vec();
    chance(seen, || {
        labels.shuffle(&mut numbers);
        explained(rows, &labels)
    })
}

/// Share of what the mean day leaves that the labels explain, corrected for their freedom.
fn strength(rows: &[Row], labels: &[usize]) -> f64 {
    let all: f64 = rows.iter().flatten().map(|it| it * it).sum();
    let mut used = labels.to_vec();
    used.sort_unstable();
    used.dedup();
    let (count, groups) = (len_f64(rows.len()), len_f64(used.len()));
    if all <= 0.0 || count <= groups {
        return 0.0;
    }
    let left = 1.0 - explained(rows, labels) / all;
    (1.0 - left * (count - 1.0) / (count - groups)).clamp(0.0, 1.0)
}
