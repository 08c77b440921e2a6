//! Changes of level and of the pod template: the recent regime weighs more.

use kcost::recommend::{Confidence, ContainerAdvice, Goal, Options};
use kcost::snapshot::{CapacityType, Snapshot};
use kcost::units::Bytes;

use super::{
    container_of, cpu_request, first, fortnight, has_reason, memory_limit, memory_request, reason,
    roomy,
};
use crate::made::{container, node, workload};
use crate::played::{MIB, advised, apply, cluster, play};

/// Slots of half an hour in a day, and in the fortnight.
const DAY: u32 = 48;
const END: u32 = 14 * DAY;

/// Between half of a level and all of it, by the hour of the day.
fn daily(level: f64, slot: u32) -> f64 {
    level * (0.5 + 0.5 * f64::from(slot % DAY) / f64::from(DAY - 1))
}

/// A workload whose use changes by a factor `days` days before the end.
fn changed(days: f64, cpu: f64, memory: f64) -> Snapshot {
    let since = f64::from(END) - days * f64::from(DAY);
    let mut snapshot = fortnight(roomy(), |_, slot| {
        let new = f64::from(slot) >= since;
        let (cpu, memory) = if new { (cpu, memory) } else { (1.0, 1.0) };
        (daily(0.4 * cpu, slot), daily(600.0 * memory, slot) * MIB)
    });
    snapshot.cluster.nodes = vec![node("n0", CapacityType::OnDemand)];
    snapshot
}

/// The advice for a workload that has been on the new level all the time.
fn always(cpu: f64, memory: f64) -> ContainerAdvice {
    container_of(&changed(14.0, cpu, memory))
}

#[test]
fn a_cpu_request_is_at_the_new_level_however_young() {
    let steady = cpu_request(&always(2.5, 1.0)).get();
    for days in [1.0, 1.5, 3.0, 6.0, 10.0] {
        let advice = first(&changed(days, 2.5, 1.0));
        let request = cpu_request(&advice.containers[0]).get();
        // The level is that of the new days, up to where each container's
        // replays put the quantile.
        assert!(request >= 0.95 * steady, "{days}: {request} of {steady}");
        let text = reason(&advice.containers[0], "level_shift");
        assert!(text.starts_with("CPU rose to 2.5 times"), "{text}");
        assert_eq!(advice.confidence == Confidence::High, days >= 7.0);
    }
}

#[test]
fn memory_is_at_the_new_level_with_the_margin_of_a_short_history() {
    let steady = always(1.0, 2.0);
    let mut limits = Vec::new();
    for days in [1.0, 3.0, 8.0] {
        let advice = container_of(&changed(days, 1.0, 2.0));
        assert!(
            memory_request(&advice).to_f64() >= 0.95 * memory_request(&steady).to_f64(),
            "{days}: {}",
            memory_request(&advice).human()
        );
        limits.push(memory_limit(&advice));
        let text = reason(&advice, "level_shift");
        assert!(text.starts_with("memory rose to 2.0 times"), "{text}");
    }
    limits.push(memory_limit(&steady));
    assert!(limits.is_sorted_by(|a, b| a >= b), "{limits:?}");
    assert!(limits[1] > limits[2] && limits[2] > limits[3], "{limits:?}");
}

#[test]
fn a_lower_level_is_not_believed_before_it_has_lasted() {
    let before = always(1.0, 1.0);
    let fallen = container_of(&changed(5.0, 0.4, 0.4));
    assert!(cpu_request(&fallen) >= cpu_request(&before).scale(0.98));
    assert!(memory_limit(&fallen) >= memory_limit(&before));
    assert!(memory_request(&fallen).to_f64() >= 0.9 * memory_request(&before).to_f64());
    let text = reason(&fallen, "level_shift");
    assert!(
        text.ends_with("sizes still cover the level before, until the new one has lasted 14 days"),
        "{text}"
    );
}

