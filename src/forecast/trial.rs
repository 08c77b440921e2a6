//! How far models would have been off at moments of the past, and the mix that follows.

use super::cycles::Cycles;
use super::model::Model;
use super::past::Past;
use super::{DAY, WEEK};
use crate::units::len_f64;

/// Moments a day apart at most, newest first: older ones say little of what is now.
const MOMENTS: usize = 28;

/// Newest hours with moments between these, for the next hours alone.
const BETWEEN: usize = 14 * DAY;

/// Hours from one of these to the next.
const EVERY: usize = 2;

/// Hours that are judged of them.
const SHORT: usize = 6;

/// What one of these weighs beside those at the same hour of the day as now: what is best for
/// the next hour at midnight may not be at noon.
const OTHER_HOUR: f64 = 1.0 / 3.0;

/// Hours that must be known before a moment.
pub(super) const LEAST: usize = DAY;

/// The same where there is enough: one day says little of what models are worth later.
const USUAL: usize = 3 * DAY;

/// What a day keeps of its weight for each day that is newer: what was best a week ago says
/// something of what is now, what was best a month ago hardly anything.
const DAY_KEEPS: f64 = 0.85;

/// Hours ahead, by where each group ends: mixes are made for each group, as what is best for
/// the next hour is not for next week.
const GROUPS: [usize; 9] = [1, 3, 6, 12, 24, 48, 96, WEEK, usize::MAX];

/// How much a better model is preferred: the power of the ratio of losses.
const PREFERENCE: i32 = 10;

/// The same of groups that end within [`SHORT`] hours, of which there are more replays.
const PREFERENCE_SHORT: i32 = 16;

/// Replays in which all models are taken to be about as good as the reference, beside those
/// that there are: luck of a few replays is no reason.
const DOUBT: f64 = 4.0;

/// The same where each moment says as much as any other.
const DOUBT_OF_MOMENTS: f64 = 8.0;

/// What a model is taken to be there, as a share of the reference: those that were hardly
/// tried have to prove themselves, and there are many of them.
const UNPROVEN: f64 = 1.1;

/// Of a group, replays in which a model is taken to be as good as it is over all hours.
const DOUBT_OF_GROUP: f64 = 5.0;
const DOUBT_OF_SHORT: f64 = 10.0;

/// What each moment is taken to be off beside what it was, as a share of what moments are: one
/// at which the reference was far off is not to decide alone, nor one at which it was hardly.
const USUALLY_OFF: f64 = 0.3;

/// Share of the weight to both sides of the middle that a mix leaves out: what one model says
/// far from all others is not heard, and which of two is in the very middle decides nothing.
const LEFT_OUT: f64 = 0.35;

/// Models with less than this share of the best take no part.
const LEAST_SHARE: f64 = 0.02;

/// Hours ahead up to which models that were never replayed share what they get: they are
/// many, and of the next day there are replays of others. Of a week there are few of any.
const UNTRIED: usize = DAY;

/// A series, replayed by every model.
pub struct Trials<'a> {
    /// What models learn from and are weighed by.
    values: &'a [f64],
    /// What forecasts are beside.
    came: &'a [f64],
    models: &'a [&'a dyn Model],
    replays: Vec<Replay>,
}

/// What models said at one moment.
struct Replay {
    /// Values that were known.
    known: usize,
    /// By its age, and its hour of the day.
    weight: f64,
    /// The same, where days count for about as much whatever the reference was off on them.
    even: f64,
    /// Whether it is judged on all hours, not only on the next ones.
    whole: bool,
    /// One for each model.
    said: Vec<Option<Vec<f64>>>,
}

/// The share of each model in each group of hours ahead, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights(Vec<[f64; GROUPS.len()]>);

/// What a model and the reference lost, in sums.
#[derive(Clone, Copy, Default)]
struct Tally {
    own: f64,
    reference: f64,
}

/// The mean of logarithms of what a model lost beside the reference: a moment of wild days
/// says as much of it as one of calm days.
#[derive(Clone, Copy, Default)]
struct Beside {
    sum: f64,
    weight: f64,
}

/// The losses of a model. Further ahead than the next hours both count: sums say what peaks
/// cost, and moments, one by one, what it is as a rule.
#[derive(Clone, Copy, Default)]
struct Tallies {
    /// Whether it was replayed in full, and on the next hours alone.
    tried: bool,
    tried_short: bool,
    /// Over all hours of whole replays.
    whole: Tally,
    whole_beside: Beside,
    /// By group.
    groups: [Tally; GROUPS.len()],
    beside: [Beside; GROUPS.len()],
}

/// What was off in one replay, over all hours and by group: sums, and hours.
#[derive(Clone, Copy, Default)]
struct Off {
    whole: (f64, f64),
    groups: [(f64, f64); GROUPS.len()],
}

