//! What workloads do with accelerators, as the binary tells it.

mod apart;
mod attempts;
mod counts;
mod demo;
mod devices;
mod ended;
mod faults;
mod gangs;
mod judged;
mod measure;
mod mixed;
mod prometheus;
mod queues;
mod replicas;
mod runs;
mod sharing;
mod states;
mod stops;
mod unsteady;
mod waste;

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::Kcost;

/// The end of all samples: 2026-11-23 00:00:00 UTC.
pub const END: i64 = 1_795_392_000;

/// Columns beside those that every file has.
pub const COLUMNS: [&str; 13] = [
    "gpu_utilization",
    "gpu_sm_active",
    "gpu_tensor_active",
    "gpu_dram_active",
    "gpu_power_watts",
    "gpu_memory_bytes",
    "gpu_memory_total_bytes",
    "gpu_xid",
    "requests_running",
    "requests_waiting",
    "cpu_throttled_ratio",
    "kv_cache_ratio",
    "gpu_clock_hertz",
];

/// A pod with devices of its own, and what it did.
pub struct Pod {
    pub name: String,
    /// The kind and API group of what owns it; a bare pod where none does.
    pub owner: Option<(&'static str, &'static str)>,
    pub resource: &'static str,
    pub gpus: u32,
    pub cpu: f64,
    /// Cores it used, and the texts of [`COLUMNS`], sample by sample.
    pub rows: Vec<(f64, [String; 13])>,
}

impl Pod {
    pub fn new(name: &str, rows: Vec<(f64, [String; 13])>) -> Self {
        Self {
            name: name.to_owned(),
            owner: None,
            resource: "nvidia.com/gpu",
            gpus: 1,
            cpu: 4.0,
            rows,
        }
    }
}

/// Figures of a sample by the names of their columns.
pub fn row(cores: f64, figures: &[(&str, f64)]) -> (f64, [String; 13]) {
    let of = |column: &str| {
        let mut figures = figures.iter();
        let found = figures.find(|(name, _)| *name == column);
        found.map_or_else(String::new, |(_, value)| value.to_string())
    };
    for (name, _) in figures {
        assert!(COLUMNS.contains(name), "{name}");
    }
    (cores, COLUMNS.map(of))
}

/// A node with so many devices of one product.
pub fn node(name: &str, product: &str, resource: &str, gpus: u32) -> Value {
    let size = json!({"cpu": "128", "memory": "1024Gi", "pods": "110", resource: gpus.to_string()});
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"nvidia.com/gpu.product": product}},
        "status": {"capacity": size, "allocatable": size,
            "conditions": [{"type": "Ready", "status": "True"}]},
    })
}

/// The objects of these pods, all on one node.
pub fn objects(pods: &[Pod], node: &Value) -> Value {
    let mut items = vec![node.clone()];
    let on = node["metadata"]["name"].as_str().unwrap();
    for pod in pods {
        let amounts = json!({"cpu": pod.cpu.to_string(), "memory": "16Gi",
            pod.resource: pod.gpus.to_string()});
        let limits = json!({pod.resource: pod.gpus.to_string()});
        let spec = json!({"nodeName": on, "containers": [{"name": "main", "image": "x",
            "resources": {"requests": amounts, "limits": limits}}]});
        let mut metadata = json!({"namespace": "ml", "name": pod.name, "uid": pod.name});
        if let Some((api, kind)) = pod.owner {
            let name = pod.name.rsplit_once('-').map_or(&*pod.name, |it| it.0);
            metadata["ownerReferences"] = json!([{"apiVersion": api, "kind": kind, "name": name,
                "uid": name, "controller": true}]);
        }
        items.push(
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec,
            "status": {"phase": "Running"}}),
        );
    }
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// The samples as CSV, so many seconds apart, the last at [`END`].
pub fn csv(pods: &[Pod], step: i64) -> String {
    let mut text = format!(
        "namespace,pod,container,timestamp,cpu_cores,memory_bytes,{}\n",
        COLUMNS.join(",")
    );
    for pod in pods {
        let first = END - step * i64::try_from(pod.rows.len()).unwrap();
        for (time, (cores, cells)) in (1..).zip(&pod.rows) {
            let at = first + time * step;
            let cells = cells.join(",");
            let _ = writeln!(text, "ml,{},main,{at},{cores},1000000000,{cells}", pod.name);
        }
    }
    text
}

/// What `kcost risks` says of these pods, of one check.
pub fn risks(pods: &[Pod], node: &Value, check: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let (list, table) = (folder.path().join("o.json"), folder.path().join("u.csv"));
    std::fs::write(&list, objects(pods, node).to_string()).unwrap();
    std::fs::write(&table, csv(pods, 300)).unwrap();
    let run = Kcost::new().args(["risks", "-o", "json", "--check", check, "--objects"]);
    let run = run.arg(list).arg("--usage").arg(table).run().ended(0);
    run.json()["findings"].as_array().unwrap().clone()
}

/// What the binary says of these pods.
pub fn told(pods: &[Pod], node: &Value, step: i64, args: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), &objects(pods, node), &csv(pods, step), args);
    run.ended(0).json()
}

fn run(folder: &Path, objects: &Value, usage: &str, args: &[&str]) -> crate::common::Seen {
    let (list, table) = (folder.join("objects.json"), folder.join("usage.csv"));
    std::fs::write(&list, objects.to_string()).unwrap();
    std::fs::write(&table, usage).unwrap();
    let run = Kcost::new()
        .args(["gpus", "-o", "json", "--objects"])
        .arg(list);
    run.arg("--usage").arg(table).args(args).run()
}

/// The workload of this name.
pub fn workload<'a>(report: &'a Value, name: &str) -> &'a Value {
    let mut all = report["workloads"].as_array().unwrap().iter();
    all.find(|it| it["name"] == name)
        .unwrap_or_else(|| panic!("no {name} in {report:#}"))
}
