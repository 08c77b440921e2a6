//! `kcost nodes` on the demo, in every format.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::common::{demo, demo_week};

fn money(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn the_demo_frees_nodes_once_the_advice_is_followed() {
    let report = demo(&["nodes", "-o", "json"]).ended(0).json();
    assert_eq!(report["schema"], "kcost.nodes/v1");
    let summary = &report["summary"];
    let nodes = report["nodes"].as_array().unwrap();
    assert_eq!(summary["nodes"], nodes.len());
    let bill: f64 = nodes.iter().map(|it| money(&it["monthly_cost"])).sum();
    assert!((bill - money(&summary["monthly_cost"])).abs() < 0.1);
    for part in ["today", "advised"] {
        let sum = &summary[part];
        let gone: Vec<&Value> = nodes
            .iter()
            .filter(|it| !it[part]["drain_order"].is_null())
            .collect();
        assert_eq!(sum["nodes_drained"], gone.len());
        let saved: f64 = gone.iter().map(|it| money(&it["monthly_leaves"])).sum();
        assert!((saved - money(&sum["monthly_saved"])).abs() < 0.1);
        let order: BTreeSet<u64> = gone
            .iter()
            .map(|it| it[part]["drain_order"].as_u64().unwrap())
            .collect();
        assert_eq!(order, (1..=gone.len() as u64).collect());
        assert!(money(&sum["bound"]["monthly_saved"]) >= money(&sum["monthly_saved"]));
        assert!(sum["bound"]["nodes_left"].as_u64() <= sum["nodes_left"].as_u64());
        // A node goes, or it says why not and what would free it.
        for node in nodes {
            let stays = !node[part]["stays"].is_null();
            assert_eq!(stays, node[part]["drain_order"].is_null());
            if stays {
                assert!(!node[part]["stays"]["text"].as_str().unwrap().is_empty());
                assert!(node[part]["stays"]["remedy"].is_string());
            }
        }
    }
    let drained = |part: &str| summary[part]["nodes_drained"].as_u64().unwrap();
    assert!(drained("advised") > drained("today"));
}

#[test]
fn a_reserve_and_minimums_keep_nodes() {
    let drained = |args: &[&str]| {
        let seen = demo_week(&[&["nodes", "-o", "json"], args].concat());
        seen.ended(0).json()["summary"]["advised"]["nodes_drained"].as_u64()
    };
    let usual = drained(&[]);
    assert!(drained(&["--reserve", "50%"]) < usual);
    assert!(drained(&["--pool-min", "general=10,batch-spot=3"]) < usual);
    let seen = demo_week(&["nodes", "--pool-min", "generl=2"]).ended(2);
    assert!(
        seen.transcript().contains("batch-spot, general, gpu"),
        "{}",
        seen.transcript()
    );
}

#[test]
fn the_table_says_what_goes_and_why_the_rest_stays() {
    let text = demo_week(&["nodes", "-v"]).ended(0).transcript();
    for words in [
        "once the advice is followed",
        "why nodes stay",
        "budget `ledger` lets no pod go",
        "safe-to-evict: false",
        "where pods have room",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn rows_are_one_a_node() {
    let seen = demo_week(&["nodes", "-o", "csv"]).ended(0);
    let mut rows = csv::Reader::from_reader(seen.stdout.as_bytes());
    let names: BTreeSet<String> = rows
        .records()
        .map(|row| row.unwrap()[0].to_owned())
        .collect();
    assert_eq!(names.len(), 19);
}
