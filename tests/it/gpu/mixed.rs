//! One workload on devices of several products: each counts by its own figures and price.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::ended::{machine, site};
use super::{END, run, workload};

const H100: &str = "NVIDIA-H100-80GB-HBM3";
const T4: &str = "Tesla-T4";
const L4: &str = "NVIDIA-L4";

fn nodes() -> Vec<Value> {
    vec![
        machine("big", ["p5.48xlarge", H100], 8, ["192", "2048Gi"]),
        machine("small", ["g4dn.12xlarge", T4], 4, ["48", "192Gi"]),
        machine("other", ["g6.12xlarge", L4], 4, ["48", "192Gi"]),
    ]
}

/// What a device does: how often anything runs, multiprocessors, memory, and watts.
type Does = [f64; 4];

const IDLE: Does = [0.0, 0.0, 0.0, 30.0];

/// A pod of an owner on a node, with so many devices.
fn pod(name: &str, on: &str, gpus: u32, owner: [&str; 2]) -> Value {
    let [api, kind] = owner;
    let amounts = json!({"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": gpus.to_string()});
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "ml", "name": name, "uid": name, "ownerReferences":
            [{"apiVersion": api, "kind": kind, "name": "mix", "uid": "mix", "controller": true}]},
        "spec": {"nodeName": on, "containers": [{"name": "main", "image": "x",
            "resources": {"requests": amounts, "limits": amounts}}]},
        "status": {"phase": "Running"}})
}

/// Two days of these devices, each of a pod on a node.
fn report(pods: &[(&str, Does)], columns: &[&str]) -> Value {
    report_of(["apps/v1", "Deployment"], pods, columns)
}

fn report_of(owner: [&str; 2], pods: &[(&str, Does)], columns: &[&str]) -> Value {
    let all = [
        "gpu_utilization",
        "gpu_sm_active",
        "gpu_dram_active",
        "gpu_power_watts",
    ];
    let mut text = format!(
        "namespace,pod,container,timestamp,cpu_cores,memory_bytes,gpu_memory_bytes,{}\n",
        columns.join(",")
    );
    let mut items = nodes();
    for (at, (on, does)) in pods.iter().enumerate() {
        let name = format!("mix-{at}");
        items.push(pod(&name, on, 1, owner));
        let told = all.iter().zip(does).filter(|it| columns.contains(it.0));
        let told: Vec<String> = told.map(|it| it.1.to_string()).collect();
        for back in 0..576 {
            let at = END - back * 300;
            let told = told.join(",");
            let _ = writeln!(text, "ml,{name},main,{at},1,1000000000,5000000000,{told}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    run(folder.path(), &list, &text, &[]).ended(0).json()
}

const COLUMNS: [&str; 4] = [
    "gpu_utilization",
    "gpu_sm_active",
    "gpu_dram_active",
    "gpu_power_watts",
];

fn money(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

fn product<'a>(it: &'a Value, name: &str) -> &'a Value {
    let mut all = it["products"].as_array().unwrap().iter();
    all.find(|it| it["product"] == name)
        .unwrap_or_else(|| panic!("{it:#}"))
}

fn advice<'a>(it: &'a Value, action: &str) -> Option<&'a Value> {
    let mut all = it["advice"].as_array().unwrap().iter();
    all.find(|it| it["action"] == action)
}

