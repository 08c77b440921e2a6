use std::collections::HashMap;

use crate::collect::names;
use crate::collect::objects::{Controller, Key, Meta, PodRecord};

/// Longest chain of owners that is followed; a circle ends there.
const LONGEST: usize = 16;

/// Who controls whom.
pub(super) struct Chain<'a> {
    controllers: Vec<&'a Controller>,
    by_key: HashMap<Key, &'a Controller>,
}

/// The last controller of a chain, known as an object or only by reference.
pub(super) struct Top {
    pub(super) key: Key,
    pub(super) api_version: String,
}

impl<'a> Chain<'a> {
    pub(super) fn new(controllers: &'a [Controller]) -> Self {
        Self {
            controllers: controllers.iter().collect(),
            by_key: controllers.iter().map(|c| (c.key(), c)).collect(),
        }
    }

    /// The top of each controller, in their order.
    pub(super) fn tops(&self) -> Vec<Top> {
        let tops = self.controllers.iter();
        tops.map(|c| self.top_of(c.key(), &c.api_version)).collect()
    }

    /// The top controller from `key` on.
    pub(super) fn top_of(&self, mut key: Key, api_version: &str) -> Top {
        let mut api_version = api_version.to_owned();
        for _ in 0..LONGEST {
            let Some(controller) = self.by_key.get(&key) else {
                break;
            };
            api_version.clone_from(&controller.api_version);
            let Some(owner) = &controller.meta.controller else {
                break;
            };
            api_version.clone_from(&owner.api_version);
            key = owner.key(&controller.meta.namespace);
        }
        Top { key, api_version }
    }

    /// The top controller of a pod; the pod itself where it has none.
    pub(super) fn top(&self, pod: &PodRecord) -> Top {
        let meta = &pod.meta;
        let own = |kind: &str, name: &str| Top {
            key: Key::new(&meta.namespace, "v1", kind, name),
            api_version: "v1".to_owned(),
        };
        let owner = meta.controller.as_ref().or(meta.other_owner.as_ref());
        let on_node = owner.is_some_and(|owner| owner.kind == "Node");
        if pod.mirror || on_node {
            return own("StaticPod", static_name(pod));
        }
        let Some(owner) = owner else {
            return own("Pod", &meta.name);
        };
        let top = self.top_of(owner.key(&meta.namespace), &owner.api_version);
        if self.by_key.contains_key(&top.key) {
            top
        } else {
            inferred(top, meta)
        }
    }
}

/// The controller of a ReplicaSet or Job that is known only by reference.
///
/// A Deployment labels its pods with the hash that ends the ReplicaSet's name;
/// a CronJob ends the names of its Jobs with minutes since 1970.
fn inferred(top: Top, meta: &Meta) -> Top {
    let hash = meta.labels.iter().find(|(k, _)| k == "pod-template-hash");
    let made_by = match (top.key.group.as_str(), top.key.kind.as_str()) {
        ("apps", "ReplicaSet") => hash
            .and_then(|(_, hash)| top.key.name.strip_suffix(hash.as_str())?.strip_suffix('-'))
            .map(|name| ("Deployment", name)),
        ("batch", "Job") => names::cron_job_of(&top.key.name).map(|name| ("CronJob", name)),
        _ => None,
    };
    match made_by {
        Some((kind, name)) => Top {
            key: Key::new(&top.key.namespace, &top.api_version, kind, name),
            api_version: top.api_version,
        },
        None => top,
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
