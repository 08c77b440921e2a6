//! Changes as bodies of patches, for whatever takes them.

use serde_json::{Map, Value, json};

use super::edit::{Edit, Section};
use super::set::{Change, Changed};
use crate::recommend::AutoscalerAdvice;
use crate::snapshot::{AutoscalerMetric, ContainerKind, Target};
use crate::units::{Bytes, Cpu, Quantity};

/// `requests` and `limits` with what is set; what goes is `null` where `removing`.
/// Empty where nothing is left.
pub fn resources(edits: &[Edit], removing: bool) -> Map<String, Value> {
    let mut resources = Map::new();
    for section in Section::ALL {
        let of = edits.iter().filter(|edit| edit.section == section);
        let fields = of.filter_map(|edit| match edit.after {
            Some(after) => Some((edit.resource.name().to_owned(), after.to_string().into())),
            None => removing.then(|| (edit.resource.name().to_owned(), Value::Null)),
        });
        let fields: Map<String, Value> = fields.collect();
        if !fields.is_empty() {
            resources.insert(section.name().to_owned(), fields.into());
        }
    }
    resources
}

/// The part of the object that changes, for kinds that merge containers by name, from its
/// root; what goes is `null` where `removing`. `None` where nothing is left.
pub fn merge(change: &Change<'_>, removing: bool) -> Option<Value> {
    let mut spec = Map::new();
    let whole = resources(&change.pod, removing);
    if !whole.is_empty() {
        spec.insert("resources".to_owned(), whole.into());
    }
    for changed in &change.containers {
        if let Some(home) = changed.home {
            put(&mut spec, home, resources(&changed.edits, removing));
        } else if let Some(container) = container(changed, removing) {
            push(&mut spec, changed, container);
        }
    }
    if spec.is_empty() {
        return None;
    }
    Some(change.target.around(spec.into()))
}

/// Puts what is not empty below these keys.
fn put(root: &mut Map<String, Value>, keys: &[&str], value: Map<String, Value>) {
    let [first, rest @ ..] = keys else {
        root.extend(value);
        return;
    };
    if value.is_empty() {
        return;
    }
    let below = root.entry(*first).or_insert_with(|| json!({}));
    if let Value::Object(below) = below {
        put(below, rest, value);
    }
}

/// Adds a container to its list of a pod spec.
fn push(spec: &mut Map<String, Value>, changed: &Changed<'_>, container: Value) {
    let list = spec.entry(changed.container.kind.list());
    if let Value::Array(list) = list.or_insert_with(|| json!([])) {
        list.push(container);
    }
}

fn container(changed: &Changed<'_>, removing: bool) -> Option<Value> {
    let resources = resources(&changed.edits, removing);
    if resources.is_empty() && changed.heap.is_none() {
        return None;
    }
    let mut container = Map::new();
    container.insert("name".to_owned(), changed.container.name.as_str().into());
    if let Some(heap) = &changed.heap {
        // Lists of variables merge by name.
        let variable = json!({"name": heap.variable, "value": heap.value});
        container.insert("env".to_owned(), json!([variable]));
    }
    if !resources.is_empty() {
        container.insert("resources".to_owned(), resources.into());
    }
    Some(container.into())
}

/// The object with what is set of it, as a server-side apply takes it. `None` where
/// nothing is set.
pub fn apply(change: &Change<'_>) -> Option<Value> {
    object(change, merge(change, false)?)
}

/// The same for a strategic merge: what goes is `null`.
pub fn strategic(change: &Change<'_>) -> Option<Value> {
    object(change, merge(change, true)?)
}

fn object(change: &Change<'_>, body: Value) -> Option<Value> {
    let Value::Object(body) = body else {
        return None;
    };
    let target = &*change.target;
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), target.api_version.as_str().into());
    object.insert("kind".to_owned(), target.kind.as_str().into());
    let metadata = json!({"name": target.name, "namespace": change.workload.id.namespace});
    object.insert("metadata".to_owned(), metadata);
    object.extend(body);
    Some(object.into())
}

/// The operations of a JSON patch (RFC 6902), which is sure of every kind.
///
/// Lists have no names in paths, so each place is tested for its container first. An `add`
/// sets a member whether it is there or not, and what holds it is made before where the
/// template has none. A heap variable is no member of a mapping: it is left out.
pub fn operations(change: &Change<'_>) -> Vec<Value> {
    let root = pointer(change.target.pod_spec.iter().map(String::as_str));
    let mut all = Vec::new();
    let (requests, limits) = (&change.workload.pod_requests, &change.workload.pod_limits);
    let has = |section: Section| match section {
        Section::Requests => !requests.is_empty(),
        Section::Limits => !limits.is_empty(),
    };
    let held = Section::ALL.into_iter().any(has);
    members(
        (&format!("{root}/resources"), held),
        &change.pod,
        has,
        &mut all,
    );
    for changed in &change.containers {
        // Of a field of its own nobody knows what it holds by now: it has no path to test.
        if changed.edits.is_empty() || changed.home.is_some() {
            continue;
        }
        let at = format!("{root}/{}/{}", changed.container.kind.list(), changed.place);
        let name = changed.container.name.as_str();
        all.push(json!({"op": "test", "path": format!("{at}/name"), "value": name}));
        let container = changed.container;
        let has = |section: Section| match section {
            Section::Requests => !container.declared_requests().is_empty(),
            Section::Limits => !container.declared_limits().is_empty(),
        };
        // Where a pod claims devices, `resources` may hold those alone.
        let held = Section::ALL.into_iter().any(has) || !change.workload.claims.is_empty();
        members(
            (&format!("{at}/resources"), held),
            &changed.edits,
            has,
            &mut all,
        );
    }
    all
}

