//! Pods that do the same work, of which there may be fewer.

use std::collections::BTreeSet;

use super::advice::About;

/// Kinds whose pods are alike and independent of each other, whatever they do. Of others only
/// what serves is known to be so: a StatefulSet may hold shards, a RayCluster may train.
const ALIKE: [&str; 13] = [
    "Deployment",
    "ReplicaSet",
    "ReplicationController",
    "DeploymentConfig",
    "Rollout",
    "Service",
    "Configuration",
    "Revision",
    "InferenceService",
    "LLMInferenceService",
    "RayService",
    "SeldonDeployment",
    "NIMService",
];
/// One pod a node, however many nodes there are.
const A_NODE: &str = "DaemonSet";
/// Its replicas are groups of pods: the first of each is called after the group, the others
/// after the first. Source: `LeaderWorkerSet`, `pkg/utils/pod`.
const GROUPS: &str = "LeaderWorkerSet";

/// What there may be fewer of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Replicas {
    /// Those that have a node.
    pub(super) count: usize,
    /// `replicas`, `groups`.
    pub(super) word: &'static str,
}

impl Replicas {
    /// `None` where nobody can say that one does what another does.
    pub(super) fn of(about: &About<'_>) -> Option<Self> {
        let first = about.workloads.first()?;
        let (kind, serves) = (first.id.kind.as_str(), about.seen.serves());
        // Requests are divided among all of them, whatever devices they have.
        if about.batch() || kind == A_NODE || about.product.is_some() {
            return None;
        }
        if kind == GROUPS {
            let pods = about.workloads.iter().flat_map(|it| &it.pods);
            let pods = pods.filter(|pod| pod.node.is_some());
            let groups = pods.filter_map(|pod| group(&first.id.name, &pod.name));
            let count = groups.collect::<BTreeSet<u32>>().len();
            return serves.then_some(Self {
                count,
                word: "groups",
            });
        }
        let alike = serves || ALIKE.contains(&kind);
        (alike && about.workloads.len() == 1).then(|| Self {
            count: about.held.running_pods(),
            word: "replicas",
        })
    }
}

/// The group of a pod of a set: 2 of `llm-2` and of `llm-2-1`.
fn group(set: &str, pod: &str) -> Option<u32> {
    let rest = pod.strip_prefix(set)?.strip_prefix('-')?;
    rest.split('-').next()?.parse().ok()
}

/// What keeps so few replicas from being: an autoscaler says how many there are, and budgets
/// how many of them must stay.
pub(super) fn kept_by(about: &About<'_>, (left, all): (usize, usize)) -> String {
    format!("{}{}", scaled_by(about, left), budget(about, (left, all)))
}

fn scaled_by(about: &About<'_>, left: usize) -> String {
    let mut scaled = about.workloads.iter();
    let Some(scaler) = scaled.find_map(|it| it.autoscaler.as_ref()) else {
        return String::new();
    };
    let name = scaler.made_by.as_ref();
    let name = name.map_or_else(|| format!("HPA `{}`", scaler.name), Clone::clone);
    let least = usize::try_from(scaler.min_replicas).unwrap_or(usize::MAX);
    if least > left {
        format!("; its {name} keeps at least {least}: lower that to {left}")
    } else {
        format!("; its {name} says how many there are: raise its target")
    }
}

/// A budget that lets pods go now, and none of so few.
fn budget(about: &About<'_>, (left, all): (usize, usize)) -> String {
    let budgets = about.budgets.iter().filter_map(|it| {
        let wanted = usize::try_from(it.wanted?).ok()?;
        let mut pods = about.workloads.iter().flat_map(|workload| {
            let namespace = workload.id.namespace.as_str();
            workload.pods.iter().map(move |pod| (namespace, pod))
        });
        let counts = pods.any(|(namespace, pod)| it.counts(namespace, &pod.labels));
        (counts && wanted >= left && wanted < all).then_some((wanted, it))
    });
    let Some((wanted, budget)) = budgets.max_by_key(|it| it.0) else {
        return String::new();
    };
    let name = &budget.name;
    format!(
        "; its PodDisruptionBudget `{name}` wants {wanted} of them well: lower that as well, or none \
         can be moved"
    )
}

/// Kinds whose pods are one program, or may be.
const ONE_PROGRAM: [&str; 2] = ["RayCluster", GROUPS];

/// Whether its pods talk to each other from device to device, as ranks of a run do; `None`
/// where they may.
pub(super) fn talk(about: &About<'_>) -> Option<bool> {
    let first = about.workloads.first()?;
    let pods = about.held.running_pods();
    if pods < 2 {
        return Some(false);
    }
    // Pods of a plain Job may each have work of their own.
    if about.batch() && first.api_version.starts_with("batch/") {
        return None;
    }
    let groups = Replicas::of(about).filter(|it| it.word == "groups");
    if groups.is_some_and(|it| it.count >= pods) {
        return Some(false);
    }
    Some(about.batch() || ONE_PROGRAM.contains(&first.id.kind.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_of_a_group_are_called_after_it() {
        let groups = ["llm-2", "llm-2-1", "llm-10-3", "llm", "other-1"];
        let groups = groups.map(|pod| group("llm", pod));
        assert_eq!(groups, [Some(2), Some(2), Some(10), None, None]);
    }
}