impl<'a> Trials<'a> {
    /// Replays a series for as many hours ahead as are asked for, a week at least, beside what
    /// `came`. The first model is always possible.
    pub fn of(
        cycles: &'a Cycles<'a>,
        came: &'a [f64],
        models: &'a [&'a dyn Model],
        ahead: usize,
    ) -> Self {
        let values = cycles.values();
        let ahead = ahead.max(WEEK);
        let end = values.len();
        let known = |known: &usize| cycles.known(0, *known) > 0;
        let whole = (1..=MOMENTS).map_while(|day| end.checked_sub(day * DAY));
        let least = if end >= 2 * USUAL { USUAL } else { LEAST };
        let whole = whole.filter(|known| *known >= least).filter(known);
        let whole = whole.map(|known| (known, ahead));
        let short = (1..=BETWEEN / EVERY).map_while(|turn| end.checked_sub(turn * EVERY));
        let short = short.filter(|known| !(end - known).is_multiple_of(DAY) && *known >= least);
        let short = short.filter(known).map(|known| (known, SHORT));
        let replay = |(known, most): (usize, usize)| {
            let hours = most.min(end - known);
            let past = Past::new(cycles, known);
            let days = len_f64(end - known) / len_f64(DAY);
            let whole = most > SHORT;
            let hour = if whole { 1.0 } else { OTHER_HOUR };
            let weight = DAY_KEEPS.powf(days - 1.0) * hour;
            Replay {
                known,
                weight,
                even: weight,
                whole,
                said: models.iter().map(|it| it.ahead(&past, hours)).collect(),
            }
        };
        let mut trials = Self {
            values,
            came,
            models,
            replays: whole.chain(short).map(replay).collect(),
        };
        trials.level();
        trials
    }

    /// Makes days count for about the same, whatever the reference was off on them.
    fn level(&mut self) {
        let (values, mut sum, mut all) = (self.values, 0.0, 0.0);
        let whole = self.replays.iter_mut().filter(|it| it.whole);
        let off = |it: &Replay| Some(mean(it.off(0, values)?.whole)).filter(|it| it.is_finite());
        let mut whole: Vec<(&mut Replay, f64)> = whole
            .filter_map(|it| off(it).map(|off| (it, off)))
            .collect();
        for (replay, off) in &whole {
            sum += replay.weight * off;
            all += replay.weight;
        }
        let usual: f64 = sum / all;
        for (replay, off) in &mut whole {
            if usual > 0.0 {
                replay.even *= usual * (1.0 + USUALLY_OFF) / (*off + USUALLY_OFF * usual);
            }
        }
    }

    /// Moments that were replayed in full.
    pub fn moments(&self) -> usize {
        self.replays.iter().filter(|it| it.whole).count()
    }

    /// The mix that would have been best, as far as that is no luck.
    pub fn weights(&self) -> Weights {
        let reference: Vec<Option<Off>> = self
            .replays
            .iter()
            .map(|it| it.off(0, self.values))
            .collect();
        let usual = self.usual(&reference);
        let models = 0..self.models.len();
        let tallies = models.map(|model| self.tallies(model, &reference, &usual));
        let tallies: Vec<Tallies> = tallies.collect();
        let (whole, all) = (self.weighed(|it| it.whole), self.weighed(|_| true));
        let first = &tallies[0];
        let tiny = 1e-9 * (first.whole.own / whole).max(f64::MIN_POSITIVE);
        let ratios = tallies.iter().map(|own| {
            let prior = DOUBT * first.whole.own / whole;
            let over_all = own.whole.ratio(UNPROVEN, prior + tiny);
            let as_a_rule = own.whole_beside.ratio(UNPROVEN, DOUBT_OF_MOMENTS);
            let mut ratios = [f64::INFINITY; GROUPS.len()];
            for (group, ratio) in ratios.iter_mut().enumerate() {
                let short = is_short(group);
                if short && !own.tried_short {
                    continue;
                }
                let (doubt, replays) = if short {
                    (DOUBT_OF_SHORT, all)
                } else {
                    (DOUBT_OF_GROUP, whole)
                };
                let prior = doubt * first.groups[group].own / replays;
                let sums = own.groups[group].ratio(over_all, prior + tiny);
                *ratio = if short {
                    sums
                } else {
                    (sums * own.beside[group].ratio(as_a_rule, DOUBT_OF_GROUP)).sqrt()
                };
            }
            ratios
        });
        let mut weights = Weights::of(&ratios.collect::<Vec<_>>());
        let untried: Vec<bool> = tallies.iter().map(|it| !it.tried).collect();
        weights.share(&untried);
        weights
    }

    /// What replays weigh together.
    fn weighed(&self, which: impl Fn(&Replay) -> bool) -> f64 {
        let weights = self.replays.iter().filter(|it| which(it));
        let weight: f64 = weights.map(|it| it.even).sum();
        weight.max(f64::MIN_POSITIVE)
    }

    /// What the reference is off in the mean of its replays, an hour of each.
    fn usual(&self, reference: &[Option<Off>]) -> Off {
        let mut usual = Off::default();
        let all = self.replays.iter().zip(reference).filter(|it| it.0.whole);
        for (replay, off) in all.filter_map(|(replay, off)| Some((replay, off.as_ref()?))) {
            let add = |usual: &mut (f64, f64), off: (f64, f64)| {
                if off.1 > 0.0 {
                    usual.0 += replay.weight * mean(off);
                    usual.1 += replay.weight;
                }
            };
            add(&mut usual.whole, off.whole);
            for (usual, off) in usual.groups.iter_mut().zip(off.groups) {
                add(usual, off);
            }
        }
        usual
    }

    fn tallies(&self, model: usize, reference: &[Option<Off>], usual: &Off) -> Tallies {
        let mut tallies = Tallies::default();
        for (replay, reference) in self.replays.iter().zip(reference) {
            let (Some(own), Some(reference)) = (replay.off(model, self.values), reference) else {
                continue;
            };
            tallies.tried |= replay.whole;
            tallies.tried_short |= !replay.whole;
            let (even, weight) = (replay.even, replay.weight);
            if replay.whole {
                let (own, reference) = (own.whole, reference.whole);
                tallies.whole.add(even * own.0, even * reference.0);
                let beside = &mut tallies.whole_beside;
                beside.add(weight, own, reference, usual.whole);
            }
            for group in 0..GROUPS.len() {
                let (own, reference) = (own.groups[group], reference.groups[group]);
                tallies.groups[group].add(even * own.0, even * reference.0);
                if !is_short(group) {
                    tallies.beside[group].add(weight, own, reference, usual.groups[group]);
                }
            }
        }
        tallies
    }

    /// What each moment would have got by a mix: beside it what came, hour by hour.
    pub(super) fn replayed(&self, weights: &Weights) -> Vec<Vec<(f64, f64)>> {
        let whole = self.replays.iter().filter(|it| it.whole);
        let replayed = whole.map(|replay| {
            let mixed = weights.mix(&replay.said);
            let was = self.came[replay.known..].iter().copied();
            mixed.into_iter().zip(was).collect()
        });
        replayed.collect()
    }

    /// The place of the first hour of each.
    pub(super) fn begins(&self) -> Vec<usize> {
        let whole = self.replays.iter().filter(|it| it.whole);
        whole.map(|it| it.known).collect()
    }

    /// What each moment would have got by one model alone, where it could say something.
    pub(super) fn replayed_by(&self, model: usize) -> Vec<Vec<(f64, f64)>> {
        let whole = self.replays.iter().filter(|it| it.whole);
        let replayed = whole.filter_map(|replay| {
            let said = replay.said[model].as_ref()?;
            let was = self.came[replay.known..].iter().copied();
            Some(said.iter().copied().zip(was).collect())
        });
        replayed.collect()
    }
}

