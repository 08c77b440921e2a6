//! Owners: which workload a pod belongs to, and what manages it.

use kcost::snapshot::Manager;

use super::recorded::recorded;
use super::{APP, dump, ids, only, pod};

#[test]
fn pods_find_the_top_of_any_chain() {
    let resolved = dump(
        &[
            pod("api-6d4b75cb6d-hwxkz", Some(("apps/v1", "ReplicaSet", "api-6d4b75cb6d")), APP),
            pod("roll-7c9f-abcde", Some(("apps/v1", "ReplicaSet", "roll-7c9f")), APP),
            pod("kafka-0", Some(("core.strimzi.io/v1beta2", "StrimziPodSet", "kafka")), APP),
            pod("pg-1", Some(("postgresql.cnpg.io/v1", "Cluster", "pg")), APP),
            pod("alone", None, APP),
            "---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop, labels: {team: a}, annotations: {kcost.dev/goal: savings, secret: x}}
spec:
  replicas: 2
  template: {spec: {containers: [{name: app}]}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: api-6d4b75cb6d
  namespace: shop
  creationTimestamp: '2026-11-20T10:00:00Z'
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: api, uid: u, controller: true}]
spec: {replicas: 2, template: {spec: {containers: [{name: app}]}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: roll-7c9f
  namespace: shop
  ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: roll, uid: u, controller: true}]
spec: {replicas: 1, template: {spec: {containers: [{name: app}]}}}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: roll, namespace: shop}
spec: {replicas: 4, template: {spec: {containers: [{name: app}]}}}
---
apiVersion: core.strimzi.io/v1beta2
kind: StrimziPodSet
metadata:
  name: kafka
  namespace: shop
  ownerReferences: [{apiVersion: kafka.strimzi.io/v1beta2, kind: Kafka, name: events, uid: u, controller: true}]
spec: {pods: []}
"
            .to_owned(),
        ]
        .concat(),
    );
    assert_eq!(
        ids(&resolved),
        [
            "shop/Cluster/pg",
            "shop/Deployment/api",
            "shop/Kafka/events",
            "shop/Pod/alone",
            "shop/Rollout/roll"
        ]
    );
    let find = |kind: &str| {
        resolved
            .workloads
            .iter()
            .find(|w| w.id.kind == kind)
            .unwrap()
    };
    let api = find("Deployment");
    assert_eq!((api.replicas, api.pods.len()), (2, 1));
    assert_eq!(
        api.template_changed.unwrap().to_string(),
        "2026-11-20T10:00:00Z"
    );
    assert_eq!(api.label("team"), Some("a"));
    assert_eq!(
        api.annotations,
        [("kcost.dev/goal".to_owned(), "savings".to_owned())]
    );
    assert_eq!(
        api.patch.as_ref().unwrap().pod_spec.join("."),
        "spec.template.spec"
    );
    let rollout = find("Rollout");
    assert_eq!(rollout.replicas, 4);
    assert_eq!(rollout.api_version, "argoproj.io/v1alpha1");
    assert_eq!(
        rollout.patch.as_ref().unwrap().pod_spec.join("."),
        "spec.template.spec"
    );
    for kind in ["Kafka", "Cluster", "Pod"] {
        assert_eq!(find(kind).patch, None, "{kind}");
        assert_eq!(find(kind).replicas, 1, "{kind}");
    }
}

#[test]
fn static_pods_of_several_nodes_are_one_workload() {
    let node = |node: &str| {
        let spec = APP.replace("spec:", &format!("spec:\n  nodeName: {node}"));
        pod(&format!("etcd-{node}"), Some(("v1", "Node", node)), &spec)
    };
    let workload = only(dump(&[node("cp-1"), node("cp-2")].concat()));
    assert_eq!(workload.id.to_string(), "shop/StaticPod/etcd");
    assert_eq!(workload.pods.len(), 2);
    assert_eq!(workload.patch, None);
}

#[test]
fn a_job_that_is_done_wants_no_pods_whether_or_not_it_says_so() {
    let job = |spec: &str, status: &str| {
        let text = format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: once, namespace: shop}}\n\
             spec: {{parallelism: 2, {spec}template: {{spec: {{containers: [{{name: app}}]}}}}}}\n\
             status: {{{status}}}\n"
        );
        only(dump(&text)).replicas
    };
    assert_eq!(job("completions: 3, ", ""), 2);
    assert_eq!(job("completions: 3, ", "succeeded: 2, active: 1"), 2);
    assert_eq!(job("completions: 3, ", "succeeded: 3"), 0);
    assert_eq!(job("completions: 3, ", "succeeded: 3, active: 1"), 2);
    assert_eq!(job("", "succeeded: 1"), 0);
    assert_eq!(job("", "succeeded: 1, active: 1"), 2);
    let conditions = "conditions: [{type: Complete, status: 'True'}]";
    assert_eq!(job("completions: 3, ", conditions), 0);
    assert_eq!(
        job("completions: 3, ", "completionTime: '2026-01-01T00:00:00Z'"),
        0
    );
}

#[test]
fn managers_say_what_is_left_to_them() {
    let workload = only(dump(
        "apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {template: {spec: {containers: [{name: app}, {name: log}, {name: other}]}}}
---
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {name: api, namespace: shop}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: api}
  updatePolicy: {updateMode: InPlaceOrRecreate}
  resourcePolicy:
    containerPolicies:
    - {containerName: app, controlledResources: [memory]}
    - {containerName: log, mode: 'Off'}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: api, namespace: shop}
spec: {scaleTargetRef: {name: api}, triggers: []}
",
    ));
    let managed = |container: &str, resource: &str| {
        let mut managers = workload.managers.iter();
        managers.any(|manager| manager.manages(container, resource))
    };
    assert!(managed("app", "memory") && !managed("app", "cpu"));
    assert!(!managed("log", "memory"));
    assert!(managed("other", "cpu"));
    assert!(workload.managers.iter().any(Manager::scales));
}

#[test]
fn pods_alone_tell_their_deployment() {
    let (resolved, gaps) = recorded(&["pods-extras"]);
    assert_eq!(gaps, []);
    let ids = ids(&resolved);
    assert!(
        ids.contains(&"extras/Deployment/defaulted".to_owned()),
        "{ids:?}"
    );
    // Of it only pods are left that have ended.
    let nightly = "extras/CronJob/nightly".to_owned();
    assert!(!ids.contains(&nightly), "{ids:?}");
}

#[test]
fn old_replica_sets_alone_are_no_workload() {
    let resolved = dump(
        "apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: api-6d4b75cb6d
  namespace: shop
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: api, uid: u, controller: true}]
spec: {replicas: 0, template: {spec: {containers: [{name: app}]}}}
",
    );
    assert_eq!(ids(&resolved), [""; 0]);
}
