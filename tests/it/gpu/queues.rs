//! Runs that a queue of Kueue holds back hold nothing, whatever kind they are of and whatever
//! of them can be read.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{END, node, run};
use crate::common::Kcost;

fn gpu() -> Value {
    json!({"nvidia.com/gpu": "2"})
}

fn template() -> Value {
    json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x",
        "resources": {"requests": gpu(), "limits": gpu()}}]}})
}

fn owned(owner: Option<[&str; 3]>) -> Value {
    let reference = |[api, kind, name]: [&str; 3]| json!([{"apiVersion": api, "kind": kind, "name": name, "uid": name, "controller": true}]);
    owner.map_or(Value::Null, reference)
}

/// What Kueue keeps of a run: so many pods in each set, with these conditions.
fn kept(name: &str, owner: Option<[&str; 3]>, sets: &[(&str, u32)], conditions: &[&str]) -> Value {
    let sets = sets
        .iter()
        .map(|(name, count)| json!({"name": name, "count": count, "template": template()}));
    let conditions = ["QuotaReserved", "Admitted", "Finished"].map(|kind| {
        let status = if conditions.contains(&kind) {
            "True"
        } else {
            "False"
        };
        json!({"type": kind, "status": status, "reason": "Pending",
            "lastTransitionTime": "2026-11-20T08:30:00Z"})
    });
    json!({
        "apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "Workload",
        "metadata": {"namespace": "ml", "name": name, "uid": name,
            "creationTimestamp": "2026-11-20T08:30:00Z", "ownerReferences": owned(owner)},
        "spec": {"queueName": "gpus", "podSets": sets.collect::<Vec<Value>>()},
        "status": {"conditions": conditions},
    })
}

/// A pod that its queue keeps from every node, or one that runs.
fn pod(name: &str, owner: Option<[&str; 3]>, labels: &Value, runs: bool) -> Value {
    let gated = json!([{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]);
    let mut labels = labels.clone();
    labels["kueue.x-k8s.io/queue-name"] = json!("gpus");
    let spec = template()["spec"].clone();
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "ml", "name": name, "uid": name, "labels": labels,
            "creationTimestamp": "2026-11-20T08:30:00Z", "ownerReferences": owned(owner)},
        "spec": spec,
        "status": {"phase": if runs { "Running" } else { "Pending" },
            "conditions": if runs { json!([]) } else { gated }},
    });
    if runs {
        pod["spec"]["nodeName"] = json!("n0");
    }
    pod
}

/// Kind, name, GPUs held and waited for, the reason, and the number of things to do, of all
/// but one that runs.
fn found(items: &[Value]) -> Vec<String> {
    let other = pod("other", None, &json!({}), true);
    let mut all = vec![node("n0", "NVIDIA-H200", "nvidia.com/gpu", 64), other];
    all.extend_from_slice(items);
    let mut usage =
        "namespace,pod,container,timestamp,cpu_cores,memory_bytes,gpu_sm_active\n".to_owned();
    for back in 0..24 {
        let at = END - back * 300;
        let _ = writeln!(usage, "ml,other,main,{at},1,1000000000,0.5");
    }
    let folder = tempfile::tempdir().unwrap();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": all});
    let report = run(folder.path(), &list, &usage, &[]).ended(0).json();
    let said = |command: &str| {
        let run = Kcost::new().args([command, "-o", "json", "--objects"]);
        let run = run.arg(folder.path().join("objects.json"));
        run.arg("--usage")
            .arg(folder.path().join("usage.csv"))
            .run()
            .ended(0)
            .json()
    };
    holds_nothing(&report, &said("analyze"));
    if items.iter().all(|it| it["kind"] != "Pod") {
        keeps_nodes(&report, &said("nodes"));
    }
    let workloads = report["workloads"].as_array().unwrap().iter();
    let told = workloads.filter(|it| it["name"] != "other").map(|it| {
        let text = |key: &str| it[key].as_str().unwrap().to_owned();
        format!(
            "{} {} {}+{} {}: {} ({})",
            text("kind"),
            text("name"),
            it["gpus"],
            it["waiting_gpus"],
            text("state"),
            text("reason"),
            it["advice"].as_array().unwrap().len(),
        )
    });
    told.collect()
}

