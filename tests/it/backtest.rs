//! Replays of the past: rows, promises, and history that is too short.

use kcost::backtest::{self, Backtest, Contender, MeanShare, Plan, Score, Share};
use kcost::price::Book;
use kcost::progress::Silent;
use kcost::recommend::{self, Options, Strategy};
use kcost::render::{self, Look, View};
use kcost::snapshot::{CapacityType, Snapshot};
use kcost::units::{Bytes, Currency, Money, Span};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::common::Kcost;
use crate::made::{container, node, workload};
use crate::played::{MIB, cluster, play};

/// A past that is soon replayed, for tests of which rows there are.
pub const SHORT: [&str; 6] = ["--window", "7d", "--fit", "6d", "--horizon", "1d"];

#[test]
fn every_goal_is_a_row_and_what_happened_stands_beside_what_was_said() {
    let args = ["backtest", "--demo", "-o", "json", "--origins", "1"];
    let seen = Kcost::new()
        .args(args)
        .args([
            "--strategies",
            "calibrated,krr",
            "--goal",
            "savings,reliability",
        ])
        .run()
        .ended(0)
        .json();
    assert_eq!(seen["schema"], "kcost.backtest/v1");
    let rows = seen["strategies"].as_array().unwrap();
    assert_eq!(
        labels(rows),
        ["calibrated savings", "calibrated reliability", "krr"]
    );
    let number = |row: usize, key: &str| rows[row][key].as_f64().unwrap();
    assert!(number(0, "memory_footprint_ratio") < number(1, "memory_footprint_ratio"));
    assert!(number(0, "cpu_footprint_ratio") < number(1, "cpu_footprint_ratio"));
    for row in &rows[..2] {
        assert_eq!(row["verdict"]["memory_over_limit"], "kept", "{row}");
        assert!(row["promised"]["memory_over_limit"].as_f64().unwrap() <= 0.05);
    }
    assert!(rows[2]["workloads"].as_u64().unwrap() > 20);
}

#[test]
fn sizes_without_cohorts_are_a_row_beside_and_the_same() {
    let rows = Kcost::new()
        .args(["backtest", "--demo", "-o", "json", "--origins", "1"])
        .args(["--strategies", "calibrated,peak", "--goal", "savings"])
        .args(["--without-cohorts"])
        .args(SHORT)
        .run()
        .ended(0)
        .json();
    let rows = rows["strategies"].as_array().unwrap();
    assert_eq!(
        labels(rows),
        [
            "calibrated savings",
            "calibrated savings, no cohorts",
            "peak"
        ]
    );
    // Sizes follow from a container's own history, not from the group it stands in.
    assert_eq!(rows[0]["promised"], rows[1]["promised"]);
    let number = |row: usize, key: &str| rows[row][key].as_u64().unwrap();
    assert_eq!(number(0, "workloads"), number(1, "workloads"));
    assert!(number(0, "workloads_advised") <= number(0, "workloads"));
    assert!(number(0, "workloads_advised") > 20);
}

fn labels(rows: &[Value]) -> Vec<&str> {
    let labels = rows.iter().map(|row| row["label"].as_str().unwrap());
    labels.collect()
}

