//! Leaks, kills and what comes before them.

use kcost::finding::Severity;
use kcost::recommend::Confidence;
use kcost::snapshot::{Container, Metric, Resources, Snapshot, Workload};
use kcost::units::{Bytes, single};

use super::{days_until, fact, found, killed, none, only, severity, unknown};
use crate::made::{container, workload};
use crate::played::{MIB, cluster, play};

/// A Deployment whose container may use so many MiB.
fn app(pods: u32, limit: u64) -> Workload {
    workload("Deployment", "api", pods, vec![limited(limit)])
}

fn limited(mib: u64) -> Container {
    Container {
        limits: Resources {
            memory: Some(Bytes::mib(mib)),
            ..Resources::default()
        },
        ..container("app", 100, 128)
    }
}

/// A fortnight of half hours.
fn played(workload: Workload, mib: impl Fn(usize, u32) -> f64) -> Snapshot {
    let mut snapshot = cluster(14);
    play(&mut snapshot, workload, |pod, slot| {
        (0.1, mib(pod, slot) * MIB)
    });
    snapshot
}

/// Up and down with the hour, and a little by chance.
fn wave(slot: u32) -> f64 {
    30.0 * f64::from(slot % 48) / 48.0 + 3.0 * f64::from(slot * 7 % 11)
}

fn day(slot: u32) -> f64 {
    f64::from(slot) / 48.0
}

#[test]
fn a_leak_says_when_it_reaches_the_limit() {
    let snapshot = played(app(2, 1000), |_, slot| {
        300.0 + 40.0 * day(slot) + wave(slot)
    });
    let leak = only(&snapshot, "memory_leak");
    // At 920 MiB with 40 a day: two days to go.
    let at = days_until(&snapshot, leak.impact.unwrap().at);
    assert!((1.5..2.5).contains(&at), "{at}");
    let impact = leak.impact.unwrap();
    assert!(impact.earliest <= impact.at && impact.latest.unwrap() >= impact.at);
    assert!((fact(&leak, "growth_bytes_per_day") / MIB - 40.0).abs() < 2.0);
    assert!(leak.chance.unwrap().probability > 0.7);
    assert_eq!(severity(&leak), Severity::Medium);
    assert!((fact(&leak, "pods_leaking") - 2.0).abs() < 1e-9);
    let when = "a day and reaches its limit of 1000Mi in about 2 days";
    assert!(leak.text.starts_with("memory leaks") && leak.text.contains(when));
    // No line makes it more than ever was measured.
    let most = 300.0 + 40.0 * 14.0 + 60.0;
    assert!((800.0..most).contains(&(fact(&leak, "memory_bytes") / MIB)));
    // It tells of the kill itself.
    none(&snapshot, "out_of_memory");
}

#[test]
fn collections_and_starts_anew_hide_no_leak() {
    // Collected every three hours, and begun anew five days ago.
    let snapshot = played(app(1, 2000), |_, slot| {
        let since = if slot < 9 * 48 { slot } else { slot - 9 * 48 };
        200.0 + 60.0 * day(since) + 25.0 * f64::from(slot % 6)
    });
    let leak = only(&snapshot, "memory_leak");
    assert!((fact(&leak, "growth_bytes_per_day") / MIB - 60.0).abs() < 6.0);
    let since = days_until(&snapshot, leak.since.unwrap());
    assert!((-4.1..-3.9).contains(&since), "{since}");
}

#[test]
fn what_comes_to_rest_steps_or_follows_the_load_does_not_leak() {
    let fills = |_, slot| 300.0 + 400.0 * (1.0 - (-day(slot) / 3.0).exp()) + wave(slot);
    none(&played(app(1, 1000), fills), "memory_leak");
    let steps = |_, slot| 300.0 + if slot > 300 { 300.0 } else { 0.0 } + wave(slot);
    none(&played(app(1, 1000), steps), "memory_leak");
    let flat = |_, slot| 300.0 + wave(slot);
    none(&played(app(1, 1000), flat), "memory_leak");
    let mut snapshot = cluster(14);
    play(&mut snapshot, app(1, 1000), |_, slot| {
        let busy = 1.0 + day(slot) / 7.0 + 0.5 * f64::from(slot / 48 * 5 % 3);
        (busy, (200.0 + 100.0 * busy) * MIB)
    });
    none(&snapshot, "memory_leak");
}

/// A fortnight of a rise that began so many days before its end, and ended so many before.
fn rising(began: f64, ended: f64, per_day: f64) -> Snapshot {
    played(app(1, 1024), move |_, slot| {
        let passed = day(slot).min(14.0 - ended) - (14.0 - began);
        300.0 + per_day * passed.max(0.0) + wave(slot) / 4.0
    })
}

#[test]
fn a_rise_that_is_over_leaks_no_more() {
    for ended in [1.0, 2.0, 3.0, 5.0, 7.0] {
        none(&rising(14.0, ended, 40.0), "memory_leak");
    }
    only(&rising(14.0, 0.0, 40.0), "memory_leak");
}

