//! What begins, stops, works now and then, or is told of no more.

use serde_json::Value;

use super::apart::{
    Course, Does, SAMPLES, actions, always, both, busy, does, gpus, hung, near_money, off,
    pod as several_devices, run, several, text,
};
use super::{Pod, node, row, told, workload};

const DAY: usize = 288;

/// So many days of this, slot by slot of five minutes.
fn pod(name: &str, days: usize, does: impl Fn(usize) -> Vec<(&'static str, f64)>) -> Pod {
    let rows = (0..days * DAY).map(|slot| row(1.0, &does(slot)));
    Pod {
        owner: Some(("apps/v1", "StatefulSet")),
        ..Pod::new(name, rows.collect())
    }
}

fn figures(does: Does) -> Vec<(&'static str, f64)> {
    vec![
        ("gpu_utilization", does.busy),
        ("gpu_sm_active", does.sm),
        ("gpu_dram_active", does.dram),
        ("gpu_power_watts", does.watts),
        ("gpu_memory_bytes", does.memory),
    ]
}

fn while_so(is_so: bool) -> Vec<(&'static str, f64)> {
    figures(if is_so { busy() } else { off() })
}

fn report(pods: &[Pod]) -> Value {
    told(
        pods,
        &node("n0", "NVIDIA-H200", "nvidia.com/gpu", 32),
        300,
        &[],
    )
}

fn until(end: i64, does: Does) -> Course {
    Box::new(move |at| (at < end).then_some(does))
}

fn from(start: i64, before: Does, then: Does) -> Course {
    Box::new(move |at| Some(if at < start { before } else { then }))
}

#[test]
fn what_is_told_of_no_more_is_judged_by_what_was_told() {
    // Five hours are missing of one pod, and none of the other.
    let end = SAMPLES - 30;
    let half = |end: i64| -> Vec<Course> {
        both(
            (0..2).map(|_| until(end, busy())).collect(),
            (0..2).map(|_| until(end, off())).collect(),
        )
    };
    let broken = Does { xid: 79.0, ..off() };
    let fell: Course = Box::new(move |at| {
        let does = if at < end - 5 { busy() } else { broken };
        (at < end).then_some(does)
    });
    let pods = [
        several_devices("gone", 4, half(end)),
        several_devices("here", 4, half(SAMPLES)),
        several_devices("fell", 2, vec![fell, until(end, busy())]),
        several_devices("hung", 2, vec![until(end, hung()), until(end, hung())]),
    ];
    let all = gpus(&pods);
    let (gone, here) = (workload(&all, "gone"), workload(&all, "here"));
    for it in [gone, here] {
        assert!(
            text(it, "reason").starts_with("2 of 4 devices never worked"),
            "{it:#}"
        );
        assert_eq!(actions(it)[0], "free_devices", "{it:#}");
    }
    let since = "nothing is told since 2026-11-22 19:00";
    assert!(text(gone, "reason").ends_with(since), "{gone:#}");
    assert_eq!(
        (text(gone, "confidence"), text(here, "confidence")),
        ("medium", "high")
    );
    let first = text(&gone["advice"][0], "text");
    assert!(
        first.ends_with("as far as it was told of until 2026-11-22 19:00"),
        "{first}"
    );
    let errors = run(&["risks", "--check", "gpu-error"], &pods);
    let found = errors["findings"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{errors:#}");
    assert!(
        text(&found[0], "text").contains("GPU 0 of fell told XID 79"),
        "{errors:#}"
    );
    // What hung until nothing was told any more need not hang now.
    let hangs = run(&["risks", "--check", "gpu-hangs"], &pods);
    assert_eq!(hangs["findings"].as_array().unwrap().len(), 0, "{hangs:#}");
}

#[test]
fn what_works_now_and_then_did_not_do_nothing() {
    // Ten minutes a day, at another hour each day; of a server, with its requests; and of one
    // of two devices.
    let now = |slot: usize| slot % DAY / 2 == slot / DAY * 31 % 140;
    let rare = pod("rare-0", 6, |slot| while_so(now(slot)));
    let serves = pod("serves-0", 6, |slot| {
        let mut all = while_so(now(slot));
        let running = f64::from(u8::from(now(slot)));
        all.extend([("requests_running", running), ("requests_waiting", 0.0)]);
        all
    });
    let all = report(&[rare, serves]);
    for name in ["rare", "serves"] {
        let it = workload(&all, name);
        assert_eq!(it["state"], "underused", "{it:#}");
        let reason = text(it, "reason");
        assert!(
            reason.starts_with("it worked for about 10 min a day, last at 2026-11-22"),
            "{reason}"
        );
        assert_eq!(actions(it)[0], "scale_to_zero", "{it:#}");
        let advice = &it["advice"][0];
        assert_eq!(advice["risk"], "medium", "{it:#}");
        assert!(text(advice, "text").contains("between uses"), "{it:#}");
    }

    let seldom: Course = Box::new(|at| Some(if at % 144 == 9 { busy() } else { off() }));
    let all = gpus(&[several_devices("one", 2, vec![always(busy()), seldom])]);
    let it = workload(&all, "one");
    assert!(!it.to_string().contains("never worked"), "{it:#}");
}

#[test]
fn a_server_whose_requests_all_wait_is_broken() {
    let queue = |worked: usize| {
        move |slot: usize| {
            let mut all = while_so(slot < worked);
            let running = if slot < worked { 3.0 } else { 0.0 };
            all.extend([("requests_running", running), ("requests_waiting", 5.0)]);
            all
        }
    };
    // From the start, and since it stopped half a day ago.
    let all = report(&[
        pod("never-0", 3, queue(0)),
        pod("since-0", 3, queue(3 * DAY - 144)),
    ]);
    for name in ["never", "since"] {
        let it = workload(&all, name);
        assert_eq!(
            (text(it, "state"), actions(it)),
            ("unknown", vec!["mend"]),
            "{it:#}"
        );
        let first = text(&it["advice"][0], "text");
        assert!(
            first.contains("5 requests wait and nothing is computed"),
            "{first}"
        );
    }
}

#[test]
fn hours_that_come_again_are_a_schedule_and_one_change_is_none() {
    let hour = |slot: usize| slot / 12 % 24;
    let begun = pod("begun-0", 8, |slot| while_so(slot >= 8 * DAY - 360));
    let any = pod("any-0", 8, |slot| while_so(slot / 12 * 618 % 1_000 < 160));
    // The first day is a Sunday.
    let office = pod("office-0", 8, |slot| {
        while_so((1..=5).contains(&(slot / DAY % 7)) && (8..17).contains(&hour(slot)))
    });
    let all = report(&[begun, any, office]);
    let it = workload(&all, "begun");
    assert_eq!(it["state"], "right_sized", "{it:#}");
    let reason = text(it, "reason");
    assert!(
        reason.ends_with(" since 2026-11-21 18:05, and nothing was done before"),
        "{reason}"
    );
    for name in ["begun", "any"] {
        let it = workload(&all, name);
        assert!(!actions(it).contains(&"schedule"), "{it:#}");
    }
    let it = workload(&all, "office");
    let all = it["advice"].as_array().unwrap();
    let schedule = all.iter().find(|it| it["action"] == "schedule");
    let text = text(schedule.unwrap(), "text");
    assert!(text.contains(" UTC on "), "{text}");
}

#[test]
fn one_rank_that_stops_and_others_that_spin_hang_together() {
    // Since twelve hours, in one pod of a run; tiny kernels fill three of a hundred.
    let since = SAMPLES - 72;
    let spin = Does {
        watts: 126.0,
        ..does(1.0, 0.03, 0.0)
    };
    let ranks = both(
        vec![from(since, busy(), off())],
        (0..3).map(|_| from(since, busy(), spin)).collect(),
    );
    let mut rank = several_devices("run-x-7k2p1", 4, ranks);
    rank.owner = "run-x";
    let all = gpus(&[rank]);
    let it = workload(&all, "run-x");
    assert_eq!(
        (text(it, "state"), actions(it)),
        ("held", vec!["end_hang"]),
        "{it:#}"
    );
    let cost: f64 = it["monthly_cost"].as_str().unwrap().parse().unwrap();
    near_money(&it["advice"][0]["monthly_savings"], cost);
    assert!(
        text(it, "reason").contains("nothing on the others"),
        "{it:#}"
    );
}

#[test]
fn a_pod_with_new_devices_worked_with_those_before() {
    // The old two worked until twenty hours ago, and the new two have done nothing since.
    let moved = SAMPLES - 120;
    let old = || -> Course { until(moved, busy()) };
    let new = || -> Course { Box::new(move |at| (at >= moved).then_some(off())) };
    let mut back = several_devices("moved", 2, vec![old(), old(), new(), new()]);
    back.hours = 20;
    let all = gpus(&[back]);
    let it = workload(&all, "moved");
    let reason = text(it, "reason");
    assert!(
        reason.starts_with("nothing was computed since 2026-11-22 0"),
        "{it:#}"
    );
    let first = &it["advice"][0];
    assert_eq!(
        (text(first, "action"), text(first, "risk")),
        ("scale_to_zero", "medium")
    );
}

#[test]
fn more_cpu_for_what_serves_saves_no_device() {
    let all = report(&[{
        let waits = |slot: usize| {
            let works = slot.is_multiple_of(4);
            let mut all = figures(if works { does(0.99, 0.9, 0.4) } else { off() });
            all.push(("cpu_throttled_ratio", 0.6));
            all
        };
        pod("web-0", 3, waits)
    }]);
    let it = workload(&all, "web");
    let all = it["advice"].as_array().unwrap();
    let cpu = all.iter().find(|it| it["action"] == "add_cpu");
    assert!(cpu.unwrap()["monthly_savings"].is_null(), "{it:#}");
    let all = gpus(&[several_devices("same", 1, several(1, busy()))]);
    assert_eq!(workload(&all, "same")["state"], "right_sized");
}

#[test]
fn a_device_that_was_slow_from_the_start_is_told_by_its_peers() {
    let slow = Does {
        clock: 0.8e9,
        ..busy()
    };
    let pods = [several_devices(
        "four",
        4,
        both(several(3, busy()), several(1, slow)),
    )];
    let found = run(&["risks", "--check", "gpu-clock-held"], &pods);
    let first = text(&found["findings"][0], "text");
    let told = "GPU 3 of four works at 800 MHz, 40 % of what the others of its workload have";
    assert_eq!(first, told, "{found:#}");
}
