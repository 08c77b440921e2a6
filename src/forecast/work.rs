//! What workloads do in all, hour by hour, taken while usage is at hand.

use std::collections::BTreeSet;
use std::ops::Range;

use rayon::prelude::*;

use crate::snapshot::{self, ContainerKind, Grid, Series, Snapshot, Usage, Workload};
use crate::units::{len_f64, single};

/// A stretch without a sample up to this long, in hours, is filled by what is around it.
const FILLED: usize = 2;

/// Values hour by hour; `NaN` where nothing is known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hours {
    /// The hour of the first value, counted from 1970-01-01 00:00.
    pub first: i64,
    pub values: Vec<f64>,
}

/// What one workload did in all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Work {
    /// Mean of the hour over all its pods together, in cores; `None` without a sample.
    pub cpu: Option<Hours>,
    /// The same of its working sets, in bytes.
    pub memory: Option<Hours>,
    /// Pods that ran, as a mean of the hour.
    pub replicas: Option<Hours>,
    /// Requests a second of all its pods together, where a query for them was named.
    pub requests: Option<Hours>,
}

/// Adds up hours while usage comes part by part.
pub struct Gather<'a> {
    snapshot: &'a Snapshot,
    measured: Measured,
    sums: Vec<Sums>,
}

/// Hours in which any workload has a sample: one that has none then ran no pod. In all others
/// that is not known.
pub struct Measured {
    calendar: Calendar,
    seen: Vec<bool>,
}

/// The hours of a grid.
struct Calendar {
    grid: Grid,
    /// Since the epoch.
    first: i64,
    /// For each hour the slots that begin in it; of slots that are longer the one that it is in.
    slots: Vec<Range<usize>>,
}

/// What is known of an hour of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    /// No pod was there.
    Nothing,
    /// A pod was there, without a sample.
    NotMeasured,
    Measured,
}

/// One metric of a workload, summed over its pods.
#[derive(Clone)]
struct Sum {
    total: Vec<f32>,
    known: Vec<Known>,
}

#[derive(Clone, Default)]
struct Sums {
    cpu: Option<Sum>,
    memory: Option<Sum>,
    replicas: Option<Sum>,
    requests: Option<Sum>,
}

impl<'a> Gather<'a> {
    pub fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            measured: Measured::new(&snapshot.usage.grid),
            sums: vec![Sums::default(); snapshot.workloads.len()],
        }
    }

    /// Adds the usage of some workloads.
    pub fn add(&mut self, workloads: Range<usize>, usage: &Usage) {
        let until = workloads.end.min(self.snapshot.workloads.len());
        let from = workloads.start.min(until);
        let calendar = &self.measured.calendar;
        let all = self.snapshot.workloads[from..until].par_iter().enumerate();
        let sums = all.map(|(place, workload)| {
            Sums::of(calendar, workload, &of_workload(usage, from + place))
        });
        for (place, sums) in sums.collect::<Vec<Sums>>().into_iter().enumerate() {
            self.measured.mark(&sums);
            self.sums[from + place] = sums;
        }
    }

    /// One for each workload. An hour in which the cluster was measured and a workload that
    /// was there before has no pod is 0; one in which its pods were not measured is not known.
    pub fn done(self) -> Vec<Work> {
        let Self { measured, sums, .. } = self;
        sums.iter().map(|it| measured.of(it)).collect()
    }
}

/// Workloads that are looked at together until all hours are known.
const TOGETHER: usize = 64;

impl Measured {
    /// None so far.
    pub fn new(grid: &Grid) -> Self {
        let calendar = Calendar::of(grid);
        Self {
            seen: vec![false; calendar.hours()],
            calendar,
        }
    }

    /// Looks at the usage of some workloads, as far as there are hours in which none has a
    /// sample yet.
    pub fn add(&mut self, snapshot: &Snapshot, workloads: Range<usize>, usage: &Usage) {
        let until = workloads.end.min(snapshot.workloads.len());
        let all: Vec<usize> = (workloads.start..until).collect();
        for some in all.chunks(TOGETHER) {
            if !self.seen.contains(&false) {
                return;
            }
            let sums = some.par_iter().map(|index| {
                let series = of_workload(usage, *index);
                Sums::of(&self.calendar, &snapshot.workloads[*index], &series)
            });
            for sums in sums.collect::<Vec<Sums>>() {
                self.mark(&sums);
            }
        }
    }

