//! Single devices of containers that hold several: those that are never used, in figures of
//! all of them together, in money, and by a real store.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::prometheus::{Text, report};
use super::{END, node, workload};
use crate::common::Kcost;
use crate::prometheus::openmetrics::until_now;
use crate::prometheus::server::prometheus;
use crate::standin::Store;

/// A pod of a job with so many of a resource, on a node, which began so many hours ago.
fn pod(name: &str, (resource, count): (&str, u32), on: &str, hours: i64) -> Value {
    let amounts = json!({"cpu": "8", "memory": "64Gi", resource: count.to_string()});
    let created = jiff::Timestamp::from_second(END - hours * 3_600).unwrap();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "ml", "name": name, "uid": name,
            "creationTimestamp": created.to_string()},
        "spec": {"nodeName": on, "containers": [{"name": "main", "image": "x",
            "resources": {"requests": amounts, "limits": {resource: count.to_string()}}}]},
        "status": {"phase": "Running"},
    })
}

const GPU: &str = "nvidia.com/gpu";

fn money(value: &Value) -> f64 {
    value.as_str().map_or(0.0, |it| it.parse().unwrap())
}

/// What is said of a container of eight devices of which three work and five do nothing.
fn check_three_of_eight(report: &Value, name: &str, numbers: &str) {
    let it = workload(report, name);
    assert_eq!(it["state"], "underused", "{it:#}");
    let reason = it["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("5 of 8 devices never worked, and of the others: 9"),
        "{it:#}"
    );
    let advice = &it["advice"][0];
    assert_eq!(advice["action"], "free_devices", "{it:#}");
    let text = advice["text"].as_str().unwrap();
    assert!(text.starts_with("hold 3 GPUs instead of 8"), "{text}");
    assert!(text.contains("5 of 8 devices never worked in "), "{text}");
    assert!(text.ends_with(&format!("{name} ({numbers})")), "{text}");
    // Its CPU and memory stay.
    let (saved, gpus) = (
        money(&advice["monthly_savings"]),
        money(&it["monthly_gpu_cost"]),
    );
    assert!((saved - gpus * 5.0 / 8.0).abs() < 0.02, "{saved} of {gpus}");
    let all = it["advice"].as_array().unwrap().iter();
    let all: f64 = all.map(|it| money(&it["monthly_savings"])).sum();
    assert!(all <= money(&it["monthly_cost"]), "{it:#}");
    // What is told of all devices stays the mean of all.
    let busy = it["use"]["busy_ratio"]["mean"].as_f64().unwrap();
    assert!((busy - 0.98 * 3.0 / 8.0).abs() < 0.01, "{busy}");
    let devices = it["devices"].as_array().unwrap();
    let unused = devices.iter().filter(|it| it["last_worked_at"].is_null());
    assert_eq!((devices.len(), unused.count()), (8, 5), "{it:#}");
    let first = devices.iter().find(|it| !it["last_worked_at"].is_null());
    let full = first.unwrap()["full_ratio"]["p95"].as_f64().unwrap();
    assert!((full - 0.9).abs() < 0.01, "{full}");
}

