//! Replicas by the requests that a workload is asked, where CPU alone says less.

use serde_json::Value;
use tempfile::TempDir;

use super::{Made, bundle, told};

/// Requests a second: few at night and on weekends, 300 in the middle of working days.
fn requests(second: i64) -> f64 {
    let (day, minute) = ((second / 86_400) % 7, (second % 86_400) / 60);
    let minute = f64::from(i32::try_from(minute).unwrap());
    let near = 1.0 - (minute - 780.0).abs() / 360.0;
    if day < 5 {
        20.0 + 280.0 * (2.0 * near).clamp(0.0, 1.0)
    } else {
        20.0
    }
}

/// Cores that they take.
fn wanted(second: i64) -> f64 {
    0.1 + 0.01 * requests(second)
}

/// From -1 to 1, without any order.
fn noise(second: i64) -> f64 {
    let mixed = (second / 600).wrapping_mul(6_364_136_223_846_793_005);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(1_442_695_040_888_963_407);
    f64::from(i32::try_from((mixed >> 40).rem_euclid(2_001)).unwrap()) / 1_000.0 - 1.0
}

fn plan(made: Made<'_>) -> Value {
    let folder = TempDir::new().unwrap();
    let snapshot = bundle(folder.path(), &[made]);
    told(&snapshot, &["shop/api"])["workloads"][0].take()
}

/// Traffic is planned with, at a hundredth of a core for each request a second.
fn assert_line(traffic: &Value) {
    assert_eq!(traffic["used"], true, "{traffic}");
    let each = traffic["cpu_cores_per_request_per_second"]
        .as_f64()
        .unwrap();
    assert!((each - 0.01).abs() < 0.001, "{traffic}");
}

#[test]
fn what_a_limit_holds_back_is_seen_in_traffic() {
    let used = |second: i64| (wanted(second) + 0.03 * noise(second)).min(2.0);
    let made = || Made {
        cores: &used,
        limit: Some("1"),
        ..Made::default()
    };
    let by_cpu = plan(made());
    assert_eq!(by_cpu["traffic"], Value::Null);
    let by_traffic = plan(Made {
        requests: Some(&requests),
        ..made()
    });
    let traffic = &by_traffic["traffic"];
    assert_line(traffic);
    assert!(
        traffic["hours_held_back"].as_u64().unwrap() > 50,
        "{traffic}"
    );
    let text = traffic["text"].as_str().unwrap();
    assert!(text.starts_with("planned by traffic: 0.01"), "{text}");
    assert!(text.contains("CPU was held back"), "{text}");
    let peak = |plan: &Value| plan["peak_cpu_cores"].as_f64().unwrap();
    assert!(peak(&by_cpu) < 2.2, "{by_cpu}");
    assert!((2.9..4.0).contains(&peak(&by_traffic)), "{by_traffic}");
    // What is played is what was wanted, not what there was.
    let short = |plan: &Value| {
        let ways = plan["simulation"]["ways"].as_array().unwrap();
        let today = ways.iter().find(|it| it["way"] == "today").unwrap();
        today["short_minutes_per_week"].as_f64().unwrap()
    };
    assert!(short(&by_traffic) >= short(&by_cpu));
}

#[test]
fn noisy_cpu_is_planned_by_the_line_of_traffic() {
    let used = |second: i64| (wanted(second) + 0.5 * noise(second)).max(0.02);
    let noisy = plan(Made {
        cores: &used,
        requests: Some(&requests),
        ..Made::default()
    });
    let traffic = &noisy["traffic"];
    assert_line(traffic);
    assert!(
        traffic["scatter_ratio"].as_f64().unwrap() > 0.05,
        "{traffic}"
    );
    let peak = noisy["peak_cpu_cores"].as_f64().unwrap();
    assert!((3.1..4.5).contains(&peak), "{noisy}");
}

#[test]
fn where_cpu_does_something_else_it_is_planned_with() {
    let other = |second: i64| 1.0 + 0.6 * noise(second);
    let told = plan(Made {
        cores: &other,
        requests: Some(&requests),
        ..Made::default()
    });
    assert_eq!(told["traffic"]["code"], "cpu_does_not_follow", "{told}");
    assert_eq!(told["traffic"]["used"], false);
    let late = |second: i64| {
        if second < 18 * 86_400 {
            f64::NAN
        } else {
            requests(second)
        }
    };
    let told = plan(Made {
        cores: &wanted,
        requests: Some(&late),
        ..Made::default()
    });
    assert_eq!(told["traffic"]["code"], "part_of_window", "{told}");
}
