//! What runs out: volumes, certificates, traffic.

use jiff::SignedDuration;
use kcost::finding::Severity;
use kcost::snapshot::{Certificate, Metric, Snapshot, VolumeClaim, VolumeUse};
use kcost::units::{Bytes, single};

use super::{days_until, fact, none, only, severity, unknown};
use crate::made::{container, workload};
use crate::played::{MIB, cluster, play};

/// A claim of 100 GiB that holds so many GiB on each of 14 days, at its fullest.
fn claim(used: impl Fn(f64) -> f64) -> Snapshot {
    let mut snapshot = cluster(14);
    let db = workload("StatefulSet", "db", 1, vec![container("db", 100, 256)]);
    play(&mut snapshot, db, |_, _| (0.1, 100.0 * MIB));
    let end = snapshot.usage.grid.end();
    let point = |number: i64| {
        let day = f64::from(i32::try_from(number).unwrap()) / 4.0;
        // Less at night.
        let wave = if number % 4 == 1 { 0.0 } else { -3.0 };
        VolumeUse {
            at: end - SignedDuration::from_hours(6 * (56 - number)),
            used: Some(Bytes::from_f64((used(day) + wave) * 1024.0 * MIB)),
            inodes_used: None,
        }
    };
    let history: Vec<VolumeUse> = (1..=56).map(point).collect();
    snapshot.cluster.volume_claims = vec![VolumeClaim {
        namespace: "shop".to_owned(),
        name: "data-db-0".to_owned(),
        storage_class: None,
        requested: Bytes::gib(100),
        phase: "Bound".to_owned(),
        used: history.last().and_then(|it| it.used),
        capacity: Some(Bytes::gib(100)),
        history,
        ..VolumeClaim::default()
    }];
    snapshot
}

#[test]
fn a_volume_that_fills_says_when_it_is_full() {
    let full = only(&claim(|day| 52.0 + 3.0 * day), "volume_filling");
    // 91 of 100 in use and 3 more a day.
    let at = days_until(&claim(|_| 0.0), full.impact.unwrap().at);
    assert!((2.0..4.5).contains(&at), "{at}");
    assert!((fact(&full, "growth_bytes_per_day") / (1024.0 * MIB) - 3.0).abs() < 0.2);
    assert_eq!(full.subject.kind, "PersistentVolumeClaim");
    assert!(full.chance.unwrap().probability > 0.5);
    assert!(severity(&full) >= Severity::Medium);
    assert!(
        full.text
            .contains("of its space is left, and none in about 3 days"),
        "{}",
        full.text
    );
}

#[test]
fn a_volume_with_time_or_room_or_a_cleanup_does_not_fill() {
    // Nine days to go.
    none(&claim(|day| 58.0 + 2.0 * day), "volume_filling");
    // Three days to go by the trend, with half of it free: it cannot be.
    none(&claim(|_| 95.0), "volume_filling");
    // Cleaned up every five days, and no fuller than before.
    none(&claim(|day| 50.0 + 8.0 * (day % 5.0)), "volume_filling");
    // Nearly full, and it rests there.
    let full = only(&claim(|_| 100.5), "volume_filling");
    assert!(full.text.contains("of its space is left"), "{}", full.text);
}

/// At 20 of 100 GiB, then up along a line to `top` within so many hours; a point every hour
/// of the last three days.
fn filled(hours: i64, top: f64) -> Snapshot {
    let mut snapshot = claim(|_| 20.0);
    let end = snapshot.usage.grid.end();
    let point = |ago: i64| {
        let share = f64::from(i32::try_from((hours - ago).max(0)).unwrap());
        let rise = (top - 20.0) * share / f64::from(i32::try_from(hours).unwrap());
        VolumeUse {
            at: end - SignedDuration::from_hours(ago),
            used: Some(Bytes::from_f64((20.0 + rise) * 1024.0 * MIB)),
            inodes_used: None,
        }
    };
    let past = (13..56).rev().map(|it| point(6 * it));
    let history: Vec<VolumeUse> = past.chain((0..=72).rev().map(point)).collect();
    let volume = &mut snapshot.cluster.volume_claims[0];
    volume.used = history.last().and_then(|it| it.used);
    volume.history = history;
    snapshot
}

