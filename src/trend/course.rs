//! Where something that rises day by day is going.

use super::few::ranked;
use super::{Slopes, quantile};
use crate::units::{count_from, len_f64};

/// A rise along a line, with how sure its slope is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Course {
    /// What its peaks reach now, as the largest of a week usually does, and the bounds:
    /// the usual peak of a day, and the largest ever beside the line.
    pub now: f64,
    pub now_low: f64,
    pub now_high: f64,
    /// Change a day, with the bounds of eight cases in ten.
    pub per_day: f64,
    pub per_day_low: f64,
    pub per_day_high: f64,
    /// How far values lie around the line, as a standard deviation.
    pub noise: f64,
    /// Days that it has been seen.
    pub days: f64,
}

impl Course {
    /// By the slope of `values`, `per_day` a day and oldest first, for `peaks` of the same
    /// times; what is not finite is not known. `None` with fewer than three.
    pub fn of(values: &[f64], peaks: &[f64], per_day: usize) -> Option<Self> {
        let slopes = Slopes::of(values)?;
        let (slope, each) = (slopes.middle(), len_f64(per_day.max(1)));
        let (low, high) = slopes.interval(widening(values, slope));
        let mut levels = levels(peaks, slope);
        levels.sort_unstable_by(f64::total_cmp);
        Some(Self {
            now: quantile(&levels, OF_A_WEEK)?,
            now_low: quantile(&levels, 0.5)?,
            now_high: *levels.last()?,
            per_day: slope * each,
            per_day_low: low * each,
            per_day_high: high * each,
            noise: noise(peaks, slope),
            days: len_f64(values.len()) / each,
        })
    }

    /// Days until it reaches `limit`: middle, earliest, latest. Not finite for never.
    pub fn days_to(&self, limit: f64) -> (f64, f64, f64) {
        let days = |level: f64, slope: f64| {
            let room = (limit - level).max(0.0);
            if slope > 0.0 {
                room / slope
            } else {
                f64::INFINITY
            }
        };
        (
            days(self.now, self.per_day),
            days(self.now_high, self.per_day_high),
            days(self.now_low, self.per_day_low),
        )
    }

    /// Probability that it reaches `limit` within so many days.
    pub fn reaches(&self, limit: f64, ahead: f64) -> f64 {
        self.rises_to(limit, ahead) * self.goes_on(limit, ahead)
    }

    /// The same where the rise does not end: the slope may be another, as far as its bounds
    /// say.
    pub fn rises_to(&self, limit: f64, ahead: f64) -> f64 {
        /// Standard deviations between the bounds.
        const APART: f64 = 2.0 * 1.2816;
        let sd = (self.per_day_high - self.per_day_low).max(0.0) / APART;
        let spread = (sd * ahead).hypot(self.noise).max(1.0);
        normal((self.now + self.per_day * ahead - limit) / spread)
    }

    /// Probability that the rise lasts for as long as it needs to `limit`: what has lasted so
    /// long lasts as long again in one case of two, whatever the scale (Gott 1993).
    pub fn goes_on(&self, limit: f64, ahead: f64) -> f64 {
        let needed = self.days_to(limit).0.min(ahead);
        self.days / (self.days + needed)
    }

    /// Daily peaks since it rises, moved along the slope to the last of them.
    pub fn levels_of(&self, peaks: &[f64]) -> Vec<f64> {
        let days = usize::try_from(count_from(self.days.ceil())).unwrap_or(usize::MAX);
        let own = &peaks[peaks.len().saturating_sub(days)..];
        levels(own, self.per_day)
    }
}

/// Of the peaks of days that are alike, the share that the largest of seven is above in
/// one week of two: the seventh root of a half.
const OF_A_WEEK: f64 = 0.906;

/// Peaks moved along the slope to the end of the last of them.
fn levels(peaks: &[f64], slope: f64) -> Vec<f64> {
    let last = peaks.len().saturating_sub(1);
    let finite = peaks.iter().enumerate().filter(|(_, it)| it.is_finite());
    finite
        .map(|(at, it)| it + slope * len_f64(last - at))
        .collect()
}

