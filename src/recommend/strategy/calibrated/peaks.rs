//! A container's largest working sets over time, and how much history they are.

use super::limit::REACHED;
use super::tail::{ALONG_A_LINE, Tails, may_stand_alone, spread};
use crate::profile::MemoryProfile;
use crate::recommend::event::{Events, Regime};
use crate::recommend::{Pool, samples};
use crate::snapshot::Grid;
use crate::units::{Span, count_from, float, len_f64};

/// Fewer days with samples than this are cut into quarters of days.
const FEWEST_DAYS: usize = 5;

/// A container's peaks over equal stretches of time, or over runs.
pub(super) struct Peaks {
    values: Vec<f64>,
    /// The largest in the part of the window that counts, in bytes.
    pub(super) largest: f64,
    /// How many of them are one horizon.
    horizon: usize,
    /// Probability that the horizon brings a record if nothing changes.
    pub(super) due: f64,
    /// How far the largest stands above the usual one, see [`spread`].
    pub(super) spread: f64,
}

impl Peaks {
    /// `None` without a sample of memory.
    pub(super) fn of(pool: &Pool<'_>, events: &Events, grid: &Grid, horizon: Span) -> Option<Self> {
        let memory = pool.profile.memory.as_ref()?;
        let runs = events.runs.as_ref().map(|runs| &runs.in_turn);
        let rare = runs.filter(|runs| len_f64(runs.len()) < grid.span().as_days());
        Some(match rare {
            Some(runs) => Self::by_run(runs, memory, grid, horizon),
            None => Self::by_day(memory, events.memory_regime(), grid, horizon),
        })
    }

    /// Of a job that runs less than daily: days on which it did not run are no history.
    fn by_run(runs: &[f64], memory: &MemoryProfile, grid: &Grid, horizon: Span) -> Self {
        let count = len_f64(runs.len());
        let window = grid.span().as_days().max(f64::MIN_POSITIVE);
        let ahead = (count * horizon.as_days() / window).max(1.0);
        Self {
            values: runs.to_vec(),
            largest: memory.max.to_f64(),
            horizon: usize::try_from(count_from(ahead)).unwrap_or(1),
            due: ahead / (ahead + count),
            spread: careful_spread(runs),
        }
    }

    fn by_day(memory: &MemoryProfile, regime: Regime, grid: &Grid, horizon: Span) -> Self {
        let mut length = Span::DAY;
        let mut peaks = known(memory.daily_peaks.iter().copied());
        if peaks.len() < FEWEST_DAYS {
            length = Span::from_secs(Span::DAY.as_secs() / 4);
            let quarters = memory.hourly_peaks.chunks(6);
            let quarters = quarters.map(|hours| hours.iter().copied().fold(f32::NAN, f32::max));
            peaks = known(quarters.map(f64::from));
        }
        let step = grid.step.as_secs().max(1);
        let slots = |index: usize| {
            let start = u32::try_from(index).unwrap_or(u32::MAX);
            let start = start.saturating_mul(length.as_secs()) / step;
            (
                start,
                start
                    .saturating_add(length.as_secs().div_ceil(step))
                    .min(grid.len),
            )
        };
        let history: f64 = peaks
            .iter()
            .map(|(index, _)| {
                let (start, end) = slots(*index);
                regime.history(start, end) / f64::from(end.saturating_sub(start).max(1))
            })
            .sum();
        let hour = u64::from(regime.from) * u64::from(step) / u64::from(Span::HOUR.as_secs());
        let counted = memory
            .hourly_peaks
            .get(usize::try_from(hour).unwrap_or(0)..);
        let horizon = horizon.as_days() * float(u64::from(Span::DAY.as_secs() / length.as_secs()));
        // Only days on the level that counts tell how even it is.
        let since = |index: usize| slots(index).1 > regime.from;
        let of_level: Vec<f64> = peaks
            .iter()
            .filter(|(index, _)| since(*index))
            .map(|(_, peak)| *peak)
            .collect();
        Self {
            spread: careful_spread(&of_level),
            largest: samples::largest(samples::known(counted.unwrap_or_default()))
                .unwrap_or(memory.max.to_f64()),
            values: peaks.into_iter().map(|(_, peak)| peak).collect(),
            horizon: usize::try_from(count_from(horizon)).unwrap_or(1).max(1),
            due: horizon / (horizon + history),
        }
    }

    /// Whether its replays can be enough to count alone.
    pub(super) fn may_stand_alone(&self) -> bool {
        may_stand_alone(self.values.len(), self.horizon)
    }

    /// Adds how its peaks went on to what is known of histories like it.
    pub(super) fn replay(&self, pool: &Pool<'_>, tails: &mut Tails) {
        let limit = pool.container.ran_limits().memory;
        let ceiling = limit.map_or(f64::INFINITY, |limit| limit.to_f64() * REACHED);
        tails.replay(&self.values, self.horizon, ceiling);
    }
}

/// A few peaks look more alike than many would.
fn careful_spread(peaks: &[f64]) -> f64 {
    let spread = spread(peaks);
    if peaks.len() < FEWEST_DAYS {
        spread.max(ALONG_A_LINE)
    } else {
        spread
    }
}

/// Those that are known, with their place.
fn known(peaks: impl Iterator<Item = f64>) -> Vec<(usize, f64)> {
    let places = peaks.enumerate();
    places.filter(|(_, peak)| !peak.is_nan()).collect()
}
