//! Which device a series speaks of, and what was seen of it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::answer::Labels;
use super::super::place::Place;
use crate::snapshot::Grid;
use crate::units::{len_f64, single};

/// A device or a slice of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Device {
    /// Its UUID, else its number on its node.
    pub(super) id: String,
    /// Empty for a device as a whole.
    pub(super) slice: String,
}

/// Labels that name a device everywhere.
const UNIQUE: [&str; 6] = [
    "UUID",
    "gpu_uuid",
    "uuid",
    "deviceuuid",
    "accelerator_id",
    "serial_number",
];
/// Labels that name it on its node.
const LOCAL: [&str; 8] = [
    "gpu",
    "gpu_id",
    "neuroncore",
    "neuron_device",
    "dev_file",
    "minor_number",
    "index",
    "pci_bdf",
];
/// Labels that name the node.
const HOSTS: [&str; 4] = ["Hostname", "hostname", "node", "instance"];

impl Device {
    pub(super) fn of(labels: &Labels) -> Self {
        let unique = first(labels, &UNIQUE);
        let id = if unique.is_empty() {
            format!("{}/{}", host(labels), first(labels, &LOCAL))
        } else {
            unique.to_owned()
        };
        Self {
            id,
            slice: slice(labels).to_owned(),
        }
    }

    /// What names it wherever it is.
    pub(super) fn name(&self) -> String {
        self.with_slice(&self.id)
    }

    /// What people call it on its node; empty where no label tells.
    pub(super) fn number(&self, labels: &Labels) -> String {
        match first(labels, &LOCAL) {
            "" => String::new(),
            number => self.with_slice(number),
        }
    }

    fn with_slice(&self, name: &str) -> String {
        match self.slice.as_str() {
            "" => name.to_owned(),
            slice => format!("{name}/{slice}"),
        }
    }
}

/// The first of these labels that says anything.
fn first<'a>(labels: &'a Labels, names: &[&str]) -> &'a str {
    let mut values = names.iter().map(|name| labels.get(name));
    values.find(|it| !it.is_empty()).unwrap_or_default()
}

/// The node that a series speaks of, where it names one.
pub(super) fn host(labels: &Labels) -> &str {
    first(labels, &HOSTS)
}

/// The tile of a device of Intel that a series speaks of, which is no slice: whoever has the
/// device has all of them.
pub(super) fn tile(labels: &Labels) -> Option<&str> {
    Some(labels.get("sub_dev")).filter(|it| !it.is_empty())
}

/// The slice: of MIG, of a partitioned card of AMD. A card of AMD that
/// is one partition is whole.
fn slice(labels: &Labels) -> &str {
    let mig = labels.get("GPU_I_ID");
    let kind = labels.get("gpu_compute_partition_type");
    if mig.is_empty() && !kind.is_empty() && !kind.eq_ignore_ascii_case("spx") {
        return labels.get("gpu_partition_id");
    }
    mig
}

/// The points of the window, a step apart up to its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Points {
    end: i64,
    step: i64,
    pub(super) count: usize,
}

impl Points {
    pub(super) fn of(grid: &Grid) -> Self {
        Self {
            end: grid.end().as_second(),
            step: i64::from(grid.step.as_secs().max(1)),
            // One at the start of the first slot, and one at the end of each.
            count: usize::try_from(grid.len).unwrap_or(usize::MAX) + 1,
        }
    }

    pub(super) fn per_day(self) -> usize {
        usize::try_from(86_400 / self.step).unwrap_or(usize::MAX)
    }

    pub(super) fn at(self, time: i64) -> Option<usize> {
        let back = usize::try_from((self.end - time).div_euclid(self.step)).ok()?;
        self.count.checked_sub(back + 1)
    }

    pub(super) fn time(self, point: usize) -> i64 {
        let back = i64::try_from(self.count - 1 - point).unwrap_or(0);
        self.end - back * self.step
    }
}

/// What is known of each device in each container, by point of the window.
#[derive(Debug, Default)]
pub(super) struct Holders(pub(super) BTreeMap<Place, BTreeMap<Device, Vec<f32>>>);

/// One value of so many is a single one.
const SINGLE: usize = 20;
/// A share of no more than this is nothing, and as percent as well.
const NEXT_TO_NOTHING: f32 = 0.02;

fn joined(tiles: &[Vec<f32>], point: usize, is_amount: bool) -> f32 {
    let known = tiles.iter().filter_map(|it| it.get(point).copied());
    let known: Vec<f64> = known.filter(|it| !it.is_nan()).map(f64::from).collect();
    match (known.len(), is_amount) {
        (0, _) => f32::NAN,
        (_, true) => single(known.iter().sum()),
        (count, false) => single(known.iter().sum::<f64>() / len_f64(count)),
    }
}

/// What is known of the scales of devices while one metric after the other is read.
#[derive(Debug, Default)]
pub(super) struct Scales {
    /// How often anything runs, the mean.
    busy: BTreeMap<Device, f32>,
    /// Devices of which any metric is percent.
    percent: BTreeSet<Device>,
}

/// What runs for more than this share of the time does not use so much less of a device that
/// a value is a percent of it.
const RUNS: f32 = 0.1;

