//! Runs with devices that have ended: what they cost, and where that is told.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{END, node};
use crate::common::Kcost;

/// A node of a type of the list, with so many devices of a product.
pub(super) fn machine(
    name: &str,
    [kind, product]: [&str; 2],
    gpus: u32,
    [cpu, memory]: [&str; 2],
) -> Value {
    let mut node = node(name, product, "nvidia.com/gpu", gpus);
    for amounts in ["capacity", "allocatable"] {
        node["status"][amounts]["cpu"] = json!(cpu);
        node["status"][amounts]["memory"] = json!(memory);
    }
    node["metadata"]["labels"]["node.kubernetes.io/instance-type"] = json!(kind);
    node["metadata"]["labels"]["topology.kubernetes.io/region"] = json!("us-east-1");
    node["spec"]["providerID"] = json!("aws:///us-east-1a/i-0");
    node
}

fn large() -> Value {
    let kind = ["p5.48xlarge", "NVIDIA-H100-80GB-HBM3"];
    machine("big", kind, 8, ["192", "2048Gi"])
}

fn small() -> Value {
    let kind = ["g4dn.12xlarge", "Tesla-T4"];
    machine("small", kind, 4, ["48", "192Gi"])
}

/// A CronJob whose pods have two devices and these rules.
fn nightly(selector: &Value) -> Value {
    let amounts = json!({"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": "2"});
    json!({"apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": {"namespace": "ml", "name": "nightly", "uid": "nightly"},
        "spec": {"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": {"spec": {
            "restartPolicy": "Never", "nodeSelector": selector, "containers": [{"name": "main",
                "image": "x", "resources": {"requests": amounts, "limits": amounts}}]}}}}}})
}

/// A pod of a run of it that has ended, and the run.
fn ran(on: &str) -> [Value; 2] {
    let amounts = json!({"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": "2"});
    let job = json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"namespace": "ml", "name": "nightly-29000000", "uid": "job",
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob",
                "name": "nightly", "uid": "nightly", "controller": true}]},
        "spec": {"template": {"spec": {"containers": []}}},
        "status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "ml", "name": "nightly-29000000-x7k2p", "uid": "pod",
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job",
                "name": "nightly-29000000", "uid": "job", "controller": true}]},
        "spec": {"nodeName": on, "containers": [{"name": "main", "image": "x",
            "resources": {"requests": amounts, "limits": amounts}}]},
        "status": {"phase": "Succeeded"}});
    [job, pod]
}

/// What a command says of these, where the run was there for a quarter of the window.
fn told(command: &[&str], items: &[Value]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let (list, table) = (folder.path().join("o.json"), folder.path().join("u.csv"));
    let all = json!({"apiVersion": "v1", "kind": "List", "items": items});
    std::fs::write(&list, all.to_string()).unwrap();
    let mut text =
        "namespace,pod,container,timestamp,cpu_cores,memory_bytes,gpu_sm_active\n".to_owned();
    for back in 0..(2 * 288) {
        let at = END - back * 300;
        let _ = writeln!(text, "web,site-x,main,{at},1,1000000000,");
        if back % 288 >= 216 {
            let _ = writeln!(text, "ml,nightly-29000000-x7k2p,main,{at},2,1000000000,0.6");
        }
    }
    std::fs::write(&table, text).unwrap();
    let mut all = command.to_vec();
    let (list, table) = (list.display().to_string(), table.display().to_string());
    all.extend(["--objects", &list, "--usage", &table, "-o", "json"]);
    Kcost::new().args(all).run().ended(0).json()
}

pub(super) fn site() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "web", "name": "site-x", "uid": "site"},
        "spec": {"nodeName": "small", "containers": [{"name": "main", "image": "x",
            "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]},
        "status": {"phase": "Running"}})
}

fn money(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

fn gpu_of<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["workloads"].as_array().unwrap();
    all.iter().find(|it| it["name"] == name).unwrap()
}

/// What two devices of a product cost for a quarter of a month, at least and at most.
const H100: (f64, f64) = (1_800.0, 3_500.0);
const T4: (f64, f64) = (80.0, 300.0);

fn check(items: &[Value], (least, most): (f64, f64), product: Option<&str>) -> Value {
    let report = told(&["gpus"], items);
    let it = gpu_of(&report, "nightly");
    let cost = money(&it["monthly_gpu_cost"]);
    assert!((least..most).contains(&cost), "{it:#}");
    assert_eq!(it["product"].as_str(), product, "{it:#}");
    assert_eq!(
        (&it["gpus"], &it["ended_pod_gpus"]),
        (&json!(0.0), &json!(2.0))
    );
    // Everywhere the same.
    let analysis = told(&["analyze"], items);
    let own = gpu_of(&analysis, "nightly");
    let all = money(&own["monthly_cost"]);
    assert!((all - money(&it["monthly_cost"])).abs() < 0.02, "{own:#}");
    let costs = told(&["costs", "--by", "workload"], items);
    let lines = costs["allocations"].as_array().unwrap();
    let line = lines
        .iter()
        .find(|it| it["name"] == "ml/CronJob/nightly")
        .unwrap();
    let hours = costs["window_hours"].as_f64().unwrap();
    let over = money(&line["windowCost"]);
    assert!((over - all * hours / 730.0).abs() < 0.02, "{line:#} {all}");
    assert_eq!(line["totalCost"], "0.00");
    report
}

fn gap(report: &Value) -> Option<&str> {
    let gaps = report["gaps"].as_array().unwrap();
    let mut texts = gaps.iter().filter_map(|it| it["text"].as_str());
    texts.find(|it| it.contains("ml/nightly"))
}

#[test]
fn a_run_that_ended_costs_what_the_node_does_that_it_ran_on() {
    for (on, cost, product) in [
        ("big", H100, "NVIDIA-H100-80GB-HBM3"),
        ("small", T4, "Tesla-T4"),
    ] {
        let mut items = vec![large(), small(), site(), nightly(&json!({}))];
        items.extend(ran(on));
        let report = check(&items, cost, Some(product));
        assert_eq!(gap(&report), None);
    }
}

#[test]
fn a_run_that_nobody_remembers_costs_what_its_rules_lead_to() {
    let only = |selector: Value| vec![small(), site(), nightly(&selector)];
    // A node that is there, one that is not any more, and its type.
    let label = json!({"nvidia.com/gpu.product": "Tesla-T4"});
    check(&only(label), T4, Some("Tesla-T4"));
    let gone = json!({"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"});
    check(&only(gone), H100, Some("NVIDIA-H100-80GB-HBM3"));
    let kind = json!({"node.kubernetes.io/instance-type": "p5.48xlarge"});
    let report = check(&only(kind), H100, Some("H100"));
    assert_eq!(gap(&report), None);
    // Where all devices are alike it had some of these.
    check(&only(json!({})), T4, Some("Tesla-T4"));
}

#[test]
fn where_nothing_tells_which_devices_a_run_had_that_is_named() {
    let items = [large(), small(), site(), nightly(&json!({}))];
    let report = check(&items, T4, None);
    let text = gap(&report).unwrap();
    assert!(
        text.contains("the cheapest of those that they may have had"),
        "{text}"
    );
    let items = [small(), site(), nightly(&json!({"pool": "gone"}))];
    let report = check(&items, (300.0, 400.0), None);
    let text = gap(&report).unwrap();
    assert!(text.contains("$0.95 an hour stands for each"), "{text}");
}
