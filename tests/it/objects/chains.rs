//! Chains of owners: old groups, and through pods.

use super::{APP, container, dump, ids, only, pod, sized, summary};

pub(super) fn controller(
    api_version: &str,
    kind: &str,
    name: &str,
    owner: &str,
    spec: &str,
) -> String {
    format!(
        "---\napiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop{owner}}}\nspec: {{{spec}}}\n"
    )
}

pub(super) fn owner(api_version: &str, kind: &str, name: &str) -> String {
    format!(
        ", ownerReferences: [{{apiVersion: {api_version}, kind: {kind}, name: {name}, uid: u, controller: true}}]"
    )
}

pub(super) fn template(containers: &[(&str, f64)]) -> String {
    let containers: Vec<String> = containers.iter().map(container).collect();
    format!(
        "template: {{spec: {{containers: [{}]}}}}",
        containers.join(", ")
    )
}

#[test]
fn old_groups_of_objects_references_and_targets_are_those_of_today() {
    let old = "extensions/v1beta1";
    let app = template(&[("app", 0.5)]);
    let text = [
        controller(old, "Deployment", "web", "", &format!("replicas: 2, {app}")),
        controller("apps/v1beta2", "ReplicaSet", "web-1652021583", &owner(old, "Deployment", "web"), &format!("replicas: 2, {app}")),
        sized("web-1652021583-4kx7z", Some((old, "ReplicaSet", "web-1652021583")), &[("app", 0.5)]),
        sized("agent-4kx7z", Some((old, "DaemonSet", "agent")), &[("app", 0.1)]),
        controller("apps/v1", "DaemonSet", "agent", "", &app),
        // A reference may also leave the group out.
        "---
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {scaleTargetRef: {kind: Deployment, name: web}, maxReplicas: 3, targetCPUUtilizationPercentage: 50}
---
apiVersion: extensions/v1beta1
kind: HorizontalPodAutoscaler
metadata: {name: old, namespace: shop}
spec: {scaleRef: {kind: Deployment, name: older, apiVersion: extensions/v1beta1}, maxReplicas: 3, cpuUtilization: {targetPercentage: 70}}
"
        .to_owned(),
        controller("apps/v1beta1", "Deployment", "older", "", &app),
    ]
    .concat();
    let resolved = dump(&text);
    assert_eq!(
        ids(&resolved),
        [
            "shop/DaemonSet/agent",
            "shop/Deployment/older",
            "shop/Deployment/web"
        ]
    );
    let [agent, older, web] = resolved.workloads.as_slice() else {
        panic!("three workloads");
    };
    assert_eq!((agent.pods.len(), web.pods.len()), (1, 1));
    assert_eq!(
        (agent.api_version.as_str(), web.api_version.as_str()),
        ("apps/v1", "apps/v1")
    );
    let scaled = |workload: &kcost::snapshot::Workload| {
        workload.autoscaler.as_ref().map(|it| it.name.clone())
    };
    assert_eq!(
        (scaled(web).as_deref(), scaled(older).as_deref()),
        (Some("web"), Some("old"))
    );
}

#[test]
fn a_deployment_of_old_that_is_known_by_its_pods_alone_is_of_the_group_of_today() {
    let owner = Some(("extensions/v1beta1", "ReplicaSet", "web-1652021583"));
    let labelled = pod("web-1652021583-4kx7z", owner, APP).replace(
        "namespace: shop",
        "namespace: shop\n  labels: {pod-template-hash: '1652021583'}",
    );
    let workload = only(dump(&labelled));
    assert_eq!(workload.id.to_string(), "shop/Deployment/web");
    assert_eq!(workload.api_version, "apps/v1");
}

#[test]
fn a_deployment_config_owns_the_pods_of_its_replication_controllers() {
    let config = controller(
        "v1",
        "DeploymentConfig",
        "web",
        "",
        &format!("replicas: 1, {}", template(&[("app", 1.0)])),
    );
    let set = Some(("v1", "ReplicationController", "web-3"));
    let labelled = sized("web-3-bcdfg", set, &[("app", 1.0)]).replace(
        "namespace: shop",
        "namespace: shop\n  labels: {deploymentconfig: web}",
    );
    let workload = only(dump(&[config, labelled].concat()));
    assert_eq!(workload.id.to_string(), "shop/DeploymentConfig/web");
    assert_eq!(workload.api_version, "apps.openshift.io/v1");
}

