//! Sizes of the pod as a whole, from what its containers need.

use crate::recommend::guard::sum::Sum;
use crate::recommend::guard::{Field, Plan, Planned, dead_band, qos, running, step};
use crate::recommend::rounding::left;
use crate::recommend::{PodAdvice, Reason, Sizing};
use crate::units::float;

const CODE: &str = "pod_level";

/// Puts what the pod has as a whole at what its containers need.
pub(super) fn size(plan: &mut Plan<'_>) {
    plan.pod = Some(PodAdvice {
        sizing: Sizing::KEEP,
        reasons: Vec::new(),
    });
    if let Some(why) = stays(plan) {
        say(plan, format!("the pod's sizes stay: {why}"));
        return;
    }
    let guaranteed = qos::is_guaranteed(plan.workload) && !plan.rules.options.change_qos;
    for (request, limit) in [
        (Field::CpuRequest, Field::CpuLimit),
        (Field::MemoryRequest, Field::MemoryLimit),
    ] {
        if guaranteed {
            tie(plan, request, limit);
        } else {
            raise_limit(plan, request, limit);
            put_request(plan, request, limit);
        }
    }
}

/// Why nothing is said of the pod as a whole; `None` where something is.
fn stays(plan: &Plan<'_>) -> Option<String> {
    if let Some(manager) = plan.workload.managers.first() {
        return Some(format!("{} `{}` sets sizes", manager.kind, manager.name));
    }
    let unknown = running(plan).find(|planned| !planned.known);
    unknown.map(|planned| {
        let name = &planned.pool.container.name;
        format!("container {name} could not be judged")
    })
}

/// What a container needs of a field: what it has once the plan is followed, else
/// what was proposed.
fn need(planned: &Planned<'_>, field: Field) -> Option<f64> {
    let held = field.of(planned.after());
    held.or_else(|| field.advised(planned.draft).value())
}

/// What all containers together need of a request; `None` where one is not known.
fn together(plan: &Plan<'_>, field: Field) -> Option<f64> {
    let known = running(plan).all(|planned| need(planned, field).is_some());
    let sum = known.then(|| Sum::of(plan, |planned| need(planned, field)))?;
    Some(sum?.most)
}

/// What one container needs at its limit while the others are at their requests.
/// Memory only: a limit on CPU is no need.
fn at_most(plan: &Plan<'_>, request: Field, limit: Field) -> Option<f64> {
    if limit != Field::MemoryLimit {
        return None;
    }
    let all = together(plan, request)?;
    let rest = running(plan).filter_map(|planned| {
        let most = limit.advised(planned.draft).value()?;
        Some((most - need(planned, request)?).max(0.0))
    });
    Some(all + rest.fold(0.0, f64::max))
}

/// The most that all containers together have used of CPU, in cores.
fn cpu_peak(plan: &Plan<'_>) -> f64 {
    let cpu = running(plan).filter_map(|planned| planned.pool.profile.cpu.as_ref());
    cpu.map(|cpu| cpu.max.get()).sum()
}

/// Puts the request at what is needed, not above the limit.
fn put_request(plan: &mut Plan<'_>, request: Field, limit: Field) {
    let Some(now) = request.of(plan.pod_now()) else {
        return;
    };
    if scales(plan, request) {
        let name = request.name();
        let why = format!("the pod's {name} stays: an autoscaler holds a share of it");
        say(plan, why);
        return;
    }
    let Some(wanted) = together(plan, request) else {
        return;
    };
    let most = limit.of(plan.pod_after()).unwrap_or(f64::INFINITY);
    set(plan, request, now, wanted, most);
}

/// Raises a limit that is below what is needed. It never falls: it costs nothing.
fn raise_limit(plan: &mut Plan<'_>, request: Field, limit: Field) {
    let Some(now) = limit.of(plan.pod_now()) else {
        return;
    };
    let needed = at_most(plan, request, limit).or_else(|| together(plan, request));
    if let Some(wanted) = needed.filter(|wanted| *wanted > now) {
        set(plan, limit, now, wanted, f64::INFINITY);
    }
}

/// Moves request and limit as one, so that pods stay Guaranteed.
fn tie(plan: &mut Plan<'_>, request: Field, limit: Field) {
    let Some(now) = request.of(plan.pod_now()) else {
        return;
    };
    if scales(plan, request) {
        return;
    }
    let most = match limit {
        Field::MemoryLimit => at_most(plan, request, limit),
        _ => Some(cpu_peak(plan)),
    };
    if let Some(wanted) = together(plan, request).map(|it| it.max(most.unwrap_or(it))) {
        set(plan, request, now, wanted, f64::INFINITY);
        set(plan, limit, now, wanted, f64::INFINITY);
    }
}

/// Whether an autoscaler holds a share of this request.
fn scales(plan: &Plan<'_>, request: Field) -> bool {
    plan.workload.autoscaler.as_ref().is_some_and(|scaler| {
        let name = request.resource();
        let mut unread = scaler.unread_of.iter();
        let mut metrics = scaler.metrics.iter();
        unread.any(|unread| unread == name)
            || metrics.any(|metric| metric.name == name && metric.is_share())
    })
}

/// Sets a field of the pod, unless that would be too small a change.
fn set(plan: &mut Plan<'_>, field: Field, now: f64, wanted: f64, most: f64) {
    let Some(pod) = &mut plan.pod else { return };
    let mut sizing = pod.sizing;
    field.set(&mut sizing, wanted, most);
    let Some(round) = field.advised(sizing).value() else {
        return;
    };
    let round = match plan.rules.options.max_step {
        Some(step) => step::held(round, now, now * left(step), |floor| floor),
        None => round,
    };
    field.set(&mut sizing, round, round);
    let replicas = float(u64::from(plan.workload.replicas.max(1)));
    let name = field.name();
    let (before, after) = (field.shown(now), field.shown(round));
    let must_rise = field == Field::MemoryLimit && round > now;
    let text = if dead_band::is_same(field, now, round) {
        format!("the pod's {name} {before} already fits")
    } else if !must_rise && dead_band::is_small(field, now, round, replicas) {
        format!("the pod's {name} stays {before}: {after} would be too small a change")
    } else {
        pod.sizing = sizing;
        format!("the pod's {name} {before} to {after}: what its containers need together")
    };
    say(plan, text);
}

fn say(plan: &mut Plan<'_>, text: String) {
    if let Some(pod) = &mut plan.pod {
        pod.reasons.push(Reason::new(CODE, text));
    }
}
