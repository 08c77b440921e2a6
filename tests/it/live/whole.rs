//! The whole way: a cluster and a real Prometheus behind its API server, found,
//! read by the real program, and turned into advice, also where Prometheus
//! flaps or dies while it is read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::Kcost;
use crate::prometheus::lively;
use crate::prometheus::openmetrics::{Container, containers, until_now};
use crate::prometheus::server::{Server, prometheus};
use crate::reach::front::Front;
use crate::reach::prometheus_service;
use crate::standin::{Setup, Standin, Store};

const WORKLOADS: u32 = 24;

/// Connections until usage is read, at most: a request each.
const SURVEY: usize = 12;

/// A Deployment, and the pod of it that the usage is of.
pub fn with(store: Store, container: &Container) -> Store {
    let namespace = &container.namespace;
    let (set, _) = container.pod.rsplit_once('-').unwrap();
    let (name, hash) = set.rsplit_once('-').unwrap();
    let resources = json!({
        "requests": {"cpu": "2", "memory": "2Gi"}, "limits": {"memory": "2Gi"},
    });
    let spec =
        json!({"containers": [{"name": container.name, "image": "i", "resources": resources}]});
    let labels = json!({"app": name});
    let deployment = json!({
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    });
    let owner = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set, "uid": set, "controller": true,
    });
    let pod = json!({
        "metadata": {
            "namespace": namespace, "name": container.pod, "uid": container.pod,
            "labels": {"app": name, "pod-template-hash": hash}, "ownerReferences": [owner],
        },
        "spec": spec, "status": {"phase": "Running"},
    });
    store
        .with("apps/v1", "deployments", &deployment)
        .with("v1", "pods", &pod)
}

/// Four days of usage, a moment ago.
fn server() -> Option<Server> {
    let data = lively::text(&containers(WORKLOADS), 4, 60);
    prometheus(&until_now(&data), &[])
}

/// A cluster that runs what the usage is of, with Prometheus behind this door.
fn cluster(front: &Front) -> Standin {
    let store = containers(WORKLOADS).iter().fold(Store::empty(), with);
    Setup::new(prometheus_service(store, true))
        .secure()
        .backend("monitoring/prom:80", &front.place())
        .start()
}

/// What `kcost analyze` makes of it, in many small queries.
fn advice(front: &Front, engine: &str) -> Value {
    let standin = cluster(front);
    let folder = tempfile::tempdir().unwrap();
    let seen = Kcost::new()
        .env("KUBECONFIG", standin.kubeconfig(folder.path()))
        .args(["analyze", "-n", "team-*", "--window", "4d", "-o", "json"])
        .args([
            "--max-samples-per-query",
            if engine == "raw" { "50000" } else { "1000" },
        ])
        .args(["--timeout", "5s", "--engine", engine])
        .run()
        .ended(0);
    let proxied = match engine {
        "raw" => "/proxy/api/v1/query_range",
        _ => "/proxy/api/v1/read",
    };
    assert!(standin.paths().iter().any(|path| path.ends_with(proxied)));
    seen.json()
}

/// Names of workloads, with or without advice.
fn names(report: &Value, advised: bool) -> BTreeSet<String> {
    let workloads = report["workloads"].as_array().unwrap().iter();
    let chosen = workloads.filter(|workload| (workload["state"] != "unknown") == advised);
    let name = |workload: &Value| {
        let [namespace, name] = ["namespace", "name"].map(|key| workload[key].as_str().unwrap());
        format!("{namespace}/{name}")
    };
    chosen.map(name).collect()
}

fn gaps(report: &Value) -> Vec<String> {
    let gaps = report["gaps"].as_array().unwrap().iter();
    let text = |gap: &Value| {
        let [code, subject, text] =
            ["code", "subject", "text"].map(|key| gap[key].as_str().unwrap());
        format!("{code} {subject}: {text}")
    };
    gaps.map(text).collect()
}

/// The usage of one container, and what is advised for it.
fn used_and_advised(report: &Value, resource: &str) -> Vec<(String, bool, bool)> {
    let (used, advised) = match resource {
        "CPU" => ("cpu_used_cores", "cpu_request_cores"),
        _ => ("memory_used_bytes", "memory_request_bytes"),
    };
    let workloads = report["workloads"].as_array().unwrap().iter();
    let facts = workloads.map(|workload| {
        let container = &workload["containers"][0];
        let namespace = workload["namespace"].as_str().unwrap().to_owned();
        let advice = container[advised]["advice"] != "keep";
        (namespace, !container[used].is_null(), advice)
    });
    facts.collect()
}

#[test]
fn a_cluster_with_prometheus_becomes_advice_even_while_it_flaps() {
    let Some(server) = server() else { return };
    let reports = ["raw", "chunks"].map(|engine| flapping(&server, engine));
    assert_eq!(names(&reports[0], true), names(&reports[1], true));
}

fn flapping(server: &Server, engine: &str) -> Value {
    let front = Front::before(&server.url, None);
    let report = advice(&front, engine);
    let unknown = names(&report, false);
    assert!(unknown.is_empty(), "{unknown:?}");
    assert_eq!(names(&report, true).len(), WORKLOADS as usize);
    assert_eq!(gaps(&report), Vec::<String>::new());
    let source = report["sources"][1]["detail"].as_str().unwrap();
    let way = "monitoring/prom:80 by the API server's proxy, Prometheus by ";
    assert!(source.starts_with(way), "{source}");
    let connections = front.connections();
    assert!(connections > SURVEY + 4, "{connections}");

    // Every third connection breaks, from the middle on.
    let flapping = Front::guarded(&server.url, None, move |number| {
        number < connections / 2 || number % 3 != 0
    });
    let again = advice(&flapping, engine);
    assert!(flapping.connections() > connections);
    assert_eq!(names(&again, true), names(&report, true));
    assert_eq!(gaps(&again), Vec::<String>::new());
    report
}

#[test]
fn a_prometheus_that_dies_midway_leaves_what_was_read_and_names_the_rest() {
    dying("raw");
    dying("chunks");
}

fn dying(engine: &str) {
    let Some(server) = server() else { return };
    let url = server.url.clone();
    let whole = Front::before(&url, None);
    advice(&whole, engine);
    // After the survey, and half of the rest.
    let last = SURVEY + (whole.connections() - SURVEY) / 2;
    let mut server = Some(server);
    let dying = Front::guarded(&url, None, move |number| {
        if number >= last {
            drop(server.take());
        }
        true
    });
    let report = advice(&dying, engine);
    let (advised, unknown) = (names(&report, true), names(&report, false));
    assert_eq!(advised.len() + unknown.len(), WORKLOADS as usize);
    let gaps = gaps(&report);
    for resource in ["CPU", "memory"] {
        let facts = used_and_advised(&report, resource);
        for (namespace, _, advised) in facts.iter().filter(|(_, used, _)| !used) {
            // Of many namespaces the first few are named.
            let start = format!("usage-not-read {resource} usage of ");
            let named = |gap: &&String| gap.contains(namespace) || gap.contains(" more from ");
            let mut lost = gaps.iter().filter(|gap| gap.starts_with(&start));
            assert!(lost.any(|gap| named(&gap)), "{namespace} {gaps:#?}");
            assert!(!advised, "{resource} of {namespace}");
        }
    }
    // CPU is read first.
    let any = |resource: &str, wanted: bool| {
        let mut facts = used_and_advised(&report, resource).into_iter();
        facts.any(|(_, used, _)| used == wanted)
    };
    assert!(any("CPU", true) && any("memory", false));
}
