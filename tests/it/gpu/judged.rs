//! What hides behind a mean: devices that do nothing, that hang, that are needed for an hour
//! of the day; and what a lack of figures does not say.

use serde_json::Value;

use super::{Pod, node, row, told, workload};

const GIB: f64 = 1_073_741_824.0;
const DAY: usize = 288;

fn h200() -> Value {
    node("n0", "NVIDIA-H200", "nvidia.com/gpu", 32)
}

/// Three days of this, slot by slot of five minutes.
fn pod(name: &str, does: impl Fn(usize) -> Vec<(&'static str, f64)>) -> Pod {
    let rows = (0..3 * DAY).map(|slot| row(1.0, &does(slot)));
    Pod::new(name, rows.collect())
}

/// How often anything runs, what it does of multiprocessors, and watts.
fn does(busy: f64, sm: f64, watts: f64) -> Vec<(&'static str, f64)> {
    vec![
        ("gpu_utilization", busy),
        ("gpu_sm_active", sm),
        ("gpu_dram_active", sm / 2.0),
        ("gpu_power_watts", watts),
        ("gpu_memory_bytes", 20.0 * GIB),
        ("gpu_memory_total_bytes", 140.0 * GIB),
    ]
}

fn one(pod: Pod) -> Value {
    let name = pod.name.clone();
    let report = told(&[pod], &h200(), 300, &[]);
    workload(&report, &name).clone()
}

fn actions(workload: &Value) -> Vec<String> {
    let all = workload["advice"].as_array().unwrap().iter();
    all.map(|it| it["action"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_runs_all_the_time_at_the_power_of_nothing_hangs() {
    let always = one(pod("always", |_| does(1.0, 0.0, 120.0)));
    assert_eq!(always["state"], "held", "{always:#}");
    assert!(always["reason"].as_str().unwrap().contains("it hangs"));
    assert_eq!(actions(&always), ["end_hang"]);
    assert_eq!(
        always["advice"][0]["monthly_savings"],
        always["monthly_cost"]
    );

    let blind = one(pod("blind", |_| {
        let mut figures = does(1.0, 0.0, 121.0);
        figures.retain(|(name, _)| !name.ends_with("active"));
        figures
    }));
    assert_eq!(
        (&blind["state"], actions(&blind)),
        (&"held".into(), vec!["end_hang".to_owned()])
    );

    // Two tiny programs together.
    let small = one(pod("small", |_| does(0.99, 0.11, 141.0)));
    assert_eq!(small["state"], "underused", "{small:#}");
}

fn reason(workload: &Value) -> &str {
    workload["reason"].as_str().unwrap()
}

#[test]
fn what_worked_before_it_hung_hangs_since_then() {
    let stuck = one(pod("stuck", |slot| match slot {
        0..=575 => does(0.97, 0.85, 650.0),
        _ => does(1.0, 0.02, 126.0),
    }));
    assert_eq!(stuck["state"], "held", "{stuck:#}");
    let since = "since 2026-11-22 00:05 something runs all the time";
    assert!(reason(&stuck).starts_with(since), "{stuck:#}");
    assert_eq!(actions(&stuck), ["end_hang"]);

    // A kernel that waits on every multiprocessor moves nothing and draws nothing.
    let waits = one(pod("waits", |_| {
        let mut figures = does(1.0, 1.0, 125.0);
        figures[2].1 = 0.0;
        figures.push(("gpu_tensor_active", 0.0));
        figures
    }));
    assert_eq!(actions(&waits), ["end_hang"], "{waits:#}");
}

#[test]
fn what_worked_and_does_nothing_any_more_has_ended() {
    let ended = |from: usize, to: usize| {
        one(pod("ended", move |slot| {
            if slot < from || slot >= to {
                does(0.7, 0.63, 500.0)
            } else {
                does(0.0, 0.0, 118.0)
            }
        }))
    };
    let it = ended(2 * DAY, 3 * DAY);
    assert_eq!(it["state"], "held", "{it:#}");
    let since =
        "nothing was computed since 2026-11-22 00:05, and at most 63% of each device before";
    assert_eq!(reason(&it), since);
    assert_eq!(actions(&it), ["scale_to_zero"]);
    let text = it["advice"][0]["text"].as_str().unwrap();
    assert!(text.ends_with("did nothing in 1d"), "{text}");
    // Five hours may be a pause, and what came back did not end.
    for it in [ended(3 * DAY - 60, 3 * DAY), ended(DAY, 2 * DAY)] {
        assert!(!reason(&it).contains("since"), "{it:#}");
    }
}

#[test]
fn savings_of_a_workload_add_up() {
    let small = ["a", "b"].map(|name| pod(name, |_| does(0.06, 0.02, 160.0)));
    let report = told(&small, &h200(), 300, &[]);
    let small = workload(&report, "a");
    assert_eq!(actions(small), ["mig_slice", "share"], "{small:#}");
    let money = |it: &Value| it.as_str().map_or(0.0, |it| it.parse::<f64>().unwrap());
    let all = small["advice"].as_array().unwrap();
    let saved: f64 = all.iter().map(|it| money(&it["monthly_savings"])).sum();
    let cost = money(&small["monthly_cost"]);
    assert!(saved > 0.0 && saved <= cost, "{saved} of {cost}: {small:#}");
    // Half of a device is less than what a slice of it saves.
    let last = &all[1];
    assert!(last["monthly_savings"].is_null(), "{small:#}");
    let text = last["text"].as_str().unwrap();
    assert!(text.starts_with("or instead: share a device"), "{text}");
}

/// Pods of one set.
fn set(parts: Vec<Pod>) -> Value {
    let parts = parts.into_iter().map(|mut it| {
        it.owner = Some(("apps/v1", "StatefulSet"));
        it
    });
    let report = told(&parts.collect::<Vec<_>>(), &h200(), 300, &[]);
    workload(&report, "set").clone()
}

#[test]
fn ranks_that_hang_beside_one_that_is_dead_hang() {
    let spins = |name: &str| {
        pod(name, |slot| {
            let busy = if slot % 4 == 0 { 0.93 } else { 1.0 };
            does(busy, 0.02, 130.0)
        })
    };
    let dead = pod("set-3", |_| does(0.0, 0.0, 118.0));
    let it = set(vec![spins("set-0"), spins("set-1"), spins("set-2"), dead]);
    assert_eq!(it["state"], "held", "{it:#}");
    assert_eq!(actions(&it), ["end_hang"]);
}

#[test]
fn one_device_that_does_nothing_does_not_hide_in_the_mean() {
    let works = |name: &str| pod(name, |_| does(0.99, 0.9, 650.0));
    let dead = |name: &str| pod(name, |_| does(0.0, 0.0, 118.0));
    let it = set(vec![
        works("set-0"),
        works("set-1"),
        works("set-2"),
        dead("set-3"),
    ]);
    assert_ne!(it["state"], "starved");
    let first = &it["advice"][0];
    assert_eq!(first["action"], "free_devices", "{it:#}");
    let text = first["text"].as_str().unwrap();
    assert!(
        text.contains("of 1 of 4 devices nothing came in 3d: set-3"),
        "{text}"
    );
    let money = |key: &Value| key.as_str().unwrap().parse::<f64>().unwrap();
    let (saved, cost) = (money(&first["monthly_savings"]), money(&it["monthly_cost"]));
    assert!((4.0 * saved - cost).abs() < 0.05, "{saved} of {cost}");

    // Of two devices in one pod only their mean is told.
    let mut two = pod("two", |_| does(0.495, 0.44, 800.0));
    two.gpus = 2;
    let two = one(two);
    assert_ne!(two["state"], "starved", "{two:#}");
    let text = two["advice"][0]["text"].as_str().unwrap();
    assert!(
        text.contains(
            "of 1 of 2 devices nothing came in 3d: two (1 of its 2, by the mean of them)"
        ),
        "{text}"
    );

    // Half of the mean is the one that works all the time.
    let half = set(vec![works("set-0"), dead("set-1")]);
    assert_ne!(half["state"], "starved", "{half:#}");
    assert_eq!(half["advice"][0]["action"], "free_devices");
}

#[test]
fn more_requests_at_a_time_are_for_a_queue() {
    let serving = |busy: f64, dram: f64, waiting: f64| {
        one(pod("server", move |_| {
            let mut figures = does(busy, 0.12, 300.0);
            figures[2].1 = dram;
            figures.extend([
                ("requests_running", 1.0),
                ("requests_waiting", waiting),
                ("kv_cache_ratio", 0.02),
            ]);
            figures
        }))
    };
    let waits = serving(0.97, 0.85, 12.0);
    assert_eq!(waits["state"], "bandwidth_bound");
    assert_eq!(actions(&waits)[0], "batch_more", "{waits:#}");
    assert_eq!(actions(&serving(0.95, 0.30, 6.0))[0], "batch_more");
    for quiet in [serving(0.3, 0.1, 0.0), serving(0.97, 0.85, 0.0)] {
        assert!(
            !actions(&quiet).contains(&"batch_more".to_owned()),
            "{quiet:#}"
        );
    }
}

#[test]
fn a_server_that_takes_all_memory_and_hardly_needs_it_could_take_less() {
    let quiet = one(pod("server", |_| {
        let mut figures = does(0.3, 0.1, 180.0);
        figures[4].1 = 130.0 * GIB;
        figures.extend([
            ("requests_running", 1.2),
            ("requests_waiting", 0.0),
            ("kv_cache_ratio", 0.02),
        ]);
        figures
    }));
    let text = quiet["advice"][0]["text"].as_str().unwrap();
    assert!(
        text.contains("holds 130Gi and uses 2% of its cache"),
        "{text}"
    );
}

#[test]
fn a_smaller_device_has_what_its_busiest_hour_needs() {
    let rare = one(pod("rare", |slot| {
        if slot % DAY < 12 {
            does(0.98, 0.88, 640.0)
        } else {
            does(0.0, 0.0, 118.0)
        }
    }));
    for action in ["mig_slice", "cheaper_product"] {
        assert!(!actions(&rare).contains(&action.to_owned()), "{rare:#}");
    }
    let steady = one(pod("steady", |_| does(0.3, 0.1, 180.0)));
    assert!(
        actions(&steady).contains(&"mig_slice".to_owned()),
        "{steady:#}"
    );
}

#[test]
fn what_is_hardly_asked_for_is_not_starved() {
    let quiet = one(pod("quiet", |_| does(0.08, 0.07, 160.0)));
    assert_eq!(quiet["state"], "underused", "{quiet:#}");
    // It stops and goes: it waits for its next batch.
    let waits = one(pod("waits", |slot| {
        if slot % 6 == 0 {
            does(0.99, 0.8, 600.0)
        } else {
            does(0.0, 0.0, 120.0)
        }
    }));
    assert_eq!(
        (&waits["state"], &waits["confidence"]),
        (&"starved".into(), &"low".into())
    );
}

#[test]
fn power_alone_is_little() {
    let by_power = |watts: f64| {
        one(pod("power", move |_| {
            vec![
                ("gpu_power_watts", watts),
                ("gpu_memory_bytes", 20.0 * GIB),
                ("gpu_memory_total_bytes", 140.0 * GIB),
            ]
        }))
    };
    for (watts, state) in [
        (120.0, "held"),
        (180.0, "underused"),
        (471.0, "right_sized"),
    ] {
        let it = by_power(watts);
        assert_eq!(
            (&it["state"], &it["confidence"]),
            (&state.into(), &"low".into()),
            "{it:#}"
        );
        assert!(!actions(&it).contains(&"mig_slice".to_owned()), "{it:#}");
    }
}
