//! Pod templates within objects of kinds that kcost has no types for.

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value};

use crate::collect::misfit;

/// How deep below the root of an object its pod templates are looked for:
/// `spec.rayClusterSpec.workerGroupSpecs.0.template.spec` is six fields deep.
const DEPTH: usize = 7;

/// Fields that lead to every template and tell none from another.
const PLAIN: [&str; 9] = [
    "spec",
    "template",
    "templates",
    "podTemplate",
    "podTemplateSpec",
    "jobTemplate",
    "jobTargetRef",
    "workflowSpec",
    "containerSet",
];

/// What a field is called beside what tells it from others: `head` of `headGroupSpec`.
const ENDS: [&str; 6] = [
    "GroupSpecs",
    "GroupSpec",
    "PodTemplate",
    "Template",
    "Spec",
    "s",
];

/// The pod templates of an object.
#[derive(Default)]
pub(super) struct Found {
    pub(super) specs: Vec<Spec>,
    /// Whether they are steps of one container each rather than pod specs.
    pub(super) steps: bool,
}

/// One pod template, and where it was found.
pub(super) struct Spec {
    pub(super) path: Vec<String>,
    /// `head`, `Worker`: what tells it from others; `None` where nothing does.
    pub(super) name: Option<String>,
    /// How many pods are wanted of it, where that is said near it.
    pub(super) replicas: Option<u32>,
    pub(super) template: PodTemplateSpec,
}

/// What is known on the way to a template.
#[derive(Clone, Default)]
struct Way {
    path: Vec<String>,
    name: Option<String>,
    replicas: Option<u64>,
    /// Labels of the pods of the template that comes next.
    metadata: Option<ObjectMeta>,
}

/// Takes the pod templates out of an object.
pub(super) fn find(group: &str, kind: &str, data: &mut Value) -> Found {
    let mut found = Found::default();
    let Some(spec) = data.get_mut("spec") else {
        return found;
    };
    let groups = (group == "leaderworkerset.x-k8s.io").then(|| groups(spec));
    let is_argo = group == "argoproj.io" && kind.ends_with("Workflow");
    let way = Way {
        path: vec!["spec".to_owned()],
        ..Way::default()
    };
    if is_argo {
        steps(spec, &mut found);
    }
    search(spec, &way, &mut found.specs);
    for spec in &mut found.specs {
        let is = |name: &str| spec.name.as_deref() == Some(name);
        spec.replicas = spec.replicas.or(match group {
            "kubeflow.org" if spec.name.is_some() => Some(1),
            "ray.io" if is("head") => Some(1),
            _ => None,
        });
    }
    if let Some((groups, size)) = groups {
        let single = found.specs.len() == 1;
        for spec in &mut found.specs {
            let leads = spec.name.as_deref() == Some("leader");
            let each = if single {
                size
            } else if leads {
                1
            } else {
                size.saturating_sub(1)
            };
            spec.replicas = Some(groups.saturating_mul(each));
        }
    }
    if group == "serving.knative.dev" {
        found.specs.iter_mut().for_each(name_container);
    }
    found
}

/// Groups of a LeaderWorkerSet, and pods of each.
fn groups(spec: &Value) -> (u32, u32) {
    let number = |path: &str| {
        let number = spec.pointer(path).and_then(Value::as_u64);
        u32::try_from(number.unwrap_or(1)).unwrap_or(u32::MAX)
    };
    (number("/replicas"), number("/leaderWorkerTemplate/size"))
}

/// Knative calls a container without a name so.
fn name_container(spec: &mut Spec) {
    if let Some(spec) = &mut spec.template.spec
        && let [container] = spec.containers.as_mut_slice()
        && container.name.is_empty()
    {
        "user-container".clone_into(&mut container.name);
    }
}

