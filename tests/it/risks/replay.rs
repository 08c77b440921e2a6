//! What was said on days of the past, and what came of it.

use jiff::SignedDuration;
use kcost::risk::{Replays, replay};
use kcost::snapshot::{Eviction, Node, Resources, Snapshot, Spell};
use kcost::units::{Bytes, single};

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
fn pressure_of_a_node_and_memory_of_its_pods_are_held_against_what_came() {
    let mut snapshot = evicted(28, &[]);
    let start = snapshot.usage.grid.start;
    let spell = |day: i64| Spell {
        kind: "MemoryPressure".to_owned(),
        from: start + SignedDuration::from_hours(24 * day - 6),
        until: start + SignedDuration::from_hours(24 * day - 5),
    };
    let spells = Some(vec![spell(15), spell(18), spell(26)]);
    let memory = |mib: f64| Resources {
        memory: Some(Bytes::from_f64(mib * MIB)),
        ..Resources::default()
    };
    // Two pods of about 100 MiB each, and half as much again on three days.
    for (slot, name) in ["n0", "n1"].into_iter().enumerate() {
        snapshot.workloads[0].pods[slot].node = Some(name.to_owned());
    }
    for series in &mut snapshot.usage.series {
        let noise = |slot: usize| f64::from(u32::try_from(slot * 7_919 % 23).unwrap());
        for (slot, value) in series.memory_bytes.iter_mut().enumerate() {
            let more = if [9, 17, 23].contains(&(slot / 48)) {
                50.0
            } else {
                0.0
            };
            *value = single((100.0 + noise(slot) + more) * MIB);
        }
    }
    snapshot.cluster.nodes = vec![
        Node {
            name: "n0".to_owned(),
            allocatable: memory(135.0),
            spells,
            ..Node::default()
        },
        Node {
            name: "n1".to_owned(),
            allocatable: memory(500.0),
            ..Node::default()
        },
    ];
    let replays = replay(&snapshot);
    // Said on the days of each spell; the first came again in three days, the second in eight.
    assert_eq!(of(&replays, "node_pressure"), (2, 1));
    let (said, came) = of(&replays, "node_memory_overcommit");
    assert!(said > 0 && came > 0 && came <= said, "{said} {came}");
    let silent: Vec<&str> = replays.unjudged.iter().map(|it| it.check).collect();
    assert!(silent.contains(&"volume_filling"), "{silent:?}");
    assert!(!silent.contains(&"node_pressure"), "{silent:?}");
    // Pods that came in the meantime tell nothing of the node as it was.
    for series in &mut snapshot.usage.series {
        series.first = 20 * 48;
        series.cpu_cores.drain(..20 * 48);
        series.memory_bytes.drain(..20 * 48);
    }
    assert_eq!(of(&replay(&snapshot), "node_memory_overcommit"), (0, 0));
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
