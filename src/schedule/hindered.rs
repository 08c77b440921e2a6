//! What keeps a schedule from working, whatever it says.

use super::advice::Advice;
use super::cron::refused as refused_cron;
use super::plan::Plan;
use crate::snapshot::{Keeper, Manager, Tool, Workload};
use crate::text::escape;

/// What is to be known, or done, before what is advised can work; one sentence each, without
/// a period.
pub(super) fn hindered(plan: &Plan, workload: &Workload) -> Vec<String> {
    if !plan.advice.acts() && plan.sleep.is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    found.extend(several(workload));
    for it in workload
        .managers
        .iter()
        .filter(|it| it.kind == "ScaledObject")
    {
        found.extend(not_taken(it));
    }
    found.extend(of_idle(plan, workload));
    found.extend(kept(plan, workload));
    found
}

/// Two autoscalers of the same pods.
///
/// Source: kubernetes `pkg/controller/podautoscaler/horizontal.go`, `AmbiguousSelector`.
fn several(workload: &Workload) -> Option<String> {
    let own = workload.autoscaler.as_ref()?;
    let others: Vec<String> = own.others.iter().map(|it| escape(it)).collect();
    (!others.is_empty()).then(|| {
        format!(
            "HPA {} and {} scale the same pods, and Kubernetes lets none of them do so: keep one",
            escape(&own.name),
            others.join(", ")
        )
    })
}

/// What KEDA refuses of a ScaledObject: it is scaled by nothing then.
///
/// Source: KEDA `pkg/scalers/cron_scaler.go`, and `CheckReplicaCountBoundsAreValid` in
/// `apis/keda/v1alpha1/scaledobject_types.go`.
fn not_taken(own: &Manager) -> Option<String> {
    let cron = own.triggers.iter().find_map(refused_cron)?;
    Some(format!(
        "KEDA refuses ScaledObject {} for its cron `{}`, so that nothing scales it: mend it first",
        escape(&own.name),
        escape(&cron)
    ))
}

/// Replicas while no trigger asks.
fn of_idle(plan: &Plan, workload: &Workload) -> Option<String> {
    let own = workload.autoscaler.as_ref()?;
    let idle = own.idle_replicas?;
    if idle >= own.min_replicas {
        return Some(format!(
            "KEDA refuses an idleReplicaCount of {idle} that is not below minReplicaCount, which \
             is {}, so that nothing scales it: mend it first",
            own.min_replicas
        ));
    }
    let others = workload.managers.iter().flat_map(|it| &it.triggers);
    let mut others = others.filter(|it| it.kind != "cron" && it.kind != "cpu");
    if plan.unidled() {
        return Some(
            "its idleReplicaCount has to go: CPU alone keeps no trigger active, so it would be \
             in force whenever no cron asks, whatever the CPU"
                .to_owned(),
        );
    }
    others.next().map(|it| {
        format!(
            "while none of its triggers asks it has its idleReplicaCount of {idle}: when that is, \
             `{}` decides, which is not played",
            escape(&it.kind)
        )
    })
}

/// What brings back what is changed in the cluster.
fn kept(plan: &Plan, workload: &Workload) -> Vec<String> {
    let mut found = Vec::new();
    let own = workload.autoscaler.as_ref();
    let brings_back = |keeper: &Keeper, what: &str, fields: &str| {
        let keeper_name = escape(&keeper.to_string());
        match keeper.tool {
            Tool::Helm => format!(
                "{keeper_name} writes {what}: change its values too, or its next upgrade sets \
                 {fields} back"
            ),
            _ => format!(
                "{keeper_name} keeps {what} and sets {fields} back: change them in its source, or \
                 have it leave them alone"
            ),
        }
    };
    let reverts = |keeper: &&Keeper| keeper.tool.reverts();
    let of_own = own.and_then(|it| it.keeper.as_ref()).filter(reverts);
    if let (Some(own), Some(keeper)) = (own, of_own) {
        let object = workload
            .managers
            .iter()
            .find(|it| it.kind == "ScaledObject");
        let (what, fields) = match object {
            Some(it) => (format!("ScaledObject {}", escape(&it.name)), "its triggers"),
            None => (
                format!("HPA {}", escape(&own.name)),
                "minReplicas, maxReplicas and target",
            ),
        };
        found.push(brings_back(keeper, &what, fields));
    }
    if let Some(keeper) = workload.keeper.as_ref().filter(reverts) {
        let id = &workload.id;
        let what = format!("{} {}", id.kind, escape(&id.name));
        let resized = plan.load().is_some();
        let alone = own.is_none() && plan.advice.acts();
        let fields = match (resized, alone) {
            (true, true) => Some("its requests, and replicas where it names them,"),
            (true, false) => Some("its requests"),
            (false, true) => Some("replicas, where it names them,"),
            (false, false) => None,
        };
        let leaves = matches!(plan.advice, Advice::Leave(_));
        found.extend(
            fields
                .filter(|_| !leaves)
                .map(|fields| brings_back(keeper, &what, fields)),
        );
    }
    found
}
