//! Figures that are not steady: hangs whose utilisation is not, loads that are next to nothing,
//! devices that work one after the other, and pods that came in the place of others.

use std::fmt::Write as _;

use serde_json::json;

use super::apart::{Course, Does, actions, busy, does, gpus, off, pod as several, text};
use super::{END, Pod, csv, node, objects, risks, row, run, told, workload};
use crate::common::Kcost;

const DAY: usize = 288;
const GIB: f64 = 1_073_741_824.0;

type Figures = Vec<(&'static str, f64)>;

/// Three days of this, slot by slot of five minutes.
fn pod(name: &str, figures: impl Fn(usize) -> Figures) -> Pod {
    let rows = (0..3 * DAY).map(|slot| row(1.0, &figures(slot)));
    Pod::new(name, rows.collect())
}

/// From 0 to 1, and never twice the same for long.
fn jitter(slot: usize) -> f64 {
    f64::from(u32::try_from(slot * 618 % 1_000).unwrap()) / 1_000.0
}

#[test]
fn a_hang_is_told_alike_by_both_from_its_begin_on_however_unsteady_it_is() {
    let begin = 3 * DAY - 100;
    let unsteady = |slot: usize| match slot % 23 {
        7 => 0.4,
        _ => 0.9 + 0.1 * jitter(slot),
    };
    let nvidia = pod("nvidia", |slot| {
        let hangs = slot >= begin;
        let level = if hangs { 0.0 } else { 0.6 };
        vec![
            ("gpu_utilization", if hangs { unsteady(slot) } else { 0.95 }),
            ("gpu_sm_active", level),
            ("gpu_dram_active", level / 2.0),
            (
                "gpu_power_watts",
                if hangs {
                    122.0 + 4.0 * jitter(slot)
                } else {
                    460.0
                },
            ),
        ]
    });
    // Another vendor, without what compute does, and a product that nobody knows.
    let others = [("AMD-Instinct-MI300X", 135.0), ("Accelerator-9", 95.0)];
    let other = |rest: f64| {
        let mut pod = pod("amd", |slot| {
            let hangs = slot >= begin;
            vec![
                ("gpu_utilization", if hangs { unsteady(slot) } else { 0.99 }),
                ("gpu_dram_active", if hangs { 0.0 } else { 0.5 }),
                ("gpu_power_watts", if hangs { rest } else { 600.0 }),
            ]
        });
        pod.resource = "amd.com/gpu";
        pod
    };
    let mut all = vec![(nvidia, node("n0", "NVIDIA-H200", "nvidia.com/gpu", 8))];
    for (product, rest) in others {
        let mut node = node("n0", product, "amd.com/gpu", 8);
        node["metadata"]["labels"]["amd.com/gpu.product-name"] = json!(product);
        all.push((other(rest), node));
    }
    for (pod, node) in all {
        let pods = [pod];
        let report = told(&pods, &node, 300, &[]);
        let it = workload(&report, &pods[0].name);
        assert_eq!(it["state"], "held", "{it:#}");
        let since = "since 2026-11-22 15:45 ";
        let reason = text(it, "reason");
        assert!(reason.starts_with(since), "{reason}");
        assert_eq!(actions(it), ["end_hang"]);
        let risks = risks(&pods, &node, "gpu-hangs");
        assert_eq!(risks.len(), 1, "{risks:?}");
        let told = text(&risks[0], "text");
        assert!(told.contains(since), "{told}");
    }
}

#[test]
fn where_nothing_is_computed_utilisation_alone_is_no_use() {
    let begin = 3 * DAY - 130;
    let of = |name: &str, from: usize, busy: fn(usize) -> f64, does: f64| {
        pod(name, move |slot| {
            let works = slot < from;
            let level = if works { 0.55 } else { does };
            vec![
                ("gpu_utilization", if works { 0.93 } else { busy(slot) }),
                ("gpu_sm_active", level),
                ("gpu_dram_active", level / 3.0),
                ("gpu_tensor_active", level / 2.0),
                ("gpu_power_watts", if works { 480.0 } else { 123.0 }),
                ("gpu_memory_bytes", 60.0 * GIB),
                ("gpu_memory_total_bytes", 80.0 * GIB),
            ]
        })
    };
    let third = |slot: usize| 0.15 + 0.3 * jitter(slot);
    let most = |slot: usize| 0.6 + 0.4 * jitter(slot);
    let turns = |slot: usize| if slot.is_multiple_of(3) { 0.0 } else { 0.8 };
    let pods = [
        of("third", 0, third, 0.0),
        of("third-since", begin, third, 0.0),
        of("most", 0, most, 0.0),
        of("most-since", begin, most, 0.0),
        of(
            "turns-since",
            begin,
            |slot| 0.9 - 0.9 * f64::from(u8::from(slot % 2 == 1)),
            0.0,
        ),
        // As often, and a little comes of it.
        of("little", 0, turns, 0.02),
        of("little-since", begin, most, 0.01),
    ];
    let node = node("n0", "NVIDIA-H100-80GB-HBM3", "nvidia.com/gpu", 8);
    let report = told(&pods, &node, 300, &[]);
    let risks = risks(&pods, &node, "gpu-hangs");
    let since = "since 2026-11-22 13:15 ";
    for pod in &pods[..5] {
        let it = workload(&report, &pod.name);
        assert_eq!(it["state"], "held", "{it:#}");
        assert_eq!(actions(it), ["end_hang"]);
        assert_eq!(it["advice"][0]["monthly_savings"], it["monthly_cost"]);
        let reason = text(it, "reason");
        assert!(reason.contains(" of the time"), "{reason}");
        let is_late = pod.name.ends_with("since");
        assert_eq!(reason.starts_with(since), is_late, "{reason}");
        let own = risks.iter().map(|it| text(it, "text"));
        let mut own = own.filter(|it| it.starts_with(&format!("the GPU of {} ", pod.name)));
        let told = own
            .next()
            .unwrap_or_else(|| panic!("{}: {risks:?}", pod.name));
        let when = if is_late {
            since
        } else {
            "in the whole window"
        };
        assert!(told.contains(when), "{told}");
        assert!(!told.contains("all the time"), "{told}");
    }
    assert_eq!(risks.len(), 5, "{risks:?}");
    for pod in &pods[5..] {
        let it = workload(&report, &pod.name);
        assert_ne!(it["state"], "held", "{it:#}");
    }
}

#[test]
fn what_works_at_low_power_does_not_hang() {
    let figures = |busy: f64, sm: f64, dram: f64, watts: f64| {
        vec![
            ("gpu_utilization", busy),
            ("gpu_sm_active", sm),
            ("gpu_dram_active", dram),
            ("gpu_power_watts", watts),
        ]
    };
    let pods = [
        // Tiny kernels after a large run, a run that waits for its checkpoint, requests by turns.
        pod("tiny", |slot| match slot {
            0..600 => figures(0.95, 0.6, 0.3, 460.0),
            _ => figures(0.93 + 0.07 * jitter(slot), 0.11, 0.004, 141.0),
        }),
        pod("saves", |slot| match slot {
            0..855 => figures(0.95, 0.6, 0.3, 460.0),
            _ => figures(1.0, 0.0, 0.0, 125.0),
        }),
        pod("turns", |slot| match slot % 4 {
            0 => figures(1.0, 0.3, 0.2, 250.0),
            _ => figures(0.0, 0.0, 0.0, 120.0),
        }),
        pod("copies", |slot| {
            figures(0.97 + 0.02 * jitter(slot), 0.98, 0.88, 470.0)
        }),
    ];
    let node = node("n0", "NVIDIA-H200", "nvidia.com/gpu", 8);
    let found = risks(&pods, &node, "gpu-hangs");
    assert!(found.is_empty(), "{found:?}");
    let report = told(&pods, &node, 300, &[]);
    for pod in &pods {
        let it = workload(&report, &pod.name);
        assert!(!text(it, "reason").contains("hang"), "{it:#}");
    }
}

#[test]
fn a_load_that_is_next_to_nothing_is_not_nothing() {
    let of = |name: &str, sm: f64, dram: f64, memory: fn(usize) -> f64| {
        pod(name, move |slot| {
            vec![
                ("gpu_utilization", 0.0),
                ("gpu_sm_active", sm),
                ("gpu_dram_active", dram),
                ("gpu_power_watts", 120.0),
                ("gpu_memory_bytes", memory(slot)),
                ("gpu_memory_total_bytes", 140.0 * GIB),
            ]
        })
    };
    let still = |_| 20.0 * GIB;
    let pods = [
        of("none", 0.0, 0.0, still),
        // What an exporter tells of a context.
        of("noise", 0.0001, 0.0, still),
        of("alone", 0.004, 0.0, still),
        of("both", 0.004, 0.002, still),
        of("changes", 0.004, 0.0, |slot| {
            (20.0 + 3.0 * f64::from(u8::from(slot % 5 == 0))) * GIB
        }),
    ];
    let node = node("n0", "NVIDIA-H200", "nvidia.com/gpu", 8);
    let report = told(&pods, &node, 300, &[]);
    let told = |name: &str| {
        let it = workload(&report, name);
        let advice = &it["advice"][0];
        (
            text(it, "state").to_owned(),
            text(it, "confidence").to_owned(),
            text(advice, "risk").to_owned(),
            text(it, "reason").to_owned(),
        )
    };
    for name in ["none", "noise"] {
        let (state, confidence, risk, reason) = told(name);
        assert_eq!((&*state, &*confidence, &*risk), ("held", "high", "low"));
        assert!(reason.starts_with("nothing was computed"), "{reason}");
    }
    let (state, confidence, risk, reason) = told("alone");
    assert_eq!(
        (&*state, &*confidence, &*risk),
        ("held", "medium", "medium")
    );
    assert!(
        reason.starts_with("almost nothing was computed"),
        "{reason}"
    );
    for name in ["both", "changes"] {
        let (state, _, _, reason) = told(name);
        assert_eq!(state, "underused", "{reason}");
        assert!(reason.starts_with("0.4% of each device"), "{reason}");
    }

    // One of two devices: what it does may be all that there is to do.
    let little: Course = Box::new(|_| Some(does(0.004, 0.004, 0.0)));
    let all = gpus(&[several("one", 2, vec![Box::new(|_| Some(busy())), little])]);
    let it = workload(&all, "one");
    assert!(
        text(it, "reason").starts_with("next to nothing comes of 1 of 2 devices"),
        "{it:#}"
    );
}

#[test]
fn devices_that_work_one_after_the_other_could_be_fewer() {
    let turn = |count: i64, memory: f64| -> Vec<Course> {
        let each = (0..count).map(|own| -> Course {
            Box::new(move |at| {
                let does = if at / 3 % count == own { busy() } else { off() };
                Some(Does { memory, ..does })
            })
        });
        each.collect()
    };
    let bursts: Vec<Course> = (0..4)
        .map(|_| -> Course { Box::new(|at| Some(if at % 8 == 0 { busy() } else { off() })) })
        .collect();
    let report = gpus(&[
        several("eight", 8, turn(8, 10.0 * GIB)),
        several("large", 8, turn(8, 120.0 * GIB)),
        several("two", 2, turn(2, 40.0 * GIB)),
        several("together", 4, bursts),
    ]);
    for (name, few, risk) in [
        ("eight", "1 of 8", "medium"),
        ("large", "1 of 8", "high"),
        ("two", "1 of 2", "medium"),
    ] {
        let it = workload(&report, name);
        assert_eq!(it["state"], "underused", "{it:#}");
        let reason = text(it, "reason");
        assert!(
            reason.starts_with(&format!("{few} devices works at a time")),
            "{reason}"
        );
        assert_eq!(actions(it)[0], "free_devices", "{it:#}");
        assert_eq!(it["advice"][0]["risk"], risk, "{it:#}");
    }
    let it = workload(&report, "together");
    assert!(!text(it, "reason").contains("at a time"), "{it:#}");
}

#[test]
fn what_begins_again_and_again_is_no_right_size() {
    let rows = (0..3 * DAY).map(|slot| {
        let does = if slot % 5 == 0 { 0.6 } else { 0.0 };
        row(1.0, &[("gpu_sm_active", does), ("gpu_utilization", does)])
    });
    let mut pods = [Pod::new("fails-0", rows.collect())];
    pods[0].owner = Some(("batch/v1", "Job"));
    let node = node("n0", "NVIDIA-H200", "nvidia.com/gpu", 8);
    let mut all = objects(&pods, &node);
    all["items"][1]["status"]["containerStatuses"] = json!([{"name": "main", "ready": false, "restartCount": 200, "state": {"waiting":
            {"reason": "CrashLoopBackOff"}}}]);
    let folder = tempfile::tempdir().unwrap();
    let report = run(folder.path(), &all, &csv(&pods, 300), &[])
        .ended(0)
        .json();
    let it = workload(&report, "fails");
    assert_eq!(it["state"], "underused", "{it:#}");
    assert!(
        text(it, "reason").ends_with("began again 200 times"),
        "{it:#}"
    );
}

/// The same rows, so many seconds before.
fn earlier(table: &str, seconds: i64) -> String {
    let mut text = String::new();
    for line in table.lines().skip(1) {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        let at: i64 = cells[3].parse().unwrap();
        cells[3] = (at - seconds).to_string();
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}

#[test]
fn pods_that_came_in_the_place_of_others_tell_what_is_so_now() {
    let of = |name: &str, slots: usize, works: bool| {
        let level = if works { 0.6 } else { 0.0 };
        let figures = [
            ("gpu_utilization", level),
            ("gpu_sm_active", level),
            ("gpu_memory_bytes", 60.0 * GIB),
        ];
        let mut pod = Pod::new(name, vec![row(1.0, &figures); slots]);
        pod.owner = Some(("apps/v1", "ReplicaSet"));
        pod
    };
    let node = node("n0", "NVIDIA-H200", "nvidia.com/gpu", 8);
    let old = of("web-7f9c8d6b54-b4d6f", 2 * DAY, true);
    let now = [of("web-7f9c8d6b54-x7k2p", 3 * DAY / 2, false)];
    let mut all = objects(&now, &node);
    let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {
        "namespace": "ml", "name": "web-7f9c8d6b54", "uid": "web-7f9c8d6b54",
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web",
            "uid": "web", "controller": true}]},
        "spec": {"replicas": 1, "template": {"spec": all["items"][1]["spec"].clone()}}});
    let template = json!({"spec": {"containers": all["items"][1]["spec"]["containers"].clone()}});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"namespace": "ml", "name": "web", "uid": "web"},
        "spec": {"replicas": 1, "template": template}});
    all["items"]
        .as_array_mut()
        .unwrap()
        .extend([set, deployment]);
    let created = jiff::Timestamp::from_second(END - 129_600).unwrap();
    all["items"][1]["metadata"]["creationTimestamp"] = json!(created.to_string());
    let usage = csv(&now, 300) + &earlier(&csv(&[old], 300), 129_600);
    let folder = tempfile::tempdir().unwrap();
    let report = run(folder.path(), &all, &usage, &[]).ended(0).json();
    let it = workload(&report, "web");
    assert_eq!(it["state"], "held", "{it:#}");
    assert_eq!(it["confidence"], "medium", "{it:#}");
    let reason = text(it, "reason");
    assert!(
        reason.starts_with("nothing was computed since 2026-11-21 12:00"),
        "{reason}"
    );
    assert_eq!(it["advice"][0]["risk"], "medium", "{it:#}");
}

