//! What is held is counted once, and as what it is: in cards, by who holds them, and at
//! what they cost.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{END, node, run, workload};
use crate::common::Kcost;

/// A pod: what owns it, what it asks for beside CPU and memory, and where it runs.
fn pod(name: &str, owner: [&str; 3], container: &str, asks: &Value, on: Option<&str>) -> Value {
    let mut amounts = json!({"cpu": "4", "memory": "16Gi"});
    for (key, value) in asks.as_object().unwrap() {
        amounts[key] = value.clone();
    }
    let [api, kind, above] = owner;
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "ml", "name": name, "uid": name, "ownerReferences": [
            {"apiVersion": api, "kind": kind, "name": above, "uid": above, "controller": true}]},
        "spec": {"nodeName": on, "containers": [{"name": container, "image": "x",
            "resources": {"requests": amounts, "limits": asks}}]},
        "status": {"phase": if on.is_some() { "Running" } else { "Pending" }},
    })
}

fn gpu() -> Value {
    json!({"nvidia.com/gpu": "1"})
}

fn object([api, kind, name]: [&str; 3], spec: &Value, status: &Value) -> Value {
    json!({"apiVersion": api, "kind": kind, "metadata": {"namespace": "ml", "name": name,
        "uid": name}, "spec": spec, "status": status})
}

/// Rows of pods and their containers: those with a device are used by half; so many samples
/// of five minutes, the last so many before the end.
fn usage(rows: &[(&str, &str, bool)], samples: i64, before: i64) -> String {
    let mut text =
        "namespace,pod,container,timestamp,cpu_cores,memory_bytes,gpu_sm_active\n".to_owned();
    for (pod, container, device) in rows {
        for back in before..before + samples {
            let at = END - back * 300;
            let used = if *device { "0.5" } else { "" };
            let _ = writeln!(text, "ml,{pod},{container},{at},1,1000000000,{used}");
        }
    }
    text
}

fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

fn report(items: &[Value], usage: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &list(items), usage, &[]).ended(0).json()
}

/// What `costs` says of a workload, and in all, in cents.
fn costs(items: &[Value], usage: &str, name: &str) -> i64 {
    let folder = tempfile::tempdir().unwrap();
    let (objects, table) = (folder.path().join("o.json"), folder.path().join("u.csv"));
    std::fs::write(&objects, list(items).to_string()).unwrap();
    std::fs::write(&table, usage).unwrap();
    let run = Kcost::new().args(["costs", "-o", "json", "--by", "workload", "--objects"]);
    let run = run.arg(objects).arg("--usage").arg(table).run().ended(0);
    let report = run.json();
    let groups = report["allocations"].as_array().unwrap().iter();
    let own = groups.filter(|it| {
        let text = it["name"].as_str().unwrap();
        text.split('/').any(|part| part == name)
    });
    own.map(|it| cents(&it["totalCost"])).sum()
}

fn cents(money: &Value) -> i64 {
    let text = money.as_str().unwrap_or_else(|| panic!("{money}"));
    text.replace('.', "").parse().unwrap()
}

const RAY: [&str; 3] = ["ray.io/v1", "RayCluster", "ray-cl"];

/// A cluster of Ray whose head has no device, with these names of containers.
fn ray(head: &str, worker: &str) -> Vec<Value> {
    let mut pods = vec![
        pod("ray-cl-head", RAY, head, &json!({}), Some("n0")),
        pod("ray-cl-w-0", RAY, worker, &gpu(), Some("n0")),
    ];
    for pod in &mut pods {
        pod["metadata"]["labels"] = json!({"ray.io/cluster": "ray-cl",
            "ray.io/originated-from-cr-name": "ray", "ray.io/originated-from-crd": "RayJob"});
    }
    pods.push(node("n0", "NVIDIA-L40S", "nvidia.com/gpu", 8));
    pods
}

#[test]
fn a_head_without_devices_is_none_and_costs_with_its_workers() {
    for (head, worker) in [("ray-head", "ray-worker"), ("main", "main")] {
        let rows = [("ray-cl-head", head, false), ("ray-cl-w-0", worker, true)];
        let (items, usage) = (ray(head, worker), usage(&rows, 48, 0));
        let report = report(&items, &usage);
        let it = workload(&report, "ray");
        assert_eq!((&it["gpus"], &it["pods"]), (&json!(1.0), &json!(1)));
        assert_eq!(it["use"]["sm_active_ratio"]["mean"], 0.5, "{head}");
        assert_eq!(it["coverage_ratio"], 1.0, "{head}");
        let cost = cents(&it["monthly_cost"]);
        let all = costs(&items, &usage, "ray");
        assert!((cost - all).abs() <= 2, "{head}: {cost} of {all}");
    }
}

