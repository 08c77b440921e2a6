//! Use that leaves its own course: fires, does not, cannot know; and what belongs together.

use jiff::SignedDuration;
use kcost::finding::Severity;
use kcost::risk::{Choice, Fact, Risk};
use kcost::snapshot::{Metric, Snapshot};
use kcost::units::single;

use super::noise::{Kind, Random, series};
use super::{fact, found, none, only, risks, severity, unknown};
use crate::made::{container, workload};
use crate::played::{MIB, cluster, play};

/// Half hours.
const STEP: i64 = 1_800;
const DAY: usize = 48;
const SLOTS: usize = 14 * DAY;

pub(super) fn kind(risk: &Risk) -> String {
    let found = risk.evidence.iter().find(|it| it.name == "kind").unwrap();
    match &found.fact {
        Fact::Text(kind) => kind.clone(),
        other => panic!("{other:?}"),
    }
}

/// A day with a rhythm, and what is made of it.
fn daily(change: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    let values = series(Kind::Daily, 7, STEP, 14).into_iter().enumerate();
    values.map(|(slot, it)| change(slot, it)).collect()
}

/// One Deployment of so many pods that share its CPU; each holds 100 MiB.
fn sharing(snapshot: &mut Snapshot, name: &str, pods: u32, cpu: &[f64]) {
    let one = workload("Deployment", name, pods, vec![container("app", 100, 256)]);
    play(snapshot, one, |_, slot| {
        let value = cpu[usize::try_from(slot).unwrap()];
        (value / f64::from(pods), 100.0 * MIB)
    });
}

pub(super) fn with(cpu: &[f64]) -> Snapshot {
    let mut snapshot = cluster(14);
    sharing(&mut snapshot, "api", 2, cpu);
    snapshot
}

/// Without memory, as a file of one column has it.
fn alone(cpu: &[f64]) -> Snapshot {
    let mut snapshot = with(cpu);
    for series in &mut snapshot.usage.series {
        series.memory_bytes.fill(f32::NAN);
    }
    snapshot
}

#[test]
fn a_spike_tells_when_and_how_far() {
    let at = 10 * DAY + 11;
    let cpu = daily(|slot, it| {
        if (at..at + 4).contains(&slot) {
            it + 4.0
        } else {
            it
        }
    });
    for snapshot in [with(&cpu), alone(&cpu)] {
        let spike = only(&snapshot, "anomaly");
        assert_eq!(kind(&spike), "spike");
        let grid = snapshot.usage.grid;
        assert_eq!(spike.since, Some(grid.time(u32::try_from(at).unwrap())));
        assert_eq!(spike.until, Some(grid.time(u32::try_from(at + 4).unwrap())));
        assert_eq!(spike.container.as_deref(), Some("app"));
        assert!(fact(&spike, "seen_cpu_cores") > 4.0);
        assert!(fact(&spike, "expected_cpu_cores") < 2.0);
        assert!(fact(&spike, "times_usual_spread") > 7.0);
        assert!(fact(&spike, "by_chance_once_in_days") >= 60.0);
        assert!(spike.text.contains("for 2 hours from"), "{}", spike.text);
        assert!(!spike.action.text.is_empty());
    }
}

#[test]
fn what_goes_on_is_told_without_asking_and_what_is_over_is_not() {
    let stops = daily(|slot, it| if slot >= SLOTS - 4 { 0.0 } else { it });
    let snapshot = with(&stops);
    let told = risks(&snapshot);
    let now = told.chosen(&Choice {
        checks: vec!["anomaly"],
        ..Choice::default()
    });
    assert_eq!(now.len(), 1);
    assert_eq!((now[0].until, severity(now[0])), (None, Severity::Medium));
    assert!(
        now[0].text.contains("as good as nothing"),
        "{}",
        now[0].text
    );
    let over = daily(|slot, it| {
        if (SLOTS - 90..SLOTS - 86).contains(&slot) {
            0.0
        } else {
            it
        }
    });
    let told = risks(&with(&over));
    let now = told.chosen(&Choice {
        checks: vec!["anomaly"],
        ..Choice::default()
    });
    assert!(now.is_empty(), "{now:?}");
}

#[test]
fn a_new_level_and_a_peak_that_does_not_come_have_their_names() {
    let shifts = series(Kind::White, 3, STEP, 14).into_iter().enumerate();
    let shifts: Vec<f64> = shifts
        .map(|(slot, it)| if slot >= 9 * DAY { 2.0 * it } else { it })
        .collect();
    let shift = only(&with(&shifts), "anomaly");
    assert_eq!(kind(&shift), "level_shift");
    assert!(shift.text.contains("CPU rose from"), "{}", shift.text);
    // A Wednesday that is like its night.
    let lost = daily(|slot, it| if slot / DAY == 9 { it.min(0.5) } else { it });
    assert_eq!(kind(&only(&with(&lost), "anomaly")), "lost_rhythm");
}

