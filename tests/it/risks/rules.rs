//! Alert rules: well formed, of every kind, and with their history.

use std::collections::BTreeSet;
use std::process::Command;

use kcost::risk;
use serde_json::Value;

use crate::common::{Kcost, needs};

/// Alerts of the kubernetes-mixin that people have today.
const MIXIN: [&str; 36] = [
    "KubePodCrashLooping",
    "KubePodNotReady",
    "KubeDeploymentReplicasMismatch",
    "KubeStatefulSetReplicasMismatch",
    "KubeDeploymentRolloutStuck",
    "KubeContainerWaiting",
    "KubeDaemonSetRolloutStuck",
    "KubeDaemonSetNotScheduled",
    "KubeDaemonSetMisScheduled",
    "KubeJobNotCompleted",
    "KubeJobFailed",
    "KubeHpaReplicasMismatch",
    "KubeHpaMaxedOut",
    "KubePdbNotEnoughHealthyPods",
    "KubeCPUOvercommit",
    "KubeMemoryOvercommit",
    "KubeCPUQuotaOvercommit",
    "KubeMemoryQuotaOvercommit",
    "KubeQuotaAlmostFull",
    "KubeQuotaFullyUsed",
    "KubeQuotaExceeded",
    "CPUThrottlingHigh",
    "KubePersistentVolumeFillingUp",
    "KubePersistentVolumeInodesFillingUp",
    "KubePersistentVolumeErrors",
    "KubeNodeNotReady",
    "KubeNodePressure",
    "KubeNodeUnreachable",
    "KubeNodeReadinessFlapping",
    "KubeNodeEviction",
    "KubeletTooManyPods",
    "KubeletPlegDurationHigh",
    "KubeletPodStartUpLatencyHigh",
    "KubeletDown",
    "KubeClientCertificateExpiration",
    "KubeletClientCertificateExpiration",
];

/// Those whose history the demo holds.
const SHOWN: [&str; 6] = [
    "CPUThrottlingHigh",
    "KubeHpaMaxedOut",
    "KubePersistentVolumeFillingUp",
    "KubeNodePressure",
    "KubeNodeNotReady",
    "KubeNodeEviction",
];

#[test]
fn rules_are_taken_by_prometheus_and_say_how_often_they_would_have_fired() {
    let run = Kcost::new()
        .args(["risks", "--demo", "-o", "prometheus-rules"])
        .run();
    let text = run.ended(0).stdout;
    let object: Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(object["kind"], "PrometheusRule");
    let rules = object["spec"]["groups"][0]["rules"]
        .as_array()
        .unwrap()
        .clone();
    let mut instead = BTreeSet::new();
    let mut replayed = 0;
    let mut compared = Vec::new();
    for rule in &rules {
        let notes = &rule["annotations"];
        let history = notes["history"].as_str().unwrap();
        replayed += usize::from(history.starts_with("would "));
        let named = notes["instead_of"].as_str().unwrap_or_default();
        instead.extend(named.split(", ").map(str::to_owned));
        if let Some(told) = notes["compared"].as_str() {
            compared.extend(told.split("; ").map(str::to_owned));
        }
        if let Some(check) = rule["labels"]["check"].as_str() {
            assert!(risk::names().contains(&check), "{check}");
        }
    }
    assert!(replayed >= 6, "{replayed}");
    // What the demo shows of what is in use today: never more alarms than that.
    for name in SHOWN {
        let mut own = compared.iter().filter(|it| it.starts_with(name));
        let told = own.next().unwrap_or_else(|| panic!("{name}: {compared:?}"));
        assert!(!told.ends_with("more often"), "{told}");
    }
    let missing: Vec<&&str> = MIXIN.iter().filter(|it| !instead.contains(**it)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let Some(promtool) = needs("promtool") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, serde_json::to_string(&object["spec"]).unwrap()).unwrap();
    let output = Command::new(promtool)
        .args(["check", "rules"])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}{wrong}");
    assert!(
        said.contains(&format!("{} rules found", rules.len())),
        "{said}"
    );
}
