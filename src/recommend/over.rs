//! How much of the time and of the work of a pool is above a CPU request.

use super::{Pool, samples};
use crate::units::{Cpu, len_f64, single};

/// What is above the CPU request that a container has.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Over {
    /// Share of samples; 0 without samples, or without a request.
    pub(super) time: f64,
    /// Share of the CPU work of the window; `None` where there was none.
    pub(super) work: Option<f64>,
}

impl Over {
    /// While usage is at hand.
    pub(super) fn now(pool: &Pool<'_>) -> Self {
        let Some(request) = pool.container.requests.cpu else {
            return Self::default();
        };
        Self {
            time: share_over(pool, request),
            work: work_over(pool, request),
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
    let (mut above, mut all) = (0.0, 0.0);
    let series = pool.series.iter();
    for used in series.flat_map(|series| samples::known(&series.cpu_cores)) {
        above += (used - request.get()).max(0.0);
        all += used;
    }
    (all > 0.0).then_some(above / all)
}

/// Samples above `request`, and all samples.
pub(super) fn count_over(pool: &Pool<'_>, request: Cpu) -> (f64, f64) {
    // In the precision of samples, so that one at the request is not above it.
    let request = f64::from(single(request.get()));
    let (mut above, mut all) = (0, 0);
    let series = pool.series.iter();
    for value in series.flat_map(|series| samples::known(&series.cpu_cores)) {
        all += 1;
        above += usize::from(value > request);
    }
    (len_f64(above), len_f64(all))
}
