//! What stands out of all usage of a snapshot.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;

use crate::snapshot::{ContainerKind, Grid, Metric, Series, Snapshot};
use crate::units::{Ratio, Span, len_f64};

/// What stands out of all usage of a snapshot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overview {
    /// Pods with samples, those that are gone included.
    pub pods: usize,
    /// The first and the last slot with a sample of anything.
    pub slots: Option<(u32, u32)>,
    /// Stretches between those in which nothing has a sample.
    pub outages: u32,
    /// The longest of these, slots.
    pub longest_outage: u32,
    /// Slots between first and last in which anything has a sample ÷ all of them.
    pub coverage: Ratio,
    /// Series with samples ÷ slots between their own first and last sample that have one.
    pub filled: Ratio,
    /// Pods that have no CPU for much of the time that their memory is known.
    pub without_cpu: Vec<String>,
    /// Whether any series has it.
    pub has_cpu: bool,
    pub has_memory: bool,
    /// Pods that have each of the others.
    pub more: BTreeMap<Metric, usize>,
    /// Containers with usage in question, and those of them whose usage cannot be.
    pub containers: usize,
    pub not_measured: Vec<String>,
    /// Running pods that have usage in the newest slot, and those with usage there that
    /// the cluster no longer knows.
    pub fresh: usize,
    pub strangers: Vec<String>,
    /// Running pods that have been there for longer than [`STOPPED`] and have no sample in
    /// that time before the newest of all.
    pub silent: Vec<String>,
}

/// Seconds without a sample of anything: longer than any interval that is usual.
pub(super) const STOPPED: i64 = 1_800;

impl Overview {
    pub fn of(snapshot: &Snapshot) -> Self {
        let usage = &snapshot.usage;
        let grid = &usage.grid;
        let mut anything = vec![false; usize::try_from(grid.len).unwrap_or(0)];
        let mut pods = BTreeSet::new();
        let mut seen = Self::default();
        let (mut known, mut between) = (0, 0);
        let mut more: BTreeMap<Metric, BTreeSet<(u32, &str)>> = BTreeMap::new();
        for series in &usage.series {
            let (mine, span) = seen.take(series, &mut anything);
            if series.lacks_cpu(grid) {
                let workload = usize::try_from(series.workload).ok();
                let workload = workload.and_then(|place| snapshot.workloads.get(place));
                let namespace = workload.map_or("", |it| it.id.namespace.as_str());
                seen.without_cpu.push(format!("{namespace}/{}", series.pod));
            }
            known += mine;
            between += span;
            if mine > 0 {
                pods.insert((series.workload, series.pod.as_str()));
            }
            for (metric, values) in &series.more {
                if values.known().iter().any(|value| !value.is_nan()) {
                    more.entry(*metric)
                        .or_default()
                        .insert((series.workload, series.pod.as_str()));
                }
            }
        }
        seen.without_cpu.dedup();
        seen.pods = pods.len();
        seen.more = more
            .into_iter()
            .map(|(it, pods)| (it, pods.len()))
            .collect();
        seen.filled = Ratio::of(len_f64(known), len_f64(between));
        seen.over_time(&anything);
        seen.measured(snapshot);
        seen.newest(snapshot);
        seen
    }

    /// Samples of one series, and the slots between its first and its last.
    fn take(&mut self, series: &Series, anything: &mut [bool]) -> (usize, usize) {
        let from = usize::try_from(series.first).unwrap_or(usize::MAX);
        let slots = anything.get_mut(from..).unwrap_or_default();
        let pairs = series.cpu_cores.iter().zip(&series.memory_bytes);
        let (mut first, mut last, mut known) = (None, 0, 0);
        for (at, ((cpu, memory), slot)) in pairs.zip(slots).enumerate() {
            self.has_cpu |= !cpu.is_nan();
            self.has_memory |= !memory.is_nan();
            if !cpu.is_nan() || !memory.is_nan() {
                *slot = true;
                known += 1;
                first.get_or_insert(at);
                last = at;
            }
        }
        (known, first.map_or(0, |first| last - first + 1))
    }

