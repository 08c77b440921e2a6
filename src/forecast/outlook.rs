//! One series: its seasons, what comes, and how sure that is.

use super::bands::{Bound, bands};
use super::cycles::Cycles;
use super::level::{Level, Lull};
use super::model::{ALL, Model, of_period};
use super::month::Months;
use super::once::without_once;
use super::past::Past;
use super::season::{Kind, Season};
use super::trial::{LEAST, Trials};
use super::{Clock, DAY, Hours, WEEK};
use crate::calendar::Like;

/// Hours that must be known for a forecast: one day to say it by, one to judge it.
pub(super) const NEEDED: usize = 2 * DAY;

/// Share of what came that sums of numbers are off by themselves, and more.
const ROUNDING: f64 = 1e-12;

/// What is known of the future of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// Models of the mix, the largest share first.
    pub mix: Vec<Mixed>,
    /// Of forecasts so far ahead from moments of the past: Σ|error| ÷ Σ|value| (WAPE);
    /// `None` where nothing could be replayed, or was above 0.
    pub error: Option<f64>,
    /// The same of the best of the same hour yesterday and last week.
    pub naive_error: Option<f64>,
    /// What comes again, as far as it is no chance, the shortest period first.
    pub seasons: Vec<Season>,
    /// The hours that come.
    pub points: Vec<Point>,
    /// The local day since 1970 from which on all working days are far below those before, where
    /// nobody knows whether that is a holiday that ends or a level that stays: see [`Lull`].
    pub quiet_since: Option<i64>,
}

/// A model in a mix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mixed {
    pub name: &'static str,
    /// Over the hours that are forecast, 0 to 1.
    pub share: f64,
    /// As [`Outlook::error`], of it alone.
    pub error: Option<f64>,
}

/// The mean of one hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// What it is as likely above as below.
    pub value: f64,
    /// In one hour of twenty it is below.
    pub low: f64,
    /// In one hour of twenty it is above.
    pub high: f64,
}

impl Outlook {
    /// Of what never moved.
    fn constant(level: f64, ahead: usize) -> Self {
        let error = (level > 0.0).then_some(0.0);
        let point = Point {
            value: level,
            low: level,
            high: level,
        };
        Self {
            mix: vec![Mixed {
                name: ALL[0].name(),
                share: 1.0,
                error,
            }],
            error,
            naive_error: error,
            seasons: Vec::new(),
            points: vec![point; ahead],
            quiet_since: None,
        }
    }

    /// The model that says more than half; `blend` where none does.
    pub fn model(&self) -> &'static str {
        let first = self.mix.first().filter(|it| it.share > 0.5);
        first.map_or("blend", |it| it.name)
    }
}

/// So many hours from `next` on, in hours since the epoch; what is known must end before.
/// `None` where less than two days are known, or nothing of the last.
pub fn outlook(hours: &Hours, next: i64, ahead: usize, clock: &Clock) -> Option<Outlook> {
    let seasons = clock.seasons(hours);
    let months = Months::proven(&clock.localized(&clock.usual(hours)), &seasons);
    let custom = seasons.iter().filter(|it| it.kind == Kind::Custom);
    let periods = custom.map(|it| usize::try_from(it.period.as_secs() / 3_600).unwrap_or(0));
    let models: Vec<Box<dyn Model>> = periods.flat_map(of_period).collect();
    let models = ALL.iter().copied().chain(models.iter().map(|it| &**it));
    let models: Vec<&dyn Model> = models.collect();
    let outlook = looked(hours, next, ahead, clock, (&months, &models))?;
    Some(Outlook { seasons, ..outlook })
}

/// The same, where seasons are of no interest.
pub fn without_seasons(hours: &Hours, next: i64, ahead: usize, clock: &Clock) -> Option<Outlook> {
    looked(hours, next, ahead, clock, (&Months::default(), ALL))
}

/// [`Outlook::quiet_since`], long before all else is known.
pub fn quiet_since(hours: &Hours, clock: &Clock) -> Option<i64> {
    let local = clock.localized(&clock.usual(hours));
    let lull = Lull::of(&without_once(&local.values), local.first)?;
    Some(lull.day(local.first))
}

