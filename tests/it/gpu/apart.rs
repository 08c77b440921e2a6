//! Several devices of one container that do not do the same, or of which not all is told: each
//! is judged by what is told of it, and nothing by the mean of unequal ones.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{END, node, workload};
use crate::common::Kcost;

const GPU: &str = "nvidia.com/gpu";
const GIB: f64 = 1_073_741_824.0;
const ALL: f64 = 140.0 * GIB;

/// Samples of ten minutes over three days.
const STEP: i64 = 600;
pub(super) const SAMPLES: i64 = 432;

/// What a device does in a sample; what is `NaN` is not told.
#[derive(Clone, Copy)]
pub(super) struct Does {
    pub(super) busy: f64,
    pub(super) sm: f64,
    pub(super) dram: f64,
    pub(super) watts: f64,
    pub(super) memory: f64,
    pub(super) clock: f64,
    pub(super) xid: f64,
}

/// What a device does at each sample; `None` where nothing is told of it.
pub(super) type Course = Box<dyn Fn(i64) -> Option<Does>>;

pub(super) fn does(busy: f64, sm: f64, dram: f64) -> Does {
    Does {
        busy,
        sm,
        dram,
        watts: 118.0 + 582.0 * sm.max(dram),
        memory: 20.0 * GIB,
        clock: 1.98e9,
        xid: 0.0,
    }
}

pub(super) const fn off() -> Does {
    Does {
        busy: 0.0,
        sm: 0.0,
        dram: 0.0,
        watts: 78.0,
        memory: 0.6 * GIB,
        clock: 0.345e9,
        xid: 0.0,
    }
}

pub(super) fn hung() -> Does {
    Does {
        watts: 124.0,
        ..does(1.0, 0.0, 0.0)
    }
}

pub(super) fn busy() -> Does {
    does(0.95, 0.6, 0.3)
}

fn full() -> Does {
    does(0.99, 0.95, 0.4)
}

fn tick() -> Does {
    does(0.05, 0.03, 0.01)
}

pub(super) fn always(does: Does) -> Course {
    Box::new(move |_| Some(does))
}

pub(super) fn several(count: usize, does: Does) -> Vec<Course> {
    (0..count).map(|_| always(does)).collect()
}

pub(super) fn both(mut a: Vec<Course>, b: Vec<Course>) -> Vec<Course> {
    a.extend(b);
    a
}

/// Only how often anything ran, and power.
fn plain(does: Does) -> Does {
    Does {
        sm: f64::NAN,
        dram: f64::NAN,
        ..does
    }
}

/// A pod of a Deployment or of a Job, and what each of its devices does.
pub(super) struct Pod {
    name: &'static str,
    pub(super) owner: &'static str,
    gpus: usize,
    pub(super) hours: i64,
    annotations: Value,
    resource: &'static str,
    devices: Vec<Course>,
}

pub(super) fn pod(name: &'static str, gpus: usize, devices: Vec<Course>) -> Pod {
    Pod {
        name,
        owner: name,
        gpus,
        hours: 500,
        annotations: json!({}),
        resource: GPU,
        devices,
    }
}

fn objects(pods: &[Pod]) -> Value {
    let mut on = node("n0", "NVIDIA-H200", GPU, 8);
    on["status"]["capacity"]["nvidia.com/mig-3g.71gb"] = json!("2");
    on["metadata"]["labels"]["node.kubernetes.io/instance-type"] = json!("p5en.48xlarge");
    on["metadata"]["labels"]["topology.kubernetes.io/region"] = json!("us-east-1");
    on["spec"] = json!({"providerID": "aws:///us-east-1a/i-n0"});
    let mut items = vec![on];
    for pod in pods {
        let mut amounts = json!({"cpu": "8", "memory": "32Gi"});
        if pod.gpus > 0 {
            amounts[pod.resource] = json!(pod.gpus.to_string());
        }
        let created = jiff::Timestamp::from_second(END - pod.hours * 3_600).unwrap();
        let created = created.to_string();
        let (kind, api) = if pod.owner.starts_with("run") {
            ("Job", "batch/v1")
        } else {
            ("StatefulSet", "apps/v1")
        };
        items.push(json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "ml", "name": pod.name, "uid": pod.name,
                "creationTimestamp": created, "annotations": pod.annotations,
                "ownerReferences": [{"apiVersion": api, "kind": kind, "name": pod.owner,
                    "uid": pod.owner, "controller": true}]},
            "spec": {"nodeName": "n0", "containers": [{"name": "main", "image": "x",
                "resources": {"requests": amounts, "limits": amounts}}]},
            "status": {"phase": "Running"}}));
    }
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

