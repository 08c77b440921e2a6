//! Samples that are missing: what nobody measured is no peak.

use serde_json::Value;

use super::{Made, bundle, friday, told};

const HOUR: i64 = 3_600;

/// Whether the sample of a pod at a second is missing.
type Missing<'a> = &'a dyn Fn(i64, i64) -> bool;

/// The Friday evening of a shop, as far as there are samples of it.
fn plan(missing: &dyn Fn(i64, i64) -> bool) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let sale = friday(20 * HOUR, 22 * HOUR, 0.3, 4.3);
    let made = Made {
        start: 600,
        cores: &sale,
        missing: Some(missing),
        ..Made::default()
    };
    told(&bundle(folder.path(), &[made]), &[])["workloads"][0].clone()
}

/// Minutes after midnight.
fn minutes(time: &Value) -> i64 {
    let (hour, minute) = time.as_str().unwrap().split_once(':').unwrap();
    hour.parse::<i64>().unwrap() * 60 + minute.parse::<i64>().unwrap()
}

#[test]
fn what_rises_in_a_gap_rose_when_it_was_seen() {
    // Both pods from seven to half past eight, and some cells of either at all times.
    let evening = |second: i64, _: i64| {
        let time = second % 86_400;
        (19 * HOUR..20 * HOUR + 1_800).contains(&time)
    };
    let cells = |second: i64, pod: i64| (second / 600 * 7_919 + pod * 104_729) % 100 < 45;
    let one = |second: i64, pod: i64| pod == 0 && second / 600 % 12 < 5;
    let told: [(Missing<'_>, i64); 3] =
        [(&evening, 20 * 60 + 30), (&cells, 20 * 60), (&one, 20 * 60)];
    for (missing, first) in told {
        let plan = plan(missing);
        let windows = plan["windows"].as_array().unwrap();
        assert!(!windows.is_empty(), "{plan}");
        for window in windows {
            // Ten minutes and what a schedule takes, and as early as a quarter begins.
            assert!(minutes(&window["start"]) >= first - 30, "{window}");
            assert!(
                minutes(&window["evidence"]["peak_time"]) >= first,
                "{window}"
            );
        }
        // A quarter of four weeks more than ever came, and noise.
        let peak = plan["peak_cpu_cores"].as_f64().unwrap();
        assert!(peak <= 4.4 * 1.25 * 1.02, "{peak}");
    }
}

#[test]
fn traffic_that_is_missing_at_times_is_not_that_of_later() {
    let folder = tempfile::tempdir().unwrap();
    let requests = friday(20 * HOUR, 22 * HOUR, 20.0, 620.0);
    let cores = |second: i64| 0.1 + 0.01 * requests(second);
    let known = |second: i64| {
        let lost = second / 600 * 7_919 % 100 < 30;
        if lost { f64::NAN } else { requests(second) }
    };
    let made = Made {
        start: 600,
        cores: &cores,
        requests: Some(&known),
        ..Made::default()
    };
    let plan = told(&bundle(folder.path(), &[made]), &[])["workloads"][0].clone();
    let windows = plan["windows"].as_array().unwrap();
    assert!(!windows.is_empty(), "{plan}");
    assert!(minutes(&windows[0]["start"]) >= 19 * 60 + 40, "{plan}");
    let peak = plan["peak_cpu_cores"].as_f64().unwrap();
    assert!(peak <= 6.5 * 1.25 * 1.02, "{peak}");
}
