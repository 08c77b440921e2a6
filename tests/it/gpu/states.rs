//! States and advice of made-up loads.

use serde_json::{Value, json};

use super::{Pod, node, row, told, workload};

const GIB: f64 = 1_073_741_824.0;

fn h100() -> Value {
    node("n0", "NVIDIA-H100-80GB-HBM3", "nvidia.com/gpu", 16)
}

/// A pod that does the same for two days.
fn steady(name: &str, cores: f64, figures: &[(&str, f64)]) -> Pod {
    Pod::new(name, vec![row(cores, figures); 2 * 288])
}

fn state(report: &Value, name: &str) -> String {
    let it = workload(report, name);
    format!(
        "{} {}",
        it["state"].as_str().unwrap(),
        it["confidence"].as_str().unwrap()
    )
}

fn actions(report: &Value, name: &str) -> Vec<String> {
    let all = workload(report, name)["advice"].as_array().unwrap().clone();
    let each = all
        .iter()
        .map(|it| it["action"].as_str().unwrap().to_owned());
    each.collect()
}

#[test]
fn every_state_has_its_load() {
    let pods = vec![
        steady(
            "idle",
            0.0,
            &[("gpu_utilization", 0.0), ("gpu_memory_bytes", GIB)],
        ),
        steady(
            "held",
            0.0,
            &[("gpu_utilization", 0.005), ("gpu_memory_bytes", 70.0 * GIB)],
        ),
        steady(
            "small",
            0.5,
            &[
                ("gpu_utilization", 0.99),
                ("gpu_sm_active", 0.10),
                ("gpu_dram_active", 0.05),
                ("gpu_memory_bytes", 6.0 * GIB),
            ],
        ),
        steady(
            "short-of-cpu",
            3.9,
            &[
                ("gpu_utilization", 0.3),
                ("gpu_sm_active", 0.15),
                ("gpu_dram_active", 0.1),
                ("gpu_memory_bytes", 40.0 * GIB),
            ],
        ),
        steady(
            "moving",
            1.0,
            &[
                ("gpu_utilization", 0.99),
                ("gpu_sm_active", 0.95),
                ("gpu_tensor_active", 0.1),
                ("gpu_dram_active", 0.75),
            ],
        ),
        steady(
            "full",
            1.0,
            &[
                ("gpu_utilization", 1.0),
                ("gpu_sm_active", 0.92),
                ("gpu_tensor_active", 0.7),
                ("gpu_dram_active", 0.3),
            ],
        ),
        steady(
            "fine",
            1.0,
            &[
                ("gpu_utilization", 0.9),
                ("gpu_sm_active", 0.55),
                ("gpu_dram_active", 0.3),
            ],
        ),
        steady("busy-only", 1.0, &[("gpu_utilization", 0.99)]),
        steady("silent", 1.0, &[]),
        Pod::new("new", vec![row(1.0, &[("gpu_sm_active", 0.0)]); 3]),
    ];
    let report = told(&pods, &h100(), 300, &[]);
    assert_eq!(report["schema"], "kcost.gpus/v1");
    for (name, expected) in [
        ("idle", "idle high"),
        ("held", "held medium"),
        ("small", "underused high"),
        ("short-of-cpu", "starved high"),
        ("moving", "bandwidth_bound high"),
        ("full", "saturated high"),
        ("fine", "right_sized high"),
        ("busy-only", "unknown none"),
        ("silent", "unknown none"),
        ("new", "unknown none"),
    ] {
        assert_eq!(state(&report, name), expected, "{name}");
    }
    assert_eq!(actions(&report, "idle"), ["scale_to_zero"]);
    assert_eq!(actions(&report, "held"), ["scale_to_zero"]);
    assert_eq!(actions(&report, "short-of-cpu"), ["add_cpu"]);
    assert_eq!(actions(&report, "small"), ["mig_slice"]);
    assert_eq!(actions(&report, "busy-only"), ["measure"]);
    assert_eq!(actions(&report, "silent"), ["measure"]);
    assert!(actions(&report, "full").is_empty());
}

#[test]
fn figures_are_of_one_device_and_null_where_nothing_is_known() {
    let mut pod = steady(
        "train-0",
        2.0,
        &[
            ("gpu_utilization", 0.5),
            ("gpu_sm_active", 0.4),
            ("gpu_power_watts", 1_000.0),
            ("gpu_memory_bytes", 80.0 * GIB),
        ],
    );
    pod.gpus = 4;
    pod.owner = Some(("batch/v1", "Job"));
    let report = told(&[pod], &h100(), 300, &[]);
    let it = workload(&report, "train");
    assert_eq!(it["gpus"], 4.0);
    assert_eq!(it["product"], "NVIDIA-H100-80GB-HBM3");
    assert_eq!(
        it["use"]["power_watts"],
        json!({"mean": 250.0, "p95": 250.0})
    );
    assert_eq!(it["use"]["memory_peak_bytes"]["p95"], 20.0 * GIB);
    assert_eq!(it["use"]["dram_active_ratio"], Value::Null);
    assert_eq!(it["use"]["tensor_active_ratio"], Value::Null);
    assert_eq!(it["use"]["memory_total_bytes"], Value::Null);
}

