//! Each guard, the verdicts behind them, and that repeated advice comes to rest.

use kcost::recommend::{
    Advice, ContainerAdvice, CpuLimits, Options, Sizing, State, WorkloadAdvice,
};
use kcost::snapshot::{
    Autoscaler, AutoscalerMetric, ContainerKind, Heap, HeapSetting, LimitRange, Manager, Metric,
    Quota, Resources, Snapshot, Source, SourceKind, Target, Termination, Workload,
};
use kcost::units::{Bytes, Cpu, Ratio, Span, float};

use crate::made::{container, resources, workload};
use crate::played::{MIB, advised, apply, by_labels, cluster, label, play, with_metric};

fn api(cpu: u64, memory: u64) -> Workload {
    workload("Deployment", "api", 2, vec![container("app", cpu, memory)])
}

/// A busy fortnight of `workload`, half of what it requests.
fn busy(workload: Workload) -> Snapshot {
    let mut snapshot = cluster(14);
    play(&mut snapshot, workload, |_, slot| {
        (0.2 + f64::from(slot % 5) * 0.01, 200.0 * MIB)
    });
    snapshot
}

fn first(snapshot: &Snapshot, options: &Options) -> WorkloadAdvice {
    advised(snapshot, options).workloads.remove(0)
}

fn container_of(snapshot: &Snapshot, options: &Options) -> ContainerAdvice {
    first(snapshot, options).containers.remove(0)
}

fn reason<'a>(advice: &'a ContainerAdvice, code: &str) -> &'a str {
    let found = advice.reasons.iter().find(|reason| reason.code == code);
    &found
        .unwrap_or_else(|| panic!("no {code} in {:?}", advice.reasons))
        .text
}

#[test]
fn rounds_up_and_holds_to_the_policy() {
    let wanted = [("cpu-request", "101m"), ("memory-request", "5Mi")];
    let snapshot = busy(label(api(500, 512), &wanted));
    let advice = container_of(&snapshot, &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(110)));
    assert_eq!(advice.sizing.memory_request, Advice::Set(Bytes::mib(16)));
    assert_eq!(
        reason(&advice, "rounding"),
        "rounded up: CPU request 101m to 110m, memory request 5Mi to 8Mi"
    );
    assert_eq!(
        reason(&advice, "policy"),
        "floors and caps of the policy: memory request 8Mi to 16Mi"
    );
}

#[test]
fn owners_set_floors_and_caps_by_annotation_and_mistakes_are_named() {
    let mut workload = label(
        api(500, 512),
        &[("cpu-request", "100m"), ("memory-request", "4Gi")],
    );
    workload.annotations = [
        ("kcost.dev/max-memory", "1Gi"),
        ("kcost.dev/min-cpu", "200m"),
        ("kcost.dev/min-memory", "lots"),
        ("kcost.dev/target", "5"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .to_vec();
    let mut snapshot = busy(workload);
    let advice = container_of(&snapshot, &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(200)));
    assert_eq!(advice.sizing.memory_request, Advice::Set(Bytes::gib(1)));
    let mistakes: Vec<&str> = advice
        .reasons
        .iter()
        .filter(|reason| reason.code == "annotation")
        .map(|reason| reason.text.as_str())
        .collect();
    assert_eq!(mistakes.len(), 2);
    assert!(mistakes[0].contains("`kcost.dev/min-memory` is ignored: `lots`"));
    assert!(mistakes[1].contains("`kcost.dev/target` is ignored: there is only goal"));

    let ignore = ("kcost.dev/ignore".to_owned(), "true".to_owned());
    snapshot.workloads[0].annotations = vec![ignore];
    let advice = first(&snapshot, &by_labels());
    assert_eq!(advice.state, State::Unknown);
    reason(&advice.containers[0], "ignored");
}

#[test]
fn small_changes_are_not_proposed() {
    let wanted = [
        ("cpu-request", "460m"),
        ("memory-request", "480Mi"),
        ("memory-limit", "480Mi"),
    ];
    let snapshot = busy(label(api(500, 512), &wanted));
    let advice = first(&snapshot, &by_labels());
    let sizing = advice.containers[0].sizing;
    assert_eq!(sizing.cpu_request, Advice::Keep);
    assert_eq!(sizing.memory_request, Advice::Keep);
    assert_eq!(sizing.memory_limit, Advice::Keep);
    assert_eq!(advice.state, State::RightSized);
    assert!(reason(&advice.containers[0], "dead_band").starts_with("CPU request stays 500m: 475m"));
    // On a hundred replicas the same change is two and a half cores.
    let mut many = label(api(500, 512), &wanted);
    many.replicas = 100;
    let advice = container_of(&busy(many), &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(475)));
}

