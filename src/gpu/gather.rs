//! Samples of accelerators, workload by workload, while they are at hand.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::card::Card;
use super::each::Each;
use super::held::{Held, held, units};
use super::part::{Life, Part, began};
use super::past::{Silence, Slots, hourly};
use super::sample::{ACTIVE, Mean, OfPart, Sample};
use super::seen::{Busiest, Gone, Level, Levels, Seen, quantile};
use super::trace::Sums;
use super::vendor::Vendor;
use crate::snapshot::{Container, Grid, Metric, Pod, Series, Snapshot, Usage, Workload, begun};
use crate::units::{Cpu, Span, count_from, len_f64, single};

/// What is held, and what was seen of it, owner by owner.
pub type Gathered = Vec<(Held, Seen)>;

/// Takes usage part by part.
pub struct Gather<'a> {
    snapshot: &'a Snapshot,
    held: Vec<Held>,
    /// The owner of each workload that has devices, by its place in `held`.
    owner: BTreeMap<usize, usize>,
    open: Option<Open>,
    seen: Vec<OfOwner>,
    /// What devices of nodes are sold as, by the name of the node.
    sold: HashMap<&'a str, &'a str>,
}

/// What was seen of an owner, and when its parts were there; and the same by product, where
/// there are several.
#[derive(Default)]
struct OfOwner {
    all: (Seen, Vec<Life>),
    products: Vec<(Seen, Vec<Life>)>,
}

/// The owner whose usage comes: its place, all of it, and that of each product.
struct Open {
    owner: usize,
    all: Raw,
    products: Vec<Raw>,
}

impl<'a> Gather<'a> {
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let held = held(snapshot);
        let places = held.iter().enumerate();
        let owner = places.flat_map(|(place, it)| it.workloads.iter().map(move |w| (*w, place)));
        Self {
            snapshot,
            owner: owner.collect(),
            seen: held.iter().map(|_| OfOwner::default()).collect(),
            sold: sold(snapshot),
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
                products: held.products.iter().map(|it| Raw::new(grid, it)).collect(),
            });
            let holder = &self.snapshot.workloads[workload];
            let number = u32::try_from(workload).unwrap_or(u32::MAX);
            for series in usage.of_workload(number) {
                let mut containers = holder.containers.iter();
                if let Some(container) = containers.find(|it| it.name == series.container) {
                    let units = units(holder, container, series);
                    let pod = holder.pods.iter().find(|it| it.name == series.pod);
                    let each =
                        pod.and_then(|it| Each::of(it, &series.container, (units, held.vendor)));
                    let product = product(holder, &series.pod, &self.sold);
                    let card = product.and_then(Card::of).or(held.card());
                    let own = Own {
                        container,
                        pod,
                        units,
                        card,
                        each: each.filter(|_| !held.takes_turns && !is_divided(container)),
                    };
                    open.all.add(series, &own);
                    let mut products = held.products.iter();
                    let place = products.position(|it| it.product.as_deref() == product);
                    if let Some(raw) = place.and_then(|it| open.products.get_mut(it)) {
                        raw.add(series, &own);
                    }
                }
            }
        }
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.seen[open.owner] = OfOwner {
                all: open.all.seen(),
                products: open.products.into_iter().map(Raw::seen).collect(),
            };
        }
    }

    /// What is held and what was seen of each.
    pub fn done(mut self) -> Gathered {
        self.close();
        let lives = self.seen.iter().flat_map(|it| &it.all.1);
        let told = lives.filter(|it| it.known > 0.0).map(|it| it.first);
        let (epoch, snapshot) = (told.min().unwrap_or(0), self.snapshot);
        let each = self.held.into_iter().zip(self.seen);
        each.map(|(held, OfOwner { all, products })| {
            let (mut seen, lives) = all;
            let each = held.products.iter().zip(products);
            seen.products = each
                .map(|(held, (seen, lives))| finished(snapshot, held, seen, (&lives, epoch)))
                .collect();
            let seen = finished(snapshot, &held, seen, (&lives, epoch));
            (held, seen)
        })
        .collect()
    }
}

/// What devices of nodes are sold as, where that is told.
fn sold(snapshot: &Snapshot) -> HashMap<&str, &str> {
    let nodes = snapshot.cluster.nodes.iter();
    let sold = nodes.filter_map(|it| Some((it.name.as_str(), it.gpu_product.as_deref()?)));
    sold.collect()
}

