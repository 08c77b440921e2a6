//! A bundle is checked before it is believed.

use std::fs;
use std::os::unix::fs::symlink;

use kcost::record;
use polars_arrow::array::{Array, Float32Array, Utf8ViewArray};
use serde_json::{Value, json};

use super::{Bundle, hex, pipe, small};
use crate::columns::{read, written};
use crate::common::Kcost;

#[test]
fn a_manifest_is_held_against_its_own_hash() {
    let bundle = Bundle::new();
    let text = fs::read_to_string(bundle.file("snapshot.json")).unwrap();
    let changed = text.replace("2026-01-05T00:00:00Z", "2026-01-04T00:00:00Z");
    assert_ne!(text, changed);
    fs::write(bundle.file("snapshot.json"), changed).unwrap();
    assert_eq!(
        bundle.problem(),
        "[FOLDER]/prod.kcost/snapshot.json is damaged: its content is not what was written"
    );
    let rewritten: Value = serde_json::from_str(&text).unwrap();
    fs::write(bundle.file("snapshot.json"), rewritten.to_string()).unwrap();
    assert!(
        record::read(&bundle.path).is_ok(),
        "spaces and order say nothing"
    );
}

#[test]
fn a_bundle_from_before_manifests_had_a_hash_is_read() {
    let bundle = Bundle::new();
    bundle.manifest(|manifest| {
        manifest.insert("more".to_owned(), json!("that a newer kcost knows"));
    });
    let read = record::read(&bundle.path).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", small()));
}

#[test]
fn a_window_that_does_not_fit_is_named() {
    for (change, said) in [
        (
            json!({"step_seconds": 0}),
            "its step is 0 seconds, and is from 1 second to 1 day",
        ),
        (
            json!({"step_seconds": 86_401}),
            "its step is 86401 seconds, and is from 1 second to 1 day",
        ),
        (
            json!({"slots": 2_000_001}),
            "it has 2000001 slots, more than 2000000",
        ),
        (
            json!({"slots": 201}),
            "its window does not fit its step and its slots",
        ),
        (
            json!({"step_seconds": 301}),
            "its window does not fit its step and its slots",
        ),
        (
            json!({"end": "2027-01-01T00:00:00Z"}),
            "its window does not fit its step and its slots",
        ),
        (
            json!({"start": "-009999-01-02T01:59:59Z"}),
            "its window does not fit its step and its slots",
        ),
    ] {
        let bundle = Bundle::new();
        bundle.manifest(|manifest| {
            let window = manifest["window"].as_object_mut().unwrap();
            window.extend(change.as_object().unwrap().clone());
        });
        assert_eq!(
            bundle.problem(),
            format!("[FOLDER]/prod.kcost/snapshot.json is damaged: {said}")
        );
    }
}

#[test]
fn series_that_do_not_fit_workloads_and_window_are_named() {
    for (change, said) in [
        (json!({"workload": 1}), "pod `api-a` belongs to no workload"),
        (
            json!({"first": 1}),
            "pod `api-a` has samples outside the window",
        ),
        (
            json!({"first": u32::MAX}),
            "pod `api-a` has samples outside the window",
        ),
    ] {
        let bundle = Bundle::new();
        let mut heads = bundle.json("series.json");
        let head = heads[0].as_object_mut().unwrap();
        head.extend(change.as_object().unwrap().clone());
        bundle.replace("series.json", heads.to_string().as_bytes());
        assert_eq!(
            bundle.problem(),
            format!("[FOLDER]/prod.kcost/series.json is damaged: {said}")
        );
    }
    let bundle = Bundle::new();
    let head = bundle.json("series.json")[0].clone();
    bundle.replace("series.json", json!([head, head]).to_string().as_bytes());
    assert_eq!(
        bundle.problem(),
        "[FOLDER]/prod.kcost/series.json is damaged: container `app` of pod `api-a` is in it twice"
    );
}

