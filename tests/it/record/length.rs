//! How long and how often it records, and what is said of that.

use std::fs;
use std::thread;
use std::time::Duration;

use super::{Place, codes, lines, small};
use crate::common::Kcost;
use crate::standin::Setup;

#[test]
fn a_recording_becomes_a_whole_bundle() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    place.record("5s", &[]).ended(0);
    let read = place.read();
    assert_eq!(codes(&read), Vec::<&str>::new());
    assert_eq!(read.workloads.len(), 1);
    assert_eq!(read.usage.grid.step.as_secs(), 1);
    let samples = read.usage.samples();
    assert!((4..=6).contains(&samples), "{samples}");
    assert_eq!(read.usage.series[0].memory_bytes[..1], [67_108_864.0]);
    assert!(
        read.usage.series[0]
            .cpu_cores
            .iter()
            .all(|cpu| *cpu >= 0.1 || cpu.is_nan())
    );
    // Everything is in the tables, and the log is short again.
    assert_eq!(lines(&place.log()), 2);
    assert_eq!(place.left_over(), Vec::<String>::new());
    let kept = fs::read_to_string(place.bundle.join("snapshot.json")).unwrap();
    assert!(
        !kept.contains("recording.log"),
        "the log grows, and is listed by no sum"
    );
}

#[test]
fn a_recording_goes_on_until_it_is_long_enough() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    place.record("2s", &[]).ended(0);
    let first = place.read();
    let again = place.record("2s", &["-v"]);
    assert_eq!(again.exit, 2, "-q and -v exclude each other");
    let asked = standin.asked().len();
    place.record("2s", &[]).ended(0);
    assert_eq!(standin.asked().len(), asked, "there is nothing left to ask");
    // A sample that is missing is equal to none.
    assert_eq!(format!("{:?}", place.read()), format!("{first:?}"));
    thread::sleep(Duration::from_secs(3));
    place.record("4s", &[]).ended(0);
    let longer = place.read();
    assert!(longer.usage.samples() > first.usage.samples());
    assert_eq!(longer.usage.grid.start, first.usage.grid.start);
    assert_eq!(codes(&longer), ["recording-paused"]);
}

#[test]
fn a_short_recording_says_how_much_longer_it_has_to_be() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    place.record("3s", &[]).ended(0);
    let seen = Kcost::new()
        .args(["analyze", "-o", "json", "--snapshot"])
        .arg(&place.bundle)
        .run()
        .ended(0)
        .json();
    let workload = &seen["workloads"][0];
    assert_eq!(workload["state"], "unknown");
    let reasons = workload["containers"][0]["reasons"].to_string();
    assert!(reasons.contains("record 3.0 days more"), "{reasons}");
}

#[test]
fn senseless_intervals_are_wrong_usage() {
    let seen = Kcost::new()
        .args([
            "snapshot", "--record", "10s", "--every", "30s", "-o", "x.kcost",
        ])
        .run()
        .ended(2);
    assert!(
        seen.stderr.contains("`--every 30s` is longer"),
        "{}",
        seen.stderr
    );
    Kcost::new()
        .args(["snapshot", "--record", "10s", "--demo", "-o", "x.kcost"])
        .run()
        .ended(2);
}

#[test]
fn more_often_than_it_is_measured_is_warned_of() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    let seen = Kcost::new()
        .env("KUBECONFIG", &place.config)
        .args(["snapshot", "--record", "1s", "--every", "1s", "-o"])
        .arg(&place.bundle)
        .run()
        .ended(0);
    let said = seen
        .stderr
        .replace(&*place.bundle.to_string_lossy(), "r.kcost");
    insta::assert_snapshot!(said, @"
    warning: metrics-server measures no more often than every 15s, so `--every 1s` mostly finds nothing new
    recording 1s into r.kcost, a sample every 1s; Ctrl-C stops, and the same command continues
    wrote r.kcost: 1 workload, 1 sample
    next: kcost analyze --snapshot r.kcost
    ");
}
