//! What cannot start, ends again and again, or is put out.

use jiff::{SignedDuration, Timestamp};
use kcost::finding::Severity;
use kcost::snapshot::{
    Autoscaler, CapacityType, Condition, Eviction, Probe, ProbeKind, Restarts, Snapshot, Spell,
    Waiting, Workload,
};

use super::{ended, fact, killed, none, only, severity, unknown};
use crate::made::{container, node, workload};
use crate::played::{MIB, cluster, play};

fn said(kind: &str, status: &str, reason: &str, since: Timestamp) -> Condition {
    Condition {
        kind: kind.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        cause: None,
        since: Some(since),
    }
}

/// Two pods that say that they are ready, created so many minutes ago.
fn ready(minutes: i64) -> Snapshot {
    let mut snapshot = cluster(14);
    snapshot.taken_at = snapshot.usage.grid.end();
    let mut api = workload("Deployment", "api", 2, vec![container("app", 100, 256)]);
    for pod in &mut api.pods {
        pod.created = Some(snapshot.taken_at - SignedDuration::from_mins(minutes));
        pod.conditions = vec![said("Ready", "True", "Ready", snapshot.usage.grid.start)];
    }
    play(&mut snapshot, api, |_, _| (0.1, 100.0 * MIB));
    snapshot
}

fn waits(snapshot: &mut Snapshot, reason: &str, pods: &[&str]) {
    let waiting = pods.iter().map(|pod| Waiting {
        pod: (*pod).to_owned(),
        reason: reason.to_owned(),
    });
    snapshot.workloads[0].containers[0].waiting = waiting.collect();
}

/// As it was read before states were kept.
fn stateless(mut snapshot: Snapshot) -> Snapshot {
    for pod in &mut snapshot.workloads[0].pods {
        pod.conditions.clear();
    }
    snapshot
}

const STATELESS: [&str; 1] = ["1 workload with pods whose state was not read"];

#[test]
fn an_image_that_does_not_come_stops_pods() {
    let mut snapshot = ready(30);
    waits(&mut snapshot, "ImagePullBackOff", &["api-1"]);
    let one = only(&snapshot, "container_cannot_start");
    assert_eq!(
        one.text,
        "its image cannot be pulled (ImagePullBackOff) in 1 of 2 pods, for up to 30 minutes"
    );
    assert_eq!(severity(&one), Severity::Medium);
    waits(
        &mut snapshot,
        "CreateContainerConfigError",
        &["api-0", "api-1"],
    );
    let all = only(&snapshot, "container_cannot_start");
    assert_eq!(severity(&all), Severity::Critical);
    assert!(all.text.starts_with("a Secret or ConfigMap that it names"));
    // A few minutes are no failure, nor is what is only slow.
    let mut young = ready(4);
    waits(&mut young, "ImagePullBackOff", &["api-1"]);
    none(&young, "container_cannot_start");
    waits(&mut snapshot, "SomethingElse", &["api-1"]);
    none(&snapshot, "container_cannot_start");
    assert_eq!(
        unknown(&stateless(ready(30)), "container_cannot_start"),
        STATELESS
    );
}

fn restarted(snapshot: &mut Snapshot, hours: &[i64]) {
    let end = snapshot.usage.grid.end();
    let container = &mut snapshot.workloads[0].containers[0];
    container.restarts_at = hours
        .iter()
        .rev()
        .map(|ago| Restarts {
            pod: "api-0".to_owned(),
            until: end - SignedDuration::from_hours(*ago),
            count: 1,
        })
        .collect();
    container.restarts = u32::try_from(hours.len()).unwrap();
}