fn rows(pods: &[Pod]) -> String {
    let mut text = "namespace,pod,container,timestamp,cpu_cores,memory_bytes,gpu_device,\
                    gpu_utilization,gpu_sm_active,gpu_dram_active,gpu_power_watts,gpu_memory_bytes,\
                    gpu_memory_total_bytes,gpu_clock_hertz,gpu_xid\n"
        .to_owned();
    for pod in pods {
        for sample in 0..SAMPLES {
            let at = END - (SAMPLES - 1 - sample) * STEP;
            for (number, course) in pod.devices.iter().enumerate() {
                let Some(it) = course(sample) else { continue };
                let cell = |value: f64| match value {
                    value if value.is_nan() => String::new(),
                    value => value.to_string(),
                };
                let figures = [
                    it.busy, it.sm, it.dram, it.watts, it.memory, ALL, it.clock, it.xid,
                ];
                let cells = figures.map(cell).join(",");
                let start = format!("ml,{},main,{at},1,1000000000", pod.name);
                let _ = writeln!(text, "{start},{number},{cells}");
            }
        }
    }
    text
}

pub(super) fn run(command: &[&str], pods: &[Pod]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let (list, table) = (folder.path().join("o.json"), folder.path().join("u.csv"));
    std::fs::write(&list, objects(pods).to_string()).unwrap();
    std::fs::write(&table, rows(pods)).unwrap();
    let run = Kcost::new().args(command).args(["-o", "json", "--objects"]);
    run.arg(list)
        .arg("--usage")
        .arg(table)
        .run()
        .ended(0)
        .json()
}

pub(super) fn gpus(pods: &[Pod]) -> Value {
    run(&["gpus"], pods)
}

pub(super) fn text<'a>(it: &'a Value, key: &str) -> &'a str {
    it[key].as_str().unwrap_or_default()
}

pub(super) fn actions(it: &Value) -> Vec<&str> {
    let all = it["advice"].as_array().unwrap().iter();
    all.map(|it| it["action"].as_str().unwrap()).collect()
}

fn mean(it: &Value, key: &str) -> f64 {
    it["use"][key]["mean"].as_f64().unwrap()
}

#[track_caller]
fn near(value: f64, expected: f64, by: f64) {
    assert!((value - expected).abs() <= by, "{value} is not {expected}");
}

#[track_caller]
pub(super) fn near_money(it: &Value, expected: f64) {
    near(it.as_str().unwrap_or("0").parse().unwrap(), expected, 0.02);
}

#[test]
fn what_is_told_of_a_part_is_not_what_all_of_them_do() {
    let pods = [
        pod("one", 4, several(1, plain(busy()))),
        pod("run-0", 8, several(1, plain(busy()))),
        // Power alone, and of one device alone.
        pod(
            "power",
            8,
            several(
                1,
                Does {
                    busy: f64::NAN,
                    ..plain(busy())
                },
            ),
        ),
        pod(
            "power-of-one",
            4,
            both(
                several(1, plain(busy())),
                several(
                    3,
                    Does {
                        watts: f64::NAN,
                        ..plain(busy())
                    },
                ),
            ),
        ),
        pod("three", 8, several(3, busy())),
        // Those that are told of do nothing: the others may work.
        pod("rest", 8, several(7, off())),
    ];
    let report = gpus(&pods);
    for (name, told) in [
        ("one", "1 of 4"),
        ("run-0", "1 of 8"),
        ("power", "1 of 8"),
        ("three", "3 of 8"),
    ] {
        let it = workload(&report, name);
        assert_eq!(it["state"], "unknown", "{it:#}");
        let reason = text(it, "reason");
        let expected = format!("enough is told of {told} devices only: 60% of each is used");
        assert!(reason.starts_with(&expected), "{reason}");
        near(mean(it, "power_watts"), 467.2, 0.5);
        assert_eq!(actions(it), ["measure"], "{it:#}");
    }
    near(
        workload(&report, "one")["coverage_ratio"].as_f64().unwrap(),
        0.25,
        0.01,
    );
    let it = workload(&report, "power-of-one");
    assert_eq!(it["state"], "unknown", "{it:#}");
    near(mean(it, "power_watts"), 467.2, 0.5);
    let it = workload(&report, "rest");
    assert_eq!(it["state"], "unknown", "{it:#}");
    assert_eq!(actions(it), ["measure"], "{it:#}");
    let report = run(&["risks", "--check", "gpu-hangs"], &pods);
    assert_eq!(report["findings"], json!([]));
}

