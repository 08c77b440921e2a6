//! Use of accelerators, from NVIDIA's DCGM exporter.

use std::collections::{BTreeMap, BTreeSet};

use super::super::answer::Labels;
use super::Signals;
use super::ask::Asker;
use super::place::Place;
use super::question::{Answer, Question};
use crate::snapshot::{Gap, Grid, Metric};
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

/// What is known of a device in a container, by point of the window. Each is
/// empty, or `NaN` where nothing is known.
#[derive(Debug, Default)]
struct Seen {
    engine: Vec<f32>,
    busy: Vec<f32>,
    memory: Vec<f32>,
}

impl Seen {
    fn is_known(&self, point: usize) -> bool {
        let all = [&self.engine, &self.busy, &self.memory];
        all.into_iter().any(|values| known(values, point).is_some())
    }

    /// The engine's own account where there is one.
    fn utilization(&self, point: usize) -> Option<f64> {
        known(&self.engine, point).or_else(|| known(&self.busy, point))
    }

    fn forget(&mut self, point: usize) {
        for values in [&mut self.engine, &mut self.busy, &mut self.memory] {
            if let Some(value) = values.get_mut(point) {
                *value = f32::NAN;
            }
        }
    }
}

fn known(values: &[f32], point: usize) -> Option<f64> {
    let value = values.get(point).filter(|value| !value.is_nan());
    value.map(|value| f64::from(*value))
}

/// Puts a value to a point, of so many; the larger of two stays.
fn put(values: &mut Vec<f32>, points: usize, point: usize, value: f64) {
    values.resize(points, f32::NAN);
    if let Some(held) = values.get_mut(point) {
        // `max` takes the number where the other side is NaN.
        *held = held.max(single(value));
    }
}

/// The points of the window, a step apart up to its end.
#[derive(Debug, Clone, Copy)]
struct Points {
    end: i64,
    step: i64,
    count: usize,
}

impl Points {
    fn of(grid: &Grid) -> Self {
        Self {
            end: grid.end().as_second(),
            step: i64::from(grid.step.as_secs().max(1)),
            // One at the start of the first slot, and one at the end of each.
            count: usize::try_from(grid.len).unwrap_or(usize::MAX) + 1,
        }
    }

    fn at(self, time: i64) -> Option<usize> {
        let back = usize::try_from((self.end - time).div_euclid(self.step)).ok()?;
        self.count.checked_sub(back + 1)
    }

    fn time(self, point: usize) -> i64 {
        let back = i64::try_from(self.count - 1 - point).unwrap_or(0);
        self.end - back * self.step
    }
}

type Holders = BTreeMap<Place, BTreeMap<Device, Seen>>;

/// What [`read`] asks, where there is something to ask for.
pub(super) fn questions(asker: &Asker<'_>) -> Vec<Question> {
    let there = METRICS.into_iter().filter(|metric| asker.has(metric));
    there.map(|metric| question(asker, metric)).collect()
}

pub(super) async fn read(asker: &mut Asker<'_>, signals: &mut Signals) {
    let points = Points::of(&asker.grid);
    let mut holders = Holders::new();
    let mut odd = 0;
    for metric in METRICS {
        if asker.has(metric) {
            odd += one(asker, metric, points, &mut holders).await;
        }
    }
    if odd > 0 {
        asker.gap(Gap::new(
            "impossible-values",
            "use of GPUs",
            format!("{odd} samples are out of the range of their metric and left out"),
        ));
    }
    if let Some(gap) = drop_shared(&mut holders, points.count) {
        asker.gap(gap);
    }
    for (place, mut devices) in holders {
        keep_slices(&mut devices);
        if asker.view.wants(&place) {
            fold(&place, &devices, points, signals);
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
async fn one(
    asker: &mut Asker<'_>,
    metric: &'static str,
    points: Points,
    holders: &mut Holders,
) -> u64 {
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
        let (values, unit, most) = match metric {
            ENGINE => (&mut seen.engine, 1.0, 1.0),
            BUSY => (&mut seen.busy, 0.01, 1.0),
            _ => (&mut seen.memory, MEBIBYTE, LARGEST),
        };
        for (time, value) in &answer.points {
            let value = value * unit;
            match points.at(*time) {
                Some(point) if (0.0..=most * 1.05).contains(&value) => {
                    put(values, points.count, point, value.min(most));
                }
                _ => odd += 1,
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
fn drop_shared(holders: &mut Holders, points: usize) -> Option<Gap> {
    let mut users: BTreeMap<Device, Vec<u16>> = BTreeMap::new();
    for devices in holders.values() {
        for (device, seen) in devices {
            let counts = users.entry(device.clone());
            let counts = counts.or_insert_with(|| vec![0; points]);
            for (point, count) in counts.iter_mut().enumerate() {
                *count += u16::from(seen.is_known(point));
            }
        }
    }
    let mut pods = BTreeSet::new();
    for (place, devices) in holders {
        for (device, seen) in devices {
            let counts = users.get(device).into_iter().flatten().enumerate();
            let shared = counts.filter(|(_, users)| **users > 1);
            let mut forgotten = 0;
            for (point, _) in shared {
                forgotten += usize::from(seen.is_known(point));
                seen.forget(point);
            }
            if forgotten > HANDOVER {
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
fn fold(place: &Place, devices: &BTreeMap<Device, Seen>, points: Points, signals: &mut Signals) {
    for point in 0..points.count {
        let time = points.time(point);
        let all = || devices.values();
        let busy: Vec<f64> = all().filter_map(|seen| seen.utilization(point)).collect();
        if !busy.is_empty() {
            let mean = busy.iter().sum::<f64>() / len_f64(busy.len());
            signals.put(place, Metric::GpuUtilization, time, single(mean));
        }
        let memory = all().filter_map(|seen| known(&seen.memory, point));
        if let Some(sum) = memory.reduce(|a, b| a + b) {
            signals.put(place, Metric::GpuMemoryBytes, time, single(sum));
        }
    }
}
