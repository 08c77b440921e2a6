use k8s_openapi::api::core::v1::PodSpec;
use kube::core::DynamicObject;
use serde_json::Value;

use super::meta::group;
use super::{Amounts, Controller, Meta, Objects, Record, Template, scaling};

/// How deep below the root of an object its pod templates are looked for:
/// `spec.pytorchReplicaSpecs.Worker.template.spec` is five fields deep.
const DEPTH: usize = 7;

/// An object of any kind: a controller that kcost has no type for, a
/// VerticalPodAutoscaler or a ScaledObject.
///
/// What owns no pod and has no template is counted later, when owners are known.
impl Record for DynamicObject {
    fn record(self, objects: &mut Objects) {
        let types = self.types.unwrap_or_default();
        let paused = self.metadata.annotations.as_ref().is_some_and(|all| {
            let flag = all.get("autoscaling.keda.sh/paused");
            flag.is_some_and(|value| value != "false")
                || all.contains_key("autoscaling.keda.sh/paused-replicas")
        });
        let meta = Meta::new(self.metadata);
        match (group(&types.api_version), types.kind.as_str()) {
            ("autoscaling.k8s.io", "VerticalPodAutoscaler") => {
                scaling::vertical(&meta, &self.data, objects);
            }
            ("keda.sh", "ScaledObject") => {
                scaling::scaled_object(&meta, paused, &self.data, objects);
            }
            (group, kind) if is_ignored_group(group) => {
                *objects.skipped.entry(kind.to_owned()).or_default() += 1;
            }
            _ => controller(types.api_version, types.kind, meta, self.data, objects),
        }
    }
}

/// Whether the kinds of this API group, but for those that kcost has types for,
/// never own pods: the groups of Kubernetes itself.
pub(crate) fn is_ignored_group(group: &str) -> bool {
    matches!(
        group,
        "" | "apps" | "batch" | "autoscaling" | "policy" | "extensions"
    ) || (group.ends_with(".k8s.io") && !group.ends_with(".x-k8s.io"))
}

fn controller(
    api_version: String,
    kind: String,
    meta: Meta,
    mut data: Value,
    objects: &mut Objects,
) {
    let mut amounts = Amounts::default();
    let replicas = data.pointer("/spec/replicas").and_then(Value::as_u64);
    let schedule = data.pointer("/spec/schedule").and_then(Value::as_str);
    let schedule = schedule.map(str::to_owned);
    let mut found = Vec::new();
    if let Some(spec) = data.get_mut("spec") {
        search(spec, &mut vec!["spec".to_owned()], &mut found);
    }
    let templates: Vec<_> = found
        .into_iter()
        .map(|(path, spec)| (path, Template::from_spec(spec, &mut amounts)))
        .collect();
    // A list cannot be patched by the path of fields alone.
    let patchable = templates.len() == 1
        && templates[0]
            .0
            .iter()
            .all(|field| field.parse::<usize>().is_err());
    objects.note(&kind, &meta, amounts);
    objects.controllers.push(Controller {
        api_version,
        kind,
        meta,
        replicas: replicas.and_then(|count| u32::try_from(count).ok()),
        schedule,
        known: !templates.is_empty(),
        templates,
        patchable,
    });
}

/// Finds pod specs: objects with a list `containers`, under `…template.spec` or
/// wherever else the kind keeps them.
fn search(value: &mut Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, PodSpec)>) {
    if path.len() > DEPTH {
        return;
    }
    if value.get("containers").is_some_and(Value::is_array) {
        if let Ok(spec) = serde_json::from_value::<PodSpec>(value.take()) {
            found.push((path.clone(), spec));
        }
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                path.push(name.clone());
                search(field, path, found);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                path.push(index.to_string());
                search(item, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}