#[test]
fn pods_that_wait_for_a_node_hold_nothing() {
    let job = ["batch/v1", "Job", "train"];
    let items = [
        node("n0", "NVIDIA-H200", "nvidia.com/gpu", 2),
        pod("train-a", job, "main", &gpu(), Some("n0")),
        pod("train-b", job, "main", &gpu(), None),
        pod("train-c", job, "main", &gpu(), None),
    ];
    let report = report(&items, &usage(&[("train-a", "main", true)], 48, 0));
    let it = workload(&report, "train");
    assert_eq!(
        (&it["gpus"], &it["waiting_gpus"], &it["waiting_pods"]),
        (&json!(1.0), &json!(2.0), &json!(2))
    );
    let summary = &report["summary"];
    assert_eq!(
        (&summary["gpus"], &summary["unrequested_gpus"]),
        (&json!(2.0), &json!(1.0))
    );
}

#[test]
fn a_run_that_a_queue_holds_back_is_told_with_what_it_waits_for() {
    let spec = json!({"suspend": true, "parallelism": 4, "template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "main", "image": "x",
            "resources": {"requests": gpu(), "limits": gpu()}}]}}});
    let mut job = object(["batch/v1", "Job", "later"], &spec, &json!({}));
    job["metadata"]["labels"] = json!({"kueue.x-k8s.io/queue-name": "team-a"});
    job["metadata"]["creationTimestamp"] = json!("2026-11-20T08:30:00Z");
    let items = [
        node("n0", "NVIDIA-H200", "nvidia.com/gpu", 8),
        job,
        pod(
            "train-a",
            ["batch/v1", "Job", "train"],
            "main",
            &gpu(),
            Some("n0"),
        ),
    ];
    let report = report(&items, &usage(&[("train-a", "main", true)], 48, 0));
    let it = workload(&report, "later");
    assert_eq!(
        (&it["gpus"], &it["waiting_gpus"], &it["waiting_pods"]),
        (&json!(0.0), &json!(4.0), &json!(4))
    );
    assert_eq!(
        it["reason"],
        "it waits in the queue team-a since 2026-11-20 08:30 for 4 GPUs"
    );
    assert_eq!(it["advice"], json!([]));
}

#[test]
fn one_owner_is_named_as_one_whatever_parts_it_has() {
    let set = |name: &str| ["apps/v1", "StatefulSet", name].map(str::to_owned);
    let lws = ["leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "lws"];
    let mut items = vec![
        node("n0", "NVIDIA-H200", "nvidia.com/gpu", 8),
        object(lws, &json!({"replicas": 2}), &json!({})),
        pod(
            "other",
            ["batch/v1", "Job", "other"],
            "main",
            &gpu(),
            Some("n0"),
        ),
    ];
    let below = |name: &str, owner: &Value| {
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"namespace": "ml",
            "name": name, "uid": name, "ownerReferences": [owner]},
            "spec": {"replicas": 1, "template": {"spec": {"containers": []}}}})
    };
    let reference = |api: &str, kind: &str, name: &str| json!({"apiVersion": api, "kind": kind, "name": name, "uid": name, "controller": true});
    items.push(below("lws", &reference(lws[0], lws[1], lws[2])));
    let mut rows = vec![("other".to_owned(), "main")];
    for group in 0..2 {
        let (leader, worker) = (format!("lws-{group}"), format!("lws-{group}-1"));
        let [api, kind, name] = set("lws");
        items.push(pod(
            &leader,
            [&api, &kind, &name],
            "main",
            &gpu(),
            Some("n0"),
        ));
        items.push(below(&leader, &reference("v1", "Pod", &leader)));
        let [api, kind, name] = set(&leader);
        items.push(pod(
            &worker,
            [&api, &kind, &name],
            "main",
            &gpu(),
            Some("n0"),
        ));
        rows.extend([(leader, "main"), (worker, "main")]);
    }
    let rows: Vec<(&str, &str, bool)> = rows.iter().map(|it| (&*it.0, it.1, true)).collect();
    let folder = tempfile::tempdir().unwrap();
    let usage = usage(&rows, 48, 0);
    let args = ["--together", "ml/lws,ml/other"];
    let run = run(folder.path(), &list(&items), &usage, &args)
        .ended(0)
        .json();
    let members = run["sharing"][0]["members"].as_array().unwrap();
    assert_eq!(
        (&members[0]["kind"], &members[0]["name"]),
        (&json!("LeaderWorkerSet"), &json!("lws"))
    );
    assert_eq!(workload(&run, "lws")["gpus"], 4.0);
}

