//! Pods that no controller made are one where a scheduler starts all of them or none.

use serde_json::{Value, json};

use super::{Pod, csv, node, objects, row, run};
use crate::common::Kcost;

fn rows(busy: f64) -> Vec<(f64, [String; 13])> {
    let figures = [
        ("gpu_utilization", busy),
        ("gpu_sm_active", busy),
        ("gpu_power_watts", if busy > 0.0 { 400.0 } else { 70.0 }),
        ("gpu_memory_bytes", 10e9),
    ];
    vec![row(1.0, &figures); 100]
}

/// Kind, name and GPUs of each workload.
fn found(pods: &[Pod], change: impl Fn(&mut Value)) -> Vec<String> {
    let mut list = objects(pods, &node("n0", "NVIDIA-H200", "nvidia.com/gpu", 8));
    let items = list["items"].as_array_mut().unwrap();
    items
        .iter_mut()
        .filter(|it| it["kind"] == "Pod")
        .for_each(change);
    let folder = tempfile::tempdir().unwrap();
    let report = run(folder.path(), &list, &csv(pods, 300), &[])
        .ended(0)
        .json();
    let workloads = report["workloads"].as_array().unwrap().iter();
    let told = workloads.map(|it| {
        let text = |key: &str| it[key].as_str().unwrap().to_owned();
        format!("{} {} {}", text("kind"), text("name"), it["gpus"])
    });
    told.collect()
}

#[test]
fn a_group_of_a_scheduler_is_one_workload() {
    let pods: Vec<Pod> = ["fit-x", "fit-y"].map(|it| Pod::new(it, rows(0.6))).into();
    let volcano = found(&pods, |pod| {
        pod["metadata"]["annotations"] = json!({"scheduling.k8s.io/group-name": "fit"});
    });
    assert_eq!(volcano, ["PodGroup fit 2.0"]);
    for key in [
        "scheduling.x-k8s.io/pod-group",
        "pod-group.scheduling.sigs.k8s.io",
    ] {
        let coscheduled = found(&pods, |pod| {
            pod["metadata"]["labels"] = json!({key: "fit"});
        });
        assert_eq!(coscheduled, ["PodGroup fit 2.0"]);
    }
    assert_eq!(found(&pods, |_| ()).len(), 2);
    // What made a pod goes before who starts it.
    let owned: Vec<Pod> = ["fit-0", "fit-1"]
        .map(|it| Pod {
            owner: Some(("apps/v1", "StatefulSet")),
            ..Pod::new(it, rows(0.6))
        })
        .into();
    let owned = found(&owned, |pod| {
        pod["metadata"]["labels"] = json!({"scheduling.x-k8s.io/pod-group": "other"});
    });
    assert_eq!(owned, ["StatefulSet fit 2.0"]);
}

#[test]
fn what_waits_for_the_rest_of_its_pods_keeps_nothing_that_is_known() {
    let owner = Some(("batch/v1", "Job"));
    let mut pods = vec![
        Pod::new("serve-0", rows(0.2)),
        Pod {
            owner,
            ..Pod::new("train-0", rows(0.0))
        },
        Pod {
            owner,
            ..Pod::new("train-1", Vec::new())
        },
    ];
    pods[0].owner = Some(("apps/v1", "Deployment"));
    let mut list = objects(&pods, &node("n0", "NVIDIA-H200", "nvidia.com/gpu", 8));
    let items = list["items"].as_array_mut().unwrap();
    let late = items.last_mut().unwrap();
    late["spec"]["nodeName"] = Value::Null;
    late["status"]["phase"] = json!("Pending");
    let folder = tempfile::tempdir().unwrap();
    let usage = csv(&pods, 300);
    let args = ["--together", "ml/serve,ml/train"];
    let report = run(folder.path(), &list, &usage, &args).ended(0).json();
    let group = &report["sharing"][0];
    assert!(
        group["members"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["rate_kept"].is_null()),
        "{group:#}"
    );
    let text = Kcost::new()
        .args(["gpus", "--objects"])
        .arg(folder.path().join("objects.json"))
        .arg("--usage")
        .arg(folder.path().join("usage.csv"))
        .args(args)
        .run()
        .ended(0);
    let text = text.stdout.replace('\n', " ");
    assert!(
        text.contains("ml/train waits for the rest of its pods"),
        "{text}"
    );
}