/// How much wider the bounds of a slope are because what follows each other is alike:
/// by the correlation of what is left beside the line with the value before it.
fn widening(values: &[f64], slope: f64) -> f64 {
    /// Beyond this hardly anything would be known at all.
    const MOST: f64 = 0.8;
    let left = residuals(values, slope);
    let pairs = left.windows(2).map(|pair| pair[0] * pair[1]);
    let own: f64 = left.iter().map(|it| it * it).sum();
    let alike = (pairs.sum::<f64>() / own.max(f64::MIN_POSITIVE)).clamp(0.0, MOST);
    ((1.0 + alike) / (1.0 - alike)).sqrt()
}

/// The usual distance from the line, as a standard deviation, by the median.
fn noise(values: &[f64], slope: f64) -> f64 {
    let left = residuals(values, slope);
    let away: Vec<f64> = left.iter().map(|it| it.abs()).collect();
    1.4826 * median(&away).max(0.0)
}

fn residuals(values: &[f64], slope: f64) -> Vec<f64> {
    let finite = values.iter().enumerate().filter(|(_, it)| it.is_finite());
    let left: Vec<f64> = finite.map(|(at, it)| it - slope * len_f64(at)).collect();
    let center = median(&left);
    left.into_iter().map(|it| it - center).collect()
}

/// The median of what is finite; `NaN` of nothing.
pub fn median(values: &[f64]) -> f64 {
    median_of(&mut finite(values.iter().copied()))
}

/// What is finite of some values, in their order.
pub fn finite(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut finite: Vec<f64> = values.collect();
    // Nearly always all are. Each is written down, and kept by not being written over: no
    // branch to be guessed.
    let count = finite.iter().filter(|it| it.is_finite()).count();
    if count < finite.len() {
        let mut kept = 0;
        for at in 0..finite.len() {
            let value = finite[at];
            finite[kept] = value;
            kept += usize::from(value.is_finite());
        }
        finite.truncate(count);
    }
    finite
}

/// The same of finite values in any order, which it changes.
pub fn median_of(values: &mut [f64]) -> f64 {
    let (count, middle) = (values.len(), values.len() / 2);
    if count == 0 {
        return f64::NAN;
    }
    if let Some(found) = ranked(values, middle) {
        let upper = found.value;
        if count % 2 == 1 || found.below < middle {
            return upper;
        }
        let below = values.iter().copied().filter(|it| *it < upper);
        return f64::midpoint(below.fold(f64::NEG_INFINITY, f64::max), upper);
    }
    // Not all of it need be in order, only what is below the middle.
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if count % 2 == 1 {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    f64::midpoint(lower, upper)
}

/// The normal distribution function, to a ten-millionth (Abramowitz and Stegun 26.2.17).
pub fn normal(z: f64) -> f64 {
    const B: [f64; 5] = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let series = B.iter().rev().fold(0.0, |sum, b| (sum + b) * t);
    let above = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * series;
    if z >= 0.0 { 1.0 - above } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        assert!((normal(0.0) - 0.5).abs() < 1e-7);
        assert!((normal(1.2816) - 0.9).abs() < 1e-4);
        assert!((normal(-1.96) - 0.025).abs() < 1e-4);
    }

    #[test]
    fn a_median_is_the_middle_of_the_values_in_order() {
        for count in 1..70_usize {
            for odd in [0.0, -0.0, -2.0, 0.5] {
                let of = |at: usize| len_f64(at * 29 % 13) * odd + len_f64(at % 3);
                let mut values: Vec<f64> = (0..count).map(of).collect();
                let mut sorted = values.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                let (low, high) = (sorted[(count - 1) / 2], sorted[count / 2]);
                let middle = f64::midpoint(low, high);
                assert_eq!(median_of(&mut values).to_bits(), middle.to_bits());
            }
        }
    }

    #[test]
    fn what_rises_to_a_limit_says_when_and_may_end_before() {
        let course = Course {
            now: 1_500.0,
            now_low: 1_500.0,
            now_high: 1_500.0,
            per_day: 100.0,
            per_day_low: 80.0,
            per_day_high: 125.0,
            noise: 10.0,
            days: 12.0,
        };
        let (middle, earliest, latest) = course.days_to(2_000.0);
        assert!((middle - 5.0).abs() < 1e-9 && (earliest - 4.0).abs() < 1e-9);
        assert!((latest - 6.25).abs() < 1e-9);
        // 5 days more after 12: in 12 of 17 cases, and hardly ever not by then.
        let chance = course.reaches(2_000.0, 7.0);
        assert!((0.65..12.0 / 17.0).contains(&chance), "{chance}");
        assert!(course.reaches(2_000.0, 1.0) < 0.001);
    }
}
