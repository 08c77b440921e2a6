//! Gangs of pods that no controller made: a scheduler lets all of a group run or none.

use std::collections::BTreeMap;

use super::Owner;

/// The label of the coscheduling plugin, today's before those of old, and the annotation of
/// Volcano.
///
/// Sources: `scheduler-plugins`, `apis/scheduling/v1alpha1`; Volcano,
/// `scheduling/v1beta1/labels.go`.
const COSCHEDULED: [&str; 3] = [
    "scheduling.x-k8s.io/pod-group",
    "pod-group.scheduling.sigs.k8s.io",
    "pod-group.scheduling.sigs.k8s.io/name",
];
const VOLCANO: &str = "scheduling.k8s.io/group-name";

type Texts = BTreeMap<String, String>;

/// The group that a pod without an owner is of.
pub(super) fn of(labels: Option<&Texts>, annotations: Option<&Texts>) -> Option<Owner> {
    let named = |texts: Option<&Texts>, key: &str| {
        let name = texts?.get(key)?;
        (!name.is_empty()).then(|| name.clone())
    };
    let group = |api_version: &str, name: String| Owner {
        api_version: api_version.to_owned(),
        kind: "PodGroup".to_owned(),
        name,
    };
    let coscheduled = COSCHEDULED.into_iter().find_map(|it| named(labels, it));
    let coscheduled = coscheduled.map(|name| group("scheduling.x-k8s.io/v1alpha1", name));
    let volcano = || named(annotations, VOLCANO);
    coscheduled.or_else(|| Some(group("scheduling.volcano.sh/v1beta1", volcano()?)))
}
