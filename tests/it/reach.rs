//! Finding a Prometheus among the services, and the ways to it.

mod find;
pub mod front;
mod inside;
pub mod responder;
mod secure;
mod trust;
mod ways;

use std::fmt::Write as _;

use kcost::collect::Scope;
use kcost::collect::kubernetes::ClusterOptions;
use kcost::collect::live::{self, LiveOptions, UsageFrom};
use kcost::error::Error;
use kcost::progress::Silent;
use kcost::snapshot::{Snapshot, SourceKind};
use serde_json::{Value, json};

use crate::standin::{Standin, Store};

/// One workload, so that there is something to analyze.
fn cluster() -> Store {
    let spec = json!({"containers": [{"name": "main", "image": "registry.local/x:1"}]});
    let template = json!({"metadata": {"labels": {"app": "app-0"}}, "spec": spec});
    Store::empty().with(
        "apps/v1",
        "deployments",
        &json!({
            "metadata": {"namespace": "team-00", "name": "app-0"},
            "spec": {
                "replicas": 1, "template": template,
                "selector": {"matchLabels": {"app": "app-0"}},
            },
        }),
    )
}

fn service(place: &str, labels: &Value, ports: &Value) -> Value {
    let (namespace, name) = place.split_once('/').unwrap();
    json!({
        "metadata": {"namespace": namespace, "name": name, "labels": labels},
        "spec": {"clusterIP": "10.0.0.1", "selector": {"runs": name}, "ports": ports},
    })
}

/// A pod behind the service of this name.
fn pod(place: &str, service: &str, ready: bool) -> Value {
    let (namespace, name) = place.split_once('/').unwrap();
    let status = if ready { "True" } else { "False" };
    json!({
        "metadata": {"namespace": namespace, "name": name, "labels": {"runs": service}},
        "spec": {"containers": [{
            "name": "server", "image": "registry.local/x:1",
            "ports": [{"name": "web", "containerPort": 9090}],
        }]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": status}]},
    })
}

/// One workload, and a Prometheus with one pod, ready or not.
pub fn with_prometheus(ready: bool) -> Store {
    prometheus_service(cluster(), ready)
}

/// A Prometheus with one pod, ready or not, in this cluster.
pub fn prometheus_service(store: Store, ready: bool) -> Store {
    let labels = json!({"app": "kube-prometheus-stack-prometheus"});
    let ports = json!([{"name": "http-web", "port": 80, "targetPort": "web"}]);
    store
        .with(
            "v1",
            "services",
            &service("monitoring/prom", &labels, &ports),
        )
        .with("v1", "pods", &pod("monitoring/prom-0", "prom", ready))
}

fn collect(standin: &Standin, usage: UsageFrom, namespaces: &[&str]) -> Result<Snapshot, Error> {
    let folder = tempfile::tempdir().unwrap();
    let namespaces: Vec<String> = namespaces.iter().map(ToString::to_string).collect();
    let options = LiveOptions {
        cluster: ClusterOptions {
            kubeconfig: Some(standin.kubeconfig(folder.path())),
            ..ClusterOptions::default()
        },
        usage,
        scope: Scope::new(&namespaces, None).unwrap(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(live::collect(&options, &Silent))
}

/// Where usage came from, and what is said of it.
fn told(snapshot: &Snapshot) -> String {
    let source = snapshot.sources.last().unwrap();
    let mut text = format!("{}: {}", source.kind.name(), source.detail);
    for gap in &snapshot.gaps {
        if gap.code == "no-prometheus" {
            write!(text, "\n{}", gap.text).unwrap();
        }
    }
    text
}

fn used_prometheus(snapshot: &Snapshot) -> bool {
    let mut sources = snapshot.sources.iter();
    sources.any(|source| source.kind == SourceKind::Prometheus)
}
