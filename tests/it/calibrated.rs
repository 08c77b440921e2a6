//! The default strategy: promises kept on populations whose law is known.

use kcost::backtest::{Contender, Plan, Score, replay};
use kcost::price::Book;
use kcost::progress::Silent;
use kcost::recommend::{Draft, Goal, Options};
use kcost::snapshot::{CapacityType, Node, Snapshot};
use kcost::units::{Bytes, Span, float};

use crate::made::{container, node, resources, workload};
use crate::played::{MIB, advised, cluster, drafts, play};

/// Slots of half an hour in a day.
const DAY: u32 = 48;

/// A number from 0 to 1 that looks like chance and is the same every time.
fn chance(pod: u32, slot: u32) -> f64 {
    let mut mixed = u64::from(pod) << 32 | u64::from(slot);
    for _ in 0..2 {
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
    }
    float(mixed >> 11) / float(1 << 53)
}

/// Bursts whose height over 300 MiB has a long tail, independent of each other.
fn bursty(pod: u32, slot: u32) -> f64 {
    let luck = chance(pod, slot).max(1e-6);
    (200.0 + 100.0 / luck.powf(0.15)) * MIB
}

/// CPU that is exponential around 0.1 cores.
fn busy(pod: u32, slot: u32) -> f64 {
    -0.1 * chance(pod + 10_000, slot).max(1e-9).ln()
}

/// `count` workloads of one pod each, seen for `days` from day `from` on.
fn population(count: u32, from: u32, days: u32, memory: fn(u32, u32) -> f64) -> Snapshot {
    let mut snapshot = cluster(days);
    snapshot.cluster.nodes = vec![sized(16)];
    for number in 0..count {
        let name = format!("w{number:03}");
        let owner = workload("Deployment", &name, 1, vec![container("app", 1000, 8192)]);
        play(&mut snapshot, owner, |_, slot| {
            let slot = slot + from * DAY;
            (busy(number, slot), memory(number, slot))
        });
    }
    snapshot
}

fn sized(gib: u64) -> Node {
    let mut node = node("n0", CapacityType::OnDemand);
    node.allocatable = resources(64_000, gib * 1024);
    node
}

fn goal(goal: Goal) -> Options {
    Options {
        goal,
        targets: goal.targets(),
        ..Options::default()
    }
}

fn request(draft: &Draft) -> Bytes {
    draft.sizing.memory_request.value().unwrap()
}

fn limit(draft: &Draft) -> Bytes {
    draft.sizing.memory_limit.value().unwrap()
}

fn total(drafts: &[Draft]) -> f64 {
    drafts.iter().map(|draft| request(draft).to_f64()).sum()
}

/// Share of workloads over their limit, and share of time above the CPU
/// request, in the week after a fortnight.
fn happened(drafts: &[Draft], count: u32) -> (f64, f64) {
    let week = 14 * DAY..21 * DAY;
    let (mut over, mut above) = (0.0, 0.0);
    for (number, draft) in (0..count).zip(drafts) {
        let limit = limit(draft).to_f64();
        let cpu = draft.sizing.cpu_request.value().unwrap().get();
        over += f64::from(u8::from(
            week.clone().any(|slot| bursty(number, slot) > limit),
        ));
        let slots = week
            .clone()
            .filter(|slot| busy(number, *slot) > cpu)
            .count();
        above += float(slots as u64) / f64::from(7 * DAY);
    }
    (over / f64::from(count), above / f64::from(count))
}

#[test]
fn every_goal_keeps_its_promises_and_asks_for_more_the_less_it_risks() {
    let count = 80;
    let snapshot = population(count, 0, 14, bursty);
    let mut requested = Vec::new();
    for name in [Goal::Savings, Goal::Balanced, Goal::Reliability] {
        let options = goal(name);
        let drafts = drafts(&snapshot, "calibrated", &options);
        let (over, above) = happened(&drafts, count);
        let promised = options.targets;
        // One workload of 80 more than promised is chance.
        assert!(
            over <= promised.memory_over_limit + 0.0126,
            "{name:?}: {over}"
        );
        assert!(above <= promised.cpu_time_over_request, "{name:?}: {above}");
        requested.push(total(&drafts));
    }
    assert!(requested.is_sorted(), "{requested:?}");
}

