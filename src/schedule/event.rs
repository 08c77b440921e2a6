//! One-off events of the calendar that a schedule of weeks does not hold.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::days::weekday;
use super::need::Need;
use super::{DAY, WEEK};
use crate::calendar::Like;
use crate::forecast::{Clock, Special};
use crate::text::count;
use crate::units::count_from;

/// Days that are looked ahead.
const AHEAD: i64 = 14;

/// An event that comes.
#[derive(Debug, Clone, PartialEq)]
pub struct Coming {
    pub name: String,
    pub from: Timestamp,
    pub until: Timestamp,
    /// Of the usual work.
    pub times: f64,
    /// That it needs at most.
    pub replicas: u32,
    /// The local day and minute of the day at which these are asked for, and are no longer
    /// needed.
    pub start: (i64, u32),
    pub end: (i64, u32),
}

/// The events that come after a moment, in seconds since the epoch, and need more or less
/// than usual; `lead` minutes early.
pub(super) fn coming(
    need: &Need,
    capacity: f64,
    clock: &Clock,
    now: i64,
    lead: u32,
) -> Vec<Coming> {
    let until = now + AHEAD * 86_400;
    let of = |special: &Special| {
        let Like::Times(times) = special.like else {
            return None;
        };
        let (from, end) = (special.from.max(now), special.until);
        let quarters = (from..end).step_by(900).take(WEEK);
        let cores = quarters.map(|second| need.high(quarter(clock, second)) * times);
        let cores = cores.fold(0.0, f64::max);
        let replicas = (cores / capacity - 1e-6).max(0.0).ceil();
        let at = |second: i64| {
            let local = clock.local_second(second);
            let minute = u32::try_from(local.rem_euclid(86_400) / 60).unwrap_or(0);
            (local.div_euclid(86_400), minute)
        };
        Some(Coming {
            name: special.name.clone(),
            from: Timestamp::from_second(special.from).ok()?,
            until: Timestamp::from_second(end).ok()?,
            times,
            replicas: u32::try_from(count_from(replicas))
                .unwrap_or(u32::MAX)
                .max(1),
            start: at(special.from - i64::from(lead) * 60),
            end: at(end),
        })
    };
    clock.between(now, until).filter_map(of).collect()
}

/// The quarter of the local week of a second since the epoch.
fn quarter(clock: &Clock, second: i64) -> usize {
    let local = clock.local_second(second);
    let day = weekday(local.div_euclid(86_400));
    let place = usize::try_from(local.rem_euclid(86_400) / 900).unwrap_or(0);
    day * DAY + place
}

impl Coming {
    /// `Summer sale, 07-02 08:00 to 07-02 23:00: 3 times the usual, needs 14 replicas`.
    pub fn text(&self) -> String {
        let time = |at: Timestamp| at.strftime("%m-%d %H:%M").to_string();
        format!(
            "{}, {} to {} UTC: {} times the usual, needs {}",
            self.name,
            time(self.from),
            time(self.until),
            self.times,
            count(usize::try_from(self.replicas).unwrap_or(0), "replica"),
        )
    }

    /// As cron expressions of its day and month: when its replicas are asked for, and when
    /// they go.
    pub fn crons(&self) -> (String, String) {
        let of = |(day, minute): (i64, u32)| {
            let time = Timestamp::from_second(day.saturating_mul(86_400)).unwrap_or_default();
            let date = time.to_zoned(TimeZone::UTC).date();
            let (hour, minute) = (minute / 60, minute % 60);
            format!("{minute} {hour} {} {} *", date.day(), date.month())
        };
        (of(self.start), of(self.end))
    }
}
