//! What earlier runs said, how two differ, and what became of advice.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::{Kcost, bundle_of};

const START: i64 = 1_760_000_000;

/// Slots of half an hour.
const WEEK: i64 = 7 * 48;

/// Two Deployments of two pods each, with these requests and limits of `web`.
fn objects(cpu: &str, memory: &str, limit: &str) -> Value {
    let owner = |kind: &str, name: &str, uid: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true}]);
    let mut items = vec![
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n0"},
        "status": {"allocatable": {"cpu": "8", "memory": "32Gi", "pods": "110"}}}),
    ];
    for name in ["web", "db"] {
        let (cpu, memory, limit) = if name == "web" {
            (cpu, memory, limit)
        } else {
            ("1", "2Gi", "2Gi")
        };
        let spec = json!({"nodeName": "n0", "containers": [{"name": "app", "image": "i", "resources": {
            "requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": limit}}}]});
        let mut template = spec.clone();
        template.as_object_mut().unwrap().remove("nodeName");
        items.push(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": "shop", "uid": name},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}}, "spec": template}}}));
        items.push(json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": format!("{name}-1"), "namespace": "shop", "uid": format!("{name}-r"),
                "ownerReferences": owner("Deployment", name, name)},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}}}}));
        for pod in ["a", "b"] {
            items.push(json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": format!("{name}-1-{pod}"), "namespace": "shop", "uid": format!("{name}{pod}"),
                    "ownerReferences": owner("ReplicaSet", &format!("{name}-1"), &format!("{name}-r"))},
                "spec": spec, "status": {"phase": "Running"}}));
        }
    }
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// A bundle of so many weeks; with `burst` one pod of `web` takes 1.9 GB at one time of the third.
fn bundle(folder: &Path, name: &str, weeks: i64, burst: bool, objects: &Value) -> PathBuf {
    bundle_of(folder, name, objects, &usage(weeks, burst))
}

fn usage(weeks: i64, burst: bool) -> String {
    let mut usage = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
    for slot in 0..weeks * WEEK {
        for workload in ["web", "db"] {
            for pod in ["a", "b"] {
                let at = START + 1800 * slot;
                let high = burst && workload == "web" && pod == "b" && slot == 2 * WEEK + 100;
                let memory = if high {
                    1_900_000_000
                } else {
                    300_000_000 + 2_000_000 * (slot % 11)
                };
                let cpu = 0.2 + 0.01 * f64::from(u32::try_from(slot % 7).unwrap());
                writeln!(usage, "shop,{workload}-1-{pod},app,{at},{cpu},{memory}").unwrap();
            }
        }
    }
    usage
}

fn plenty() -> Value {
    objects("2", "4Gi", "4Gi")
}

fn remembered(bundle: &Path, runs: &Path) -> crate::common::Seen {
    Kcost::new()
        .args(["analyze", "--snapshot"])
        .arg(bundle)
        .arg("--history")
        .arg(runs)
        .run()
        .ended(0)
}

fn verified(runs: &Path, bundle: &Path) -> Value {
    Kcost::new()
        .arg("verify")
        .arg(runs)
        .arg("--snapshot")
        .arg(bundle)
        .args(["-o", "json"])
        .run()
        .ended(0)
        .json()
}

fn of<'a>(report: &'a Value, name: &str) -> &'a Value {
    let workloads = report["workloads"].as_array().unwrap();
    workloads.iter().find(|it| it["name"] == name).unwrap()
}

