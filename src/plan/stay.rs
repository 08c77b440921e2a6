//! Why a node stays, and what would free it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::snapshot::{Node, Sold, Workload, label};
use crate::text::count;
use crate::units::{Bytes, Cpu};

use super::PodRef;

/// Labels of machines that run Kubernetes itself.
const CONTROL_PLANE: [&str; 2] = [
    "node-role.kubernetes.io/control-plane",
    "node-role.kubernetes.io/master",
];
/// Annotations of nodes that keep autoscalers off, with `true`.
const LEAVE: [&str; 3] = [
    "cluster-autoscaler.kubernetes.io/scale-down-disabled",
    "karpenter.sh/do-not-disrupt",
    "karpenter.sh/do-not-consolidate",
];

/// May also hold how long a node or a pod is left alone after it was made.
pub(super) const FOR_A_TIME: &str = "karpenter.sh/do-not-disrupt";

/// Whether what was made then is younger than a span as `1h30m` that its annotation holds.
pub(super) fn is_young(created: Option<Timestamp>, span: &str, now: Timestamp) -> bool {
    let Ok(span) = span.parse::<SignedDuration>() else {
        return false;
    };
    let end = |created: Timestamp| created.checked_add(span).unwrap_or(Timestamp::MAX);
    created.is_none_or(|created| now < end(created))
}

/// Why a node is not drained.
#[derive(Debug, Clone, PartialEq)]
pub enum Stay {
    /// Whatever is on it.
    Kept(Kept),
    /// Cluster Autoscaler leaves it, as at least half of it is requested: the share.
    TooFull(f64),
    /// Its pool is not to have fewer nodes.
    PoolMinimum(usize),
    /// By pods that stay with it. Never empty.
    Pods(Vec<(PodRef, Fixed)>),
    /// A pod would find no other place.
    NoPlace(PodRef, NoPlace),
    /// Its pods together would use more memory beside others than is promised.
    JointUse(PodRef),
}

/// Why a node stays whatever is on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    ControlPlane,
    /// What is on it is not known for sure.
    NotReady,
    /// Key and value.
    Annotation(String, String),
    /// Its pods are paid for one by one: what the provider calls that.
    Sold(&'static str),
    /// Runs wait in a queue for devices as it has: the resource and the queue.
    Wanted(String, String),
}

/// Why a pod cannot be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fixed {
    /// Key and value.
    Annotation(String, String),
    /// The name of a budget that lets no pod go.
    Budget(String),
    TwoBudgets,
    /// Nothing would start it anew.
    Bare,
    /// Cluster Autoscaler leaves it, as it keeps files on its node.
    LocalStorage,
    /// Cluster Autoscaler leaves it: it is of `kube-system`, and no budget counts it.
    SystemPod,
    /// The claim.
    SharedVolume(String),
    UnknownVolume(String),
    /// It claims devices, and where others are free is not known.
    Devices,
    /// It must be beside pods of namespaces that are not known.
    Namespaces,
}

/// Why no other node takes a pod: how many of them do not, by the first reason.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NoPlace {
    /// By selectors, affinity, taints or volumes.
    pub off: usize,
    /// By devices that are not like those that it has.
    pub devices: usize,
    pub room: usize,
    pub ports: usize,
    /// By pods that it must not be beside.
    pub apart: usize,
    /// By pods that it must be beside.
    pub beside: usize,
    pub spread: usize,
    /// Nodes that are drained and could.
    pub drained: usize,
    /// What the nearest of those without room lacks: the resource, and how much.
    pub lacks: Option<(String, f64)>,
}

/// Resources beside CPU and memory that runs wait for in queues, which have no pods yet, and
/// the queue of each.
pub(super) struct Wanted<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Wanted<'a> {
    pub(super) fn of(workloads: &'a [Workload]) -> Self {
        let mut wanted = BTreeMap::new();
        for workload in workloads {
            let Some(queued) = workload.queued.as_ref().filter(|it| it.pods > 0) else {
                continue;
            };
            let containers = workload.containers.iter();
            let asked = containers
                .flat_map(|it| it.requests.extended.keys().chain(it.limits.extended.keys()));
            for resource in asked {
                wanted
                    .entry(resource.as_str())
                    .or_insert(queued.queue.as_str());
            }
        }
        Self(wanted)
    }
}

impl Kept {
    pub(super) fn of(node: &Node, wanted: &Wanted<'_>, now: Timestamp) -> Option<Self> {
        if let Some(sold) = Sold::on(Some(node), &node.name) {
            return Some(Self::Sold(sold.name()));
        }
        if CONTROL_PLANE
            .iter()
            .any(|key| label(&node.labels, key).is_some())
        {
            return Some(Self::ControlPlane);
        }
        let told = node.annotations.iter();
        let mut told = told.filter(|(key, value)| {
            let young = || key == FOR_A_TIME && is_young(node.created, value, now);
            LEAVE.contains(&key.as_str()) && (value == "true" || young())
        });
        let told = told.next();
        let told = told.map(|(key, value)| Self::Annotation(key.clone(), value.clone()));
        let told = told.or((!node.ready).then_some(Self::NotReady));
        told.or_else(|| {
            let mut wanted = wanted.0.iter();
            let (resource, queue) = wanted.find(|(resource, _)| {
                let has = node.allocatable.extended.get(**resource);
                has.is_some_and(|it| *it > 0.0)
            })?;
            Some(Self::Wanted((*resource).to_owned(), (*queue).to_owned()))
        })
    }