#[test]
fn a_leak_that_begins_within_a_life_is_told_from_then_on() {
    for (began, per_day) in [(2.0, 300.0), (3.0, 200.0), (5.0, 120.0), (9.0, 60.0)] {
        let snapshot = rising(began, 0.0, per_day);
        let leak = only(&snapshot, "memory_leak");
        let grows = fact(&leak, "growth_bytes_per_day") / MIB;
        assert!(
            (grows - per_day).abs() < 0.1 * per_day,
            "{grows}, not {per_day}"
        );
        let since = -days_until(&snapshot, leak.since.unwrap());
        assert!((since - began).abs() < 0.6, "{since}, not {began}");
    }
    // A step is none, and a day is too short to tell.
    none(&rising(2.0, 1.9, 4_000.0), "memory_leak");
    none(&rising(1.0, 0.0, 300.0), "memory_leak");
}

/// A fortnight of lives of a little more than three days, each of which uses so much by its
/// number and its age; the present one is so many days old.
fn lives(age: f64, mib: impl Fn(f64, f64) -> f64) -> Snapshot {
    const LIFE: f64 = 3.2;
    played(app(1, 1024), move |_, slot| {
        let passed = day(slot) - (14.0 - age) + 5.0 * LIFE;
        mib((passed / LIFE).floor(), passed.rem_euclid(LIFE)) + wave(slot) / 4.0
    })
}

#[test]
fn lives_before_tell_of_one_that_is_too_young() {
    for age in [0.3, 1.0, 2.0, 2.9] {
        let leak = only(&lives(age, |_, days| 200.0 + 200.0 * days), "memory_leak");
        let grows = fact(&leak, "growth_bytes_per_day") / MIB;
        assert!((grows - 200.0).abs() < 20.0, "{grows}");
        assert!(fact(&leak, "lives_leaking") > 2.0);
        assert!(leak.text.contains("lives before this one"), "{}", leak.text);
    }
    // Lives that rise to rest, and those that do not agree.
    let rests = lives(1.0, |_, days| 200.0 + 400.0 * days.min(0.5));
    none(&rests, "memory_leak");
    assert_eq!(unknown(&rests, "memory_leak").len(), 0);
    let unlike = |life: f64, days: f64| {
        let slopes = [(2.0, 130.0), (1.0, 400.0), (0.0, 40.0)];
        let slope = slopes.iter().find(|it| life % 3.0 >= it.0);
        100.0 + slope.map_or(0.0, |it| it.1) * days
    };
    none(&lives(1.0, unlike), "memory_leak");
}

#[test]
fn a_cache_of_files_is_no_leak() {
    let mut snapshot = rising(14.0, 0.0, 40.0);
    let unsure = only(&snapshot, "memory_leak");
    assert!(unsure.confidence < Confidence::High);
    assert!(
        unsure.text.contains("the cache of files may be in it"),
        "{}",
        unsure.text
    );
    let mut holds = |part: fn(f32) -> f32| {
        let series = snapshot.usage.series.last_mut().unwrap();
        let own: Vec<f32> = series.memory_bytes.iter().map(|it| part(*it)).collect();
        series.more.insert(Metric::MemoryRssBytes, own.into());
        found(&snapshot, "memory_leak")
    };
    assert_eq!(holds(|_| single(200.0 * MIB)), []);
    let sure = holds(|all| all - single(50.0 * MIB));
    assert_eq!(sure[0].confidence, Confidence::High);
    assert!(sure[0].text.ends_with("days"), "{}", sure[0].text);
}

#[test]
fn memory_that_follows_each_hours_load_is_none_of_its_own() {
    let load = |slot: u32| {
        let hour = f64::from(slot % 48) / 48.0 * std::f64::consts::TAU;
        (0.3 + 0.05 * day(slot)) * (1.0 + 0.3 * hour.sin())
    };
    let run = |leaks: f64| {
        let mut snapshot = cluster(14);
        play(&mut snapshot, app(1, 1024), |_, slot| {
            let mib = 150.0 + 400.0 * load(slot) + leaks * day(slot) + wave(slot) / 30.0;
            (load(slot), mib * MIB)
        });
        found(&snapshot, "memory_leak").len()
    };
    assert_eq!((run(0.0), run(25.0)), (0, 1));
}

#[test]
fn what_nobody_measures_any_more_is_unknown() {
    let mut snapshot = rising(14.0, 0.0, 0.0);
    let created = snapshot.usage.grid.start;
    snapshot.workloads[0].pods[0].created = Some(created);
    let series = snapshot.usage.series.last_mut().unwrap();
    series.cpu_cores.truncate(13 * 48);
    series.memory_bytes.truncate(13 * 48);
    let silent = "1 container whose pods run, and whose use was not measured in the last hour or \
                  longer";
    assert_eq!(unknown(&snapshot, "memory_leak"), [silent]);
}

#[test]
fn one_pod_of_three_is_no_leak_of_the_workload() {
    let one = |pod, slot| {
        let grows = if pod == 0 { 30.0 * day(slot) } else { 0.0 };
        300.0 + grows + wave(slot)
    };
    none(&played(app(3, 1000), one), "memory_leak");
}

