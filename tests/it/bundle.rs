//! Snapshots on disk.

use std::fs;
use std::path::Path;

use kcost::error::Error;
use kcost::exit::Exit;
use kcost::record;
use kcost::snapshot::{self, Gap, Metric, Snapshot, Source, SourceKind};
use kcost::units::Bytes;
use polars_arrow::array::{Array, Float32Array, Int64Array, StaticArray as _, Utf8ViewArray};
use proptest::prelude::*;

use crate::columns::read;
use crate::profile::{series, snapshot as taken, workload};

/// Two workloads, three pods, one extra metric, one gap.
fn small() -> Snapshot {
    let mut api = workload("api", 0.5);
    api.containers[0].requests.memory = Some(Bytes::mib(256));
    let mut gpu = series(1, "ml-x", 0, vec![0.5; 8], vec![2e9; 8]);
    gpu.more
        .insert(Metric::GpuUtilization, vec![0.25; 8].into());
    let pools = vec![
        series(0, "api-a", 2, vec![0.1, f32::NAN, 0.3], vec![1e6; 3]),
        series(0, "api-b", 0, vec![0.1; 8], vec![f32::NAN; 8]),
        gpu,
    ];
    let mut small = taken(vec![api, workload("ml", 2.0)], 8, pools);
    small.sources.push(Source {
        kind: SourceKind::Files,
        detail: "usage.csv".to_owned(),
    });
    small
        .gaps
        .push(Gap::new("no-usage", "pods in shop", "nothing is known").hint("look there"));
    small
}

/// `NaN` is not equal to itself; its text is.
fn same(a: &Snapshot, b: &Snapshot) {
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
}

/// A fresh folder with the bundle of [`small`].
fn written() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prod.kcost");
    snapshot::write(&small(), &path).unwrap();
    (folder, path)
}

/// What is said about a bundle that cannot be read, with the folder's name taken out.
fn refused(folder: &Path, path: &Path) -> String {
    let error = Error::from(record::read(path).unwrap_err());
    assert_eq!(error.exit(), Exit::Failed);
    explain(&error).replace(&*folder.to_string_lossy(), "[FOLDER]")
}

/// An error, its causes and its hint, a line each.
pub fn explain(error: &Error) -> String {
    let mut lines = vec![format!("error: {error}")];
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        lines.push(format!("caused by: {inner}"));
        cause = inner.source();
    }
    lines.extend(error.hint().map(|hint| format!("hint: {hint}")));
    lines.join("\n")
}

#[test]
fn what_is_written_is_read() {
    let (folder, path) = written();
    same(&record::read(&path).unwrap(), &small());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing temporary is left");
}

#[test]
fn the_same_snapshot_gives_the_same_bytes() {
    let ((_a, first), (_b, second)) = (written(), written());
    for entry in fs::read_dir(&first).unwrap() {
        let name = entry.unwrap().file_name();
        let bytes = |path: &Path| fs::read(path.join(&name)).unwrap();
        assert_eq!(bytes(&first), bytes(&second), "{}", name.display());
    }
}

#[test]
fn snapshot_json_says_what_it_is() {
    let (_folder, path) = written();
    let text = fs::read_to_string(path.join("snapshot.json")).unwrap();
    let head: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(head["format"], "kcost.snapshot");
    assert_eq!(head["format_version"], 1);
    assert_eq!(head["window"]["step_seconds"], 300);
    assert_eq!(head["window"]["start"], "2026-01-05T00:00:00Z");
    assert_eq!(head["window"]["end"], "2026-01-05T00:40:00Z");
    assert_eq!(head["sources"][0]["kind"], "files");
    assert_eq!(head["gaps"][0]["code"], "no-usage");
    for file in head["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        let size = fs::metadata(path.join(name)).unwrap().len();
        assert_eq!(file["bytes"], size, "{name}");
        assert_eq!(file["sha256"].as_str().unwrap().len(), 64);
    }
}

