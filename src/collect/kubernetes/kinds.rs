//! Every kind that kcost lists. The list is the whole of what it needs to read.

use std::borrow::Cow;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    Event, LimitRange, Node, PersistentVolume, PersistentVolumeClaim, Pod, ReplicationController,
    ResourceQuota, Service,
};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::storage::v1::{CSINode, StorageClass};
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope, Resource};
use kube::core::DynamicObject;
use serde::de::DeserializeOwned;

use crate::collect::Objects;
use crate::collect::Record;
use crate::collect::misfit;
use crate::collect::objects::{KUEUE, ResourceClaim, ResourceClaimTemplate};

/// A kind of object that is listed.
pub(super) struct Kind {
    /// `pods`, as in paths and RBAC rules.
    pub(super) plural: Cow<'static, str>,
    /// Empty for the core group.
    pub(super) group: Cow<'static, str>,
    pub(super) version: Cow<'static, str>,
    pub(super) namespaced: bool,
    /// Says nothing of use where only some namespaces are read.
    pub(super) of_whole: bool,
    /// Comes with an add-on, and is listed only where the server has its group.
    pub(super) optional: bool,
    /// What of it is asked for, as the parameters of a URL say it; empty for everything.
    pub(super) only: &'static str,
    /// Pages that are read at most, where all of it is never needed.
    pub(super) most_pages: Option<usize>,
    /// Parses one object and keeps what is needed of it.
    pub(super) record: fn(&str, &mut Objects) -> Result<(), String>,
}

/// Longest lists first, so that they do not come last alone.
pub(super) static ALL: [Kind; 21] = [
    Kind::in_namespace::<Pod>(),
    Kind::in_namespace::<ReplicaSet>(),
    Kind::in_namespace::<Deployment>(),
    Kind::in_namespace::<Job>(),
    Kind::in_cluster::<Node>(),
    Kind::in_namespace::<Service>(),
    Kind::in_namespace::<HorizontalPodAutoscaler>(),
    Kind::in_namespace::<PersistentVolumeClaim>(),
    Kind::of_whole::<PersistentVolume>(),
    Kind::in_namespace::<StatefulSet>(),
    Kind::in_namespace::<PodDisruptionBudget>(),
    Kind::in_namespace::<DaemonSet>(),
    Kind::in_namespace::<CronJob>(),
    Kind::in_namespace::<LimitRange>(),
    Kind::in_namespace::<ResourceQuota>(),
    Kind::in_namespace::<ReplicationController>(),
    Kind::of_whole::<CSINode>(),
    Kind::of_whole::<StorageClass>(),
    Kind::warnings(),
    Kind::add_on("autoscaling.k8s.io", "v1", "verticalpodautoscalers"),
    Kind::add_on("keda.sh", "v1alpha1", "scaledobjects"),
];

/// The API group of claims of devices.
pub(super) const DEVICES: &str = "resource.k8s.io";

/// The API group of current usage.
const METRICS: &str = "metrics.k8s.io";

/// Claims of devices, listed where pods have some, in the version that the server prefers.
pub(super) fn devices(version: &str) -> [Kind; 2] {
    [
        Kind::devices::<ResourceClaim>("resourceclaims", version),
        Kind::devices::<ResourceClaimTemplate>("resourceclaimtemplates", version),
    ]
}

/// What Kueue keeps of runs that wait, in the version that the server prefers.
pub(super) fn queues(version: &str) -> Kind {
    Kind::custom(KUEUE, version, "workloads", true)
}

/// One rule of a Role or ClusterRole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    pub group: String,
    pub resource: String,
    pub verb: &'static str,
}

/// Everything that a live snapshot asks for: the least that a role must allow.
pub fn rules() -> Vec<Rule> {
    let mut rules: Vec<Rule> = ALL.iter().map(Kind::rule).collect();
    rules.extend(devices("v1").iter().map(Kind::rule));
    rules.push(queues("v1beta2").rule());
    rules.push(Rule::list(METRICS, "pods"));
    rules.sort();
    rules
}