/// What days of the month hold is taken out before models look, and comes on top of what they
/// say.
fn looked(
    hours: &Hours,
    next: i64,
    ahead: usize,
    clock: &Clock,
    (months, models): (&Months, &[&dyn Model]),
) -> Option<Outlook> {
    let usual = clock.usual(hours);
    let known = usual.values.iter().filter(|it| it.is_finite()).count();
    let least = i64::try_from(LEAST).unwrap_or(24);
    let newest = hours.values.iter().zip(hours.first..);
    let mut newest = newest.filter(|(_, hour)| *hour >= next - least);
    if known < NEEDED || !newest.any(|(value, _)| value.is_finite()) {
        return None;
    }
    let mut local = months.without(clock.localized(&usual));
    let len = usize::try_from(clock.local(next) - local.first).unwrap_or(0);
    local.values.resize(len.max(local.values.len()), f64::NAN);
    if let Some(level) = constant(&local.values).filter(|_| !is_special(clock, next, ahead)) {
        return Some(Outlook::constant(level, ahead));
    }
    // One more, where clocks are set forward; days that are like others need a week of them.
    let room = ahead.max(WEEK) + 1;
    let learned = Learned::of(&local);
    let (lull, before) = (learned.lull.as_ref(), local.values.as_slice());
    let values = learned.came.as_slice();
    let cycles = Cycles::new(&learned.usual, local.first);
    let trials = Trials::of(&cycles, values, models, room);
    let weights = trials.weights();
    let past = Past::new(&cycles, values.len());
    let said: Vec<Option<Vec<f64>>> = models.iter().map(|it| it.ahead(&past, room)).collect();
    let mixed = weights.mix(&said);
    let mut replays = trials.replayed(&weights);
    if let Some(level) = learned.level {
        unforeseen(&mut replays, &trials.begins(), level);
    }
    let weekends = |hour: usize| cycles.is_weekend(i64::try_from(hour).unwrap_or(0));
    let bands = bands(&replays, &trials.begins(), values, room, weekends);
    let bound = Bound::of(values);
    let end = local.first + i64::try_from(values.len()).unwrap_or(i64::MAX);
    let within = end..end + i64::try_from(room).unwrap_or(0);
    let point = |hour: i64| {
        let local = clock.local(hour);
        let special = clock.special(hour.saturating_mul(3_600));
        let days = special.map_or(0, |it| {
            it.moved(local, within.clone(), |days| {
                clock
                    .special((hour + days * 24).saturating_mul(3_600))
                    .is_some()
            })
        });
        let at = usize::try_from(local + days * 24 - end).unwrap_or(0);
        let at = at.min(room - 1);
        let (effect, spread) = months.at(local);
        let (value, (below, above)) = ((mixed[at].max(0.0) + effect).max(0.0), bands[at]);
        let (below, above) = (below - spread, above + spread);
        // What was usual before quiet days may come back.
        let back = lull.map_or(0.0, |it| it.back(before, values.len() + at));
        let times = match special.map(|it| it.like) {
            Some(Like::Times(times)) => times,
            _ => 1.0,
        };
        let most = bound.as_ref().map_or(f64::INFINITY, |it| it.at(value, at));
        Point {
            value: value * times,
            low: (value + below).max(0.0) * times,
            high: (value + above).min(most).max(back + effect + spread) * times,
        }
    };
    let hours_ahead = (next..).take(ahead);
    let shares = weights.shares(&said, ahead);
    // All over the moments at which last week was known, where there are such.
    let of_naive = trials.replayed_by(1);
    let compared = if of_naive.is_empty() {
        replays.len()
    } else {
        of_naive.len()
    };
    let error_of = |model: usize| {
        let mut replayed = trials.replayed_by(model);
        replayed.truncate(compared);
        wape(&replayed, ahead)
    };
    let mut mix: Vec<Mixed> = (0..models.len())
        .filter(|model| shares[*model] > 0.0)
        .map(|model| Mixed {
            name: models[model].name(),
            share: shares[model],
            error: error_of(model),
        })
        .collect();
    mix.sort_by(|a, b| b.share.total_cmp(&a.share));
    let naive = [error_of(0), error_of(1)].into_iter().flatten();
    Some(Outlook {
        mix,
        error: wape(&replays[..compared], ahead),
        naive_error: naive.min_by(f64::total_cmp),
        seasons: Vec::new(),
        points: hours_ahead.map(point).collect(),
        quiet_since: lull.map(|it| it.day(local.first)),
    })
}

/// What is learned of a past.
struct Learned {
    /// What came, at the level of now.
    came: Vec<f64>,
    /// The same without what came once.
    usual: Vec<f64>,
    level: Option<Level>,
    lull: Option<Lull>,
}

impl Learned {
    fn of(local: &Hours) -> Self {
        let (mut came, mut usual) = (local.values.clone(), without_once(&local.values));
        let level = Level::of(&usual, local.first);
        let lull = Lull::of(&usual, local.first);
        if let Some(level) = level {
            level.bring(&mut came);
            level.bring(&mut usual);
        }
        Self {
            came,
            usual,
            level,
            lull,
        }
    }
}

/// A new level is known now, and was not before it came: forecasts from there were off by it.
fn unforeseen(replays: &mut [Vec<(f64, f64)>], begins: &[usize], level: Level) {
    for (replay, begin) in replays.iter_mut().zip(begins) {
        if *begin < level.since {
            let after = replay.iter_mut().skip(level.since - begin);
            after.for_each(|(said, came)| *came += *said - level.then(*said));
        }
    }
}

/// Whether anything that comes is not like the usual.
fn is_special(clock: &Clock, next: i64, ahead: usize) -> bool {
    let until = next.saturating_add(i64::try_from(ahead).unwrap_or(0));
    let seconds = |hour: i64| hour.saturating_mul(3_600);
    clock
        .between(seconds(next), seconds(until))
        .next()
        .is_some()
}

/// The one value that a series has.
fn constant(values: &[f64]) -> Option<f64> {
    let mut known = values.iter().copied().filter(|it| it.is_finite());
    let first = known.next()?;
    known
        .all(|it| it.total_cmp(&first).is_eq())
        .then_some(first)
}

/// Σ|error| ÷ Σ|value| over pairs of what was said and what came, so many hours ahead.
fn wape(replays: &[Vec<(f64, f64)>], ahead: usize) -> Option<f64> {
    let pairs = replays.iter().flat_map(|it| it.iter().take(ahead));
    let known = pairs.filter(|(_, came)| came.is_finite());
    let (mut off, mut all) = (0.0, 0.0);
    for (said, came) in known {
        off += (said - came).abs();
        all += came.abs();
    }
    // What is left of sums of the same values is no error.
    (all > 0.0).then(|| if off > ROUNDING * all { off / all } else { 0.0 })
}
