//! Bands that hold: what was left over in replays of the past (split conformal
//! prediction, by hours ahead).

use super::DAY;
use crate::trend::quantile;
use crate::units::{count_from, len_f64};

/// Share of hours that are to lie below a band, and above it.
const OUTSIDE: f64 = 0.05;

/// Replays follow each other, and the mix was made with them: few of them show too little.
const FEW: f64 = 2.0;

/// Residuals from which on a neighbourhood is large enough.
const ENOUGH: usize = 40;

/// Hours to both sides from which residuals are taken, narrow first.
const NEAR: [usize; 4] = [1, 3, 6, 12];

/// Days to both sides.
const DAYS: usize = 1;

/// Replays that look so far ahead, below which they have seen too little of how levels move.
const SEEN: usize = 7;

/// Share of days that are nearer to the one before than what levels are taken to move by.
const STEPS: f64 = 0.9;

/// What was left over hour by hour, and whether the hour was of a weekend.
type Left = Vec<(f64, bool)>;

/// How much lies below and above what is said, for each hour ahead.
///
/// `replays` are what was said and what came, one list a moment, and `begins` the hours they
/// begin at, counted from the first of the past; a list may end early.
/// `values` are those of the past; working days and weekends are held apart by `is_weekend`
/// of an hour, counted so too.
pub(super) fn bands(
    replays: &[Vec<(f64, f64)>],
    begins: &[usize],
    values: &[f64],
    hours: usize,
    is_weekend: impl Fn(usize) -> bool,
) -> Vec<(f64, f64)> {
    let step = step(values);
    let left: Vec<Left> = replays
        .iter()
        .zip(begins)
        .map(|(replay, begin)| {
            let own = replay.iter().zip(*begin..);
            own.map(|((said, came), hour)| (came - said, is_weekend(hour)))
                .collect()
        })
        .collect();
    let longest = left.iter().map(Vec::len).max().unwrap_or(0);
    let band = |hour: usize| {
        // Beyond what was replayed, as far out as could be, and wider with time: nobody has
        // seen there whether it drifts.
        let at = hour.min(longest.saturating_sub(1));
        let weekend = is_weekend(values.len() + hour);
        let (low, high) = of(around(&left, at, weekend));
        let wider = len_f64(hour + 1) / len_f64(at + 1);
        let reach = left.iter().filter(|it| it.len() > at).count();
        // Replays a day apart that look further than a day share what comes: so many of them
        // are as good as one.
        let apart = len_f64(reach) / len_f64(at / DAY + 1);
        let few = 1.0 + FEW / apart.max(1.0);
        // Where few looked so far, the level of days may walk as it did from day to day.
        let walked = if reach < SEEN {
            step * len_f64(hour / DAY).sqrt()
        } else {
            0.0
        };
        (low * wider * few - walked, high * wider * few + walked)
    };
    (0..hours).map(band).collect()
}

/// What a series of few days may come to at most: what was left over in few replays is taken
/// many times over, which says nothing of how far it may go.
pub(super) struct Bound {
    /// The most that came.
    most: f64,
    /// How far above that the next may go, as a share of it.
    beyond: f64,
    /// See [`step`].
    step: f64,
}

/// Days from which on bands are what they are.
const MANY_DAYS: usize = 28;

impl Bound {
    /// `None` where enough is known.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let known = values.iter().copied().filter(|it| it.is_finite());
        let days = known.clone().count().div_ceil(DAY);
        (days < MANY_DAYS).then(|| Self {
            most: known.fold(0.0, f64::max),
            // The next of so many days is above all of them in one case of as many and one.
            beyond: 1.0 / len_f64(days.max(1)),
            step: step(values),
        })
    }

    /// The most so many hours ahead, where so much is said: levels may walk on as they did.
    pub(super) fn at(&self, said: f64, ahead: usize) -> f64 {
        let walked = self.step * len_f64(ahead / DAY + 1).sqrt();
        self.most.max(said) * (1.0 + self.beyond) + walked
    }
}

/// What a day is above or below the one before, as a rule at most; 0 where that is not known.
fn step(values: &[f64]) -> f64 {
    let mean = |day: &[f64]| {
        let known = day.iter().copied().filter(|it| it.is_finite());
        let (sum, count) = known.fold((0.0, 0), |(sum, count), it| (sum + it, count + 1));
        sum / len_f64(count)
    };
    let days: Vec<f64> = values.rchunks_exact(DAY).map(mean).collect();
    let steps = days.windows(2).map(|pair| (pair[0] - pair[1]).abs());
    let mut steps: Vec<f64> = steps.filter(|it| it.is_finite()).collect();
    steps.sort_unstable_by(f64::total_cmp);
    quantile(&steps, STEPS).unwrap_or(0.0)
}

/// What was left over about as far ahead, at about the same hour of the day: on days of the
/// same sort where there is enough of that, as what a weekend is off says nothing of a working
/// day.
fn around(left: &[Left], hour: usize, weekend: bool) -> Vec<f64> {
    let mut found = Vec::new();
    for sort in [Some(weekend), None] {
        for near in NEAR {
            found.clear();
            for day in 0..=2 * DAYS {
                let Some(center) = (hour + day * DAY).checked_sub(DAYS * DAY) else {
                    continue;
                };
                let range = center.saturating_sub(near)..=center + near;
                for replay in left {
                    let until = (range.end() + 1).min(replay.len());
                    let part = replay.get(*range.start()..until).unwrap_or_default();
                    let own = part
                        .iter()
                        .filter(|it| sort.is_none_or(|sort| it.1 == sort));
                    found.extend(own.map(|it| it.0).filter(|it| it.is_finite()));
                }
            }
            if found.len() >= ENOUGH {
                return found;
            }
        }
    }
    found
}

/// The bounds below and above 0 that as many lie outside of as may.
fn of(mut left: Vec<f64>) -> (f64, f64) {
    left.sort_unstable_by(f64::total_cmp);
    let count = left.len();
    let Some(last) = count.checked_sub(1) else {
        return (0.0, 0.0);
    };
    // One more than there are: the next is one of them.
    let rank = count_from((len_f64(count + 1) * OUTSIDE).floor());
    let rank = usize::try_from(rank)
        .unwrap_or(0)
        .saturating_sub(1)
        .min(last);
    (left[rank].min(0.0), left[last - rank].max(0.0))
}
