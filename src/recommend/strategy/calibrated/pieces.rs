//! Samples as they were measured, cut at the places where stretches begin or end.

use crate::trend::count;

/// Samples of one pod: the place of the first, and one value a place; `NaN` where there is none.
pub(super) type Column<'a> = (usize, &'a [f32]);

/// Samples between two ends that follow each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    /// How many ends are before these samples, or at the first of them.
    pub(super) part: u16,
    samples: &'a [f32],
}

/// All samples, in pieces. `ends` ascend.
pub(super) fn cut<'a>(columns: &[Column<'a>], ends: &[usize]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::with_capacity(columns.len() + ends.len());
    for (first, samples) in columns {
        let (mut place, mut rest) = (*first, *samples);
        let mut part = ends.partition_point(|end| *end <= place);
        while !rest.is_empty() {
            let length = ends.get(part).map_or(rest.len(), |end| end - place);
            let (samples, later) = rest.split_at(length.min(rest.len()));
            pieces.push(Piece {
                part: u16::try_from(part).unwrap_or(u16::MAX),
                samples,
            });
            (place, rest, part) = (place + length, later, part + 1);
        }
    }
    pieces
}

impl Piece<'_> {
    /// How many samples are of some sort; what is `NaN` is to be of none.
    pub(super) fn count(&self, sort: impl Fn(f32) -> bool) -> usize {
        count(self.samples, sort)
    }
}

/// One sample in so many of those that there are.
pub(super) fn some(pieces: &[Piece<'_>], each: usize) -> Vec<f32> {
    let every = pieces.iter().flat_map(|it| it.samples.iter().step_by(each));
    every.copied().filter(|it| !it.is_nan()).collect()
}

/// The samples that are not below a bound, each with its part; `count` are expected.
pub(super) fn no_less(pieces: &[Piece<'_>], bound: f32, count: usize) -> Vec<(u16, f32)> {
    let mut upper = vec![(0, 0.0); count + 1];
    let mut kept = 0;
    for piece in pieces {
        for sample in piece.samples {
            // Each is kept by not being written over: no branch to be guessed.
            upper[kept] = (piece.part, *sample);
            kept += usize::from(*sample >= bound);
        }
    }
    upper.truncate(kept);
    upper
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_all_samples_between_the_ends() {
        let one: Vec<f32> = (0_u16..20).map(f32::from).collect();
        let other = [7.0, f32::NAN, 9.0];
        let ends = [0, 4, 10, 19];
        let pieces = cut(&[(3, &one[3..]), (18, &other), (30, &[])], &ends);
        let found: Vec<(u16, usize)> = pieces
            .iter()
            .map(|it| (it.part, it.samples.len()))
            .collect();
        assert_eq!(found, [(1, 1), (2, 6), (3, 9), (4, 1), (3, 1), (4, 2)]);
        let all: Vec<f32> = pieces.iter().flat_map(|it| it.samples).copied().collect();
        assert_eq!(all[..17], one[3..]);
        let upper = no_less(&pieces, 9.0, 13);
        assert_eq!(upper[0], (2, 9.0));
        assert_eq!(upper[11..], [(4, 9.0)]);
        let counts = pieces.iter().map(|it| it.count(|sample| sample >= 9.0));
        assert_eq!(counts.collect::<Vec<_>>(), [0, 1, 9, 1, 0, 1]);
        assert_eq!(
            some(&pieces, 2),
            [3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 19.0, 7.0]
        );
        assert_eq!(cut(&[(5, &one)], &[])[0].samples.len(), 20);
    }
}
