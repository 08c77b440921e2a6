//! Device hours that do no work: gangs that wait, attempts that fail, nodes that nobody uses.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{END, node, run, workload};

fn stamp(before: i64) -> String {
    jiff::Timestamp::from_second(END - before)
        .unwrap()
        .to_string()
}

/// A pod of a Job with a device, made so many seconds before the end.
fn rank(name: &str, made: i64, on: Option<&str>, status: &Value) -> Value {
    let amounts = json!({"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"});
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "ml", "name": name, "uid": name,
            "creationTimestamp": stamp(made), "ownerReferences": [{"apiVersion": "batch/v1",
                "kind": "Job", "name": "train", "uid": "train", "controller": true}]},
        "spec": {"nodeName": on, "restartPolicy": "OnFailure", "containers": [{"name": "main",
            "image": "x", "resources": {"requests": amounts, "limits": {"nvidia.com/gpu": "1"}}}]},
        "status": status,
    })
}

fn report(items: &[Value], pods: &[&str]) -> Value {
    report_of(items, pods, 0.5)
}

/// The same of devices that are so full.
fn report_of(items: &[Value], pods: &[&str], full: f64) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let mut text =
        "namespace,pod,container,timestamp,cpu_cores,memory_bytes,gpu_sm_active\n".to_owned();
    for pod in pods {
        for back in 0..24 {
            let at = END - back * 300;
            let _ = writeln!(text, "ml,{pod},main,{at},1,1000000000,{full}");
        }
    }
    let all = json!({"apiVersion": "v1", "kind": "List", "items": items});
    run(folder.path(), &all, &text, &[]).ended(0).json()
}

fn big() -> Value {
    node("n0", "NVIDIA-H200", "nvidia.com/gpu", 8)
}

#[test]
fn a_gang_that_waits_for_its_rest_is_told() {
    let running = json!({"phase": "Running"});
    let pending = json!({"phase": "Pending"});
    let of = |made: i64, full: f64| {
        let items = [
            big(),
            rank("train-a", made, Some("n0"), &running),
            rank("train-b", made, Some("n0"), &running),
            rank("train-c", made, None, &pending),
        ];
        let report = report_of(&items, &["train-a", "train-b"], full);
        workload(&report, "train").clone()
    };
    let waiting = of(7_200, 0.0);
    let advice = &waiting["advice"][0];
    assert_eq!(advice["action"], "start_together");
    let text = advice["text"].as_str().unwrap();
    assert!(
        text.contains("2 hold their GPUs while 1 waits for a node, up to 2.1 h by now"),
        "{text}"
    );
    assert!(
        advice["monthly_savings"]
            .as_str()
            .unwrap()
            .parse::<f64>()
            .unwrap()
            > 0.0
    );
    // Nothing is left for anything else to save.
    let saves = |it: &Value| it["advice"].as_array().unwrap().clone();
    let money = |it: &Value| {
        it["monthly_savings"]
            .as_str()
            .map(|it| it.parse::<f64>().unwrap())
    };
    let all: f64 = saves(&waiting).iter().filter_map(money).sum();
    let cost: f64 = waiting["monthly_cost"].as_str().unwrap().parse().unwrap();
    assert!((all - cost).abs() < 0.01, "{waiting:#}");
    // What has only just begun may still come together, and who computes waits for nobody.
    for other in [of(300, 0.0), of(7_200, 0.5)] {
        let mut actions = saves(&other).into_iter().map(|it| it["action"].clone());
        assert!(actions.all(|it| it != "start_together"), "{other:#}");
    }
}

#[test]
fn the_ranks_of_a_set_of_jobs_are_a_gang() {
    let made = 7_200;
    let job = json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"namespace": "ml", "name": "train", "uid": "train",
            "creationTimestamp": stamp(made), "ownerReferences": [{"apiVersion":
                "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "name": "all", "uid": "all",
                "controller": true}]},
        "spec": {"parallelism": 2, "template": {"spec": {"containers": []}}}});
    let items = [
        big(),
        job,
        rank("train-a", made, Some("n0"), &json!({"phase": "Running"})),
        rank("train-b", made, None, &json!({"phase": "Pending"})),
    ];
    let mut items = items.to_vec();
    // As they are where a webhook has its own mind.
    for pod in &mut items[2..] {
        pod["spec"]["restartPolicy"] = json!("Always");
    }
    let report = report_of(&items, &["train-a"], 0.0);
    let set = workload(&report, "all");
    assert_eq!(set["kind"], "JobSet");
    assert_eq!(set["advice"][0]["action"], "start_together", "{set:#}");
}

