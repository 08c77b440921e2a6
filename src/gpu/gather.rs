//! Samples of accelerators, workload by workload, while they are at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::held::{Held, held, units};
use super::seen::{Level, Seen};
use super::vendor::Vendor;
use crate::snapshot::{Container, Grid, Metric, Series, Snapshot, Usage, Workload};
use crate::units::{Cpu, Span, count_from, len_f64, single};

/// Above this share of the time a device does something.
const ACTIVE: f32 = 0.02;

/// An hour of the week is used where the device did something in more than this share of it.
const USED: f64 = 0.05;

/// What is held, and what was seen of it, owner by owner.
pub type Gathered = Vec<(Held, Seen)>;

/// Takes usage part by part.
pub struct Gather<'a> {
    snapshot: &'a Snapshot,
    held: Vec<Held>,
    /// The owner of each workload that has devices, by its place in `held`.
    owner: BTreeMap<usize, usize>,
    open: Option<(usize, Raw)>,
    seen: Vec<Seen>,
}

impl<'a> Gather<'a> {
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let held = held(snapshot);
        let places = held.iter().enumerate();
        let owner = places.flat_map(|(place, it)| it.workloads.iter().map(move |w| (*w, place)));
        Self {
            snapshot,
            owner: owner.collect(),
            seen: vec![Seen::default(); held.len()],
            held,
            open: None,
        }
    }

    /// Takes the usage of these workloads, which come in order.
    pub fn add(&mut self, workloads: Range<usize>, usage: &Usage) {
        let owners: Vec<(usize, usize)> = self
            .owner
            .range(workloads.start..workloads.end)
            .map(|(workload, owner)| (*workload, *owner))
            .collect();
        for (workload, owner) in owners {
            if self.open.as_ref().is_some_and(|(place, _)| *place != owner) {
                self.close();
            }
            let grid = self.snapshot.usage.grid;
            let vendor = self.held[owner].vendor;
            let (_, raw) = self
                .open
                .get_or_insert_with(|| (owner, Raw::new(grid, vendor)));
            let holder = &self.snapshot.workloads[workload];
            let number = u32::try_from(workload).unwrap_or(u32::MAX);
            for series in usage.of_workload(number) {
                let mut containers = holder.containers.iter();
                if let Some(container) = containers.find(|it| it.name == series.container) {
                    let units = units(holder, container, series);
                    raw.add(series, container, units);
                    if units > 0.0 {
                        raw.could += could(holder, series, &grid);
                    }
                }
            }
        }
    }

    fn close(&mut self) {
        if let Some((owner, raw)) = self.open.take() {
            self.seen[owner] = raw.seen();
        }
    }

    /// What is held and what was seen of each.
    pub fn done(mut self) -> Gathered {
        self.close();
        self.held.into_iter().zip(self.seen).collect()
    }
}

/// Samples of one owner.
struct Raw {
    grid: Grid,
    /// What tells how much of the compute of a device works.
    compute: Metric,
    of: BTreeMap<Metric, Vec<f32>>,
    full: Vec<f32>,
    xids: BTreeMap<String, BTreeSet<u32>>,
    pods: BTreeMap<String, (f64, f64, bool)>,
    /// Samples with anything of a device, and those that there could be.
    known: usize,
    could: usize,
    active: usize,
    first: Option<u32>,
    last: Option<u32>,
    /// Sum and count of what is done by hour of the week, and by hour.
    week: BTreeMap<u32, (f64, f64)>,
    hours: BTreeMap<u32, (f64, f64)>,
    cpu: [Mean; 3],
    bound: Option<f64>,
}

#[derive(Default)]
struct Mean(f64, f64);

impl Mean {
    fn add(&mut self, values: &[f32]) {
        for value in values.iter().filter(|value| !value.is_nan()) {
            self.0 += f64::from(*value);
            self.1 += 1.0;
        }
    }

