//! Devices of one container that are told of one by one.

use super::card::Card;
use super::hang::Hang;
use super::part::{Life, Of, Part, began};
use super::sample::RESTS;
use super::seen::{Busiest, Level, Levels};
use super::vendor::Vendor;
use crate::snapshot::{DeviceLevel, DeviceUse, Grid, Metric, Pod, tellers};
use crate::units::{Span, len_f64};

/// How long one must do nothing that did something before, and how much longer than ever.
const ENDED: Span = Span::from_secs(6 * 3_600);
const MUCH_LONGER: u32 = 2;

/// What is told of each device of a container of a pod.
pub(super) struct Each<'a> {
    pod: &'a str,
    container: &'a str,
    /// Devices and slices that it asks for.
    units: f64,
    vendor: Vendor,
    all: Vec<&'a DeviceUse>,
    created: Option<i64>,
}

impl<'a> Each<'a> {
    /// `None` where nothing is told of single ones.
    pub(super) fn of(
        pod: &'a Pod,
        container: &'a str,
        (units, vendor): (f64, Vendor),
    ) -> Option<Self> {
        let own = pod.devices.iter().filter(|it| it.container == container);
        let all: Vec<&DeviceUse> = own.collect();
        // A device of other vendors may be told of in parts: cores, tiles.
        let in_parts = vendor != Vendor::Nvidia && len_f64(all.len()) > units + 0.01;
        (!all.is_empty() && !in_parts).then_some(Self {
            pod: &pod.name,
            container,
            units,
            vendor,
            all,
            created: began(pod),
        })
    }

    /// How many are told of.
    pub(super) fn told(&self) -> usize {
        self.all.len()
    }

    /// Whether more are told of than it asks for, so that some are not its own.
    pub(super) fn is_beyond(&self) -> bool {
        len_f64(self.all.len()) > self.units + 0.01
    }

    /// How many devices there are in a sum of this metric, on average; `None` where none is
    /// told of alone.
    pub(super) fn tellers(&self, metric: Metric) -> Option<f64> {
        tellers(&self.all, metric)
    }

    /// One part for each device, and one for those that nothing is told of.
    pub(super) fn parts(&self, grid: &Grid, card: Option<&'static Card>) -> Vec<Part> {
        let each = self.all.iter();
        let mut parts: Vec<Part> = each.map(|it| self.part(it, grid, card)).collect();
        let untold = self.units - len_f64(parts.len());
        if untold > 0.01 {
            let first = parts.iter().map(|it| it.life.first).min().unwrap_or(0);
            parts.push(Part {
                pod: self.pod.to_owned(),
                container: self.container.to_owned(),
                devices: untold,
                card,
                of: Of::Untold,
                life: Life {
                    created: self.created,
                    opened: first,
                    first,
                    end: grid.len,
                    known: 0.0,
                    devices: untold,
                },
                ..Part::default()
            });
        }
        parts
    }

    fn part(&self, device: &DeviceUse, grid: &Grid, card: Option<&'static Card>) -> Part {
        let level = |level: Option<DeviceLevel>| level.map(|it| of_device(&it, device.samples));
        // Of a slice drivers say 0, whatever runs on it.
        let runs = device.busy_ratio;
        let runs = runs.filter(|it| it.max > 0.0 || device.sm_ratio.is_none());
        let levels = Levels {
            busy: level(runs),
            sm: level(device.sm_ratio),
            tensor: level(device.tensor_ratio),
            dram: level(device.dram_ratio),
            full: level(device.full_ratio),
            watts: level(device.power)
                .or_else(|| Some(steady(device.power_watts?, device.samples))),
            memory: device.memory.map(|it| Level {
                mean: it.mean_bytes,
                p95: it.p95_bytes,
                p99: it.max_bytes,
                max: it.max_bytes,
                samples: samples(device.samples),
            }),
            memory_total: device
                .memory
                .and_then(|it| Some(steady(it.total_bytes?, device.samples))),
            busiest: Busiest {
                sm: device.sm_ratio.and_then(|it| it.busiest),
                dram: device.dram_ratio.and_then(|it| it.busiest),
                full: device.full_ratio.and_then(|it| it.busiest),
            },
            turns: device.turns,
        };
        let tells = [levels.busy, levels.full, levels.dram, levels.tensor];
        let is_told = tells.iter().any(Option::is_some);
        let did = is_told.then_some(device.worked_ratio);
        let of = |level: Option<Level>| level.map(|it| it.mean);
        let moved = of(levels.dram).into_iter().chain(of(levels.tensor));
        Part {
            pod: self.pod.to_owned(),
            container: self.container.to_owned(),
            devices: 1.0,
            card,
            of: Of::Device {
                id: device.id.clone(),
                name: device.called_as(self.vendor.word()),
            },
            busy: of(levels.busy),
            most_busy: levels.busy.map(|it| it.max),
            full: of(levels.full),
            moved: moved.reduce(f64::max),
            watts: of(levels.watts),
            did,
            samples: samples(device.samples),
            watched: device.watched(),
            newest: device.newest_ratio,
            hung: device
                .stands
                .and_then(|it| Hang::of(&it, (device.until, device.every), card)),
            resting: device
                .worked_at
                .map(|at| (at, device.rests_for()))
                .filter(|it| is_told && it.1 >= RESTS),
            begun: None,
            until: Some(device.until),
            ended: device
                .worked_at
                .filter(|_| is_told && ended(device, grid))
                .map(|at| (at, device.rests_for())),
            life: Life {
                created: self
                    .created
                    .max(device.began.map(jiff::Timestamp::as_second)),
                opened: grid.slot(device.since).unwrap_or(0),
                first: grid.slot(device.since).unwrap_or(0),
                end: grid.len,
                known: known(device, grid),
                devices: 1.0,
            },
            coverage: 1.0,
            lived: None,
            levels,
        }
    }
}

/// Slots of the grid that a device is known in.
fn known(device: &DeviceUse, grid: &Grid) -> f64 {
    let step = f64::from(grid.step.as_secs().max(1));
    let every = match device.every.as_secs() {
        0 => step,
        every => f64::from(every),
    };
    f64::from(device.samples) * every / step
}

fn samples(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn of_device(level: &DeviceLevel, count: u32) -> Level {
    Level {
        mean: level.mean,
        p95: level.p95,
        p99: level.p99.unwrap_or(level.max),
        max: level.max,
        samples: samples(count),
    }
}

fn steady(value: f64, count: u32) -> Level {
    Level {
        mean: value,
        p95: value,
        p99: value,
        max: value,
        samples: samples(count),
    }
}

/// Whether it worked in the window, and has done nothing for far longer than ever before.
fn ended(device: &DeviceUse, grid: &Grid) -> bool {
    let in_window = device.worked_at.is_some_and(|at| at >= grid.start);
    let rests = device.rests_for();
    let rest = device.longest_rest.as_secs().saturating_mul(MUCH_LONGER);
    in_window && device.worked_ratio > 0.0 && rests >= ENDED && rests.as_secs() > rest
}
