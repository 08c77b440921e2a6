//! Changes as writes of single objects, held against what the server has now.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Why;
use super::beside::Beside;
use super::field::{Field, Path, same};
use super::freeze::frozen;
use super::health;
use super::owners;
use super::rules::Rules;
use crate::change::{Amount, Change, Changed, Edit, Section, Way, body};
use crate::collect::keeper_of;
use crate::recommend::AutoscalerAdvice;
use crate::snapshot::{AutoscalerMetric, ContainerKind, DisruptionBudget, Target};
use crate::units::Quantity;

/// An object by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Object {
    pub api_version: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

/// `shop/Deployment/api`
impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.kind, self.name)
    }
}

/// The kind of autoscalers, which have no rollout.
pub(super) const AUTOSCALER: &str = "HorizontalPodAutoscaler";

/// How fields are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Server-side apply: the server refuses fields that somebody else owns.
    Apply,
    /// JSON patch, for what is taken away.
    Patch,
    /// JSON patch of the `resize` subresource of a running pod.
    Resize,
}

impl Verb {
    /// How it is taken back. That is no apply: what was not there before has to go, not only
    /// to be left out.
    pub(super) fn back(self) -> Self {
        match self {
            Self::Resize => Self::Resize,
            Self::Apply | Self::Patch => Self::Patch,
        }
    }
}

/// Fields of one object that are written at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Write {
    pub object: Object,
    /// Of the object that is meant, not of one that has its name later.
    pub uid: String,
    pub verb: Verb,
    pub fields: Vec<Field>,
}

impl Write {
    /// The write that takes it back.
    #[must_use]
    pub fn turned(&self) -> Self {
        Self {
            verb: self.verb.back(),
            fields: self.fields.iter().map(Field::turned).collect(),
            ..self.clone()
        }
    }

    /// Whether this is the object that is meant.
    pub(super) fn is_of(&self, object: &Value) -> bool {
        object["metadata"]["uid"].as_str().unwrap_or_default() == self.uid
    }

    /// Whether an object has all of it.
    pub(super) fn is_in(&self, object: &Value) -> bool {
        let mut fields = self.fields.iter();
        fields.all(|field| same(field.path.get(object), field.after.as_ref()))
    }

    /// Whether an object has nothing of it: all is as it was before.
    pub(super) fn is_not_in(&self, object: &Value) -> bool {
        let mut fields = self.fields.iter();
        fields.all(|field| same(field.path.get(object), field.before.as_ref()))
    }
}

/// All that changes for one workload, in the order in which it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Index into the changes.
    pub change: usize,
    /// `shop/Deployment/api`
    pub workload: String,
    /// Why, a plain sentence a field.
    pub reasons: Vec<String>,
    pub writes: Vec<Write>,
    /// Whether anything gets more.
    pub raises: bool,
    /// Names of the disruption budgets that guard its pods.
    pub budgets: Vec<String>,
    /// Replicas that it is to have now, where it says so.
    pub replicas: Option<u64>,
}

/// What the server has of one change.
#[derive(Debug, Clone, Default)]
pub struct Found {
    pub object: Value,
    /// What rolls out where that is another object: a Rollout whose template a Deployment
    /// lends.
    pub rollout: Option<Value>,
    pub namespace: Option<Value>,
    pub autoscaler: Option<Value>,
    /// Pods that stay when their template changes, where the server can resize them.
    pub pods: Vec<Value>,
    /// What else there is in its namespace.
    pub beside: Beside,
}

/// The object that holds the pod template.
pub fn target(change: &Change<'_>) -> Object {
    Object {
        api_version: change.target.api_version.clone(),
        kind: change.target.kind.clone(),
        namespace: change.workload.id.namespace.clone(),
        name: change.target.name.clone(),
    }
}

/// The Rollout that takes its template from the object that changes.
pub fn borrower(change: &Change<'_>) -> Option<Object> {
    rolling(&change.workload.id.to_string(), &target(change))
}

/// What rolls out when a workload's object changes, where that is another object.
pub(super) fn rolling(workload: &str, object: &Object) -> Option<Object> {
    let mut parts = workload.split('/').skip(1);
    let (kind, name) = (parts.next()?, parts.next()?);
    let lends = kind == "Rollout" && object.kind == "Deployment";
    lends.then(|| Object {
        api_version: "argoproj.io/v1alpha1".to_owned(),
        kind: kind.to_owned(),
        namespace: object.namespace.clone(),
        name: name.to_owned(),
    })
}

/// The autoscaler whose targets move with the requests.
pub fn autoscaler(change: &Change<'_>) -> Option<Object> {
    Some(Object {
        api_version: "autoscaling/v2".to_owned(),
        kind: AUTOSCALER.to_owned(),
        namespace: change.workload.id.namespace.clone(),
        name: change.autoscaler?.name.clone(),
    })
}

