//! Why the use of a container asks for a size.

use super::words::one_of;
use super::{Bytes, Cpu, Events, Field, Planned, share_over};
use crate::text::{percent_said, times};

/// The cause of a field's new value, which no guard has named.
pub(super) fn of(planned: &Planned<'_>, field: Field, after: f64) -> String {
    let events = &*planned.pool.events;
    let cause = match field {
        Field::CpuRequest => cpu_request(planned, after),
        Field::CpuLimit => cpu_limit(planned, events),
        Field::MemoryRequest => memory_request(planned, events, after),
        Field::MemoryLimit => memory_limit(planned, events, after),
    };
    match learned(planned, field) {
        Some(learned) => format!("{cause}; {learned}"),
        None => cause,
    }
}

/// What earlier runs made of the size.
fn learned<'a>(planned: &'a Planned<'_>, field: Field) -> Option<&'a str> {
    let code = match field {
        Field::CpuRequest => "learned_cpu",
        Field::MemoryLimit => "learned_memory",
        Field::CpuLimit | Field::MemoryRequest => return None,
    };
    let reason = planned.reasons.iter().find(|it| it.code == code)?;
    Some(&reason.text)
}

fn cpu_request(planned: &Planned<'_>, after: f64) -> String {
    let Some(used) = &planned.pool.profile.cpu else {
        return "no sample of CPU says otherwise".to_owned();
    };
    let size = Cpu::cores(after);
    let needed = planned.now().cpu_request.filter(|now| *now < size);
    if let Some(now) = needed {
        let share = planned.pool.over.time;
        if share > 0.0 {
            return format!(
                "it used more than {now} {} of the time",
                percent_said(share)
            );
        }
        return format!("it uses up to {}", used.max);
    }
    let share = share_over(&planned.pool, size);
    if share > 0.0 {
        format!("it used more only {} of the time", percent_said(share))
    } else {
        format!("it never used more than {}", used.max)
    }
}

fn cpu_limit(planned: &Planned<'_>, events: &Events) -> String {
    if let Some(throttled) = &events.throttled {
        let share = percent_said(throttled.share.get());
        return format!("throttled {share} of the time at {}", throttled.limit);
    }
    let used = planned.pool.profile.cpu.as_ref();
    used.map_or_else(
        || "as the policy asks".to_owned(),
        |used| format!("it used up to {}", used.max),
    )
}

fn memory_request(planned: &Planned<'_>, events: &Events, after: f64) -> String {
    if let Some(growth) = &events.growth
        && after >= growth.now.to_f64()
    {
        let (to, by) = (growth.at_horizon.human(), growth.per_day.human());
        return format!(
            "it grows by {by} a day, to {to} in {}",
            growth.horizon.human()
        );
    }
    let Some(used) = &planned.pool.profile.memory else {
        return "no sample of memory says otherwise".to_owned();
    };
    let (usual, most) = (used.p95.human(), used.max.human());
    if usual == most {
        format!("it uses {most}")
    } else {
        format!("it uses up to {usual} nearly always, {most} at most")
    }
}

fn memory_limit(planned: &Planned<'_>, events: &Events, after: f64) -> String {
    let what = happened(events).unwrap_or_else(|| match &planned.pool.profile.memory {
        Some(used) => format!("it used {} at most", used.max.human()),
        None => "no sample of memory says otherwise".to_owned(),
    });
    let draft = planned.draft.memory_limit.value().map(Bytes::to_f64);
    let risk = planned
        .risk
        .filter(|_| draft.is_none_or(|draft| after >= draft * 0.99));
    let chance = risk.and_then(|risk| one_of(risk.memory_over_limit?, risk.horizon));
    match chance {
        Some(chance) => format!("{what}; workloads like it outgrow this in {chance}"),
        None => what,
    }
}

/// What happened to its memory.
fn happened(events: &Events) -> Option<String> {
    if let Some(kills) = &events.oom {
        let (times, used) = (times(kills.count), kills.used.human());
        return Some(format!("OOM-killed {times} at {used}"));
    }
    if let Some(hit) = &events.limit_hit {
        return Some(format!("it reached its limit of {}", hit.limit.human()));
    }
    let growth = events.growth.as_ref()?;
    let (by, to) = (growth.per_day.human(), growth.at_horizon.human());
    let within = growth.horizon.human();
    Some(format!("it grows by {by} a day, to {to} in {within}"))
}
