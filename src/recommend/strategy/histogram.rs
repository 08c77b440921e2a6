//! Histograms with exponential buckets and weights, as VPA and Autopilot keep them.

use crate::units::{Span, count_from, float};

/// Weights in buckets that grow by a constant ratio.
///
/// Source: kubernetes/autoscaler, `pkg/recommender/util/histogram_options.go`
/// and `histogram.go`.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    /// Size of the first bucket.
    first: f64,
    ratio: f64,
    weights: Vec<f64>,
    total: f64,
}

impl Histogram {
    /// Buckets from 0 past `max`: the first is `first` wide, each next one
    /// `ratio` times the one before.
    pub(super) fn new(first: f64, ratio: f64, max: f64) -> Self {
        let buckets = ((max * (ratio - 1.0) / first + 1.0).ln() / ratio.ln()).ceil() + 1.0;
        let buckets = usize::try_from(count_from(buckets)).unwrap_or(1).max(1);
        Self {
            first,
            ratio,
            weights: vec![0.0; buckets],
            total: 0.0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.total <= 0.0
    }

    /// Adds a sample. What is below 0 counts as 0, what is beyond the last bucket as in it.
    pub(super) fn add(&mut self, value: f64, weight: f64) {
        let bucket = self.find(value);
        self.weights[bucket] += weight;
        self.total += weight;
    }

    fn find(&self, value: f64) -> usize {
        if value < self.first {
            return 0;
        }
        let bucket = (value * (self.ratio - 1.0) / self.first + 1.0).ln() / self.ratio.ln();
        let bucket = usize::try_from(count_from(bucket.floor())).unwrap_or(usize::MAX);
        bucket.min(self.weights.len() - 1)
    }

    /// Where bucket `n` starts: `first × (ratio^n − 1) ÷ (ratio − 1)`.
    fn start(&self, n: usize) -> f64 {
        let n = i32::try_from(n).unwrap_or(i32::MAX);
        self.first * (self.ratio.powi(n) - 1.0) / (self.ratio - 1.0)
    }

    /// The end of the bucket in which the weight below reaches `share` of all;
    /// 0 without samples.
    pub(super) fn percentile(&self, share: f64) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        let threshold = share * self.total * (1.0 - 1e-12);
        let mut sum = 0.0;
        let reached = self.weights.iter().position(|weight| {
            sum += weight;
            sum >= threshold
        });
        let bucket = reached.unwrap_or(self.weights.len() - 1);
        // The last bucket has no end.
        self.start((bucket + 1).min(self.weights.len() - 1))
    }
}

/// The weight of a sample of this age: a half after each half-life.
pub(super) fn decay(age_seconds: f64, half_life: Span) -> f64 {
    (-age_seconds / float(u64::from(half_life.as_secs().max(1)))).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_buckets_of_vpa() {
        assert_eq!(Histogram::new(0.01, 1.05, 1000.0).weights.len(), 176);
        assert_eq!(Histogram::new(1e7, 1.05, 1e12).weights.len(), 176);
    }

    #[test]
    fn a_percentile_is_the_end_of_its_bucket() {
        let mut histogram = Histogram::new(0.01, 1.05, 1000.0);
        assert!(histogram.percentile(0.5) == 0.0);
        histogram.add(0.005, 9.0);
        histogram.add(0.0101, 1.0);
        // Bucket 0 ends at 0.01, bucket 1 at 0.01 × (1.05² − 1) ÷ 0.05.
        assert!((histogram.percentile(0.9) - 0.01).abs() < 1e-9);
        assert!((histogram.percentile(0.91) - 0.0205).abs() < 1e-9);
    }

    #[test]
    fn weights_halve() {
        let half = decay(86_400.0, Span::DAY);
        assert!((half - 0.5).abs() < 1e-12);
        assert!((decay(7.0 * 86_400.0, Span::DAY) - 1.0 / 128.0).abs() < 1e-12);
    }
}
