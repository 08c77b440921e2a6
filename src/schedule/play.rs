//! Replicas played over the past: pods that start, nodes that come, and when that is short.

use std::collections::{HashMap, HashSet};

use super::history::{History, place};
use super::hpa::Hpa;
use super::lead::Lead;
use super::line::Line;
use super::month::MonthWindow;
use super::playing::Playing;
use super::{DAY, QUARTER, WEEK};
use crate::forecast::{DayOfMonth, number_in_month};
use crate::units::count_from;

/// What is played on.
pub(super) struct Stage<'a> {
    pub(super) history: &'a History,
    /// What the past is between its samples.
    pub(super) line: &'a Line,
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
    pub(super) fn short(&mut self, seconds: f64, (day, minute): (i64, u32), stage: &Stage<'_>) {
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

impl Stage<'_> {
    /// Plays an autoscaler with a floor of `floors` on each day, where there is one.
    pub(super) fn play<'b>(&self, hpa: Hpa, floors: impl Fn(i64) -> Option<&'b Floors>) -> Tally {
        Playing::all(self, hpa, floors)
    }

    /// Cores that so many replicas hold.
    pub(super) fn holds(&self, ready: u32) -> f64 {
        f64::from(ready) * self.capacity * (1.0 + 1e-9)
    }

    /// What each of so many pods uses, in requests of one.
    pub(super) fn each(&self, cores: f64, ready: u32) -> f64 {
        cores / f64::from(ready) / self.capacity
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
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::lead::Measured;
    use super::*;
    use crate::snapshot::Grid;
    use crate::units::Span;

    /// Pods that take so many minutes.
    pub(in super::super) fn fixed(minutes: u32) -> Lead {
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

    /// Two pods that used so many cores together, by slots of so many seconds.
    pub(in super::super) fn history(step: u32, cores: Vec<f32>) -> History {
        let len = cores.len();
        let none = vec![f32::NAN; len];
        History {
            grid: Grid {
                start: jiff::Timestamp::UNIX_EPOCH,
                step: Span::from_secs(step),
                len: u32::try_from(len).unwrap(),
            },
            pods: vec![2.0; len],
            containers: vec![2.0; len],
            held: vec![false; len],
            sampled: vec![true; len],
            planned: None,
            network: none.clone(),
            requests: none,
            cores,
        }
    }

    /// Pods that are ready at last had no use when the samples were taken that are seen then.
    #[test]
    fn an_autoscaler_asks_for_no_more_than_what_is_used_needs() {
        let cores: Vec<f32> = (0..48)
            .map(|slot| if slot < 12 { 0.5 } else { 4.8 })
            .collect();
        let history = history(300, cores);
        let local: Vec<(i64, u32)> = (0..48).map(|slot| (0, slot * 5)).collect();
        for start in [1, 3, 4, 7, 15] {
            let lead = fixed(start);
            let stage = Stage {
                history: &history,
                line: &Line::of(&history),
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