#[test]
fn chains_go_through_pods() {
    let spark = "sparkoperator.k8s.io/v1beta2";
    let text = [
        sized(
            "pi-driver",
            Some((spark, "SparkApplication", "pi")),
            &[("driver", 1.0)],
        ),
        sized(
            "pi-0a1b2c3d-exec-1",
            Some(("v1", "Pod", "pi-driver")),
            &[("executor", 4.0)],
        ),
        sized(
            "pi-0a1b2c3d-exec-2",
            Some(("v1", "Pod", "pi-driver")),
            &[("executor", 4.0)],
        ),
        // Without an application the driver is a pod of its own.
        sized("etl-driver", None, &[("driver", 1.0)]),
        sized(
            "etl-77aa88bb-exec-1",
            Some(("v1", "Pod", "etl-driver")),
            &[("executor", 2.0)],
        ),
        // A Deployment whose pod starts others.
        controller(
            "apps/v1",
            "Deployment",
            "ci",
            "",
            &template(&[("manager", 0.1)]),
        ),
        sized(
            "ci-7d764666f9-qdcxt",
            Some(("apps/v1", "Deployment", "ci")),
            &[("manager", 0.1)],
        ),
        sized(
            "build-17-wxzbc",
            Some(("v1", "Pod", "ci-7d764666f9-qdcxt")),
            &[("build", 3.0)],
        ),
    ]
    .concat();
    assert_eq!(
        summary(&dump(&text)),
        [
            ("shop/Deployment/ci".to_owned(), 1, 0.1),
            ("shop/Deployment/ci/build".to_owned(), 1, 3.0),
            ("shop/Pod/etl-driver".to_owned(), 1, 1.0),
            ("shop/Pod/etl-driver/etl-exec".to_owned(), 1, 2.0),
            ("shop/SparkApplication/pi/driver".to_owned(), 1, 1.0),
            ("shop/SparkApplication/pi/exec".to_owned(), 2, 4.0),
        ]
    );
}

#[test]
fn pods_made_in_the_name_of_a_deployment_are_not_of_its_template() {
    let text = [
        controller(
            "apps/v1",
            "Deployment",
            "flink",
            "",
            &template(&[("flink-main-container", 1.0)]),
        ),
        sized(
            "flink-7d764666f9-qdcxt",
            Some(("apps/v1", "ReplicaSet", "flink-7d764666f9")),
            &[("flink-main-container", 1.0)],
        )
        .replace(
            "namespace: shop",
            "namespace: shop\n  labels: {pod-template-hash: 7d764666f9}",
        ),
        sized(
            "flink-taskmanager-1-1",
            Some(("apps/v1", "Deployment", "flink")),
            &[("flink-main-container", 4.0)],
        ),
        sized(
            "flink-taskmanager-1-2",
            Some(("apps/v1", "Deployment", "flink")),
            &[("flink-main-container", 4.0)],
        ),
    ]
    .concat();
    assert_eq!(
        summary(&dump(&text)),
        [
            ("shop/Deployment/flink".to_owned(), 1, 1.0),
            ("shop/Deployment/flink/taskmanager".to_owned(), 2, 4.0),
        ]
    );
}

#[test]
fn workers_of_a_group_are_found_though_its_leader_is_not_there() {
    let group = "leaderworkerset.x-k8s.io/v1";
    let text = [
        controller(
            "apps/v1",
            "StatefulSet",
            "llm",
            &owner(group, "LeaderWorkerSet", "llm"),
            &template(&[("leader", 4.0)]),
        ),
        controller(
            "apps/v1",
            "StatefulSet",
            "llm-0",
            &owner("v1", "Pod", "llm-0"),
            &template(&[("worker", 8.0)]),
        ),
        sized(
            "llm-0-1",
            Some(("apps/v1", "StatefulSet", "llm-0")),
            &[("worker", 8.0)],
        ),
    ]
    .concat();
    let resolved = dump(&text);
    let owners: Vec<_> = resolved
        .workloads
        .iter()
        .map(|it| (it.id.kind.as_str(), it.id.name.as_str()))
        .collect();
    assert_eq!(
        owners,
        [("LeaderWorkerSet", "llm"), ("LeaderWorkerSet", "llm")]
    );
}
