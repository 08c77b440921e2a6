//! What was true of a cluster at one time, without judgement.
//!
//! A [`Snapshot`] is all that the core ever sees: what is requested
//! ([`Workload`]), where it runs ([`Node`]), what was used ([`Usage`]) and what
//! could not be read ([`Gap`]). It holds no secret: of environment variables
//! only the settings that size a heap, of annotations only those of
//! kcost ([`annotation`]).

mod accelerator;
pub mod annotation;
mod attempts;
mod begun;
mod behavior;
mod bundle;
mod coarsen;
mod device;
mod exact;
mod gap;
mod guard;
mod heap;
mod keeper;
mod node;
mod on_disk;
pub(crate) mod parquet;
mod placement;
mod quota;
mod replay;
mod resources;
mod selector;
mod sold;
mod stand;
mod state;
mod supply;
mod usage;
mod values;
mod workload;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::units::Bytes;

pub use accelerator::{Accelerator, GPU, MigProfile, PRODUCT_LABELS, is_gpu};
pub use attempts::Attempts;
pub(crate) use begun::begun;
pub use behavior::{Behavior, Change, ScalingPolicy, ScalingRules, SelectPolicy};
pub use bundle::{
    BundleError, FORMAT_VERSION, abandon, check_folder, check_place, names, write, write_with,
};
pub(crate) use bundle::{
    LOG, MANIFEST, MOST_SLOTS, absolute, hex, objects, open_file, private_file, recover, tables,
    write_with_log,
};
pub use device::{
    CLOCK_HELD, ClockHeld, DeviceClock, DeviceError, DeviceLevel, DeviceMemory, DeviceUse,
    clock_held, tellers, works,
};
pub use gap::Gap;
pub use guard::is_reading_table;
pub(crate) use guard::{caught, check_room, guarded};
pub use heap::{Heap, HeapPlace, HeapSetting, HeapSize, OptionWord, Size};
pub use keeper::{Keeper, Tool};
pub use node::{CapacityType, Node, SPOT_LABELS, TYPE_LABELS};
pub(crate) use on_disk::{OnDisk, checked};
pub use placement::{
    HostPort, Labels, NodeTerm, Operator, Placement, PodSelector, PodTerm, Requirement, Spread,
    Toleration, Volume, VolumeHome, amounts, label,
};
pub use resources::{DEVICE_CLASS, Resources, can_be};
pub use selector::{ParseSelectorError, Selector};
pub use sold::Sold;
pub use stand::{BARELY, DeviceSample, DeviceStand, NONE, stand};
pub use state::{Condition, Event, Eviction, Probe, ProbeKind, Restarts, Spell, Waiting};
pub use supply::Supply;
pub use usage::{Grid, Metric, Series, Usage};
pub use values::Values;
pub use workload::{
    Autoscaler, AutoscalerMetric, Container, ContainerKind, Manager, PatchTarget, Pod, Queued, Ran,
    Sizes, Target, Termination, Trigger, Workload, WorkloadId, owners,
};

/// What was true of a cluster at one time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// When it was taken; for imported files the time of the newest sample.
    pub taken_at: Timestamp,
    /// The version of kcost that took it.
    pub tool_version: String,
    pub cluster: Cluster,
    /// Where objects and usage came from, in the order they were read.
    pub sources: Vec<Source>,
    /// Sorted by namespace, kind, name.
    pub workloads: Vec<Workload>,
    pub usage: Usage,
    /// What could not be read, and what to do about it.
    pub gaps: Vec<Gap>,
}

/// The cluster around the workloads.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Cluster {
    /// The kubeconfig context, or another name that a person knows it by.
    pub name: String,
    /// As the server says it: `v1.35.1`. Unknown for imported files.
    pub server_version: Option<String>,
    /// Sorted by name.
    pub nodes: Vec<Node>,
    pub limit_ranges: Vec<LimitRange>,
    pub quotas: Vec<Quota>,
    pub volume_claims: Vec<VolumeClaim>,
    pub services: Vec<Service>,
    pub disruption_budgets: Vec<DisruptionBudget>,
    /// Sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Volume>,
    /// Sorted by name; those of clusters that let nobody read them are not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storage_classes: Vec<StorageClass>,
    /// Whether pods of some namespaces were left out, so that nodes may hold more than is
    /// known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_part: bool,
    /// Whether events could be read, so that none means that there were none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_events: bool,
    /// Sorted by namespace and name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Certificate>,
}

