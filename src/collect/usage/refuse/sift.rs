//! One series, without the samples that cannot be.

use super::bounds::Bound;
use super::fault::{Fault, Left};
use crate::snapshot::Series;
use crate::trend::{largest, smallest};
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
    whole(series, bound).unwrap_or_else(|| sift_each(series, bound))
}

/// What is left of a series of which every sample can be, as of nearly all: its means are all
/// that there is to find. `None` for any other.
fn whole(series: &Series, bound: &Bound) -> Option<Sifted> {
    let (cpu, memory) = (&series.cpu_cores, &series.memory_bytes);
    let (most_cpu, most_memory) = (largest(cpu, 0.0), largest(memory, 0.0));
    let is_within = f64::from(most_cpu) <= bound.cores && f64::from(most_memory) <= bound.bytes;
    if !is_within || smallest(memory, PAGE) < PAGE {
        return None;
    }
    let (cpu, memory) = sums(cpu, memory);
    let left = |(kept, sum): (usize, f64), most: f32| Left {
        kept,
        sum,
        largest: f64::from(most),
        refused: 0,
    };
    let (cpu, memory) = (left(cpu, most_cpu), left(memory, most_memory));
    let usual = cpu.mean() <= bound.usual.0 && memory.mean() <= bound.usual.1;
    usual.then(|| Sifted {
        cpu,
        memory,
        faults: Vec::new(),
    })
}

/// How many samples there are of both, and their sums: side by side, as each sample of one
/// waits for the one before it.
fn sums(cpu: &[f32], memory: &[f32]) -> ((usize, f64), (usize, f64)) {
    let (mut one, mut other) = ((0, 0.0), (0, 0.0));
    let add = |(count, sum): &mut (usize, f64), value: f32| {
        let known = !value.is_nan();
        *count += usize::from(known);
        *sum += if known { f64::from(value) } else { 0.0 };
    };
    let both = cpu.len().min(memory.len());
    for (cpu, memory) in cpu.iter().zip(memory) {
        add(&mut one, *cpu);
        add(&mut other, *memory);
    }
    cpu[both..].iter().for_each(|it| add(&mut one, *it));
    memory[both..].iter().for_each(|it| add(&mut other, *it));
    (one, other)
}

fn sift_each(series: &mut Series, bound: &Bound) -> Sifted {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::units::single;

    fn series(odd: f32) -> Series {
        let wave = |at: usize| single(len_f64(at * at % 83) / 7.0);
        let mut cpu_cores: Vec<f32> = (0..500).map(wave).collect();
        let mut memory_bytes: Vec<f32> = (0..500).map(|at| 5e6 + 1e5 * wave(at)).collect();
        cpu_cores[17] = f32::NAN;
        cpu_cores[90] = -0.0;
        (cpu_cores[300], memory_bytes[301]) = (odd / 1e6, odd);
        memory_bytes[40] = f32::NAN;
        Series {
            workload: 0,
            pod: String::new(),
            container: String::new(),
            first: 0,
            cpu_cores,
            memory_bytes,
            more: BTreeMap::new(),
        }
    }

    fn left(left: &Left) -> (usize, usize, u64, u64) {
        let bits = (left.sum.to_bits(), left.largest.to_bits());
        (left.kept, left.refused, bits.0, bits.1)
    }

    #[test]
    fn a_series_that_can_be_is_told_as_sample_by_sample() {
        for odd in [5e6, 0.0, 1e9, f32::NAN] {
            for usual in [f64::INFINITY, 1.0] {
                let bound = Bound {
                    cores: 64.0,
                    bytes: 5e8,
                    node: (64.0, 5e8),
                    usual: (usual, f64::INFINITY),
                };
                let (mut quick, mut slow) = (series(odd), series(odd));
                let can_be = odd.is_nan() || (1.0..1e8).contains(&odd);
                let found = whole(&quick, &bound);
                assert_eq!(found.is_some(), can_be && usual > 1.0, "{odd} {usual}");
                let (quick_left, slow_left) =
                    (sift(&mut quick, &bound), sift_each(&mut slow, &bound));
                assert_eq!(left(&quick_left.cpu), left(&slow_left.cpu));
                assert_eq!(left(&quick_left.memory), left(&slow_left.memory));
                assert_eq!(quick_left.faults, slow_left.faults);
            }
        }
    }
}
