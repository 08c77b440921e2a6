//! Floors, caps, steps and rounding.

use kcost::recommend::{Advice, Options, Sizing, State};
use kcost::snapshot::ContainerKind;
use kcost::units::{Bytes, Cpu, Ratio};

use super::{api, busy, container_of, first, reason};
use crate::made::{container, resources};
use crate::played::{advised, apply, by_labels, label};

#[test]
fn rounds_up_and_holds_to_the_policy() {
    let wanted = [("cpu-request", "501m"), ("memory-request", "5Mi")];
    let snapshot = busy(label(api(1000, 512), &wanted));
    let advice = container_of(&snapshot, &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(505)));
    assert_eq!(advice.sizing.memory_request, Advice::Set(Bytes::mib(16)));
    assert_eq!(
        reason(&advice, "rounding"),
        "rounded up: CPU request 501m to 505m, memory request 5Mi to 8Mi"
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
        ("kcost.dev/max-cpus", "2"),
        ("kcost.dev/max-cpu", "1Gi"),
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
    assert_eq!(mistakes.len(), 4);
    assert!(mistakes[0].contains("`kcost.dev/min-memory` is ignored: `lots`"));
    assert!(mistakes[1].contains("`kcost.dev/target` is ignored: known are goal"));
    assert!(mistakes[2].contains("did you mean `kcost.dev/max-cpu`?"));
    assert!(mistakes[3].contains("`1Gi` is not an amount of CPU"));

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
    assert!(reason(&advice.containers[0], "dead_band").starts_with("CPU request stays 500m: 460m"));
    // On a hundred replicas the same change is four cores.
    let mut many = label(api(500, 512), &wanted);
    many.replicas = 100;
    let advice = container_of(&busy(many), &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(460)));
}

#[test]
fn what_the_policy_rules_out_now_is_changed_however_little() {
    let floor = Options {
        min_cpu: Cpu::millicores(520),
        max_memory: Some(Bytes::mib(500)),
        ..by_labels()
    };
    let wanted = [
        ("cpu-request", "490m"),
        ("memory-request", "256Mi"),
        ("memory-limit", "512Mi"),
    ];
    let advice = container_of(&busy(label(api(500, 512), &wanted)), &floor);
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(520)));
    assert_eq!(advice.sizing.memory_limit, Advice::Set(Bytes::mib(500)));
    // Without the policy both changes are too small.
    let free = container_of(&busy(label(api(500, 512), &wanted)), &by_labels());
    assert_eq!(free.sizing.cpu_request, Advice::Keep);
    assert_eq!(free.sizing.memory_limit, Advice::Keep);
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
            "700m", "490m", "343m", "241m", "169m", "119m", "100m", "100m", "100m"
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
fn a_pod_as_a_whole_bounds_its_containers() {
    let wanted = [
        ("cpu-request", "700m"),
        ("memory-request", "256Mi"),
        ("memory-limit", "2Gi"),
    ];
    let mut workload = label(api(500, 512), &wanted);
    workload.pod_requests = resources(600, 1024);
    workload.pod_limits = resources(600, 1024);
    let advice = container_of(&busy(workload), &by_labels());
    // The pod is limited to what it requests: what it has more of would be another class.
    assert_eq!(advice.sizing.memory_request, Advice::Set(Bytes::mib(256)));
    assert_eq!(advice.sizing.memory_limit, Advice::Set(Bytes::gib(2)));
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
fn cuts_below_what_an_init_container_needs_are_not_advised() {
    let wanted = [
        ("cpu-request", "100m"),
        ("memory-request", "128Mi"),
        ("memory-limit", "256Mi"),
    ];
    let mut workload = label(api(500, 512), &wanted);
    let mut init = container("migrate", 1000, 2048);
    init.kind = ContainerKind::Init;
    workload.containers.push(init);
    let advice = first(&busy(workload.clone()), &by_labels());
    assert_eq!(advice.containers[0].sizing, Sizing::KEEP);
    assert_eq!(advice.state, State::RightSized);
    assert_eq!(
        reason(&advice.containers[0], "reserve"),
        "init container migrate requests as much at the start: less frees nothing: \
         CPU request stays 500m, not 100m, memory request stays 512Mi, not 128Mi"
    );
    // What is bound in one resource is free in the other.
    workload.containers[1].requests = resources(100, 2048);
    let advice = first(&busy(workload), &by_labels());
    let sizing = &advice.containers[0].sizing;
    assert_eq!(sizing.cpu_request, Advice::Set(Cpu::millicores(100)));
    assert_eq!(sizing.memory_request, Advice::Keep);
}

#[test]
fn a_pod_that_is_sold_in_sizes_is_cut_only_to_a_smaller_size() {
    let on_fargate = |request: &str| {
        let mut workload = label(api(1000, 1024), &[("cpu-request", request)]);
        for pod in &mut workload.pods {
            pod.node = Some("fargate-ip-10-0-1-5.eu-west-1.compute.internal".to_owned());
        }
        container_of(&busy(workload), &by_labels())
    };
    assert_eq!(on_fargate("600m").sizing.cpu_request, Advice::Keep);
    assert!(reason(&on_fargate("600m"), "reserve").starts_with(
        "Fargate sells pods in sizes and this one stays 1 and 2Gi: less frees nothing"
    ));
    let cut = on_fargate("400m").sizing.cpu_request;
    assert_eq!(cut, Advice::Set(Cpu::millicores(400)));
}