impl Cluster {
    /// Where its nodes are, by the first that says it: `aws`.
    pub fn provider(&self) -> Option<&str> {
        let mut nodes = self.nodes.iter();
        nodes.find_map(|node| node.provider.as_deref())
    }

    /// Whether a pod waits for a node, and costs nothing yet. Where no node is known, as in
    /// a file of usage alone, pods are somewhere.
    pub fn waits(&self, pod: &Pod) -> bool {
        pod.node.is_none() && !self.nodes.is_empty()
    }
}

impl Snapshot {
    /// Workloads as people know them: one for each owner, whatever templates it has.
    pub fn owners(&self) -> usize {
        owners(self.workloads.iter().map(|workload| &workload.id))
    }

    /// How many nodes there are; `None` where pods run on some that were not read.
    pub fn nodes(&self) -> Option<usize> {
        let nodes = self.cluster.nodes.len();
        let mut pods = self.workloads.iter().flat_map(|workload| &workload.pods);
        (nodes > 0 || pods.all(|pod| pod.node.is_none())).then_some(nodes)
    }

    /// Whether labels of pods, what they mount and where they may run were read.
    pub fn rules_are_known(&self) -> bool {
        let mut workloads = self.workloads.iter();
        workloads.all(|it| it.pods.iter().all(|pod| it.placement(pod).is_some()))
    }

    /// Keeps only these workloads, one `bool` for each, and the usage of their pods.
    pub fn retain(&mut self, kept: &[bool]) {
        let place = places(kept);
        self.usage.renumber(|it| place(it.workload));
        let mut kept = kept.iter();
        self.workloads
            .retain(|_| kept.next().copied().unwrap_or(false));
    }
}

/// Where a workload stands once only those are left that are kept; `None` for the others.
pub(crate) fn places(kept: &[bool]) -> impl Fn(u32) -> Option<u32> + use<> {
    let mut next = 0..;
    let places = kept
        .iter()
        .map(|kept| if *kept { next.next() } else { None });
    let places: Vec<Option<u32>> = places.collect();
    move |old| places.get(usize::try_from(old).ok()?).copied().flatten()
}

/// One place that a snapshot was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    pub kind: SourceKind,
    /// A URL without credentials, a context, a file name.
    pub detail: String,
}

/// What sort of place a snapshot was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    Kubernetes,
    Prometheus,
    /// `metrics.k8s.io`: one sample, or a recording of many.
    MetricsApi,
    Files,
    Demo,
}

impl SourceKind {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Prometheus => "prometheus",
            Self::MetricsApi => "metrics_api",
            Self::Files => "files",
            Self::Demo => "demo",
        }
    }

    /// Whether usage, rather than objects, comes from here.
    pub fn has_usage(self) -> bool {
        self != Self::Kubernetes
    }
}

/// One item of a LimitRange: what a namespace allows for one type of object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitRange {
    pub namespace: String,
    pub name: String,
    /// `Container` or `Pod`; others are not kept.
    pub applies_to: String,
    pub min: Resources,
    pub max: Resources,
    pub default_request: Resources,
    pub default_limit: Resources,
    /// Largest limit ÷ request, CPU.
    pub max_ratio_cpu: Option<f64>,
    /// Largest limit ÷ request, memory.
    pub max_ratio_memory: Option<f64>,
}

/// What holds for the pods that a ResourceQuota counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaScope {
    /// `Terminating`, `NotBestEffort`, `PriorityClass`, …
    pub name: String,
    /// `Exists`, `DoesNotExist`, `In`, `NotIn`.
    pub operator: String,
    pub values: Vec<String>,
}

