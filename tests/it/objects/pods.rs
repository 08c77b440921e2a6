//! Pods: what they request, what status says, which containers they have.

use kcost::collect::MappedBy;
use kcost::snapshot::{ContainerKind, HeapPlace};
use kcost::units::{Bytes, Cpu};

use super::{APP, cpu, dump, memory, only, pod};

#[test]
fn native_sidecars_run_beside_init_and_app_containers() {
    let workload = only(dump(&pod(
        "web",
        None,
        "
spec:
  overhead: {cpu: 50m, memory: 10Mi}
  initContainers:
  - name: before
    resources: {requests: {cpu: 700m, memory: 1Gi}}
  - name: proxy
    restartPolicy: Always
    resources: {requests: {cpu: 200m, memory: 64Mi}}
  - name: after
    resources: {requests: {cpu: 600m, memory: 32Mi}}
  containers:
  - name: app
    resources: {requests: {cpu: 300m, memory: 256Mi}}
status: {phase: Running}
",
    )));
    // CPU: after + proxy 0.8 is more than before 0.7 and proxy + app 0.5.
    // Memory: before 1Gi is more than all others. Overhead comes on top.
    assert!((cpu(&workload) - 0.85).abs() < 1e-9);
    assert_eq!(memory(&workload), Bytes::mib(1024 + 10));
    let kinds = workload.containers.iter().map(|container| container.kind);
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [
            ContainerKind::Init,
            ContainerKind::Sidecar,
            ContainerKind::Init,
            ContainerKind::App
        ]
    );
}

#[test]
fn resources_of_the_pod_as_a_whole_replace_the_sum() {
    let workload = only(dump(&pod(
        "web",
        None,
        "
spec:
  resources: {requests: {cpu: '1'}, limits: {memory: 1Gi}}
  containers:
  - name: a
    resources: {requests: {cpu: 300m, memory: 256Mi}}
  - name: b
status: {phase: Running}
",
    )));
    assert!((cpu(&workload) - 1.0).abs() < 1e-9);
    assert_eq!(memory(&workload), Bytes::mib(256));
    assert_eq!(workload.pod_requests.cpu, Some(Cpu::cores(1.0)));
    assert_eq!(workload.pod_limits.memory, Some(Bytes::gib(1)));
}

#[test]
fn status_tells_what_a_resized_container_has() {
    let resized = |conditions: &str| {
        format!(
            "
spec:
  containers:
  - name: app
    resources: {{requests: {{cpu: '2', memory: 1Gi, nvidia.com/mig-1g.5gb: 1}}, limits: {{memory: 1Gi}}}}
status:
  phase: Running
  conditions: [{conditions}]
  containerStatuses:
  - name: app
    restartCount: 3
    allocatedResources: {{cpu: '1', memory: 512Mi}}
    resources: {{requests: {{cpu: 500m, memory: 512Mi}}, limits: {{memory: 512Mi}}}}
"
        )
    };
    let workload = only(dump(&pod("web", None, &resized(""))));
    let app = &workload.containers[0];
    assert_eq!(app.requests.cpu, Some(Cpu::cores(0.5)));
    assert_eq!(app.limits.memory, Some(Bytes::mib(512)));
    assert_eq!(app.restarts, 3);
    // A slice is its share of a device.
    assert!((app.requests.gpus() - 1.0 / 7.0).abs() < 1e-9);
    // The scheduler keeps room for what is still to come …
    assert!((cpu(&workload) - 2.0).abs() < 1e-9);
    // … unless it can never come.
    let pending = "{type: PodResizePending, status: 'True', reason: Infeasible}";
    let workload = only(dump(&pod("web", None, &resized(pending))));
    assert!((cpu(&workload) - 1.0).abs() < 1e-9);
}

#[test]
fn finished_pods_count_for_nothing_but_keep_their_workload() {
    let finished = "
spec: {containers: [{name: job, resources: {requests: {cpu: '1'}}}]}
status:
  phase: Failed
  containerStatuses:
  - name: job
    state: {terminated: {reason: OOMKilled, exitCode: 137, finishedAt: '2026-11-20T10:00:00Z'}}
";
    let owner = Some(("batch/v1", "Job", "nightly-29924350"));
    let resolved = dump(
        &[
            pod("nightly-29924350-9lb7j", owner, finished),
            "---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: shop}
spec:
  schedule: 0 3 * * *
  jobTemplate: {spec: {template: {spec: {containers: [{name: job, resources: {limits: {cpu: '2'}}}]}}}}
"
            .to_owned(),
        ]
        .concat(),
    );
    assert_eq!(
        resolved.pods.find("shop", "nightly-29924350-9lb7j"),
        Some((0, MappedBy::Owner))
    );
    assert_eq!(resolved.pods.find("shop", "nightly-29924999-abcde"), None);
    assert_eq!(
        resolved.pods.find("shop", "nightly-29924999-bcdfg"),
        Some((0, MappedBy::Name))
    );
    let workload = only(resolved);
    assert_eq!(workload.id.to_string(), "shop/CronJob/nightly");
    assert_eq!(workload.schedule.as_deref(), Some("0 3 * * *"));
    assert_eq!(workload.pods, []);
    // From the template, and a limit without a request is also the request.
    assert_eq!(workload.containers[0].requests.cpu, Some(Cpu::cores(2.0)));
    assert_eq!(workload.containers[0].terminations[0].reason, "OOMKilled");
    let path = workload.patch.unwrap().pod_spec.join(".");
    assert_eq!(path, "spec.jobTemplate.spec.template.spec");
}

