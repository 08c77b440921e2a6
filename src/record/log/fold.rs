//! Samples of a log into slots of the grid.

use std::collections::{BTreeMap, HashMap};

use super::{Sample, Tail};
use crate::snapshot::{Grid, Series, Usage};
use crate::units::{float, single};

/// Longest time that one sample is taken to speak for, in seconds. Known servers
/// average over 15 to 60 s.
const LONGEST_WINDOW: u32 = 300;

/// What the samples of one container say of one slot.
#[derive(Default)]
struct Slot {
    /// Core-seconds, and the seconds that they are of.
    cpu: f64,
    seconds: f64,
    memory: Option<f32>,
}

/// Puts samples of known workloads into their slots; the grid grows as needed.
///
/// A sample speaks for all slots that its window touches: CPU is averaged over
/// a slot by seconds, of memory the largest stays. What a slot holds already
/// stays, but for a larger memory.
pub fn fold(usage: &mut Usage, tail: &Tail) {
    let mut of: BTreeMap<u32, BTreeMap<u32, Slot>> = BTreeMap::new();
    for sample in &tail.samples {
        let known = tail.places.get(&sample.id);
        if known.is_some_and(|place| place.workload.is_some()) {
            spread(sample, &usage.grid, of.entry(sample.id).or_default());
        }
    }
    let places = usage.series.iter().enumerate();
    let mut index: HashMap<(u32, String, String), usize> = places
        .map(|(at, s)| ((s.workload, s.pod.clone(), s.container.clone()), at))
        .collect();
    for (id, slots) in of {
        let Some(place) = tail.places.get(&id) else {
            continue;
        };
        let Some((last, workload)) = slots.keys().next_back().zip(place.workload) else {
            continue;
        };
        usage.grid.len = usage.grid.len.max(last + 1);
        let key = (workload, place.pod.clone(), place.container.clone());
        let at = *index.entry(key).or_insert_with(|| {
            usage
                .series
                .push(empty(workload, &place.pod, &place.container));
            usage.series.len() - 1
        });
        for (slot, value) in slots {
            put(&mut usage.series[at], slot, &value);
        }
    }
    let order = |s: &Series| (s.workload, s.pod.clone(), s.container.clone());
    usage.series.sort_by_cached_key(order);
}

fn spread(sample: &Sample, grid: &Grid, slots: &mut BTreeMap<u32, Slot>) {
    let step = i64::from(grid.step.as_secs().max(1));
    let start = grid.start.as_second();
    let window = i64::from(sample.window.clamp(1, LONGEST_WINDOW));
    // Seconds from the start of the grid; the last is not part of it.
    let end = sample.time - start;
    let begin = end - window;
    // A sample at the very start of a slot is about what was before it.
    let (first, last) = (begin.div_euclid(step), (end - 1).div_euclid(step));
    for place in first.max(0)..=last {
        let Ok(slot) = u32::try_from(place) else {
            continue;
        };
        let overlap = end.min((place + 1) * step) - begin.max(place * step);
        let seconds = float(u64::try_from(overlap).unwrap_or(0));
        let held = slots.entry(slot).or_default();
        if let Some(cpu) = sample.cpu_cores {
            held.cpu += f64::from(cpu) * seconds;
            held.seconds += seconds;
        }
        held.memory = match (held.memory, sample.memory_bytes) {
            (Some(held), Some(new)) => Some(held.max(new)),
            (held, new) => held.or(new),
        };
    }
}

fn empty(workload: u32, pod: &str, container: &str) -> Series {
    Series {
        workload,
        pod: pod.to_owned(),
        container: container.to_owned(),
        first: 0,
        cpu_cores: Vec::new(),
        memory_bytes: Vec::new(),
        more: BTreeMap::new(),
    }
}

fn put(series: &mut Series, slot: u32, value: &Slot) {
    let at = series.reach(slot);
    let cpu = &mut series.cpu_cores[at];
    if cpu.is_nan() && value.seconds > 0.0 {
        *cpu = single(value.cpu / value.seconds);
    }
    if let Some(memory) = value.memory {
        let held = &mut series.memory_bytes[at];
        // `max` takes the number where the other side is NaN.
        *held = held.max(memory);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::{Place, Round};
    use super::*;
    use crate::units::Span;

    fn usage(step: u32) -> Usage {
        let grid = Grid {
            start: Timestamp::UNIX_EPOCH,
            step: Span::from_secs(step),
            len: 0,
        };
        Usage {
            grid,
            series: Vec::new(),
        }
    }

    fn tail(workload: Option<u32>, samples: &[(i64, u32, f32, f32)]) -> Tail {
        let mut tail = Tail::default();
        tail.add(Round {
            new: vec![Place {
                id: 7,
                workload,
                namespace: "shop".to_owned(),
                pod: "a".to_owned(),
                container: "app".to_owned(),
            }],
            samples: samples
                .iter()
                .map(|(time, window, cpu, memory)| Sample {
                    id: 7,
                    time: *time,
                    window: *window,
                    cpu_cores: Some(*cpu),
                    memory_bytes: Some(*memory),
                })
                .collect(),
            ..Round::default()
        });
        tail
    }

    #[test]
    fn a_window_speaks_for_every_slot_that_it_touches() {
        let mut usage = usage(30);
        fold(
            &mut usage,
            &tail(Some(0), &[(90, 60, 0.5, 10.0), (150, 60, 1.0, 8.0)]),
        );
        let series = &usage.series[0];
        assert_eq!((series.first, usage.grid.len), (1, 5));
        assert_eq!(series.cpu_cores, [0.5, 0.5, 1.0, 1.0]);
        assert_eq!(series.memory_bytes, [10.0, 10.0, 8.0, 8.0]);
    }

    #[test]
    fn cpu_is_averaged_by_seconds_and_the_largest_memory_stays() {
        let mut usage = usage(60);
        fold(
            &mut usage,
            &tail(Some(0), &[(45, 45, 1.0, 9.0), (60, 15, 0.0, 5.0)]),
        );
        assert_eq!(usage.series[0].cpu_cores, [0.75]);
        assert_eq!(usage.series[0].memory_bytes, [9.0]);
    }

    #[test]
    fn what_a_slot_holds_stays() {
        let mut usage = usage(60);
        fold(&mut usage, &tail(Some(0), &[(60, 60, 1.0, 9.0)]));
        fold(&mut usage, &tail(Some(0), &[(65, 10, 0.0, 20.0)]));
        assert_eq!(usage.series[0].cpu_cores, [1.0, 0.0]);
        assert_eq!(usage.series[0].memory_bytes, [20.0, 20.0]);
    }

    #[test]
    fn samples_of_no_workload_and_from_before_the_start_are_left() {
        let mut usage = usage(60);
        fold(&mut usage, &tail(None, &[(60, 60, 1.0, 9.0)]));
        fold(&mut usage, &tail(Some(0), &[(-60, 60, 1.0, 9.0)]));
        assert!(usage.series.is_empty());
    }
}