/// Finds pod specs: objects with a list of containers, under `…template.spec` or
/// wherever else the kind keeps them. Whole objects within are others' matter.
fn search(value: &mut Value, way: &Way, found: &mut Vec<Spec>) {
    if way.path.len() > DEPTH {
        return;
    }
    if value.get("containers").is_some_and(are_containers) {
        if let Ok(spec) = misfit::value::<PodSpec>(&value.take()) {
            found.push(Spec {
                path: way.path.clone(),
                name: way.name.clone(),
                replicas: way.replicas.and_then(|number| u32::try_from(number).ok()),
                template: PodTemplateSpec {
                    metadata: way.metadata.clone(),
                    spec: Some(spec),
                },
            });
        }
        return;
    }
    match value {
        Value::Object(fields) => {
            if is_object(fields) {
                return;
            }
            let way = way.within(fields);
            for (name, field) in fields {
                search(field, &way.at(name), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                let mut way = way.clone();
                way.path.push(index.to_string());
                search(item, &way, found);
            }
        }
        _ => {}
    }
}

/// Whether it is an object of its own, which something else will make.
fn is_object(fields: &Map<String, Value>) -> bool {
    ["apiVersion", "kind"]
        .iter()
        .all(|name| fields.get(*name).is_some_and(Value::is_string))
}

/// Whether this is a list of containers as they can run, rather than a pattern
/// for them. Templates of some kinds leave out names or images.
fn are_containers(list: &Value) -> bool {
    let is_name = |text: &str| {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !text.is_empty() && text.len() <= 63 && text.bytes().all(legal)
    };
    let is_container = |item: &Value| match item.get("name") {
        Some(name) => name.as_str().is_some_and(is_name),
        None => item.get("image").is_some_and(Value::is_string),
    };
    let items = list.as_array().map_or(&[][..], Vec::as_slice);
    !items.is_empty() && items.iter().all(is_container)
}

impl Way {
    /// What the object says of the templates in it.
    fn within(&self, fields: &Map<String, Value>) -> Self {
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let number = |name: &str| fields.get(name).and_then(Value::as_u64);
        let in_list = self.path.last().is_some_and(|field| is_index(field));
        let called = ["name", "groupName"].into_iter().find_map(text);
        let own = called.filter(|_| in_list).map(str::to_owned);
        let is_root = self.path.len() == 1;
        let times = |name: &str| number(name).unwrap_or(1);
        let own_replicas = number("replicas").filter(|_| !is_root);
        let replicas = match own_replicas {
            Some(replicas) => Some(replicas.saturating_mul(times("numOfHosts"))),
            None => self
                .replicas
                .map(|outer| outer.saturating_mul(times("parallelism"))),
        };
        let metadata = fields.get("metadata");
        Self {
            path: self.path.clone(),
            name: own.or_else(|| self.name.clone()),
            replicas,
            metadata: metadata.and_then(|metadata| misfit::value(metadata).ok()),
        }
    }

    /// The way on through a field.
    fn at(&self, field: &str) -> Self {
        let mut way = self.clone();
        way.path.push(field.to_owned());
        if !PLAIN.contains(&field) {
            let short = ENDS.iter().find_map(|end| field.strip_suffix(end));
            way.name = Some(
                short
                    .filter(|it| !it.is_empty())
                    .unwrap_or(field)
                    .to_owned(),
            );
        }
        way
    }
}

fn is_index(field: &str) -> bool {
    field.bytes().all(|byte| byte.is_ascii_digit())
}

/// Steps of a workflow: each runs one container, which its pod calls `main`.
fn steps(spec: &mut Value, found: &mut Found) {
    let spec = match spec.get_mut("workflowSpec") {
        Some(_) => &mut spec["workflowSpec"],
        None => spec,
    };
    let templates = spec.get_mut("templates").and_then(Value::as_array_mut);
    for template in templates.into_iter().flatten() {
        let name = template
            .get("name")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let fields = ["container", "script"];
        let Some(field) = fields.iter().find(|field| template.get(field).is_some()) else {
            continue;
        };
        let mut container = template[*field].take();
        if let Some(fields) = container.as_object_mut() {
            fields.insert("name".to_owned(), "main".into());
            fields.remove("source");
        }
        if let Ok(container) = misfit::value(&container) {
            found.steps = true;
            found.specs.push(Spec {
                path: Vec::new(),
                name,
                replicas: Some(0),
                template: PodTemplateSpec {
                    metadata: None,
                    spec: Some(PodSpec {
                        containers: vec![container],
                        restart_policy: Some("Never".to_owned()),
                        ..PodSpec::default()
                    }),
                },
            });
        }
    }
}
