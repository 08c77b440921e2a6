//! A calendar as YAML: `events`, each with a `name`, a `date` or `from` and `until`, and what
//! it is `like`.

use jiff::civil::{Date, DateTime};
use serde::Deserialize;
use serde_yaml::Location;

use super::{Calendar, CalendarError, Event, Like, Moment, midnight, times, usual, weekday};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "`events:` with a list below it")]
struct File {
    events: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, try_from = "Given")]
struct Entry(Event);

/// An entry as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    name: String,
    /// A whole day.
    date: Option<String>,
    /// Days, or times of days; a day is the last of it.
    from: Option<String>,
    until: Option<String>,
    like: Option<String>,
    times: Option<f64>,
    every: Option<String>,
}

pub(super) fn parse(text: &str) -> Result<Calendar, CalendarError> {
    let file: File = serde_yaml::from_str(text).map_err(|error| {
        let place = error.location();
        let said = error.to_string();
        // The place stands in front of it.
        let problem = said.rsplit_once(" at line ").map_or(&*said, |it| it.0);
        CalendarError {
            line: place.as_ref().map_or(1, Location::line),
            column: place.as_ref().map_or(1, Location::column),
            problem: problem.to_owned(),
        }
    })?;
    Ok(Calendar {
        events: file.events.into_iter().map(|it| it.0).collect(),
    })
}

impl TryFrom<Given> for Entry {
    type Error = String;

    fn try_from(given: Given) -> Result<Self, String> {
        let name = given.name;
        let wrong = |problem: String| format!("event `{name}`: {problem}");
        let (from, until, whole) = match (&given.date, &given.from, &given.until) {
            (Some(date), None, None) => {
                let date = day(date).map_err(wrong)?;
                (midnight(date), after(date).map_err(wrong)?, true)
            }
            (None, Some(from), Some(until)) => {
                let (from, whole) = time(from).map_err(wrong)?;
                let (last, until_day) = time(until).map_err(wrong)?;
                let until = if until_day {
                    after(last.date()).map_err(wrong)?
                } else {
                    last
                };
                (from, until, whole && until_day)
            }
            _ => return Err(wrong("it needs `date`, or `from` and `until`".to_owned())),
        };
        if until <= from {
            return Err(wrong("it ends before it begins".to_owned()));
        }
        let like = match (&given.like, given.times) {
            (Some(_), Some(_)) => {
                return Err(wrong("it has `like` and `times`; one is enough".to_owned()));
            }
            (Some(like), None) => Like::Weekday(weekday(like).ok_or_else(|| {
                wrong(format!("`{like}` is no day of the week, such as `sunday`"))
            })?),
            (None, Some(factor)) => times(factor).map_err(wrong)?,
            (None, None) => usual(whole),
        };
        let yearly = match given.every.as_deref() {
            None => false,
            Some("year") => true,
            Some(other) => {
                return Err(wrong(format!(
                    "every `{other}` is not known: write `every: year`"
                )));
            }
        };
        Ok(Self(Event {
            from: Moment::Local(from),
            until: Moment::Local(until),
            like,
            yearly,
            name,
        }))
    }
}

fn day(text: &str) -> Result<Date, String> {
    text.parse::<Date>()
        .map_err(|_| format!("`{text}` is no day: write it as 2026-12-25"))
}

/// A time, and whether only its day is given.
fn time(text: &str) -> Result<(DateTime, bool), String> {
    if let Ok(date) = text.parse::<Date>()
        && !text.contains(['T', 't', ' '])
    {
        return Ok((midnight(date), true));
    }
    let time = text.parse::<DateTime>();
    time.map(|it| (it, false)).map_err(|_| {
        format!(
            "`{text}` is neither a day nor a local time: write it as 2026-12-25 or 2026-12-25T08:00"
        )
    })
}

fn after(date: Date) -> Result<DateTime, String> {
    let next = date.tomorrow().map(midnight);
    next.map_err(|_| format!("there is no day after {date}"))
}
