//! Which pod template of its owner a pod is made from.

use std::collections::BTreeMap;

use super::{Group, Member};
use crate::collect::names;
use crate::collect::objects::{
    Controller, Key, Meta, Placed, PodRecord, Template, is_ignored_group,
};
use crate::snapshot::{ContainerKind, Resources};
use crate::units::count_from;

/// What tells pods of one template from others of the same owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// The one template of a built-in controller, or a pod that is its own top.
    Main,
    /// A template of the owner, by its place among them.
    Template(usize),
    /// What a controller below the owner makes: whether by way of a pod, its kind and
    /// its name.
    Child(bool, String, String),
    /// What the owner makes itself: the stem of the names, and what pods are made of.
    Pods(String, Signature),
}

/// Kinds, names and requests of the containers of a pod.
pub(super) type Signature = Vec<(bool, String, Option<(u64, u64)>)>;

/// The templates of an owner that roles are told from.
pub(super) struct Roles<'a> {
    key: &'a Key,
    merged: bool,
    templates: &'a [Placed],
}

impl<'a> Roles<'a> {
    pub(super) fn new(key: &'a Key, group: &Group, templates: &'a [Placed]) -> Self {
        Self {
            key,
            merged: group.merged,
            templates,
        }
    }

    /// Of the template at this place of the owner.
    pub(super) fn of_own(&self, place: usize) -> Role {
        if !is_ignored_group(&self.key.group) {
            Role::Template(place)
        } else if self.merged {
            let made = signature(&self.templates[place].template, true);
            Role::Pods(self.key.name.clone(), made)
        } else {
            Role::Main
        }
    }

    pub(super) fn of_pod(&self, member: &Member<PodRecord>) -> Role {
        let pod = &member.is;
        let fits = |placed: &Placed| fit(placed, &pod.meta, &pod.spec);
        let given = self.given(member, fits).filter(|_| !self.is_stray(pod));
        if let Some(role) = given {
            return role;
        }
        if let Some(maker) = &member.maker {
            return child(maker, member.through_pod);
        }
        let name = &pod.meta.name;
        let numbered = names::without_ordinal(name) != name;
        let made = signature(&pod.spec, self.merged || !numbered);
        let is_run = self.merged && !member.through_pod && is_ignored_group(&self.key.group);
        let called = is_run.then(|| self.key.name.clone());
        Role::Pods(called.unwrap_or_else(|| names::stem(name)), made)
    }

    /// Whether something made a pod in the name of a Deployment, which makes none
    /// itself, and not as its template says: task managers of Flink are such pods.
    fn is_stray(&self, pod: &PodRecord) -> bool {
        let owner = pod.meta.controller.as_ref();
        let direct = owner.is_some_and(|it| it.kind == "Deployment" && it.name == self.key.name);
        let labels = &pod.meta.labels;
        let is_made = |placed: &Placed| {
            let own = placed.template.labels.iter().all(|it| labels.contains(it));
            own && requests_as(&placed.template, &pod.spec)
        };
        direct && self.key.kind == "Deployment" && !self.templates.iter().any(is_made)
    }

    /// Of what a controller below the owner makes pods, where that is known.
    pub(super) fn of_controller(&self, member: &Member<Controller>) -> Option<Role> {
        let placed = member.is.templates.first()?;
        let fits = |own: &Placed| fit(own, &member.is.meta, &placed.template);
        let role = self.given(member, fits);
        role.or_else(|| Some(child(member.maker.as_ref()?, member.through_pod)))
    }

    /// The role that the owner itself gives.
    fn given<T>(&self, member: &Member<T>, fits: impl Fn(&Placed) -> Option<u32>) -> Option<Role> {
        let built_in = is_ignored_group(&self.key.group);
        if built_in && !member.through_pod && !self.merged {
            return Some(Role::Main);
        }
        if built_in {
            return None;
        }
        let scored = self.templates.iter().enumerate();
        let scored = scored.filter_map(|(place, placed)| Some((fits(placed)?, place)));
        // What nothing tells apart: what came by a pod is rather of the last.
        let best = if member.through_pod {
            scored.max_by_key(|(score, place)| (*score, *place))
        } else {
            scored.max_by_key(|(score, place)| (*score, std::cmp::Reverse(*place)))
        };
        best.map(|(_, place)| Role::Template(place))
    }
}

