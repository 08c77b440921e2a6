//! Runs that wait in a queue of Kueue, of kinds that nothing else leads to.

use serde_json::{Value, json};

use super::{taken, told};
use crate::standin::{Fault, Setup, Store};

const PATH: &str = "/apis/kubeflow.org/v1/*";

fn template() -> Value {
    let limits = json!({"nvidia.com/gpu": "4"});
    json!({"spec": {"containers": [{"name": "pytorch", "image": "i",
        "resources": {"limits": limits}}]}})
}

/// A run that waits, and what Kueue keeps of it in this version.
fn waiting(version: &str) -> Setup {
    let job = json!({
        "apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob",
        "metadata": {"name": "fit", "namespace": "ml", "uid": "f",
            "labels": {"kueue.x-k8s.io/queue-name": "team-a"}},
        "spec": {"runPolicy": {"suspend": true}, "pytorchReplicaSpecs": {
            "Worker": {"replicas": 3, "template": template()}}},
    });
    let api_version = format!("kueue.x-k8s.io/{version}");
    // Servers name the types of custom objects in lists too.
    let kept = json!({
        "apiVersion": api_version, "kind": "Workload",
        "metadata": {"name": "pytorchjob-fit-1a2b3", "namespace": "ml", "uid": "k",
            "ownerReferences": [{"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob",
                "name": "fit", "uid": "f", "controller": true}]},
        "spec": {"queueName": "team-a",
            "podSets": [{"name": "worker", "count": 3, "template": template()}]},
        "status": {"conditions": [{"type": "QuotaReserved", "status": "False",
            "reason": "Pending", "message": "no quota",
            "lastTransitionTime": "2026-11-20T08:30:00Z"}]},
    });
    let other = json!({
        "metadata": {"name": "other", "namespace": "ml", "uid": "o"},
        "spec": {"containers": [{"name": "main", "image": "i"}]},
        "status": {"phase": "Running"},
    });
    let store = Store::empty()
        .kind(&api_version, "workloads", "Workload", true)
        .kind("kubeflow.org/v1", "pytorchjobs", "PyTorchJob", true)
        .with(&api_version, "workloads", &kept)
        .with("kubeflow.org/v1", "pytorchjobs", &job)
        .with("v1", "pods", &other);
    Setup::new(store)
}

#[test]
fn a_run_that_waits_is_found_by_what_its_queue_keeps_of_it() {
    for version in ["v1beta2", "v1beta1"] {
        let may = waiting(version).start();
        let may_not = waiting(version).fault(PATH, Fault::Forbidden).start();
        for (standin, gaps) in [(may, false), (may_not, true)] {
            let snapshot = taken(&standin, &[]);
            let mut all = snapshot.workloads.iter();
            let fit = all.find(|it| it.id.name == "fit").unwrap();
            assert_eq!(fit.id.kind, "PyTorchJob");
            let queued = fit.queued.as_ref().unwrap();
            assert_eq!((queued.queue.as_str(), queued.pods), ("team-a", 3));
            let gpus = fit.containers[0].limits.gpus();
            assert!((gpus - 4.0).abs() < 1e-9, "{gpus}");
            assert_eq!(told(&snapshot).contains("pytorchjobs"), gaps);
            assert_eq!(snapshot.workloads.len(), 2, "{:?}", snapshot.workloads);
        }
    }
}

#[test]
fn queues_that_may_not_be_read_are_a_gap() {
    let standin = waiting("v1beta2")
        .fault("/apis/kueue.x-k8s.io/*", Fault::Forbidden)
        .start();
    let text = told(&taken(&standin, &[]));
    let rule = "{\"apiGroups\": [\"kueue.x-k8s.io\"], \"resources\": [\"workloads\"], \
                \"verbs\": [\"list\"]}";
    assert!(text.contains(rule), "{text}");
}
