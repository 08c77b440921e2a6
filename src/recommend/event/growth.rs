use std::array;

use super::{Pool, Reason, days};
use crate::recommend::samples;
use crate::snapshot::{Grid, Series};
use crate::units::{Bytes, Span, float, len_f64};

/// Memory that only rises: what was used is not what will be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Of a replica.
    pub per_day: Bytes,
    /// The largest working set of the last two days.
    pub now: Bytes,
    /// What it reaches by the end of the horizon, with 90 % confidence.
    pub at_horizon: Bytes,
    pub horizon: Span,
    /// The memory limit that it has now.
    pub limit: Option<Bytes>,
}

/// Share of days that rise. Five of six by chance have one in ten.
const RISING: f64 = 0.8;
/// Days that a trend needs.
const MIN_DAYS: usize = 6;
/// Growth over the horizon ÷ mean, below which it is noise.
const MATTERS: f64 = 0.05;
/// Standard errors above the mean for 90 % confidence.
const CAREFUL: f64 = 1.2816;
/// A limit further off than this is no concern of today.
const FAR: f64 = 90.0;

impl Growth {
    pub(super) fn reason(&self) -> Reason {
        let outlook = self.outlook();
        let text = format!(
            "memory only rises, by {} a day: {} now, {} in {}{}; a leak needs a fix, not memory",
            self.per_day.human(),
            self.now.human(),
            self.at_horizon.human(),
            days(self.horizon.as_days()),
            outlook.map_or_else(String::new, |outlook| format!("; it {outlook}")),
        );
        Reason::new("growing", text)
    }

    /// Days until it reaches the memory limit that it has now; `None` without one.
    pub fn days_to_limit(&self) -> Option<f64> {
        let left = self.limit?.minus(self.now).to_f64();
        Some(left / self.per_day.to_f64().max(1.0))
    }

    /// Whether the limit that it has now is reached within the horizon.
    pub fn reaches_limit(&self) -> bool {
        let left = self.days_to_limit();
        left.is_some_and(|left| left <= self.horizon.as_days())
    }

    /// `reaches its limit of 1.5Gi in about 11 days`; `None` without a limit.
    pub fn outlook(&self) -> Option<String> {
        let (limit, left) = (self.limit?.human(), self.days_to_limit()?);
        Some(if left < 1.0 {
            format!("reaches its limit of {limit} within a day")
        } else if left < FAR {
            format!(
                "reaches its limit of {limit} in about {}",
                days(left.round())
            )
        } else {
            format!("stays below its limit of {limit} for months")
        })
    }
}

/// By the pods that have run for long, where there are any: a leak is one of
/// each pod, and starts over with the next. Else by all pods together.
pub(in crate::recommend) fn find(pool: &Pool<'_>, grid: &Grid, horizon: Span) -> Option<Growth> {
    if pool.workload.is_batch() {
        return None;
    }
    let long: Vec<Trend> = pool
        .series
        .iter()
        .filter(|series| series.is_running(grid))
        .map(|series| day_levels(&[*series], grid))
        .filter(|days| days.len() >= MIN_DAYS)
        .map(|days| Trend::of(&days))
        .collect();
    let (trend, running) = if long.is_empty() {
        (Trend::of(&day_levels(&pool.series, grid)), false)
    } else {
        let growing = long.iter().filter(|trend| trend.grows(horizon)).count();
        if 2 * growing <= long.len() {
            return None;
        }
        let steepest = long
            .into_iter()
            .max_by(|a, b| a.per_day.total_cmp(&b.per_day))?;
        (steepest, true)
    };
    if !trend.grows(horizon) {
        return None;
    }
    let from = grid.len.saturating_sub(2 * grid.per_day());
    let recent = pool
        .series
        .iter()
        .filter(|series| !running || series.is_running(grid))
        .filter_map(|series| peak_since(series, from));
    let now = samples::largest(recent)?;
    let ahead = (trend.per_day + CAREFUL * trend.error) * horizon.as_days();
    Some(Growth {
        per_day: Bytes::from_f64(trend.per_day),
        now: Bytes::from_f64(now),
        at_horizon: Bytes::from_f64(now + ahead),
        horizon,
        limit: pool.container.limits.memory,
    })
}

fn peak_since(series: &Series, from: u32) -> Option<f64> {
    let skip = usize::try_from(from.saturating_sub(series.first)).unwrap_or(usize::MAX);
    samples::largest(samples::known(series.memory_bytes.get(skip..)?))
}

/// Mean working set of each whole day with samples, counted back from the end
/// of the grid, oldest first. Gaps close up.
fn day_levels(series: &[&Series], grid: &Grid) -> Vec<f64> {
    let of_grid = |slots: u32| usize::try_from(slots).unwrap_or(usize::MAX);
    let (len, per_day) = (of_grid(grid.len), of_grid(grid.per_day()));
    let mut days = vec![(0.0, 0_u64); len / per_day];
    for series in series {
        let values = &series.memory_bytes;
        let place = |slot: usize| slot.saturating_sub(of_grid(series.first)).min(values.len());
        let mut start = len % per_day;
        for days in days.chunks_mut(TOGETHER) {
            let count = days.len();
            let of_day = |day: usize| {
                // Where there are fewer days, one of them stands beside itself.
                let start = start + per_day * if day < count { day } else { 0 };
                &values[place(start)..place(start + per_day)]
            };
            add(days, &array::from_fn(of_day));
            start += count * per_day;
        }
    }
    let fullest = days.iter().map(|day| day.1).max().unwrap_or(0);
    days.into_iter()
        .filter(|(_, count)| *count > 0 && 2 * count >= fullest)
        .map(|(sum, count)| sum / float(count))
        .collect()
}

