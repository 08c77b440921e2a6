//! Windows for days of the month that are busier than the weeks around them.
//!
//! Such a day is told by the season of months ([`crate::forecast`]); how much it needs is told
//! by what came on that day of each month, as days that are alike tell it for weeks. It is left
//! out of what the weeks need, and its windows stand on top of theirs.

use super::alike::{Alike, Cycle};
use super::calendar::clock_time;
use super::days::Day;
use super::month_days::MonthDays;
use super::need::Need;
use super::segment::segments;
use super::window::floors;
use super::{DAY, MINUTES, QUARTER, WEEK};
use crate::forecast::DayOfMonth;
use crate::trend::{finite, median};
use crate::units::len_f64;

/// Months in which a day must be known, and its peak must have come.
pub(super) const MONTHS: usize = 3;

/// Quarters to both sides in which what comes on a day of the month comes at its time.
const ABOUT: usize = 4;

/// What is this share of the largest is about as large.
const LARGEST: f64 = 0.95;

/// Weeks of a month: what must be worth a week is worth so much more.
const WEEKS: f64 = 52.0 / 12.0;

/// Windows of months end at the latest so many minutes before midnight: what has to be said of
/// the day after would be said of a day that some months do not have.
const BEFORE_MIDNIGHT: u32 = 5;

/// Windows of different days are one where they begin and end within so many minutes, and where
/// the smaller has at least this share of the larger's replicas.
const ALIKE: u32 = 45;
const NEARLY: f64 = 0.8;

/// A schedule has at most so many of them.
const MOST_WINDOWS: usize = 4;

/// A stretch of some days of each month with more replicas than its weeks have.
#[derive(Debug, Clone, PartialEq)]
pub struct MonthWindow {
    /// The days that it is open on, as far as a cron can say them.
    pub days: MonthDays,
    /// Whether it begins on the day before, for pods and nodes to be there in time.
    pub is_eve: bool,
    /// Minutes after midnight that it begins at, local time.
    pub start: u32,
    /// Minutes after midnight of its days that it ends at.
    pub end: u32,
    pub replicas: u32,
    pub evidence: MonthEvidence,
}

/// Why it is there.
#[derive(Debug, Clone, PartialEq)]
pub struct MonthEvidence {
    /// Days of the month that have the peak.
    pub days: Vec<DayOfMonth>,
    /// The minute of them at which the peak begins.
    pub minute: u32,
    /// Days on which it came about that time, more than weeks need then.
    pub seen: usize,
    /// Of so many that are known.
    pub of: usize,
    /// Whether all its replicas are needed from its first quarter of an hour on.
    pub at_once: bool,
    /// Cores that all pods together used then, as a rule.
    pub cores: f64,
    /// Cores that are planned with.
    pub planned: f64,
    /// Chance that more is needed in its worst quarter of an hour than its replicas hold.
    pub chance: f64,
}

/// A day of the month, and what it needs.
pub(super) struct Special<'a> {
    pub(super) day: DayOfMonth,
    pub(super) days: Vec<&'a Day>,
    pub(super) need: Need,
}

/// What its windows are made with.
pub(super) struct MonthMaking<'a> {
    /// What the weeks need.
    pub(super) week: &'a Need,
    /// Replicas of the weeks in each quarter, and outside of their windows.
    pub(super) levels: &'a [u32],
    pub(super) base: u32,
    /// Cores that a replica holds.
    pub(super) capacity: f64,
    /// Minutes that pods and nodes take, in whole five minutes.
    pub(super) early: u32,
    /// Quarters that a window lasts at least.
    pub(super) dwell: usize,
    /// What one more change must save a week, in replicas of a quarter.
    pub(super) change: f64,
}

impl<'a> Special<'a> {
    /// Of the days among these that are that day of the month, which work that is to be `level`
    /// times what it was; `None` where there are not two.
    pub(super) fn of(
        day: DayOfMonth,
        days: impl Iterator<Item = &'a Day>,
        level: f64,
        chance: f64,
    ) -> Option<Self> {
        let days: Vec<&Day> = days.filter(|it| DayOfMonth::of(it.number) == day).collect();
        let need = Need::of(&days, Alike::apart(Cycle::Day), level, chance)?;
        Some(Self { day, days, need })
    }

