//! The command: tables, JSON, and what it refuses.

use std::fs;

use super::{bundle, by_day, samples, told};
use crate::common::Kcost;

fn busy(second: i64) -> f64 {
    2.0 + by_day(second / 3_600)
}

#[test]
fn hours_that_come_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let steps = [("minute", 60), ("five", 300), ("hour", 3_600)];
    for (name, step) in steps {
        let days = if step == 60 { 4 } else { 14 };
        let place = folder.path().join(name);
        fs::create_dir(&place).unwrap();
        let bundle = bundle(&place, &[("api", samples(days, step, busy))]);
        let report = told(&bundle, &["--horizon", "24h"]);
        assert_eq!(report["schema"], "kcost.forecast/v1");
        assert_eq!(report["currency"], "USD");
        assert!(report["cluster"]["name"].is_string() && report["window"]["end"].is_string());
        let workload = &report["workloads"][0];
        assert_eq!(workload["namespace"], "shop");
        assert_eq!(workload["kind"], "Deployment");
        assert_eq!(workload["name"], "api");
        assert!(workload["schedule"].is_null());
        let series = workload["series"].as_array().unwrap();
        let metrics: Vec<&str> = series
            .iter()
            .map(|it| it["metric"].as_str().unwrap())
            .collect();
        assert_eq!(metrics, ["cpu_cores", "replicas"]);
        let points = series[0]["points"].as_array().unwrap();
        assert_eq!(points.len(), 24);
        // The first hour without a sample, and all of it.
        assert_eq!(
            points[0]["time"],
            format!("2025-10-{:02}T00:00:00Z", 27 + days).replace("2025-10-41", "2025-11-10")
        );
        for (hour, point) in points.iter().enumerate() {
            let came = busy(i64::try_from(hour).unwrap() * 3_600);
            let value = point["value"].as_f64().unwrap();
            assert!((value - came).abs() < 0.1, "{name} {hour}: {point}");
            assert!(
                point["low"].as_f64().unwrap() <= value && value <= point["high"].as_f64().unwrap()
            );
        }
        let error = series[0]["error"].as_f64().unwrap();
        assert!(error < 0.01, "{error}");
        assert_eq!(series[1]["points"][0]["value"], 1.0);
    }
}

