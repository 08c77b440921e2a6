//! What cannot start, cannot be drained, or has no second.

use kcost::finding::Severity;
use kcost::snapshot::{
    CapacityType, DisruptionBudget, LimitRange, Quota, Resources, Service, Snapshot, Workload,
};
use kcost::units::Bytes;

use super::{fact, none, only, severity, unknown};
use crate::made::{container, node, resources, workload};
use crate::played::{MIB, cluster, label, play};

fn web(pods: u32) -> Workload {
    let web = workload("Deployment", "web", pods, vec![container("app", 500, 1024)]);
    label(web, &[("app", "web")])
}

fn labels() -> Vec<(String, String)> {
    vec![("app".to_owned(), "web".to_owned())]
}

/// A fortnight on two nodes of 4 cores and 16 GiB.
fn running(workload: Workload, mib: f64) -> Snapshot {
    let mut snapshot = cluster(14);
    snapshot.cluster.nodes = ["n0", "n1"]
        .map(|name| node(name, CapacityType::OnDemand))
        .into();
    play(&mut snapshot, workload, |_, _| (0.1, mib * MIB));
    snapshot
}

fn quota(used: u64, hard: u64) -> Quota {
    Quota {
        namespace: "shop".to_owned(),
        name: "team".to_owned(),
        scopes: Vec::new(),
        hard_requests: resources(hard, 0),
        hard_limits: Resources::default(),
        used_requests: resources(used, 0),
        used_limits: Resources::default(),
    }
}

#[test]
fn a_quota_with_no_room_for_a_pod_stops_a_rollout() {
    let mut snapshot = running(web(4), 200.0);
    snapshot.cluster.quotas = vec![quota(9_600, 10_000)];
    let full = only(&snapshot, "quota_nearly_used");
    assert_eq!(
        full.text,
        "quota `team` has 96% of requests.cpu in use, and another pod of `web` does not fit: \
         a rollout would stop"
    );
    assert_eq!(
        (severity(&full), full.concerns),
        (Severity::Medium, vec![0])
    );
    snapshot.cluster.quotas = vec![quota(9_100, 10_000)];
    assert_eq!(
        severity(&only(&snapshot, "quota_nearly_used")),
        Severity::Low
    );
    snapshot.cluster.quotas = vec![quota(8_900, 10_000)];
    none(&snapshot, "quota_nearly_used");
    // A quota of nothing forbids.
    snapshot.cluster.quotas = vec![quota(0, 0)];
    none(&snapshot, "quota_nearly_used");
}

#[test]
fn what_is_no_size_is_not_freed_by_sizes() {
    let mut snapshot = running(web(4), 200.0);
    let counted = |name: &str| {
        let mut quota = quota(0, 0);
        quota.hard_requests.extended.insert(name.to_owned(), 50.0);
        quota.used_requests.extended.insert(name.to_owned(), 48.0);
        snapshot.cluster.quotas = vec![quota];
        only(&snapshot, "quota_nearly_used").action.text
    };
    let told = ["count/secrets", "persistentvolumeclaims", "pods", "storage"].map(counted);
    assert_eq!(
        told,
        [
            "raise count/secrets of the quota, or delete secrets that nobody uses",
            "raise persistentvolumeclaims of the quota, or delete persistentvolumeclaims that \
             nobody uses",
            "raise pods of the quota, or run fewer pods in the namespace",
            "raise storage of the quota, or delete volumes that nobody uses",
        ]
    );
}

pub(super) fn budget(allowed: i32) -> DisruptionBudget {
    DisruptionBudget {
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
        disruptions_allowed: allowed,
        selector: labels(),
        ..DisruptionBudget::default()
    }
}

#[test]
fn a_budget_that_lets_no_healthy_pod_go_blocks_drains() {
    let mut snapshot = running(web(2), 200.0);
    snapshot.cluster.disruption_budgets = vec![budget(0)];
    let blocked = only(&snapshot, "drain_blocked");
    assert_eq!(
        blocked.text,
        "budget `web` allows no disruption of 2 healthy pods: no node under them can be drained"
    );
    let patch = blocked.action.patch.unwrap();
    assert_eq!(patch.body["spec"]["maxUnavailable"], 1);
    snapshot.cluster.disruption_budgets = vec![budget(1)];
    none(&snapshot, "drain_blocked");
    // It does what it is for while a pod is missing.
    snapshot.cluster.disruption_budgets = vec![budget(0)];
    snapshot.workloads[0].pods[1].phase = "Pending".to_owned();
    none(&snapshot, "drain_blocked");
}

