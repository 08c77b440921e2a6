//! Samples in order of size, of a whole window and of any stretch of it.
//!
//! Replays look at dozens of stretches of one window. It is sorted once, each sample with
//! its place in time, and every stretch is what of that order lies within it.

use std::ops::Range;

use super::pieces::{self, Column};
use super::sought::{Counts, Sought, rank};
use crate::units::len_f64;

/// Samples of a window by size, each with its place in time: those that were asked for, and
/// perhaps more.
#[derive(Debug, Clone, Default)]
pub(super) struct Ordered {
    /// The largest first.
    values: Vec<f32>,
    /// Where each of these lies among the ends: as many of them are before it, or at it. Many
    /// of such small numbers are compared at once.
    parts: Vec<u16>,
    /// All samples, asked for or not.
    counts: Counts,
    /// What they are together; empty where nobody is to ask.
    sums: Vec<f64>,
}

impl Ordered {
    /// Of places in time and samples, in any order, with every stretch of them. Nothing here is
    /// `NaN`.
    #[cfg(test)]
    pub(super) fn of(samples: &[(usize, f32)]) -> Self {
        let columns = samples.iter();
        let columns = columns.map(|(place, sample)| (*place, std::slice::from_ref(sample)));
        let columns: Vec<Column<'_>> = columns.collect();
        let each = Sought {
            stretches: (0..=places(&columns)).map(|at| at..at + 1).collect(),
            ..Sought::default()
        };
        Self::with_sums(&columns, &each)
    }

