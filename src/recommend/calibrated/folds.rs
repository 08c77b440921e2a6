//! The window cut into equal stretches, each of which plays the future once.

use std::ops::Range;

use crate::snapshot::Grid;
use crate::units::{Span, count_from, len_f64};

/// More stretches than this say nothing new and take longer.
const MOST: usize = 8;

/// Stretches of the window, one left out at a time.
///
/// They are as many as make what is left out to what remains what the horizon
/// is to the window: with 14 days and a horizon of 7, three. The largest values
/// of things that do not change depend on that proportion alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Folds {
    pub(super) stretches: Vec<Range<usize>>,
    /// By how much the chance of something new in the horizon exceeds that in
    /// one stretch; more than 1 where the window is shorter than the horizon.
    pub(super) correction: f64,
    /// Stretches of about one horizon each, for how often something came back.
    pub(super) horizons: Vec<Range<usize>>,
    /// By how much the horizon is longer than one of these.
    pub(super) longer: f64,
}

impl Folds {
    /// Of a grid in cells of `factor` slots.
    pub(super) fn new(grid: &Grid, factor: usize, horizon: Span) -> Self {
        let cells = usize::try_from(grid.len)
            .unwrap_or(0)
            .div_ceil(factor.max(1));
        let window = grid.span().as_days().max(f64::MIN_POSITIVE);
        let horizon = horizon.as_days().max(f64::MIN_POSITIVE);
        let whole = usize::try_from(count_from(window / horizon)).unwrap_or(MOST);
        let count = (whole + 1).clamp(2, MOST);
        let due = horizon / (window + horizon);
        let weeks = whole.max(1);
        Self {
            stretches: cut(cells, count),
            correction: due * len_f64(count),
            horizons: cut(cells, weeks),
            longer: (horizon * len_f64(weeks) / window).max(1.0),
        }
    }

    /// The stretch that a slot is in.
    pub(super) fn of(&self, cell: usize) -> usize {
        let after = self.stretches.partition_point(|range| range.end <= cell);
        after.min(self.stretches.len().saturating_sub(1))
    }
}

fn cut(cells: usize, parts: usize) -> Vec<Range<usize>> {
    (0..parts)
        .map(|part| cells * part / parts..cells * (part + 1) / parts)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(days: u32) -> Grid {
        Grid {
            len: days * 288,
            ..Grid::default()
        }
    }

    #[test]
    fn a_fortnight_is_cut_in_three_for_a_week() {
        let folds = Folds::new(&grid(14), 1, Span::WEEK);
        assert_eq!(folds.stretches.len(), 3);
        assert!((folds.correction - 1.0).abs() < 1e-9);
        assert_eq!(folds.horizons.len(), 2);
        assert_eq!(folds.of(0), 0);
        assert_eq!(folds.of(4031), 2);
    }

    #[test]
    fn a_window_shorter_than_the_horizon_corrects_upward() {
        let folds = Folds::new(&grid(3), 1, Span::WEEK);
        assert_eq!(folds.stretches.len(), 2);
        assert!(folds.correction > 1.0);
        assert!(folds.longer > 2.0);
    }
}
