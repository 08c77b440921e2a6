//! What of freed requests really leaves the bill, and a bill whose lines sum.

use kcost::costs::{Lines, Owner, costs};
use kcost::pipeline::{self, Settings};
use kcost::plan::{Promise, Stay, Unplanned, plan};
use kcost::price::Book;
use kcost::progress::Silent;
use kcost::recommend::{Options, State};
use kcost::units::Money;
use proptest::prelude::*;
use serde_json::Value;

use super::generated::{random, small};
use super::{app, nodes, tight};
use crate::common::{demo, demo_week};
use crate::made::{Made, set};
use crate::played::{MIB, play};

/// With the default rates, and a plan of nodes.
fn banking() -> Settings {
    Settings {
        bank: true,
        ..crate::made::settings()
    }
}

/// A random cluster with random advice.
fn advised(seed: u64) -> Made {
    use rand::Rng;
    let mut random = random(seed);
    let mut made = Made::empty();
    let mut snapshot = small(seed);
    let workloads = std::mem::take(&mut snapshot.workloads);
    made.snapshot = snapshot;
    for workload in workloads {
        let state = [
            State::OverProvisioned,
            State::UnderProvisioned,
            State::Unknown,
            State::Idle,
        ];
        let state = state[random.gen_range(0..4)];
        let sizing = set(random.gen_range(10..1500), random.gen_range(16..6000), 6000);
        // Containers may be sized although their workload as a whole cannot be judged.
        let keep = state == State::Unknown && random.gen_range(0..2) == 0;
        let sizing = if keep {
            kcost::recommend::Sizing::KEEP
        } else {
            sizing
        };
        made.add(workload, state, &[sizing]);
    }
    made
}

