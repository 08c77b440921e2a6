//! What a pod of a workload does on its device, slot by slot, small enough to keep of all.

use std::ops::Range;

use super::alternate::mostly;
use crate::units::count_from;

/// Steps between nothing and everything; a byte has room for these and for what is not known.
const STEPS: f32 = 250.0;
const UNKNOWN: u8 = u8::MAX;
/// Above this share of the time something runs, and so many samples tell how much at a time.
const RUNS: f64 = 0.02;
const FEWEST: usize = 20;

/// The mean over the pods of a workload, slot by slot of the snapshot's grid.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trace {
    first: u32,
    /// Slots an hour.
    per_hour: u32,
    /// How often anything ran, and how full the device was.
    busy: Vec<u8>,
    full: Vec<u8>,
}

/// What was done in one slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slot {
    /// Share of the time that anything ran; `None` where it is not known.
    pub(super) busy: Option<f64>,
    /// The larger of multiprocessors and memory, or what stands for it.
    pub(super) full: f64,
}

impl Trace {
    /// Slots from the first that is known to the last.
    pub(super) fn slots(&self) -> Range<u32> {
        let len = u32::try_from(self.full.len()).unwrap_or(0);
        self.first..self.first + len
    }

    /// Where anything runs, the share of devices that do at a time, which is nearly never
    /// more; `None` of too few samples.
    pub(super) fn at_once(&self) -> Option<f64> {
        let runs: Vec<f64> = self.busy.iter().filter_map(|it| share(*it)).collect();
        let runs: Vec<f64> = runs.into_iter().filter(|it| *it > RUNS).collect();
        (runs.len() >= FEWEST).then(|| mostly(runs))?
    }

    /// The hour that a slot is in, counted from the start of the grid.
    pub(super) fn hour(&self, slot: u32) -> u32 {
        slot / self.per_hour.max(1)
    }

    /// `None` where it is not known how full the device was.
    pub(super) fn at(&self, slot: u32) -> Option<Slot> {
        let place = usize::try_from(slot.checked_sub(self.first)?).ok()?;
        let full = share(*self.full.get(place)?)?;
        Some(Slot {
            busy: share(*self.busy.get(place)?).map(|busy| busy.max(full)),
            full,
        })
    }
}

fn share(byte: u8) -> Option<f64> {
    (byte != UNKNOWN).then(|| f64::from(byte) / f64::from(STEPS))
}

/// Sums of what pods do, from which a trace is made.
#[derive(Default)]
pub(super) struct Sums {
    /// Of each slot the sum over pods and how many are known: busy, then full.
    slots: Vec<[(f32, f32); 2]>,
}

impl Sums {
    /// Figures are `NaN` where they are not known.
    pub(super) fn add(&mut self, slot: u32, busy: f32, full: f32) {
        let place = usize::try_from(slot).unwrap_or(0);
        if self.slots.len() <= place {
            self.slots.resize(place + 1, [(0.0, 0.0); 2]);
        }
        for (sum, value) in self.slots[place].iter_mut().zip([busy, full]) {
            if !value.is_nan() {
                *sum = (sum.0 + value, sum.1 + 1.0);
            }
        }
    }

    pub(super) fn trace(&self, per_hour: u32) -> Trace {
        let known = |it: &[(f32, f32); 2]| it[1].1 > 0.0;
        let Some(first) = self.slots.iter().position(known) else {
            return Trace::default();
        };
        let column = |which: usize| {
            let each = self.slots[first..].iter();
            each.map(|it| byte(it[which])).collect()
        };
        Trace {
            first: u32::try_from(first).unwrap_or(0),
            per_hour,
            busy: column(0),
            full: column(1),
        }
    }
}

fn byte((sum, count): (f32, f32)) -> u8 {
    if count <= 0.0 {
        return UNKNOWN;
    }
    let steps = (sum / count).clamp(0.0, 1.0) * STEPS;
    u8::try_from(count_from(f64::from(steps))).unwrap_or(UNKNOWN)
}
