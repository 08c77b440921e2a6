//! A workload that is scaled by schedule has one size, whichever command says it.

use serde_json::Value;

use super::{Made, bundle, daily, friday, hpa, told};
use crate::common::Kcost;

const HOUR: i64 = 3_600;

/// Cores at a second.
type Cores<'a> = &'a dyn Fn(i64) -> f64;

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

/// Whatever scales it: the request and the target of its autoscaler are one decision, at the
/// least cost of all sizes that hold.
#[test]
fn what_an_autoscaler_scales_is_sized_for_its_load_too() {
    let sale = friday(20 * HOUR, 22 * HOUR, 0.3, 4.3);
    let noon = daily(12 * HOUR, 3 * HOUR, 0.3, 4.3);
    let moved = |second: i64| {
        let hour = if second < 15 * 86_400 { 3 } else { 17 };
        noon(second - (hour - 12) * HOUR)
    };
    let mut average = hpa("api", "api", (2, 40), 70);
    average["spec"]["metrics"][0]["resource"]["target"] =
        serde_json::json!({"type": "AverageValue", "averageValue": "300m"});
    let shapes: [(i64, Value, Cores<'_>); 5] = [
        (1, hpa("api", "api", (1, 30), 60), &sale),
        (2, hpa("api", "api", (2, 12), 75), &sale),
        (2, hpa("api", "api", (2, 40), 70), &noon),
        (2, hpa("api", "api", (2, 40), 70), &moved),
        (2, average, &sale),
    ];
    for (pods, own, cores) in shapes {
        let folder = tempfile::tempdir().unwrap();
        let target = &own["spec"]["metrics"][0]["resource"]["target"];
        let percent = target["averageUtilization"].as_f64();
        let (by_cores, own_target) = (percent.is_none(), percent.unwrap_or(0.0) / 100.0);
        let made = Made {
            pods,
            start: 900,
            cores,
            beside: vec![own],
            ..Made::default()
        };
        let bundle = bundle(folder.path(), &[made]);
        let plan = &told(&bundle, &[])["workloads"][0];
        let number = |it: &Value| it.as_f64().unwrap();
        let cores = number(&plan["replica_cpu_cores"]);
        assert_eq!(plan["advice"], "schedule_and_hpa", "{plan}");
        assert!(cores <= 0.5, "{plan}");
        let ways = plan["simulation"]["ways"].as_array().unwrap().iter();
        let ways: Vec<&Value> = ways.filter(|it| it["way"] == "schedule_and_hpa").collect();
        let sizes: Vec<f64> = ways
            .iter()
            .map(|it| number(&it["replica_cpu_cores"]))
            .collect();
        assert!(sizes.iter().any(|it| (it - 0.5).abs() < 1e-9), "{sizes:?}");
        let money = |it: &Value| it["monthly_cost"].as_str().unwrap().parse::<f64>().unwrap();
        let holding = ways
            .iter()
            .filter(|it| it["holds"] == true)
            .map(|it| money(it));
        let cheapest = holding.fold(f64::INFINITY, f64::min);
        assert!(
            (number(&ways[0]["replica_cpu_cores"]) - cores).abs() < 1e-9,
            "{plan}"
        );
        assert!(money(ways[0]) <= 1.05 * cheapest, "{plan}");
        let analysis = json(&["analyze", "--snapshot", &bundle, "-o", "json"]);
        let workload = &analysis["workloads"][0];
        let request = &workload["containers"][0]["cpu_request_cores"];
        let kept = number(&request["current"]);
        let advised = request["recommended"].as_f64().unwrap_or(kept);
        assert!((advised - cores).abs() < 1e-6, "{workload}");
        // Its target is what was played with.
        let patch = ["patch", "--snapshot", &bundle, "-o", "strategic"];
        let patch = Kcost::new().args(patch).run().ended(0).stdout;
        let target = number(&plan["hpa_target_ratio"]);
        let average = (target * cores * 1_000.0).ceil();
        let moves = if by_cores {
            (average - 300.0).abs() > 1e-9
        } else {
            (target - own_target).abs() > 1e-9
        };
        assert_eq!(patch.contains("kubectl patch hpa"), moves, "{patch}");
        let value = if by_cores {
            format!("\"averageValue\":\"{average:.0}m\"")
        } else {
            format!("\"averageUtilization\":{:.0}", target * 100.0)
        };
        assert_eq!(patch.contains(&value), moves, "{value}: {patch}");
    }
}
