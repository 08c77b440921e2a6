//! What only warnings tell of: probes that fail, volumes that do not come, and why pods are
//! not made or taken.

use jiff::SignedDuration;
use kcost::finding::Severity;
use kcost::snapshot::{CapacityType, Condition, Event, Probe, ProbeKind, Snapshot, VolumeClaim};

use super::{fact, none, only, severity, unknown};
use crate::made::{container, node, workload};
use crate::played::{MIB, cluster, play};

/// Two pods, an hour old, of a cluster whose events were read.
fn told(events: &[Event]) -> Snapshot {
    let mut snapshot = cluster(14);
    snapshot.taken_at = snapshot.usage.grid.end();
    snapshot.cluster.has_events = true;
    let mut api = workload("Deployment", "api", 2, vec![container("app", 100, 256)]);
    api.containers[0].probes = vec![Probe {
        kind: ProbeKind::Liveness,
        initial_delay_seconds: 0,
        period_seconds: 10,
        timeout_seconds: 1,
        failure_threshold: 3,
    }];
    for pod in &mut api.pods {
        pod.created = Some(snapshot.taken_at - SignedDuration::from_mins(60));
        pod.conditions = vec![Condition {
            kind: "Ready".to_owned(),
            status: "True".to_owned(),
            reason: None,
            cause: None,
            since: None,
        }];
    }
    api.events = events.to_vec();
    play(&mut snapshot, api, |_, _| (0.1, 100.0 * MIB));
    snapshot
}

/// A warning of a pod, that came so often until so many minutes ago.
fn warning(pod: &str, reason: &str, cause: Option<&str>, (count, ago): (u32, i64)) -> Event {
    let last = cluster(14).usage.grid.end() - SignedDuration::from_mins(ago);
    Event {
        kind: "Pod".to_owned(),
        name: pod.to_owned(),
        container: Some("app".to_owned()),
        reason: reason.to_owned(),
        cause: cause.map(str::to_owned),
        count,
        first: Some(last - SignedDuration::from_mins(15)),
        last: Some(last),
    }
}

fn unhealthy(pod: &str, probe: &str, times: (u32, i64)) -> Event {
    warning(pod, "Unhealthy", Some(probe), times)
}

#[test]
fn a_probe_that_fails_again_and_again_is_told_before_it_kills() {
    let one = only(
        &told(&[unhealthy("api-0", "liveness", (14, 3))]),
        "probes_failing",
    );
    assert_eq!(
        one.text,
        "its liveness probe failed 14 times in 1 of 2 pods, and it is killed for that"
    );
    assert_eq!(
        (
            severity(&one),
            one.container.as_deref(),
            fact(&one, "failures")
        ),
        (Severity::Medium, Some("app"), 14.0)
    );
    let both = ["api-0", "api-1"].map(|pod| unhealthy(pod, "readiness", (4, 3)));
    assert_eq!(
        severity(&only(&told(&both), "probes_failing")),
        Severity::High
    );
    // A slow answer or two, long ago, while it starts, of a pod that is gone.
    none(
        &told(&[unhealthy("api-0", "liveness", (4, 3))]),
        "probes_failing",
    );
    none(
        &told(&[unhealthy("api-0", "liveness", (14, 70))]),
        "probes_failing",
    );
    none(
        &told(&[unhealthy("api-0", "readiness", (14, 52))]),
        "probes_failing",
    );
    none(
        &told(&[unhealthy("api-7", "liveness", (14, 3))]),
        "probes_failing",
    );
    let mut deaf = told(&[]);
    deaf.cluster.has_events = false;
    assert_eq!(
        unknown(&deaf, "probes_failing"),
        ["1 workload whose events were not read"]
    );
}

/// The first pod waits on its node.
fn stuck(events: &[Event]) -> Snapshot {
    let mut snapshot = told(events);
    "Pending".clone_into(&mut snapshot.workloads[0].pods[0].phase);
    snapshot
}