#[test]
fn requests_are_far_below_limits_where_peaks_do_not_coincide() {
    let apart = population(80, 0, 14, bursty);
    let drafts = drafts(&apart, "calibrated", &Options::default());
    let limits: f64 = drafts.iter().map(|draft| limit(draft).to_f64()).sum();
    assert!(
        total(&drafts) < 0.6 * limits,
        "{} of {limits}",
        total(&drafts)
    );
}

#[test]
fn peaks_that_coincide_are_paid_for() {
    let apart = |pod: u32, slot: u32| {
        let high = (slot + pod * 7).is_multiple_of(DAY);
        if high { 900.0 * MIB } else { 200.0 * MIB }
    };
    let together = |_: u32, slot: u32| {
        let high = slot.is_multiple_of(DAY);
        if high { 900.0 * MIB } else { 200.0 * MIB }
    };
    let options = Options::default();
    let few = total(&drafts(
        &population(80, 0, 14, apart),
        "calibrated",
        &options,
    ));
    let many = total(&drafts(
        &population(80, 0, 14, together),
        "calibrated",
        &options,
    ));
    assert!(many > 1.2 * few, "{many} against {few}");
}

#[test]
fn a_smaller_promise_never_lowers_the_sum_of_requests() {
    let snapshot = population(80, 0, 14, bursty);
    let sums = [0.2, 0.05, 0.01].map(|risk| {
        let mut options = Options::default();
        options.targets.node_memory_overflow = risk;
        total(&drafts(&snapshot, "calibrated", &options))
    });
    assert!(sums.is_sorted(), "{sums:?}");
}

/// Each pod for itself has days of far more memory than it ever had before.
fn surging(pod: u32, slot: u32) -> f64 {
    let luck = chance(pod + 500, slot / DAY).max(1e-6);
    (350.0 + 50.0 / luck.powf(0.5)) * MIB
}

/// How these goals fare at nine moments of seven weeks, each after the fortnight before it.
fn every_half_week(goals: &[Goal], memory: fn(u32, u32) -> f64) -> Vec<Score> {
    let contender = |chosen: &Goal| Contender {
        label: chosen.name().to_owned(),
        options: goal(*chosen),
        cohorts: true,
        learning: false,
    };
    let plan = Plan {
        contenders: goals.iter().map(contender).collect(),
        fit: Span::days(14),
        horizon: Span::WEEK,
        origins: None,
    };
    let snapshot = population(100, 0, 49, memory);
    let seen = replay(&snapshot, &plan, &Book::default(), &Silent).unwrap();
    assert_eq!(seen.origins.len(), 9);
    seen.scores
}

#[test]
fn nodes_overflow_no_more_often_than_promised_and_promises_have_a_price() {
    let scores = every_half_week(&[Goal::Savings, Goal::Balanced], surging);
    for score in &scores {
        let happened = score.node_overflow.unwrap();
        let promised = score.promised_overflow.unwrap();
        let target = score.targets.node_memory_overflow;
        assert!(promised <= 1.2 * target, "{}: said {promised}", score.label);
        assert!(happened.keeps(target), "{}: {happened:?}", score.label);
    }
    let price = [scores[0].memory_footprint, scores[1].memory_footprint];
    assert!(price[0] < price[1], "{price:?}");
}