/// Other programs open the table as it is.
#[test]
fn usage_parquet_speaks_for_itself() {
    let (_folder, path) = written();
    let table = read(&fs::read(path.join("usage.parquet")).unwrap());
    let kinds = table
        .iter()
        .map(|(field, _)| format!("{}: {:?}\n", field.name, field.dtype));
    insta::assert_snapshot!(kinds.collect::<String>(), @r#"
    namespace: Utf8View
    workload_kind: Utf8View
    workload: Utf8View
    pod: Utf8View
    container: Utf8View
    time: Timestamp(Millisecond, Some("UTC"))
    cpu_cores: Float32
    memory_bytes: Float32
    gpu_utilization: Float32
    "#);
    assert!(table.iter().all(|(_, column)| column.len() == 3 + 8 + 8));
    let column = |name: &str| {
        let found = table.iter().find(|(field, _)| field.name.as_str() == name);
        &*found.unwrap().1
    };
    let times: &Int64Array = typed(column("time"));
    let slot_3 = 1_767_571_200_000_i64 + 3 * 300_000;
    assert_eq!(times.get(1), Some(slot_3));
    let pods: &Utf8ViewArray = typed(column("pod"));
    assert_eq!(pods.get(1), Some("api-a"));
    let cpu: &Float32Array = typed(column("cpu_cores"));
    assert_eq!(cpu.get(1), None);
    assert_eq!(column("gpu_utilization").null_count(), 3 + 8);
}

fn typed<A: Array>(column: &dyn Array) -> &A {
    column.as_any().downcast_ref().unwrap()
}

#[test]
fn an_older_bundle_is_replaced_and_nothing_else_is() {
    let (folder, path) = written();
    let mut newer = small();
    newer.gaps.clear();
    snapshot::write(&newer, &path).unwrap();
    same(&record::read(&path).unwrap(), &newer);

    let empty = folder.path().join("empty.kcost");
    fs::create_dir(&empty).unwrap();
    snapshot::write(&newer, &empty).unwrap();

    let photos = folder.path().join("photos");
    fs::create_dir(&photos).unwrap();
    fs::write(photos.join("cat.jpg"), "meow").unwrap();
    let error = snapshot::write(&newer, &photos).unwrap_err();
    assert!(
        error.to_string().ends_with("so it is not replaced"),
        "{error}"
    );
    assert_eq!(fs::read(photos.join("cat.jpg")).unwrap(), b"meow");

    let file = folder.path().join("file.kcost");
    fs::write(&file, "text").unwrap();
    assert!(snapshot::write(&newer, &file).is_err());
    assert!(snapshot::write(&newer, &folder.path().join("no/such/a.kcost")).is_err());
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 4, "nothing temporary is left");
}

#[test]
fn a_newer_format_is_refused() {
    let (folder, path) = written();
    let file = path.join("snapshot.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        text.replace("\"format_version\": 1", "\"format_version\": 99"),
    )
    .unwrap();
    insta::assert_snapshot!(refused(folder.path(), &path), @"
    error: [FOLDER]/prod.kcost was written in format version 99; this kcost reads up to 1
    hint: update kcost, or take the snapshot again
    ");
}

