use super::{Pool, Reason};
use crate::units::{Cpu, Ratio};

/// A CPU limit that holds the container back.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::recommend) struct Throttled {
    pub limit: Cpu,
    /// Mean share of periods that were throttled.
    pub share: Ratio,
    /// The limit should not be below this.
    pub floor: Cpu,
}

/// From here on throttling is felt. Ours.
const MEAN: f64 = 0.05;
const P95: f64 = 0.25;
/// A raise is at least by a quarter and at most to twice the limit: more than
/// that is unknown until it runs with the new one.
const LEAST_RAISE: f64 = 0.25;

impl Throttled {
    pub(in crate::recommend) fn reason(&self) -> Reason {
        let text = format!(
            "throttled in {} of periods at its CPU limit of {}: limit no lower than {}",
            self.share, self.limit, self.floor
        );
        Reason::new("throttled", text)
    }
}

pub(in crate::recommend) fn find(pool: &Pool<'_>) -> Option<Throttled> {
    let limit = pool.container.limits.cpu?;
    let throttling = pool.profile.throttling.as_ref()?;
    let (mean, p95) = (throttling.mean.get(), throttling.p95.get());
    (mean >= MEAN || p95 >= P95).then(|| Throttled {
        limit,
        share: throttling.mean,
        floor: limit.scale(1.0 + p95.clamp(LEAST_RAISE, 1.0)),
    })
}