/// Days that are added up side by side: each sample of a day waits for the one before it.
const TOGETHER: usize = 4;

/// Adds samples to sums and counts of some days.
fn add(days: &mut [(f64, u64)], samples: &[&[f32]; TOGETHER]) {
    let mut sums = [(0.0, 0); TOGETHER];
    for (sum, day) in sums.iter_mut().zip(days.iter()) {
        *sum = *day;
    }
    let keep = |(sum, count): &mut (f64, u64), value: f32| {
        let is_known = value.is_finite();
        *sum += if is_known { f64::from(value) } else { 0.0 };
        *count += u64::from(is_known);
    };
    let whole = samples.iter().map(|it| it.len()).min().unwrap_or(0);
    let [first, second, third, fourth] = samples.map(|it| &it[..whole]);
    let [one, two, three, four] = &mut sums;
    let pairs = first.iter().zip(second).zip(third.iter().zip(fourth));
    for ((first, second), (third, fourth)) in pairs {
        keep(one, *first);
        keep(two, *second);
        keep(three, *third);
        keep(four, *fourth);
    }
    for (sum, samples) in sums.iter_mut().zip(samples) {
        for value in &samples[whole..] {
            keep(sum, *value);
        }
    }
    days.copy_from_slice(&sums[..days.len()]);
}

/// How levels of consecutive days move.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Trend {
    /// Slope of the straight line through the later half of the days, and six at least:
    /// what has come to rest grows no more.
    per_day: f64,
    /// Standard error of the slope.
    error: f64,
    /// Share of steps from day to day that rise; equal ones count half.
    rising: f64,
    mean: f64,
    days: usize,
}

impl Trend {
    fn of(days: &[f64]) -> Self {
        let count = days.len();
        let recent = &days[count - count.min(MIN_DAYS.max(count / 2))..];
        let (per_day, error) = line(recent);
        let rises = days.windows(2).map(|pair| {
            let change = pair[1] - pair[0];
            if change > 0.0 {
                1.0
            } else if change < 0.0 {
                0.0
            } else {
                0.5
            }
        });
        Self {
            per_day,
            error,
            rising: samples::mean(rises).unwrap_or(0.5),
            mean: samples::mean(days.iter().copied()).unwrap_or(0.0),
            days: count,
        }
    }

    fn grows(&self, horizon: Span) -> bool {
        self.days >= MIN_DAYS
            && self.rising >= RISING
            && self.per_day > CAREFUL * self.error
            && self.per_day * horizon.as_days() >= MATTERS * self.mean
    }
}

/// Slope of the least-squares line through values one day apart, and its standard error.
fn line(values: &[f64]) -> (f64, f64) {
    let n = len_f64(values.len());
    let middle = (n - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / n.max(1.0);
    let (mut up, mut across, mut total) = (0.0, 0.0, 0.0);
    for (day, value) in values.iter().enumerate() {
        let x = len_f64(day) - middle;
        up += x * (value - mean);
        across += x * x;
        total += (value - mean).powi(2);
    }
    if across <= 0.0 {
        return (0.0, 0.0);
    }
    let slope = up / across;
    let left = (total - slope * up).max(0.0);
    (slope, (left / (n - 2.0).max(1.0) / across).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope_and_no_error() {
        let (slope, error) = line(&[1.0, 3.0, 5.0, 7.0]);
        assert!(
            (slope - 2.0).abs() < 1e-12 && error < 1e-6,
            "{slope} {error}"
        );
        assert_eq!(line(&[1.0]), (0.0, 0.0));
        let (slope, error) = line(&[0.0, 3.0, 0.0, 3.0]);
        // Residuals −0.6, 1.8, −1.8, 0.6 on a slope of 0.6.
        assert!((slope - 0.6).abs() < 1e-12);
        assert!((error - (7.2_f64 / 2.0 / 5.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn what_has_come_to_rest_grows_no_more() {
        let rising: Vec<f64> = (100..114).map(f64::from).collect();
        assert!(Trend::of(&rising).grows(Span::WEEK));
        let mut filled: Vec<f64> = (0..14).map(|day| f64::from(100 + 10 * day)).collect();
        filled[7..].copy_from_slice(&[165.0, 165.5, 165.6, 165.7, 165.8, 165.8, 165.9]);
        assert!(Trend::of(&filled).rising >= RISING);
        assert!(!Trend::of(&filled).grows(Span::WEEK));
        assert!(!Trend::of(&rising[..5]).grows(Span::WEEK));
    }
}
