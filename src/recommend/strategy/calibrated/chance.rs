//! How likely memory goes beyond a given size: the same replays that limits are drawn
//! from, asked the other way round.

use super::tail::{SMALL, Tails, spread};
use crate::profile::Profile;
use crate::snapshot::Snapshot;
use crate::units::len_f64;

/// Fewer peaks than this say nothing of the next.
const FEWEST: usize = 3;

/// What all histories of a snapshot say of how far the next record goes.
pub struct Chances {
    tails: Tails,
}

impl Chances {
    /// Replays every container by its days, beside what is known before any was seen.
    /// `horizon` is in days.
    pub fn learn(snapshot: &Snapshot, profiles: &[Profile], horizon: usize) -> Self {
        let mut tails = Tails::prior();
        for profile in profiles {
            let Some(memory) = &profile.memory else {
                continue;
            };
            let workload = snapshot.workloads.get(profile.workload);
            let container = workload.and_then(|it| it.containers.get(profile.container));
            let limit = container.and_then(|it| it.ran_limits().memory);
            let ceiling = limit.map_or(f64::INFINITY, |it| it.to_f64() * super::limit::REACHED);
            tails.replay(&known(&memory.daily_peaks), horizon, ceiling);
        }
        Self { tails }
    }

    /// Probability that the next `ahead` days hold a sample above `size`, after days
    /// with these peaks, oldest first, in bytes; `NaN` for days that are not known.
    /// `None` where they are too few to say.
    pub fn beyond(&self, peaks: &[f64], size: f64, ahead: f64) -> Option<f64> {
        let peaks = known(peaks);
        if peaks.len() < FEWEST {
            return None;
        }
        let due = ahead / (ahead + len_f64(peaks.len()));
        let largest = peaks.iter().copied().fold(0.0, f64::max);
        let margin = (size + SMALL) / (largest + SMALL);
        Some(due * self.tails.at(spread(&peaks)).expected(margin))
    }
}

fn known(peaks: &[f64]) -> Vec<f64> {
    let finite = peaks.iter().copied().filter(|peak| peak.is_finite());
    finite.collect()
}
