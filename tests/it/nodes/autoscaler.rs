//! What Cluster Autoscaler and Karpenter do and leave.

use kcost::plan::{Autoscaler, Fixed, Options, Stay};
use kcost::snapshot::DisruptionBudget;

use super::{app, each_pod, names, nodes, planned, ruled, tight, with};
use crate::common::demo_week;

fn by(autoscaler: Autoscaler) -> Options {
    Options {
        autoscaler,
        ..tight()
    }
}

fn fixed(snapshot: &kcost::snapshot::Snapshot, options: &Options, node: usize) -> Fixed {
    let plan = planned(snapshot, options);
    match &plan.today.stays[node] {
        Some(Stay::Pods(pods)) => pods[0].1.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn cluster_autoscaler_leaves_nodes_of_which_half_is_requested() {
    let snapshot = with(
        nodes(3),
        vec![
            app("a", &[0], 2000, 100),
            app("b", &[1], 1900, 100),
            app("c", &[2], 100, 9_000),
        ],
    );
    // A person may drain any of them, of which two fit onto the third.
    assert_eq!(planned(&snapshot, &tight()).today.drains.len(), 2);
    let plan = planned(&snapshot, &by(Autoscaler::Cluster)).today;
    assert_eq!(names(&snapshot, &plan), ["n1"]);
    assert_eq!(plan.stays[0], Some(Stay::TooFull(0.5)));
    let text = plan.stays[2].as_ref().unwrap().text(|_| String::new());
    assert!(text.contains("55 % of it is requested"), "{text}");
    // What is too full from the start stays in every plan.
    assert_eq!(plan.least.nodes, 2);
    assert_eq!(
        planned(&snapshot, &by(Autoscaler::Karpenter))
            .today
            .drains
            .len(),
        2
    );
}

#[test]
fn pods_that_come_can_make_a_node_too_full_to_go() {
    let snapshot = with(nodes(3), vec![app("a", &[0, 1, 2], 1500, 100)]);
    let plan = planned(&snapshot, &by(Autoscaler::Cluster)).today;
    // One goes, and the node that takes its pod is at 75 % then.
    assert_eq!(plan.drains.len(), 1);
    let full = plan.stays.iter().flatten();
    let full = full.filter(|it| **it == Stay::TooFull(0.75));
    assert_eq!(full.count(), 1);
}

#[test]
fn files_on_the_node_keep_it_unless_its_pods_say_otherwise() {
    let local = ruled(app("a", &[0], 100, 100), |it| it.local_storage = true);
    let snapshot = with(nodes(2), vec![local, app("b", &[1], 1900, 100)]);
    let cluster = by(Autoscaler::Cluster);
    assert_eq!(fixed(&snapshot, &cluster, 0), Fixed::LocalStorage);
    assert_eq!(
        names(&snapshot, &planned(&snapshot, &cluster).today),
        ["n1"]
    );
    for options in [tight(), by(Autoscaler::Karpenter)] {
        assert_eq!(
            names(&snapshot, &planned(&snapshot, &options).today),
            ["n0"]
        );
    }
    let mut safe = snapshot;
    safe.workloads[0] = each_pod(safe.workloads[0].clone(), |pod| {
        let key = "cluster-autoscaler.kubernetes.io/safe-to-evict";
        pod.eviction = vec![(key.to_owned(), "true".to_owned())];
    });
    assert_eq!(names(&safe, &planned(&safe, &cluster).today), ["n0"]);
}

#[test]
fn system_pods_keep_a_node_unless_a_budget_counts_them() {
    let mut dns = app("dns", &[0], 100, 100);
    "kube-system".clone_into(&mut dns.id.namespace);
    let mut snapshot = with(nodes(2), vec![dns, app("b", &[1], 1900, 100)]);
    let cluster = by(Autoscaler::Cluster);
    assert_eq!(fixed(&snapshot, &cluster, 0), Fixed::SystemPod);
    assert_eq!(
        names(&snapshot, &planned(&snapshot, &tight()).today),
        ["n0"]
    );
    snapshot.cluster.disruption_budgets = vec![DisruptionBudget {
        namespace: "kube-system".to_owned(),
        name: "dns".to_owned(),
        disruptions_allowed: 1,
        selector: vec![("app".to_owned(), "dns".to_owned())],
        ..DisruptionBudget::default()
    }];
    assert_eq!(
        names(&snapshot, &planned(&snapshot, &cluster).today),
        ["n0"]
    );
}

#[test]
fn karpenter_moves_pods_that_nothing_starts_anew() {
    let mut bare = app("a", &[0], 100, 100);
    "Pod".clone_into(&mut bare.id.kind);
    let snapshot = with(nodes(2), vec![bare, app("b", &[1], 1900, 100)]);
    assert_eq!(fixed(&snapshot, &tight(), 0), Fixed::Bare);
    let plan = planned(&snapshot, &by(Autoscaler::Karpenter)).today;
    assert_eq!(names(&snapshot, &plan), ["n0"]);
}

#[test]
fn every_format_says_by_whose_rules() {
    let args = ["nodes", "--autoscaler", "cluster-autoscaler", "-o"];
    let run = |format: &str| demo_week(&[&args[..], &[format]].concat()).ended(0);
    let report = run("json").json();
    assert_eq!(report["settings"]["autoscaler"], "cluster-autoscaler");
    let nodes = report["nodes"].as_array().unwrap();
    let codes = nodes
        .iter()
        .map(|it| it["advised"]["stays"]["code"].as_str());
    assert!(codes.flatten().any(|it| it == "half_requested"));
    let text = run("table").transcript();
    assert!(text.contains("nodes go as cluster-autoscaler"), "{text}");
    let groups = demo_week(&["nodes", "-o", "node-groups"]);
    let yaml = groups.ended(0).stdout;
    let read: serde_json::Value = serde_yaml::from_str(&yaml).unwrap();
    let drained = read["drained"].as_array().unwrap();
    let now: u64 = drained
        .iter()
        .map(|it| it["nodes_now"].as_u64().unwrap())
        .sum();
    assert_eq!(now, 19);
    assert!(!read["fleet"].as_array().unwrap().is_empty());
}
