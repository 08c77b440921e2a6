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
    rows.iter()
        .flat_map(|row| [idle(row), killed(row), not_patchable(row)])
        .flatten()
        .collect()
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
