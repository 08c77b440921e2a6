//! The statistics of all pools, from the columns of their series.

use std::ops::Range;

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::calendar::Calendar;
use super::quality::quality;
use super::shape::{self, Shape};
use super::spread::Spread;
use super::{CpuProfile, GpuProfile, MemoryProfile, Pressure, Profile, Throttling, Waiting};
use crate::snapshot::{Container, Metric, Series, Snapshot, Usage, Values};
use crate::units::{Bytes, Cpu, Ratio, len_f64};

/// Below this a sample counts as idle, in cores; or 1 % of the request, if that is more.
const IDLE_CORES: f64 = 0.005;

/// See [`IDLE_CORES`].
const IDLE_OF_REQUEST: f64 = 0.01;

/// The quantiles of a profile, and the largest sample.
const RANKS: [f64; 6] = [0.5, 0.9, 0.95, 0.98, 0.99, 1.0];

/// Cores below which a median is too small to compare bursts with.
const SMALLEST_MEDIAN: f64 = 0.001;

/// One profile for each container of each workload, in their order.
pub fn profile(snapshot: &Snapshot) -> Vec<Profile> {
    profile_part(snapshot, 0..snapshot.workloads.len(), &snapshot.usage)
}

/// The same of some of the workloads, of which this is the usage, on the grid of the
/// snapshot.
///
/// Pools are independent of each other and worked through on all cores; the
/// result does not depend on how many there are. Beyond the usage itself it
/// takes the memory of one pool a core.
pub fn profile_part(snapshot: &Snapshot, workloads: Range<usize>, usage: &Usage) -> Vec<Profile> {
    let calendar = Calendar::new(&snapshot.usage.grid);
    let all = snapshot.workloads.iter().enumerate();
    let part = all.take(workloads.end).skip(workloads.start);
    let pools: Vec<(usize, usize)> = part
        .flat_map(|(workload, w)| (0..w.containers.len()).map(move |c| (workload, c)))
        .collect();
    pools
        .par_iter()
        .map(|pool| one(snapshot, usage, &calendar, *pool))
        .collect()
}

fn one(snapshot: &Snapshot, usage: &Usage, calendar: &Calendar, pool: (usize, usize)) -> Profile {
    let (workload, place) = pool;
    let container = &snapshot.workloads[workload].containers[place];
    let index = u32::try_from(workload).unwrap_or(u32::MAX);
    let series: Vec<&Series> = usage.pool(index, &container.name).collect();
    let network = more(&series, Metric::NetworkBytesPerSecond);
    Profile {
        workload,
        container: place,
        quality: quality(&series, &snapshot.usage.grid),
        cpu: cpu(&series, calendar, container),
        memory: memory(&series, calendar),
        throttling: throttling(&series, template_since(snapshot, workload)),
        pressure: pressure(&series),
        gpu: gpu(&series),
        network_bytes_per_second: Spread::of(network).map(|spread| spread.mean()),
    }
}

fn cpu(series: &[&Series], calendar: &Calendar, container: &Container) -> Option<CpuProfile> {
    let mut spread = Spread::of(series.iter().map(|s| s.cpu_cores.as_slice()))?;
    let columns: Vec<(u32, &[f32])> = series.iter().map(|s| (s.first, &*s.cpu_cores)).collect();
    let shape = Shape::of(&columns, calendar);
    let [p50, p90, p95, p98, p99, max] = spread.quantiles(RANKS).map(Cpu::cores);
    let request = container.requests.cpu.map_or(0.0, Cpu::get);
    let idle = IDLE_CORES.max(IDLE_OF_REQUEST * request);
    let strength = shape::strength(&shape.hours, calendar);
    Some(CpuProfile {
        mean: Cpu::cores(spread.mean()),
        p50,
        p90,
        p95,
        p98,
        p99,
        max,
        hour_of_week: shape.hour_of_week(),
        trend_per_day: shape.days.trend_per_day(spread.mean()),
        daily_peaks: shape.days.peaks,
        variation: spread.variation(),
        burstiness: (p99.get() / p50.get().max(SMALLEST_MEDIAN)).max(1.0),
        daily_strength: strength.daily,
        weekly_strength: strength.weekly,
        idle_share: Ratio::of(len_f64(spread.count_below(idle)), len_f64(spread.len())),
    })
}

