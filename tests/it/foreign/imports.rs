//! Files to import that would take all memory, or end the program.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use polars_arrow::array::{Float64Array, Int64Array, Utf8ViewArray};

use crate::columns::written;
use crate::common::{Kcost, Seen};

const OBJECTS: &str = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"},
    "spec": {"containers": [{"name": "app"}]}, "status": {"phase": "Running"}}"#;
const HEADER: &str = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n";

fn import(folder: &Path, usage: &Path) -> Seen {
    let objects = folder.join("objects.json");
    if !objects.exists() {
        fs::write(&objects, OBJECTS).unwrap();
    }
    Kcost::new()
        .args(["analyze", "-o", "json", "--objects"])
        .arg(objects)
        .arg("--usage")
        .arg(usage)
        .run()
}

/// So much of the same, packed.
fn packed(path: &Path, head: &str, block: &str, blocks: usize, tail: &str) {
    let mut out = GzEncoder::new(fs::File::create(path).unwrap(), Compression::fast());
    out.write_all(head.as_bytes()).unwrap();
    let block = block.repeat((1 << 20) / block.len());
    for _ in 0..blocks {
        out.write_all(block.as_bytes()).unwrap();
    }
    out.write_all(tail.as_bytes()).unwrap();
    out.finish().unwrap();
}

#[test]
fn a_row_that_does_not_end_is_an_error_after_a_mebibyte() {
    let folder = tempfile::tempdir().unwrap();
    for (name, head, block) in [
        ("cell.csv.gz", format!("{HEADER}shop,"), "a"),
        ("header.csv.gz", HEADER.trim_end().to_owned(), ",more"),
        ("quoted.csv.gz", format!("{HEADER}shop,\""), "line\n"),
    ] {
        let usage = folder.path().join(name);
        packed(&usage, &head, block, 40, "");
        let seen = import(folder.path(), &usage);
        assert_eq!(seen.exit, 1, "{}", seen.stderr);
        assert!(
            seen.stderr.contains("a row of more than 1 MiB"),
            "{}",
            seen.stderr
        );
    }
}

#[test]
fn a_name_that_is_longer_than_names_are_is_a_bad_row() {
    let folder = tempfile::tempdir().unwrap();
    let usage = folder.path().join("usage.csv");
    let long = "a".repeat(100_000);
    fs::write(
        &usage,
        format!("{HEADER}shop,{long},app,1767571200,0.1,1000000\n"),
    )
    .unwrap();
    let seen = import(folder.path(), &usage);
    assert_eq!(seen.exit, 1);
    let said = "the pod has 100000 bytes, and names have at most 1024";
    assert!(seen.stderr.contains(said), "{}", seen.stderr);
    assert!(seen.stderr.len() < 1000, "{}", seen.stderr);
}

#[test]
fn an_object_with_such_a_name_is_a_gap_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let long = OBJECTS.replace("\"a\"", &format!("\"{}\"", "a".repeat(100_000)));
    let objects = folder.path().join("objects.json");
    fs::write(&objects, format!("{OBJECTS}\n{long}")).unwrap();
    let seen = Kcost::new()
        .args(["analyze", "-o", "json", "--objects"])
        .arg(objects)
        .run();
    assert_eq!(seen.exit, 0, "{}", seen.stderr);
    assert!(
        seen.stdout.contains("its name has more than 1024 bytes"),
        "{}",
        seen.stdout
    );
    assert!(!seen.stdout.contains(&"a".repeat(2000)));
}

#[test]
fn objects_within_each_other_without_end_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for (name, head) in [
        ("deep.json.gz", "{\"kind\": \"List\", \"items\": "),
        ("deep.yaml.gz", "kind: List\nitems: "),
    ] {
        let objects = folder.path().join(name);
        packed(&objects, head, "[", 2, "");
        let seen = Kcost::new()
            .args(["analyze", "--objects"])
            .arg(objects)
            .run();
        assert_eq!(seen.exit, 1, "{}", seen.stderr);
    }
}

fn table(rows: i64) -> Vec<u8> {
    let rows = || 0..rows;
    let text =
        |text: &str| Utf8ViewArray::from_slice_values(rows().map(|_| text).collect::<Vec<_>>());
    let number = |number: f64| Float64Array::from_slice(rows().map(|_| number).collect::<Vec<_>>());
    let times: Vec<i64> = rows().map(|row| 1_767_571_200 + row * 300).collect();
    written([
        ("namespace", text("shop").boxed()),
        ("pod", text("a").boxed()),
        ("container", text("app").boxed()),
        ("timestamp", Int64Array::from_vec(times).boxed()),
        ("cpu_cores", number(0.1).boxed()),
        ("memory_bytes", number(1e6).boxed()),
    ])
}

/// Damage to the footer is named, never a panic; the real program is asked, as a
/// panic would be printed there.
#[test]
fn a_parquet_file_that_lies_of_itself_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let whole = table(50);
    let usage = folder.path().join("usage.parquet");
    let mut refused = 0;
    for place in (whole.len() - 700..whole.len() - 4).step_by(9) {
        let mut bytes = whole.clone();
        bytes[place] = 0xff;
        fs::write(&usage, bytes).unwrap();
        let seen = import(folder.path(), &usage);
        assert!([0, 1].contains(&seen.exit), "{place}: {}", seen.stderr);
        assert!(
            !seen.stderr.contains("panicked"),
            "{place}: {}",
            seen.stderr
        );
        refused += seen.exit;
    }
    assert!(refused > 5, "{refused} of them are refused");
}

#[test]
fn amounts_that_nothing_can_have_count_as_not_set_and_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let objects = folder.path().join("objects.json");
    for cpu in ["99999999999Ei", "9223372036854775807", "1e20"] {
        let requests = format!(r#""app", "resources": {{"requests": {{"cpu": "{cpu}"}}}}"#);
        fs::write(&objects, OBJECTS.replace("\"app\"", &requests)).unwrap();
        let seen = Kcost::new()
            .args(["analyze", "-o", "json", "--objects"])
            .arg(&objects)
            .run();
        assert_eq!(seen.exit, 0, "{}", seen.stderr);
        let report: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
        let gaps = report["gaps"].as_array().unwrap();
        let said = format!("cpu `{cpu}` is more than there can be");
        assert!(gaps.iter().any(|gap| gap["text"] == said), "{gaps:?}");
    }
}

#[test]
fn settings_without_end_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for (text, said) in [
        (format!("fail-on: {}", "[".repeat(500_000)), "kcost.yaml:1:"),
        (
            format!("goal: {}", "a".repeat(2 << 20)),
            "it has more than 1 MiB",
        ),
    ] {
        fs::write(folder.path().join("kcost.yaml"), text).unwrap();
        let seen = Kcost::new()
            .args(["analyze", "--demo", "--config", "kcost.yaml"])
            .inside(folder.path())
            .run();
        assert_eq!(seen.exit, 2, "{}", seen.stderr);
        assert!(seen.stderr.contains(said), "{}", seen.stderr);
        assert!(seen.stderr.len() < 1000, "{}", seen.stderr);
    }
}
