//! Which days of the week are alike.

use super::DAY;
use super::days::Day;
use super::need::usual;
use crate::forecast::{Kind, Season};

/// What comes again, from days of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cycle {
    /// All days are alike.
    Day,
    /// Working days, and weekends.
    Sort,
    /// Each day of the week is of its own.
    Week,
}

/// Days of the week that differ by less than this share at every hour are alike, or by less
/// than a replica.
const ALIKE: f64 = 0.15;

/// And where what came to them twice and more does by less than this share: a peak of every
/// second Friday is in no median.
const ALIKE_AT_MOST: f64 = 0.5;

/// The class of each day of the week, from Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alike([usize; 7]);

impl Cycle {
    /// The finest that is proven; `None` without a season.
    pub fn of(seasons: &[Season]) -> Option<Self> {
        let has = |kind: Kind| seasons.iter().any(|it| it.kind == kind);
        let is_of_month = |it: &Season| matches!(it.kind, Kind::WeekdayOfMonth(_));
        // A schedule knows no days but those of each week.
        if has(Kind::Weekly) || seasons.iter().any(is_of_month) {
            Some(Self::Week)
        } else if has(Kind::WorkingDay) {
            Some(Self::Sort)
        } else {
            has(Kind::Daily).then_some(Self::Day)
        }
    }

    /// The next that tells less days apart.
    pub(super) fn coarser(self) -> Option<Self> {
        match self {
            Self::Week => Some(Self::Sort),
            Self::Sort => Some(Self::Day),
            Self::Day => None,
        }
    }
}

impl Alike {
    /// Classes of days that differ, as far as the cycle may tell them apart and a schedule
    /// would: the less there are, the more is known of each.
    pub(super) fn of(days: &[&Day], cycle: Cycle, capacity: f64) -> Self {
        let mut classes: Vec<Vec<usize>> = match cycle {
            Cycle::Day => vec![(0..7).collect()],
            Cycle::Sort => {
                let sorts: [Vec<usize>; 2] = [(0..5).collect(), vec![5, 6]];
                sorts
                    .iter()
                    .flat_map(|it| parted(days, it, capacity))
                    .collect()
            }
            Cycle::Week => (0..7).map(|day| vec![day]).collect(),
        };
        let shape = |class: &[usize]| {
            let own = days.iter().filter(|day| class.contains(&day.weekday));
            Shape::of(&own.copied().collect::<Vec<&Day>>())
        };
        let mut shapes: Vec<Shape> = classes.iter().map(|it| shape(it)).collect();
        loop {
            let mut nearest: Option<(f64, usize, usize)> = None;
            for one in 0..classes.len() {
                for other in one + 1..classes.len() {
                    let apart = shapes[one].apart(&shapes[other], capacity);
                    if apart <= 1.0 && nearest.is_none_or(|it| apart < it.0) {
                        nearest = Some((apart, one, other));
                    }
                }
            }
            let Some((_, one, other)) = nearest else {
                break;
            };
            let joined = classes.remove(other);
            shapes.remove(other);
            classes[one].extend(joined);
            shapes[one] = shape(&classes[one]);
        }
        let class = |day: usize| classes.iter().position(|it| it.contains(&day));
        Self(std::array::from_fn(|day| class(day).unwrap_or(0)))
    }

    /// All days apart that a cycle tells apart.
    pub(super) fn apart(cycle: Cycle) -> Self {
        Self(match cycle {
            Cycle::Day => [0; 7],
            Cycle::Sort => [0, 0, 0, 0, 0, 1, 1],
            Cycle::Week => [0, 1, 2, 3, 4, 5, 6],
        })
    }

    pub(super) fn class(self, weekday: usize) -> usize {
        self.0[weekday % 7]
    }

    /// Days of the week that are like this one, itself included.
    pub(super) fn like(self, weekday: usize) -> usize {
        let class = self.class(weekday);
        self.0.iter().filter(|it| **it == class).count()
    }
}

/// Days of the week of one sort, and by themselves those that are above all others of it at some
/// hour, each time: a market on Sundays, where working days tell most of the week.
fn parted(days: &[&Day], sort: &[usize], capacity: f64) -> Vec<Vec<usize>> {
    let hours_of = |weekday: usize| {
        let own = days.iter().filter(move |it| it.weekday == weekday);
        own.map(|it| {
            let most = |hour: &[f32]| hour.iter().copied().fold(f32::NAN, f32::max);
            it.peaks.chunks(4).map(|it| f64::from(most(it))).collect()
        })
        .collect::<Vec<Vec<f64>>>()
    };
    let hours: Vec<Vec<Vec<f64>>> = sort.iter().map(|it| hours_of(*it)).collect();
    let at = |place: usize, hour: usize| {
        let all = hours[place].iter().map(move |day| day[hour]);
        all.filter(|it| it.is_finite())
    };
    let is_above = |place: usize, hour: usize| {
        let others = (0..sort.len()).filter(|it| *it != place);
        let most = others.flat_map(|it| at(it, hour)).fold(0.0, f64::max);
        let least = at(place, hour).fold(f64::INFINITY, f64::min);
        at(place, hour).count() >= EACH_TIME && least > ABOVE * most && least - most > capacity
    };
    let is_own = |place: &usize| (0..24).any(|hour| is_above(*place, hour));
    let (own, rest): (Vec<usize>, Vec<usize>) = (0..sort.len()).partition(is_own);
    let own = own.into_iter().map(|it| vec![sort[it]]);
    let rest: Vec<usize> = rest.into_iter().map(|it| sort[it]).collect();
    let rest = Some(rest).filter(|it| !it.is_empty());
    rest.into_iter().chain(own).collect()
}

