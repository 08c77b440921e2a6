//! How samples lie in time: by day, by hour, by hour of the week.

use super::calendar::Calendar;
use crate::units::len_f64;

/// Fewer days with samples than this show no trend.
const DAYS_FOR_TREND: usize = 3;

/// A rhythm shows once it has come twice.
const DAYS_FOR_DAILY: u64 = 2;

/// See [`DAYS_FOR_DAILY`]; a window of 14 days often lacks a few hours.
const DAYS_FOR_WEEKLY: u64 = 13;

/// Samples of pods: the slot of the first, and one value a slot.
type Columns<'a> = [(u32, &'a [f32])];

/// Sum and number of the samples of something.
#[derive(Clone, Copy, Default)]
pub(super) struct Tally {
    sum: f64,
    count: u32,
}

impl Tally {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn join(&mut self, other: Self) {
        self.sum += other.sum;
        self.count += other.count;
    }

    /// `None` without a sample.
    fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

/// A pool by day, by hour and by hour of the week.
pub(super) struct Shape {
    pub(super) days: Days,
    /// The samples of each hour of the grid.
    pub(super) hours: Vec<Tally>,
    /// Largest sample of any pod in each hour of the grid; `NaN` without one.
    pub(super) hourly_peaks: Vec<f32>,
    weeks: [Tally; 168],
}

impl Shape {
    pub(super) fn of(columns: &Columns<'_>, calendar: &Calendar) -> Self {
        let mut hours = vec![Tally::default(); calendar.hours()];
        let mut hourly_peaks = vec![f32::NAN; calendar.hours()];
        let mut days = Days {
            peaks: vec![f64::NAN; calendar.days()],
            tallies: vec![Tally::default(); calendar.days()],
        };
        let mut weeks = [Tally::default(); 168];
        let runs = columns
            .iter()
            .flat_map(|(first, values)| calendar.cut(*first, values));
        for (run, values) in runs {
            let (tally, peak) = of_run(values);
            hours[run.hour].join(tally);
            hourly_peaks[run.hour] = hourly_peaks[run.hour].max(peak);
            days.tallies[run.day()].join(tally);
            days.peaks[run.day()] = days.peaks[run.day()].max(f64::from(peak));
            weeks[run.hour_of_week].join(tally);
        }
        Self {
            days,
            hours,
            hourly_peaks,
            weeks,
        }
    }

    /// Mean of the samples in each hour of the week, UTC, from Monday 00:00; `NaN`
    /// without one.
    pub(super) fn hour_of_week(&self) -> Vec<f64> {
        let means = self.weeks.iter().map(|hour| hour.mean());
        means.map(|mean| mean.unwrap_or(f64::NAN)).collect()
    }
}

/// Sum and number of the samples, and the largest; `NaN` without one.
fn of_run(values: &[f32]) -> (Tally, f32) {
    let (mut tally, mut peak) = (Tally::default(), f32::NEG_INFINITY);
    for value in values {
        // Nothing is added where nothing is known, which takes no branch to be guessed.
        let known = !value.is_nan();
        tally.sum += if known { f64::from(*value) } else { 0.0 };
        tally.count += u32::from(known);
        peak = if *value > peak { *value } else { peak };
    }
    (tally, if tally.count > 0 { peak } else { f32::NAN })
}

/// A pool day by day.
pub(super) struct Days {
    /// Largest sample of any pod; `NaN` without one.
    pub(super) peaks: Vec<f64>,
    tallies: Vec<Tally>,
}

impl Days {
    /// Slope of a straight line through the daily means, by least squares, ÷
    /// `mean`; 0 with fewer than three days or where `mean` is 0.
    pub(super) fn trend_per_day(&self, mean: f64) -> f64 {
        let means = self.means();
        if means.len() < DAYS_FOR_TREND || mean <= 0.0 {
            return 0.0;
        }
        let count = len_f64(means.len());
        let center = means.iter().map(|(day, _)| day).sum::<f64>() / count;
        let level = means.iter().map(|(_, mean)| mean).sum::<f64>() / count;
        let (mut along, mut across) = (0.0, 0.0);
        for (day, mean) in &means {
            along += (day - center) * (mean - level);
            across += (day - center).powi(2);
        }
        along / across / mean
    }

