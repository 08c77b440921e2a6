use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::named::{self, Named};
use super::part::Part;
use super::queues;
use super::role::requests_as;
use crate::collect::objects::{
    ContainerRecord, Controller, Fraction, MOST_CONTAINERS, PodRecord, Template,
};
use crate::snapshot::{
    Attempts, Container, ContainerKind, Eviction, Heap, HeapPlace, LimitRange, Manager, Placement,
    Pod, Ran, Resources, Sizes, Termination, Waiting, Workload, WorkloadId,
};

/// One workload of all that belongs to it.
pub(super) fn build(part: Part, limit_ranges: &[LimitRange], named: &Named) -> Workload {
    let Part {
        key,
        owner,
        made_from,
        below,
        pods,
        ..
    } = part;
    let template = made_from.as_ref();
    // Under something that sizes pods one by one, no template says what they are.
    let resized = part.managers.iter().any(Manager::resizes);
    let standard = template.filter(|_| !resized);
    let standard = standard.map(|it| defaulted(it, &key.namespace, limit_ranges));
    let pods = pods
        .into_iter()
        .map(|pod| Seen::new(pod, standard.as_ref()));
    let mut pods: Vec<Seen> = pods.collect();
    pods.sort_by(|a, b| a.order().cmp(&b.order()));
    let containers = containers(template, &pods, &key.namespace, limit_ranges);
    let pods_first = pods.first().map(|seen| &seen.pod.spec);
    let whole = pods.iter().find(|seen| !seen.pod.is_finished());
    let whole = whole.map(|seen| &seen.pod.spec);
    let whole = whole.or(template).or(pods_first).cloned();
    let whole = whole.unwrap_or_default();
    let attempts = attempts(part.attempts, &whole);
    let tied = key.kind == "DaemonSet";
    let placement = template.filter(|_| tied).unwrap_or(&whole);
    let placement = placement.placement.clone();
    let alone = tied || key.kind == "Pod";
    let current = current(&pods, named, &placement, (tied, alone));
    let fallback = u32::try_from(current.len()).unwrap_or(u32::MAX);
    let (labels, annotations) = match &owner {
        Some(owner) => (owner.labels.clone(), owner.annotations.clone()),
        None => (pod_labels(&pods), pod_annotations(&pods)),
    };
    let conditions = owner.as_ref().map(|owner| owner.conditions.clone());
    let conditions = conditions.unwrap_or_default();
    let on_delete = owner.as_ref().is_some_and(|owner| owner.on_delete);
    let keeper = owner.as_ref().and_then(|owner| owner.keeper.clone());
    let queued = owner.as_ref().and_then(|owner| owner.queued.as_ref());
    let live = pods.iter().map(|seen| &seen.pod);
    let queued = queues::queued(queued, live.filter(|pod| !pod.is_finished()));
    Workload {
        queued,
        api_version: part.api_version,
        replicas: part.replicas.unwrap_or(fallback),
        present: part.present,
        batch: part.batch,
        schedule: owner.as_ref().and_then(|owner| owner.schedule.clone()),
        schedule_zone: owner.as_ref().and_then(|owner| owner.schedule_zone.clone()),
        created: owner.map_or_else(|| oldest(&pods), |owner| owner.created),
        template_changed: template_changed(&below),
        labels,
        annotations,
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
        autoscaler: part.autoscaler,
        managers: part.managers,
        placement: Some(placement),
        patch: part.patch,
        on_delete,
        keeper,
        pods: current,
        conditions,
        evictions: evictions(&pods),
        attempts,
        ran: ran(&pods, &part.done),
        // Warnings come when every pod has its place.
        events: Vec::new(),
        id: WorkloadId {
            namespace: key.namespace,
            kind: key.kind,
            name: key.name,
            template: part.template,
        },
    }
}

/// A pod, held against the template that pods are made from now.
struct Seen {
    pod: PodRecord,
    /// Whether it requests something else than a pod of the template would.
    outdated: bool,
}

impl Seen {
    fn new(pod: PodRecord, template: Option<&Template>) -> Self {
        let outdated = template.is_some_and(|it| !requests_as(it, &pod.spec));
        Self { pod, outdated }
    }

    /// Running ones first, then those that wait, the finished last; those as the
    /// template has them before others, the newest first among each, names where
    /// nothing else tells them apart.
    fn order(&self) -> (u8, bool, Reverse<Option<jiff::Timestamp>>, &str) {
        let rank = match self.pod.phase.as_str() {
            "Running" => 0,
            _ if self.pod.is_finished() => 2,
            _ => 1,
        };
        let meta = &self.pod.meta;
        (rank, self.outdated, Reverse(meta.created), &meta.name)
    }
}

