//! Patches of the built kcost, and what a real kubectl makes of them.

mod forms;
mod helm;
mod into;
mod overlays;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::{Kcost, bundle_of, needs};

const START: i64 = 1_760_000_000;

/// A JVM with far more heap than it uses, and an autoscaler on its CPU.
fn deployment() -> Value {
    let container = json!({
        "name": "app", "image": "i",
        "env": [
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}},
            {"name": "JAVA_TOOL_OPTIONS", "value": "-XX:+UseG1GC -Xms256m -Xmx3g"}
        ],
        "resources": {
            "requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "4Gi"}
        }
    });
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "api", "namespace": "shop", "uid": "d"},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "api"}},
            "template": {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [container]}}
        }
    })
}

fn autoscaler() -> Value {
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "api", "namespace": "shop", "uid": "h"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
            "maxReplicas": 9,
            "metrics": [
                {"type": "Resource", "resource": {"name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": 30}}},
                {"type": "External", "external": {"metric": {"name": "queue",
                    "selector": {"matchLabels": {"queue": "mail"}}},
                    "target": {"type": "AverageValue", "averageValue": "30"}}}
            ]
        }
    })
}

fn objects() -> Value {
    let spec = &deployment()["spec"]["template"]["spec"];
    let owner = |kind: &str, name: &str, uid: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true}]);
    let pod = |name: &str| {
        let mut spec = spec.clone();
        spec["nodeName"] = "n0".into();
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "uid": name,
                "ownerReferences": owner("ReplicaSet", "api-1", "r")},
            "spec": spec, "status": {"phase": "Running"}
        })
    };
    let size = json!({"cpu": "8", "memory": "32Gi", "pods": "110"});
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n0"},
            "status": {"allocatable": size, "capacity": size}},
        deployment(),
        {"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": "api-1", "namespace": "shop", "uid": "r",
                "ownerReferences": owner("Deployment", "api", "d")},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "api"}}}},
        pod("api-1-a"), pod("api-1-b"), autoscaler()
    ]})
}

fn usage() -> String {
    let mut text = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
    for slot in 0..14 * 48 {
        for pod in ["api-1-a", "api-1-b"] {
            let at = START + 1800 * slot;
            let cpu = 0.3 + 0.02 * f64::from(u32::try_from(slot % 7).unwrap());
            let memory = 220_000_000 + 1_000_000 * (slot % 11);
            writeln!(text, "shop,{pod},app,{at},{cpu},{memory}").unwrap();
        }
    }
    text
}

/// A bundle of it, in a folder of its own.
fn bundle(folder: &Path) -> PathBuf {
    bundle_of(folder, "a.kcost", &objects(), &usage())
}

fn analyzed(bundle: &Path, format: &str) -> String {
    Kcost::new()
        .args(["analyze", "-o", format, "--snapshot"])
        .arg(bundle)
        .run()
        .ended(0)
        .stdout
}

#[test]
fn json_says_what_goes_together() {
    let folder = tempfile::tempdir().unwrap();
    let report: Value = serde_json::from_str(&analyzed(&bundle(folder.path()), "json")).unwrap();
    let workload = &report["workloads"][0];
    let container = &workload["containers"][0];
    let heap = &container["heap"];
    assert_eq!(heap["setting"], "java_xmx");
    assert_eq!(heap["env"], "JAVA_TOOL_OPTIONS");
    assert_eq!(heap["before_bytes"], 3_u64 << 30);
    assert_eq!(heap["advice"], "set");
    let (after, limit) = (
        heap["after_bytes"].as_u64().unwrap(),
        container["memory_limit_bytes"]["recommended"]
            .as_u64()
            .unwrap(),
    );
    assert!(
        after > 230_000_000 && after < limit && limit < 4 << 30,
        "{container}"
    );
    let text = format!("-XX:+UseG1GC -Xms256m -Xmx{}m", after >> 20);
    assert_eq!(heap["env_value"], text.as_str());
    let change = &workload["autoscaler"]["changes"][0];
    assert_eq!(change["metric"], "cpu");
    assert_eq!(change["current"]["utilization_percent"], 30);
    // 30 % of one core, as a share of what is requested then.
    let request = container["cpu_request_cores"]["recommended"]
        .as_f64()
        .unwrap();
    let percent = change["recommended"]["utilization_percent"]
        .as_f64()
        .unwrap();
    assert!(
        (percent / 100.0 * request - 0.3).abs() < 0.01,
        "{change} of {request}"
    );
}