#[test]
fn too_little_history_says_what_to_do() {
    let seen = Kcost::new()
        .args(["backtest", "--demo", "--fit", "40d", "--strategies", "peak"])
        .run();
    insta::assert_snapshot!(seen.transcript(), @"
    exit: 3
    --- stdout
    --- stderr
    error: there is nothing to analyze: the history of 28d is too short to learn from 40d and test on 7d

    hint: take a snapshot with a longer `--window`, or try `--fit 14d --horizon 14d`
    ");
}

#[test]
fn horizons_overlap_and_count_for_less() {
    let seen = Kcost::new()
        .args(["backtest", "--demo", "-o", "json", "--strategies", "krr"])
        .args(["--origins", "3"])
        .run()
        .ended(0)
        .json();
    // Of 28 days, half a week apart from day 14 to day 21.
    assert_eq!(seen["origins"].as_array().unwrap().len(), 3);
    assert_eq!(seen["origins_every_seconds"], 302_400);
    assert_eq!(seen["independent_horizons"], 2.0);
    let over = &seen["strategies"][0]["workloads_over_limit"];
    let number = |key: &str| over[key].as_f64().unwrap();
    assert!((number("independent") - number("of") * 2.0 / 3.0).abs() < 1e-9);
    let width = number("ratio_high") - number("ratio_low");
    assert!(width > 0.05, "{over}");
    let row = &seen["strategies"][0];
    let time = |key: &str| row[key].as_f64().unwrap();
    assert!(time("cpu_time_over_request_ratio_low") < time("cpu_time_over_request_ratio"));
    assert!(time("cpu_time_over_request_ratio_high") > time("cpu_time_over_request_ratio"));
}

#[test]
fn rules_of_other_tools_are_judged_as_those_would_set_them() {
    // KRR asks for P95 to the millicore and at least 100 MiB; the policy of kcost is no
    // part of its rule.
    let krr = recommend::by_name("krr").unwrap();
    let mut snapshot = cluster(21);
    let mut small = workload("Deployment", "small", 1, vec![container("app", 500, 512)]);
    small.annotations = vec![("kcost.dev/min-memory".to_owned(), "1Gi".to_owned())];
    play(&mut snapshot, small, |_, _| (0.1234, 60.0 * MIB));
    let footprints = |guards: bool| {
        let score = score(&snapshot, krr, guards);
        assert_eq!(score.guards, guards);
        (score.cpu_footprint, score.memory_footprint)
    };
    let (cpu, memory) = footprints(false);
    assert!((cpu - 0.124 / 0.1234).abs() < 1e-6, "{cpu}");
    assert!((memory - 100.0 / 60.0).abs() < 1e-6, "{memory}");
    let (_, guarded) = footprints(true);
    assert!((guarded - 1024.0 / 60.0).abs() < 1e-6, "{guarded}");

    let rows = |more: &[&str]| {
        Kcost::new()
            .args(["backtest", "--demo", "-o", "json", "--origins", "1"])
            .args(["--strategies", "calibrated,krr"])
            .args(SHORT)
            .args(more)
            .run()
            .ended(0)
            .json()
    };
    for (more, expected) in [(vec![], false), (vec!["--with-guards"], true)] {
        let rows = rows(&more);
        assert_eq!(rows["strategies"][0]["guards"], true);
        assert_eq!(rows["strategies"][1]["guards"], expected);
    }
}

#[test]
fn a_node_is_as_full_as_advice_takes_it_to_be() {
    let peak = recommend::by_name("peak").unwrap();
    let mut snapshot = cluster(21);
    let mut node = node("n0", CapacityType::OnDemand);
    node.allocatable.memory = Some(Bytes::mib(1_000));
    snapshot.cluster.nodes = vec![node];
    let mut with = |name: &str, mebibytes: f64| {
        let one = workload("Deployment", name, 1, vec![container("app", 500, 512)]);
        play(&mut snapshot, one, |_, _| (0.1, mebibytes * MIB));
        let score = score(&snapshot, peak, false);
        let rate = |share: Option<Share>| share.unwrap().rate();
        (
            rate(score.node_overflow),
            rate(score.node_overflow_together),
            rate(score.node_overflow_alone),
        )
    };
    assert_eq!(with("a", 480.0), (0.0, 0.0, 0.0));
    // 970 of 1000 MiB are full, and no more than that is not.
    assert_eq!(with("b", 489.0), (0.0, 0.0, 0.0));
    // The third node is filled by one pod.
    let (any, together, alone) = with("c", 980.0);
    assert!(
        (any - 0.5).abs() < 1e-9 && (alone - 0.5).abs() < 1e-9,
        "{any} {alone}"
    );
    assert!(together.abs() < 1e-9);
    // 480 and 500 fit by their requests, and fill the node together.
    let (any, together, _) = with("d", 500.0);
    assert!(together > 0.1 && together < any, "{together} of {any}");
}

/// The comparison of these, as a person sees it at 80 columns, with other figures.
fn table(names: &[&str], change: impl Fn(&mut [Score])) -> String {
    let mut snapshot = cluster(21);
    let api = workload("Deployment", "api", 1, vec![container("app", 500, 512)]);
    play(&mut snapshot, api, |_, _| (0.1, 60.0 * MIB));
    let scores = names.iter().map(|name| {
        let strategy = recommend::by_name(name).unwrap();
        score(&snapshot, strategy, !strategy.is_peer())
    });
    let mut scores: Vec<Score> = scores.collect();
    change(&mut scores);
    let backtest = Backtest {
        currency: Currency::USD,
        fit: Span::days(14),
        horizon: Span::WEEK,
        origins: vec![snapshot.usage.grid.start],
        every: Span::WEEK,
        independent_horizons: 1.0,
        scores,
    };
    let look = Look {
        verbose: false,
        explain: None,
        width: Some(80),
        color: false,
        unicode: true,
        program: "kcost",
        command: "kcost backtest".to_owned(),
        view: View::default(),
    };
    let mut out = Vec::new();
    render::backtest_table(&snapshot, &backtest, &look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_last_line_says_who_won_and_by_how_much() {
    let last = |dear: &str, broken: &[usize]| {
        let text = table(&["calibrated", "krr", "vpa"], |scores| {
            for (score, monthly) in scores.iter_mut().zip(["80", dear, "60"]) {
                score.monthly = Money::from_f64(monthly.parse().unwrap());
                score.over_limit = Share::new(0, 100);
                score.promised_over_limit = score.promised_over_limit.map(|_| 0.02);
                score.cpu_time_over = MeanShare::default();
                score.node_overflow = None;
            }
            for place in broken {
                scores[*place].over_limit = Share::new(25, 100);
            }
        });
        assert!(text.lines().all(|line| line.width() <= 80), "{text}");
        text.split("\n\n").last().unwrap().replace('\n', " ")
    };
    insta::assert_snapshot!(
        [last("100", &[]), last("100", &[2]), last("100", &[1, 2]), last("100", &[0, 1, 2])]
            .join("\n"),
        @"
        vpa wins at $60.00 a month: $20.00 (25%) less than calibrated, the next to keep its risks 
        calibrated wins at $80.00 a month: $20.00 (20%) less than krr, the next to keep its risks; vpa costs less, but 25% of workloads went over their memory limit 
        calibrated wins at $80.00 a month: only it keeps the risks of `balanced`; vpa costs less, but 25% of workloads went over their memory limit 
        nobody wins: none keeps the risks of `balanced`; of vpa, the cheapest, 25% of workloads went over their memory limit
        "
    );
}

#[test]
fn it_says_what_another_goal_would_change() {
    let text = table(&["calibrated", "krr", "autopilot"], |_| {});
    let (_, goal) = text.split_once("--goal").unwrap();
    let goal = goal.split("\n\n").next().unwrap();
    let goal = goal.split_whitespace().collect::<Vec<_>>().join(" ");
    insta::assert_snapshot!(goal, @"changes the risks that sizes may take of calibrated, and the memory percentile of autopilot; krr stays as it is");
    for head in [
        "COST",
        "CPU ÷ USED",
        "OVER MEMORY",
        "NODES FULL",
        "CPU TIME OVER",
    ] {
        assert!(text.contains(head), "{head}\n{text}");
    }
}

fn score(snapshot: &Snapshot, strategy: &'static dyn Strategy, guards: bool) -> Score {
    let options = Options {
        strategy,
        guards,
        ..Options::default()
    };
    let plan = Plan {
        contenders: vec![Contender {
            label: strategy.name().to_owned(),
            options,
            cohorts: true,
            learning: false,
        }],
        fit: Span::days(14),
        horizon: Span::WEEK,
        origins: None,
    };
    let replayed = backtest::replay(snapshot, &plan, &Book::default(), &Silent).unwrap();
    replayed.scores.into_iter().next().unwrap()
}