fn containers(
    template: Option<&Template>,
    pods: &[Seen],
    namespace: &str,
    limit_ranges: &[LimitRange],
) -> Vec<Container> {
    let mut containers: Vec<Container> = Vec::new();
    let mut known = HashSet::new();
    let mut add = |record: &ContainerRecord, in_template: bool| {
        // Pods that differ in their containers are no replicas of each other.
        if containers.len() < MOST_CONTAINERS && known.insert(record.name.clone()) {
            containers.push(Container {
                name: record.name.clone(),
                kind: record.kind,
                requests: record.requests.clone(),
                limits: record.limits.clone(),
                heap: record.heap.clone(),
                in_template,
                restarts: 0,
                terminations: Vec::new(),
                restarts_at: Vec::new(),
                waiting: Vec::new(),
                probes: record.probes.clone(),
                memory_high_water: None,
                not_measured: None,
                ran_with: None,
                declared: in_template.then(|| Sizes {
                    requests: record.asked.clone(),
                    limits: record.limits.clone(),
                }),
            });
        }
    };
    for record in template.into_iter().flat_map(|it| &it.containers) {
        add(record, true);
    }
    let alone = template.is_none();
    let running: Vec<&Seen> = pods.iter().filter(|seen| !seen.pod.is_finished()).collect();
    let renewed = running.iter().any(|seen| !seen.outdated);
    // What only pods of an older template have goes with them.
    let lasting = running.iter().filter(|seen| !(renewed && seen.outdated));
    for record in lasting.flat_map(|seen| &seen.pod.spec.containers) {
        add(record, alone);
    }
    // What a finished pod was made of says nothing beside a template.
    if alone {
        for record in pods.iter().flat_map(|seen| &seen.pod.spec.containers) {
            add(record, true);
        }
    }
    containers
        .sort_by_key(|container| (!container.in_template, container.kind == ContainerKind::App));
    let (records, mut endings) = (records(&running), endings(pods));
    for container in &mut containers {
        let records = records.get(container.name.as_str());
        if !observe(container, records.map_or(&[], Vec::as_slice)) {
            default(container, namespace, limit_ranges);
        }
        container.forget_same_declaration();
        container.terminations = endings.remove(&container.name).unwrap_or_default();
        container.waiting = waiting(&running, &container.name);
    }
    containers
}

/// Why a container waits, by pod.
fn waiting(running: &[&Seen], container: &str) -> Vec<Waiting> {
    let mut waiting: Vec<Waiting> = Vec::new();
    for seen in running {
        let mut records = seen.pod.spec.containers.iter();
        let record = records.find(|record| record.name == container);
        if let Some(reason) = record.and_then(|record| record.waiting.clone()) {
            let pod = seen.pod.meta.name.clone();
            waiting.push(Waiting { pod, reason });
        }
    }
    waiting.sort_by(|a, b| a.pod.cmp(&b.pod));
    waiting
}

/// Pods that were put out, oldest first.
fn evictions(pods: &[Seen]) -> Vec<Eviction> {
    let mut evictions: Vec<Eviction> = pods
        .iter()
        .filter_map(|seen| seen.pod.eviction.clone())
        .collect();
    evictions.sort_by(|a, b| (a.at, &a.pod).cmp(&(b.at, &b.pod)));
    evictions
}

/// What the run says of its attempts, and what its containers are told.
fn attempts(told: Option<Attempts>, template: &Template) -> Option<Attempts> {
    let mut containers = template.containers.iter();
    let attempts = Attempts {
        checkpoints: containers.any(|it| it.checkpoints),
        ..told.unwrap_or_default()
    };
    Some(attempts).filter(|it| *it != Attempts::default())
}

/// Pods with devices that have ended.
fn ran(pods: &[Seen], done: &BTreeSet<String>) -> Vec<Ran> {
    let ended = pods.iter().map(|seen| &seen.pod);
    let ended = ended.filter(|pod| pod.is_finished() && pod.requests.gpus() > 0.0);
    // Source: Kubernetes, "Disruptions": the condition tells it of preemption, eviction by the
    // API or the kubelet, taints, and the end of a node.
    let taken = |pod: &PodRecord| {
        let mut conditions = pod.conditions.iter();
        conditions.any(|it| it.kind == "DisruptionTarget" && it.status == "True")
    };
    let ran = ended.map(|pod| Ran {
        pod: pod.meta.name.clone(),
        node: pod.node.clone(),
        seconds: ran_for(pod),
        disrupted: pod.eviction.is_some() || taken(pod),
        recovered: pod.phase == "Succeeded" || done.contains(&pod.meta.name),
    });
    let mut ran: Vec<Ran> = ran.collect();
    ran.sort_by(|a, b| a.pod.cmp(&b.pod));
    ran
}

/// From the first begin of a container of a pod to the last end, in seconds.
fn ran_for(pod: &PodRecord) -> Option<u32> {
    let ends = || pod.endings.iter().map(|(_, end)| end);
    let from = ends().filter_map(|it| it.started).min()?;
    let to = ends().filter_map(|it| it.finished).max()?;
    u32::try_from(to.as_second() - from.as_second()).ok()
}

