//! Usage into one row of statistics for each container of each workload.
//!
//! All pods of a workload pool into one profile a container: the samples of all
//! pods stand side by side, so that every number is that of one replica. Days and
//! hours are index arithmetic on the grid.
//!
//! A quantile interpolates linearly between the samples around the rank
//! `q × (n − 1)`, here and wherever kcost says P95.

use jiff::Timestamp;

use crate::units::{Bytes, Cpu, Ratio, Span};

mod calendar;
mod columns;
mod quality;
mod shape;
mod spread;

pub use columns::{profile, profile_part};

/// How one container of one workload behaved in the window.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Index into the snapshot's workloads.
    pub workload: usize,
    /// Index into that workload's containers.
    pub container: usize,
    pub quality: Quality,
    /// `None` without a single CPU sample.
    pub cpu: Option<CpuProfile>,
    /// `None` without a single memory sample.
    pub memory: Option<MemoryProfile>,
    /// `None` where no source says it.
    pub throttling: Option<Throttling>,
    /// `None` where no source says it.
    pub pressure: Option<Pressure>,
    /// `None` where no source says it.
    pub gpu: Option<GpuProfile>,
    /// Mean bytes a second received and sent by the pod; `None` where no source says it.
    pub network_bytes_per_second: Option<f64>,
}

/// How far the numbers can be trusted.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    /// Slots with a sample, over all pods.
    pub samples: u64,
    /// Pods with samples.
    pub pods: u32,
    /// Start of the first slot with a sample of any pod.
    pub first: Option<Timestamp>,
    /// Start of the last slot with a sample of any pod.
    pub last: Option<Timestamp>,
    /// From the start of the first slot with a sample to the start of the last.
    pub span: Span,
    /// Slots in which any pod has a sample ÷ slots between first and last. Where CPU is
    /// known at all, memory without it is no sample.
    pub coverage: Ratio,
    /// Of the slots with a sample, those with memory and without CPU, the first of each pod
    /// apart.
    pub cpu_missing: Ratio,
    /// Stretches between first and last in which no pod has a sample.
    pub gaps: u32,
    /// The longest of these.
    pub longest_gap: Span,
}

/// CPU of one replica, over the samples of all pods, in cores.
#[derive(Debug, Clone, PartialEq)]
pub struct CpuProfile {
    pub mean: Cpu,
    pub p50: Cpu,
    pub p90: Cpu,
    pub p95: Cpu,
    pub p98: Cpu,
    pub p99: Cpu,
    pub max: Cpu,
    /// Mean use in each hour of the week, UTC, from Monday 00:00. `NaN` where
    /// there is no sample. 168 values.
    pub hour_of_week: Vec<f64>,
    /// Largest use of any pod in each day of the grid, oldest first; `NaN` for
    /// a day without a sample. Days count from the grid's start, the last may be short.
    pub daily_peaks: Vec<f64>,
    /// Standard deviation ÷ mean; 0 where the mean is 0.
    pub variation: f64,
    /// P99 ÷ P50, at least 1: how far bursts stand above the usual. A P50 below
    /// one millicore counts as one millicore.
    pub burstiness: f64,
    /// Share of the variance of the hourly means that repeats by hour of the
    /// day, 0 to 1; about 0 for noise, 0 where samples span less than two days.
    pub daily_strength: f64,
    /// Share of the variance that repeats by hour of the week beyond the
    /// daily one, 0 to 1; 0 where samples span less than 13 days.
    pub weekly_strength: f64,
    /// Change a day of a straight line through the daily means ÷ mean. Days with
    /// less than half the samples of the fullest are left out; 0 with fewer than three.
    pub trend_per_day: f64,
    /// Share of samples below 5 millicores or 1 % of the request, whichever is more.
    pub idle_share: Ratio,
}

/// Working set of one replica, over the samples of all pods, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryProfile {
    pub mean: Bytes,
    pub p50: Bytes,
    pub p90: Bytes,
    pub p95: Bytes,
    pub p98: Bytes,
    pub p99: Bytes,
    pub max: Bytes,
    /// Largest working set of any pod in each day of the grid, oldest first;
    /// `NaN` for a day without a sample.
    pub daily_peaks: Vec<f64>,
    /// The same for each hour of the grid.
    pub hourly_peaks: Vec<f32>,
    /// Standard deviation ÷ mean; 0 where the mean is 0.
    pub variation: f64,
    /// Change a day of a straight line through the daily means ÷ mean. Days with
    /// less than half the samples of the fullest are left out; 0 with fewer than three.
    pub trend_per_day: f64,
    /// Share of day-to-day steps of the daily means that rise, 0 to 1; near 1
    /// for a leak, 0.5 for what stays the same or has fewer than three days.
    pub rising_share: f64,
}

/// CFS throttling, where a source says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Throttling {
    /// Mean share of periods that were throttled.
    pub mean: Ratio,
    /// The 95th percentile of the samples.
    pub p95: Ratio,
}

/// Waiting for CPU and memory (PSI, the kernel's pressure stall information),
/// where a source says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pressure {
    pub cpu: Option<Waiting>,
    pub memory: Option<Waiting>,
}

/// Share of the time that some task had to wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waiting {
    pub mean: Ratio,
    /// The 95th percentile of the samples.
    pub p95: Ratio,
}

/// Use of accelerators, where a source says it.
#[derive(Debug, Clone, PartialEq)]
pub struct GpuProfile {
    pub mean_utilization: Ratio,
    pub p95_utilization: Ratio,
    /// The largest 95th percentile of anything that a device does: how often anything ran,
    /// which is 0 on a MIG slice whatever runs, multiprocessors, memory, tensor units.
    pub p95_done: Ratio,
    pub max_memory: Option<Bytes>,
}