/// Names of DCGM for: anything ran, multiprocessors, memory, power; and what a device does of
/// each that works, and that does not.
type Metrics = [(&'static str, f64, f64); 4];
const OLD: Metrics = [
    ("DCGM_FI_DEV_GPU_UTIL", 98.0, 0.0),
    ("DCGM_FI_PROF_SM_ACTIVE", 0.9, 0.0),
    ("DCGM_FI_PROF_DRAM_ACTIVE", 0.5, 0.0),
    ("DCGM_FI_DEV_POWER_USAGE", 650.0, 78.0),
];
const NEW: Metrics = [
    ("DCGM_FI_DEV_GPU_UTIL_RATIO", 0.98, 0.0),
    ("DCGM_FI_PROF_SM_UTIL_RATIO", 0.9, 0.0),
    ("DCGM_FI_PROF_DRAM_UTIL_RATIO", 0.5, 0.0),
    ("DCGM_FI_DEV_BOARD_POWER_WATTS", 650.0, 78.0),
];

fn labels(pod: &str, number: usize, hidden: bool) -> String {
    let who = if hidden {
        format!(
            "namespace=\"monitoring\",pod=\"dcgm-x\",container=\"exporter\",exported_namespace=\"ml\",\
             exported_pod=\"{pod}\",exported_container=\"main\",hostname=\"n0\""
        )
    } else {
        format!("namespace=\"ml\",pod=\"{pod}\",container=\"main\",Hostname=\"n0\"")
    };
    format!("{who},gpu=\"{number}\",UUID=\"GPU-{pod}-{number}\"")
}

#[test]
fn devices_that_never_work_are_named_from_dcgm() {
    let mut text = Text::default();
    let store = Store::empty()
        .with("v1", "nodes", &node("n0", "NVIDIA-H200", GPU, 32))
        .with("v1", "pods", &pod("old", (GPU, 8), "n0", 48))
        .with("v1", "pods", &pod("new", (GPU, 8), "n0", 48))
        .with("v1", "pods", &pod("moved", (GPU, 2), "n0", 3));
    for (name, metrics, hidden) in [("old", OLD, false), ("new", NEW, true)] {
        text.pod(name);
        for number in 0..8 {
            for (metric, works, rests) in metrics {
                let labels = labels(name, number, hidden);
                text.series(
                    metric,
                    &labels,
                    30,
                    |_| if number < 3 { works } else { rests },
                );
            }
        }
    }
    // Its pod of the same name had other devices before it, which did nothing; those that it
    // has now work.
    text.pod("moved");
    for number in 0..4 {
        for (metric, works, _) in OLD {
            let all = usize::try_from(super::prometheus::HOURS * 120).unwrap();
            let mine = if number < 2 { 0..all / 2 } else { all / 2..all };
            let value = if number < 2 { 0.0 } else { works };
            text.while_in(metric, &labels("moved", number, false), mine, value);
        }
    }
    let Some(server) = prometheus(&until_now(&text.whole()), &[]) else {
        return;
    };
    let (report, _standin) = report(&server, store, &[]);
    check_three_of_eight(&report, "old", "GPU 3, 4, 5, 6, 7");
    check_three_of_eight(&report, "new", "GPU 3, 4, 5, 6, 7");
    let moved = workload(&report, "moved");
    let told = moved["devices"].as_array().unwrap().iter();
    let numbers: Vec<&Value> = told.map(|it| &it["number"]).collect();
    assert_eq!(numbers, ["2", "3"], "{moved:#}");
    let mut actions = moved["advice"].as_array().unwrap().iter();
    assert!(
        actions.all(|it| it["action"] != "free_devices"),
        "{moved:#}"
    );
}

#[test]
fn slices_and_shares_by_time_are_no_devices_of_one_container() {
    let mut text = Text::default();
    let mut sliced = node("n1", "NVIDIA-H200", GPU, 32);
    sliced["metadata"]["labels"]["nvidia.com/gpu.replicas"] = json!("4");
    let mut shared = node("n2", "NVIDIA-H200", GPU, 8);
    shared["metadata"]["labels"]["nvidia.com/gpu.count"] = json!("8");
    let mig = "nvidia.com/mig-1g.18gb";
    let store = Store::empty()
        .with("v1", "nodes", &node("n0", "NVIDIA-H200", mig, 14))
        .with("v1", "nodes", &sliced)
        .with("v1", "nodes", &shared)
        .with("v1", "pods", &pod("slice-a", (mig, 1), "n0", 48))
        .with("v1", "pods", &pod("slice-b", (mig, 1), "n0", 48))
        .with("v1", "pods", &pod("slices", (mig, 2), "n0", 48))
        .with("v1", "pods", &pod("turns", (GPU, 2), "n1", 48))
        .with("v1", "pods", &pod("odd", (GPU, 2), "n2", 48));
    let mut put = |pod: &str, labels: String, works: bool| {
        let labels = format!("namespace=\"ml\",pod=\"{pod}\",container=\"main\",{labels}");
        let value = if works { 0.9 } else { 0.0 };
        for metric in ["DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_PROF_SM_ACTIVE"] {
            text.series(metric, &labels, 30, |_| value);
        }
    };
    let slice =
        |it: usize| format!("gpu=\"0\",UUID=\"GPU-m\",GPU_I_ID=\"{it}\",GPU_I_PROFILE=\"1g.18gb\"");
    put("slice-a", slice(1), true);
    put("slice-b", slice(2), false);
    put("slices", slice(3), true);
    put("slices", slice(4), false);
    put("turns", "gpu=\"0\",UUID=\"GPU-t0\"".to_owned(), true);
    put("turns", "gpu=\"1\",UUID=\"GPU-t1\"".to_owned(), false);
    // More than it asks for: labels that are not to be trusted.
    for number in 0..4 {
        put(
            "odd",
            format!("gpu=\"{number}\",UUID=\"GPU-o{number}\""),
            number < 1,
        );
    }
    for name in ["slice-a", "slice-b", "slices", "turns", "odd"] {
        text.pod(name);
    }
    let Some(server) = prometheus(&until_now(&text.whole()), &[]) else {
        return;
    };
    let (report, _standin) = report(&server, store, &[]);
    let told = |name: &str| {
        let it = workload(&report, name);
        let first = it["advice"][0]["text"].as_str().unwrap_or_default();
        (it["devices"].as_array().unwrap().len(), first.to_owned())
    };
    assert_eq!(told("slice-a").0, 0);
    assert_eq!(workload(&report, "slice-b")["state"], "idle");
    let (count, text) = told("slices");
    assert_eq!(count, 2);
    assert!(
        text.starts_with("hold 1 MIG slice of 1g.18gb instead of 2"),
        "{text}"
    );
    assert!(text.ends_with("slices (GPU 0/4)"), "{text}");
    assert_eq!(told("turns").0, 0);
    assert!(!told("odd").1.contains("never worked"), "{}", told("odd").1);
}

/// What a device does at a sample: how often anything runs, and how full it is.
type Does<'a> = &'a dyn Fn(i64) -> (f64, f64);

const WORKS: Does<'_> = &|_| (0.98, 0.9);
const RESTS: Does<'_> = &|_| (0.0, 0.0);

/// Rows of five minutes over two days, one for each device of a pod.
fn rows(pod: &str, cores: f64, devices: &[(&str, Does<'_>)]) -> String {
    let mut text = String::new();
    for sample in 0..576 {
        for (device, does) in devices {
            let (busy, full) = does(sample);
            let watts = 78.0 + 636.0 * full;
            let at = END - (575 - sample) * 300;
            let start = format!("ml,{pod},main,{at},{cores},1000000000");
            let _ = writeln!(text, "{start},{device},{busy},{full},{watts}");
        }
    }
    text
}

const HEADER: &str = "namespace,pod,container,timestamp,cpu_cores,memory_bytes,gpu_device,\
                      gpu_utilization,gpu_sm_active,gpu_power_watts\n";

/// A command on these objects and rows.
fn imported(command: &[&str], items: &[Value], rows: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let (objects, table) = (folder.path().join("o.json"), folder.path().join("u.csv"));
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    std::fs::write(&objects, list.to_string()).unwrap();
    std::fs::write(&table, format!("{HEADER}{rows}")).unwrap();
    let bundle = folder.path().join("b.kcost");
    let run = Kcost::new().args(["snapshot", "--objects"]).arg(objects);
    let run = run.arg("--usage").arg(table).arg("-o").arg(&bundle);
    run.run().ended(0);
    let run = Kcost::new()
        .args(command)
        .args(["-o", "json", "--snapshot"]);
    run.arg(bundle).run().ended(0).json()
}

const GPUS: &[&str] = &["gpus"];

/// Eight devices of which three do this, and the others nothing.
fn three_of_eight<'a>(names: &'a [String], does: Does<'a>) -> Vec<(&'a str, Does<'a>)> {
    let each = names.iter().enumerate();
    each.map(|(place, name)| (name.as_str(), if place < 3 { does } else { RESTS }))
        .collect()
}

fn big() -> Value {
    node("n0", "NVIDIA-H200", GPU, 16)
}

#[test]
fn devices_that_never_work_are_named_from_a_table() {
    for (prefix, named) in [
        ("", "GPU 3, 4, 5, 6, 7"),
        ("GPU-a", "GPU-a3, GPU-a4, GPU-a5, GPU-a6, GPU-a7"),
    ] {
        let names: Vec<String> = (0..8).map(|it| format!("{prefix}{it}")).collect();
        let items = [big(), pod("old", (GPU, 8), "n0", 90)];
        let rows = rows("old", 2.0, &three_of_eight(&names, WORKS));
        let report = imported(GPUS, &items, &rows);
        check_three_of_eight(&report, "old", named);
        let watts = workload(&report, "old")["use"]["power_watts"]["mean"].as_f64();
        let expected = 78.0 + 636.0 * 0.9 * 3.0 / 8.0;
        assert!((watts.unwrap() - expected).abs() < 0.1, "{watts:?}");
        let mut gaps = report["gaps"].as_array().unwrap().iter();
        assert!(gaps.all(|it| it["code"] != "doubled-rows"), "{report:#}");
    }
}

#[test]
fn what_the_others_do_is_judged_without_those_that_do_nothing() {
    let names: Vec<String> = (0..8).map(|it| it.to_string()).collect();
    let items = [big(), pod("old", (GPU, 8), "n0", 90)];
    // All of its eight cores are used up while the three that work wait for data.
    let rows = rows("old", 8.0, &three_of_eight(&names, &|_| (0.5, 0.45)));
    let report = imported(GPUS, &items, &rows);
    let it = workload(&report, "old");
    assert_eq!(it["state"], "starved", "{it:#}");
    let reason = it["reason"].as_str().unwrap();
    let others = "5 of 8 devices never worked, and of the others: it waits 50% of the time";
    assert!(reason.starts_with(others), "{reason}");
    let advice = it["advice"].as_array().unwrap();
    let actions: Vec<&Value> = advice.iter().map(|it| &it["action"]).collect();
    assert_eq!(actions[..2], ["free_devices", "add_cpu"], "{it:#}");
    let text = advice[1]["text"].as_str().unwrap();
    assert!(text.contains("waits 50% of the time"), "{text}");
    let saved: f64 = advice.iter().map(|it| money(&it["monthly_savings"])).sum();
    assert!(saved < money(&it["monthly_cost"]), "{it:#}");
}

#[test]
fn a_device_that_stops_is_told_and_one_that_was_held_before_is_not() {
    let stops: Does<'_> = &|sample| {
        if sample < 288 {
            (0.98, 0.9)
        } else {
            (0.0, 0.0)
        }
    };
    let items = [big(), pod("old", (GPU, 2), "n0", 90)];
    let report = imported(
        GPUS,
        &items,
        &rows("old", 2.0, &[("0", WORKS), ("1", stops)]),
    );
    let text = &workload(&report, "old")["advice"][0]["text"];
    let text = text.as_str().unwrap();
    assert!(
        text.contains("of 1 of 2 devices nothing came in 1d: old (GPU 1)"),
        "{text}"
    );

    // The pod of the same name before it had two others.
    let items = [big(), pod("old", (GPU, 2), "n0", 24)];
    let pieces = [
        ("a", 0..288),
        ("b", 0..288),
        ("c", 288..576),
        ("d", 288..576),
    ];
    let mut moved = String::new();
    for (device, samples) in pieces {
        let all = rows(
            "old",
            2.0,
            &[(device, if samples.start == 0 { RESTS } else { WORKS })],
        );
        for (sample, line) in all.lines().enumerate() {
            if samples.contains(&sample) {
                moved.push_str(line);
                moved.push('\n');
            }
        }
    }
    let report = imported(GPUS, &items, &moved);
    let it = workload(&report, "old");
    let ids: Vec<&Value> = it["devices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    assert_eq!(ids, ["c", "d"]);
    let mut actions = it["advice"].as_array().unwrap().iter();
    assert!(actions.all(|it| it["action"] != "free_devices"), "{it:#}");
}

#[test]
fn a_device_that_differs_from_its_peers_is_told() {
    let slow: Does<'_> = &|_| (0.98, 0.3);
    let names: Vec<String> = (0..8).map(|it| it.to_string()).collect();
    let devices = names.iter().enumerate();
    let devices: Vec<(&str, Does<'_>)> = devices
        .map(|(place, name)| (name.as_str(), if place == 5 { slow } else { WORKS }))
        .collect();
    let mut one = pod("train-x7k2p", (GPU, 8), "n0", 90);
    one["metadata"]["ownerReferences"] = json!([{"apiVersion": "batch/v1", "kind": "Job",
        "name": "train", "uid": "t", "controller": true}]);
    let command = ["risks", "--check", "gpu-slow-rank"];
    let report = imported(&command, &[big(), one], &rows("train-x7k2p", 2.0, &devices));
    let found = &report["findings"][0]["text"];
    let text = found.as_str().unwrap_or_else(|| panic!("{report:#}"));
    assert!(
        text.contains("of 8 ranks GPU 5 of train-x7k2p is used 30 %"),
        "{text}"
    );
}
