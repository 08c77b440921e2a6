//! Where chains of owners end: what is no controller, and what makes no workload.

use super::chains::{controller, owner, template};
use super::{APP, dump, ids, only, pod, sized};

#[test]
fn what_pods_are_deleted_with_is_no_controller_of_theirs() {
    for kind in [
        "ConfigMap",
        "Secret",
        "Namespace",
        "Service",
        "PersistentVolumeClaim",
    ] {
        for controls in ["true", "false"] {
            let text = pod("alone", Some(("v1", kind, "some")), APP)
                .replace("controller: true", &format!("controller: {controls}"));
            assert_eq!(only(dump(&text)).id.to_string(), "shop/Pod/alone", "{kind}");
        }
    }
    // A pod that is not the kubelet's may name its node all the same.
    let text = pod("debug", Some(("v1", "Node", "n1")), APP).replace(", controller: true", "");
    assert_eq!(only(dump(&text)).id.to_string(), "shop/Pod/debug");
}

#[test]
fn pods_that_have_ended_make_no_workload_alone() {
    let ended = |phase: &str| APP.replace("Running", phase);
    let text = [
        pod(
            "installer-7-n1",
            Some(("v1", "ConfigMap", "revision-status-7")),
            &ended("Succeeded"),
        ),
        pod(
            "installer-8-n1",
            Some(("v1", "ConfigMap", "revision-status-8")),
            &ended("Failed"),
        ),
        pod(
            "evicted-7d764666f9-qdcxt",
            Some(("apps/v1", "ReplicaSet", "evicted-7d764666f9")),
            &ended("Failed"),
        ),
        pod(
            "nightly-29386440-x7k2p",
            Some(("batch/v1", "Job", "nightly-29386440")),
            &ended("Succeeded"),
        ),
    ]
    .concat();
    assert_eq!(ids(&dump(&text)), [""; 0]);
}

#[test]
fn lists_of_containers_in_what_owns_no_pods_make_no_workload() {
    let containers = "containers: [{name: app, image: x, resources: {requests: {cpu: '1'}}}]";
    let pattern = "containers: [{name: '*', resources: {requests: {cpu: '?*'}}}]";
    let anchored = "containers: [{(name): '*', resources: {requests: {+(cpu): 100m}}}]";
    let whole = format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a}}, spec: {{template: {{spec: {{{containers}}}}}}}}}"
    );
    let text = [
        controller(
            "kyverno.io/v1",
            "Policy",
            "a",
            "",
            &format!("rules: [{{validate: {{pattern: {{spec: {{{pattern}}}}}}}}}]"),
        ),
        controller(
            "kyverno.io/v1",
            "Policy",
            "b",
            "",
            &format!("rules: [{{mutate: {{patchStrategicMerge: {{spec: {{{anchored}}}}}}}}}]"),
        ),
        controller(
            "work.karmada.io/v1alpha1",
            "Work",
            "c",
            "",
            &format!("workload: {{manifests: [{whole}]}}"),
        ),
        controller(
            "argoproj.io/v1alpha1",
            "WorkflowTemplate",
            "d",
            "",
            &format!("templates: [{{name: a, containerSet: {{{containers}}}}}]"),
        ),
        controller(
            "serving.kserve.io/v1alpha1",
            "ServingRuntime",
            "e",
            "",
            containers,
        ),
        controller("apps.kruise.io/v1alpha1", "SidecarSet", "f", "", containers),
        controller(
            "types.kubefed.io/v1beta1",
            "FederatedDeployment",
            "g",
            "",
            &format!("template: {{spec: {{template: {{spec: {{{containers}}}}}}}}}"),
        ),
        controller(
            "v1",
            "PodTemplate",
            "h",
            "",
            &format!("template: {{spec: {{{containers}}}}}"),
        ),
        controller(
            "template.openshift.io/v1",
            "Template",
            "i",
            "",
            &format!("objects: [{whole}]"),
        ),
        controller(
            "monitoring.coreos.com/v1",
            "Prometheus",
            "j",
            "",
            "replicas: 2, containers: []",
        ),
        // A kind that owns pods is a workload without them.
        controller(
            "apps.kruise.io/v1alpha1",
            "CloneSet",
            "z",
            "",
            &format!("replicas: 2, template: {{spec: {{{containers}}}}}"),
        ),
    ]
    .concat();
    let workload = only(dump(&text));
    assert_eq!(
        (workload.id.kind.as_str(), workload.replicas),
        ("CloneSet", 2)
    );
}

#[test]
fn a_rollout_is_patched_where_its_template_is() {
    let reference = "workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}";
    let rollout = "argoproj.io/v1alpha1";
    let made = |replicas: u32| {
        let text = [
            controller(
                "apps/v1",
                "Deployment",
                "web",
                "",
                &format!("replicas: {replicas}, {}", template(&[("app", 1.0)])),
            ),
            controller(
                rollout,
                "Rollout",
                "web-rollout",
                "",
                &format!("replicas: 3, {reference}"),
            ),
            controller(
                "apps/v1",
                "ReplicaSet",
                "web-rollout-5f4d8c9b7d",
                &owner(rollout, "Rollout", "web-rollout"),
                &format!("replicas: 3, {}", template(&[("app", 1.0)])),
            ),
            sized(
                "web-rollout-5f4d8c9b7d-4kx7z",
                Some(("apps/v1", "ReplicaSet", "web-rollout-5f4d8c9b7d")),
                &[("app", 1.0)],
            ),
        ];
        dump(&text.concat())
    };
    let workload = only(made(0));
    assert_eq!(
        (workload.id.to_string().as_str(), workload.replicas),
        ("shop/Rollout/web-rollout", 3)
    );
    assert!(workload.containers.iter().all(|it| it.in_template));
    let patch = workload.patch.unwrap();
    assert_eq!(
        (patch.kind.as_str(), patch.name.as_str()),
        ("Deployment", "web")
    );
    assert_eq!(patch.pod_spec.join("."), "spec.template.spec");
    // So is a Canary, which makes a primary of its own of it.
    let canary = "flagger.app/v1beta1";
    let text = [
        controller(
            "apps/v1",
            "Deployment",
            "web",
            "",
            &format!("replicas: 0, {}", template(&[("app", 1.0)])),
        ),
        controller(
            canary,
            "Canary",
            "web",
            "",
            "targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}",
        ),
        controller(
            "apps/v1",
            "Deployment",
            "web-primary",
            &owner(canary, "Canary", "web"),
            &format!("replicas: 2, {}", template(&[("app", 1.0)])),
        ),
    ];
    let workload = only(dump(&text.concat()));
    assert_eq!(
        (workload.id.to_string().as_str(), workload.replicas),
        ("shop/Canary/web", 2)
    );
    assert_eq!(workload.patch.unwrap().kind, "Deployment");
    // While both run, both are there.
    assert_eq!(
        ids(&made(2)),
        ["shop/Deployment/web", "shop/Rollout/web-rollout"]
    );
}
