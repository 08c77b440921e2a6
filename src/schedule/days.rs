//! A history as days of quarters of an hour, by local time.

use super::DAY;
use super::history::{History, place};
use crate::forecast::Clock;

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
}

/// The days that are known for the most part, oldest first.
pub(super) fn days(history: &History, clock: &Clock) -> Vec<Day> {
    let step = i64::from(history.grid.step.as_secs().max(1));
    let mut days: Vec<Day> = Vec::new();
    let planned = history.planned.as_ref().unwrap_or(&history.cores);
    for (slot, cores) in planned.iter().enumerate() {
        if !cores.is_finite() {
            continue;
        }
        let begin = history.second(slot);
        // Of slots that are longer every quarter that they cover.
        for second in (begin..begin + step).step_by(place(900)) {
            let local = clock.local_second(second);
            let number = local.div_euclid(86_400);
            if days.last().is_none_or(|it| it.number < number) {
                days.push(Day {
                    number,
                    weekday: weekday(number),
                    peaks: vec![f32::NAN; DAY],
                    sampled: vec![false; DAY],
                });
            }
            let quarter = usize::try_from(local.rem_euclid(86_400) / QUARTER).unwrap_or(0);
            // Where clocks go back over midnight, of the day before.
            let day = days.iter_mut().rev().find(|it| it.number == number);
            if let Some(day) = day {
                day.peaks[quarter] = day.peaks[quarter].max(*cores);
                day.sampled[quarter] |= history.sampled[slot];
            }
        }
    }
    let known = |day: &Day| day.peaks.iter().filter(|it| it.is_finite()).count() >= LEAST;
    days.retain(known);
    leave_out_once(&mut days);
    days
}

/// What came on one day alone is no habit: from so many times on as much as on all other days
/// about that time.
const ONCE: f32 = 2.0;

/// Quarters to both sides that are about that time.
const ABOUT: usize = 4;

/// Days without which nobody knows whether something comes again.
const TWO_WEEKS: usize = 14;

/// Brings what came once down to the most of all other days. The newest day may be the first of
/// many.
fn leave_out_once(days: &mut [Day]) {
    if days.len() < TWO_WEEKS {
        return;
    }
    let about = |day: &Day, quarter: usize| {
        let near = quarter.saturating_sub(ABOUT)..(quarter + ABOUT + 1).min(DAY);
        day.peaks[near].iter().copied().fold(0.0, f32::max)
    };
    let mut found: Vec<(usize, usize, f32)> = Vec::new();
    for quarter in 0..DAY {
        let mut most: [(f32, usize); 2] = [(0.0, 0); 2];
        for (at, day) in days.iter().enumerate() {
            let own = (about(day, quarter), at);
            if own.0 > most[0].0 {
                most = [own, most[0]];
            } else if own.0 > most[1].0 {
                most[1] = own;
            }
        }
        let [(_, at), (others, _)] = most;
        if at + 1 < days.len() && days[at].peaks[quarter] > ONCE * others && others > 0.0 {
            found.push((at, quarter, others));
        }
    }
    for (day, quarter, most) in found {
        days[day].peaks[quarter] = most;
    }
}

/// Day of the week of a day since the epoch, 0 for Monday.
pub(super) fn weekday(number: i64) -> usize {
    // 1970-01-01 was a Thursday.
    usize::try_from((number + 3).rem_euclid(7)).unwrap_or(0)
}
