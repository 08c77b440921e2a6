//! When workloads need how many replicas: windows, their evidence, and what wins.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::{Kcost, bundle_of};

mod autoscaled;
mod bounds;
mod gaps;
mod hours;
mod kinds;
mod manifest;
mod midnight;
mod mixed;
mod month;
mod moved;
mod once;
mod peak;
mod report;
mod size;
mod traffic;

/// 2025-10-27 00:00 UTC, a Monday.
const MONDAY: i64 = 1_761_523_200;

/// A Deployment as it is put into a bundle.
struct Made<'a> {
    name: &'a str,
    kind: &'a str,
    pods: i64,
    /// CPU that each pod requests.
    cpu: Option<&'a str>,
    /// Seconds from its node to being ready.
    start: i64,
    days: i64,
    /// Cores of all pods together at a second since the Monday.
    cores: &'a dyn Fn(i64) -> f64,
    /// CPU limit of each.
    limit: Option<&'a str>,
    /// Requests a second of all pods together.
    requests: Option<&'a dyn Fn(i64) -> f64>,
    /// Pods that run at a second, of those that it has; all where that is not said.
    running: Option<&'a dyn Fn(i64) -> i64>,
    /// Whether the sample of a pod at a second is missing.
    missing: Option<&'a dyn Fn(i64, i64) -> bool>,
    /// Objects beside it: what scales it, what it mounts.
    beside: Vec<Value>,
    /// A claim that its pods mount.
    claim: Option<&'a str>,
    annotations: &'a [(&'a str, &'a str)],
    /// Fields of the pod spec beside its containers.
    spec: Value,
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self {
            name: "api",
            kind: "Deployment",
            pods: 2,
            cpu: Some("500m"),
            start: 30,
            days: 28,
            cores: &|_| 0.5,
            limit: None,
            requests: None,
            running: None,
            missing: None,
            beside: Vec::new(),
            claim: None,
            annotations: &[],
            spec: json!({}),
        }
    }
}

/// Samples are so many seconds apart.
const STEP: usize = 600;

