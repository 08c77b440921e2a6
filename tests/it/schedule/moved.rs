//! Peaks that came at one time and come at another now, and days of which only some have one.

use serde_json::{Value, json};

use super::{Made, bundle, daily, hpa, told};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// The hour at which a peak begins on a day.
type Hour<'a> = &'a dyn Fn(i64) -> Option<i64>;

/// Cores at a second.
type Cores = Box<dyn Fn(i64) -> f64>;

/// A peak of two hours from an hour on, where something says at which.
fn peaks(hour_of: impl Fn(i64) -> Option<i64>) -> impl Fn(i64) -> f64 {
    let quiet = daily(0, 0, 0.3, 0.3);
    move |second| {
        let hour = second % DAY / HOUR;
        let peak = hour_of(second / DAY).is_some_and(|from| (from..from + 2).contains(&hour));
        quiet(second) * if peak { 14.0 } else { 1.0 }
    }
}

fn plan(days: i64, cores: &dyn Fn(i64) -> f64, beside: Vec<Value>) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let made = Made {
        start: 600,
        days,
        cores,
        beside,
        ..Made::default()
    };
    told(&bundle(folder.path(), &[made]), &[])["workloads"][0].clone()
}

/// Days, start and evidence of each window.
fn windows(plan: &Value) -> Vec<(String, String, String)> {
    let windows = plan["windows"].as_array().unwrap().iter();
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    let told = windows.map(|it| {
        let days: Vec<String> = it["days"].as_array().unwrap().iter().map(text).collect();
        (
            days.join(" "),
            text(&it["start"]),
            text(&it["evidence"]["text"]),
        )
    });
    told.collect()
}

const EVERY_DAY: &str = "mon tue wed thu fri sat sun";

#[test]
fn a_peak_that_moved_has_its_window_where_it_is_now() {
    let daily = |day: i64| Some(if day < 16 { 6 } else { 20 });
    let working = |day: i64| (day % 7 < 5).then_some(if day < 14 { 13 } else { 8 });
    let weekly = |day: i64| {
        let (on, hour) = if day < 42 { (5, 10) } else { (1, 18) };
        (day % 7 == on).then_some(hour)
    };
    let told: [(i64, Hour<'_>, [&str; 3]); 3] = [
        (
            28,
            &daily,
            [
                EVERY_DAY,
                "19:45",
                "20:00, 12 of the last 12 days, since Nov 12,",
            ],
        ),
        (
            35,
            &working,
            [
                "mon tue wed thu fri",
                "07:45",
                "08:00, 15 of the last 15 days, since Nov 10,",
            ],
        ),
        (
            70,
            &weekly,
            [
                "tue",
                "17:45",
                "Tue 18:00, 4 of the last 4 weeks, since Dec 9,",
            ],
        ),
    ];
    for (days, hour_of, [on, start, words]) in told {
        let plan = plan(days, &peaks(hour_of), Vec::new());
        let windows = windows(&plan);
        let [window] = &windows[..] else {
            panic!("{plan}")
        };
        assert_eq!(
            (window.0.as_str(), window.1.as_str()),
            (on, start),
            "{plan}"
        );
        assert!(window.2.contains(words), "{words}: {}", window.2);
        // By its load, not by a part of the peak.
        assert!(plan["replica_cpu_cores"].as_f64().unwrap() < 0.3, "{plan}");
    }
}

#[test]
fn a_time_that_is_too_new_is_said_and_has_no_window() {
    for beside in [Vec::new(), vec![hpa("api", "api", (2, 40), 70)]] {
        let plan = plan(
            28,
            &peaks(|day| Some(if day < 24 { 9 } else { 16 })),
            beside,
        );
        assert_eq!(plan["windows"], json!([]), "{plan}");
        let reason = plan["reason"].as_str().unwrap();
        let words = "its peaks came at other times before Nov 20, which is too new for windows";
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn what_did_not_move_is_told_as_it_was() {
    // Every day but two, and an hour more since a while.
    let plan = plan(
        28,
        &peaks(|day| (![9, 26].contains(&day)).then_some(12)),
        Vec::new(),
    );
    let windows = windows(&plan);
    assert_eq!(windows.len(), 1, "{plan}");
    assert!(windows[0].2.contains("26 of 28 days,"), "{windows:?}");
}

#[test]
fn a_peak_of_some_weeks_has_no_window_on_other_days() {
    let second = |day: i64| (day % 14 == 8).then_some(10);
    let fourth = |day: i64| (day % 28 == 26).then_some(10);
    // Every day at nine, and on Fridays at twenty, for too short for a weekly season.
    let both = peaks(|day| (day % 7 == 4).then_some(20));
    let both = move |second: i64| {
        let morning = second % DAY / HOUR == 9;
        both(second) * if morning { 6.0 } else { 1.0 }
    };
    let told: [(i64, Cores, &str); 3] = [
        (112, Box::new(peaks(second)), "tue"),
        (112, Box::new(peaks(fourth)), "sat"),
        (21, Box::new(both), "fri"),
    ];
    for (days, cores, on) in told {
        let plan = plan(days, &cores, Vec::new());
        let steep = windows(&plan);
        for window in steep.iter().filter(|it| !it.2.contains("09:00")) {
            assert_eq!(window.0, on, "{plan}");
        }
    }
}