#[test]
fn a_crash_loop_says_how_it_ends() {
    let mut snapshot = ready(30);
    waits(&mut snapshot, "CrashLoopBackOff", &["api-0"]);
    let mut end = ended(&snapshot, "api-0", "Error", 0.1);
    end.exit_code = 1;
    snapshot.workloads[0].containers[0].terminations = vec![end];
    let looping = only(&snapshot, "crash_loop");
    assert_eq!(
        looping.text,
        "crashes in a loop in 1 of 2 pods, with exit code 1"
    );
    assert!(looping.action.text.contains("kubectl logs --previous"));
    // Kills for memory are told as such.
    let kills = [3.0, 2.0, 1.0].map(|ago| killed(&snapshot, "api-0", ago));
    snapshot.workloads[0].containers[0].terminations = kills.to_vec();
    none(&snapshot, "crash_loop");
}

#[test]
fn an_init_container_that_crashes_stops_all_that_follows() {
    let mut snapshot = ready(120);
    let mut init = container("migrate", 10, 16);
    init.kind = kcost::snapshot::ContainerKind::Init;
    init.waiting = ["api-0", "api-1"]
        .map(|pod| Waiting {
            pod: pod.to_owned(),
            reason: "CrashLoopBackOff".to_owned(),
        })
        .to_vec();
    snapshot.workloads[0].containers.insert(0, init);
    let looping = only(&snapshot, "crash_loop");
    assert_eq!(looping.container.as_deref(), Some("migrate"));
    assert_eq!(severity(&looping), Severity::Critical);
    assert_eq!(
        looping.text,
        "crashes in a loop in 2 of 2 pods, and nothing else in them starts"
    );
}

#[test]
fn more_restarts_than_ever_stand_out_and_the_usual_ones_do_not() {
    let mut snapshot = ready(30);
    restarted(&mut snapshot, &[1, 3, 5, 7]);
    let more = only(&snapshot, "crash_loop");
    assert!((fact(&more, "restarts_last_day") - 4.0).abs() < 1e-9);
    assert_eq!(
        more.text,
        "restarted 4 times in the last day, where 0.0 are usual"
    );
    restarted(&mut snapshot, &[1, 3]);
    none(&snapshot, "crash_loop");
    // Four a day for a fortnight are how it is.
    let daily: Vec<i64> = (0..56).map(|it| it * 6 + 1).collect();
    restarted(&mut snapshot, &daily);
    none(&snapshot, "crash_loop");
}

#[test]
fn restarts_without_times_are_unknown() {
    let mut snapshot = ready(30);
    snapshot.workloads[0].containers[0].restarts = 9;
    none(&snapshot, "crash_loop");
    assert_eq!(
        unknown(&snapshot, "crash_loop"),
        ["1 container that restarted, and when is known of the last time alone"]
    );
    assert_eq!(unknown(&stateless(ready(30)), "crash_loop"), STATELESS);
}

fn probed(kind: ProbeKind) -> Snapshot {
    let mut snapshot = ready(30);
    let ends = [30.0, 20.0].map(|ago| ended(&snapshot, "api-0", "Error", ago));
    let container = &mut snapshot.workloads[0].containers[0];
    container.terminations = ends.to_vec();
    container.restarts = 2;
    container.probes = vec![Probe {
        kind,
        initial_delay_seconds: 10,
        period_seconds: 10,
        timeout_seconds: 1,
        failure_threshold: 3,
    }];
    snapshot
}

#[test]
fn a_probe_that_kills_is_told_from_a_kill_for_memory() {
    let kills = only(&probed(ProbeKind::Liveness), "probe_kills");
    assert_eq!(
        kills.text,
        "killed 2 times without being out of memory: its probe waits 30s at most, 40s after a start"
    );
    assert!(kills.action.text.contains("startupProbe"));
    none(&probed(ProbeKind::Readiness), "probe_kills");
    let mut crashes = probed(ProbeKind::Liveness);
    for end in &mut crashes.workloads[0].containers[0].terminations {
        end.exit_code = 1;
    }
    none(&crashes, "probe_kills");
    let mut memory = probed(ProbeKind::Liveness);
    for end in &mut memory.workloads[0].containers[0].terminations {
        end.reason = "OOMKilled".to_owned();
    }
    none(&memory, "probe_kills");
    let mut once = probed(ProbeKind::Liveness);
    once.workloads[0].containers[0].terminations.pop();
    once.workloads[0].containers[0].restarts = 1;
    none(&once, "probe_kills");
    let unread = stateless(probed(ProbeKind::Liveness));
    none(&unread, "probe_kills");
    assert_eq!(unknown(&unread, "probe_kills"), STATELESS);
}

