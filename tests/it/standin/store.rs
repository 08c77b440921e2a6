//! The objects of a stand-in: tables of JSON texts, served in pages.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::generate;
use super::recorded;

/// All objects, by API version and plural.
#[derive(Default, Clone)]
pub struct Store {
    tables: BTreeMap<(String, String), Table>,
}

/// The objects of one kind, sorted by namespace and name.
#[derive(Clone)]
pub struct Table {
    pub kind: String,
    pub api_version: String,
    pub plural: String,
    pub namespaced: bool,
    pub items: Vec<Item>,
}

#[derive(Clone)]
pub struct Item {
    pub namespace: String,
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub json: String,
}

/// What is listed even where there is none of it.
const KINDS: &[(&str, &str, &str, bool)] = &[
    ("v1", "pods", "Pod", true),
    ("v1", "nodes", "Node", false),
    ("v1", "namespaces", "Namespace", false),
    ("v1", "services", "Service", true),
    ("v1", "events", "Event", true),
    ("v1", "limitranges", "LimitRange", true),
    ("v1", "resourcequotas", "ResourceQuota", true),
    (
        "v1",
        "persistentvolumeclaims",
        "PersistentVolumeClaim",
        true,
    ),
    (
        "v1",
        "replicationcontrollers",
        "ReplicationController",
        true,
    ),
    ("v1", "persistentvolumes", "PersistentVolume", false),
    ("storage.k8s.io/v1", "csinodes", "CSINode", false),
    ("storage.k8s.io/v1", "storageclasses", "StorageClass", false),
    ("apps/v1", "deployments", "Deployment", true),
    ("apps/v1", "replicasets", "ReplicaSet", true),
    ("apps/v1", "statefulsets", "StatefulSet", true),
    ("apps/v1", "daemonsets", "DaemonSet", true),
    ("batch/v1", "jobs", "Job", true),
    ("batch/v1", "cronjobs", "CronJob", true),
    (
        "autoscaling/v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        true,
    ),
    (
        "policy/v1",
        "poddisruptionbudgets",
        "PodDisruptionBudget",
        true,
    ),
    ("metrics.k8s.io/v1beta1", "pods", "PodMetrics", true),
];

/// What not every server has.
const ADD_ONS: &[(&str, &str, &str)] = &[
    (
        "autoscaling.k8s.io/v1",
        "verticalpodautoscalers",
        "VerticalPodAutoscaler",
    ),
    ("keda.sh/v1alpha1", "scaledobjects", "ScaledObject"),
    ("kueue.x-k8s.io/v1beta2", "workloads", "Workload"),
    ("resource.k8s.io/v1", "resourceclaims", "ResourceClaim"),
    (
        "resource.k8s.io/v1",
        "resourceclaimtemplates",
        "ResourceClaimTemplate",
    ),
];

/// Which recording holds which list.
const RECORDED: &[(&str, &str, &str)] = &[
    ("nodes", "v1", "nodes"),
    ("pods-team-00", "v1", "pods"),
    ("pods-extras", "v1", "pods"),
    ("limitranges", "v1", "limitranges"),
    ("resourcequotas", "v1", "resourcequotas"),
    ("replicasets-team-00", "apps/v1", "replicasets"),
    ("deployments-limit40", "apps/v1", "deployments"),
    ("statefulsets", "apps/v1", "statefulsets"),
    ("daemonsets", "apps/v1", "daemonsets"),
    ("jobs", "batch/v1", "jobs"),
    ("cronjobs", "batch/v1", "cronjobs"),
    ("hpas-v2", "autoscaling/v2", "horizontalpodautoscalers"),
    ("metrics-pods", "metrics.k8s.io/v1beta1", "pods"),
    ("metrics-pods-team-00", "metrics.k8s.io/v1beta1", "pods"),
];

#[derive(Deserialize)]
struct Meta {
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

impl Store {
    /// Every kind, and no objects.
    pub fn empty() -> Self {
        let mut store = Self::default();
        for (api_version, plural, kind, namespaced) in KINDS {
            store = store.kind(api_version, plural, kind, *namespaced);
        }
        store
    }

    /// What a real server was recorded to answer.
    pub fn recorded() -> Self {
        #[derive(Deserialize)]
        struct List {
            items: Vec<Box<RawValue>>,
        }
        let mut store = Self::empty();
        for (file, api_version, plural) in RECORDED {
            let list: List = serde_json::from_slice(&recorded(file)).unwrap();
            for item in list.items {
                store.put(api_version, plural, item.get().to_owned());
            }
        }
        store.sorted()
    }

    /// The recorded cluster with all that is asked for only where it is there:
    /// kinds of add-ons, and claims of devices with a pod that has one.
    pub fn with_add_ons() -> Self {
        let pod = json!({
            "metadata": {"name": "claimer", "namespace": "extras", "uid": "claimer"},
            "spec": {
                "resourceClaims": [{"name": "gpu", "resourceClaimName": "gpu"}],
                "containers": [{"name": "main", "image": "i"}],
            },
            "status": {"phase": "Running"},
        });
        let mut store = Self::recorded();
        for (api_version, plural, kind) in ADD_ONS {
            store = store.kind(api_version, plural, kind, true);
        }
        store.with("v1", "pods", &pod)
    }

