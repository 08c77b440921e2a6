use super::{Pool, Reason, bump};
use crate::recommend::samples;
use crate::trend;
use crate::units::Bytes;

/// A working set that was held at its limit: what it would have used is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::recommend) struct LimitHit {
    pub limit: Bytes,
    pub samples: usize,
    /// The limit must not be below this.
    pub floor: Bytes,
}

/// This close to the limit counts as at it: pages are reclaimed before the
/// last of them is taken.
const AT_LIMIT: f64 = 0.98;

impl LimitHit {
    pub(super) fn reason(&self) -> Reason {
        let text = format!(
            "memory was at its limit of {} in {} samples, so its true need is unknown: \
             limit no lower than {}",
            self.limit.human(),
            self.samples,
            self.floor.human()
        );
        Reason::new("limit_hit", text)
    }
}

pub(super) fn find(pool: &Pool<'_>) -> Option<LimitHit> {
    let limit = pool.container.ran_limits().memory?;
    let at = limit.to_f64() * AT_LIMIT;
    let columns = pool.series.iter().map(|s| &s.memory_bytes[..]);
    // Most come nowhere near it.
    let near = columns.filter(|used| f64::from(trend::largest(used, 0.0)) >= at);
    let hits = near
        .flat_map(samples::known)
        .filter(|used| *used >= at)
        .count();
    (hits > 0).then(|| LimitHit {
        limit,
        samples: hits,
        floor: bump(limit),
    })
}
