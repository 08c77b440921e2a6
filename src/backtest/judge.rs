//! One origin: what followed, held against the sizes that were advised.

use super::interval::Share;
use super::sizes::{Sizes, sizes_after};
use super::{monthly_rates, node};
use crate::price::Book;
use crate::recommend::{Advised, Confidence, ContainerAdvice, Risk, State, WorkloadAdvice};
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
    /// What was promised of each container, and what came.
    pub kept: Vec<Kept>,
    pub promised_overflow: Option<f64>,
    /// A month of the requests, and of the part of them that was not used.
    pub monthly: f64,
    pub monthly_slack: f64,
}

/// What was promised of one container, and what came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub workload: usize,
    /// Of its group.
    pub kind: Option<&'static str>,
    pub risk: Risk,
    /// Share of time above the CPU request; `None` without one, or without a sample.
    pub time_over: Option<f64>,
    /// Whether memory was above its limit.
    pub over_limit: Option<bool>,
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
        let mut limited: Option<bool> = None;
        for advice_of in &advice.containers {
            let container = &workload.containers[advice_of.container];
            if container.kind == ContainerKind::Init {
                continue;
            }
            let index = u32::try_from(advice.workload).unwrap_or(u32::MAX);
            let pool: Vec<&Series> = future.pool(index, &container.name).collect();
            let sizes = sizes_after(advice_of, container);
            let time_over = outcome.judge_cpu(&pool, &sizes, advice, advice_of);
            let over_limit = outcome.judge_memory(&pool, &sizes, advice_of);
            if let Some(over) = over_limit {
                limited = Some(limited.unwrap_or(false) || over);
            }
            outcome.kept.extend(advice_of.risk.map(|risk| Kept {
                workload: advice.workload,
                kind: advice_of.kind,
                risk,
                time_over,
                over_limit,
            }));
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
    ) -> Option<f64> {
        let request = sizes.cpu_request.map(Cpu::get)?;
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
        if samples <= 0.0 {
            return None;
        }
        let share = above / samples;
        self.time_over.push(TimeOver {
            of: (of.workload, advice.container),
            share,
            work: if used > 0.0 { beyond / used } else { 0.0 },
            confidence: of.confidence,
            promised: advice.risk.and_then(|risk| risk.cpu_time_over_request),
        });
        Some(share)
    }

    fn judge_memory(
        &mut self,
        pool: &[&Series],
        sizes: &Sizes,
        advice: &ContainerAdvice,
    ) -> Option<bool> {
        let mut peak: Option<f64> = None;
        for value in known(pool, |series| &series.memory_bytes) {
            peak = Some(peak.map_or(value, |peak| peak.max(value)));
            if let Some(request) = sizes.memory_request {
                self.memory.requested += request.to_f64();
                self.memory.used += value;
            }
        }
        let peak = peak?;
        let promised = advice.risk.and_then(|risk| risk.memory_over_limit);
        self.promised_over_limit.extend(promised);
        let limit = sizes.memory_limit;
        Some(limit.is_some_and(|limit| peak > limit.to_f64()))
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
