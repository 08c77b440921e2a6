//! Which days of the week are alike.

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

/// The class of each day of the week, from Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alike([usize; 7]);

impl Cycle {
    /// The finest that is proven; `None` without a season.
    pub fn of(seasons: &[Season]) -> Option<Self> {
        let has = |kind: Kind| seasons.iter().any(|it| it.kind == kind);
        if has(Kind::Weekly) {
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
            Cycle::Sort => vec![(0..5).collect(), vec![5, 6]],
            Cycle::Week => (0..7).map(|day| vec![day]).collect(),
        };
        let hours = |class: &[usize]| -> Vec<f64> {
            let own = days.iter().filter(|day| class.contains(&day.weekday));
            let own: Vec<&Day> = own.copied().collect();
            let quarters = usual(&own);
            let hours = quarters.chunks(4);
            hours.map(|hour| hour.iter().sum::<f64>() / 4.0).collect()
        };
        let mut shapes: Vec<Vec<f64>> = classes.iter().map(|it| hours(it)).collect();
        loop {
            let mut nearest: Option<(f64, usize, usize)> = None;
            for one in 0..classes.len() {
                for other in one + 1..classes.len() {
                    let apart = apart(&shapes[one], &shapes[other], capacity);
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
            shapes[one] = hours(&classes[one]);
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

/// The largest difference of two days at any hour, over what may be.
fn apart(one: &[f64], other: &[f64], capacity: f64) -> f64 {
    let all = one.iter().zip(other);
    let each = all.map(|(a, b)| (a - b).abs() / capacity.max(ALIKE * a.max(*b)));
    each.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::single;

    fn day(weekday: usize, cores: impl Fn(usize) -> f64) -> Day {
        Day {
            number: 0,
            weekday,
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
}