#[test]
fn memory_of_a_device_and_of_the_one_in_its_place_is_no_sum() {
    let until: Course = Box::new(|at| (at < 202).then(busy));
    let from: Course = Box::new(|at| (at >= 200).then(busy));
    let report = gpus(&[several("swap", 1, vec![until, from])]);
    let memory = &workload(&report, "swap")["use"]["memory_peak_bytes"];
    let mean = memory["mean"].as_f64().unwrap();
    assert!((mean / (20.0 * GIB) - 1.0).abs() < 0.001, "{memory}");
}

#[test]
fn the_reason_is_told_where_there_is_no_advice() {
    let pods = [pod("late", |slot| {
        let level = if slot < 3 * DAY - 40 { 0.6 } else { 0.0 };
        vec![("gpu_utilization", level), ("gpu_sm_active", level)]
    })];
    let node = node("n0", "NVIDIA-H200", "nvidia.com/gpu", 8);
    let folder = tempfile::tempdir().unwrap();
    let (list, table) = (folder.path().join("o.json"), folder.path().join("u.csv"));
    std::fs::write(&list, objects(&pods, &node).to_string()).unwrap();
    std::fs::write(&table, csv(&pods, 300)).unwrap();
    let kcost = || {
        let run = Kcost::new().arg("gpus").arg("--objects").arg(&list);
        run.arg("--usage").arg(&table)
    };
    let json = kcost().args(["-o", "json"]).run().ended(0).json();
    let it = workload(&json, "late");
    let text = kcost().run().ended(0).stdout;
    let line = format!("ml/late  {}: ", it["state"].as_str().unwrap());
    assert!(text.contains(&line), "{text}");
}

