//! What goes wrong with accelerators, as `kcost risks` tells it.

use serde_json::Value;

use super::{Pod, node, risks, row};

/// Samples of five minutes.
const DAY: usize = 288;

fn of(pods: &[Pod], check: &str) -> Vec<String> {
    let node = node("n0", "NVIDIA-H100-80GB-HBM3", "nvidia.com/gpu", 16);
    let all = risks(pods, &node, check);
    let text = |it: &Value| {
        let severity = it["severity"].as_str().unwrap();
        format!("{severity}: {}", it["text"].as_str().unwrap())
    };
    all.iter().map(text).collect()
}

/// A pod that does what this says, sample by sample.
fn pod(name: &str, days: usize, figures: impl Fn(usize) -> Vec<(&'static str, f64)>) -> Pod {
    let rows = (0..days * DAY).map(|at| row(1.0, &figures(at)));
    Pod::new(name, rows.collect())
}

#[test]
fn errors_tell_whose_fault_they_are() {
    let at = |code: f64, from: usize| {
        move |slot: usize| {
            vec![
                ("gpu_sm_active", 0.5),
                ("gpu_xid", if slot < from { 0.0 } else { code }),
            ]
        }
    };
    assert_eq!(
        of(&[pod("a", 3, at(79.0, 2 * DAY))], "gpu-error"),
        ["high: the GPU of a told XID 79, a fault of the hardware"]
    );
    assert_eq!(
        of(&[pod("a", 3, at(31.0, 2 * DAY))], "gpu-error"),
        ["medium: the GPU of a told XID 31, which programs cause"]
    );
    // It was there before anything was seen: nobody knows from when.
    assert_eq!(
        of(&[pod("a", 3, at(79.0, 0))], "gpu-error"),
        ["medium: the GPU of a tells XID 79 since before the window, a fault of the hardware"]
    );
    assert!(of(&[pod("a", 3, at(0.0, 0))], "gpu-error").is_empty());
    // What the pod before it did is not its fault; what the device has stays.
    let first = || pod("first", 3, at(0.0, 0));
    let next = |code: f64| pod("next", 1, at(code, 0));
    assert!(of(&[first(), next(31.0)], "gpu-error").is_empty());
    assert_eq!(
        of(&[first(), next(79.0)], "gpu-error"),
        [
            "medium: the GPU of next tells XID 79 since before the pod began, a fault of the hardware"
        ]
    );
}

#[test]
fn a_run_whose_ranks_wait_for_ever_hangs() {
    let run = |hung: bool| {
        move |slot: usize| {
            let stuck = hung && slot >= 2 * DAY;
            let watts = match slot {
                0..10 => 120.0,
                _ if stuck => 150.0,
                _ => 640.0,
            };
            let does = if stuck { 0.0 } else { 0.4 };
            vec![
                ("gpu_utilization", 1.0),
                ("gpu_dram_active", does),
                ("gpu_tensor_active", does),
                ("gpu_power_watts", watts),
            ]
        }
    };
    let found = of(&[pod("a", 3, run(true))], "gpu-hangs");
    assert_eq!(
        found,
        [
            "high: the GPU of a is busy all the time since 2026-11-22 00:05 at 150 W, where it drew 640 W when it worked: it hangs"
        ]
    );
    assert!(of(&[pod("a", 3, run(false))], "gpu-hangs").is_empty());
    // A small load that is busy all the time draws little, and always did.
    let small = |_| vec![("gpu_utilization", 0.99), ("gpu_power_watts", 141.0)];
    assert!(of(&[pod("a", 3, small)], "gpu-hangs").is_empty());
    let from_the_start = |compute: f64| {
        move |slot: usize| {
            vec![
                (
                    "gpu_utilization",
                    if slot.is_multiple_of(3) { 0.97 } else { 1.0 },
                ),
                ("gpu_sm_active", compute),
                ("gpu_dram_active", compute / 2.0),
                ("gpu_power_watts", 130.0),
            ]
        }
    };
    assert_eq!(
        of(&[pod("a", 3, from_the_start(0.008))], "gpu-hangs"),
        [
            "high: the GPU of a is busy all the time at 130 W, and computed nothing in the whole window: it hangs"
        ]
    );
    // By the power of its product alone.
    let dark = |_| vec![("gpu_utilization", 1.0), ("gpu_power_watts", 120.0)];
    assert_eq!(
        of(&[pod("a", 3, dark)], "gpu-hangs"),
        [
            "high: the GPU of a is busy all the time at 120 W, and computed nothing in the whole window: it hangs"
        ]
    );
    // Two tiny programs run all the time and fill a tenth, and one a fiftieth.
    for tiny in [0.11, 0.02] {
        assert!(of(&[pod("a", 3, from_the_start(tiny))], "gpu-hangs").is_empty());
    }
}

#[test]
fn clocks_that_are_held_back_are_told() {
    let clock = |busy: f64| {
        move |slot: usize| {
            let hertz = if slot < 2 * DAY { 1.9e9 } else { 1.1e9 };
            vec![("gpu_utilization", busy), ("gpu_clock_hertz", hertz)]
        }
    };
    assert_eq!(
        of(&[pod("a", 3, clock(0.9))], "gpu-clock-held"),
        [
            "medium: the GPU of a works at 1100 MHz since 2026-11-22 00:05, 58 % of the best that it had"
        ]
    );
    // What does nothing needs no clock.
    assert!(of(&[pod("a", 3, clock(0.1))], "gpu-clock-held").is_empty());
}

#[test]
fn a_rank_that_differs_from_its_peers_is_told() {
    let run = |last: f64| {
        let ranks = (0..8_u32).map(|rank| {
            let level = if rank == 7 {
                last
            } else {
                0.60 + 0.004 * f64::from(rank)
            };
            let mut pod = pod(&format!("train-{rank}"), 3, move |_| {
                vec![("gpu_sm_active", level), ("gpu_utilization", 0.99)]
            });
            pod.owner = Some(("batch/v1", "Job"));
            pod
        });
        ranks.collect::<Vec<Pod>>()
    };
    let found = of(&run(0.25), "gpu-slow-rank");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("of 8 ranks the GPU of train-7 is used 25 %"),
        "{found:?}"
    );
    assert!(of(&run(0.62), "gpu-slow-rank").is_empty());
}