/// The writes of a change, or why there is none. The disruption budgets that were measured
/// stand in where those of now may not be listed.
pub fn step(
    (place, change): (usize, &Change<'_>),
    found: &Found,
    rules: &Rules,
    measured: &[DisruptionBudget],
) -> Result<Step, Why> {
    same_object(change, &found.object)?;
    let objects = [
        ("it", Some(&found.object)),
        ("it", found.rollout.as_ref()),
        ("its autoscaler", found.autoscaler.as_ref()),
        ("its namespace", found.namespace.as_ref()),
    ];
    frozen(objects).map_or(Ok(()), Err)?;
    kept(found, rules)?;
    let rolls = found.rollout.as_ref().unwrap_or(&found.object);
    if rolls["spec"]["paused"] == true {
        let text = "it is paused: its rollout would not begin".to_owned();
        return Err(Why::new("paused", text));
    }
    if let Some(why) = health::holds(rolls) {
        let text = format!("{why}: `kcost patch` writes what to change");
        return Err(Why::new("held", text));
    }
    if let Some(why) = found.beside.unforeseen(change) {
        return Err(why);
    }
    let mut writes: Vec<Write> = template(change, &found.object)?.into_iter().collect();
    if let Some(advice) = change.autoscaler {
        let (write, rises) = scaling(change, advice, found)?;
        // Use is a share of the request: where that falls, the target rises before it, else
        // the autoscaler would add pods in between.
        let at = if rises { 0 } else { writes.len() };
        writes.splice(at..at, write);
    }
    writes.extend(found.pods.iter().filter_map(|pod| resized(change, pod)));
    if writes.is_empty() {
        let text = "the cluster has these sizes already".to_owned();
        return Err(Why::new("already", text));
    }
    for write in &writes {
        // Sizes of running pods belong to whoever made the pod.
        if write.verb != Verb::Resize {
            owned(write, of(write, found), rules.force)?;
        }
    }
    let whys = change.containers.iter().flat_map(|it| &it.advice.whys);
    Ok(Step {
        change: place,
        workload: change.workload.id.to_string(),
        reasons: whys.map(|why| why.text.clone()).collect(),
        writes,
        raises: change.rises(),
        budgets: found.beside.guards(change, &found.object, measured),
        replicas: replicas(rolls),
    })
}

fn of<'a>(write: &Write, found: &'a Found) -> &'a Value {
    match &found.autoscaler {
        Some(autoscaler) if write.object.kind == AUTOSCALER => autoscaler,
        _ => &found.object,
    }
}

/// Another object may have the name by now, or be of another cluster.
fn same_object(change: &Change<'_>, object: &Value) -> Result<(), Why> {
    let (id, target) = (&change.workload.id, &change.target);
    let is_own = id.kind == target.kind && id.name == target.name;
    let seen = change.workload.created.filter(|_| is_own);
    let now = object["metadata"]["creationTimestamp"].as_str();
    let now = now.and_then(|it| it.parse::<Timestamp>().ok());
    match seen.zip(now) {
        Some((seen, now)) if seen != now => {
            let text = format!(
                "it was made at {now}, the one that was measured at {seen}: it is another one"
            );
            Err(Why::new("other", text))
        }
        _ => Ok(()),
    }
}

/// Kinds that have as many pods as they say.
const COUNTED: [&str; 4] = ["Deployment", "StatefulSet", "Rollout", "DeploymentConfig"];

fn replicas(object: &Value) -> Option<u64> {
    let kind = object["kind"].as_str()?;
    let counted = COUNTED.contains(&kind);
    counted.then(|| object["spec"]["replicas"].as_u64())?
}

/// What an operator or another tool writes back, as far as the object tells now.
fn kept(found: &Found, rules: &Rules) -> Result<(), Why> {
    if rules.kept_too {
        return Ok(());
    }
    let owners = found.object["metadata"]["ownerReferences"].as_array();
    let owner = owners.and_then(|owners| owners.iter().find(|it| it["controller"] == true));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match owner {
        Some(owner) => {
            let (kind, name) = (text(&owner["kind"]), text(&owner["name"]));
            let why = format!("{kind} `{name}` made it and writes it back: change the sizes there");
            Err(Why::new("kept_by", why))
        }
        None => match keeper_of(&found.object["metadata"]) {
            Some(keeper) if keeper.tool.reverts() => Err(Why::kept(&keeper)),
            _ => Ok(()),
        },
    }
}