/// What only waits costs nothing, in any report.
fn holds_nothing(gpus: &Value, analyzed: &Value) {
    for waiting in gpus["workloads"].as_array().unwrap() {
        if waiting["gpus"] == 0.0 {
            let mut all = analyzed["workloads"].as_array().unwrap().iter();
            let is_same =
                |it: &&Value| it["name"] == waiting["name"] && it["kind"] == waiting["kind"];
            let same = all.find(is_same);
            let cost = same.map(|it| &it["monthly_cost"]);
            assert!(cost.is_none_or(|it| it == "0.00"), "{same:#?}");
        }
    }
}

/// Nodes with devices stay where runs without a pod wait for such.
fn keeps_nodes(gpus: &Value, nodes: &Value) {
    let mut all = gpus["workloads"].as_array().unwrap().iter();
    if all.any(|it| it["waiting_gpus"] != 0.0) {
        assert!(nodes.to_string().contains("\"waited_for\""), "{nodes:#}");
    }
}

const RAY: [&str; 3] = ["ray.io/v1", "RayJob", "tune"];
const TRAINER: [&str; 3] = ["trainer.kubeflow.org/v1alpha1", "TrainJob", "tune"];
const WAITS: &str = "it waits in the queue gpus since 2026-11-20 08:30 for";

#[test]
fn what_waits_for_quota_is_a_run_that_waits() {
    let sets = [("head", 1), ("workers", 3)];
    let waiting = |owner| kept("kept-1a2b3", Some(owner), &sets, &[]);
    let expected = |kind: &str| format!("{kind} tune 0.0+8.0 unknown: {WAITS} 8 GPUs (0)");
    // Its own kind may not be read.
    assert_eq!(found(&[waiting(RAY)]), [expected("RayJob")]);
    // Its own kind says nothing of its pods.
    let train = json!({"apiVersion": TRAINER[0], "kind": TRAINER[1],
        "metadata": {"namespace": "ml", "name": "tune", "uid": "t",
            "creationTimestamp": "2026-11-20T08:30:00Z"},
        "spec": {"suspend": true, "runtimeRef": {"name": "torch-distributed"}}});
    assert_eq!(found(&[train, waiting(TRAINER)]), [expected("TrainJob")]);
    // Quota is there, and what else it waits for is not.
    let reserved = kept("kept-1a2b3", Some(RAY), &sets, &["QuotaReserved"]);
    assert_eq!(found(&[reserved]), [expected("RayJob")]);
    let over = ["QuotaReserved", "Admitted", "Finished"];
    assert!(found(&[kept("kept-1a2b3", Some(RAY), &sets, &over)]).is_empty());
    let mut off = waiting(RAY);
    off["spec"]["active"] = json!(false);
    assert!(found(&[off]).is_empty());
}

#[test]
fn what_a_queue_keeps_for_a_run_is_kept_until_its_pods_are_there() {
    let sets = [("master", 1), ("worker", 3)];
    let train = ["kubeflow.org/v1", "PyTorchJob", "fit"];
    let admitted = || {
        kept(
            "kept-fit",
            Some(train),
            &sets,
            &["QuotaReserved", "Admitted"],
        )
    };
    // Whether its own kind may be read or not.
    let part = |replicas: u32| json!({"replicas": replicas, "template": template()});
    let own = json!({"apiVersion": train[0], "kind": train[1],
        "metadata": {"namespace": "ml", "name": "fit", "uid": "fit",
            "creationTimestamp": "2026-11-20T08:30:00Z"},
        "spec": {"pytorchReplicaSpecs": {"Master": part(1), "Worker": part(3)}}});
    let keeps = "the queue gpus keeps 8 GPUs for it, and it has no pods yet";
    let expected = [format!("PyTorchJob fit 0.0+8.0 unknown: {keeps} (0)")];
    assert_eq!(found(&[admitted()]), expected);
    assert_eq!(found(&[own.clone(), admitted()]), expected);
    // Once the first pod is there, pods say all.
    let first = pod("fit-master-0", Some(train), &json!({}), true);
    let begun = found(&[own, admitted(), first]);
    assert_eq!(begun.len(), 1);
    assert!(begun[0].starts_with("PyTorchJob fit 2.0+0.0"), "{begun:?}");
}