#[test]
fn promises_that_hold_are_kept_and_one_that_breaks_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let then = bundle(folder.path(), "then.kcost", 2, false, &plenty());
    remembered(&then, &runs);
    let calm = bundle(folder.path(), "calm.kcost", 3, false, &plenty());
    let report = verified(&runs, &calm);
    assert_eq!(report["schema"], "kcost.verify/v1");
    let web = of(&report, "web");
    assert_eq!(
        (&web["promise"], &web["applied"]),
        (&json!("kept"), &json!("not_applied"))
    );
    assert_eq!(web["containers"][0]["memory_over_limit"], false);
    assert!(web["containers"][0]["covered_ratio"].as_f64().unwrap() > 0.95);
    assert_eq!(report["summary"]["memory_over_limit"], 0);
    assert_eq!(report["summary"]["beyond_chance"], false);

    let burst = bundle(folder.path(), "burst.kcost", 3, true, &plenty());
    let report = verified(&runs, &burst);
    let web = of(&report, "web");
    assert_eq!(web["promise"], "broken", "{web}");
    assert_eq!(web["containers"][0]["memory_over_limit"], true);
    assert_eq!(web["containers"][0]["memory_peak_bytes"], 1_900_000_000.0);
    let why = web["reasons"][0].as_str().unwrap();
    assert!(why.contains("above the limit of"), "{why}");
    assert_eq!(of(&report, "db")["promise"], "kept");
    assert_eq!(report["summary"]["memory_over_limit"], 1);
    let table = Kcost::new()
        .arg("verify")
        .arg(&runs)
        .arg("--snapshot")
        .arg(&burst)
        .run()
        .ended(0)
        .stdout;
    assert!(table.contains("1 of 2 workloads outgrew"), "{table}");
    // The bundle of then says the same as its record, but for a plan of nodes.
    let mut again = verified(&then, &burst);
    again["summary"]["monthly_banked_promised"] =
        report["summary"]["monthly_banked_promised"].clone();
    assert_eq!(again["summary"], report["summary"]);
}

#[test]
fn what_was_applied_is_told_by_verify_and_by_diff() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let then = bundle(folder.path(), "then.kcost", 2, false, &plenty());
    remembered(&then, &runs);
    let report = Kcost::new()
        .args(["analyze", "-o", "json", "--snapshot"])
        .arg(&then)
        .run()
        .ended(0)
        .json();
    let container = &of(&report, "web")["containers"][0];
    let number = |key: &str| {
        let field = &container[key];
        let value = &field[if field["advice"] == "set" {
            "recommended"
        } else {
            "current"
        }];
        value.as_f64().unwrap().to_string()
    };
    let followed = objects(
        &number("cpu_request_cores"),
        &number("memory_request_bytes"),
        &number("memory_limit_bytes"),
    );
    let now = bundle(folder.path(), "now.kcost", 3, false, &followed);
    let report = verified(&runs, &now);
    assert_eq!(
        of(&report, "web")["applied"],
        "applied",
        "{}",
        of(&report, "web")
    );
    assert_eq!(of(&report, "db")["applied"], "not_applied");
    assert_eq!(report["summary"]["applied"], 1);
    let saved: f64 = report["summary"]["monthly_savings_applied"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(saved > 10.0, "{saved}");
    let diff = Kcost::new()
        .arg("diff")
        .arg(&then)
        .arg(&now)
        .args(["-o", "json"])
        .run()
        .ended(0)
        .json();
    let change = &diff["changes"][0];
    assert_eq!(
        (&change["name"], &change["course"]),
        (&json!("web"), &json!("better")),
        "{diff}"
    );
    assert_eq!(change["containers"][0]["as_advised"], true);
    let cost: f64 = change["monthly_cost_change"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((cost + saved).abs() < 0.02, "{cost} {saved}");
    let text = Kcost::new()
        .arg("diff")
        .arg(&then)
        .arg(&now)
        .run()
        .ended(0)
        .stdout;
    assert!(
        text.contains("as advised") && text.contains("1 better"),
        "{text}"
    );
    // A record of then differs no less.
    let record = fs::read_dir(&runs).unwrap().next().unwrap().unwrap().path();
    let same = Kcost::new()
        .arg("diff")
        .arg(&record)
        .arg(&now)
        .args(["-o", "json"])
        .run()
        .ended(0)
        .json();
    assert_eq!(same["changes"], diff["changes"]);
    // Of one and the same nothing differs.
    let none = Kcost::new()
        .arg("diff")
        .arg(&now)
        .arg(&now)
        .run()
        .ended(0)
        .stdout;
    assert!(none.contains("nothing has changed"), "{none}");
}

#[test]
fn runs_are_listed_and_the_last_is_held_beside_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let first = bundle(folder.path(), "first.kcost", 2, false, &plenty());
    let second = bundle(folder.path(), "second.kcost", 3, false, &plenty());
    assert!(!remembered(&first, &runs).stderr.contains("trend"));
    // The same snapshot twice is one record.
    remembered(&first, &runs);
    let seen = remembered(&second, &runs);
    assert!(
        seen.stderr.contains("trend: waste") && seen.stderr.contains("(2 runs)"),
        "{}",
        seen.stderr
    );
    let list = Kcost::new()
        .arg("history")
        .arg(&runs)
        .args(["-o", "json"])
        .run()
        .ended(0)
        .json();
    assert_eq!(list["schema"], "kcost.history/v1");
    let records = list["records"].as_array().unwrap();
    assert_eq!(records.len(), 2);
    assert!(records[0]["taken_at"].as_str() < records[1]["taken_at"].as_str());
    let table = Kcost::new().arg("history").arg(&runs).run().ended(0).stdout;
    assert_eq!(table.lines().count(), 3, "{table}");
    // No usage is in a record.
    let text =
        fs::read_to_string(fs::read_dir(&runs).unwrap().next().unwrap().unwrap().path()).unwrap();
    assert!(!text.contains("series") && text.len() < 4_000, "{text}");
}