    fn get(&self) -> Option<f64> {
        (self.1 > 0.0).then(|| self.0 / self.1)
    }
}

impl Raw {
    fn new(grid: Grid, vendor: Vendor) -> Self {
        let compute = match vendor {
            // Of a TPU that is all the compute there is.
            Vendor::Google => Metric::GpuTensorActive,
            _ => Metric::GpuSmActive,
        };
        Self {
            grid,
            compute,
            of: BTreeMap::new(),
            full: Vec::new(),
            xids: BTreeMap::new(),
            pods: BTreeMap::new(),
            known: 0,
            could: 0,
            active: 0,
            first: None,
            last: None,
            week: BTreeMap::new(),
            hours: BTreeMap::new(),
            cpu: Default::default(),
            bound: None,
        }
    }

    /// Takes what is known of a container that has so many devices and slices.
    fn add(&mut self, series: &Series, container: &Container, units: f64) {
        for (metric, values) in &series.more {
            if metric.is_of_serving() {
                let held = self.of.entry(*metric).or_default();
                held.extend(values.known());
            }
        }
        if units <= 0.0 {
            return;
        }
        self.processor(series, container);
        let columns: BTreeMap<Metric, Vec<f32>> = series
            .more
            .iter()
            .filter(|(metric, _)| metric.is_of_devices())
            .map(|(metric, values)| (*metric, values.every().into_owned()))
            .collect();
        let at = |metric: Metric, slot: usize| {
            let value = columns.get(&metric).and_then(|values| values.get(slot));
            value.copied().unwrap_or(f32::NAN)
        };
        // What is told of all devices together, of one.
        for (metric, values) in &columns {
            let divided = matches!(
                metric,
                Metric::GpuMemoryBytes | Metric::GpuMemoryTotalBytes | Metric::GpuPowerWatts
            );
            let by = if divided { units } else { 1.0 };
            let each = values.iter().filter(|value| !value.is_nan());
            let held = self.of.entry(*metric).or_default();
            held.extend(each.map(|value| single(f64::from(*value) / by)));
        }
        let (mut sum, mut count) = (0.0, 0.0);
        for slot in 0..series.len() {
            // `max` takes the number where the other side is NaN.
            let (sm, dram) = (at(self.compute, slot), at(Metric::GpuDramActive, slot));
            let full = if sm.is_nan() { sm } else { sm.max(dram) };
            let done = full.max(dram).max(at(Metric::GpuUtilization, slot));
            if !full.is_nan() {
                self.full.push(full);
            }
            let some = [Metric::GpuMemoryBytes, Metric::GpuPowerWatts];
            let known = !done.is_nan() || some.iter().any(|it| !at(*it, slot).is_nan());
            self.known += usize::from(known);
            if known {
                self.watched(series.first + u32::try_from(slot).unwrap_or(0));
            }
            let xid = at(Metric::GpuXid, slot);
            if xid > 0.0 {
                let code = u32::try_from(count_from(f64::from(xid))).unwrap_or(0);
                self.xids
                    .entry(series.pod.clone())
                    .or_default()
                    .insert(code);
            }
            if done.is_nan() {
                continue;
            }
            self.active += usize::from(done > ACTIVE);
            let level = f64::from(if full.is_nan() { done } else { full });
            (sum, count) = (sum + level, count + 1.0);
            self.hour(
                series.first + u32::try_from(slot).unwrap_or(0),
                level,
                done > ACTIVE,
            );
        }
        let running = series.is_running(&self.grid);
        let pod = self.pods.entry(series.pod.clone()).or_default();
        *pod = (pod.0 + sum, pod.1 + count, pod.2 || running);
    }

    fn watched(&mut self, slot: u32) {
        self.first = Some(self.first.map_or(slot, |first| first.min(slot)));
        self.last = self.last.max(Some(slot));
    }

