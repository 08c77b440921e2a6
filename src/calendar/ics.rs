//! A calendar as iCalendar (RFC 5545): events with their start and end, whole days or times.
//! Of rules by which they come again only `FREQ=YEARLY` is read; `X-KCOST-LIKE` and
//! `X-KCOST-TIMES` say what work is then.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::{Calendar, CalendarError, Event, Like, Moment, midnight, times, usual, weekday};

/// One event while it is read.
#[derive(Default)]
struct Open {
    line: usize,
    name: Option<String>,
    /// With whether it is a whole day.
    from: Option<(Moment, bool)>,
    until: Option<Moment>,
    like: Option<Like>,
    yearly: bool,
    cancelled: bool,
}

pub(super) fn parse(text: &str) -> Result<Calendar, CalendarError> {
    let mut calendar = Calendar::default();
    let mut open: Option<Open> = None;
    // Parts of an event that are about something else, such as its alarm.
    let mut inner = 0_usize;
    for (line, content) in unfolded(text) {
        let wrong = |problem: String| CalendarError {
            line,
            column: 1,
            problem,
        };
        let Some((head, value)) = content.split_once(':') else {
            continue;
        };
        let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
        match (name.to_uppercase().as_str(), &mut open) {
            ("BEGIN", None) if value == "VEVENT" => {
                open = Some(Open {
                    line,
                    ..Open::default()
                });
            }
            ("BEGIN", Some(_)) => inner += 1,
            ("END", Some(_)) if inner > 0 => inner -= 1,
            ("END", Some(_)) => {
                if let Some(event) = open.take().map(Open::close).transpose().map_err(wrong)? {
                    calendar.events.extend(event);
                }
            }
            (property, Some(event)) if inner == 0 => {
                event.take(property, parameters, value).map_err(wrong)?;
            }
            _ => {}
        }
    }
    match open {
        Some(open) => Err(CalendarError {
            line: open.line,
            column: 1,
            problem: "an event begins here and does not end".to_owned(),
        }),
        None => Ok(calendar),
    }
}

/// Lines with those that go on from them, each with the number of its first.
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let rest = line.strip_prefix([' ', '\t']);
        match (rest, lines.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ => lines.push((number + 1, line.to_owned())),
        }
    }
    lines
}

impl Open {
    fn take(&mut self, property: &str, parameters: &str, value: &str) -> Result<(), String> {
        match property {
            "SUMMARY" => self.name = Some(value.replace("\\,", ",").replace("\\;", ";")),
            "DTSTART" => self.from = Some(moment(parameters, value)?),
            "DTEND" => self.until = Some(moment(parameters, value)?.0),
            "DURATION" => {
                return Err("DURATION is not read: write the end as DTEND".to_owned());
            }
            "STATUS" => self.cancelled = value == "CANCELLED",
            "RRULE" => {
                let mut parts = value.split(';');
                let known = |part: &str| matches!(part, "FREQ=YEARLY" | "INTERVAL=1");
                if !parts.all(known) {
                    return Err(format!(
                        "RRULE `{value}` is not read: FREQ=YEARLY is, and single events are"
                    ));
                }
                self.yearly = true;
            }
            "X-KCOST-LIKE" => {
                let day = weekday(value);
                let day = day.ok_or_else(|| format!("`{value}` is no day of the week"))?;
                self.like = Some(Like::Weekday(day));
            }
            "X-KCOST-TIMES" => {
                let factor = value.parse::<f64>();
                let factor = factor.map_err(|_| format!("`{value}` is no number"))?;
                self.like = Some(times(factor)?);
            }
            _ => {}
        }
        Ok(())
    }

    /// `None` where it does not take place.
    fn close(self) -> Result<Option<Event>, String> {
        if self.cancelled {
            return Ok(None);
        }
        let name = self.name.unwrap_or_else(|| "event".to_owned());
        let Some((from, whole)) = self.from else {
            return Err(format!("event `{name}` has no DTSTART"));
        };
        let until = match (self.until, from) {
            (Some(until), _) => until,
            (None, Moment::Local(start)) if whole => {
                let next = start.date().tomorrow();
                Moment::Local(midnight(next.map_err(|error| error.to_string())?))
            }
            _ => return Err(format!("event `{name}` has no DTEND")),
        };
        Ok(Some(Event {
            name,
            from,
            until,
            like: self.like.unwrap_or_else(|| usual(whole)),
            yearly: self.yearly,
        }))
    }
}

/// `20261225`, `20261225T080000`, with a `Z` or a `TZID`; and whether it is a whole day.
fn moment(parameters: &str, value: &str) -> Result<(Moment, bool), String> {
    let wrong = || format!("`{value}` is no time as 20261225 or 20261225T080000Z");
    if let Ok(date) = Date::strptime("%Y%m%d", value) {
        return Ok((Moment::Local(midnight(date)), true));
    }
    let (local, utc) = match value.strip_suffix('Z') {
        Some(local) => (local, true),
        None => (value, false),
    };
    let local = DateTime::strptime("%Y%m%dT%H%M%S", local).map_err(|_| wrong())?;
    let mut named = parameters
        .split(';')
        .filter_map(|it| it.strip_prefix("TZID="));
    let zone = match named.next() {
        _ if utc => Some(TimeZone::UTC),
        Some(name) => {
            let name = name.trim_matches('"');
            let zone = TimeZone::get(name);
            Some(zone.map_err(|_| format!("`{name}` is no time zone that is known here"))?)
        }
        None => None,
    };
    let moment = match zone {
        Some(zone) => Moment::At(zone.to_timestamp(local).map_err(|_| wrong())?),
        None => Moment::Local(local),
    };
    Ok((moment, false))
}
