use std::collections::HashMap;

use crate::collect::names;
use crate::collect::objects::{Controller, Key, Meta, Owner, PodRecord};
use crate::snapshot;

/// Longest chain of owners that is followed; a circle ends there.
const LONGEST: usize = 16;

/// Who controls whom.
pub(super) struct Chain<'a> {
    controllers: Vec<&'a Controller>,
    by_key: HashMap<Key, &'a Controller>,
    /// Pods that own something, which may be any.
    pods: HashMap<Key, &'a PodRecord>,
}

/// The last owner of a chain, known as an object or only by reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Top {
    pub(super) key: Key,
    pub(super) api_version: String,
}

/// The way from a pod or controller up to its top.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) top: Top,
    /// The highest controller below the top, or below the first pod on the way.
    pub(super) maker: Option<Key>,
    /// Whether a pod is on the way.
    pub(super) through_pod: bool,
}

impl<'a> Chain<'a> {
    pub(super) fn new(controllers: &'a [Controller], pods: &'a [PodRecord]) -> Self {
        Self {
            controllers: controllers.iter().collect(),
            by_key: controllers.iter().map(|c| (c.key(), c)).collect(),
            pods: pods.iter().map(|pod| (pod_key(&pod.meta), pod)).collect(),
        }
    }

    /// The way of each controller, in their order.
    pub(super) fn controllers(&self) -> Vec<Way> {
        let ways = self.controllers.iter();
        ways.map(|c| self.from(c.key(), &c.api_version, &c.meta.labels))
            .collect()
    }

    /// The top from what a scaling object targets on.
    pub(super) fn top_of(&self, key: Key) -> Key {
        self.from(key, "", &[]).top.key
    }

    /// The way of a pod; it is its own top where it has no owner.
    pub(super) fn pod(&self, pod: &PodRecord) -> Way {
        let meta = &pod.meta;
        let owner = meta.controller.as_ref().or(meta.other_owner.as_ref());
        let on_node = owner.is_some_and(|owner| owner.kind == "Node");
        if pod.mirror || on_node {
            let key = Key::new(&meta.namespace, "v1", "StaticPod", static_name(pod));
            return Way::alone(key, "v1");
        }
        let Some(owner) = owner else {
            return match label(&meta.labels, GROUP) {
                Some(group) => {
                    let key = Key::new(&meta.namespace, QUEUED, "Workload", group);
                    self.from(key, QUEUED, &meta.labels)
                }
                None => Way::alone(pod_key(meta), "v1"),
            };
        };
        let (key, api_version) = self.known_or_inferred(owner, meta);
        self.from(key, &api_version, &meta.labels)
    }

    /// What refers to this owner, where that is known, else what made the owner.
    fn known_or_inferred(&self, owner: &Owner, meta: &Meta) -> (Key, String) {
        let key = owner.key(&meta.namespace);
        if self.by_key.contains_key(&key) {
            return (key, owner.api_version.clone());
        }
        match made_by(&key, meta) {
            Some((api_version, kind, name)) => {
                let key = Key::new(&key.namespace, api_version, kind, &name);
                (key, api_version.to_owned())
            }
            None => (key, owner.api_version.clone()),
        }
    }

    /// The way up from here, where what is below has these labels.
    fn from<'b>(&'b self, start: Key, api_version: &str, labels: &'b Labels) -> Way {
        let (mut way, mut labels) = (Way::alone(start, api_version), labels);
        // The controller that was passed last, below the first pod.
        let mut maker = None;
        for _ in 0..LONGEST {
            let key = &way.top.key;
            let (meta, controller) = match (self.by_key.get(key), self.pods.get(key)) {
                (Some(controller), _) => {
                    way.top.api_version.clone_from(&controller.api_version);
                    (&controller.meta, true)
                }
                (None, Some(pod)) if key.is_pod() => (&pod.meta, false),
                _ => match made_in_the_name_of(key, labels).or_else(|| self.above_unknown(key)) {
                    Some((above, api_version)) => {
                        if key.is_pod() {
                            way.through_pod = true;
                        } else if !way.through_pod {
                            maker = Some(key.clone());
                        }
                        way.top.key = above;
                        api_version.clone_into(&mut way.top.api_version);
                        continue;
                    }
                    None => break,
                },
            };
            labels = &meta.labels;
            let Some(owner) = &meta.controller else {
                break;
            };
            if owner.kind == "Node" {
                break;
            }
            if controller && !way.through_pod {
                maker = Some(key.clone());
            }
            way.through_pod |= !controller;
            way.top.key = owner.key(&meta.namespace);
            way.top.api_version.clone_from(&owner.api_version);
        }
        way.maker = maker;
        way.through_pod |= way.top.key.is_pod();
        way
    }

    /// What is above an owner that is not there, as its name tells: the StatefulSet
    /// of a pod, and what runs a workflow or an application on a schedule.
    fn above_unknown(&self, key: &Key) -> Option<(Key, &'static str)> {
        let above = |api_version: &'static str, kind: &str, name: &str| {
            let key = Key::new(&key.namespace, api_version, kind, name);
            (key, api_version)
        };
        let (base, end) = key.name.rsplit_once('-')?;
        let numbers = !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit());
        match (key.group.as_str(), key.kind.as_str()) {
            ("", "Pod") if numbers => {
                let set = above("apps/v1", "StatefulSet", base);
                self.by_key.contains_key(&set.0).then_some(set)
            }
            // Seconds since 1970.
            ("argoproj.io", "Workflow") if numbers && end.len() == 10 => {
                Some(above("argoproj.io/v1alpha1", "CronWorkflow", base))
            }
            // Nanoseconds since 1970.
            ("sparkoperator.k8s.io", "SparkApplication") if numbers && end.len() == 19 => {
                let kind = "ScheduledSparkApplication";
                Some(above("sparkoperator.k8s.io/v1beta2", kind, base))
            }
            _ => None,
        }
    }
}

