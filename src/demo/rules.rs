//! Where pods may run, and what ties them to a place.

use super::around;
use super::plan::{Kind, Plan, Pool};
use crate::snapshot::{
    Labels, Node, NodeTerm, Operator, Placement, Requirement, Toleration, Volume, Workload,
};
use crate::units::Bytes;

/// The label that budgets and services know pods by.
pub(super) const NAME: &str = "app.kubernetes.io/name";
const ARCHITECTURE: &str = "kubernetes.io/arch";
const ZONE: &str = "topology.kubernetes.io/zone";
/// Training that is moved begins anew, which its team does not want.
const MOVED_NEVER: &str = "embedding-training";

/// What the scheduler reads of a pod of this workload.
pub(super) fn placement(plan: &Plan) -> Placement {
    let stands = |key: Option<&str>, value: Option<&str>| Toleration {
        key: key.map(str::to_owned),
        value: value.map(str::to_owned),
        effect: None,
    };
    if plan.kind == Kind::DaemonSet {
        return Placement {
            tolerations: vec![stands(None, None)],
            local_storage: true,
            ..Placement::default()
        };
    }
    match plan.pool {
        Pool::General => Placement::default(),
        Pool::Gpu | Pool::Sliced => Placement {
            tolerations: vec![stands(Some("nvidia.com/gpu"), None)],
            ..Placement::default()
        },
        Pool::Spot => Placement {
            node_selector: vec![(ARCHITECTURE.to_owned(), "arm64".to_owned())],
            tolerations: vec![stands(Some("batch"), Some("true"))],
            ..Placement::default()
        },
    }
}

/// Labels of its pods that a budget or service names.
pub(super) fn labels(plan: &Plan) -> Labels {
    let named = plan.budget.is_some() || plan.service == Some("LoadBalancer");
    let name = named.then(|| (NAME.to_owned(), plan.name.to_owned()));
    name.into_iter().collect()
}

/// What its team says of moving its pods.
pub(super) fn eviction(plan: &Plan) -> Labels {
    let key = "cluster-autoscaler.kubernetes.io/safe-to-evict";
    let never = (plan.name == MOVED_NEVER).then(|| (key.to_owned(), "false".to_owned()));
    never.into_iter().collect()
}

/// The size of each volume, where its pods have one of their own.
fn volume_gib(plan: &Plan) -> Option<u64> {
    plan.volume_gib.filter(|_| plan.kind == Kind::StatefulSet)
}

/// Claims of a pod.
pub(super) fn volume_claims(plan: &Plan, pod: &str) -> Vec<String> {
    let claim = volume_gib(plan).map(|_| format!("data-{pod}"));
    claim.into_iter().collect()
}

/// The volumes of all pods, each in the zone that its pod is in.
pub(super) fn volumes(plans: &[Plan], workloads: &[Workload], nodes: &[Node]) -> Vec<Volume> {
    let mut volumes = Vec::new();
    for (plan, gib) in plans.iter().filter_map(|it| Some((it, volume_gib(it)?))) {
        let pods = workloads
            .iter()
            .filter(|it| it.id.namespace == plan.namespace && it.id.name == plan.name)
            .flat_map(|it| &it.pods);
        for pod in pods {
            let node = nodes.iter().find(|it| Some(&it.name) == pod.node.as_ref());
            volumes.push(Volume {
                name: format!("pvc-{}", pod.name),
                storage_class: Some(around::CLASS.to_owned()),
                capacity: Bytes::gib(gib),
                phase: "Bound".to_owned(),
                claim: Some((plan.namespace.to_owned(), format!("data-{}", pod.name))),
                driver: Some(around::DRIVER.to_owned()),
                home: None,
                node_terms: node.and_then(|it| it.zone.clone()).map(in_zone),
            });
        }
    }
    volumes.sort_by(|a, b| a.name.cmp(&b.name));
    volumes
}

fn in_zone(zone: String) -> Vec<NodeTerm> {
    let requirement = Requirement {
        key: ZONE.to_owned(),
        operator: Operator::In,
        values: vec![zone],
    };
    vec![NodeTerm(vec![requirement])]
}

/// Labels of a node that rules of pods name, sorted.
pub(super) fn node_labels(name: &str, architecture: &str, zone: &str) -> Labels {
    [
        (ARCHITECTURE, architecture),
        ("kubernetes.io/hostname", name),
        ("kubernetes.io/os", "linux"),
        (ZONE, zone),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .to_vec()
}