    /// The most cores that it needs.
    pub(super) fn peak(&self) -> f64 {
        (0..DAY).map(|it| self.need.high(it)).fold(0.0, f64::max)
    }
}

impl MonthMaking<'_> {
    /// The windows of some days, over `asked` replicas of each of their quarters; the first of
    /// the month first.
    pub(super) fn windows(
        &self,
        specials: &[Special<'_>],
        asked: impl Fn(&Special<'_>) -> Vec<u32>,
    ) -> Vec<MonthWindow> {
        let mut windows: Vec<MonthWindow> = Vec::new();
        for special in specials {
            for window in self.of(special, &asked(special)) {
                match windows.iter_mut().find(|it| it.is_like(&window)) {
                    Some(same) => same.join(window),
                    None => windows.push(window),
                }
            }
        }
        windows.sort_by_key(|it| std::cmp::Reverse(it.replicas));
        windows.truncate(MOST_WINDOWS);
        windows.sort_by_key(|it| (it.evidence.days.first().copied(), it.start));
        windows
    }

    fn of(&self, special: &Special<'_>, asked: &[u32]) -> Vec<MonthWindow> {
        // A day like no other, between days that ask for nothing more.
        let mut all = asked.to_vec();
        all.resize(2 * DAY, self.base);
        let change = self.change * WEEKS;
        let cut = segments(&all, self.dwell, |_| change);
        let base = cut.iter().map(|it| it.replicas).min().unwrap_or(self.base);
        let floors = floors(&cut, base.max(self.base), all.len()).into_iter();
        let windows = floors.filter_map(|it| {
            // What reaches into days around it is of this day alone.
            let (place, length) = (it.from % all.len(), it.until - it.from);
            let (from, until) = if place < DAY {
                (place, place + length)
            } else {
                (0, (place + length).saturating_sub(all.len()))
            };
            self.window(special, (from, until.min(DAY)), it.replicas)
        });
        windows.collect()
    }

    /// `None` where the weeks have as many then on all days, or the peak hardly ever came.
    fn window(
        &self,
        special: &Special<'_>,
        (from, until): (usize, usize),
        replicas: u32,
    ) -> Option<MonthWindow> {
        let of_weeks = |weekday: usize| {
            let mut own = (from..until).map(|it| self.levels[(weekday * DAY + it) % WEEK]);
            own.all(|it| it >= replicas)
        };
        if from >= until || (0..7).all(of_weeks) {
            return None;
        }
        let (quarter, came, of) = self.came(special, from, until)?;
        let seen = came.len();
        if seen < of.min(MONTHS) || 2 * seen <= of {
            return None;
        }
        let held = f64::from(replicas) * self.capacity;
        let own = || from..until;
        let start = minutes(from);
        let is_eve = start < self.early;
        let start = if is_eve { start + MINUTES } else { start };
        let first = special.need.high(from);
        Some(MonthWindow {
            days: MonthDays::of(special.day),
            is_eve,
            start: start - self.early,
            end: minutes(until).min(MINUTES - BEFORE_MIDNIGHT),
            replicas,
            evidence: MonthEvidence {
                days: vec![special.day],
                minute: minutes(quarter),
                seen,
                of,
                at_once: first > f64::from(replicas - 1) * self.capacity,
                cores: median(&came),
                planned: own().map(|it| special.need.high(it)).fold(0.0, f64::max),
                chance: own()
                    .map(|it| special.need.chance(it, held))
                    .fold(0.0, f64::max),
            },
        })
    }

    /// The quarter in which the day is furthest above what weeks need, what came on it about then
    /// where that was more, and on how many days something is known.
    fn came(
        &self,
        special: &Special<'_>,
        from: usize,
        until: usize,
    ) -> Option<(usize, Vec<f64>, usize)> {
        let over = |quarter: usize| {
            let over = special.days.iter().map(|day| {
                let usual = self.week.high(day.weekday * DAY + quarter);
                (f64::from(day.peaks[quarter]) - usual).max(0.0)
            });
            let known = finite(over);
            known.iter().sum::<f64>() / len_f64(known.len().max(1))
        };
        let each: Vec<(f64, usize)> = (from..until).map(|it| (over(it), it)).collect();
        let most = each.iter().map(|it| it.0).fold(0.0, f64::max);
        if most <= 0.0 {
            return None;
        }
        // The first of those that are about the largest: where the peak begins.
        let quarter = each.iter().find(|it| it.0 >= LARGEST * most)?.1;
        let near = quarter.saturating_sub(ABOUT)..(quarter + ABOUT + 1).min(DAY);
        let day = |day: &&Day| {
            let mut known = near.clone().filter(|it| day.sampled[*it]).peekable();
            known.peek()?;
            let more = known.map(|it| {
                let usual = self.week.high(day.weekday * DAY + it);
                let came = f64::from(day.peaks[it]);
                (came - usual, came)
            });
            more.max_by(|a, b| a.0.total_cmp(&b.0))
        };
        let days: Vec<(f64, f64)> = special.days.iter().filter_map(day).collect();
        let came = days.iter().filter(|it| it.0 > 0.0).map(|it| it.1);
        Some((quarter, came.collect(), days.len()))
    }
}

impl MonthWindow {
    /// The days on which it begins.
    pub fn begins(&self) -> MonthDays {
        if self.is_eve {
            self.days.before()
        } else {
            self.days
        }
    }

    /// Minutes that it is open.
    pub fn minutes(&self) -> u32 {
        let day = if self.is_eve { MINUTES } else { 0 };
        self.end + day - self.start
    }

    /// Whether it is open longer than on the days that have the peak: no cron says how long
    /// a month is.
    pub fn is_wide(&self) -> bool {
        let mut days = self.evidence.days.iter();
        days.any(|it| it.from_end().is_some())
    }

    /// `day 1 07:40-10:00`, `day 1 00:00-06:00 from 23:40 before`.
    pub fn when(&self) -> String {
        let (days, end) = (self.days.words(), clock_time(self.end));
        let start = clock_time(self.start);
        if self.is_eve {
            format!("{days} until {end}, from {start} before")
        } else {
            format!("{days} {start}-{end}")
        }
    }

    /// Raises replicas of five minutes of a day where it is open then: `number` is that of the
    /// day in its month, `next` that of the day after.
    pub fn raise(&self, day: &mut [u32], number: usize, next: usize) {
        let slots = |from: u32, until: u32| {
            let place = |it: u32| usize::try_from(it / 5).unwrap_or(0);
            place(from)..place(until)
        };
        let mut open = Vec::new();
        if self.days.contains(number) {
            let start = if self.is_eve { 0 } else { self.start };
            open.push(slots(start, self.end));
        }
        if self.is_eve && self.days.contains(next) {
            open.push(slots(self.start, MINUTES));
        }
        for slot in open.into_iter().flatten() {
            day[slot] = day[slot].max(self.replicas);
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let near = |a: u32, b: u32| a.abs_diff(b) <= ALIKE;
        let (few, many) = (
            self.replicas.min(other.replicas),
            self.replicas.max(other.replicas),
        );
        let others = other.evidence.days.iter();
        self.is_eve == other.is_eve
            && others.clone().all(|it| !self.evidence.days.contains(it))
            && near(self.start, other.start)
            && near(self.end, other.end)
            && f64::from(few) >= NEARLY * f64::from(many)
    }

    /// Both as one that covers both.
    fn join(&mut self, other: Self) {
        self.days = self.days.with(other.days);
        self.start = self.start.min(other.start);
        self.end = self.end.max(other.end);
        let (own, others) = (&mut self.evidence, other.evidence);
        own.days.extend(others.days);
        own.days.sort_unstable();
        own.seen += others.seen;
        own.of += others.of;
        own.chance = own.chance.max(others.chance);
        own.planned = own.planned.max(others.planned);
        own.at_once = own.at_once && others.at_once && self.replicas == other.replicas;
        if others.cores > own.cores {
            (own.cores, own.minute) = (others.cores, others.minute);
        }
        self.replicas = self.replicas.max(other.replicas);
    }
}

fn minutes(quarters: usize) -> u32 {
    u32::try_from(quarters).map_or(0, |it| it * QUARTER)
}
