//! Replicas played over the past: pods that start, nodes that come, and when that is short.

use std::collections::{HashMap, HashSet};

use super::history::{History, place};
use super::hpa::{Hpa, INITIALIZATION, Metrics, SYNC};
use super::lead::Lead;
use super::month::MonthWindow;
use super::{DAY, QUARTER, WEEK};
use crate::forecast::{DayOfMonth, number_in_month};
use crate::units::{count_from, float};

/// Metrics that an autoscaler sees are so many steps old: what a kubelet and the metrics
/// server take together is 30 to 90 seconds.
const OLD: usize = 3;

/// Seconds over which a kubelet measures use: before so long after it was ready nothing
/// counts of a pod.
const WINDOW: i64 = 30;

/// Floors are looked up every other step (KEDA's `pollingInterval` of 30 s).
const POLL: i64 = 30;

/// What is played on.
pub(super) struct Stage<'a> {
    pub(super) history: &'a History,
    /// For each slot, the day since the epoch and the minute of the week, local time.
    pub(super) local: &'a [(i64, u32)],
    pub(super) lead: &'a Lead,
    /// Cores that a replica holds.
    pub(super) capacity: f64,
    pub(super) start: u32,
    /// Local days and quarters in which came what no other day had.
    pub(super) once: &'a HashSet<(i64, usize)>,
    /// Local days that are no days like others of their week, but of their month.
    pub(super) special: &'a HashMap<i64, DayOfMonth>,
    /// Whether floors are the least of an autoscaler, which it goes to at once, and no metric
    /// of it, which it follows as fast as it may.
    pub(super) by_least: bool,
}

/// What replicas were there, and what was short.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Tally {
    /// Seconds.
    pub(super) known: f64,
    pub(super) short: f64,
    /// Of these, those in which came what no other day had.
    pub(super) once: f64,
    /// Replica-seconds.
    pub(super) replicas: f64,
    pub(super) most: u32,
    pub(super) changes: u32,
    /// For each quarter of the week the seconds short, and the days on which it was.
    pub(super) quarters: Vec<(f64, u32)>,
    /// The same for each quarter of special days of the month.
    pub(super) of_month: HashMap<(DayOfMonth, usize), (f64, u32)>,
    /// The day and the quarter that were short last.
    last: Option<(i64, usize)>,
}

impl Tally {
    fn short(&mut self, seconds: f64, (day, minute): (i64, u32), stage: &Stage<'_>) {
        self.short += seconds;
        let quarter = place(minute / QUARTER) % WEEK;
        if stage.once.contains(&(day, quarter % DAY)) {
            self.once += seconds;
            return;
        }
        self.quarters.resize(WEEK, (0.0, 0));
        let (short, days) = match stage.special.get(&day) {
            Some(of_month) => self.of_month.entry((*of_month, quarter % DAY)).or_default(),
            None => &mut self.quarters[quarter],
        };
        *short += seconds;
        if self.last.replace((day, quarter)) != Some((day, quarter)) {
            *days += 1;
        }
    }
}

/// A schedule as it stands on one day.
#[derive(Debug, Clone)]
pub(super) struct Floors {
    /// Replicas that there are at all times.
    pub(super) base: u32,
    /// Those of every five minutes of the local week.
    pub(super) levels: Vec<u32>,
}

impl Floors {
    /// The same, where others ask for replicas too: the most counts.
    pub(super) fn beside(&self, others: &Self) -> Self {
        let both = self.levels.iter().zip(&others.levels);
        Self {
            base: self.base,
            levels: both.map(|(own, other)| *own.max(other)).collect(),
        }
    }
}

/// A schedule: its weeks, and what stands on top of them on days of the month.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) floors: Floors,
    pub(super) month: Vec<MonthWindow>,
}

impl Standing {
    /// What it asks for on a local day, since 1970, where that is another than in other weeks.
    pub(super) fn special(&self, day: i64, weekday: usize) -> Option<Floors> {
        let (number, next) = (number_in_month(day), number_in_month(day + 1));
        let opens =
            |it: &MonthWindow| it.days.contains(number) || (it.is_eve && it.days.contains(next));
        if !self.month.iter().any(opens) {
            return None;
        }
        let mut floors = self.floors.clone();
        let each = 3 * DAY;
        let own = &mut floors.levels[weekday * each..(weekday + 1) * each];
        for window in &self.month {
            window.raise(own, number, next);
        }
        Some(floors)
    }
}

