//! How samples of a pool spread, whatever their order in time.

use crate::units::{count_from, len_f64, single};

/// The pooled samples of one metric, sorted. Never empty, without `NaN`.
pub(super) struct Spread {
    sorted: Vec<f32>,
    mean: f64,
}

impl Spread {
    /// `None` without a single sample.
    pub(super) fn of<'a>(columns: impl Iterator<Item = &'a [f32]>) -> Option<Self> {
        let mut sorted: Vec<f32> = Vec::new();
        for column in columns {
            sorted.reserve(column.len());
            sorted.extend(column.iter().filter(|value| !value.is_nan()));
        }
        if sorted.is_empty() {
            return None;
        }
        radsort::sort(&mut sorted);
        let sum: f64 = sorted.iter().map(|value| f64::from(*value)).sum();
        let mean = sum / len_f64(sorted.len());
        Some(Self { sorted, mean })
    }

    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    /// With linear interpolation between the two samples around the rank
    /// `q × (n − 1)`, as Prometheus, numpy and pandas do by default.
    pub(super) fn quantile(&self, q: f64) -> f64 {
        let last = self.sorted.len() - 1;
        let rank = q.clamp(0.0, 1.0) * len_f64(last);
        let below = usize::try_from(count_from(rank.floor())).map_or(last, |below| below.min(last));
        let at = |place: usize| f64::from(self.sorted[place.min(last)]);
        let (low, high) = (at(below), at(below + 1));
        // In the precision of samples.
        f64::from(single(low + (high - low) * (rank - rank.floor())))
    }

    /// Standard deviation of the samples as a whole population ÷ mean; 0 where
    /// the mean is 0.
    pub(super) fn variation(&self) -> f64 {
        if self.mean <= 0.0 {
            return 0.0;
        }
        let far = self
            .sorted
            .iter()
            .map(|value| f64::from(*value) - self.mean);
        let variance = far.map(|far| far * far).sum::<f64>() / len_f64(self.sorted.len());
        variance.sqrt() / self.mean
    }

    /// Samples below a value.
    pub(super) fn count_below(&self, value: f64) -> usize {
        let value = single(value);
        self.sorted.partition_point(|sample| *sample < value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(samples: &[f32]) -> Option<Spread> {
        Spread::of([samples].into_iter())
    }

    #[test]
    fn quantiles_interpolate_between_ranks() {
        let spread = spread(&[4.0, f32::NAN, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!(spread.len(), 4);
        assert!((spread.quantile(0.5) - 2.5).abs() < 1e-6);
        assert!((spread.quantile(0.95) - 3.85).abs() < 1e-6);
        assert!((spread.quantile(1.0) - 4.0).abs() < 1e-6);
        assert!((spread.mean() - 2.5).abs() < 1e-6);
        assert!((spread.variation() - 1.25_f64.sqrt() / 2.5).abs() < 1e-6);
        assert_eq!(spread.count_below(3.0), 2);
    }

    #[test]
    fn one_sample_is_every_quantile_and_none_is_none() {
        let one = spread(&[7.0]).unwrap();
        assert_eq!((one.quantile(0.0), one.quantile(0.99)), (7.0, 7.0));
        assert!(one.variation().abs() < 1e-12);
        assert!(spread(&[f32::NAN]).is_none());
        assert!(spread(&[0.0, 0.0]).unwrap().variation().abs() < 1e-12);
    }
}