/// What the devices of a pod are or were sold as.
fn product<'a>(
    workload: &Workload,
    pod: &str,
    sold: &HashMap<&'a str, &'a str>,
) -> Option<&'a str> {
    let now = workload.pods.iter().find(|it| it.name == pod);
    let before = || {
        workload
            .ran
            .iter()
            .find(|it| it.pod == pod)?
            .node
            .as_deref()
    };
    let node = now.map_or_else(before, |it| it.node.as_deref())?;
    sold.get(node).copied()
}

/// With what is known once all is: from when on anything is told of any device.
fn finished(
    snapshot: &Snapshot,
    held: &Held,
    mut seen: Seen,
    (lives, epoch): (&[Life], u32),
) -> Seen {
    let grid = &snapshot.usage.grid;
    for part in &mut seen.parts {
        part.coverage = (part.life.known / part.life.could(epoch, grid)).min(1.0);
        part.lived = part.life.created.map(|at| since(at, grid));
    }
    let could = lives.iter().map(|it| it.devices * it.could(epoch, grid));
    let could: f64 = could.sum();
    let known: f64 = lives.iter().map(|it| it.devices * it.known).sum();
    seen.coverage = (known / could.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
    let own = held.workloads.iter();
    let pods = own.flat_map(|it| &snapshot.workloads[*it].pods);
    let pods = pods.filter(|it| it.node.is_some() && it.requests.gpus() > 0.0);
    let began: Option<Vec<i64>> = pods.map(began).collect();
    seen.lived = began.and_then(|all| {
        let first = all.into_iter().min()?;
        Some(since(first, grid).max(seen.watched))
    });
    seen.silence = silence(&seen.parts, grid);
    seen.working = seen.of_working(held.card()).map(Box::new);
    seen.tell_by_devices();
    seen
}

/// Where some of what is there still is told of no more.
fn silence(parts: &[Part], grid: &Grid) -> Option<Silence> {
    let end = grid.end().as_second();
    let late = i64::from(Span::HOUR.as_secs()) + 2 * i64::from(grid.step.as_secs());
    let silent = || {
        let told = parts.iter().filter_map(|it| Some((it, it.until?)));
        told.filter(|it| end - it.1.as_second() > late)
    };
    let since = silent().map(|it| it.1).max()?;
    Some(Silence {
        since,
        span: self::since(since.as_second(), grid),
        devices: silent().map(|it| it.0.devices).sum(),
    })
}

/// Whether it has parts of devices as `HAMi` gives them out, whose number its share hides.
fn is_divided(container: &Container) -> bool {
    let asked = [&container.requests, &container.limits].into_iter();
    let mut names = asked.flat_map(|it| it.extended.keys());
    names.any(|it| it.starts_with("nvidia.com/gpumem") || it == "nvidia.com/gpucores")
}

/// From this second to the end of the grid.
fn since(second: i64, grid: &Grid) -> Span {
    let seconds = grid.end().as_second() - second;
    Span::from_secs(u32::try_from(seconds.max(0)).unwrap_or(u32::MAX))
}

/// The container whose usage comes.
struct Own<'a> {
    container: &'a Container,
    /// Its pod, where that is there now.
    pod: Option<&'a Pod>,
    /// Its devices and slices.
    units: f64,
    /// What they are.
    card: Option<&'static Card>,
    /// What is told of each of them.
    each: Option<Each<'a>>,
}

/// What is told of the devices of one container.
type Columns = BTreeMap<Metric, Vec<f32>>;

