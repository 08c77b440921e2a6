//! Use of accelerators, from the exporters of their vendors and clouds.
//!
//! What there is is asked for, and nothing else: a store without accelerators has no such
//! metric, and gets no query. What tells the same is read together and put away before
//! the next, so that no more than that is held.

mod device;
mod exporters;

use std::collections::{BTreeMap, BTreeSet};

use super::Signals;
use super::ask::Asker;
use super::place::Place;
use super::question::{Answer, Question};
use crate::snapshot::{Gap, Metric};
use crate::text::count;
use crate::units::{len_f64, single};
use device::{Device, Holders, Points, Scales};
use exporters::{ALL, Of, SLACK, Scale, Source, Tells};

/// The names of all metrics that are read.
pub(super) fn metrics() -> Vec<&'static str> {
    ALL.iter().map(|source| source.metric).collect()
}

/// Exporters measure every 30 s, and are scraped at any interval up to this.
const SHORTEST_RANGE: u32 = 300;

/// Seconds between the samples that are taken: as often as exporters measure.
const EVERY: u32 = 30;

/// Samples in the shortest range, as often as DCGM measures at most.
const SAMPLES: u64 = 21;

/// As gaps and plans name it.
const SUBJECT: &str = "use of GPUs";

/// A series that is a share by its name and has a value above this is percent.
const PERCENT_FROM: f32 = 1.5;

/// What [`read`] asks, where there is something to ask for.
pub(super) fn questions(asker: &Asker<'_>) -> Vec<Question> {
    let there = ALL.iter().filter(|source| asker.has(source.metric));
    there.map(|source| question(asker, source)).collect()
}

pub(super) async fn read(asker: &mut Asker<'_>, signals: &mut Signals) {
    let mut reading = Reading {
        points: Points::of(&asker.grid),
        odd: 0,
        either: BTreeMap::new(),
        scales: Scales::default(),
        shared: BTreeSet::new(),
        sliced: BTreeSet::new(),
        apart: BTreeSet::new(),
        named: false,
        nameless: BTreeSet::new(),
        numbers: BTreeMap::new(),
        ownerless: BTreeMap::new(),
    };
    reading.memory(asker, signals).await;
    for (tells, metric) in [
        (Tells::Busy, Metric::GpuUtilization),
        (Tells::Sm, Metric::GpuSmActive),
        (Tells::Tensor, Metric::GpuTensorActive),
        (Tells::Dram, Metric::GpuDramActive),
        (Tells::Power, Metric::GpuPowerWatts),
        (Tells::Xid, Metric::GpuXid),
        (Tells::Clock, Metric::GpuClockHertz),
    ] {
        let holders = reading.all(asker, tells).await;
        if tells == Tells::Busy {
            reading.scales.note_busy(&holders);
        }
        reading.note_ownerless(&holders, metric);
        reading.fold(asker, signals, &holders, metric);
        reading.each(asker, signals, &holders, metric);
    }
    if reading.named {
        signals.ownerless = std::mem::take(&mut reading.ownerless);
    }
    reading.gaps(asker);
}

/// Devices of a node at work that no pod is told to hold, by name.
pub(super) fn of_nobody(node: &str, devices: &BTreeSet<String>) -> Gap {
    let names: Vec<&str> = devices.iter().map(String::as_str).collect();
    let text = format!(
        "{node} has {} at work that no pod is told to hold: {}",
        count(devices.len(), "GPU"),
        names.join(", ")
    );
    let hint = "see with nvidia-smi who uses them before anybody takes the node: a process \
                outside Kubernetes, or a pod that the exporter does not see";
    Gap::new("gpu-of-nobody", SUBJECT, text).hint(hint)
}