#[test]
fn evicted_pods_say_what_their_node_was_short_of() {
    let mut snapshot = ready(30);
    let end = snapshot.usage.grid.end();
    let evicted = |pod: &str, hours: i64| Eviction {
        pod: pod.to_owned(),
        reason: "Evicted".to_owned(),
        resource: Some("memory".to_owned()),
        at: Some(end - SignedDuration::from_hours(hours)),
    };
    snapshot.workloads[0].evictions = vec![evicted("api-7", 5), evicted("api-8", 3)];
    let now = only(&snapshot, "pods_evicted");
    assert_eq!(
        now.text,
        "2 pods evicted in 5 hours: their node was short of memory"
    );
    assert_eq!((severity(&now), now.until), (Severity::High, None));
    snapshot.workloads[0].evictions = vec![evicted("api-7", 50)];
    assert!(only(&snapshot, "pods_evicted").until.is_some());
    // Before the window, or at no known time.
    snapshot.workloads[0].evictions = vec![evicted("api-7", 15 * 24)];
    none(&snapshot, "pods_evicted");
}

#[test]
fn a_node_that_is_short_or_away_is_told() {
    let mut snapshot = ready(30);
    let since = snapshot.taken_at - SignedDuration::from_mins(20);
    let mut short = node("n0", CapacityType::OnDemand);
    short.conditions = vec![
        said("Ready", "True", "KubeletReady", since),
        said("DiskPressure", "True", "KubeletHasDiskPressure", since),
    ];
    snapshot.cluster.nodes = vec![short];
    let pressure = only(&snapshot, "node_pressure");
    assert_eq!(
        pressure.text,
        "it is short of disk and evicts pods, for 20 minutes"
    );
    assert_eq!(
        (severity(&pressure), pressure.concerns),
        (Severity::High, vec![0])
    );
    let mut says = |conditions: Vec<Condition>, cordoned: bool| {
        snapshot.cluster.nodes[0].conditions = conditions;
        snapshot.cluster.nodes[0].unschedulable = cordoned;
        super::found(&snapshot, "node_pressure").len()
    };
    assert_eq!(
        says(
            vec![said("Ready", "Unknown", "NodeStatusUnknown", since)],
            false
        ),
        1
    );
    assert_eq!(
        says(
            vec![said("Ready", "Unknown", "NodeStatusUnknown", since)],
            true
        ),
        0
    );
    assert_eq!(
        says(vec![said("DiskPressure", "False", "Fine", since)], false),
        0
    );
    says(Vec::new(), false);
    assert_eq!(
        unknown(&snapshot, "node_pressure"),
        ["1 node whose conditions were not read"]
    );
}

/// A node that is well, and said this of itself before: hours before the end, and how long.
fn said_before(kind: &str, times: &[(i64, i64)]) -> Snapshot {
    let mut snapshot = ready(30);
    let end = snapshot.usage.grid.end();
    let mut well = node("n0", CapacityType::OnDemand);
    well.conditions = vec![said("Ready", "True", "KubeletReady", end)];
    let spell = |(ago, hours): &(i64, i64)| Spell {
        kind: kind.to_owned(),
        from: end - SignedDuration::from_hours(*ago),
        until: end - SignedDuration::from_hours(ago - hours),
    };
    well.spells = Some(times.iter().map(spell).collect());
    snapshot.cluster.nodes = vec![well];
    snapshot
}

