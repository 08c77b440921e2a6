//! What advice finds beside sizes.

use super::{Advised, State, WorkloadAdvice};
use crate::finding::{Finding, Severity};
use crate::snapshot::{Container, Snapshot, Workload};
use crate::text::count;

/// One workload, what is advised on it, and how much that matters.
struct Subject<'a> {
    workload: &'a Workload,
    advice: &'a WorkloadAdvice,
    severity: Severity,
}

/// The findings on all workloads, in their order. `severities` has one for each of
/// the advice, in the same order.
pub fn findings(
    snapshot: &Snapshot,
    advised: &Advised,
    severities: impl IntoIterator<Item = Severity>,
) -> Vec<Finding> {
    let subjects = advised.workloads.iter().zip(severities);
    let subjects = subjects.filter_map(|(advice, severity)| {
        Some(Subject {
            workload: snapshot.workloads.get(advice.workload)?,
            advice,
            severity,
        })
    });
    let of = |of: Subject<'_>| {
        [
            idle(&of),
            killed(&of),
            growing(&of),
            odd_pods(&of),
            missing_pods(&of),
            not_patchable(&of),
        ]
    };
    subjects.flat_map(of).flatten().collect()
}

fn idle(of: &Subject<'_>) -> Option<Finding> {
    (of.advice.state == State::Idle).then(|| Finding {
        code: "idle",
        severity: of.severity,
        workload: of.advice.workload,
        text: "it hardly does anything: scale it to zero while nobody needs it, or delete it"
            .to_owned(),
    })
}

fn killed(of: &Subject<'_>) -> Option<Finding> {
    let kills = |container: &Container| {
        let ends = container.terminations.iter();
        ends.filter(|end| end.reason == "OOMKilled").count()
    };
    let containers = of.workload.containers.iter();
    let (container, killed) = containers
        .map(|container| (container, kills(container)))
        .find(|(_, killed)| *killed > 0)?;
    Some(Finding {
        code: "oom_killed",
        severity: of.severity,
        workload: of.advice.workload,
        text: format!(
            "container `{}` was OOM-killed ({}), with a memory limit of {}",
            container.name,
            count(killed, "time"),
            container
                .limits
                .memory
                .map_or_else(|| "none".to_owned(), |limit| limit.to_string())
        ),
    })
}

fn growing(of: &Subject<'_>) -> Option<Finding> {
    let mut advised = of.advice.containers.iter();
    let (advice, growth) = advised.find_map(|it| Some((it, it.growth?)))?;
    let container = of.workload.containers.get(advice.container)?;
    let outlook = growth.outlook();
    Some(Finding {
        code: "growing",
        severity: of.severity,
        workload: of.advice.workload,
        text: format!(
            "memory of container `{}` only rises, by {} a day{}: find out whether it leaks",
            container.name,
            growth.per_day.human(),
            outlook.map_or_else(String::new, |outlook| format!(", and {outlook}")),
        ),
    })
}

/// Only a DaemonSet can be parted by node.
fn odd_pods(of: &Subject<'_>) -> Option<Finding> {
    let mut advised = of.advice.containers.iter();
    let advice = advised.find(|it| !it.odd_pods.is_empty())?;
    let few: Vec<&str> = advice.odd_pods.iter().map(|it| it.pod.as_str()).collect();
    (of.workload.id.kind == "DaemonSet").then(|| Finding {
        code: "odd_pods",
        severity: Severity::None,
        workload: of.advice.workload,
        text: format!(
            "a few pods use far more than the others: give them a DaemonSet of their own ({})",
            few.join(", ")
        ),
    })
}

fn missing_pods(of: &Subject<'_>) -> Option<Finding> {
    let (present, all) = of.workload.missing()?;
    Some(Finding {
        code: "missing_pods",
        severity: Severity::Medium,
        workload: of.advice.workload,
        text: format!(
            "{present} of {all} pods exist: the missing ones are not billed; a quota, a webhook or \
             a missing account may keep them from being created"
        ),
    })
}

fn not_patchable(of: &Subject<'_>) -> Option<Finding> {
    let nowhere = of.workload.patch.is_none() && of.advice.state != State::Unknown;
    nowhere.then(|| Finding {
        code: "not_patchable",
        severity: Severity::None,
        workload: of.advice.workload,
        text: format!(
            "kcost does not know where to change the pods of a {}: change what creates it",
            of.workload.id.kind
        ),
    })
}