struct Pod {
    created: i64,
    ready: i64,
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

impl Stage<'_> {
    /// Plays an autoscaler with a floor of `levels` on each day, where there is one.
    pub(super) fn play<'b>(
        &self,
        mut hpa: Hpa,
        floors: impl Fn(i64) -> Option<&'b Floors>,
    ) -> Tally {
        let mut tally = Tally::default();
        let mut fleet = Fleet::of(self.start.clamp(1, hpa.max), self.lead);
        let step = i64::from(self.history.grid.step.as_secs().max(1));
        let mut seen = [(f64::NAN, 0); OLD];
        let (least, mut day, mut floors_of_day) = (hpa.min, i64::MIN, None);
        for slot in self.history.first()..self.history.cores.len() {
            let begin = self.history.second(slot);
            let (today, minute) = self.local[slot];
            if today != day {
                (day, floors_of_day) = (today, floors(today));
                hpa.min = floors_of_day.map_or(least, |it| least.max(it.base));
            }
            for offset in (0..step).step_by(usize::try_from(SYNC).unwrap_or(15)) {
                let now = begin + offset;
                let cores = self.cores(slot, offset, step);
                let ready = fleet.ready(now);
                if cores.is_finite() && self.history.sampled[slot] {
                    let seconds =
                        f64::from(SYNC).min(float(u64::try_from(step - offset).unwrap_or(0)));
                    tally.known += seconds;
                    tally.replicas += seconds * f64::from(fleet.size());
                    if cores > f64::from(ready) * self.capacity * (1.0 + 1e-9) {
                        tally.short(seconds, self.local[slot], self);
                    }
                }
                let mut floor = floors_of_day.map(|it| it.at(minute, offset));
                if self.by_least {
                    let base = floors_of_day.map_or(least, |it| least.max(it.base));
                    hpa.min = base.max(floor.unwrap_or(0)).min(hpa.max);
                    // By CPU it goes down by itself.
                    floor = floor.filter(|_| hpa.target.is_none());
                }
                let (old, ready_then) = seen[0];
                seen = [seen[1], seen[2], (cores, ready)];
                let old_is_known = f64::is_finite(old) && ready_then > 0;
                let is_told = floor.is_some() || fleet.size() < hpa.min;
                if !old_is_known && hpa.target.is_some() && !is_told {
                    continue;
                }
                let mut metrics = Metrics {
                    floor,
                    ..Metrics::default()
                };
                if old_is_known {
                    let counted = fleet.measured(now);
                    let each = old / f64::from(ready_then) / self.capacity;
                    metrics.ready = counted;
                    metrics.unready = fleet.size() - counted;
                    // Samples are as old for all: what came since did nothing then.
                    metrics.used = each * f64::from(counted.min(ready_then));
                }
                let (size, wanted) = (fleet.size(), hpa.sync(now, fleet.size(), &metrics));
                if wanted != size {
                    tally.changes += 1;
                    fleet.scale(now, wanted);
                }
                tally.most = tally.most.max(fleet.size());
            }
        }
        tally
    }

    /// Replicas as they were, and what each held.
    pub(super) fn was(&self, capacity: f64) -> Tally {
        self.held(capacity, |slot| f64::from(self.history.pods[slot]))
    }

    /// The same with a number of them by the day.
    pub(super) fn held(&self, capacity: f64, pods: impl Fn(usize) -> f64) -> Tally {
        let mut tally = Tally::default();
        let step = f64::from(self.history.grid.step.as_secs());
        let mut before = f64::NAN;
        for (slot, cores) in self.history.cores.iter().enumerate() {
            if !cores.is_finite() || !self.history.sampled[slot] {
                continue;
            }
            let count = pods(slot);
            tally.known += step;
            tally.replicas += step * count;
            if f64::from(*cores) > count * capacity * (1.0 + 1e-6) {
                tally.short(step, self.local[slot], self);
            }
            if before.is_finite() && (before - count).abs() > 0.5 {
                tally.changes += 1;
            }
            before = count;
            let whole = u32::try_from(count_from(count.ceil())).unwrap_or(u32::MAX);
            tally.most = tally.most.max(whole);
        }
        tally
    }

    /// Cores at a moment of a slot: on a line between the middles of slots.
    fn cores(&self, slot: usize, offset: i64, step: i64) -> f64 {
        let cores = |slot: usize| {
            self.history
                .cores
                .get(slot)
                .map_or(f64::NAN, |it| f64::from(*it))
        };
        let own = cores(slot);
        let (offset, step) = (seconds(offset) + f64::from(SYNC) / 2.0, seconds(step));
        let share = offset / step - 0.5;
        let beside = if share < 0.0 {
            slot.checked_sub(1).map_or(f64::NAN, cores)
        } else {
            cores(slot + 1)
        };
        if own.is_finite() && beside.is_finite() {
            own + (beside - own) * share.abs()
        } else {
            own
        }
    }
}