#[test]
fn cuts_go_in_steps_and_raises_at_once() {
    let wanted = [("cpu-request", "100m"), ("memory-request", "2Gi")];
    let mut snapshot = busy(label(api(1000, 512), &wanted));
    let options = Options {
        max_step: Some(Ratio::new(0.3)),
        ..by_labels()
    };
    let mut seen = Vec::new();
    for _ in 0..9 {
        let advised = advised(&snapshot, &options);
        apply(&mut snapshot, &advised);
        seen.push(
            snapshot.workloads[0].containers[0]
                .requests
                .cpu
                .unwrap()
                .to_string(),
        );
    }
    assert_eq!(
        seen,
        [
            "700m", "500m", "350m", "250m", "180m", "130m", "100m", "100m", "100m"
        ]
    );
    assert_eq!(
        snapshot.workloads[0].containers[0].requests.memory,
        Some(Bytes::gib(2))
    );
    assert_eq!(
        snapshot.workloads[0].containers[0].limits.memory,
        Some(Bytes::gib(2))
    );
}

#[test]
fn limit_ranges_bound_sizes_and_ratios_and_require_limits() {
    let wanted = [
        ("cpu-request", "50m"),
        ("cpu-limit", "unset"),
        ("memory-request", "128Mi"),
        ("memory-limit", "4Gi"),
    ];
    let mut workload = label(api(500, 512), &wanted);
    workload.containers[0].limits.cpu = Some(Cpu::cores(1.0));
    let mut snapshot = busy(workload);
    snapshot.cluster.limit_ranges = vec![LimitRange {
        namespace: "shop".to_owned(),
        name: "bounds".to_owned(),
        applies_to: "Container".to_owned(),
        min: resources(100, 0),
        max: resources(0, 2048),
        default_request: Resources::default(),
        default_limit: resources(500, 0),
        max_ratio_cpu: None,
        max_ratio_memory: Some(4.0),
    }];
    let advice = container_of(&snapshot, &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(100)));
    assert_eq!(advice.sizing.cpu_limit, Advice::Keep);
    assert_eq!(advice.sizing.memory_limit, Advice::Set(Bytes::mib(2048)));
    // 2048 ÷ 4 is what is requested now.
    assert_eq!(advice.sizing.memory_request, Advice::Keep);
    assert!(reason(&advice, "limit_range").contains("50m to 100m"));
}

#[test]
fn a_quota_admits_what_fits_and_names_what_does_not() {
    let mut snapshot = busy(label(
        api(500, 512),
        &[("memory-request", "256Mi"), ("memory-limit", "256Mi")],
    ));
    for (name, wanted) in [("b", "768Mi"), ("c", "1Gi")] {
        let pairs = [("memory-request", wanted), ("memory-limit", wanted)];
        let grown = workload("Deployment", name, 2, vec![container("app", 500, 512)]);
        play(&mut snapshot, label(grown, &pairs), |_, _| {
            (0.2, 300.0 * MIB)
        });
    }
    // Three workloads of two pods of 512Mi; no room but what `api` gives back: 512Mi.
    snapshot.cluster.quotas = vec![Quota {
        namespace: "shop".to_owned(),
        name: "team".to_owned(),
        hard_requests: resources(0, 3072),
        hard_limits: Resources::default(),
        used_requests: resources(0, 3072),
        used_limits: Resources::default(),
    }];
    let advised = advised(&snapshot, &by_labels());
    let sizing = |index: usize| advised.workloads[index].containers[0].sizing;
    assert_eq!(sizing(0).memory_request, Advice::Set(Bytes::mib(256)));
    assert_eq!(sizing(1).memory_request, Advice::Set(Bytes::mib(768)));
    assert_eq!(sizing(2).memory_request, Advice::Keep);
    let text = reason(&advised.workloads[2].containers[0], "quota");
    assert!(
        text.contains("`team`") && text.contains("1Gi more") && text.contains("0B left"),
        "{text}"
    );
}