/// Operations on the members below `path`, the resources of a container or a pod, which are
/// `held` where the template has any.
fn members(
    (path, held): (&str, bool),
    edits: &[Edit],
    has: impl Fn(Section) -> bool,
    all: &mut Vec<Value>,
) {
    if edits.is_empty() {
        return;
    }
    if !held {
        // Nothing is in it, so that nothing is lost.
        let resources = resources(edits, false);
        all.push(json!({"op": "add", "path": path, "value": resources}));
        return;
    }
    for section in Section::ALL {
        let of = edits.iter().filter(|edit| edit.section == section);
        let set: Vec<&Edit> = of.filter(|edit| edit.after.is_some()).collect();
        let at = format!("{path}/{}", section.name());
        if !set.is_empty() && !has(section) {
            let fields = &resources(edits, false)[section.name()];
            all.push(json!({"op": "add", "path": at, "value": fields}));
            continue;
        }
        all.extend(set.into_iter().filter_map(|edit| {
            let path = format!("{at}/{}", edit.resource.name());
            Some(json!({"op": "add", "path": path, "value": edit.after?.to_string()}))
        }));
    }
    let gone = edits
        .iter()
        .filter(|edit| edit.after.is_none() && edit.before.is_some());
    all.extend(gone.map(|edit| {
        let path = format!("{path}/{}/{}", edit.section.name(), edit.resource.name());
        json!({"op": "remove", "path": path})
    }));
}

/// A JSON pointer (RFC 6901).
fn pointer<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let escaped = fields.map(|field| field.replace('~', "~0").replace('/', "~1"));
    escaped.fold(String::new(), |path, field| format!("{path}/{field}"))
}

/// What a running pod takes through its `resize` subresource; `None` where nothing is left.
///
/// Init containers are over, what goes cannot go from a running pod, and the variable of a
/// heap is read at the start.
pub fn resize(change: &Change<'_>) -> Option<Value> {
    let mut spec = Map::new();
    for changed in change.containers.iter().chain(&change.injected) {
        let resources = resources(&changed.edits, false);
        let runs = changed.container.kind != ContainerKind::Init;
        if runs && !resources.is_empty() {
            let container = json!({"name": changed.container.name, "resources": resources});
            push(&mut spec, changed, container);
        }
    }
    (!spec.is_empty()).then(|| json!({"spec": spec}))
}

/// The autoscaler; `None` where a metric cannot be written. Its metrics are one
/// list to the API, so all are in it.
pub fn autoscaler(namespace: &str, advice: &AutoscalerAdvice) -> Option<Value> {
    let metrics: Option<Vec<Value>> = advice.metrics.iter().map(metric).collect();
    Some(json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": advice.name, "namespace": namespace},
        "spec": {"metrics": metrics?},
    }))
}

fn metric(metric: &AutoscalerMetric) -> Option<Value> {
    if let Some(spec) = &metric.spec {
        return Some(spec.clone());
    }
    let mut source = Map::new();
    source.insert("name".to_owned(), metric.name.as_str().into());
    let field = match &metric.container {
        Some(container) => {
            source.insert("container".to_owned(), container.as_str().into());
            "containerResource"
        }
        None => "resource",
    };
    source.insert("target".to_owned(), target(metric)?);
    Some(json!({"type": metric.kind, field: source}))
}

/// The target of a metric as the API has it; `None` where it cannot be written.
pub fn target(metric: &AutoscalerMetric) -> Option<Value> {
    let amount = |value: f64| match metric.name.as_str() {
        "cpu" => Some(Cpu::cores(value).to_string()),
        "memory" => Some(Bytes::from_f64(value).to_string()),
        _ => {
            let text = format!("{value}");
            text.parse::<Quantity>().ok().map(|it| it.to_string())
        }
    };
    Some(match metric.target {
        Target::Utilization(percent) => {
            json!({"type": "Utilization", "averageUtilization": percent})
        }
        Target::AverageValue(value) => {
            json!({"type": "AverageValue", "averageValue": amount(value)?})
        }
        Target::Value(value) => json!({"type": "Value", "value": amount(value)?}),
    })
}
