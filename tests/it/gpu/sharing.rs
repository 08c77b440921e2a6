//! What is said of workloads on one device: never more than there is of its time.

use serde_json::Value;

use super::{Pod, csv, node, objects, row, run, told, workload};
use crate::common::Kcost;

const GIB: f64 = 1_073_741_824.0;
const DAY: usize = 288;

fn h200() -> Value {
    node("n0", "NVIDIA-H200", "nvidia.com/gpu", 32)
}

/// How often anything runs, and what it does of multiprocessors, slot by slot of five minutes.
fn pod(name: &str, days: usize, does: impl Fn(usize) -> (f64, f64)) -> Pod {
    let rows = (0..days * DAY).map(|slot| {
        let (busy, sm) = does(slot);
        let figures = [
            ("gpu_utilization", busy),
            ("gpu_sm_active", sm),
            ("gpu_dram_active", sm / 2.0),
            ("gpu_memory_bytes", 20.0 * GIB),
            ("gpu_memory_total_bytes", 140.0 * GIB),
        ];
        row(1.0, &figures)
    });
    Pod::new(name, rows.collect())
}

fn steady(name: &str, busy: f64, sm: f64) -> Pod {
    pod(name, 3, |_| (busy, sm))
}

/// Does this from one hour of the day to another, and nothing else.
fn between(name: &str, from: usize, to: usize, does: (f64, f64)) -> Pod {
    pod(name, 7, |slot| {
        let on = (from * 12..to * 12).contains(&(slot % DAY));
        if on { does } else { (0.0, 0.0) }
    })
}

fn together(pods: &[Pod]) -> Value {
    let names: Vec<&str> = pods.iter().map(|it| it.name.as_str()).collect();
    let report = told(pods, &h200(), 300, &["--together", &names.join(",")]);
    report["sharing"][0].clone()
}

fn rates(group: &Value) -> Vec<f64> {
    let members = group["members"].as_array().unwrap().iter();
    let rates = members.map(|it| it["rate_kept"]["value"].as_f64().unwrap());
    rates.collect()
}

#[test]
fn nobody_keeps_more_time_than_a_device_has() {
    for (a, b) in [(0.90, 0.35), (0.60, 0.60), (0.90, 0.90), (0.50, 0.50)] {
        let group = together(&[steady("a", a, 0.05), steady("b", b, 0.05)]);
        let rates = rates(&group);
        assert!(a * rates[0] + b * rates[1] <= 1.0, "{a} {b}: {rates:?}");
        assert_eq!(group["fits"], false, "{a} {b}: {group:#}");
    }
    let light = together(&[steady("a", 0.10, 0.04), steady("b", 0.10, 0.04)]);
    assert_eq!(light["fits"], true, "{light:#}");
}

#[test]
fn what_they_keep_is_of_the_hours_in_which_they_work() {
    let full = (0.99, 0.9);
    let same = together(&[between("a", 9, 12, full), between("b", 9, 12, full)]);
    for rate in rates(&same) {
        assert!((rate - 0.5).abs() < 0.06, "{same:#}");
    }
    let apart = together(&[between("a", 9, 12, full), between("b", 21, 24, full)]);
    for member in apart["members"].as_array().unwrap() {
        let rate = &member["rate_kept"];
        assert!(rate["value"].as_f64().unwrap() > 0.99, "{apart:#}");
        // Seven days do not tell that they never meet.
        assert!(rate["low"].as_f64().unwrap() < 0.95, "{apart:#}");
    }
    assert_eq!(apart["fits"], true);
}

#[test]
fn groups_are_of_those_that_do_not_meet() {
    let does = (0.8, 0.2);
    let pods = [
        between("day", 9, 11, does),
        between("noon", 9, 11, does),
        between("night", 21, 23, does),
    ];
    let report = told(&pods, &h200(), 300, &[]);
    let groups = report["sharing"].as_array().unwrap();
    assert!(!groups.is_empty(), "{report:#}");
    for group in groups {
        let names: Vec<&str> = group["members"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["name"].as_str().unwrap())
            .collect();
        assert!(
            !(names.contains(&"day") && names.contains(&"noon")),
            "{names:?}"
        );
        assert_eq!(group["fits"], true);
    }
}

#[test]
fn a_figure_that_is_missing_makes_nobody_surer() {
    let mut pods = [steady("a", 0.9, 0.10), steady("b", 0.9, 0.10)];
    for (_, cells) in pods.iter_mut().flat_map(|pod| &mut pod.rows) {
        cells[0].clear();
    }
    let group = together(&pods);
    assert_eq!(group["fits"], false, "{group:#}");
    let rate = &group["members"][0]["rate_kept"];
    assert!(rate["value"].as_f64().unwrap() < 0.6 && rate["high"].as_f64().unwrap() > 0.9);
}