impl Scales {
    pub(super) fn note_busy(&mut self, all: &Holders) {
        for (device, values) in all.0.values().flatten() {
            let known = values.iter().filter(|it| !it.is_nan());
            let (sum, count) = known.fold((0.0, 0.0_f32), |it, value| (it.0 + value, it.1 + 1.0));
            if count > 0.0 {
                self.busy.insert(device.clone(), sum / count);
            }
        }
    }

    /// Whether these values are shares for certain, beside others that are percent: by how often
    /// anything runs, unless other metrics of the device are percent.
    fn is_share(&self, device: &Device, values: &[f32]) -> bool {
        let busy = self.busy.get(device).copied();
        let runs = busy.is_some_and(|it| it > RUNS);
        runs && largest(values) > NEXT_TO_NOTHING && !self.percent.contains(device)
    }

    /// Whether they can be: no more is used than something runs.
    fn can_be_share(&self, device: &Device, values: &[f32]) -> bool {
        let known = values.iter().filter(|it| !it.is_nan());
        let (sum, count) = known.fold((0.0, 0.0_f32), |it, value| (it.0 + value, it.1 + 1.0));
        let busy = self.busy.get(device).copied();
        busy.is_some_and(|it| sum <= (1.2 * it + NEXT_TO_NOTHING) * count)
    }
}

fn largest(values: &[f32]) -> f32 {
    values.iter().copied().fold(f32::NAN, f32::max)
}

/// Points of two pods on one device, up to which one followed the other.
const HANDOVER: usize = 2;

impl Holders {
    /// Puts a value to a point, of so many; the larger of two stays.
    pub(super) fn put(&mut self, place: &Place, device: Device, points: usize, at: (usize, f64)) {
        let devices = self.0.entry(place.clone()).or_default();
        let values = devices.entry(device).or_default();
        values.resize(points, f32::NAN);
        if let Some(held) = values.get_mut(at.0) {
            // `max` takes the number where the other side is NaN.
            *held = held.max(single(at.1));
        }
    }

    /// Takes what `other` knows where this does not.
    pub(super) fn fill(&mut self, other: Self) {
        for (place, devices) in other.0 {
            let own = self.0.entry(place).or_default();
            for (device, values) in devices {
                let held = own.entry(device).or_default();
                held.resize(values.len(), f32::NAN);
                for (held, value) in held.iter_mut().zip(values) {
                    if held.is_nan() {
                        *held = value;
                    }
                }
            }
        }
    }

    /// Of devices that are told of tile by tile one figure each: of amounts the sum, of all
    /// else the mean.
    pub(super) fn joined(self, is_amount: bool) -> Self {
        let each = self.0.into_iter().map(|(place, tiles)| {
            let mut devices: BTreeMap<Device, Vec<Vec<f32>>> = BTreeMap::new();
            for (tile, values) in tiles {
                let device = Device {
                    slice: String::new(),
                    ..tile
                };
                devices.entry(device).or_default().push(values);
            }
            let join = |tiles: Vec<Vec<f32>>| {
                let points = tiles.iter().map(Vec::len).max().unwrap_or(0);
                (0..points)
                    .map(|it| joined(&tiles, it, is_amount))
                    .collect()
            };
            let devices = devices.into_iter().map(|(it, tiles)| (it, join(tiles)));
            (place, devices.collect())
        });
        Self(each.collect())
    }

    /// Puts nothing before and after what is told of while it lasts alone.
    pub(super) fn begin_and_end(&mut self) {
        for values in self.0.values_mut().flat_map(BTreeMap::values_mut) {
            let known = |it: &f32| !it.is_nan();
            let (first, last) = (
                values.iter().position(known),
                values.iter().rposition(known),
            );
            if let Some(before) = first.and_then(|it| it.checked_sub(1)) {
                values[before] = 0.0;
            }
            if let Some(after) = last.and_then(|it| values.get_mut(it + 1)) {
                *after = 0.0;
            }
        }
    }

    /// Makes shares of what is percent, which a series shows by values above this that are no
    /// single ones. How often anything runs on a device tells it of the others; else the exporter
    /// of one host is taken to tell all in one of both ways: the host of each device is in
    /// `hosts`. Where that is not known, a series without such values beside
    /// others that have them may be either: it is forgotten, unless it is next to nothing both
    /// ways. Gives how many are.
    pub(super) fn make_shares(
        &mut self,
        percent_from: f32,
        (hosts, scales): (&BTreeMap<String, String>, &mut Scales),
    ) -> u64 {
        let is_percent = |values: &Vec<f32>| {
            let known = values.iter().filter(|it| !it.is_nan()).count();
            let above = values.iter().filter(|it| **it > percent_from).count();
            above > 0 && above * SINGLE >= known
        };
        let host = |device: &Device| hosts.get(&device.id).filter(|it| !it.is_empty());
        let all = || self.0.values().flatten();
        let percent = all().filter(|(_, values)| is_percent(values));
        scales.percent.extend(percent.map(|it| it.0.clone()));
        if !all().any(|it| scales.percent.contains(it.0)) {
            return 0;
        }
        let of = |them: &dyn Fn(&Device, &[f32]) -> bool| -> BTreeSet<String> {
            let them = all().filter(|it| them(it.0, it.1));
            them.filter_map(|it| host(it.0)).cloned().collect()
        };
        let percent = of(&|it, _| scales.percent.contains(it));
        let shares = of(&|it, values| scales.is_share(it, values));
        let mut either = 0;
        for (device, values) in self.0.values_mut().flatten() {
            let factor = if scales.percent.contains(device) {
                0.01
            } else if scales.is_share(device, values) {
                1.0
            } else if let Some(host) = host(device) {
                let is_mixed = shares.contains(host) && scales.can_be_share(device, values);
                if percent.contains(host) && !is_mixed {
                    0.01
                } else {
                    1.0
                }
            } else if largest(values) > NEXT_TO_NOTHING {
                either += 1;
                f32::NAN
            } else {
                1.0
            };
            for value in values {
                *value *= factor;
            }
        }
        either
    }