#[test]
fn a_truncated_file_is_named() {
    let (folder, path) = written();
    let file = path.join("usage.parquet");
    fs::write(&file, "PAR1").unwrap();
    let said = refused(folder.path(), &path);
    let size = said
        .split(" of ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    insta::assert_snapshot!(said.replace(size, "[SIZE]"), @"
    error: [FOLDER]/prod.kcost/usage.parquet is damaged: it has 4 of [SIZE] bytes
    hint: copy the whole folder again, or take the snapshot again
    ");
}

#[test]
fn a_missing_file_is_named() {
    let (folder, path) = written();
    fs::remove_file(path.join("workloads.json")).unwrap();
    insta::assert_snapshot!(refused(folder.path(), &path), @"
    error: [FOLDER]/prod.kcost/workloads.json is damaged: it is missing
    hint: copy the whole folder again, or take the snapshot again
    ");
}

#[test]
fn an_altered_file_is_named() {
    let (folder, path) = written();
    let file = path.join("workloads.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("api", "apo")).unwrap();
    insta::assert_snapshot!(refused(folder.path(), &path), @"
    error: [FOLDER]/prod.kcost/workloads.json is damaged: its content is not what was written
    hint: copy the whole folder again, or take the snapshot again
    ");
}

#[test]
fn half_a_manifest_is_named() {
    let (folder, path) = written();
    let file = path.join("snapshot.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, &text[..40]).unwrap();
    insta::assert_snapshot!(refused(folder.path(), &path), @"
    error: [FOLDER]/prod.kcost/snapshot.json is damaged: EOF while parsing a string at line 3 column 8
    hint: copy the whole folder again, or take the snapshot again
    ");
}

#[test]
fn what_is_no_bundle_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let said = refused(folder.path(), folder.path());
    insta::assert_snapshot!(said, @"
    error: [FOLDER] is not a kcost bundle: it has no `snapshot.json`
    hint: name the folder that `kcost snapshot -o NAME.kcost` wrote; dumps of objects are read with `--objects`
    ");
    let file = folder.path().join("usage.csv");
    fs::write(&file, "").unwrap();
    insta::assert_snapshot!(refused(folder.path(), &file), @"
    error: [FOLDER]/usage.csv is not a kcost bundle: it is a file, and a bundle is a folder
    hint: name the folder that `kcost snapshot -o NAME.kcost` wrote; dumps of objects are read with `--objects`
    ");
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(
        other.join("snapshot.json"),
        r#"{"format":"photos","format_version":1}"#,
    )
    .unwrap();
    insta::assert_snapshot!(refused(folder.path(), &other), @"
    error: [FOLDER]/other is not a kcost bundle: its format is `photos`
    hint: name the folder that `kcost snapshot -o NAME.kcost` wrote; dumps of objects are read with `--objects`
    ");
}

/// Every byte of the table is guarded, the footer that Parquet trusts included.
#[test]
fn a_flipped_bit_anywhere_is_an_error() {
    let (_folder, path) = written();
    for name in ["usage.parquet", "series.json", "cluster.json"] {
        let file = path.join(name);
        let whole = fs::read(&file).unwrap();
        for place in (0..whole.len()).step_by(whole.len().div_ceil(40)) {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x10;
            fs::write(&file, bytes).unwrap();
            assert!(record::read(&path).is_err(), "{name} at {place}");
        }
        fs::write(&file, whole).unwrap();
    }
    assert!(record::read(&path).is_ok());
}

fn samples(len: usize) -> impl Strategy<Value = Vec<f32>> {
    let sample = prop_oneof![
        4 => (0_u32..1_000_000).prop_map(|n| f32::from(u16::try_from(n / 16).unwrap()) * 1.37),
        1 => Just(f32::NAN),
        1 => Just(0.0),
    ];
    proptest::collection::vec(sample, len)
}

prop_compose! {
    fn any_series(workload: u32, pod: usize)
        (first in 0_u32..20, len in 1_usize..40, throttled in any::<bool>())
        (first in Just(first), cpu in samples(len), memory in samples(len), throttled in Just(throttled))
    -> snapshot::Series {
        let mut made = series(workload, &format!("pod-{pod:03}"), first, cpu, memory);
        if throttled {
            let more = made.cpu_cores.clone();
            made.more.insert(Metric::CpuThrottledRatio, more.into());
        }
        made
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_snapshot_survives_the_disk(
        first in any_series(0, 0), second in any_series(0, 1), third in any_series(1, 0),
        request in 1_u32..1_000_000_000, name in "[a-z\u{e9}\u{4e16}\"\\\\ ]{1,12}",
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.kcost");
        // A quantity in nanocores, the finest that Kubernetes has.
        let workloads = vec![workload(&name, f64::from(request) / 1e9), workload("z", 1.0)];
        let made = taken(workloads, 60, vec![first, second, third]);
        snapshot::write(&made, &path).unwrap();
        same(&record::read(&path).unwrap(), &made);
    }
}
