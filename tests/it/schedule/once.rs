//! What came on one day alone: no way is planned for it, and none is judged by it.

use serde_json::Value;

use super::{Made, bundle, friday, told};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

fn plan(cores: &dyn Fn(i64) -> f64) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let made = Made {
        start: 600,
        cores,
        ..Made::default()
    };
    told(&bundle(folder.path(), &[made]), &[])["workloads"][0].clone()
}

fn days(plan: &Value) -> Vec<&Value> {
    let windows = plan["windows"].as_array().unwrap().iter();
    windows.map(|it| &it["days"]).collect()
}

#[test]
fn an_incident_takes_no_schedule_away() {
    let sale = friday(20 * HOUR, 22 * HOUR, 0.3, 4.3);
    let usual = plan(&sale);
    assert!(usual["code"].is_null(), "{usual}");
    // Forty minutes of a night, and six hours of a day.
    for (from, seconds) in [
        (16 * DAY + 3 * HOUR, 2_400),
        (9 * DAY + 11 * HOUR, 6 * HOUR),
    ] {
        let incident = |second: i64| {
            let is_odd = (from..from + seconds).contains(&second);
            if is_odd { 6.0 } else { sale(second) }
        };
        let plan = plan(&incident);
        assert!(plan["code"].is_null(), "{plan}");
        assert_eq!(days(&plan), days(&usual), "{plan}");
        let size = |plan: &Value| plan["replica_cpu_cores"].as_f64().unwrap();
        assert!((size(&plan) / size(&usual)).ln().abs() < 0.1, "{plan}");
        let ways = plan["simulation"]["ways"].as_array().unwrap();
        let own = ways.iter().find(|it| it["way"] == plan["advice"]).unwrap();
        let minutes = |key: &str| own[key].as_f64().unwrap();
        let once = minutes("short_once_minutes_per_week");
        assert!(
            once > 0.0 && once <= minutes("short_minutes_per_week"),
            "{own}"
        );
        assert_eq!(own["holds"], true, "{own}");
    }
}

/// An afternoon that is not over yet is no habit, and no reason against one.
#[test]
fn what_goes_on_at_the_end_is_left_out_and_named() {
    let morning = super::daily(9 * HOUR, 2 * HOUR, 0.3, 3.3);
    let afternoon = |second: i64| {
        let is_odd = second >= 27 * DAY + 13 * HOUR;
        if is_odd { 6.3 } else { morning(second) }
    };
    let plan = plan(&afternoon);
    assert!(plan["code"].is_null(), "{plan}");
    // No more than each requests now.
    assert!(plan["replica_cpu_cores"].as_f64().unwrap() <= 0.5, "{plan}");
    let windows = plan["windows"].as_array().unwrap();
    assert!(!windows.is_empty(), "{plan}");
    for window in windows {
        assert!(window["start"].as_str().unwrap() < "11:00", "{window}");
    }
    let reason = plan["reason"].as_str().unwrap();
    assert!(reason.contains("what came on Nov 23 is more"), "{reason}");
}
