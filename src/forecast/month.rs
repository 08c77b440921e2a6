//! What days of the month, such as the first or the last, are beside days around them.

use super::day_of_month::DayOfMonth;
use super::season::{Kind, Season, place_of_month};
use super::{DAY, Hours};
use crate::trend::median;
use crate::units::len_f64;

/// Days to both sides that a day is held against.
const AROUND: usize = 10;

/// Months in which a day of the month must be known.
const LEAST: usize = 2;

/// How far it must be from days around it in each of them, in what days are off them by as
/// a rule.
const APART: f64 = 3.0;

/// Places of a month.
const PLACES: usize = 40;

/// What days of the month are above the others; nothing of most.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Months {
    /// By the place of the day in its month.
    effects: Vec<Option<Effect>>,
}

/// The peak that comes on a day of the month.
#[derive(Debug, Clone, PartialEq)]
pub struct MonthPeak {
    place: usize,
    /// The local hour of the day.
    pub hour: u32,
    /// The mean of the hour, the largest that came.
    pub value: f64,
    /// Months in which the day is known.
    pub months: usize,
}

impl MonthPeak {
    /// The day that it comes on.
    pub fn day_of_month(&self) -> DayOfMonth {
        DayOfMonth::at(self.place)
    }

    /// `on day 1 of the month`, `on the last day of the month`.
    pub fn day(&self) -> String {
        let day = self.day_of_month();
        match day.from_end() {
            Some(2..) => format!("{} of the month", day.words()),
            _ => format!("on {} of the month", day.words()),
        }
    }
}

/// What comes on one day of the month.
#[derive(Debug, Clone, PartialEq)]
struct Effect {
    /// What it is above days around it, in the mean.
    level: f64,
    /// What each hour is above the same hour of days around it, in the mean of the months.
    hours: [f64; DAY],
    /// What a month was off that mean at most, over the day.
    spread: f64,
}

/// A day beside those around it.
struct Beside {
    place: usize,
    hours: Vec<f64>,
    mean: f64,
}

impl Months {
    /// Of hours by local time, where their seasons say that days of the month differ.
    pub(super) fn proven(local: &Hours, seasons: &[Season]) -> Self {
        let differ = seasons.iter().any(|it| it.kind == Kind::DayOfMonth);
        if differ {
            Self::of(local)
        } else {
            Self::default()
        }
    }

    /// Of hours by local time. A day counts where it was above, or below, those around it in
    /// every month, by far more than days usually are: whoever asks knows that days of the
    /// month differ, not which.
    pub(super) fn of(local: &Hours) -> Self {
        let days = days(local);
        let off: Vec<f64> = days.iter().map(|it| it.mean.abs()).collect();
        let usual = median(&off);
        let effect = |place: usize| {
            let own: Vec<&Beside> = days.iter().filter(|it| it.place == place).collect();
            let same = |sign: f64| own.iter().all(|it| it.mean * sign > APART * usual);
            (own.len() >= LEAST && (same(1.0) || same(-1.0))).then(|| Effect::of(&own))
        };
        Self {
            effects: (0..PLACES).map(effect).collect(),
        }
    }

    /// What a local hour, counted from 1970-01-01 00:00, is above others for its day of the
    /// month, and how far that may be off.
    pub(super) fn at(&self, hour: i64) -> (f64, f64) {
        let place = place_of_month(hour.div_euclid(24));
        let effect = self.effects.get(place).and_then(Option::as_ref);
        let of_day = usize::try_from(hour.rem_euclid(24)).unwrap_or(0);
        effect.map_or((0.0, 0.0), |it| (it.hours[of_day], it.spread))
    }

    /// Days of the month that are above others.
    pub(super) fn busy(&self) -> Vec<DayOfMonth> {
        let places = self.effects.iter().enumerate();
        let busy = places.filter(|(_, it)| it.as_ref().is_some_and(|it| it.level > 0.0));
        busy.map(|(place, _)| DayOfMonth::at(place)).collect()
    }

    /// The largest hour of days of the month that are above others.
    pub(super) fn peak(&self, local: &Hours) -> Option<MonthPeak> {
        let hours = local.values.iter().zip(local.first..);
        let known = hours.filter(|(value, hour)| value.is_finite() && self.at(*hour).0 > 0.0);
        let (value, hour) = known.max_by(|a, b| a.0.total_cmp(b.0))?;
        let place = place_of_month(hour.div_euclid(24));
        let days = local.values.iter().zip(local.first..);
        let days = days.filter(|(value, at)| value.is_finite() && at.rem_euclid(24) == 0);
        let same = days.filter(|(_, at)| place_of_month(at.div_euclid(24)) == place);
        Some(MonthPeak {
            place,
            hour: u32::try_from(hour.rem_euclid(24)).unwrap_or(0),
            value: *value,
            months: same.count(),
        })
    }

