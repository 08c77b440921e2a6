//! How far models would have been off at moments of the past, and the mix that follows.

use super::model::ALL;
use super::past::Past;
use super::{DAY, WEEK};
use crate::units::len_f64;

/// Moments a day apart at most, newest first: older ones say little of what is now.
const MOMENTS: usize = 28;

/// Moments between these, for the next hours alone.
const BETWEEN: usize = 56;

/// Hours from one of these to the next, and that are judged of them.
const SHORT: usize = 6;

/// Hours that must be known before a moment.
pub(super) const LEAST: usize = DAY;

/// The same where there is enough: one day says little of what models are worth later.
const USUAL: usize = 3 * DAY;

/// What a day keeps of its weight for each day that is newer.
const DAY_KEEPS: f64 = 0.95;

/// Hours ahead, by where each group ends: mixes are made for each group, as what is best for
/// the next hour is not for next week.
const GROUPS: [usize; 9] = [1, 3, 6, 12, 24, 48, 96, WEEK, usize::MAX];

/// How much a better model is preferred: the power of the ratio of errors.
const PREFERENCE: i32 = 8;

/// Replays in which all models are taken to be as good as the reference, beside those that
/// there are: luck of a few replays is no reason.
const DOUBT: f64 = 2.0;

/// Of a group, replays in which a model is taken to be as good as it is over all hours.
const DOUBT_OF_GROUP: f64 = 10.0;

/// Models with less than this share of the best take no part.
const LEAST_SHARE: f64 = 0.02;

/// A series, replayed by every model.
pub struct Trials<'a> {
    values: &'a [f64],
    replays: Vec<Replay>,
}

/// What models said at one moment.
struct Replay {
    /// Values that were known.
    known: usize,
    weight: f64,
    /// Whether it is judged on all hours, not only on the next ones.
    whole: bool,
    /// One for each of [`ALL`].
    said: Vec<Option<Vec<f64>>>,
}

/// The share of each model in each group of hours ahead, in the order of [`ALL`].
#[derive(Debug, Clone, PartialEq)]
pub struct Weights(Vec<[f64; GROUPS.len()]>);

/// Sums of what a model and the reference were off, by group.
#[derive(Clone, Copy, Default)]
struct Tally {
    own: [f64; GROUPS.len()],
    reference: [f64; GROUPS.len()],
}

impl<'a> Trials<'a> {
    /// Replays `values`, of which the first is of the local hour `first`, for as many hours
    /// ahead as are asked for, a week at least.
    pub fn of(values: &'a [f64], first: i64, ahead: usize) -> Self {
        let ahead = ahead.max(WEEK);
        let end = values.len();
        let known = |known: &usize| values[..*known].iter().any(|it| it.is_finite());
        let whole = (1..=MOMENTS).map_while(|day| end.checked_sub(day * DAY));
        let least = if end >= 2 * USUAL { USUAL } else { LEAST };
        let whole = whole.filter(|known| *known >= least).filter(known);
        let whole = whole.map(|known| (known, ahead));
        let short = (1..=BETWEEN).map_while(|turn| end.checked_sub(turn * SHORT));
        let short = short.filter(|known| !(end - known).is_multiple_of(DAY) && *known >= least);
        let short = short.filter(known).map(|known| (known, SHORT));
        let replay = |(known, most): (usize, usize)| {
            let hours = most.min(end - known);
            let past = Past::new(&values[..known], first);
            let days = len_f64(end - known) / len_f64(DAY);
            Replay {
                known,
                weight: DAY_KEEPS.powf(days - 1.0),
                whole: most > SHORT,
                said: ALL.iter().map(|it| it.ahead(&past, hours)).collect(),
            }
        };
        Self {
            values,
            replays: whole.chain(short).map(replay).collect(),
        }
    }

    /// Moments that were replayed in full.
    pub fn moments(&self) -> usize {
        self.replays.iter().filter(|it| it.whole).count()
    }

    /// The mix that would have been best, as far as that is no luck.
    pub fn weights(&self) -> Weights {
        let tallies: Vec<Tally> = (0..ALL.len()).map(|model| self.tally(model)).collect();
        let all = tallies[0];
        let moments = len_f64(self.moments().max(1));
        let usual = all.own.iter().sum::<f64>() / moments;
        let tiny = 1e-9 * usual.max(f64::MIN_POSITIVE);
        let ratios = tallies.iter().map(|tally| {
            let (own, reference) = (
                tally.own.iter().sum::<f64>(),
                tally.reference.iter().sum::<f64>(),
            );
            let over_all = (own + DOUBT * usual + tiny) / (reference + DOUBT * usual + tiny);
            let mut ratios = [over_all; GROUPS.len()];
            for (group, ratio) in ratios.iter_mut().enumerate() {
                let prior = DOUBT_OF_GROUP * all.own[group] / moments;
                let own = tally.own[group] + prior * over_all + tiny * over_all;
                *ratio = own / (tally.reference[group] + prior + tiny);
            }
            ratios
        });
        Weights::of(&ratios.collect::<Vec<_>>())
    }

    fn tally(&self, model: usize) -> Tally {
        let mut tally = Tally::default();
        for replay in &self.replays {
            let (Some(own), Some(reference)) = (&replay.said[model], &replay.said[0]) else {
                continue;
            };
            let was = &self.values[replay.known..];
            for (hour, ((own, reference), was)) in own.iter().zip(reference).zip(was).enumerate() {
                if was.is_finite() {
                    let group = group(hour);
                    tally.own[group] += replay.weight * (own - was).abs();
                    tally.reference[group] += replay.weight * (reference - was).abs();
                }
            }
        }
        tally
    }

    /// What each moment would have got by a mix: beside it what came, hour by hour.
    pub(super) fn replayed(&self, weights: &Weights) -> Vec<Vec<(f64, f64)>> {
        let whole = self.replays.iter().filter(|it| it.whole);
        let replayed = whole.map(|replay| {
            let mixed = weights.mix(&replay.said);
            let was = self.values[replay.known..].iter().copied();
            mixed.into_iter().zip(was).collect()
        });
        replayed.collect()
    }

    /// What each moment would have got by one model alone, where it could say something.
    pub(super) fn replayed_by(&self, model: usize) -> Vec<Vec<(f64, f64)>> {
        let whole = self.replays.iter().filter(|it| it.whole);
        let replayed = whole.filter_map(|replay| {
            let said = replay.said[model].as_ref()?;
            let was = self.values[replay.known..].iter().copied();
            Some(said.iter().copied().zip(was).collect())
        });
        replayed.collect()
    }
}

impl Weights {
    /// By the errors of each model as a share of those of the reference.
    fn of(ratios: &[[f64; GROUPS.len()]]) -> Self {
        let mut weights = vec![[0.0; GROUPS.len()]; ratios.len()];
        for group in 0..GROUPS.len() {
            let best = ratios
                .iter()
                .map(|it| it[group])
                .fold(f64::INFINITY, f64::min);
            for (weight, ratio) in weights.iter_mut().zip(ratios) {
                let share = (best / ratio[group]).powi(PREFERENCE);
                weight[group] = if share >= LEAST_SHARE { share } else { 0.0 };
            }
        }
        Self(weights)
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

    /// The weighted median of what models say, hour by hour.
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
            middle(&mut of_hour)
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

/// The group of an hour ahead, from 0 on.
fn group(hour: usize) -> usize {
    GROUPS.partition_point(|end| *end <= hour)
}
