//! A history as days of quarters of an hour, by local time.

use super::DAY;
use super::history::History;
use crate::forecast::{Clock, once_so_far};
use crate::units::single;

/// Seconds of a quarter of an hour.
const QUARTER: i64 = 900;

/// Quarters of a day that must be known for it to count.
const LEAST: usize = DAY * 3 / 4;

/// One local day.
#[derive(Debug, Clone)]
pub(super) struct Day {
    /// Since 1970-01-01.
    pub(super) number: i64,
    /// 0 for Monday.
    pub(super) weekday: usize,
    /// The most cores that all pods together used for a slot in each quarter, or are planned
    /// with in the place of that; `NaN` where nothing is known.
    pub(super) peaks: Vec<f32>,
    /// In which quarters there was a sample: all others are filled by what is around them.
    pub(super) sampled: Vec<bool>,
    /// Quarters in which came what no other day had about that time, which is no peak of it.
    pub(super) once: Vec<usize>,
}

/// The days that are known for the most part, oldest first.
pub(super) fn days(history: &History, clock: &Clock) -> Vec<Day> {
    let step = i64::from(history.grid.step.as_secs().max(1));
    let mut days: Vec<Day> = Vec::new();
    let planned = history.planned.as_ref().unwrap_or(&history.cores);
    // Clocks change at the end of a quarter: all of one is of the same place.
    let (mut until, mut place_of) = (i64::MIN, None);
    for (slot, cores) in planned.iter().enumerate() {
        if !cores.is_finite() {
            continue;
        }
        let mut second = history.second(slot);
        let end = second + step;
        // Of slots that are longer every quarter that they cover.
        while second < end {
            if second >= until {
                let local = clock.local_second(second);
                let left = |second: i64| QUARTER - second.rem_euclid(QUARTER);
                until = second + left(second).min(left(local));
                place_of = of_quarter(&mut days, local);
            }
            if let Some((day, quarter)) = place_of {
                let day: &mut Day = &mut days[day];
                day.peaks[quarter] = day.peaks[quarter].max(*cores);
                day.sampled[quarter] |= history.sampled[slot];
            }
            second += QUARTER;
        }
    }
    let known = |day: &Day| day.peaks.iter().filter(|it| it.is_finite()).count() >= LEAST;
    days.retain(known);
    leave_out_once(&mut days);
    days
}

/// The day that a local second is of, and its quarter there. Days come in order.
fn of_quarter(days: &mut Vec<Day>, second: i64) -> Option<(usize, usize)> {
    let number = second.div_euclid(86_400);
    if days.last().is_none_or(|it| it.number < number) {
        days.push(Day {
            number,
            weekday: weekday(number),
            peaks: vec![f32::NAN; DAY],
            sampled: vec![false; DAY],
            once: Vec::new(),
        });
    }
    let quarter = usize::try_from(second.rem_euclid(86_400) / QUARTER).unwrap_or(0);
    // Where clocks go back over midnight, of the day before.
    let day = days.iter().rposition(|it| it.number == number)?;
    Some((day, quarter))
}

/// Quarters to both sides that are about that time.
const ABOUT: usize = 4;

/// Brings what came on one day alone down to the most of all other days: a schedule is for what
/// comes again, and the newest day has shown no more than any other one of that.
fn leave_out_once(days: &mut [Day]) {
    let peaks: Vec<&[f32]> = days.iter().map(|it| it.peaks.as_slice()).collect();
    for it in once_so_far(&peaks, ABOUT) {
        days[it.day].peaks[it.at] = single(it.others);
        days[it.day].once.push(it.at);
    }
}

/// Day of the week of a day since the epoch, 0 for Monday.
pub(super) fn weekday(number: i64) -> usize {
    // 1970-01-01 was a Thursday.
    usize::try_from((number + 3).rem_euclid(7)).unwrap_or(0)
}