    fn text(&self) -> String {
        match self {
            Self::ControlPlane => "runs Kubernetes itself".to_owned(),
            Self::NotReady => "is not ready".to_owned(),
            Self::Annotation(key, value) => format!("has the annotation `{key}: {value}`"),
            Self::Wanted(resource, queue) => {
                format!("has `{resource}`, which runs in the queue {queue} wait for")
            }
            Self::Sold(name) => format!("{name}: its pods are paid for one by one"),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::ControlPlane => None,
            Self::NotReady => Some("see why it is not ready, or delete it".to_owned()),
            Self::Annotation(_, value) if value != "true" => {
                Some("remove the annotation, or wait until it ends".to_owned())
            }
            Self::Annotation(..) => Some("remove the annotation".to_owned()),
            Self::Wanted(..) => Some("see why they do not run yet".to_owned()),
            Self::Sold(_) => Some("smaller requests of its pods leave the bill at once".to_owned()),
        }
    }
}

impl Fixed {
    /// What is told after the name of a pod.
    pub fn text(&self) -> String {
        match self {
            Self::Annotation(key, value) => format!("has the annotation `{key}: {value}`"),
            Self::Budget(name) => format!("may not be evicted: budget `{name}` lets no pod go"),
            Self::TwoBudgets => "is counted by two budgets, so it cannot be evicted".to_owned(),
            Self::Bare => "has no controller that would start it anew".to_owned(),
            Self::LocalStorage => {
                "keeps files on its node, so Cluster Autoscaler leaves it".to_owned()
            }
            Self::SystemPod => {
                "is of kube-system and no budget counts it, so Cluster Autoscaler leaves it"
                    .to_owned()
            }
            Self::SharedVolume(claim) => {
                format!("shares volume `{claim}`, which one node alone can mount")
            }
            Self::UnknownVolume(claim) => {
                format!("has volume `{claim}`, and where that can be used is not known")
            }
            Self::Devices => "claims devices, and where others are free is not known".to_owned(),
            Self::Namespaces => {
                "must be beside pods of namespaces that are chosen by labels".to_owned()
            }
        }
    }

    /// What would let it be moved.
    pub fn remedy(&self) -> String {
        match self {
            Self::Annotation(..) => "remove the annotation, or wait until it ends".to_owned(),
            Self::Budget(name) => {
                format!("let budget `{name}` allow one: another replica, or a smaller minimum")
            }
            Self::TwoBudgets => "leave one of the budgets".to_owned(),
            Self::Bare => "run it by a Deployment or a Job".to_owned(),
            Self::LocalStorage => {
                "annotate its pods with `cluster-autoscaler.kubernetes.io/safe-to-evict: true`"
                    .to_owned()
            }
            Self::SystemPod => "give it a budget that lets one pod go".to_owned(),
            Self::SharedVolume(_) => "move all pods of the volume by hand".to_owned(),
            Self::UnknownVolume(_) => {
                "let kcost list `persistentvolumes`, or give it zones of nodes".to_owned()
            }
            Self::Devices | Self::Namespaces => "move it by hand".to_owned(),
        }
    }

    /// As in machine output.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Annotation(..) => "annotation",
            Self::Budget(_) => "budget",
            Self::TwoBudgets => "two_budgets",
            Self::Bare => "no_controller",
            Self::LocalStorage => "local_storage",
            Self::SystemPod => "system_pod",
            Self::SharedVolume(_) => "shared_volume",
            Self::UnknownVolume(_) => "unknown_volume",
            Self::Devices => "claimed_devices",
            Self::Namespaces => "unknown_namespaces",
        }
    }
}