    /// The same of what is asked for, of samples pod by pod.
    pub(super) fn with_sums(columns: &[Column<'_>], sought: &Sought) -> Self {
        let mut sums = vec![0.0; places(columns) + 1];
        for (first, samples) in columns {
            for (sum, sample) in sums[first + 1..].iter_mut().zip(*samples) {
                // Nothing is added where nothing is known: no branch to be guessed.
                *sum += if sample.is_nan() {
                    0.0
                } else {
                    f64::from(*sample)
                };
            }
        }
        let mut all = 0.0;
        for sum in &mut sums {
            all += *sum;
            *sum = all;
        }
        Self {
            sums,
            ..Self::without_sums(columns, sought)
        }
    }

    /// The same for whoever asks for no sum.
    pub(super) fn without_sums(columns: &[Column<'_>], sought: &Sought) -> Self {
        let ends = sought.ends();
        let pieces = pieces::cut(columns, &ends);
        let counts = Counts::of(&pieces, ends, |sample| !sample.is_nan());
        let (least, upper) = sought.least(&pieces, &counts);
        let mut upper = pieces::no_less(&pieces, least, upper);
        radsort::sort_by_key(&mut upper, |(_, sample)| *sample);
        Self {
            values: upper.iter().rev().map(|(_, sample)| *sample).collect(),
            parts: upper.iter().rev().map(|(part, _)| *part).collect(),
            counts,
            sums: Vec::new(),
        }
    }

    /// What lies within a stretch, and in order what of it is above the quantile `least`,
    /// 0 to 1; `None` without a sample.
    pub(super) fn within(&self, stretch: &Range<usize>, least: f64) -> Option<Sorted<'_>> {
        let count = self.count(stretch);
        let from = rank(count.checked_sub(1)? + 1, least);
        let mut upper = self.top(stretch, count - from);
        upper.reverse();
        Some(Sorted {
            all: self,
            stretch: stretch.clone(),
            count,
            from,
            upper,
        })
    }

    /// The largest samples within a stretch, of which it has as many, in order.
    fn top(&self, stretch: &Range<usize>, count: usize) -> Vec<f32> {
        let lies_within = self.within_it(stretch);
        let mut top = vec![0.0; count];
        let mut found = 0;
        for (part, sample) in self.parts.iter().zip(&self.values) {
            let Some(slot) = top.get_mut(found) else {
                break;
            };
            // Written before it is known to count: cheaper than to guess.
            *slot = *sample;
            found += usize::from(lies_within(*part));
        }
        top
    }

    /// Whether a part lies within a stretch, of those that were named.
    fn within_it(&self, stretch: &Range<usize>) -> impl Fn(u16) -> bool + Copy + use<> {
        let part = |place: usize| u16::try_from(self.counts.part(place)).unwrap_or(u16::MAX);
        let (start, end) = (part(stretch.start), part(stretch.end));
        let length = end.saturating_sub(start);
        // One comparison for both ends: what is before the start wraps around.
        move |part| part.wrapping_sub(start) < length
    }

    /// How many samples lie within a stretch.
    pub(super) fn count(&self, stretch: &Range<usize>) -> usize {
        self.counts.within(stretch)
    }

    /// The samples within a stretch added up.
    fn sum(&self, stretch: &Range<usize>) -> f64 {
        let last = self.sums.last().copied().unwrap_or(0.0);
        let sum = |place: usize| self.sums.get(place).copied().unwrap_or(last);
        (sum(stretch.end) - sum(stretch.start)).max(0.0)
    }

    /// For each of some values, the lowest first, the share of the samples within a stretch
    /// that is above it; 0 without a sample. One walk from the largest on tells all.
    pub(super) fn shares_above(&self, stretch: &Range<usize>, ascending: &[f64]) -> Vec<f64> {
        let count = len_f64(self.count(stretch).max(1));
        let lies_within = self.within_it(stretch);
        let (mut seen, mut above) = (0, 0_usize);
        let from_the_highest = ascending.iter().rev().map(|value| {
            let is_above = |at: usize| {
                let sample = self.values.get(at);
                sample.is_some_and(|sample| f64::from(*sample) > *value)
            };
            // Many at once, where the least of them is above it.
            while is_above(seen + MANY - 1) {
                above += many_within(&self.parts[seen..seen + MANY], lies_within);
                seen += MANY;
            }
            while is_above(seen) {
                above += usize::from(lies_within(self.parts[seen]));
                seen += 1;
            }
            len_f64(above) / count
        });
        let mut shares: Vec<f64> = from_the_highest.collect();
        shares.reverse();
        shares
    }

    /// Of the samples within a stretch those of some ranks, the largest of which is 0: ranks
    /// ascend, and none is beyond them.
    pub(super) fn ranked(&self, stretch: &Range<usize>, ranks: &[usize]) -> Vec<f32> {
        let lies_within = self.within_it(stretch);
        let mut ranks = ranks.iter().peekable();
        let mut found = Vec::with_capacity(ranks.len());
        let mut seen = 0;
        for (parts, values) in self.parts.chunks(MANY).zip(self.values.chunks(MANY)) {
            let until = seen + many_within(parts, lies_within);
            if ranks.peek().is_some_and(|rank| **rank < until) {
                let (mut own, mut count) = ([0.0; MANY], 0);
                for (part, value) in parts.iter().zip(values) {
                    // Each is kept by not being written over: no branch to be guessed.
                    own[count % MANY] = *value;
                    count += usize::from(lies_within(*part));
                }
                while let Some(rank) = ranks.next_if(|rank| **rank < until) {
                    found.push(own[(rank - seen) % MANY]);
                }
            }
            if ranks.peek().is_none() {
                break;
            }
            seen = until;
        }
        found
    }

    /// For each of some levels, 0 to 1 and ascending, the value that such a share of the
    /// samples within a stretch does not exceed; `None` without a sample.
    pub(super) fn quantiles<const N: usize>(
        &self,
        stretch: &Range<usize>,
        levels: [f64; N],
    ) -> Option<[f64; N]> {
        let count = self.count(stretch);
        let last = count.checked_sub(1)?;
        let mut ranks = levels.map(|level| last - rank(count, level));
        ranks.reverse();
        let found = self.ranked(stretch, &ranks);
        let mut found = found.into_iter().rev().map(f64::from);
        Some(levels.map(|_| found.next().unwrap_or(0.0)))
    }
}

/// Samples that are counted at once, before any of them is looked at by itself.
const MANY: usize = 32;

/// How many of some samples, [`MANY`] at most, lie within a stretch by their parts.
#[inline]
fn many_within(parts: &[u16], lies_within: impl Fn(u16) -> bool + Copy) -> usize {
    // As wide as parts are, so that as many are counted as are compared.
    let mut count = 0_u16;
    if let Ok(parts) = <&[u16; MANY]>::try_from(parts) {
        for part in parts {
            count += u16::from(lies_within(*part));
        }
    } else {
        for part in parts {
            count += u16::from(lies_within(*part));
        }
    }
    usize::from(count)
}

/// Places up to the last sample.
fn places(columns: &[Column<'_>]) -> usize {
    let ends = columns.iter().map(|(first, samples)| first + samples.len());
    ends.max().unwrap_or(0)
}

/// The samples of a stretch, the largest of them in order.
#[derive(Debug, Clone)]
pub(super) struct Sorted<'a> {
    all: &'a Ordered,
    stretch: Range<usize>,
    count: usize,
    /// The rank of the first of `upper`.
    from: usize,
    upper: Vec<f32>,
}

impl Sorted<'_> {
    /// All samples added up.
    pub(super) fn sum(&self) -> f64 {
        self.all.sum(&self.stretch)
    }

