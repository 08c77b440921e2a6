//! How often limits are reached for the first time.

use super::tail::upper;
use crate::recommend::Seen;
use crate::units::Span;

/// A peak at this share of the limit has reached it.
pub(super) const REACHED: f64 = 0.98;
/// A peak above this share of the limit is near it.
pub(super) const NEAR: f64 = 0.67;
/// First times that a limit was reached, and container-days without, that are
/// assumed before anything was seen: once in 4,000 days, from replays of the
/// same public trace as the prior of [`super::tail::Tail`], in which it did not happen.
const PRIOR_REACHED: f64 = 0.3;
const PRIOR_DAYS: f64 = 1200.0;

/// How often limits were reached for the first time.
pub(super) struct Reached {
    /// Days without, and first times: of containers far from their limit, and near it.
    days: [f64; 2],
    times: [f64; 2],
}

impl Reached {
    /// From the days of all containers that have a limit, each day seen from the
    /// days before it.
    pub(super) fn of(seen: &Seen<'_>) -> Self {
        let mut reached = Self {
            days: [0.0; 2],
            times: [0.0; 2],
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
                let near = usize::from(before >= NEAR * limit);
                self.days[near] += 1.0;
                self.times[near] += f64::from(u8::from(peak >= REACHED * limit));
            }
            before = Some(before.unwrap_or(0.0).max(peak));
        }
    }

    /// Probability that a limit of which this share was used is reached within
    /// the horizon, with 90 % confidence.
    pub(super) fn risk(&self, used: f64, horizon: Span) -> f64 {
        let near = usize::from(used >= NEAR);
        let a_day = upper(self.times[near] + PRIOR_REACHED) / (self.days[near] + PRIOR_DAYS);
        1.0 - (-a_day * horizon.as_days()).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_are_reached_often_are_not_kept() {
        let mut calm = Reached {
            days: [0.0; 2],
            times: [0.0; 2],
        };
        for _ in 0..60 {
            calm.count(&[50.0; 14], 100.0);
        }
        let quiet = calm.risk(0.5, Span::WEEK);
        for _ in 0..10 {
            calm.count(&[50.0, 60.0, 99.0], 100.0);
        }
        assert!(quiet < 0.005, "{quiet}");
        assert!(calm.risk(0.5, Span::WEEK) > 0.02);
    }
}
