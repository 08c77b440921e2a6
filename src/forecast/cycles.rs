//! What each hour of a series usually is, by the cycles before it.
//!
//! Of an hour that is less than a cycle ahead this does not depend on the moment from which
//! it is asked: all moments of a series, and all models, share what was worked out once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::DAY;
use crate::units::len_f64;

/// Days that are looked at for working days and weekends.
const DAYS_OF_SORTS: usize = 21;

/// Newest days of a sort that count.
const OF_A_SORT: usize = 10;

/// Days that are looked at for those alike.
const DAYS_ALIKE: usize = 28;

/// What one of them keeps of its weight for each day that is newer.
const DAY_KEEPS: f64 = 0.95;

/// What those of another weekday weigh beside those of the same.
const OTHER_WEEKDAY: f64 = 0.1;

/// A series of hourly values, and what was worked out of it.
#[derive(Debug)]
pub struct Cycles<'a> {
    values: &'a [f64],
    /// Local hour of the first value, counted from 1970-01-01 00:00.
    first: i64,
    /// Values that are known, up to each.
    known: Vec<usize>,
    told: RefCell<Vec<(Usual, Told)>>,
}

/// What is usual of some hours; `None` where nobody asked.
type Told = Rc<[Cell<Option<f64>>]>;

/// How it is told what an hour usually is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usual {
    /// Hours of a cycle, newest cycles that count, and how they become one.
    Cycle(usize, usize, Center),
    /// The middle of newest days: weekends, or working days.
    Sort { weekend: bool },
    /// The mean of days of the same sort, as seen so many whole days before: newer ones and
    /// those of the same weekday foremost.
    Alike { days_before: usize },
}

/// How values of one phase become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Center {
    Newest,
    Mean,
    Median,
}

impl<'a> Cycles<'a> {
    pub fn new(values: &'a [f64], first: i64) -> Self {
        let mut count = 0;
        let known = values.iter().map(|value| {
            count += usize::from(value.is_finite());
            count
        });
        Self {
            values,
            first,
            known: std::iter::once(0).chain(known).collect(),
            told: RefCell::default(),
        }
    }

    pub(super) fn values(&self) -> &'a [f64] {
        self.values
    }

    /// How many values of a range are known.
    pub(super) fn known(&self, from: usize, until: usize) -> usize {
        self.known[until] - self.known[from]
    }

    /// Whether an hour is on a Saturday or Sunday.
    pub(super) fn is_weekend(&self, hour: i64) -> bool {
        is_weekend(self.first + hour)
    }

    /// What hours from `from` on, counted from the first value, usually are; `NaN` where
    /// nothing before them tells it.
    pub(super) fn usual(&self, usual: Usual, from: usize, hours: usize) -> Vec<f64> {
        let told = self.told(usual);
        let mut found = Vec::with_capacity(usual.most());
        let mut of = |hour: usize| {
            let Some(cell) = told.get(hour) else {
                return self.work_out(usual, hour, &mut found);
            };
            cell.get().unwrap_or_else(|| {
                let value = self.work_out(usual, hour, &mut found);
                cell.set(Some(value));
                value
            })
        };
        (from..from + hours).map(&mut of).collect()
    }

    fn told(&self, usual: Usual) -> Told {
        let mut all = self.told.borrow_mut();
        if let Some((_, told)) = all.iter().find(|(other, _)| *other == usual) {
            return Rc::clone(told);
        }
        // A cycle beyond the end is as far as anything is asked of more than once.
        let told: Told = vec![Cell::new(None); self.values.len() + usual.period()].into();
        all.push((usual, Rc::clone(&told)));
        told
    }

    fn work_out(&self, usual: Usual, hour: usize, found: &mut Vec<f64>) -> f64 {
        found.clear();
        let ago = (1..).map_while(|cycle| hour.checked_sub(cycle * usual.period()));
        let at = |hour: usize| self.values.get(hour).copied().unwrap_or(f64::NAN);
        match usual {
            Usual::Cycle(_, cycles, center) => {
                let mut known = ago.take(cycles).map(at).filter(|it| it.is_finite());
                if center == Center::Newest {
                    return known.next().unwrap_or(f64::NAN);
                }
                found.extend(known);
                center.of(found)
            }
            Usual::Sort { weekend } => {
                let hour = |hour: &usize| i64::try_from(*hour).unwrap_or(i64::MAX);
                let of_sort = ago
                    .take(DAYS_OF_SORTS)
                    .filter(|it| self.is_weekend(hour(it)) == weekend);
                let known = of_sort.map(at).filter(|it| it.is_finite());
                found.extend(known.take(OF_A_SORT));
                Center::Median.of(found)
            }
            Usual::Alike { days_before } => self.alike(hour, days_before),
        }
    }

    /// `NaN` where no day is of its sort.
    fn alike(&self, hour: usize, days_before: usize) -> f64 {
        let is_weekend = |hour: usize| self.is_weekend(i64::try_from(hour).unwrap_or(i64::MAX));
        let weekend = is_weekend(hour);
        let (mut sum, mut all, mut weight) = (0.0, 0.0, 1.0);
        for days in (days_before + 1..).take(DAYS_ALIKE) {
            let Some(at) = hour.checked_sub(days * DAY) else {
                break;
            };
            let value = self.values.get(at).copied().unwrap_or(f64::NAN);
            if value.is_finite() && is_weekend(at) == weekend {
                let same = days.is_multiple_of(7);
                let weight = weight * if same { 1.0 } else { OTHER_WEEKDAY };
                sum += weight * value;
                all += weight;
            }
            weight *= DAY_KEEPS;
        }
        sum / all
    }
}

/// Whether a local hour, counted from 1970-01-01 00:00, is on a Saturday or Sunday.
pub(super) fn is_weekend(hour: i64) -> bool {
    // That was a Thursday: three days after Monday.
    (hour.div_euclid(24) + 3).rem_euclid(7) >= 5
}

impl Usual {
    /// Hours from one value to the one before.
    pub(super) fn period(self) -> usize {
        match self {
            Self::Cycle(period, ..) => period,
            Self::Sort { .. } | Self::Alike { .. } => DAY,
        }
    }

    /// Values that tell it, at most.
    fn most(self) -> usize {
        match self {
            Self::Cycle(_, cycles, _) => cycles,
            Self::Sort { .. } => OF_A_SORT,
            Self::Alike { .. } => 0,
        }
    }
}

impl Center {
    /// Of values from the newest on, which it may put in order.
    pub(super) fn of(self, values: &mut [f64]) -> f64 {
        let (Some(newest), count) = (values.first().copied(), values.len()) else {
            return f64::NAN;
        };
        match self {
            Self::Newest => newest,
            Self::Mean => values.iter().sum::<f64>() / len_f64(count),
            Self::Median => {
                values.sort_unstable_by(f64::total_cmp);
                f64::midpoint(values[(count - 1) / 2], values[count / 2])
            }
        }
    }
}
