//! What a schedule has to keep to: quotas, LimitRanges, rules that keep pods apart, and others
//! that size its pods.

use serde_json::{Value, json};

use super::{Made, bundle, bundle_on, friday, told};
use crate::common::Kcost;

const HOUR: i64 = 3_600;

/// A sale of two hours on Fridays, with pods that take a while.
fn sale() -> impl Fn(i64) -> f64 {
    friday(20 * HOUR, 22 * HOUR, 0.3, 4.3)
}

fn of<'a>(cores: &'a dyn Fn(i64) -> f64, beside: &[Value]) -> Made<'a> {
    Made {
        start: 600,
        cores,
        beside: beside.to_vec(),
        ..Made::default()
    }
}

fn quota(hard: &Value, used: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"namespace": "shop", "name": "team"},
        "spec": {"hard": hard}, "status": {"hard": hard, "used": used},
    })
}

fn range(limit: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "LimitRange",
        "metadata": {"namespace": "shop", "name": "sizes"}, "spec": {"limits": [limit]},
    })
}

fn text(args: &[&str]) -> String {
    let text = Kcost::new().args(args).run().ended(0).stdout;
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn printed(bundle: &str, form: &str) -> String {
    let args = ["schedule", "--snapshot", bundle, "-o", form];
    Kcost::new().args(args).run().ended(0).stdout
}

fn numbers<'a>(plan: &'a Value, list: &str, field: &'a str) -> Vec<f64> {
    let all = plan.pointer(list).and_then(Value::as_array).unwrap();
    all.iter().filter_map(|it| it[field].as_f64()).collect()
}

/// Nine are left of twelve that others have three of: as large as the peak takes them.
#[test]
fn replicas_are_as_large_as_a_quota_of_pods_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let (sale, idle) = (sale(), |_| 0.01);
    let team = quota(
        &json!({"count/pods": "12", "requests.cpu": "20"}),
        &json!({"count/pods": "5", "requests.cpu": "1300m"}),
    );
    let other = Made {
        name: "idle",
        pods: 3,
        cpu: Some("100m"),
        ..of(&idle, &[])
    };
    let bundle = bundle(folder.path(), &[of(&sale, &[team]), other]);
    let report = told(&bundle, &["shop/Deployment/api"]);
    let plan = &report["workloads"][0];
    assert!(plan["bound"].is_null(), "{plan}");
    let cores = plan["replica_cpu_cores"].as_f64().unwrap();
    let most = numbers(plan, "/windows", "replicas");
    let most = most.into_iter().fold(0.0, f64::max);
    assert!(most <= 9.0 && most * cores > 4.3, "{most} of {cores}");
    let ways = numbers(plan, "/simulation/ways", "most_replicas");
    assert!(ways.iter().all(|it| *it <= 9.0), "{plan}");
    assert!(plan["replicas"]["max"].as_u64().unwrap() <= 9, "{plan}");
}

/// What no size helps is said, with what to raise, by every command.
#[test]
fn a_peak_that_a_quota_does_not_admit_is_not_covered() {
    let folder = tempfile::tempdir().unwrap();
    let sale = sale();
    let team = quota(
        &json!({"requests.cpu": "2", "limits.memory": "8Gi"}),
        &json!({"requests.cpu": "1300m", "limits.memory": "0"}),
    );
    let bundle = bundle(folder.path(), &[of(&sale, &[team])]);
    let report = told(&bundle, &[]);
    let plan = &report["workloads"][0];
    let cores = plan["replica_cpu_cores"].as_f64().unwrap();
    let most = plan["bound"]["replicas"].as_f64().unwrap();
    assert!(most * cores <= 1.7 + 1e-9, "{plan}");
    let limits = plan["bound"]["limits"].as_array().unwrap();
    let [limit] = &limits[..] else {
        panic!("{limits:?}")
    };
    assert_eq!(
        (&limit["resource"], &limit["name"]),
        (&json!("requests.cpu"), &json!("team"))
    );
    // What the peak takes beside the 300m of others.
    let to = limit["to"].as_f64().unwrap();
    assert!((4.6..5.3).contains(&to), "{limit}");
    let replicas = numbers(plan, "/windows", "replicas");
    assert!(replicas.iter().all(|it| *it <= most), "{plan}");
    for args in [
        ["schedule", "--snapshot", &bundle, "shop/Deployment/api"],
        ["explain", "--snapshot", &bundle, "shop/Deployment/api"],
        ["analyze", "--snapshot", &bundle, "--output=json"],
    ] {
        let text = text(&args);
        assert!(text.contains("ResourceQuota"), "{text}");
        assert!(text.contains("has to rise from 2 to"), "{text}");
        assert!(!text.contains("covers it"), "{text}");
    }
}