/// A bundle of these, on one node that holds them all.
fn bundle(folder: &Path, all: &[Made<'_>]) -> String {
    bundle_on(folder, all, "64")
}

/// The same, on one of so many cores.
fn bundle_on(folder: &Path, all: &[Made<'_>], cores: &str) -> String {
    let mut objects = vec![node(cores)];
    let mut csv = "namespace,pod,container,timestamp,cpu_cores,memory_bytes".to_owned();
    let asked = all.iter().any(|it| it.requests.is_some());
    csv.push_str(if asked {
        ",requests_per_second\n"
    } else {
        "\n"
    });
    for made in all {
        objects.extend(made.objects());
        objects.extend(made.beside.iter().cloned());
        for second in (0..made.days * 86_400).step_by(STEP) {
            let running = made.running.map_or(made.pods, |it| it(second));
            let pods = i32::try_from(running).unwrap();
            let each = (made.cores)(second) / f64::from(pods);
            for pod in 0..running {
                let name = made.name;
                let time = MONDAY + second;
                let is_missing = made.missing.is_some_and(|it| it(second, pod));
                let each = if is_missing {
                    String::new()
                } else {
                    format!("{each:.6}")
                };
                write!(csv, "shop,{name}-5d-{pod},app,{time},{each},104857600").unwrap();
                let requests = made.requests.map(|it| it(second) / f64::from(pods));
                let requests = requests.filter(|it| it.is_finite());
                let requests = requests.map_or_else(String::new, |it| format!("{it:.4}"));
                if asked {
                    write!(csv, ",{requests}").unwrap();
                }
                csv.push('\n');
            }
        }
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let bundle = bundle_of(folder, "b.kcost", &list, &csv);
    bundle.to_string_lossy().into_owned()
}

fn node(cores: &str) -> Value {
    let amounts = json!({"cpu": cores, "memory": "256Gi", "pods": "250"});
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"},
        "status": {"allocatable": amounts, "capacity": amounts,
            "conditions": [{"type": "Ready", "status": "True"}]},
    })
}

impl Made<'_> {
    fn objects(&self) -> Vec<Value> {
        let (name, kind) = (self.name, self.kind);
        let labels = json!({"app": name});
        let requests = match self.cpu {
            Some(cpu) => json!({"cpu": cpu, "memory": "128Mi"}),
            None => json!({"memory": "128Mi"}),
        };
        let mut resources = json!({"requests": requests});
        if let Some(limit) = self.limit {
            resources["limits"] = json!({"cpu": limit});
        }
        let container = json!({"name": "app", "image": "a", "resources": resources});
        let mut spec = self.spec.clone();
        spec["containers"] = json!([container]);
        if let Some(claim) = self.claim {
            let volume = json!({"name": "d", "persistentVolumeClaim": {"claimName": claim}});
            spec["volumes"] = json!([volume]);
        }
        let annotations: std::collections::BTreeMap<&str, &str> =
            self.annotations.iter().copied().collect();
        let owner = |kind: &str, name: &str, uid: &str| {
            let api = if kind == "DaemonSet" || kind == "ReplicaSet" || kind == "Deployment" {
                "apps/v1"
            } else {
                "v1"
            };
            json!([{"apiVersion": api, "kind": kind, "name": name, "uid": uid, "controller": true}])
        };
        let mut objects = vec![json!({
            "apiVersion": "apps/v1", "kind": kind,
            "metadata": {"namespace": "shop", "name": name, "uid": format!("d-{name}"),
                "annotations": annotations},
            "spec": {"replicas": self.pods, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec}},
        })];
        let mut above = owner(kind, name, &format!("d-{name}"));
        if kind == "Deployment" {
            let set = format!("{name}-5d");
            objects.push(json!({
                "apiVersion": "apps/v1", "kind": "ReplicaSet",
                "metadata": {"namespace": "shop", "name": set, "uid": format!("r-{name}"),
                    "ownerReferences": above},
            }));
            above = owner("ReplicaSet", &set, &format!("r-{name}"));
        }
        let time = |second: i64| {
            jiff::Timestamp::from_second(MONDAY + second)
                .unwrap()
                .to_string()
        };
        for pod in 0..self.pods {
            let mut placed = spec.clone();
            placed["nodeName"] = json!("n");
            let is = |kind: &str, at: i64| json!({"type": kind, "status": "True", "lastTransitionTime": time(at)});
            objects.push(json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"namespace": "shop", "name": format!("{name}-5d-{pod}"),
                    "labels": labels, "ownerReferences": above, "creationTimestamp": time(-90)},
                "spec": placed,
                "status": {"phase": "Running", "conditions":
                    [is("PodScheduled", -80), is("Ready", -80 + self.start)]},
            }));
        }
        objects
    }
}

/// What `schedule -o json` says.
fn told(bundle: &str, more: &[&str]) -> Value {
    let args = ["schedule", "--snapshot", bundle, "-o", "json"];
    Kcost::new()
        .args(args.iter().chain(more))
        .run()
        .ended(0)
        .json()
}

/// A HorizontalPodAutoscaler of CPU use, in percent of the request.
fn hpa(name: &str, of: &str, (min, max): (u32, u32), percent: u32) -> Value {
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"namespace": "shop", "name": name},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": of},
            "minReplicas": min, "maxReplicas": max,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu",
                "target": {"type": "Utilization", "averageUtilization": percent}}}],
        },
        "status": {"currentReplicas": min, "desiredReplicas": min},
    })
}

/// Cores every day from so many seconds after midnight for so long, and at other times.
fn daily(from: i64, seconds: i64, quiet: f64, busy: f64) -> impl Fn(i64) -> f64 {
    move |second| {
        let wave = f64::from(i32::try_from(second % 7_919).unwrap()) / 7_919.0;
        let wave = 1.0 + 0.04 * (wave - 0.5);
        let since = (second - from).rem_euclid(86_400);
        wave * if since < seconds { busy } else { quiet }
    }
}

/// Cores on a Friday from so many seconds after midnight to so many, and at other times.
fn friday(from: i64, until: i64, quiet: f64, busy: f64) -> impl Fn(i64) -> f64 {
    move |second| {
        let (day, time) = ((second / 86_400) % 7, second % 86_400);
        let wave = f64::from(i32::try_from(second % 7_919).unwrap()) / 7_919.0;
        let wave = 1.0 + 0.04 * (wave - 0.5);
        if day == 4 && (from..until).contains(&time) {
            busy * wave
        } else {
            quiet * wave
        }
    }
}
