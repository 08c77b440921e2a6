//! One origin: what followed, held against the sizes that were advised.

use super::interval::Share;
use super::sizes::{Sizes, sizes_after};
use super::{monthly_rates, node};
use crate::price::Book;
use crate::recommend::{Advised, Confidence, ContainerAdvice, State, WorkloadAdvice};
use crate::snapshot::{ContainerKind, Series, Snapshot, Usage};
use crate::units::{Bytes, Cpu, Ratio};

/// What happened after one origin.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    pub workloads: usize,
    /// Of them, those with enough history to advise from.
    pub advised: usize,
    pub cpu: Resource,
    /// Share of samples above the CPU request, a container each.
    pub time_over: Vec<TimeOver>,
    /// Core-slots above the requests.
    pub work_over: f64,
    pub memory: Resource,
    /// Workloads with a working set above the limit of its container.
    pub over_limit: Share,
    /// The same by how far the advice was trusted.
    pub over_limit_by: Vec<(Confidence, bool)>,
    pub nodes: Option<node::Packed>,
    /// What was advised, to be compared with the next origin's:
    /// workload, container, CPU request in cores, memory request in bytes.
    pub sizes: Vec<(usize, usize, f64, f64)>,
    pub promised_over_limit: Vec<f64>,
    pub promised_overflow: Option<f64>,
    /// A month of the requests, and of the part of them that was not used.
    pub monthly: f64,
    pub monthly_slack: f64,
}

/// How long one container was above its CPU request.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeOver {
    /// Indices of the workload and of its container.
    pub of: (usize, usize),
    /// Share of its samples.
    pub share: f64,
    /// Share of its work.
    pub work: f64,
    pub confidence: Confidence,
    pub promised: Option<f64>,
}

/// Amounts × slots of one resource, over all replicas.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Resource {
    pub requested: f64,
    pub used: f64,
    /// Slots of the horizon, to turn sums into means.
    pub slots: f64,
}

impl Resource {
    /// Requested ÷ used; `NaN` where nothing was used.
    pub(super) fn footprint(self) -> f64 {
        self.requested / self.used
    }

    fn mean_requested(self) -> f64 {
        self.requested / self.slots.max(1.0)
    }

    fn mean_used(self) -> f64 {
        self.used / self.slots.max(1.0)
    }
}

pub(super) fn judge(past: &Snapshot, future: &Usage, advised: &Advised, prices: &Book) -> Outcome {
    let mut outcome = Outcome {
        promised_overflow: advised.node_memory_overflow().map(Ratio::get),
        ..Outcome::default()
    };
    for advice in &advised.workloads {
        let workload = &past.workloads[advice.workload];
        let mut limited = None;
        for advice_of in &advice.containers {
            let container = &workload.containers[advice_of.container];
            if container.kind == ContainerKind::Init {
                continue;
            }
            let index = u32::try_from(advice.workload).unwrap_or(u32::MAX);
            let pool: Vec<&Series> = future.pool(index, &container.name).collect();
            let sizes = sizes_after(advice_of, container);
            outcome.judge_cpu(&pool, &sizes, advice, advice_of);
            outcome.judge_memory(&pool, &sizes, advice_of, &mut limited);
            outcome.sizes.push((
                advice.workload,
                advice_of.container,
                sizes.cpu_request.map_or(f64::NAN, Cpu::get),
                sizes.memory_request.map_or(f64::NAN, Bytes::to_f64),
            ));
        }
        if let Some(over) = limited {
            outcome.over_limit.count(over);
            outcome.over_limit_by.push((advice.confidence, over));
            outcome.workloads += 1;
            outcome.advised += usize::from(advice.state != State::Unknown);
        }
    }
    outcome.cpu.slots = f64::from(future.grid.len);
    outcome.memory.slots = f64::from(future.grid.len);
    let (core, gib) = monthly_rates(past, prices);
    let value = |cores: f64, bytes: f64| cores * core + Bytes::from_f64(bytes).to_gib() * gib;
    let (cpu, memory) = (outcome.cpu, outcome.memory);
    outcome.monthly = value(cpu.mean_requested(), memory.mean_requested());
    outcome.monthly_slack = outcome.monthly - value(cpu.mean_used(), memory.mean_used());
    outcome.nodes = node::pack(past, future, advised);
    outcome
}

impl Outcome {
    fn judge_cpu(
        &mut self,
        pool: &[&Series],
        sizes: &Sizes,
        of: &WorkloadAdvice,
        advice: &ContainerAdvice,
    ) {
        let Some(request) = sizes.cpu_request.map(Cpu::get) else {
            return;
        };
        let (mut samples, mut above) = (0.0, 0.0);
        let (mut used, mut beyond) = (0.0, 0.0);
        for value in known(pool, |series| &series.cpu_cores) {
            samples += 1.0;
            used += value;
            self.cpu.requested += request;
            self.cpu.used += value;
            if value > request {
                above += 1.0;
                beyond += value - request;
            }
        }
        self.work_over += beyond;
        if samples > 0.0 {
            self.time_over.push(TimeOver {
                of: (of.workload, advice.container),
                share: above / samples,
                work: if used > 0.0 { beyond / used } else { 0.0 },
                confidence: of.confidence,
                promised: advice.risk.and_then(|risk| risk.cpu_time_over_request),
            });
        }
    }

    fn judge_memory(
        &mut self,
        pool: &[&Series],
        sizes: &Sizes,
        advice: &ContainerAdvice,
        limited: &mut Option<bool>,
    ) {
        let mut peak: Option<f64> = None;
        for value in known(pool, |series| &series.memory_bytes) {
            peak = Some(peak.map_or(value, |peak| peak.max(value)));
            if let Some(request) = sizes.memory_request {
                self.memory.requested += request.to_f64();
                self.memory.used += value;
            }
        }
        let Some(peak) = peak else { return };
        let over = sizes
            .memory_limit
            .is_some_and(|limit| peak > limit.to_f64());
        *limited = Some(limited.unwrap_or(false) || over);
        let promised = advice.risk.and_then(|risk| risk.memory_over_limit);
        self.promised_over_limit.extend(promised);
    }
}

/// All samples of a column that are there.
fn known<'a>(
    pool: &'a [&Series],
    column: impl Fn(&'a Series) -> &'a Vec<f32> + 'a,
) -> impl Iterator<Item = f64> + 'a {
    let values = pool.iter().flat_map(move |series| column(series).iter());
    values
        .filter(|value| !value.is_nan())
        .map(|value| f64::from(*value))
}