fn question(asker: &Asker<'_>, source: &Source) -> Question {
    let step = asker.grid.step.as_secs().max(1);
    let range = step.max(SHORTEST_RANGE);
    let over = if source.tells.is_peak() {
        "max_over_time"
    } else {
        "avg_over_time"
    };
    let samples = u64::from(range / SHORTEST_RANGE) * SAMPLES;
    let selector = asker.selector(&[source.metric], source.condition, false);
    // What cannot be true goes sample by sample, before it spoils a mean or stands as the
    // largest: those around it are true.
    let most = source.most_written();
    let true_ones = format!("({selector} >= 0 <= {most:.0})[{range}s:{EVERY}s]");
    Question {
        label: SUBJECT,
        text: format!("{over}({true_ones})"),
        step: Some(step),
        cost: asker.series(&[source.metric]) * samples,
    }
}

/// What is known while accelerators are read.
struct Reading {
    points: Points,
    /// Samples that could not be true.
    odd: u64,
    /// Series by metric that may be shares or percent.
    either: BTreeMap<&'static str, u64>,
    scales: Scales,
    /// Pods that share devices.
    shared: BTreeSet<String>,
    /// Devices that are cut into slices.
    sliced: BTreeSet<String>,
    /// Devices that are shared, and of which each container is told its own.
    apart: BTreeSet<Device>,
    /// Whether any series names a pod.
    named: bool,
    /// Devices of which a series names none.
    nameless: BTreeSet<String>,
    /// What devices are called on their nodes.
    numbers: BTreeMap<Device, String>,
    /// Devices that work and that no pod is told to hold, by node.
    ownerless: BTreeMap<String, BTreeSet<String>>,
}

/// A device that no pod is told to hold works where it does for this share of the newest day.
const WORKS: f64 = 0.05;

impl Reading {
    /// Memory in use and in all. That in use tells whether an exporter tells apart who
    /// shares a device.
    async fn memory(&mut self, asker: &mut Asker<'_>, signals: &mut Signals) {
        let used = self.all(asker, Tells::Used).await;
        self.fold(asker, signals, &used, Metric::GpuMemoryBytes);
        self.each(asker, signals, &used, Metric::GpuMemoryBytes);
        let mut total = self.all(asker, Tells::Total).await;
        let free = self.all(asker, Tells::Free).await;
        let reserved = self.all(asker, Tells::Reserved).await;
        total.fill(sum(&used, free, &reserved));
        self.fold(asker, signals, &total, Metric::GpuMemoryTotalBytes);
        self.each(asker, signals, &total, Metric::GpuMemoryTotalBytes);
    }

    /// All that is told of one thing, the first source before the others.
    async fn all(&mut self, asker: &mut Asker<'_>, tells: Tells) -> Holders {
        let mut all = Holders::default();
        for source in tells.sources() {
            if !asker.has(source.metric) {
                continue;
            }
            let mut holders = self.one(asker, source).await;
            // Where a device is cut into slices, as a whole it is not the container's.
            holders.note_slices(&mut self.sliced);
            holders.drop_whole(&self.sliced);
            if source.of == Of::Whole {
                holders.drop_slices();
            }
            if source.metric == "DCGM_FI_DEV_FB_USED" {
                self.apart = holders.told_apart();
            }
            if source.of == Of::Either {
                // Of a slice it is 0 or missing, whatever runs there.
                if tells == Tells::Busy {
                    holders.drop_slices();
                }
                let pods = holders.drop_shared(self.points.count, &self.apart);
                self.shared.extend(pods);
            } else if source.of != Of::Container {
                let pods = holders.drop_shared(self.points.count, &BTreeSet::new());
                self.shared.extend(pods);
            }
            all.fill(holders);
        }
        all
    }

