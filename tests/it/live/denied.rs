//! What a role does not allow, and servers behind the server that do not answer.

use serde_json::json;

use super::{faulty, listed, snapshot};
use crate::common::{Kcost, Seen};
use crate::standin::{Fault, Setup, Standin, Store};

/// `kcost analyze` of a stand-in.
fn analyze(standin: &Standin, args: &[&str]) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let config = standin.kubeconfig(folder.path());
    Kcost::new()
        .env("KUBECONFIG", config)
        .args(["analyze", "--no-discovery"])
        .args(args)
        .run()
        .ended(0)
}

fn without(paths: &[&str]) -> Standin {
    let setup = Setup::new(Store::recorded());
    let denied = paths
        .iter()
        .fold(setup, |setup, path| setup.fault(path, Fault::Forbidden));
    denied.start()
}

#[test]
fn each_kind_that_is_forbidden_is_told_with_its_own_rule() {
    let standin = without(&[
        "/api/v1/nodes",
        "/apis/policy/v1/poddisruptionbudgets",
        "/apis/autoscaling/v2/horizontalpodautoscalers",
    ]);
    let text = analyze(&standin, &[]).stdout;
    let (_, gaps) = text.split_once("\nGaps ").unwrap();
    let flat = gaps.split_whitespace().collect::<Vec<_>>().join(" ");
    for (group, resource) in [
        ("", "nodes"),
        ("policy", "poddisruptionbudgets"),
        ("autoscaling", "horizontalpodautoscalers"),
    ] {
        assert!(
            flat.contains(&format!("- {resource}: {resource}")),
            "{gaps}"
        );
        let rule = format!(
            r#"{{"apiGroups": ["{group}"], "resources": ["{resource}"], "verbs": ["list"]}}"#
        );
        assert!(flat.contains(&rule), "{gaps}");
    }
}

#[test]
fn nodes_that_could_not_be_read_are_not_none() {
    let standin = without(&["/api/v1/nodes"]);
    let text = analyze(&standin, &[]).stdout;
    let head = text
        .lines()
        .find(|line| line.contains(" pods on "))
        .unwrap();
    assert!(
        head.ends_with("pods on nodes that could not be read"),
        "{head}"
    );
    let json = analyze(&standin, &["-o", "json"]).json();
    assert_eq!(json["cluster"]["nodes"], json!(null));
    let whole = analyze(&Standin::recorded(), &["-o", "json"]).json();
    assert!(whole["cluster"]["nodes"].as_u64().unwrap() > 0);
}

const IMPERSONATION: &str = r#"users "ci" is forbidden: User "viewer" cannot impersonate resource "users" in API group "" at the cluster scope"#;

#[test]
fn acting_as_somebody_without_the_right_points_at_the_right() {
    let standin = faulty("*", Fault::Says(403, IMPERSONATION));
    let seen = snapshot(&standin, &["--as", "ci", "--no-discovery"]).ended(1);
    insta::assert_snapshot!(seen.stderr, @r#"
    error: you are not allowed to act as another user
      caused by: users "ci" is forbidden: User "viewer" cannot impersonate resource "users" in API group "" at the cluster scope

    hint: leave out `--as` and `--as-group`, or allow it with the rule {"apiGroups": [""], "resources": ["users"], "resourceNames": ["ci"], "verbs": ["impersonate"]}
    "#);
    // Where only lists are looked at.
    let standin = faulty("/api/*", Fault::Says(403, IMPERSONATION));
    let text = listed(&standin, &[]);
    assert!(text.contains(r#""verbs": ["impersonate"]"#), "{text}");
}

#[test]
fn pods_that_are_forbidden_end_it_and_the_rest_is_named() {
    let standin = without(&["/api/v1/pods", "/api/v1/nodes", "/api/v1/services"]);
    insta::assert_snapshot!(listed(&standin, &[]), @r#"
    error: you are not allowed to list pods
      caused by: pods is forbidden: User "viewer" cannot list resource "pods" in API group "" at the cluster scope
    hint: name the namespaces that you may read with `-n NAMESPACE`, or allow it with the rule {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}; nodes, services are not allowed either: `kcost rbac` prints every rule
    "#);
}

#[test]
fn a_metrics_api_that_is_down_is_told_with_where_to_look() {
    const DOWN: &str = "the server is currently unable to handle the request";
    let standin = faulty("/apis/metrics.k8s.io/*", Fault::Says(503, DOWN));
    let json = analyze(&standin, &["-o", "json"]).json();
    let gaps = json["gaps"].as_array().unwrap();
    let gap = gaps
        .iter()
        .find(|gap| gap["subject"] == "current usage")
        .unwrap();
    insta::assert_snapshot!(format!("{}\n{}", gap["text"], gap["hint"]), @r#"
    "the metrics API (metrics-server) does not answer: the server answered 503: the server is currently unable to handle the request"
    "see why with `kubectl get apiservice v1beta1.metrics.k8s.io`, or name a Prometheus with `--prometheus-url URL`"
    "#);
}

#[test]
fn a_server_that_redirects_names_the_place() {
    let standin = Standin::recorded();
    let front = crate::prometheus::between::Between::new("", |_| {
        crate::prometheus::between::Fate::Say(
            301,
            "Location: https://rancher.test/v3?token=hush\r\n",
            String::new(),
        )
    });
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let text = standin
        .kubeconfig_text("x")
        .replace(&standin.url(), &front.url);
    std::fs::write(&config, text).unwrap();
    let said = super::outcome(&config, &[]).replace(&front.url, "[SERVER]");
    insta::assert_snapshot!(said, @"
    error: what answers at [SERVER] is not a Kubernetes API server
      caused by: it redirects to https://rancher.test/v3
    hint: name the API server itself as `server` of the kubeconfig, with its path
    ");
}

#[test]
fn null_is_an_empty_list_wherever_it_stands() {
    let pod = json!({
        "metadata": {"name": "bare", "namespace": "shop", "annotations": null,
            "ownerReferences": null, "finalizers": null},
        "spec": {"nodeName": "n1", "initContainers": null, "volumes": null, "tolerations": null,
            "containers": [{"name": "app", "image": "x", "args": null, "env": null, "ports": null,
                "resources": {"limits": null, "requests": {"cpu": "1"}, "claims": null}}]},
        "status": {"phase": "Running", "conditions": null, "containerStatuses": null},
    });
    let node = json!({
        "metadata": {"name": "n1"}, "spec": {"taints": null, "podCIDRs": null},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi"}, "conditions": null,
            "images": [{"names": null, "sizeBytes": 7}], "addresses": null},
    });
    let metrics = json!({
        "metadata": {"name": "bare", "namespace": "shop"}, "timestamp": null, "window": null,
        "containers": null,
    });
    let store = Store::empty()
        .kind("metrics.k8s.io/v1beta1", "pods", "PodMetrics", true)
        .with("v1", "pods", &pod)
        .with("v1", "nodes", &node)
        .with("metrics.k8s.io/v1beta1", "pods", &metrics);
    let standin = Setup::new(store).start();
    let json = analyze(&standin, &["-o", "json"]).json();
    assert_eq!(json["summary"]["pods"], 1);
    assert_eq!(json["cluster"]["nodes"], 1);
    let gaps = json["gaps"].as_array().unwrap();
    let unreadable = |gap: &serde_json::Value| gap["code"] == "unreadable";
    assert!(!gaps.iter().any(unreadable), "{gaps:?}");
}
