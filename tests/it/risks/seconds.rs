//! Incidents whose order is a matter of seconds, through files as they come.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use super::noise::Random;
use crate::common::Kcost;

/// A Sunday, eight minutes past an hour that is told to be the last.
const START: i64 = 1_795_305_600;
const DAYS: i64 = 6;
/// When the database fails, in seconds from the start.
const FAILS: i64 = (DAYS * 24 - 3) * 3_600 + 480;

/// One pod, and how many seconds after the database it has nothing to do.
const PODS: [(&str, i64); 3] = [("api", 20), ("db", 0), ("worker", 30)];

fn objects() -> String {
    let pod = |(name, _): &(&str, i64)| {
        json!({"kind": "Pod", "apiVersion": "v1",
            "metadata": {"namespace": "pay", "name": name},
            "spec": {"nodeName": "n", "containers": [
                {"name": "app", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]},
            "status": {"phase": "Running"}})
    };
    let size = json!({"cpu": "8", "memory": "16Gi"});
    let mut items = vec![
        json!({"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n"},
        "status": {"allocatable": size, "capacity": size}}),
    ];
    items.extend(PODS.iter().map(pod));
    json!({"kind": "List", "apiVersion": "v1", "items": items}).to_string()
}

/// CPU of each, one sample so many seconds.
fn usage(step: i64) -> String {
    let mut rows = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
    for (number, (name, late)) in (0_u64..).zip(PODS) {
        let mut random = Random::new(number + 40);
        for slot in 0..=DAYS * 86_400 / step {
            let time = slot * step;
            let works = if time < FAILS + late { 1.0 } else { 0.02 };
            let cpu = 0.6 * works * (1.0 + 0.05 * random.normal());
            writeln!(rows, "pay,{name},app,{},{cpu:.4},300000000", START + time).unwrap();
        }
    }
    rows
}

/// The incidents of samples that are so many seconds apart.
fn incidents(step: i64) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let (things, used) = (folder.path().join("o.json"), folder.path().join("u.csv"));
    fs::write(&things, objects()).unwrap();
    fs::write(&used, usage(step)).unwrap();
    let run = Kcost::new()
        .args(["risks", "--check", "anomaly", "-o", "json", "--objects"])
        .arg(&things)
        .arg("--usage")
        .arg(&used)
        .run();
    let report = run.json();
    report["incidents"].as_array().unwrap().clone()
}

#[test]
fn the_first_is_told_by_seconds_where_samples_show_them() {
    let all = incidents(10);
    assert_eq!(all.len(), 1, "{all:?}");
    let one = &all[0];
    assert_eq!(
        (&one["first"]["name"], &one["lead_seconds"]),
        (&json!("db"), &json!(20))
    );
    assert_eq!(
        one["text"],
        "2026-11-27 21:08, 3 workloads of namespace pay, first pay/db, 20 seconds before the others"
    );
}

#[test]
fn nobody_is_first_where_samples_are_too_far_apart_to_tell() {
    let all = incidents(60);
    assert_eq!(all.len(), 1, "{all:?}");
    let one = &all[0];
    assert_eq!(one["workloads"], 3);
    let text = one["text"].as_str().unwrap();
    // The database fails on the minute, and the others before the next: of that order is known,
    // and not by how much.
    assert!(
        text.ends_with("first pay/db, less than 2 minutes before the others"),
        "{text}"
    );
    let coarse = incidents(300);
    assert_eq!(coarse.len(), 1, "{coarse:?}");
    assert_eq!(coarse[0]["lead_seconds"], Value::Null);
    assert!(
        coarse[0]["text"].as_str().unwrap().ends_with(
            "pay/api or pay/db or pay/worker first: samples 5 minutes apart do not tell which"
        ),
        "{coarse:?}"
    );
}