/// A node whose plugin tells the kubelet of no device.
fn bare(name: &str) -> Value {
    let mut node = node(name, "NVIDIA-H100-80GB-HBM3", "example.com/none", 0);
    node["metadata"]["labels"]["node.kubernetes.io/instance-type"] = json!("p5.4xlarge");
    node["metadata"]["labels"]["nvidia.com/gpu.count"] = json!("1");
    node["metadata"]["labels"]["topology.kubernetes.io/region"] = json!("us-east-1");
    node["spec"] = json!({"providerID": format!("aws:///us-east-1a/i-{name}")});
    node
}

fn slice(on: &str) -> Value {
    let attributes = json!({"type": {"string": "gpu"}, "uuid": {"string": format!("GPU-{on}")}});
    // What it may be cut into is no device beside it.
    let part = json!({"type": {"string": "mig"}, "parentUUID": {"string": format!("GPU-{on}")}});
    let devices = json!([{"name": "gpu-0", "attributes": attributes,
        "capacity": {"memory": {"value": "81559Mi"}}}, {"name": "mig-0", "attributes": part}]);
    json!({"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice",
        "metadata": {"name": on}, "spec": {"driver": "gpu.nvidia.com", "nodeName": on,
            "pool": {"name": on, "generation": 1, "resourceSliceCount": 1}, "devices": devices}})
}

fn claim(name: &str, on: &str, pods: &[&str]) -> Value {
    let request = json!({"name": "g", "exactly": {"deviceClassName": "gpu.nvidia.com"}});
    let got = json!([{"request": "g", "driver": "gpu.nvidia.com", "pool": on, "device": "gpu-0"}]);
    let users = pods
        .iter()
        .map(|it| json!({"resource": "pods", "name": it, "uid": it}));
    let users: Vec<Value> = users.collect();
    let status = json!({"allocation": {"devices": {"results": got}}, "reservedFor": users});
    let spec = json!({"devices": {"requests": [request]}});
    object(
        ["resource.k8s.io/v1", "ResourceClaim", name],
        &spec,
        &status,
    )
}

#[test]
fn devices_that_claims_hold_cost_what_they_do_by_any_other_name() {
    let job = ["batch/v1", "Job", "train"];
    let mut user = pod("train-a", job, "main", &json!({}), Some("n0"));
    user["spec"]["resourceClaims"] = json!([{"name": "g", "resourceClaimName": "mine"}]);
    user["spec"]["containers"][0]["resources"]["claims"] = json!([{"name": "g"}]);
    let claims = [claim("mine", "n0", &["train-a"]), claim("lost", "n1", &[])];
    // With what drivers publish, and with what the label and the claims say.
    for slices in [vec![slice("n0"), slice("n1")], Vec::new()] {
        let mut items = vec![bare("n0"), bare("n1"), user.clone()];
        items.extend(claims.clone());
        items.extend(slices);
        let usage = usage(&[("train-a", "main", true)], 48, 0);
        let report = report(&items, &usage);
        let summary = &report["summary"];
        assert_eq!(
            (&summary["gpus"], &summary["unrequested_gpus"]),
            (&json!(2.0), &json!(1.0))
        );
        let it = workload(&report, "train");
        assert_eq!(it["gpus"], 1.0);
        // An H100 is most of its machine.
        assert!(cents(&it["monthly_gpu_cost"]) > 200_000, "{it}");
        let (cost, all) = (cents(&it["monthly_cost"]), costs(&items, &usage, "train"));
        assert!((cost - all).abs() <= 2, "{cost} of {all}");
        let idle = &report["idle_nodes"][0];
        assert_eq!(
            (&idle["name"], &idle["unused_claims"]),
            (&json!("n1"), &json!(["ml/lost"]))
        );
    }
}

#[test]
fn a_device_that_its_plugin_divides_is_one() {
    let job = ["batch/v1", "Job", "half"];
    let mut node = node("n0", "NVIDIA-L40S", "nvidia.com/gpu", 10);
    node["metadata"]["labels"]["nvidia.com/gpu.count"] = json!("1");
    node["metadata"]["labels"]["nvidia.com/gpu.memory"] = json!("46068");
    let asks = json!({"nvidia.com/gpu": "1", "nvidia.com/gpumem": "11517",
        "nvidia.com/gpucores": "50"});
    let items = [node, pod("half-a", job, "main", &asks, Some("n0"))];
    let report = report(&items, &usage(&[("half-a", "main", true)], 48, 0));
    let it = workload(&report, "half");
    let summary = &report["summary"];
    assert_eq!(
        (&it["gpus"], &summary["gpus"], &summary["unrequested_gpus"]),
        (&json!(0.5), &json!(1.0), &json!(0.5))
    );
    let (held, free) = (
        cents(&it["monthly_gpu_cost"]),
        cents(&summary["unrequested_monthly_cost"]),
    );
    assert!((held - free).abs() <= 2, "{held} and {free}");
}