#[test]
fn a_season_is_told_with_its_proof() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(folder.path(), &[("api", samples(14, 3_600, busy))]);
    let report = told(&bundle, &["--horizon", "1h"]);
    let season = &report["workloads"][0]["series"][0]["seasons"][0];
    assert_eq!(season["period_seconds"], 86_400);
    assert!(season["strength"].as_f64().unwrap() > 0.9);
    assert!(season["p_value"].as_f64().unwrap() <= 0.01);
    assert!(
        report["workloads"][0]["series"][1]["seasons"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn thin_history_is_a_gap_and_no_number() {
    let folder = tempfile::tempdir().unwrap();
    let young = samples(14, 3_600, busy).split_off(13 * 24 - 8);
    let bundle = bundle(
        folder.path(),
        &[("api", samples(14, 3_600, busy)), ("young", young)],
    );
    let report = told(&bundle, &[]);
    let workloads = report["workloads"].as_array().unwrap();
    assert_eq!(workloads.len(), 1);
    let gaps = report["gaps"].as_array().unwrap();
    let thin = gaps.iter().find(|it| it["code"] == "thin-history").unwrap();
    assert_eq!(thin["subject"], "shop/Deployment/young");
    assert_eq!(
        thin["text"],
        "32 hours of CPU, replicas are known, and a forecast needs 2 days"
    );
    let memory = gaps.iter().find(|it| it["code"] == "no-samples").unwrap();
    assert_eq!(
        memory["text"],
        "1 of 1 workloads have no samples of memory, so none is forecast"
    );
}

#[test]
fn the_table_fits_eighty_columns() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(
        folder.path(),
        &[
            (
                "a-service-with-a-name-that-is-long",
                samples(21, 3_600, busy),
            ),
            ("steady", samples(21, 3_600, |_| 0.25)),
        ],
    );
    let run = Kcost::new()
        .args(["forecast", "--snapshot", &bundle, "--horizon", "2d"])
        .env("COLUMNS", "80")
        .run()
        .ended(0);
    assert!(
        run.stdout.lines().all(|line| line.chars().count() <= 80),
        "{}",
        run.stdout
    );
    insta::assert_snapshot!(run.stdout, @"
    files  2 workloads, 2d from 2025-11-17 00:00 UTC

      WORKLOAD                        SEASON  CPU NOW  PEAK  UP TO  WHEN       ERROR
      shop/a-service-with-a-name-th…  daily         2     3      3  Mon 06:00     0%
      shop/steady                     none       250m  250m   250m  Mon 00:00     0%

    CPU and memory of all pods together, as hourly means, with what one hour of
    twenty is above; ERROR is how far off forecasts of CPU so far ahead were in the
    past

    Not known
      ? memory: 2 of 2 workloads have no samples of memory, so none is forecast
    ");
    let one = Kcost::new()
        .args([
            "forecast",
            "steady",
            "--snapshot",
            &bundle,
            "--horizon",
            "2d",
        ])
        .run()
        .ended(0);
    insta::assert_snapshot!(one.stdout, @"
    files  1 workload, 2d from 2025-11-17 00:00 UTC
    shop/Deployment/steady

    CPU of all pods
      stays at 250m
      season: none that chance does not explain
      model: same hour yesterday 100%
      so far ahead it was off by 0% in the past; the same hour yesterday or last week by 0%

    replicas
      stays at 1
      season: none that chance does not explain
      model: same hour yesterday 100%
      so far ahead it was off by 0% in the past; the same hour yesterday or last week by 0%

    Not known
      ? memory: 1 of 1 workloads have no samples of memory, so none is forecast
    ");
}

#[test]
fn a_horizon_is_from_an_hour_to_two_weeks() {
    for (horizon, says) in [
        ("30m", "from one hour, `1h`, to two weeks, `14d`"),
        ("15d", "from one hour, `1h`, to two weeks, `14d`"),
        ("-1h", "must be above 0"),
        ("soon", "is not a duration"),
    ] {
        let args = ["forecast", "--demo", "--horizon", horizon];
        let run = Kcost::new().args(args).run().ended(2);
        assert!(run.stderr.contains(says), "{horizon}: {}", run.stderr);
    }
    let args = ["forecast", "--demo", "--time-zone", "Moon/Base"];
    let run = Kcost::new().args(args).run().ended(2);
    assert!(run.stderr.contains("no time zone"), "{}", run.stderr);
}

#[test]
fn the_same_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["a", "b", "c", "d", "e"];
    let wobbly =
        |second: i64| busy(second) + f64::from(i32::try_from(second % 7_919).unwrap()) / 7_919.0;
    let workloads: Vec<_> = names.map(|name| (name, samples(9, 3_600, wobbly))).into();
    let bundle = bundle(folder.path(), &workloads);
    let run = |threads: &str| {
        let args = [
            "forecast",
            "--snapshot",
            &bundle,
            "-o",
            "json",
            "--horizon",
            "24h",
        ];
        Kcost::new()
            .args(args)
            .env("RAYON_NUM_THREADS", threads)
            .run()
            .ended(0)
            .stdout
    };
    assert_eq!(run("1"), run("4"));
}

#[test]
fn forecasts_of_the_past_stand_beside_rules_of_thumb() {
    let folder = tempfile::tempdir().unwrap();
    let grows =
        |second: i64| busy(second) + f64::from(i32::try_from(second / 86_400).unwrap()) / 20.0;
    let bundle = bundle(
        folder.path(),
        &[
            ("api", samples(22, 3_600, grows)),
            ("flat", samples(22, 3_600, |_| 1.0)),
        ],
    );
    let args = ["backtest", "--forecast", "--snapshot", &bundle];
    let report = Kcost::new()
        .args(args)
        .args(["-o", "json"])
        .run()
        .ended(0)
        .json();
    assert_eq!(report["schema"], "kcost.forecast_backtest/v1");
    // What never moves is no test.
    let series = report["series"].as_array().unwrap();
    assert_eq!(series.len(), 1, "{series:?}");
    let horizons = series[0]["horizons"].as_array().unwrap();
    let seconds: Vec<i64> = horizons
        .iter()
        .map(|it| it["horizon_seconds"].as_i64().unwrap())
        .collect();
    assert_eq!(seconds, [3_600, 86_400, 604_800]);
    for horizon in horizons {
        let error = horizon["error"].as_f64().unwrap();
        assert!(
            error <= horizon["same_hour_last_week"].as_f64().unwrap(),
            "{horizon}"
        );
        assert!(
            error <= horizon["same_hour_yesterday"].as_f64().unwrap(),
            "{horizon}"
        );
        let next = horizon["horizon_seconds"] == 3_600;
        assert_eq!(horizon["moments"], if next { 24 } else { 7 });
    }
    let table = Kcost::new()
        .args(args)
        .env("COLUMNS", "80")
        .run()
        .ended(0)
        .stdout;
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
    assert!(
        table.contains("shop/api") && table.contains("LAST WEEK"),
        "{table}"
    );
    let thin = Kcost::new()
        .args([
            "backtest",
            "--forecast",
            "--strategies",
            "calibrated",
            "--demo",
        ])
        .run()
        .ended(2);
    assert!(thin.stderr.contains("--forecast"), "{}", thin.stderr);
}

#[test]
fn one_workload_is_drawn_with_its_band() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(folder.path(), &[("api", samples(21, 3_600, busy))]);
    let drawn = |more: &[&str], columns: &str| {
        let args = ["forecast", "api", "--snapshot", &bundle, "--horizon", "2d"];
        let run = Kcost::new()
            .args(args.iter().chain(more))
            .env("COLUMNS", columns)
            .run()
            .ended(0);
        let width: usize = columns.parse().unwrap();
        assert!(
            run.stdout.lines().all(|line| line.chars().count() <= width),
            "{}",
            run.stdout
        );
        run.stdout
    };
    let plain = drawn(&["--ascii"], "80");
    assert!(plain.is_ascii());
    let picture: Vec<&str> = plain.lines().filter(|it| it.contains('|')).collect();
    assert_eq!(picture.len(), 9, "{plain}");
    let picture = picture.join("\n");
    // What was, what comes, and the band are told apart without colour.
    assert!(picture.contains('o') && picture.contains('*'), "{plain}");
    assert!(
        plain.contains("Mon 17") && plain.contains(". nine hours of ten"),
        "{plain}"
    );
    assert!(drawn(&[], "50").lines().count() > 9);
    assert!(!drawn(&["--no-color"], "80").contains('\u{1b}'));
}