#[test]
fn guaranteed_pods_stay_so_without_throttling() {
    let wanted = [
        ("cpu-request", "220m"),
        ("memory-request", "256Mi"),
        ("memory-limit", "400Mi"),
    ];
    let mut workload = label(api(1000, 1024), &wanted);
    workload.containers[0].limits.cpu = Some(Cpu::cores(1.0));
    let snapshot = busy(workload);
    let advice = container_of(&snapshot, &by_labels());
    // 1.25 times the largest use of 240m.
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(300)));
    assert_eq!(advice.sizing.cpu_limit, Advice::Set(Cpu::millicores(300)));
    assert_eq!(advice.sizing.memory_request, Advice::Set(Bytes::mib(416)));
    assert_eq!(advice.sizing.memory_limit, Advice::Set(Bytes::mib(416)));
    reason(&advice, "qos_class");
    let free = Options {
        change_qos: true,
        ..by_labels()
    };
    let advice = container_of(&snapshot, &free);
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(220)));
    assert_eq!(advice.sizing.cpu_limit, Advice::Keep);
}

#[test]
fn pods_do_not_become_guaranteed_by_chance() {
    let wanted = [
        ("cpu-request", "200m"),
        ("memory-request", "256Mi"),
        ("memory-limit", "256Mi"),
    ];
    let mut workload = label(api(500, 512), &wanted);
    workload.containers[0].limits.cpu = Some(Cpu::millicores(200));
    let advice = container_of(&busy(workload), &by_labels());
    assert_eq!(advice.sizing.cpu_limit, Advice::Set(Cpu::millicores(220)));
}

fn scaled_on(mut workload: Workload, target: Target) -> Workload {
    workload.autoscaler = Some(Autoscaler {
        name: "api".to_owned(),
        min_replicas: 1,
        max_replicas: 20,
        current_replicas: Some(2),
        metrics: vec![AutoscalerMetric {
            kind: "Resource".to_owned(),
            name: "cpu".to_owned(),
            container: None,
            target,
        }],
    });
    workload
}

fn target_after(advice: &WorkloadAdvice) -> Option<Target> {
    let autoscaler = advice.autoscaler.as_ref()?;
    Some(autoscaler.metrics[autoscaler.changes[0].metric].target)
}

#[test]
fn a_utilization_target_moves_with_the_request() {
    let cut = |request: &str| {
        let workload = label(api(500, 512), &[("cpu-request", request)]);
        first(
            &busy(scaled_on(workload, Target::Utilization(60))),
            &by_labels(),
        )
    };
    // 300m is the load at which it scales: 75 % of 400m.
    assert_eq!(target_after(&cut("400m")), Some(Target::Utilization(75)));
    assert_eq!(target_after(&cut("100m")), Some(Target::AverageValue(0.3)));
    assert_eq!(target_after(&cut("1")), Some(Target::AverageValue(0.3)));
    let text = cut("400m");
    assert!(reason(&text.containers[0], "autoscaler").contains("60% to 75%"));
}

