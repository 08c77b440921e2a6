//! What is known of a container before statistics: history, kills, leaks, heaps.

use kcost::recommend::{ContainerAdvice, Options, Sizing, State};
use kcost::snapshot::{Metric, Snapshot, Source, SourceKind, Termination, Workload};
use kcost::units::{Bytes, Span};

use super::{api, busy, container_of, first, reason};
use crate::made::{container, workload};
use crate::played::{MIB, by_labels, cluster, label, play, with_metric};

#[test]
fn thin_or_new_history_gives_no_number() {
    let unknown = |snapshot: &Snapshot, code: &str| {
        let advice = first(snapshot, &by_labels());
        assert_eq!(advice.state, State::Unknown);
        assert_eq!(advice.containers[0].sizing, Sizing::KEEP);
        assert_eq!(advice.containers[0].risk, None);
        reason(&advice.containers[0], code);
    };
    let wanted = || label(api(500, 512), &[("cpu-request", "100m")]);
    let mut short = cluster(2);
    play(&mut short, wanted(), |_, _| (0.1, MIB));
    unknown(&short, "short_history");
    let mut gappy = cluster(14);
    play(&mut gappy, wanted(), |_, slot| {
        if slot % 8 == 0 || slot == 14 * 48 - 1 {
            (0.1, MIB)
        } else {
            (f64::NAN, f64::NAN)
        }
    });
    unknown(&gappy, "gappy_history");
    let mut stale = cluster(14);
    play(&mut stale, wanted(), |_, slot| {
        if slot < 8 * 48 {
            (0.1, MIB)
        } else {
            (f64::NAN, f64::NAN)
        }
    });
    unknown(&stale, "stale_usage");
    let mut changed = busy(wanted());
    changed.workloads[0].template_changed = Some(changed.usage.grid.time(13 * 48));
    unknown(&changed, "new_template");
    let mut none = cluster(14);
    none.workloads.push(wanted());
    unknown(&none, "no_usage");
    let mut one = cluster(14);
    one.usage.grid.len = 1;
    one.sources.push(Source {
        kind: SourceKind::MetricsApi,
        detail: String::new(),
    });
    play(&mut one, wanted(), |_, _| (0.1, MIB));
    unknown(&one, "one_sample");
}

#[test]
fn idle_is_absolute_and_relative_and_never_by_cpu_for_gpus() {
    let state = |workload: Workload, cpu: f64, gpu: Option<f64>, network: Option<f64>| {
        let mut snapshot = cluster(14);
        play(&mut snapshot, workload, |_, _| (cpu, 100.0 * MIB));
        for (metric, value) in [
            (Metric::GpuUtilization, gpu),
            (Metric::NetworkBytesPerSecond, network),
        ] {
            if let Some(value) = value {
                with_metric(&mut snapshot, metric, value);
            }
        }
        first(&snapshot, &by_labels()).state
    };
    assert_eq!(state(api(500, 128), 0.002, None, None), State::Idle);
    assert_eq!(
        state(api(500, 128), 0.002, None, Some(1e6)),
        State::RightSized
    );
    assert_eq!(state(api(10, 128), 0.002, None, None), State::RightSized);
    assert_eq!(state(api(8000, 128), 0.05, None, None), State::RightSized);
    let job = workload("CronJob", "job", 3, vec![container("app", 500, 128)]);
    assert_eq!(state(job, 0.002, None, None), State::RightSized);
    let mut gpu = api(500, 128);
    gpu.containers[0]
        .limits
        .extended
        .insert("nvidia.com/gpu".to_owned(), 1.0);
    assert_eq!(state(gpu.clone(), 0.002, None, None), State::RightSized);
    assert_eq!(
        state(gpu.clone(), 0.002, Some(0.6), None),
        State::RightSized
    );
    assert_eq!(state(gpu, 0.2, Some(0.0), None), State::Idle);
}

#[test]
fn a_kill_is_a_floor_for_the_default_strategy() {
    let mut workload = api(500, 512);
    workload.containers[0].terminations = vec![Termination {
        pod: "api-0".to_owned(),
        reason: "OOMKilled".to_owned(),
        exit_code: 137,
        started: None,
        finished: None,
    }];
    let advice = first(&busy(workload), &Options::default());
    let limit = advice.containers[0].sizing.memory_limit.value().unwrap();
    assert!(limit >= Bytes::mib(615), "{}", limit.human());
    assert_eq!(advice.state, State::UnderProvisioned);
    reason(&advice.containers[0], "oom_killed");
}

