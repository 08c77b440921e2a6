//! Rules of pods from objects into the snapshot, and through a bundle.

use std::fmt::Write as _;

use kcost::snapshot::{Operator, Snapshot};
use serde_json::json;

use crate::common::Kcost;

fn objects() -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Node",
         "metadata": {"name": "n0", "labels": {
             "kubernetes.io/hostname": "n0", "disk": "ssd", "secret": "hush",
             "failure-domain.beta.kubernetes.io/zone": "a"},
             "annotations": {"cluster-autoscaler.kubernetes.io/scale-down-disabled": "true", "other": "hush"}},
         "spec": {"taints": [{"key": "team", "value": "x", "effect": "NoSchedule"}]},
         "status": {"allocatable": {"cpu": "4", "memory": "16Gi", "pods": "110"},
                    "conditions": [{"type": "Ready", "status": "True"}]}},
        {"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": "n0"},
         "spec": {"drivers": [{"name": "ebs.csi.aws.com", "nodeID": "i", "allocatable": {"count": 25}},
                              {"name": "efs.csi.aws.com", "nodeID": "i"}]}},
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv"},
         "spec": {"capacity": {"storage": "10Gi"}, "storageClassName": "gp3",
                  "claimRef": {"namespace": "shop", "name": "data"},
                  "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "vol"},
                  "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                      {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["a"]}]}]}}},
         "status": {"phase": "Bound"}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim",
         "metadata": {"namespace": "shop", "name": "data"},
         "spec": {"volumeName": "pv", "accessModes": ["ReadWriteOnce"],
                  "resources": {"requests": {"storage": "10Gi"}}},
         "status": {"phase": "Bound"}},
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
         "metadata": {"namespace": "shop", "name": "web"},
         "spec": {"selector": {"matchExpressions": [{"key": "tier", "operator": "Exists"}]}},
         "status": {"disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1,
                    "expectedPods": 1}},
        {"apiVersion": "apps/v1", "kind": "Deployment",
         "metadata": {"namespace": "shop", "name": "web", "uid": "d"},
         "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                  "template": {"metadata": {"labels": {"app": "web"}},
                               "spec": {"containers": [{"name": "app", "image": "i"}]}}}},
        {"apiVersion": "apps/v1", "kind": "ReplicaSet",
         "metadata": {"namespace": "shop", "name": "web-1", "uid": "r", "ownerReferences": [
             {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d", "controller": true}]},
         "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}}},
        {"apiVersion": "v1", "kind": "Pod",
         "metadata": {"namespace": "shop", "name": "web-1-x", "uid": "p",
                      "labels": {"app": "web", "tier": "front", "secret": "hush"},
                      "annotations": {"karpenter.sh/do-not-disrupt": "30m",
                                      "cluster-autoscaler.kubernetes.io/safe-to-evict": "hush"},
                      "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet",
                                           "name": "web-1", "uid": "r", "controller": true}]},
         "spec": {"nodeName": "n0",
                  "nodeSelector": {"disk": "ssd"},
                  "tolerations": [
                      {"key": "team", "operator": "Exists"},
                      {"key": "node.kubernetes.io/not-ready", "operator": "Exists",
                       "effect": "NoExecute", "tolerationSeconds": 300}],
                  "affinity": {
                      "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
                          "nodeSelectorTerms": [{"matchExpressions": [
                              {"key": "cores", "operator": "Gt", "values": ["3"]}]}]}},
                      "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                          {"topologyKey": "kubernetes.io/hostname",
                           "namespaceSelector": {},
                           "labelSelector": {"matchLabels": {"app": "web"}}}]}},
                  "topologySpreadConstraints": [
                      {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone",
                       "whenUnsatisfiable": "DoNotSchedule",
                       "labelSelector": {"matchLabels": {"app": "web"}}},
                      {"maxSkew": 1, "topologyKey": "soft", "whenUnsatisfiable": "ScheduleAnyway"}],
                  "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
                              {"name": "tmp", "emptyDir": {}}],
                  "containers": [{"name": "app", "image": "i",
                                  "ports": [{"containerPort": 80, "hostPort": 8080}],
                                  "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}]},
         "status": {"phase": "Running"}},
    ]})
}

/// What stands in the files of a bundle that people can read.
fn all(bundle: &std::path::Path) -> String {
    let files = ["snapshot.json", "workloads.json"].map(|name| bundle.join(name));
    files
        .map(|file| std::fs::read_to_string(file).unwrap())
        .concat()
}

