//! One autoscaler on its way through the past.

use std::array;

use super::fleet::Fleet;
use super::hpa::{Hpa, Metrics};
use super::line::{Line, OLD};
use super::play::{Floors, Stage, Tally};

/// Floors are looked up every other step (KEDA's `pollingInterval` of 30 s).
const POLL: i64 = 30;

/// Seconds of a level of a schedule.
const LEVEL: usize = 300;

/// An autoscaler, and the pods that it has.
pub(super) struct Playing<'a> {
    stage: &'a Stage<'a>,
    hpa: Hpa,
    /// The least that it was given.
    least: u32,
    fleet: Fleet<'a>,
    /// Cores of the last looks, and pods that were ready at each, the oldest first.
    seen: [(f64, u32); OLD],
    tally: Tally,
}

/// What a schedule asks for while a slot lasts.
#[derive(Clone, Copy)]
struct Asked<'a> {
    floors: Option<&'a Floors>,
    /// The local minute of the week that the slot begins at.
    minute: u32,
}

impl<'a> Playing<'a> {
    /// Plays all of the past, with a floor of `floors` on each day, where there is one.
    pub(super) fn all<'b>(
        stage: &'a Stage<'a>,
        hpa: Hpa,
        floors: impl Fn(i64) -> Option<&'b Floors>,
    ) -> Tally {
        // Most of the time nothing changes, and a slot is as good as each look in it.
        Self::each(stage, hpa, floors, |playing, slot, asked| {
            if !playing.stays(slot, asked) {
                playing.looks(slot, asked);
            }
        })
    }

    /// The same, where it is told how a slot is played.
    fn each<'b>(
        stage: &'a Stage<'a>,
        hpa: Hpa,
        floors: impl Fn(i64) -> Option<&'b Floors>,
        mut slot_of: impl FnMut(&mut Self, usize, Asked<'_>),
    ) -> Tally {
        let mut playing = Self {
            stage,
            least: hpa.min,
            fleet: Fleet::of(stage.start.clamp(1, hpa.max), stage.lead),
            seen: [(f64::NAN, 0); OLD],
            tally: Tally::default(),
            hpa,
        };
        let (mut day, mut of_day) = (i64::MIN, None);
        for slot in stage.history.first()..stage.history.cores.len() {
            let (today, minute) = stage.local[slot];
            if today != day {
                (day, of_day) = (today, floors(today));
            }
            let floors = of_day;
            slot_of(&mut playing, slot, Asked { floors, minute });
        }
        playing.tally
    }

    /// One slot, look by look.
    fn looks(&mut self, slot: usize, asked: Asked<'_>) {
        let (stage, line) = (self.stage, &self.stage.line);
        let begin = stage.history.second(slot);
        for (look, offset) in line.offsets() {
            let now = begin + offset;
            let cores = line.at(slot, look);
            let ready = self.fleet.ready(now);
            if cores.is_finite() && stage.history.sampled[slot] {
                let seconds = line.seconds(offset);
                self.known(seconds);
                if cores > stage.holds(ready) {
                    self.tally.short(seconds, stage.local[slot], stage);
                }
            }
            let floor = self.told(asked.floors, asked.at(offset));
            let (old, ready_then) = self.seen[0];
            self.seen = [self.seen[1], self.seen[2], (cores, ready)];
            let old_is_known = f64::is_finite(old) && ready_then > 0;
            let is_told = floor.is_some() || self.fleet.size() < self.hpa.min;
            if !old_is_known && self.hpa.target.is_some() && !is_told {
                continue;
            }
            let mut metrics = Metrics {
                floor,
                ..Metrics::default()
            };
            if old_is_known {
                let counted = self.fleet.measured(now);
                metrics.ready = counted;
                metrics.unready = self.fleet.size() - counted;
                // Samples are as old for all: what came since did nothing then.
                metrics.used = stage.each(old, ready_then) * f64::from(counted.min(ready_then));
            }
            let size = self.fleet.size();
            let wanted = self.hpa.sync(now, size, &metrics);
            if wanted != size {
                self.tally.changes += 1;
                self.fleet.scale(now, wanted);
            }
            self.tally.most = self.tally.most.max(self.fleet.size());
        }
    }

    /// One slot at once, where nothing changes in it: all pods are ready all the time, and
    /// whatever the autoscaler sees it leaves them as they are. Otherwise nothing is done.
    fn stays(&mut self, slot: usize, asked: Asked<'_>) -> bool {
        let (stage, line) = (self.stage, &self.stage.line);
        let within = line.within(slot);
        let begin = stage.history.second(slot);
        let size = self.fleet.ready(begin);
        let is_known = within.used.0.is_finite() && within.seen.0.is_finite();
        let is_one = self.seen.iter().all(|it| it.1 == size);
        if !is_known || !is_one || size != self.fleet.size() || size != self.fleet.measured(begin) {
            return false;
        }
        if !asked.is_one(line) {
            return false;
        }
        let floor = self.told(asked.floors, asked.at(0));
        let metrics = |seen: f64| Metrics {
            ready: size,
            used: stage.each(seen, size) * f64::from(size),
            unready: 0,
            floor,
        };
        let (least, most) = (metrics(within.seen.0), metrics(within.seen.1));
        let seen = line.offsets();
        let seen = seen.map(|(look, it)| (begin + it, metrics(line.seen(slot, look))));
        let last = begin + line.last();
        if !self.hpa.stays(size, (&least, &most), last, seen) {
            return false;
        }
        self.tally.most = self.tally.most.max(size);
        if stage.history.sampled[slot] {
            self.known(line.seconds_of_slot());
            if within.used.1 > stage.holds(size) {
                self.short(slot, size);
            }
        }
        let newest = line.looks() - OLD;
        self.seen = array::from_fn(|at| (line.at(slot, newest + at), size));
        true
    }

    /// Counts what is short in a slot in which so many are ready.
    fn short(&mut self, slot: usize, ready: u32) {
        let (stage, line) = (self.stage, &self.stage.line);
        for (look, offset) in line.offsets() {
            if line.at(slot, look) > stage.holds(ready) {
                let seconds = line.seconds(offset);
                self.tally.short(seconds, stage.local[slot], stage);
            }
        }
    }

    /// What the autoscaler is told to hold; its least is set where that is how it is told.
    fn told(&mut self, floors: Option<&Floors>, level: Option<u32>) -> Option<u32> {
        let base = floors.map_or(self.least, |it| self.least.max(it.base));
        if !self.stage.by_least {
            self.hpa.min = base;
            return level;
        }
        self.hpa.min = base.max(level.unwrap_or(0)).min(self.hpa.max);
        // By CPU it goes down by itself.
        level.filter(|_| self.hpa.target.is_none())
    }

    fn known(&mut self, seconds: f64) {
        self.tally.known += seconds;
        self.tally.replicas += seconds * f64::from(self.fleet.size());
    }
}

