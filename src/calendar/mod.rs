//! Holidays and one-off events, from a file of the user's. A leaf.
//!
//! Days like these are no evidence of what usually is, and those that come are not like the
//! usual. Two formats: YAML of ours ([`yaml`]), and iCalendar ([`ics`]).

mod again;
mod ics;
mod yaml;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;

/// Years for which what comes again every year is written out, around the one that it is
/// given for.
const YEARS: (i16, i16) = (-5, 30);

/// What a calendar says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calendar {
    /// In the order of the file.
    pub events: Vec<Event>,
}

/// A stretch of time that is not like others.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub name: String,
    pub from: Moment,
    /// The first moment after it.
    pub until: Moment,
    pub like: Like,
    /// Whether it comes again every year.
    pub yearly: bool,
}

/// A time, local or of a zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Moment {
    Local(DateTime),
    At(Timestamp),
}

/// What work is then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Like {
    /// As on this day of the week.
    Weekday(Weekday),
    /// So many times the usual.
    Times(f64),
    /// Not told: it is no evidence, and forecast as usual.
    Unknown,
}

/// Why a calendar cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarError {
    /// From 1.
    pub line: usize,
    pub column: usize,
    pub problem: String,
}

impl Calendar {
    /// Reads a file by what it begins with.
    ///
    /// # Errors
    ///
    /// Where something is not understood, with its place.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if is_icalendar(text) {
            ics::parse(text)
        } else {
            yaml::parse(text)
        }
    }
}

/// Whether a file is iCalendar, and not YAML.
pub fn is_icalendar(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.starts_with("BEGIN:VCALENDAR")
}

impl Event {
    /// Its stretches in seconds since the epoch, in the time of a zone where it has none.
    pub fn stretches(&self, zone: &TimeZone) -> Vec<(i64, i64)> {
        let years = if self.yearly { YEARS } else { (0, 0) };
        let of = |years: i16| {
            let (from, until) = (self.from.later(years)?, self.until.later(years)?);
            let stretch = (from.second(zone)?, until.second(zone)?);
            (stretch.0 < stretch.1).then_some(stretch)
        };
        (years.0..=years.1).filter_map(of).collect()
    }
}

impl Moment {
    /// The same so many years later; `None` where there is no such day.
    fn later(self, years: i16) -> Option<Self> {
        if years == 0 {
            return Some(self);
        }
        let Self::Local(time) = self else {
            return None;
        };
        let date = Date::new(time.year().checked_add(years)?, time.month(), time.day()).ok()?;
        Some(Self::Local(date.to_datetime(time.time())))
    }

    fn second(self, zone: &TimeZone) -> Option<i64> {
        match self {
            Self::At(time) => Some(time.as_second()),
            Self::Local(time) => {
                let zoned = zone.to_zoned(time).ok()?;
                Some(zoned.timestamp().as_second())
            }
        }
    }
}

/// Midnight at which a day begins.
fn midnight(date: Date) -> DateTime {
    date.to_datetime(Time::midnight())
}

/// A day of the week by its English name, or three letters of it.
fn weekday(name: &str) -> Option<Weekday> {
    let days = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let name = name.to_lowercase();
    let found = days
        .into_iter()
        .find(|(day, _)| *day == name || day[..3] == name);
    found.map(|(_, day)| day)
}

/// What a stretch is taken to be like where nothing is said: a whole day is a holiday.
fn usual(whole_days: bool) -> Like {
    if whole_days {
        Like::Weekday(Weekday::Sunday)
    } else {
        Like::Unknown
    }
}

/// The largest multiple that is taken.
const MOST_TIMES: f64 = 1_000.0;

