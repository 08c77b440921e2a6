//! Samples in order of size, of a whole window and of any stretch of it.
//!
//! Replays look at dozens of stretches of one window. It is sorted once, each sample with
//! its place in time, and every stretch is what of that order lies within it.

use std::ops::Range;

use crate::units::{count_from, len_f64};

/// Samples of a window by size, each with its place in time.
///
/// Packed: the bits of the value in the order of its size, then the place.
#[derive(Debug, Clone, Default)]
pub(super) struct Ordered(Vec<u64>);

impl Ordered {
    /// Of places in time and samples, in any order. Nothing here is `NaN`.
    pub(super) fn of(samples: impl Iterator<Item = (usize, f32)>) -> Self {
        let mut packed: Vec<u64> = samples.map(|(place, sample)| pack(place, sample)).collect();
        packed.sort_unstable();
        Self(packed)
    }

    /// What lies within a stretch, `upper` of it above the quantile `least`, 0 to 1;
    /// `None` without a sample.
    pub(super) fn within(&self, stretch: &Range<usize>, least: f64) -> Option<Sorted> {
        // Without a branch: whether a sample lies within is as random as its place.
        let mut samples = vec![0.0; self.0.len()];
        let mut count = 0;
        for packed in &self.0 {
            let (place, sample) = unpack(*packed);
            samples[count] = sample;
            count += usize::from(stretch.contains(&place));
        }
        samples.truncate(count);
        Sorted::in_order(samples, least)
    }

    /// The samples within a stretch, the largest first.
    pub(super) fn largest(&self, stretch: &Range<usize>) -> impl Iterator<Item = f32> {
        let all = self.0.iter().rev().map(|packed| unpack(*packed));
        let within = all.filter(|(place, _)| stretch.contains(place));
        within.map(|(_, sample)| sample)
    }
}

/// The sign of a float.
const SIGN: u32 = 1 << 31;

/// As `f32::total_cmp` orders samples; places beyond 32 bits are those of no grid.
fn pack(place: usize, sample: f32) -> u64 {
    let bits = sample.to_bits();
    let ordered = if bits & SIGN == 0 { bits | SIGN } else { !bits };
    u64::from(ordered) << 32 | u64::from(u32::try_from(place).unwrap_or(u32::MAX))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the halves of a packed sample"
)]
fn unpack(packed: u64) -> (usize, f32) {
    let ordered = (packed >> 32) as u32;
    let bits = if ordered & SIGN == 0 {
        !ordered
    } else {
        ordered & !SIGN
    };
    (packed as u32 as usize, f32::from_bits(bits))
}

/// Samples, ascending.
#[derive(Debug, Clone)]
pub(super) struct Sorted {
    samples: Vec<f32>,
    /// Where the upper part begins.
    from: usize,
}

impl Sorted {
    fn in_order(samples: Vec<f32>, least: f64) -> Option<Self> {
        let from = rank(samples.len().max(1), least);
        (!samples.is_empty()).then_some(Self { samples, from })
    }

    /// All samples added up.
    pub(super) fn sum(&self) -> f64 {
        self.samples.iter().map(|sample| f64::from(*sample)).sum()
    }

    /// The upper part, ascending.
    pub(super) fn upper(&self) -> &[f32] {
        &self.samples[self.from..]
    }

    pub(super) fn count(&self) -> usize {
        self.samples.len()
    }

    /// The value that a share `level` of the samples does not exceed.
    pub(super) fn quantile(&self, level: f64) -> f64 {
        f64::from(self.samples[rank(self.samples.len(), level)])
    }

    /// The share of samples above a value.
    pub(super) fn above(&self, value: f64) -> f64 {
        let at_most = self.samples.partition_point(|it| f64::from(*it) <= value);
        len_f64(self.samples.len() - at_most) / len_f64(self.samples.len())
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
        let sorted = Ordered::of(samples)
            .within(&(0..1001), 0.9)
            .expect("samples");
        assert!((sorted.quantile(0.95) - 950.0).abs() < 1e-9);
        assert!((sorted.quantile(1.0) - 1000.0).abs() < 1e-9);
        assert!((sorted.above(950.0) - 50.0 / 1001.0).abs() < 1e-9);
        assert!((sorted.above(100.0) - 900.0 / 1001.0).abs() < 1e-9);
    }

    #[test]
    fn samples_that_are_all_alike_are_never_above_themselves() {
        let all = Ordered::of([0.25; 100].into_iter().enumerate());
        let sorted = all.within(&(0..100), 0.9).expect("samples");
        assert!(sorted.above(sorted.quantile(0.9)) == 0.0);
    }

    #[test]
    fn a_stretch_is_what_lies_within_it() {
        let samples = [(0, 3.0), (5, -0.0), (2, 1.5), (2, 9.0), (7, 0.0), (3, 2.0)];
        let all = Ordered::of(samples.into_iter());
        let whole = all.within(&(0..10), 0.0).expect("samples");
        assert_eq!(whole.upper(), [-0.0, 0.0, 1.5, 2.0, 3.0, 9.0]);
        assert!(whole.upper()[0].is_sign_negative());
        let part = all.within(&(2..6), 0.5).expect("samples");
        assert_eq!((part.count(), part.upper()), (4, &[2.0, 9.0][..]));
        assert_eq!(
            all.largest(&(2..6)).collect::<Vec<_>>(),
            [9.0, 2.0, 1.5, -0.0]
        );
        assert!(all.within(&(8..9), 0.5).is_none());
    }
}
