//! What programs keep beside each other over time: of what they do in the hours in which
//! others do something too, and of the rest everything.

use std::collections::{BTreeMap, BTreeSet};

use super::share::{BEST, FITTED, Kept, Load, Model, NOISE, WORST};
use super::trace::{Slot, Trace};
use crate::units::{count_from, len_f64, wilson};

/// What is known of one program alone over time.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) trace: &'a Trace,
    /// By how much it may be fuller or less full than its trace says.
    pub(super) doubt: f64,
}

/// What was seen of several programs at the same time.
pub(super) struct Joint {
    /// What each keeps.
    pub(super) kept: Vec<Kept>,
    /// Slots in which all of them are known.
    pub(super) slots: usize,
    /// The 95th percentile of how often anything of them runs, added up, where several do;
    /// above 1 where they want more time than there is.
    pub(super) peak: f64,
}

/// Above this share of the time a program works.
const WORKS: f64 = 0.02;
/// Levels of business and of fullness that are told apart, so that none is worked out twice.
const LEVELS: f64 = 50.0;
const FILLS: f64 = 100.0;
/// Nine of ten are between the bounds: the 95th percentile of the normal distribution.
const Z: f64 = 1.645;

/// The value, and the worst and the best that it may be.
const MODELS: [Model; 3] = [FITTED, WORST, BEST];

/// Sums of one program over slots.
#[derive(Default, Clone)]
struct Sum {
    /// What it does, in slots of a device's time; and of that what it keeps, by model.
    work: f64,
    kept: [f64; 3],
    /// The same beside others that work, and what it loses of it.
    met: f64,
    lost: [f64; 3],
    /// Slots in which it works, what it does in them, and how full the device is.
    works: f64,
    busy: f64,
    full: f64,
    hours: BTreeSet<u32>,
}