    /// A cluster of Deployments, five pods for every three of them, and usage of each pod.
    pub fn generated(pods: usize, nodes: usize) -> Self {
        let mut store = Self::empty();
        generate::fill(&mut store, pods, nodes);
        store.sorted()
    }

    /// Serve one more kind.
    pub fn kind(mut self, api_version: &str, plural: &str, kind: &str, namespaced: bool) -> Self {
        let key = (api_version.to_owned(), plural.to_owned());
        self.tables.entry(key).or_insert_with(|| Table {
            kind: kind.to_owned(),
            api_version: api_version.to_owned(),
            plural: plural.to_owned(),
            namespaced,
            items: Vec::new(),
        });
        self
    }

    /// One more object.
    pub fn with(mut self, api_version: &str, plural: &str, object: &Value) -> Self {
        self.put(api_version, plural, object.to_string());
        self.sorted()
    }

    /// One object less.
    pub fn gone(mut self, api_version: &str, plural: &str, name: &str) -> Self {
        let key = (api_version.to_owned(), plural.to_owned());
        let table = self.tables.get_mut(&key).unwrap();
        table.items.retain(|item| item.name != name);
        self
    }

    /// Serve a kind of which there is nothing.
    pub fn emptied(mut self, api_version: &str, plural: &str) -> Self {
        let key = (api_version.to_owned(), plural.to_owned());
        self.tables.get_mut(&key).unwrap().items.clear();
        self
    }

    /// Serve a kind no longer.
    pub fn without(mut self, api_version: &str, plural: &str) -> Self {
        self.tables
            .remove(&(api_version.to_owned(), plural.to_owned()));
        self
    }

    pub fn put(&mut self, api_version: &str, plural: &str, json: String) {
        #[derive(Deserialize)]
        struct Object {
            metadata: Meta,
        }
        let Object { metadata } = serde_json::from_str(&json).unwrap();
        let key = (api_version.to_owned(), plural.to_owned());
        self.tables.get_mut(&key).unwrap().items.push(Item {
            namespace: metadata.namespace,
            name: metadata.name,
            labels: metadata.labels,
            json,
        });
    }

    fn sorted(mut self) -> Self {
        for table in self.tables.values_mut() {
            table
                .items
                .sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
            // Two recordings may hold the same object.
            let same = |a: &mut Item, b: &mut Item| a.namespace == b.namespace && a.name == b.name;
            table.items.dedup_by(same);
        }
        self
    }

    pub fn table(&self, api_version: &str, plural: &str) -> Option<&Table> {
        self.tables
            .get(&(api_version.to_owned(), plural.to_owned()))
    }

    /// All objects of a kind, whole.
    pub fn objects(&self, api_version: &str, plural: &str) -> Vec<Value> {
        let table = self.table(api_version, plural).unwrap();
        table.items.iter().map(|item| table.whole(item)).collect()
    }

    /// One object, whole.
    pub fn object(
        &self,
        api_version: &str,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> Option<Value> {
        let table = self.table(api_version, plural)?;
        let mut items = table.items.iter();
        let item = items.find(|it| it.namespace == namespace && it.name == name)?;
        Some(table.whole(item))
    }

    /// An object as it is from now on.
    pub fn replace(&mut self, api_version: &str, plural: &str, object: &Value) {
        let key = (api_version.to_owned(), plural.to_owned());
        let (namespace, name) = (
            &object["metadata"]["namespace"],
            &object["metadata"]["name"],
        );
        let namespace = namespace.as_str().unwrap_or_default();
        let mut items = self.tables.get_mut(&key).unwrap().items.iter_mut();
        let item = items.find(|it| it.namespace == namespace && *name == it.name.as_str());
        let item = item.unwrap();
        let meta: Meta = serde_json::from_value(object["metadata"].clone()).unwrap();
        item.labels = meta.labels;
        item.json = object.to_string();
    }

    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }
}

impl Table {
    /// An object with all that a server shows of it.
    pub fn whole(&self, item: &Item) -> Value {
        let mut object: Value = serde_json::from_str(&item.json).unwrap();
        object["kind"] = json!(self.kind);
        object["apiVersion"] = json!(self.api_version);
        if object["metadata"]["resourceVersion"].is_null() {
            object["metadata"]["resourceVersion"] = json!("1");
        }
        object
    }
}

impl Item {
    /// Whether a selector of equalities matches, as `app=api,tier!=test`.
    pub fn matches(&self, selector: &str) -> bool {
        selector
            .split(',')
            .filter(|part| !part.is_empty())
            .all(|part| {
                let label = |key: &str| self.labels.get(key.trim()).map(String::as_str);
                if let Some((key, value)) = part.split_once("!=") {
                    label(key) != Some(value)
                } else if let Some((key, value)) = part.split_once('=') {
                    label(key) == Some(value.trim_start_matches('='))
                } else {
                    label(part).is_some()
                }
            })
    }
}
