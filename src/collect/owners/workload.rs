use std::cmp::Reverse;

use super::Group;
use crate::collect::objects::{ContainerRecord, Controller, Key, PodRecord, Template};
use crate::snapshot::{
    Container, ContainerKind, Heap, HeapPlace, LimitRange, PatchTarget, Pod, Termination, Workload,
    WorkloadId,
};

/// One workload of all that belongs to it.
pub(super) fn build(key: Key, group: Group, limit_ranges: &[LimitRange]) -> Workload {
    let Group {
        api_version,
        controllers,
        mut pods,
        autoscaler,
        managers,
    } = group;
    pods.sort_by(|a, b| newest_running(a).cmp(&newest_running(b)));
    let top = controllers.first().filter(|first| first.key() == key);
    let templates = templates(top, &controllers);
    let containers = containers(&templates, &pods, &key.namespace, limit_ranges);
    let whole = pods.iter().find(|pod| !pod.is_finished());
    let whole = whole.map(|pod| &pod.spec);
    let whole = whole.or(templates.first().copied()).cloned();
    let whole = whole.or_else(|| pods.first().map(|pod| pod.spec.clone()));
    let whole = whole.unwrap_or_default();
    let current = current(&pods);
    let fallback = u32::try_from(current.len()).unwrap_or(u32::MAX);
    Workload {
        api_version,
        replicas: top.and_then(|top| top.replicas).unwrap_or(fallback),
        schedule: top.and_then(|top| top.schedule.clone()),
        created: top.map_or_else(|| oldest(&pods), |top| top.meta.created),
        template_changed: template_changed(&key, &controllers),
        labels: top.map_or_else(|| pod_labels(&pods), |top| top.meta.labels.clone()),
        annotations: top.map_or_else(
            || pod_annotations(&pods),
            |top| top.meta.annotations.clone(),
        ),
        containers,
        pod_requests: whole.requests,
        pod_limits: whole.limits,
        overhead: whole.overhead,
        priority_class: whole.priority_class,
        has_deadline: whole.has_deadline,
        claims: whole
            .claims
            .iter()
            .map(|claim| claim.known_as().to_owned())
            .collect(),
        autoscaler,
        managers,
        patch: top.and_then(patch_target),
        pods: current,
        id: WorkloadId {
            namespace: key.namespace,
            kind: key.kind,
            name: key.name,
        },
    }
}

/// Orders pods: running ones first, then those that wait, the finished last;
/// the newest first among each, names where nothing else tells them apart.
fn newest_running(pod: &PodRecord) -> (u8, Reverse<Option<jiff::Timestamp>>, &str) {
    let rank = match pod.phase.as_str() {
        "Running" => 0,
        _ if pod.is_finished() => 2,
        _ => 1,
    };
    (rank, Reverse(pod.meta.created), &pod.meta.name)
}

/// The templates of the top controller, else of the newest controllers below it.
fn templates<'a>(top: Option<&'a Controller>, all: &'a [Controller]) -> Vec<&'a Template> {
    let own = top.map_or(&[][..], |top| &top.templates);
    if !own.is_empty() {
        return own.iter().map(|(_, template)| template).collect();
    }
    let mut below: Vec<&Controller> = all.iter().collect();
    below.sort_by_key(|controller| Reverse(controller.meta.created));
    let templates = below.into_iter().flat_map(|below| &below.templates);
    templates.map(|(_, template)| template).collect()
}

fn containers(
    templates: &[&Template],
    pods: &[PodRecord],
    namespace: &str,
    limit_ranges: &[LimitRange],
) -> Vec<Container> {
    let mut containers: Vec<Container> = Vec::new();
    let mut add = |record: &ContainerRecord, in_template: bool| {
        if containers.iter().all(|known| known.name != record.name) {
            containers.push(Container {
                name: record.name.clone(),
                kind: record.kind,
                requests: record.requests.clone(),
                limits: record.limits.clone(),
                heap: record.heap.clone(),
                in_template,
                restarts: 0,
                terminations: Vec::new(),
                memory_high_water: None,
            });
        }
    };
    for record in templates.iter().flat_map(|template| &template.containers) {
        add(record, true);
    }
    let alone = templates.is_empty();
    let running = pods.iter().filter(|pod| !pod.is_finished());
    for record in running.clone().flat_map(|pod| &pod.spec.containers) {
        add(record, alone);
    }
    // What a finished pod was made of says nothing beside a template.
    if alone {
        for record in pods.iter().flat_map(|pod| &pod.spec.containers) {
            add(record, true);
        }
    }
    containers
        .sort_by_key(|container| (!container.in_template, container.kind == ContainerKind::App));
    let running: Vec<&PodRecord> = running.collect();
    for container in &mut containers {
        if !observe(container, &running) {
            default(container, namespace, limit_ranges);
        }
        container.terminations = terminations(&container.name, pods);
    }
    containers
}