fn times(times: f64) -> Result<Like, String> {
    if times > 0.0 && times <= MOST_TIMES {
        Ok(Like::Times(times))
    } else {
        Err(format!(
            "`{times}` times the usual cannot be: write a number above 0, such as 3 or 0.5"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_icalendar_say_the_same() {
        let yaml = Calendar::parse(
            "events:\n- {name: Christmas, date: 2026-12-25}\n- name: Sale\n  from: 2026-11-27T08:00\n  until: 2026-11-27T23:00\n  times: 3\n",
        )
        .unwrap();
        let ics = Calendar::parse(
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Christ\r\n mas\r\nDTSTART;VALUE=DATE:20261225\r\nEND:VEVENT\r\n\
             BEGIN:VEVENT\r\nSUMMARY:Sale\r\nDTSTART:20261127T080000\r\nDTEND:20261127T230000\r\nX-KCOST-TIMES:3\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        )
        .unwrap();
        assert_eq!(yaml, ics);
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let [(from, until)] = yaml.events[0].stretches(&berlin)[..] else {
            unreachable!()
        };
        let time = |second| Timestamp::from_second(second).unwrap().to_string();
        assert_eq!(time(from), "2026-12-24T23:00:00Z");
        assert_eq!(until - from, 86_400);
        assert_eq!(yaml.events[0].like, Like::Weekday(Weekday::Sunday));
        assert_eq!(yaml.events[1].like, Like::Times(3.0));
    }

    #[test]
    fn days_are_whole_and_years_come_again() {
        let text = "events:\n- {name: Break, from: 2026-12-24, until: 2026-12-26, like: sat}\n- {name: Day, date: 2024-02-29, every: year}\n";
        let calendar = Calendar::parse(text).unwrap();
        let stretches = calendar.events[0].stretches(&TimeZone::UTC);
        assert_eq!(stretches[0].1 - stretches[0].0, 3 * 86_400);
        assert_eq!(calendar.events[0].like, Like::Weekday(Weekday::Saturday));
        // Leap years alone have it.
        assert_eq!(calendar.events[1].stretches(&TimeZone::UTC).len(), 9);
    }

    /// The starts in UTC of events that are given without their frame, and how long they last.
    fn starts(lines: &str) -> Vec<(String, i64)> {
        let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n");
        let calendar = Calendar::parse(&text).unwrap();
        let events = calendar.events.iter();
        let stretches = events.flat_map(|it| it.stretches(&TimeZone::UTC));
        let told = stretches.map(|(from, until)| {
            let time = Timestamp::from_second(from).unwrap();
            (
                time.strftime("%m-%d %H:%M").to_string(),
                (until - from) / 60,
            )
        });
        told.collect()
    }

    #[test]
    fn events_come_again_by_their_rules() {
        let at = |told: &[(&str, i64)]| -> Vec<(String, i64)> {
            told.iter().map(|it| (it.0.to_owned(), it.1)).collect()
        };
        // The last Friday of a month, at an hour of a zone whose clocks change between.
        assert_eq!(
            starts(
                "DTSTART;TZID=Europe/Berlin:20260925T200000\nDURATION:PT2H30M\nRRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=3"
            ),
            at(&[
                ("09-25 18:00", 150),
                ("10-30 19:00", 150),
                ("11-27 19:00", 150)
            ])
        );
        // Left out, moved, and added; up to the end of a day in UTC.
        assert_eq!(
            starts(
                "UID:a\nDTSTART:20260601T080000Z\nDTEND:20260601T090000Z\nRRULE:FREQ=WEEKLY;UNTIL=20260622T235959Z\nEXDATE:20260608T080000Z\nRDATE:20260701T080000Z,20260702T080000Z\nEND:VEVENT\nBEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20260615T080000Z\nDTSTART:20260616T100000Z\nDTEND:20260616T103000Z"
            ),
            at(&[
                ("06-01 08:00", 60),
                ("06-22 08:00", 60),
                ("07-01 08:00", 60),
                ("07-02 08:00", 60),
                ("06-16 10:00", 30),
            ])
        );
        // Whole days, and those of several.
        assert_eq!(
            starts(
                "DTSTART;VALUE=DATE:20260530\nDURATION:P2D\nRRULE:FREQ=DAILY;INTERVAL=10;UNTIL=20260615"
            ),
            at(&[("05-30 00:00", 2 * 1_440), ("06-09 00:00", 2 * 1_440)])
        );
        // Nothing for ever is soon told, and an end before the first leaves that one.
        let ruled = |rule: &str| {
            starts(&format!(
                "DTSTART:20260601T080000\nDURATION:PT1H\nRRULE:{rule}"
            ))
        };
        assert_eq!(ruled("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), []);
        assert_eq!(
            ruled("FREQ=DAILY;UNTIL=20200101"),
            at(&[("06-01 08:00", 60)])
        );
        // Without an end for as long as anybody looks.
        assert_eq!(
            starts("DTSTART:20260601T080000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY").len(),
            1_566
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let problem = |text: &str| {
            let error = Calendar::parse(text).unwrap_err();
            format!("{}: {}", error.line, error.problem)
        };
        insta::assert_snapshot!(
            [
                "events:\n- {name: a, date: 2026-13-01}\n",
                "events:\n- {name: a, dat: 2026-12-01}\n",
                "events:\n- {name: a}\n",
                "events:\n- {name: a, date: 2026-12-01, times: -1}\n",
                "events:\n- {name: a, date: 2026-12-01, like: funday}\n",
                "events:\n- {name: a, from: 2026-12-02, until: 2026-12-01}\n",
                "- a\n",
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:soon\nEND:VEVENT\n",
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\nRRULE:FREQ=HOURLY\nEND:VEVENT\n",
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\nRRULE:FREQ=WEEKLY;BYDAY=NO\nEND:VEVENT\n",
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225T080000\nDURATION:long\nEND:VEVENT\n",
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT\n",
            ]
            .map(problem)
            .join("\n"),
            @"
        2: events: event `a`: `2026-13-01` is no day: write it as 2026-12-25
        2: events[0]: unknown field `dat`, expected one of `name`, `date`, `from`, `until`, `like`, `times`, `every`
        2: events: event `a`: it needs `date`, or `from` and `until`
        2: events: event `a`: `-1` times the usual cannot be: write a number above 0, such as 3 or 0.5
        2: events: event `a`: `funday` is no day of the week, such as `sunday`
        2: events: event `a`: it ends before it begins
        1: invalid type: sequence, expected `events:` with a list below it
        3: `soon` is no time as 20261225 or 20261225T080000Z
        5: RRULE `FREQ=HOURLY` is not read: what comes more than once a day is no event of a calendar
        5: RRULE `FREQ=WEEKLY;BYDAY=NO` is not read: RRule parsing error: `NO` is not a valid weekday. Valid values are `MO`, `TU`, `WE`, `TH`, `FR`, `SA` and `SU`.
        4: `long` is no duration as PT2H or P1D
        4: event `a` has no DTSTART
        "
        );
    }
}
