use super::{Case, Guard, Plan};
use crate::recommend::Advice;
use crate::snapshot::{Quota, Resources};
use crate::units::{Bytes, Cpu, float};

/// An increase that a ResourceQuota cannot admit is not advised.
///
/// What the cuts of the same namespace free is counted: the advice is one
/// whole. Where not all increases fit, workloads come in their order and each
/// is taken whole or not at all. A quota on limits makes limits mandatory.
pub(super) struct Quotas;

impl Guard for Quotas {
    fn name(&self) -> &'static str {
        "quota"
    }

    fn apply(&self, case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for quota in &case.snapshot.cluster.quotas {
            let namespace = &quota.namespace;
            let mut inside: Vec<&mut Plan<'_>> = plans
                .iter_mut()
                .filter(|plan| plan.workload.id.namespace == *namespace)
                .collect();
            keep_limits(&mut inside, quota);
            admit(&mut inside, quota);
        }
    }
}

fn keep_limits(plans: &mut [&mut Plan<'_>], quota: &Quota) {
    let (cpu, memory) = (
        quota.hard_limits.cpu.is_some(),
        quota.hard_limits.memory.is_some(),
    );
    for planned in plans.iter_mut().flat_map(|plan| plan.containers.iter_mut()) {
        let sizing = &mut planned.sizing;
        let mut kept = None;
        if cpu && sizing.cpu_limit == Advice::Unset {
            sizing.cpu_limit = Advice::Keep;
            kept = Some("CPU limit");
        }
        if memory && sizing.memory_limit == Advice::Unset {
            sizing.memory_limit = Advice::Keep;
            kept = Some("memory limit");
        }
        if let Some(field) = kept {
            let text = format!("{field} stays: ResourceQuota `{}` requires one", quota.name);
            planned.say("quota", text);
        }
    }
}

/// Change of requests and limits, in cores and bytes: positive for more.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Change([f64; 4]);

fn admit(plans: &mut [&mut Plan<'_>], quota: &Quota) {
    let room = room(quota);
    let changes: Vec<Change> = plans.iter().map(|plan| change(plan)).collect();
    for (kind, room) in room.into_iter().enumerate() {
        let Some(mut left) = room else { continue };
        // Cuts come first: they make the room.
        left += changes
            .iter()
            .map(|change| -change.0[kind].min(0.0))
            .sum::<f64>();
        for (plan, change) in plans.iter_mut().zip(&changes) {
            let more = change.0[kind];
            if more <= 0.0 {
                continue;
            }
            if more <= left + 1e-9 {
                left -= more;
            } else {
                refuse(plan, kind, more, left, quota);
            }
        }
    }
}

/// What may still be added; `None` where nothing bounds it. Never below zero:
/// a namespace past its quota is not asked to give back.
fn room(quota: &Quota) -> [Option<f64>; 4] {
    let of = |hard: &Resources, used: &Resources| {
        let cpu = hard
            .cpu
            .map(|hard| hard.minus(used.cpu.unwrap_or(Cpu::ZERO)).get());
        let used = used.memory.unwrap_or(Bytes::ZERO);
        (cpu, hard.memory.map(|hard| hard.minus(used).to_f64()))
    };
    let (cpu_request, memory_request) = of(&quota.hard_requests, &quota.used_requests);
    let (cpu_limit, memory_limit) = of(&quota.hard_limits, &quota.used_limits);
    [cpu_request, cpu_limit, memory_request, memory_limit]
}

fn change(plan: &Plan<'_>) -> Change {
    let replicas = float(u64::from(plan.workload.replicas));
    let mut sum = Change::default();
    for planned in super::running(plan) {
        let (now, after) = (planned.now(), planned.after());
        let cores = |value: Option<Cpu>| value.map_or(0.0, Cpu::get);
        let bytes = |value: Option<Bytes>| value.map_or(0.0, Bytes::to_f64);
        let moved = [
            cores(after.cpu_request) - cores(now.cpu_request),
            cores(after.cpu_limit) - cores(now.cpu_limit),
            bytes(after.memory_request) - bytes(now.memory_request),
            bytes(after.memory_limit) - bytes(now.memory_limit),
        ];
        for (sum, moved) in sum.0.iter_mut().zip(moved) {
            *sum += moved * replicas;
        }
    }
    sum
}

fn refuse(plan: &mut Plan<'_>, kind: usize, more: f64, left: f64, quota: &Quota) {
    let is_cpu = kind < 2;
    let amount = |value: f64| {
        if is_cpu {
            Cpu::cores(value).to_string()
        } else {
            Bytes::from_f64(value).human()
        }
    };
    let (more, left) = (amount(more), amount(left.max(0.0)));
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        let held = super::hold_raises(planned, is_cpu, !is_cpu);
        super::order::put_in_order(planned);
        if !held.is_empty() {
            let text = format!(
                "{} cannot be raised: all replicas need {more} more and ResourceQuota `{}` has {left} left",
                held.join(", "),
                quota.name
            );
            planned.say("quota", text);
        }
    }
    // The sizes of the pod have changed under the autoscaler's targets.
    plan.autoscaler = super::autoscaler::advise(plan);
}