    /// What one workload of a snapshot did, whose usage is at hand: as [`Gather::done`] says it
    /// once all workloads were looked at.
    pub fn work(&self, snapshot: &Snapshot, index: usize, usage: &Usage) -> Work {
        let series = of_workload(usage, index);
        self.of(&Sums::of(
            &self.calendar,
            &snapshot.workloads[index],
            &series,
        ))
    }

    fn mark(&mut self, sums: &Sums) {
        if let Some(replicas) = &sums.replicas {
            for (seen, known) in self.seen.iter_mut().zip(&replicas.known) {
                *seen |= *known == Known::Measured;
            }
        }
    }

    fn of(&self, sums: &Sums) -> Work {
        let hours = |sum: &Option<Sum>| {
            let sum = sum.as_ref()?;
            Some(sum.hours(self.calendar.first, &self.seen))
        };
        Work {
            cpu: hours(&sums.cpu),
            memory: hours(&sums.memory),
            replicas: hours(&sums.replicas),
            requests: hours(&sums.requests),
        }
    }
}

fn of_workload(usage: &Usage, index: usize) -> Vec<&Series> {
    let number = u32::try_from(index).unwrap_or(u32::MAX);
    usage.of_workload(number).collect()
}

/// The first hour that no sample of a grid is in, counted from the epoch: not one that
/// the last slot merely reaches into by a sample's small delay.
pub(super) fn next_hour(grid: &Grid) -> i64 {
    let newest = grid.time(grid.len.saturating_sub(1)).as_second();
    let step = i64::from(grid.step.as_secs());
    (newest + (step - 3_600).max(0)).div_euclid(3_600) + 1
}

impl Calendar {
    fn of(grid: &Grid) -> Self {
        let start = grid.start.as_second();
        let first = start.div_euclid(3_600);
        let step = i64::from(grid.step.as_secs().max(1));
        let len = i64::from(grid.len);
        let until = if grid.len == 0 {
            first
        } else {
            next_hour(grid).max(first)
        };
        let slot = |number: i64| usize::try_from(number.clamp(0, len)).unwrap_or(0);
        let slots = (first..until).map(|hour| {
            let offset = hour * 3_600 - start;
            let begin = |offset: i64| -(-offset).div_euclid(step);
            if step > 3_600 {
                let at = slot(offset.div_euclid(step));
                at..at + 1
            } else {
                slot(begin(offset))..slot(begin(offset + 3_600))
            }
        });
        Self {
            grid: *grid,
            first,
            slots: slots.collect(),
        }
    }

    fn hours(&self) -> usize {
        self.slots.len()
    }

    /// For each hour, the share of its slots that lie within a range.
    fn shares(&self, within: &Range<usize>) -> Vec<f32> {
        let share = |slots: &Range<usize>| {
            let (from, until) = (slots.start.max(within.start), slots.end.min(within.end));
            let inside = until.saturating_sub(from);
            single(len_f64(inside) / len_f64(slots.len().max(1)))
        };
        self.slots.iter().map(share).collect()
    }

    /// Mean of what is known in each hour, of values from slot `first` on; `NaN` where
    /// nothing is.
    fn means(&self, first: usize, values: &[f32]) -> Vec<f32> {
        let mean = |slots: &Range<usize>| {
            let at = |slot: usize| slot.saturating_sub(first).min(values.len());
            let (mut sum, mut count) = (0.0, 0_u32);
            for value in &values[at(slots.start)..at(slots.end)] {
                if value.is_finite() {
                    sum += f64::from(*value);
                    count += 1;
                }
            }
            single(sum / f64::from(count))
        };
        self.slots.iter().map(mean).collect()
    }
}

impl Sums {
    fn of(calendar: &Calendar, workload: &Workload, series: &[&Series]) -> Self {
        let present: BTreeSet<&str> = workload.pods.iter().map(|pod| &*pod.name).collect();
        let init: BTreeSet<&str> = workload
            .containers
            .iter()
            .filter(|it| it.kind == ContainerKind::Init)
            .map(|it| &*it.name)
            .collect();
        let mut sums = Self::default();
        for pod in series.chunk_by(|a, b| a.pod == b.pod) {
            let stays = |it: &&&Series| !init.contains(&*it.container);
            let pod: Vec<&Series> = pod.iter().filter(stays).copied().collect();
            sums.add(calendar, &pod, &present);
        }
        sums
    }