#[test]
fn a_budget_waits_for_pods_that_are_not_well_and_may_select_none() {
    let mut snapshot = running(web(2), 200.0);
    let mut waits = budget(0);
    (waits.healthy, waits.wanted, waits.expected) = (Some(1), Some(1), Some(2));
    snapshot.cluster.disruption_budgets = vec![waits];
    none(&snapshot, "drain_blocked");
    let mut empty = budget(0);
    (empty.healthy, empty.wanted, empty.expected) = (Some(0), Some(1), Some(0));
    snapshot.cluster.disruption_budgets = vec![empty.clone()];
    // A workload that is scaled to nothing.
    none(&snapshot, "drain_blocked");
    empty.selector = vec![("app".to_owned(), "wbe".to_owned())];
    snapshot.cluster.disruption_budgets = vec![empty];
    let slip = only(&snapshot, "drain_blocked");
    assert_eq!(slip.text, "budget `web` selects no pod, and guards nothing");
    assert_eq!(severity(&slip), Severity::Low);
}

#[test]
fn a_budget_whose_pods_are_not_known_is_not_judged() {
    let mut snapshot = running(web(2), 200.0);
    let mut more = budget(0);
    more.selector.clear();
    snapshot.cluster.disruption_budgets = vec![more];
    none(&snapshot, "drain_blocked");
    assert_eq!(
        unknown(&snapshot, "drain_blocked"),
        [
            "1 disruption budget that allows no disruption, whose pods are told by more than \
             labels"
        ]
    );
}

fn served(workload: Workload) -> Snapshot {
    let mut snapshot = running(workload, 200.0);
    snapshot.cluster.services = vec![Service {
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
        service_type: "ClusterIP".to_owned(),
        selector: labels(),
        ..Service::default()
    }];
    snapshot
}

#[test]
fn one_pod_or_one_node_behind_a_service_stands_alone() {
    let single = only(&served(web(1)), "single_replica");
    assert_eq!(single.action.patch.unwrap().body["spec"]["replicas"], 2);
    let one_node = only(&served(web(2)), "single_replica");
    assert!(
        one_node
            .text
            .starts_with("all 2 pods behind service `web` are on one node")
    );
    let mut apart = web(2);
    apart.pods[1].node = Some("n1".to_owned());
    none(&served(apart), "single_replica");
    // Nobody depends on it as far as is known, or it is of the cluster itself.
    none(&running(web(1), 200.0), "single_replica");
    let mut of_the_cluster = served(web(1));
    of_the_cluster.workloads[0].id.namespace = "kube-system".to_owned();
    of_the_cluster.cluster.services[0].namespace = "kube-system".to_owned();
    none(&of_the_cluster, "single_replica");
    let mut everything = served(web(1));
    everything.cluster.services[0].selector.clear();
    none(&everything, "single_replica");
}

#[test]
fn pods_that_do_not_exist_have_a_cause_where_it_can_be_seen() {
    let mut missing = web(2);
    missing.present = Some(0);
    let mut snapshot = running(missing, 200.0);
    let unclear = only(&snapshot, "replicas_missing");
    assert_eq!(
        (severity(&unclear), unclear.text.as_str()),
        (Severity::Critical, "0 of 2 pods exist")
    );
    assert!(unclear.action.text.contains("reason=FailedCreate"));
    snapshot.cluster.quotas = vec![quota(9_600, 10_000)];
    let full = only(&snapshot, "replicas_missing");
    assert_eq!(
        full.text,
        "0 of 2 pods exist: quota `team` has no room for more"
    );
    snapshot.cluster.limit_ranges = vec![LimitRange {
        namespace: "shop".to_owned(),
        name: "sizes".to_owned(),
        applies_to: "Container".to_owned(),
        min: Resources::default(),
        max: resources(0, 512),
        default_request: Resources::default(),
        default_limit: Resources::default(),
        max_ratio_cpu: None,
        max_ratio_memory: None,
    }];
    let range = only(&snapshot, "replicas_missing");
    assert_eq!(
        range.text,
        "0 of 2 pods exist: LimitRange `sizes` does not allow container `app`"
    );
    snapshot.workloads[0].present = Some(1);
    assert_eq!(
        severity(&only(&snapshot, "replicas_missing")),
        Severity::Medium
    );
    snapshot.workloads[0].present = Some(2);
    none(&snapshot, "replicas_missing");
    snapshot.workloads[0].present = None;
    none(&snapshot, "replicas_missing");
}

