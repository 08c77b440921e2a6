//! The numbers behind each size, in machine output.

use serde_json::Value;

use crate::common::{demo, demo_week};

const NUMBERS: [&str; 5] = ["quantile", "multiplier", "judged", "promise", "evidence"];
const FIELDS: [&str; 4] = [
    "cpu_request_cores",
    "cpu_limit_cores",
    "memory_request_bytes",
    "memory_limit_bytes",
];

/// Each field of each container that is to be set, by its name.
fn set(report: &Value, name: &str) -> Vec<Value> {
    let workloads = report["workloads"].as_array().unwrap().iter();
    let containers = workloads.flat_map(|it| it["containers"].as_array().unwrap());
    let fields = containers.map(|it| it[name].clone());
    fields.filter(|field| field["advice"] == "set").collect()
}

#[test]
fn the_calibrated_numbers_are_those_of_its_promises() {
    let report = demo(&["analyze", "-o", "json"]).ended(0).json();
    assert_eq!(report["settings"]["strategy"], "calibrated");
    every_field_has_every_number_or_null(&report);
    promises(&report);
    an_explanation_has_the_same_numbers(&report);
}

fn every_field_has_every_number_or_null(report: &Value) {
    let workloads = report["workloads"].as_array().unwrap().iter();
    let containers: Vec<_> = workloads
        .flat_map(|it| it["containers"].as_array().unwrap())
        .collect();
    assert!(containers.len() > 40);
    for container in containers {
        for field in FIELDS.map(|name| &container[name]) {
            for number in NUMBERS.map(|name| field.get(name).unwrap()) {
                let is_none = number.is_null();
                assert!(is_none || number.is_number(), "{field}");
                assert!(is_none || field["advice"] == "set", "{field}");
            }
        }
    }
}

fn promises(report: &Value) {
    let cpu = set(report, "cpu_request_cores");
    let plain: Vec<_> = cpu.iter().filter(|it| !it["quantile"].is_null()).collect();
    assert!(plain.len() > 10);
    for field in plain {
        assert_eq!(field["promise"], 0.05, "{field}");
        assert!(field["judged"].as_f64().unwrap() <= 0.05, "{field}");
        assert!(field["evidence"].as_f64().unwrap() >= 1.0, "{field}");
    }
    let limits = set(report, "memory_limit_bytes");
    let drawn: Vec<_> = limits
        .iter()
        .filter(|it| !it["multiplier"].is_null())
        .collect();
    assert!(drawn.len() > 5);
    for field in drawn {
        assert_eq!(field["promise"], 0.02, "{field}");
        assert!(field["multiplier"].as_f64().unwrap() > 1.0, "{field}");
        assert!(field["evidence"].as_f64().unwrap() > 0.0, "{field}");
    }
    let requests = set(report, "memory_request_bytes");
    assert!(requests.iter().any(|it| it["quantile"] == 0.99));
}

#[test]
fn rules_of_other_tools_have_their_quantile_and_no_promise() {
    let analysis = |strategy: &str| {
        let args = ["analyze", "-o", "json", "--strategy", strategy];
        demo_week(&args).ended(0).json()
    };
    let krr = analysis("krr");
    for field in set(&krr, "cpu_request_cores") {
        assert_eq!(field["quantile"], 0.95);
        assert!(field["promise"].is_null() && field["judged"].is_null());
    }
    for field in set(&krr, "memory_limit_bytes") {
        assert_eq!(
            (&field["quantile"], &field["multiplier"]),
            (&1.0.into(), &1.15.into())
        );
    }
    let vpa = analysis("vpa");
    assert!(
        set(&vpa, "cpu_request_cores")
            .iter()
            .all(|it| it["quantile"] == 0.9)
    );
}

fn an_explanation_has_the_same_numbers(report: &Value) {
    let story = demo(&["explain", "payments-api", "-o", "json"]);
    let story = story.ended(0).json();
    let workloads = report["workloads"].as_array().unwrap();
    let own = workloads
        .iter()
        .find(|it| it["name"] == "payments-api")
        .unwrap();
    for name in FIELDS {
        for number in NUMBERS {
            let (told, listed) = (
                &story["containers"][0][name][number],
                &own["containers"][0][name][number],
            );
            assert_eq!(told, listed, "{name} {number}");
        }
    }
}
