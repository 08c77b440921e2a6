//! Owners that are runs of the same thing, as one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Group, Member};
use crate::collect::names;
use crate::collect::objects::{Key, PodRecord, is_ignored_group, runs_to_completion};

/// So many bare pods of one sort are one workload, even where none is known to end.
const MANY: usize = 10;

/// Makes one group of owners that something starts again and again under names
/// that it makes up: bare pods that end, Jobs, workflows, runs.
///
/// Alone such an owner keeps its own name.
pub(super) fn merge(mut groups: BTreeMap<Key, Group>) -> BTreeMap<Key, Group> {
    let mut alike: BTreeMap<Key, Vec<Key>> = BTreeMap::new();
    for (key, group) in &groups {
        if let Some(name) = stem(key, group) {
            let whole = Key {
                name,
                ..key.clone()
            };
            alike.entry(whole).or_default().push(key.clone());
        }
    }
    for (whole, keys) in alike {
        let of = keys.iter().filter_map(|key| groups.get(key));
        let ends = !whole.is_pod() || of.flat_map(|group| &group.pods).any(ends);
        let enough = keys.len() >= if ends { 2 } else { MANY };
        if !enough || groups.contains_key(&whole) {
            continue;
        }
        let mut merged = Group {
            merged: true,
            runs: ends,
            ..Group::default()
        };
        for group in keys.iter().filter_map(|key| groups.remove(key)) {
            merged.extend(group);
        }
        merged.tops.sort_by_key(|top| Reverse(top.meta.created));
        groups.insert(whole, merged);
    }
    groups
}

impl Group {
    fn extend(&mut self, other: Self) {
        self.api_version = other.api_version;
        self.tops.extend(other.tops);
        self.below.extend(other.below);
        self.pods.extend(other.pods);
        self.autoscaler = self.autoscaler.take().or(other.autoscaler);
        self.managers.extend(other.managers);
    }
}

/// What an owner shares with others that are runs of the same; `None` where it is
/// none, or has a name of its own.
fn stem(key: &Key, group: &Group) -> Option<String> {
    let is_run = if key.is_pod() {
        // The owner is a pod itself, rather than known by what it owns alone.
        group.pods.iter().any(|it| it.is.meta.name == key.name)
    } else {
        runs_to_completion(&key.group, &key.kind) && !is_schedule(&key.kind)
    };
    // What people number by hand they may well know each by its name.
    let mut tops = group.tops.iter();
    let made_up = is_ignored_group(&key.group)
        || tops.any(|top| top.meta.generate_name.is_some())
        || names::is_generated(&key.name);
    let stem = names::stem(&key.name);
    let found = is_run && made_up && !stem.is_empty() && stem != key.name;
    found.then_some(stem)
}

/// Whether a pod is known to end by itself.
fn ends(member: &Member<PodRecord>) -> bool {
    member.is.spec.runs_once || member.is.phase == "Succeeded"
}

/// Whether it starts runs, rather than being one.
pub(super) fn is_schedule(kind: &str) -> bool {
    let words = ["Cron", "AdvancedCron", "Scaled", "Scheduled"];
    words.iter().any(|word| kind.starts_with(word))
}