#[test]
fn a_real_kubectl_merges_heap_and_autoscaler_and_leaves_the_rest() {
    let Some(kubectl) = needs("kubectl") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let patches = analyzed(&bundle(folder.path()), "patch");
    let documents: Vec<&str> = patches.split("---\n").skip(1).collect();
    assert_eq!(documents.len(), 2, "{patches}");
    let merged = |number: usize, document: &Value| -> Value {
        let file = folder.path().join(format!("{number}.json"));
        fs::write(&file, document.to_string()).unwrap();
        let patch = folder.path().join(format!("{number}.yaml"));
        fs::write(&patch, documents[number]).unwrap();
        let seen = Kcost::program(&kubectl)
            .args(["patch", "--local", "--type=strategic", "-o", "json", "-f"])
            .arg(&file)
            .arg("--patch-file")
            .arg(&patch)
            .run()
            .ended(0);
        seen.json()
    };
    let after = merged(0, &deployment());
    let container = &after["spec"]["template"]["spec"]["containers"][0];
    let env = container["env"].as_array().unwrap();
    assert_eq!(env.len(), 2);
    let named = |name: &str| env.iter().find(|it| it["name"] == name).unwrap();
    assert_eq!(
        named("PASSWORD"),
        &deployment()["spec"]["template"]["spec"]["containers"][0]["env"][0]
    );
    let value = named("JAVA_TOOL_OPTIONS")["value"].as_str().unwrap();
    assert!(
        value.starts_with("-XX:+UseG1GC -Xms256m -Xmx") && !value.ends_with("3g"),
        "{value}"
    );
    assert_eq!(container["image"], "i");
    assert_ne!(
        container["resources"],
        deployment()["spec"]["template"]["spec"]["containers"][0]["resources"]
    );
    let after = merged(1, &autoscaler());
    assert_eq!(
        after["spec"]["metrics"][1],
        autoscaler()["spec"]["metrics"][1]
    );
    let target = &after["spec"]["metrics"][0]["resource"]["target"];
    assert_eq!(target["type"], "Utilization");
    assert_ne!(target["averageUtilization"], 30);
    assert_eq!(after["spec"]["maxReplicas"], 9);
}

#[test]
fn a_real_kubectl_reads_names_as_they_are() {
    let Some(kubectl) = needs("kubectl") else {
        return;
    };
    // What YAML 1.1 takes for truths, numbers, times, nothing.
    let names = [
        "no",
        "on",
        "y",
        "true",
        "null",
        "1234",
        "1e3",
        "0x1f",
        "017",
        "2026-11-28",
        "1-2",
    ];
    let named = |text: &str, name: &str| {
        text.replace("api", name)
            .replace("app\"", &format!("{name}\""))
    };
    let items = names.iter().flat_map(|name| {
        let text = objects().to_string().replace("\"app\":", "\"of\":");
        let list: Value = serde_json::from_str(&named(&text, name)).unwrap();
        list["items"].as_array().unwrap().clone()
    });
    let objects = json!({"apiVersion": "v1", "kind": "List", "items": items.collect::<Vec<_>>()});
    let (header, rows) = usage()
        .split_once('\n')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let rows = names.iter().map(|name| {
        rows.replace("api", name)
            .replace(",app,", &format!(",{name},"))
    });
    let usage = format!("{header}\n{}", rows.collect::<String>());
    let folder = tempfile::tempdir().unwrap();
    let patches = analyzed(
        &bundle_of(folder.path(), "a.kcost", &objects, &usage),
        "patch",
    );
    let file = folder.path().join("patches.yaml");
    fs::write(&file, patches).unwrap();
    let seen = Kcost::program(&kubectl)
        .args(["label", "--local", "a=b", "-o", "name", "-f"])
        .arg(&file)
        .run()
        .ended(0);
    for name in names {
        let line = format!("deployment.apps/{name}");
        assert!(
            seen.stdout.lines().any(|it| it == line),
            "{line}: {}",
            seen.stdout
        );
    }
    let yaml = fs::read_to_string(&file).unwrap();
    for name in names {
        assert!(yaml.contains(&format!("- name: '{name}'")), "{yaml}");
    }
}