#[test]
fn rhythms_habits_and_more_pods_are_no_anomalies() {
    none(&with(&daily(|_, it| it)), "anomaly");
    // A backup every third day at another hour.
    let often = daily(|slot, it| {
        let day = slot / DAY;
        let at = (day * 11) % 40;
        if day.is_multiple_of(3) && (at..at + 3).contains(&(slot % DAY)) {
            it + 4.0
        } else {
            it
        }
    });
    none(&with(&often), "anomaly");
    // The same at this hour of the week before.
    let weekly = daily(|slot, it| {
        if (100..104).contains(&(slot % (7 * DAY))) {
            it + 4.0
        } else {
            it
        }
    });
    none(&with(&weekly), "anomaly");
    // Twice the pods, each with what it uses by itself.
    let idle = |slots: std::ops::Range<usize>, pod: &str| {
        let mut random = Random::new(5);
        let mut snapshot = cluster(14);
        sharing(&mut snapshot, pod, 1, &vec![0.0; SLOTS]);
        let one = &mut snapshot.usage.series[0];
        one.first = u32::try_from(slots.start).unwrap();
        one.cpu_cores = slots
            .clone()
            .map(|_| single(0.5 + 0.01 * random.normal()))
            .collect();
        one.memory_bytes = slots.map(|_| single(100.0 * MIB)).collect();
        one.clone()
    };
    let mut snapshot = with(&vec![0.0; SLOTS]);
    snapshot.usage.series = [
        ("api-0", 0..SLOTS),
        ("api-1", 0..SLOTS),
        ("api-2", 500..SLOTS),
        ("api-3", 500..SLOTS),
    ]
    .map(|(pod, slots)| kcost::snapshot::Series {
        pod: pod.to_owned(),
        ..idle(slots, "api")
    })
    .into();
    none(&snapshot, "anomaly");
}

#[test]
fn a_rollout_and_a_restart_explain_what_follows() {
    let at = 10 * DAY;
    let shifts = series(Kind::White, 3, STEP, 14).into_iter().enumerate();
    let shifts: Vec<f64> = shifts
        .map(|(slot, it)| if slot >= at { 2.0 * it } else { it })
        .collect();
    let mut snapshot = with(&shifts);
    let begun = snapshot.usage.grid.time(u32::try_from(at).unwrap());
    snapshot.workloads[0].template_changed = Some(begun - SignedDuration::from_mins(20));
    none(&snapshot, "anomaly");
    snapshot.workloads[0].template_changed = Some(begun - SignedDuration::from_hours(30));
    only(&snapshot, "anomaly");
    snapshot.workloads[0].template_changed = None;
    let mut killed = super::killed(&snapshot, "api-0", 0.0);
    killed.finished = Some(begun - SignedDuration::from_mins(10));
    snapshot.workloads[0].containers[0].terminations = vec![killed];
    none(&snapshot, "anomaly");
}

#[test]
fn little_history_and_holes_are_named() {
    let mut snapshot = cluster(4);
    let values = series(Kind::White, 3, STEP, 4);
    sharing(&mut snapshot, "api", 1, &values);
    none(&snapshot, "anomaly");
    assert_eq!(
        unknown(&snapshot, "anomaly"),
        ["1 workload with less than five days of use, which does not tell what is usual"]
    );
    let mut holes = daily(|slot, it| if slot / DAY % 3 == 2 { it } else { f64::NAN });
    holes[0] = 1.0;
    holes[SLOTS - 1] = 1.0;
    let mut snapshot = with(&holes);
    for series in &mut snapshot.usage.series {
        series.memory_bytes.fill(f32::NAN);
    }
    // Four and a half days in all.
    assert_eq!(unknown(&snapshot, "anomaly").len(), 1);
    // A job works when there is work.
    let mut snapshot = with(&daily(|slot, it| if slot == 500 { 9.0 } else { it }));
    snapshot.workloads[0].batch = true;
    none(&snapshot, "anomaly");
}

