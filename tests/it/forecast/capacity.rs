//! When quotas and node pools are full, by the replicas of their workloads.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::{MONDAY, told};
use crate::common::{Kcost, bundle_of};

/// Pods of one Deployment, each from its day on; a node of `cores`, a quota of as many pods
/// as are given.
fn bundle(folder: &Path, since: &[i64], cores: &str, pods: usize) -> String {
    let labels = json!({"app": "api"});
    let container = json!({"name": "app", "image": "a",
        "resources": {"requests": {"cpu": "500m", "memory": "128Mi"}}});
    let spec = json!({"containers": [container], "nodeName": "n"});
    let owner = |kind: &str, name: &str| {
        json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": name,
            "controller": true}])
    };
    let amounts = json!({"cpu": cores, "memory": "64Gi", "pods": "110"});
    let used = since.len();
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n",
            "labels": {"eks.amazonaws.com/nodegroup": "web"}},
            "status": {"allocatable": amounts, "capacity": amounts,
                "conditions": [{"type": "Ready", "status": "True"}]}}),
        json!({"apiVersion": "v1", "kind": "ResourceQuota",
            "metadata": {"namespace": "shop", "name": "team"},
            "spec": {"hard": {"pods": pods.to_string()}},
            "status": {"hard": {"pods": pods.to_string()}, "used": {"pods": used.to_string()}}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"namespace": "shop", "name": "api", "uid": "api"},
            "spec": {"replicas": used, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}}),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"namespace": "shop", "name": "api-5d", "uid": "api-5d",
                "ownerReferences": owner("Deployment", "api")}}),
    ];
    let mut csv = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
    for (number, since) in since.iter().enumerate() {
        objects.push(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "shop", "name": format!("api-5d-{number}"), "labels": labels,
                "ownerReferences": owner("ReplicaSet", "api-5d")},
            "spec": spec, "status": {"phase": "Running"},
        }));
        for hour in since * 24..28 * 24 {
            let time = (MONDAY + hour) * 3_600;
            writeln!(csv, "shop,api-5d-{number},app,{time},0.1,104857600").unwrap();
        }
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let bundle = bundle_of(folder, "b.kcost", &list, &csv);
    bundle.to_string_lossy().into_owned()
}

fn of<'a>(report: &'a Value, kind: &str, resource: &str) -> &'a Value {
    let all = report["capacity"].as_array().unwrap();
    let found = |it: &&Value| it["kind"] == kind && it["resource"] == resource;
    all.iter().find(found).unwrap()
}

#[test]
fn what_grows_says_when_its_quota_and_its_pool_are_full() {
    let folder = tempfile::tempdir().unwrap();
    // One more every other day: 14 after four weeks.
    let since: Vec<i64> = (0..14).map(|pod| pod * 2).collect();
    let bundle = bundle(folder.path(), &since, "10", 20);
    let report = told(&bundle, &["--horizon", "24h"]);
    let quota = of(&report, "quota", "pods");
    assert_eq!(
        (&quota["used"], &quota["hard"]),
        (&json!(14.0), &json!(20.0))
    );
    assert_eq!(quota["namespace"], "shop");
    let growth = quota["growth_per_day"].as_f64().unwrap();
    assert!((growth - 0.5).abs() < 0.05, "{growth}");
    // Six more are twelve days; what is between is days, and they lie around it.
    let at = |it: &Value| it.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let full = &quota["full"];
    let start = at(&report["workloads"][0]["series"][0]["points"][0]["time"]);
    let days = at(&full["at"]).duration_since(start).as_secs() / 86_400;
    assert!((10..=14).contains(&days), "{days}: {full}");
    assert!(at(&full["earliest"]) <= at(&full["at"]) && at(&full["at"]) <= at(&full["latest"]));
    assert_eq!(full["why"], "rise");
    assert_eq!(quota["days"].as_array().unwrap().len(), 1);
    // The same however far somebody looks, on the first day that comes to it.
    let further = told(&bundle, &["--horizon", "14d"]);
    let same = of(&further, "quota", "pods");
    assert_eq!(&same["full"], full);
    let days = same["days"].as_array().unwrap();
    let first = days.iter().find(|it| it["value"].as_f64() >= Some(20.0));
    let day = |it: &Value| it.as_str().unwrap()[..10].to_owned();
    assert_eq!(day(&first.unwrap()["time"]), day(&full["at"]));
    // Pods grow on with it, and use of CPU too.
    let series = further["workloads"][0]["series"].as_array().unwrap();
    for (metric, last) in [("replicas", 21.5), ("cpu_cores", 2.15)] {
        let one = series.iter().find(|it| it["metric"] == metric).unwrap();
        let points = one["points"].as_array().unwrap();
        let value = points.last().unwrap()["value"].as_f64().unwrap();
        assert!((value / last - 1.0).abs() < 0.08, "{metric}: {value}");
        let falls = points[24..].windows(2).any(|two| {
            two[1]["value"].as_f64().unwrap() < 0.95 * two[0]["value"].as_f64().unwrap()
        });
        assert!(!falls, "{metric}");
    }
    // 14 pods of half a core are seven of ten cores: as many again as the quota has.
    let pool = of(&report, "node_pool", "requests.cpu");
    assert_eq!((&pool["used"], &pool["hard"]), (&json!(7.0), &json!(10.0)));
    assert_eq!(
        (&pool["name"], &pool["namespace"]),
        (&json!("web"), &Value::Null)
    );
    assert!(pool["full"]["at"].is_string(), "{pool}");
    assert!(of(&report, "node_pool", "requests.memory")["full"].is_null());
    let table = Kcost::new()
        .args(["forecast", "--snapshot", &bundle, "--horizon", "24h"])
        .env("COLUMNS", "80")
        .run()
        .ended(0)
        .stdout;
    assert!(
        table.contains("quota shop/team") && table.contains("pool web"),
        "{table}"
    );
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
}

#[test]
fn one_step_is_no_rise_and_what_is_full_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let since = [0, 0, 20, 20];
    let bundle = bundle(folder.path(), &since, "64", 4);
    let report = told(&bundle, &["--horizon", "24h"]);
    let quota = of(&report, "quota", "pods");
    assert!(quota["growth_per_day"].is_null(), "{quota}");
    assert_eq!(quota["full"]["why"], "now");
    assert!(of(&report, "node_pool", "requests.cpu")["full"].is_null());
}