fn check(lines: &Lines, freed: Money) {
    let parts = [
        lines.gpus,
        lines.volumes,
        lines.load_balancers,
        lines.system,
        lines.idle,
        lines.not_judged,
        lines.kept,
        lines.given_back,
    ];
    assert!(parts.iter().all(|it| *it >= Money::ZERO), "{lines:?}");
    assert_eq!(parts.into_iter().sum::<Money>(), lines.total);
    assert_eq!(lines.net_freed, lines.given_back - lines.needed_more);
    if let (Some(banked), Some(left)) = (lines.banked, lines.left_idle) {
        assert!(banked >= Money::ZERO);
        assert!(
            banked <= lines.net_freed.floor_zero() + lines.idle,
            "{lines:?}"
        );
        assert!(lines.net_freed.floor_zero() + lines.idle <= lines.total);
        assert_eq!(banked + left, lines.idle + lines.net_freed);
    }
    assert!(lines.net_freed <= freed, "{lines:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// 0 ≤ banked ≤ freed + idle ≤ bill, to the cent, on any cluster with any advice.
    #[test]
    fn the_lines_of_any_bill_sum(seed in any::<u64>()) {
        let made = advised(seed);
        let settings = banking();
        let analysis = made.analysis(&settings);
        let banked = analysis.banked.as_ref().unwrap();
        let lines = banked.lines.unwrap();
        check(&lines, analysis.bill.freed);
        prop_assert!(banked.monthly.is_some());
        let costs = costs(&made.snapshot, &made.profiles, &settings.prices);
        prop_assert!((costs.total().to_f64() - lines.total.to_f64()).abs() < 0.011);
        let devices = costs.of(|it| matches!(it, Owner::Volume(_) | Owner::LoadBalancer(_)));
        prop_assert!((devices.total().to_f64() - (lines.volumes + lines.load_balancers).to_f64()).abs() < 0.011);
    }
}

fn report(command: &str) -> Value {
    demo(&[command, "-o", "json"]).ended(0).json()
}

fn money(value: &Value) -> Money {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn the_bill_of_the_demo_sums_to_the_cent() {
    let analyzed = report("analyze");
    let summary = &analyzed["summary"];
    let bill = &summary["bill"];
    let of = |key: &str| money(&bill[key]);
    let parts = [
        "gpus",
        "volumes",
        "load_balancers",
        "system",
        "idle",
        "not_judged",
        "kept",
        "given_back",
    ];
    assert_eq!(parts.iter().map(|it| of(it)).sum::<Money>(), of("total"));
    assert_eq!(of("net_freed"), of("given_back") - of("needed_more"));
    assert_eq!(of("idle") + of("net_freed"), of("banked") + of("left_idle"));
    let cost = &summary["monthly_cost"];
    assert_eq!(of("banked"), money(&cost["banked"]));
    assert!(money(&cost["banked"]) > Money::ZERO);
    assert!((of("net_freed").to_f64() - money(&cost["freed"]).to_f64()).abs() < 0.02);
    assert!(of("idle_workloads_removed") > of("idle_workloads_resized"));
    assert_eq!(of("total"), money(&report("costs")["bill"]["total"]));
    let nodes = report("nodes");
    let saved = money(&nodes["summary"]["advised"]["monthly_saved"]);
    assert!(of("banked") <= saved);
}

#[test]
fn what_part_of_it_banks_is_known_and_its_bill_is_not() {
    let report = demo_week(&["analyze", "-o", "json", "-n", "shop"]);
    let report = report.ended(0).json();
    assert!(report["summary"]["bill"].is_null());
    assert!(report["summary"]["monthly_cost"]["banked"].is_string());
}

#[test]
fn people_are_told_and_a_gate_holds_it() {
    let seen = demo(&["analyze"]).ended(0).transcript();
    for words in [
        "banks $",
        "the bill",
        "left idle",
        "`kcost nodes` says which",
    ] {
        assert!(seen.contains(words), "{words}: {seen}");
    }
    let gate = |rule: &str| demo_week(&["analyze", "-o", "csv", "--fail-on", rule]);
    gate("monthly-banked>1").ended(10);
    gate("monthly-banked>1000000").ended(0);
}

#[test]
fn without_a_plan_nothing_is_known_to_be_banked() {
    let made = Made::shop();
    let settings = banking();
    let analysis = made.analysis(&settings);
    let banked = analysis.banked.as_ref().unwrap();
    assert_eq!(
        (banked.monthly, banked.unknown),
        (None, Some(Unplanned::RulesUnread))
    );
    let lines = banked.lines.unwrap();
    check(&lines, analysis.bill.freed);
    assert_eq!((lines.banked, lines.left_idle), (None, None));
}

#[test]
fn pods_that_would_fill_a_node_together_stay_apart() {
    let mut snapshot = crate::played::cluster(14);
    snapshot.cluster = nodes(2).cluster;
    let used = |mib: f64| move |_: usize, slot: u32| (0.1, (mib + f64::from(slot % 48)) * MIB);
    play(&mut snapshot, app("a", &[0], 100, 1024), used(9_000.0));
    play(&mut snapshot, app("b", &[1], 100, 1024), used(9_000.0));
    let settings = Settings::new(Options::default());
    let evidence = pipeline::advise(&snapshot, &settings, &Silent);
    let promise = Promise {
        together: evidence.together.as_ref().unwrap(),
        overflow: settings.recommend.targets.node_memory_overflow,
    };
    let book = Book::named("default").unwrap();
    let prices = book.prices(&snapshot.cluster.nodes);
    // By requests alone they fit, by what they use they do not.
    let blind = plan(&snapshot, &prices, None, None, &tight()).unwrap();
    assert_eq!(blind.today.drains.len(), 1);
    let seeing = plan(&snapshot, &prices, None, Some(promise), &tight()).unwrap();
    assert_eq!(seeing.today.drains.len(), 0);
    assert!(matches!(seeing.today.stays[0], Some(Stay::JointUse(_))));
    let small = |slot: u32| (0.1, (700.0 + f64::from(slot % 48)) * MIB);
    for series in &mut snapshot.usage.series {
        let memory = (0..14 * 48).map(|slot| kcost::units::single(small(slot).1));
        series.memory_bytes = memory.collect::<Vec<f32>>();
    }
    let evidence = pipeline::advise(&snapshot, &settings, &Silent);
    let promise = Promise {
        together: evidence.together.as_ref().unwrap(),
        ..promise
    };
    let idle = plan(&snapshot, &prices, None, Some(promise), &tight()).unwrap();
    assert_eq!(idle.today.drains.len(), 1);
}

#[test]
fn a_part_is_not_credited_with_what_could_go_anyway() {
    let mut made = Made::empty();
    made.snapshot = nodes(2);
    // One of the nodes can go at once; nothing is advised.
    for (at, name) in ["a", "b"].into_iter().enumerate() {
        let app = app(name, &[at], 500, 512);
        made.add(app, State::RightSized, &[kcost::recommend::Sizing::KEEP]);
    }
    let namespace = made.snapshot.workloads[0].id.namespace.clone();
    let limit = format!("monthly-banked>0,monthly-banked>0 in namespace:{namespace}");
    let settings = Settings {
        thresholds: kcost::gate::parse(&limit).unwrap(),
        ..banking()
    };
    let analysis = made.analysis(&settings);
    let values: Vec<f64> = analysis.outcomes.iter().map(|it| it.value).collect();
    assert!(values[0] > 1.0 && values[1] < 0.005, "{values:?}");
}