#[test]
fn a_device_that_does_nothing_costs_what_its_own_product_does() {
    let busy: Does = [0.99, 0.9, 0.5, 60.0];
    for (big, small, idle) in [(IDLE, busy, H100), (busy, IDLE, T4)] {
        let report = report(&[("big", big), ("small", small), ("small", busy)], &COLUMNS);
        let it = workload(&report, "mix");
        assert_eq!(it["product"], format!("{T4} + {H100}"), "{it:#}");
        let free = advice(it, "free_devices").unwrap_or_else(|| panic!("{it:#}"));
        let own = product(it, idle);
        let each = money(&own["monthly_cost"]) / own["pods"].as_f64().unwrap();
        let saved = money(&free["monthly_savings"]);
        assert!((saved - each).abs() < 0.05, "{idle}: {saved}, not {each}");
        // Both together are all of it.
        let sum =
            money(&product(it, H100)["monthly_cost"]) + money(&product(it, T4)["monthly_cost"]);
        assert!((sum - money(&it["monthly_cost"])).abs() < 0.02, "{it:#}");
        assert!(money(&product(it, H100)["monthly_gpu_cost"]) > 3_000.0);
        assert!(money(&product(it, T4)["monthly_gpu_cost"]) < 1_200.0);
    }
}

#[test]
fn one_that_is_full_does_not_fill_another() {
    let report = report(
        &[
            ("big", [0.95, 0.6, 0.3, 450.0]),
            ("other", [0.99, 0.9, 0.5, 70.0]),
        ],
        &COLUMNS,
    );
    let it = workload(&report, "mix");
    assert_eq!(it["state"], "right_sized", "{it:#}");
    let why = it["reason"].as_str().unwrap();
    let expected = [
        format!("{H100}: 60% of each device is used"),
        format!("{L4}: "),
    ];
    assert!(expected.iter().all(|it| why.contains(it)), "{why}");
    let of = |name: &str| {
        let own = product(it, name);
        (own["state"].clone(), own["full_ratio"].as_f64().unwrap())
    };
    assert!(
        (of(H100).1 - 0.6).abs() < 0.01 && (of(L4).1 - 0.9).abs() < 0.01,
        "{it:#}"
    );
    assert_eq!(
        (of(H100).0, of(L4).0),
        (json!("right_sized"), json!("saturated"))
    );
}

#[test]
fn what_one_product_could_do_without_is_told_of_it_alone() {
    let report = report(
        &[
            ("big", [0.2, 0.05, 0.05, 150.0]),
            ("small", [0.99, 0.9, 0.5, 68.0]),
        ],
        &COLUMNS,
    );
    let it = workload(&report, "mix");
    assert_eq!(it["state"], "underused", "{it:#}");
    let slice = advice(it, "mig_slice").unwrap_or_else(|| panic!("{it:#}"));
    let text = slice["text"].as_str().unwrap();
    assert!(
        text.starts_with(&format!("{H100}: a MIG slice of ")),
        "{text}"
    );
    let whole = money(&product(it, H100)["monthly_gpu_cost"]);
    let saved = money(&slice["monthly_savings"]);
    assert!((0.5 * whole..whole).contains(&saved), "{saved} of {whole}");
    // What each replica takes of the requests is not known.
    assert_eq!(advice(it, "fewer_replicas"), None, "{it:#}");
}

#[test]
fn power_is_that_of_its_own_product() {
    // Full for one, and next to nothing for the other.
    let report = report(
        &[
            ("big", [0.99, 0.0, 0.0, 130.0]),
            ("small", [0.99, 0.0, 0.0, 66.0]),
        ],
        &["gpu_utilization", "gpu_power_watts"],
    );
    let it = workload(&report, "mix");
    let full = |name: &str| product(it, name)["full_ratio"].as_f64().unwrap();
    assert!(full(H100) < 0.1 && full(T4) > 0.85, "{it:#}");
    assert_eq!(product(it, T4)["full_from"], "power");
}

#[test]
fn a_run_is_cheaper_on_spot_by_the_price_of_each() {
    let does: Does = [0.95, 0.6, 0.3, 450.0];
    let report = report_of(
        ["kubeflow.org/v1", "PyTorchJob"],
        &[("big", does), ("small", [0.95, 0.6, 0.3, 60.0])],
        &COLUMNS,
    );
    let it = workload(&report, "mix");
    let spot: Vec<&Value> = it["advice"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["action"] == "spot")
        .collect();
    assert_eq!(spot.len(), 2, "{it:#}");
    for own in spot {
        let text = own["text"].as_str().unwrap();
        let name = text.split(':').next().unwrap();
        let cost = money(&product(it, name)["monthly_cost"]);
        let saved = money(&own["monthly_savings"]);
        assert!(
            (0.2 * cost..0.9 * cost).contains(&saved),
            "{saved} of {cost}: {text}"
        );
    }
}

