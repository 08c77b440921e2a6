//! Several clusters, as `kcost.analyses/v1`. Add keys; never rename or remove one.

use serde::Serialize;

use super::shape::{Cost, Report, States, Total};
use super::{report, rounded, summary};
use crate::price::Bill;
use crate::render::{Fleet, Look, Member};
use crate::units::{Currency, Money};

/// Each cluster as `kcost.analysis/v1`, and their sums.
#[derive(Serialize)]
pub(in crate::render) struct Reports<'a> {
    schema: &'static str,
    tool_version: &'static str,
    clusters: Vec<Report<'a>>,
    /// Of the clusters that were analyzed.
    summary: Sums,
    /// Clusters that could not be.
    errors: Vec<Failed<'a>>,
}

#[derive(Serialize)]
struct Sums {
    clusters: usize,
    failed: usize,
    workloads: usize,
    containers: usize,
    pods: usize,
    cpu_cores: Total<f64>,
    memory_bytes: Total<u64>,
    currency: Currency,
    monthly_cost: Cost,
    states: States,
}

#[derive(Serialize)]
struct Failed<'a> {
    cluster: &'a str,
    text: &'a str,
    hint: Option<&'a str>,
}

/// The document as JSON and YAML write it.
pub(in crate::render) fn reports<'a>(fleet: &'a Fleet<'a>, look: &Look) -> Reports<'a> {
    let reports = fleet.members.iter().filter_map(|member| match member {
        Member::Analyzed { analysis, command } => Some(report(analysis, &look.of(command))),
        Member::Failed { .. } => None,
    });
    Reports {
        schema: "kcost.analyses/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        clusters: reports.collect(),
        summary: sums(fleet),
        errors: fleet
            .failed()
            .map(|(cluster, text, hint)| Failed {
                cluster,
                text,
                hint,
            })
            .collect(),
    }
}

/// The sum of those that are known; `None` where none is.
fn known<T: std::iter::Sum>(fleet: &Fleet<'_>, of: impl Fn(&Bill) -> Option<T>) -> Option<T> {
    let mut each = fleet.analyses().filter_map(|it| of(&it.bill)).peekable();
    each.peek().is_some().then(|| each.sum())
}

fn sums(fleet: &Fleet<'_>) -> Sums {
    let each: Vec<_> = fleet.analyses().map(summary::summary).collect();
    // Of clusters of which one is not known the sum is not known.
    let banked = fleet.analyses().map(|it| it.banked.as_ref()?.monthly);
    let banked: Option<Vec<Money>> = banked.collect();
    let banked: Option<Money> = banked.map(|it| it.into_iter().sum());
    let count = |of: fn(&super::shape::Summary) -> usize| each.iter().map(of).sum();
    Sums {
        clusters: each.len(),
        failed: fleet.failed().count(),
        workloads: count(|it| it.workloads),
        containers: count(|it| it.containers),
        pods: count(|it| it.pods),
        cpu_cores: Total {
            requested: rounded(fleet.sum(|bill| bill.cpu.requested.get())),
            used_mean: known(fleet, |bill| bill.cpu.used_mean).map(|used| rounded(used.get())),
            recommended: rounded(fleet.sum(|bill| bill.cpu.recommended.get())),
        },
        memory_bytes: Total {
            requested: fleet.sum(|bill| bill.memory.requested.0),
            used_mean: known(fleet, |bill| bill.memory.used_mean).map(|used| used.0),
            recommended: fleet.sum(|bill| bill.memory.recommended.0),
        },
        currency: fleet.currency(),
        monthly_cost: Cost {
            current: fleet.sum(|bill| bill.current).to_string(),
            recommended: fleet.sum(|bill| bill.recommended).to_string(),
            freed: fleet.sum(|bill| bill.freed).to_string(),
            banked: banked.map(|it| it.to_string()),
        },
        states: States {
            idle: count(|it| it.states.idle),
            over_provisioned: count(|it| it.states.over_provisioned),
            under_provisioned: count(|it| it.states.under_provisioned),
            right_sized: count(|it| it.states.right_sized),
            unknown: count(|it| it.states.unknown),
        },
    }
}