#[test]
fn attempts_that_failed_are_told_with_what_they_burnt() {
    let status = json!({"phase": "Running", "containerStatuses": [{"name": "main",
        "restartCount": 5, "ready": true, "image": "x", "imageID": "x",
        "state": {"running": {"startedAt": stamp(3_600)}},
        "lastState": {"terminated": {"reason": "Error", "exitCode": 1,
            "finishedAt": stamp(3_600)}}}]});
    let items = [big(), rank("train-a", 10 * 3_600, Some("n0"), &status)];
    let report = report(&items, &["train-a"]);
    let advice = &workload(&report, "train")["advice"][0];
    assert_eq!(advice["action"], "failing_run");
    let text = advice["text"].as_str().unwrap();
    assert!(
        text.contains("it began again 5 times, and of the 9 GPU hours ($"),
        "{text}"
    );
    // It goes on, and may have begun where it was.
    assert!(!text.contains("nothing"), "{text}");
}

/// A pod of a run of another kind that failed after so many hours, on this node.
fn failed_rank(name: &str, owner: [&str; 3], from: i64, on: &str) -> Value {
    let [api, kind, of] = owner;
    let status = json!({"phase": "Failed", "containerStatuses": [{"name": "main",
        "restartCount": 0, "ready": false, "image": "x", "imageID": "x",
        "state": {"terminated": {"reason": "Error", "exitCode": 1,
            "startedAt": stamp(from), "finishedAt": stamp(from - 4 * 3_600)}}}]});
    let mut pod = rank(name, from, Some(on), &status);
    pod["metadata"]["ownerReferences"] = json!([{"apiVersion": api, "kind": kind, "name": of,
        "uid": of, "controller": true}]);
    pod
}

#[test]
fn pods_that_were_taken_away_did_not_fail() {
    let owner = ["batch/v1", "Job", "train"];
    let running = rank(
        "train-b",
        6 * 3_600,
        Some("n0"),
        &json!({"phase": "Running"}),
    );
    let said = |changes: &[(&str, Value)]| {
        let mut gone = failed_rank("train-a", owner, 10 * 3_600, "n0");
        for (key, value) in changes {
            gone["status"][*key] = value.clone();
        }
        let report = report(&[big(), gone, running.clone()], &["train-b"]);
        let advice = &workload(&report, "train")["advice"][0];
        assert_eq!(advice["action"], "failing_run", "{report:#}");
        advice["text"].as_str().unwrap().to_owned()
    };
    let preempted = json!([{"type": "DisruptionTarget", "status": "True",
        "reason": "PreemptionByScheduler"}]);
    let taken = said(&[("conditions", preempted)]);
    assert!(
        taken.starts_with("let it write checkpoints: its pods were taken away 1 time (preempted"),
        "{taken}"
    );
    assert!(taken.contains("after 4 GPU hours ($"), "{taken}");
    assert_eq!(said(&[("reason", json!("Evicted"))]), taken);
    let failed = said(&[]);
    assert!(failed.starts_with("find out why it fails: "), "{failed}");
}

#[test]
fn runs_of_every_kind_that_failed_are_told_and_ranks_are_one_attempt() {
    for (api, kind) in [
        ("kubeflow.org/v1", "PyTorchJob"),
        ("kubeflow.org/v2beta1", "MPIJob"),
        ("batch.volcano.sh/v1alpha1", "Job"),
        ("jobset.x-k8s.io/v1alpha2", "JobSet"),
        ("ray.io/v1", "RayJob"),
        ("trainer.kubeflow.org/v1alpha1", "TrainJob"),
        ("batch/v1", "Job"),
    ] {
        let owner = [api, kind, "run"];
        let (first, second) = (30 * 3_600, 20 * 3_600);
        // With and without the object itself, which may not be readable.
        let object = json!({"apiVersion": api, "kind": kind,
            "metadata": {"namespace": "ml", "name": "run", "uid": "run"},
            "spec": {}, "status": {"conditions": [{"type": "Failed", "status": "True"}]}});
        // Those of Kubernetes itself always have a template.
        let objects = [None, Some(object).filter(|_| api != "batch/v1")];
        for object in objects {
            let mut items = vec![
                big(),
                failed_rank("run-w-0", owner, first, "n0"),
                failed_rank("run-w-1", owner, first - 60, "n0"),
                failed_rank("run-w-2", owner, second, "n0"),
            ];
            items.extend(object);
            let names = ["run-w-0", "run-w-1", "run-w-2"];
            let report = report(&items, &names);
            let it = workload(&report, "run");
            assert_eq!(it["kind"], kind, "{it:#}");
            let text = it["advice"][0]["text"].as_str().unwrap();
            assert!(
                text.contains("2 failed attempts took 12 GPU hours ($"),
                "{kind}: {text}"
            );
            assert_eq!(it["product"], "NVIDIA-H200", "{it:#}");
            assert_eq!(it["ended_pod_gpus"], 1.0, "{it:#}");
        }
    }
}

