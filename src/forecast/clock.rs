//! Hours as the people who cause load count them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::day_of_month::DayOfMonth;
use super::month::{MonthPeak, Months};
use super::season::{Season, seasons_and};
use super::{DAY, Hours};
use crate::calendar::{Calendar, Like};

/// The time zone that days and weeks are counted in, and days that are not like others.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: TimeZone,
    /// As it was given: where it has another zone, its days begin at another time.
    calendar: Arc<Calendar>,
    /// By their start.
    special: Arc<[Special]>,
    /// Of each the last end of it and all before.
    ended: Arc<[i64]>,
    /// Periods, in hours, that are looked for besides days, weeks and months.
    periods: Arc<[usize]>,
}

/// A stretch of time that is no evidence of what usually is.
#[derive(Debug, Clone, PartialEq)]
pub struct Special {
    /// Seconds since the epoch, and the first after it.
    pub from: i64,
    pub until: i64,
    pub like: Like,
    pub name: String,
}

/// The clock of each workload.
#[derive(Debug, Clone, Default)]
pub struct Clocks {
    usual: Clock,
    own: BTreeMap<usize, Clock>,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(TimeZone::UTC)
    }
}

impl Clock {
    pub fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            calendar: Arc::default(),
            special: Arc::default(),
            ended: Arc::default(),
            periods: Arc::default(),
        }
    }

    /// The same, where these periods, in hours, are looked for too.
    #[must_use]
    pub fn looking_for(self, periods: &[usize]) -> Self {
        Self {
            periods: periods.into(),
            ..self
        }
    }

    /// The same with days of a calendar, which begin in its zone.
    #[must_use]
    pub fn with(self, calendar: Calendar) -> Self {
        Self {
            calendar: Arc::new(calendar),
            ..self
        }
        .in_zone(None)
    }

    /// The same in another zone.
    #[must_use]
    pub fn in_zone(self, zone: impl Into<Option<TimeZone>>) -> Self {
        let zone = zone.into().unwrap_or(self.zone);
        let events = self.calendar.events.iter();
        let mut special: Vec<Special> = events
            .flat_map(|event| {
                let stretches = event.stretches(&zone).into_iter();
                stretches.map(|(from, until)| Special {
                    from,
                    until,
                    like: event.like,
                    name: event.name.clone(),
                })
            })
            .collect();
        special.sort_by_key(|it| (it.from, it.until));
        let last = |ended: &mut i64, it: &Special| {
            *ended = it.until.max(*ended);
            Some(*ended)
        };
        let ended: Vec<i64> = special.iter().scan(i64::MIN, last).collect();
        Self {
            zone,
            ended: ended.into(),
            special: special.into(),
            calendar: self.calendar,
            periods: self.periods,
        }
    }

    /// The local hour in which an hour since the epoch begins.
    pub fn local(&self, hour: i64) -> i64 {
        let seconds = hour.saturating_mul(3_600);
        let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        let offset = self.zone.to_offset(time).seconds();
        (seconds + i64::from(offset)).div_euclid(3_600)
    }

    /// The local second at a second since the epoch.
    pub fn local_second(&self, second: i64) -> i64 {
        let time = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
        second + i64::from(self.zone.to_offset(time).seconds())
    }

    /// Its name in the tz database; `UTC` where it has none.
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// What is special at a second since the epoch: what begins last, where several are.
    pub fn special(&self, second: i64) -> Option<&Special> {
        let begun = self.special.partition_point(|it| it.from <= second);
        let begun = self.special[..begun].iter().zip(self.ended.iter()).rev();
        let mut last = begun.take_while(|it| second < *it.1);
        last.find(|it| second < it.0.until).map(|it| it.0)
    }

    /// Everything special that touches a stretch of seconds since the epoch.
    pub fn between(&self, from: i64, until: i64) -> impl Iterator<Item = &Special> {
        let all = self.special.iter();
        all.filter(move |it| it.from < until && from < it.until)
    }

    /// The same values by local hour: of an hour that comes twice the mean, and nothing
    /// for one that is left out.
    pub fn localized(&self, hours: &Hours) -> Hours {
        let first = self.local(hours.first);
        let mut sums: Vec<(f64, f64)> = Vec::with_capacity(hours.values.len() + 1);
        for (value, hour) in hours.values.iter().zip(hours.first..) {
            let place = usize::try_from(self.local(hour) - first).unwrap_or(0);
            if sums.len() <= place {
                sums.resize(place + 1, (0.0, 0.0));
            }
            if value.is_finite() {
                sums[place].0 += value;
                sums[place].1 += 1.0;
            }
        }
        let values = sums.into_iter().map(|(sum, count)| sum / count);
        Hours {
            first,
            values: values.collect(),
        }
    }

    /// What comes again in a series, by its local time.
    pub fn seasons(&self, hours: &Hours) -> Vec<Season> {
        seasons_and(&self.localized(&self.usual(hours)), &self.periods)
    }

    /// The largest hour that comes on a day of the month, where such days differ.
    pub fn month_peak(&self, hours: &Hours, seasons: &[Season]) -> Option<MonthPeak> {
        let local = self.localized(&self.usual(hours));
        Months::proven(&local, seasons).peak(&local)
    }

    /// Days of the month that are busier than days around them in all months, where such days
    /// differ.
    pub fn busy_days(&self, hours: &Hours, seasons: &[Season]) -> Vec<DayOfMonth> {
        let local = self.localized(&self.usual(hours));
        Months::proven(&local, seasons).busy()
    }

    /// Without hours that are no evidence.
    pub fn usual(&self, hours: &Hours) -> Hours {
        let mut usual = hours.clone();
        if self.special.is_empty() {
            return usual;
        }
        for (value, hour) in usual.values.iter_mut().zip(hours.first..) {
            if self.special(hour.saturating_mul(3_600)).is_some() {
                *value = f64::NAN;
            }
        }
        usual
    }
}

impl Special {
    /// By how many days a local hour is moved, so that it is of the day that this is like:
    /// to the nearest that is not special itself and lies in `within` local hours.
    pub(super) fn moved(
        &self,
        local: i64,
        within: std::ops::Range<i64>,
        is_special: impl Fn(i64) -> bool,
    ) -> i64 {
        let Like::Weekday(day) = self.like else {
            return 0;
        };
        let day_hours = i64::try_from(DAY).unwrap_or(24);
        let meant = |days: &i64| {
            let hour = local + days * day_hours;
            within.contains(&hour) && weekday(hour) == day && !is_special(*days)
        };
        let near = (0..=14_i64).flat_map(|days| [days, -days]);
        near.into_iter().find(meant).unwrap_or(0)
    }
}

/// The day of the week of a local hour.
fn weekday(hour: i64) -> Weekday {
    // 1970-01-01 was a Thursday: three days after Monday.
    let since_monday = (hour.div_euclid(24) + 3).rem_euclid(7);
    let number = i8::try_from(since_monday).unwrap_or(0);
    Weekday::from_monday_zero_offset(number).unwrap_or(Weekday::Monday)
}

impl Clocks {
    pub fn new(usual: Clock) -> Self {
        Self {
            usual,
            own: BTreeMap::new(),
        }
    }

    /// Gives a workload, by its index, a clock of its own.
    pub fn set(&mut self, workload: usize, clock: Clock) {
        self.own.insert(workload, clock);
    }

    /// That of a workload.
    pub fn of(&self, workload: usize) -> &Clock {
        self.own.get(&workload).unwrap_or(&self.usual)
    }

    /// That of what is of no workload, and of those that have no other.
    pub fn usual(&self) -> &Clock {
        &self.usual
    }
}