#[test]
fn one_kill_raises_once_though_nothing_says_when_the_template_changed() {
    let mut workload = workload("StatefulSet", "db", 2, vec![container("app", 500, 512)]);
    let grid = cluster(14).usage.grid;
    workload.containers[0].terminations = vec![Termination {
        pod: "db-0".to_owned(),
        reason: "OOMKilled".to_owned(),
        exit_code: 137,
        started: None,
        finished: Some(grid.time(4 * 48)),
    }];
    let limit = |workload: &Workload| {
        let advice = container_of(&busy(workload.clone()), &Options::default());
        let now = workload.containers[0].limits.memory;
        advice.sizing.memory_limit.after(now).unwrap()
    };
    for pod in &mut workload.pods {
        pod.created = Some(grid.time(0));
    }
    let raised = limit(&workload);
    assert!(raised >= Bytes::mib(615), "{}", raised.human());
    // The raise was followed by new pods, and the kill is still in the window.
    workload.containers[0].limits.memory = Some(raised);
    for pod in &mut workload.pods {
        pod.created = Some(grid.time(5 * 48));
    }
    assert_eq!(limit(&workload), raised);
}

/// What the default strategy says of a workload whose use is played.
fn default_advice(
    workload: Workload,
    use_of: impl Fn(usize, u32) -> (f64, f64),
) -> ContainerAdvice {
    let mut snapshot = cluster(14);
    play(&mut snapshot, workload, use_of);
    container_of(&snapshot, &Options::default())
}

#[test]
fn memory_at_its_limit_is_never_cut() {
    let advice = default_advice(api(500, 512), |_, slot| {
        (0.2, if slot % 7 == 0 { 509.0 } else { 300.0 } * MIB)
    });
    let limit = advice.sizing.memory_limit.value().unwrap();
    assert!(limit >= Bytes::mib(614), "{}", limit.human());
    reason(&advice, "limit_hit");
}

#[test]
fn a_leak_is_followed_to_the_end_of_the_horizon() {
    let advice = default_advice(api(500, 1024), |_, slot| {
        (0.2, (200.0 + f64::from(slot) / 48.0 * 20.0) * MIB)
    });
    // 480 MiB now, and a week of 20 MiB a day.
    let limit = advice
        .sizing
        .memory_limit
        .after(Some(Bytes::mib(1024)))
        .unwrap();
    assert!(limit >= Bytes::mib(615), "{}", limit.human());
    reason(&advice, "growing");
}

#[test]
fn the_few_pods_unlike_the_many_are_named() {
    let agent = workload("DaemonSet", "agent", 10, vec![container("app", 100, 2048)]);
    let advice = default_advice(agent, |pod, _| {
        (0.05, if pod == 7 { 1000.0 } else { 100.0 } * MIB)
    });
    assert!(reason(&advice, "odd_pods").contains("agent-7"));
    let limit = advice
        .sizing
        .memory_limit
        .after(Some(Bytes::mib(2048)))
        .unwrap();
    assert!(limit >= Bytes::mib(1000), "{}", limit.human());
}

#[test]
fn every_number_for_cpu_comes_with_its_risk() {
    let snapshot = busy(label(api(500, 512), &[("cpu-request", "220m")]));
    let risk = container_of(&snapshot, &by_labels()).risk.unwrap();
    // 20 % of samples are at 230m, 20 % at 240m; the error comes on top.
    let over = risk.cpu_time_over_request.unwrap();
    assert!(over > 0.4 && over < 0.5, "{over}");
    assert_eq!(risk.horizon, Span::WEEK);
}

#[test]
fn a_constant_that_no_sample_can_hold_exactly_is_not_above_itself() {
    // The nearest sample to 0.8 lies above it.
    let snapshot = {
        let mut snapshot = cluster(14);
        let wanted = label(api(500, 512), &[("cpu-request", "800m")]);
        play(&mut snapshot, wanted, |_, _| (0.8, 200.0 * MIB));
        snapshot
    };
    let risk = container_of(&snapshot, &by_labels()).risk.unwrap();
    assert!(risk.cpu_time_over_request.unwrap() < 0.02);
    let advice = container_of(&snapshot, &Options::default());
    assert!(reason(&advice, "cpu_replayed").starts_with("CPU request 800m"));
    assert!(advice.risk.unwrap().cpu_time_over_request.unwrap() < 0.5);
}
