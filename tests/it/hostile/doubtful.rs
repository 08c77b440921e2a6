//! Stores that answer and say nothing: that is no use of zero, and passes no gate.

use serde_json::{Value, json};

use super::{Raw, analyze, codes};
use crate::common::Kcost;

/// Every point of every series.
fn points(series: &mut [Value]) -> impl Iterator<Item = &mut Value> {
    let values = series
        .iter_mut()
        .map(|it| it["values"].as_array_mut().unwrap());
    values.flatten()
}

fn each(series: &mut [Value], change: impl Fn(&mut Value)) {
    for point in points(series) {
        change(point);
    }
}

fn not_numbers(series: &mut [Value]) {
    each(series, |point| point[1] = json!("NaN"));
}

fn infinite(series: &mut [Value]) {
    each(series, |point| point[1] = json!("+Inf"));
}

fn long_ago(series: &mut [Value]) {
    each(series, |point| {
        point[0] = json!(-point[0].as_i64().unwrap());
    });
}

fn far_away(series: &mut [Value]) {
    each(series, |point| point[0] = json!(1e300));
}

fn without_points(series: &mut [Value]) {
    for one in series {
        one["values"] = json!([]);
    }
}

fn nameless(series: &mut [Value]) {
    for one in series {
        one["metric"] = json!({});
    }
}

#[test]
fn what_says_nothing_of_use_is_a_gap_and_no_zero() {
    let cluster = Raw::cluster();
    for (change, code) in [
        (not_numbers as fn(&mut [Value]), "impossible-values"),
        (infinite, "impossible-values"),
        (long_ago, "outside-window"),
        (far_away, "outside-window"),
        (without_points, "no-samples"),
        (nameless, "unowned-pods"),
    ] {
        let store = Raw::store(change);
        let report = analyze(&cluster, &store, &[]).ended(0).json();
        let summary = &report["summary"];
        assert_eq!(summary["cpu_cores"]["used_mean"], json!(null), "{code}");
        assert_eq!(summary["memory_bytes"]["used_mean"], json!(null), "{code}");
        let none = json!({"cpu": null, "memory": null, "cost": null});
        assert_eq!(summary["waste_ratio"], none, "{code}");
        assert_eq!(codes(&report), [code]);
        analyze(&cluster, &store, &["--strict"]).ended(1);
        for rule in [
            "cpu-waste>5%",
            "idle>0",
            "monthly-savings>1",
            "severity>=high",
        ] {
            let seen = analyze(&cluster, &store, &["--fail-on", rule]).ended(1);
            assert!(seen.stderr.contains("gate not judged"), "{}", seen.stderr);
            let gate = &seen.json()["gates"][0];
            assert_eq!(gate["judged"], json!(false));
            assert_eq!(gate["measured"], json!(null));
        }
    }
}

#[test]
fn samples_that_are_dropped_are_counted() {
    let cluster = Raw::cluster();
    let store = Raw::store(|series| {
        for (number, point) in points(series).step_by(100).take(5).enumerate() {
            if number < 3 {
                point[1] = json!("-5");
            } else {
                point[0] = json!(5);
            }
        }
    });
    let report = analyze(&cluster, &store, &[]).ended(0).json();
    let texts: Vec<&str> = report["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| gap["text"].as_str().unwrap())
        .collect();
    // Of CPU and of memory each.
    insta::assert_snapshot!(texts.join("\n"), @"
    6 samples are not a number, negative or absurdly large and left out: shop/api-0
    4 samples are of times outside the window and left out: shop/api-0
    ");
    assert!(
        report["summary"]["cpu_cores"]["used_mean"]
            .as_f64()
            .unwrap()
            > 0.3
    );
}

#[test]
fn a_gate_on_one_resource_needs_its_use() {
    let cluster = Raw::cluster();
    let store = Raw::new(|request, stream| {
        let mut answer = super::usage(request);
        if request.is_usage() && !request.get("query").contains("memory") {
            not_numbers(answer["data"]["result"].as_array_mut().unwrap());
        }
        super::say(stream, &answer)
    });
    let with = |rule: &str| {
        analyze(
            &cluster,
            &store,
            &["--min-history", "1d", "--fail-on", rule],
        )
    };
    let seen = with("memory-waste>1%").ended(10);
    let summary = &seen.json()["summary"];
    assert_eq!(summary["cpu_cores"]["used_mean"], json!(null));
    assert_eq!(summary["waste_ratio"]["cpu"], json!(null));
    assert!(summary["memory_bytes"]["used_mean"].as_u64().unwrap() > 0);
    for rule in [
        "cpu-waste>1%",
        "idle>0",
        "cost-waste>1%",
        "cpu-waste>1%,cost-waste>99%",
    ] {
        let seen = with(rule).ended(1);
        assert!(seen.stderr.contains("gate not judged"), "{}", seen.stderr);
    }
    // What is judged and fails is told, whatever else cannot be.
    let seen = with("cpu-waste>1%,memory-waste>1%").ended(10);
    assert!(
        seen.stderr.contains("gate failed: memory-waste>1%"),
        "{}",
        seen.stderr
    );
}

#[test]
fn without_usage_several_clusters_have_none_together() {
    let folder = tempfile::tempdir().unwrap();
    let objects = folder.path().join("objects.json");
    std::fs::write(
        &objects,
        super::objects("/apis/apps/v1/deployments")
            .to_string()
            .replace(
                r#""metadata":{"name""#,
                r#""kind":"Deployment","apiVersion":"apps/v1","metadata":{"name""#,
            ),
    )
    .unwrap();
    for name in ["a.kcost", "b.kcost"] {
        Kcost::new()
            .arg("snapshot")
            .arg("--objects")
            .arg(&objects)
            .arg("-o")
            .arg(folder.path().join(name))
            .args(["--context", name])
            .run()
            .ended(0);
    }
    let both = Kcost::new()
        .inside(folder.path())
        .args([
            "analyze",
            "-o",
            "json",
            "--snapshot",
            "a.kcost",
            "--snapshot",
            "b.kcost",
        ])
        .run()
        .ended(0)
        .json();
    for report in [&both["summary"], &both["clusters"][0]["summary"]] {
        assert_eq!(report["cpu_cores"]["used_mean"], json!(null));
        assert_eq!(report["memory_bytes"]["used_mean"], json!(null));
    }
}
