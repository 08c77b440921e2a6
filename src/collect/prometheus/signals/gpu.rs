//! Use of accelerators, from NVIDIA's DCGM exporter.

use std::collections::{BTreeMap, BTreeSet};

use super::super::answer::Labels;
use super::Signals;
use super::ask::{Answer, Asker, Question};
use super::place::Place;
use crate::snapshot::{Gap, Metric};
use crate::units::{len_f64, single};

/// Share of the time that the graphics engine was active, 0 to 1; of MIG slices too.
const ENGINE: &str = "DCGM_FI_PROF_GR_ENGINE_ACTIVE";
/// Percent of the time that any kernel ran; not given for MIG slices.
const BUSY: &str = "DCGM_FI_DEV_GPU_UTIL";
/// Mebibytes.
const MEMORY: &str = "DCGM_FI_DEV_FB_USED";

pub(super) const METRICS: [&str; 3] = [ENGINE, BUSY, MEMORY];

/// The exporter measures every 30 s, and is scraped at any interval up to this.
const SHORTEST_RANGE: u32 = 300;

/// Samples in the shortest range, as often as DCGM measures at most.
const SAMPLES: u64 = 21;

/// The most memory that a device can have, in bytes: beyond is a blank of DCGM.
const LARGEST: f64 = 1e13;

/// Points of two pods on one device, up to which one followed the other.
const HANDOVER: usize = 2;

const MEBIBYTE: f64 = 1_048_576.0;

/// A device or a MIG slice of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Device {
    /// Its UUID, else its number on its node.
    id: String,
    /// Empty for a device as a whole.
    slice: String,
}

/// What is known of a device in a container, by time.
#[derive(Debug, Default)]
struct Seen {
    engine: BTreeMap<i64, f64>,
    busy: BTreeMap<i64, f64>,
    memory: BTreeMap<i64, f64>,
}

impl Seen {
    fn times(&self) -> BTreeSet<i64> {
        let maps = [&self.engine, &self.busy, &self.memory];
        maps.into_iter()
            .flat_map(|map| map.keys().copied())
            .collect()
    }

    /// The engine's own account where there is one.
    fn utilization(&self, time: i64) -> Option<f64> {
        self.engine
            .get(&time)
            .or_else(|| self.busy.get(&time))
            .copied()
    }

    fn forget(&mut self, times: &BTreeSet<i64>) {
        for map in [&mut self.engine, &mut self.busy, &mut self.memory] {
            map.retain(|time, _| !times.contains(time));
        }
    }
}

type Holders = BTreeMap<Place, BTreeMap<Device, Seen>>;

/// What [`read`] asks, where there is something to ask for.
pub(super) fn questions(asker: &Asker<'_>) -> Vec<Question> {
    let there = METRICS.into_iter().filter(|metric| asker.has(metric));
    there.map(|metric| question(asker, metric)).collect()
}

pub(super) async fn read(asker: &mut Asker<'_>, signals: &mut Signals) {
    let mut holders = Holders::new();
    let mut odd = 0;
    for metric in METRICS {
        if asker.has(metric) {
            odd += one(asker, metric, &mut holders).await;
        }
    }
    if odd > 0 {
        asker.gap(Gap::new(
            "impossible-values",
            "use of GPUs",
            format!("{odd} samples are out of the range of their metric and left out"),
        ));
    }
    if let Some(gap) = drop_shared(&mut holders) {
        asker.gap(gap);
    }
    for (place, devices) in &mut holders {
        keep_slices(devices);
        if asker.view.wants(place) {
            fold(place, devices, signals);
        }
    }
}

fn question(asker: &Asker<'_>, metric: &'static str) -> Question {
    let step = asker.grid.step.as_secs().max(1);
    let range = step.max(SHORTEST_RANGE);
    let over = if metric == MEMORY {
        "max_over_time"
    } else {
        "avg_over_time"
    };
    let samples = u64::from(range / SHORTEST_RANGE) * SAMPLES;
    Question {
        label: "use of GPUs",
        text: format!("{over}({}[{range}s])", asker.selector(&[metric], "", false)),
        step: Some(step),
        cost: asker.series(&[metric]) * samples,
    }
}

