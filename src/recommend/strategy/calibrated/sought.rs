//! What is asked of samples, and which of them that takes.

use std::ops::Range;

use super::pieces::{self, Piece};
use crate::units::{count_from, len_f64};

/// What is asked of samples: of each of some stretches those above a quantile. All others need
/// no order. Where no stretch is named, all are asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Sought {
    pub(super) stretches: Vec<Range<usize>>,
    /// The quantile, 0 to 1.
    pub(super) above: f64,
    /// Stretches of which nothing is asked but how much is above what was found in the others.
    pub(super) beside: Vec<Range<usize>>,
}

impl Sought {
    /// The places at which a stretch begins or ends, in order.
    pub(super) fn ends(&self) -> Vec<usize> {
        let all = self.stretches.iter().chain(&self.beside);
        let mut ends: Vec<usize> = all.flat_map(|it| [it.start, it.end]).collect();
        ends.sort_unstable();
        ends.dedup();
        ends
    }

    /// How much lower than what is asked for is the quantile of the window that may have all of
    /// it, where stretches are about alike, and where they are not.
    const LOWER: [f64; 2] = [0.15, 0.4];

    /// What no sample that is asked for is below, and how many samples are not either.
    pub(super) fn least(&self, pieces: &[Piece<'_>], all: &Counts) -> (f32, usize) {
        const EACH: usize = 16;
        const FEW: usize = 512;
        let none = (f32::NEG_INFINITY, all.all());
        if none.1 < FEW {
            return none;
        }
        // Some of the samples tell about what the others are.
        let mut some = pieces::some(pieces, EACH);
        let Some(last) = some.len().checked_sub(1) else {
            return none;
        };
        let mut bounds = Self::LOWER.into_iter().map(|lower| {
            let place = rank(last + 1, (self.above - lower).max(0.0));
            *some.select_nth_unstable_by(place, f32::total_cmp).1
        });
        let found = bounds.find_map(|bound| {
            let upper = Counts::of(pieces, all.ends.clone(), |sample| sample >= bound);
            let mut each = self.stretches.iter();
            let has_all = each.all(|stretch| {
                let all = all.within(stretch);
                all == 0 || upper.within(stretch) >= all - rank(all, self.above)
            });
            has_all.then(|| (bound, upper.all()))
        });
        found.unwrap_or(none)
    }
}

/// How many samples of some sort lie between the places at which stretches begin or end.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    ends: Vec<usize>,
    /// Of each of them how many are before it, and how many there are.
    before: Vec<usize>,
}

impl Counts {
    pub(super) fn of(
        pieces: &[Piece<'_>],
        ends: Vec<usize>,
        sort: impl Fn(f32) -> bool + Copy,
    ) -> Self {
        let mut before = vec![0; ends.len() + 2];
        for piece in pieces {
            before[usize::from(piece.part) + 1] += piece.count(sort);
        }
        let mut sum = 0;
        for before in &mut before {
            sum += *before;
            *before = sum;
        }
        Self { ends, before }
    }

    /// Of all places.
    fn all(&self) -> usize {
        self.before.last().copied().unwrap_or(0)
    }

    /// Of a stretch whose ends are among them.
    pub(super) fn within(&self, stretch: &Range<usize>) -> usize {
        let before = |place: usize| self.before.get(self.part(place)).copied().unwrap_or(0);
        before(stretch.end).saturating_sub(before(stretch.start))
    }

    /// How many ends are before a place, or at it.
    pub(super) fn part(&self, place: usize) -> usize {
        self.ends.partition_point(|end| *end <= place)
    }
}

/// The rank of a quantile among so many, the smallest of which is 0.
pub(super) fn rank(count: usize, level: f64) -> usize {
    let rank = count_from((len_f64(count - 1) * level).ceil());
    usize::try_from(rank).unwrap_or(count - 1).min(count - 1)
}