/// One of a pod, of a policy, and of containers that are no workload's.
#[test]
fn every_size_is_one_that_admission_takes() {
    let sale = sale();
    let pod = range(&json!({"type": "Pod", "min": {"cpu": "300m", "memory": "64Mi"}}));
    let container = range(&json!({"type": "Container", "max": {"cpu": "450m"},
        "min": {"cpu": "250m"}, "maxLimitRequestRatio": {"memory": "2"}}));
    for (beside, least, most, more) in [
        (vec![pod], 0.3, 9.0, None),
        (vec![container], 0.25, 0.45, None),
        (vec![], 0.35, 9.0, Some("--min-cpu=350m")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let bundle = bundle(folder.path(), &[of(&sale, &beside)]);
        let more: Vec<&str> = more.into_iter().collect();
        let report = told(&bundle, &more);
        let plan = &report["workloads"][0];
        let own = plan["replica_cpu_cores"].as_f64().unwrap();
        assert!((least..=most).contains(&own), "{plan}");
        let base = ["analyze", "--snapshot", &bundle, "-o", "json"];
        let args: Vec<&str> = base.into_iter().chain(more).collect();
        let analysis = Kcost::new().args(&args).run().ended(0).json();
        let request = &analysis["workloads"][0]["containers"][0]["cpu_request_cores"];
        let advised = request["recommended"].as_f64();
        let advised = advised.or(request["current"].as_f64()).unwrap();
        assert!((advised - own).abs() < 1e-6, "{request} {plan}");
        let cpu = |it: &str| -> f64 {
            let whole = it.parse::<f64>();
            whole.unwrap_or_else(|_| it.trim_end_matches('m').parse::<f64>().unwrap() / 1_000.0)
        };
        if args.iter().any(|it| it.starts_with("--min")) {
            continue;
        }
        let jobs = printed(&bundle, "cronjobs");
        let jobs = jobs
            .split("---\n")
            .filter(|it| it.contains("kind: CronJob"));
        for job in jobs.map(|it| serde_yaml::from_str::<Value>(it).unwrap()) {
            let path = "/spec/jobTemplate/spec/template/spec/containers/0/resources";
            let resources = job.pointer(path).unwrap();
            let asked = cpu(resources["requests"]["cpu"].as_str().unwrap());
            assert!((least..=most).contains(&asked), "{resources}");
            if most < 1.0 {
                assert!(resources["limits"]["cpu"].is_string(), "{resources}");
                assert_eq!(resources["requests"]["memory"], "64Mi", "{resources}");
            }
        }
    }
}

/// A port of the node: one pod a node, which nodes are missing for, and placeholders that
/// keep apart alike.
#[test]
fn one_pod_a_node_takes_as_many_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let sale = sale();
    let apart = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{
        "labelSelector": {"matchExpressions": [{"key": "app", "operator": "In",
            "values": ["api", "web"]}]},
        "topologyKey": "kubernetes.io/hostname"}]}});
    let made = Made {
        spec: json!({"affinity": apart, "nodeSelector": {"kubernetes.io/os": "linux"}}),
        ..of(&sale, &[])
    };
    let bundle = bundle(folder.path(), &[made]);
    let report = told(&bundle, &[]);
    let plan = &report["workloads"][0];
    assert_eq!(
        (&plan["lead"]["apart"], &plan["lead"]["room"]),
        (&json!("anti_affinity"), &json!(1))
    );
    assert_eq!(plan["lead"]["waits_for_nodes"], json!(true));
    let window = &plan["windows"][0];
    let replicas = window["replicas"].as_u64().unwrap();
    assert_eq!(
        window["nodes_added"].as_u64(),
        Some(replicas - 1),
        "{window}"
    );
    let reason = plan["reason"].as_str().unwrap();
    assert!(
        reason.contains(&format!("takes {} more nodes", replicas - 1)),
        "{reason}"
    );
    let objects = printed(&bundle, "keda");
    let held = objects.split("---\n").skip(1);
    let mut held = held.map(|it| serde_yaml::from_str::<Value>(it).unwrap());
    let held = held.find(|it| it["kind"] == "Deployment").unwrap();
    let pod = &held["spec"]["template"]["spec"];
    assert_eq!(pod["nodeSelector"]["kubernetes.io/os"], "linux", "{pod}");
    let path = "/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution";
    let terms = pod.pointer(path).unwrap();
    assert_eq!(terms.as_array().unwrap().len(), 2, "{terms}");
    assert!(terms.to_string().contains("web"), "{terms}");
}

/// One a zone is no matter of nodes.
#[test]
fn one_pod_a_zone_bounds_replicas() {
    let folder = tempfile::tempdir().unwrap();
    let sale = sale();
    let nodes = ["a", "b", "c"].map(|zone| {
        let amounts = json!({"cpu": "8", "memory": "64Gi", "pods": "100"});
        json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": format!("n{zone}"), "labels": {"rack": zone}},
            "status": {"allocatable": amounts, "capacity": amounts,
                "conditions": [{"type": "Ready", "status": "True"}]},
        })
    });
    let apart = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {"matchLabels": {"app": "api"}}, "topologyKey": "rack"}]}});
    let made = Made {
        spec: json!({"affinity": apart}),
        ..of(&sale, &nodes)
    };
    let bundle = bundle_on(folder.path(), &[made], "8");
    let report = told(&bundle, &[]);
    let plan = &report["workloads"][0];
    let ways = plan["simulation"]["ways"].as_array().unwrap();
    let most = ways
        .iter()
        .map(|it| it["most_replicas"].as_u64().unwrap())
        .max();
    assert!(most <= Some(3), "{plan}");
}

