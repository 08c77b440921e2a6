//! Answers and dumps of real clusters.

use std::path::PathBuf;

use kcost::collect::{MappedBy, Resolved};
use kcost::snapshot::{Gap, Target};
use kcost::units::{Bytes, Cpu};

use super::{cpu, ids, read};
use crate::common::{repository, skipped};

pub(super) fn recorded(names: &[&str]) -> (Resolved, Vec<Gap>) {
    let paths = names.iter();
    let paths = paths.map(|name| repository(&format!("fixtures/objects/{name}.json.gz")));
    read(&paths.collect::<Vec<_>>())
}

#[test]
fn answers_of_a_real_server_become_workloads() {
    let (resolved, gaps) = recorded(&[
        "pods-extras",
        "deployments-extras",
        "cronjobs",
        "jobs",
        "statefulsets",
        "daemonsets",
        "limitranges",
        "hpas-v2",
        "nodes",
    ]);
    assert_eq!(gaps, []);
    let summary = resolved.workloads.iter().map(|workload| {
        let pods = workload.pods.len();
        format!("{} replicas {} pods {pods}", workload.id, workload.replicas)
    });
    insta::assert_snapshot!(summary.collect::<Vec<_>>().join("\n"), @r"
    extras/CronJob/nightly replicas 1 pods 0
    extras/DaemonSet/agent replicas 14 pods 14
    extras/Deployment/defaulted replicas 1 pods 1
    extras/Job/oneshot replicas 0 pods 0
    extras/Pod/naked replicas 1 pods 1
    extras/StatefulSet/db replicas 3 pods 3
    ");
    let find = |name: &str| {
        resolved
            .workloads
            .iter()
            .find(|w| w.id.name == name)
            .unwrap()
    };
    // The LimitRange gave it what its template does not say.
    assert_eq!(
        find("defaulted").containers[0].limits.memory,
        Some(Bytes::mib(512))
    );
    assert_eq!(
        find("defaulted").containers[0].requests.cpu,
        Some(Cpu::cores(0.1))
    );
    assert!((cpu(find("naked")) - 0.15).abs() < 1e-9);
    let autoscaler = find("db").autoscaler.as_ref().unwrap();
    assert!(matches!(
        autoscaler.metrics[0].target,
        Target::Utilization(_) | Target::AverageValue(_)
    ));
    assert_eq!(resolved.cluster.limit_ranges.len(), 2);
    assert!(!resolved.cluster.nodes.is_empty());
    assert_eq!(
        resolved.pods.find("extras", "db-7"),
        resolved
            .pods
            .find("extras", "db-0")
            .map(|(w, _)| (w, MappedBy::Name))
    );
}

#[test]
fn older_autoscalers_and_recorded_managers_are_read() {
    let (resolved, gaps) = recorded(&["deployments-extras", "hpas-v1", "vpas"]);
    assert_eq!(gaps, []);
    assert_eq!(resolved.workloads.len(), 1);
}

/// Real dumps outside of the repository, for those who have them.
fn data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("KCOST_TEST_DATA").map(PathBuf::from);
    let path = folder
        .map(|folder| folder.join(name))
        .filter(|path| path.is_file());
    if path.is_none() {
        skipped(&format!("KCOST_TEST_DATA names no folder with {name}"));
    }
    path
}

#[test]
fn dumps_of_a_real_cluster_are_read_whole() {
    let Some((pods, nodes)) = data("nri_1_35_pods.yaml.gz").zip(data("nri_1_35_nodes.yaml.gz"))
    else {
        return;
    };
    let (resolved, gaps) = read(&[pods, nodes]);
    assert_eq!(gaps, []);
    assert_eq!(resolved.cluster.nodes.len(), 1);
    let kinds = resolved
        .workloads
        .iter()
        .map(|workload| workload.id.kind.as_str());
    let kinds: std::collections::BTreeSet<_> = kinds.collect();
    assert!(
        kinds.contains("Deployment") && kinds.contains("StaticPod"),
        "{kinds:?}"
    );
    assert!(!kinds.contains("ReplicaSet"), "{:?}", ids(&resolved));
}

#[test]
fn manifests_of_a_real_application_are_read_whole() {
    let Some(manifests) = data("manifests_microservices-demo.yaml.gz") else {
        return;
    };
    let (resolved, gaps) = read(&[manifests]);
    let codes: Vec<&str> = gaps.iter().map(|gap| gap.code.as_str()).collect();
    assert_eq!(codes, ["no-namespace"]);
    assert!(resolved.workloads.len() > 5);
    assert!(
        resolved
            .workloads
            .iter()
            .all(|workload| workload.patch.is_some())
    );
}
