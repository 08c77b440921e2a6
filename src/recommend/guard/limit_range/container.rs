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
    let before = planned.sizing;
    let (default, max) = (&range.default_limit, &range.max);
    for (field, required) in [
        (Field::CpuLimit, default.cpu.is_some() || max.cpu.is_some()),
        (
            Field::MemoryLimit,
            default.memory.is_some() || max.memory.is_some(),
        ),
    ] {
        if required && field.advised(before) == Advice::Unset {
            field.keep(&mut planned.sizing);
        }
    }
    let why = format!(
        "LimitRange `{}` requires a limit or sets its own",
        range.name
    );
    planned.kept(before, "limit_range", &why);
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