/// What the running pods, the newest first, have of each container; of one that
/// stands in a pod twice, the first.
fn records<'a>(running: &[&'a Seen]) -> HashMap<&'a str, Vec<&'a ContainerRecord>> {
    let mut records: HashMap<&str, Vec<&ContainerRecord>> = HashMap::new();
    for seen in running {
        let mut here = HashSet::new();
        for record in &seen.pod.spec.containers {
            if here.insert(&record.name) {
                records.entry(&record.name).or_default().push(record);
            }
        }
    }
    records
}

/// Takes what the newest running pod really has. `false` where no pod has it.
fn observe(container: &mut Container, records: &[&ContainerRecord]) -> bool {
    let mut newest = None;
    for record in records.iter().copied() {
        container.restarts = container.restarts.saturating_add(record.restarts);
        newest.get_or_insert(record);
    }
    let Some(record) = newest else {
        return false;
    };
    container.requests = record.requests.clone();
    container.limits = record.limits.clone();
    container.probes.clone_from(&record.probes);
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
    let (requests, limits) = (&mut container.requests, &mut container.limits);
    fill(requests, limits, namespace, limit_ranges);
}

fn fill(
    requests: &mut Resources,
    limits: &mut Resources,
    namespace: &str,
    limit_ranges: &[LimitRange],
) {
    *requests = requests.or(limits);
    let ranges = limit_ranges
        .iter()
        .filter(|range| range.namespace == namespace && range.applies_to == "Container");
    for range in ranges {
        *requests = requests.or(&range.default_request);
        *limits = limits.or(&range.default_limit);
    }
}

/// A template as its pods come out.
fn defaulted(template: &Template, namespace: &str, limit_ranges: &[LimitRange]) -> Template {
    let mut template = template.clone();
    for record in &mut template.containers {
        fill(
            &mut record.asked,
            &mut record.limits,
            namespace,
            limit_ranges,
        );
    }
    template
}

/// How each container ended in pods that still exist, oldest first. A finished
/// pod that did its work is no news.
fn endings(pods: &[Seen]) -> HashMap<String, Vec<Termination>> {
    let endings = pods.iter().flat_map(|seen| {
        let pod = &seen.pod;
        let done = pod.phase == "Succeeded";
        pod.endings
            .iter()
            .filter(move |(_, ending)| !(done && ending.exit_code == 0))
    });
    let mut found: HashMap<String, Vec<Termination>> = HashMap::new();
    for (name, ending) in endings {
        found.entry(name.clone()).or_default().push(ending.clone());
    }
    for endings in found.values_mut() {
        endings.sort_by(|a, b| (a.finished, &a.pod).cmp(&(b.finished, &b.pod)));
    }
    found
}

/// Those that are not finished. `alone` where none of them has a controller anyway.
fn current(
    pods: &[Seen],
    named: &Named,
    shared: &Placement,
    (tied, alone): (bool, bool),
) -> Vec<Pod> {
    let running = pods.iter().filter(|seen| !seen.pod.is_finished());
    let mut current: Vec<Pod> = running
        .map(|Seen { pod, outdated }| Pod {
            name: pod.meta.name.clone(),
            node: pod.node.clone(),
            phase: pod.phase.clone(),
            qos: pod.qos.clone(),
            created: pod.meta.created,
            requests: pod.requests.clone(),
            outdated: *outdated,
            host_network: pod.spec.host_network,
            conditions: pod.conditions.clone(),
            labels: named.of_pod(&pod.meta.labels),
            placement: named::own(pod, shared, tied),
            bare: pod.meta.controller.is_none() && !alone,
            volume_claims: pod.volume_claims.clone(),
            own_claims: pod.own_claims.clone(),
            eviction: pod.meta.eviction.clone(),
            parts_of: pod
                .spec
                .fraction
                .as_ref()
                .map(Fraction::count)
                .or(pod.shared_devices),
            devices: Vec::new(),
        })
        .collect();
    current.sort_by(|a, b| a.name.cmp(&b.name));
    current
}

fn oldest(pods: &[Seen]) -> Option<jiff::Timestamp> {
    pods.iter().filter_map(|seen| seen.pod.meta.created).min()
}

/// The creation of the newest ReplicaSet below the owner.
fn template_changed(below: &[Controller]) -> Option<jiff::Timestamp> {
    let sets = below.iter().filter(|it| it.kind == "ReplicaSet");
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

fn pod_labels(pods: &[Seen]) -> Vec<(String, String)> {
    let labels = pods.first().map(|seen| seen.pod.meta.labels.clone());
    let mut labels = labels.unwrap_or_default();
    labels.retain(|(key, _)| !OF_PODS.contains(&key.as_str()));
    labels
}

fn pod_annotations(pods: &[Seen]) -> Vec<(String, String)> {
    let annotations = pods.first().map(|seen| seen.pod.meta.annotations.clone());
    annotations.unwrap_or_default()
}
