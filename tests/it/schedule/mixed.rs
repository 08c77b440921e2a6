//! Days of one kind that are two kinds: what comes every other week, at another hour each week,
//! or an hour earlier once clocks changed.

use serde_json::Value;

use super::{Made, bundle, daily, told};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Cores at a second: a peak where something says so.
fn peaks(is_peak: impl Fn(i64) -> bool) -> impl Fn(i64) -> f64 {
    let quiet = daily(0, 0, 0.3, 0.3);
    move |second| {
        let more = if is_peak(second) { 4.5 } else { 0.0 };
        quiet(second) * (1.0 + more / 0.3)
    }
}

fn plan(cores: &dyn Fn(i64) -> f64, more: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let made = Made {
        start: 600,
        cores,

        ..Made::default()
    };
    told(&bundle(folder.path(), &[made]), more)["workloads"][0].clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// No window, and no most of an autoscaler, is for more than a little over what ever came.
fn assert_bounded(plan: &Value) {
    let each = number(&plan["replica_cpu_cores"]);
    let most = (4.9 * 1.4 / each).ceil() + 1.0;
    for window in plan["windows"].as_array().unwrap() {
        assert!(number(&window["replicas"]) <= most, "{window}");
    }
    assert!(number(&plan["replicas"]["most"]) <= most, "{plan}");
    assert!(number(&plan["peak_cpu_cores"]) <= 4.9 * 1.4, "{plan}");
}

/// What is told of a window is true of the days that it names.
fn assert_true(window: &Value, seen: u64, of: u64) {
    let proof = &window["evidence"];
    assert_eq!(proof["days_seen"], seen, "{window}");
    assert_eq!(proof["days_known"], of, "{window}");
    assert!(
        (number(&proof["peak_cpu_cores"]) - 4.8).abs() < 0.2,
        "{window}"
    );
}

fn is_friday(second: i64, hours: std::ops::Range<i64>) -> bool {
    second / DAY % 7 == 4 && hours.contains(&(second % DAY / HOUR))
}

#[test]
fn a_peak_of_every_other_week_is_planned_with_its_own_size() {
    let cores = peaks(|second| second / DAY / 7 % 2 == 1 && is_friday(second, 20..22));
    let plan = plan(&cores, &[]);
    assert_bounded(&plan);
    for window in plan["windows"].as_array().unwrap() {
        assert_true(window, 2, 4);
        assert_eq!(window["evidence"]["peak_day"], "fri");
    }
}

#[test]
fn a_peak_at_another_hour_each_week_is_planned_with_its_own_size() {
    let cores = peaks(|second| {
        let hour = [19, 20, 21, 20][usize::try_from(second / DAY / 7 % 4).unwrap()];
        is_friday(second, hour..hour + 1)
    });
    let plan = plan(&cores, &[]);
    assert_bounded(&plan);
    let windows = plan["windows"].as_array().unwrap();
    assert!(!windows.is_empty(), "{plan}");
    assert_true(&windows[0], 2, 4);
    assert_eq!(windows[0]["evidence"]["peak_time"], "20:00");
}

/// 06:00 UTC is 07:00 in Berlin in winter and 08:00 in summer. The history begins a day after
/// clocks went back, so the job moves at another time here.
#[test]
fn a_job_whose_hour_changed_is_told_by_the_days_since() {
    let cores = peaks(|second| {
        let hour = if second / DAY < 20 { 7 } else { 6 };
        second % DAY / HOUR == hour
    });
    let plan = plan(&cores, &["--time-zone", "Europe/Berlin"]);
    assert_bounded(&plan);
    for window in plan["windows"].as_array().unwrap() {
        assert_true(window, 8, 8);
        let proof = &window["evidence"];
        let (time, text) = (proof["peak_time"].as_str(), proof["text"].as_str());
        assert!(time.unwrap().starts_with("07:"), "{window}");
        assert!(text.unwrap().contains("since Nov 16"), "{window}");
    }
}

/// What is around a steep peak is no peak.
#[test]
fn what_the_fewest_hold_gets_no_window() {
    let cores = peaks(|second| second % DAY / HOUR == 13);
    let plan = plan(&cores, &[]);
    let windows = plan["windows"].as_array().unwrap();
    assert_eq!(windows.len(), 1, "{plan}");
    assert_eq!(windows[0]["end"], "14:00", "{plan}");
    assert_true(&windows[0], 28, 28);
}
