//! Autoscalers, other managers, and rounds of advice after each other.

use kcost::recommend::{Advice, Options, WorkloadAdvice};
use kcost::snapshot::{Autoscaler, AutoscalerMetric, Manager, Quota, Snapshot, Target, Workload};
use kcost::units::{Bytes, Cpu, Ratio, float};

use super::{api, busy, container_of, first, reason};
use crate::made::{container, resources, workload};
use crate::played::{MIB, advised, apply, by_labels, cluster, label, play};

fn scaled_on(mut workload: Workload, target: Target) -> Workload {
    workload.autoscaler = Some(Autoscaler {
        conditions: Vec::new(),
        idle_replicas: None,
        others: Vec::new(),
        keeper: None,
        name: "api".to_owned(),
        min_replicas: 1,
        max_replicas: 20,
        current_replicas: Some(2),
        metrics: vec![AutoscalerMetric {
            kind: "Resource".to_owned(),
            name: "cpu".to_owned(),
            container: None,
            target,
            spec: None,
        }],
        unread: 0,
        unread_of: Vec::new(),
        made_by: None,
        behavior: None,
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
        triggers: Vec::new(),
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
    // The same where only the autoscaler that it made is known.
    let workload = label(api(500, 512), &[("cpu-request", "100m")]);
    let mut workload = scaled_on(workload, Target::Utilization(60));
    workload.autoscaler.as_mut().unwrap().made_by = Some("ScaledObject `api`".to_owned());
    let advice = first(&busy(workload), &by_labels());
    assert_eq!(advice.containers[0].sizing.cpu_request, Advice::Keep);
}

#[test]
fn a_limit_is_not_cut_to_where_the_autoscaler_could_not_act() {
    let wanted = [
        ("cpu-request", "300m"),
        ("cpu-limit", "400m"),
        ("memory-request", "256Mi"),
        ("memory-limit", "256Mi"),
    ];
    let limited = |qos: &str| {
        let mut workload = scaled_on(label(api(1000, 512), &wanted), Target::Utilization(60));
        workload.containers[0].limits.cpu = Some(Cpu::cores(1.0));
        for pod in &mut workload.pods {
            pod.qos = Some(qos.to_owned());
        }
        workload
    };
    // It scales at 600m, and acts from a tenth more on.
    let advice = first(&busy(limited("Burstable")), &by_labels());
    let sizing = advice.containers[0].sizing;
    assert_eq!(sizing.cpu_request, Advice::Set(Cpu::millicores(300)));
    assert_eq!(sizing.cpu_limit, Advice::Set(Cpu::millicores(660)));
    assert_eq!(target_after(&advice), Some(Target::AverageValue(0.6)));
    assert!(reason(&advice.containers[0], "autoscaler").contains("scales at 600m"));
    // Guaranteed pods request as much.
    let advice = first(&busy(limited("Guaranteed")), &by_labels());
    let sizing = advice.containers[0].sizing;
    assert_eq!(sizing.cpu_request, Advice::Set(Cpu::millicores(660)));
    assert_eq!(sizing.cpu_limit, Advice::Set(Cpu::millicores(660)));
    assert_eq!(target_after(&advice), Some(Target::AverageValue(0.6)));
    // The same for memory, and for an average value.
    let mut workload = limited("Burstable");
    let autoscaler = workload.autoscaler.as_mut().unwrap();
    "memory".clone_into(&mut autoscaler.metrics[0].name);
    autoscaler.metrics[0].target = Target::AverageValue(400.0 * MIB);
    let advice = container_of(&busy(workload), &by_labels());
    assert_eq!(advice.sizing.memory_limit, Advice::Set(Bytes::mib(448)));
    assert_eq!(advice.sizing.cpu_limit, Advice::Set(Cpu::millicores(400)));
}

#[test]
fn an_autoscaler_that_cannot_be_written_again_keeps_the_request() {
    let mut workload = scaled_on(
        label(api(500, 512), &[("cpu-request", "400m")]),
        Target::Utilization(60),
    );
    workload.autoscaler.as_mut().unwrap().unread = 1;
    let advice = first(&busy(workload), &by_labels());
    assert_eq!(advice.containers[0].sizing.cpu_request, Advice::Keep);
    assert_eq!(advice.autoscaler, None);
    let text = reason(&advice.containers[0], "autoscaler");
    assert!(text.ends_with("CPU request stays 500m, not 400m"), "{text}");
}

#[test]
fn a_metric_that_could_not_be_read_keeps_what_it_may_hold_a_share_of() {
    let wanted = [
        ("cpu-request", "100m"),
        ("cpu-limit", "200m"),
        ("memory-request", "256Mi"),
        ("memory-limit", "300Mi"),
    ];
    let unread = |of: &[&str]| {
        let mut workload = label(api(500, 512), &wanted);
        workload.containers[0].limits.cpu = Some(Cpu::cores(1.0));
        let mut workload = scaled_on(workload, Target::Utilization(60));
        let autoscaler = workload.autoscaler.as_mut().unwrap();
        autoscaler.metrics.clear();
        autoscaler.unread = 1;
        autoscaler.unread_of = of.iter().map(ToString::to_string).collect();
        container_of(&busy(workload), &by_labels())
    };
    let advice = unread(&["cpu"]);
    assert_eq!(advice.sizing.cpu_request, Advice::Keep);
    assert_eq!(advice.sizing.cpu_limit, Advice::Keep);
    assert_eq!(advice.sizing.memory_request, Advice::Set(Bytes::mib(256)));
    assert_eq!(
        reason(&advice, "autoscaler"),
        "autoscaler `api` has a metric that could not be read, and may hold a share of this: \
         CPU request stays 500m, not 100m, CPU limit stays 1, not 200m"
    );
    let advice = unread(&["cpu", "memory"]);
    assert_eq!(advice.sizing.memory_request, Advice::Keep);
    assert_eq!(advice.sizing.memory_limit, Advice::Keep);
    // Triggers that are not of use at all hold nothing.
    assert_eq!(
        unread(&[]).sizing.cpu_request,
        Advice::Set(Cpu::millicores(100))
    );
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
        triggers: Vec::new(),
        except: Vec::new(),
    }];
    let mut snapshot = busy(workload);
    let advice = container_of(&snapshot, &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(100)));
    assert_eq!(advice.sizing.memory_request, Advice::Keep);
    assert_eq!(
        reason(&advice, "managed"),
        "memory is left to VerticalPodAutoscaler `api`: memory request stays 512Mi, not 256Mi"
    );
    snapshot.workloads[0].containers[0].in_template = false;
    let advice = container_of(&snapshot, &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Keep);
    reason(&advice, "injected");
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
        scopes: Vec::new(),
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
