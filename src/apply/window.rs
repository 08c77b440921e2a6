//! When a cluster may be written to.

use std::str::FromStr;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};

/// A maintenance window: `Mon-Fri 22:00-04:00 Europe/Berlin`. Days are those on which it
/// opens; without days it opens on all, without a zone it is in UTC.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    days: Vec<Weekday>,
    /// Minutes of the day; where both are the same it is open for the whole day.
    opens: i32,
    closes: i32,
    zone: TimeZone,
}

/// Why a text is no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no maintenance window such as `Sat,Sun 01:00-05:00 Europe/Berlin`")]
pub struct ParseWindowError(String);

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

const DAY: i32 = 24 * 60;

impl Window {
    /// Whether it is open at this time.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let now = now.to_zoned(self.zone.clone());
        let minute = minute(&now);
        let (today, yesterday) = (now.weekday(), now.weekday().previous());
        let on = |day: Weekday| self.days.contains(&day);
        if self.opens < self.closes {
            return on(today) && (self.opens..self.closes).contains(&minute);
        }
        (on(today) && minute >= self.opens) || (on(yesterday) && minute < self.closes)
    }

    /// When it opens next.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let here = now.to_zoned(self.zone.clone());
        (0..=7).find_map(|days| {
            let day = here.date().checked_add(days.days()).ok()?;
            let hour = i8::try_from(self.opens / 60).ok()?;
            let minute = i8::try_from(self.opens % 60).ok()?;
            let at = day
                .at(hour, minute, 0, 0)
                .to_zoned(self.zone.clone())
                .ok()?;
            (self.days.contains(&at.weekday()) && at.timestamp() > now).then(|| at.timestamp())
        })
    }
}

fn minute(now: &Zoned) -> i32 {
    i32::from(now.hour()) * 60 + i32::from(now.minute())
}

impl FromStr for Window {
    type Err = ParseWindowError;

    fn from_str(text: &str) -> Result<Self, ParseWindowError> {
        parse(text).ok_or_else(|| ParseWindowError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Window> {
    let mut words = text.split_whitespace().peekable();
    let starts_with_days = words
        .peek()
        .is_some_and(|word| word.starts_with(|it: char| it.is_ascii_alphabetic()));
    let days = if starts_with_days {
        days(words.next()?)?
    } else {
        DAYS.map(|(_, day)| day).to_vec()
    };
    let (opens, closes) = words.next()?.split_once('-')?;
    let (opens, closes) = (clock(opens)?, clock(closes)?);
    let zone = match words.next() {
        Some(name) => TimeZone::get(name).ok()?,
        None => TimeZone::UTC,
    };
    let is_whole = words.next().is_none() && opens < DAY;
    is_whole.then(|| Window {
        days,
        opens,
        closes,
        zone,
    })
}

/// `Mon-Fri`, `Sat,Sun`.
fn days(text: &str) -> Option<Vec<Weekday>> {
    let one = |name: &str| {
        let name = name.to_lowercase();
        DAYS.iter().position(|(short, _)| *short == name)
    };
    let mut found = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            None => found.push(DAYS[one(part)?].1),
            Some((first, last)) => {
                let (first, last) = (one(first)?, one(last)?);
                let length = (last + 7 - first) % 7;
                found.extend((0..=length).map(|day| DAYS[(first + day) % 7].1));
            }
        }
    }
    Some(found)
}

/// `22:00`, up to `24:00`.
fn clock(text: &str) -> Option<i32> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|it| it.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= DAY).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_opens() {
        let window: Window = "Fri 22:00-04:00".parse().unwrap();
        // 2026-11-27 is a Friday.
        assert!(!window.is_open(at("2026-11-27T03:00:00Z")));
        assert!(window.is_open(at("2026-11-27T22:00:00Z")));
        assert!(window.is_open(at("2026-11-28T03:59:00Z")));
        assert!(!window.is_open(at("2026-11-28T04:00:00Z")));
        let next = window.next(at("2026-11-28T04:00:00Z"));
        assert_eq!(next, Some(at("2026-12-04T22:00:00Z")));
    }

    #[test]
    fn days_and_zones_are_heeded() {
        let window: Window = "Sat-Mon 01:00-05:00 Europe/Berlin".parse().unwrap();
        assert!(window.is_open(at("2026-11-29T00:30:00Z")));
        assert!(!window.is_open(at("2026-11-29T04:30:00Z")));
        assert!(!window.is_open(at("2026-12-01T00:30:00Z")));
        let daily: Window = "20:00-24:00".parse().unwrap();
        assert!(daily.is_open(at("2026-12-01T23:59:00Z")));
        assert!(!daily.is_open(at("2026-12-01T00:00:00Z")));
    }

    #[test]
    fn what_is_no_window_is_told() {
        for text in [
            "",
            "Sat",
            "Sat 1:00-5:00",
            "Day 01:00-05:00",
            "01:00-25:00",
            "24:00-01:00",
            "01:00-05:00 Nowhere/There",
            "01:00-05:00 UTC UTC",
        ] {
            assert!(text.parse::<Window>().is_err(), "{text}");
        }
    }
}