#[test]
fn a_volume_that_began_to_fill_this_morning_is_told() {
    for (hours, top) in [
        (24, 93.0),
        (24, 80.0),
        (12, 90.0),
        (6, 96.0),
        (48, 85.0),
        (72, 80.0),
    ] {
        let snapshot = filled(hours, top);
        let full = only(&snapshot, "volume_filling");
        let left = (100.0 - top) / (top - 20.0) * f64::from(i32::try_from(hours).unwrap()) / 24.0;
        let at = days_until(&snapshot, full.impact.unwrap().at);
        assert!((at - left).abs() < 0.1 * left + 0.02, "{at}, not {left}");
        assert!(severity(&full) >= Severity::Medium, "{}", full.text);
    }
    // With half of it free there is time to look.
    none(&filled(24, 50.0), "volume_filling");
}

#[test]
fn a_volume_that_rests_or_is_meant_to_be_full_does_not_fill() {
    let flat = |gib: f64| {
        let mut snapshot = filled(6, 20.0);
        let volume = &mut snapshot.cluster.volume_claims[0];
        for point in &mut volume.history {
            point.used = Some(Bytes::from_f64(gib * 1024.0 * MIB));
        }
        volume.used = volume.history[0].used;
        snapshot
    };
    let rests = only(&flat(98.0), "volume_filling");
    assert_eq!((rests.chance, severity(&rests)), (None, Severity::Low));
    assert_eq!(rests.text, "2% of its space is left, as for 14 days");
    none(&flat(96.0), "volume_filling");
    let mut meant = filled(24, 93.0);
    meant.cluster.volume_claims[0].may_be_full = true;
    none(&meant, "volume_filling");
}

#[test]
fn inodes_run_out_as_well() {
    let mut snapshot = claim(|_| 20.0);
    let claim = &mut snapshot.cluster.volume_claims[0];
    claim.inodes = Some(1_000_000);
    for (number, point) in (0_u64..).zip(&mut claim.history) {
        point.inodes_used = Some(400_000 + 10_000 * number);
    }
    let inodes = only(&snapshot, "volume_filling");
    assert!(
        inodes.text.contains("of its inodes is left"),
        "{}",
        inodes.text
    );
    assert!((fact(&inodes, "inodes") - 1e6).abs() < 1e-6);
}

#[test]
fn a_volume_that_nobody_measures_is_unknown() {
    let mut snapshot = claim(|day| 52.0 + 3.0 * day);
    snapshot.cluster.volume_claims[0].used = None;
    none(&snapshot, "volume_filling");
    assert_eq!(
        unknown(&snapshot, "volume_filling"),
        ["1 volume whose use is not measured"]
    );
    // Nearly full is known without a history.
    let mut young = claim(|_| 101.0);
    young.cluster.volume_claims[0].history.clear();
    assert_eq!(only(&young, "volume_filling").impact, None);
}

#[test]
fn a_certificate_that_was_never_issued_has_no_date() {
    let mut snapshot = claim(|_| 20.0);
    snapshot.cluster.certificates = vec![Certificate {
        namespace: Some("shop".to_owned()),
        name: "web-tls".to_owned(),
        expires: jiff::Timestamp::UNIX_EPOCH,
    }];
    let waits = only(&snapshot, "certificate_expires");
    assert!(waits.text.starts_with("it has not been issued yet"));
    assert_eq!((severity(&waits), waits.impact), (Severity::Low, None));
}

#[test]
fn a_certificate_that_nobody_renewed_is_told_a_week_before() {
    let mut snapshot = claim(|_| 20.0);
    let end = snapshot.usage.grid.end();
    let mut expires = |hours: i64| {
        snapshot.cluster.certificates = vec![Certificate {
            namespace: Some("shop".to_owned()),
            name: "web-tls".to_owned(),
            expires: end + SignedDuration::from_hours(hours),
        }];
        super::found(&snapshot, "certificate_expires").pop()
    };
    let soon = expires(6 * 24).unwrap();
    assert_eq!(
        (soon.text.as_str(), severity(&soon)),
        ("it expires in 6 days", Severity::Medium)
    );
    assert_eq!(severity(&expires(20).unwrap()), Severity::High);
    assert_eq!(expires(-30).unwrap().text, "it has expired, 30 hours ago");
    assert_eq!(expires(8 * 24), None);
}

