//! Why each number is what it is, in words with the numbers.

use super::bounds::{Bounds, Least, Most};
use super::cpu::CpuSize;
use super::limit::{Limit, Source};
use super::request::Request;
use super::tail::SMALL;
use crate::recommend::rounding::round_memory;
use crate::recommend::{Reason, Targets};
use crate::text::{percent_exact, short};
use crate::units::{Bytes, Cpu};

/// Below this, what is added to each peak is told.
const SMALL_BASE: f64 = 4.0 * SMALL;

/// Why the CPU request is what it is.
pub(super) fn cpu(size: &CpuSize, targets: &Targets) -> Reason {
    let request = Cpu::cores(size.request).to_quantity();
    if size.bursts {
        return Reason::new(
            "cpu_bursts",
            format!(
                "CPU request {request} leaves {} of its CPU work above it: it works in bursts, and the promise is {}",
                percent_exact(size.work_over),
                percent_exact(targets.cpu_work_over_request),
            ),
        );
    }
    let base = if size.quantile >= 1.0 {
        "the largest use".to_owned()
    } else {
        format!(
            "the P{} of its busiest stretch",
            short(size.quantile * 100.0, 2)
        )
    };
    Reason::new(
        "cpu_replayed",
        format!(
            "CPU request {request} is {base}; replayed over the window, {} and a prior stayed above such requests {} of the time, the promise is {}{}",
            containers(size.containers),
            percent_exact(size.replayed),
            percent_exact(targets.cpu_time_over_request),
            if size.kept {
                ""
            } else {
                ", which no larger request would keep much better"
            },
        ),
    )
}

/// Why the memory limit is what it is.
pub(super) fn limit(limit: &Limit, targets: &Targets) -> Reason {
    let size = limit.size.human();
    let peak = match limit.grown {
        Some(grown) => format!(
            "the {} that it grows to within {}",
            grown.human(),
            days(targets)
        ),
        None => format!("the peak of {}", limit.peak.human()),
    };
    let promise = percent_exact(targets.memory_over_limit);
    let within = days(targets);
    let base = limit.grown.unwrap_or(limit.peak);
    match &limit.source {
        Source::Margin { records } => {
            let times = |room: f64| {
                let factor = (limit.size.to_f64() + room) / (base.to_f64() + room);
                short((factor * 100.0).round() / 100.0, 2)
            };
            let factor = if base.to_f64() < SMALL_BASE {
                format!(
                    "(and {} that any process may load) × {}",
                    human(SMALL),
                    times(SMALL)
                )
            } else {
                format!("× {}", times(0.0))
            };
            let largest = if limit.risk > targets.memory_over_limit {
                ", and no larger margin is ever advised"
            } else {
                ""
            };
            Reason::new(
                "memory_margin",
                format!(
                    "memory limit {size} is {peak} {factor}: by {records:.0} new peaks of memory as even as this, {within} exceed it with {}, the promise is {promise}{largest}",
                    percent_exact(limit.risk),
                ),
            )
        }
        Source::Current { wanted } => Reason::new(
            "memory_limit_kept",
            format!(
                "memory limit {size} is what it is now: {peak} never reached it, and will within {within} with {} (promise {promise}); a margin on the peak alone would be {}",
                percent_exact(limit.risk),
                wanted.human(),
            ),
        ),
        Source::Node { wanted } => Reason::new(
            "memory_limit_node",
            format!(
                "memory limit {size} is the largest node; a margin on {peak} would be {}, so the risk is {} and not {promise}",
                wanted.human(),
                percent_exact(limit.risk),
            ),
        ),
        Source::Event { wanted } => Reason::new(
            "memory_limit_event",
            format!(
                "memory limit {size} is what happened to it asks for; a margin on {peak} would be {}",
                wanted.human(),
            ),
        ),
        Source::Leak => Reason::new(
            "memory_limit_leak",
            format!("memory limit {size} stays: a leak rises to any limit"),
        ),
        Source::Growing { wanted } => Reason::new(
            "memory_limit_growing",
            format!(
                "memory limit {size} stays: it costs nothing, and a lower one (a margin on {peak} would be {}) is only reached sooner",
                wanted.human(),
            ),
        ),
    }
}

/// Why the memory request is what it is.
pub(super) fn request(
    request: &Request,
    tie: Option<Tie>,
    bounds: &Bounds,
    targets: &Targets,
) -> Reason {
    let size = human(request.size);
    if let (true, Some(tie)) = (request.tied, tie) {
        let why = match tie {
            Tie::Policy => "the policy ties them",
            Tie::Guaranteed => "its pods are Guaranteed and stay so",
        };
        return Reason::new(
            "memory_tied",
            format!("memory request {size} equals the limit: {why}"),
        );
    }
    if let Some((code, what)) = bounded(request, bounds, targets) {
        return Reason::new(code, format!("memory request {size} is {what}"));
    }
    if request.usual {
        return Reason::new(
            "memory_usual",
            format!(
                "memory request {size} is its P95 of {}: what shares its nodes would allow less, but a pod above its request is the first that a full node evicts",
                human(request.level.p95)
            ),
        );
    }
    let base = format!(
        "memory request {size} is its P99 of {}, moved {} of the way to its peak of {}",
        human(request.level.p99),
        percent_exact(request.filled),
        human(request.level.peak),
    );
    match (request.node, request.overflow) {
        (Some(node), Some(overflow)) => Reason::new(
            "memory_joint",
            format!(
                "{base} (the share of a {} node that this fills), × {}, the least at which pods packed by what was known at moments of the window overflowed at most {} of their nodes in what followed (as it is sized now: {})",
                human(node),
                short((request.factor * 100.0).round() / 100.0, 2),
                percent_exact(targets.node_memory_overflow),
                percent_exact(overflow),
            ),
        ),
        _ => Reason::new(
            "memory_no_nodes",
            format!(
                "{base}, × {}: a careful choice, since no node that it runs on is known",
                short((request.factor * 100.0).round() / 100.0, 2),
            ),
        ),
    }
}

/// What an event made of a request, where it did.
pub(super) fn bounded(
    request: &Request,
    bounds: &Bounds,
    targets: &Targets,
) -> Option<(&'static str, String)> {
    let is = |size: Bytes| round_memory(size) == Bytes::from_f64(request.size);
    if let Some((_, least)) = bounds.least.filter(|(size, _)| is(*size)) {
        return Some(match least {
            Least::Starved => (
                "memory_starved",
                "its peak: what it needs beyond that is unknown".to_owned(),
            ),
            Least::Risen => ("memory_risen", "its P99 since its level rose".to_owned()),
            Least::Growing => (
                "memory_growing",
                format!("what it grows to within {}", days(targets)),
            ),
        });
    }
    let (_, most) = bounds.most.filter(|(size, _)| is(*size))?;
    Some(match most {
        Most::Fallen => ("memory_fallen", "its peak since its level fell".to_owned()),
        Most::Many => (
            "memory_many",
            "the peak of the pods that are alike".to_owned(),
        ),
    })
}

/// Why a request is as large as the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    Policy,
    Guaranteed,
}

fn containers(count: usize) -> String {
    match count {
        1 => "1 container".to_owned(),
        _ => format!("{count} containers"),
    }
}

fn days(targets: &Targets) -> String {
    let days = targets.horizon.as_days();
    if (days - 1.0).abs() < 1e-9 {
        "a day".to_owned()
    } else {
        format!("{} days", short((days * 10.0).round() / 10.0, 2))
    }
}

fn human(bytes: f64) -> String {
    Bytes::from_f64(bytes).human()
}
