//! Changes for programs, schema `kcost.changes/v1`. Keys are only ever added.

use std::io;

use serde::Serialize;
use serde_json::Value;

use super::Patches;
use crate::change::{Change, Changed, Edit, Unplaced, Way, body};
use crate::price::WorkloadBill;
use crate::recommend::AutoscalerAdvice;
use crate::render::json;
use crate::render::json_v1::{Cluster, Gap, Window, cluster, gap, rounded, window};
use crate::snapshot::{Keeper, Target};
use crate::units::{Currency, Money};

/// What every answer begins with.
#[derive(Serialize)]
pub(super) struct Head<'a> {
    schema: &'static str,
    tool_version: &'static str,
    taken_at: String,
    cluster: Cluster<'a>,
    window: Window,
    currency: Currency,
}

impl<'a> Head<'a> {
    pub(super) fn of(told: &Patches<'a>) -> Self {
        Self {
            schema: "kcost.changes/v1",
            tool_version: env!("CARGO_PKG_VERSION"),
            taken_at: told.snapshot.taken_at.to_string(),
            cluster: cluster(told.snapshot),
            window: window(told.snapshot),
            currency: told.bill.currency,
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    objects: usize,
    restarts: usize,
    monthly_savings: Money,
    changes: Vec<Shape<'a>>,
    unplaced: Vec<Without<'a>>,
    gaps: Vec<Gap<'a>>,
}

/// One object that changes.
#[derive(Serialize)]
pub(super) struct Shape<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    target: Object<'a>,
    state: &'static str,
    confidence: &'static str,
    pods: usize,
    pub(super) restarts: usize,
    pub(super) monthly_savings: Money,
    /// Whether its pods get another quality-of-service class, so that none changes in place.
    qos_changes: bool,
    kept_by: Option<Kept<'a>>,
    /// A peak that these sizes do not hold, and what covers it.
    known_peak: Option<String>,
    /// Of the pod as a whole.
    pod: Vec<Field>,
    containers: Vec<Container<'a>>,
    /// Containers that are not in the template.
    injected: Vec<Container<'a>>,
    autoscaler: Option<Scaling<'a>>,
    /// For a server-side apply; null where only a JSON patch is sure, or nothing is set.
    apply: Option<Value>,
    json_patch: Vec<Value>,
}

#[derive(Serialize)]
struct Object<'a> {
    api_version: &'a str,
    kind: &'a str,
    name: &'a str,
    pod_spec: &'a [String],
}

#[derive(Serialize)]
struct Kept<'a> {
    tool: &'static str,
    name: Option<&'a str>,
    /// Whether it writes its own values back.
    reverts: bool,
}

#[derive(Serialize)]
struct Container<'a> {
    name: &'a str,
    list: &'static str,
    fields: Vec<Field>,
    env: Option<Variable<'a>>,
    reasons: Vec<&'a str>,
}

/// In cores or bytes, with the quantities that a patch has; null where there is none.
#[derive(Serialize)]
struct Field {
    #[serde(rename = "field")]
    key: &'static str,
    before: Option<f64>,
    after: Option<f64>,
    before_quantity: Option<String>,
    after_quantity: Option<String>,
}

#[derive(Serialize)]
struct Variable<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct Scaling<'a> {
    name: &'a str,
    targets: Vec<Moved<'a>>,
}

#[derive(Serialize)]
struct Moved<'a> {
    metric: &'a str,
    before: f64,
    after: f64,
}

/// What has no place in an object.
#[derive(Serialize)]
pub(super) struct Without<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    why: &'a str,
    containers: Vec<Container<'a>>,
}

/// # Errors
///
/// Where `out` takes no more.
pub fn patch_json(told: &Patches<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let changes: Vec<Shape<'_>> = told.changes.iter().map(|it| shape(it, told)).collect();
    let savings = changes.iter().map(|it| it.monthly_savings);
    let report = Report {
        head: Head::of(told),
        objects: changes
            .iter()
            .map(|it| 1 + usize::from(it.autoscaler.is_some()))
            .sum(),
        restarts: changes.iter().map(|it| it.restarts).sum(),
        monthly_savings: savings.fold(Money::ZERO, |sum, one| sum + one),
        changes,
        unplaced: told.unplaced.iter().map(without).collect(),
        gaps: told.snapshot.gaps.iter().map(gap).collect(),
    };
    json::write(&report, out)
}

pub(super) fn shape<'a>(change: &'a Change<'a>, told: &Patches<'a>) -> Shape<'a> {
    let Change {
        workload, advice, ..
    } = *change;
    let bill = told.bill.workloads.get(advice.workload);
    let by_name = change.way == Way::ByName;
    Shape {
        namespace: &workload.id.namespace,
        kind: &workload.id.kind,
        name: &workload.id.name,
        template: workload.id.template.as_deref(),
        target: Object {
            api_version: &change.target.api_version,
            kind: &change.target.kind,
            name: &change.target.name,
            pod_spec: &change.target.pod_spec,
        },
        state: advice.state.name(),
        confidence: advice.confidence.name(),
        pods: workload.pods.len(),
        restarts: change.restarts(),
        monthly_savings: bill.map_or(Money::ZERO, WorkloadBill::savings),
        qos_changes: change.moves_qos,
        kept_by: workload.keeper.as_ref().map(kept),
        known_peak: told.peak(advice.workload),
        pod: change.pod.iter().map(field).collect(),
        containers: change.containers.iter().map(container).collect(),
        injected: change.injected.iter().map(container).collect(),
        autoscaler: change.autoscaler.map(scaling),
        apply: by_name.then(|| body::apply(change)).flatten(),
        json_patch: body::operations(change),
    }
}

fn kept(keeper: &Keeper) -> Kept<'_> {
    Kept {
        tool: keeper.tool.name(),
        name: keeper.name.as_deref(),
        reverts: keeper.tool.reverts(),
    }
}

fn container<'a>(changed: &'a Changed<'a>) -> Container<'a> {
    Container {
        name: &changed.container.name,
        list: changed.container.kind.list(),
        fields: changed.edits.iter().map(field).collect(),
        env: changed.heap.as_ref().map(|heap| Variable {
            name: &heap.variable,
            value: &heap.value,
        }),
        reasons: changed
            .advice
            .whys
            .iter()
            .map(|why| why.text.as_str())
            .collect(),
    }
}

fn field(edit: &Edit) -> Field {
    Field {
        key: edit.key(),
        before: edit.before.map(|it| rounded(it.get())),
        after: edit.after.map(|it| rounded(it.get())),
        before_quantity: edit.before.map(|it| it.to_string()),
        after_quantity: edit.after.map(|it| it.to_string()),
    }
}

fn scaling(advice: &AutoscalerAdvice) -> Scaling<'_> {
    let number = |target: Target| match target {
        Target::Utilization(percent) => f64::from(percent),
        Target::AverageValue(value) | Target::Value(value) => rounded(value),
    };
    let moved = advice.changes.iter().filter_map(|change| {
        Some(Moved {
            metric: &advice.metrics.get(change.metric)?.name,
            before: number(change.before),
            after: number(change.after),
        })
    });
    Scaling {
        name: &advice.name,
        targets: moved.collect(),
    }
}

pub(super) fn without<'a>(unplaced: &'a Unplaced<'a>) -> Without<'a> {
    let id = &unplaced.workload.id;
    Without {
        namespace: &id.namespace,
        kind: &id.kind,
        name: &id.name,
        why: &unplaced.why,
        containers: unplaced.containers.iter().map(container).collect(),
    }
}
