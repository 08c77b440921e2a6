use super::{Pool, Reason};
use crate::recommend::samples;
use crate::units::{Bytes, Span, len_f64};

/// Memory that only rises: what was used is not what will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::recommend) struct Growth {
    pub per_day: Bytes,
    /// The last day's peak and the growth until the end of the horizon.
    pub at_horizon: Bytes,
}

/// Share of days that rise. Five of six by chance have one in ten.
const RISING: f64 = 0.8;
/// Days that a trend needs.
const MIN_DAYS: usize = 6;
/// Growth over the horizon ÷ mean, below which it is noise.
const MATTERS: f64 = 0.05;

impl Growth {
    pub(super) fn reason(&self) -> Reason {
        let text = format!(
            "memory rises by {} a day and will be at {} by the end of the horizon; \
             a leak needs a fix, not memory",
            self.per_day.human(),
            self.at_horizon.human()
        );
        Reason::new("growing", text)
    }
}

pub(super) fn find(pool: &Pool<'_>, horizon: Span) -> Option<Growth> {
    let memory = pool.profile.memory.as_ref()?;
    let peaks: Vec<f64> = memory
        .daily_peaks
        .iter()
        .copied()
        .filter(|peak| peak.is_finite())
        .collect();
    let over_horizon = memory.trend_per_day * horizon.as_days();
    if peaks.len() < MIN_DAYS || memory.rising_share < RISING || over_horizon < MATTERS {
        return None;
    }
    let per_day = slope(&peaks).max(memory.trend_per_day * memory.mean.to_f64());
    let last = samples::largest(peaks.iter().rev().take(2).copied())?;
    Some(Growth {
        per_day: Bytes::from_f64(per_day),
        at_horizon: Bytes::from_f64(last + per_day * horizon.as_days()),
    })
}

/// Of the least-squares line through values one day apart.
fn slope(values: &[f64]) -> f64 {
    let n = len_f64(values.len());
    let middle = (n - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / n;
    let (mut up, mut down) = (0.0, 0.0);
    for (day, value) in values.iter().enumerate() {
        let x = len_f64(day) - middle;
        up += x * (value - mean);
        down += x * x;
    }
    if down > 0.0 { up / down } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope() {
        assert!((slope(&[1.0, 3.0, 5.0, 7.0]) - 2.0).abs() < 1e-12);
        assert!(slope(&[1.0]).abs() < 1e-12);
    }
}
