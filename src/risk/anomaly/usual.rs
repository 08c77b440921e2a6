use super::Hours;
use crate::trend::median;

/// A rhythm must leave so much less of what is unexplained, to be one.
const DAILY: f64 = 0.9;
const WEEKLY: f64 = 0.8;
/// Days that are enough to tell weekends from other days: four of them.
const DAYS_FOR_WEEKLY: usize = 13;
/// Hours between one look at the level and the next.
const EVERY: usize = 8;

/// What is to be expected of each hour: the rhythm of the day, and the level of the day
/// before on top of it.
pub(super) struct Usual {
    pub(super) expected: Vec<f64>,
    /// How much wider the spread is than usual: what is twice as large varies twice as
    /// much. 1 at least.
    pub(super) wider: Vec<f64>,
    /// Whether it has a rhythm.
    pub(super) rhythm: bool,
}

impl Usual {
    /// By all hours but those that are set apart.
    pub(super) fn of(hours: &Hours, apart: &[bool]) -> Self {
        Self::by(&hours.mean, hours, apart)
    }

    /// The same for other values of these hours.
    pub(super) fn by(values: &[f64], hours: &Hours, apart: &[bool]) -> Self {
        let values = values.iter().zip(apart);
        let values: Vec<f64> = values
            .map(|(value, apart)| if *apart { f64::NAN } else { *value })
            .collect();
        let season = season(&values, hours);
        let rhythm = season.is_some();
        let mut expected = season.unwrap_or_else(|| vec![0.0; values.len()]);
        let rest = minus(&values, &expected);
        let day = hours.per_day;
        let level = before(&rest, day);
        let (all, around) = (median(&values).abs(), median(&expected));
        let wider = level.iter().map(|it| (it + around).abs() / all);
        let wider = wider.map(|it| if it.is_finite() { it.max(1.0) } else { 1.0 });
        let wider = wider.collect();
        for (it, level) in expected.iter_mut().zip(level) {
            *it += level;
        }
        Self {
            expected,
            wider,
            rhythm,
        }
    }
}

/// The rhythm of each hour, around a level; `None` where there is none.
fn season(values: &[f64], hours: &Hours) -> Option<Vec<f64>> {
    let day = hours.per_day;
    if values.len() < 3 * day {
        return None;
    }
    let flat = minus(values, &around(values, day, (day / EVERY).max(1)));
    let all = shape(&flat, hours, |_| true);
    let daily: Vec<f64> = hours.phase.iter().map(|it| all[*it]).collect();
    let (without, with) = (spread(&flat), spread(&minus(&flat, &daily)));
    let mut best = (with < DAILY * without).then_some(daily);
    if values.len() >= DAYS_FOR_WEEKLY * day {
        // A level of a day would follow the weekend down.
        let flat = minus(values, &around(values, 7 * day, day));
        let (free, work) = (
            shape(&flat, hours, |at| hours.weekend[at]),
            shape(&flat, hours, |at| !hours.weekend[at]),
        );
        let days = hours.phase.iter().zip(&hours.weekend);
        let weekly = days.map(|(at, weekend)| if *weekend { free[*at] } else { work[*at] });
        let weekly: Vec<f64> = weekly.collect();
        if spread(&minus(&flat, &weekly)) < WEEKLY * without.min(with) {
            best = Some(weekly);
        }
    }
    best
}

/// The median of each place in the day, of the hours that are `of` it; 0 where fewer than
/// two are known.
fn shape(values: &[f64], hours: &Hours, of: impl Fn(usize) -> bool) -> Vec<f64> {
    let mut places: Vec<Vec<f64>> = vec![Vec::new(); hours.per_day];
    for (at, (value, phase)) in values.iter().zip(&hours.phase).enumerate() {
        if value.is_finite() && of(at) {
            places[*phase].push(*value);
        }
    }
    let middle = |own: &Vec<f64>| if own.len() < 2 { 0.0 } else { median(own) };
    places.iter().map(middle).collect()
}

/// The median of a window around every value, taken anew `every` so many. Where nothing
/// is known the last one stays.
fn around(values: &[f64], window: usize, every: usize) -> Vec<f64> {
    let len = values.len();
    let mut levels = Vec::with_capacity(len);
    for at in (0..len).step_by(every) {
        let from = at
            .saturating_sub(window / 2)
            .min(len.saturating_sub(window));
        let level = median(&values[from..(from + window).min(len)]);
        levels.extend(std::iter::repeat_n(level, every.min(len - at)));
    }
    filled(levels)
}

/// The median of a window before every value; the first window has none, and takes its own.
fn before(values: &[f64], window: usize) -> Vec<f64> {
    let window = window.min(values.len());
    let (first, rest) = values.split_at(window);
    let mut sorted: Vec<f64> = first.iter().copied().filter(|it| it.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut levels = vec![middle(&sorted); window];
    for (old, new) in values.iter().zip(rest) {
        levels.push(middle(&sorted));
        let place = |value: f64, sorted: &[f64]| sorted.partition_point(|it| *it < value);
        if old.is_finite() {
            sorted.remove(place(*old, &sorted));
        }
        if new.is_finite() {
            sorted.insert(place(*new, &sorted), *new);
        }
    }
    filled(levels)
}

fn middle(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        n => f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]),
    }
}

/// Where nothing is known the last level stays, and before the first that one.
fn filled(mut levels: Vec<f64>) -> Vec<f64> {
    let first = levels.iter().copied().find(|it| it.is_finite());
    let mut last = first.unwrap_or(f64::NAN);
    for level in &mut levels {
        if level.is_finite() {
            last = *level;
        } else {
            *level = last;
        }
    }
    levels
}

pub(super) fn minus(values: &[f64], others: &[f64]) -> Vec<f64> {
    values.iter().zip(others).map(|(a, b)| a - b).collect()
}

/// The usual distance from the middle, as a standard deviation.
pub(super) fn spread(values: &[f64]) -> f64 {
    let middle = median(values);
    let away: Vec<f64> = values.iter().map(|it| (it - middle).abs()).collect();
    1.4826 * median(&away)
}