#[test]
fn what_a_device_did_not_tell_is_a_gap() {
    let mut pod = steady(
        "one",
        1.0,
        &[("gpu_sm_active", 0.5), ("gpu_power_watts", 400.0)],
    );
    for (at, text) in ["ERROR - FAILED TO CONVERT TO STRING", "0x7ffffff0", "[N/A]"]
        .into_iter()
        .enumerate()
    {
        pod.rows[at].1[1] = text.to_owned();
    }
    // A blank of DCGM, and a share that is percent.
    pod.rows[3].1[4] = "2147483632".to_owned();
    pod.rows[4].1[1] = "50".to_owned();
    let report = told(&[pod], &h100(), 300, &[]);
    let it = workload(&report, "one");
    assert_eq!(it["use"]["power_watts"]["p95"], 400.0);
    assert_eq!(it["use"]["sm_active_ratio"]["mean"], 0.5);
    let gaps = report["gaps"].to_string();
    assert!(gaps.contains("impossible-values"), "{gaps}");
}

#[test]
fn a_slice_costs_its_share_and_is_told_as_one() {
    let mut slice = steady("sliced", 0.1, &[("gpu_utilization", 0.0)]);
    slice.resource = "nvidia.com/mig-1g.10gb";
    let node = node("n0", "NVIDIA-H100-80GB-HBM3", "nvidia.com/mig-1g.10gb", 7);
    let report = told(&[slice], &node, 300, &[]);
    let it = workload(&report, "sliced");
    assert_eq!(
        (&it["state"], &it["mig_profile"]),
        (&json!("idle"), &json!("1g.10gb"))
    );
    // A driver says of a slice that nothing runs, whatever does.
    let mut works = steady(
        "works",
        0.1,
        &[("gpu_utilization", 0.0), ("gpu_sm_active", 0.6)],
    );
    works.resource = "nvidia.com/mig-1g.10gb";
    let other = told(&[works], &node, 300, &[]);
    let works = workload(&other, "works");
    assert_eq!(works["state"], "right_sized", "{works:#}");
    assert!(works["use"]["busy_ratio"].is_null(), "{works:#}");
    assert_eq!(it["gpus"], 0.142_857);
    assert_eq!(report["summary"]["gpus"], 1.0);
    assert_eq!(report["summary"]["unrequested_gpus"], 0.857_143);
}

#[test]
fn together_says_what_each_keeps_and_whether_memory_fits() {
    let small = |name: &str| {
        steady(
            name,
            0.5,
            &[
                ("gpu_utilization", 0.1),
                ("gpu_sm_active", 0.04),
                ("gpu_dram_active", 0.01),
                ("gpu_memory_bytes", 10.0 * GIB),
            ],
        )
    };
    let full = steady(
        "full",
        1.0,
        &[
            ("gpu_utilization", 1.0),
            ("gpu_sm_active", 0.95),
            ("gpu_dram_active", 0.3),
            ("gpu_memory_bytes", 72.0 * GIB),
        ],
    );
    let pods = [small("a"), small("b"), full, steady("silent", 0.0, &[])];
    let of = |names: &str| {
        let report = told(&pods, &h100(), 300, &["--together", names]);
        report["sharing"][0].clone()
    };
    let fits = of("a,b");
    assert_eq!(fits["fits_memory"], true);
    for member in fits["members"].as_array().unwrap() {
        assert!(
            member["rate_kept"]["value"].as_f64().unwrap() > 0.95,
            "{member}"
        );
        assert_eq!(member["namespace"], "ml");
    }
    let crowded = of("a,full");
    assert_eq!(crowded["fits_memory"], false);
    let rate = &crowded["members"][1]["rate_kept"];
    let number = |key: &str| rate[key].as_f64().unwrap();
    assert!(number("low") <= number("value") && number("value") <= number("high"));
    assert!(number("value") < 0.90, "{rate}");
    let silent = of("a,silent");
    assert_eq!(silent["members"][0]["rate_kept"], Value::Null);
    assert_eq!(silent["fits_memory"], Value::Null);
    // What hardly does anything is proposed to share.
    let report = told(&pods, &h100(), 300, &[]);
    let groups = report["sharing"].as_array().unwrap();
    assert_eq!(groups.len(), 1, "{groups:?}");
    assert_eq!(groups[0]["members"].as_array().unwrap().len(), 2);
}