    /// Share of the steps from one daily mean to the next that rise; equal ones
    /// count half. 0.5 with fewer than three days.
    pub(super) fn rising_share(&self) -> f64 {
        let means = self.means();
        if means.len() < DAYS_FOR_TREND {
            return 0.5;
        }
        let steps = means.windows(2).map(|pair| {
            let (before, after) = (pair[0].1, pair[1].1);
            if after > before {
                1.0
            } else if after < before {
                0.0
            } else {
                0.5
            }
        });
        steps.sum::<f64>() / len_f64(means.len() - 1)
    }

    /// Number and mean of each day that has at least half the samples of the
    /// fullest: the mean of a morning is not that of a day.
    fn means(&self) -> Vec<(f64, f64)> {
        let fullest = self.tallies.iter().map(|day| day.count).max().unwrap_or(0);
        self.tallies
            .iter()
            .enumerate()
            .filter(|(_, day)| day.count > 0 && day.count >= fullest / 2)
            .filter_map(|(number, day)| Some((len_f64(number), day.mean()?)))
            .collect()
    }
}

/// How much of a pool's ups and downs comes again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Strength {
    pub(super) daily: f64,
    pub(super) weekly: f64,
}

/// Of the variance of the hourly means, the share that the hour of the day
/// explains, and what the hour of the week explains beyond it.
///
/// Both are 0 to 1 and corrected for the number of groups (ε², Kelley 1935):
/// noise gives about 0 however few weeks there are. 0 where the samples span
/// less than two days, or 13 days.
pub(super) fn strength(hours: &[Tally], calendar: &Calendar) -> Strength {
    let means: Vec<(usize, f64)> = hours
        .iter()
        .enumerate()
        .filter_map(|(hour, tally)| Some((calendar.week_of_hour(hour)?, tally.mean()?)))
        .collect();
    let used = |tally: &Tally| tally.count > 0;
    let first = hours.iter().position(used).unwrap_or(0);
    let last = hours.iter().rposition(used).unwrap_or(0);
    let days = u64::try_from((last + 1 - first) / 24)
        .unwrap_or(0)
        .min(calendar.span_days());
    let daily = if days >= DAYS_FOR_DAILY {
        explained(&means, |hour| hour % 24)
    } else {
        0.0
    };
    let weekly = if days >= DAYS_FOR_WEEKLY {
        (explained(&means, |hour| hour) - daily).max(0.0)
    } else {
        0.0
    };
    Strength { daily, weekly }
}

/// ε² of a grouping of values: `1 − within ÷ (n − k) × (n − 1) ÷ total`, not below 0.
fn explained(means: &[(usize, f64)], group: impl Fn(usize) -> usize) -> f64 {
    let mut groups = [Tally::default(); 168];
    let mut all = Tally::default();
    for (hour, mean) in means {
        groups[group(*hour)].add(*mean);
        all.add(*mean);
    }
    let Some(level) = all.mean() else { return 0.0 };
    let (mut within, mut total) = (0.0, 0.0);
    for (hour, mean) in means {
        let center = groups[group(*hour)].mean().unwrap_or(level);
        within += (mean - center).powi(2);
        total += (mean - level).powi(2);
    }
    let used = groups.iter().filter(|tally| tally.count > 0).count();
    // Below this, differences are those of adding up.
    let noise = 1e-12 * level * level * len_f64(means.len());
    if used < 2 || means.len() <= used || total <= noise {
        return 0.0;
    }
    let freedom = len_f64(means.len() - 1) / len_f64(means.len() - used);
    (1.0 - within / total * freedom).clamp(0.0, 1.0)
}