impl Own<'_> {
    /// What a sum over its devices is divided by: those that tell it.
    fn divisor(&self, metric: Metric) -> f64 {
        let tellers = self.each.as_ref().and_then(|it| it.tellers(metric));
        tellers.unwrap_or(self.units)
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
    /// Whether it holds MIG slices.
    in_slices: bool,
    parts: Vec<Part>,
    sums: Sums,
    /// Of each hour of the day multiprocessors, memory, and the larger of both.
    day: BTreeMap<u32, [Vec<f32>; 3]>,
    turns: usize,
    memory_turns: usize,
    /// Samples with anything of a device, and those that there could be.
    known: usize,
    lives: Vec<Life>,
    gone: Vec<Gone>,
    beyond: Option<(usize, f64)>,
    active: usize,
    first: Option<u32>,
    last: Option<u32>,
    slots: Slots,
    /// Sum and count of what is done by hour.
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
            in_slices: held.profile.is_some(),
            parts: Vec::new(),
            sums: Sums::default(),
            day: BTreeMap::new(),
            turns: 0,
            memory_turns: 0,
            of: BTreeMap::new(),
            full: Vec::new(),
            xids: BTreeMap::new(),
            known: 0,
            lives: Vec::new(),
            gone: Vec::new(),
            beyond: None,
            active: 0,
            first: None,
            last: None,
            slots: Slots::default(),
            hours: BTreeMap::new(),
            cpu: Default::default(),
            bound: None,
        }
    }

    /// Takes what is known of a container.
    fn add(&mut self, series: &Series, own: &Own<'_>) {
        let (container, units) = (own.container, own.units);
        let columns = self.columns(series);
        // What it did before it began to work says nothing of what it does.
        let begun = self.begun(series, &columns);
        let from = begun.unwrap_or(0);
        self.serving(series, from);
        if units <= 0.0 {
            return;
        }
        self.processor(series, container, from);
        let at = |metric: Metric, slot: usize| {
            let value = columns.get(&metric).and_then(|values| values.get(slot));
            value.copied().unwrap_or(f32::NAN)
        };
        // What is told of all devices together, of one.
        let mut levels = Columns::new();
        for (metric, values) in &columns {
            let divided = matches!(
                metric,
                Metric::GpuMemoryBytes | Metric::GpuMemoryTotalBytes | Metric::GpuPowerWatts
            );
            let by = if divided { own.divisor(*metric) } else { 1.0 };
            let each = values.iter().skip(from).filter(|value| !value.is_nan());
            let each: Vec<f32> = each.map(|it| single(f64::from(*it) / by)).collect();
            if *metric == Metric::GpuMemoryBytes {
                self.memory_turns += changes(&each);
            }
            self.of.entry(*metric).or_default().extend(&each);
            levels.insert(*metric, each);
        }
        let watts_by = own.divisor(Metric::GpuPowerWatts);
        let (known, full_from) = (self.known, self.full.len());
        let mut first = None;
        let mut of = OfPart::default();
        for slot in from..series.len() {
            let watts = f64::from(at(Metric::GpuPowerWatts, slot)) / watts_by;
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
                first = first.or(Some(sample.slot));
            }
            self.sample(&sample, own.card);
            of.add(&sample, &self.grid);
        }
        self.turns += of.turns;
        let begun = begun.map(|it| self.grid.time(series.first + slots(it)));
        let life = Life {
            created: own
                .pod
                .and_then(began)
                .max(begun.map(jiff::Timestamp::as_second)),
            opened: series.first + slots(from),
            first: first.unwrap_or(series.first),
            end: end(series, own.pod, &self.grid),
            known: len_f64(self.known - known),
            devices: units,
        };
        // Of a pod that is there still its figures may end, where the agents of its node do.
        let is_there = own.pod.is_some_and(|it| it.node.is_some());
        if !is_there && !series.is_running(&self.grid) {
            self.gone.push(Gone {
                pod: series.pod.clone(),
                from: self.grid.time(series.first),
                hours: life.known * units * f64::from(self.grid.step.as_secs()) / 3_600.0,
            });
            self.lives.push(life);
            return;
        }
        let all = Part {
            levels: levels_of(levels, self.compute, &self.full[full_from..]),
            life,
            begun,
            ..of.part(series, (units, own.card), self.grid)
        };
        self.part(all, own);
    }

    /// What is told of the devices of a container.
    fn columns(&self, series: &Series) -> Columns {
        let mut columns: Columns = series
            .more
            .iter()
            .filter(|(metric, _)| metric.is_of_devices())
            .map(|(metric, values)| (*metric, values.every().into_owned()))
            .collect();
        // Of a slice drivers say 0, whatever runs on it.
        if !self.in_slices {
            forget_overlaps(&mut columns);
        }
        let says_nothing = |values: &Vec<f32>| values.iter().all(|it| it.is_nan() || *it == 0.0);
        if self.in_slices
            && columns.contains_key(&self.compute)
            && columns
                .get(&Metric::GpuUtilization)
                .is_some_and(says_nothing)
        {
            columns.remove(&Metric::GpuUtilization);
        }
        columns
    }

    /// Takes a container of a pod that runs: device by device, where they are told of.
    fn part(&mut self, all: Part, own: &Own<'_>) {
        let life = all.life;
        let card = own.card;
        let all = Part { card, ..all };
        match &own.each {
            Some(each) if each.is_beyond() => {
                self.beyond = Some((each.told(), own.units));
                self.lives.push(life);
                self.parts.push(all);
            }
            Some(each) => {
                let begun = all.begun;
                let parts = each.parts(&self.grid, card).into_iter();
                let parts = parts.map(|it| Part { begun, ..it });
                let parts: Vec<Part> = parts.collect();
                // Each device counts as its part of the container.
                self.lives.extend(parts.iter().map(|it| it.life));
                self.parts.extend(parts);
            }
            None => {
                self.lives.push(life);
                self.parts.push(all);
            }
        }
    }

    /// The place of the sample since when it is at work without a break, where it did nothing
    /// before.
    fn begun(&self, series: &Series, columns: &Columns) -> Option<usize> {
        let done = [
            self.compute,
            Metric::GpuUtilization,
            Metric::GpuSmActive,
            Metric::GpuTensorActive,
            Metric::GpuDramActive,
        ];
        let done: Vec<&Vec<f32>> = done.iter().filter_map(|it| columns.get(it)).collect();
        let at = |slot: usize| {
            let each = done.iter().filter_map(|it| it.get(slot).copied());
            each.fold(f32::NAN, f32::max)
        };
        let first = usize::try_from(series.first).unwrap_or(0);
        let before = std::iter::repeat_n(f32::NAN, first);
        let does: Vec<f32> = before.chain((0..series.len()).map(at)).collect();
        let hours = hourly(&does, &self.grid);
        let hour = begun(&hours)?;
        let of = |slot: u32| self.grid.time(slot).as_second().div_euclid(3_600);
        let mut slots = (0_u32..).zip(&does).skip(first);
        let found = slots.find(|(slot, done)| {
            let own = usize::try_from(of(*slot) - of(0)).unwrap_or(0);
            own >= hour && **done > ACTIVE
        });
        usize::try_from(found?.0).ok()?.checked_sub(first)
    }

    /// What a server of models tells of its requests, from a sample on.
    fn serving(&mut self, series: &Series, from: usize) {
        let own = series.more.iter();
        for (metric, values) in own.filter(|it| it.0.is_of_serving()) {
            let values = values.every();
            let values = values.iter().enumerate().skip(from);
            for (place, value) in values.filter(|it| !it.1.is_nan()) {
                self.of.entry(*metric).or_default().push(*value);
                let slot = series.first + slots(place);
                match metric {
                    Metric::RequestsWaiting => self.slots.waits(slot, *value),
                    Metric::RequestsRunning | Metric::TokensPerSecond => {
                        self.slots.serves(slot, *value);
                    }
                    _ => {}
                }
            }
        }
    }

    /// What one sample tells of the device.
    fn sample(&mut self, sample: &Sample, card: Option<&Card>) {
        let (full, done) = (sample.full(), sample.done());
        self.sums
            .add(sample.slot, sample.busy, sample.full_or_power(card));
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
        self.slots.does(sample.slot, done, sample.works());
        let level = f64::from(if full.is_nan() { done } else { full });
        self.hour(sample.slot, level);
    }

    fn watched(&mut self, slot: u32) {
        self.first = Some(self.first.map_or(slot, |first| first.min(slot)));
        self.last = self.last.max(Some(slot));
    }

    fn hour(&mut self, slot: u32, level: f64) {
        let hour = self.grid.time(slot).as_second().div_euclid(3_600);
        let hour = u32::try_from(hour.rem_euclid(i64::from(u32::MAX))).unwrap_or(0);
        let held = self.hours.entry(hour).or_default();
        *held = (held.0 + level, held.1 + 1.0);
    }

    /// CPU of a container with devices, and how it is kept from more.
    fn processor(&mut self, series: &Series, container: &Container, from: usize) {
        let cores = series.cpu_cores.iter().skip(from).copied();
        self.cpu[0].add(&cores.collect::<Vec<f32>>());
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

    fn seen(mut self) -> (Seen, Vec<Life>) {
        let mut level = |metric: Metric| Level::of(self.of.remove(&metric).unwrap_or_default());
        let slots = match (self.first, self.last) {
            (Some(first), Some(last)) => last - first + 1,
            _ => 0,
        };
        let past = self.slots.past(&self.grid);
        let seen = Seen {
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
            gone: self.gone,
            products: Vec::new(),
            working: None,
            beyond: self.beyond,
            lived: None,
            busiest: busiest(self.day),
            trace: self.sums.trace(self.grid.per_hour()),
            turns: len_f64(self.turns) / len_f64(self.known.max(1)),
            memory_turns: len_f64(self.memory_turns) / len_f64(self.known.max(1)),
            coverage: 0.0,
            samples: self.known,
            watched: Span::from_secs(slots.saturating_mul(self.grid.step.as_secs())),
            active: len_f64(self.active) / len_f64(self.known.max(1)),
            past,
            silence: None,
            swing: swing(&self.hours),
            cpu_cores: self.cpu[0].get(),
            cpu_bound: self.bound,
            throttled: self.cpu[1].get(),
            cpu_waiting: self.cpu[2].get(),
        };
        (seen, self.lives)
    }
}