#[test]
fn a_target_that_cannot_move_keeps_the_request() {
    let workload = label(
        api(500, 512),
        &[("cpu-request", "100m"), ("memory-request", "256Mi")],
    );
    let mut workload = scaled_on(workload, Target::Utilization(60));
    workload.managers = vec![Manager {
        kind: "ScaledObject".to_owned(),
        name: "api".to_owned(),
        mode: "Scale".to_owned(),
        resources: vec!["replicas".to_owned()],
        container: None,
        except: Vec::new(),
    }];
    let advice = first(&busy(workload), &by_labels());
    assert_eq!(advice.autoscaler, None);
    assert_eq!(advice.containers[0].sizing.cpu_request, Advice::Keep);
    assert_eq!(
        advice.containers[0].sizing.memory_request,
        Advice::Set(Bytes::mib(256))
    );
    assert!(reason(&advice.containers[0], "autoscaler").contains("ScaledObject `api`"));
}

#[test]
fn what_another_controller_sets_is_left_to_it() {
    let mut workload = label(
        api(500, 512),
        &[("cpu-request", "100m"), ("memory-request", "256Mi")],
    );
    workload.managers = vec![Manager {
        kind: "VerticalPodAutoscaler".to_owned(),
        name: "api".to_owned(),
        mode: "Recreate".to_owned(),
        resources: vec!["memory".to_owned()],
        container: None,
        except: Vec::new(),
    }];
    let mut snapshot = busy(workload);
    let advice = container_of(&snapshot, &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(100)));
    assert_eq!(advice.sizing.memory_request, Advice::Keep);
    assert_eq!(
        reason(&advice, "managed"),
        "memory is left to VerticalPodAutoscaler `api`"
    );
    snapshot.workloads[0].containers[0].in_template = false;
    let advice = container_of(&snapshot, &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Keep);
    reason(&advice, "injected");
}

#[test]
fn a_pod_as_a_whole_bounds_its_containers() {
    let wanted = [
        ("cpu-request", "700m"),
        ("memory-request", "256Mi"),
        ("memory-limit", "2Gi"),
    ];
    let mut workload = label(api(500, 512), &wanted);
    workload.pod_requests = resources(600, 1024);
    workload.pod_limits = resources(1000, 1024);
    let advice = container_of(&busy(workload), &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Keep);
    assert_eq!(advice.sizing.memory_request, Advice::Set(Bytes::mib(256)));
    assert_eq!(advice.sizing.memory_limit, Advice::Keep);
    reason(&advice, "pod_level");
}

#[test]
fn an_init_container_is_left_alone_and_named_where_it_sets_the_size() {
    let mut workload = label(api(500, 512), &[("cpu-request", "100m")]);
    let mut init = container("migrate", 100, 2048);
    init.kind = ContainerKind::Init;
    workload.containers.push(init);
    let advice = first(&busy(workload), &by_labels());
    assert_eq!(advice.containers[1].sizing, Sizing::KEEP);
    assert!(reason(&advice.containers[1], "init_container").contains("sets the memory"));
    assert_eq!(advice.state, State::OverProvisioned);
}