/// `None` where there is no slot in which all are known.
pub(super) fn joint(all: &[Known<'_>]) -> Option<Joint> {
    let from = all.iter().map(|it| it.trace.slots().start).max()?;
    let to = all.iter().map(|it| it.trace.slots().end).min()?;
    let mut sums = vec![Sum::default(); all.len()];
    let mut rates: BTreeMap<Vec<(u8, u8)>, [Vec<f64>; 3]> = BTreeMap::new();
    let mut wanted: Vec<f64> = Vec::new();
    let mut at: Vec<Slot> = Vec::with_capacity(all.len());
    for slot in from..to {
        at.clear();
        at.extend(all.iter().filter_map(|it| it.trace.at(slot)));
        if at.len() < all.len() {
            continue;
        }
        let working = at.iter().filter(|it| worst_busy(**it) > WORKS).count();
        let all_want = at.iter().map(|it| worst_busy(*it)).sum();
        wanted.push(if working > 1 { all_want } else { 0.0 });
        if working == 0 {
            continue;
        }
        let kept = (working > 1).then(|| {
            let key = at.iter().map(|it| level(*it)).collect();
            &*rates
                .entry(key)
                .or_insert_with_key(|key| of_levels(key, all))
        });
        for (place, (sum, slot_of)) in sums.iter_mut().zip(&at).enumerate() {
            let of = |model: usize| kept.map_or(1.0, |it| it[model][place]);
            sum.add(*slot_of, [of(0), of(1), of(2)], working > 1);
            if worst_busy(*slot_of) > WORKS {
                sum.hours.insert(all[place].trace.hour(slot));
            }
        }
    }
    let slots = wanted.len();
    wanted.sort_unstable_by(f64::total_cmp);
    let place = usize::try_from(count_from(len_f64(slots.checked_sub(1)?) * 0.95)).ok()?;
    Some(Joint {
        kept: kept(&sums, all),
        slots,
        peak: wanted[place],
    })
}

impl Sum {
    fn add(&mut self, slot: Slot, kept: [f64; 3], beside: bool) {
        let work = slot.busy.unwrap_or(slot.full);
        let works = worst_busy(slot) > WORKS;
        self.work += work;
        if works {
            self.works += 1.0;
            self.busy += worst_busy(slot);
            self.full += slot.full;
        }
        for (sum, kept) in self.kept.iter_mut().zip(kept) {
            *sum += work * kept;
        }
        if works && beside {
            self.met += work;
            for (sum, kept) in self.lost.iter_mut().zip(kept) {
                *sum += work * (1.0 - kept);
            }
        }
    }
}

/// Where it is not known how often anything ran, it may have been all the time.
fn worst_busy(slot: Slot) -> f64 {
    let some = if slot.full > 0.0 { 1.0 } else { 0.0 };
    slot.busy.unwrap_or(some)
}

/// What stands for a level of business that is not known.
const ANY: u8 = u8::MAX;

fn level(slot: Slot) -> (u8, u8) {
    let step = |share: f64, steps: f64| u8::try_from(count_from(share * steps)).unwrap_or(ANY);
    let busy = slot.busy.map_or(ANY, |busy| step(busy, LEVELS));
    (busy, step(slot.full, FILLS))
}

/// What each keeps at these levels, by each of the models.
fn of_levels(levels: &[(u8, u8)], all: &[Known<'_>]) -> [Vec<f64>; 3] {
    let each = |place: usize| {
        let load = |known: &Known<'_>, (busy, full): (u8, u8)| {
            let full = f64::from(full) / FILLS;
            let most = if full > 0.0 { 1.0 } else { 0.0 };
            // The best is by the least that may be, the others by the most of business.
            let (doubt, unknown) = match place {
                0 => (0.0, most),
                1 => (known.doubt, most),
                _ => (-known.doubt, full),
            };
            let busy = if busy == ANY {
                unknown
            } else {
                f64::from(busy) / LEVELS
            };
            let fuller = (full + doubt).clamp(0.0, 1.0);
            Load {
                busy,
                full: fuller.min(busy.max(full)),
            }
        };
        let loads: Vec<Load> = all.iter().zip(levels).map(|(a, b)| load(a, *b)).collect();
        MODELS[place].rates(&loads)
    };
    [each(0), each(1), each(2)]
}

/// What is kept of all work, between what few hours in which they met leave open.
fn kept(sums: &[Sum], all: &[Known<'_>]) -> Vec<Kept> {
    let usual = usual(sums, all);
    let each = sums.iter().enumerate().map(|(place, sum)| {
        let value = if sum.work > 0.0 {
            sum.kept[0] / sum.work
        } else {
            1.0
        };
        // Of its work beside others, and what it loses there.
        let met = if sum.work > 0.0 {
            sum.met / sum.work
        } else {
            0.0
        };
        let loss = |model: usize| {
            if sum.met > 0.0 {
                sum.lost[model] / sum.met
            } else {
                1.0 - usual[model][place]
            }
        };
        let (rarely, often) = wilson(met.min(1.0), len_f64(sum.hours.len().max(1)), Z);
        let low = 1.0 - often * loss(1) - NOISE;
        let high = 1.0 - rarely * loss(2) + NOISE;
        Kept {
            value,
            low: low.min(value - NOISE).max(0.0),
            high: high.max(value + NOISE).min(1.0),
        }
    });
    each.collect()
}

/// What each would keep if all worked at once as each does when it works.
fn usual(sums: &[Sum], all: &[Known<'_>]) -> [Vec<f64>; 3] {
    let levels = sums.iter().map(|sum| {
        let count = sum.works.max(1.0);
        level(Slot {
            busy: Some((sum.busy / count).min(1.0)),
            full: (sum.full / count).min(1.0),
        })
    });
    of_levels(&levels.collect::<Vec<_>>(), all)
}

#[cfg(test)]
mod tests {
    use super::super::trace::Sums;
    use super::*;
    use crate::units::single;

    /// Slots of five minutes over days; what is done in each.
    fn trace(days: u32, does: impl Fn(u32) -> Option<(f64, f64)>) -> Trace {
        let mut sums = Sums::default();
        for slot in 0..days * 288 {
            if let Some((busy, full)) = does(slot) {
                sums.add(slot, single(busy), single(full));
            }
        }
        sums.trace(12)
    }

    fn of(traces: &[&Trace]) -> Vec<Kept> {
        let known: Vec<Known<'_>> = traces
            .iter()
            .map(|trace| Known { trace, doubt: 0.0 })
            .collect();
        joint(&known).unwrap().kept
    }

    /// Full from one hour of the day to another.
    fn between(days: u32, from: u32, to: u32) -> Trace {
        trace(days, move |slot| {
            let on = (from * 12..to * 12).contains(&(slot % 288));
            Some(if on { (0.99, 0.9) } else { (0.0, 0.0) })
        })
    }

    #[test]
    fn what_works_at_the_same_hours_loses_and_what_does_not_keeps_all() {
        let (day, again, night) = (between(7, 9, 12), between(7, 9, 12), between(7, 21, 24));
        for it in of(&[&day, &again]) {
            assert!((it.value - 0.5).abs() < 0.05, "{it:?}");
        }
        for it in of(&[&day, &night]) {
            assert!(it.value > 0.999, "{it:?}");
        }
        // One day tells less of whether they ever meet than three weeks.
        let low = |days: u32| of(&[&between(days, 9, 12), &between(days, 21, 24)])[0].low;
        assert!(low(1) < 0.8 && low(21) > 0.85, "{} {}", low(1), low(21));
    }

    #[test]
    fn business_that_is_not_known_is_taken_at_its_worst() {
        let known = trace(1, |_| Some((0.1, 0.1)));
        let mut sums = Sums::default();
        (0..288).for_each(|slot| sums.add(slot, f32::NAN, 0.1));
        let blind = sums.trace(12);
        let (seen, unseen) = (of(&[&known, &known]), of(&[&blind, &blind]));
        assert!(seen[0].value > unseen[0].value && unseen[0].value < 0.6);
        assert!(unseen[0].high > 0.9, "{unseen:?}");
    }

    #[test]
    fn steady_programs_keep_what_they_keep_at_their_mean() {
        let (a, b) = (
            trace(3, |_| Some((0.3, 0.2))),
            trace(3, |_| Some((0.5, 0.3))),
        );
        let load = |busy: f64, full: f64| Load { busy, full };
        let rates = FITTED.rates(&[load(0.3, 0.2), load(0.5, 0.3)]);
        for (it, rate) in of(&[&a, &b]).iter().zip(rates) {
            assert!((it.value - rate).abs() < 0.01, "{it:?} {rate}");
            assert!(it.low <= it.value && it.value <= it.high);
        }
    }

    #[test]
    fn what_was_never_seen_together_is_not_known() {
        let (early, late) = (
            trace(2, |slot| (slot < 288).then_some((0.1, 0.1))),
            trace(2, |slot| (slot >= 288).then_some((0.1, 0.1))),
        );
        let known = [&early, &late].map(|trace| Known { trace, doubt: 0.0 });
        assert!(joint(&known).is_none());
    }
}