#[test]
fn amounts_that_cannot_be_are_named() {
    for cpu in [-1.0, 1e308] {
        let bundle = Bundle::new();
        let mut workloads = bundle.json("workloads.json");
        workloads[0]["containers"][0]["requests"]["cpu"] = json!(cpu);
        bundle.replace("workloads.json", workloads.to_string().as_bytes());
        assert_eq!(
            bundle.problem(),
            "[FOLDER]/prod.kcost/workloads.json is damaged: shop/Deployment/api has an impossible amount of `cpu`"
        );
    }
}

#[test]
fn links_pipes_and_devices_are_no_files_of_a_bundle() {
    for name in [
        "snapshot.json",
        "cluster.json",
        "workloads.json",
        "series.json",
        "usage.parquet",
        "recording.log",
    ] {
        let bundle = Bundle::new();
        let file = bundle.file(name);
        let _ = fs::remove_file(&file);
        symlink("/dev/zero", &file).unwrap();
        assert_eq!(
            bundle.problem(),
            format!(
                "[FOLDER]/prod.kcost/{name} is damaged: it is a link, and links in a bundle are not followed"
            )
        );
        fs::remove_file(&file).unwrap();
        pipe(&file);
        assert_eq!(
            bundle.problem(),
            format!("[FOLDER]/prod.kcost/{name} is damaged: it is not a regular file")
        );
    }
}

#[test]
fn a_list_of_files_leads_nowhere_else() {
    let bundle = Bundle::new();
    bundle.manifest(|manifest| {
        for file in manifest["files"].as_array_mut().unwrap() {
            file["name"] = json!("../../etc/passwd");
        }
    });
    assert_eq!(
        bundle.problem(),
        "[FOLDER]/prod.kcost/snapshot.json is damaged: it does not list `cluster.json`"
    );
}

/// The table, with another column in the place of one of its own.
fn with_column(bundle: &Bundle, name: &str, values: &dyn Array) -> Vec<u8> {
    let columns = read(&fs::read(bundle.file("usage.parquet")).unwrap());
    let columns = columns.iter().map(|(field, held)| {
        let other = field.name.as_str() == name;
        let values = if other {
            values.to_boxed()
        } else {
            held.clone()
        };
        (field.name.as_str(), values)
    });
    written(columns)
}

/// One sample is what it is, or all are.
fn spoiled(column: &str, value: f32, every: bool) -> Bundle {
    let bundle = Bundle::new();
    let mut values = vec![0.1_f32; 200];
    if column == "memory_bytes" {
        values.fill(1e8);
    }
    for (slot, held) in values.iter_mut().enumerate() {
        if every || slot == 100 {
            *held = value;
        }
    }
    let table = with_column(&bundle, column, &Float32Array::from_vec(values));
    bundle.replace("usage.parquet", &table);
    bundle
}

fn analysis(bundle: &Bundle) -> Value {
    let seen = Kcost::new()
        .args(["analyze", "-o", "json", "--snapshot"])
        .arg(&bundle.path)
        .run();
    assert_eq!(seen.exit, 0, "{}", seen.stderr);
    serde_json::from_str(&seen.stdout).unwrap()
}

#[test]
fn values_that_cannot_be_are_left_out_and_said_as_for_imports() {
    let plain = analysis(&Bundle::new());
    assert_eq!(plain["gaps"], json!([]));
    for column in ["cpu_cores", "memory_bytes"] {
        for value in [f32::INFINITY, -5.0, 1e36] {
            let report = analysis(&spoiled(column, value, false));
            let gap = &report["gaps"][0];
            assert_eq!(gap["code"], "impossible-values", "{column} {value}");
            assert_eq!(
                gap["text"],
                "1 sample is not a number, negative or absurdly large and left out: shop/api-a"
            );
            let of = |report: &Value| report["summary"]["memory_bytes"]["recommended"].clone();
            assert_eq!(of(&report), of(&plain), "{column} {value}");
        }
        let report = analysis(&spoiled(column, -5.0, true));
        assert_eq!(
            report["summary"][column]["used_mean"],
            Value::Null,
            "{column}"
        );
    }
}

