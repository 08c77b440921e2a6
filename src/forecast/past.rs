//! A series up to one moment, by cycles that end there.

use std::cell::RefCell;
use std::rc::Rc;

use super::{DAY, WEEK};
use crate::trend::median;
use crate::units::len_f64;

/// What was known at a moment: hourly values, the last of them that of the hour before.
#[derive(Debug)]
pub struct Past<'a> {
    values: &'a [f64],
    /// Local hour of the first value, counted from 1970-01-01 00:00.
    first: i64,
    /// Profiles that were asked for: several models build on the same.
    profiles: RefCell<Vec<(Key, Rc<[f64]>)>>,
}

/// What a profile is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// Hours of the period, cycles left out, cycles taken, and how they become one.
    Cycles(usize, usize, usize, Center),
    /// Hours of working days, then of weekends.
    Sorts,
}

/// How values of one phase become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Center {
    Newest,
    Mean,
    Median,
}

impl<'a> Past<'a> {
    pub fn new(values: &'a [f64], first: i64) -> Self {
        Self {
            values,
            first,
            profiles: RefCell::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The value so many hours before the moment, from 1 on; `NaN` where it is not known.
    pub(super) fn ago(&self, hours: usize) -> f64 {
        let at = self.values.len().checked_sub(hours);
        at.and_then(|at| self.values.get(at))
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// The newest hours, oldest first; `NaN` before the first.
    pub(super) fn newest(&self, hours: usize) -> Vec<f64> {
        (1..=hours).rev().map(|ago| self.ago(ago)).collect()
    }

    /// The middle of what is known of the newest hours; `NaN` of nothing.
    pub(super) fn middle(&self, hours: usize) -> f64 {
        let from = self.values.len().saturating_sub(hours);
        median(&self.values[from..])
    }

    /// The newest value that is known.
    pub(super) fn last(&self) -> Option<f64> {
        let mut known = self.values.iter().rev();
        known.find(|it| it.is_finite()).copied()
    }

    /// Whole cycles of `period` hours before the moment that are known by half.
    pub(super) fn cycles(&self, period: usize) -> usize {
        let known = |cycle: &[f64]| cycle.iter().filter(|it| it.is_finite()).count();
        let whole = self.values.rchunks_exact(period);
        whole.filter(|cycle| 2 * known(cycle) > period).count()
    }

    /// For each phase of a period from the moment on, the center of its values in `cycles`
    /// cycles, the newest `skip` left out; `NaN` where none is known.
    pub(super) fn profile(
        &self,
        period: usize,
        (skip, cycles): (usize, usize),
        center: Center,
    ) -> Rc<[f64]> {
        self.once(Key::Cycles(period, skip, cycles, center), || {
            let mut of_phase = Vec::with_capacity(cycles);
            let phase = |phase: usize| {
                of_phase.clear();
                let ago = (skip + 1..=skip + cycles).map(|cycle| cycle * period - phase);
                let mut known = ago.map(|ago| self.ago(ago)).filter(|it| it.is_finite());
                match center {
                    Center::Newest => of_phase.extend(known.next()),
                    Center::Mean | Center::Median => of_phase.extend(known),
                }
                center.of(&mut of_phase)
            };
            (0..period).map(phase).collect()
        })
    }

    /// A profile, worked out where it was not asked for yet.
    pub(super) fn once(&self, key: Key, work_out: impl FnOnce() -> Vec<f64>) -> Rc<[f64]> {
        let known = |profiles: &Vec<(Key, Rc<[f64]>)>| {
            let mut found = profiles.iter();
            let found = found.find(|(other, _)| *other == key)?;
            Some(Rc::clone(&found.1))
        };
        let found = known(&self.profiles.borrow());
        found.unwrap_or_else(|| {
            let profile: Rc<[f64]> = work_out().into();
            self.profiles.borrow_mut().push((key, Rc::clone(&profile)));
            profile
        })
    }

    /// Whether the hour so far from the moment is on a Saturday or Sunday; before it, hours
    /// are below 0.
    pub(super) fn is_weekend(&self, hour: i64) -> bool {
        // 1970-01-01 was a Thursday: three days after Monday.
        let at = self.first + i64::try_from(self.values.len()).unwrap_or(0) + hour;
        (at.div_euclid(24) + 3).rem_euclid(7) >= 5
    }
}

impl Center {
    /// Of values from the newest on, which it may put in order.
    fn of(self, values: &mut [f64]) -> f64 {
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

/// A profile over and over, so many hours long; where it knows nothing, `otherwise`.
pub(super) fn repeated(profile: &[f64], otherwise: &[f64], ahead: usize) -> Vec<f64> {
    let both = profile.iter().cycle().zip(otherwise.iter().cycle());
    let filled = both.map(|(it, other)| if it.is_finite() { *it } else { *other });
    filled.take(ahead).collect()
}

/// Same hour of the last day on which it is known within a week, else what is usual.
pub(super) fn yesterday(past: &Past<'_>) -> Rc<[f64]> {
    let profile = past.profile(DAY, (0, 7), Center::Newest);
    if profile.iter().all(|it| it.is_finite()) {
        return profile;
    }
    let usual = past.middle(WEEK);
    let filled = profile.iter();
    filled
        .map(|it| if it.is_finite() { *it } else { usual })
        .collect()
}