#[test]
fn what_is_hardly_told_of_is_unknown() {
    let seldom = |every: i64| -> Vec<Course> {
        let course = move |sample: i64| (sample % every == 0).then_some(off());
        (0..5).map(|_| Box::new(course) as Course).collect()
    };
    let late = |does: Does| -> Course { Box::new(move |at| (at >= SAMPLES - 20).then_some(does)) };
    let few = (0..8).map(|it| late(if it < 3 { busy() } else { off() }));
    let half = |place: usize| -> Course {
        Box::new(move |at| (place == 0 && at % 2 == 0).then_some(off()))
    };
    let new: Course = Box::new(|at| (at >= SAMPLES - 29).then_some(off()));
    let young = pod("young", 1, vec![new]);
    let pods = [
        pod("sparse", 8, both(several(3, busy()), seldom(10))),
        pod("often", 8, both(several(3, busy()), seldom(1))),
        pod("few", 8, few.collect()),
        pod("gaps", 1, vec![half(0)]),
        Pod { hours: 5, ..young },
    ];
    let report = gpus(&pods);
    let sparse = workload(&report, "sparse");
    assert_eq!(sparse["state"], "unknown", "{sparse:#}");
    near(sparse["coverage_ratio"].as_f64().unwrap(), 3.5 / 8.0, 0.01);
    let last = &sparse["devices"][7];
    near(last["coverage_ratio"].as_f64().unwrap(), 0.1, 0.01);
    let few = workload(&report, "few");
    assert_eq!(few["state"], "unknown", "{few:#}");
    near(few["coverage_ratio"].as_f64().unwrap(), 20.0 / 432.0, 0.01);
    for name in ["sparse", "few", "gaps", "young"] {
        let it = workload(&report, name);
        let does_end = |it: &&str| matches!(*it, "scale_to_zero" | "free_devices" | "end_hang");
        assert!(!actions(it).iter().any(does_end), "{it:#}");
        assert_eq!(it["state"], "unknown", "{it:#}");
    }
    assert_eq!(actions(workload(&report, "often"))[0], "free_devices");
}

#[test]
fn another_product_or_a_slice_has_to_do_for_the_fullest_device() {
    let needs = |gib: f64| Does {
        memory: gib * GIB,
        ..does(0.3, 0.1, 0.05)
    };
    let report = gpus(&[
        pod("one-full", 8, both(several(1, full()), several(7, tick()))),
        pod(
            "memory",
            2,
            both(several(1, needs(100.0)), several(1, needs(4.0))),
        ),
        pod("alike", 2, several(2, needs(4.0))),
    ]);
    for name in ["one-full", "memory"] {
        let it = workload(&report, name);
        let other = |it: &&str| matches!(*it, "cheaper_product" | "mig_slice");
        assert!(!actions(it).iter().any(other), "{it:#}");
    }
    let it = workload(&report, "alike");
    assert!(actions(it).contains(&"cheaper_product"), "{it:#}");
}