impl Replay {
    /// What a model was off; `None` where it said nothing. Losses are what was off, so that a
    /// peak of one evening counts for what it is; of the next hours the root of it, as one that
    /// nobody could know is not to decide.
    fn off(&self, model: usize, values: &[f64]) -> Option<Off> {
        let said = self.said[model].as_ref()?;
        let mut all = Off::default();
        for (hour, (said, was)) in said.iter().zip(&values[self.known..]).enumerate() {
            if !was.is_finite() {
                continue;
            }
            let (off, group) = ((said - was).abs(), group(hour));
            let loss = if is_short(group) { off.sqrt() } else { off };
            for (sum, off) in [(&mut all.whole, off), (&mut all.groups[group], loss)] {
                *sum = (sum.0 + off, sum.1 + 1.0);
            }
        }
        Some(all)
    }
}

/// Of a sum and how many it is of; `NaN` of none.
fn mean((sum, count): (f64, f64)) -> f64 {
    sum / count
}

impl Tally {
    fn add(&mut self, own: f64, reference: f64) {
        self.own += own;
        self.reference += reference;
    }

    /// Of the losses, after some of the reference in which the ratio was another.
    fn ratio(self, before: f64, prior: f64) -> f64 {
        (self.own + prior * before) / (self.reference + prior)
    }
}

impl Beside {
    /// Adds sums of one moment, and how many hours they are of. `usual` is what the reference
    /// is off as a rule.
    fn add(&mut self, weight: f64, own: (f64, f64), reference: (f64, f64), usual: (f64, f64)) {
        let some = (USUALLY_OFF * mean(usual)).max(f64::MIN_POSITIVE);
        if own.1 > 0.0 {
            let ratio = (mean(own) + some) / (mean(reference) + some);
            self.sum += weight * ratio.ln();
            self.weight += weight;
        }
    }