#[test]
fn pressure_that_came_and_went_is_remembered() {
    let found = only(
        &said_before("MemoryPressure", &[(100, 2), (30, 1), (5, 1)]),
        "node_pressure",
    );
    assert_eq!(
        found.text,
        "it was short of memory and evicted pods 3 times in 14d, for 4 hours in all"
    );
    assert_eq!((severity(&found), found.until), (Severity::Medium, None));
    // As often as three times in a fortnight makes likely.
    assert!((found.chance.unwrap().probability - 0.542).abs() < 0.01);
    let over = only(&said_before("DiskPressure", &[(100, 2)]), "node_pressure");
    assert_eq!(
        (severity(&over), over.chance, over.until.is_some()),
        (Severity::Low, None, true)
    );
    // Once away is a restart; often away is none.
    let away = |times: &[(i64, i64)]| super::found(&said_before("Ready", times), "node_pressure");
    assert_eq!(away(&[(30, 1), (5, 1)]), []);
    let often = away(&[(50, 1), (30, 1), (5, 1)]);
    assert!(
        often[0]
            .text
            .starts_with("it did not answer 3 times in 14d")
    );
    none(&said_before("DiskPressure", &[]), "node_pressure");
    let mut untold = said_before("DiskPressure", &[]);
    untold.cluster.nodes[0].spells = None;
    assert_eq!(
        unknown(&untold, "node_pressure"),
        ["1 node whose state over time is not known"]
    );
}

fn scaled(conditions: Vec<Condition>) -> Snapshot {
    let mut snapshot = ready(30);
    snapshot.workloads[0].autoscaler = Some(Autoscaler {
        name: "api".to_owned(),
        min_replicas: 1,
        max_replicas: 5,
        current_replicas: Some(2),
        metrics: Vec::new(),
        idle_replicas: None,
        others: Vec::new(),
        keeper: None,
        unread: 0,
        unread_of: Vec::new(),
        made_by: None,
        behavior: None,
        conditions,
    });
    snapshot
}

#[test]
fn an_autoscaler_that_reads_nothing_is_blind() {
    let since = ready(0).taken_at - SignedDuration::from_mins(40);
    let blind =
        |status: &str, reason: &str| scaled(vec![said("ScalingActive", status, reason, since)]);
    let found = only(
        &blind("False", "FailedGetResourceMetric"),
        "autoscaler_blind",
    );
    assert_eq!(
        found.text,
        "autoscaler `api` cannot read its metric (FailedGetResourceMetric) for 40 minutes"
    );
    none(&blind("False", "ScalingDisabled"), "autoscaler_blind");
    none(&blind("True", "ValidMetricFound"), "autoscaler_blind");
    assert_eq!(
        unknown(&scaled(Vec::new()), "autoscaler_blind"),
        ["1 autoscaler whose conditions were not read"]
    );
}

/// Pods of which the second is there in every other stretch of so many half hours.
fn flapping(every: u32) -> Snapshot {
    let mut snapshot = scaled(Vec::new());
    let series = &mut snapshot.usage.series[1];
    for (slot, used) in (0_u32..).zip(&mut series.cpu_cores) {
        if (slot / every).is_multiple_of(2) {
            *used = f32::NAN;
        }
    }
    snapshot
}

#[test]
fn an_autoscaler_that_turns_all_day_flaps_and_a_rhythm_does_not() {
    let found = only(&flapping(1), "autoscaler_flaps");
    assert!(fact(&found, "turns_last_day") > 24.0);
    none(&flapping(8), "autoscaler_flaps");
    // Without use it is not known how many there were, which is no turn.
    let mut dark = flapping(1);
    dark.usage.series.clear();
    none(&dark, "autoscaler_flaps");
}

