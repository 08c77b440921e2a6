//! The command: JSON, tables, and what it refuses.

use serde_json::Value;

use super::{Made, bundle, friday, told};
use crate::common::{Kcost, demo};

const HOUR: i64 = 3_600;

fn of<'a>(report: &'a Value, name: &str) -> &'a Value {
    let workloads = report["workloads"].as_array().unwrap();
    workloads.iter().find(|it| it["name"] == name).unwrap()
}

fn way<'a>(workload: &'a Value, way: &str) -> &'a Value {
    let ways = workload["simulation"]["ways"].as_array().unwrap();
    ways.iter().find(|it| it["way"] == way).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// From one minute to the next nine times as much, by pods that take five minutes to start:
/// what an autoscaler cannot follow, and a schedule sees before it comes.
#[test]
fn a_steep_peak_gets_its_window() {
    let folder = tempfile::tempdir().unwrap();
    let sale = friday(20 * HOUR, 22 * HOUR, 0.8, 7.2);
    let bundle = bundle(
        folder.path(),
        &[Made {
            start: 300,
            cores: &sale,
            ..Made::default()
        }],
    );
    let report = told(&bundle, &[]);
    assert_eq!(report["schema"], "kcost.schedule/v1");
    assert_eq!(report["time_zone"], "UTC");
    let api = of(&report, "api");
    let advice = api["advice"].as_str().unwrap();
    assert!(
        advice.starts_with("schedule"),
        "{advice}: {}",
        api["reason"]
    );
    let [window] = &api["windows"].as_array().unwrap()[..] else {
        panic!("{}", api["windows"])
    };
    assert_eq!(window["days"], serde_json::json!(["fri"]));
    // Five minutes to start and most of one to be seen, in whole five minutes.
    assert_eq!(window["start"], "19:50");
    assert_eq!(window["end"], "22:00");
    let needed = 7.2 / number(&api["replica_cpu_cores"]);
    let replicas = number(&window["replicas"]);
    assert!(
        replicas >= needed && replicas <= 1.3 * needed + 1.0,
        "{window}"
    );
    let proof = &window["evidence"];
    assert_eq!(
        (&proof["days_seen"], &proof["days_known"]),
        (&4.into(), &4.into())
    );
    assert_eq!(proof["peak_day"], "fri");
    assert!(
        (number(&proof["peak_cpu_cores"]) - 7.2).abs() < 0.4,
        "{proof}"
    );
    assert!(number(&proof["chance_short"]) <= 0.02, "{proof}");
    assert_eq!(api["lead"]["pod_seconds"], 300);
    assert_eq!(api["lead"]["pod_samples"], 2);
    assert_eq!(window["nodes_added"], 0);
    // Fewer minutes short, at no more replica-hours.
    let (own, hpa) = (way(api, advice), way(api, "hpa"));
    let short = |it: &Value| number(&it["short_minutes_per_week"]);
    assert!(short(own) < short(hpa), "{own} {hpa}");
    assert!(short(way(api, "today")) >= 119.0);
}

#[test]
fn windows_are_in_the_time_zone() {
    let folder = tempfile::tempdir().unwrap();
    // From 18:00 to 20:00 UTC, which is 19:00 to 21:00 in Berlin in winter.
    let sale = friday(18 * HOUR, 20 * HOUR, 0.8, 7.2);
    let bundle = bundle(
        folder.path(),
        &[Made {
            start: 300,
            cores: &sale,
            ..Made::default()
        }],
    );
    let report = told(&bundle, &["--time-zone", "Europe/Berlin"]);
    assert_eq!(report["time_zone"], "Europe/Berlin");
    let window = &of(&report, "api")["windows"][0];
    assert_eq!(
        (&window["start"], &window["end"]),
        (&"18:50".into(), &"21:00".into())
    );
}

#[test]
fn what_needs_no_schedule_is_left_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let noise = |second: i64| {
        let mixed = (second / 600).wrapping_mul(2_654_435_761) % 1_000;
        0.3 + 0.4 * f64::from(i32::try_from(mixed).unwrap()) / 1_000.0
    };
    let steady = |_: i64| 0.4;
    let daily = |second: i64| if (second / 3_600) % 24 < 12 { 1.5 } else { 0.2 };
    let made = |name, cores| Made {
        name,
        cores,
        ..Made::default()
    };
    let bundle = bundle(
        folder.path(),
        &[
            Made {
                pods: 1,
                ..made("one", &steady)
            },
            made("noise", &noise),
            Made {
                days: 5,
                ..made("young", &daily)
            },
            Made {
                kind: "DaemonSet",
                ..made("agent", &daily)
            },
        ],
    );
    let report = told(&bundle, &[]);
    for (name, code) in [("one", "enough"), ("agent", "not_scalable")] {
        let it = of(&report, name);
        assert_eq!(
            (&it["advice"], &it["code"]),
            (&"leave".into(), &code.into()),
            "{it}"
        );
        assert_eq!(it["windows"], serde_json::json!([]));
    }
    assert!(
        of(&report, "one")["reason"]
            .as_str()
            .unwrap()
            .contains("one replica is enough")
    );
    let noise = of(&report, "noise");
    assert_eq!(noise["windows"], serde_json::json!([]));
    assert_eq!(noise["seasons"], serde_json::json!([]));
    assert!(
        !noise["advice"].as_str().unwrap().starts_with("schedule"),
        "{noise}"
    );
}

