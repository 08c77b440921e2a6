//! The pods of one template of an owner, which make one workload.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::role::{self, Role, Roles};
use super::tries::Tried;
use super::whole::Whole;
use super::{Group, Member, PodIndex};
use crate::collect::names;
use crate::collect::objects::{Controller, Key, Placed, PodRecord, Template, runs_to_completion};
use crate::snapshot::{Attempts, Autoscaler, Condition, Keeper, Manager, PatchTarget, Queued};

/// Pods of one template of an owner, and what is known of them.
pub(super) struct Part {
    pub(super) key: Key,
    pub(super) api_version: String,
    /// What tells it from others of its owner, where there are some.
    pub(super) template: Option<String>,
    /// What the owner says of itself; `None` where it is not known.
    pub(super) owner: Option<Owner>,
    /// The template of the owner, else of the newest controller next below it.
    pub(super) made_from: Option<Template>,
    /// Controllers below the owner that make its pods.
    pub(super) below: Vec<Controller>,
    /// Finished ones included.
    pub(super) pods: Vec<PodRecord>,
    /// Pods that should be there, where that is said.
    pub(super) replicas: Option<u32>,
    /// Pods that are there, where that is said.
    pub(super) present: Option<u32>,
    pub(super) batch: bool,
    pub(super) attempts: Option<Attempts>,
    /// Pods whose run has come to a good end.
    pub(super) done: BTreeSet<String>,
    pub(super) patch: Option<PatchTarget>,
    pub(super) autoscaler: Option<Autoscaler>,
    pub(super) managers: Vec<Manager>,
    /// Kinds and names of what names of its pods can come from.
    pub(super) makers: Vec<(String, String)>,
    /// Whether it stands for several owners of the same sort.
    pub(super) merged: bool,
    /// Whether it has pods that no controller is called after.
    pub(super) loose: bool,
}

/// What an owner says of itself.
#[derive(Clone)]
pub(super) struct Owner {
    pub(super) schedule: Option<String>,
    pub(super) schedule_zone: Option<String>,
    pub(super) created: Option<Timestamp>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) annotations: Vec<(String, String)>,
    pub(super) conditions: Vec<Condition>,
    /// Whether its pods stay as they are when its template changes.
    pub(super) on_delete: bool,
    /// What wrote it, where it tells.
    pub(super) keeper: Option<Keeper>,
    /// What a queue holds back of it.
    pub(super) queued: Option<Queued>,
}

/// What makes pods of one role.
#[derive(Default)]
pub(super) struct Makers {
    pub(super) below: Vec<Member<Controller>>,
    pub(super) pods: Vec<Member<PodRecord>>,
}

impl Part {
    /// The parts of a group, in the order of the owner's templates. `has_pods` is
    /// whether pods were read at all.
    pub(super) fn all(key: &Key, mut group: Group, has_pods: bool) -> Vec<Self> {
        let templates = templates(&mut group);
        let tried = Tried::of(&group);
        let roles = Roles::new(key, &group, &templates);
        let mut by_role: BTreeMap<Role, Makers> = BTreeMap::new();
        for place in 0..templates.len() {
            by_role.entry(roles.of_own(place)).or_default();
        }
        let mut rest = Vec::new();
        for pod in group.pods.drain(..) {
            let role = roles.of_pod(&pod);
            by_role.entry(role).or_default().pods.push(pod);
        }
        for controller in group.below.drain(..) {
            match roles.of_controller(&controller) {
                Some(role) => by_role.entry(role).or_default().below.push(controller),
                None => rest.push(controller),
            }
        }
        if by_role.is_empty() {
            by_role.insert(Role::Main, Makers::default());
        }
        let runs = runs_to_completion(&key.group, &key.kind);
        keep(&mut by_role, runs);
        let first = by_role.keys().next().cloned();
        if let Some(makers) = first.and_then(|role| by_role.get_mut(&role)) {
            makers.below.extend(rest);
        }
        let split = by_role.len() > 1;
        let mut names = role::names(key, &templates, by_role.keys().cloned());
        let whole = Whole {
            key,
            group: &group,
            templates: &templates,
            split,
            has_pods,
            tried,
        };
        by_role
            .into_iter()
            .map(|(role, makers)| {
                let name = names.remove(&role).filter(|_| split);
                // What is made from the one template of its owner is the workload itself.
                let name = name.filter(|_| role != Role::Main);
                whole.part(&role, name, makers)
            })
            .collect()
    }

    /// Tells the index which pods are of this part, those that are gone by names.
    pub(super) fn remember(&self, index: &mut PodIndex, position: u32) {
        let namespace = &self.key.namespace;
        for (kind, name) in &self.makers {
            index.add_controller(namespace, kind, name, position);
        }
        for pod in &self.pods {
            index.add_pod(namespace, &pod.meta.name, position);
            if self.loose {
                index.add_like(namespace, &pod.meta.name, position);
            }
        }
        if self.merged && self.key.is_pod() {
            index.add_prefix(namespace, &self.key.name, position);
        }
        if let Some(template) = &self.template {
            let owner = names::stem(&self.key.name);
            let stem = format!("{owner}-{}", template.to_ascii_lowercase());
            index.add_stem(namespace, &stem, position);
        }
    }
}

/// The templates of the owner; of several runs of the same, one of each sort.
fn templates(group: &mut Group) -> Vec<Placed> {
    if let [top] = group.tops.as_mut_slice() {
        return std::mem::take(&mut top.templates);
    }
    let mut found: Vec<Placed> = Vec::new();
    for top in &group.tops {
        for placed in &top.templates {
            let size = |it: &Placed| role::signature(&it.template, group.merged);
            let same = |it: &Placed| it.name == placed.name && size(it) == size(placed);
            if !found.iter().any(same) {
                found.push(placed.clone());
            }
        }
    }
    found
}

/// Drops parts that nothing is of, and those of which nothing is left but what
/// has ended; but not all.
fn keep(by_role: &mut BTreeMap<Role, Makers>, runs: bool) {
    let is_live = |makers: &Makers| makers.pods.iter().any(|it| !it.is.is_finished());
    let strangers = by_role
        .iter()
        .any(|(role, makers)| !matches!(role, Role::Template(_)) && is_live(makers));
    let is_kept = |role: &Role, makers: &Makers| {
        let mut below = makers.below.iter().map(|it| &it.is);
        let wants = below
            .any(|it| it.known && !it.templates.is_empty() && (runs || it.replicas != Some(0)));
        // Where pods fit no template, one without pods may be of those.
        let own = matches!(role, Role::Template(_)) && (!strangers || runs);
        is_live(makers) || wants || own
    };
    if by_role.iter().any(|(role, makers)| is_kept(role, makers)) {
        by_role.retain(|role, makers| is_kept(role, makers));
    }
}
