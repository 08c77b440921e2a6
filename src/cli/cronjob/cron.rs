//! Tables of cron, as CronJobs of Kubernetes have them.

use std::ops::RangeInclusive;

use jiff::Zoned;

/// When something runs.
pub(super) struct Cron {
    /// Minute, hour, day of the month, month, day of the week from Sunday on; of each which
    /// values it is.
    fields: [Vec<bool>; 5],
    /// Whether days of the month, and of the week, are left open: where neither is, either does.
    open: [bool; 2],
}

const WORDS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// What each field may be.
const BOUNDS: [RangeInclusive<usize>; 5] = [0..=59, 0..=23, 1..=31, 1..=12, 0..=6];

impl Cron {
    /// `None` where it is none that the API server takes (robfig/cron v3, `ParseStandard`).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let word = WORDS.iter().find(|it| it.0 == text);
        let text = word.map_or(text, |it| it.1);
        let parts: Vec<&str> = text.split_whitespace().collect();
        let parts: [&str; 5] = parts.try_into().ok()?;
        let mut fields: [Vec<bool>; 5] = Default::default();
        for (place, part) in parts.into_iter().enumerate() {
            fields[place] = field(part, &BOUNDS[place], names(place))?;
        }
        let is_open = |part: &str| part.starts_with(['*', '?']);
        Some(Self {
            fields,
            open: [is_open(parts[2]), is_open(parts[4])],
        })
    }

    /// Whether it never runs, as on 31 February.
    pub(super) fn never(&self) -> bool {
        let days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let on = |month: usize, last: usize| {
            self.fields[3][month] && (1..=last).any(|day| self.fields[2][day])
        };
        // Where neither is left open, a day of the week is enough.
        self.open.contains(&true) && !(1..).zip(days).any(|(month, last)| on(month, last))
    }

    /// Whether it runs in this minute.
    pub(super) fn fires(&self, at: &Zoned) -> bool {
        let is = |place: usize, value: i8| {
            let value = usize::try_from(value).unwrap_or_default();
            self.fields[place].get(value).copied().unwrap_or(false)
        };
        let days = [is(2, at.day()), is(4, at.weekday().to_sunday_zero_offset())];
        let on_day = if self.open.contains(&true) {
            days[0] && days[1]
        } else {
            days[0] || days[1]
        };
        is(0, at.minute()) && is(1, at.hour()) && is(3, at.month()) && on_day
    }
}

/// Words for the values of a field, and the value of the first.
fn names(place: usize) -> (&'static [&'static str], usize) {
    match place {
        3 => (&MONTHS, 1),
        4 => (&DAYS, 0),
        _ => (&[], 0),
    }
}

fn field(
    text: &str,
    bounds: &RangeInclusive<usize>,
    (names, first): (&[&str], usize),
) -> Option<Vec<bool>> {
    let number = |text: &str| {
        let text = text.to_lowercase();
        let named = names.iter().position(|it| *it == text);
        let number = named.map(|it| it + first).or_else(|| text.parse().ok())?;
        bounds.contains(&number).then_some(number)
    };
    let mut values = vec![false; bounds.end() + 1];
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (
                range,
                Some(step.parse::<usize>().ok().filter(|it| *it > 0)?),
            ),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if matches!(range, "*" | "?") => (*bounds.start(), *bounds.end()),
            Some((from, to)) => (number(from)?, number(to)?),
            // `5/15` is from 5 on.
            None => (
                number(range)?,
                step.map_or(number(range)?, |_| *bounds.end()),
            ),
        };
        if from > to {
            return None;
        }
        (from..=to)
            .step_by(step.unwrap_or(1))
            .for_each(|it| values[it] = true);
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fires(cron: &str, at: &str) -> bool {
        let at: Zoned = format!("{at}[UTC]").parse().expect("a time");
        Cron::parse(cron).expect("a table").fires(&at)
    }

    #[test]
    fn tables_fire_as_cron_does() {
        // 2026-11-23 is a Monday.
        for (cron, at) in [
            ("0 6 * * 1", "2026-11-23T06:00"),
            ("0 6 * * mon-fri", "2026-11-23T06:00"),
            ("*/15 * * NOV *", "2026-11-23T06:45"),
            ("5/20 * * * *", "2026-11-23T06:45"),
            ("@weekly", "2026-11-22T00:00"),
            // Where both are named, either day does.
            ("0 0 1 * 1", "2026-11-23T00:00"),
        ] {
            assert!(fires(cron, at), "{cron} {at}");
        }
        assert!(!fires("0 6 * * 1", "2026-11-24T06:00"));
        assert!(!fires("0 0 1 * *", "2026-11-23T00:00"));
    }

    #[test]
    fn a_day_that_no_month_has_never_comes() {
        for cron in ["0 0 31 2 *", "0 0 30 feb *", "0 0 31 4,6,9,11 *"] {
            assert!(Cron::parse(cron).expect("a table").never(), "{cron}");
        }
        for cron in ["0 0 29 2 *", "0 0 31 2 1", "0 0 31 * *", "@weekly"] {
            assert!(!Cron::parse(cron).expect("a table").never(), "{cron}");
        }
    }

    #[test]
    fn what_is_no_table_is_none() {
        for text in [
            "",
            "0 6 * *",
            "60 * * * *",
            "* 24 * * *",
            "* * * * 8",
            "a * * * *",
            "5-1 * * * *",
            "*/0 * * * *",
            "@often",
        ] {
            assert!(Cron::parse(text).is_none(), "{text}");
        }
    }
}