impl Asked<'_> {
    /// What is asked for so many seconds after the slot begins.
    fn at(&self, offset: i64) -> Option<u32> {
        self.floors.map(|it| it.at(self.minute, offset))
    }

    /// Whether that is the same at all looks in the slot.
    fn is_one(&self, line: &Line) -> bool {
        let last = line.last();
        // Levels are those of five minutes.
        let mut later = (0..last).step_by(LEVEL).chain([last]);
        later.all(|it| self.at(it) == self.at(0))
    }
}

impl Floors {
    /// What is asked for at a moment, as an autoscaler that polls learns it; 0 where that is
    /// not more than the base.
    fn at(&self, minute: u32, offset: i64) -> u32 {
        let asked = (offset / POLL * POLL) / 60;
        let place = usize::try_from((i64::from(minute) + asked) / 5).unwrap_or(0);
        let level = self.levels[place % self.levels.len()];
        if level > self.base { level } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::super::history::History;
    use super::super::play::tests::{fixed, history};
    use super::*;
    use crate::snapshot::Behavior;
    use crate::units::{len_f64, single};

    /// Numbers from 0 to 1 that look like chance.
    fn chances(seed: u64) -> impl Iterator<Item = f64> {
        let mut state = seed;
        std::iter::repeat_with(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005);
            state = state.wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from(state >> 33).unwrap()) / f64::from(1_u32 << 31)
        })
    }

    /// Days of waves with so much noise, some of it not known and some of it filled.
    fn waves(seed: u64, step: u32, noise: f64) -> History {
        let per_day = usize::try_from(86_400 / step).unwrap();
        let mut chance = chances(seed);
        let cores = (0..3 * per_day).map(|slot| {
            let turn = len_f64(slot) / len_f64(per_day);
            let wave = 1.0 + 0.8 * (turn * std::f64::consts::TAU).sin();
            let noise = 1.0 + noise * (chance.next().unwrap() - 0.5);
            let is_known = chance.next().unwrap() > 0.01;
            single(if is_known {
                2.0 * wave * noise
            } else {
                f64::NAN
            })
        });
        let mut history = history(step, cores.collect());
        for sampled in &mut history.sampled {
            *sampled = chance.next().unwrap() > 0.02;
        }
        history
    }

    /// Levels of a week, a few of them above the least.
    fn levels(seed: u64, base: u32) -> Floors {
        let mut chance = chances(seed);
        let hours = (0..168).map(|_| match chance.next().unwrap() {
            it if it < 0.6 => base,
            it if it < 0.8 => base + 2,
            _ => base + 5,
        });
        let hours: Vec<u32> = hours.collect();
        Floors {
            base,
            levels: hours.iter().flat_map(|it| [*it; 12]).collect(),
        }
    }

    #[test]
    fn a_slot_at_once_is_as_look_by_look() {
        let mut at_once = 0;
        for (seed, step) in (0..).zip([300, 60, 900, 100, 30, 3_600, 15, 300]) {
            for (noise, target) in [
                (0.0, Some(0.7)),
                (0.1, Some(0.5)),
                (0.8, Some(0.8)),
                (0.4, None),
            ] {
                let history = waves(seed, step, noise);
                let line = Line::of(&history);
                let slots = 0..u32::try_from(history.cores.len()).unwrap();
                // Where local days begin in the middle of a slot too.
                let minute = |slot: u32| slot * step / 60 + 22;
                let local = slots.map(|it| (i64::from(minute(it) / 1_440), minute(it) % 10_080));
                let local: Vec<(i64, u32)> = local.collect();
                let lead = fixed(u32::try_from(seed).unwrap() % 4);
                let floors = levels(seed, 2);
                for (by_least, quick, floored) in [
                    (false, false, false),
                    (true, false, true),
                    (false, true, true),
                ] {
                    let stage = Stage {
                        history: &history,
                        line: &line,
                        local: &local,
                        lead: &lead,
                        capacity: 0.5,
                        start: 2,
                        once: &HashSet::new(),
                        special: &HashMap::new(),
                        by_least,
                    };
                    let mut behavior = Behavior::default();
                    if quick {
                        behavior.down.stabilization_seconds = 0;
                        behavior.up.stabilization_seconds = 120;
                    }
                    let hpa = || Hpa::new(1, 12, target).with(behavior.clone());
                    let of_day = |day: i64| (floored && day != 1).then_some(&floors);
                    let expected = Playing::each(&stage, hpa(), of_day, Playing::looks);
                    let told = Playing::each(&stage, hpa(), of_day, |playing, slot, asked| {
                        if playing.stays(slot, asked) {
                            at_once += 1;
                        } else {
                            playing.looks(slot, asked);
                        }
                    });
                    assert_eq!(
                        told, expected,
                        "{step} {noise} {target:?} {by_least} {quick}"
                    );
                    assert!(told.known > 0.0);
                }
            }
        }
        assert!(at_once > 50_000, "{at_once}");
    }
}
