//! Limits that hold back, and nodes that have nothing left.

use kcost::finding::Severity;
use kcost::recommend::Confidence;
use kcost::snapshot::{
    Autoscaler, AutoscalerMetric, CapacityType, Metric, Resources, Snapshot, Target, Workload,
};
use kcost::units::Cpu;

use super::{fact, found, none, only, severity, unknown};
use crate::made::{container, node, resources, workload};
use crate::played::{MIB, cluster, play, with_metric};

/// A Deployment whose container may use one core.
fn limited() -> Workload {
    let mut workload = workload("Deployment", "api", 1, vec![container("app", 200, 256)]);
    workload.containers[0].limits.cpu = Some(Cpu::cores(1.0));
    workload
}

fn using(workload: Workload, cores: f64) -> Snapshot {
    let mut snapshot = cluster(14);
    play(&mut snapshot, workload, |_, _| (cores, 100.0 * MIB));
    snapshot
}

#[test]
fn work_that_is_throttled_hurts() {
    let mut snapshot = using(limited(), 0.8);
    with_metric(&mut snapshot, Metric::CpuThrottledRatio, 0.4);
    let held = only(&snapshot, "cpu_throttling");
    assert!((fact(&held, "held_back_ratio") - 1.0).abs() < 1e-9);
    assert_eq!(severity(&held), Severity::Medium);
    assert!(
        held.text
            .starts_with("throttled while it works, for 24 hours of the last day")
    );
    assert!(held.action.patch.is_some());
}

#[test]
fn throttling_of_what_hardly_runs_or_of_few_periods_does_not_hurt() {
    let mut idle = using(limited(), 0.02);
    with_metric(&mut idle, Metric::CpuThrottledRatio, 1.0);
    none(&idle, "cpu_throttling");
    let mut seldom = using(limited(), 0.8);
    with_metric(&mut seldom, Metric::CpuThrottledRatio, 0.24);
    none(&seldom, "cpu_throttling");
}

#[test]
fn without_throttled_periods_use_at_the_limit_tells_and_less_is_unknown() {
    let at_limit = only(&using(limited(), 0.99), "cpu_throttling");
    assert!(at_limit.text.starts_with("at its limit while it works"));
    let below = using(limited(), 0.9);
    none(&below, "cpu_throttling");
    assert_eq!(
        unknown(&below, "cpu_throttling"),
        ["1 container with a CPU limit, whose throttling is not measured"]
    );
    // Without a limit there is nothing to know.
    let mut free = limited();
    free.containers[0].limits = Resources::default();
    assert!(unknown(&using(free, 0.9), "cpu_throttling").is_empty());
}

/// A node of four cores on which one workload takes what the other needs.
fn crowded(request: u64, taken: f64) -> Snapshot {
    let mut snapshot = cluster(14);
    snapshot.cluster.nodes = vec![node("n0", CapacityType::OnDemand)];
    let greedy = workload("Deployment", "batch", 1, vec![container("app", 3000, 256)]);
    play(&mut snapshot, greedy, |_, _| (taken, 100.0 * MIB));
    let small = workload("Deployment", "web", 1, vec![container("app", request, 256)]);
    play(&mut snapshot, small, |_, _| (0.5, 100.0 * MIB));
    snapshot
}

#[test]
fn a_small_request_on_a_full_node_starves() {
    let starved = only(&crowded(100, 3.2), "cpu_starvation");
    assert_eq!(starved.subject.name, "web");
    // That the node was full does not say that it waited.
    assert_eq!(
        (severity(&starved), starved.confidence),
        (Severity::Low, Confidence::Low)
    );
    let mut measured = crowded(100, 3.2);
    with_metric(&mut measured, Metric::CpuWaitingRatio, 0.3);
    let starved = only(&measured, "cpu_starvation");
    assert_eq!(
        (severity(&starved), starved.confidence),
        (Severity::Medium, Confidence::High)
    );
}

#[test]
fn who_asked_for_enough_or_has_room_or_does_not_wait_does_not_starve() {
    none(&crowded(400, 3.2), "cpu_starvation");
    none(&crowded(100, 3.0), "cpu_starvation");
    let mut measured = crowded(100, 3.2);
    with_metric(&mut measured, Metric::CpuWaitingRatio, 0.1);
    none(&measured, "cpu_starvation");
}