/// What a bundle of them holds.
fn taken() -> (tempfile::TempDir, Snapshot, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("objects.json"), objects().to_string()).unwrap();
    let mut rows = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
    for at in 0..3 {
        let time = 1_760_000_000 + 300 * at;
        writeln!(rows, "shop,web-1-x,app,{time},0.05,1000000").unwrap();
    }
    std::fs::write(folder.path().join("usage.csv"), rows).unwrap();
    let args = [
        "snapshot",
        "--objects",
        "objects.json",
        "--usage",
        "usage.csv",
        "-o",
        "a.kcost",
    ];
    Kcost::new().inside(folder.path()).args(args).run().ended(0);
    let bundle = folder.path().join("a.kcost");
    let text = all(&bundle);
    let kcost::record::Read::Whole(snapshot) =
        kcost::record::read_within(&bundle, u64::MAX, u64::MAX).unwrap()
    else {
        panic!("a small bundle is read as a whole");
    };
    (folder, snapshot, text)
}

#[test]
fn a_bundle_keeps_what_the_scheduler_reads_and_nothing_else() {
    let (_folder, snapshot, text) = taken();
    assert!(!text.contains("hush"), "what no rule names is not kept");
    let cluster = &snapshot.cluster;
    let node = &cluster.nodes[0];
    let keys = |labels: &[(String, String)]| -> Vec<String> {
        labels.iter().map(|(key, _)| key.clone()).collect()
    };
    assert_eq!(
        keys(&node.labels),
        [
            "disk",
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone"
        ]
    );
    assert_eq!(node.annotations.len(), 1);
    assert_eq!(node.volume_limits.len(), 1);
    assert_eq!(node.volume_limits["ebs.csi.aws.com"], 25);
    let volume = &cluster.volumes[0];
    assert_eq!(volume.driver.as_deref(), Some("ebs.csi.aws.com"));
    assert_eq!(volume.claim, Some(("shop".to_owned(), "data".to_owned())));
    assert!(cluster.volume_claims[0].single_node);
    assert_eq!(cluster.disruption_budgets[0].expressions[0].key, "tier");
    let workload = &snapshot.workloads[0];
    let pod = &workload.pods[0];
    assert_eq!(keys(&pod.labels), ["app", "tier"]);
    assert_eq!(
        pod.eviction,
        [("karpenter.sh/do-not-disrupt".to_owned(), "30m".to_owned())]
    );
    assert_eq!(pod.volume_claims, ["data"]);
    let rules = workload.placement(pod).unwrap();
    assert_eq!(rules.tolerations.len(), 1);
    assert_eq!(
        rules.node_terms.as_ref().unwrap()[0].0[0].operator,
        Operator::Gt
    );
    assert!(rules.anti_affinity[0].all_namespaces && !rules.anti_affinity[0].unclear);
    assert_eq!(rules.spread.len(), 1);
    assert_eq!(
        (
            rules.host_ports[0].port,
            rules.host_ports[0].protocol.as_str()
        ),
        (8080, "TCP")
    );
    assert!(rules.local_storage);
}

#[test]
fn a_bundle_without_rules_still_reads_and_has_no_plan() {
    let (folder, mut snapshot, _) = taken();
    for workload in &mut snapshot.workloads {
        workload.placement = None;
        for pod in &mut workload.pods {
            (pod.labels, pod.eviction) = (Vec::new(), Vec::new());
            (pod.placement, pod.volume_claims) = (None, Vec::new());
        }
    }
    for node in &mut snapshot.cluster.nodes {
        (node.labels, node.annotations) = (Vec::new(), Vec::new());
        node.volume_limits.clear();
    }
    snapshot.cluster.volumes.clear();
    kcost::snapshot::write(&snapshot, &folder.path().join("old.kcost")).unwrap();
    let text = all(&folder.path().join("old.kcost"));
    for key in ["placement", "volume_limits", "\"volumes\"", "eviction"] {
        assert!(!text.contains(key), "{key} stands in an old bundle");
    }
    Kcost::new()
        .inside(folder.path())
        .args(["costs", "--snapshot", "old.kcost"])
        .run()
        .ended(0);
    let seen = Kcost::new()
        .inside(folder.path())
        .args(["nodes", "--snapshot", "old.kcost"])
        .run()
        .ended(3);
    assert!(
        seen.transcript()
            .contains("does not say where pods may run"),
        "{}",
        seen.transcript()
    );
}