#[test]
fn memory_and_traffic_are_looked_at_too() {
    let at = 10 * DAY;
    let mut snapshot = with(&series(Kind::White, 3, STEP, 14));
    let mut random = Random::new(9);
    for series in &mut snapshot.usage.series {
        for (slot, memory) in series.memory_bytes.iter_mut().enumerate() {
            let more = if (at..at + 6).contains(&slot) {
                300.0
            } else {
                100.0
            };
            *memory = single((more + random.normal()).round() * MIB);
        }
    }
    let memory = only(&snapshot, "anomaly");
    assert!(
        memory.text.starts_with("memory of a pod was 30"),
        "{}",
        memory.text
    );
    let mut snapshot = with(&series(Kind::White, 3, STEP, 14));
    for one in &mut snapshot.usage.series {
        let bytes = (0..SLOTS).map(|slot| {
            let more = if (at..at + 6).contains(&slot) {
                9e6
            } else {
                1e6
            };
            single(more * (1.0 + 0.1 * random.normal()))
        });
        let bytes: Vec<f32> = bytes.collect();
        one.more.insert(Metric::NetworkBytesPerSecond, bytes.into());
    }
    let traffic = only(&snapshot, "anomaly");
    assert!(traffic.text.starts_with("traffic was"), "{}", traffic.text);
}

/// So many workloads that stop at these slots.
fn stopping(at: &[usize]) -> Snapshot {
    let mut snapshot = cluster(14);
    for (number, at) in at.iter().enumerate() {
        let seed = u64::try_from(number).unwrap() + 20;
        let values = series(Kind::Daily, seed, STEP, 14).into_iter().enumerate();
        let values: Vec<f64> = values
            .map(|(slot, it)| if slot >= *at { 0.0 } else { it })
            .collect();
        sharing(&mut snapshot, &format!("app-{number}"), 1, &values);
    }
    for workload in &mut snapshot.workloads {
        for pod in &mut workload.pods {
            pod.node = None;
        }
    }
    snapshot
}

#[test]
fn what_begins_together_is_one_incident_with_its_first() {
    let snapshot = stopping(&[SLOTS - 5, SLOTS - 6, SLOTS - 5]);
    let told = risks(&snapshot);
    let choice = Choice {
        checks: vec!["anomaly"],
        ..Choice::default()
    };
    let chosen = told.chosen(&choice);
    let incidents = told.incidents(&snapshot, &chosen);
    assert_eq!(incidents.len(), 1, "{incidents:?}");
    let one = &incidents[0];
    assert_eq!((one.workloads, one.findings.len()), (3, 3));
    assert_eq!(one.first.name, "app-1");
    assert_eq!(chosen[one.findings[0]].subject.name, "app-1");
    assert_eq!(one.until, None);
    assert!(
        one.text.ends_with(
            "3 workloads of namespace shop, first shop/app-1, less than 60 minutes before the others"
        ),
        "{}",
        one.text
    );
    assert_eq!(one.hint, None);
    assert_eq!(one.lead, Some(SignedDuration::from_mins(30)));
    // Of what begins at the same sample nobody is first.
    let snapshot = stopping(&[SLOTS - 5, SLOTS - 5, SLOTS - 5]);
    let told = risks(&snapshot);
    let chosen = told.chosen(&choice);
    let one = told.incidents(&snapshot, &chosen).remove(0);
    assert_eq!(one.lead, None);
    assert!(
        one.text.ends_with(
            "shop/app-0 or shop/app-1 or shop/app-2 first: samples 30 minutes apart do not tell which"
        ),
        "{}",
        one.text
    );
}

#[test]
fn what_begins_apart_or_elsewhere_is_no_incident() {
    let incidents = |snapshot: &Snapshot| {
        let told = risks(snapshot);
        let chosen = told.chosen(&Choice::default());
        told.incidents(snapshot, &chosen)
    };
    assert!(incidents(&stopping(&[SLOTS - 5, SLOTS - 9])).is_empty());
    let mut elsewhere = stopping(&[SLOTS - 5, SLOTS - 5]);
    elsewhere.workloads[0].id.namespace = "pay".to_owned();
    assert!(incidents(&elsewhere).is_empty());
    // On the same node it is one.
    for workload in &mut elsewhere.workloads {
        workload.pods[0].node = Some("n0".to_owned());
    }
    let one = incidents(&elsewhere).remove(0);
    assert!(one.text.contains("2 workloads on node n0"), "{}", one.text);
    // And says what was rolled out just before.
    let since = one.since;
    elsewhere.workloads.push(elsewhere.workloads[0].clone());
    elsewhere.workloads[2].id.name = "config".to_owned();
    elsewhere.workloads[2].template_changed = Some(since - SignedDuration::from_mins(5));
    let hint = incidents(&elsewhere).remove(0).hint;
    assert_eq!(
        hint.as_deref(),
        Some("a new version of pay/config was rolled out")
    );
}

#[test]
fn a_bursting_series_may_burst() {
    assert!(found(&with(&series(Kind::Bursts, 2, STEP, 14)), "anomaly").len() <= 1);
}