#[test]
fn injected_containers_are_not_in_the_template() {
    let more = APP.replace("  - name: app", "  - name: istio-proxy\n  - name: app");
    let owner = Some(("apps/v1", "StatefulSet", "db"));
    let workload = only(dump(
        &[
            pod("db-0", owner, &more),
            "---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec: {replicas: 1, template: {spec: {containers: [{name: app, resources: {requests: {cpu: 10m}}}]}}}
"
            .to_owned(),
        ]
        .concat(),
    ));
    let containers = workload
        .containers
        .iter()
        .map(|c| (c.name.as_str(), c.in_template));
    assert_eq!(
        containers.collect::<Vec<_>>(),
        [("app", true), ("istio-proxy", false)]
    );
    // What the pod has goes before what the template says.
    assert_eq!(workload.containers[0].requests.cpu, Some(Cpu::cores(0.1)));
}

#[test]
fn nothing_of_the_environment_is_kept_but_heap_sizes() {
    let resolved = dump(&pod(
        "java",
        None,
        "
spec:
  containers:
  - name: app
    args: [--password, hunter2]
    env:
    - {name: JAVA_TOOL_OPTIONS, value: -Dtoken=hunter2 -Xmx384m}
    - {name: PASSWORD, value: hunter2}
status: {phase: Running}
",
    ));
    let all = format!("{resolved:?}");
    assert!(
        !all.contains("hunter2") && !all.contains("PASSWORD"),
        "{all}"
    );
    let heap = only(resolved).containers[0].heap.clone().unwrap();
    assert_eq!(heap.bytes, Some(Bytes::mib(384)));
    let place = HeapPlace::Variable {
        name: "JAVA_TOOL_OPTIONS".to_owned(),
        value: None,
    };
    assert_eq!(heap.place, Some(place));
}

/// Where the heap of a Deployment's container is set, whose template and pod have
/// this environment and these arguments.
fn heap_place(template: &str, pod: &str, args: &str) -> Option<HeapPlace> {
    let spec = |env: &str| format!("{{containers: [{{name: app, args: [{args}], env: [{env}]}}]}}");
    let owner = |version: &str, kind: &str, name: &str, uid: &str| {
        format!(
            "[{{apiVersion: {version}, kind: {kind}, name: {name}, uid: {uid}, controller: true}}]"
        )
    };
    let resolved = dump(&format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {{name: java, namespace: shop, uid: d}}
spec: {{template: {{spec: {}}}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: java-1, namespace: shop, uid: r, ownerReferences: {}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: java-1-x, namespace: shop, uid: p, ownerReferences: {}}}
spec: {}
status: {{phase: Running}}
",
        spec(template),
        owner("apps/v1", "Deployment", "java", "d"),
        owner("apps/v1", "ReplicaSet", "java-1", "r"),
        spec(pod)
    ));
    only(resolved).containers[0].heap.as_ref()?.place.clone()
}

#[test]
fn a_heap_can_be_patched_where_the_template_says_it_plainly_and_alone() {
    let variable = |name: &str, value: Option<&str>| {
        Some(HeapPlace::Variable {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        })
    };
    let same = |env: &str, args: &str| heap_place(env, env, args);
    let plain = "{name: JAVA_OPTS, value: -XX:+UseG1GC -Xms64m -Xmx512m}";
    assert_eq!(
        same(plain, ""),
        variable("JAVA_OPTS", Some("-XX:+UseG1GC -Xms64m -Xmx512m"))
    );
    assert_eq!(
        same("{name: NODE_OPTIONS, value: --max-old-space-size=512}", ""),
        variable("NODE_OPTIONS", Some("--max-old-space-size=512"))
    );
    assert_eq!(
        same("{name: GOMEMLIMIT, value: 900MiB}", ""),
        variable("GOMEMLIMIT", Some("900MiB"))
    );
    // What else speaks of the heap, or may be secret, must not be guessed at.
    assert_eq!(same(plain, "-Xms600m"), variable("JAVA_OPTS", None));
    assert_eq!(
        same(&format!("{plain}, {plain}"), ""),
        variable("JAVA_OPTS", None)
    );
    assert_eq!(same(plain, "-Xmx1g"), Some(HeapPlace::Arguments));
    assert_eq!(
        same("{name: JAVA_OPTS, value: -Xmx$(HEAP)}", ""),
        variable("JAVA_OPTS", None)
    );
    let from = "{name: JAVA_OPTS, valueFrom: {configMapKeyRef: {name: a, key: b}}}";
    let reference = |name: &str| {
        Some(HeapPlace::Reference {
            name: name.to_owned(),
        })
    };
    assert_eq!(same(from, ""), reference("JAVA_OPTS"));
    let limit = "{name: GOMEMLIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory}}}";
    assert_eq!(same(limit, ""), reference("GOMEMLIMIT"));
    // A webhook that adds an agent leaves the heap to the template, one that
    // sets another heap does not.
    let agent = "{name: JAVA_OPTS, value: -javaagent:a.jar -XX:+UseG1GC -Xmx512m}";
    assert!(matches!(
        heap_place(plain, agent, ""),
        Some(HeapPlace::Variable { value: Some(_), .. })
    ));
    let other = "{name: JAVA_OPTS, value: -Xmx256m}";
    assert_eq!(heap_place(plain, other, ""), Some(HeapPlace::Injected));
    assert_eq!(heap_place("", other, ""), Some(HeapPlace::Injected));
}