impl Way {
    fn alone(key: Key, api_version: &str) -> Self {
        Self {
            top: Top {
                key,
                api_version: api_version.to_owned(),
            },
            maker: None,
            through_pod: false,
        }
    }
}

fn pod_key(meta: &Meta) -> Key {
    Key::new(&meta.namespace, "v1", "Pod", &meta.name)
}

/// Labels of an object.
type Labels = [(String, String)];

/// The label of pods that Kueue lets run together, and what it keeps of them: an object of
/// the name of the group. Source: Kueue, `constants/pod.go`.
const GROUP: &str = "kueue.x-k8s.io/pod-group-name";
const QUEUED: &str = "kueue.x-k8s.io/v1beta2";

fn label<'a>(labels: &'a Labels, key: &str) -> Option<&'a str> {
    snapshot::label(labels, key).filter(|it| !it.is_empty())
}

/// What a cluster of Ray, a set of Jobs, a revision of Knative or a built-in controller that
/// was not read was made for, by the labels of what is below it.
///
/// Sources: `KubeRay`, `utils/constant.go`; Kubeflow Trainer, its training runtimes, whose
/// sets are called as the `TrainJob` is; Knative Serving, `serving/register.go`; `KServe`,
/// `constants.go`; `LeaderWorkerSet`, `leaderworkerset_types.go`.
fn made_in_the_name_of(key: &Key, labels: &Labels) -> Option<(Key, &'static str)> {
    const RAY: &str = "ray.io/v1";
    const KNATIVE: &str = "serving.knative.dev/v1";
    const KSERVE: &str = "serving.kserve.io/v1beta1";
    const GROUPS: &str = "leaderworkerset.x-k8s.io/v1";
    const TRAINER: &str = "trainer.kubeflow.org/v1alpha1";
    let above = |api_version: &'static str, kind: &str, name: &str| {
        let key = Key::new(&key.namespace, api_version, kind, name);
        (key, api_version)
    };
    match (key.group.as_str(), key.kind.as_str()) {
        ("ray.io", "RayCluster") => {
            let kind = label(labels, "ray.io/originated-from-crd")?;
            let name = label(labels, "ray.io/originated-from-cr-name")?;
            matches!(kind, "RayJob" | "RayService").then(|| above(RAY, kind, name))
        }
        ("serving.knative.dev", kind) => {
            if let Some(served) = label(labels, "serving.kserve.io/inferenceservice") {
                return Some(above(KSERVE, "InferenceService", served));
            }
            let service = label(labels, "serving.knative.dev/service");
            let service = service.filter(|_| kind != "Service");
            let configuration = label(labels, "serving.knative.dev/configuration");
            let configuration = configuration.filter(|_| kind == "Revision");
            let service = service.map(|name| above(KNATIVE, "Service", name));
            service.or_else(|| Some(above(KNATIVE, "Configuration", configuration?)))
        }
        ("apps", "StatefulSet") => {
            let set = label(labels, "leaderworkerset.sigs.k8s.io/name")?;
            Some(above(GROUPS, "LeaderWorkerSet", set))
        }
        ("apps", "Deployment" | "ReplicaSet") => {
            let served = label(labels, "serving.kserve.io/inferenceservice")?;
            Some(above(KSERVE, "InferenceService", served))
        }
        ("jobset.x-k8s.io", "JobSet") => {
            label(labels, "trainer.kubeflow.org/trainjob-ancestor-step")?;
            Some(above(TRAINER, "TrainJob", &key.name))
        }
        _ => None,
    }
}

/// The controller of a ReplicaSet, Job or ReplicationController that is known
/// only by reference.
///
/// A Deployment labels its pods with the hash that ends the ReplicaSet's name, a
/// DeploymentConfig with its own name; a CronJob ends the names of its Jobs with
/// minutes since 1970.
fn made_by(key: &Key, meta: &Meta) -> Option<(&'static str, &'static str, String)> {
    let label = |key: &str| {
        let mut labels = meta.labels.iter();
        labels
            .find(|(k, _)| k == key)
            .map(|(_, value)| value.as_str())
    };
    match (key.group.as_str(), key.kind.as_str()) {
        ("apps", "ReplicaSet") => {
            let hash = label("pod-template-hash")?;
            let name = key.name.strip_suffix(hash)?.strip_suffix('-')?;
            Some(("apps/v1", "Deployment", name.to_owned()))
        }
        ("batch", "Job") => {
            let name = names::cron_job_of(&key.name)?;
            Some(("batch/v1", "CronJob", name.to_owned()))
        }
        ("", "ReplicationController") => {
            let name = label("deploymentconfig").filter(|name| key.name.starts_with(name))?;
            Some(("apps.openshift.io/v1", "DeploymentConfig", name.to_owned()))
        }
        _ => None,
    }
}

/// The name of a static pod without the node that the kubelet appends, so that
/// the same pod of several nodes is one workload.
fn static_name(pod: &PodRecord) -> &str {
    let name = pod.meta.name.as_str();
    let without = pod
        .node
        .as_deref()
        .and_then(|node| name.strip_suffix(node)?.strip_suffix('-'));
    without.unwrap_or(name)
}
