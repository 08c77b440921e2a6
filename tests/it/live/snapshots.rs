//! Objects and usage of a live cluster, together.

use super::{count, faulty, rollout, taken, told};
use crate::common::Kcost;
use crate::standin::{Fault, Setup, Standin, Store};

#[test]
fn a_recorded_namespace_becomes_a_snapshot() {
    let standin = Standin::recorded();
    insta::assert_snapshot!(told(&taken(&standin, &["extras"])), @r"
    standin v1.36.2, 6 nodes
    from kubernetes standin
    from metrics_api standin
    extras/CronJob/nightly: 0 pods, job used by 0
    extras/DaemonSet/agent: 14 pods, agent used by 14
    extras/Deployment/defaulted: 1 pods, main used by 1
    extras/Job/oneshot: 0 pods, job used by 0
    extras/Pod/naked: 1 pods, sc used by 0, c used by 1
    extras/StatefulSet/db: 3 pods, init used by 0, pg used by 3
    no-history usage: usage is one sample of 19 pods from the metrics API, and advice needs days of history
      hint: name a Prometheus with `--prometheus-url URL`, or record a history: `kcost snapshot --record 7d -o NAME.kcost`
    ");
}

#[test]
fn a_sample_of_the_metrics_api_becomes_usage() {
    let snapshot = taken(&Standin::recorded(), &["team-00"]);
    let first = &snapshot.usage.series[0];
    assert_eq!(first.container, "main");
    // Recorded as `4132392n` and `151152230`.
    assert_eq!(first.cpu_cores, [0.004_132_392]);
    assert_eq!(first.memory_bytes, [151_152_230.0]);
    assert_eq!(snapshot.usage.grid.len, 1);
    // 82 pods, seven of them with a second container.
    assert_eq!(snapshot.usage.series.len(), 89);
}

#[test]
fn namespaces_by_pattern_are_chosen_here() {
    let standin = Standin::recorded();
    let snapshot = taken(&standin, &["ext*", "!team-*"]);
    assert!(
        snapshot
            .workloads
            .iter()
            .all(|workload| workload.id.namespace == "extras")
    );
    assert!(!snapshot.workloads.is_empty());
    assert_eq!(count(&standin, "/api/v1/pods"), 1);
}

#[test]
fn without_the_metrics_api_states_are_still_known() {
    let store = Store::recorded().without("metrics.k8s.io/v1beta1", "pods");
    let standin = Setup::new(store).start();
    let snapshot = taken(&standin, &["extras"]);
    assert!(!snapshot.workloads.is_empty());
    let gap = snapshot
        .gaps
        .iter()
        .find(|gap| gap.code == "no-usage")
        .unwrap();
    insta::assert_snapshot!(format!("{}\n{}", gap.text, gap.hint.as_ref().unwrap()), @r"
    the cluster has no metrics API (metrics-server), and no Prometheus is named
    name a Prometheus with `--prometheus-url URL`, or see whether metrics-server is there: `kubectl get apiservice v1beta1.metrics.k8s.io`
    ");
}

#[test]
fn a_broken_metrics_api_is_a_gap() {
    for fault in [Fault::Status(503), Fault::Garbage, Fault::Forbidden] {
        let snapshot = taken(&faulty("/apis/metrics.k8s.io/v1beta1/pods", fault), &[]);
        let gaps = snapshot
            .gaps
            .iter()
            .filter(|gap| gap.subject == "current usage");
        let codes: Vec<&str> = gaps.map(|gap| gap.code.as_str()).collect();
        let expected = if fault == Fault::Forbidden {
            "forbidden"
        } else {
            "unreadable"
        };
        assert_eq!(codes, [expected], "{fault:?}");
        assert!(!snapshot.workloads.is_empty());
    }
}

#[test]
fn pages_and_restarts_never_double_a_pod() {
    for fault in [
        None,
        Some(Fault::Expired { times: 1 }),
        Some(Fault::Expired { times: 9 }),
    ] {
        let mut setup = Setup::new(Store::generated(1_200, 3));
        if let Some(fault) = fault {
            setup = setup.fault("/api/v1/pods", fault);
        }
        let snapshot = taken(&setup.start(), &[]);
        let pods: usize = snapshot.workloads.iter().map(|it| it.pods.len()).sum();
        assert_eq!((pods, snapshot.workloads.len()), (1_200, 720), "{fault:?}");
    }
}

#[test]
fn a_rollout_is_the_workload_of_its_pods() {
    let snapshot = taken(&Setup::new(rollout()).start(), &[]);
    let ids: Vec<String> = snapshot
        .workloads
        .iter()
        .map(|it| it.id.to_string())
        .collect();
    assert_eq!(ids, ["shop/Rollout/web"]);
    let patch = snapshot.workloads[0].patch.as_ref().unwrap();
    assert_eq!(
        (patch.kind.as_str(), patch.pod_spec.join(".").as_str()),
        ("Rollout", "spec.template.spec")
    );
}

#[test]
fn a_namespace_that_is_not_there_is_named() {
    let standin = Standin::recorded();
    let folder = tempfile::tempdir().unwrap();
    let analyze = |namespaces: &[&str]| {
        let seen = Kcost::new()
            .env("KUBECONFIG", standin.kubeconfig(folder.path()))
            .args(["analyze", "--no-discovery", "-o", "json"])
            .args(namespaces.iter().flat_map(|name| ["-n", name]))
            .run();
        (seen.exit, seen.stdout, seen.stderr)
    };
    let (exit, _, stderr) = analyze(&["nosuch"]);
    insta::assert_snapshot!(format!("exit {exit}\n{stderr}"), @"
    exit 3
    error: there is nothing to analyze: no workloads were found (the metrics API knows no pods yet; there are no workloads in the namespace `nosuch`)

    hint: list them with `kubectl get namespaces`
    ");
    let (exit, stdout, _) = analyze(&["extras", "extra"]);
    assert_eq!(exit, 0);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let gaps = report["gaps"].as_array().unwrap();
    let gap = gaps.iter().find(|gap| gap["code"] == "empty-namespace");
    assert_eq!(gap.unwrap()["hint"], "did you mean `extras`?");
}
