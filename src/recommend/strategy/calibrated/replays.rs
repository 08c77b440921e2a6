//! Moments of the past at which the future is played: what came before them is
//! known, what followed is what they are judged by.
//!
//! Time runs forward only. A stretch that is left out of the middle would be
//! judged by sizes drawn from what came after it too, and months that rise or
//! fall would look like months in any order.

use std::ops::Range;

use crate::snapshot::Grid;
use crate::units::{Span, count_from, len_f64};

/// Shares of the longest history that leaves room for its horizon. Of a
/// fortnight, for a week: 4, 6 and 8 days, each judged on half as many. Shorter
/// ones know no whole pattern, and a single one has too few moments.
const SHARES: [f64; 3] = [3.0 / 7.0, 9.0 / 14.0, 6.0 / 7.0];
/// Moments are this share of the window apart: a day of a fortnight.
const STEP: f64 = 1.0 / 14.0;
/// More stretches than this say nothing new.
const MOST: usize = 8;
/// The horizon is no longer than this multiple of what is known before it.
const FURTHEST: f64 = 1.0;

/// One moment, in cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replay {
    pub(super) known: Range<usize>,
    pub(super) ahead: Range<usize>,
}

/// All moments of a window.
///
/// The horizon of each is to what is known as the real horizon is to the window:
/// if nothing changes, how often records are broken depends on that alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Replays {
    pub(super) all: Vec<Replay>,
    /// Stretches of about one horizon each, for how often something came back.
    pub(super) horizons: Vec<Range<usize>>,
    /// By how much the horizon is longer than one that is replayed or came back.
    pub(super) longer: f64,
    /// By how much more often the horizon breaks a record than one that is
    /// replayed; 1 where the window is at least as long as it.
    pub(super) newer: f64,
    /// Probability that the horizon brings a record if nothing changes.
    pub(super) due: f64,
    /// All cells.
    pub(super) window: Range<usize>,
    /// Cells of a day.
    pub(super) day: usize,
    /// Stretches that a history is cut into: as many as horizons, and one more.
    stretches: usize,
}

impl Replays {
    /// Of a grid in cells of `factor` slots.
    pub(super) fn new(grid: &Grid, factor: usize, horizon: Span) -> Self {
        let slots = usize::try_from(grid.len).unwrap_or(0);
        let cells = slots.div_ceil(factor.max(1));
        let window = grid.span().as_days().max(f64::MIN_POSITIVE);
        let horizon = horizon.as_days().max(f64::MIN_POSITIVE);
        let ahead = (horizon / window).min(FURTHEST);
        let horizons = usize::try_from(count_from(window / horizon)).unwrap_or(MOST);
        let due = |ahead: f64| ahead / (1.0 + ahead);
        Self {
            all: moments(cells, ahead),
            horizons: cut(&(0..cells), horizons.max(1)),
            longer: (horizon / window).max(1.0),
            newer: due(horizon / window) / due(ahead),
            due: due(horizon / window),
            window: 0..cells,
            day: usize::try_from(grid.per_day()).map_or(1, |day| (day / factor.max(1)).max(1)),
            stretches: (horizons + 1).clamp(2, MOST),
        }
    }

    /// A history in equal stretches, each of which may be the busiest.
    pub(super) fn cut(&self, history: &Range<usize>) -> Vec<Range<usize>> {
        cut(history, self.stretches)
    }
}

fn cut(range: &Range<usize>, parts: usize) -> Vec<Range<usize>> {
    let at = |part: usize| range.start + range.len() * part / parts;
    (0..parts).map(|part| at(part)..at(part + 1)).collect()
}

/// `ahead` is the horizon as a share of what is known.
fn moments(cells: usize, ahead: f64) -> Vec<Replay> {
    let whole =
        |share: f64| usize::try_from(count_from((len_f64(cells) * share).round())).unwrap_or(cells);
    let step = whole(STEP).max(1);
    let mut moments = Vec::new();
    for share in SHARES {
        let known = whole(share / (1.0 + ahead));
        let follows = whole(share / (1.0 + ahead) * ahead);
        if known == 0 || follows == 0 {
            continue;
        }
        let last = cells.saturating_sub(follows);
        moments.extend((known..=last).step_by(step).map(|moment| Replay {
            known: moment - known..moment,
            ahead: moment..moment + follows,
        }));
    }
    moments
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
    fn a_fortnight_plays_weeks_of_half_its_length() {
        let replays = Replays::new(&grid(14), 1, Span::WEEK);
        let days = |range: &Range<usize>| range.len() / 288;
        let of = |length| {
            let known = replays
                .all
                .iter()
                .filter(|replay| days(&replay.known) == length);
            known.map(|replay| days(&replay.ahead)).collect::<Vec<_>>()
        };
        assert_eq!(of(4), [2; 9]);
        assert_eq!(of(6), [3; 6]);
        assert_eq!(of(8), [4; 3]);
        assert_eq!(replays.all.len(), 18);
        assert_eq!(replays.horizons, [0..2016, 2016..4032]);
        assert_eq!(replays.cut(&(6..9)), [6..7, 7..8, 8..9]);
        assert!((replays.longer - 1.0).abs() < 1e-9);
        assert!((replays.newer - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_follows_is_never_known() {
        for days in [1, 3, 10, 60] {
            let replays = Replays::new(&grid(days), 6, Span::WEEK);
            assert!(replays.all.len() > 5, "{days}");
            for replay in replays.all {
                assert_eq!(replay.known.end, replay.ahead.start);
                assert!(replay.ahead.end <= usize::try_from(days).unwrap() * 48);
            }
        }
    }

    #[test]
    fn a_window_shorter_than_the_horizon_stands_for_less_of_it() {
        let replays = Replays::new(&grid(3), 1, Span::WEEK);
        assert!((replays.longer - 7.0 / 3.0).abs() < 1e-9);
        assert!((replays.newer - 1.4).abs() < 1e-9);
        assert_eq!(replays.horizons.len(), 1);
    }

    #[test]
    fn a_window_of_a_few_cells_has_no_moments_or_sound_ones() {
        assert!(
            Replays::new(&Grid { len: 1, ..grid(1) }, 1, Span::WEEK)
                .all
                .is_empty()
        );
        assert!(
            Replays::new(&Grid { len: 0, ..grid(1) }, 1, Span::WEEK)
                .all
                .is_empty()
        );
    }
}