#[test]
fn what_a_pod_requests_as_a_whole_is_patched_where_it_stands() {
    let text = objects().to_string();
    let of_container =
        r#","resources":{"limits":{"memory":"4Gi"},"requests":{"cpu":"1","memory":"2Gi"}}"#;
    assert!(text.contains(of_container), "{text}");
    let text = text.replace(of_container, "");
    let pod = r#""resources":{"requests":{"cpu":"4","memory":"8Gi"}},"containers":["#;
    let text = text.replace(r#""containers":["#, pod);
    let mut objects: Value = serde_json::from_str(&text).unwrap();
    let items = objects["items"].as_array_mut().unwrap();
    items.retain(|item| item["kind"] != "HorizontalPodAutoscaler");
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle_of(folder.path(), "a.kcost", &objects, &usage());
    let patch = analyzed(&bundle, "patch");
    let document: Value = serde_yaml::from_str(patch.split("---\n").nth(1).unwrap()).unwrap();
    let spec = &document["spec"]["template"]["spec"];
    assert_eq!(spec.get("containers"), None, "{patch}");
    let set = &spec["resources"]["requests"];
    assert!(
        set["cpu"].is_string() && set["memory"].is_string(),
        "{patch}"
    );
    let report: Value = serde_json::from_str(&analyzed(&bundle, "json")).unwrap();
    let workload = &report["workloads"][0];
    assert_eq!(workload["state"], "over_provisioned");
    let field = &workload["pod"][0]["cpu_request_cores"];
    assert_eq!(field["current"], 4.0);
    assert!(field["recommended"].as_f64().unwrap() < 1.0, "{field}");
    let savings: f64 = workload["monthly_savings"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(savings > 100.0, "{workload}");
    let csv = analyzed(&bundle, "csv");
    assert!(csv.contains("shop,Deployment,api,,pod,"), "{csv}");
}

fn patched(bundle: &Path, form: &str) -> String {
    Kcost::new()
        .args(["patch", "-o", form, "--snapshot"])
        .arg(bundle)
        .run()
        .ended(0)
        .stdout
}

/// The objects with another container, and without the autoscaler.
fn sized(resources: &Value, more: impl Fn(&mut Value)) -> Value {
    let mut list = objects();
    let items = list["items"].as_array_mut().unwrap();
    items.retain(|it| it["kind"] != "HorizontalPodAutoscaler");
    for item in items {
        let path = match item["kind"].as_str().unwrap() {
            "Deployment" => "/spec/template/spec/containers/0",
            "Pod" => "/spec/containers/0",
            _ => continue,
        };
        let container = item.pointer_mut(path).unwrap();
        container["resources"] = resources.clone();
        container.as_object_mut().unwrap().remove("env");
        if item["kind"] == "Deployment" {
            more(item);
        }
    }
    list
}

#[test]
fn the_head_counts_what_changes_and_says_what_fits() {
    let folder = tempfile::tempdir().unwrap();
    let stream = patched(&bundle(folder.path()), "apply");
    assert!(
        stream.contains("# 2 objects change, 2 pods restart;"),
        "{stream}"
    );
    assert!(
        stream.contains("kubectl apply --server-side --force-conflicts"),
        "{stream}"
    );
    let one = json!({"requests": {"cpu": "1", "memory": "2Gi"}});
    let by_hand = sized(&one, |it| {
        it["metadata"]["annotations"] =
            json!({"kubectl.kubernetes.io/last-applied-configuration": "{}"});
    });
    let bundle = bundle_of(folder.path(), "b.kcost", &by_hand, &usage());
    let stream = patched(&bundle, "apply");
    assert!(
        stream.contains("# 1 object changes, 2 pods restart;"),
        "{stream}"
    );
    assert!(stream.contains("Use `-o strategic` instead"), "{stream}");
    assert!(!stream.contains("kubectl apply --server-side"), "{stream}");
}

#[test]
fn an_autoscaler_of_sizes_keeps_classes_and_says_what_it_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let same = json!({"cpu": "1", "memory": "2Gi"});
    let guaranteed = sized(&json!({"requests": same, "limits": same}), |_| {});
    let stream = patched(
        &bundle_of(folder.path(), "a.kcost", &guaranteed, &usage()),
        "vpa",
    );
    assert!(
        stream.contains("controlledValues: RequestsAndLimits"),
        "{stream}"
    );
    assert!(!stream.contains("leaves as it is"), "{stream}");
    let one = json!({"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "2Gi"}});
    let stream = patched(
        &bundle_of(folder.path(), "b.kcost", &sized(&one, |_| {}), &usage()),
        "vpa",
    );
    assert!(
        stream.contains("controlledValues: RequestsOnly"),
        "{stream}"
    );
    assert!(
        stream.contains("leaves as it is: limits.memory of app"),
        "{stream}"
    );
    assert!(
        stream.contains("- containerName: '*'\n      mode: 'Off'"),
        "{stream}"
    );
}

#[test]
fn a_component_finds_what_an_overlay_gives_its_namespace() {
    let Some(kubectl) = needs("kubectl") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let mut own = deployment();
    own["metadata"].as_object_mut().unwrap().remove("namespace");
    put("base/api.json", &own.to_string());
    put("base/kustomization.yaml", "resources: [api.json]\n");
    let one = json!({"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "4Gi"}});
    let bundle = bundle_of(folder.path(), "a.kcost", &sized(&one, |_| {}), &usage());
    put("kcost/kustomization.yaml", &patched(&bundle, "kustomize"));
    put(
        "prod/kustomization.yaml",
        "namespace: shop\nresources: [../base]\ncomponents: [../kcost]\n",
    );
    let seen = Kcost::program(&kubectl)
        .arg("kustomize")
        .arg(folder.path().join("prod"))
        .run()
        .ended(0);
    let built: Value = serde_yaml::from_str(&seen.stdout).unwrap();
    let requests = &built["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"];
    assert_ne!(requests["cpu"], "1", "{built}");
    assert_eq!(built["metadata"]["namespace"], "shop");
}