#[test]
fn starvation_needs_nodes() {
    let mut snapshot = crowded(100, 3.2);
    snapshot.cluster.nodes.clear();
    none(&snapshot, "cpu_starvation");
    assert_eq!(
        unknown(&snapshot, "cpu_starvation"),
        ["1 cluster without known nodes"]
    );
}

/// Four pods that use `cores` each, at the most that their autoscaler may have.
fn scaled(max: u32, cores: f64, kind: &str) -> Snapshot {
    let mut workload = workload("Deployment", "web", 4, vec![container("app", 500, 256)]);
    workload.autoscaler = Some(Autoscaler {
        name: "web".to_owned(),
        min_replicas: 2,
        max_replicas: max,
        current_replicas: Some(4),
        metrics: vec![AutoscalerMetric {
            kind: kind.to_owned(),
            name: "cpu".to_owned(),
            container: None,
            target: Target::Utilization(60),
            spec: None,
        }],
        unread: 0,
        unread_of: Vec::new(),
        made_by: None,
        behavior: None,
        conditions: Vec::new(),
        idle_replicas: None,
        others: Vec::new(),
        keeper: None,
    });
    using(workload, cores)
}

#[test]
fn an_autoscaler_that_would_go_on_is_pinned() {
    // 400 of 500 millicores, where 300 are wanted: a third more.
    let pinned = only(&scaled(4, 0.4, "Resource"), "autoscaler_at_maximum");
    assert!((fact(&pinned, "metric_to_target_ratio") - 4.0 / 3.0).abs() < 1e-4);
    assert_eq!(severity(&pinned), Severity::Medium);
    let patch = pinned.action.patch.unwrap();
    assert_eq!(patch.body, serde_json::json!({"spec": {"maxReplicas": 6}}));
    assert_eq!(patch.kind, "HorizontalPodAutoscaler");
    let badly = only(&scaled(4, 0.48, "Resource"), "autoscaler_at_maximum");
    assert_eq!(severity(&badly), Severity::High);
}

#[test]
fn a_maximum_holds_back_from_when_the_metric_is_above_its_target() {
    // Four pods for a fortnight, and busy since so many slots of half an hour.
    let since = |slots: u32| {
        let mut snapshot = scaled(4, 0.2, "Resource");
        let len = usize::try_from(snapshot.usage.grid.len - slots).unwrap();
        for series in &mut snapshot.usage.series {
            series.cpu_cores[len..].fill(0.4);
        }
        snapshot
    };
    let pinned = only(&since(4), "autoscaler_at_maximum");
    assert!(pinned.text.ends_with("for 2 hours"), "{}", pinned.text);
    none(&since(0), "autoscaler_at_maximum");
    // On a grid of five minutes a quarter of an hour is three slots.
    let mut short = since(2);
    short.usage.grid.step = kcost::units::Span::from_secs(300);
    none(&short, "autoscaler_at_maximum");
    let mut long = since(3);
    long.usage.grid.step = kcost::units::Span::from_secs(300);
    only(&long, "autoscaler_at_maximum");
}

#[test]
fn a_maximum_that_is_enough_is_no_risk() {
    none(&scaled(4, 0.32, "Resource"), "autoscaler_at_maximum");
    none(&scaled(5, 0.4, "Resource"), "autoscaler_at_maximum");
    // Held at one number on purpose.
    none(&scaled(2, 0.4, "Resource"), "autoscaler_at_maximum");
}

#[test]
fn a_metric_from_elsewhere_cannot_be_judged() {
    let snapshot = scaled(4, 0.4, "External");
    none(&snapshot, "autoscaler_at_maximum");
    assert_eq!(
        unknown(&snapshot, "autoscaler_at_maximum"),
        ["1 autoscaler at its maximum, whose metric kcost does not know"]
    );
    assert!(found(&using(limited(), 0.1), "autoscaler_at_maximum").is_empty());
    assert_eq!(resources(500, 0).memory, None);
}