/// What finding Prometheus and reaching it through the API server takes besides.
///
/// `get` and `create` for port-forwards: the upgrade to a WebSocket is a GET, and
/// servers from 1.35 on ask for `create` too.
pub fn discovery_rules() -> Vec<Rule> {
    let rule = |resource, verb| Rule::new("", resource, verb);
    vec![
        rule("pods", "list"),
        rule("pods/portforward", "create"),
        rule("pods/portforward", "get"),
        rule("services", "list"),
        rule("services/proxy", "get"),
    ]
}

/// What changing sizes and following rollouts takes besides.
pub fn apply_rules() -> Vec<Rule> {
    const WRITTEN: [(&str, &str); 12] = [
        ("apps", "daemonsets"),
        ("apps", "deployments"),
        ("apps", "statefulsets"),
        ("apps.openshift.io", "deploymentconfigs"),
        ("argoproj.io", "rollouts"),
        ("autoscaling", "horizontalpodautoscalers"),
        ("batch", "cronjobs"),
        ("kafka.strimzi.io", "kafkas"),
        ("monitoring.coreos.com", "alertmanagers"),
        ("monitoring.coreos.com", "prometheusagents"),
        ("monitoring.coreos.com", "prometheuses"),
        ("monitoring.coreos.com", "thanosrulers"),
    ];
    let written = WRITTEN.into_iter().flat_map(|(group, resource)| {
        ["get", "patch"].map(|verb| Rule::new(group, resource, verb))
    });
    let followed = [
        ("namespaces", "get"),
        ("pods", "get"),
        ("pods", "list"),
        ("pods/resize", "patch"),
    ];
    let followed = followed.map(|(resource, verb)| Rule::new("", resource, verb));
    written.chain(followed).collect()
}

impl Rule {
    /// Whether a Role can grant it; what no kind of ours says is in a namespace.
    pub fn is_namespaced(&self) -> bool {
        let mut own = ALL.iter().filter(|kind| kind.is_of(self));
        own.all(|kind| kind.namespaced)
    }

    /// Whether it is of use only where all namespaces are read: what ties pods to nodes.
    pub fn is_of_whole(&self) -> bool {
        let mut own = ALL.iter().filter(|kind| kind.is_of(self));
        own.any(|kind| kind.of_whole)
    }

    /// Whether it is about kinds that not every cluster has.
    pub(in crate::collect) fn is_add_on(&self) -> bool {
        let mut own = ALL.iter().filter(|kind| kind.is_of(self));
        own.any(|kind| kind.optional) || matches!(&*self.group, DEVICES | KUEUE | METRICS)
    }

    pub(in crate::collect) fn list(group: &str, resource: &str) -> Self {
        Self::new(group, resource, "list")
    }

    /// Reading single objects by their names.
    pub fn get(group: &str, resource: &str) -> Self {
        Self::new(group, resource, "get")
    }

    /// Making objects that are not there yet.
    pub fn create(group: &str, resource: &str) -> Self {
        Self::new(group, resource, "create")
    }

    fn new(group: &str, resource: &str, verb: &'static str) -> Self {
        Self {
            group: group.to_owned(),
            resource: resource.to_owned(),
            verb,
        }
    }
}

/// As one item of `rules:` in YAML, which is also JSON.
impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            r#"{{"apiGroups": ["{}"], "resources": ["{}"], "verbs": ["{}"]}}"#,
            self.group, self.resource, self.verb
        )
    }
}

impl Kind {
    const fn in_namespace<T>() -> Self
    where
        T: Record + DeserializeOwned + Resource<Scope = NamespaceResourceScope>,
    {
        Self::new::<T>(true, false)
    }

    const fn in_cluster<T>() -> Self
    where
        T: Record + DeserializeOwned + Resource<Scope = ClusterResourceScope>,
    {
        Self::new::<T>(false, false)
    }

    const fn of_whole<T>() -> Self
    where
        T: Record + DeserializeOwned + Resource<Scope = ClusterResourceScope>,
    {
        Self::new::<T>(false, true)
    }

