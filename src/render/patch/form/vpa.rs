//! VerticalPodAutoscalers that stay within the advice.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{Form, Kind, Sheet, apply};
use crate::change::{Amount, Change, Changed, Resource, Section};
use crate::render::emit;
use crate::snapshot::{ContainerKind, Manager};

pub(super) struct Vpa;

impl Form for Vpa {
    fn name(&self) -> &'static str {
        "vpa"
    }

    fn summary(&self) -> &'static str {
        "VerticalPodAutoscalers with the advice as their lower bounds"
    }

    fn kind(&self) -> Kind {
        Kind::Documents
    }

    fn restarts(&self) -> bool {
        false
    }

    fn objects(&self, change: &Change<'_>) -> usize {
        usize::from(other(change).is_none() && !policies(change).is_empty())
    }

    fn condition(&self) -> &'static str {
        " where its autoscalers settle on these sizes"
    }

    fn undone(&self, change: &Change<'_>) -> Option<String> {
        let left: Vec<String> = change
            .containers
            .iter()
            .flat_map(|it| left(change, it))
            .collect();
        let scaled = change
            .autoscaler
            .map(|it| format!("the targets of {}", it.name));
        let left: Vec<String> = left.into_iter().chain(scaled).collect();
        (!left.is_empty()).then(|| {
            format!(
                "A VerticalPodAutoscaler leaves as it is: {}",
                left.join(", ")
            )
        })
    }

    fn usage(&self, file: &str, _alone: bool) -> Vec<String> {
        vec![
            "Sizes new pods; set `updateMode` to `InPlaceOrRecreate` to change running ones too."
                .to_owned(),
            "Review, then apply:".to_owned(),
            format!("  kubectl apply -f {file}"),
        ]
    }

    fn write(&self, change: &Change<'_>, _sheet: Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
        let workload = change.workload;
        if let Some(other) = other(change) {
            let text = format!("It has a VerticalPodAutoscaler already: {}", other.name);
            return apply::comment(&text, out);
        }
        let mut policies = policies(change);
        if policies.is_empty() {
            return apply::comment("A VerticalPodAutoscaler has nothing to do here.", out);
        }
        // All others stay as they are.
        policies.push(json!({"containerName": "*", "mode": "Off"}));
        let target = &*change.target;
        let object = json!({
            "apiVersion": "autoscaling.k8s.io/v1",
            "kind": "VerticalPodAutoscaler",
            "metadata": {"name": target.name, "namespace": workload.id.namespace},
            "spec": {
                "targetRef": {
                    "apiVersion": target.api_version, "kind": target.kind, "name": target.name
                },
                "updatePolicy": {"updateMode": "Initial"},
                "resourcePolicy": {"containerPolicies": policies},
            }
        });
        out.write_all(emit::object(&object)?.as_bytes())
    }
}

fn other<'a>(change: &'a Change<'_>) -> Option<&'a Manager> {
    let mut all = change.workload.managers.iter();
    all.find(|it| it.kind == "VerticalPodAutoscaler")
}

fn policies(change: &Change<'_>) -> Vec<Value> {
    let each = change.containers.iter();
    each.filter_map(|changed| policy(change, changed)).collect()
}

/// What an autoscaler scales by stays out of it: the two would pull at one rope.
fn is_scaled(change: &Change<'_>, resource: Resource) -> bool {
    let metrics = change.workload.autoscaler.iter().flat_map(|it| &it.metrics);
    let mut by = metrics.filter(|metric| metric.is_share());
    by.any(|metric| metric.name == resource.name())
}

/// Fields with advice that no policy holds.
fn left(change: &Change<'_>, changed: &Changed<'_>) -> Vec<String> {
    let name = &changed.container.name;
    let controlled = changed.container.kind == ContainerKind::App;
    let edits = changed.edits.iter().filter(|edit| {
        let held = edit.section == Section::Requests || change.is_guaranteed();
        !controlled || !held || is_scaled(change, edit.resource)
    });
    let edits = edits.map(|edit| {
        let section = edit.section.name();
        format!("{section}.{} of {name}", edit.resource.name())
    });
    let heap = changed.heap.as_ref();
    edits
        .chain(heap.map(|it| format!("{} of {name}", it.variable)))
        .collect()
}

/// Within what is advised: never below the request, never above the larger of the limit,
/// the request of now and the advice. Limits move with requests only where the pod would be
/// of another class else.
fn policy(change: &Change<'_>, changed: &Changed<'_>) -> Option<Value> {
    if changed.container.kind != ContainerKind::App {
        return None;
    }
    let (mut least, mut most, mut controlled) = (Map::new(), Map::new(), Vec::new());
    for resource in Resource::ALL
        .into_iter()
        .filter(|it| !is_scaled(change, *it))
    {
        let Some(request) = after(changed, Section::Requests, resource) else {
            continue;
        };
        let limit = after(changed, Section::Limits, resource);
        let now = now(changed, resource);
        let highest = [limit, now].into_iter().flatten();
        let highest = highest.fold(request, |a, b| if b.get() > a.get() { b } else { a });
        least.insert(resource.name().to_owned(), request.to_string().into());
        most.insert(resource.name().to_owned(), highest.to_string().into());
        controlled.push(resource.name());
    }
    let values = if change.is_guaranteed() {
        "RequestsAndLimits"
    } else {
        "RequestsOnly"
    };
    (!controlled.is_empty()).then(|| {
        json!({
            "containerName": changed.container.name,
            "controlledResources": controlled,
            "controlledValues": values,
            "minAllowed": least,
            "maxAllowed": most,
        })
    })
}

/// What it has once the change is made.
fn after(changed: &Changed<'_>, section: Section, resource: Resource) -> Option<Amount> {
    let mut edits = changed.edits.iter();
    let edit = edits.find(|it| it.section == section && it.resource == resource);
    match edit {
        Some(edit) => edit.after,
        None => held(changed, section, resource),
    }
}

fn held(changed: &Changed<'_>, section: Section, resource: Resource) -> Option<Amount> {
    let sizes = match section {
        Section::Requests => &changed.container.requests,
        Section::Limits => &changed.container.limits,
    };
    match resource {
        Resource::Cpu => sizes.cpu.map(Amount::Cpu),
        Resource::Memory => sizes.memory.map(Amount::Memory),
    }
}

fn now(changed: &Changed<'_>, resource: Resource) -> Option<Amount> {
    held(changed, Section::Requests, resource)
}