#[test]
fn a_table_of_other_columns_or_lengths_is_named() {
    let bundle = Bundle::new();
    let texts: Vec<String> = (0..200).map(|slot| format!("{slot}")).collect();
    let texts = Utf8ViewArray::from_slice_values(texts);
    let table = with_column(&bundle, "cpu_cores", &texts);
    bundle.replace("usage.parquet", &table);
    assert_eq!(
        bundle.problem(),
        "[FOLDER]/prod.kcost/usage.parquet is damaged: its column `cpu_cores` is not of 32-bit numbers"
    );

    let bundle = Bundle::new();
    let mut heads = bundle.json("series.json");
    heads[0]["rows"] = json!(199);
    bundle.replace("series.json", heads.to_string().as_bytes());
    assert_eq!(
        bundle.problem(),
        "[FOLDER]/prod.kcost/usage.parquet is damaged: it has 200 rows, and 199 are expected"
    );
}

/// Whatever a byte of the footer says, with its hash made right: an error or the
/// same numbers as before, and no word of a panic.
#[test]
fn a_footer_that_lies_is_an_error() {
    let bundle = Bundle::new();
    let whole = fs::read(bundle.file("usage.parquet")).unwrap();
    let (_, length) = whole.split_at(whole.len() - 8);
    let footer = usize::from(u16::from_le_bytes([length[0], length[1]])) + 8;
    for (turn, place) in (whole.len() - footer..whole.len()).enumerate().step_by(3) {
        let mut bytes = whole.clone();
        bytes[place] = [0, 0xff, whole[place] ^ 0x10][turn % 5 % 3];
        bundle.replace("usage.parquet", &bytes);
        if let Err(error) = record::read(&bundle.path) {
            assert!(error.to_string().contains("is damaged"), "{error}");
        }
    }
}

/// Each line with the checksum that it should have.
fn relog(bundle: &Bundle, lines: &[Value]) {
    let manifest = hex(&fs::read(bundle.file("snapshot.json")).unwrap());
    let head = json!({"recording": 1, "bundle": manifest});
    let lines = [&head].into_iter().chain(lines).map(Value::to_string);
    let lines = lines.map(|line| format!("{} {line}\n", &hex(line.as_bytes())[..16]));
    let text = lines.collect::<Vec<String>>().concat();
    fs::write(bundle.file("recording.log"), text).unwrap();
}

fn round(workload: u32, time: i64, cpu: f32) -> Value {
    let place = json!({"id": 0, "workload": workload, "namespace": "shop", "pod": "api-a", "container": "app"});
    let sample = json!([0, time, 15, cpu, 1e8]);
    json!({"at": "2026-01-05T20:00:00Z", "new": [place], "samples": [sample]})
}

#[test]
fn a_log_with_times_that_cannot_be_keeps_the_others_and_says_so() {
    let good = "2026-01-05T17:00:00Z"
        .parse::<jiff::Timestamp>()
        .unwrap()
        .as_second();
    for time in [good + 3_200_000_000, i64::MAX, i64::MIN, -1] {
        let bundle = Bundle::new();
        relog(&bundle, &[round(0, good, 0.2), round(0, time, 0.2)]);
        let read = record::read(&bundle.path).unwrap();
        let gaps: Vec<&str> = read.gaps.iter().map(|gap| &*gap.code).collect();
        assert_eq!(gaps, ["recording-refused"], "{time}");
        assert_eq!(read.usage.samples(), 201, "{time}");
    }
}

#[test]
fn a_log_of_other_workloads_is_named() {
    let bundle = Bundle::new();
    relog(&bundle, &[round(7, 1_767_632_400, 0.2)]);
    assert_eq!(
        bundle.problem(),
        "[FOLDER]/prod.kcost/recording.log is damaged: pod `api-a` belongs to no workload"
    );
}