/// A pod whose network carries so many bytes a second in each half hour.
fn carrying(bytes: impl Fn(usize) -> f64) -> Snapshot {
    let mut snapshot = cluster(14);
    let api = workload("Deployment", "api", 1, vec![container("app", 100, 256)]);
    play(&mut snapshot, api, |_, _| (0.1, 100.0 * MIB));
    let series = &mut snapshot.usage.series[0];
    let values: Vec<f32> = (0..series.cpu_cores.len())
        .map(|slot| single(bytes(slot)))
        .collect();
    series
        .more
        .insert(Metric::NetworkBytesPerSecond, values.into());
    snapshot
}

#[test]
fn traffic_that_stops_at_once_is_lost_and_a_quiet_night_is_not() {
    let lost = carrying(|slot| {
        if slot < 14 * 48 - 5 {
            1e6 + 1e4 * f64::from(u32::try_from(slot % 7).unwrap())
        } else {
            100.0
        }
    });
    let found = only(&lost, "traffic_lost");
    assert!(
        found.text.starts_with("its traffic fell from"),
        "{}",
        found.text
    );
    let night = carrying(|slot| if slot % 48 < 40 { 1e6 } else { 100.0 });
    none(&night, "traffic_lost");
    none(&carrying(|_| 1e6), "traffic_lost");
    // By day there is some each day, so that none at noon is a loss, whatever the night has.
    let noon = carrying(|slot| match slot {
        _ if slot >= 14 * 48 - 5 => 0.0,
        _ if slot % 48 < 8 => 100.0,
        _ => 1e6,
    });
    let noon = only(&noon, "traffic_lost");
    assert!(noon.text.contains(" to 0B/s for "), "{}", noon.text);
    // Nothing was there to lose.
    none(
        &carrying(|slot| if slot < 600 { 500.0 } else { 0.0 }),
        "traffic_lost",
    );
}

#[test]
fn traffic_that_nobody_counts_is_unknown() {
    let mut snapshot = carrying(|_| 1e6);
    snapshot.usage.series[0].more.clear();
    assert_eq!(
        unknown(&snapshot, "traffic_lost"),
        ["1 workload whose traffic is not counted"]
    );
    assert_eq!(
        unknown(&snapshot, "network_faults"),
        ["1 workload whose lost packets are not counted"]
    );
    // Of the network of its node nothing is told here.
    for pod in &mut snapshot.workloads[0].pods {
        pod.host_network = true;
    }
    for check in ["traffic_lost", "network_faults"] {
        assert_eq!(unknown(&snapshot, check), [] as [&str; 0]);
    }
}

/// The same pod, that loses such a share of its packets in each half hour.
fn losing(share: impl Fn(usize) -> f64) -> Snapshot {
    let mut snapshot = carrying(|_| 1e6);
    let series = &mut snapshot.usage.series[0];
    let values: Vec<f32> = (0..series.cpu_cores.len())
        .map(|slot| single(share(slot)))
        .collect();
    let none = vec![0.0; values.len()];
    series.more.insert(Metric::NetworkDropRatio, values.into());
    series.more.insert(Metric::NetworkErrorRatio, none.into());
    snapshot
}

#[test]
fn packets_that_are_dropped_for_hours_are_told() {
    let end = 14 * 48;
    let found = only(
        &losing(|slot| if slot >= end - 8 { 0.031 } else { 0.0001 }),
        "network_faults",
    );
    assert_eq!(
        found.text,
        "up to 3.1% of its packets are dropped in 1 of 1 pod, in 4 hours"
    );
    assert_eq!((severity(&found), found.until), (Severity::Medium, None));
    // A blip, and what hardly anybody feels.
    none(
        &losing(|slot| if slot >= end - 4 { 0.2 } else { 0.0 }),
        "network_faults",
    );
    none(&losing(|_| 0.009), "network_faults");
    // Of days ago: it is over.
    let over = only(
        &losing(|slot| {
            if (200..208).contains(&slot) {
                0.06
            } else {
                0.0
            }
        }),
        "network_faults",
    );
    assert!(over.until.is_some() && over.since < over.until);
}
