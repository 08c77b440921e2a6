//! Replays of the past: rows, promises, and history that is too short.

use serde_json::Value;

use crate::common::Kcost;

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
fn what_cohorts_add_is_a_row_beside() {
    let rows = Kcost::new()
        .args(["backtest", "--demo", "-o", "json", "--origins", "1"])
        .args(["--strategies", "calibrated,peak", "--goal", "savings"])
        .args(["--without-cohorts"])
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
    assert_ne!(
        rows[0]["promised"]["memory_over_limit"],
        rows[1]["promised"]["memory_over_limit"]
    );
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
    error: there is nothing to analyze: the history of 28d is too short to fit on 40d and judge on 7d

    hint: take a snapshot with a longer `--window`, or try `--fit 14d --horizon 14d`
    ");
}
