//! VerticalPodAutoscalers that stay within the advice.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{Form, Kind, apply};
use crate::change::{Amount, Change, Changed, Resource, Section};
use crate::render::emit;
use crate::snapshot::{ContainerKind, Workload};

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

    fn usage(&self, file: &str, _alone: bool) -> Vec<String> {
        vec![
            "Sizes new pods; set `updateMode` to `InPlaceOrRecreate` to change running ones too."
                .to_owned(),
            "Review, then apply:".to_owned(),
            format!("  kubectl apply -f {file}"),
        ]
    }

    fn write(
        &self,
        change: &Change<'_>,
        _file: Option<&str>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let workload = change.workload;
        let other = workload
            .managers
            .iter()
            .find(|it| it.kind == "VerticalPodAutoscaler");
        if let Some(other) = other {
            let text = format!("It has a VerticalPodAutoscaler already: {}", other.name);
            return apply::comment(&text, out);
        }
        let policies: Vec<Value> = change
            .containers
            .iter()
            .filter_map(|changed| policy(workload, changed))
            .collect();
        if policies.is_empty() {
            return apply::comment("A VerticalPodAutoscaler has nothing to do here.", out);
        }
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

/// Within what is advised: never below the request, never above the larger of the limit,
/// the request of now and the advice. What an autoscaler scales by stays out of it: the two would pull at one rope.
fn policy(workload: &Workload, changed: &Changed<'_>) -> Option<Value> {
    if changed.container.kind != ContainerKind::App {
        return None;
    }
    let scaled = |resource: Resource| {
        let metrics = workload.autoscaler.iter().flat_map(|it| &it.metrics);
        let by = metrics.filter(|metric| metric.is_share());
        by.filter(|metric| metric.name == resource.name()).count() > 0
    };
    let (mut least, mut most, mut controlled) = (Map::new(), Map::new(), Vec::new());
    for resource in Resource::ALL.into_iter().filter(|it| !scaled(*it)) {
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
    (!controlled.is_empty()).then(|| {
        json!({
            "containerName": changed.container.name,
            "controlledResources": controlled,
            "controlledValues": "RequestsOnly",
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