#[test]
fn what_rises_every_week_reserves_more_than_what_falls() {
    // The same weeks in both directions, with surges of pods among them.
    let rising = |pod: u32, slot: u32| surging(pod, slot) * (1.0 + f64::from(slot / DAY) / 14.0);
    let falling = |pod: u32, slot: u32| surging(pod, slot) * (2.0 - f64::from(slot / DAY) / 14.0);
    let share = |memory: fn(u32, u32) -> f64| {
        let snapshot = population(100, 0, 14, memory);
        let requested = total(&drafts(&snapshot, "calibrated", &Options::default()));
        let peaks = (0..100).map(|pod| {
            (0..14 * DAY)
                .map(|slot| memory(pod, slot))
                .fold(0.0, f64::max)
        });
        requested / peaks.sum::<f64>()
    };
    assert!(
        share(rising) > share(falling),
        "{} {}",
        share(rising),
        share(falling)
    );
}

#[test]
fn guaranteed_pods_and_a_policy_tie_request_and_limit_and_no_goal_does() {
    let mut snapshot = population(20, 0, 14, bursty);
    for draft in drafts(&snapshot, "calibrated", &goal(Goal::Reliability)) {
        assert!(request(&draft) < limit(&draft));
    }
    let tied = Options {
        tie_memory: true,
        ..Options::default()
    };
    for draft in drafts(&snapshot, "calibrated", &tied) {
        assert!(request(&draft) >= limit(&draft));
    }
    snapshot.workloads[3].pods[0].qos = Some("Guaranteed".to_owned());
    let drafts = drafts(&snapshot, "calibrated", &Options::default());
    assert!(request(&drafts[3]) >= limit(&drafts[3]));
    assert!(request(&drafts[4]) < limit(&drafts[4]));
}

#[test]
fn nodes_of_several_sizes_and_none_at_all_are_sized_for() {
    let mut snapshot = population(40, 0, 14, bursty);
    snapshot.cluster.nodes.push(Node {
        name: "n1".to_owned(),
        ..sized(4)
    });
    let mixed = advised(&snapshot, &Options::default());
    assert!(mixed.node_memory_overflow().unwrap().get() <= 0.05);
    snapshot.cluster.nodes.clear();
    let unknown = advised(&snapshot, &Options::default());
    assert_eq!(unknown.node_memory_overflow(), None);
    let drafts = drafts(&snapshot, "calibrated", &Options::default());
    let codes = drafts[0].reasons.iter().map(|reason| reason.code);
    assert!(codes.collect::<Vec<_>>().contains(&"memory_no_nodes"));
}

#[test]
fn three_days_of_history_get_a_larger_margin_than_two_weeks() {
    let margin = |days: u32| {
        let flat = |_: u32, _: u32| 300.0 * MIB;
        let mut snapshot = population(10, 0, days, flat);
        // Without a limit of its own, only the margin speaks.
        for owner in &mut snapshot.workloads {
            owner.containers[0].limits.memory = None;
        }
        limit(&drafts(&snapshot, "calibrated", &Options::default())[0])
    };
    assert!(margin(3) > margin(14), "{} {}", margin(3), margin(14));
}

#[test]
fn the_same_usage_gives_the_same_sizes() {
    let snapshot = population(30, 0, 14, bursty);
    let once = drafts(&snapshot, "calibrated", &Options::default());
    assert_eq!(once, drafts(&snapshot, "calibrated", &Options::default()));
}

/// Memory that hardly moves, and CPU with it.
fn even(pod: u32, slot: u32) -> f64 {
    (1000.0 + 10.0 * chance(pod, slot)) * MIB
}

#[test]
fn a_limit_that_even_use_has_come_near_stays() {
    for share in [0.8, 0.9, 0.95] {
        for count in [1, 20, 120] {
            let mut snapshot = population(count, 0, 14, even);
            for owner in &mut snapshot.workloads {
                owner.containers[0].limits.memory = Some(Bytes::from_f64(1010.0 * MIB / share));
            }
            for draft in drafts(&snapshot, "calibrated", &Options::default()) {
                let now = Bytes::from_f64(1010.0 * MIB / share);
                assert!(limit(&draft) <= now, "{share} {count}: {:?}", limit(&draft));
            }
        }
    }
}

