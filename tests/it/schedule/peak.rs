//! Peaks that are known to come, in `analyze` and `explain`.

use serde_json::Value;

use super::{Made, bundle, daily, friday};
use crate::common::{Kcost, demo};

fn json(args: &[&str]) -> Value {
    Kcost::new()
        .args(args)
        .args(["-o", "json"])
        .run()
        .ended(0)
        .json()
}

/// No request of the demo is cut below its sale on Friday without saying what covers it.
#[test]
fn analyze_says_what_covers_a_peak_that_is_known_to_come() {
    let report = demo(&["analyze", "-o", "json"]).ended(0).json();
    let found = report["findings"].as_array().unwrap();
    let peaks: Vec<&Value> = found
        .iter()
        .filter(|it| it["code"] == "known_peak")
        .collect();
    let of = |name: &str| peaks.iter().find(|it| it["name"] == name);
    let text = of("promotions").unwrap()["text"].as_str().unwrap();
    for words in ["Fri 20:00", "1.5 cores", "4 of 4 weeks"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // The very plan of the schedule.
    let plan = demo(&["schedule", "shop/promotions", "-o", "json"]);
    let plan = plan.ended(0).json();
    let windows = plan["workloads"][0]["windows"].as_array().unwrap();
    let [window] = &windows[..] else {
        panic!("{windows:?}")
    };
    let start = window["start"].as_str().unwrap();
    let planned = format!(
        "a schedule of {} from {start} covers it",
        window["replicas"]
    );
    assert!(text.contains(&planned), "{planned}: {text}");
    // One that an autoscaler follows says so; what is steady has none.
    assert!(of("gift-cards").is_none() && of("api-gateway").is_none());
}

#[test]
fn explain_shows_the_season_and_the_peak() {
    let json = |name: &str| demo(&["explain", name, "-o", "json"]).ended(0).json();
    let told = json("shop/promotions");
    let kinds: Vec<&str> = told["seasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["daily", "weekly"]);
    assert!(
        told["known_peak"]
            .as_str()
            .unwrap()
            .starts_with("Fri 20:00")
    );
    let text = demo(&["explain", "shop/promotions"]).ended(0).stdout;
    assert!(text.contains("\n  season: daily ("), "{text}");
    assert!(text.contains("Fri 20:00"), "{text}");
    let steady = json("payments-api");
    assert_eq!(steady["known_peak"], Value::Null);
}

/// Nor that of anybody else below what comes on a day of the month.
#[test]
fn a_peak_of_a_day_of_the_month_is_told_beside_a_smaller_size() {
    // Days from 2025-10-27 on that are the first of a month.
    const FIRSTS: [i64; 4] = [5, 35, 66, 97];
    let (usual, sale) = (
        daily(0, 0, 0.3, 0.3),
        daily(10 * 3_600, 2 * 3_600, 0.3, 4.3),
    );
    let monthly = |second: i64| {
        if FIRSTS.contains(&(second / 86_400)) {
            sale(second)
        } else {
            usual(second)
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let made = Made {
        days: 110,
        cores: &monthly,
        ..Made::default()
    };
    let bundle = bundle(folder.path(), &[made]);
    let told = json(&["explain", "--snapshot", &bundle, "api"]);
    let kinds = told["seasons"].as_array().unwrap().iter();
    let kinds: Vec<&Value> = kinds.map(|it| &it["kind"]).collect();
    assert!(kinds.contains(&&Value::from("day_of_month")), "{kinds:?}");
    let text = told["known_peak"].as_str().unwrap_or_default();
    for words in [
        "on day 1 of the month 1",
        "comes a peak of 4.3 cores",
        "in 4 months",
        "hold",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// Nor that of every second week, nor of what no schedule could scale.
#[test]
fn a_peak_that_comes_less_often_or_cannot_be_scaled_is_told_too() {
    let sale = friday(20 * 3_600, 22 * 3_600, 0.3, 4.3);
    let every_second = |second: i64| {
        let is_on = second / (7 * 86_400) % 2 == 1;
        if is_on { sale(second) } else { 0.3 }
    };
    let each = |second: i64| sale(second);
    let folder = tempfile::tempdir().unwrap();
    let all = [
        Made {
            name: "some",
            days: 84,
            cores: &every_second,
            ..Made::default()
        },
        Made {
            name: "agent",
            kind: "DaemonSet",
            days: 84,
            cores: &each,
            ..Made::default()
        },
    ];
    let bundle = bundle(folder.path(), &all);
    for (name, words) in [("some", "6 of 12 weeks"), ("agent", "12 of 12 weeks")] {
        let told = json(&["explain", "--snapshot", &bundle, name]);
        let text = told["known_peak"].as_str().unwrap_or_default();
        assert!(
            text.starts_with("Fri 20:") && text.contains(words),
            "{told}"
        );
    }
    let text = json(&["explain", "--snapshot", &bundle, "agent"]);
    let text = text["known_peak"].as_str().unwrap();
    assert!(
        text.contains("no number that a schedule could set") || text.contains("not a number"),
        "{text}"
    );
}
