//! A workload in at most four words.

use super::{ContainerKind, Events, Planned};
use crate::recommend::guard::Plan;
use crate::recommend::{Reason, State, judge};
use crate::text::percent_said;
use crate::units::Bytes;

/// What stands out about a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// A stable identifier in snake_case: `oom_killed`, `idle`.
    pub code: &'static str,
    /// At most four words: `OOM-killed 3×`.
    pub text: String,
}

impl Headline {
    fn new(code: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { code, text }
    }
}

/// The most urgent of what is known of any container; `None` where nothing stands out.
pub(in crate::recommend) fn headline(plan: &Plan<'_>, state: State) -> Option<Headline> {
    let runs = |planned: &Planned<'_>| planned.pool.container.kind != ContainerKind::Init;
    let running: Vec<&Planned<'_>> = plan.containers.iter().filter(|it| runs(it)).collect();
    if state == State::Unknown {
        return running.iter().find_map(|planned| unknown(&planned.reasons));
    }
    let events = || running.iter().map(|planned| &*planned.pool.events);
    events()
        .find_map(memory_event)
        .or_else(|| events().find_map(cpu_event))
        .or_else(|| (state == State::Idle).then(|| idle(&running)))
        .or_else(|| unset(&running))
        .or_else(|| match state {
            State::UnderProvisioned => Some(short(&running)),
            State::OverProvisioned => little_used(&running),
            State::Idle | State::RightSized | State::Unknown => None,
        })
}

fn memory_event(events: &Events) -> Option<Headline> {
    if let Some(kills) = &events.oom {
        let text = format!("OOM-killed {}×", kills.count);
        Some(Headline::new("oom_killed", text))
    } else if events.sawtooth.is_some() {
        Some(Headline::new("leak_restarts", "leaks and restarts"))
    } else if events.growth.is_some() {
        Some(Headline::new("growing", "memory only grows"))
    } else if events.limit_hit.is_some() {
        Some(Headline::new("limit_hit", "at its memory limit"))
    } else {
        None
    }
}

fn cpu_event(events: &Events) -> Option<Headline> {
    if let Some(throttled) = &events.throttled {
        let text = format!("CPU-throttled {}", percent_said(throttled.share.get()));
        return Some(Headline::new("throttled", text));
    }
    let pressed = events.pressed.as_ref()?;
    let what = match (pressed.cpu.is_some(), pressed.memory.is_some()) {
        (true, _) => "waits for CPU",
        (false, _) => "waits for memory",
    };
    Some(Headline::new("pressure", what))
}

fn idle(running: &[&Planned<'_>]) -> Headline {
    let spans = running
        .iter()
        .map(|planned| planned.pool.profile.quality.span);
    let span = spans.max().unwrap_or_default();
    Headline::new("idle", format!("unused {}", span.human()))
}

/// Where no container requests anything.
fn unset(running: &[&Planned<'_>]) -> Option<Headline> {
    let requests = |planned: &&Planned<'_>| {
        let now = planned.now();
        now.cpu_request.is_some() || now.memory_request.is_some()
    };
    let pod = running.first()?.pool.workload;
    let none = pod.pod_requests.is_empty() && !running.iter().any(requests);
    none.then(|| Headline::new("no_requests", "no requests"))
}

/// What there is too little of.
fn short(running: &[&Planned<'_>]) -> Headline {
    let over = running.iter().filter_map(|planned| {
        let request = planned.now().cpu_request?;
        let raised = planned.after().cpu_request? > request;
        raised.then_some(planned.pool.over.time)
    });
    let share = over.fold(0.0, f64::max);
    if share >= 0.01 {
        let text = format!("CPU short {}", percent_said(share));
        return Headline::new("cpu_short", text);
    }
    let rises = |planned: &&Planned<'_>| {
        let (now, after) = (planned.now(), planned.after());
        after.memory_limit > now.memory_limit && now.memory_limit.is_some()
    };
    let near = running.iter().any(rises);
    if near {
        Headline::new("memory_near_limit", "memory near limit")
    } else {
        Headline::new("requests_too_small", "requests too small")
    }
}

/// How little is used of what costs the most.
fn little_used(running: &[&Planned<'_>]) -> Option<Headline> {
    let (mut cpu, mut memory) = ((0.0, 0.0), (0.0, 0.0));
    for planned in running {
        let (now, profile) = (planned.now(), planned.pool.profile);
        if let (Some(request), Some(used)) = (now.cpu_request, &profile.cpu) {
            cpu = (cpu.0 + used.mean.get(), cpu.1 + request.get());
        }
        if let (Some(request), Some(used)) = (now.memory_request, &profile.memory) {
            let (mean, request): (Bytes, Bytes) = (used.mean, request);
            memory = (memory.0 + mean.to_gib(), memory.1 + request.to_gib());
        }
    }
    let unused = |(used, of): (f64, f64)| (of - used).max(0.0);
    let (name, (used, of)) = if unused(cpu) * judge::GIB_A_CORE >= unused(memory) {
        ("CPU", cpu)
    } else {
        ("memory", memory)
    };
    let text = format!("{name} {} used", percent_said(used / of));
    (of > 0.0).then(|| Headline::new("little_used", text))
}

/// Why nothing is said.
fn unknown(reasons: &[Reason]) -> Option<Headline> {
    let code = reasons.first()?.code;
    let text = match code {
        "ignored" => "ignored as asked",
        "short_history" | "few_runs" => "history too short",
        "gappy_history" => "history has gaps",
        "stale_usage" => "no recent usage",
        "new_template" => "changed too recently",
        "one_sample" => "one sample only",
        "not_measured" => "implausible usage",
        "no_usage" => "no usage seen",
        _ => return None,
    };
    Some(Headline::new(code, text))
}
