//! Samples of accelerators, workload by workload, while they are at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::card::Card;
use super::each::Each;
use super::held::{Held, held, units};
use super::part::Part;
use super::sample::{ACTIVE, Mean, OfPart, Sample};
use super::seen::{Busiest, Level, Seen, quantile};
use super::trace::Sums;
use super::vendor::Vendor;
use crate::snapshot::{Container, Grid, Metric, Series, Snapshot, Usage, Workload};
use crate::units::{Cpu, Span, count_from, len_f64, single};

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
    open: Option<Open>,
    seen: Vec<Seen>,
}

/// The owner whose usage comes: its place, all of it, and, where some of its devices do
/// nothing beside others that work, the same without those.
struct Open {
    owner: usize,
    all: Raw,
    working: Option<Raw>,
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
            if self.open.as_ref().is_some_and(|it| it.owner != owner) {
                self.close();
            }
            let grid = self.snapshot.usage.grid;
            let held = &self.held[owner];
            let open = self.open.get_or_insert_with(|| Open {
                owner,
                all: Raw::new(grid, held),
                working: partly_used(self.snapshot, held).then(|| Raw::new(grid, held)),
            });
            let holder = &self.snapshot.workloads[workload];
            let number = u32::try_from(workload).unwrap_or(u32::MAX);
            for series in usage.of_workload(number) {
                let mut containers = holder.containers.iter();
                if let Some(container) = containers.find(|it| it.name == series.container) {
                    let units = units(holder, container, series);
                    let names = (series.pod.as_str(), series.container.as_str());
                    let each = Each::of(holder, names, units, &grid).filter(|_| !held.takes_turns);
                    let could = could(holder, series, &grid);
                    let own = Own {
                        container,
                        units,
                        could,
                        each,
                    };
                    open.add(series, &own);
                }
            }
        }
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            let working = open.working.map(|it| Box::new(it.seen()));
            self.seen[open.owner] = Seen {
                working,
                ..open.all.seen()
            };
        }
    }

    /// What is held and what was seen of each.
    pub fn done(mut self) -> Gathered {
        self.close();
        self.held.into_iter().zip(self.seen).collect()
    }
}

impl Open {
    fn add(&mut self, series: &Series, own: &Own<'_>) {
        let before = self.all.parts.len();
        self.all.add(series, own, false);
        let Some(working) = &mut self.working else {
            return;
        };
        if own.each.as_ref().is_some_and(Each::is_unused) {
            working.parts.extend_from_slice(&self.all.parts[before..]);
        } else {
            working.add(series, own, true);
        }
    }
}

/// Whether some devices of these do nothing and others work, of those told of one by one.
fn partly_used(snapshot: &Snapshot, held: &Held) -> bool {
    let grid = &snapshot.usage.grid;
    let own = held.workloads.iter();
    let workloads = own.filter_map(|it| snapshot.workloads.get(*it));
    let (mut told, mut unused) = (0, 0);
    for (workload, pod) in workloads.flat_map(|it| it.pods.iter().map(move |pod| (it, pod))) {
        let names = pod.devices.iter().map(|it| it.container.as_str());
        for name in names.collect::<BTreeSet<&str>>() {
            if let Some(each) = Each::of(workload, (&pod.name, name), f64::INFINITY, grid) {
                told += each.told;
                unused += each.unused.len();
            }
        }
    }
    !held.takes_turns && (1..told).contains(&unused)
}

/// The container whose usage comes.
struct Own<'a> {
    container: &'a Container,
    /// Its devices and slices.
    units: f64,
    /// Samples that there could be.
    could: usize,
    each: Option<Each>,
}