#[test]
fn the_margin_on_even_memory_hardly_depends_on_what_else_is_there() {
    let margins = [1, 10, 100, 400].map(|count| {
        let mut snapshot = population(count, 0, 14, even);
        for owner in &mut snapshot.workloads {
            owner.containers[0].limits.memory = None;
        }
        limit(&drafts(&snapshot, "calibrated", &Options::default())[0]).to_f64() / (1010.0 * MIB)
    });
    assert!(margins.is_sorted_by(|few, many| few >= many), "{margins:?}");
    assert!(margins[0] < 2.5 && margins[3] < 1.2, "{margins:?}");
}

#[test]
fn no_limit_is_above_the_largest_node() {
    let large = |pod: u32, slot: u32| (12_500.0 + 300.0 * chance(pod, slot)) * MIB;
    let mut snapshot = population(3, 0, 14, large);
    for owner in &mut snapshot.workloads {
        owner.containers[0].limits.memory = None;
    }
    for draft in drafts(&snapshot, "calibrated", &Options::default()) {
        assert!(
            limit(&draft) <= Bytes::mib(16 * 1024),
            "{:?}",
            limit(&draft)
        );
    }
}

#[test]
fn few_nodes_get_more_room_than_what_was_seen_asks_for() {
    let seen = |count: u32| {
        let snapshot = population(count, 0, 14, bursty);
        total(&drafts(&snapshot, "calibrated", &Options::default())) / float(u64::from(count))
    };
    assert!(seen(40) > seen(400), "{} {}", seen(40), seen(400));
}

#[test]
fn a_machine_that_fills_a_node_is_named_and_does_not_raise_the_others() {
    let mut snapshot = population(40, 0, 14, bursty);
    let before = total(&drafts(&snapshot, "calibrated", &Options::default()));
    let owner = workload("Deployment", "whale", 1, vec![container("app", 1000, 8192)]);
    play(&mut snapshot, owner, |_, slot| {
        let high = slot.is_multiple_of(DAY);
        (0.1, if high { 15_900.0 * MIB } else { 9_000.0 * MIB })
    });
    let advised = advised(&snapshot, &Options::default());
    let risk = advised.node_risk.unwrap();
    assert_eq!(risk.fill_a_node, [40]);
    assert!(risk.alone.get() > 0.0 && risk.overflow >= risk.alone);
    let after = total(&drafts(&snapshot, "calibrated", &Options::default())[..40]);
    assert!(after < 1.3 * before, "{after} {before}");
}

#[test]
fn bursts_are_sized_by_their_work_where_they_are_little_time() {
    // Six cores for two hours a week, three for a hundredth of the time.
    let weekly = |slot: u32| if slot % (7 * DAY) < 4 { 6.0 } else { 0.012 };
    let rare = |slot: u32| if slot.is_multiple_of(96) { 3.0 } else { 0.012 };
    let cpu = |used: fn(u32) -> f64| {
        let mut snapshot = cluster(14);
        let owner = workload("Deployment", "api", 1, vec![container("app", 1000, 1024)]);
        play(&mut snapshot, owner, |_, slot| (used(slot), 300.0 * MIB));
        let draft = &drafts(&snapshot, "calibrated", &Options::default())[0];
        draft.sizing.cpu_request.value().unwrap().get()
    };
    assert!(cpu(weekly) > 4.0, "{}", cpu(weekly));
    assert!(cpu(rare) > 1.5, "{}", cpu(rare));
}

#[test]
fn reliability_asks_for_no_more_cpu_than_was_used_at_most() {
    let snapshot = population(20, 0, 14, bursty);
    let drafts = drafts(&snapshot, "calibrated", &goal(Goal::Reliability));
    for (number, draft) in (0..20).zip(&drafts) {
        let most = (0..14 * DAY)
            .map(|slot| busy(number, slot))
            .fold(0.0, f64::max);
        let request = draft.sizing.cpu_request.value().unwrap().get();
        assert!(request <= most * 1.001, "{request} {most}");
    }
}