/// The write of the pod template; `None` where it says so already.
fn template(change: &Change<'_>, object: &Value) -> Result<Option<Write>, Why> {
    let keys = change.target.pod_spec.iter().map(String::as_str);
    let root = Path::keys(keys);
    let mut fields = Vec::new();
    for edit in &change.pod {
        fields.extend(field(&root.clone().key("resources"), edit, object)?);
    }
    for changed in &change.containers {
        if let Some(home) = changed.home {
            let home = Path::keys(home.iter().copied());
            for edit in &changed.edits {
                fields.extend(field(&home, edit, object)?);
            }
            continue;
        }
        let container = root
            .clone()
            .key(changed.container.kind.list())
            .named(&changed.container.name);
        if container.get(object).is_none() {
            let text = format!("it has no container {} any more", changed.container.name);
            return Err(Why::new("changed", text));
        }
        let resources = container.clone().key("resources");
        for edit in &changed.edits {
            fields.extend(field(&resources, edit, object)?);
        }
        fields.extend(heap(&container, changed, object)?);
    }
    let write = write(target(change), object, fields);
    Ok(write.map(|write| match change.way {
        Way::ByName => write,
        // An apply would replace the whole list of containers.
        Way::ByPlace => Write {
            verb: Verb::Patch,
            ..write
        },
    }))
}

fn write(object: Object, found: &Value, fields: Vec<Field>) -> Option<Write> {
    let removes = fields.iter().any(|field| field.after.is_none());
    let uid = found["metadata"]["uid"].as_str().unwrap_or_default();
    (!fields.is_empty()).then(|| Write {
        object,
        uid: uid.to_owned(),
        verb: if removes { Verb::Patch } else { Verb::Apply },
        fields,
    })
}

/// What differs of one amount of these resources; `None` where it is so already.
fn field(resources: &Path, edit: &Edit, object: &Value) -> Result<Option<Field>, Why> {
    let path = resources.clone();
    let path = path.key(edit.section.name()).key(edit.resource.name());
    let value = |amount: Option<Amount>| amount.map(|it| json!(it.to_string()));
    let (seen, wanted) = (value(edit.before), value(edit.after));
    let now = path.get(object).cloned();
    if same(now.as_ref(), wanted.as_ref()) {
        return Ok(None);
    }
    if !same(now.as_ref(), seen.as_ref()) {
        return Err(changed(&path, seen.as_ref(), object));
    }
    Ok(Some(Field {
        path,
        before: now,
        after: wanted,
    }))
}

/// That a field is no longer what the advice was made for.
pub(super) fn changed(path: &Path, seen: Option<&Value>, object: &Value) -> Why {
    let shown = |value: Option<&Value>| match value {
        Some(Value::String(text)) => format!("`{text}`"),
        Some(value) => format!("`{value}`"),
        None => "not set".to_owned(),
    };
    let by = owners::writer(object, path);
    let by = by.map_or_else(String::new, |by| format!(", by {by}"));
    let now = shown(path.get(object));
    let text = format!("{path} is {now} now, no longer {}{by}", shown(seen));
    Why::new("changed", text)
}

/// The variable of a heap, where the server has the options that the advice was made from.
fn heap(container: &Path, changed: &Changed<'_>, object: &Value) -> Result<Option<Field>, Why> {
    let Some(heap) = &changed.heap else {
        return Ok(None);
    };
    let path = container
        .clone()
        .key("env")
        .named(&heap.variable)
        .key("value");
    let now = path.get(object);
    if now.and_then(Value::as_str) == Some(heap.value.as_str()) {
        return Ok(None);
    }
    if !now
        .and_then(Value::as_str)
        .is_some_and(|now| heap.is_alike(now))
    {
        let text = format!("{path} is no longer what the advice was made for");
        return Err(Why::new("changed", text));
    }
    Ok(Some(Field {
        before: now.cloned(),
        after: Some(heap.value.as_str().into()),
        path,
    }))
}

/// The change of a running pod in its place; `None` where it would restart or be another
/// class of pod, or has these sizes.
///
/// What a pod does not have yet could not be taken away again, so that it is left out; so is
/// what goes, which no running pod lets go.
fn resized(change: &Change<'_>, pod: &Value) -> Option<Write> {
    let runs = pod["status"]["phase"] == "Running";
    let gone = pod["metadata"]["deletionTimestamp"].is_string();
    let whole = change.containers.iter().all(|it| it.heap.is_none());
    if change.moves_qos || !runs || gone || !whole || !change.pod.is_empty() {
        return None;
    }
    let mut fields = Vec::new();
    for changed in &change.containers {
        if changed.container.kind != ContainerKind::App {
            return None;
        }
        let container = Path::keys(["spec", "containers"]).named(&changed.container.name);
        let policy = container.clone().key("resizePolicy");
        let policy = policy.get(pod).and_then(Value::as_array).cloned();
        for edit in &changed.edits {
            let restarts = |it: &Value| {
                it["resourceName"] == edit.resource.name()
                    && it["restartPolicy"] == "RestartContainer"
            };
            if policy.iter().flatten().any(restarts) {
                return None;
            }
            fields.extend(in_place(&container, edit, changed, pod));
        }
    }
    let name = pod["metadata"]["name"].as_str()?;
    let object = Object {
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        namespace: change.workload.id.namespace.clone(),
        name: name.to_owned(),
    };
    let write = write(object, pod, fields)?;
    Some(Write {
        verb: Verb::Resize,
        ..write
    })
}