/// Reads one metric; gives how many samples could not be true. All namespaces,
/// because whoever shares a device may be in any.
async fn one(asker: &mut Asker<'_>, metric: &'static str, holders: &mut Holders) -> u64 {
    let question = question(asker, metric);
    let mut odd = 0;
    let words = asker.view.words;
    let take = |answer: &Answer| {
        let place = Place::of(&answer.labels, words);
        if place.pod.is_empty() {
            return;
        }
        let devices = holders.entry(place).or_default();
        let seen = devices.entry(device(&answer.labels)).or_default();
        let (map, unit, most) = match metric {
            ENGINE => (&mut seen.engine, 1.0, 1.0),
            BUSY => (&mut seen.busy, 0.01, 1.0),
            _ => (&mut seen.memory, MEBIBYTE, LARGEST),
        };
        for (time, value) in &answer.points {
            let value = value * unit;
            if (0.0..=most * 1.05).contains(&value) {
                let held = map.entry(*time).or_insert(0.0);
                *held = held.max(value.min(most));
            } else {
                odd += 1;
            }
        }
    };
    asker.over_window(&question, take).await;
    odd
}

fn device(labels: &Labels) -> Device {
    let uuid = labels.get("UUID");
    let host = [
        labels.get("Hostname"),
        labels.get("hostname"),
        labels.get("instance"),
    ];
    let host = host.into_iter().find(|name| !name.is_empty());
    let id = if uuid.is_empty() {
        format!("{}/{}", host.unwrap_or_default(), labels.get("gpu"))
    } else {
        uuid.to_owned()
    };
    Device {
        id,
        slice: labels.get("GPU_I_ID").to_owned(),
    }
}

/// Drops what several containers share at a time: DCGM then knows the device,
/// not who used it.
fn drop_shared(holders: &mut Holders) -> Option<Gap> {
    let mut users: BTreeMap<Device, BTreeMap<i64, usize>> = BTreeMap::new();
    for devices in holders.values() {
        for (device, seen) in devices {
            let counts = users.entry(device.clone()).or_default();
            for time in seen.times() {
                *counts.entry(time).or_default() += 1;
            }
        }
    }
    let shared: BTreeMap<Device, BTreeSet<i64>> = users
        .into_iter()
        .map(|(device, counts)| {
            let times = counts.into_iter().filter(|(_, users)| *users > 1);
            (device, times.map(|(time, _)| time).collect())
        })
        .collect();
    let mut pods = BTreeSet::new();
    for (place, devices) in holders {
        for (device, seen) in devices {
            let Some(times) = shared.get(device).filter(|times| !times.is_empty()) else {
                continue;
            };
            let before = seen.times().len();
            seen.forget(times);
            if before - seen.times().len() > HANDOVER {
                pods.insert(format!("{}/{}", place.namespace, place.pod));
            }
        }
    }
    let count = pods.len();
    let examples: Vec<String> = pods.into_iter().take(3).collect();
    (count > 0).then(|| {
        Gap::new(
            "gpu-shared",
            "use of GPUs",
            format!(
                "{count} pods have time-sliced GPUs: a shared device does not tell who used it: {}",
                examples.join(", ")
            ),
        )
        .hint("MIG slices, or one pod a device, tell each pod's use")
    })
}

/// Where slices of a device are known, the device as a whole is not the container's.
fn keep_slices(devices: &mut BTreeMap<Device, Seen>) {
    let sliced: BTreeSet<String> = devices
        .keys()
        .filter(|device| !device.slice.is_empty())
        .map(|device| device.id.clone())
        .collect();
    devices.retain(|device, _| !device.slice.is_empty() || !sliced.contains(&device.id));
}

/// The mean utilization over the container's devices, and their memory together.
fn fold(place: &Place, devices: &BTreeMap<Device, Seen>, signals: &mut Signals) {
    let times: BTreeSet<i64> = devices.values().flat_map(Seen::times).collect();
    for time in times {
        let busy: Vec<f64> = devices
            .values()
            .filter_map(|seen| seen.utilization(time))
            .collect();
        if !busy.is_empty() {
            let mean = busy.iter().sum::<f64>() / len_f64(busy.len());
            signals.put(place, Metric::GpuUtilization, time, single(mean));
        }
        let memory: Vec<f64> = devices
            .values()
            .filter_map(|seen| seen.memory.get(&time).copied())
            .collect();
        if !memory.is_empty() {
            let sum = memory.iter().sum::<f64>();
            signals.put(place, Metric::GpuMemoryBytes, time, single(sum));
        }
    }
}
