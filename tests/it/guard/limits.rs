//! QoS classes and CPU limits.

use kcost::recommend::{Advice, CpuLimits, Options, State};
use kcost::snapshot::{Metric, Snapshot};
use kcost::units::{Bytes, Cpu};

use super::{api, busy, container_of, first, reason};
use crate::played::{by_labels, label, with_metric};

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
fn guaranteed_pods_that_are_throttled_get_more_of_both() {
    let mut workload = label(api(500, 512), &[("cpu-request", "220m")]);
    workload.containers[0].limits.cpu = Some(Cpu::millicores(500));
    let mut snapshot = busy(workload);
    with_metric(&mut snapshot, Metric::CpuThrottledRatio, 0.3);
    let advice = container_of(&snapshot, &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(650)));
    assert_eq!(advice.sizing.cpu_limit, Advice::Set(Cpu::millicores(650)));
}

#[test]
fn pods_do_not_become_guaranteed_by_chance() {
    let wanted = [
        ("cpu-request", "250m"),
        ("memory-request", "256Mi"),
        ("memory-limit", "256Mi"),
    ];
    let mut workload = label(api(500, 512), &wanted);
    workload.containers[0].limits.cpu = Some(Cpu::millicores(250));
    let advice = container_of(&busy(workload), &by_labels());
    assert_eq!(advice.sizing.cpu_limit, Advice::Set(Cpu::millicores(264)));
}

#[test]
fn the_first_size_of_a_pod_is_told() {
    let mut workload = label(api(0, 0), &[("cpu-request", "200m")]);
    workload.containers[0].requests = kcost::snapshot::Resources::default();
    let advice = container_of(&busy(workload), &by_labels());
    assert!(reason(&advice, "qos_class").contains("become Burstable"));
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
