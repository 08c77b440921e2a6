use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::exact::exact;
use super::{
    Attempts, Behavior, Condition, DeviceUse, Event, Eviction, Heap, Keeper, Labels, Placement,
    Probe, Resources, Restarts, Waiting, label,
};
use crate::units::Bytes;

/// What a workload is called. Orders by namespace, kind, name.
///
/// Pods of different templates of one owner are workloads of their own, with the
/// same three and a template; people know them as one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct WorkloadId {
    pub namespace: String,
    /// `Deployment`, `StatefulSet`, `CronJob`, …
    pub kind: String,
    pub name: String,
    /// Which pod template of the owner, where it has several: `head`, `Worker`.
    /// Pods from the template of a built-in controller have none beside others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

impl WorkloadId {
    /// Whether both are of one owner.
    pub fn is_beside(&self, other: &Self) -> bool {
        (&self.namespace, &self.kind, &self.name) == (&other.namespace, &other.kind, &other.name)
    }
}

/// How many owners these are of.
pub fn owners<'a>(ids: impl IntoIterator<Item = &'a WorkloadId>) -> usize {
    let of = |id: &'a WorkloadId| (&id.namespace, &id.kind, &id.name);
    ids.into_iter().map(of).collect::<BTreeSet<_>>().len()
}

/// `shop/Deployment/api`; with a template `ml/RayCluster/ray/head`.
impl fmt::Display for WorkloadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.kind, self.name)?;
        match &self.template {
            Some(template) => write!(f, "/{template}"),
            None => Ok(()),
        }
    }
}

/// The top controller of some pods, or a bare pod.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Workload {
    #[serde(flatten)]
    pub id: WorkloadId,
    pub api_version: String,
    /// Pods that should run now: `spec.replicas`; for a DaemonSet the nodes it
    /// is scheduled on; for a Job or CronJob its parallelism.
    pub replicas: u32,
    /// Pods that there are, where their controller says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<u32>,
    /// Whether its pods run to completion, where its kind does not say so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub batch: bool,
    /// The `schedule` of a CronJob.
    pub schedule: Option<String>,
    /// The time zone that it names for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_zone: Option<String>,
    pub created: Option<Timestamp>,
    /// When the pod template last changed: the creation of the newest ReplicaSet,
    /// where that is known.
    pub template_changed: Option<Timestamp>,
    /// Labels of the workload, sorted.
    #[serde(deserialize_with = "exact")]
    pub labels: Vec<(String, String)>,
    /// Annotations that start with `kcost.dev/`, sorted. No others are kept.
    pub annotations: Vec<(String, String)>,
    /// Containers of the pod template, then those that were injected into its
    /// pods; within them init containers and sidecars first, in template order.
    #[serde(deserialize_with = "exact")]
    pub containers: Vec<Container>,
    /// Requests of the pod as a whole (`spec.resources`).
    pub pod_requests: Resources,
    /// Limits of the pod as a whole (`spec.resources`).
    pub pod_limits: Resources,
    /// `spec.overhead`.
    pub overhead: Resources,
    /// `spec.priorityClassName`.
    #[serde(default)]
    pub priority_class: Option<String>,
    /// Whether its pods end by themselves after a time (`spec.activeDeadlineSeconds`).
    #[serde(default)]
    pub has_deadline: bool,
    /// Dynamic resource claims of its pods, by the name of the claim or of its template.
    #[serde(default)]
    pub claims: Vec<String>,
    pub autoscaler: Option<Autoscaler>,
    /// What else changes its resources or replicas while it runs.
    #[serde(default)]
    pub managers: Vec<Manager>,
    /// Where its pods may run; `None` where that was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// Where its resources can be changed; `None` where they cannot, as for a
    /// bare or static pod or a kind that kcost does not know.
    pub patch: Option<PatchTarget>,
    /// Whether pods that run stay as they are until somebody deletes them
    /// (`updateStrategy: OnDelete`, or a controller that never replaces them).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_delete: bool,
    /// What wrote the object that holds its template, where it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeper: Option<Keeper>,
    /// Pods that are not finished.
    #[serde(deserialize_with = "exact")]
    pub pods: Vec<Pod>,
    /// Pods with devices that have ended and are still remembered, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ran: Vec<Ran>,
    /// What it says of its attempts, where it is a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Attempts>,
    /// What a queue holds back of it, before there is any pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<Queued>,
    /// What its controller says of it, such as `Progressing`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Pods that were put out, as long as they are remembered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evictions: Vec<Eviction>,
    /// Warnings of its pods and controllers, as long as the API server keeps them, the
    /// newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
}

