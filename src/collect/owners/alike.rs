//! Owners that are runs of the same thing, as one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Group;
use crate::collect::names;
use crate::collect::objects::{Key, Meta, PodRecord, is_ignored_group, runs_to_completion};

/// So many bare pods of one sort are one workload, even where none is known to end.
const MANY: usize = 10;

/// Makes one group of owners that something starts again and again under names
/// that it makes up: bare pods that end, Jobs, workflows, runs.
///
/// Alone such an owner keeps its own name.
pub(super) fn merge(mut groups: BTreeMap<Key, Group>) -> BTreeMap<Key, Group> {
    for (whole, keys) in alike(&groups, stem) {
        let ends = ends(&groups, &whole, &keys);
        if keys.len() >= if ends { 2 } else { MANY } {
            join(&mut groups, whole, &keys, ends);
        }
    }
    // Some make ends up that look like words: what goes with other runs, or is many
    // and ends, is runs all the same.
    for (whole, keys) in alike(&groups, prefix) {
        let runs = groups.get(&whole).is_some_and(|group| group.runs);
        if runs || (keys.len() >= MANY && ends(&groups, &whole, &keys)) {
            join(&mut groups, whole, &keys, true);
        }
    }
    groups
}

/// Owners by what `name` says that they share.
fn alike(
    groups: &BTreeMap<Key, Group>,
    name: fn(&Key, &Group) -> Option<String>,
) -> BTreeMap<Key, Vec<Key>> {
    let mut alike: BTreeMap<Key, Vec<Key>> = BTreeMap::new();
    for (key, group) in groups {
        if let Some(name) = name(key, group) {
            let whole = Key {
                name,
                ..key.clone()
            };
            alike.entry(whole).or_default().push(key.clone());
        }
    }
    let is_free = |whole: &Key| groups.get(whole).is_none_or(|group| group.merged);
    alike.retain(|whole, _| is_free(whole));
    alike
}

/// Whether some of these are known to end by themselves.
fn ends(groups: &BTreeMap<Key, Group>, whole: &Key, keys: &[Key]) -> bool {
    let of = keys.iter().filter_map(|key| groups.get(key));
    let ends = |pod: &PodRecord| pod.spec.runs_once || pod.phase == "Succeeded";
    !whole.is_pod() || of.flat_map(|group| &group.pods).any(|it| ends(&it.is))
}

fn join(groups: &mut BTreeMap<Key, Group>, whole: Key, keys: &[Key], runs: bool) {
    let mut merged = groups.remove(&whole).unwrap_or_default();
    merged.merged = true;
    merged.runs = runs;
    for group in keys.iter().filter_map(|key| groups.remove(key)) {
        merged.extend(group);
    }
    merged.tops.sort_by_key(|top| Reverse(top.meta.created));
    groups.insert(whole, merged);
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
    let generated = if key.is_pod() {
        own(key, group)?.generate_name.as_ref()
    } else if runs_to_completion(&key.group, &key.kind) && !is_schedule(&key.kind) {
        let mut tops = group.tops.iter();
        tops.find_map(|top| top.meta.generate_name.as_ref())
    } else {
        return None;
    };
    // What people number by hand they may well know each by its name.
    let made_up = is_ignored_group(&key.group) || generated.is_some();
    if !made_up && !names::is_generated(&key.name) {
        return None;
    }
    let begin = generated.filter(|begin| key.name.starts_with(*begin));
    let begin = begin.map_or(key.name.as_str(), |begin| begin.trim_end_matches('-'));
    let stem = names::stem(begin);
    (!stem.is_empty() && stem != key.name).then_some(stem)
}

/// What a bare pod is called up to its last part.
fn prefix(key: &Key, group: &Group) -> Option<String> {
    let _ = own(key, group)?;
    let (begin, _) = key.name.rsplit_once('-')?;
    Some(begin.to_owned())
}

/// The pod that is its own owner, rather than known by what it owns alone.
fn own<'a>(key: &Key, group: &'a Group) -> Option<&'a Meta> {
    let mut pods = group.pods.iter().map(|it| &it.is.meta);
    pods.find(|meta| key.is_pod() && !group.merged && meta.name == key.name)
}

/// Whether it starts runs, rather than being one.
pub(super) fn is_schedule(kind: &str) -> bool {
    let words = ["Cron", "AdvancedCron", "Scaled", "Scheduled"];
    words.iter().any(|word| kind.starts_with(word))
}
