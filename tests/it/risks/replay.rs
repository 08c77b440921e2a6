//! What was said on days of the past, and what came of it.

use jiff::SignedDuration;
use kcost::risk::{Replays, replay};
use kcost::snapshot::{Eviction, Snapshot};

use crate::common::Kcost;
use crate::made::{container, workload};
use crate::played::{MIB, cluster, play};

/// A workload over so many days, of which a pod was put out on these days.
fn evicted(days: u32, on: &[i64]) -> Snapshot {
    let mut snapshot = cluster(days);
    let mut api = workload("Deployment", "api", 2, vec![container("app", 100, 256)]);
    let start = snapshot.usage.grid.start;
    let eviction = |day: &i64| Eviction {
        pod: format!("api-{day}"),
        reason: "Evicted".to_owned(),
        resource: Some("memory".to_owned()),
        at: Some(start + SignedDuration::from_hours(24 * day - 6)),
    };
    api.evictions = on.iter().map(eviction).collect();
    play(&mut snapshot, api, |_, _| (0.1, 100.0 * MIB));
    snapshot
}

fn of(replays: &Replays, check: &str) -> (u32, u32) {
    let own = replays.kept.iter().filter(|it| it.check == Some(check));
    own.fold((0, 0), |(times, happened), it| {
        (times + it.times, happened + it.happened)
    })
}

#[test]
fn what_was_said_is_held_against_what_came() {
    // Told on the day of each: the one after a week is the last that can be judged.
    let replays = replay(&evicted(28, &[15, 18, 26]));
    assert_eq!(replays.looks, 8);
    assert_eq!(of(&replays, "pods_evicted"), (2, 1));
    let all: u32 = replays
        .kept
        .iter()
        .filter(|it| it.check.is_none())
        .map(|it| it.times)
        .sum();
    assert_eq!(all, 2);
    for kept in &replays.kept {
        assert!(kept.from <= kept.said && kept.said <= kept.to, "{kept:?}");
    }
    // Nothing came, so nothing was said; and three weeks are needed.
    assert_eq!(replay(&evicted(28, &[])).kept, []);
    assert_eq!(replay(&evicted(20, &[15])).looks, 0);
}

#[test]
fn a_replay_writes_no_rules() {
    let run = Kcost::new()
        .args(["risks", "--demo", "--replay", "-o", "prometheus-rules"])
        .run()
        .ended(2);
    insta::assert_snapshot!(run.stderr, @"
    error: `--replay` tells of the past, and `-o prometheus-rules` writes rules

    hint: leave one of them out
    ");
}
