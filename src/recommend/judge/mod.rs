//! Takes a finished plan ([`Plan`]), gives the advice on its workload ([`WorkloadAdvice`]).
//!
//! That is the verdict: state, confidence, and the risk of what is planned.

use super::guard::{Plan, Planned};
use super::{Advice, ContainerAdvice, Replayed, Risk, WorkloadAdvice, plain};
use crate::snapshot::ContainerKind;
use crate::units::Cpu;

mod confidence;
mod data_quality;
mod hindsight;
mod risk;
mod state;

/// Turns a finished plan into advice.
pub(super) fn conclude(mut plan: Plan<'_>) -> WorkloadAdvice {
    let horizon = plan.rules.options.targets.horizon;
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        settle(planned);
        let risk = planned.risk.unwrap_or(Risk {
            horizon,
            memory_over_limit: None,
            cpu_time_over_request: None,
            cpu_work_over_request: None,
            replayed: Replayed::default(),
        });
        planned.risk = Some(risk::complete(planned, risk, plan.grid));
    }
    let state = state::of(&plan);
    let data = data_quality::each(&plan);
    WorkloadAdvice {
        workload: plan.index,
        state,
        headline: plain::headline(&plan, state),
        confidence: confidence::of(&plan, &data),
        data_quality: data_quality::worst(data),
        cohort: cohort(&plan),
        cpu: plan.cpu,
        autoscaler: plan.autoscaler,
        pod: plan.pod,
        containers: plan
            .containers
            .into_iter()
            .enumerate()
            .map(|(container, planned)| advice(container, planned))
            .collect(),
    }
}

fn advice(container: usize, planned: Planned<'_>) -> ContainerAdvice {
    let whys = plain::whys(&planned);
    let events = &planned.pool.events;
    let odd = events.odd.as_ref().filter(|_| planned.known);
    ContainerAdvice {
        container,
        profile: planned.profile,
        kind: planned.pool.kind,
        sizing: planned.sizing,
        methods: planned.methods,
        heap: planned.heap,
        risk: planned.risk,
        whys,
        growth: events.growth.filter(|_| planned.known),
        odd_pods: odd.map_or_else(Vec::new, |odd| odd.few.clone()),
        reasons: planned.reasons,
    }
}

/// Advice to set what is set already is no advice.
fn settle(planned: &mut Planned<'_>) {
    let now = planned.now();
    let sizing = &mut planned.sizing;
    let cpu = |advice: &mut Advice<Cpu>, now: Option<Cpu>| {
        let same = advice.value().map(Cpu::to_quantity) == now.map(Cpu::to_quantity);
        if same || (*advice == Advice::Unset && now.is_none()) {
            *advice = Advice::Keep;
        }
    };
    cpu(&mut sizing.cpu_request, now.cpu_request);
    cpu(&mut sizing.cpu_limit, now.cpu_limit);
    for (advice, now) in [
        (&mut sizing.memory_request, now.memory_request),
        (&mut sizing.memory_limit, now.memory_limit),
    ] {
        if advice.value() == now || (*advice == Advice::Unset && now.is_none()) {
            *advice = Advice::Keep;
        }
    }
}

fn apps<'p, 'a>(plan: &'p Plan<'a>) -> impl Iterator<Item = &'p Planned<'a>> {
    plan.containers
        .iter()
        .filter(|planned| planned.pool.container.kind != ContainerKind::Init)
}

/// The group of the largest container that has one.
fn cohort(plan: &Plan<'_>) -> Option<usize> {
    let grouped = plan
        .containers
        .iter()
        .filter(|planned| planned.pool.cohort.is_some());
    let largest = grouped.max_by(|a, b| weight(a).total_cmp(&weight(b)));
    largest.and_then(|planned| planned.pool.cohort)
}

/// What a core costs in GiB of memory, at the usual ratio of list prices.
pub(super) const GIB_A_CORE: f64 = 7.5;

/// What a container requests now, in cores.
fn weight(planned: &Planned<'_>) -> f64 {
    let now = planned.now();
    now.cpu_request.map_or(0.0, Cpu::get)
        + now
            .memory_request
            .map_or(0.0, |memory| memory.to_gib() / GIB_A_CORE)
}