fn memory(series: &[&Series], calendar: &Calendar) -> Option<MemoryProfile> {
    let mut spread = Spread::of(series.iter().map(|s| s.memory_bytes.as_slice()))?;
    let columns: Vec<(u32, &[f32])> = series.iter().map(|s| (s.first, &*s.memory_bytes)).collect();
    let Shape {
        days, hourly_peaks, ..
    } = Shape::of(&columns, calendar);
    let [p50, p90, p95, p98, p99, max] = spread.quantiles(RANKS).map(Bytes::from_f64);
    Some(MemoryProfile {
        mean: Bytes::from_f64(spread.mean()),
        p50,
        p90,
        p95,
        p98,
        p99,
        max,
        trend_per_day: days.trend_per_day(spread.mean()),
        rising_share: days.rising_share(),
        daily_peaks: days.peaks,
        hourly_peaks,
        variation: spread.variation(),
    })
}

/// The slot at which the pod template changed inside the window; 0 where it did not.
fn template_since(snapshot: &Snapshot, workload: usize) -> usize {
    let changed = snapshot.workloads[workload].template_changed;
    let slot = changed.and_then(|changed| snapshot.usage.grid.slot(changed));
    slot.map_or(0, |slot| usize::try_from(slot).unwrap_or(0))
}

/// Of the pods of the template that there is: what those before it were throttled at
/// may have been another limit.
fn throttling(series: &[&Series], since: usize) -> Option<Throttling> {
    let known = series.iter().filter_map(|series| {
        let values = series.more.get(&Metric::CpuThrottledRatio)?;
        let skipped = since.saturating_sub(usize::try_from(series.first).unwrap_or(0));
        Some(values.part(skipped.min(values.len())..values.len()))
    });
    let known: Vec<Values> = known.collect();
    let (mean, p95) = usual(known.iter().map(Values::known))?;
    Some(Throttling {
        mean: Ratio::new(mean),
        p95: Ratio::new(p95),
    })
}

fn pressure(series: &[&Series]) -> Option<Pressure> {
    let waiting = |metric| {
        let (mean, p95) = usual(more(series, metric))?;
        Some(Waiting {
            mean: Ratio::new(mean),
            p95: Ratio::new(p95),
        })
    };
    let pressure = Pressure {
        cpu: waiting(Metric::CpuWaitingRatio),
        memory: waiting(Metric::MemoryWaitingRatio),
    };
    (pressure.cpu.is_some() || pressure.memory.is_some()).then_some(pressure)
}

/// `None` where only the memory of the devices is known: no use is not the same as unknown use.
fn gpu(series: &[&Series]) -> Option<GpuProfile> {
    let (mean, p95) = usual(more(series, Metric::GpuUtilization))?;
    let done = [
        Metric::GpuSmActive,
        Metric::GpuDramActive,
        Metric::GpuTensorActive,
    ];
    let done = done.into_iter().filter_map(|it| usual(more(series, it)));
    let done = done.map(|(_, p95)| p95).fold(p95, f64::max);
    let memory = more(series, Metric::GpuMemoryBytes).flatten().copied();
    let memory = memory.filter(|it| !it.is_nan()).reduce(f32::max);
    Some(GpuProfile {
        mean_utilization: Ratio::new(mean),
        p95_utilization: Ratio::new(p95),
        p95_done: Ratio::new(done),
        max_memory: memory.map(|most| Bytes::from_f64(f64::from(most))),
    })
}

/// Mean and 95th percentile of the samples; `None` without one.
fn usual<'a>(columns: impl Iterator<Item = &'a [f32]>) -> Option<(f64, f64)> {
    let mut spread = Spread::of(columns)?;
    let [p95] = spread.quantiles([0.95]);
    Some((spread.mean(), p95))
}

fn more<'a>(series: &'a [&'a Series], metric: Metric) -> impl Iterator<Item = &'a [f32]> + 'a {
    series
        .iter()
        .filter_map(move |s| s.more.get(&metric).map(Values::known))
}
