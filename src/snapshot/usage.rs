//! Usage on one grid of time.
//!
//! Samples of all containers stand on the same regular grid, so that adding up
//! what shares a node, comparing weeks and finding gaps are all index
//! arithmetic, and a sample costs four bytes a metric.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::values::Values;
use crate::units::Span;

/// What was used, by every container of every pod in the window.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Usage {
    pub grid: Grid,
    /// Sorted by workload, pod, container.
    pub series: Vec<Series>,
}

/// The times of samples: `start`, `start + step`, … `len` of them.
///
/// Slot `i` covers `[start + i × step, start + (i + 1) × step)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grid {
    pub start: Timestamp,
    pub step: Span,
    pub len: u32,
}

/// The samples of one container of one pod. `NaN` is a missing sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Index into [`super::Snapshot::workloads`].
    pub workload: u32,
    pub pod: String,
    pub container: String,
    /// The slot of the first sample.
    pub first: u32,
    /// CPU in cores, averaged over the slot.
    pub cpu_cores: Vec<f32>,
    /// Working set in bytes, the largest in the slot. Always whole bytes.
    pub memory_bytes: Vec<f32>,
    /// Metrics that not every source has. Each as long as `cpu_cores`.
    pub more: BTreeMap<Metric, Values>,
}

/// A metric besides CPU and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Throttled ÷ all CFS periods, 0 to 1.
    CpuThrottledRatio,
    /// Share of the time that anything ran on its devices, 0 to 1: the mean over them. What
    /// ran may have filled a hundredth of them.
    GpuUtilization,
    /// Memory in use on the container's devices together, bytes.
    GpuMemoryBytes,
    /// Share of the multiprocessors of its devices that had work, 0 to 1, over time.
    GpuSmActive,
    /// Share of the time that the tensor units of its devices worked, 0 to 1.
    GpuTensorActive,
    /// Share of the time that the memory of its devices was read or written, 0 to 1.
    GpuDramActive,
    /// Power that its devices draw together, watts. Of a slice that of the whole device.
    GpuPowerWatts,
    /// Memory that its devices have together, bytes.
    GpuMemoryTotalBytes,
    /// The number of the last XID error of its devices; 0 for none.
    GpuXid,
    /// Clock of the multiprocessors of its devices, hertz: the mean over them.
    GpuClockHertz,
    /// Requests that a server works on at a time.
    RequestsRunning,
    /// Requests that wait until a server takes them.
    RequestsWaiting,
    /// Share of the key-value cache of a server of language models in use, 0 to 1.
    KvCacheRatio,
    /// Tokens that a server of language models reads and writes a second.
    TokensPerSecond,
    /// Seconds from a request to the end of its answer, the mean.
    RequestSeconds,
    /// Received and sent by the pod, bytes a second. Stands on one series of the
    /// pod: that of its first container that is no init container.
    NetworkBytesPerSecond,
    /// Share of the packets that the pod sent or received which were in error, 0 to 1.
    /// Stands where the bytes do.
    NetworkErrorRatio,
    /// The same of those that were dropped on the way in or out.
    NetworkDropRatio,
    /// Requests that the pod answers a second, by a query of the user's. Stands on one series
    /// of the pod, as [`Metric::NetworkBytesPerSecond`].
    RequestsPerSecond,
    /// Share of the time that some task of the container waited for CPU, 0 to 1 (PSI).
    CpuWaitingRatio,
    /// Share of the time that some task of it waited for memory, 0 to 1 (PSI).
    MemoryWaitingRatio,
    /// What its processes hold of memory themselves, bytes: the working set without the cache
    /// of files.
    MemoryRssBytes,
}

impl Metric {
    pub const ALL: [Self; 22] = [
        Self::CpuThrottledRatio,
        Self::GpuUtilization,
        Self::GpuMemoryBytes,
        Self::GpuSmActive,
        Self::GpuTensorActive,
        Self::GpuDramActive,
        Self::GpuPowerWatts,
        Self::GpuMemoryTotalBytes,
        Self::GpuXid,
        Self::GpuClockHertz,
        Self::RequestsRunning,
        Self::RequestsWaiting,
        Self::KvCacheRatio,
        Self::TokensPerSecond,
        Self::RequestSeconds,
        Self::NetworkBytesPerSecond,
        Self::NetworkErrorRatio,
        Self::NetworkDropRatio,
        Self::RequestsPerSecond,
        Self::CpuWaitingRatio,
        Self::MemoryWaitingRatio,
        Self::MemoryRssBytes,
    ];

