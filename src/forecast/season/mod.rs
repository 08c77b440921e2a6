//! What comes again: which seasons a series has, as far as chance does not explain them.
//!
//! Noise that moves slowly looks like seasons to a periodogram, and to any test that takes
//! hours for independent. Here a whole day is what is drawn, and chance is what days that
//! are the same in themselves would give: with their signs thrown for a daily season, dealt
//! anew to the days of the week for a weekly one, and to those of the month for a monthly one.

mod chance;
mod custom;
mod daily;
mod days;
mod monthly;
mod rising;
mod throws;
mod weekly;

use super::day_of_month::WeekdayOfMonth;
use super::once::without_once;
use super::{DAY, Hours, WEEK};
use crate::units::Span;
use days::Days;

pub(super) use monthly::{FROM_START, date as date_of, place as place_of_month};

/// A season of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Season {
    pub kind: Kind,
    pub period: Span,
    /// Share of the variance, trend left out, that comes again: 0 to 1.
    pub strength: f64,
    /// How often chance gives as much.
    pub p_value: f64,
}

/// What comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Hours of each day, or of a part of it.
    Daily,
    /// Days of each week.
    Weekly,
    /// Working days and weekends, which explain a week as well as its days do.
    WorkingDay,
    /// A day of the week that comes once a month, such as the last Friday.
    WeekdayOfMonth(WeekdayOfMonth),
    /// Days of each month, counted from its start and from its end.
    DayOfMonth,
    /// A period that somebody named.
    Custom,
}

impl Kind {
    /// Whether days of the week differ: working days are a way to tell that, and so is one that
    /// comes once a month.
    fn is_of_week(self) -> bool {
        matches!(
            self,
            Self::Weekly | Self::WorkingDay | Self::WeekdayOfMonth(_)
        )
    }

    fn is_like(self, other: Self) -> bool {
        let of_week = Self::is_of_week;
        self == other || (of_week(self) && of_week(other))
    }
}

impl Season {
    /// As in machine output.
    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::Daily if self.period < Span::DAY => "part_of_day",
            Kind::Daily => "daily",
            Kind::Weekly => "weekly",
            Kind::WorkingDay => "working_day",
            Kind::WeekdayOfMonth(_) => "weekday_of_month",
            Kind::DayOfMonth => "day_of_month",
            Kind::Custom => "custom",
        }
    }
}

/// A daily season is told where chance gives as much in one case of a hundred.
const CHANCE: f64 = 0.01;

/// A weekly one in half as many: days that follow each other are a little alike by chance.
const CHANCE_OF_A_WEEK: f64 = 0.005;

/// And where it is this much of what moves: less is no use.
const WORTH: f64 = 0.05;

/// The same of days beside what rises: a line that never turns goes along with noise between
/// its steps, and leaves a little of each day that is alike.
const WORTH_BESIDE: f64 = 0.1;

/// Whether days of the month may be told apart by so many days at most.
pub fn may_tell_months(days: usize) -> bool {
    monthly::may_be(days)
}

/// The seasons of a series by local time, the shortest first.
pub fn seasons(local: &Hours) -> Vec<Season> {
    seasons_and(local, &[])
}

/// The same, and of further periods, in hours, those that come again: beside what only rises
/// or falls too, and as much as they do there. What came on one day alone is no evidence.
pub fn seasons_and(local: &Hours, periods: &[usize]) -> Vec<Season> {
    let local = &Hours {
        first: local.first,
        values: without_once(&local.values),
    };
    let mut found = seasons_of(local, periods);
    if found.is_empty() {
        return found;
    }
    let beside = seasons_of(&rising::without(local), periods);
    found.retain_mut(|season| {
        let same = |it: &&Season| {
            let period = it.period == season.period || it.kind.is_of_week();
            period && it.kind.is_like(season.kind)
        };
        let Some(same) = beside.iter().find(same) else {
            return false;
        };
        season.strength = season.strength.min(same.strength);
        season.p_value = season.p_value.max(same.p_value);
        season.kind != Kind::Daily || season.strength >= WORTH_BESIDE
    });
    found
}

fn seasons_of(local: &Hours, periods: &[usize]) -> Vec<Season> {
    let Some(days) = Days::of(local) else {
        return Vec::new();
    };
    let found = [
        daily::season(&days),
        weekly::season(&days),
        monthly::season(&days),
    ];
    let count = u32::try_from(periods.len()).unwrap_or(u32::MAX).max(1);
    let custom = periods.iter().map(|period| custom::season(local, *period));
    let told = |season: &Season| {
        let most = match season.kind {
            Kind::Daily => CHANCE,
            Kind::Weekly | Kind::WorkingDay | Kind::WeekdayOfMonth(_) | Kind::DayOfMonth => {
                CHANCE_OF_A_WEEK
            }
            // Who tries many finds some by chance.
            Kind::Custom => CHANCE / f64::from(count),
        };
        season.p_value <= most && season.strength >= WORTH
    };
    let all = found.into_iter().chain(custom).flatten();
    let mut told: Vec<Season> = all.filter(told).collect();
    told.sort_by_key(|it| it.period);
    told
}