/// So many days of the week, all of them above all others by so much, are no chance.
const EACH_TIME: usize = 3;
const ABOVE: f64 = 1.5;

/// Days of either kind from which on what came to them twice says something: of fewer their
/// middle does.
pub(super) const SOME: usize = 5;

/// Hours of some days.
struct Shape {
    days: usize,
    usual: Vec<f64>,
    /// What at least two of them came to.
    twice: Vec<f64>,
}

impl Shape {
    fn of(days: &[&Day]) -> Self {
        let hours = |quarters: Vec<f64>| {
            let hours = quarters.chunks(4);
            hours.map(|hour| hour.iter().sum::<f64>() / 4.0).collect()
        };
        Self {
            days: days.len(),
            usual: hours(usual(days)),
            twice: hours(twice(days)),
        }
    }

    /// The largest difference of two at any hour, over what may be.
    fn apart(&self, other: &Self, capacity: f64) -> f64 {
        let apart = |one: &[f64], other: &[f64], share: f64| {
            let all = one.iter().zip(other);
            let each = all.map(|(a, b)| (a - b).abs() / capacity.max(share * a.max(*b)));
            each.fold(0.0, f64::max)
        };
        let usual = apart(&self.usual, &other.usual, ALIKE);
        if self.days.min(other.days) < SOME {
            return usual;
        }
        usual.max(apart(&self.twice, &other.twice, ALIKE_AT_MOST))
    }
}

/// The second largest of each quarter.
fn twice(days: &[&Day]) -> Vec<f64> {
    let mut most = vec![[0.0_f32; 2]; DAY];
    for day in days {
        for (most, value) in most.iter_mut().zip(&day.peaks) {
            if *value > most[0] {
                *most = [*value, most[0]];
            } else if *value > most[1] {
                most[1] = *value;
            }
        }
    }
    most.into_iter().map(|it| f64::from(it[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::single;

    fn day(weekday: usize, cores: impl Fn(usize) -> f64) -> Day {
        Day {
            number: 0,
            weekday,
            sampled: vec![true; 96],
            once: Vec::new(),
            peaks: (0..96).map(|quarter| single(cores(quarter / 4))).collect(),
        }
    }

    #[test]
    fn days_that_differ_by_less_than_a_replica_are_alike() {
        let days: Vec<Day> = (0..7)
            .map(|weekday| {
                day(weekday, |hour| {
                    let sale = weekday == 4 && hour == 20;
                    let more = if weekday == 6 { 0.4 } else { 0.0 };
                    if sale { 9.0 } else { 1.0 + more }
                })
            })
            .collect();
        let days: Vec<&Day> = days.iter().collect();
        let alike = Alike::of(&days, Cycle::Week, 0.5);
        assert_eq!((alike.like(0), alike.like(4), alike.like(6)), (6, 1, 6));
        let finer = Alike::of(&days, Cycle::Week, 0.3);
        assert_eq!((finer.like(0), finer.like(4), finer.like(6)), (5, 1, 1));
        assert_eq!(Alike::of(&days, Cycle::Day, 0.1).like(3), 7);
    }

    #[test]
    fn a_peak_of_one_day_off_is_of_that_day() {
        let days = |is_market: &dyn Fn(usize) -> bool| -> Vec<Day> {
            let all = (0..28).map(|number| {
                let usual = if number % 7 < 5 { 2.0 } else { 0.4 };
                let market = is_market(number);
                day(
                    number % 7,
                    |hour| if market && hour == 8 { 5.0 } else { usual },
                )
            });
            all.collect()
        };
        let alike = |is_market: &dyn Fn(usize) -> bool| {
            let all = days(is_market);
            let all: Vec<&Day> = all.iter().collect();
            Alike::of(&all, Cycle::Sort, 0.5)
        };
        let sundays = alike(&|day| day % 7 == 6);
        assert_eq!(
            (sundays.like(0), sundays.like(5), sundays.like(6)),
            (5, 1, 1)
        );
        let fridays = alike(&|day| day % 7 == 4);
        assert_eq!(
            (fridays.like(0), fridays.like(4), fridays.like(6)),
            (4, 1, 2)
        );
        // Two of four Sundays are any days off.
        let some = alike(&|day| day % 14 == 6);
        assert_eq!((some.like(0), some.like(6)), (5, 2));
    }

    #[test]
    fn a_peak_of_some_weeks_tells_its_day_apart() {
        let days = |weeks: &dyn Fn(usize) -> bool| -> Vec<Day> {
            let all = (0..16 * 7).map(|number| {
                let sale = number % 7 == 4 && weeks(number / 7);
                day(
                    number % 7,
                    |hour| {
                        if sale && hour == 10 { 4.0 } else { 0.3 }
                    },
                )
            });
            all.collect()
        };
        let like = |weeks: &dyn Fn(usize) -> bool| {
            let all = days(weeks);
            let all: Vec<&Day> = all.iter().collect();
            Alike::of(&all, Cycle::Week, 0.5).like(4)
        };
        assert_eq!(like(&|week| week % 2 == 1), 1);
        assert_eq!(like(&|week| week % 4 == 3), 1);
        // Not what came once.
        assert_eq!(like(&|week| week == 9), 7);
    }
}