    /// The name of its column.
    pub fn column(self) -> &'static str {
        match self {
            Self::CpuThrottledRatio => "cpu_throttled_ratio",
            Self::GpuUtilization => "gpu_utilization",
            Self::GpuMemoryBytes => "gpu_memory_bytes",
            Self::GpuSmActive => "gpu_sm_active",
            Self::GpuTensorActive => "gpu_tensor_active",
            Self::GpuDramActive => "gpu_dram_active",
            Self::GpuPowerWatts => "gpu_power_watts",
            Self::GpuMemoryTotalBytes => "gpu_memory_total_bytes",
            Self::GpuXid => "gpu_xid",
            Self::GpuClockHertz => "gpu_clock_hertz",
            Self::RequestsRunning => "requests_running",
            Self::RequestsWaiting => "requests_waiting",
            Self::KvCacheRatio => "kv_cache_ratio",
            Self::TokensPerSecond => "tokens_per_second",
            Self::RequestSeconds => "request_seconds",
            Self::NetworkBytesPerSecond => "network_bytes_per_second",
            Self::NetworkErrorRatio => "network_error_ratio",
            Self::NetworkDropRatio => "network_drop_ratio",
            Self::RequestsPerSecond => "requests_per_second",
            Self::CpuWaitingRatio => "cpu_waiting_ratio",
            Self::MemoryWaitingRatio => "memory_waiting_ratio",
            Self::MemoryRssBytes => "memory_rss_bytes",
        }
    }

    /// Whether the largest of several samples counts, and not their mean.
    pub fn is_peak(self) -> bool {
        matches!(
            self,
            Self::GpuMemoryBytes | Self::GpuMemoryTotalBytes | Self::GpuXid
        )
    }

    /// Whether it is a share of time, of periods or of devices, 0 to 1.
    pub fn is_share(self) -> bool {
        matches!(
            self,
            Self::CpuThrottledRatio
                | Self::CpuWaitingRatio
                | Self::MemoryWaitingRatio
                | Self::NetworkErrorRatio
                | Self::NetworkDropRatio
                | Self::GpuUtilization
                | Self::GpuSmActive
                | Self::GpuTensorActive
                | Self::GpuDramActive
                | Self::KvCacheRatio
        )
    }

    /// Whether an exporter tells it of devices.
    pub fn is_of_devices(self) -> bool {
        matches!(
            self,
            Self::GpuUtilization
                | Self::GpuMemoryBytes
                | Self::GpuSmActive
                | Self::GpuTensorActive
                | Self::GpuDramActive
                | Self::GpuPowerWatts
                | Self::GpuMemoryTotalBytes
                | Self::GpuXid
                | Self::GpuClockHertz
        )
    }

    /// Whether it is told of pods, whose containers share a network.
    pub fn is_of_pods(self) -> bool {
        matches!(
            self,
            Self::NetworkBytesPerSecond
                | Self::NetworkErrorRatio
                | Self::NetworkDropRatio
                | Self::RequestsPerSecond
        )
    }

    /// Whether a server of models tells it.
    pub fn is_of_serving(self) -> bool {
        matches!(
            self,
            Self::RequestsRunning
                | Self::RequestsWaiting
                | Self::KvCacheRatio
                | Self::TokensPerSecond
                | Self::RequestSeconds
        )
    }
}

impl Grid {
    /// The first moment of slot `slot`.
    pub fn time(&self, slot: u32) -> Timestamp {
        let seconds = i64::from(slot) * i64::from(self.step.as_secs());
        Timestamp::from_second(self.start.as_second() + seconds).unwrap_or(Timestamp::MAX)
    }

    /// The slot that covers `time`; `None` outside the grid.
    pub fn slot(&self, time: Timestamp) -> Option<u32> {
        let offset = time.as_second() - self.start.as_second();
        let slot = offset.div_euclid(i64::from(self.step.as_secs().max(1)));
        u32::try_from(slot).ok().filter(|slot| *slot < self.len)
    }

    /// The end of the last slot.
    pub fn end(&self) -> Timestamp {
        self.time(self.len)
    }

    /// Slots a day; at least 1.
    pub fn per_day(&self) -> u32 {
        (Span::DAY.as_secs() / self.step.as_secs().max(1)).max(1)
    }

    /// Slots an hour; at least 1.
    pub fn per_hour(&self) -> u32 {
        (Span::HOUR.as_secs() / self.step.as_secs().max(1)).max(1)
    }

    /// The whole grid as a length of time.
    pub fn span(&self) -> Span {
        Span::from_secs(self.step.as_secs().saturating_mul(self.len))
    }

    /// Hour of the week of a slot in UTC, 0 to 167, from Monday 00:00.
    pub fn hour_of_week(&self, slot: u32) -> u32 {
        // 1970-01-01 was a Thursday: three days after Monday.
        let hour = self.time(slot).as_second().div_euclid(3_600) + 3 * 24;
        u32::try_from(hour.rem_euclid(168)).unwrap_or(0)
    }
}