/// Whoever else sizes the pods goes on, at any start and in any mode that sets sizes.
#[test]
fn what_a_vertical_pod_autoscaler_sizes_is_planned_as_it_is() {
    for mode in ["Initial", "InPlaceOrRecreate", "Auto"] {
        let folder = tempfile::tempdir().unwrap();
        let sale = sale();
        let own = json!({
            "apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler",
            "metadata": {"namespace": "shop", "name": "sizes"},
            "spec": {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
                "updatePolicy": {"updateMode": mode}},
        });
        let bundle = bundle(folder.path(), &[of(&sale, &[own])]);
        let report = told(&bundle, &[]);
        let plan = &report["workloads"][0];
        assert_eq!(plan["replica_cpu_cores"], json!(0.5), "{plan}");
        assert!(plan["hpa_target_ratio"].is_null(), "{plan}");
        assert_eq!(plan["advice"], "schedule", "{plan}");
        assert_eq!(plan["sized_by"], "VerticalPodAutoscaler `sizes`");
        let objects = printed(&bundle, "keda");
        assert!(!objects.contains("set resources"), "{objects}");
        assert!(!objects.contains("type: cpu"), "{objects}");
        assert!(
            objects.contains("left to VerticalPodAutoscaler"),
            "{objects}"
        );
    }
}

/// Fifty minutes of loading, which both pods say.
#[test]
fn a_start_of_most_of_an_hour_is_planned_with() {
    let folder = tempfile::tempdir().unwrap();
    let sale = sale();
    let made = Made {
        kind: "StatefulSet",
        start: 3_000,
        ..of(&sale, &[])
    };
    let bundle = bundle(folder.path(), &[made]);
    let report = told(&bundle, &[]);
    let plan = &report["workloads"][0];
    let lead = &plan["lead"];
    assert_eq!(
        (&lead["pod_seconds"], &lead["pod_samples"]),
        (&json!(3_000), &json!(2))
    );
    let start = plan["windows"][0]["start"].as_str().unwrap();
    assert!(start <= "19:10", "{plan}");
    // Days after it came it was ready again: nobody knows what it took at first.
    let made = Made {
        start: 200_000,
        ..of(&sale, &[])
    };
    let folder = tempfile::tempdir().unwrap();
    let bundle = super::bundle(folder.path(), &[made]);
    let args = ["schedule", "--snapshot", &bundle, "shop/Deployment/api"];
    let text = text(&args);
    assert!(text.contains("taken for no start"), "{text}");
}

#[test]
fn use_that_stands_at_its_limit_is_no_demand() {
    let folder = tempfile::tempdir().unwrap();
    let sale = sale();
    let cut = |second: i64| sale(second).min(2.4);
    let of = |name, limit| Made {
        name,
        limit: Some(limit),
        ..of(&cut, &[])
    };
    let bundle = bundle(folder.path(), &[of("held", "1200m"), of("free", "3")]);
    let report = told(&bundle, &[]);
    let [free, held] = &report["workloads"].as_array().unwrap()[..] else {
        panic!("{report}")
    };
    assert!(free["held_back_at_cpu_cores"].is_null(), "{free}");
    assert_eq!(held["held_back_at_cpu_cores"], json!(1.2));
    let reason = |it: &Value| it["reason"].as_str().unwrap().contains("CPU limit");
    assert!(reason(held) && !reason(free), "{held}");
}

/// What scales it goes by something else, so that its size is free: that of today is played.
#[test]
fn what_scales_by_another_metric_may_keep_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let sale = sale();
    let mut own = super::hpa("api", "api", (2, 30), 50);
    own["spec"]["metrics"] = json!([{"type": "External", "external": {
        "metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "30"}}}]);
    let bundle = bundle(folder.path(), &[of(&sale, &[own])]);
    let report = told(&bundle, &[]);
    let plan = &report["workloads"][0];
    let ways = plan["simulation"]["ways"].as_array().unwrap();
    let schedules = ways.iter().filter(|it| it["way"] == "schedule");
    let sizes: Vec<f64> = schedules
        .filter_map(|it| it["replica_cpu_cores"].as_f64())
        .collect();
    assert!(sizes.iter().any(|it| (it - 0.5).abs() < 1e-9), "{sizes:?}");
    assert!(plan["replica_cpu_cores"].as_f64() <= Some(0.5), "{plan}");
}