#[test]
fn a_history_of_days_is_too_thin() {
    let folder = tempfile::tempdir().unwrap();
    let daily = |second: i64| if (second / 3_600) % 24 < 12 { 3.0 } else { 0.2 };
    let bundle = bundle(
        folder.path(),
        &[Made {
            days: 5,
            cores: &daily,
            ..Made::default()
        }],
    );
    let report = told(&bundle, &[]);
    let api = of(&report, "api");
    assert_eq!(
        (&api["advice"], &api["code"]),
        (&"leave".into(), &"thin_history".into())
    );
    assert!(
        api["reason"].as_str().unwrap().contains("too thin"),
        "{api}"
    );
    assert_eq!(api["simulation"], Value::Null);
}

#[test]
fn the_same_on_any_number_of_threads_and_within_eighty_columns() {
    let folder = tempfile::tempdir().unwrap();
    let sale = friday(20 * HOUR, 22 * HOUR, 0.8, 7.2);
    let names = ["a", "b", "c"];
    let made = names.map(|name| Made {
        name,
        start: 300,
        cores: &sale,
        ..Made::default()
    });
    let bundle = bundle(folder.path(), &made);
    let run = |args: &[&str], threads: &str| {
        Kcost::new()
            .args(["schedule", "--snapshot", &bundle].iter().chain(args))
            .env("RAYON_NUM_THREADS", threads)
            .env("COLUMNS", "80")
            .run()
            .ended(0)
            .stdout
    };
    assert_eq!(run(&["-o", "json"], "1"), run(&["-o", "json"], "4"));
    for args in [&[][..], &["a"]] {
        let text = run(args, "2");
        assert!(text.lines().all(|it| it.chars().count() <= 80), "{text}");
    }
    let text = run(&["a"], "2");
    for words in [
        "Windows",
        "Fri 19:50-22:00",
        "4 of 4 weeks",
        "chance to be short",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_chance_is_a_share() {
    for chance in ["0", "1", "2%", "often"] {
        let args = ["schedule", "--demo", "--max-short", chance];
        Kcost::new().args(args).run().ended(2);
    }
}

/// The demo's sale on Friday evening, by pods that take a quarter of an hour to start.
#[test]
fn the_sale_of_the_demo_is_seen_before_it_comes() {
    let seen = demo(&["schedule", "shop/promotions", "-o", "json"]);
    let report = seen.ended(0).json();
    let promotions = of(&report, "promotions");
    assert_eq!(promotions["advice"], "schedule_and_hpa");
    let window = &promotions["windows"][0];
    assert_eq!(window["days"], serde_json::json!(["fri"]));
    assert!(window["start"].as_str().unwrap() < "19:30", "{window}");
    let text = window["evidence"]["text"].as_str().unwrap();
    assert!(
        text.starts_with("Fri 20:00, 4 of 4 weeks, peak 1.5 cores, needs"),
        "{text}"
    );
    // With the advised size alone Friday evening is short every time.
    let again = |name: &str| number(&way(promotions, name)["short_again_minutes_per_week"]);
    assert!(again("advised_size") > 200.0);
    assert!(again("schedule_and_hpa") < 5.0);
}

/// Crons know no period of ten hours.
#[test]
fn a_period_that_no_cron_follows_is_said_to_have_no_window() {
    let folder = tempfile::tempdir().unwrap();
    let cores = |second: i64| {
        let busy = second / HOUR % 10 == 0;
        let wave = f64::from(i32::try_from(second % 7_919).unwrap()) / 79_190.0;
        (1.0 + wave) * if busy { 3.0 } else { 0.4 }
    };
    let made = Made {
        start: 600,
        cores: &cores,
        ..Made::default()
    };
    let bundle = bundle(folder.path(), &[made]);
    let reason = |more: &[&str]| {
        let plan = &told(&bundle, more)["workloads"][0];
        plan["reason"].as_str().unwrap().to_owned()
    };
    let said = reason(&["--period", "10h"]);
    assert!(
        said.contains("what comes every 10h has no window"),
        "{said}"
    );
    assert!(!reason(&[]).contains("has no window"));
}
