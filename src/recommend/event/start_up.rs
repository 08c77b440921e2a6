use super::{Pool, Reason};
use crate::recommend::samples;
use crate::snapshot::{Grid, Series};
use crate::units::{Bytes, Cpu};

/// A spike in the first minutes of pods, apart from their steady state.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::recommend) struct StartUp {
    /// Median over the pods of their peak while starting.
    pub cpu_peak: Cpu,
    /// P99 of what they use afterwards.
    pub cpu_steady: Cpu,
    /// Largest memory while starting, where it is above all that came later.
    pub memory_peak: Option<Bytes>,
}

/// The first minutes of a pod.
const SECONDS: u32 = 600;
/// A start stands out from this multiple of the steady state on.
const STANDS_OUT: f64 = 1.5;

impl StartUp {
    pub(super) fn reason(&self) -> Reason {
        let memory = self.memory_peak.map_or_else(String::new, |peak| {
            format!(
                "; they hold {} while starting, and the limit is no lower",
                peak.human()
            )
        });
        let text = format!(
            "pods use {} CPU in their first 10 minutes and {} afterwards, which the request is for{memory}",
            self.cpu_peak, self.cpu_steady
        );
        Reason::new("start_up", text)
    }
}

pub(super) fn find(pool: &Pool<'_>, grid: &Grid) -> Option<StartUp> {
    if pool.workload.is_batch() {
        return None;
    }
    let (mut peaks, mut memory_start, mut memory_later) = (Vec::new(), 0.0_f64, 0.0_f64);
    for series in started(pool) {
        let split = split(series, grid);
        peaks.extend(samples::largest(samples::known(&series.cpu_cores[..split])));
        let (start, later) = series
            .memory_bytes
            .split_at(split.min(series.memory_bytes.len()));
        memory_start = memory_start.max(samples::largest(samples::known(start)).unwrap_or(0.0));
        memory_later = memory_later.max(samples::largest(samples::known(later)).unwrap_or(0.0));
    }
    let peak = samples::quantile_of(peaks, 0.5)?;
    let steady = samples::quantile_of(steady_cpu(pool, grid), 0.99)?;
    (peak > STANDS_OUT * steady && steady > 0.0).then(|| StartUp {
        cpu_peak: Cpu::cores(peak),
        cpu_steady: Cpu::cores(steady),
        memory_peak: (memory_start > memory_later).then(|| Bytes::from_f64(memory_start)),
    })
}

/// Pods that began inside the window.
fn started<'p>(pool: &'p Pool<'_>) -> impl Iterator<Item = &'p Series> {
    let all = pool.series.iter().copied();
    all.filter(|series| series.first > 0)
}

/// Where the start of a series ends.
fn split(series: &Series, grid: &Grid) -> usize {
    let slots = SECONDS.div_ceil(grid.step.as_secs().max(1));
    usize::try_from(slots)
        .unwrap_or(0)
        .min(series.cpu_cores.len())
}

/// CPU of all pods without the first minutes of those that began in the window, ascending.
fn steady_cpu(pool: &Pool<'_>, grid: &Grid) -> Vec<f64> {
    let steady = pool.series.iter().flat_map(|series| {
        let from = if series.first > 0 {
            split(series, grid)
        } else {
            0
        };
        samples::known(&series.cpu_cores[from..])
    });
    steady.collect()
}