impl Default for Grid {
    fn default() -> Self {
        Self {
            start: Timestamp::UNIX_EPOCH,
            step: Span::from_secs(300),
            len: 0,
        }
    }
}

impl Series {
    /// Slots from the first sample to the last, missing ones included.
    pub fn len(&self) -> usize {
        self.cpu_cores.len()
    }

    pub fn is_empty(&self) -> bool {
        self.cpu_cores.is_empty()
    }

    /// Slots with memory, and those of them without CPU.
    pub fn without_cpu(&self) -> (usize, usize) {
        let pairs = self.cpu_cores.iter().zip(&self.memory_bytes);
        let (mut memory, mut without) = (0, 0);
        for (cpu, _) in pairs.filter(|(_, memory)| !memory.is_nan()) {
            memory += 1;
            without += usize::from(cpu.is_nan());
        }
        (memory, without)
    }

    /// Whether CPU is missing for an hour or more, and for a tenth or more, of the time
    /// that memory is known. Less is the beginning of pods, where there is no rate yet.
    pub fn lacks_cpu(&self, grid: &Grid) -> bool {
        Self::lacks(self.without_cpu(), grid)
    }

    /// The same by [`Self::without_cpu`].
    pub(crate) fn lacks((memory, without): (usize, usize), grid: &Grid) -> bool {
        let hour = usize::try_from(grid.per_hour()).unwrap_or(1);
        without >= hour.max(1) && without * 10 >= memory
    }

    /// Whether its pod still runs: it has a sample in the last hour of the grid.
    pub fn is_running(&self, grid: &Grid) -> bool {
        let end = u64::from(self.first) + u64::try_from(self.len()).unwrap_or(0);
        end + u64::from(grid.per_hour()) >= u64::from(grid.len)
    }

    /// Makes room for a slot before or after the others, and says where it is.
    pub(crate) fn reach(&mut self, slot: u32) -> usize {
        if self.is_empty() {
            self.first = slot;
        }
        let before = usize::try_from(self.first.saturating_sub(slot)).unwrap_or(usize::MAX);
        self.first = self.first.min(slot);
        let at = usize::try_from(slot - self.first).unwrap_or(usize::MAX);
        let len = (self.len() + before).max(at + 1);
        for values in [&mut self.cpu_cores, &mut self.memory_bytes] {
            values.splice(..0, std::iter::repeat_n(f32::NAN, before));
            values.resize(len, f32::NAN);
        }
        for values in self.more.values_mut() {
            *values = values.widened(before, len);
        }
        at
    }

    /// Moves the start of the grid to `slot`; earlier samples go.
    fn drop_before(&mut self, slot: u32) {
        let gone = usize::try_from(slot.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let gone = gone.min(self.len());
        self.first = self.first.saturating_sub(slot);
        for values in [&mut self.cpu_cores, &mut self.memory_bytes] {
            values.drain(..gone);
        }
        for values in self.more.values_mut() {
            *values = values.part(gone..values.len());
        }
    }
}

impl Usage {
    /// The series of a workload, all its pods and containers.
    pub fn of_workload(&self, workload: u32) -> impl Iterator<Item = &Series> {
        let before = |series: &Series| series.workload < workload;
        let from = self.series.partition_point(before);
        let rest = self.series[from..].iter();
        rest.take_while(move |series| series.workload == workload)
    }

    /// The series of one container of a workload, all its pods.
    pub fn pool<'a>(
        &'a self,
        workload: u32,
        container: &'a str,
    ) -> impl Iterator<Item = &'a Series> + 'a {
        let all = self.of_workload(workload);
        all.filter(move |series| series.container == container)
    }

    /// Drops all but the newest `window` of the grid.
    pub fn keep_newest(&mut self, window: Span) {
        let step = self.grid.step.as_secs().max(1);
        let keep = window.as_secs().div_ceil(step);
        let drop = self.grid.len.saturating_sub(keep);
        if drop == 0 {
            return;
        }
        self.grid.start = self.grid.time(drop);
        self.grid.len -= drop;
        for series in &mut self.series {
            series.drop_before(drop);
        }
        self.series.retain(|series| !series.is_empty());
    }

    /// Gives each series its workload anew; those without one go.
    pub(crate) fn renumber(&mut self, mut place: impl FnMut(&Series) -> Option<u32>) {
        self.series.retain_mut(|series| {
            let place = place(series);
            series.workload = place.unwrap_or(series.workload);
            place.is_some()
        });
    }

    /// The largest number of samples that CPU or memory has, over all series.
    pub fn samples(&self) -> usize {
        let known = |values: &[f32]| values.iter().filter(|value| !value.is_nan()).count();
        self.series
            .iter()
            .map(|s| known(&s.cpu_cores).max(known(&s.memory_bytes)))
            .sum()
    }
}