    const fn new<T: Record + DeserializeOwned + Resource>(
        namespaced: bool,
        of_whole: bool,
    ) -> Self {
        Self {
            plural: Cow::Borrowed(T::URL_PATH_SEGMENT),
            group: Cow::Borrowed(T::GROUP),
            version: Cow::Borrowed(T::VERSION),
            namespaced,
            of_whole,
            optional: false,
            only: "",
            most_pages: None,
            record: record::<T>,
        }
    }

    /// Events that are warnings. A cluster in trouble has many, of which a part tells enough.
    const fn warnings() -> Self {
        let mut kind = Self::in_namespace::<Event>();
        kind.only = "fieldSelector=type%3DWarning";
        kind.most_pages = Some(10);
        kind
    }

    const fn add_on(group: &'static str, version: &'static str, plural: &'static str) -> Self {
        Self {
            plural: Cow::Borrowed(plural),
            group: Cow::Borrowed(group),
            version: Cow::Borrowed(version),
            namespaced: true,
            of_whole: false,
            optional: true,
            only: "",
            most_pages: None,
            record: record::<DynamicObject>,
        }
    }

    fn devices<T: Record + DeserializeOwned>(plural: &'static str, version: &str) -> Self {
        Self {
            plural: Cow::Borrowed(plural),
            group: Cow::Borrowed(DEVICES),
            version: Cow::Owned(version.to_owned()),
            namespaced: true,
            of_whole: false,
            optional: true,
            only: "",
            most_pages: None,
            record: record::<T>,
        }
    }

    /// A kind that only discovery knows.
    pub(super) fn custom(group: &str, version: &str, plural: &str, namespaced: bool) -> Self {
        Self {
            plural: Cow::Owned(plural.to_owned()),
            group: Cow::Owned(group.to_owned()),
            version: Cow::Owned(version.to_owned()),
            namespaced,
            of_whole: false,
            optional: true,
            only: "",
            most_pages: None,
            record: record::<DynamicObject>,
        }
    }

    pub(super) fn rule(&self) -> Rule {
        Rule::list(&self.group, &self.plural)
    }

    fn is_of(&self, rule: &Rule) -> bool {
        self.group == rule.group && self.plural == rule.resource
    }

    /// The path of a list: of one namespace, or of all.
    pub(super) fn path(&self, namespace: Option<&str>) -> String {
        list_path(&self.group, &self.version, &self.plural, namespace)
    }

    pub(super) fn is_services(&self) -> bool {
        self.plural == "services" && self.group.is_empty()
    }

    pub(super) fn is_events(&self) -> bool {
        self.plural == "events"
    }

    /// Without pods there is nothing to analyze.
    pub(super) fn is_pods(&self) -> bool {
        self.plural == "pods"
    }
}

/// The path of a list of any kind.
pub(crate) fn list_path(
    group: &str,
    version: &str,
    plural: &str,
    namespace: Option<&str>,
) -> String {
    let root = if group.is_empty() {
        format!("/api/{version}")
    } else {
        format!("/apis/{group}/{version}")
    };
    match namespace {
        Some(namespace) => format!("{root}/namespaces/{namespace}/{plural}"),
        None => format!("{root}/{plural}"),
    }
}

fn record<T: Record + DeserializeOwned>(json: &str, objects: &mut Objects) -> Result<(), String> {
    misfit::json::<T>(json.as_bytes())?.record(objects);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        let path = |group, plural| list_path(group, "v1", plural, Some("shop"));
        assert_eq!(path("", "pods"), "/api/v1/namespaces/shop/pods");
        assert_eq!(
            path("apps", "deployments"),
            "/apis/apps/v1/namespaces/shop/deployments"
        );
        assert_eq!(ALL[0].path(None), "/api/v1/pods");
    }

    #[test]
    fn a_rule_can_be_pasted_into_a_role() {
        let text = Rule::list("apps", "deployments").to_string();
        assert_eq!(
            text,
            r#"{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]}"#
        );
    }
}
