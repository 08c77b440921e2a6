//! Warnings of the last hour: asked for in pages, as few as are enough, and given to the
//! workloads that they are about.

use serde_json::json;

use super::{listed, taken};
use crate::standin::{Fault, Setup, Store};

const CREATED: &str = "2026-11-23T12:00:00Z";

/// A Deployment with a pod that is not well, one that was put out, and warnings of both.
fn store(warnings: usize) -> Store {
    let labels = json!({"app": "api"});
    let containers = json!([{"name": "app", "resources": {}}]);
    let meta = |name: &str, owner: Option<(&str, &str)>| {
        let owners = owner.map(|(kind, name)| {
            json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": name,
                    "controller": true}])
        });
        json!({"name": name, "namespace": "shop", "uid": name, "labels": labels,
               "creationTimestamp": CREATED, "ownerReferences": owners})
    };
    let spec = json!({
        "replicas": 1, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
    });
    let mut store = Store::empty()
        .with(
            "apps/v1",
            "deployments",
            &json!({"metadata": meta("api", None), "spec": spec}),
        )
        .with(
            "apps/v1",
            "replicasets",
            &json!({"metadata": meta("api-6dfdf5796f", Some(("Deployment", "api"))), "spec": spec}),
        )
        .with(
            "v1",
            "pods",
            &json!({
                "metadata": meta("api-6dfdf5796f-x2x2x", Some(("ReplicaSet", "api-6dfdf5796f"))),
                "spec": {"nodeName": "n0", "containers": containers},
                "status": {"phase": "Running"},
            }),
        );
    let about = |name: &str, kind: &str| json!({"kind": kind, "namespace": "shop", "name": name});
    let mut event = |number: usize, about: serde_json::Value, reason: &str, message: &str| {
        let object = json!({
            "metadata": {"name": format!("e{number:05}"), "namespace": "shop"},
            "involvedObject": about, "type": "Warning", "reason": reason, "message": message,
            "count": 9, "firstTimestamp": CREATED, "lastTimestamp": "2026-11-23T12:40:00Z",
        });
        store = std::mem::replace(&mut store, Store::empty()).with("v1", "events", &object);
    };
    let mut pod = about("api-6dfdf5796f-x2x2x", "Pod");
    pod["fieldPath"] = json!("spec.containers{app}");
    event(
        0,
        pod,
        "Unhealthy",
        "Liveness probe failed: Get \"http://10.0.0.1/?token=hush\": EOF",
    );
    let gone = about("api-6dfdf5796f-g9g9g", "Pod");
    event(
        1,
        gone,
        "Evicted",
        "The node was low on resource: memory. Threshold quantity: 100Mi",
    );
    let set = about("api-6dfdf5796f", "ReplicaSet");
    event(
        2,
        set,
        "FailedCreate",
        "Error creating: exceeded quota: team",
    );
    event(
        3,
        about("n0", "Node"),
        "SystemOOM",
        "System OOM encountered",
    );
    for number in 4..warnings {
        event(
            number,
            about("other", "Pod"),
            "BackOff",
            "Back-off restarting failed container",
        );
    }
    store
}

#[test]
fn warnings_come_with_their_workloads_and_without_their_messages() {
    let snapshot = taken(&Setup::new(store(4)).start(), &[]);
    assert!(snapshot.cluster.has_events);
    let api = &snapshot.workloads[0];
    let told: Vec<String> = api
        .events
        .iter()
        .map(|it| {
            let cause = it.cause.as_deref().unwrap_or("-");
            let container = it.container.as_deref().unwrap_or("-");
            format!(
                "{} {} {cause} {container} {}×",
                it.kind, it.reason, it.count
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "ReplicaSet FailedCreate quota - 9×",
            "Pod Evicted memory - 9×",
            "Pod Unhealthy liveness app 9×",
        ]
    );
    let evicted = &api.evictions[0];
    assert_eq!(
        (evicted.pod.as_str(), evicted.resource.as_deref()),
        ("api-6dfdf5796f-g9g9g", Some("memory"))
    );
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("events.kcost");
    kcost::snapshot::write(&snapshot, &place).unwrap();
    // Messages are nowhere, and everything else comes back.
    for file in std::fs::read_dir(&place).unwrap().map(Result::unwrap) {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&bytes).contains("hush"));
    }
    let read = kcost::record::read(&place).unwrap();
    assert_eq!(read.workloads[0].events, api.events);
}

#[test]
fn a_part_of_very_many_warnings_is_enough() {
    let standin = Setup::new(store(5_600)).start();
    insta::assert_snapshot!(listed(&standin, &[]), @"
    truncated events: there are more than the 5000 that are read
      hint: name fewer namespaces: `-n NAMESPACE`
    ");
    let asked = standin.asked();
    let events = asked.iter().filter(|it| it.path == "/api/v1/events");
    let queries: Vec<&str> = events.map(|it| it.query.as_str()).collect();
    assert_eq!(queries.len(), 10);
    let only = "fieldSelector=type%3DWarning&limit=500";
    assert!(queries.iter().all(|it| it.starts_with(only)), "{queries:?}");
}

#[test]
fn a_role_without_the_right_is_a_gap_and_no_failure() {
    let standin = Setup::new(store(4))
        .fault("/api/v1/events", Fault::Forbidden)
        .start();
    assert!(!taken(&standin, &[]).cluster.has_events);
    insta::assert_snapshot!(listed(&standin, &[]), @r#"
    forbidden events: events is forbidden: User "viewer" cannot list resource "events" in API group "" at the cluster scope
      hint: allow it with the rule {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]}
    "#);
}