impl NoPlace {
    /// The reason that is nearest to being mended: what most of the rules allow.
    fn main(&self) -> &'static str {
        // Where other nodes have the room, more of it is not what is missing.
        if self.room > 0 && self.beside == 0 {
            "room"
        } else if self.spread > 0 {
            "spread"
        } else if self.apart > 0 {
            "anti_affinity"
        } else if self.beside > 0 {
            "affinity"
        } else if self.ports > 0 {
            "host_port"
        } else if self.drained > 0 {
            "last_node"
        } else if self.devices > 0 {
            "devices"
        } else {
            "placement"
        }
    }

    /// Whether it has places, all of which are drained.
    pub(super) fn is_last(&self) -> bool {
        self.main() == "last_node"
    }

    fn lack(&self) -> Option<String> {
        let (resource, amount) = self.lacks.as_ref()?;
        Some(match resource.as_str() {
            "cpu" => format!(
                "{} of CPU",
                Cpu::cores((amount * 1000.0 - 1e-6).ceil() / 1000.0)
            ),
            "memory" => format!("{} of memory", Bytes::from_f64(amount.ceil()).human()),
            "pods" => "a place for one more pod".to_owned(),
            other if other == "ephemeral-storage" || other.starts_with("hugepages-") => {
                format!("{} of {other}", Bytes::from_f64(amount.ceil()).human())
            }
            other => format!("{} {other}", (amount * 1000.0 - 1e-6).ceil() / 1000.0),
        })
    }

    fn text(&self) -> String {
        let nodes = |number: usize| count(number, "node");
        match self.main() {
            "room" => match self.lack() {
                Some(lack) => format!("finds no room: the nearest other node lacks {lack}"),
                None => "finds no room on another node".to_owned(),
            },
            "spread" => format!("would break its topology spread on {}", nodes(self.spread)),
            "anti_affinity" => format!(
                "must not be beside what is on {}, by anti-affinity",
                nodes(self.apart)
            ),
            "affinity" => "must be beside pods that are on no other node with room".to_owned(),
            "host_port" => format!("wants a host port that is taken on {}", nodes(self.ports)),
            "last_node" => "needs this node, as the others that may take it are drained".to_owned(),
            "devices" => format!(
                "has devices, and those of {} are not known to be of the same product, shared alike",
                nodes(self.devices)
            ),
            _ => "may run on no other node, by its selectors, tolerations or volumes".to_owned(),
        }
    }

    fn remedy(&self) -> String {
        match self.main() {
            "room" => match self.lack() {
                Some(lack) => format!("{lack} more on a node that may take it"),
                None => "room on another node".to_owned(),
            },
            "spread" => "a larger `maxSkew`, or nodes in more domains".to_owned(),
            "anti_affinity" => "fewer replicas, or anti-affinity that is preferred".to_owned(),
            "affinity" => "move it together with the pods beside it".to_owned(),
            "host_port" => "a Service instead of a host port".to_owned(),
            "last_node" => "keep another node instead".to_owned(),
            "devices" => {
                "another node with the same devices, or move it by hand where others do".to_owned()
            }
            _ => "another node with the same labels, or rules that allow more".to_owned(),
        }
    }
}

impl Stay {
    /// The pods that it is about.
    pub fn pods(&self) -> Vec<PodRef> {
        match self {
            Self::Kept(_) | Self::TooFull(_) | Self::PoolMinimum(_) => Vec::new(),
            Self::Pods(pods) => pods.iter().map(|(pod, _)| *pod).collect(),
            Self::NoPlace(pod, _) | Self::JointUse(pod) => vec![*pod],
        }
    }

    /// As in machine output.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Kept(Kept::ControlPlane) => "control_plane",
            Self::Kept(Kept::NotReady) => "not_ready",
            Self::Kept(Kept::Annotation(..)) => "annotation",
            Self::Kept(Kept::Sold(_)) => "billed_by_pod",
            Self::Kept(Kept::Wanted(..)) => "waited_for",
            Self::TooFull(_) => "half_requested",
            Self::PoolMinimum(_) => "pool_minimum",
            Self::Pods(pods) => pods.first().map_or("pods", |(_, fixed)| fixed.code()),
            Self::NoPlace(_, place) => place.main(),
            Self::JointUse(_) => "joint_use",
        }
    }

    /// What is told of the node, with the pod that decides called by `name`.
    pub fn text(&self, name: impl Fn(PodRef) -> String) -> String {
        match self {
            Self::Kept(kept) => kept.text(),
            Self::TooFull(share) => format!(
                "{:.0} % of it is requested, and Cluster Autoscaler looks only at nodes below 50 %",
                share * 100.0
            ),
            Self::PoolMinimum(least) => {
                format!("its pool keeps {}", count(*least, "node"))
            }
            Self::Pods(pods) => {
                let Some((pod, fixed)) = pods.first() else {
                    return String::new();
                };
                let more = match pods.len() {
                    1 => String::new(),
                    number => format!(", and {} more stay", count(number - 1, "pod")),
                };
                format!("{} {}{more}", name(*pod), fixed.text())
            }
            Self::NoPlace(pod, place) => format!("{} {}", name(*pod), place.text()),
            Self::JointUse(pod) => format!(
                "{} would use more memory with pods of another node than is promised",
                name(*pod)
            ),
        }
    }

    /// What would free the node; `None` where nothing should.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Kept(kept) => kept.remedy(),
            Self::TooFull(_) => {
                Some("drain it by hand, or raise `--scale-down-utilization-threshold`".to_owned())
            }
            Self::PoolMinimum(_) => Some("a smaller minimum size of the pool".to_owned()),
            Self::Pods(pods) => pods.first().map(|(_, fixed)| fixed.remedy()),
            Self::NoPlace(_, place) => Some(place.remedy()),
            Self::JointUse(_) => Some("larger memory requests, or a larger node".to_owned()),
        }
    }
}