/// A pod with devices that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ran {
    pub pod: String,
    /// Where it ran; `None` where it never had a node, or that is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// How long it ran, in seconds, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// Whether it was taken away: preempted, evicted, or with its node.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disrupted: bool,
    /// Whether it has come to a good end, or the run that it is of has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
}

/// Pods that are not made yet: a queue holds them back, or has let them just now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Queued {
    pub queue: String,
    pub pods: u32,
    /// Whether the queue has let them already, and keeps what they ask for until they are
    /// there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub admitted: bool,
}

/// One container of a workload, the same in all its pods.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Container {
    pub name: String,
    pub kind: ContainerKind,
    /// What it requests now: from a running pod of the workload, with the
    /// defaults of a LimitRange applied; else from the template.
    pub requests: Resources,
    pub limits: Resources,
    /// Whether the pod template names it; a container that a webhook injected
    /// cannot be patched there.
    pub in_template: bool,
    pub heap: Option<Heap>,
    /// Restarts of all current pods, and within the window those of pods that are
    /// gone, where a metrics store tells of them.
    pub restarts: u32,
    /// How it ended in current pods (`lastState.terminated` and
    /// `state.terminated`), and OOM kills that a metrics store tells of, those of
    /// pods that are gone included; oldest first.
    pub terminations: Vec<Termination>,
    /// Restarts over time, where a metrics store tells of them, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restarts_at: Vec<Restarts>,
    /// Where it waits instead of running, and why, in current pods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Waiting>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<Probe>,
    /// The most memory that its cgroup ever held in any pod of the window, spikes
    /// between two scrapes included (`container_memory_max_usage_bytes`).
    ///
    /// Page cache counts, which the kernel gives back when memory is short: with
    /// files read or written it reaches the limit without any need. So it is an
    /// upper bound of the need and never a floor of advice.
    #[serde(default)]
    pub memory_high_water: Option<Bytes>,
    /// Why what its source said of its use cannot be, and is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_measured: Option<String>,
    /// The sizes that its usage was measured under, where those above were changed
    /// since in a bundle: throttling and kills are those of the sizes it ran with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran_with: Option<Sizes>,
    /// What the pod template says, where that is not what it has: a LimitRange, an
    /// autoscaler or a webhook filled in the rest, or pods are of an older template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Sizes>,
}

/// Requests and limits of a container.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sizes {
    pub requests: Resources,
    pub limits: Resources,
}

impl Container {
    /// The requests that its usage was measured under.
    pub fn ran_requests(&self) -> &Resources {
        let ran = self.ran_with.as_ref();
        ran.map_or(&self.requests, |sizes| &sizes.requests)
    }

    /// The limits that its usage was measured under.
    pub fn ran_limits(&self) -> &Resources {
        let ran = self.ran_with.as_ref();
        ran.map_or(&self.limits, |sizes| &sizes.limits)
    }

    /// The requests that its pod template says.
    pub fn declared_requests(&self) -> &Resources {
        let declared = self.declared.as_ref();
        declared.map_or(&self.requests, |sizes| &sizes.requests)
    }

    /// The limits that its pod template says.
    pub fn declared_limits(&self) -> &Resources {
        let declared = self.declared.as_ref();
        declared.map_or(&self.limits, |sizes| &sizes.limits)
    }

