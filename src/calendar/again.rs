//! Times at which something comes again, by rules of iCalendar.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rrule::RRuleSet;

use super::YEARS;

/// The most times that are written out: each day of all years.
const MOST: u16 = 13_000;

/// How times are written in a rule.
const TIME: &str = "%Y%m%dT%H%M%S";

/// The local times at which a rule has something come that first comes at `first`, that one
/// among them; where it says no end, for as many years as are looked at at most.
///
/// Source: RFC 5545, 3.3.10: what is counted are local times, and `UNTIL` is in UTC where the
/// first has a zone.
pub(super) fn occurrences(
    first: DateTime,
    zone: Option<&TimeZone>,
    rule: &str,
) -> Result<Vec<DateTime>, String> {
    let wrong = |why: &str| format!("RRULE `{rule}` is not read: {why}");
    let mut parts: Vec<String> = Vec::new();
    let mut ends = false;
    for part in rule.split(';').filter(|it| !it.is_empty()) {
        match part.split_once('=') {
            Some(("UNTIL", until)) => {
                let local =
                    until_local(until, zone).ok_or_else(|| wrong("its UNTIL is no time"))?;
                if local < first {
                    return Ok(vec![first]);
                }
                parts.push(format!("UNTIL={}Z", local.strftime(TIME)));
                ends = true;
            }
            Some(("FREQ", "HOURLY" | "MINUTELY" | "SECONDLY")) => {
                return Err(wrong(
                    "what comes more than once a day is no event of a calendar",
                ));
            }
            Some(("COUNT", _)) => {
                parts.push(part.to_owned());
                ends = true;
            }
            _ => parts.push(part.to_owned()),
        }
    }
    if !ends {
        let last = first.checked_add(jiff::Span::new().years(YEARS.1));
        let last = last.map_err(|error| wrong(&error.to_string()))?;
        parts.push(format!("UNTIL={}Z", last.strftime(TIME)));
    }
    // Local times are counted as if they were of UTC, where no hour is left out.
    let text = format!(
        "DTSTART:{}Z\nRRULE:{}",
        first.strftime(TIME),
        parts.join(";")
    );
    let set: RRuleSet = text
        .parse()
        .map_err(|error: rrule::RRuleError| wrong(&error.to_string()))?;
    let found = set.all(MOST).dates.into_iter();
    let local = found.filter_map(|it| {
        let time = jiff::Timestamp::from_second(it.timestamp()).ok()?;
        Some(TimeZone::UTC.to_datetime(time))
    });
    Ok(local.collect())
}

/// The end of a rule as a local time: of a day all of it.
fn until_local(until: &str, zone: Option<&TimeZone>) -> Option<DateTime> {
    if let Ok(date) = jiff::civil::Date::strptime("%Y%m%d", until) {
        return Some(date.at(23, 59, 59, 0));
    }
    let Some(utc) = until.strip_suffix('Z') else {
        return DateTime::strptime(TIME, until).ok();
    };
    let time = TimeZone::UTC.to_timestamp(DateTime::strptime(TIME, utc).ok()?);
    Some(zone.unwrap_or(&TimeZone::UTC).to_datetime(time.ok()?))
}
