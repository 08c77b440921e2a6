//! Devices of one container that are told of one by one: which of them are never used.

use crate::snapshot::{DeviceUse, Grid, Workload};
use crate::units::{Span, len_f64};

/// Below so many samples, and so much time, nothing is said of one.
const FEWEST: u32 = 5;
const LONG: Span = Span::HOUR;
/// Of a device that does nothing: DCGM has a noise floor.
const NOTHING: f64 = 0.01;
/// How long one must do nothing that did something before, and how much longer than ever.
const ENDED: Span = Span::from_secs(6 * 3_600);
const MUCH_LONGER: u32 = 2;

/// What is told of each device of a container.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Each {
    /// Devices that are told of.
    pub told: usize,
    /// Those of them that do nothing.
    pub unused: Vec<Unused>,
}

/// A device that does nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Unused {
    /// As people know it: `GPU 3`.
    pub name: String,
    /// How long it has done nothing.
    pub span: Span,
    /// Whether it did something before.
    pub worked: bool,
    /// What it draws, watts.
    pub watts: Option<f64>,
}

impl Each {
    /// Of a container of a pod that has so many devices and slices; `None` where not enough
    /// is told of single ones, or of more than it has, so that some are not its own.
    pub(super) fn of(
        workload: &Workload,
        (pod, container): (&str, &str),
        units: f64,
        grid: &Grid,
    ) -> Option<Self> {
        let pod = workload.pods.iter().find(|it| it.name == pod)?;
        let own = pod.devices.iter().filter(|it| it.container == container);
        let all: Vec<&DeviceUse> = own.collect();
        let is_known = |it: &&DeviceUse| it.samples >= FEWEST && it.watched() >= LONG;
        if units < 2.0 || all.len() < 2 || len_f64(all.len()) > units || !all.iter().all(is_known) {
            return None;
        }
        Some(Self {
            told: all.len(),
            unused: all.iter().filter_map(|it| unused(it, grid)).collect(),
        })
    }

    /// Whether some do nothing and others work.
    pub(super) fn is_partly_used(&self) -> bool {
        !self.unused.is_empty() && self.unused.len() < self.told
    }

    /// Whether all of them do nothing.
    pub(super) fn is_unused(&self) -> bool {
        self.unused.len() == self.told
    }

    /// What those that work do, of what all of them do on average.
    pub(super) fn share_of_all(&self) -> f64 {
        len_f64(self.told) / len_f64(self.told.saturating_sub(self.unused.len()).max(1))
    }

    /// What those draw together that do nothing, watts.
    pub(super) fn unused_watts(&self) -> f64 {
        self.unused.iter().filter_map(|it| it.watts).sum()
    }
}

/// What did nothing in the whole window, or nothing any more.
fn unused(device: &DeviceUse, grid: &Grid) -> Option<Unused> {
    let in_window = device.worked_at.is_some_and(|at| at >= grid.start);
    let worked = in_window && device.worked_ratio > NOTHING;
    let rests = device.rests_for();
    let rest = device.longest_rest.as_secs().saturating_mul(MUCH_LONGER);
    let ended = rests >= ENDED && rests.as_secs() > rest;
    let span = if worked { rests } else { device.watched() };
    (!worked || ended).then(|| Unused {
        name: device.called(),
        span,
        worked,
        watts: device.power_watts,
    })
}