/// Takes what the newest running pod really has. `false` where no pod has it.
fn observe(container: &mut Container, running: &[&PodRecord]) -> bool {
    let found = running.iter().filter_map(|pod| {
        let records = pod.spec.containers.iter();
        records.clone().find(|record| record.name == container.name)
    });
    let mut newest = None;
    for record in found {
        container.restarts = container.restarts.saturating_add(record.restarts);
        newest.get_or_insert(record);
    }
    let Some(record) = newest else {
        return false;
    };
    container.requests = record.requests.clone();
    container.limits = record.limits.clone();
    container.heap = heap(
        record.heap.as_ref(),
        container.heap.take(),
        container.in_template,
    );
    true
}

/// What the pod runs with, and where the template says so.
fn heap(runs: Option<&Heap>, template: Option<Heap>, in_template: bool) -> Option<Heap> {
    let Some(runs) = runs else {
        return template;
    };
    let said = template.filter(|template| template.is_like(runs));
    let place = match said {
        Some(template) => template.place,
        None if in_template => Some(HeapPlace::Injected),
        None => runs.place.clone(),
    };
    Some(Heap {
        place,
        ..runs.clone()
    })
}

/// What the API server and LimitRanges would set on a new pod: a limit is also
/// the request, then the defaults of the namespace.
fn default(container: &mut Container, namespace: &str, limit_ranges: &[LimitRange]) {
    container.requests = container.requests.or(&container.limits);
    let ranges = limit_ranges
        .iter()
        .filter(|range| range.namespace == namespace && range.applies_to == "Container");
    for range in ranges {
        container.requests = container.requests.or(&range.default_request);
        container.limits = container.limits.or(&range.default_limit);
    }
}

/// How the container ended in pods that still exist, oldest first. A finished
/// pod that did its work is no news.
fn terminations(container: &str, pods: &[PodRecord]) -> Vec<Termination> {
    let endings = pods.iter().flat_map(|pod| {
        let done = pod.phase == "Succeeded";
        pod.endings
            .iter()
            .filter(move |(_, ending)| !(done && ending.exit_code == 0))
    });
    let mut found: Vec<Termination> = endings
        .filter(|(name, _)| name == container)
        .map(|(_, ending)| ending.clone())
        .collect();
    found.sort_by(|a, b| (a.finished, &a.pod).cmp(&(b.finished, &b.pod)));
    found
}

fn current(pods: &[PodRecord]) -> Vec<Pod> {
    let running = pods.iter().filter(|pod| !pod.is_finished());
    let mut current: Vec<Pod> = running
        .map(|pod| Pod {
            name: pod.meta.name.clone(),
            node: pod.node.clone(),
            phase: pod.phase.clone(),
            qos: pod.qos.clone(),
            created: pod.meta.created,
            requests: pod.requests.clone(),
        })
        .collect();
    current.sort_by(|a, b| a.name.cmp(&b.name));
    current
}

fn oldest(pods: &[PodRecord]) -> Option<jiff::Timestamp> {
    pods.iter().filter_map(|pod| pod.meta.created).min()
}

/// The creation of the newest ReplicaSet of a Deployment.
fn template_changed(key: &Key, controllers: &[Controller]) -> Option<jiff::Timestamp> {
    let sets = controllers
        .iter()
        .filter(|controller| controller.kind == "ReplicaSet" && controller.key() != *key);
    sets.filter_map(|set| set.meta.created).max()
}

/// Labels of the pods that a controller adds to tell its pods apart.
const OF_PODS: [&str; 7] = [
    "pod-template-hash",
    "rollouts-pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
];

fn pod_labels(pods: &[PodRecord]) -> Vec<(String, String)> {
    let labels = pods.first().map(|pod| pod.meta.labels.clone());
    let mut labels = labels.unwrap_or_default();
    labels.retain(|(key, _)| !OF_PODS.contains(&key.as_str()));
    labels
}

fn pod_annotations(pods: &[PodRecord]) -> Vec<(String, String)> {
    let annotations = pods.first().map(|pod| pod.meta.annotations.clone());
    annotations.unwrap_or_default()
}

/// Where the template of a top controller can be patched.
fn patch_target(top: &Controller) -> Option<PatchTarget> {
    let (path, _) = top.templates.first()?;
    top.patchable.then(|| PatchTarget {
        api_version: top.api_version.clone(),
        kind: top.kind.clone(),
        name: top.meta.name.clone(),
        pod_spec: path.clone(),
    })
}