    fn hour(&mut self, slot: u32, level: f64, active: bool) {
        let hour = self.grid.time(slot).as_second().div_euclid(3_600);
        let hour = u32::try_from(hour.rem_euclid(i64::from(u32::MAX))).unwrap_or(0);
        let held = self.hours.entry(hour).or_default();
        *held = (held.0 + level, held.1 + 1.0);
        let held = self.week.entry(self.grid.hour_of_week(slot)).or_default();
        *held = (held.0 + f64::from(u8::from(active)), held.1 + 1.0);
    }

    /// CPU of a container with devices, and how it is kept from more.
    fn processor(&mut self, series: &Series, container: &Container) {
        self.cpu[0].add(&series.cpu_cores);
        for (mean, metric) in self.cpu[1..]
            .iter_mut()
            .zip([Metric::CpuThrottledRatio, Metric::CpuWaitingRatio])
        {
            if let Some(values) = series.more.get(&metric) {
                mean.add(values.known());
            }
        }
        let bound = container.ran_limits().cpu.or(container.ran_requests().cpu);
        self.bound = self.bound.or(bound.map(Cpu::get));
    }

    fn seen(mut self) -> Seen {
        let mut level = |metric: Metric| Level::of(self.of.remove(&metric).unwrap_or_default());
        let pods = self.pods.into_iter().filter(|(_, it)| it.2 && it.1 > 0.0);
        let slots = match (self.first, self.last) {
            (Some(first), Some(last)) => last - first + 1,
            _ => 0,
        };
        let used = self.week.values().filter(|it| it.0 / it.1 > USED).count();
        Seen {
            busy: level(Metric::GpuUtilization),
            sm: level(Metric::GpuSmActive),
            tensor: level(Metric::GpuTensorActive),
            dram: level(Metric::GpuDramActive),
            memory: level(Metric::GpuMemoryBytes),
            memory_total: level(Metric::GpuMemoryTotalBytes),
            watts: level(Metric::GpuPowerWatts),
            clock: level(Metric::GpuClockHertz),
            running: level(Metric::RequestsRunning),
            waiting: level(Metric::RequestsWaiting),
            cache: level(Metric::KvCacheRatio),
            tokens: level(Metric::TokensPerSecond),
            seconds: level(Metric::RequestSeconds),
            full: Level::of(self.full),
            xids: self.xids,
            pods: pods.map(|(pod, it)| (pod, it.0 / it.1)).collect(),
            coverage: len_f64(self.known) / len_f64(self.could.max(1)),
            samples: self.known,
            watched: Span::from_secs(slots.saturating_mul(self.grid.step.as_secs())),
            active: len_f64(self.active) / len_f64(self.known.max(1)),
            hours_known: self.week.len(),
            hours_used: used,
            swing: swing(&self.hours),
            cpu_cores: self.cpu[0].get(),
            cpu_bound: self.bound,
            throttled: self.cpu[1].get(),
            cpu_waiting: self.cpu[2].get(),
        }
    }
}

/// Samples that there could be: up to the end where its pod is there still, even where
/// nothing more is told of it.
fn could(workload: &Workload, series: &Series, grid: &Grid) -> usize {
    let mut pods = workload.pods.iter();
    if pods.any(|it| it.name == series.pod && it.node.is_some()) {
        let left = grid.len.saturating_sub(series.first);
        return usize::try_from(left).unwrap_or(usize::MAX);
    }
    series.len()
}

/// Standard deviation of hourly means ÷ their mean; `None` of less than a day.
fn swing(hours: &BTreeMap<u32, (f64, f64)>) -> Option<f64> {
    let means: Vec<f64> = hours.values().map(|(sum, count)| sum / count).collect();
    let mean = means.iter().sum::<f64>() / len_f64(means.len().max(1));
    if means.len() < 24 || mean <= 0.0 {
        return None;
    }
    let far = means.iter().map(|it| (it - mean) * (it - mean));
    Some((far.sum::<f64>() / len_f64(means.len())).sqrt() / mean)
}