#[test]
fn slices_that_are_all_alike_are_told_in_cards() {
    let job = ["batch/v1", "Job", "train"];
    let product = "NVIDIA-A100-SXM4-80GB-MIG-1g.10gb";
    let items = [
        node("n0", product, "nvidia.com/gpu", 56),
        pod("train-a", job, "main", &gpu(), Some("n0")),
    ];
    let report = report(&items, &usage(&[("train-a", "main", true)], 48, 0));
    let summary = &report["summary"];
    let of = |value: &Value| (value.as_f64().unwrap() * 7.0).round() / 7.0;
    assert!((of(&summary["gpus"]) - 8.0).abs() < 1e-6);
    let idle = &report["idle_nodes"][0];
    assert!((of(&idle["gpus"]) - 8.0).abs() < 1e-6, "{idle}");
    assert!((of(&idle["unrequested_gpus"]) - 55.0 / 7.0).abs() < 1e-6);
    let held = workload(&report, "train")["gpus"].as_f64().unwrap();
    assert!((held - 1.0 / 7.0).abs() < 1e-5, "{held}");
}

#[test]
fn samples_that_end_are_missing_to_the_end() {
    let items = [
        node("n0", "NVIDIA-H200", "nvidia.com/gpu", 2),
        pod(
            "gone",
            ["batch/v1", "Job", "gone"],
            "main",
            &gpu(),
            Some("n0"),
        ),
        pod(
            "here",
            ["batch/v1", "Job", "here"],
            "main",
            &gpu(),
            Some("n0"),
        ),
    ];
    let mut text = usage(&[("here", "main", true)], 576, 0);
    let gone = usage(&[("gone", "main", true)], 12, 564);
    text.push_str(gone.split_once('\n').unwrap().1);
    let report = report(&items, &text);
    let it = workload(&report, "gone");
    assert_eq!(
        (&it["state"], &it["confidence"]),
        (&json!("unknown"), &json!("none"))
    );
    assert!(it["coverage_ratio"].as_f64().unwrap() < 0.03, "{it}");
    assert_eq!(workload(&report, "here")["coverage_ratio"], 1.0);
}

#[test]
fn each_vendor_is_spoken_of_in_its_own_words() {
    let of = |resource: &str| {
        let asks = json!({resource: "1"});
        let items = [
            node("n0", "", resource, 1),
            pod(
                "train-a",
                ["batch/v1", "Job", "train"],
                "main",
                &asks,
                Some("n0"),
            ),
        ];
        let text = usage(&[("train-a", "main", true)], 48, 0);
        let text = text.replacen("gpu_sm_active", "gpu_utilization", 1);
        workload(&report(&items, &text), "train").to_string()
    };
    for (resource, word) in [
        ("nvidia.com/gpu", "DCGM_FI_PROF_SM_ACTIVE"),
        ("google.com/tpu", "tensorcore_utilization"),
        ("gpu.intel.com/i915", "xpum_eu_active_ratio"),
        ("amd.com/gpu", "gpu_package_power"),
        ("aws.amazon.com/neuron", "the engines of its cores"),
    ] {
        let said = of(resource);
        assert!(said.contains(word), "{resource}: {said}");
        assert_eq!(
            said.contains("DCGM"),
            resource.starts_with("nvidia"),
            "{said}"
        );
    }
}

#[test]
fn a_tpu_is_as_full_as_its_tensor_cores() {
    let items = [
        node("n0", "", "google.com/tpu", 4),
        pod(
            "train-a",
            ["batch/v1", "Job", "train"],
            "main",
            &json!({"google.com/tpu": "4"}),
            Some("n0"),
        ),
    ];
    let text = usage(&[("train-a", "main", true)], 48, 0);
    let text = text.replacen("gpu_sm_active", "gpu_tensor_active", 1);
    let text = text.replace(",0.5\n", ",0.9\n");
    let report = report(&items, &text);
    let it = workload(&report, "train");
    assert_eq!(
        (&it["state"], &it["use"]["full_ratio"]["mean"]),
        (&json!("saturated"), &json!(0.9))
    );
}