/// What a controller makes, together with those of its kind that are called alike.
fn child(maker: &Key, through_pod: bool) -> Role {
    let name = match maker.kind.as_str() {
        "Deployment" | "DaemonSet" => maker.name.clone(),
        "StatefulSet" | "ReplicationController" => names::without_ordinal(&maker.name).to_owned(),
        "ReplicaSet" => {
            let base = maker.name.rsplit_once('-');
            base.map_or(maker.name.as_str(), |(base, _)| base)
                .to_owned()
        }
        _ => names::stem(&maker.name),
    };
    Role::Child(through_pod, maker.kind.clone(), name)
}

/// How well a template fits what pods are made of; `None` where a container of
/// it is missing there.
///
/// A label that says the name of the template tells most, then what containers
/// request, then the name of the pod, then labels of the template.
fn fit(placed: &Placed, meta: &Meta, made: &Template) -> Option<u32> {
    let template = &placed.template;
    let apps = template.containers.iter();
    let mut apps = apps.filter(|it| it.kind == ContainerKind::App);
    let is_there = |name: &str| made.containers.iter().any(|it| it.name == name);
    if !apps.all(|it| is_there(&it.name)) {
        return None;
    }
    let mut score = 0;
    if let Some(name) = &placed.name {
        let labels = meta.labels.iter().chain(&made.labels);
        let is = |text: &str| text.eq_ignore_ascii_case(name);
        if labels.clone().any(|(_, value)| is(value)) {
            score += 8;
        }
        let own = meta.name.to_ascii_lowercase();
        if format!("-{own}-").contains(&format!("-{}-", name.to_ascii_lowercase())) {
            score += 2;
        }
    }
    if requests_as(template, made) {
        score += 4;
    }
    let has = |label: &(String, String)| meta.labels.contains(label) || made.labels.contains(label);
    if !template.labels.is_empty() && template.labels.iter().all(has) {
        score += 1;
    }
    Some(score)
}

/// Whether every container of the template requests the same in the pod.
pub(super) fn requests_as(template: &Template, made: &Template) -> bool {
    template.containers.iter().all(|own| {
        let mut others = made.containers.iter();
        let other = others.find(|it| it.name == own.name);
        other.is_some_and(|it| {
            let (own, other) = (own.asked.or(&own.limits), it.asked.or(&it.limits));
            (own.cpu, own.memory) == (other.cpu, other.memory)
        })
    })
}

/// What pods are made of; with what they request where that tells them apart.
pub(super) fn signature(template: &Template, by_size: bool) -> Signature {
    let size = |asked: &Resources| {
        let millionths = asked.cpu.map_or(0.0, |cpu| cpu.get() * 1e6);
        let bytes = asked.memory.map_or(0, |memory| memory.0);
        (count_from(millionths), bytes)
    };
    let mut parts: Signature = template
        .containers
        .iter()
        .map(|it| {
            let size = by_size.then(|| size(&it.asked));
            (it.kind == ContainerKind::App, it.name.clone(), size)
        })
        .collect();
    parts.sort();
    parts
}

/// Names of roles for people, all different.
pub(super) fn names(
    key: &Key,
    templates: &[Placed],
    roles: impl Iterator<Item = Role>,
) -> BTreeMap<Role, String> {
    let owner = names::stem(&key.name);
    let short = |name: &str| {
        let stripped = name
            .strip_prefix(&key.name)
            .or_else(|| name.strip_prefix(&owner));
        let rest = stripped
            .map(|rest| rest.trim_matches('-'))
            .filter(|rest| !rest.is_empty());
        rest.unwrap_or(name).to_owned()
    };
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut named = BTreeMap::new();
    for role in roles {
        let name = match &role {
            Role::Main => "main".to_owned(),
            Role::Child(_, _, name) | Role::Pods(name, _) if *name == key.name => "main".to_owned(),
            Role::Template(place) => templates
                .get(*place)
                .and_then(|placed| placed.name.clone())
                .unwrap_or_else(|| "main".to_owned()),
            Role::Child(_, _, name) | Role::Pods(name, _) if !name.is_empty() => short(name),
            Role::Child(_, kind, _) => kind.to_ascii_lowercase(),
            Role::Pods(..) => "pods".to_owned(),
        };
        let times = taken.entry(name.clone()).or_default();
        *times += 1;
        let name = if *times > 1 {
            format!("{name}-{times}")
        } else {
            name
        };
        named.insert(role, name);
    }
    named
}