/// A ResourceQuota: what a namespace may have in total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quota {
    pub namespace: String,
    pub name: String,
    /// Which pods it counts: those that all of these hold for; all where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<QuotaScope>,
    pub hard_requests: Resources,
    pub hard_limits: Resources,
    pub used_requests: Resources,
    pub used_limits: Resources,
}

/// A PersistentVolumeClaim.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct VolumeClaim {
    pub namespace: String,
    pub name: String,
    pub storage_class: Option<String>,
    pub requested: Bytes,
    /// `Bound`, `Pending`, `Lost`.
    pub phase: String,
    /// Whether one node at a time can mount it (`ReadWriteOnce`, `ReadWriteOncePod`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub single_node: bool,
    /// Whether nobody need be told when it is full: it is only read (`ReadOnlyMany`), or its
    /// label `excluded-from-alerts` says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_full: bool,
    /// The volume that it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<String>,
    /// What was in use at the end of the window, where a metrics store says it.
    #[serde(default)]
    pub used: Option<Bytes>,
    /// What its file system could hold then.
    #[serde(default)]
    pub capacity: Option<Bytes>,
    /// Files that its file system can hold, where that is limited and known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inodes: Option<u64>,
    /// What was in use over time, a few points a day and one an hour at the end, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<VolumeUse>,
}

/// What a volume holds at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeUse {
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Bytes>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inodes_used: Option<u64>,
}

/// A certificate, as a metrics store tells of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Certificate {
    /// `None` for that of a kubelet, which is called after its node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    pub name: String,
    pub expires: Timestamp,
}

/// A StorageClass, as far as it matters for cost.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StorageClass {
    pub name: String,
    /// `ebs.csi.aws.com`.
    pub provisioner: String,
    /// What its parameters say of the disks that it makes: `io2`, `pd-ssd`, `Premium_LRS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disks: Option<String>,
}

/// A Service, as far as it matters for cost.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Service {
    pub namespace: String,
    pub name: String,
    /// `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`.
    pub service_type: String,
    /// Labels of the pods behind it, sorted.
    pub selector: Vec<(String, String)>,
    /// Who makes its load balancer, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_balancer_class: Option<String>,
    /// How many ports it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<u32>,
    /// How many protocols those have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocols: Option<u32>,
}

impl Service {
    /// Whether it has a load balancer of a cloud: one of another class is made by something
    /// that runs in the cluster, as MetalLB or Tailscale, and no cloud bills it.
    pub fn is_balanced_by_cloud(&self) -> bool {
        const CLOUDS: [&str; 4] = ["aws", "gke.io", "cloud.google.com", "azure"];
        let class = self.load_balancer_class.as_deref();
        let of_cloud = class.is_none_or(|it| CLOUDS.iter().any(|cloud| it.contains(cloud)));
        self.service_type == "LoadBalancer" && of_cloud
    }

    /// Whether a pod of this namespace with these labels is behind it.
    pub fn leads_to(&self, namespace: &str, labels: &[(String, String)]) -> bool {
        self.namespace == namespace
            && !self.selector.is_empty()
            && placement::meets(labels, &self.selector, &[])
    }
}

/// A PodDisruptionBudget.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DisruptionBudget {
    pub namespace: String,
    pub name: String,
    pub disruptions_allowed: i32,
    /// Pods that it counts, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// Of them those that are well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy: Option<u32>,
    /// Those that must stay well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<u32>,
    pub selector: Vec<(String, String)>,
    /// What else labels of its pods must be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expressions: Vec<Requirement>,
    /// Whether it has no selector at all, so that it is about no pod.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub selects_nothing: bool,
}

impl DisruptionBudget {
    /// Whether it is about pods of this namespace with these labels.
    pub fn counts(&self, namespace: &str, labels: &[(String, String)]) -> bool {
        !self.selects_nothing
            && self.namespace == namespace
            && placement::meets(labels, &self.selector, &self.expressions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_takes_no_place() {
        let place = places(&[true, false, false, true, true]);
        let all: Vec<Option<u32>> = (0..6).map(place).collect();
        assert_eq!(all, [Some(0), None, None, Some(1), Some(2), None]);
    }
}
