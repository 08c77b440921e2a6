//! How much of the time and of the work of a pool is above a CPU request.

use super::Pool;
use crate::trend;
use crate::units::{Cpu, len_f64, single};

/// What is above the CPU request that a container has.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Over {
    /// Share of samples; 0 without samples, or without a request.
    pub(super) time: f64,
    /// Share of the CPU work of the window; `None` where there was none.
    pub(super) work: Option<f64>,
    /// Of all samples, so that other requests need no second look at them; `None` where
    /// nobody looked.
    all: Option<Samples>,
}

/// All CPU samples of a pool.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Samples {
    count: usize,
    /// The largest in cores; none is above a request that is no smaller.
    most: f32,
    /// In core-slots.
    work: f64,
}

impl Over {
    /// While usage is at hand.
    pub(super) fn now(pool: &mut Pool<'_>) {
        pool.over = Self {
            all: Some(Samples::of(pool)),
            ..Self::default()
        };
        if let Some(request) = pool.container.requests.cpu {
            pool.over.time = share_over(pool, request);
            pool.over.work = work_over(pool, request);
        }
    }
}

/// Share of samples above `request`, while usage is at hand; 0 without samples.
pub(super) fn share_over(pool: &Pool<'_>, request: Cpu) -> f64 {
    let (above, all) = count_over(pool, request);
    if all > 0.0 { above / all } else { 0.0 }
}

/// Share of the CPU work of the window above `request`; `None` where there was none.
pub(super) fn work_over(pool: &Pool<'_>, request: Cpu) -> Option<f64> {
    let all = Samples::known(pool);
    let mut above = 0.0;
    if f64::from(all.most) > request.get() {
        for values in columns(pool) {
            above = add_above(above, values, request.get());
        }
    }
    (all.work > 0.0).then_some(above / all.work)
}

/// Samples above `request`, and all samples.
pub(super) fn count_over(pool: &Pool<'_>, request: Cpu) -> (f64, f64) {
    let all = Samples::known(pool);
    // In the precision of samples, so that one at the request is not above it.
    let request = single(request.get());
    let above = if all.most > request {
        columns(pool)
            .map(|values| count_above(values, request))
            .sum()
    } else {
        0
    };
    (len_f64(above), len_f64(all.count))
}

impl Samples {
    /// As they were found, or anew.
    fn known(pool: &Pool<'_>) -> Self {
        pool.over.all.unwrap_or_else(|| Self::of(pool))
    }

    fn of(pool: &Pool<'_>) -> Self {
        if let Some(work) = trend::exact_sum(columns(pool)) {
            let none = f32::NEG_INFINITY;
            return Self {
                count: columns(pool)
                    .map(|values| trend::count(values, |it| !it.is_nan()))
                    .sum(),
                most: columns(pool).fold(none, |most, values| trend::largest(values, most)),
                work,
            };
        }
        let mut all = Self {
            count: 0,
            most: f32::NEG_INFINITY,
            work: 0.0,
        };
        for used in columns(pool).flatten().filter(|it| it.is_finite()) {
            all.count += 1;
            all.most = all.most.max(*used);
            all.work += f64::from(*used);
        }
        all
    }
}

fn columns<'a>(pool: &'a Pool<'_>) -> impl Iterator<Item = &'a [f32]> + Clone {
    pool.series.iter().map(|series| &series.cpu_cores[..])
}

/// Adds what is above a request, sample by sample. Most stretches have nothing above it, and
/// a single comparison tells that of many samples.
fn add_above(mut sum: f64, values: &[f32], request: f64) -> f64 {
    const MANY: usize = 32;
    let bound = below(request);
    for values in values.chunks(MANY) {
        let mut any = false;
        for value in values {
            any |= *value > bound;
        }
        if any {
            for value in values {
                // Nothing is added for what is not above: no branch to be guessed.
                let used = f64::from(*value);
                let is_above = used.is_finite() && used > request;
                sum += if is_above { used - request } else { 0.0 };
            }
        }
    }
    sum
}

/// What a sample is above where it is above a request.
fn below(request: f64) -> f32 {
    let near = single(request);
    if f64::from(near) > request {
        near.next_down()
    } else {
        near
    }
}

/// Samples above a request.
fn count_above(values: &[f32], request: f32) -> usize {
    trend::count(values, |it| it > request && it < f32::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::samples;

    /// Samples with gaps, and with what was never measured.
    fn samples_of(seed: usize) -> Vec<f32> {
        let of = |at: usize| match (at * 31 + seed) % 97 {
            0 => f32::NAN,
            1 => f32::INFINITY,
            it => single(len_f64(it * it % 89) / 7.0),
        };
        (0..1013).map(of).collect()
    }

    #[test]
    fn what_is_above_is_that_of_each_sample() {
        for seed in 0..5 {
            let values = samples_of(seed);
            for request in [0.0, 0.01, 3.0, 9.9, 12.571_428, 50.0] {
                let (mut sum, mut count) = (0.1, 0);
                for used in samples::known(&values) {
                    sum += (used - request).max(0.0);
                    count += usize::from(used > f64::from(single(request)));
                }
                let found = add_above(0.1, &values, request);
                assert!(found.to_bits() == sum.to_bits(), "{seed} {request}");
                assert_eq!(count_above(&values, single(request)), count);
            }
        }
    }
}
