//! A series up to one moment, by cycles that end there.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use super::cycles::{Center, Cycles, Usual};
use super::{DAY, WEEK};
use crate::trend::median;
use crate::units::len_f64;

/// Hours of a day that must be known for it to count.
const KNOWN_OF_DAY: usize = 18;

/// What was known at a moment: hourly values, the last of them that of the hour before.
#[derive(Debug)]
pub struct Past<'a> {
    cycles: &'a Cycles<'a>,
    /// Values of it that were known.
    known: usize,
    /// What several models ask for is worked out once.
    yesterday: OnceCell<Vec<f64>>,
    bases: RefCell<Vec<(&'static str, usize, Option<Base>)>>,
}

/// What a model expected of the last day, and what it says of the next hours.
pub(super) type Base = Rc<(Vec<f64>, Vec<f64>)>;

impl<'a> Past<'a> {
    /// The past of a moment at which so many values of a series were known.
    pub fn new(cycles: &'a Cycles<'a>, known: usize) -> Self {
        Self {
            cycles,
            known: known.min(cycles.values().len()),
            yesterday: OnceCell::new(),
            bases: RefCell::default(),
        }
    }

    /// What a model that others move says of so many hours, by its name; `None` where it says
    /// nothing.
    pub(super) fn base(
        &self,
        name: &'static str,
        hours: usize,
        of: impl FnOnce() -> Option<(Vec<f64>, Vec<f64>)>,
    ) -> Option<Base> {
        let is_it = |it: &&(&str, usize, Option<Base>)| (it.0, it.1) == (name, hours);
        if let Some((_, _, told)) = self.bases.borrow().iter().find(is_it) {
            return told.clone();
        }
        let told = of().map(Rc::new);
        self.bases.borrow_mut().push((name, hours, told.clone()));
        told
    }

    pub(super) fn values(&self) -> &'a [f64] {
        &self.cycles.values()[..self.known]
    }

    /// The value so many hours before the moment, from 1 on; `NaN` where it is not known.
    pub(super) fn ago(&self, hours: usize) -> f64 {
        let at = self.known.checked_sub(hours);
        at.and_then(|at| self.values().get(at))
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// The newest hours, oldest first; `NaN` before the first.
    pub(super) fn newest(&self, hours: usize) -> Vec<f64> {
        (1..=hours).rev().map(|ago| self.ago(ago)).collect()
    }

    /// The mean of a whole day, counted back from 1; `NaN` where too little of it is known.
    pub(super) fn mean_of_day(&self, back: usize) -> f64 {
        let hours = (back - 1) * DAY + 1..=back * DAY;
        let known = hours.map(|ago| self.ago(ago)).filter(|it| it.is_finite());
        let (sum, count) = known.fold((0.0, 0), |(sum, count), it| (sum + it, count + 1));
        if count < KNOWN_OF_DAY {
            return f64::NAN;
        }
        sum / len_f64(count)
    }

    /// The middle of what is known of the newest hours; `NaN` of nothing.
    pub(super) fn middle(&self, hours: usize) -> f64 {
        median(&self.values()[self.known.saturating_sub(hours)..])
    }

    /// The newest value that is known.
    pub(super) fn last(&self) -> Option<f64> {
        let mut known = self.values().iter().rev();
        known.find(|it| it.is_finite()).copied()
    }

    /// Whole cycles of `period` hours before the moment that are known by half.
    pub(super) fn cycles(&self, period: usize) -> usize {
        let whole = (1..).map_while(|cycle| self.known.checked_sub(cycle * period));
        let known = whole.filter(|from| 2 * self.cycles.known(*from, from + period) > period);
        known.count()
    }

    /// What the next hours usually are, as many as are asked for or the cycle has; `NaN`
    /// where nothing tells it.
    pub(super) fn usual(&self, usual: Usual, hours: usize) -> Vec<f64> {
        self.cycles
            .usual(usual, self.known, hours.min(usual.period()))
    }

    /// What the next hours usually are, by days alike.
    pub(super) fn alike(&self, hours: usize) -> Vec<f64> {
        let days = (0..hours.div_ceil(DAY)).flat_map(|day| {
            let usual = Usual::Alike { days_before: day };
            let from = self.known + day * DAY;
            self.cycles.usual(usual, from, DAY.min(hours - day * DAY))
        });
        days.collect()
    }

    /// What the hours of the last day usually are, by what was before them.
    pub(super) fn usual_of_last_day(&self, usual: Usual) -> Vec<f64> {
        match self.known.checked_sub(DAY) {
            Some(from) => self.cycles.usual(usual, from, DAY),
            None => vec![f64::NAN; DAY],
        }
    }

    /// Whether the hour so far from the moment is on a Saturday or Sunday; before it, hours
    /// are below 0.
    pub(super) fn is_weekend(&self, hour: i64) -> bool {
        let known = i64::try_from(self.known).unwrap_or(0);
        self.cycles.is_weekend(known + hour)
    }
}

/// A profile over and over, so many hours long; where it knows nothing, `otherwise`.
pub(super) fn repeated(profile: &[f64], otherwise: &[f64], ahead: usize) -> Vec<f64> {
    let both = profile.iter().cycle().zip(otherwise.iter().cycle());
    let filled = both.map(|(it, other)| if it.is_finite() { *it } else { *other });
    filled.take(ahead).collect()
}

/// Same hour of the last day on which it is known within a week, else what is usual.
pub(super) fn yesterday<'a>(past: &'a Past<'_>) -> &'a [f64] {
    past.yesterday.get_or_init(|| of_yesterday(past))
}

fn of_yesterday(past: &Past<'_>) -> Vec<f64> {
    let mut day = past.usual(Usual::Cycle(DAY, 7, Center::Newest), DAY);
    if day.iter().any(|it| it.is_nan()) {
        let usual = past.middle(WEEK);
        day.iter_mut()
            .filter(|it| it.is_nan())
            .for_each(|it| *it = usual);
    }
    day
}
