//! How often limits are reached for the first time.

use super::tail::upper;
use crate::recommend::Seen;
use crate::units::Span;

/// A peak at this share of the limit has reached it.
pub(super) const REACHED: f64 = 0.98;
/// A peak above this share of the limit is near it.
pub(super) const NEAR: f64 = 0.67;
/// Shares of the limit from which on a peak is near it, and at it but for a little.
const NEARER: [f64; 2] = [NEAR, 0.9];
/// First times that a limit was reached, and container-days without, that are
/// assumed before anything was seen, for each distance: once in 4,000 days, from
/// replays of the same public trace as the prior of [`super::tail::Tail`], in which
/// it did not happen. Close to the limit, once in 200 days: ours, because the
/// machines of that trace make room in their caches, and containers are killed.
const PRIOR: [(f64, f64); 3] = [(0.3, 1200.0), (0.3, 1200.0), (1.0, 200.0)];

/// How often limits were reached for the first time.
pub(super) struct Reached {
    /// Days without, and first times: of containers far from their limit, near it,
    /// and close to it.
    days: [f64; 3],
    times: [f64; 3],
}

impl Reached {
    /// From the days of all containers that have a limit, each day seen from the
    /// days before it.
    pub(super) fn of(seen: &Seen<'_>) -> Self {
        let mut reached = Self {
            days: [0.0; 3],
            times: [0.0; 3],
        };
        for pool in &seen.pools {
            if let (Some(limit), Some(memory)) =
                (pool.container.limits.memory, &pool.profile.memory)
            {
                reached.count(&memory.daily_peaks, limit.to_f64());
            }
        }
        reached
    }

    fn count(&mut self, days: &[f64], limit: f64) {
        let mut before: Option<f64> = None;
        for peak in days.iter().copied().filter(|peak| !peak.is_nan()) {
            if let Some(before) = before {
                if before >= REACHED * limit {
                    return;
                }
                let near = distance(before / limit);
                self.days[near] += 1.0;
                self.times[near] += f64::from(u8::from(peak >= REACHED * limit));
            }
            before = Some(before.unwrap_or(0.0).max(peak));
        }
    }

    /// Probability that a limit of which this share was used is reached within
    /// the horizon, with 90 % confidence. What bounds itself when it comes close, as
    /// runtimes with a heap do, is no different from what is only near; nor is, until
    /// it was seen to happen, what would pay for more room with its request.
    pub(super) fn risk(&self, used: f64, bounded: bool, horizon: Span) -> f64 {
        let near = distance(used).min(if bounded { 1 } else { 2 });
        let (times, days) = PRIOR[near];
        let a_day = upper(self.times[near] + times) / (self.days[near] + days);
        1.0 - (-a_day * horizon.as_days()).exp()
    }
}

/// How near a share of the limit is: 0 for far, 2 for close.
fn distance(used: f64) -> usize {
    NEARER.partition_point(|near| *near <= used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_are_reached_often_are_not_kept() {
        let mut calm = Reached {
            days: [0.0; 3],
            times: [0.0; 3],
        };
        for _ in 0..60 {
            calm.count(&[50.0; 14], 100.0);
        }
        let quiet = calm.risk(0.5, false, Span::WEEK);
        for _ in 0..10 {
            calm.count(&[50.0, 60.0, 99.0], 100.0);
        }
        assert!(quiet < 0.005, "{quiet}");
        assert!(calm.risk(0.95, false, Span::WEEK) > 0.02);
        assert!(calm.risk(0.95, true, Span::WEEK) < 0.005);
        assert!(calm.risk(0.5, false, Span::WEEK) > 0.02);
    }
}
