use super::{Pool, Reason};
use crate::recommend::samples;
use crate::units::Bytes;

/// A batch workload by run: each pod is one.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::recommend) struct Runs {
    /// Largest working set of each run, ascending, in bytes.
    pub memory_peaks: Vec<f64>,
    /// Mean CPU of each run, ascending, in cores.
    pub cpu_means: Vec<f64>,
}

impl Runs {
    pub(super) fn reason(&self) -> Reason {
        let runs = self.memory_peaks.len().max(self.cpu_means.len());
        let largest = self.memory_peaks.last().copied().map(Bytes::from_f64);
        let text = match largest {
            Some(peak) => format!("{runs} runs, the largest used {}", peak.human()),
            None => format!("{runs} runs"),
        };
        Reason::new("batch", text)
    }
}

pub(super) fn find(pool: &Pool<'_>) -> Option<Runs> {
    if !pool.workload.is_batch() {
        return None;
    }
    let peaks = pool
        .series
        .iter()
        .filter_map(|series| samples::largest(samples::known(&series.memory_bytes)));
    let means = pool
        .series
        .iter()
        .filter_map(|series| samples::mean(samples::known(&series.cpu_cores)));
    let runs = Runs {
        memory_peaks: samples::sorted(peaks.collect()),
        cpu_means: samples::sorted(means.collect()),
    };
    (!runs.memory_peaks.is_empty() || !runs.cpu_means.is_empty()).then_some(runs)
}
