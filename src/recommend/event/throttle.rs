use super::{Pool, Reason};
use crate::profile::Throttling;
use crate::recommend::samples;
use crate::units::{Cpu, Ratio, len_f64};

/// A CPU limit that holds the container back.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::recommend) struct Throttled {
    pub limit: Cpu,
    /// Mean share of periods that were throttled; where that is not measured, of
    /// samples that were at the limit.
    pub share: Ratio,
    /// Whether throttling was measured.
    pub measured: bool,
    /// The limit should not be below this.
    pub floor: Cpu,
}

/// From here on throttling is felt. Ours.
const MEAN: f64 = 0.05;
const P95: f64 = 0.25;
/// A sample at this share of the limit is at it: use is a mean over the step, and
/// a container that may use no more is throttled for most of it.
const AT_LIMIT: f64 = 0.98;
/// A raise is at least by a quarter and at most to twice the limit: more than
/// that is unknown until it runs with the new one.
const LEAST_RAISE: f64 = 0.25;

impl Throttled {
    pub(in crate::recommend) fn reason(&self) -> Reason {
        let (share, limit, floor) = (self.share, self.limit, self.floor);
        let text = if self.measured {
            format!(
                "throttled in {share} of periods at its CPU limit of {limit}: \
                 limit no lower than {floor}"
            )
        } else {
            format!(
                "at its CPU limit of {limit} in {share} of samples, so its true need is unknown: \
                 limit no lower than {floor}"
            )
        };
        Reason::new("throttled", text)
    }
}

/// By the limit that it ran with. One that was raised since as far as that asked for
/// holds nothing back any more.
pub(in crate::recommend) fn find(pool: &Pool<'_>) -> Option<Throttled> {
    let now = pool.container.limits.cpu?;
    let limit = pool.container.ran_limits().cpu.unwrap_or(now);
    let found = match pool.profile.throttling.as_ref() {
        Some(throttling) => measured(throttling, limit),
        None => at_limit(pool, limit),
    };
    found.filter(|throttled| now < throttled.floor)
}

fn measured(throttling: &Throttling, limit: Cpu) -> Option<Throttled> {
    let (mean, p95) = (throttling.mean.get(), throttling.p95.get());
    (mean >= MEAN || p95 >= P95).then(|| Throttled {
        limit,
        share: throttling.mean,
        measured: true,
        floor: limit.scale(1.0 + p95.clamp(LEAST_RAISE, 1.0)),
    })
}

/// Where throttling is not measured, from use that stays at the limit.
fn at_limit(pool: &Pool<'_>, limit: Cpu) -> Option<Throttled> {
    let known = pool
        .series
        .iter()
        .flat_map(|s| samples::known(&s.cpu_cores));
    let (mut hits, mut all) = (0, 0);
    for used in known {
        all += 1;
        hits += usize::from(used >= AT_LIMIT * limit.get());
    }
    let share = len_f64(hits) / len_f64(all.max(1));
    (share >= MEAN).then(|| Throttled {
        limit,
        share: Ratio::new(share),
        measured: false,
        floor: limit.scale(1.0 + share.clamp(LEAST_RAISE, 1.0)),
    })
}