fn seconds(value: i64) -> f64 {
    float(u64::try_from(value).unwrap_or(0))
}

/// The pods of a workload.
struct Fleet<'a> {
    lead: &'a Lead,
    /// Pods that count in every respect.
    settled: u32,
    /// The others, oldest first.
    young: Vec<Pod>,
    started: usize,
}

impl<'a> Fleet<'a> {
    fn of(size: u32, lead: &'a Lead) -> Self {
        Self {
            lead,
            settled: size,
            young: Vec::new(),
            started: 0,
        }
    }

    fn size(&self) -> u32 {
        self.settled + u32::try_from(self.young.len()).unwrap_or(0)
    }

    fn ready(&mut self, now: i64) -> u32 {
        let settled = |pod: &Pod| now >= pod.ready + 120 && now >= pod.created + INITIALIZATION;
        while self.young.first().is_some_and(settled) {
            self.young.remove(0);
            self.settled += 1;
        }
        let ready = self.young.iter().filter(|pod| pod.ready <= now).count();
        self.settled + u32::try_from(ready).unwrap_or(0)
    }

    /// Pods whose use an autoscaler counts: ready for as long as it takes to measure that,
    /// or past the time in which it waits for it.
    fn measured(&self, now: i64) -> u32 {
        let old = i64::from(SYNC) * i64::try_from(OLD).unwrap_or(0);
        let counts = |pod: &&Pod| {
            let measured = now - old >= pod.ready + WINDOW;
            measured || (pod.ready <= now && now >= pod.created + INITIALIZATION)
        };
        let count = self.young.iter().filter(counts).count();
        self.settled + u32::try_from(count).unwrap_or(0)
    }

    /// Starts or ends pods: of those that end, first those that came last.
    fn scale(&mut self, now: i64, wanted: u32) {
        while self.size() > wanted {
            if self.young.pop().is_none() {
                self.settled -= 1;
            }
        }
        while self.size() < wanted {
            let starts = &self.lead.starts;
            let start = i64::from(starts[self.started % starts.len()]);
            let node = if self.lead.waits(self.size() + 1) {
                i64::from(self.lead.node.span.as_secs())
            } else {
                0
            };
            self.started += 1;
            self.young.push(Pod {
                created: now,
                ready: now + node + start,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lead::Measured;
    use super::*;
    use crate::snapshot::Grid;
    use crate::units::Span;

    fn fixed(minutes: u32) -> Lead {
        let measured = |seconds: u32| Measured {
            span: Span::from_secs(seconds),
            samples: 2,
        };
        Lead {
            pod: measured(minutes * 60),
            node: measured(0),
            room: None,
            per_node: None,
            apart: None,
            late: 0,
            starts: vec![minutes * 60],
        }
    }

    /// Pods that are ready at last had no use when the samples were taken that are seen then.
    #[test]
    fn an_autoscaler_asks_for_no_more_than_what_is_used_needs() {
        let cores: Vec<f32> = (0..48)
            .map(|slot| if slot < 12 { 0.5 } else { 4.8 })
            .collect();
        let none = vec![f32::NAN; 48];
        let history = History {
            grid: Grid {
                start: jiff::Timestamp::UNIX_EPOCH,
                step: Span::from_secs(300),
                len: 48,
            },
            pods: vec![2.0; 48],
            containers: vec![2.0; 48],
            held: vec![false; 48],
            sampled: vec![true; 48],
            planned: None,
            network: none.clone(),
            requests: none,
            cores,
        };
        let local: Vec<(i64, u32)> = (0..48).map(|slot| (0, slot * 5)).collect();
        for start in [1, 3, 4, 7, 15] {
            let lead = fixed(start);
            let stage = Stage {
                history: &history,
                local: &local,
                lead: &lead,
                capacity: 0.5,
                start: 2,
                once: &HashSet::new(),
                special: &HashMap::new(),
                by_least: false,
            };
            let tally = stage.play(Hpa::new(2, 100, Some(0.7)), |_| None);
            // 9.6 requests of one pod at 70%.
            assert_eq!(tally.most, 14, "{start}");
        }
    }
}
