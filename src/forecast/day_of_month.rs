//! A day of the month, such as the first or the last.

use super::season::{FROM_START, date_of, place_of_month};

/// A day of the month, counted from its start in its first half and from its end in its second,
/// so that the last day is the same in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayOfMonth(usize);

impl DayOfMonth {
    /// That of a day since 1970-01-01.
    pub fn of(day: i64) -> Self {
        Self(place_of_month(day))
    }

    /// By its place of a month.
    pub(super) fn at(place: usize) -> Self {
        Self(place)
    }

    /// Days that come after it, where it is counted from the end.
    pub fn from_end(self) -> Option<usize> {
        let start = usize::try_from(FROM_START).unwrap_or(0);
        self.0.checked_sub(start + 1)
    }

    /// Its numbers: of one that is counted from the end, those of all lengths of a month.
    pub fn numbers(self) -> std::ops::RangeInclusive<usize> {
        match self.from_end() {
            Some(after) => 28_usize.saturating_sub(after)..=31_usize.saturating_sub(after),
            None => self.0..=self.0,
        }
    }

    /// `day 1`, `the last day`, `the last day but one`, `3 days before the last`.
    pub fn words(self) -> String {
        match self.from_end() {
            None => format!("day {}", self.0),
            Some(0) => "the last day".to_owned(),
            Some(1) => "the last day but one".to_owned(),
            Some(more) => format!("{more} days before the last"),
        }
    }

    /// As in machine output: `1`; from the end `last`, `last-1`.
    pub fn name(self) -> String {
        match self.from_end() {
            None => self.0.to_string(),
            Some(0) => "last".to_owned(),
            Some(more) => format!("last-{more}"),
        }
    }
}

/// A day of the week that comes once a month, such as the last Friday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeekdayOfMonth {
    /// 0 for Monday.
    weekday: usize,
    /// From 1, or 0 for the last.
    which: usize,
}

/// Times that a day of the week must have come once a month for that to be told.
const TOLD: usize = 3;

impl WeekdayOfMonth {
    /// All of a day of the week, 0 for Monday.
    pub(super) fn all(weekday: usize) -> impl Iterator<Item = Self> {
        (0..=4).map(move |which| Self { weekday, which })
    }

    /// The one that all of these days are, and no other of those that are known: all since
    /// 1970-01-01, of one day of the week.
    pub fn that_is(came: &[i64], known: &[i64]) -> Option<Self> {
        let weekday = weekday(*came.first()?);
        let is_told = |it: &Self| {
            let of = known.iter().filter(|day| it.is(**day));
            came.iter().all(|day| it.is(*day)) && of.count() == came.len()
        };
        Self::all(weekday)
            .find(is_told)
            .filter(|_| came.len() >= TOLD)
    }

    /// Whether a day since 1970-01-01 is it.
    pub fn is(self, day: i64) -> bool {
        let place = match self.which {
            0 => number_in_month(day + 7) <= 7,
            which => (number_in_month(day) - 1) / 7 + 1 == which,
        };
        weekday(day) == self.weekday && place
    }

    /// `the last Friday of the month`.
    pub fn words(self) -> String {
        const WHICH: [&str; 5] = ["last", "first", "second", "third", "fourth"];
        const DAYS: [&str; 7] = [
            "Monday",
            "Tuesday",
            "Wednesday",
            "Thursday",
            "Friday",
            "Saturday",
            "Sunday",
        ];
        format!(
            "the {} {} of the month",
            WHICH[self.which % WHICH.len()],
            DAYS[self.weekday % DAYS.len()]
        )
    }
}

/// Day of the week of a day since 1970-01-01, which was a Thursday; 0 for Monday.
fn weekday(day: i64) -> usize {
    usize::try_from((day + 3).rem_euclid(7)).unwrap_or(0)
}

/// The number of a day since 1970-01-01 in its month, from 1.
pub fn number_in_month(day: i64) -> usize {
    usize::try_from(date_of(day).day()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_near_the_end_are_counted_from_there() {
        // 2026-02-28, 2026-03-31 and 2026-04-30, and the days after them.
        for last in [20_512, 20_543, 20_573] {
            let (own, next) = (DayOfMonth::of(last), DayOfMonth::of(last + 1));
            assert_eq!(
                (own.name(), next.name()),
                ("last".to_owned(), "1".to_owned())
            );
            assert!(own.numbers().contains(&number_in_month(last)));
            let before = DayOfMonth::of(last - 1);
            assert_eq!(before.words(), "the last day but one");
            assert!(before.numbers().contains(&number_in_month(last - 1)));
        }
        assert_eq!(DayOfMonth::of(20_512 + 15).numbers(), 15..=15);
    }

    #[test]
    fn the_last_friday_is_told_from_others() {
        // 17 Fridays from 2026-07-10.
        let fridays: Vec<i64> = (0..17).map(|week| 20_644 + 7 * week).collect();
        let last = |day: &i64| number_in_month(day + 7) <= 7;
        let came: Vec<i64> = fridays.iter().copied().filter(last).collect();
        let told = WeekdayOfMonth::that_is(&came, &fridays).map(WeekdayOfMonth::words);
        assert_eq!(told.as_deref(), Some("the last Friday of the month"));
        // Not where it came on another one too, or not on one of them.
        let more = [&came[..], &fridays[..1]].concat();
        assert_eq!(WeekdayOfMonth::that_is(&more, &fridays), None);
        assert_eq!(WeekdayOfMonth::that_is(&came[1..], &fridays), None);
        assert_eq!(WeekdayOfMonth::that_is(&fridays, &fridays), None);
        let second: Vec<i64> = vec![fridays[0], fridays[5], fridays[9], fridays[13]];
        let told = WeekdayOfMonth::that_is(&second, &fridays).map(WeekdayOfMonth::words);
        assert_eq!(told.as_deref(), Some("the second Friday of the month"));
    }
}