#[test]
fn memory_that_grew_to_its_end_is_told_and_that_of_servers_is_not() {
    let grows = |cache: bool| {
        move |slot: usize| {
            let gib = if slot < 2 * DAY { 40e9 } else { 79e9 };
            let mut all = vec![
                ("gpu_sm_active", 0.6),
                ("gpu_memory_bytes", gib),
                ("gpu_memory_total_bytes", 80e9),
            ];
            if cache {
                all.push(("kv_cache_ratio", 0.5));
            }
            all
        }
    };
    let found = of(&[pod("a", 3, grows(false))], "gpu-memory-full");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("99 %"), "{found:?}");
    assert!(of(&[pod("a", 3, grows(true))], "gpu-memory-full").is_empty());
}

#[test]
fn memory_that_is_held_all_the_time_is_told_where_programs_fail_beside_it() {
    let figures = |gib: f64, xid: f64| {
        vec![
            ("gpu_sm_active", 0.6),
            ("gpu_memory_bytes", gib),
            ("gpu_memory_total_bytes", 80e9),
            ("gpu_xid", xid),
        ]
    };
    let found = |does: &dyn Fn(usize) -> Vec<(&'static str, f64)>| {
        of(&[pod("a", 3, does)], "gpu-memory-full")
    };
    // As servers of language models take it, from the start or from when they begin.
    for from in [0, DAY, 5 * DAY / 2] {
        let takes = |slot: usize| figures(if slot < from { 0.6e9 } else { 78e9 }, 0.0);
        assert!(found(&takes).is_empty(), "{from}");
    }
    // A run that grows bit by bit, from nothing or from much.
    for (low, by) in [(0.5, 79.0), (50.0, 29.0)] {
        let grows = |slot: usize| {
            let part = f64::from(u32::try_from(slot).unwrap()) / f64::from(864);
            figures((low + by * part) * 1e9, 0.0)
        };
        assert_eq!(found(&grows).len(), 1, "{low}");
    }
    let faults = |slot: usize| figures(79.5e9, if slot < 2 * DAY { 0.0 } else { 31.0 });
    let told = found(&faults);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].ends_with("99.4 %, and told XID 31, which programs cause")
            || told[0].ends_with("99 %, and told XID 31, which programs cause"),
        "{told:?}"
    );
}
