use super::{Case, Field, Guard, Plan, Planned, Sum, pod_level};
use crate::recommend::Advice;
use crate::snapshot::{Quota, Resources};
use crate::units::{Bytes, Cpu, float};

mod scope;

/// An increase that a ResourceQuota cannot admit is not advised.
///
/// What the cuts of the same namespace free is counted: the advice is one
/// whole. Where not all increases fit, workloads come in their order, and the
/// last that finds room takes what is left. A quota on limits makes limits
/// mandatory.
pub(super) struct Quotas;

impl Guard for Quotas {
    fn name(&self) -> &'static str {
        "quota"
    }

    fn cause(&self) -> Option<&'static str> {
        Some("its ResourceQuota")
    }

    fn apply(&self, case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for quota in &case.snapshot.cluster.quotas {
            let mut inside: Vec<&mut Plan<'_>> = plans
                .iter_mut()
                .filter(|plan| plan.workload.id.namespace == quota.namespace)
                .filter(|plan| scope::holds(quota, plan))
                .collect();
            keep_limits(&mut inside, quota);
            // A part of a raise could break a bound on limit ÷ request.
            let mut ranges = case.snapshot.cluster.limit_ranges.iter();
            let parts = !ranges.any(|range| {
                let bounded = range.max_ratio_cpu.or(range.max_ratio_memory).is_some();
                range.namespace == quota.namespace && bounded
            });
            for field in Field::ALL {
                if let Some(room) = room(quota, field) {
                    admit(&mut inside, quota, field, room, parts);
                }
            }
        }
    }
}

fn keep_limits(plans: &mut [&mut Plan<'_>], quota: &Quota) {
    let why = format!("ResourceQuota `{}` requires a limit", quota.name);
    for planned in plans.iter_mut().flat_map(|plan| plan.containers.iter_mut()) {
        let before = planned.sizing;
        for (field, required) in [
            (Field::CpuLimit, quota.hard_limits.cpu.is_some()),
            (Field::MemoryLimit, quota.hard_limits.memory.is_some()),
        ] {
            if required && field.advised(before) == Advice::Unset {
                field.keep(&mut planned.sizing);
            }
        }
        planned.kept(before, "quota", &why);
    }
}

/// What may still be added of a field, in cores or bytes; `None` where nothing
/// bounds it. Never below zero: a namespace past its quota is not asked to give
/// back.
fn room(quota: &Quota, field: Field) -> Option<f64> {
    let (hard, used) = match field {
        Field::CpuRequest | Field::MemoryRequest => (&quota.hard_requests, &quota.used_requests),
        Field::CpuLimit | Field::MemoryLimit => (&quota.hard_limits, &quota.used_limits),
    };
    let amount = |resources: &Resources| match field.resource() {
        "cpu" => resources.cpu.map(Cpu::get),
        _ => resources.memory.map(Bytes::to_f64),
    };
    Some((amount(hard)? - amount(used).unwrap_or(0.0)).max(0.0))
}

fn admit(plans: &mut [&mut Plan<'_>], quota: &Quota, field: Field, mut room: f64, parts: bool) {
    let changes: Vec<f64> = plans.iter().map(|plan| change(plan, field)).collect();
    // Cuts come first: they make the room.
    room -= changes.iter().map(|change| change.min(0.0)).sum::<f64>();
    for (plan, more) in plans.iter_mut().zip(changes) {
        if more <= 0.0 {
            continue;
        }
        if more <= room + 1e-9 {
            room -= more;
            continue;
        }
        if field.of(plan.pod_now()).is_some() {
            pod_level::hold(plan, field, &why(field, more, room, quota));
        } else if !(parts && grant(plan, field, more, room, quota)) {
            refuse(plan, field, more, room, quota);
        }
        room -= change(plan, field).max(0.0);
    }
}

/// What all replicas have more of a field than now.
fn change(plan: &Plan<'_>, field: Field) -> f64 {
    let replicas = float(u64::from(plan.workload.replicas));
    if let Some(now) = field.of(plan.pod_now()) {
        let after = field.of(plan.pod_after()).unwrap_or(now);
        return (after - now) * replicas;
    }
    let now = Sum::of(plan, |planned| field.of(planned.now()));
    let after = Sum::of(plan, |planned| field.of(planned.after()));
    let most = |sum: Option<Sum>| sum.map_or(0.0, |sum| sum.most);
    (most(after) - most(now)) * replicas
}

/// A part of a raise that is less than this share of what there is now is not worth it.
const LEAST: f64 = 0.05;

/// Gives each container its share of the room that there is, where that is worth it.
fn grant(plan: &mut Plan<'_>, field: Field, more: f64, room: f64, quota: &Quota) -> bool {
    let part = |planned: &Planned<'_>| {
        let now = field.of(planned.now())?;
        let wanted = field.advised(planned.sizing).value()?;
        let granted = field.round_down(now + (wanted - now) * room / more);
        (granted > now * (1.0 + LEAST)).then_some((wanted, granted))
    };
    if !plan
        .containers
        .iter()
        .any(|planned| part(planned).is_some())
    {
        return false;
    }
    let why = why(field, more, room, quota);
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        let Some((wanted, granted)) = part(planned) else {
            continue;
        };
        for moved in Field::ALL {
            let follows = moved.resource() == field.resource()
                && moved.advised(planned.sizing).value() == Some(wanted);
            if follows {
                moved.set(&mut planned.sizing, granted, granted);
            }
        }
        let (wanted, granted) = (field.shown(wanted), field.shown(granted));
        planned.say(
            "quota",
            format!("{why}: {} {wanted} to {granted}", field.name()),
        );
        super::order::put_in_order(planned);
    }
    true
}

fn why(field: Field, more: f64, room: f64, quota: &Quota) -> String {
    format!(
        "all replicas need {} more and ResourceQuota `{}` has {} left",
        field.shown(more),
        quota.name,
        field.shown(room)
    )
}

fn refuse(plan: &mut Plan<'_>, field: Field, more: f64, room: f64, quota: &Quota) {
    let why = why(field, more, room, quota);
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        super::hold_raises(planned, field.resource(), "quota", &why);
        super::order::put_in_order(planned);
    }
}