    /// Of the losses, after some replays in which the ratio was another.
    fn ratio(self, before: f64, doubt: f64) -> f64 {
        ((self.sum + doubt * before.ln()) / (self.weight + doubt)).exp()
    }
}

impl Weights {
    /// By the losses of each model as a share of those of the reference.
    fn of(ratios: &[[f64; GROUPS.len()]]) -> Self {
        let mut weights = vec![[0.0; GROUPS.len()]; ratios.len()];
        for group in 0..GROUPS.len() {
            let best = ratios
                .iter()
                .map(|it| it[group])
                .fold(f64::INFINITY, f64::min);
            let preference = if is_short(group) {
                PREFERENCE_SHORT
            } else {
                PREFERENCE
            };
            for (weight, ratio) in weights.iter_mut().zip(ratios) {
                let share = (best / ratio[group]).powi(preference);
                weight[group] = if share >= LEAST_SHARE { share } else { 0.0 };
            }
        }
        Self(weights)
    }

    /// Of models that were never tried each further one adds less: together they count for
    /// the root of how many they are.
    fn share(&mut self, untried: &[bool]) {
        let count = untried.iter().filter(|it| **it).count();
        let by = len_f64(count.max(1)).sqrt();
        let own = self.0.iter_mut().zip(untried).filter(|it| *it.1);
        for (weights, _) in own {
            let near = weights.iter_mut().zip(GROUPS);
            for (weight, _) in near.filter(|(_, end)| *end <= UNTRIED) {
                *weight /= by;
            }
        }
    }

    /// The share of each model over so many hours ahead, those that can say nothing left out.
    pub(super) fn shares(&self, said: &[Option<Vec<f64>>], ahead: usize) -> Vec<f64> {
        let mut shares = vec![0.0; self.0.len()];
        for hour in 0..ahead {
            let of = |(weights, said): (&[f64; GROUPS.len()], &Option<Vec<f64>>)| {
                said.as_ref().map_or(0.0, |_| weights[group(hour)])
            };
            let weights: Vec<f64> = self.0.iter().zip(said).map(of).collect();
            let all: f64 = weights.iter().sum();
            for (share, weight) in shares.iter_mut().zip(weights) {
                *share += weight / all.max(f64::MIN_POSITIVE) / len_f64(ahead);
            }
        }
        shares
    }

    /// The middle of what models say, hour by hour: of the next hours the weighted median, as
    /// there one of them is often right.
    pub(super) fn mix(&self, said: &[Option<Vec<f64>>]) -> Vec<f64> {
        let hours = said.iter().flatten().map(Vec::len).min().unwrap_or(0);
        let mut of_hour: Vec<(f64, f64)> = Vec::with_capacity(said.len());
        let mix = |hour: usize| {
            let group = group(hour);
            of_hour.clear();
            let values = self.0.iter().zip(said).filter_map(|(weights, said)| {
                let weight = weights[group];
                Some((said.as_ref()?[hour], weight)).filter(|_| weight > 0.0)
            });
            of_hour.extend(values);
            if of_hour.is_empty() {
                // None of those in the mix can speak: the reference always can.
                return said[0].as_ref().map_or(f64::NAN, |it| it[hour]);
            }
            if is_short(group) {
                middle(&mut of_hour)
            } else {
                core(&mut of_hour)
            }
        };
        (0..hours).map(mix).collect()
    }
}

/// The value at which half of the weight is reached.
fn middle(values: &mut [(f64, f64)]) -> f64 {
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let half = values.iter().map(|it| it.1).sum::<f64>() / 2.0;
    let mut sum = 0.0;
    for (value, weight) in values.iter() {
        sum += weight;
        if sum >= half {
            return *value;
        }
    }
    values.last().map_or(f64::NAN, |it| it.0)
}

/// The mean of values without the shares of the weight that are left out at both ends.
fn core(values: &mut [(f64, f64)]) -> f64 {
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let all: f64 = values.iter().map(|it| it.1).sum();
    let (from, until) = (LEFT_OUT * all, (1.0 - LEFT_OUT) * all);
    let (mut begin, mut sum, mut inside) = (0.0, 0.0, 0.0);
    for (value, weight) in values.iter() {
        let end = begin + weight;
        let part = (f64::min(end, until) - f64::max(begin, from)).max(0.0);
        sum += part * value;
        inside += part;
        begin = end;
    }
    sum / inside
}

/// The group of an hour ahead, from 0 on.
fn group(hour: usize) -> usize {
    GROUPS.partition_point(|end| *end <= hour)
}

/// Whether all hours of a group are judged at every moment.
fn is_short(group: usize) -> bool {
    GROUPS[group] <= SHORT
}