#[test]
fn a_slow_rise_far_from_the_limit_does_not_matter() {
    // 1.5 MiB a day of 300: 7 % in a fortnight, and years to the limit.
    let slow = |_, slot| 300.0 + 1.5 * day(slot) + wave(slot);
    none(&played(app(1, 8000), slow), "memory_leak");
    let near = found(&played(app(1, 370), slow), "memory_leak");
    assert_eq!(near, [], "less than one in a hundred a day");
}

#[test]
fn a_life_of_two_days_is_too_short_to_tell() {
    let mut snapshot = cluster(2);
    play(&mut snapshot, app(1, 1000), |_, slot| {
        (0.1, (300.0 + 40.0 * day(slot)) * MIB)
    });
    none(&snapshot, "memory_leak");
    assert_eq!(
        unknown(&snapshot, "memory_leak"),
        ["1 container with less than three days of memory in the present life of its pods"]
    );
    assert_eq!(
        unknown(&snapshot, "out_of_memory"),
        ["1 container with a memory limit, and less than three days of memory"]
    );
}

#[test]
fn kills_that_follow_each_other_are_a_loop() {
    let mut snapshot = played(app(2, 400), |_, slot| 300.0 + wave(slot));
    let kills = [9.0, 7.0, 4.0, 1.0].map(|hours| killed(&snapshot, "api-0", hours));
    snapshot.workloads[0].containers[0].terminations = kills.to_vec();
    let looping = only(&snapshot, "oom_loop");
    assert_eq!(looping.text, "OOM-killed 4 times in 8 hours at 400Mi");
    assert_eq!(
        (severity(&looping), looping.until),
        (Severity::Medium, None)
    );
    let patch = looping.action.patch.unwrap();
    assert_eq!(
        (patch.kind.as_str(), patch.name.as_str()),
        ("Deployment", "api")
    );
    none(&snapshot, "out_of_memory");
    // On both of two pods nothing is left.
    let other = [8.0, 2.0].map(|hours| killed(&snapshot, "api-1", hours));
    snapshot.workloads[0].containers[0]
        .terminations
        .extend(other);
    assert_eq!(severity(&only(&snapshot, "oom_loop")), Severity::Critical);
}

#[test]
fn a_loop_that_is_over_is_told_of_the_window_alone() {
    let mut snapshot = played(app(2, 400), |_, slot| 300.0 + wave(slot));
    let kills = [80.0, 79.0, 78.0].map(|hours| killed(&snapshot, "api-0", hours));
    snapshot.workloads[0].containers[0].terminations = kills.to_vec();
    let looping = only(&snapshot, "oom_loop");
    assert!((days_until(&snapshot, looping.until.unwrap()) + 78.0 / 24.0).abs() < 1e-6);
    assert_eq!(looping.chance, None);
    let now = super::risks(&snapshot);
    let chosen = now.chosen(&kcost::risk::Choice::default());
    assert!(chosen.iter().all(|risk| risk.check != "oom_loop"));
}

#[test]
fn two_kills_in_a_fortnight_are_no_loop_but_may_come_again() {
    let mut snapshot = played(app(2, 400), |_, slot| 300.0 + wave(slot));
    let kills = [200.0, 30.0].map(|hours| killed(&snapshot, "api-0", hours));
    snapshot.workloads[0].containers[0].terminations = kills.to_vec();
    none(&snapshot, "oom_loop");
    let soon = only(&snapshot, "out_of_memory");
    // 2.5 in 28 days: 1 − (28 ÷ 35)^2.5, and what memory itself says, which is little.
    let week = soon.chance.unwrap().probability;
    assert!((0.42..0.48).contains(&week), "{week}");
    assert!(fact(&soon, "probability_within_a_day") < 0.12);
    assert_eq!(severity(&soon), Severity::Medium);
}

#[test]
fn memory_far_below_its_limit_is_safe_and_a_limit_just_lowered_is_not() {
    let used = |_, slot: u32| 300.0 + wave(slot) + f64::from(slot / 48 * 13 % 17) * 6.0;
    none(&played(app(1, 4000), used), "out_of_memory");
    // The same use under a limit that it never had.
    let mut tight = played(app(1, 440), used);
    let ran = tight.workloads[0].containers[0].limits.clone();
    tight.workloads[0].containers[0].ran_with = Some(kcost::snapshot::Sizes {
        requests: Resources::default(),
        limits: Resources {
            memory: Some(Bytes::mib(4000)),
            ..ran
        },
    });
    let soon = only(&tight, "out_of_memory");
    assert!(soon.chance.unwrap().probability > 0.15, "{soon:?}");
    assert!(soon.impact.unwrap().earliest < soon.impact.unwrap().at);
}

#[test]
fn without_a_limit_there_is_no_kill_to_foretell() {
    let mut free = app(1, 400);
    free.containers[0].limits = Resources::default();
    let snapshot = played(free, |_, slot| 300.0 + 40.0 * day(slot) + wave(slot));
    none(&snapshot, "out_of_memory");
    let leak = only(&snapshot, "memory_leak");
    assert_eq!((leak.impact, leak.chance), (None, None));
    assert!(
        leak.text
            .contains("no limit stops it before its node is full")
    );
}