#[test]
fn a_rollout_past_its_deadline_is_stuck() {
    let mut snapshot = ready(30);
    let since = snapshot.taken_at - SignedDuration::from_mins(60);
    let mut progress = |status: &str| {
        let condition = said("Progressing", status, "ProgressDeadlineExceeded", since);
        snapshot.workloads[0].conditions = vec![condition];
        super::found(&snapshot, "rollout_stuck")
    };
    assert_eq!(
        progress("False")[0].text,
        "its rollout has passed its deadline for 60 minutes"
    );
    assert!(progress("True").is_empty());
    snapshot.workloads[0].conditions.clear();
    assert_eq!(unknown(&stateless(snapshot), "rollout_stuck"), STATELESS);
}

#[test]
fn pods_that_run_and_are_not_ready_are_told() {
    let away = |pods: usize, minutes: i64| {
        let mut snapshot = ready(600);
        let since = snapshot.taken_at - SignedDuration::from_mins(minutes);
        for pod in &mut snapshot.workloads[0].pods[..pods] {
            pod.conditions = vec![said("Ready", "False", "ContainersNotReady", since)];
        }
        snapshot
    };
    let one = only(&away(1, 40), "pods_not_ready");
    assert_eq!(
        one.text,
        "1 of 2 pods runs and is not ready, for up to 40 minutes: no Service sends it anything"
    );
    assert_eq!(severity(&one), Severity::Medium);
    assert_eq!(
        severity(&only(&away(2, 40), "pods_not_ready")),
        Severity::Critical
    );
    // It may start slowly, or wait for something that is told apart.
    none(&away(1, 14), "pods_not_ready");
    let mut waiting = away(1, 40);
    waits(&mut waiting, "CrashLoopBackOff", &["api-0"]);
    none(&waiting, "pods_not_ready");
    assert_eq!(
        unknown(&stateless(away(1, 40)), "pods_not_ready"),
        STATELESS
    );
}

#[test]
fn a_budget_with_too_few_healthy_pods_says_so() {
    let mut snapshot = ready(30);
    let mut budget = super::cluster::budget(0);
    (budget.expected, budget.healthy, budget.wanted) = (Some(3), Some(1), Some(2));
    snapshot.cluster.disruption_budgets = vec![budget];
    let unwell = only(&snapshot, "drain_blocked");
    assert_eq!(
        unwell.text,
        "budget `web` wants 2 healthy pods, and there are 1"
    );
    // One that counts no pod has nothing to drain.
    let budget = &mut snapshot.cluster.disruption_budgets[0];
    snapshot.workloads[0].labels.clone_from(&budget.selector);
    (budget.expected, budget.healthy, budget.wanted) = (Some(0), Some(0), Some(0));
    none(&snapshot, "drain_blocked");
}

/// What a Deployment says of replicas that it could not make becomes one word.
#[test]
fn replicas_that_fail_say_why_without_an_event() {
    let says = [
        (
            "exceeded quota: team, requested: pods=1",
            "a quota of the namespace has no room",
        ),
        (
            "admission webhook \"a.b\" denied the request: secret words",
            "an admission webhook",
        ),
        (
            "violates PodSecurity \"restricted:latest\"",
            "the namespace's Pod Security level",
        ),
        (
            "error looking up service account shop/x",
            "their service account does not exist",
        ),
        (
            "maximum memory usage per Container is 512Mi",
            "a LimitRange of the namespace",
        ),
    ];
    for (message, means) in says {
        let deployment = serde_json::json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"namespace": "shop", "name": "web", "uid": "web"},
            "spec": {"replicas": 2, "selector": {}, "template": {"spec":
                {"containers": [{"name": "app", "image": "i"}]}}},
            "status": {"observedGeneration": 1, "conditions": [{"type": "ReplicaFailure",
                "status": "True", "reason": "FailedCreate", "message": message,
                "lastTransitionTime": "2026-11-01T00:00:10Z"}]}});
        let read = from_objects(&[deployment]);
        let missing = only(&read, "replicas_missing");
        assert!(missing.text.contains(means), "{}", missing.text);
        let kept = serde_json::to_string(&read.workloads[0].conditions).unwrap();
        assert!(
            !kept.contains("secret words") && !kept.contains(message),
            "{kept}"
        );
    }
}

