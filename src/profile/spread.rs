//! How the samples of a pool spread, whatever their order in time.

use polars::prelude::{
    ChunkAgg, ChunkQuantile, ChunkSort, ChunkVar, Float32Chunked, QuantileMethod, SortOptions,
};

use crate::units::single;

/// The pooled samples of one metric, sorted. Never empty, without `NaN`.
pub(super) struct Spread {
    sorted: Float32Chunked,
}

impl Spread {
    /// `None` without a single sample.
    pub(super) fn of<'a>(columns: impl Iterator<Item = &'a [f32]>) -> Option<Self> {
        let samples = columns.flatten().copied().filter(|value| !value.is_nan());
        let samples: Vec<f32> = samples.collect();
        if samples.is_empty() {
            return None;
        }
        // Pools are spread over the cores already.
        let options = SortOptions::default().with_multithreaded(false);
        Some(Self {
            sorted: Float32Chunked::from_vec("".into(), samples).sort_with(options),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    pub(super) fn mean(&self) -> f64 {
        self.sorted.mean().unwrap_or(0.0)
    }

    /// With linear interpolation between the two samples around the rank
    /// `q × (n − 1)`, as Prometheus, numpy and pandas do by default.
    pub(super) fn quantile(&self, q: f64) -> f64 {
        let value = self.sorted.quantile(q, QuantileMethod::Linear);
        value.ok().flatten().map_or(0.0, f64::from)
    }

    /// Standard deviation of the samples as a whole population ÷ mean; 0 where
    /// the mean is 0.
    pub(super) fn variation(&self) -> f64 {
        let mean = self.mean();
        if mean <= 0.0 {
            return 0.0;
        }
        self.sorted.std(0).unwrap_or(0.0) / mean
    }

    /// Samples below a value.
    pub(super) fn count_below(&self, value: f64) -> usize {
        let value = single(value);
        let slice = self.sorted.cont_slice().unwrap_or_default();
        slice.partition_point(|sample| *sample < value)
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