#[test]
fn a_full_device_beside_one_that_hardly_works_waits_for_nothing() {
    let report = gpus(&[
        pod("lop2", 2, both(several(1, full()), several(1, tick()))),
        pod("lop4", 4, both(several(2, full()), several(2, tick()))),
        pod(
            "unequal",
            2,
            both(
                several(1, does(0.99, 0.4, 0.9)),
                several(1, does(0.3, 0.2, 0.1)),
            ),
        ),
        // Each of them stops and goes.
        pod(
            "waits",
            2,
            (0..2)
                .map(|_| -> Course {
                    Box::new(move |at| Some(if at % 2 == 0 { full() } else { off() }))
                })
                .collect(),
        ),
    ]);
    for (name, expected) in [
        (
            "lop2",
            "1 of 2 devices does next to nothing, 3% of each at most, and",
        ),
        (
            "lop4",
            "2 of 4 devices do next to nothing, 3% of each at most, and",
        ),
    ] {
        let it = workload(&report, name);
        assert_eq!(it["state"], "underused", "{it:#}");
        assert!(text(it, "reason").starts_with(expected), "{it:#}");
        assert_eq!(actions(it), ["free_devices"], "{it:#}");
        // What they do may be needed.
        assert!(it["advice"][0]["monthly_savings"].is_null(), "{it:#}");
    }
    let it = workload(&report, "unequal");
    assert_ne!(it["state"], "starved", "{it:#}");
    assert!(text(it, "reason").contains("from 20% to 90%"), "{it:#}");
    assert_eq!(workload(&report, "waits")["state"], "starved");
}

#[test]
fn money_is_of_the_devices_that_the_advice_frees() {
    let with = |works: usize| both(several(works, busy()), several(4 - works, off()));
    let two = |name, works| Pod {
        owner: "two",
        ..pod(name, 4, with(works))
    };
    let report = gpus(&[two("two-0", 1), two("two-1", 3)]);
    let it = workload(&report, "two");
    let advice = &it["advice"][0];
    let words = "hold 3 GPUs instead of 4 in each pod";
    assert!(text(advice, "text").starts_with(words), "{it:#}");
    let all: f64 = it["monthly_gpu_cost"].as_str().unwrap().parse().unwrap();
    near_money(&advice["monthly_savings"], all * 2.0 / 8.0);
}

#[test]
fn those_that_work_are_judged_by_what_they_do() {
    let until =
        |last: i64| -> Course { Box::new(move |at| Some(if at < last { busy() } else { off() })) };
    let stopped = (0..5).map(|_| until(288)).collect();
    let report = gpus(&[pod("shrunk", 8, both(several(3, busy()), stopped))]);
    let it = workload(&report, "shrunk");
    let reason = "nothing comes of 5 of 8 devices, and of the others: 60% of each device is used";
    assert_eq!(it["reason"], reason, "{it:#}");
}

#[test]
fn more_devices_than_are_asked_for_are_not_its_own() {
    let report = gpus(&[pod("odd", 2, both(several(2, busy()), several(6, off())))]);
    let it = workload(&report, "odd");
    assert_eq!(it["state"], "unknown", "{it:#}");
    let reason = "it asks for 2 devices, and its exporter tells of 8 in its name";
    assert!(text(it, "reason").starts_with(reason), "{it:#}");
    assert!(mean(it, "power_watts") < 200.0, "{it:#}");
}

#[test]
fn parts_of_devices_that_a_scheduler_gives_out_take_turns() {
    let part = |name, annotations| Pod {
        annotations,
        ..pod(name, 0, several(1, does(0.3, 0.2, 0.1)))
    };
    let report = gpus(&[
        part("quarter", json!({"gpu-fraction": "0.25"})),
        part(
            "halves",
            json!({"gpu-fraction": "0.5", "gpu-fraction-num-devices": "2"}),
        ),
    ]);
    for (name, sharers) in [("quarter", 4), ("halves", 2)] {
        let it = workload(&report, name);
        assert_eq!(it["state"], "unknown", "{it:#}");
        let reason = format!("up to {sharers} pods share each device");
        assert!(text(it, "reason").starts_with(&reason), "{it:#}");
        assert_eq!(actions(it), ["measure"], "{it:#}");
    }
}