/// Samples of one owner.
struct Raw {
    grid: Grid,
    /// What tells how much of the compute of a device works.
    compute: Metric,
    of: BTreeMap<Metric, Vec<f32>>,
    full: Vec<f32>,
    xids: BTreeMap<String, BTreeSet<u32>>,
    card: Option<&'static Card>,
    /// Whether it holds MIG slices.
    in_slices: bool,
    parts: Vec<Part>,
    sums: Sums,
    /// Of each hour of the day multiprocessors, memory, and the larger of both.
    day: BTreeMap<u32, [Vec<f32>; 3]>,
    turns: usize,
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

impl Raw {
    fn new(grid: Grid, held: &Held) -> Self {
        let compute = match held.vendor {
            // Of a TPU that is all the compute there is.
            Vendor::Google => Metric::GpuTensorActive,
            _ => Metric::GpuSmActive,
        };
        Self {
            grid,
            compute,
            card: held.card(),
            in_slices: held.profile.is_some(),
            parts: Vec::new(),
            sums: Sums::default(),
            day: BTreeMap::new(),
            turns: 0,
            of: BTreeMap::new(),
            full: Vec::new(),
            xids: BTreeMap::new(),
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

    /// Takes what is known of a container; `working` leaves out those of its devices that do
    /// nothing beside others that work.
    fn add(&mut self, series: &Series, own: &Own<'_>, working: bool) {
        let (container, units) = (own.container, own.units);
        for (metric, values) in &series.more {
            if metric.is_of_serving() {
                let held = self.of.entry(*metric).or_default();
                held.extend(values.known());
            }
        }
        if units <= 0.0 {
            return;
        }
        self.could += own.could;
        self.processor(series, container);
        let mut columns: BTreeMap<Metric, Vec<f32>> = series
            .more
            .iter()
            .filter(|(metric, _)| metric.is_of_devices())
            .map(|(metric, values)| (*metric, values.every().into_owned()))
            .collect();
        // Of a slice drivers say 0, whatever runs on it.
        let says_nothing = |values: &Vec<f32>| values.iter().all(|it| it.is_nan() || *it == 0.0);
        if self.in_slices
            && columns.contains_key(&self.compute)
            && columns
                .get(&Metric::GpuUtilization)
                .is_some_and(says_nothing)
        {
            columns.remove(&Metric::GpuUtilization);
        }
        let partly = own
            .each
            .as_ref()
            .filter(|it| working && it.is_partly_used());
        if let Some(each) = partly {
            leave_out(&mut columns, each, units);
        }
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
        let mut of = OfPart::default();
        for slot in 0..series.len() {
            let watts = f64::from(at(Metric::GpuPowerWatts, slot)) / units;
            let sample = Sample {
                slot: series.first + u32::try_from(slot).unwrap_or(0),
                sm: at(self.compute, slot),
                dram: at(Metric::GpuDramActive, slot),
                tensor: at(Metric::GpuTensorActive, slot),
                busy: at(Metric::GpuUtilization, slot),
                watts: single(watts),
            };
            let xid = at(Metric::GpuXid, slot);
            if xid > 0.0 {
                let code = u32::try_from(count_from(f64::from(xid))).unwrap_or(0);
                self.xids
                    .entry(series.pod.clone())
                    .or_default()
                    .insert(code);
            }
            let holds = !at(Metric::GpuMemoryBytes, slot).is_nan();
            if holds || !sample.done().is_nan() || !sample.watts.is_nan() {
                self.known += 1;
                self.watched(sample.slot);
            }
            self.sample(&sample);
            of.add(&sample, self.card);
        }
        self.turns += of.turns;
        if series.is_running(&self.grid) {
            let part = of.part(series, units, self.grid);
            let each = own.each.clone();
            self.parts.push(Part { each, ..part });
        }
    }

    /// What one sample tells of the device.
    fn sample(&mut self, sample: &Sample) {
        let (full, done) = (sample.full(), sample.done());
        self.sums
            .add(sample.slot, sample.busy, sample.full_or_power(self.card));
        if !full.is_nan() {
            self.full.push(full);
            let hour = self.grid.hour_of_week(sample.slot) % 24;
            let held = self.day.entry(hour).or_default();
            for (held, value) in held.iter_mut().zip([sample.sm, sample.dram, full]) {
                held.push(value);
            }
        }
        if done.is_nan() {
            return;
        }
        self.active += usize::from(done > ACTIVE);
        let level = f64::from(if full.is_nan() { done } else { full });
        self.hour(sample.slot, level, done > ACTIVE);
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
            parts: self.parts,
            working: None,
            busiest: busiest(self.day),
            trace: self.sums.trace(self.grid.per_hour()),
            turns: len_f64(self.turns) / len_f64(self.known.max(1)),
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

/// Makes figures of all devices of a container, so many, those of the ones that work, as
/// if it had as many of them.
fn leave_out(columns: &mut BTreeMap<Metric, Vec<f32>>, each: &Each, units: f64) {
    let share = single(each.share_of_all());
    let unused = single(each.unused_watts());
    let drawn = single(units / (units - len_f64(each.unused.len())).max(1.0));
    for (metric, values) in columns.iter_mut() {
        for value in values.iter_mut() {
            *value = match metric {
                metric if metric.is_share() => (*value * share).min(1.0),
                Metric::GpuPowerWatts => (*value - unused).max(0.0) * drawn,
                _ => *value,
            };
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

/// Of the hour of the day in which each is largest.
fn busiest(day: BTreeMap<u32, [Vec<f32>; 3]>) -> Busiest {
    let mut most = [None; 3];
    for hour in day.into_values() {
        for (most, mut values) in most.iter_mut().zip(hour) {
            values.retain(|it| !it.is_nan());
            values.sort_unstable_by(f32::total_cmp);
            if !values.is_empty() {
                let here = quantile(&values, 0.95);
                *most = Some(most.map_or(here, |it: f64| it.max(here)));
            }
        }
    }
    let [sm, dram, full] = most;
    Busiest { sm, dram, full }
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
