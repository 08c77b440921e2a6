use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Accelerator, Condition, Labels, Resources, Spell, label};

/// A node: what it has, and what it is sold as.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Node {
    pub name: String,
    /// `node.kubernetes.io/instance-type`.
    pub instance_type: Option<String>,
    /// `topology.kubernetes.io/region`.
    pub region: Option<String>,
    /// `topology.kubernetes.io/zone`.
    pub zone: Option<String>,
    pub capacity_type: CapacityType,
    /// The node pool or group, from the label of the cloud or provisioner that set one.
    pub pool: Option<String>,
    /// The cloud, from the scheme of `spec.providerID`: `aws`, `gce`, `azure`.
    pub provider: Option<String>,
    /// `kubernetes.io/arch`.
    pub architecture: Option<String>,
    /// What its accelerators are sold as: `nvidia.com/gpu.product`, or what another vendor,
    /// cloud or provisioner calls them.
    pub gpu_product: Option<String>,
    /// What it says of them besides.
    #[serde(default, skip_serializing_if = "Accelerator::is_empty")]
    pub accelerator: Accelerator,
    /// What pods may use. Includes `pods`.
    pub allocatable: Resources,
    /// What the machine has.
    pub capacity: Resources,
    pub ready: bool,
    /// Cordoned.
    pub unschedulable: bool,
    /// When it was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// `key=value:effect`, sorted.
    pub taints: Vec<String>,
    /// Its labels, sorted, as far as pods or volumes name them, and those that say what it
    /// is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Labels,
    /// Annotations by which autoscalers are told to leave it, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotations: Labels,
    /// Labels and annotations that say what it costs, sorted: a plain number under a key that
    /// speaks of a price or a cost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prices: Labels,
    /// Volumes that each driver can attach to it, where there is a limit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub volume_limits: BTreeMap<String, u32>,
    /// What it says of itself, such as `MemoryPressure`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// When it was under pressure or not ready within the window, oldest first; `None`
    /// where no metrics store tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spells: Option<Vec<Spell>>,
}

impl Node {
    /// The label that says what runs on it.
    pub const SYSTEM: &str = "kubernetes.io/os";

    /// `linux` or `windows`, where its labels say so.
    pub fn system(&self) -> Option<&str> {
        label(&self.labels, Self::SYSTEM)
    }

    pub fn is_windows(&self) -> bool {
        self.system() == Some("windows")
    }

    /// How many cards so many of what its plugin calls devices are: less than one each where
    /// pods share it by time, or where all are cut into slices alike.
    pub fn cards(&self, devices: f64) -> f64 {
        let shared = f64::from(self.accelerator.replicas.unwrap_or(1).max(1));
        devices * self.accelerator.part_of_card() / shared
    }
}

/// Labels that say of what type a machine is.
pub const TYPE_LABELS: [&str; 2] = [
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type",
];

/// Labels that say how a node is bought, with the values that mean spot.
pub const SPOT_LABELS: [(&str, &[&str]); 7] = [
    ("karpenter.sh/capacity-type", &["spot"]),
    ("eks.amazonaws.com/capacityType", &["SPOT"]),
    ("cloud.google.com/gke-spot", &["true"]),
    ("cloud.google.com/gke-preemptible", &["true"]),
    (
        "cloud.google.com/gke-provisioning",
        &["spot", "preemptible"],
    ),
    ("kubernetes.azure.com/scalesetpriority", &["spot"]),
    ("node.kubernetes.io/lifecycle", &["spot", "Ec2Spot"]),
];

/// How a node is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapacityType {
    #[default]
    Unknown,
    OnDemand,
    Spot,
}

impl CapacityType {
    /// As in `snapshot.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::OnDemand => "on_demand",
            Self::Spot => "spot",
        }
    }
}