/// What a Job of pods that have ended costs a month, and on which product: where each was, how
/// many hours after the begin it began, how many it ran, and whether it failed.
fn ended(pods: &[(&str, u32, f64, bool)]) -> Value {
    const HOURS: u32 = 48;
    let stamp = |after: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "two days")]
        let seconds = (after * 3_600.0) as i64;
        let at = jiff::Timestamp::from_second(END - i64::from(HOURS) * 3_600 + seconds);
        at.unwrap().to_string()
    };
    let owner = ["batch/v1", "Job"];
    let template = pod("x", "big", 2, owner)["spec"].clone();
    let mut items = nodes();
    items.push(site());
    items.push(json!({"apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"namespace": "ml", "name": "mix", "uid": "mix"},
        "spec": {"template": {"spec": {"containers": template["containers"]}}},
        "status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}}));
    let mut text =
        "namespace,pod,container,timestamp,cpu_cores,memory_bytes,gpu_sm_active\n".to_owned();
    for back in 0..(i64::from(HOURS) * 12) {
        let _ = writeln!(text, "web,site-x,main,{},1,1000000000,", END - back * 300);
    }
    for (at, (on, after, hours, fails)) in pods.iter().enumerate() {
        let name = format!("mix-{at}");
        let mut own = pod(&name, on, 2, owner);
        let from = f64::from(*after);
        own["metadata"]["creationTimestamp"] = json!(stamp(from));
        let (phase, code) = if *fails {
            ("Failed", 1)
        } else {
            ("Succeeded", 0)
        };
        own["status"] = json!({"phase": phase, "containerStatuses": [{"name": "main",
            "image": "x", "imageID": "x", "ready": false, "restartCount": 0, "state":
            {"terminated": {"exitCode": code, "reason": "Ended", "startedAt": stamp(from),
                "finishedAt": stamp(from + hours)}}}]});
        items.push(own);
        #[expect(clippy::cast_possible_truncation, reason = "two days")]
        let slots = (hours * 12.0) as i64;
        let first = END - i64::from((HOURS - after) * 12) * 300;
        for slot in 0..slots {
            let at = first + (slot + 1) * 300;
            let _ = writeln!(text, "ml,{name},main,{at},1,1000000000,0.6");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    let report = run(folder.path(), &list, &text, &[]).ended(0).json();
    workload(&report, "mix").clone()
}

#[test]
fn runs_that_have_ended_cost_what_each_device_does_for_as_long_as_they_had_it() {
    let of = |pods: &[(&str, u32, f64, bool)]| {
        let it = ended(pods);
        let product = it["product"].as_str().unwrap().to_owned();
        (product, money(&it["monthly_gpu_cost"]))
    };
    let (on_big, big) = of(&[("big", 10, 24.0, false)]);
    let (on_small, small) = of(&[("small", 10, 24.0, false)]);
    assert_eq!((on_big.as_str(), on_small.as_str()), (H100, T4));
    let tries = |first: &'static str, then: &'static str| {
        let mut all: Vec<(&str, u32, f64, bool)> =
            (0..4).map(|at| (first, at, 0.25, true)).collect();
        all.push((then, 10, 24.0, false));
        all
    };
    // Four quarters of an hour on one, and a day on the other.
    for (first, then, day, hour) in [("small", "big", big, small), ("big", "small", small, big)] {
        let (product, cost) = of(&tries(first, then));
        let right = day + hour / 24.0;
        assert!((cost / right - 1.0).abs() < 0.02, "{cost}, not {right}");
        assert_eq!(product, if then == "big" { H100 } else { T4 });
    }
}