    fn add(&mut self, calendar: &Calendar, pod: &[&Series], present: &BTreeSet<&str>) {
        let mut measured: Option<Vec<f32>> = None;
        let mut life: Option<Range<usize>> = None;
        for series in pod {
            let stays = present.contains(&*series.pod);
            for (sum, values) in [
                (&mut self.cpu, &series.cpu_cores),
                (&mut self.memory, &series.memory_bytes),
            ] {
                let Some(lived) = lived(calendar, series, values, stays) else {
                    continue;
                };
                let means = filled(calendar.means(place(series.first), values));
                let shares = calendar.shares(&lived);
                let sum = sum.get_or_insert_with(|| Sum::empty(calendar.hours()));
                sum.add(&means, &shares);
                let seen = measured.get_or_insert_with(|| vec![f32::NAN; calendar.hours()]);
                for (seen, mean) in seen.iter_mut().zip(&means) {
                    if mean.is_finite() {
                        *seen = 1.0;
                    }
                }
                life = Some(life.map_or(lived.clone(), |life| {
                    life.start.min(lived.start)..life.end.max(lived.end)
                }));
            }
        }
        self.ask(calendar, pod);
        if let (Some(measured), Some(life)) = (measured, life) {
            let sum = self
                .replicas
                .get_or_insert_with(|| Sum::empty(calendar.hours()));
            sum.add(&measured, &calendar.shares(&life));
        }
    }

    /// Adds what the pod was asked; nothing where that is not known.
    fn ask(&mut self, calendar: &Calendar, pod: &[&Series]) {
        for series in pod {
            let Some(values) = series.more.get(&snapshot::Metric::RequestsPerSecond) else {
                continue;
            };
            let means = filled(calendar.means(place(series.first), &values.every()));
            let shares: Vec<f32> = means
                .iter()
                .map(|it| if it.is_nan() { 0.0 } else { 1.0 })
                .collect();
            let sum = self
                .requests
                .get_or_insert_with(|| Sum::empty(calendar.hours()));
            sum.add(&means, &shares);
        }
    }
}

/// The slots that a container was there for: from its first sample to its last, and to the
/// ends of the grid where these are near, or its pod is still there.
fn lived(
    calendar: &Calendar,
    series: &Series,
    values: &[f32],
    stays: bool,
) -> Option<Range<usize>> {
    let known = |it: &f32| !it.is_nan();
    let first = place(series.first);
    let from = first + values.iter().position(known)?;
    let until = first + values.iter().rposition(known)? + 1;
    let (len, hour) = (place(calendar.grid.len), place(calendar.grid.per_hour()));
    let from = if from < hour { 0 } else { from };
    let until = if stays || until + hour >= len {
        len
    } else {
        until
    };
    Some(from..until)
}

fn place(slot: u32) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}

/// Bridges short stretches without a value by a straight line.
fn filled(mut values: Vec<f32>) -> Vec<f32> {
    let known = values.iter().enumerate().filter(|(_, it)| !it.is_nan());
    let known: Vec<(usize, f64)> = known.map(|(at, it)| (at, f64::from(*it))).collect();
    for pair in known.windows(2) {
        let ((before, from), (after, to)) = (pair[0], pair[1]);
        let missing = after - before - 1;
        if missing == 0 || missing > FILLED {
            continue;
        }
        let between = values[before + 1..after].iter_mut();
        for (value, step) in between.zip(1..) {
            let share = len_f64(step) / len_f64(after - before);
            *value = single(from + (to - from) * share);
        }
    }
    values
}

impl Sum {
    fn empty(hours: usize) -> Self {
        Self {
            total: vec![0.0; hours],
            known: vec![Known::Nothing; hours],
        }
    }

    fn add(&mut self, means: &[f32], shares: &[f32]) {
        let all = means.iter().zip(shares);
        for ((total, known), (mean, share)) in self.total.iter_mut().zip(&mut self.known).zip(all) {
            if *share <= 0.0 {
                continue;
            }
            if mean.is_nan() {
                *known = (*known).max(Known::NotMeasured);
            } else {
                *known = Known::Measured;
                *total = single(f64::from(*total) + f64::from(*mean) * f64::from(*share));
            }
        }
    }

    /// From the first hour with a pod on.
    fn hours(&self, first: i64, seen: &[bool]) -> Hours {
        let before = self.known.iter().take_while(|it| **it != Known::Measured);
        let before = before.count();
        let hours = self.total.iter().zip(&self.known).zip(seen).skip(before);
        let values = hours.map(|((total, known), seen)| match known {
            Known::Measured => f64::from(*total),
            Known::Nothing if *seen => 0.0,
            Known::Nothing | Known::NotMeasured => f64::NAN,
        });
        let before = i64::try_from(before).unwrap_or(0);
        Hours {
            first: first + before,
            values: values.collect(),
        }
    }
}
