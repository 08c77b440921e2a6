//! A live cluster: what is asked for, and what happens when it fails.

mod certificates;
mod connect;
mod denied;
mod devices;
mod events;
mod kubeconfigs;
mod kubectl;
mod listing;
mod proxies;
mod queues;
mod snapshots;
pub mod whole;

use std::ffi::OsStr;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use kcost::collect::Scope;
use kcost::collect::kubernetes::{self, ClusterOptions};
use kcost::collect::live::{self, LiveOptions, UsageFrom};
use kcost::progress::Silent;
use kcost::snapshot::Snapshot;
use serde_json::json;

use crate::common::{Kcost, Seen};
use crate::standin::{Fault, Setup, Standin, Store, TOKEN};

/// `kcost snapshot` of a stand-in, with its changing port taken out of the words.
pub fn snapshot(standin: &Standin, args: &[&str]) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let config = standin.kubeconfig(folder.path());
    run(standin, config, args)
}

pub fn run(standin: &Standin, config: impl AsRef<OsStr>, args: &[&str]) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("live.kcost");
    let mut seen = Kcost::new()
        .env("KUBECONFIG", config)
        .args(["snapshot", "-o"])
        .arg(&bundle)
        .args(args)
        .run();
    let bundle = bundle.to_string_lossy();
    seen.stderr = seen
        .stderr
        .replace(&standin.url(), "[SERVER]")
        .replace(&*bundle, "live.kcost");
    seen
}

/// What listing brings: gaps, or the error that ends it.
pub fn listed(standin: &Standin, namespaces: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = standin.kubeconfig(folder.path());
    outcome(&config, namespaces).replace(&standin.url(), "[SERVER]")
}

/// The same with a kubeconfig of this text.
pub fn listed_with(standin: &Standin, kubeconfig: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, kubeconfig).unwrap();
    let text = outcome(&config, &[]).replace(&standin.url(), "[SERVER]");
    text.replace(&*folder.path().to_string_lossy(), "[FOLDER]")
}

pub fn outcome(kubeconfig: &Path, namespaces: &[&str]) -> String {
    let options = ClusterOptions {
        kubeconfig: Some(kubeconfig.to_owned()),
        timeout: Duration::from_secs(1),
        ..ClusterOptions::default()
    };
    let namespaces: Vec<String> = namespaces.iter().map(ToString::to_string).collect();
    let scope = Scope::new(&namespaces, None).unwrap();
    let work = async {
        let connection = kubernetes::connect(&options, &Silent).await?;
        kubernetes::list(&connection, &scope, &Silent).await
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut text = String::new();
    match runtime.block_on(work) {
        Ok((_, gaps)) => {
            for gap in gaps {
                writeln!(text, "{} {}: {}", gap.code, gap.subject, gap.text).unwrap();
                if let Some(hint) = gap.hint {
                    writeln!(text, "  hint: {hint}").unwrap();
                }
            }
        }
        Err(error) => {
            writeln!(text, "error: {error}").unwrap();
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                writeln!(text, "  caused by: {cause}").unwrap();
                source = cause.source();
            }
            writeln!(text, "hint: {}", error.hint().unwrap_or_default()).unwrap();
        }
    }
    text
}

pub fn faulty(path: &str, fault: Fault) -> Standin {
    Setup::new(Store::recorded()).fault(path, fault).start()
}

/// How often a path was asked for.
pub fn count(standin: &Standin, path: &str) -> usize {
    standin
        .asked()
        .iter()
        .filter(|asked| asked.path == path)
        .count()
}

/// The whole snapshot, in-process.
pub fn taken(standin: &Standin, namespaces: &[&str]) -> Snapshot {
    let folder = tempfile::tempdir().unwrap();
    let namespaces: Vec<String> = namespaces.iter().map(ToString::to_string).collect();
    let options = LiveOptions {
        cluster: ClusterOptions {
            kubeconfig: Some(standin.kubeconfig(folder.path())),
            ..ClusterOptions::default()
        },
        usage: UsageFrom::MetricsApi,
        scope: Scope::new(&namespaces, None).unwrap(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(live::collect(&options, &Silent)).unwrap()
}

/// What a snapshot says, one line a fact.
pub fn told(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    let cluster = &snapshot.cluster;
    let version = cluster.server_version.as_deref().unwrap_or("unknown");
    writeln!(
        text,
        "{} {version}, {} nodes",
        cluster.name,
        cluster.nodes.len()
    )
    .unwrap();
    for source in &snapshot.sources {
        writeln!(text, "from {} {}", source.kind.name(), source.detail).unwrap();
    }
    for (index, workload) in (0..).zip(&snapshot.workloads) {
        write!(text, "{}: {} pods", workload.id, workload.pods.len()).unwrap();
        for container in &workload.containers {
            let samples = snapshot.usage.pool(index, &container.name).count();
            write!(text, ", {} used by {samples}", container.name).unwrap();
        }
        writeln!(text).unwrap();
    }
    for gap in &snapshot.gaps {
        writeln!(text, "{} {}: {}", gap.code, gap.subject, gap.text).unwrap();
        if let Some(hint) = &gap.hint {
            writeln!(text, "  hint: {hint}").unwrap();
        }
    }
    text
}

/// A pod of a ReplicaSet of a Rollout, as Argo Rollouts makes them.
pub fn rollout() -> Store {
    let owned = |name: &str, api_version: &str, kind: &str, owner: &str| {
        json!({
            "name": name, "namespace": "shop", "uid": name,
            "ownerReferences": [{
                "apiVersion": api_version, "kind": kind, "name": owner,
                "uid": owner, "controller": true,
            }],
        })
    };
    let spec = json!({"containers": [{"name": "app", "image": "registry.local/x:1"}]});
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": spec});
    let selector = json!({"matchLabels": {"app": "web"}});
    Store::empty()
        .kind(ARGO, "rollouts", "Rollout", true)
        .with(
            ARGO,
            "rollouts",
            &json!({
                "apiVersion": ARGO, "kind": "Rollout",
                "metadata": {"name": "web", "namespace": "shop", "uid": "web"},
                "spec": {"replicas": 1, "selector": selector, "template": template},
            }),
        )
        .with(
            "apps/v1",
            "replicasets",
            &json!({
                "metadata": owned("web-5d4", ARGO, "Rollout", "web"),
                "spec": {"replicas": 1, "selector": selector, "template": template},
            }),
        )
        .with(
            "v1",
            "pods",
            &json!({
                "metadata": owned("web-5d4-x7k", "apps/v1", "ReplicaSet", "web-5d4"),
                "spec": spec, "status": {"phase": "Running"},
            }),
        )
}

pub const ARGO: &str = "argoproj.io/v1alpha1";

/// Serves a cluster of a given size for as long as a file stays: for measuring
/// by hand, as `KCOST_STANDIN=10000,1000,/tmp/kubeconfig`.
#[test]
#[ignore = "serves until its kubeconfig is removed"]
fn serve_a_cluster_of_any_size() {
    let setting = std::env::var("KCOST_STANDIN").unwrap();
    let parts: Vec<&str> = setting.split(',').collect();
    let store = Store::generated(parts[0].parse().unwrap(), parts[1].parse().unwrap());
    let standin = Setup::new(store).ticking().secure().start();
    let config = Path::new(parts[2]);
    std::fs::write(config, standin.kubeconfig_text(TOKEN)).unwrap();
    while config.exists() {
        std::thread::sleep(Duration::from_millis(100));
    }
}
