//! A calendar as iCalendar (RFC 5545): events with their start and end or how long they last,
//! whole days or times, and rules by which they come again, with days that are left out, added
//! or moved. `X-KCOST-LIKE` and `X-KCOST-TIMES` say what work is then.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};

use super::again::occurrences;
use super::{Calendar, CalendarError, Event, Like, Moment, midnight, times, usual, weekday};

/// One event while it is read.
#[derive(Default)]
struct Open {
    line: usize,
    name: Option<String>,
    /// What events that are one have in common.
    uid: Option<String>,
    from: Option<Time>,
    until: Option<Time>,
    lasts: Option<Span>,
    like: Option<Like>,
    /// By which it comes again.
    rule: Option<String>,
    /// Times at which it does so besides, and at which it does not.
    also: Vec<Time>,
    except: Vec<Time>,
    /// The time at which it would have come, where this is that one at another time.
    moved: Option<Time>,
    cancelled: bool,
}

/// A time as it is written: local, and of which zone where one is named.
#[derive(Clone, PartialEq)]
struct Time {
    local: DateTime,
    zone: Option<TimeZone>,
    /// Whether it is a day.
    whole: bool,
}

/// One event that is read, with what others say of it.
struct Closed {
    uid: Option<String>,
    moved: Option<Moment>,
    events: Vec<Event>,
}

pub(super) fn parse(text: &str) -> Result<Calendar, CalendarError> {
    let mut closed: Vec<Closed> = Vec::new();
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
                closed.extend(open.take().map(Open::close).transpose().map_err(wrong)?);
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
        None => Ok(all(closed)),
    }
}

/// All events, without those that were moved or called off.
fn all(mut closed: Vec<Closed>) -> Calendar {
    let moved = closed
        .iter()
        .filter_map(|it| Some((it.uid.clone()?, it.moved?)));
    let moved: Vec<(String, Moment)> = moved.collect();
    for one in closed.iter_mut().filter(|it| it.moved.is_none()) {
        let own = |it: &&(String, Moment)| Some(&it.0) == one.uid.as_ref();
        let gone: Vec<Moment> = moved.iter().filter(own).map(|it| it.1).collect();
        one.events.retain(|it| !gone.contains(&it.from));
    }
    Calendar {
        events: closed.into_iter().flat_map(|it| it.events).collect(),
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
            "UID" => self.uid = Some(value.to_owned()),
            "DTSTART" => self.from = Some(Time::of(parameters, value)?),
            "DTEND" => self.until = Some(Time::of(parameters, value)?),
            "DURATION" => {
                let lasts = value.parse::<Span>();
                let lasts =
                    lasts.map_err(|_| format!("`{value}` is no duration as PT2H or P1D"))?;
                self.lasts = Some(lasts);
            }
            "STATUS" => self.cancelled = value == "CANCELLED",
            "RRULE" if self.rule.is_some() => {
                return Err("it has two RRULEs: write it as two events".to_owned());
            }
            "RRULE" => self.rule = Some(value.to_owned()),
            "RDATE" => self.also.extend(Time::several(parameters, value)?),
            "EXDATE" => self.except.extend(Time::several(parameters, value)?),
            "RECURRENCE-ID" => self.moved = Some(Time::of(parameters, value)?),
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

    /// Each time that it takes place.
    fn close(self) -> Result<Closed, String> {
        let name = self.name.clone().unwrap_or_else(|| "event".to_owned());
        let Some(from) = &self.from else {
            return Err(format!("event `{name}` has no DTSTART"));
        };
        let yearly = self.rule.as_deref().is_some_and(is_each_year);
        let yearly = yearly && self.except.is_empty() && from.zone.is_none();
        let event = |start: &Time| {
            Ok(Event {
                name: name.clone(),
                from: start.moment()?,
                until: self.end(start, from, &name)?,
                like: self.like.unwrap_or_else(|| usual(from.whole)),
                yearly,
            })
        };
        let starts = match &self.rule {
            Some(rule) if !yearly => from.again(rule)?,
            _ => vec![from.clone()],
        };
        let starts = starts.iter().chain(&self.also);
        let starts = starts.filter(|it| !self.except.contains(it));
        let events: Result<Vec<Event>, String> = starts.map(event).collect();
        Ok(Closed {
            uid: self.uid,
            moved: self.moved.map(|it| it.moment()).transpose()?,
            events: if self.cancelled { Vec::new() } else { events? },
        })
    }

    /// The first moment after the time that begins then, of those that first begin `from`.
    fn end(&self, start: &Time, from: &Time, name: &str) -> Result<Moment, String> {
        let wrong = |error: jiff::Error| format!("event `{name}`: {error}");
        let local = match (&self.until, self.lasts) {
            (Some(until), _) if until.zone == from.zone => start
                .local
                .checked_add(from.local.until(until.local).map_err(wrong)?),
            (Some(until), _) => {
                let lasts = from.apart(until)?;
                start.local.checked_add(lasts)
            }
            (None, Some(lasts)) => start.local.checked_add(lasts),
            (None, None) if from.whole => start.local.checked_add(Span::new().days(1)),
            _ => return Err(format!("event `{name}` has no DTEND and no DURATION")),
        };
        let local = local.map_err(wrong)?;
        start.with(local).moment()
    }
}

/// Whether a rule says no more than each year.
fn is_each_year(rule: &str) -> bool {
    rule.split(';')
        .all(|it| matches!(it, "FREQ=YEARLY" | "INTERVAL=1"))
}

impl Time {
    /// `20261225`, `20261225T080000`, with a `Z` or a `TZID`.
    fn of(parameters: &str, value: &str) -> Result<Self, String> {
        let wrong = || format!("`{value}` is no time as 20261225 or 20261225T080000Z");
        if let Ok(date) = Date::strptime("%Y%m%d", value) {
            return Ok(Self {
                local: midnight(date),
                zone: None,
                whole: true,
            });
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
        Ok(Self {
            local,
            zone,
            whole: false,
        })
    }

    /// Several, with commas between.
    fn several(parameters: &str, value: &str) -> Result<Vec<Self>, String> {
        value
            .split(',')
            .map(|it| Self::of(parameters, it))
            .collect()
    }

    /// Another local time in the same zone.
    fn with(&self, local: DateTime) -> Self {
        Self {
            local,
            ..self.clone()
        }
    }

    /// The times at which it comes by a rule, this one among them.
    fn again(&self, rule: &str) -> Result<Vec<Self>, String> {
        let all = occurrences(self.local, self.zone.as_ref(), rule)?;
        Ok(all.into_iter().map(|it| self.with(it)).collect())
    }

    /// How long it is to another.
    fn apart(&self, other: &Self) -> Result<SignedDuration, String> {
        let second = |it: &Self| {
            let zone = it.zone.clone().unwrap_or(TimeZone::UTC);
            zone.to_timestamp(it.local)
                .map_err(|error| error.to_string())
        };
        Ok(second(other)?.duration_since(second(self)?))
    }

    fn moment(&self) -> Result<Moment, String> {
        Ok(match &self.zone {
            Some(zone) => {
                let time = zone.to_timestamp(self.local);
                Moment::At(time.map_err(|error| error.to_string())?)
            }
            None => Moment::Local(self.local),
        })
    }
}