/// Samples in which a device was put in the place of another are so few in a row, and tell of
/// both: their memory together is so many times that of either.
const OVERLAP: usize = 3;
const OF_BOTH: f32 = 1.25;

/// Forgets what is told of a device and of the one in whose place it came together.
fn forget_overlaps(columns: &mut Columns) {
    let Some(total) = columns.get(&Metric::GpuMemoryTotalBytes).cloned() else {
        return;
    };
    let known: Vec<(usize, f32)> = total.into_iter().enumerate().collect();
    let known: Vec<(usize, f32)> = known.into_iter().filter(|it| !it.1.is_nan()).collect();
    let mut from = 1;
    while from < known.len() {
        let before = known[from - 1].1;
        let run = known[from..].iter();
        let run = run.take_while(|it| it.1 > OF_BOTH * before).count();
        let after = known.get(from + run).map_or(f32::INFINITY, |it| it.1);
        let least = known[from..from + run].iter().map(|it| it.1);
        let both = least.fold(f32::INFINITY, f32::min) > OF_BOTH * after;
        if run > 0 && run <= OVERLAP && both {
            for (place, _) in &known[from..from + run] {
                for metric in [
                    Metric::GpuMemoryBytes,
                    Metric::GpuMemoryTotalBytes,
                    Metric::GpuPowerWatts,
                ] {
                    let column = columns.get_mut(&metric);
                    if let Some(value) = column.and_then(|it| it.get_mut(*place)) {
                        *value = f32::NAN;
                    }
                }
            }
        }
        from += run.max(1);
    }
}