    /// Writes down what it ran with, so that it stands when the sizes are changed.
    pub(super) fn note_sizes(&mut self) {
        let (requests, limits) = (self.ran_requests().clone(), self.ran_limits().clone());
        self.ran_with = Some(Sizes { requests, limits });
    }

    /// Forgets what its template says where that is what it has.
    pub(crate) fn forget_same_declaration(&mut self) {
        let same = self.declared_requests() == &self.requests;
        if same && self.declared_limits() == &self.limits {
            self.declared = None;
        }
    }

    /// Forgets what it ran with where that is what it has.
    pub(super) fn forget_same_sizes(&mut self) {
        let same = self.ran_requests() == &self.requests && self.ran_limits() == &self.limits;
        if same {
            self.ran_with = None;
        }
    }
}

/// The part that a container plays in its pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerKind {
    #[default]
    App,
    /// An init container with `restartPolicy: Always`.
    Sidecar,
    /// An init container that runs once before the others.
    Init,
}

impl ContainerKind {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Sidecar => "sidecar",
            Self::Init => "init",
        }
    }

    /// The list of a pod spec that holds it, as Kubernetes names it.
    pub fn list(self) -> &'static str {
        match self {
            Self::App => "containers",
            Self::Sidecar | Self::Init => "initContainers",
        }
    }
}

/// One end of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Termination {
    pub pod: String,
    /// `OOMKilled`, `Error`, `Completed`, …
    pub reason: String,
    pub exit_code: i32,
    /// When what ended had begun, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
}

/// A pod that is not finished.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Pod {
    pub name: String,
    /// `None` while it waits for a node.
    pub node: Option<String>,
    /// `Pending`, `Running`, `Unknown`.
    pub phase: String,
    /// `Guaranteed`, `Burstable`, `BestEffort`.
    pub qos: Option<String>,
    pub created: Option<Timestamp>,
    /// What the scheduler counts for it: native sidecars, init containers,
    /// pod-level resources and overhead included. See KEP-753.
    pub requests: Resources,
    /// Whether it was made from an older template: a new one would request
    /// something else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outdated: bool,
    /// Whether it is on the network of its node (`hostNetwork`), so that what is told of
    /// its network is of the node.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub host_network: bool,
    /// Its labels, sorted, as far as selectors of pods, budgets or load balancers name them.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "exact"
    )]
    pub labels: Labels,
    /// Where it may run, where that is not as its workload says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<Box<Placement>>,
    /// Whether it has no controller, although it is of a workload: nothing starts it anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bare: bool,
    /// Claims of the volumes that it mounts, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volume_claims: Vec<String>,
    /// Claims that are made and deleted with it, sorted: each takes a place among the volumes
    /// of a node, and ties the pod to none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_claims: Vec<String>,
    /// Annotations that say whether it may be moved, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub eviction: Labels,
    /// What it says of itself; of every pod something, so that none means that its state
    /// was not read.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "exact"
    )]
    pub conditions: Vec<Condition>,
    /// Of how many devices it has parts that a scheduler gives out on its own, or that a claim
    /// gives to several pods, so that it takes turns on them with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts_of: Option<u32>,
    /// What each of the devices did that it holds now, where that is told one by one, sorted
    /// by container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceUse>,
}

/// A HorizontalPodAutoscaler that scales a workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Autoscaler {
    pub name: String,
    pub min_replicas: u32,
    pub max_replicas: u32,
    pub current_replicas: Option<u32>,
    pub metrics: Vec<AutoscalerMetric>,
    /// Metrics that it has besides those, which could not be read.
    #[serde(default)]
    pub unread: usize,
    /// `cpu`, `memory`: the requests that those may be a share of, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread_of: Vec<String>,
    /// The controller that made it and would write it again: ``ScaledObject `api` ``.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// How fast it may scale; `None` where it says nothing of it, or that was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behavior: Option<Behavior>,
    /// What it says of itself, such as `ScalingActive`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Replicas while no trigger of a ScaledObject asks (`idleReplicaCount`); `None` for its
    /// least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_replicas: Option<u32>,
    /// Others that scale the same workload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// What wrote it, or the ScaledObject that it is of, where they tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeper: Option<Keeper>,
}

