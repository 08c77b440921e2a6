//! Claims of devices: listed where pods have some, in the version that the server has.

use serde_json::json;

use super::{taken, told};
use crate::standin::{Fault, Setup, Standin, Store};

const TEMPLATES: &str = "resourceclaimtemplates";

/// A pod that claims two GPUs, and a server that has claims in this version.
fn claiming(version: &str) -> Setup {
    let api_version = format!("resource.k8s.io/{version}");
    let wanted = json!({"deviceClassName": "gpu.nvidia.com", "count": 2});
    let request = if version == "v1beta1" {
        json!({"name": "gpu", "deviceClassName": "gpu.nvidia.com", "count": 2})
    } else {
        json!({"name": "gpu", "exactly": wanted})
    };
    let template = json!({
        "metadata": {"name": "gpus", "namespace": "ml"},
        "spec": {"spec": {"devices": {"requests": [request]}}},
    });
    let pod = json!({
        "metadata": {"name": "train", "namespace": "ml", "uid": "t"},
        "spec": {
            "resourceClaims": [{"name": "mine", "resourceClaimTemplateName": "gpus"}],
            "containers": [{"name": "main", "image": "i", "resources": {"claims": [{"name": "mine"}]}}],
        },
        "status": {"phase": "Running"},
    });
    let store = Store::empty()
        .kind(&api_version, "resourceclaims", "ResourceClaim", true)
        .kind(&api_version, TEMPLATES, "ResourceClaimTemplate", true)
        .with(&api_version, TEMPLATES, &template)
        .with("v1", "pods", &pod);
    Setup::new(store)
}

fn gpus(standin: &Standin) -> f64 {
    let snapshot = taken(standin, &["ml"]);
    snapshot.workloads[0].pods[0].requests.gpus()
}

#[test]
fn claims_are_read_in_the_version_of_the_server() {
    for version in ["v1", "v1beta2", "v1beta1"] {
        let standin = claiming(version).start();
        assert!((gpus(&standin) - 2.0).abs() < 1e-9, "{version}");
        let path = format!("/apis/resource.k8s.io/{version}/namespaces/ml/{TEMPLATES}");
        assert!(standin.paths().contains(&path));
    }
}

#[test]
fn claims_that_may_not_be_listed_are_gaps() {
    let path = "/apis/resource.k8s.io/v1/*";
    let standin = claiming("v1").fault(path, Fault::Forbidden).start();
    let text = told(&taken(&standin, &["ml"]));
    let about = text
        .lines()
        .skip_while(|line| !line.starts_with("forbidden"));
    insta::assert_snapshot!(about.collect::<Vec<_>>().join("\n"), @r#"
    forbidden resourceclaims in ml: resourceclaims.resource.k8s.io is forbidden: User "viewer" cannot list resource "resourceclaims" in API group "resource.k8s.io" in the namespace "ml"
      hint: allow it with the rule {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaims"], "verbs": ["list"]}
    forbidden resourceclaimtemplates in ml: resourceclaimtemplates.resource.k8s.io is forbidden: User "viewer" cannot list resource "resourceclaimtemplates" in API group "resource.k8s.io" in the namespace "ml"
      hint: allow it with the rule {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaimtemplates"], "verbs": ["list"]}
    no-usage usage: the metrics API knows no pods yet
      hint: name a Prometheus with `--prometheus-url URL`, or record a history: `kcost snapshot --record 7d -o NAME.kcost`
    unknown-devices devices: devices that are claimed cannot be counted for ml/train
      hint: read `resourceclaims` and `resourceclaimtemplates` too; a claim of all devices of a node can be counted once it is allocated
    "#);
}

#[test]
fn where_no_pod_claims_devices_nothing_is_asked() {
    let standin = claiming("v1").start();
    standin.change(|store| store.emptied("v1", "pods"));
    taken(&standin, &["ml"]);
    assert!(
        !standin
            .paths()
            .iter()
            .any(|path| path.contains("resource.k8s.io"))
    );
}
