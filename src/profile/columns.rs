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
    let values = || series.iter().map(|s| s.cpu_cores.as_slice());
    let spread = Spread::of(values())?;
    let columns: Vec<(u32, &[f32])> = series.iter().map(|s| (s.first, &*s.cpu_cores)).collect();
    let shape = Shape::of(&columns, calendar);
    let cores = |rank: f64| Cpu::cores(spread.quantile(rank));
    let (p50, p99) = (cores(0.5), cores(0.99));
    let request = container.requests.cpu.map_or(0.0, Cpu::get);
    let idle = IDLE_CORES.max(IDLE_OF_REQUEST * request);
    let strength = shape::strength(&shape.hours, calendar);
    Some(CpuProfile {
        mean: Cpu::cores(spread.mean()),
        p50,
        p90: cores(0.9),
        p95: cores(0.95),
        p98: cores(0.98),
        p99,
        max: cores(1.0),
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
    let spread = Spread::of(series.iter().map(|s| s.memory_bytes.as_slice()))?;
    let columns: Vec<(u32, &[f32])> = series.iter().map(|s| (s.first, &*s.memory_bytes)).collect();
    let Shape {
        days, hourly_peaks, ..
    } = Shape::of(&columns, calendar);
    let bytes = |rank: f64| Bytes::from_f64(spread.quantile(rank));
    Some(MemoryProfile {
        mean: Bytes::from_f64(spread.mean()),
        p50: bytes(0.5),
        p90: bytes(0.9),
        p95: bytes(0.95),
        p98: bytes(0.98),
        p99: bytes(0.99),
        max: bytes(1.0),
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
    let spread = Spread::of(known.iter().map(Values::known))?;
    Some(Throttling {
        mean: Ratio::new(spread.mean()),
        p95: Ratio::new(spread.quantile(0.95)),
    })
}

fn pressure(series: &[&Series]) -> Option<Pressure> {
    let waiting = |metric| {
        let spread = Spread::of(more(series, metric))?;
        Some(Waiting {
            mean: Ratio::new(spread.mean()),
            p95: Ratio::new(spread.quantile(0.95)),
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
    let utilization = Spread::of(more(series, Metric::GpuUtilization))?;
    let memory = Spread::of(more(series, Metric::GpuMemoryBytes));
    Some(GpuProfile {
        mean_utilization: Ratio::new(utilization.mean()),
        p95_utilization: Ratio::new(utilization.quantile(0.95)),
        max_memory: memory.map(|spread| Bytes::from_f64(spread.quantile(1.0))),
    })
}

fn more<'a>(series: &'a [&'a Series], metric: Metric) -> impl Iterator<Item = &'a [f32]> + 'a {
    series
        .iter()
        .filter_map(move |s| s.more.get(&metric).map(Values::known))
}