#[test]
fn a_schedule_waits_with_its_job() {
    let schedule = json!({"apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": {"namespace": "ml", "name": "nightly", "uid": "nightly",
            "creationTimestamp": "2026-11-01T00:00:00Z"},
        "spec": {"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": template()}}}});
    let job = json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"namespace": "ml", "name": "nightly-29404920", "uid": "job",
            "creationTimestamp": "2026-11-20T08:30:00Z",
            "ownerReferences": owned(Some(["batch/v1", "CronJob", "nightly"]))},
        "spec": {"suspend": true, "parallelism": 3, "template": template()}});
    let owner = ["batch/v1", "Job", "nightly-29404920"];
    let waiting = kept("job-nightly", Some(owner), &[("main", 3)], &[]);
    let told = found(&[schedule, job, waiting]);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("CronJob nightly 0.0+6.0"), "{told:?}");
    assert!(told[0].contains("waits in the queue gpus"), "{told:?}");
}

#[test]
fn groups_that_are_kept_apart_wait_together() {
    const SERVE: [&str; 3] = ["leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "serve"];
    let set = json!({"apiVersion": SERVE[0], "kind": SERVE[1],
        "metadata": {"namespace": "ml", "name": "serve", "uid": "s",
            "creationTimestamp": "2026-11-20T08:30:00Z"},
        "spec": {"replicas": 2, "leaderWorkerTemplate": {"size": 2,
            "workerTemplate": template()}}});
    let group = |number: u32| kept(&format!("serve-{number}"), Some(SERVE), &[("main", 2)], &[]);
    let told = [format!(
        "LeaderWorkerSet serve 0.0+8.0 unknown: {WAITS} 8 GPUs (0)"
    )];
    assert_eq!(found(&[set, group(0), group(1)]), told);
    assert_eq!(found(&[group(0), group(1)]), told);
}

#[test]
fn a_job_is_one_workload_with_what_its_queue_keeps_of_it() {
    let job = |suspended: bool| {
        json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"namespace": "ml", "name": "fit", "uid": "fit",
            "creationTimestamp": "2026-11-20T08:30:00Z"},
        "spec": {"suspend": suspended, "parallelism": 2, "template": template()}})
    };
    let owner = ["batch/v1", "Job", "fit"];
    let sets = [("main", 2)];
    // Without the label of a queue: the namespace has one for all.
    let waits = found(&[job(true), kept("job-fit", Some(owner), &sets, &[])]);
    assert_eq!(
        waits,
        [format!("Job fit 0.0+4.0 unknown: {WAITS} 4 GPUs (0)")]
    );
    let runs = found(&[
        job(false),
        kept(
            "job-fit",
            Some(owner),
            &sets,
            &["QuotaReserved", "Admitted"],
        ),
        pod("fit-a", Some(owner), &json!({}), true),
        pod("fit-b", Some(owner), &json!({}), true),
    ]);
    assert_eq!(runs.len(), 1);
    assert!(
        runs[0].starts_with("Job fit 4.0+0.0 unknown: no exporter"),
        "{runs:?}"
    );
}

#[test]
fn pods_that_a_queue_keeps_from_nodes_wait_for_it() {
    let group = json!({"kueue.x-k8s.io/pod-group-name": "sweep"});
    let pods = || ["sweep-a", "sweep-b"].map(|it| pod(it, None, &group, false));
    let expected = [format!(
        "Workload sweep 0.0+4.0 unknown: {WAITS} 4 GPUs (0)"
    )];
    let [a, b] = pods();
    assert_eq!(found(&[a, b]), expected);
    let [a, b] = pods();
    let of_group = kept("sweep", None, &[("main", 2)], &[]);
    assert_eq!(found(&[a, b, of_group]), expected);
    // One that runs is no more than what it is, and each pod of a Deployment waits by itself.
    let set = ["apps/v1", "ReplicaSet", "chat-6dfdf5796f"];
    let labels = json!({"pod-template-hash": "6dfdf5796f"});
    let name = "chat-6dfdf5796f-x7k2p";
    let of_pod = kept("pod-chat", Some(["v1", "Pod", name]), &[("main", 1)], &[]);
    let waits = found(&[pod(name, Some(set), &labels, false), of_pod.clone()]);
    assert_eq!(
        waits,
        [format!(
            "Deployment chat 0.0+2.0 unknown: {WAITS} 2 GPUs (0)"
        )]
    );
    let runs = found(&[pod(name, Some(set), &labels, true), of_pod]);
    assert!(
        runs[0].starts_with("Deployment chat 2.0+0.0 unknown: no exporter"),
        "{runs:?}"
    );
}