#[test]
fn a_new_template_that_needs_less_is_believed_after_a_week() {
    let template = |days: f64| {
        let mut snapshot = changed(days, 0.4, 0.4);
        let since = f64::from(END) - days * f64::from(DAY);
        let slot = (0..END).find(|slot| f64::from(*slot) >= since).unwrap();
        snapshot.workloads[0].template_changed = Some(snapshot.usage.grid.time(slot));
        container_of(&snapshot)
    };
    let (steady, before) = (always(0.4, 0.4), always(1.0, 1.0));
    let believed = template(9.0);
    assert!(cpu_request(&believed).get() <= 1.05 * cpu_request(&steady).get());
    assert!(memory_limit(&believed) < memory_limit(&before));
    // The margin is that of nine days.
    assert!(memory_limit(&believed) > memory_limit(&steady));
    let largest = Bytes::from_f64(0.4 * 600.0 * MIB).round_up_to(Bytes::mib(16));
    assert!(memory_request(&believed) <= largest);
    assert!(reason(&believed, "level_shift").contains("with a new pod template"));
    let young = template(5.0);
    assert!(cpu_request(&young) >= cpu_request(&before).scale(0.98));
    assert!(memory_limit(&young) >= memory_limit(&before));
    assert!(reason(&young, "level_shift").ends_with("has lasted 7 days"));
}

#[test]
fn history_before_a_new_template_counts_half() {
    let limit = |day: Option<u32>| {
        let mut snapshot = changed(14.0, 1.0, 1.0);
        snapshot.workloads[0].template_changed = day.map(|day| snapshot.usage.grid.time(day * DAY));
        let advice = container_of(&snapshot);
        assert_eq!(has_reason(&advice, "template_changed"), day.is_some());
        (memory_limit(&advice), cpu_request(&advice))
    };
    let (settled, old, new) = (limit(None), limit(Some(2)), limit(Some(10)));
    assert!(settled.0 < new.0 && old.0 <= new.0, "{settled:?} {new:?}");
    assert_eq!(settled.1, new.1);
}

/// Following advice is a new pod template itself: that must not bring new advice.
#[test]
fn advice_comes_to_rest_though_each_patch_is_a_new_template() {
    for goal in [Goal::Savings, Goal::Balanced, Goal::Reliability] {
        let options = Options {
            goal,
            targets: goal.targets(),
            ..Options::default()
        };
        let mut snapshot = cluster(14);
        snapshot.cluster.nodes = vec![node("n0", CapacityType::OnDemand)];
        for number in 0..12_u32 {
            let limit = 400 + 60 * u64::from(number);
            let owner = workload(
                "Deployment",
                &format!("w{number:02}"),
                2,
                vec![container("app", 500, limit)],
            );
            play(&mut snapshot, owner, |pod, slot| {
                let turn = slot.wrapping_mul(2_654_435_761).wrapping_add(number) >> 7;
                let burst = f64::from(turn % 97 + u32::try_from(pod).unwrap()) / 97.0;
                (0.1 + 0.1 * burst, (250.0 + 120.0 * burst.powi(4)) * MIB)
            });
        }
        let mut seen = Vec::new();
        for _round in 0..8 {
            let advice = advised(&snapshot, &options);
            let before = snapshot.workloads.clone();
            apply(&mut snapshot, &advice);
            let changed_at = snapshot.usage.grid.time(10 * DAY);
            for (now, before) in snapshot.workloads.iter_mut().zip(&before) {
                let same = now.containers == before.containers;
                now.template_changed = (!same).then_some(changed_at);
            }
            seen.push(
                snapshot
                    .workloads
                    .iter()
                    .map(|it| {
                        (
                            it.containers[0].requests.clone(),
                            it.containers[0].limits.clone(),
                        )
                    })
                    .collect::<Vec<_>>(),
            );
        }
        assert_eq!(seen[5], seen[6], "{goal:?}");
        assert_eq!(seen[6], seen[7], "{goal:?}");
    }
}