    /// The same hours without it.
    pub(super) fn without(&self, mut local: Hours) -> Hours {
        for (value, hour) in local.values.iter_mut().zip(local.first..) {
            let (effect, _) = self.at(hour);
            // What is not known stays so.
            if effect.abs() > 0.0 && value.is_finite() {
                *value = (*value - effect).max(0.0);
            }
        }
        local
    }
}

impl Effect {
    fn of(days: &[&Beside]) -> Self {
        let mean = |values: &mut dyn Iterator<Item = f64>| {
            let known = values.filter(|it| it.is_finite());
            let (sum, count) = known.fold((0.0, 0), |(sum, count), it| (sum + it, count + 1));
            sum / len_f64(count.max(1))
        };
        let level = mean(&mut days.iter().map(|it| it.mean));
        let off = days.iter().map(|it| (it.mean - level).abs());
        Self {
            level,
            hours: std::array::from_fn(|hour| mean(&mut days.iter().map(|it| it.hours[hour]))),
            spread: off.fold(0.0, f64::max),
        }
    }
}

/// Whole days of which most is known, each beside the same hours of days around it.
fn days(local: &Hours) -> Vec<Beside> {
    let skip = usize::try_from((-local.first).rem_euclid(24)).unwrap_or(0);
    let skip = skip.min(local.values.len());
    let first = (local.first + i64::try_from(skip).unwrap_or(0)).div_euclid(24);
    let all: Vec<&[f64]> = local.values[skip..].chunks_exact(DAY).collect();
    let beside = |(at, day): (usize, &&[f64])| {
        let around = at.saturating_sub(AROUND)..(at + AROUND + 1).min(all.len());
        let hours = (0..DAY).map(|hour| {
            let others = around.clone().filter(|other| *other != at);
            let others: Vec<f64> = others.map(|other| all[other][hour]).collect();
            day[hour] - median(&others)
        });
        let hours: Vec<f64> = hours.collect();
        let known: Vec<f64> = hours.iter().copied().filter(|it| it.is_finite()).collect();
        let number = first + i64::try_from(at).unwrap_or(0);
        (4 * known.len() >= 3 * DAY).then(|| Beside {
            place: place_of_month(number),
            mean: known.iter().sum::<f64>() / len_f64(known.len()),
            hours,
        })
    };
    all.iter().enumerate().filter_map(beside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours of so many days from 2026-07-20 on, by the day of the month.
    fn hours(days: i64, of: impl Fn(i64, f64) -> f64) -> Hours {
        let first = 20_654 * 24;
        let values = (first..first + days * 24).map(|hour| {
            let noise = f64::from(i32::try_from(hour * 7_919 % 101).unwrap_or(0)) / 1_010.0;
            of(hour.div_euclid(24), 1.0 + noise)
        });
        Hours {
            first,
            values: values.collect(),
        }
    }

    #[test]
    fn the_first_of_a_month_is_what_it_was_in_others() {
        let is_first = |day: i64| place_of_month(day) == 1;
        let local = hours(
            101,
            |day, noise| if is_first(day) { 4.0 * noise } else { noise },
        );
        let months = Months::of(&local);
        // 2026-11-01, which is not among them, and the day after.
        let coming = 20_758 * 24;
        assert!(is_first(20_758));
        let (effect, spread) = months.at(coming + 9);
        assert!(
            (2.7..3.6).contains(&effect) && spread < 0.2,
            "{effect} {spread}"
        );
        assert!(months.at(coming + 30).0.abs() < 1e-9);
        let mut gap = local.clone();
        gap.values[5] = f64::NAN;
        assert!(months.without(gap).values[5].is_nan());
        let without = months.without(local.clone());
        let most = without.values.iter().copied().fold(0.0, f64::max);
        assert!(most < 1.6, "{most}");
    }

    #[test]
    fn one_day_that_was_other_is_no_day_of_the_month() {
        let local = hours(
            101,
            |day, noise| if day == 20_666 { 4.0 * noise } else { noise },
        );
        assert_eq!(
            Months::of(&local),
            Months::of(&hours(101, |_, noise| noise))
        );
    }
}