impl Autoscaler {
    /// Whether KEDA made it, by the name that it gives where nobody names another.
    pub fn is_of_keda(&self) -> bool {
        self.name.starts_with("keda-hpa-")
    }

    /// The share of the CPU request that it holds, 0 to 1 and more, where it scales by that.
    pub fn cpu_target(&self) -> Option<f64> {
        let mut cpu = self.metrics.iter().filter(|it| it.name == "cpu");
        cpu.find_map(|it| Some(it.share()? / 100.0))
    }

    /// The cores of each pod that it holds, where it scales by that rather than by a share.
    pub fn cpu_average(&self) -> Option<f64> {
        self.metrics.iter().find_map(|it| match it.target {
            Target::AverageValue(cores) if it.name == "cpu" && it.is_resource() => Some(cores),
            _ => None,
        })
    }

    /// The share of the CPU request that it holds where a pod requests so many cores.
    pub fn cpu_share(&self, cores: f64) -> Option<f64> {
        let by_average = || Some(self.cpu_average()? / cores);
        self.cpu_target().or_else(by_average)
    }

    /// Whether all that it holds is known well enough to be written again.
    pub fn is_whole(&self) -> bool {
        let known = |metric: &AutoscalerMetric| {
            metric.spec.is_some()
                || matches!(metric.kind.as_str(), "Resource" | "ContainerResource")
        };
        self.unread == 0 && self.metrics.iter().all(known)
    }

    /// This one, which a ScaledObject made that says this.
    #[must_use]
    pub fn of(self, said: Self) -> Self {
        Self {
            idle_replicas: said.idle_replicas,
            keeper: said.keeper.or(self.keeper),
            ..self
        }
    }

    /// This one, where `other` scales the same workload too: its metrics count as unread.
    #[must_use]
    pub fn beside(mut self, other: &Self) -> Self {
        self.others = [&other.others[..], std::slice::from_ref(&other.name)].concat();
        self.unread += other.unread + other.metrics.len().max(1);
        let theirs = other.metrics.iter().filter(|metric| metric.is_share());
        let theirs = theirs.map(|metric| &metric.name).chain(&other.unread_of);
        for name in theirs {
            if !self.unread_of.contains(name) {
                self.unread_of.push(name.clone());
            }
        }
        self
    }
}

/// One metric of an autoscaler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AutoscalerMetric {
    /// `Resource`, `ContainerResource`, `Pods`, `Object`, `External`.
    pub kind: String,
    /// `cpu`, `memory`, or the name of a custom metric.
    pub name: String,
    /// For `ContainerResource`.
    pub container: Option<String>,
    pub target: Target,
    /// The whole metric as the API has it, for kinds with more to them than
    /// this: who changes one metric of an autoscaler has to repeat all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<Value>,
}

impl AutoscalerMetric {
    /// What it holds use of CPU or memory at, in percent of the request, where it is that.
    pub fn share(&self) -> Option<f64> {
        match self.target {
            Target::Utilization(percent) if self.is_share() => Some(f64::from(percent)),
            _ => None,
        }
    }

    /// Whether it is use of CPU or memory as a share of what is requested.
    pub fn is_share(&self) -> bool {
        matches!(self.target, Target::Utilization(_))
            && self.is_resource()
            && matches!(self.name.as_str(), "cpu" | "memory")
    }

    /// Whether it is use of what a pod requests.
    pub fn is_resource(&self) -> bool {
        matches!(self.kind.as_str(), "Resource" | "ContainerResource")
    }
}