#[test]
fn what_is_no_record_is_told_and_nothing_after_is_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let then = bundle(folder.path(), "then.kcost", 2, false, &plenty());
    Kcost::new().arg("history").arg(&runs).run().ended(2);
    fs::create_dir(&runs).unwrap();
    Kcost::new().arg("history").arg(&runs).run().ended(3);
    fs::write(runs.join("other.json"), "{\"schema\": \"x\"}").unwrap();
    remembered(&then, &runs);
    let seen = Kcost::new().arg("history").arg(&runs).run().ended(0);
    assert!(
        seen.stderr.contains("other.json") && seen.stderr.contains("no record"),
        "{}",
        seen.stderr
    );
    // The record is of the end of this very bundle.
    let seen = Kcost::new()
        .arg("verify")
        .arg(&runs)
        .arg("--snapshot")
        .arg(&then)
        .run()
        .ended(3);
    assert!(seen.stderr.contains("no usage after"), "{}", seen.stderr);
    let seen = Kcost::new()
        .arg("verify")
        .arg(runs.join("other.json"))
        .arg("--snapshot")
        .arg(&then)
        .run()
        .ended(2);
    assert!(
        seen.stderr.contains("no record of a run"),
        "{}",
        seen.stderr
    );
    Kcost::new()
        .arg("diff")
        .arg(folder.path().join("none"))
        .arg(&then)
        .run();
}

/// `verify` or `analyze` of a bundle with these options besides.
fn ran(command: &[&str], bundle: &Path, more: &[&str]) -> Kcost {
    let kcost = Kcost::new().args(command).arg("--snapshot").arg(bundle);
    kcost.args(more)
}

#[test]
fn verify_holds_only_what_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let mut labelled = plenty();
    for item in labelled["items"].as_array_mut().unwrap() {
        if item["kind"] == "Deployment" {
            let name = item["metadata"]["name"].clone();
            item["metadata"]["labels"] = json!({"app": name});
        }
    }
    let then = bundle(folder.path(), "then.kcost", 2, false, &labelled);
    let now = bundle(folder.path(), "now.kcost", 3, false, &labelled);
    remembered(&then, &runs);
    let verify = ["verify", runs.to_str().unwrap(), "-o", "json"];
    let names = |more: &[&str]| {
        let report = ran(&verify, &now, more).run().ended(0).json();
        let all = report["workloads"].as_array().unwrap().iter();
        let names: Vec<String> = all.map(|it| it["name"].to_string()).collect();
        (names.len(), report["summary"]["judged"].clone())
    };
    assert_eq!(names(&[]), (2, json!(2)));
    assert_eq!(names(&["-n", "shop"]), (2, json!(2)));
    assert_eq!(names(&["-l", "app=web"]), (1, json!(1)));
    ran(&verify, &now, &["-n", "other"]).run().ended(3);
}