    /// Reads one metric. All namespaces, because whoever shares a device may be in any.
    async fn one(&mut self, asker: &mut Asker<'_>, source: &Source) -> Holders {
        let question = question(asker, source);
        let (words, points) = (asker.view.words, self.points);
        let unit = match source.scale {
            Scale::Times(unit) => unit,
            Scale::Share | Scale::Counts(_) => 1.0,
        };
        let most = source.most();
        let (mut holders, mut tiles, mut odd) = (Holders::default(), Holders::default(), 0);
        let (mut nameless, mut named) = (BTreeSet::new(), false);
        let mut hosts: BTreeMap<String, String> = BTreeMap::new();
        let numbers = &mut self.numbers;
        let take = |answer: &Answer| {
            let mut place = Place::of(&answer.labels, words);
            let device = Device::of(&answer.labels);
            if !numbers.contains_key(&device) {
                numbers.insert(device.clone(), device.number(&answer.labels));
            }
            if place.pod.is_empty() {
                nameless.insert(device.id.clone());
                place = Place::on(device::host(&answer.labels));
            } else {
                named = true;
            }
            let tile = device::tile(&answer.labels).map(|tile| Device {
                slice: tile.to_owned(),
                ..device.clone()
            });
            let (into, device) = match tile {
                Some(tile) => (&mut tiles, tile),
                None => (&mut holders, device),
            };
            let number = match source.scale {
                Scale::Counts(label) => Some(answer.labels.get(label).parse().unwrap_or(0.0)),
                _ => None,
            };
            hosts
                .entry(device.id.clone())
                .or_insert_with(|| device::host(&answer.labels).to_owned());
            for (time, value) in &answer.points {
                let value = match number {
                    Some(number) if *value > 0.0 => number,
                    Some(_) => 0.0,
                    None => value * unit,
                };
                match points.at(*time) {
                    Some(point) if (0.0..=most * SLACK).contains(&value) => {
                        let value = value.min(most);
                        into.put(&place, device.clone(), points.count, (point, value));
                    }
                    _ => odd += 1,
                }
            }
        };
        asker.over_window(&question, take).await;
        holders.fill(tiles.joined(source.tells.is_amount()));
        if matches!(source.scale, Scale::Counts(_)) {
            holders.begin_and_end();
        }
        if source.scale == Scale::Share {
            // How often anything runs is percent in many builds whose other shares are none.
            let mut own = Scales::default();
            let scales = match source.tells {
                Tells::Busy => &mut own,
                _ => &mut self.scales,
            };
            let either = holders.make_shares(PERCENT_FROM, (&hosts, scales));
            if either > 0 {
                *self.either.entry(source.metric).or_default() += either;
            }
        }
        if source.tells.is_share() {
            odd += holders.cut(1.0);
        }
        self.odd += odd;
        self.named |= named;
        self.nameless.append(&mut nameless);
        holders
    }

    /// Puts what is known of the devices of containers in view into signals: of shares
    /// and clocks the mean over them, of everything else the sum, of errors the largest.
    fn fold(&self, asker: &Asker<'_>, signals: &mut Signals, all: &Holders, metric: Metric) {
        for (place, devices) in all
            .0
            .iter()
            .filter(|(it, _)| asker.view.wants(it) || it.is_node())
        {
            for point in 0..self.points.count {
                let known = devices.values().filter_map(|values| {
                    let value = values.get(point).filter(|value| !value.is_nan());
                    value.map(|value| f64::from(*value))
                });
                let known: Vec<f64> = known.collect();
                if known.is_empty() {
                    continue;
                }
                let sum: f64 = known.iter().sum();
                let value = match metric {
                    Metric::GpuXid => known.iter().copied().fold(0.0, f64::max),
                    Metric::GpuMemoryBytes
                    | Metric::GpuMemoryTotalBytes
                    | Metric::GpuPowerWatts => sum,
                    _ => sum / len_f64(known.len()),
                };
                signals.put(place, metric, self.points.time(point), single(value));
            }
        }
    }