/// What an autoscaler holds a metric at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Percent of the request.
    Utilization(u32),
    /// Average per pod, in the metric's unit.
    AverageValue(f64),
    Value(f64),
}

/// An object that changes a workload's resources or replicas by itself, such as
/// a VerticalPodAutoscaler or a KEDA ScaledObject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manager {
    /// `VerticalPodAutoscaler`, `ScaledObject`.
    pub kind: String,
    pub name: String,
    /// As the object says it: `Off`, `Initial`, `Recreate`, `InPlaceOrRecreate`,
    /// `Auto`; for a ScaledObject `Scale`, `Formula` where it scales by one, or `Paused`.
    pub mode: String,
    /// `cpu`, `memory`, `replicas`.
    pub resources: Vec<String>,
    /// The one container that this is about; `None` for all others.
    pub container: Option<String>,
    /// Containers that have an entry of their own, where `container` is `None`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// Of a ScaledObject, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<Trigger>,
}

/// What a ScaledObject scales by.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Trigger {
    /// `cron`, `cpu`, `prometheus`.
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its settings, of `cron` and `cpu` alone: those of others may hold anything.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl Manager {
    /// Whether it sets this resource (`cpu`, `memory`) of this container, so that
    /// advice has to leave it alone. Recommending alone (`Off`) does not count.
    pub fn manages(&self, container: &str, resource: &str) -> bool {
        let applies = match &self.container {
            Some(name) => name == container,
            None => !self.except.iter().any(|name| name == container),
        };
        applies && self.is_active() && self.resources.iter().any(|name| name == resource)
    }

    /// Whether it sets the number of replicas.
    pub fn scales(&self) -> bool {
        self.is_active() && self.resources.iter().any(|name| name == "replicas")
    }

    /// Whether it sets requests of pods.
    pub fn resizes(&self) -> bool {
        let is_size = |name: &String| matches!(name.as_str(), "cpu" | "memory");
        self.is_active() && self.resources.iter().any(is_size)
    }

    /// The place of the first trigger of a kind.
    pub fn trigger(&self, kind: &str) -> Option<usize> {
        self.triggers.iter().position(|it| it.kind == kind)
    }

    /// Whether somebody told it to do nothing.
    pub fn is_paused(&self) -> bool {
        self.mode == "Paused"
    }

    /// Whether it scales by a formula, which alone counts beside CPU and memory.
    pub fn has_formula(&self) -> bool {
        self.mode == "Formula"
    }

    fn is_active(&self) -> bool {
        !matches!(self.mode.as_str(), "Off" | "Paused")
    }
}

/// Where a workload's pod template can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchTarget {
    pub api_version: String,
    pub kind: String,
    pub name: String,
    /// Fields from the object's root to the pod spec: `spec.template.spec`.
    pub pod_spec: Vec<String>,
}

impl PatchTarget {
    /// The part of a pod spec as a part of the object, from its root.
    pub fn around(&self, spec: Value) -> Value {
        let path = self.pod_spec.iter().rev();
        path.fold(spec, |inner, field| json!({field.as_str(): inner}))
    }
}

impl Workload {
    /// Where one of its pods may run; `None` where that was not read.
    pub fn placement<'a>(&'a self, pod: &'a Pod) -> Option<&'a Placement> {
        pod.placement.as_deref().or(self.placement.as_ref())
    }

    /// Whether it runs to completion instead of all the time.
    pub fn is_batch(&self) -> bool {
        self.batch || matches!(self.id.kind.as_str(), "Job" | "CronJob")
    }

    /// How many pods there are of those that should be, where some are missing.
    pub fn missing(&self) -> Option<(u32, u32)> {
        let present = self.present.filter(|_| !self.is_batch())?;
        (present < self.replicas).then_some((present, self.replicas))
    }

    /// The label with this key.
    pub fn label(&self, key: &str) -> Option<&str> {
        label(&self.labels, key)
    }
}