#[test]
fn what_failed_is_priced_where_each_pod_ran() {
    let owner = ["kubeflow.org/v1", "PyTorchJob", "run"];
    let small = node("n1", "Tesla-T4", "nvidia.com/gpu", 4);
    let cost = |on: [&str; 2]| -> f64 {
        let items = [
            big(),
            small.clone(),
            failed_rank("run-a", owner, 20 * 3_600, on[0]),
            failed_rank("run-b", owner, 20 * 3_600, on[1]),
        ];
        let report = report(&items, &["run-a", "run-b"]);
        let it = workload(&report, "run");
        let text = it["advice"][0]["text"].as_str().unwrap();
        let (_, rest) = text.split_once("($").unwrap();
        rest.split_once(')').unwrap().0.parse().unwrap()
    };
    let (both, large, little) = (cost(["n0", "n1"]), cost(["n0", "n0"]), cost(["n1", "n1"]));
    assert!(large > 5.0 * little, "{large} {little}");
    assert!((both - f64::midpoint(large, little)).abs() < 0.02, "{both}");
}

#[test]
fn what_failed_runs_burnt_is_told_also_where_nothing_of_them_is_left_to_see() {
    let failed = |name: &str, from: i64| {
        let status = json!({"phase": "Failed", "containerStatuses": [{"name": "main",
            "restartCount": 0, "ready": false, "image": "x", "imageID": "x",
            "state": {"terminated": {"reason": "Error", "exitCode": 1,
                "startedAt": stamp(from), "finishedAt": stamp(from - 7_200)}}}]});
        let mut pod = rank(name, from, Some("n0"), &status);
        for of in ["requests", "limits"] {
            pod["spec"]["containers"][0]["resources"][of]["nvidia.com/gpu"] = json!("4");
        }
        pod
    };
    let hour = 3_600;
    let job = json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"namespace": "ml", "name": "train", "uid": "train"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main",
            "image": "x", "resources": {"limits": {"nvidia.com/gpu": "4"}}}]}}},
        "status": {"failed": 3, "conditions": [{"type": "Failed", "status": "True"}]}});
    let mut items = [
        big(),
        job,
        failed("train-a", 20 * hour),
        failed("train-b", 14 * hour),
        failed("train-c", 8 * hour),
        rank("other", 10 * hour, Some("n0"), &json!({"phase": "Running"})),
    ];
    items[5]["metadata"]["ownerReferences"] = json!(null);
    let report = report(&items, &["other"]);
    let it = workload(&report, "train");
    assert_eq!(it["advice"].as_array().unwrap().len(), 1, "{it:#}");
    assert_eq!(it["advice"][0]["action"], "failing_run");
    let text = it["advice"][0]["text"].as_str().unwrap();
    assert!(
        text.contains("3 failed attempts took 24 GPU hours ($"),
        "{text}"
    );
}

#[test]
fn nodes_whose_devices_nobody_asks_for_are_told_and_what_blocks_them() {
    let amounts = json!({"cpu": "127500m", "memory": "16Gi"});
    let other = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "ml", "name": "plain", "uid": "plain"},
        "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "x",
            "resources": {"requests": amounts}}]},
        "status": {"phase": "Running"},
    });
    let mut beside = other.clone();
    beside["metadata"]["name"] = json!("beside");
    beside["spec"]["nodeName"] = json!("n2");
    beside["spec"]["containers"][0]["resources"]["requests"]["cpu"] = json!("123500m");
    let items = [
        big(),
        node("n1", "NVIDIA-H200", "nvidia.com/gpu", 8),
        node("n2", "NVIDIA-H200", "nvidia.com/gpu", 8),
        rank("train-a", 7_200, Some("n0"), &json!({"phase": "Running"})),
        rank("train-b", 7_200, Some("n2"), &json!({"phase": "Running"})),
        other,
        beside,
    ];
    let report = report(&items, &["train-a", "train-b"]);
    let nodes = report["idle_nodes"].as_array().unwrap();
    let find = |name: &str| nodes.iter().find(|it| it["name"] == name).unwrap();
    assert_eq!(find("n0")["unrequested_gpus"], 7.0);
    assert_eq!(
        (&find("n0")["blocked"], &find("n1")["blocked"]),
        (&json!(false), &json!(true))
    );
    // One device is held, and the others are of no use all the same.
    assert_eq!(find("n2")["unrequested_gpus"], 7.0);
    assert_eq!(find("n2")["blocked"], true);
    assert_eq!(find("n1")["unrequested_gpus"], 8.0);
    assert_eq!(report["summary"]["unrequested_gpus"], 22.0);
}