/// One amount of a running pod; `None` where it has it already, or cannot get it.
fn in_place(container: &Path, edit: &Edit, changed: &Changed<'_>, pod: &Value) -> Option<Field> {
    let resources = container.clone().key("resources");
    let of = |section: Section| {
        resources
            .clone()
            .key(section.name())
            .key(edit.resource.name())
    };
    let path = of(edit.section);
    let before = path.get(pod)?.clone();
    let wanted = edit.after?;
    // A limit that stays because it cannot go bounds the request all the same.
    let limit = changed.edits.iter().find(|it| {
        it.section == Section::Limits && it.resource == edit.resource && it.after.is_none()
    });
    let held = limit.and_then(|_| {
        of(Section::Limits)
            .get(pod)?
            .as_str()?
            .parse::<Quantity>()
            .ok()
    });
    if held.is_some_and(|held| held.to_f64() < wanted.get()) {
        return None;
    }
    let after = json!(wanted.to_string());
    (!same(Some(&before), Some(&after))).then_some(Field {
        path,
        before: Some(before),
        after: Some(after),
    })
}

/// The write of the autoscaler, and whether its target rises.
fn scaling(
    change: &Change<'_>,
    advice: &AutoscalerAdvice,
    found: &Found,
) -> Result<(Option<Write>, bool), Why> {
    let changed = || {
        let text = format!(
            "its HorizontalPodAutoscaler `{}` is no longer what the advice was made for",
            advice.name
        );
        Why::new("changed", text)
    };
    let own = change.workload.autoscaler.as_ref();
    if let Some(maker) = own.and_then(|it| it.made_by.as_ref()) {
        let text = format!("{maker} writes its autoscaler back: change the target there");
        return Err(Why::new("kept_by", text));
    }
    let (Some(object), Some(live)) = (autoscaler(change), &found.autoscaler) else {
        return Err(changed());
    };
    let path = Path::keys(["spec", "metrics"]);
    let now = path.get(live).cloned().ok_or_else(changed)?;
    let mut after = now.clone();
    let mut rises = false;
    for moved in &advice.changes {
        let metric = advice.metrics.get(moved.metric).ok_or_else(changed)?;
        let seen = AutoscalerMetric {
            target: moved.before,
            ..metric.clone()
        };
        let (Some(before), Some(wanted)) = (body::target(&seen), body::target(metric)) else {
            return Err(changed());
        };
        // An amount is no share of the request, so that it holds before and after.
        rises |= match (moved.before, moved.after) {
            (Target::Utilization(before), Target::Utilization(after)) => after > before,
            _ => true,
        };
        let mut list = after.as_array_mut().into_iter().flatten();
        let spot = list.find_map(|it| held(it, metric)).ok_or_else(changed)?;
        if !is_target(spot, &before) && !is_target(spot, &wanted) {
            return Err(changed());
        }
        if !is_target(spot, &wanted) {
            *spot = wanted;
        }
    }
    let moves = after != now;
    let field = Field {
        path,
        before: Some(now),
        after: Some(after),
    };
    let fields = if moves { vec![field] } else { Vec::new() };
    Ok((write(object, live, fields), rises))
}

/// The target that a metric of the server holds, where it is this one.
fn held<'a>(spec: &'a mut Value, metric: &AutoscalerMetric) -> Option<&'a mut Value> {
    let source = match metric.kind.as_str() {
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return None,
    };
    let own = &spec[source];
    let is_it = own["name"] == metric.name.as_str()
        && own["container"].as_str() == metric.container.as_deref();
    if !is_it {
        return None;
    }
    spec.pointer_mut(&format!("/{source}/target"))
}

/// Whether two targets are the same; amounts by what they are.
fn is_target(a: &Value, b: &Value) -> bool {
    let keys = ["type", "averageUtilization", "averageValue", "value"];
    keys.into_iter().all(|key| same(a.get(key), b.get(key)))
}

/// That somebody else owns a field.
pub(super) fn owned(write: &Write, object: &Value, force: bool) -> Result<(), Why> {
    if force {
        return Ok(());
    }
    for field in &write.fields {
        let others = owners::others(object, &field.path);
        if !others.is_empty() {
            let text = format!(
                "{} belongs to {}: change it there, or take it over with `--force-conflicts`",
                field.path,
                others.join(", ")
            );
            return Err(Why::new("owned", text));
        }
    }
    Ok(())
}
