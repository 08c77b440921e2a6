//! Increases that a ResourceQuota cannot admit.

use kcost::recommend::Advice;
use kcost::snapshot::{Container, ContainerKind, Quota, QuotaScope, Resources, Workload};
use kcost::units::Bytes;

use super::{api, busy, container_of, reason};
use crate::made::{container, resources, workload};
use crate::played::{MIB, advised, by_labels, label, play};

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
        scopes: Vec::new(),
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
fn what_is_left_of_a_quota_goes_to_the_raise_that_does_not_fit() {
    let pairs = [("memory-request", "768Mi"), ("memory-limit", "1792Mi")];
    let mut snapshot = busy(label(api(500, 512), &pairs));
    let mut advise = |left: u64| {
        snapshot.cluster.quotas = vec![Quota {
            hard_requests: Resources::default(),
            used_requests: Resources::default(),
            hard_limits: resources(0, 4096),
            used_limits: resources(0, 4096 - left),
            ..full(&[])
        }];
        container_of(&snapshot, &by_labels())
    };
    // Two pods: 300Mi each, down to what a person writes.
    let part = advise(600);
    assert_eq!(part.sizing.memory_limit, Advice::Set(Bytes::mib(800)));
    assert_eq!(part.sizing.memory_request, Advice::Set(Bytes::mib(768)));
    let text = reason(&part, "quota");
    assert!(text.contains("1.75Gi to 800Mi"), "{text}");
    // What is hardly more is not worth it.
    let none = advise(40);
    assert_eq!(none.sizing.memory_limit, Advice::Keep);
    assert_eq!(none.sizing.memory_request, Advice::Keep);
}

/// A quota of namespace `shop` without any memory left.
fn full(scopes: &[(&str, &str, &[&str])]) -> Quota {
    let scope = |(name, operator, values): &(&str, &str, &[&str])| QuotaScope {
        name: (*name).to_owned(),
        operator: (*operator).to_owned(),
        values: values.iter().map(ToString::to_string).collect(),
    };
    Quota {
        namespace: "shop".to_owned(),
        name: "team".to_owned(),
        scopes: scopes.iter().map(scope).collect(),
        hard_requests: resources(0, 1024),
        hard_limits: Resources::default(),
        used_requests: resources(0, 1024),
        used_limits: Resources::default(),
    }
}

/// Whether a raise to 1Gi is held back.
fn holds(quota: Quota, workload: Workload) -> bool {
    let mut snapshot = busy(label(workload, &[("memory-request", "1Gi")]));
    snapshot.cluster.quotas = vec![quota];
    let sizing = container_of(&snapshot, &by_labels()).sizing;
    assert_ne!(sizing.memory_limit, Advice::Unset);
    sizing.memory_request == Advice::Keep
}

#[test]
fn a_quota_counts_only_the_pods_of_its_scopes() {
    let usual = || api(500, 512);
    assert!(holds(full(&[]), usual()));
    assert!(holds(full(&[("NotTerminating", "Exists", &[])]), usual()));
    assert!(!holds(full(&[("Terminating", "Exists", &[])]), usual()));
    let mut ending = usual();
    ending.has_deadline = true;
    assert!(holds(full(&[("Terminating", "Exists", &[])]), ending));
    assert!(holds(full(&[("NotBestEffort", "Exists", &[])]), usual()));
    assert!(!holds(full(&[("BestEffort", "Exists", &[])]), usual()));
    // All scopes have to hold.
    assert!(!holds(
        full(&[
            ("NotBestEffort", "Exists", &[]),
            ("Terminating", "Exists", &[])
        ]),
        usual()
    ));
    let of_class = |operator, values: &[&str], class: Option<&str>| {
        let mut workload = usual();
        workload.priority_class = class.map(str::to_owned);
        holds(full(&[("PriorityClass", operator, values)]), workload)
    };
    assert!(of_class("In", &["high"], Some("high")));
    assert!(!of_class("In", &["high"], Some("low")));
    assert!(!of_class("In", &["high"], None));
    assert!(of_class("NotIn", &["high"], None));
    assert!(of_class("Exists", &[], Some("low")));
    assert!(of_class("DoesNotExist", &[], None));
    assert!(!holds(
        full(&[("CrossNamespacePodAffinity", "Exists", &[])]),
        usual()
    ));
}

#[test]
fn what_an_init_container_reserves_already_needs_no_room() {
    let init = Container {
        kind: ContainerKind::Init,
        ..container("init", 0, 1024)
    };
    let pods = workload(
        "Deployment",
        "api",
        2,
        vec![init, container("app", 500, 512)],
    );
    let mut snapshot = busy(label(pods, &[("memory-request", "1Gi")]));
    // It is the second container that is used.
    for series in &mut snapshot.usage.series {
        "app".clone_into(&mut series.container);
    }
    snapshot.cluster.quotas = vec![full(&[])];
    let advised = advised(&snapshot, &by_labels());
    let sizing = advised.workloads[0].containers[1].sizing;
    assert_eq!(sizing.memory_request, Advice::Set(Bytes::gib(1)));
}
