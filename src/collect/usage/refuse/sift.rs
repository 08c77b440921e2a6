//! One series, without the samples that cannot be.

use super::bounds::Bound;
use super::fault::{Fault, Left};
use crate::snapshot::Series;
use crate::units::len_f64;

/// No process has less memory than a page.
const PAGE: f32 = 4096.0;
/// A container may be seen before it has started and after it has ended: then it uses
/// neither CPU nor memory. Where so large a share of its samples has no memory, nothing
/// was measured, and the few others are no measurement either.
const UNSEEN: f64 = 0.99;
/// A single overshoot is left out alone; more than this share of samples beyond what
/// can be makes all of them doubtful, two at least.
const ODD: f64 = 0.005;

/// What is left of one series.
#[derive(Debug, Default)]
pub(super) struct Sifted {
    pub(super) cpu: Left,
    pub(super) memory: Left,
    pub(super) faults: Vec<Fault>,
}

impl Sifted {
    /// Whether a sample was taken out.
    pub(super) fn is_less(&self) -> bool {
        self.cpu.refused > 0 || self.memory.refused > 0
    }
}

/// Turns samples that cannot be into missing ones.
pub(super) fn sift(series: &mut Series, bound: &Bound) -> Sifted {
    let empty = Empty::of(series);
    let busy = without_memory(series);
    let (mut cpu, beyond) = within(&mut series.cpu_cores, bound.cores);
    let cpu_fault = beyond
        .map(|reached| Fault::CpuBeyondNode {
            reached,
            node: bound.node.0,
        })
        .or_else(|| {
            let mean = cpu.mean();
            let limit = bound.usual.0 / super::bounds::OVER_LIMIT;
            (mean > bound.usual.0).then_some(Fault::CpuBeyondLimit { mean, limit })
        });
    let (mut memory, beyond) = within(&mut series.memory_bytes, bound.bytes);
    memory.refused += busy;
    let memory_fault = beyond
        .map(|reached| Fault::MemoryBeyondNode {
            reached,
            node: bound.node.1,
        })
        .or_else(|| {
            let mean = memory.mean();
            let limit = bound.usual.1 / super::bounds::OVER_LIMIT;
            (mean > bound.usual.1).then_some(Fault::MemoryBeyondLimit { mean, limit })
        })
        .or_else(|| empty.fault());
    if matches!(memory_fault, Some(Fault::NoMemory { .. })) {
        let idle = forget_idle(series);
        cpu.kept -= idle.min(cpu.kept);
        cpu.refused += idle;
    }
    for (fault, left, values) in [
        (&cpu_fault, &mut cpu, &mut series.cpu_cores),
        (&memory_fault, &mut memory, &mut series.memory_bytes),
    ] {
        if fault.is_some() {
            values.fill(f32::NAN);
            *left = Left {
                refused: left.refused + left.kept,
                ..Left::default()
            };
        }
    }
    Sifted {
        cpu,
        memory,
        faults: cpu_fault.into_iter().chain(memory_fault).collect(),
    }
}

/// Samples without memory.
struct Empty {
    samples: usize,
    all: usize,
    largest: f64,
}

impl Empty {
    fn of(series: &Series) -> Self {
        let known = series.memory_bytes.iter().filter(|value| !value.is_nan());
        let none = known.clone().filter(|value| **value < PAGE);
        Self {
            samples: none.clone().count(),
            all: known.count(),
            largest: none.fold(0.0, |largest, value| largest.max(f64::from(*value))),
        }
    }

    fn fault(&self) -> Option<Fault> {
        let nearly_all = len_f64(self.samples) >= UNSEEN * len_f64(self.all);
        (self.samples > 0 && nearly_all).then_some(Fault::NoMemory {
            largest: self.largest,
            samples: self.samples,
        })
    }
}

/// Takes out memory below a page beside CPU that is used, and says how much: what runs
/// has memory.
fn without_memory(series: &mut Series) -> usize {
    let pairs = series.memory_bytes.iter_mut().zip(&series.cpu_cores);
    let impossible = pairs.filter(|(memory, cpu)| **memory < PAGE && **cpu > 0.0);
    impossible.map(|(memory, _)| *memory = f32::NAN).count()
}

/// Takes out CPU of 0 beside no memory, and says how many: where memory is not
/// measured, that is no measurement either.
fn forget_idle(series: &mut Series) -> usize {
    let pairs = series.memory_bytes.iter().zip(&mut series.cpu_cores);
    let idle = pairs.filter(|(memory, cpu)| **memory < PAGE && **cpu <= 0.0);
    idle.map(|(_, cpu)| *cpu = f32::NAN).count()
}

/// Takes out what is above `most`: what is left, and the largest where that is too
/// much to be chance.
fn within(values: &mut [f32], most: f64) -> (Left, Option<f64>) {
    let mut left = Left::default();
    let mut reached = 0.0_f64;
    for value in values.iter_mut().filter(|value| !value.is_nan()) {
        let number = f64::from(*value);
        if number > most {
            left.refused += 1;
            reached = reached.max(number);
            *value = f32::NAN;
        } else {
            left.keep(number);
        }
    }
    let all = len_f64(left.kept + left.refused);
    let odd = left.refused >= 2 && len_f64(left.refused) > ODD * all;
    let only = left.refused > 0 && left.kept == 0;
    (left, (odd || only).then_some(reached))
}
