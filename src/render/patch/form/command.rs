//! Commands of kubectl for one change.

use std::fmt::Write as _;
use std::io;

use serde_json::{Value, json};

use super::apply;
use crate::change::{Change, Changed, Unplaced, body};
use crate::text::{is_plain, quote};

/// `kubectl patch KIND NAME -n NAMESPACE`, or without `namespace` where it is none.
/// `None` where a name is none that Kubernetes takes: it would say something else to a
/// shell or to kubectl than to whoever reads it.
pub(super) fn patch(change: &Change<'_>) -> Option<String> {
    let target = &*change.target;
    let kind = resource(&target.api_version, &target.kind);
    patch_of(&kind, &target.name, &change.workload.id.namespace)
}

fn patch_of(kind: &str, name: &str, namespace: &str) -> Option<String> {
    let names = [kind, name, namespace];
    let plain = names.into_iter().all(is_plain);
    plain.then(|| format!("kubectl patch {kind} {name} -n {namespace}"))
}

/// As kubectl takes it: `deployment`, and of other groups `rollout.v1alpha1.argoproj.io`.
pub(super) fn resource(api_version: &str, kind: &str) -> String {
    let kind = kind.to_lowercase();
    match api_version.split_once('/') {
        Some((group, version)) if group.contains('.') => format!("{kind}.{version}.{group}"),
        _ => kind,
    }
}

/// The comment of a file that holds a patch of this type: how to apply it.
pub(super) fn of_file(
    change: &Change<'_>,
    kind: &str,
    file: &str,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let command = patch(change).unwrap_or_else(|| "kubectl patch …".to_owned());
    let text = format!("Review, then:\n  {command} --type={kind} --patch-file {file}");
    apply::comment(&text, out)
}

/// A JSON patch on one line; `None` where a name forbids it or nothing is left.
pub(super) fn json_patch(change: &Change<'_>) -> Option<String> {
    let operations = body::operations(change);
    if operations.is_empty() {
        return None;
    }
    let command = patch(change)?;
    let text = quote(&Value::from(operations).to_string());
    Some(format!("{command} --type=json -p {text}"))
}

/// A strategic merge on one line.
pub(super) fn strategic(change: &Change<'_>) -> Option<String> {
    let command = patch(change)?;
    let text = quote(&body::merge(change, true)?.to_string());
    Some(format!("{command} --type=strategic -p {text}"))
}

/// Removes what goes, and nothing else: an apply cannot take away what others own.
pub(super) fn removal(change: &Change<'_>) -> Vec<String> {
    let mut commands = Vec::new();
    for changed in &change.containers {
        for edit in changed.edits.iter().filter(|edit| edit.after.is_none()) {
            let (section, resource) = (edit.section.name(), edit.resource.name());
            let name = changed.container.name.as_str();
            let resources = json!({section: {resource: null}});
            let inner =
                json!({changed.container.kind.list(): [{"name": name, "resources": resources}]});
            let body = change.target.around(inner);
            let plain = is_plain(name).then(|| patch(change)).flatten();
            let mut text = String::new();
            let _ = match plain {
                Some(command) => write!(
                    text,
                    "To remove {section}.{resource} of {name}:\n  {command} --type=strategic -p {}",
                    quote(&body.to_string())
                ),
                None => write!(
                    text,
                    "Remove {section}.{resource} of {name} by hand: Kubernetes takes no such names."
                ),
            };
            commands.push(text);
        }
    }
    commands
}

/// Targets of the autoscaler that go with the requests.
pub(super) fn autoscaler(change: &Change<'_>) -> Option<String> {
    let advice = change.autoscaler?;
    let namespace = &change.workload.id.namespace;
    let body = body::autoscaler(namespace, advice)?;
    let command = patch_of("hpa", &advice.name, namespace)?;
    let text = quote(&json!({"spec": body["spec"]}).to_string());
    Some(format!("{command} --type=merge -p {text}"))
}

/// What sets the resources of a container where its custom kind takes them from.
pub(in crate::render::patch) fn at_home(
    unplaced: &Unplaced<'_>,
    changed: &Changed<'_>,
    home: &[&str],
) -> Option<String> {
    let id = &unplaced.workload.id;
    let resources = body::resources(&changed.edits, true);
    if resources.is_empty() {
        return None;
    }
    let kind = resource(&unplaced.workload.api_version, &id.kind);
    let command = patch_of(&kind, &id.name, &id.namespace)?;
    let body = home.iter().rev();
    let body = body.fold(
        Value::from(resources),
        |inner, field| json!({*field: inner}),
    );
    Some(format!(
        "{command} --type=merge -p {}",
        quote(&body.to_string())
    ))
}
