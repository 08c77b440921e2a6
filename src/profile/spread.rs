//! How samples of a pool spread, whatever their order in time.

use crate::trend::smallest;
use crate::units::{count_from, len_f64, single};

/// How many samples are added up side by side: a single sum would wait for the one before.
const LANES: usize = 8;

/// The pooled samples of one metric. Never empty, without `NaN`.
pub(super) struct Spread {
    /// In no order but that which the last quantiles left.
    samples: Vec<f32>,
    mean: f64,
}

impl Spread {
    /// `None` without a single sample.
    pub(super) fn of<'a>(columns: impl Iterator<Item = &'a [f32]>) -> Option<Self> {
        /// Samples that are taken at once, where all of them are there.
        const MANY: usize = 64;
        let mut samples: Vec<f32> = Vec::new();
        for column in columns {
            samples.reserve(column.len());
            for values in column.chunks(MANY) {
                let mut has_holes = false;
                for value in values {
                    has_holes |= value.is_nan();
                }
                if has_holes {
                    samples.extend(values.iter().filter(|it| !it.is_nan()));
                } else {
                    samples.extend_from_slice(values);
                }
            }
        }
        if samples.is_empty() {
            return None;
        }
        let mean = sum(&samples, |value| value) / len_f64(samples.len());
        Some(Self { samples, mean })
    }

    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    /// With linear interpolation between the two samples around the rank
    /// `q × (n − 1)`, as Prometheus, numpy and pandas do by default.
    ///
    /// Of ascending shares: what is below one of them is done with for the next, so that
    /// all together take little longer than the first.
    pub(super) fn quantiles<const N: usize>(&mut self, shares: [f64; N]) -> [f64; N] {
        let last = self.samples.len() - 1;
        let mut done = 0;
        shares.map(|share| {
            let rank = share.clamp(0.0, 1.0) * len_f64(last);
            let below = usize::try_from(count_from(rank.floor())).map_or(last, |it| it.min(last));
            let rest = &mut self.samples[done..];
            let (_, low, above) = rest.select_nth_unstable_by(below - done, f32::total_cmp);
            let low = f64::from(*low);
            let high = if above.is_empty() {
                low
            } else {
                f64::from(smallest(above, f32::INFINITY))
            };
            done = below;
            // In the precision of samples.
            f64::from(single(low + (high - low) * (rank - rank.floor())))
        })
    }

    /// Standard deviation of the samples as a whole population ÷ mean; 0 where
    /// the mean is 0.
    pub(super) fn variation(&self) -> f64 {
        if self.mean <= 0.0 {
            return 0.0;
        }
        let squares = sum(&self.samples, |value| (value - self.mean).powi(2));
        (squares / len_f64(self.samples.len())).sqrt() / self.mean
    }

    /// Samples below a value.
    pub(super) fn count_below(&self, value: f64) -> usize {
        let value = single(value);
        self.samples.iter().filter(|it| **it < value).count()
    }
}

/// What `of` makes of each sample, added up.
fn sum(samples: &[f32], of: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    let (chunks, rest) = samples.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += of(f64::from(*value));
        }
    }
    let rest: f64 = rest.iter().map(|value| of(f64::from(*value))).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(samples: &[f32]) -> Option<Spread> {
        Spread::of([samples].into_iter())
    }

    #[test]
    fn quantiles_interpolate_between_ranks() {
        let mut spread = spread(&[4.0, f32::NAN, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!(spread.len(), 4);
        let [median, high, most] = spread.quantiles([0.5, 0.95, 1.0]);
        assert!((median - 2.5).abs() < 1e-6);
        assert!((high - 3.85).abs() < 1e-6);
        assert!((most - 4.0).abs() < 1e-6);
        assert!((spread.mean() - 2.5).abs() < 1e-6);
        assert!((spread.variation() - 1.25_f64.sqrt() / 2.5).abs() < 1e-6);
        assert_eq!(spread.count_below(3.0), 2);
    }

    #[test]
    fn quantiles_of_any_order_are_those_of_the_sorted() {
        let mixed = |n: usize| (0..n).map(move |it| single(len_f64((it * 7919) % n)));
        for n in [2_usize, 3, 10, 97, 1000] {
            let values: Vec<f32> = mixed(n).collect();
            let mut spread = spread(&values).unwrap();
            for (share, found) in [0.1, 0.5, 0.9, 0.9, 0.99]
                .into_iter()
                .zip(spread.quantiles([0.1, 0.5, 0.9, 0.9, 0.99]))
            {
                let exact = share * len_f64(n - 1);
                assert!((found - exact).abs() < 1e-4, "{n} {share}: {found}");
            }
        }
    }

    #[test]
    fn one_sample_is_every_quantile_and_none_is_none() {
        let mut one = spread(&[7.0]).unwrap();
        assert_eq!(one.quantiles([0.0, 0.99]).to_vec(), [7.0, 7.0]);
        assert!(one.variation().abs() < 1e-12);
        assert!(spread(&[f32::NAN]).is_none());
        assert!(spread(&[0.0, 0.0]).unwrap().variation().abs() < 1e-12);
    }
}