#[test]
fn of_what_cannot_share_or_is_hardly_known_the_reason_is_told() {
    let mut few = [steady("a", 0.05, 0.02), steady("b", 0.05, 0.02)];
    for pod in &mut few {
        pod.rows.truncate(3);
    }
    let mut wide = [steady("a", 0.1, 0.05), steady("b", 0.05, 0.02)];
    wide[0].gpus = 8;
    for (pods, why) in [
        (&few, "is known by 3 samples only"),
        (&wide, "asks for 8 devices in each pod"),
    ] {
        let group = together(pods);
        assert_eq!(group["members"][0]["rate_kept"], Value::Null, "{group:#}");
        assert_eq!(group["members"][0]["reason"], why);
        assert_eq!(group["fits"], Value::Null);
    }
}

#[test]
fn each_member_has_its_part_of_what_a_group_saves() {
    let pods = ["a", "b"].map(|name| steady(name, 0.06, 0.02));
    // One that has no slices, which would save more.
    let node = node("n0", "NVIDIA-L40S", "nvidia.com/gpu", 32);
    let report = told(&pods, &node, 300, &[]);
    let cents = |amount: &Value| {
        let amount: f64 = amount.as_str().unwrap().parse().unwrap();
        (amount * 100.0).round()
    };
    let group = &report["sharing"][0];
    assert_eq!(group["members"].as_array().unwrap().len(), 2, "{report:#}");
    let part = |name: &str| {
        let advice = workload(&report, name)["advice"].clone();
        let mut all = advice.as_array().unwrap().iter();
        let share = all.find(|it| it["action"] == "share").unwrap();
        cents(&share["monthly_savings"])
    };
    let all: f64 = ["a", "b"].map(part).iter().sum();
    assert!(
        (all - cents(&group["monthly_savings"])).abs() < 0.5,
        "{report:#}"
    );
    // What all advice saves is the sum of what each is told, nothing of it twice.
    let saved = cents(&report["summary"]["advised_monthly_savings"]);
    assert!((all - saved).abs() < 0.5, "{report:#}");
}

#[test]
fn nothing_is_saved_by_a_device_that_others_count_on() {
    let pods = ["a", "b"].map(|name| steady(name, 0.06, 0.02));
    let report = told(&pods, &h200(), 300, &[]);
    for name in ["a", "b"] {
        let advice = workload(&report, name)["advice"].clone();
        let advice = advice.as_array().unwrap();
        let of = |action: &str| advice.iter().find(|it| it["action"] == action).unwrap();
        assert!(
            of("mig_slice")["monthly_savings"].is_string(),
            "{advice:#?}"
        );
        let share = of("share");
        assert!(share["monthly_savings"].is_null(), "{advice:#?}");
        let text = share["text"].as_str().unwrap();
        assert!(text.starts_with("or instead: share a device"), "{text}");
    }
}

#[test]
fn what_is_little_of_one_product_is_not_held_against_another() {
    let pods = ["a", "b"].map(|name| steady(name, 0.06, 0.02));
    let folder = tempfile::tempdir().unwrap();
    let mut list = objects(&pods, &h200());
    let other = node("n1", "Tesla-T4", "nvidia.com/gpu", 4);
    let items = list["items"].as_array_mut().unwrap();
    items.push(other);
    let of_b = items.iter_mut().find(|it| it["metadata"]["name"] == "b");
    of_b.unwrap()["spec"]["nodeName"] = "n1".into();
    let args = ["--together", "ml/a,ml/b"];
    let told = run(folder.path(), &list, &csv(&pods, 300), &args);
    let told = told.ended(0).json();
    let group = &told["sharing"][0];
    assert!(group["fits"].is_null(), "{told:#}");
    assert_eq!(
        group["members"][1]["reason"], "is on Tesla-T4, and not on NVIDIA-H200",
        "{told:#}"
    );
}

#[test]
fn the_analysis_and_the_explanation_name_groups() {
    let pods = ["a", "b"].map(|name| steady(name, 0.06, 0.02));
    let folder = tempfile::tempdir().unwrap();
    let (list, table) = (folder.path().join("o.json"), folder.path().join("u.csv"));
    std::fs::write(&list, objects(&pods, &h200()).to_string()).unwrap();
    std::fs::write(&table, csv(&pods, 300)).unwrap();
    let said = |args: &[&str]| {
        let run = Kcost::new().args(args).arg("--objects").arg(&list);
        run.arg("--usage").arg(&table).run().ended(0).stdout
    };
    let analyzed = said(&["analyze"]);
    // A slice for each saves more than a device for both, and counts.
    assert!(
        analyzed.contains("ml/a, ml/b could share a device\n"),
        "{analyzed}"
    );
    let explained = said(&["explain", "ml/a"]);
    assert!(
        explained.contains("share a device by time slicing with ml/b"),
        "{explained}"
    );
}