    /// Forgets values above this; gives how many there were.
    pub(super) fn cut(&mut self, most: f32) -> u64 {
        let mut odd = 0;
        for values in self.0.values_mut().flat_map(BTreeMap::values_mut) {
            for value in values.iter_mut().filter(|value| !value.is_nan()) {
                if *value > most * 1.05 {
                    *value = f32::NAN;
                    odd += 1;
                } else {
                    *value = value.min(most);
                }
            }
        }
        odd
    }

    /// Which devices are cut into slices.
    pub(super) fn note_slices(&self, sliced: &mut BTreeSet<String>) {
        let all = self.0.values().flat_map(BTreeMap::keys);
        let slices = all.filter(|device| !device.slice.is_empty());
        sliced.extend(slices.map(|device| device.id.clone()));
    }

    /// Leaves of these devices the slices alone.
    pub(super) fn drop_whole(&mut self, sliced: &BTreeSet<String>) {
        for devices in self.0.values_mut() {
            devices.retain(|it, _| !it.slice.is_empty() || !sliced.contains(&it.id));
        }
    }

    /// Leaves devices as a whole: what is told of a slice is of the whole device too.
    pub(super) fn drop_slices(&mut self) {
        for devices in self.0.values_mut() {
            devices.retain(|device, _| device.slice.is_empty());
        }
    }

    /// Devices that several containers share, and of which the exporter tells each its
    /// own: what it says of them differs.
    pub(super) fn told_apart(&self) -> BTreeSet<Device> {
        let mut seen: BTreeMap<&Device, Vec<&Vec<f32>>> = BTreeMap::new();
        let of_pods = self.0.iter().filter(|(it, _)| !it.is_node());
        for (device, values) in of_pods.flat_map(|(_, devices)| devices) {
            seen.entry(device).or_default().push(values);
        }
        let differs = |all: &[&Vec<f32>]| {
            let (mut shared, mut different) = (0_usize, 0_usize);
            let points = all.iter().map(|it| it.len()).max().unwrap_or(0);
            for point in 0..points {
                let known: Vec<f32> = all
                    .iter()
                    .filter_map(|it| it.get(point).copied())
                    .filter(|it| !it.is_nan())
                    .collect();
                if let [first, rest @ ..] = known.as_slice()
                    && !rest.is_empty()
                {
                    shared += 1;
                    different += usize::from(rest.iter().any(|it| (it - first).abs() > 1.0));
                }
            }
            shared > HANDOVER && different * 2 > shared
        };
        let apart = seen.into_iter().filter(|(_, all)| differs(all));
        apart.map(|(device, _)| device.clone()).collect()
    }

    /// Drops what several containers share at a time, but for devices of `apart`; gives
    /// the pods. An exporter then knows the device, not who used it.
    pub(super) fn drop_shared(
        &mut self,
        points: usize,
        apart: &BTreeSet<Device>,
    ) -> BTreeSet<String> {
        let mut users: BTreeMap<Device, Vec<u16>> = BTreeMap::new();
        let of_pods = self.0.iter().filter(|(it, _)| !it.is_node());
        for (device, values) in of_pods.flat_map(|(_, devices)| devices) {
            let counts = users.entry(device.clone());
            let counts = counts.or_insert_with(|| vec![0; points]);
            for (count, value) in counts.iter_mut().zip(values) {
                *count += u16::from(!value.is_nan());
            }
        }
        let mut pods = BTreeSet::new();
        for (place, devices) in &mut self.0 {
            let own = devices.iter_mut().filter(|(it, _)| !apart.contains(it));
            // What names no pod says nothing new of a device of which another does.
            let others = u16::from(!place.is_node());
            for (device, values) in own {
                let counts = users.get(device).into_iter().flatten();
                let mut forgotten = 0;
                for (value, _) in values
                    .iter_mut()
                    .zip(counts)
                    .filter(|(_, users)| **users > others)
                {
                    forgotten += usize::from(!value.is_nan());
                    *value = f32::NAN;
                }
                if forgotten > HANDOVER && !place.is_node() {
                    pods.insert(format!("{}/{}", place.namespace, place.pod));
                }
            }
        }
        pods
    }
}
