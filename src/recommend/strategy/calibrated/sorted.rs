//! Samples in order of size, of a whole window and of any stretch of it.
//!
//! Replays look at dozens of stretches of one window. It is sorted once, each sample with
//! its place in time, and every stretch is what of that order lies within it.

use std::ops::Range;

use crate::units::{count_from, len_f64};

/// Samples of a window by size, each with its place in time.
#[derive(Debug, Clone, Default)]
pub(super) struct Ordered {
    /// The largest first.
    values: Vec<f32>,
    /// The place of each of these.
    places: Vec<u32>,
    /// How many samples are before each place, and before the end.
    before: Vec<usize>,
    /// What they are together.
    sums: Vec<f64>,
}

impl Ordered {
    /// Of places in time and samples, in any order. Nothing here is `NaN`; places beyond
    /// 32 bits are those of no grid.
    pub(super) fn of(samples: impl Iterator<Item = (usize, f32)>) -> Self {
        let short = |place| u32::try_from(place).unwrap_or(u32::MAX);
        let mut all: Vec<(u32, f32)> = samples.map(|(at, it)| (short(at), it)).collect();
        let long = |place| usize::try_from(place).unwrap_or(usize::MAX);
        let last = all.iter().map(|(place, _)| long(*place)).max();
        let places = last.map_or(0, |last| last + 1);
        let (mut before, mut sums) = (vec![0; places + 1], vec![0.0; places + 1]);
        for (place, sample) in &all {
            before[long(*place) + 1] += 1;
            sums[long(*place) + 1] += f64::from(*sample);
        }
        for place in 1..before.len() {
            before[place] += before[place - 1];
            sums[place] += sums[place - 1];
        }
        radsort::sort_by_key(&mut all, |(_, sample)| *sample);
        Self {
            values: all.iter().rev().map(|(_, sample)| *sample).collect(),
            places: all.iter().rev().map(|(place, _)| *place).collect(),
            before,
            sums,
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
        let lies_within = within(stretch);
        let mut top = vec![0.0; count];
        let mut found = 0;
        for (place, sample) in self.places.iter().zip(&self.values) {
            let Some(slot) = top.get_mut(found) else {
                break;
            };
            // Written before it is known to count: cheaper than to guess.
            *slot = *sample;
            found += usize::from(lies_within(*place));
        }
        top
    }

    /// How many samples lie within a stretch.
    pub(super) fn count(&self, stretch: &Range<usize>) -> usize {
        let last = self.before.last().copied().unwrap_or(0);
        let before = |place: usize| self.before.get(place).copied().unwrap_or(last);
        before(stretch.end).saturating_sub(before(stretch.start))
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
        let lies_within = within(stretch);
        let (mut seen, mut above) = (0, 0_usize);
        let from_the_highest = ascending.iter().rev().map(|value| {
            let rest = self.values[seen..].iter();
            let larger = rest.take_while(|sample| f64::from(**sample) > *value);
            let until = seen + larger.count();
            let places = self.places[seen..until].iter();
            above += places.filter(|place| lies_within(**place)).count();
            seen = until;
            len_f64(above) / count
        });
        let mut shares: Vec<f64> = from_the_highest.collect();
        shares.reverse();
        shares
    }

    /// The samples within a stretch, the largest first.
    pub(super) fn largest(&self, stretch: &Range<usize>) -> impl Iterator<Item = f32> {
        let lies_within = within(stretch);
        let all = self.places.iter().zip(&self.values);
        let within = all.filter(move |(place, _)| lies_within(**place));
        within.map(|(_, sample)| *sample)
    }
}

/// Whether a place lies within a stretch.
fn within(stretch: &Range<usize>) -> impl Fn(u32) -> bool + use<> {
    let place = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    let (start, end) = (place(stretch.start), place(stretch.end));
    let length = end.saturating_sub(start);
    // One comparison for both ends: what is before the start wraps around.
    move |place| place.wrapping_sub(start) < length
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

fn rank(count: usize, level: f64) -> usize {
    let rank = count_from((len_f64(count - 1) * level).ceil());
    usize::try_from(rank).unwrap_or(count - 1).min(count - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_shares_are_exact() {
        let samples = (0..=1000_u16).rev().map(f32::from).enumerate();
        let all = Ordered::of(samples);
        let sorted = all.within(&(0..1001), 0.9).expect("samples");
        assert!((sorted.quantile(0.95) - 950.0).abs() < 1e-9);
        assert!((sorted.quantile(1.0) - 1000.0).abs() < 1e-9);
        let above = all.shares_above(&(0..1001), &[100.0, 950.0, 950.0, 2000.0]);
        let exact = [900.0, 50.0, 50.0, 0.0].map(|it| it / 1001.0);
        assert_eq!(above, exact);
    }

    #[test]
    fn samples_that_are_all_alike_are_never_above_themselves() {
        let all = Ordered::of([0.25; 100].into_iter().enumerate());
        let sorted = all.within(&(0..100), 0.9).expect("samples");
        assert_eq!(all.shares_above(&(0..100), &[sorted.quantile(0.9)]), [0.0]);
    }

    #[test]
    fn a_stretch_is_what_lies_within_it() {
        let samples = [(0, 3.0), (5, -0.0), (2, 1.5), (2, 9.0), (7, 0.0), (3, 2.0)];
        let all = Ordered::of(samples.into_iter());
        let whole = all.within(&(0..10), 0.0).expect("samples");
        assert_eq!(whole.upper(), [-0.0, 0.0, 1.5, 2.0, 3.0, 9.0]);
        assert_eq!(all.shares_above(&(0..10), &[1.5]), [0.5]);
        assert!(whole.upper()[0].is_sign_negative());
        let part = all.within(&(2..6), 0.5).expect("samples");
        assert_eq!((part.count(), part.upper()), (4, &[2.0, 9.0][..]));
        assert_eq!(all.shares_above(&(2..6), &[0.5]), [0.75]);
        assert_eq!(all.shares_above(&(8..9), &[0.5]), [0.0]);
        assert_eq!(
            all.largest(&(2..6)).collect::<Vec<_>>(),
            [9.0, 2.0, 1.5, -0.0]
        );
        assert!(all.within(&(8..9), 0.5).is_none());
    }
}