#[test]
fn a_volume_that_does_not_come_keeps_a_pod_waiting() {
    let attach = |cause| warning("api-0", "FailedAttachVolume", cause, (7, 2));
    let found = only(
        &stuck(&[attach(Some("multi_attach"))]),
        "volume_not_mounted",
    );
    assert_eq!(
        found.text,
        "its volume is still attached to another node (FailedAttachVolume) in 1 of 2 pods, for up \
         to 60 minutes"
    );
    let found = only(&stuck(&[attach(None)]), "volume_not_mounted");
    assert!(
        found.text.starts_with("its volume cannot be attached"),
        "{}",
        found.text
    );
    // It runs, or waits for something else, or has just begun.
    none(&told(&[attach(None)]), "volume_not_mounted");
    none(
        &stuck(&[unhealthy("api-0", "startup", (9, 1))]),
        "volume_not_mounted",
    );
    let mut young = stuck(&[attach(None)]);
    young.workloads[0].pods[0].created = Some(young.taken_at - SignedDuration::from_mins(4));
    none(&young, "volume_not_mounted");
    let mut deaf = stuck(&[]);
    deaf.cluster.has_events = false;
    assert_eq!(
        unknown(&deaf, "volume_not_mounted"),
        ["1 workload with pods that wait on their node, and whose events were not read"]
    );
}

#[test]
fn warnings_say_what_forbids_pods_and_what_keeps_them_off_nodes() {
    let mut refused = warning("api", "FailedCreate", Some("webhook"), (9, 2));
    refused.kind = "ReplicaSet".to_owned();
    let mut snapshot = told(&[refused]);
    snapshot.workloads[0].present = Some(0);
    snapshot.workloads[0].pods.clear();
    let missing = only(&snapshot, "replicas_missing");
    assert_eq!(
        missing.text,
        "0 of 2 pods exist: an admission webhook refuses them, or does not answer"
    );
    let mut waits = told(&[warning("api-0", "FailedScheduling", Some("taint"), (9, 2))]);
    waits.cluster.nodes = vec![node("n0", CapacityType::OnDemand)];
    "Pending".clone_into(&mut waits.workloads[0].pods[0].phase);
    waits.workloads[0].pods[0].node = None;
    let found = only(&waits, "pod_fits_nowhere");
    assert!(
        found
            .text
            .ends_with("would fit: a taint that it does not tolerate keeps it off"),
        "{}",
        found.text
    );
}

/// A pod that wants a volume, whose claim is in such a state.
fn claiming(phase: &str, events: &[Event]) -> Snapshot {
    let mut snapshot = stuck(events);
    let pod = &mut snapshot.workloads[0].pods[0];
    pod.volume_claims = vec!["data".to_owned()];
    pod.node = None;
    snapshot.cluster.volume_claims = vec![VolumeClaim {
        namespace: "shop".to_owned(),
        name: "data".to_owned(),
        phase: phase.to_owned(),
        ..VolumeClaim::default()
    }];
    snapshot
}

#[test]
fn a_claim_whose_volume_never_comes_or_is_lost_is_told() {
    let unbound = warning("api-0", "FailedScheduling", Some("volume"), (9, 2));
    let found = only(&claiming("Pending", &[unbound]), "volume_unbound");
    assert_eq!(
        found.text,
        "a pod waits for its volume, which was not made for 60 minutes"
    );
    assert_eq!(
        (severity(&found), found.concerns),
        (Severity::High, vec![0])
    );
    let lost = only(&claiming("Lost", &[]), "volume_unbound");
    assert_eq!(lost.text, "its volume is gone, and with it what it held");
    // It waits for a node first, or nobody wants it, or all is well.
    let no_room = warning("api-0", "FailedScheduling", Some("cpu"), (9, 2));
    none(&claiming("Pending", &[no_room]), "volume_unbound");
    let mut unwanted = claiming("Pending", &[]);
    unwanted.workloads[0].pods[0].volume_claims.clear();
    none(&unwanted, "volume_unbound");
    none(&claiming("Bound", &[]), "volume_unbound");
    assert_eq!(
        unknown(&claiming("Unknown", &[]), "volume_unbound"),
        ["1 volume claim whose state was not read"]
    );
}
