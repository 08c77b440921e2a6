//! What to do beyond sizes.

use super::pick::Row;
use crate::recommend::{Severity, State};
use crate::snapshot::{Container, WorkloadId};
use crate::text::count;

/// Something about a workload that a size alone does not mend.
pub(super) struct Finding<'a> {
    /// A stable identifier in snake_case.
    pub(super) code: &'static str,
    pub(super) severity: Severity,
    pub(super) id: &'a WorkloadId,
    /// One sentence without a period.
    pub(super) text: String,
}

/// The findings of these rows, in their order.
pub(super) fn all<'a>(rows: &[Row<'a>]) -> Vec<Finding<'a>> {
    let of = |row: &Row<'a>| {
        [
            idle(row),
            killed(row),
            growing(row),
            odd_pods(row),
            missing_pods(row),
            not_patchable(row),
        ]
    };
    rows.iter().flat_map(of).flatten().collect()
}

fn idle<'a>(row: &Row<'a>) -> Option<Finding<'a>> {
    (row.advice.state == State::Idle).then(|| Finding {
        code: "idle",
        severity: row.bill.severity,
        id: &row.workload.id,
        text: "it hardly does anything: scale it to zero while nobody needs it, or delete it"
            .to_owned(),
    })
}

fn killed<'a>(row: &Row<'a>) -> Option<Finding<'a>> {
    let kills = |container: &Container| {
        let ends = container.terminations.iter();
        ends.filter(|end| end.reason == "OOMKilled").count()
    };
    let containers = row.workload.containers.iter();
    let (container, killed) = containers
        .map(|container| (container, kills(container)))
        .find(|(_, killed)| *killed > 0)?;
    Some(Finding {
        code: "oom_killed",
        severity: row.bill.severity,
        id: &row.workload.id,
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

fn growing<'a>(row: &Row<'a>) -> Option<Finding<'a>> {
    let mut advised = row.advice.containers.iter();
    let (advice, growth) = advised.find_map(|it| Some((it, it.growth?)))?;
    let container = row.workload.containers.get(advice.container)?;
    let outlook = growth.outlook();
    Some(Finding {
        code: "growing",
        severity: row.bill.severity,
        id: &row.workload.id,
        text: format!(
            "memory of container `{}` only rises, by {} a day{}: find out whether it leaks",
            container.name,
            growth.per_day.human(),
            outlook.map_or_else(String::new, |outlook| format!(", and {outlook}")),
        ),
    })
}

/// Only a DaemonSet can be parted by node.
fn odd_pods<'a>(row: &Row<'a>) -> Option<Finding<'a>> {
    let mut advised = row.advice.containers.iter();
    let advice = advised.find(|it| !it.odd_pods.is_empty())?;
    let few: Vec<&str> = advice.odd_pods.iter().map(|it| it.pod.as_str()).collect();
    (row.workload.id.kind == "DaemonSet").then(|| Finding {
        code: "odd_pods",
        severity: Severity::None,
        id: &row.workload.id,
        text: format!(
            "a few pods use far more than the others: give them a DaemonSet of their own ({})",
            few.join(", ")
        ),
    })
}

fn missing_pods<'a>(row: &Row<'a>) -> Option<Finding<'a>> {
    let (present, all) = row.workload.missing()?;
    Some(Finding {
        code: "missing_pods",
        severity: Severity::Medium,
        id: &row.workload.id,
        text: format!(
            "{present} of {all} pods exist: the missing ones are not billed; a quota, a webhook or \
             a missing account may keep them from being created"
        ),
    })
}

fn not_patchable<'a>(row: &Row<'a>) -> Option<Finding<'a>> {
    let nowhere = row.workload.patch.is_none() && row.advice.state != State::Unknown;
    nowhere.then(|| Finding {
        code: "not_patchable",
        severity: Severity::None,
        id: &row.workload.id,
        text: format!(
            "kcost knows no place to change the pods of a {}: change what creates it",
            row.workload.id.kind
        ),
    })
}