/// The second pod waits for a node, since so many minutes.
fn waiting(memory: Bytes, minutes: i64) -> Snapshot {
    let mut snapshot = running(web(2), 200.0);
    snapshot.taken_at = snapshot.usage.grid.end();
    let pod = &mut snapshot.workloads[0].pods[1];
    pod.node = None;
    "Pending".clone_into(&mut pod.phase);
    pod.created = Some(snapshot.taken_at - jiff::SignedDuration::from_mins(minutes));
    pod.requests.memory = Some(memory);
    snapshot
}

#[test]
fn a_pod_larger_than_any_node_waits_for_ever() {
    let never = only(&waiting(Bytes::gib(17), 30), "pod_fits_nowhere");
    assert_eq!(severity(&never), Severity::High);
    assert_eq!(
        never.text,
        "1 of 2 pods waits for a node since 30 minutes; each asks for 500m CPU, 17Gi, which no \
         node has even when it is empty"
    );
    // 16 GiB fit on an empty node alone, where nothing else is.
    let fits = only(&waiting(Bytes::gib(16), 30), "pod_fits_nowhere");
    assert_eq!(severity(&fits), Severity::Medium);
    assert!(fits.text.contains("which would fit"));
    let mut crowded = waiting(Bytes::gib(16), 30);
    crowded.cluster.nodes.pop();
    let not_now = only(&crowded, "pod_fits_nowhere");
    assert!(not_now.text.ends_with("which no node has left"));
    assert!((fact(&not_now, "pods_waiting") - 1.0).abs() < 1e-9);
    none(&waiting(Bytes::gib(17), 4), "pod_fits_nowhere");
}

#[test]
fn a_pod_behind_a_scheduling_gate_waits_on_purpose() {
    let mut snapshot = waiting(Bytes::gib(500), 60);
    let held = kcost::snapshot::Condition {
        kind: "PodScheduled".to_owned(),
        status: "False".to_owned(),
        reason: Some("SchedulingGated".to_owned()),
        cause: None,
        since: None,
    };
    for pod in &mut snapshot.workloads[0].pods {
        pod.conditions.push(held.clone());
    }
    none(&snapshot, "pod_fits_nowhere");
}

#[test]
fn without_nodes_nobody_knows_where_a_pod_fits() {
    let mut snapshot = waiting(Bytes::gib(17), 30);
    snapshot.cluster.nodes.clear();
    none(&snapshot, "pod_fits_nowhere");
    assert_eq!(
        unknown(&snapshot, "pod_fits_nowhere"),
        ["1 workload with pods that wait for a node, where no nodes are known"]
    );
}

/// Four pods on one node of 16 GiB, which use so many MiB each and may use 6 GiB.
fn together(mib: f64, days: u32) -> Snapshot {
    let mut snapshot = cluster(days);
    snapshot.cluster.nodes = vec![node("n0", CapacityType::OnDemand)];
    let mut web = web(4);
    web.containers[0].limits.memory = Some(Bytes::gib(6));
    play(&mut snapshot, web, |pod, slot| {
        let place = f64::from(u32::try_from(pod).unwrap());
        let wave = 1.0 + 0.02 * (f64::from(slot / 48 * 7 % 5) + place);
        (0.1, mib * wave * MIB)
    });
    snapshot
}

#[test]
fn limits_beyond_a_node_bite_where_pods_come_near_it() {
    let near = only(&together(3_500.0, 14), "node_memory_overcommit");
    assert_eq!(near.subject.kind, "Node");
    assert!(near.chance.unwrap().probability >= 0.1);
    assert!((fact(&near, "memory_limits_to_allocatable_ratio") - 1.5).abs() < 1e-9);
    none(&together(1_500.0, 14), "node_memory_overcommit");
    // Limits that fit can never do it.
    let mut fits = together(3_500.0, 14);
    fits.workloads[0].containers[0].limits.memory = Some(Bytes::gib(4));
    none(&fits, "node_memory_overcommit");
    let short = together(3_500.0, 2);
    none(&short, "node_memory_overcommit");
    assert_eq!(
        unknown(&short, "node_memory_overcommit"),
        ["1 node where limits exceed memory, and pods have run together for less than three days"]
    );
}