#[test]
fn a_run_of_a_part_or_by_another_goal_has_a_record_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let then = bundle(folder.path(), "then.kcost", 2, false, &plenty());
    let now = bundle(folder.path(), "now.kcost", 3, false, &plenty());
    let history = ["--history", runs.to_str().unwrap()];
    let analyze = |bundle: &Path, more: &[&str]| {
        let kcost = ran(&["analyze"], bundle, &history).args(more);
        kcost.run().ended(0).stderr
    };
    for more in [
        &[][..],
        &["-n", "shop"],
        &["--goal", "savings"],
        &["-n", "shop"],
        &[],
    ] {
        assert!(!analyze(&then, more).contains("trend"));
    }
    let list = Kcost::new().arg("history").arg(&runs).args(["-o", "json"]);
    let list = list.run().ended(0).json();
    let records = list["records"].as_array().unwrap();
    let asked = records
        .iter()
        .map(|it| (it["goal"].clone(), it["scope"].clone()));
    let asked: Vec<(Value, Value)> = asked.collect();
    let balanced = || json!("balanced");
    assert_eq!(
        asked,
        [
            (balanced(), Value::Null),
            (balanced(), json!("-n shop")),
            (json!("savings"), Value::Null),
        ]
    );
    // Each is held beside its like.
    let cost = analyze(&now, &["--goal", "savings"]);
    assert!(
        cost.contains("trend: ") && cost.contains("(2 runs)"),
        "{cost}"
    );
    assert!(!analyze(&now, &["--goal", "reliability"]).contains("trend"));
    let part = analyze(&now, &["-n", "shop"]);
    assert!(part.contains("(2 runs)"), "{part}");
}

#[test]
fn records_of_another_cluster_are_told_and_teach_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let then = bundle(folder.path(), "then.kcost", 2, false, &plenty());
    remembered(&then, &runs);
    let mut other = plenty().to_string();
    other = other.replace("\"shop\"", "\"stock\"");
    let other: Value = serde_json::from_str(&other).unwrap();
    let used = usage(3, false).replace("shop,", "stock,");
    let now = bundle_of(folder.path(), "now.kcost", &other, &used);
    let verify = ["verify", runs.to_str().unwrap(), "-o", "json"];
    let seen = ran(&verify, &now, &[]).run().ended(0);
    let told = "this looks like another cluster: 2 of 2 workloads of the record are not there";
    assert!(seen.stderr.contains(told), "{}", seen.stderr);
    assert_eq!(seen.json()["teaches"], json!([]));
    let seen = remembered(&now, &runs);
    assert!(seen.stderr.contains("1 record left out"), "{}", seen.stderr);
    assert!(!seen.stderr.contains("trend"), "{}", seen.stderr);
    // One of the same time has a name of its own.
    let twin = folder.path().join("twin");
    fs::create_dir(&twin).unwrap();
    let twin = bundle(&twin, "then.kcost", 3, false, &plenty());
    remembered(&twin, &runs);
    assert_eq!(fs::read_dir(&runs).unwrap().count(), 3);
    // A name that differs is told as well.
    let path = fs::read_dir(&runs).unwrap().next().unwrap().unwrap().path();
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    record["cluster"] = json!("prod");
    record["taken_at"] = json!("2025-10-20T00:00:00Z");
    let moved = folder.path().join("moved.json");
    fs::write(&moved, record.to_string()).unwrap();
    let verify = ["verify", moved.to_str().unwrap()];
    let seen = ran(&verify, &twin, &[]).run().ended(0);
    assert!(
        seen.stderr.contains("two clusters: prod and files"),
        "{}",
        seen.stderr
    );
}

#[test]
fn a_folder_of_records_that_is_not_there_is_a_mistake_where_none_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let typo = folder.path().join("typo");
    let then = bundle(folder.path(), "then.kcost", 2, false, &plenty());
    let history = ["--history", typo.to_str().unwrap()];
    for command in [&["patch"][..], &["explain", "shop/web"], &["nodes"]] {
        let seen = ran(command, &then, &history).run().ended(2);
        assert!(seen.stderr.contains("typo"), "{}", seen.stderr);
        assert!(!typo.exists());
    }
    remembered(&then, &typo);
    ran(&["patch"], &then, &history).run().ended(0);
}
