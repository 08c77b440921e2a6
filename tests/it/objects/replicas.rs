//! How many pods there should be and are, where none is known as an object.

use kcost::snapshot::Workload;

use super::{APP, dump, ids, only, pod, with_gaps};

fn find<'a>(workloads: &'a [Workload], name: &str) -> &'a Workload {
    let mut found = workloads.iter();
    found.find(|it| it.id.to_string() == name).unwrap()
}

const TEMPLATE: &str =
    "template: {spec: {containers: [{name: app, image: x, resources: {requests: {cpu: '1'}}}]}}";

#[test]
fn controllers_without_pods_keep_their_replicas_below_an_owner_that_was_not_read() {
    let resolved = dump(&format!(
        "
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: prometheus-k8s, namespace: shop, ownerReferences: [{{apiVersion: monitoring.coreos.com/v1, kind: Prometheus, name: k8s, uid: u, controller: true}}]}}
spec: {{replicas: 2, {TEMPLATE}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: prometheus-k8s-shard-1, namespace: shop, ownerReferences: [{{apiVersion: monitoring.coreos.com/v1, kind: Prometheus, name: k8s, uid: u, controller: true}}]}}
spec: {{replicas: 2, {TEMPLATE}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: web-7d764666f9, namespace: shop, ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: web, uid: u, controller: true}}]}}
spec: {{replicas: 3, {TEMPLATE}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: web-5f4d8c9b7d, namespace: shop, ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: web, uid: u, controller: true}}]}}
spec: {{replicas: 1, {TEMPLATE}}}
"
    ));
    let all: Vec<(String, u32)> = resolved
        .workloads
        .iter()
        .map(|it| (it.id.to_string(), it.replicas))
        .collect();
    assert_eq!(
        all,
        [
            ("shop/Deployment/web".to_owned(), 4),
            ("shop/Prometheus/k8s/prometheus-k8s".to_owned(), 2),
            ("shop/Prometheus/k8s/prometheus-k8s-shard".to_owned(), 2),
        ]
    );
}

#[test]
fn replicas_that_cannot_be_created_are_told_and_not_there() {
    let deployment = |name: &str, status: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{replicas: 2, {TEMPLATE}}}\nstatus: {{{status}}}\n"
        )
    };
    let failed = "conditions: [{type: ReplicaFailure, status: 'True', reason: FailedCreate}]";
    let text = [
        deployment(
            "none",
            &format!("observedGeneration: 1, unavailableReplicas: 2, {failed}"),
        ),
        deployment("half", "observedGeneration: 1, replicas: 1"),
        deployment("whole", "observedGeneration: 1, replicas: 2"),
        // As tools write manifests.
        deployment("manifest", ""),
        "---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop}
spec: {template: {spec: {containers: [{name: app}]}}}
status: {observedGeneration: 1, desiredNumberScheduled: 3, currentNumberScheduled: 1}
"
        .to_owned(),
    ]
    .concat();
    let resolved = dump(&text);
    let present = |name: &str| find(&resolved.workloads, name).present;
    assert_eq!(present("shop/Deployment/none"), Some(0));
    assert_eq!(present("shop/Deployment/half"), Some(1));
    assert_eq!(present("shop/Deployment/whole"), Some(2));
    assert_eq!(present("shop/Deployment/manifest"), None);
    assert_eq!(
        find(&resolved.workloads, "shop/Deployment/none").replicas,
        2
    );
    let missing = |name: &str| find(&resolved.workloads, name).missing();
    assert_eq!(missing("shop/Deployment/none"), Some((0, 2)));
    assert_eq!(missing("shop/DaemonSet/agent"), Some((1, 3)));
    assert_eq!(missing("shop/Deployment/whole"), None);
    assert_eq!(missing("shop/Deployment/manifest"), None);
}

#[test]
fn an_empty_status_counts_where_pods_were_read() {
    let set = format!(
        "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db, namespace: shop}}\nspec: {{replicas: 2, {TEMPLATE}}}\nstatus: {{replicas: 0}}\n"
    );
    assert_eq!(only(dump(&set)).present, None);
    let resolved = dump(&[set, pod("other", None, APP)].concat());
    assert_eq!(
        find(&resolved.workloads, "shop/StatefulSet/db").present,
        Some(0)
    );
}

#[test]
fn a_daemon_set_without_a_status_has_a_pod_on_each_node_that_takes_it() {
    let node = |name: &str, label: &str, taint: &str| {
        format!(
            "---\napiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{disk: {label}}}}}\n\
             spec: {{taints: [{taint}]}}\nstatus: {{allocatable: {{cpu: '8'}}}}\n"
        )
    };
    let nodes = [
        node("n1", "fast", ""),
        node("n2", "slow", ""),
        node(
            "n3",
            "fast",
            "{key: dedicated, value: gpu, effect: NoSchedule}",
        ),
        node(
            "n4",
            "fast",
            "{key: node.kubernetes.io/unschedulable, effect: NoSchedule}",
        ),
        node("n5", "fast", "{key: spot, effect: PreferNoSchedule}"),
    ]
    .concat();
    let replicas = |more: &str| {
        let set = format!(
            "---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: agent, namespace: shop}}\nspec: {{template: {{spec: {{{more}containers: [{{name: app}}]}}}}}}\n"
        );
        only(dump(&[nodes.clone(), set].concat())).replicas
    };
    assert_eq!(replicas(""), 4);
    assert_eq!(replicas("nodeSelector: {disk: fast}, "), 3);
    assert_eq!(
        replicas("tolerations: [{key: dedicated, operator: Exists}], "),
        5
    );
    assert_eq!(replicas("tolerations: [{operator: Exists}], "), 5);
}

#[test]
fn manifests_without_a_namespace_are_of_default_and_that_is_told_once() {
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{{TEMPLATE}}}\n\
         ---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web}}\n\
         spec: {{scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}, maxReplicas: 2}}\n\
         ---\napiVersion: v1\nkind: Node\nmetadata: {{name: n1}}\n\
         ---\napiVersion: policy.example.com/v1\nkind: ClusterPattern\nmetadata: {{name: p}}\nspec: {{{TEMPLATE}}}\n"
    );
    let (resolved, gaps) = with_gaps(&text);
    assert_eq!(ids(&resolved), ["default/Deployment/web"]);
    assert!(resolved.workloads[0].autoscaler.is_some());
    let texts: Vec<&str> = gaps.iter().map(|gap| gap.text.as_str()).collect();
    assert_eq!(
        texts,
        ["2 objects name no namespace and count as in `default`, as in kubectl"]
    );
}
