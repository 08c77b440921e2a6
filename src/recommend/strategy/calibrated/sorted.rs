//! Samples of which only the upper part is in order: all that high quantiles need.

use crate::units::{count_from, len_f64};

/// Samples, the largest of them sorted.
#[derive(Debug, Clone)]
pub(super) struct Sorted {
    /// No order up to `from`, ascending after it.
    samples: Vec<f32>,
    from: usize,
}

impl Sorted {
    /// Sorts what lies above the quantile `least`, 0 to 1; `None` without a sample.
    pub(super) fn of(mut samples: Vec<f32>, least: f64) -> Option<Self> {
        if samples.is_empty() {
            return None;
        }
        let from = rank(samples.len(), least);
        samples.select_nth_unstable_by(from, f32::total_cmp);
        samples[from..].sort_unstable_by(f32::total_cmp);
        Some(Self { samples, from })
    }

    /// All samples added up.
    pub(super) fn sum(&self) -> f64 {
        self.samples.iter().map(|sample| f64::from(*sample)).sum()
    }

    /// The sorted part, ascending.
    pub(super) fn upper(&self) -> &[f32] {
        &self.samples[self.from..]
    }

    pub(super) fn count(&self) -> usize {
        self.samples.len()
    }

    /// The value that a share `level` of the samples does not exceed; not below
    /// the quantile that it was sorted from.
    pub(super) fn quantile(&self, level: f64) -> f64 {
        f64::from(self.samples[rank(self.samples.len(), level).max(self.from)])
    }

    /// The share of samples above a value.
    pub(super) fn above(&self, value: f64) -> f64 {
        let sorted = &self.samples[self.from..];
        let at_most = sorted.partition_point(|sample| f64::from(*sample) <= value);
        let mut above = sorted.len() - at_most;
        if at_most == 0 {
            let rest = self.samples[..self.from].iter();
            above += rest.filter(|sample| f64::from(**sample) > value).count();
        }
        len_f64(above) / len_f64(self.samples.len())
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
        let samples: Vec<f32> = (0..=1000_u16).rev().map(f32::from).collect();
        let sorted = Sorted::of(samples, 0.9).expect("samples");
        assert!((sorted.quantile(0.95) - 950.0).abs() < 1e-9);
        assert!((sorted.quantile(1.0) - 1000.0).abs() < 1e-9);
        assert!((sorted.above(950.0) - 50.0 / 1001.0).abs() < 1e-9);
        assert!((sorted.above(100.0) - 900.0 / 1001.0).abs() < 1e-9);
    }

    #[test]
    fn samples_that_are_all_alike_are_never_above_themselves() {
        let sorted = Sorted::of(vec![0.25; 100], 0.9).expect("samples");
        assert!(sorted.above(sorted.quantile(0.9)) == 0.0);
    }
}
