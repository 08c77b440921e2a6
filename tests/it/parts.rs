//! Usage that stays on disk gives the advice that it gives in memory.

use std::fs;
use std::path::Path;

use kcost::collect::refuse_impossible;
use kcost::pipeline::{self, Settings};
use kcost::progress::Silent;
use kcost::record::{self, Read, Sifted};
use kcost::snapshot::{self, Series, Snapshot};
use kcost::units::Span;

use crate::demo::DEMO;
use crate::made::settings;
use crate::short::{drawn, look};

/// Small enough that the demo takes a dozen parts.
const PART: u64 = 1 << 20;

/// What is said in JSON, of usage that is read part by part.
fn of_parts(snapshot: &Snapshot, settings: &Settings, window: Option<Span>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.kcost");
    snapshot::write(snapshot, &path).unwrap();
    let Read::Parts(mut read, parts) = record::read_within(&path, 0, PART).unwrap() else {
        panic!("usage was read at once");
    };
    assert!(read.usage.series.is_empty());
    let mut usage = parts.sift(&mut read).unwrap();
    if let Some(window) = window {
        read.usage.keep_newest(window);
        usage.cut(None, Some(window));
    }
    let evidence = pipeline::advise_from(&read, &usage.of(&read), settings, &Silent).unwrap();
    assert_of_one(&read, &usage, window);
    let asked = vec![true; read.workloads.len()];
    let analysis = pipeline::report_part(&mut read, evidence, &asked, settings, &Silent);
    drawn(&analysis, "json", &look(None))
}

/// The usage of one workload is that of the whole.
fn assert_of_one(read: &Snapshot, usage: &Sifted, window: Option<Span>) {
    let mut whole = DEMO.clone();
    refuse_impossible(&mut whole);
    if let Some(window) = window {
        whole.usage.keep_newest(window);
    }
    let mut all = Vec::new();
    for workload in 0..read.workloads.len() {
        all.extend(usage.of(read).only(workload).unwrap().series);
    }
    let names = |series: &[Series]| -> Vec<(u32, String, usize)> {
        let one = |it: &Series| (it.workload, it.pod.clone(), it.len());
        series.iter().map(one).collect()
    };
    assert_eq!(names(&all), names(&whole.usage.series));
}

fn of_whole(mut snapshot: Snapshot, settings: &Settings, window: Option<Span>) -> String {
    refuse_impossible(&mut snapshot);
    if let Some(window) = window {
        snapshot.usage.keep_newest(window);
    }
    drawn(
        &pipeline::analyze(&snapshot, settings, &Silent),
        "json",
        &look(None),
    )
}

#[test]
fn parts_say_what_the_whole_says() {
    let settings = settings();
    for window in [None, Some(Span::WEEK)] {
        let parts = of_parts(&DEMO, &settings, window);
        assert!(
            parts == of_whole(DEMO.clone(), &settings, window),
            "{window:?}"
        );
    }
}

#[test]
fn what_cannot_be_is_taken_out_of_every_part() {
    let mut snapshot = DEMO.clone();
    // Kilobytes where bytes are meant, and a counter where a rate is.
    for series in &mut snapshot.usage.series {
        for memory in &mut series.memory_bytes {
            *memory = (*memory / 1024.0).round();
        }
    }
    snapshot.usage.series[7].cpu_cores.fill(5e4);
    let (settings, week) = (settings(), Some(Span::WEEK));
    let parts = of_parts(&snapshot, &settings, week);
    assert!(parts.contains("as kilobytes would be"));
    assert!(parts == of_whole(snapshot, &settings, week));
}

/// All files of a bundle but the one that tells of the others.
fn files(bundle: &Path) -> Vec<Vec<u8>> {
    let names = [
        "cluster.json",
        "workloads.json",
        "series.json",
        "usage.parquet",
    ];
    names
        .map(|name| fs::read(bundle.join(name)).unwrap())
        .into()
}

#[test]
fn a_bundle_written_part_by_part_is_that_of_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    snapshot::write(&DEMO, &place("shop.kcost")).unwrap();
    let read = record::read_within(&place("shop.kcost"), 0, PART).unwrap();
    let Read::Parts(mut read, parts) = read else {
        panic!("usage was read at once");
    };
    let usage = parts.sift(&mut read).unwrap();
    let stored = usage.of(&read);
    let samples = snapshot::write_with(&read, &stored, &place("again.kcost"), false).unwrap();
    assert_eq!(samples, DEMO.usage.samples());
    assert!(files(&place("again.kcost")) == files(&place("shop.kcost")));
    // Of every third workload alone.
    let asked: Vec<bool> = (0..read.workloads.len()).map(|it| it % 3 == 1).collect();
    let mut some = DEMO.clone();
    some.retain(&asked);
    snapshot::write(&some, &place("some.kcost")).unwrap();
    let mut left = read.clone();
    left.retain(&asked);
    let chosen = stored.chosen(&asked);
    snapshot::write_with(&left, &chosen, &place("chosen.kcost"), false).unwrap();
    assert!(files(&place("chosen.kcost")) == files(&place("some.kcost")));
}

#[test]
fn a_small_bundle_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.kcost");
    snapshot::write(&DEMO, &path).unwrap();
    let read = record::read_within(&path, record::WHOLE, record::PART).unwrap();
    assert!(matches!(read, Read::Whole(_)));
}