    /// The largest, ascending.
    pub(super) fn upper(&self) -> &[f32] {
        &self.upper
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The value that a share `level` of the samples does not exceed; not below the
    /// quantile from which on they are in order.
    pub(super) fn quantile(&self, level: f64) -> f64 {
        let rank = rank(self.count, level).max(self.from);
        self.upper
            .get(rank - self.from)
            .copied()
            .map_or(0.0, f64::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::single;

    #[test]
    fn quantiles_and_shares_are_exact() {
        let samples = (0..=1000_u16).map(|it| (usize::from(it), f32::from(1000 - it)));
        let all = Ordered::of(&samples.collect::<Vec<_>>());
        let sorted = all.within(&(0..1001), 0.9).expect("samples");
        assert!((sorted.quantile(0.95) - 950.0).abs() < 1e-9);
        assert!((sorted.quantile(1.0) - 1000.0).abs() < 1e-9);
        let above = all.shares_above(&(0..1001), &[100.0, 950.0, 950.0, 2000.0]);
        let exact = [900.0, 50.0, 50.0, 0.0].map(|it| it / 1001.0);
        assert_eq!(above, exact);
    }

    #[test]
    fn samples_that_are_all_alike_are_never_above_themselves() {
        let all = Ordered::of(&[0.25; 100].into_iter().enumerate().collect::<Vec<_>>());
        let sorted = all.within(&(0..100), 0.9).expect("samples");
        assert_eq!(all.shares_above(&(0..100), &[sorted.quantile(0.9)]), [0.0]);
    }

    #[test]
    fn a_stretch_is_what_lies_within_it() {
        let samples = [(0, 3.0), (5, -0.0), (2, 1.5), (2, 9.0), (7, 0.0), (3, 2.0)];
        let all = Ordered::of(&samples);
        let whole = all.within(&(0..10), 0.0).expect("samples");
        assert_eq!(whole.upper(), [-0.0, 0.0, 1.5, 2.0, 3.0, 9.0]);
        assert_eq!(all.shares_above(&(0..10), &[1.5]), [0.5]);
        assert!(whole.upper()[0].is_sign_negative());
        let part = all.within(&(2..6), 0.5).expect("samples");
        assert_eq!((part.count(), part.upper()), (4, &[2.0, 9.0][..]));
        assert_eq!(all.shares_above(&(2..6), &[0.5]), [0.75]);
        assert_eq!(all.shares_above(&(8..9), &[0.5]), [0.0]);
        let ranked = all.ranked(&(2..6), &[0, 1, 1, 3]);
        assert_eq!(ranked, [9.0, 2.0, 2.0, -0.0]);
        assert!(ranked[3].is_sign_negative());
        assert!(all.within(&(8..9), 0.5).is_none());
    }

    #[test]
    fn quantiles_of_a_stretch_are_those_of_its_samples_in_order() {
        const LEVELS: [f64; 4] = [0.8, 0.95, 0.95, 1.0];
        let of = |place: usize| (place, single(len_f64(place * place % 211)));
        let all = Ordered::of(&(0..700).map(of).collect::<Vec<_>>());
        for stretch in [0..700, 3..4, 90..93, 200..431, 650..900] {
            let sorted = all.within(&stretch, 0.8).expect("samples");
            let found = all.quantiles(&stretch, LEVELS);
            assert_eq!(found, Some(LEVELS.map(|level| sorted.quantile(level))));
        }
        assert_eq!(all.quantiles(&(700..800), LEVELS), None);
    }

    #[test]
    fn what_is_asked_for_is_the_same_as_of_all() {
        let waves: [fn(usize) -> usize; 4] = [
            |place| place * place % 211,
            |place| place,
            |place| if place < 2000 { place % 37 } else { 900 },
            |_| 7,
        ];
        let stretches: Vec<Range<usize>> = (0..9).map(|it| it * 300..it * 300 + 777).collect();
        for (wave, fewer) in waves.into_iter().zip([true, false, true, true]) {
            // Of two pods, with holes.
            let samples: Vec<f32> = (0..3000)
                .map(|place| match place % 13 {
                    0 => f32::NAN,
                    _ => single(len_f64(wave(place))),
                })
                .collect();
            let columns = [(0, &samples[..2000]), (1500, &samples[1500..])];
            let each = columns
                .iter()
                .flat_map(|(first, own)| (*first..).zip(own.iter().copied()));
            let each: Vec<(usize, f32)> = each.filter(|it| !it.1.is_nan()).collect();
            let asked = Sought {
                stretches: stretches.clone(),
                above: 0.8,
                beside: stretches.iter().map(|it| it.end..it.end + 500).collect(),
            };
            let all = Ordered::of(&each);
            let some = Ordered::with_sums(&columns, &asked);
            assert!(some.values.len() == all.values.len() || fewer);
            for stretch in &stretches {
                let levels = [0.8, 0.9, 0.999, 1.0];
                let found = all.quantiles(stretch, levels).expect("samples");
                assert_eq!(some.quantiles(stretch, levels), Some(found));
                let later = stretch.end..stretch.end + 500;
                let shares = all.shares_above(&later, &found);
                assert_eq!(some.shares_above(&later, &found), shares);
                let (all, some) = (all.within(stretch, 0.8), some.within(stretch, 0.8));
                let (all, some) = (all.expect("samples"), some.expect("samples"));
                assert_eq!(some.upper(), all.upper());
                assert_eq!(some.sum().to_bits(), all.sum().to_bits());
            }
        }
    }
}
