use super::Hours;
use crate::trend::{Columns, finite, median, median_of, quantile};

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
    /// The level in it, without the rhythm.
    pub(super) level: Vec<f64>,
    /// How much wider the spread is than usual: what is twice as large varies twice as
    /// much. 1 at least.
    pub(super) wider: Vec<f64>,
    /// The rhythm in it, around the level, where there is one.
    pub(super) rhythm: Option<Vec<f64>>,
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
        let rhythm = season(&values, hours);
        let mut expected = rhythm.clone().unwrap_or_else(|| vec![0.0; values.len()]);
        let rest = minus(&values, &expected);
        let day = hours.per_day;
        let level = before(&rest, day);
        let (all, around) = (median(&values).abs(), median(&expected));
        let wider = level.iter().map(|it| (it + around).abs() / all);
        let wider = wider.map(|it| if it.is_finite() { it.max(1.0) } else { 1.0 });
        let wider = wider.collect();
        for (it, level) in expected.iter_mut().zip(&level) {
            *it += level;
        }
        Self {
            expected,
            level,
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
    let mut places = Columns::new(hours.per_day);
    let (mut before, mut is_new) = (None, false);
    for (at, (value, phase)) in values.iter().zip(&hours.phase).enumerate() {
        // A day begins where its places do, and has a row where anything of it counts.
        is_new |= before.is_none_or(|it| it >= phase);
        before = Some(phase);
        if value.is_finite() && of(at) {
            if is_new {
                places.add();
            }
            is_new = false;
            places.put(*phase, *value);
        }
    }
    places.sort();
    let middle = |place| {
        if places.count(place) < 2 {
            0.0
        } else {
            places.median(place)
        }
    };
    (0..hours.per_day).map(middle).collect()
}

/// The median of a window around every value, taken anew `every` so many. Where nothing
/// is known the last one stays.
fn around(values: &[f64], window: usize, every: usize) -> Vec<f64> {
    let len = values.len();
    let last = len.saturating_sub(window);
    let from = |at: usize| at.saturating_sub(window / 2).min(last);
    let mut middles = Middles::new(values, window.min(len), every);
    let mut levels = Vec::with_capacity(len);
    for at in (0..len).step_by(every) {
        let middle = middles.at(from(at));
        levels.extend(std::iter::repeat_n(middle, every.min(len - at)));
    }
    filled(levels)
}

/// Medians of a window at places that ascend.
enum Middles<'a> {
    /// Where it moves by a few values: they go and come one by one.
    Near {
        values: &'a [f64],
        held: Window,
        length: usize,
        from: usize,
    },
    /// Where it moves far: each time anew. The last of them serves for the same place.
    Far {
        values: &'a [f64],
        length: usize,
        last: Option<(usize, f64)>,
        own: Vec<f64>,
    },
}

impl<'a> Middles<'a> {
    /// `every` so many values it is asked for.
    fn new(values: &'a [f64], length: usize, every: usize) -> Self {
        /// One move takes a look at all that is held.
        const FEW: usize = 8;
        if every <= FEW {
            Self::Near {
                values,
                held: Window::of(&values[..length]),
                length,
                from: 0,
            }
        } else {
            Self::Far {
                values,
                length,
                last: None,
                own: Vec::with_capacity(length),
            }
        }
    }

    /// Of the values from a place on; `NaN` of nothing.
    fn at(&mut self, place: usize) -> f64 {
        match self {
            Self::Near {
                values,
                held,
                length,
                from,
            } => {
                for at in *from..place {
                    held.moves(values[at], values[at + *length]);
                }
                *from = place;
                held.middle()
            }
            Self::Far {
                values,
                length,
                last,
                own,
            } => {
                if let Some((_, middle)) = last.filter(|it| it.0 == place) {
                    return middle;
                }
                own.clear();
                own.extend_from_slice(&values[place..place + *length]);
                own.retain(|it| it.is_finite());
                let middle = median_of(own);
                *last = Some((place, middle));
                middle
            }
        }
    }
}

/// The median of a window before every value; the first window has none, and takes its own.
fn before(values: &[f64], window: usize) -> Vec<f64> {
    let window = window.min(values.len());
    let (first, rest) = values.split_at(window);
    let mut held = Window::of(first);
    let mut levels = vec![held.middle(); window];
    for (old, new) in values.iter().zip(rest) {
        levels.push(held.middle());
        held.moves(*old, *new);
    }
    filled(levels)
}

/// What is finite in a window that moves along values, ascending.
pub(super) struct Window(Vec<f64>);

impl Window {
    pub(super) fn of(values: &[f64]) -> Self {
        let mut sorted = finite(values.iter().copied());
        sorted.sort_unstable_by(f64::total_cmp);
        Self(sorted)
    }

    /// One step on: the oldest goes, the next comes.
    pub(super) fn moves(&mut self, old: f64, new: f64) {
        // Of so few a look at all takes less than a search, whose every step waits for the one
        // before it.
        let (mut gone, mut comes) = (0_u64, 0_u64);
        for it in &self.0 {
            gone += u64::from(*it < old);
            comes += u64::from(*it < new);
        }
        let place = |smaller: u64| usize::try_from(smaller).unwrap_or(0);
        let (gone, comes) = (place(gone), place(comes));
        match (old.is_finite(), new.is_finite()) {
            // Only what lies between the two moves.
            (true, true) if gone < comes => {
                self.0.copy_within(gone + 1..comes, gone);
                self.0[comes - 1] = new;
            }
            (true, true) => {
                self.0.copy_within(comes..gone, comes + 1);
                self.0[comes] = new;
            }
            (true, false) => {
                self.0.remove(gone);
            }
            (false, true) => self.0.insert(comes, new),
            (false, false) => {}
        }
    }

    /// How many are known.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// As [`quantile`]; `NaN` of nothing.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        quantile(&self.0, share).unwrap_or(f64::NAN)
    }

    /// The median; `NaN` of nothing.
    pub(super) fn middle(&self) -> f64 {
        match self.0.len() {
            0 => f64::NAN,
            n => f64::midpoint(self.0[(n - 1) / 2], self.0[n / 2]),
        }
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

/// The standard deviation of a normal distribution, of the usual distance from its middle.
pub(super) const OF_MEDIAN: f64 = 1.4826;

/// The usual distance from the middle, as a standard deviation.
pub(super) fn spread(values: &[f64]) -> f64 {
    let mut known = finite(values.iter().copied());
    let middle = median_of(&mut known);
    for value in &mut known {
        *value = (*value - middle).abs();
    }
    OF_MEDIAN * median_of(&mut known)
}
