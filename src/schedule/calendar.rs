//! Days of the week, as people and schedules name them.

use crate::text::count;

/// Some days of the week, Monday first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Days(u8);

/// From Monday.
const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Days {
    pub const ALL: Self = Self(0b111_1111);

    /// One day, 0 for Monday.
    pub fn one(weekday: usize) -> Self {
        Self(1 << (weekday % 7))
    }

    pub fn contains(self, weekday: usize) -> bool {
        self.0 & (1 << (weekday % 7)) != 0
    }

    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The same so many days later.
    #[must_use]
    pub fn later(self, days: usize) -> Self {
        self.iter()
            .map(|day| Self::one(day + days))
            .fold(Self::default(), Self::with)
    }

    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..7).filter(move |day| self.contains(*day))
    }

    pub fn count(self) -> usize {
        self.iter().count()
    }

    /// `fri`, one for each day.
    pub fn names(self) -> Vec<String> {
        self.iter().map(|day| NAMES[day].to_lowercase()).collect()
    }

    /// `Fri`, `Mon-Fri`, `Mon, Wed`, `every day`.
    pub fn words(self) -> String {
        if self == Self::ALL {
            "every day".to_owned()
        } else {
            self.runs(", ", &NAMES)
        }
    }

    /// As the fifth field of a cron expression: `5`, `1-5`, `*`; 0 is Sunday.
    pub fn cron(self) -> String {
        const NUMBERS: [&str; 7] = ["1", "2", "3", "4", "5", "6", "0"];
        if self == Self::ALL {
            "*".to_owned()
        } else if self.contains(6) && self.count() > 1 {
            // A run that ends on Sunday would go from a larger to a smaller number.
            let days: Vec<&str> = self.iter().map(|day| NUMBERS[day]).collect();
            days.join(",")
        } else {
            self.runs(",", &NUMBERS)
        }
    }

    /// Three days and more that follow each other are one run.
    fn runs(self, between: &str, names: &[&str; 7]) -> String {
        let days: Vec<usize> = self.iter().collect();
        let runs = days.chunk_by(|a, b| a + 1 == *b);
        let words = runs.map(|run| {
            if let [first, _, .., last] = run {
                return format!("{}-{}", names[*first], names[*last]);
            }
            let each: Vec<&str> = run.iter().map(|day| names[*day]).collect();
            each.join(between)
        });
        words.collect::<Vec<_>>().join(between)
    }
}

/// `Fri 19:40-22:30`, `Mon-Thu 20:15-06:30`; of a day and more with the day that it ends on:
/// `Fri 20:15 to Mon 06:30`. Minutes are after the midnight of the days that it begins on.
pub(super) fn span_of(days: Days, start: u32, end: u32) -> String {
    let (words, from, until) = (days.words(), clock_time(start), clock_time(end));
    if end - start < super::MINUTES {
        return format!("{words} {from}-{until}");
    }
    let later = usize::try_from(end / super::MINUTES).unwrap_or(0);
    if days.count() == 1 {
        format!("{words} {from} to {} {until}", days.later(later).words())
    } else {
        format!("{words} {from} to {until} {} later", count(later, "day"))
    }
}

/// `19:40` of minutes since midnight; of the next day it begins anew.
pub fn clock_time(minute: u32) -> String {
    let minute = minute % super::MINUTES;
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_named_as_people_and_cron_do() {
        let working = (0..5).map(Days::one).fold(Days::default(), Days::with);
        assert_eq!(
            (working.words(), working.cron()),
            ("Mon-Fri".to_owned(), "1-5".to_owned())
        );
        let weekend = Days::one(5).with(Days::one(6));
        assert_eq!(
            (weekend.words(), weekend.cron()),
            ("Sat, Sun".to_owned(), "6,0".to_owned())
        );
        assert_eq!(Days::ALL.cron(), "*");
        assert_eq!(Days::one(6).cron(), "0");
        assert_eq!(working.later(1).words(), "Tue-Sat");
        assert_eq!(weekend.later(1), Days::one(6).with(Days::one(0)));
        assert_eq!(Days::ALL.later(3), Days::ALL);
        assert_eq!(clock_time(24 * 60 + 95), "01:35");
        // The day of the end is named where it is not plain.
        let saturday = Days::one(5);
        assert_eq!(span_of(saturday, 15, 1_425), "Sat 00:15-23:45");
        assert_eq!(span_of(saturday, 1_200, 1_830), "Sat 20:00-06:30");
        assert_eq!(span_of(saturday, 15, 2_850), "Sat 00:15 to Sun 23:30");
        assert_eq!(
            span_of(weekend, 15, 2_850),
            "Sat, Sun 00:15 to 23:30 1 day later"
        );
    }
}
