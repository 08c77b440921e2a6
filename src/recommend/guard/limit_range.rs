use super::{Case, Field, Guard, Plan, Planned};
use crate::recommend::Advice;
use crate::snapshot::LimitRange;
use crate::units::{Bytes, Cpu};

/// What the namespace's LimitRanges admit.
///
/// `Container`: sizes between min and max; a limit that is required or would
/// come back by default is not removed; a limit too large for its request
/// raises the request. `Pod`: sums that would not be admitted hold every raise
/// of that resource back.
pub(super) struct LimitRanges;

impl Guard for LimitRanges {
    fn name(&self) -> &'static str {
        "limit_range"
    }

    fn apply(&self, case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for plan in plans {
            for range in &case.snapshot.cluster.limit_ranges {
                if range.namespace != plan.workload.id.namespace {
                    continue;
                }
                if range.applies_to == "Pod" {
                    for_pod(plan, range);
                } else if range.applies_to == "Container" {
                    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
                        for_container(planned, range);
                    }
                }
            }
        }
    }
}

fn for_container(planned: &mut Planned<'_>, range: &LimitRange) {
    let why = format!("LimitRange `{}`", range.name);
    let (min, max) = (&range.min, &range.max);
    planned.revise(
        "limit_range",
        &why,
        |_, value| {
            let value = min.cpu.map_or(value, |min| value.max(min));
            max.cpu.map_or(value, |max| value.min(max))
        },
        |_, value| {
            let value = min.memory.map_or(value, |min| value.max(min));
            max.memory.map_or(value, |max| value.min(max))
        },
    );
    keep_required_limits(planned, range);
    keep_ratio(planned, range);
}

fn keep_required_limits(planned: &mut Planned<'_>, range: &LimitRange) {
    let required = |default: bool, max: bool| default || max;
    let sizing = &mut planned.sizing;
    let mut kept = None;
    let cpu = required(range.default_limit.cpu.is_some(), range.max.cpu.is_some());
    if cpu && sizing.cpu_limit == Advice::Unset {
        sizing.cpu_limit = Advice::Keep;
        kept = Some(Field::CpuLimit);
    }
    let memory = required(
        range.default_limit.memory.is_some(),
        range.max.memory.is_some(),
    );
    if memory && sizing.memory_limit == Advice::Unset {
        sizing.memory_limit = Advice::Keep;
        kept = Some(Field::MemoryLimit);
    }
    if let Some(field) = kept {
        let text = format!(
            "{} stays: LimitRange `{}` requires one or sets its own",
            field.name(),
            range.name
        );
        planned.say("limit_range", text);
    }
}

fn keep_ratio(planned: &mut Planned<'_>, range: &LimitRange) {
    let after = planned.after();
    if let (Some(ratio), Some(request), Some(limit)) = (
        positive(range.max_ratio_cpu),
        after.cpu_request,
        after.cpu_limit,
    ) && limit.get() > request.get() * ratio + 1e-9
    {
        let raised = Cpu::cores(limit.get() / ratio).round_up_to(Cpu::millicores(1));
        planned.sizing.cpu_request = Advice::Set(raised);
        say_ratio(
            planned,
            Field::CpuRequest,
            &request.to_string(),
            &raised.to_string(),
            range,
        );
    }
    if let (Some(ratio), Some(request), Some(limit)) = (
        positive(range.max_ratio_memory),
        after.memory_request,
        after.memory_limit,
    ) && limit.to_f64() > request.to_f64() * ratio + 0.5
    {
        let raised = Bytes::from_f64((limit.to_f64() / ratio).ceil()).round_up_to(Bytes::mib(1));
        let raised = raised.min(limit);
        planned.sizing.memory_request = Advice::Set(raised);
        say_ratio(
            planned,
            Field::MemoryRequest,
            &request.human(),
            &raised.human(),
            range,
        );
    }
}

fn positive(ratio: Option<f64>) -> Option<f64> {
    ratio.filter(|ratio| *ratio >= 1.0)
}

fn say_ratio(
    planned: &mut Planned<'_>,
    field: Field,
    before: &str,
    after: &str,
    range: &LimitRange,
) {
    let text = format!(
        "{} {before} to {after}: LimitRange `{}` bounds limit ÷ request",
        field.name(),
        range.name
    );
    planned.say("limit_range", text);
}

/// Sums over the containers that run together.
fn for_pod(plan: &mut Plan<'_>, range: &LimitRange) {
    let (mut cpu, mut memory) = (Cpu::ZERO, Bytes::ZERO);
    for planned in super::running(plan) {
        let after = planned.after();
        cpu = cpu.plus(after.cpu_limit.or(after.cpu_request).unwrap_or(Cpu::ZERO));
        memory = memory.plus(
            after
                .memory_limit
                .or(after.memory_request)
                .unwrap_or(Bytes::ZERO),
        );
    }
    let cpu_too_large = range.max.cpu.is_some_and(|max| cpu > max);
    let memory_too_large = range.max.memory.is_some_and(|max| memory > max);
    if !cpu_too_large && !memory_too_large {
        return;
    }
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        let held = super::hold_raises(planned, cpu_too_large, memory_too_large);
        if !held.is_empty() {
            let text = format!(
                "{} cannot be raised: LimitRange `{}` would not admit the pod",
                held.join(", "),
                range.name
            );
            planned.say("limit_range", text);
        }
    }
}
