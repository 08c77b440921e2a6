//! When advice is made.

use super::{Impossible, MOST_ORIGINS, Plan};
use crate::snapshot::Snapshot;
use crate::units::{Span, len_f64};

/// Origins by default, where horizons overlap.
const USUAL: usize = 12;
/// They overlap by so many of their own parts at most: of a week every day is one.
const CLOSEST: u32 = 7;
/// Containers × origins up to which horizons overlap by default: beyond, there is
/// enough to see, and replaying it takes minutes.
const MOST_CONTAINERS: usize = 10_000;

/// The slots at which advice is made, and how far they are apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origins {
    /// Ascending. Never empty.
    pub(super) slots: Vec<u32>,
    /// Slots from one to the next, and origins until a horizon is over.
    pub(super) every: u32,
    pub(super) in_a_horizon: usize,
}

impl Origins {
    /// From the first one with all of `fit` before it, as long as all of `horizon`
    /// follows. Those that follow each other a horizon apart, or closer where that
    /// makes no more than [`USUAL`] or as many as were asked for: what one week
    /// brings is chance, and which day a week begins on is, too.
    pub(super) fn of(snapshot: &Snapshot, plan: &Plan) -> Result<Self, Impossible> {
        let grid = &snapshot.usage.grid;
        let (fit, horizon) = (slots(snapshot, plan.fit), slots(snapshot, plan.horizon));
        let last = grid.len.checked_sub(horizon);
        let Some(last) = last.filter(|last| horizon > 0 && fit > 0 && *last >= fit) else {
            return Err(Impossible::TooShort {
                history: grid.span(),
                fit: plan.fit,
                horizon: plan.horizon,
            });
        };
        let containers = snapshot.usage.series.len().max(1);
        let usual = USUAL.min(MOST_CONTAINERS / containers);
        let most = plan.origins.unwrap_or(usual);
        let every = every(last - fit, horizon, most);
        let apart = usize::try_from(every).unwrap_or(usize::MAX);
        let slots: Vec<u32> = (fit..=last)
            .step_by(apart)
            .take(plan.origins.unwrap_or(usize::MAX))
            .collect();
        if slots.len() > MOST_ORIGINS {
            return Err(Impossible::TooMany {
                origins: slots.len(),
            });
        }
        Ok(Self {
            slots,
            every,
            in_a_horizon: usize::try_from(horizon.div_ceil(every)).unwrap_or(1),
        })
    }

    /// Horizons that have nothing in common and hold as much time as all origins were judged on.
    pub(super) fn independent(&self) -> f64 {
        let apart = len_f64(self.slots.len() - 1) / len_f64(self.in_a_horizon);
        apart + 1.0
    }
}

/// The shortest distance at which there are no more than `most` origins; a horizon
/// where there are more all the same.
fn every(range: u32, horizon: u32, most: usize) -> u32 {
    let parts = (1..=CLOSEST).rev().map(|parts| (horizon / parts).max(1));
    let count = |every: u32| usize::try_from(range / every + 1).unwrap_or(usize::MAX);
    parts
        .into_iter()
        .find(|every| count(*every) <= most)
        .unwrap_or(horizon)
}

pub(super) fn slots(snapshot: &Snapshot, span: Span) -> u32 {
    span.as_secs() / snapshot.usage.grid.step.as_secs().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Grid, Usage};

    fn origins(days: u32, most: Option<usize>) -> Result<Origins, Impossible> {
        let grid = Grid {
            step: Span::HOUR,
            len: days * 24,
            ..Grid::default()
        };
        let snapshot = Snapshot {
            usage: Usage {
                grid,
                series: Vec::new(),
            },
            ..Snapshot::default()
        };
        let plan = Plan {
            contenders: Vec::new(),
            fit: Span::days(14),
            horizon: Span::WEEK,
            origins: most,
        };
        Origins::of(&snapshot, &plan)
    }

    fn days(origins: &Origins) -> Vec<u32> {
        origins.slots.iter().map(|slot| slot / 24).collect()
    }

    #[test]
    fn horizons_overlap_where_there_are_few() {
        let month = origins(30, None).unwrap();
        assert_eq!(days(&month), (14..=23).collect::<Vec<_>>());
        assert_eq!(month.in_a_horizon, 7);
        assert!((month.independent() - 16.0 / 7.0).abs() < 1e-9);
        let single = origins(21, None).unwrap();
        assert_eq!(days(&single), [14]);
        assert!((single.independent() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_long_history_is_judged_on_one_horizon_after_the_other() {
        let year = origins(365, None).unwrap();
        assert_eq!((year.slots.len(), year.every), (50, 7 * 24));
        assert!((year.independent() - 50.0).abs() < 1e-9);
    }

    #[test]
    fn the_number_that_is_asked_for_is_the_most() {
        assert_eq!(days(&origins(30, Some(1)).unwrap()), [14]);
        assert_eq!(days(&origins(30, Some(2)).unwrap()), [14, 21]);
        assert_eq!(origins(30, Some(3)).unwrap().slots.len(), 3);
        assert_eq!(origins(30, Some(40)).unwrap().slots.len(), 10);
        assert_eq!(days(&origins(365, Some(2)).unwrap()), [14, 21]);
    }

    #[test]
    fn too_short_and_too_long_are_told() {
        let short = origins(20, None).unwrap_err();
        assert!(matches!(short, Impossible::TooShort { .. }));
        let long = origins(3_000, None).unwrap_err();
        assert!(matches!(long, Impossible::TooMany { .. }));
    }
}
