//! Nothing of the user's is lost without consent.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use kcost::record;
use kcost::snapshot;

use super::{Bundle, small};
use crate::common::{Kcost, Seen};

fn demo(output: &Path, more: &[&str]) -> Seen {
    let folder = output.parent().unwrap().to_string_lossy().into_owned();
    let mut seen = Kcost::new()
        .args(["snapshot", "--demo", "-q", "-o"])
        .arg(output)
        .args(more)
        .run();
    seen.stderr = seen.stderr.replace(&folder, "[FOLDER]");
    seen
}

#[test]
fn a_recording_is_replaced_with_force_alone() {
    let bundle = Bundle::new();
    fs::remove_dir_all(&bundle.path).unwrap();
    let log = record::write(&mut small(), &record::Tail::default(), &bundle.path, None).unwrap();
    let said = demo(&bundle.path, &["--force"]).ended(1).stderr;
    assert!(
        said.starts_with("error: another kcost is recording into [FOLDER]/prod.kcost"),
        "not while it is made: {said}"
    );
    drop(log);
    insta::assert_snapshot!(demo(&bundle.path, &[]).ended(1).transcript(), @"
    exit: 1
    --- stdout
    --- stderr
    error: [FOLDER]/prod.kcost is a recording, which a snapshot replaces only with `--force`

    hint: choose another `-o`, or replace what was recorded with `--force`
    ");
    assert!(bundle.file("recording.log").exists());
    demo(&bundle.path, &["--force"]).ended(0);
    assert!(!bundle.file("recording.log").exists());
}

#[test]
fn what_lies_in_a_bundle_and_is_not_of_it_stays() {
    let bundle = Bundle::new();
    fs::write(bundle.file("notes.md"), "what we decided").unwrap();
    insta::assert_snapshot!(demo(&bundle.path, &["--force"]).ended(1).transcript(), @"
    exit: 1
    --- stdout
    --- stderr
    error: [FOLDER]/prod.kcost holds `notes.md`, which is not part of a bundle, so it is not replaced

    hint: choose another `-o`, or move `notes.md` away
    ");
    fs::remove_file(bundle.file("notes.md")).unwrap();
    fs::create_dir(bundle.file("work")).unwrap();
    demo(&bundle.path, &[]).ended(1);
    fs::remove_dir(bundle.file("work")).unwrap();
    // A folder that is called like a file of the bundle is none.
    fs::remove_file(bundle.file("series.json")).unwrap();
    fs::create_dir(bundle.file("series.json")).unwrap();
    demo(&bundle.path, &[]).ended(1);
    fs::remove_dir(bundle.file("series.json")).unwrap();
    demo(&bundle.path, &[]).ended(0);
}

#[test]
fn a_table_of_a_newer_kcost_is_of_the_bundle() {
    let bundle = Bundle::new();
    fs::write(bundle.file("peaks.parquet"), "12345").unwrap();
    demo(&bundle.path, &[]).ended(1);
    bundle.manifest(|manifest| {
        let files = manifest["files"].as_array_mut().unwrap();
        files.push(serde_json::json!({"name": "peaks.parquet", "bytes": 5, "sha256": ""}));
    });
    demo(&bundle.path, &[]).ended(0);
    assert!(!bundle.file("peaks.parquet").exists());
}

#[test]
fn a_link_stays_a_link_and_what_it_leads_to_is_written() {
    let bundle = Bundle::new();
    let link = bundle.folder.path().join("latest.kcost");
    symlink(&bundle.path, &link).unwrap();
    demo(&link, &[]).ended(0);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(record::read(&bundle.path).unwrap().cluster.name, "demo");
    let nowhere = bundle.folder.path().join("nowhere.kcost");
    symlink("/nonexistent/x", &nowhere).unwrap();
    demo(&nowhere, &[]).ended(1);
    assert!(fs::symlink_metadata(&nowhere).unwrap().is_symlink());
}

/// As a process that was killed leaves it; the number of none that runs.
fn left(folder: &Path, name: &str) -> std::path::PathBuf {
    let left = folder.join(format!(".prod.kcost.4194999.{name}"));
    fs::create_dir(&left).unwrap();
    fs::write(left.join("usage.parquet"), "half").unwrap();
    left
}

#[test]
fn what_killed_runs_have_left_is_removed_by_the_next() {
    let bundle = Bundle::new();
    let gone = left(bundle.folder.path(), "tmp");
    let kept = left(bundle.folder.path(), "old");
    fs::write(kept.join("notes.md"), "mine").unwrap();
    let other = bundle.folder.path().join(".prod.kcost.backup.tmp");
    fs::create_dir(&other).unwrap();
    snapshot::write(&small(), &bundle.path).unwrap();
    assert!(!gone.exists());
    assert!(kept.join("notes.md").exists(), "what is not ours stays");
    assert!(other.exists(), "what no kcost has made stays");
}

#[test]
fn what_a_living_run_writes_is_left_alone() {
    let bundle = Bundle::new();
    let theirs = left(bundle.folder.path(), "tmp");
    let mark = fs::File::open(&theirs).unwrap();
    mark.try_lock().unwrap();
    snapshot::write(&small(), &bundle.path).unwrap();
    assert!(theirs.exists());
    drop(mark);
    snapshot::write(&small(), &bundle.path).unwrap();
    assert!(!theirs.exists());
}

#[test]
fn a_bundle_is_for_its_owner_alone() {
    let bundle = Bundle::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&bundle.path), 0o700);
    for entry in fs::read_dir(&bundle.path).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
