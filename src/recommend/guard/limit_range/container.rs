//! Bounds of each container.

use super::{Field, Planned, positive};
use crate::recommend::Advice;
use crate::snapshot::LimitRange;
use crate::units::{Bytes, Cpu};

pub(super) fn hold(planned: &mut Planned<'_>, range: &LimitRange) {
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
    if let (true, Some(ratio), Some(request), Some(limit)) = (
        planned.may_set(Field::CpuRequest),
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
    if let (true, Some(ratio), Some(request), Some(limit)) = (
        planned.may_set(Field::MemoryRequest),
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
