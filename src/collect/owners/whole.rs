//! What all parts of an owner share, and what each of them takes of it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::part::{Makers, Owner, Part};
use super::role::{Role, signature};
use super::tries::Tried;
use super::{Group, Member};
use crate::collect::names;
use crate::collect::objects::{
    Controller, Key, Placed, PodRecord, Present, Renewal, is_ignored_group, runs_to_completion,
};
use crate::snapshot::{PatchTarget, Queued};

/// Kinds whose pods are never started again and yet are no runs: virtual machines,
/// and members of a cluster that makes new ones itself.
const STAY: [&str; 2] = ["kubevirt.io", "ray.io"];

/// What all parts of an owner share.
pub(super) struct Whole<'a> {
    pub(super) key: &'a Key,
    pub(super) group: &'a Group,
    /// The templates of the owner.
    pub(super) templates: &'a [Placed],
    /// Whether there are several parts.
    pub(super) split: bool,
    /// Whether pods were read at all.
    pub(super) has_pods: bool,
    pub(super) tried: Tried,
}

impl Whole<'_> {
    /// The part of one role, called so where there are several.
    pub(super) fn part(&self, role: &Role, template: Option<String>, makers: Makers) -> Part {
        let Self { key, group, .. } = *self;
        let placed = self.placed(role);
        // What is made by way of a pod is no matter of a built-in owner.
        let through_pod = makers.pods.iter().any(|it| it.through_pod);
        let own = !through_pod || !is_ignored_group(&key.group);
        let (replicas, present) = self.counts(role, &makers.below);
        let mut below = makers.below;
        below.sort_by_key(|it| (!it.is_next(), Reverse(it.is.meta.created)));
        let below: Vec<Controller> = below.into_iter().map(|it| it.is).collect();
        // Of several controllers the newest says what pods are to be.
        let newest = || below.iter().find_map(|it| it.templates.first());
        let made_from = placed.or_else(newest);
        let pods: Vec<PodRecord> = makers.pods.into_iter().map(|it| it.is).collect();
        let managers = group.managers.iter().filter(|_| own);
        Part {
            key: key.clone(),
            api_version: group.api_version.clone(),
            template,
            owner: self.owner(placed, &below).filter(|_| own),
            made_from: made_from.map(|placed| placed.template.clone()),
            replicas,
            present,
            batch: self.is_batch(role, &pods),
            attempts: self.tried.attempts.clone().filter(|_| own),
            done: self.done(&pods),
            patch: placed.and_then(|placed| self.patch(placed)),
            autoscaler: group.autoscaler.clone().filter(|_| own),
            managers: managers.cloned().collect(),
            makers: self.makers(role, &below, &pods),
            merged: group.merged,
            loose: self.split || group.merged || is_bare_run(key, &pods),
            below,
            pods,
        }
    }

    /// Pods whose run has come to a good end.
    fn done(&self, pods: &[PodRecord]) -> BTreeSet<String> {
        let done = pods.iter().filter(|it| self.tried.is_done(it));
        done.map(|it| it.meta.name.clone()).collect()
    }

    /// What the owner says of the part that is made from this template, and by the controllers
    /// below it.
    fn owner(&self, placed: Option<&Placed>, below: &[Controller]) -> Option<Owner> {
        let mut owner = Owner::of(self.group.tops.first()?);
        // A CronJob waits with its Jobs.
        if owner.queued.is_none() && !self.split {
            let below = below.iter().filter_map(|it| it.queued.clone());
            owner.queued = below.reduce(|all, more| Queued {
                pods: all.pods.saturating_add(more.pods),
                ..all
            });
        }
        // Of several parts only templates say how many pods each has.
        let counted = placed.and_then(|it| it.replicas);
        match &mut owner.queued {
            Some(queued) if self.split && placed.is_some() => queued.pods = counted.unwrap_or(1),
            // Of one part there may be several groups of pods in the queue.
            Some(queued) => queued.pods = queued.pods.max(counted.unwrap_or(0)),
            None => {}
        }
        Some(owner)
    }

    /// The template of the owner that the part is of.
    fn placed(&self, role: &Role) -> Option<&Placed> {
        match role {
            Role::Main => self.templates.first(),
            Role::Template(place) => self.templates.get(*place),
            Role::Pods(_, made) if self.group.merged => {
                let mut templates = self.templates.iter();
                templates.find(|placed| signature(&placed.template, true) == *made)
            }
            Role::Child(..) | Role::Pods(..) => None,
        }
    }

    /// Pods that should be there, and those that are, where that is said: by the
    /// owner, by its template, or by the controllers next below it.
    fn counts(&self, role: &Role, below: &[Member<Controller>]) -> (Option<u32>, Option<u32>) {
        let said = |present: Present| (present.sure || self.has_pods).then_some(present.pods);
        let below = below.iter().filter(|it| it.is_next()).map(|it| &it.is);
        let wanted = sum(below.clone().map(|it| it.replicas));
        let there = sum(below.map(|it| it.present.and_then(said)));
        let placed = self.placed(role);
        let top = match self.group.tops.as_slice() {
            [top] if placed.is_some() && (!self.split || *role == Role::Main) => Some(top),
            _ => None,
        };
        let own = placed.and_then(|it| it.replicas);
        let replicas = own.or(top.and_then(|it| it.replicas));
        // Where a template counts its own pods, the owner may count groups of them.
        let top = top.filter(|_| own.is_none());
        let present = top.and_then(|it| it.present).and_then(said);
        (replicas.or(wanted), present.or(there))
    }

    fn is_batch(&self, role: &Role, pods: &[PodRecord]) -> bool {
        let Key { group, kind, .. } = self.key;
        let end = !pods.is_empty() && pods.iter().all(|pod| pod.spec.runs_once);
        let may_end = *role != Role::Main && !STAY.contains(&group.as_str());
        self.group.runs || runs_to_completion(group, kind) || (end && may_end)
    }

    /// Where the template can be changed: not in a list, which has no names in paths.
    fn patch(&self, placed: &Placed) -> Option<PatchTarget> {
        let [top] = self.group.tops.as_slice() else {
            return None;
        };
        let is_index = |field: &String| field.bytes().all(|byte| byte.is_ascii_digit());
        let by_fields = !placed.path.is_empty() && !placed.path.iter().any(is_index);
        let own = || PatchTarget {
            api_version: top.api_version.clone(),
            kind: top.kind.clone(),
            name: top.meta.name.clone(),
            pod_spec: placed.path.clone(),
        };
        let patchable = top.patchable && by_fields;
        top.patch_at.clone().or_else(|| patchable.then(own))
    }

    /// Kinds and names of what names of pods of this part come from.
    fn makers(
        &self,
        role: &Role,
        below: &[Controller],
        pods: &[PodRecord],
    ) -> Vec<(String, String)> {
        let mut makers = Vec::new();
        if !self.split || *role == Role::Main {
            makers.push((self.key.kind.clone(), self.key.name.clone()));
            let tops = self.group.tops.iter();
            makers.extend(tops.map(|top| (top.kind.clone(), top.meta.name.clone())));
        }
        let below = below.iter();
        makers.extend(below.map(|it| (it.kind.clone(), it.meta.name.clone())));
        if self.group.merged {
            let prefixes = pods
                .iter()
                .filter_map(|it| it.meta.generate_name.as_deref());
            let bases = prefixes.map(|prefix| prefix.trim_end_matches('-').to_owned());
            makers.extend(bases.map(|base| ("generateName".to_owned(), base)));
        }
        makers.sort();
        makers.dedup();
        makers
    }
}

