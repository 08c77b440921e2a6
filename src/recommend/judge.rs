//! The verdict on a workload: state, confidence and risk of what is planned.

use super::guard::{Plan, Planned};
use super::samples;
use super::{Advice, Confidence, ContainerAdvice, Risk, State, WorkloadAdvice};
use crate::snapshot::ContainerKind;
use crate::units::{Cpu, float, len_f64};

/// Turns a finished plan into advice.
pub(super) fn conclude(mut plan: Plan<'_>) -> WorkloadAdvice {
    let horizon = plan.rules.options.targets.horizon;
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        settle(planned);
        let risk = planned.risk.unwrap_or(Risk {
            horizon,
            memory_over_limit: None,
            cpu_time_over_request: None,
        });
        planned.risk = Some(with_cpu_risk(planned, risk));
    }
    WorkloadAdvice {
        workload: plan.index,
        state: state(&plan),
        confidence: confidence(&plan),
        cohort: cohort(&plan),
        autoscaler: plan.autoscaler,
        containers: plan
            .containers
            .into_iter()
            .enumerate()
            .map(|(container, planned)| ContainerAdvice {
                container,
                profile: planned.profile,
                sizing: planned.sizing,
                risk: planned.risk,
                reasons: planned.reasons,
            })
            .collect(),
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

/// The share of time above the request that will hold, from the pool's own
/// samples; the strategy's word stands where the request did not fall below it.
fn with_cpu_risk(planned: &Planned<'_>, risk: Risk) -> Risk {
    let Some(request) = planned.after().cpu_request else {
        return Risk {
            cpu_time_over_request: None,
            ..risk
        };
    };
    let lowered = planned
        .draft
        .cpu_request
        .value()
        .is_none_or(|draft| request < draft);
    match risk.cpu_time_over_request {
        Some(_) if !lowered => risk,
        promised => {
            let seen = time_over(planned, request);
            Risk {
                cpu_time_over_request: match (promised, seen) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    (a, b) => a.or(b),
                },
                ..risk
            }
        }
    }
}

/// Share of samples above `request`, plus two standard errors of as many
/// independent hours: neighbouring samples say little that is new.
fn time_over(planned: &Planned<'_>, request: Cpu) -> Option<f64> {
    let values = samples::sorted_cpu(&planned.pool);
    let share = samples::share_above(&values, request.get())?;
    let hours = (planned.pool.profile.quality.span.as_days() * 24.0)
        .min(len_f64(values.len()))
        .max(1.0);
    // Laplace's rule keeps the error above zero where nothing was seen above.
    let smoothed = (share * hours + 1.0) / (hours + 2.0);
    let error = (smoothed * (1.0 - smoothed) / hours).sqrt();
    Some((share + 2.0 * error).min(1.0))
}

fn apps<'p, 'a>(plan: &'p Plan<'a>) -> impl Iterator<Item = &'p Planned<'a>> {
    plan.containers
        .iter()
        .filter(|planned| planned.pool.container.kind != ContainerKind::Init)
}

fn confidence(plan: &Plan<'_>) -> Confidence {
    apps(plan)
        .map(|planned| {
            if planned.known {
                planned.confidence
            } else {
                Confidence::None
            }
        })
        .min()
        .unwrap_or(Confidence::None)
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

/// What a container requests now, in cores; a core is worth about 7.5 GiB.
fn weight(planned: &Planned<'_>) -> f64 {
    let now = planned.now();
    now.cpu_request.map_or(0.0, Cpu::get)
        + now
            .memory_request
            .map_or(0.0, |memory| memory.to_gib() / 7.5)
}

fn state(plan: &Plan<'_>) -> State {
    let mut known = apps(plan).filter(|planned| planned.known).peekable();
    if known.peek().is_none() || apps(plan).any(|p| !p.known && p.pool.container.in_template) {
        return State::Unknown;
    }
    let replicas = float(u64::from(plan.workload.replicas.max(1)));
    let (mut up, mut down) = (0.0, 0.0);
    for planned in known {
        let (now, after) = (planned.now(), planned.after());
        let cpu = after.cpu_request.map_or(0.0, Cpu::get) - now.cpu_request.map_or(0.0, Cpu::get);
        let memory = after.memory_request.map_or(0.0, |m| m.to_gib())
            - now.memory_request.map_or(0.0, |m| m.to_gib());
        for moved in [cpu * replicas, memory / 7.5 * replicas] {
            if moved > 0.0 {
                up += moved;
            } else {
                down -= moved;
            }
        }
    }
    if up > down {
        State::UnderProvisioned
    } else if down > 0.0 {
        State::OverProvisioned
    } else {
        State::RightSized
    }
}