#[test]
fn a_slice_of_which_little_is_used_can_be_smaller() {
    let small = Does {
        memory: 8.0 * GIB,
        ..does(0.0, 0.05, 0.02)
    };
    let slice = Pod {
        resource: "nvidia.com/mig-3g.71gb",
        ..pod("slice", 1, several(1, small))
    };
    let report = gpus(&[slice]);
    let it = workload(&report, "slice");
    assert_eq!(actions(it), ["mig_slice"], "{it:#}");
    let text = text(&it["advice"][0], "text");
    assert!(
        text.starts_with("a smaller MIG slice of 1g.18gb in place of"),
        "{text}"
    );
    let all: f64 = it["monthly_gpu_cost"].as_str().unwrap().parse().unwrap();
    near_money(&it["advice"][0]["monthly_savings"], all * 2.0 / 3.0);
}

#[test]
fn what_cannot_be_true_together_is_no_state() {
    let odd = Does {
        watts: 690.0,
        ..does(1.0, 0.0, 0.0)
    };
    let report = gpus(&[pod("odd", 1, several(1, odd))]);
    let it = workload(&report, "odd");
    assert_eq!(it["state"], "unknown", "{it:#}");
    assert!(text(it, "reason").contains("contradicts itself"), "{it:#}");
}

#[test]
fn what_is_wrong_with_one_device_of_several_is_told_of_that_one() {
    let with = |place: usize, odd: fn(i64) -> Does| -> Vec<Course> {
        let each = (0..4).map(|it| -> Course {
            if it == place {
                Box::new(move |at| Some(odd(at)))
            } else {
                always(busy())
            }
        });
        each.collect()
    };
    let pods = [
        pod("hangs", 4, with(1, |_| hung())),
        pod("run-0", 4, several(4, hung())),
        pod(
            "clock",
            4,
            with(2, |at| Does {
                clock: if at >= SAMPLES - 144 { 0.5e9 } else { 1.98e9 },
                ..busy()
            }),
        ),
        pod(
            "grows",
            4,
            with(3, |at| Does {
                memory: ALL * (0.3 + 0.69 * f64::from(i32::try_from(at).unwrap()) / 432.0),
                ..busy()
            }),
        ),
        pod(
            "full",
            1,
            several(
                1,
                Does {
                    memory: ALL * 0.995,
                    ..busy()
                },
            ),
        ),
        pod(
            "broken",
            4,
            with(2, |at| Does {
                xid: if at > SAMPLES - 30 { 79.0 } else { 0.0 },
                ..busy()
            }),
        ),
    ];
    let told = |check: &str| -> Vec<String> {
        let report = run(&["risks", "--check", check], &pods);
        let all = report["findings"].as_array().unwrap().iter();
        all.map(|it| text(it, "text").to_owned()).collect()
    };
    let hangs = told("gpu-hangs");
    assert_eq!(hangs.len(), 2, "{hangs:?}");
    let one = "GPU 1 of hangs is busy all the time at 124 W, and computed nothing in the whole \
               window: it hangs";
    assert!(hangs.iter().any(|it| it == one), "{hangs:?}");
    let all = "the GPUs of run-0 are busy all the time at 124 W each, and computed nothing";
    assert!(hangs.iter().any(|it| it.starts_with(all)), "{hangs:?}");
    let clocks = told("gpu-clock-held");
    assert_eq!(
        clocks,
        ["GPU 2 of clock works at 500 MHz since 2026-11-22 00:10, 25 % of the best that it had"]
    );
    let memory = told("gpu-memory-full");
    // What is held all the time is none, where nothing fails.
    assert_eq!(memory.len(), 1, "{memory:?}");
    assert!(memory[0].starts_with("GPU 3 of grows has "), "{memory:?}");
    let errors = told("gpu-error");
    assert_eq!(
        errors,
        ["GPU 2 of broken told XID 79, a fault of the hardware"]
    );
    let report = gpus(&pods[..1]);
    let it = workload(&report, "hangs");
    let advice = text(&it["advice"][0], "text");
    assert!(advice.ends_with("hangs (GPU 1 hangs)"), "{advice}");
}
