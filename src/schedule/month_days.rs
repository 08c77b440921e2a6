//! Days of the month, as people and schedules name them.

use crate::forecast::DayOfMonth;

/// The longest month.
const LONGEST: usize = 31;

/// The first day that may be the last.
const SHORTEST: usize = 28;

/// Some days of the month by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct MonthDays(u32);

impl MonthDays {
    /// One day: of one that is counted from the end all days that it may be, since no cron
    /// says how long a month is.
    pub fn of(day: DayOfMonth) -> Self {
        day.numbers()
            .map(Self::one)
            .fold(Self::default(), Self::with)
    }

    fn one(number: usize) -> Self {
        Self(1 << (number % (LONGEST + 1)))
    }

    pub fn contains(self, number: usize) -> bool {
        self.0 & Self::one(number).0 != 0
    }

    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The days before: of the first all that may be the last.
    #[must_use]
    pub fn before(self) -> Self {
        let before = |number: usize| match number {
            1 => (SHORTEST..=LONGEST)
                .map(Self::one)
                .fold(Self::default(), Self::with),
            _ => Self::one(number - 1),
        };
        self.iter().map(before).fold(Self::default(), Self::with)
    }

    /// Each day of the longest month by itself.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=LONGEST).map(Self::one)
    }

    /// Each by itself.
    pub fn each(self) -> impl Iterator<Item = Self> {
        self.iter().map(Self::one)
    }

    pub fn iter(self) -> impl Iterator<Item = usize> {
        (1..=LONGEST).filter(move |number| self.contains(*number))
    }

    pub fn count(self) -> usize {
        self.iter().count()
    }

    /// `day 1`, `days 1, 15`, `days 28-31`.
    pub fn words(self) -> String {
        let noun = if self.count() == 1 { "day" } else { "days" };
        format!("{noun} {}", self.runs(", "))
    }

    /// As the third field of a cron expression: `1`, `1,15`, `28-31`.
    pub fn cron(self) -> String {
        self.runs(",")
    }

    /// Three days and more that follow each other are one run.
    fn runs(self, between: &str) -> String {
        let days: Vec<usize> = self.iter().collect();
        let runs = days.chunk_by(|a, b| a + 1 == *b);
        let words = runs.map(|run| {
            if let [first, _, .., last] = run {
                return format!("{first}-{last}");
            }
            let each: Vec<String> = run.iter().map(ToString::to_string).collect();
            each.join(between)
        });
        words.collect::<Vec<_>>().join(between)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_before_the_first_may_be_any_of_four() {
        // 2026-01-01 and 2026-01-15.
        let (first, middle) = (DayOfMonth::of(20_454), DayOfMonth::of(20_468));
        let both = MonthDays::of(first).with(MonthDays::of(middle));
        assert_eq!(
            (both.words().as_str(), both.cron().as_str()),
            ("days 1, 15", "1,15")
        );
        assert_eq!(both.before().cron(), "14,28-31");
        // 2026-01-31.
        let last = MonthDays::of(DayOfMonth::of(20_484));
        assert_eq!(last.words(), "days 28-31");
        assert_eq!(last.before().cron(), "27-30");
        assert_eq!(MonthDays::of(first).words(), "day 1");
    }
}
