//! How far data can be trusted, as one number with its parts, and what it does to confidence.

use kcost::recommend::{Confidence, DataQuality, Options, WorkloadAdvice};
use kcost::snapshot::{Snapshot, Workload};
use kcost::units::Span;

use crate::common::demo;
use crate::made::{container, workload};
use crate::played::{MIB, advised, cluster, play};

/// A workload that does the same all the time, for so many days.
fn steady(days: u32) -> Snapshot {
    let mut snapshot = cluster(days);
    play(&mut snapshot, api(), |_, slot| {
        let wave = f64::from(slot % 7);
        (0.2 + 0.01 * wave, (300.0 + wave) * MIB)
    });
    snapshot
}

fn api() -> Workload {
    workload("Deployment", "api", 2, vec![container("app", 1000, 1024)])
}

/// Takes out these slots of every series.
fn without(mut snapshot: Snapshot, gone: impl Fn(u32) -> bool) -> Snapshot {
    for series in &mut snapshot.usage.series {
        let pairs = series.cpu_cores.iter_mut().zip(&mut series.memory_bytes);
        for (slot, (cpu, memory)) in (series.first..).zip(pairs) {
            if gone(slot) {
                *cpu = f32::NAN;
                *memory = f32::NAN;
            }
        }
    }
    snapshot
}

fn first(snapshot: &Snapshot) -> WorkloadAdvice {
    advised(snapshot, &Options::default()).workloads.remove(0)
}

fn quality(snapshot: &Snapshot) -> DataQuality {
    first(snapshot).data_quality
}

/// Slots a day.
const DAY: u32 = 48;

#[test]
fn a_fortnight_without_a_gap_is_whole() {
    let quality = quality(&steady(14));
    assert_eq!((quality.score, quality.gaps), (100, 0));
    assert_eq!(quality.age, Some(Span::default()));
    assert!(quality.doubts.is_empty(), "{:?}", quality.doubts);
    assert_eq!(quality.allows, Confidence::High);
}

#[test]
fn a_shorter_history_is_worth_less() {
    let scores = [14, 7, 3, 1].map(|days| quality(&steady(days)).score);
    assert!(scores.is_sorted_by(|a, b| a > b), "{scores:?}");
    assert_eq!(quality(&steady(7)).allows, Confidence::Medium);
    assert_eq!(quality(&steady(3)).allows, Confidence::Low);
}

#[test]
fn gaps_take_what_they_hide() {
    let holes = quality(&without(steady(14), |slot| slot % 4 == 1));
    assert!((70..80).contains(&holes.score), "{}", holes.score);
    assert!(holes.gaps > 100 && (holes.coverage.get() - 0.75).abs() < 0.01);
    assert_eq!(holes.allows, Confidence::Medium);
    let long = quality(&without(steady(14), |slot| {
        (5 * DAY..6 * DAY + 1).contains(&slot)
    }));
    assert_eq!((long.gaps, long.doubts[0].code), (1, "long_gap"));
    assert_eq!(long.allows, Confidence::High);
}

#[test]
fn what_is_old_holds_confidence_down_and_no_size() {
    let mut fresh = steady(16);
    let mut stale = fresh.clone();
    // The same fortnight, and two days of nothing behind it.
    stale = without(stale, |slot| slot >= 14 * DAY);
    fresh.usage.grid.len = 14 * DAY;
    fresh = without(fresh, |slot| slot >= 14 * DAY);
    for series in &mut fresh.usage.series {
        let len = 14 * DAY as usize;
        series.cpu_cores.truncate(len);
        series.memory_bytes.truncate(len);
    }
    let (fresh, stale) = (first(&fresh), first(&stale));
    assert_eq!(stale.data_quality.age, Some(Span::days(2)));
    assert!(stale.data_quality.score < fresh.data_quality.score);
    assert_eq!(stale.data_quality.allows, Confidence::Medium);
    assert!(stale.confidence <= Confidence::Medium);
    assert_eq!(stale.containers[0].sizing, fresh.containers[0].sizing);
}

#[test]
fn one_signal_of_two_is_a_doubt() {
    let mut snapshot = steady(14);
    for series in &mut snapshot.usage.series {
        series.memory_bytes.fill(f32::NAN);
    }
    let quality = quality(&snapshot);
    assert_eq!(quality.doubts[0].code, "no_memory");
    assert!(quality.score <= 60 && quality.allows == Confidence::Medium);
}

#[test]
fn nothing_known_is_zero_and_no_age() {
    let mut snapshot = steady(14);
    snapshot.usage.series.clear();
    let quality = quality(&snapshot);
    assert_eq!((quality.score, quality.age), (0, None));
    assert_eq!(quality.allows, Confidence::None);
}

#[test]
fn the_number_and_its_parts_are_in_json_and_in_words() {
    let json = demo(&["analyze", "-o", "json"]).ended(0).json();
    let workloads = json["workloads"].as_array().unwrap();
    for workload in workloads {
        let quality = &workload["data_quality"];
        assert!(quality["score"].as_u64().unwrap() <= 100, "{workload}");
        for key in ["coverage", "history_days", "gaps", "longest_gap_seconds"] {
            assert!(quality[key].is_number(), "{key} of {workload}");
        }
        assert!(quality["doubts"].is_array() && quality["allows"].is_string());
        // Held down by it, and never above.
        let order = ["none", "low", "medium", "high"];
        let rank = |it: &serde_json::Value| order.iter().position(|name| it == name).unwrap();
        assert!(
            rank(&workload["confidence"]) <= rank(&quality["allows"]),
            "{workload}"
        );
    }
    let text = demo(&["explain", "wishlist"]).ended(0).stdout;
    assert!(
        text.contains("data quality 100 of 100: 28d of history"),
        "{text}"
    );
}

#[test]
fn memory_without_cpu_is_half_seen() {
    let mut snapshot = steady(14);
    for series in &mut snapshot.usage.series {
        series.cpu_cores[..10 * DAY as usize].fill(f32::NAN);
    }
    let quality = quality(&snapshot);
    assert!((quality.coverage.get() - 4.0 / 14.0).abs() < 0.02);
    assert_eq!(quality.doubts[0].code, "cpu_missing");
    assert!(
        quality.doubts[0].text.contains("71%"),
        "{:?}",
        quality.doubts
    );
    assert_eq!((quality.gaps, quality.allows), (0, Confidence::Low));
    // The first slot of each pod has no rate yet.
    let mut young = steady(14);
    for series in &mut young.usage.series {
        series.cpu_cores[0] = f32::NAN;
    }
    assert_eq!(self::quality(&young).score, 100);
}
