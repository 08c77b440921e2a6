//! Recording the metrics API: what is on disk at any moment is whole.

mod changes;
mod durable;
mod length;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use kcost::record;
use kcost::snapshot::Snapshot;
use serde_json::json;

use crate::common::{Kcost, Seen};
use crate::standin::{Standin, Store};

const METRICS: &str = "metrics.k8s.io/v1beta1";
const READING: &str = "/apis/metrics.k8s.io/v1beta1/pods";

/// A folder with a kubeconfig, and a recording in it.
struct Place {
    folder: tempfile::TempDir,
    config: PathBuf,
    bundle: PathBuf,
}

impl Place {
    fn new(standin: &Standin) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            config: standin.kubeconfig(folder.path()),
            bundle: folder.path().join("r.kcost"),
            folder,
        }
    }

    /// `kcost snapshot --record`, to its end.
    fn record(&self, length: &str, more: &[&str]) -> Seen {
        let mut seen = Kcost::new()
            .env("KUBECONFIG", &self.config)
            .args(["snapshot", "--record", length, "--every", "1s", "-q", "-o"])
            .arg(&self.bundle)
            .args(more)
            .run();
        let bundle = self.bundle.to_string_lossy();
        seen.stderr = seen.stderr.replace(&*bundle, "r.kcost");
        seen
    }

    /// The same, running.
    fn start(&self, length: &str, more: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_kcost"))
            .env("KUBECONFIG", &self.config)
            .args(["snapshot", "--record", length, "--every", "1s", "-q", "-o"])
            .arg(&self.bundle)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn read(&self) -> Snapshot {
        record::read(&self.bundle).unwrap()
    }

    fn log(&self) -> PathBuf {
        self.bundle.join("recording.log")
    }

    /// Files beside the recording that are not ours.
    fn left_over(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap();
        let names = names.map(|it| it.unwrap().file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.collect();
        names.retain(|name| name != "kubeconfig" && name != "r.kcost");
        names
    }
}

/// A Deployment's pod, and how much it uses.
fn shop(store: Store, pod: &str) -> Store {
    let spec = json!({"containers": [{"name": "app", "image": "i"}]});
    let owner = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-5d4",
        "uid": "r", "controller": true}]);
    let meta = json!({"name": pod, "namespace": "shop", "uid": pod, "ownerReferences": owner,
        "creationTimestamp": "2026-01-01T00:00:00Z"});
    store
        .with(
            "v1",
            "pods",
            &json!({"metadata": meta, "spec": spec, "status": {"phase": "Running"}}),
        )
        .with(METRICS, "pods", &usage(pod))
}

fn usage(pod: &str) -> serde_json::Value {
    json!({"metadata": {"name": pod, "namespace": "shop"},
        "timestamp": "2026-11-23T19:22:34Z", "window": "15s",
        "containers": [{"name": "app", "usage": {"cpu": "5m", "memory": "64Mi"}}]})
}

/// A Deployment with one pod.
fn small() -> Store {
    let template = json!({"metadata": {"labels": {"app": "api"}},
        "spec": {"containers": [{"name": "app", "image": "i"}]}});
    let spec =
        json!({"replicas": 1, "selector": {"matchLabels": {"app": "api"}}, "template": template});
    let owner = json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": "api",
        "uid": "d", "controller": true}]);
    let store = Store::empty()
        .with(
            "apps/v1",
            "deployments",
            &json!({"metadata": {"name": "api", "namespace": "shop", "uid": "d"}, "spec": spec}),
        )
        .with(
            "apps/v1",
            "replicasets",
            &json!({"metadata": {"name": "api-5d4", "namespace": "shop", "uid": "r",
                "ownerReferences": owner}, "spec": spec}),
        );
    shop(store, "api-5d4-aaaaa")
}

fn codes(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.gaps.iter().map(|gap| gap.code.as_str()).collect()
}

fn wait_for(mut what: impl FnMut() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never came");
        thread::sleep(Duration::from_millis(20));
    }
}

fn lines(path: &Path) -> usize {
    fs::read(path).map_or(0, |log| log.split(|byte| *byte == b'\n').count() - 1)
}