#[test]
fn figures_of_devices_alone_are_read_and_the_rest_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let node = node("n0", "NVIDIA-H200", "nvidia.com/gpu", 8);
    let pods = [pod("alone", |_| vec![("gpu_sm_active", 0.6)])];
    let mut table = "namespace,pod,container,timestamp,gpu_sm_active,gpu_utilization\n".to_owned();
    for back in 0..300 {
        let _ = writeln!(table, "ml,alone,main,{},0.6,0.95", END - back * 300);
    }
    let report = run(folder.path(), &objects(&pods, &node), &table, &[])
        .ended(0)
        .json();
    let it = workload(&report, "alone");
    assert_eq!(it["state"], "right_sized", "{it:#}");
    let kcost = Kcost::new().args(["analyze", "-o", "json", "--objects"]);
    let kcost = kcost.arg(folder.path().join("objects.json")).arg("--usage");
    let report = kcost
        .arg(folder.path().join("usage.csv"))
        .run()
        .ended(0)
        .json();
    assert!(
        report.to_string().contains("no-cpu-or-memory"),
        "{report:#}"
    );
}

#[test]
fn slices_and_shares_are_counted_alike_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = node("n0", "Tesla-T4-SHARED", "nvidia.com/gpu", 16);
    node["metadata"]["labels"]["nvidia.com/gpu.replicas"] = json!("4");
    node["metadata"]["labels"]["nvidia.com/gpu.count"] = json!("4");
    let mut two = pod("two", |_| vec![("gpu_utilization", 0.0)]);
    two.gpus = 2;
    let pods = [two];
    let report = run(folder.path(), &objects(&pods, &node), &csv(&pods, 300), &[]);
    let report = report.ended(0).json();
    assert_eq!(workload(&report, "two")["gpus"], 0.5, "{report:#}");
    let kcost = Kcost::new().args(["analyze", "--objects"]);
    let kcost = kcost.arg(folder.path().join("objects.json")).arg("--usage");
    let text = kcost
        .arg(folder.path().join("usage.csv"))
        .run()
        .ended(0)
        .stdout;
    let line = text.lines().find(|it| it.contains("ml/two")).unwrap();
    assert!(line.split_whitespace().any(|it| it == "0.5"), "{text}");
}