#[test]
fn cpu_limits_follow_the_policy_and_never_add_throttling() {
    let mut workload = label(api(500, 512), &[("cpu-request", "100m")]);
    workload.containers[0].limits.cpu = Some(Cpu::cores(1.0));
    let mut snapshot = busy(workload);
    let with = |cpu_limits| Options {
        cpu_limits,
        ..by_labels()
    };
    let limit =
        |snapshot: &Snapshot, choice| container_of(snapshot, &with(choice)).sizing.cpu_limit;
    assert_eq!(limit(&snapshot, CpuLimits::Keep), Advice::Keep);
    assert_eq!(limit(&snapshot, CpuLimits::Remove), Advice::Unset);
    // Twice the request would be 200m, which is less than what it uses.
    assert_eq!(
        limit(&snapshot, CpuLimits::Ratio),
        Advice::Set(Cpu::millicores(300))
    );
    with_metric(&mut snapshot, Metric::CpuThrottledRatio, 0.4);
    let advice = first(&snapshot, &by_labels());
    assert_eq!(
        advice.containers[0].sizing.cpu_limit,
        Advice::Set(Cpu::millicores(1400))
    );
    assert_eq!(advice.state, State::UnderProvisioned);
    reason(&advice.containers[0], "throttled");
}

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
        finished: None,
    }];
    let advice = first(&busy(workload), &Options::default());
    let limit = advice.containers[0].sizing.memory_limit.value().unwrap();
    assert!(limit >= Bytes::mib(615), "{}", limit.human());
    assert_eq!(advice.state, State::UnderProvisioned);
    reason(&advice.containers[0], "oom_killed");
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
fn a_heap_setting_binds_the_limit() {
    let mut java = api(500, 2048);
    java.containers[0].heap = Some(Heap {
        setting: HeapSetting::JavaXmx,
        bytes: Some(Bytes::gib(1)),
        percent: None,
    });
    let advice = default_advice(java, |_, _| (0.2, 300.0 * MIB));
    let limit = advice
        .sizing
        .memory_limit
        .after(Some(Bytes::mib(2048)))
        .unwrap();
    assert!(limit >= Bytes::mib(1280), "{}", limit.human());
    assert!(reason(&advice, "heap_setting").contains("both could be lower"));
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

/// What each of `replicas` pods uses of a load that comes and goes with the day.
fn load(slot: u32) -> f64 {
    let hour = f64::from(slot % 48) / 2.0;
    2.0 + 1.5 * (hour / 24.0 * std::f64::consts::TAU).sin()
}

/// Usage as it would be under the autoscaler that the workload has now.
fn relive(template: &Workload) -> Snapshot {
    let mut snapshot = cluster(14);
    let request = template.containers[0].requests.cpu.unwrap().get();
    let autoscaler = template.autoscaler.as_ref().unwrap();
    let point = match autoscaler.metrics[0].target {
        Target::Utilization(percent) => f64::from(percent) / 100.0 * request,
        Target::AverageValue(value) | Target::Value(value) => value,
    };
    let bounds = (
        float(u64::from(autoscaler.min_replicas)),
        float(u64::from(autoscaler.max_replicas)),
    );
    play(&mut snapshot, template.clone(), |pod, slot| {
        let replicas = (load(slot) / point).ceil().clamp(bounds.0, bounds.1);
        if float(pod as u64) < replicas {
            (load(slot) / replicas, 300.0 * MIB)
        } else {
            (f64::NAN, f64::NAN)
        }
    });
    snapshot.cluster.quotas = vec![Quota {
        namespace: "shop".to_owned(),
        name: "team".to_owned(),
        hard_requests: resources(24_000, 24_576),
        hard_limits: resources(0, 24_576),
        used_requests: resources(20_000, 20_480),
        used_limits: resources(0, 20_480),
    }];
    snapshot
}

#[test]
fn repeated_advice_comes_to_rest_and_never_ratchets() {
    for strategy in ["calibrated", "autopilot", "peak", "vpa"] {
        let pods = workload("Deployment", "api", 20, vec![container("app", 1000, 1024)]);
        let mut workload = scaled_on(pods, Target::Utilization(50));
        let options = Options {
            strategy: kcost::recommend::by_name(strategy).unwrap(),
            max_step: Some(Ratio::new(0.3)),
            ..Options::default()
        };
        let mut sizes = Vec::new();
        for _ in 0..5 {
            let mut snapshot = relive(&workload);
            let advised = advised(&snapshot, &options);
            apply(&mut snapshot, &advised);
            workload = snapshot.workloads.remove(0);
            let container = &workload.containers[0];
            let request = container.requests.cpu.unwrap();
            let point = match workload.autoscaler.as_ref().unwrap().metrics[0].target {
                Target::Utilization(percent) => f64::from(percent) / 100.0 * request.get(),
                Target::AverageValue(value) | Target::Value(value) => value,
            };
            assert!(
                (point - 0.5).abs() < 0.01,
                "{strategy}: the scale point moved to {point}"
            );
            sizes.push((
                request.to_string(),
                container.requests.memory,
                container.limits.memory,
            ));
        }
        assert_eq!(sizes[3], sizes[4], "{strategy} does not rest: {sizes:?}");
        assert!(sizes[4].0 != "1", "{strategy} changed nothing: {sizes:?}");
    }
}