    fn over_time(&mut self, anything: &[bool]) {
        let first = anything.iter().position(|it| *it);
        let last = anything.iter().rposition(|it| *it);
        let (Some(first), Some(last)) = (first, last) else {
            return;
        };
        let place = |slot: usize| u32::try_from(slot).unwrap_or(u32::MAX);
        self.slots = Some((place(first), place(last)));
        let between = &anything[first..=last];
        let missing = between.split(|it| *it).map(<[bool]>::len);
        for len in missing.filter(|len| *len > 0) {
            self.outages += 1;
            self.longest_outage = self.longest_outage.max(place(len));
        }
        let there = between.iter().filter(|it| **it).count();
        self.coverage = Ratio::of(len_f64(there), len_f64(between.len()));
    }

    fn measured(&mut self, snapshot: &Snapshot) {
        let mut used: BTreeSet<(u32, &str)> = BTreeSet::new();
        for series in &snapshot.usage.series {
            used.insert((series.workload, &series.container));
        }
        for (workload, place) in snapshot.workloads.iter().zip(0..) {
            let mut containers = workload.containers.iter();
            for container in containers
                .by_ref()
                .filter(|it| it.kind != ContainerKind::Init)
            {
                if !used.contains(&(place, container.name.as_str())) {
                    continue;
                }
                self.containers += 1;
                if let Some(why) = &container.not_measured {
                    let name = format!("{} in {}: {why}", container.name, workload.id);
                    self.not_measured.push(name);
                }
            }
        }
    }

    /// Of what runs all the time: pods of jobs come and go within a slot.
    fn newest(&mut self, snapshot: &Snapshot) {
        let Some((_, last)) = self.slots else {
            return;
        };
        let pods = snapshot
            .workloads
            .iter()
            .zip(0_u32..)
            .flat_map(|(it, place)| {
                let pods = it.pods.iter();
                pods.map(move |pod| (place, pod.name.as_str()))
            });
        let running: HashSet<(u32, &str)> = pods.collect();
        let (mut fresh, mut strangers) = (BTreeSet::new(), BTreeSet::new());
        let mut heard = HashSet::new();
        let grid = &snapshot.usage.grid;
        let quiet = u32::try_from(STOPPED)
            .unwrap_or(0)
            .div_ceil(grid.step.as_secs().max(1));
        let recent = last.saturating_sub(quiet)..=last;
        for series in &snapshot.usage.series {
            let place = usize::try_from(series.workload).unwrap_or(usize::MAX);
            let Some(workload) = snapshot.workloads.get(place).filter(|it| !it.is_batch()) else {
                continue;
            };
            if recent.clone().any(|slot| has_sample(series, slot)) {
                heard.insert((series.workload, series.pod.as_str()));
            }
            if !has_sample(series, last) {
                continue;
            }
            let name = (&*workload.id.namespace, &*series.pod);
            if running.contains(&(series.workload, series.pod.as_str())) {
                fresh.insert(name);
            } else {
                strangers.insert(name);
            }
        }
        self.fresh = fresh.len();
        let names = strangers.into_iter();
        self.strangers = names.map(|(ns, pod)| format!("{ns}/{pod}")).collect();
        self.silent = silent(snapshot, grid.time(*recent.start()), &heard);
    }

    /// How much history there is.
    pub fn history(&self, grid: &Grid) -> Span {
        let slots = self.slots.map_or(0, |(first, last)| last - first);
        Span::from_secs(slots.saturating_mul(grid.step.as_secs()))
    }
}

/// Pods of what runs all the time that ran before this moment already, and were not heard
/// of since.
fn silent(snapshot: &Snapshot, since: Timestamp, heard: &HashSet<(u32, &str)>) -> Vec<String> {
    let mut silent = Vec::new();
    for (workload, place) in snapshot.workloads.iter().zip(0_u32..) {
        if workload.is_batch() {
            continue;
        }
        let runs = workload.pods.iter().filter(|pod| {
            let is_old = pod.created.is_some_and(|created| created < since);
            pod.phase == "Running" && is_old && !heard.contains(&(place, pod.name.as_str()))
        });
        silent.extend(runs.map(|pod| format!("{}/{}", workload.id.namespace, pod.name)));
    }
    silent
}

fn has_sample(series: &Series, slot: u32) -> bool {
    let place = slot.checked_sub(series.first);
    let place = place.and_then(|place| usize::try_from(place).ok());
    let known = |values: &[f32]| {
        let value = place.and_then(|place| values.get(place));
        value.is_some_and(|value| !value.is_nan())
    };
    known(&series.cpu_cores) || known(&series.memory_bytes)
}