#[test]
fn claims_that_are_only_read_or_excluded_may_be_full() {
    let claim = |modes: &[&str], label: &str| {
        let claim = serde_json::json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"namespace": "shop", "name": "data",
                "labels": {"excluded-from-alerts": label}},
            "spec": {"accessModes": modes}, "status": {"phase": "Bound"}});
        from_objects(&[claim]).cluster.volume_claims[0].may_be_full
    };
    assert!(claim(&["ReadOnlyMany"], "no") && claim(&["ReadWriteOnce"], "true"));
    assert!(!claim(&["ReadWriteOnce", "ReadOnlyMany"], "no") && !claim(&[], "no"));
}

/// A snapshot of these objects alone, by way of a bundle.
fn from_objects(items: &[serde_json::Value]) -> Snapshot {
    let folder = tempfile::tempdir().unwrap();
    kcost::record::read(&bundled(folder.path(), items)).unwrap()
}

fn bundled(folder: &std::path::Path, items: &[serde_json::Value]) -> std::path::PathBuf {
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items});
    let file = folder.join("objects.json");
    std::fs::write(&file, list.to_string()).unwrap();
    let bundle = folder.join("made.kcost");
    let run = crate::common::Kcost::new()
        .arg("snapshot")
        .arg("--objects")
        .arg(&file);
    run.arg("-o").arg(&bundle).run().ended(0);
    bundle
}

/// What is read of objects as the API server gives them.
#[test]
fn states_are_read_from_objects_and_no_message_is_kept() {
    let pod = |name: &str, status: serde_json::Value| {
        serde_json::json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "shop", "name": name, "uid": name,
                "creationTimestamp": "2026-11-01T00:00:00Z",
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db",
                    "uid": "db", "controller": true}]},
            "spec": {"nodeName": "n0", "containers": [{"name": "app", "image": "i",
                "livenessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5}}]},
            "status": status})
    };
    let waiting = serde_json::json!({"phase": "Pending",
        "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady",
            "message": "secret words", "lastTransitionTime": "2026-11-01T00:00:10Z"}],
        "containerStatuses": [{"name": "app", "restartCount": 0, "image": "i", "imageID": "",
            "ready": false,
            "state": {"waiting": {"reason": "ImagePullBackOff", "message": "secret words"}}}]});
    let evicted = serde_json::json!({"phase": "Failed", "reason": "Evicted",
        "message": "The node was low on resource: ephemeral-storage. secret words"});
    let set = serde_json::json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"namespace": "shop", "name": "db", "uid": "db"},
        "spec": {"replicas": 2, "serviceName": "db", "selector": {}, "template": {"spec":
            {"containers": [{"name": "app", "image": "i"}]}}}});
    let folder = tempfile::tempdir().unwrap();
    let items = [set, pod("db-0", waiting), pod("db-1", evicted)];
    let bundle = bundled(folder.path(), &items);
    let read = kcost::record::read(&bundle).unwrap();
    let of: &Workload = &read.workloads[0];
    let app = &of.containers[0];
    assert_eq!(app.waiting[0].reason, "ImagePullBackOff");
    let probe = app.probes[0];
    assert_eq!(
        (
            probe.period_seconds,
            probe.failure_threshold,
            probe.timeout_seconds
        ),
        (5, 3, 1)
    );
    assert_eq!(
        of.pods[0].conditions[0].reason.as_deref(),
        Some("ContainersNotReady")
    );
    assert_eq!(
        of.evictions[0].resource.as_deref(),
        Some("ephemeral-storage")
    );
    for entry in std::fs::read_dir(&bundle).unwrap() {
        let text = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains("secret words"));
    }
}
