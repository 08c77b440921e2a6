use std::fmt;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::snapshot::{Keeper, annotation};

use super::api::{current, group, group_today, may_own};
use super::keeper;

/// What kcost keeps of an object's metadata.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meta {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// What the API server made the name from: `import-` of `import-x7k2p`.
    pub(crate) generate_name: Option<String>,
    pub(crate) created: Option<Timestamp>,
    /// Sorted.
    pub(crate) labels: Vec<(String, String)>,
    /// Only those that kcost knows, sorted.
    pub(crate) annotations: Vec<(String, String)>,
    /// What wrote it, where it tells.
    pub(crate) keeper: Option<Keeper>,
    /// Those that say whether it may be moved or removed, sorted.
    pub(crate) eviction: Vec<(String, String)>,
    /// The controller among its owners.
    pub(crate) controller: Option<Owner>,
    /// The first owner, where none is the controller.
    pub(crate) other_owner: Option<Owner>,
}

/// A reference to an owner in the same namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Owner {
    /// With the group that the kind is in today.
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// Identifies a controller whatever version of its API it was read in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) namespace: String,
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) name: String,
}

impl Meta {
    pub(crate) fn new(metadata: ObjectMeta) -> Self {
        let keeper = keeper::of(&metadata);
        let owners = metadata.owner_references.unwrap_or_default();
        let mut controller = None;
        let mut other_owner = None;
        for owner in owners {
            let controls = owner.controller == Some(true);
            if !may_own(&owner.api_version, &owner.kind, controls) {
                continue;
            }
            let slot = if controls {
                &mut controller
            } else {
                &mut other_owner
            };
            slot.get_or_insert(Owner {
                api_version: current(&owner.api_version, &owner.kind),
                kind: owner.kind,
                name: owner.name,
            });
        }
        let annotations = metadata.annotations.unwrap_or_default();
        Self {
            namespace: metadata.namespace.unwrap_or_default(),
            name: metadata.name.unwrap_or_default(),
            generate_name: metadata.generate_name,
            created: metadata.creation_timestamp.map(|time| time.0),
            labels: metadata.labels.unwrap_or_default().into_iter().collect(),
            keeper,
            eviction: annotation::eviction(&annotations),
            annotations: annotation::kept(annotations),
            controller,
            other_owner,
        }
    }

    /// `Deployment shop/api`.
    pub(super) fn subject(&self, kind: &str) -> String {
        if self.namespace.is_empty() {
            format!("{kind} {}", self.name)
        } else {
            format!("{kind} {}/{}", self.namespace, self.name)
        }
    }
}

impl Owner {
    pub(crate) fn key(&self, namespace: &str) -> Key {
        Key::new(namespace, &self.api_version, &self.kind, &self.name)
    }
}

impl Key {
    pub(crate) fn new(namespace: &str, api_version: &str, kind: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            group: group_today(group(api_version), kind).to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
        }
    }
}

impl Key {
    pub(crate) fn is_pod(&self) -> bool {
        self.group.is_empty() && self.kind == "Pod"
    }
}

/// `Deployment shop/api`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}
