//! A workload that is scaled by schedule has one size, whichever command says it.

use serde_json::Value;

use super::{Made, bundle, friday, told};
use crate::common::Kcost;

const HOUR: i64 = 3_600;

fn json(args: &[&str]) -> Value {
    Kcost::new().args(args).run().ended(0).json()
}

#[test]
fn analyze_explain_and_patch_size_for_the_load_of_the_schedule() {
    let folder = tempfile::tempdir().unwrap();
    // Busy for long enough that a size without a schedule takes a part of the peak in.
    let sale = friday(18 * HOUR, 22 * HOUR, 0.3, 4.3);
    let made = Made {
        start: 600,
        cores: &sale,
        ..Made::default()
    };
    let bundle = bundle(folder.path(), &[made]);
    let plan = told(&bundle, &[]);
    let plan = &plan["workloads"][0];
    let cores = plan["replica_cpu_cores"].as_f64().unwrap();
    assert!(
        plan["advice"].as_str().unwrap().starts_with("schedule"),
        "{plan}"
    );
    assert_eq!(plan["replica_cpu_cores_advised"], plan["replica_cpu_cores"]);
    let ways = plan["simulation"]["ways"].as_array().unwrap();
    let without = ways.iter().find(|it| it["way"] == "advised_size").unwrap();
    assert!(
        without["replica_cpu_cores"].as_f64().unwrap() > cores,
        "{without}"
    );
    let analysis = json(&["analyze", "--snapshot", &bundle, "-o", "json"]);
    let container = &analysis["workloads"][0]["containers"][0];
    let advised = container["cpu_request_cores"]["recommended"].as_f64();
    assert_eq!(
        advised.map(|it| (it * 1e6).round()),
        Some((cores * 1e6).round()),
        "{container}"
    );
    let size = format!("{:.0}m", cores * 1_000.0);
    let run = |args: &[&str]| Kcost::new().args(args).run().ended(0).stdout;
    let patch = run(&["patch", "--snapshot", &bundle, "-o", "strategic"]);
    assert!(patch.contains(&size), "{size}: {patch}");
    let story = run(&["explain", "--snapshot", &bundle, "shop/Deployment/api"]);
    let sums = format!("2 replicas of the advised size hold {:.2}", 2.0 * cores);
    let story = story.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(story.contains(&sums), "{sums}: {story}");
    assert!(
        story.contains("replicas by schedule hold its peak"),
        "{story}"
    );
}
