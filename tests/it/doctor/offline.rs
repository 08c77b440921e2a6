//! Bundles, files and the demo; and whatever cannot be read at all.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{point, points, status};
use crate::common::Kcost;

fn doctor(args: &[&str]) -> crate::common::Seen {
    Kcost::new().arg("doctor").args(args).run()
}

/// A bundle of the demo.
fn bundle(folder: &Path) -> String {
    let path = folder.join("demo.kcost");
    let path = path.to_str().unwrap().to_owned();
    Kcost::new()
        .args(["snapshot", "--demo", "-o", &path])
        .run()
        .ended(0);
    path
}

#[test]
fn the_demo_is_well() {
    let json = doctor(&["--demo", "-o", "json"]).ended(0).json();
    assert_eq!(json["schema"], "kcost.doctor/v1");
    assert_eq!(json["grade"], "A");
    assert_eq!(json["cluster"]["name"], "demo");
    assert_eq!(json["currency"], "USD");
    assert!(json["window"]["step_seconds"] == 300 && json["gaps"].is_array());
    let table = doctor(&["--demo"]).ended(0);
    assert!(
        table.stdout.starts_with("demo  grade A, "),
        "{}",
        table.stdout
    );
}

#[test]
fn a_table_fits_a_terminal_in_ascii_too() {
    let run = Kcost::new()
        .env("COLUMNS", "80")
        .args(["doctor", "--snapshot", "no-such.kcost", "--ascii"])
        .run()
        .ended(1);
    insta::assert_snapshot!(run.stdout, @"
    no cluster  grade F, 1 bad, 0 ok

    To mend first
      x connection       failed to read no-such.kcost: No such file or directory (os
                         error 2)
                         there is nothing to advise on
                         -> name the folder that `kcost snapshot -o NAME.kcost` wrote

    Not known
      ? not looked at: history, freshness, coverage, owners, stale series, units
    ");
    assert!(run.stderr.is_empty(), "{}", run.stderr);
}

#[test]
fn without_a_cluster_it_says_so() {
    let run = doctor(&["-o", "json"]).ended(1);
    let json = run.json();
    let [status, text, _, mend] = point(&json, "connection");
    assert_eq!(status, "bad");
    assert!(text.contains("no kubeconfig"), "{text}");
    assert!(!mend.is_empty());
    assert!(json["cluster"].is_null() && json["window"].is_null() && json["taken_at"].is_null());
}

#[test]
fn a_bundle_that_is_damaged_is_told_by_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = bundle(folder.path());
    let whole = doctor(&["--snapshot", &path, "-o", "json"]).ended(0).json();
    assert_eq!(status(&whole, "connection"), "ok");
    let table = Path::new(&path).join("usage.parquet");
    let bytes = fs::read(&table).unwrap();
    fs::write(&table, &bytes[..bytes.len() / 2]).unwrap();
    let json = doctor(&["--snapshot", &path, "-o", "json"]).ended(1).json();
    let [status, text, ..] = point(&json, "connection");
    assert!(status == "bad" && text.contains("usage.parquet"), "{text}");
    assert_eq!((&json["grade"], &json["score"]), (&"F".into(), &0.into()));
}

#[test]
fn an_empty_folder_is_no_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    doctor(&["--snapshot", path]).ended(1);
}

const OBJECTS: &str = r#"{"kind": "List", "apiVersion": "v1", "items": [
  {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n"}, "status": {
    "allocatable": {"cpu": "8", "memory": "16Gi"}, "capacity": {"cpu": "8", "memory": "16Gi"}}},
  {"kind": "Pod", "apiVersion": "v1", "metadata": {"namespace": "shop", "name": "a"},
   "spec": {"nodeName": "n", "containers": [
     {"name": "app", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]},
   "status": {"phase": "Running"}}]}"#;

/// The report on files with this use of the one container there is.
fn imported(cpu: f64, memory: f64) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let objects = folder.path().join("objects.json");
    let usage = folder.path().join("usage.csv");
    fs::write(&objects, OBJECTS).unwrap();
    let mut rows = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
    for sample in 0..4_032 {
        let time = 1_795_392_000 + sample * 300;
        writeln!(rows, "shop,a,app,{time},{cpu},{memory}").unwrap();
    }
    fs::write(&usage, rows).unwrap();
    let seen = Kcost::new()
        .args(["doctor", "-o", "json", "--objects"])
        .arg(&objects)
        .arg("--usage")
        .arg(&usage)
        .run();
    seen.json()
}

#[test]
fn files_in_other_units_are_told() {
    let sound = imported(0.4, 3e8);
    assert_eq!(status(&sound, "units"), "ok");
    // Percent of a core, of a node with eight.
    let percent = imported(40.0, 3e8);
    let [status_of, text, ..] = points(&percent, "units")[0].clone();
    assert!(status_of == "bad" && text.contains("cores"), "{text}");
    // Kilobytes.
    let kilobytes = imported(0.4, 3e5);
    let [status_of, text, ..] = points(&kilobytes, "units")[0].clone();
    assert!(status_of == "bad" && text.contains("kilobytes"), "{text}");
}

#[test]
fn a_gate_on_the_grade_fails_with_its_own_code() {
    let run = doctor(&["--demo", "--fail-on", "grade<B"]).ended(0);
    assert!(
        run.stderr.starts_with("gate passed: grade A"),
        "{}",
        run.stderr
    );
    doctor(&["--demo", "--fail-on", "grade<=A"]).ended(10);
    // What cannot be read has failed, and no verdict.
    doctor(&["--snapshot", "no-such.kcost", "--fail-on", "grade<B"]).ended(1);
    let wrong = doctor(&["--demo", "--fail-on", "risk>=high"]).ended(2);
    assert!(
        wrong.stderr.contains("write it as `grade<B`"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn a_reader_that_goes_ends_it_well() {
    let code = Kcost::new().args(["doctor", "--demo"]).cut_off();
    assert_eq!(code, 0);
}

#[test]
fn several_clusters_are_one_too_many() {
    let run = doctor(&["--snapshot", "a.kcost", "--snapshot", "b.kcost"]).ended(2);
    assert!(
        run.stderr.contains("one cluster at a time"),
        "{}",
        run.stderr
    );
}