    /// Notes devices that work, and that no pod is told to hold. On a node with one device the
    /// pod that holds it is known without.
    fn note_ownerless(&mut self, all: &Holders, metric: Metric) {
        if !matches!(metric, Metric::GpuUtilization | Metric::GpuSmActive) {
            return;
        }
        let nodes = all
            .0
            .iter()
            .filter(|(it, devices)| it.is_node() && devices.len() > 1);
        for (place, devices) in nodes {
            for (device, values) in devices {
                let newest = self.points.count.saturating_sub(self.points.per_day());
                let known = values.iter().skip(newest).filter(|it| !it.is_nan());
                let (sum, count) = known.fold((0.0, 0), |(sum, count), it| {
                    (sum + f64::from(*it), count + 1)
                });
                if count > 0 && sum / len_f64(count) > WORKS {
                    let number = self.numbers.get(device).filter(|it| !it.is_empty());
                    let name = number.map_or_else(|| device.name(), |it| format!("GPU {it}"));
                    let own = self.ownerless.entry(place.container.clone());
                    own.or_default().insert(name);
                }
            }
        }
    }

    /// Notes what each device of the containers in view did.
    fn each(&self, asker: &Asker<'_>, signals: &mut Signals, all: &Holders, metric: Metric) {
        let of_nodes = |it: &Place, devices: usize| it.is_node() && devices > 1;
        let all = all.0.iter();
        let wanted =
            all.filter(|(it, devices)| asker.view.wants(it) || of_nodes(it, devices.len()));
        for (place, devices) in wanted {
            let courses = signals.devices.entry(place.clone()).or_default();
            for (device, values) in devices {
                let id = device.name();
                for (point, value) in values.iter().enumerate().filter(|it| !it.1.is_nan()) {
                    courses.put(&id, metric, point, f64::from(*value));
                }
                courses.call(&id, self.numbers.get(device).map_or("", String::as_str));
            }
        }
    }

    fn gaps(self, asker: &mut Asker<'_>) {
        if self.odd > 0 {
            let odd = self.odd;
            asker.gap(Gap::new(
                "impossible-values",
                SUBJECT,
                format!("{odd} samples are out of the range of their metric and left out"),
            ));
        }
        for (metric, count) in &self.either {
            let text = format!(
                "{count} series of {metric} may be shares or percent, as others of it are percent, \
                 and are left out"
            );
            let hint = "let all exporters be of one version";
            asker.gap(Gap::new("share-or-percent", SUBJECT, text).hint(hint));
        }
        let nameless = self.nameless.len();
        // Where some name pods, the others have none.
        if nameless > 0 && !self.named {
            let text = format!(
                "the exporter tells of {nameless} devices, and not which pods hold them: the labels \
                 `pod` and `namespace` are missing"
            );
            let hint = "run dcgm-exporter with `--kubernetes` (or `DCGM_EXPORTER_KUBERNETES=true`); \
                        of a node of which one pod has all devices that pod is known without";
            asker.gap(Gap::new("no-gpu-pods", SUBJECT, text).hint(hint));
        }
        let shared = self.shared.len();
        if shared > 0 {
            let examples: Vec<String> = self.shared.into_iter().take(3).collect();
            let text = format!(
                "{shared} pods have time-sliced GPUs: a shared device does not tell who used it: {}",
                examples.join(", ")
            );
            let hint = "MIG slices, or one pod a device, tell each pod's use";
            asker.gap(Gap::new("gpu-shared", SUBJECT, text).hint(hint));
        }
    }
}

/// Used, free and reserved together, where used and free are known.
fn sum(used: &Holders, mut free: Holders, reserved: &Holders) -> Holders {
    for (place, devices) in &mut free.0 {
        for (device, values) in devices {
            let of = |all: &Holders, point: usize| {
                let values = all.0.get(place)?.get(device)?;
                values.get(point).copied().filter(|it| !it.is_nan())
            };
            for (point, value) in values.iter_mut().enumerate() {
                *value = match of(used, point) {
                    Some(used) => *value + used + of(reserved, point).unwrap_or(0.0),
                    None => f32::NAN,
                };
            }
        }
    }
    free
}