impl Owner {
    fn of(top: &Controller) -> Self {
        Self {
            schedule: top.schedule.clone(),
            schedule_zone: top.schedule_zone.clone(),
            created: top.meta.created,
            labels: top.meta.labels.clone(),
            annotations: top.meta.annotations.clone(),
            conditions: top.conditions.clone(),
            on_delete: top.renewal == Renewal::Kept,
            keeper: top.meta.keeper.clone(),
            queued: top.queued.clone(),
        }
    }
}

impl Member<Controller> {
    /// Whether it is the highest of the controllers on its way.
    fn is_next(&self) -> bool {
        self.maker.as_ref() == Some(&self.is.key())
    }
}

/// `None` where there are no numbers, or one is not known.
fn sum(numbers: impl Iterator<Item = Option<u32>>) -> Option<u32> {
    let numbers: Option<Vec<u32>> = numbers.collect();
    let numbers = numbers.filter(|numbers| !numbers.is_empty())?;
    Some(numbers.into_iter().fold(0, u32::saturating_add))
}

/// Whether it is a pod of no controller with a made-up name, of which others may
/// have run before.
fn is_bare_run(key: &Key, pods: &[PodRecord]) -> bool {
    let made_up = |pod: &PodRecord| pod.meta.name != names::stem(&pod.meta.name);
    key.is_pod() && pods.iter().all(made_up)
}
