use super::{Pool, Reason};
use crate::recommend::samples;
use crate::snapshot::Grid;
use crate::units::len_f64;

/// A change of level: the days after it are unlike the days before.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::recommend) struct Shift {
    /// `CPU` or `memory`.
    pub resource: &'static str,
    /// The first slot of the new level.
    pub since: u32,
    /// Days of the new level.
    pub days: usize,
    /// Mean daily peak after ÷ before.
    pub factor: f64,
}

/// Days that each side needs.
const MIN_DAYS: usize = 3;
/// The least change of level.
const LEAST: f64 = 1.3;

impl Shift {
    pub(super) fn reason(&self) -> Reason {
        let text = format!(
            "{} changed its level {} days ago, to {:.1} times what it was",
            self.resource, self.days, self.factor
        );
        Reason::new("level_shift", text)
    }
}

pub(super) fn find(pool: &Pool<'_>, grid: &Grid) -> Option<Shift> {
    let memory = pool.profile.memory.as_ref();
    let cpu = pool.profile.cpu.as_ref();
    let of = |resource, peaks: &[f64]| {
        let (day, factor) = split(peaks)?;
        let slot = u32::try_from(day).ok()?.saturating_mul(grid.per_day());
        Some(Shift {
            resource,
            since: slot.min(grid.len),
            days: peaks.len() - day,
            factor,
        })
    };
    memory
        .and_then(|memory| of("memory", &memory.daily_peaks))
        .or_else(|| cpu.and_then(|cpu| of("CPU", &cpu.daily_peaks)))
}

/// The day from which on every peak is above, or below, every one before, where
/// the means differ enough; and by how much.
fn split(peaks: &[f64]) -> Option<(usize, f64)> {
    let range = MIN_DAYS..peaks.len().checked_sub(MIN_DAYS)? + 1;
    range
        .filter_map(|day| {
            let (before, after) = peaks.split_at(day);
            let (low, high) = (bounds(before)?, bounds(after)?);
            let apart = high.0 > low.1 || high.1 < low.0;
            let factor = mean(after) / mean(before);
            let large = factor >= LEAST || factor <= 1.0 / LEAST;
            (apart && large && !is_drift(before, after)).then_some((day, factor))
        })
        .max_by(|a, b| a.1.ln().abs().total_cmp(&b.1.ln().abs()))
}

/// A slow rise passes the test of every day; a step is larger than what is
/// spanned on either side.
fn is_drift(before: &[f64], after: &[f64]) -> bool {
    let width = |side| bounds(side).map_or(0.0, |(low, high)| high - low);
    (mean(after) - mean(before)).abs() < width(before) + width(after)
}

/// Smallest and largest; `None` where fewer days than needed are known.
fn bounds(peaks: &[f64]) -> Option<(f64, f64)> {
    let known = || peaks.iter().copied().filter(|peak| peak.is_finite());
    if known().count() < MIN_DAYS {
        return None;
    }
    Some((known().reduce(f64::min)?, samples::largest(known())?))
}

fn mean(peaks: &[f64]) -> f64 {
    let known: Vec<f64> = peaks.iter().copied().filter(|p| p.is_finite()).collect();
    known.iter().sum::<f64>() / len_f64(known.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_day_of_a_step_and_no_step_in_a_slope() {
        let step = [1.0, 1.1, 1.0, 1.05, 2.0, 2.1, 2.0, 2.05];
        let (day, factor) = split(&step).unwrap();
        assert_eq!(day, 4);
        assert!((factor - 8.15 / 4.15).abs() < 1e-9);
        let slope: Vec<f64> = (10..24).map(f64::from).collect();
        assert_eq!(split(&slope), None);
        assert_eq!(split(&[1.0, f64::NAN, 2.0]), None);
    }
}
