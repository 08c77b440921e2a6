//! What is scaled, and what is not: volumes, names that come back, zones, levels that moved.

use serde_json::{Value, json};

use super::{Made, bundle, daily, friday, hpa, told};
use crate::common::Kcost;

const HOUR: i64 = 3_600;

fn only(report: &Value) -> &Value {
    &report["workloads"][0]
}

#[test]
fn what_mounts_a_volume_of_one_node_is_not_scaled_out() {
    let folder = tempfile::tempdir().unwrap();
    let sale = friday(20 * HOUR, 22 * HOUR, 0.3, 4.3);
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": "shop", "name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
        "status": {"phase": "Bound", "capacity": {"storage": "10Gi"}},
    });
    let made = Made {
        pods: 1,
        cores: &sale,
        beside: vec![claim],
        claim: Some("data"),
        ..Made::default()
    };
    let bundle = bundle(folder.path(), &[made]);
    let report = told(&bundle, &[]);
    let api = only(&report);
    assert_eq!(
        (&api["advice"], &api["code"]),
        (&json!("leave"), &json!("single_node_volume"))
    );
    assert!(
        api["reason"]
            .as_str()
            .unwrap()
            .contains("one node at a time"),
        "{api}"
    );
}

/// Its pods have names: nothing but that is to be minded.
#[test]
fn a_stateful_set_is_planned_with_a_word_on_its_pods() {
    let folder = tempfile::tempdir().unwrap();
    let sale = friday(20 * HOUR, 22 * HOUR, 0.3, 4.3);
    let made = Made {
        kind: "StatefulSet",
        start: 900,
        cores: &sale,
        ..Made::default()
    };
    let bundle = bundle(folder.path(), &[made]);
    let report = told(&bundle, &[]);
    let api = only(&report);
    assert!(
        api["advice"].as_str().unwrap().starts_with("schedule"),
        "{api}"
    );
    assert!(
        api["reason"].as_str().unwrap().contains("join and leave"),
        "{api}"
    );
    let args = ["schedule", "--snapshot", &bundle, "-o", "cronjobs"];
    let text = Kcost::new().args(args).run().ended(0).stdout;
    assert!(
        text.contains("statefulset") || text.contains("HorizontalPodAutoscaler"),
        "{text}"
    );
}

/// Names that come back every morning are two hours of nobody, not hours of nothing known.
#[test]
fn pods_whose_names_come_back_were_gone_between() {
    let folder = tempfile::tempdir().unwrap();
    let busy = daily(9 * HOUR, 9 * HOUR, 0.5, 5.0);
    let running = |second: i64| {
        let hour = second / HOUR % 24;
        if (9..18).contains(&hour) { 8 } else { 2 }
    };
    let made = Made {
        pods: 8,
        cpu: Some("1"),
        cores: &busy,
        running: Some(&running),
        ..Made::default()
    };
    let bundle = bundle(folder.path(), &[made]);
    let report = told(&bundle, &[]);
    let api = only(&report);
    assert_ne!(api["code"], json!("thin_history"), "{api}");
    let ways = api["simulation"]["ways"].as_array().unwrap();
    let hours = ways[0]["replica_hours_per_week"].as_f64().unwrap();
    // Two for fifteen hours and eight for nine, every day.
    assert!((hours - 714.0).abs() < 5.0, "{}", ways[0]);
}

/// A level that doubled and stayed is planned with once: no more than its own days needed.
#[test]
fn a_step_of_the_level_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let sale = friday(20 * HOUR, 22 * HOUR, 0.3, 2.3);
    let twice = |second: i64| {
        let level = if second < 18 * 86_400 { 1.0 } else { 2.0 };
        level * sale(second)
    };
    let half = |second: i64| {
        let level = if second < 18 * 86_400 { 2.0 } else { 1.0 };
        level * sale(second)
    };
    let of = |name, cores| Made {
        name,
        start: 900,
        cores,
        ..Made::default()
    };
    let bundle = bundle(folder.path(), &[of("doubled", &twice), of("halved", &half)]);
    let report = told(&bundle, &[]);
    for (told, peak) in report["workloads"]
        .as_array()
        .unwrap()
        .iter()
        .zip([4.6, 2.3])
    {
        let [window] = &told["windows"].as_array().unwrap()[..] else {
            panic!("{told}")
        };
        let seen = window["evidence"]["peak_cpu_cores"].as_f64().unwrap();
        assert!((seen / peak - 1.0).abs() < 0.1, "{window}");
        let holds = told["replica_cpu_cores"].as_f64().unwrap();
        let planned = window["replicas"].as_f64().unwrap() * holds;
        assert!(
            planned < 1.3 * peak + holds,
            "{planned} for {peak}: {window}"
        );
    }
}

#[test]
fn a_zone_that_is_not_known_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let sale = friday(20 * HOUR, 22 * HOUR, 0.3, 4.3);
    let made = Made {
        start: 900,
        cores: &sale,
        annotations: &[("kcost.dev/time-zone", "Mars/Olympus")],
        ..Made::default()
    };
    let bundle = bundle(folder.path(), &[made]);
    for command in ["schedule", "forecast"] {
        let args = [command, "--snapshot", &bundle, "-o", "json"];
        let report = Kcost::new().args(args).run().ended(0).json();
        let gaps = report["gaps"].as_array().unwrap();
        let gap = gaps
            .iter()
            .find(|it| it["code"] == "unknown-time-zone")
            .unwrap();
        assert!(gap.to_string().contains("Mars/Olympus"), "{gap}");
        let args = [command, "--snapshot", &bundle];
        let text = Kcost::new().args(args).run().ended(0).stdout;
        assert!(text.contains("Mars/Olympus"), "{text}");
    }
}

/// What an autoscaler holds is simulated as it is.
#[test]
fn its_own_autoscaler_is_what_is_below() {
    let folder = tempfile::tempdir().unwrap();
    let sale = friday(20 * HOUR, 22 * HOUR, 0.3, 4.3);
    let made = Made {
        start: 900,
        cores: &sale,
        beside: vec![hpa("api", "api", (2, 40), 60)],
        ..Made::default()
    };
    let bundle = bundle(folder.path(), &[made]);
    let report = told(&bundle, &[]);
    let api = only(&report);
    assert_eq!(api["advice"], json!("schedule_and_hpa"), "{api}");
    assert_eq!(api["hpa_target_ratio"], json!(0.6), "{api}");
    assert!(
        api["reason"].as_str().unwrap().contains("its HPA at 60%"),
        "{api}"
    );
}