/// Memory that changes by less than this is noise.
const CHANGES: f32 = 33_554_432.0;

/// How often memory in use changed from one sample to the next.
fn changes(bytes: &[f32]) -> usize {
    let pairs = bytes.windows(2);
    pairs.filter(|it| (it[1] - it[0]).abs() >= CHANGES).count()
}

fn slots(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Of one container.
fn levels_of(mut of: Columns, compute: Metric, full: &[f32]) -> Levels {
    let mut level = |metric: Metric| of.remove(&metric).and_then(Level::of);
    Levels {
        busy: level(Metric::GpuUtilization),
        sm: level(compute),
        tensor: level(Metric::GpuTensorActive),
        dram: level(Metric::GpuDramActive),
        full: Level::of(full.to_vec()),
        watts: level(Metric::GpuPowerWatts),
        memory: level(Metric::GpuMemoryBytes),
        memory_total: level(Metric::GpuMemoryTotalBytes),
        ..Levels::default()
    }
}

/// Where the time of a series ends: at that of all where its pod is there still, even where
/// nothing more is told of it.
fn end(series: &Series, pod: Option<&Pod>, grid: &Grid) -> u32 {
    let last = series.first + u32::try_from(series.len()).unwrap_or(0);
    match pod {
        Some(pod) if pod.node.is_some() => grid.len.max(last),
        _ => last,
    }
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
