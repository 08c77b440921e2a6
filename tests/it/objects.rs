//! Dumps of objects into workloads: owners, arithmetic, and what is kept.

use std::io::Write;
use std::path::PathBuf;

use kcost::collect::files::read_objects;
use kcost::collect::{MappedBy, Resolved, Scope, resolve};
use kcost::progress::Silent;
use kcost::snapshot::{ContainerKind, Gap, Manager, Target, Workload};
use kcost::units::{Bytes, Cpu};

use crate::common::{repository, skipped};

/// A dump in a file of its own.
fn file(content: impl AsRef<[u8]>) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content.as_ref()).unwrap();
    file
}

fn read(paths: &[PathBuf]) -> (Resolved, Vec<Gap>) {
    let (objects, gaps) = read_objects(paths, &Scope::default(), &Silent).unwrap();
    let mut resolved = resolve(objects);
    let mut all = std::mem::take(&mut resolved.gaps);
    all.extend(gaps);
    (resolved, all)
}

fn dump(content: &str) -> Resolved {
    let file = file(content);
    let (resolved, gaps) = read(&[file.path().to_owned()]);
    assert_eq!(gaps, []);
    resolved
}

fn ids(resolved: &Resolved) -> Vec<String> {
    let workloads = resolved.workloads.iter();
    workloads.map(|workload| workload.id.to_string()).collect()
}

fn only(resolved: Resolved) -> Workload {
    assert_eq!(resolved.workloads.len(), 1, "{:?}", ids(&resolved));
    resolved.workloads.into_iter().next().unwrap()
}

/// A pod of namespace `shop`; `more` are lines below its root.
fn pod(name: &str, owner: Option<(&str, &str, &str)>, more: &str) -> String {
    let owner = owner.map_or(String::new(), |(api_version, kind, name)| {
        format!(
            "\n  ownerReferences:\n  - {{apiVersion: {api_version}, kind: {kind}, name: {name}, \
             uid: u, controller: true}}"
        )
    });
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: shop{owner}\n{more}"
    )
}

const APP: &str = "
spec:
  containers:
  - name: app
    resources: {requests: {cpu: 100m, memory: 128Mi}}
status: {phase: Running}
";

fn cpu(workload: &Workload) -> f64 {
    workload.pods[0].requests.cpu.unwrap_or_default().get()
}

fn memory(workload: &Workload) -> Bytes {
    workload.pods[0].requests.memory.unwrap_or_default()
}

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
    assert!((app.requests.gpus() - 1.0).abs() < 1e-9);
    // The scheduler keeps room for what is still to come …
    assert!((cpu(&workload) - 2.0).abs() < 1e-9);
    // … unless it can never come.
    let pending = "{type: PodResizePending, status: 'True', reason: Infeasible}";
    let workload = only(dump(&pod("web", None, &resized(pending))));
    assert!((cpu(&workload) - 1.0).abs() < 1e-9);
}

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
fn a_kind_with_several_templates_cannot_be_patched() {
    let workload = only(dump(
        "apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: {name: train, namespace: ml}
spec:
  pytorchReplicaSpecs:
    Master: {replicas: 1, template: {spec: {containers: [{name: pytorch}]}}}
    Worker: {replicas: 2, template: {spec: {containers: [{name: pytorch}, {name: log}]}}}
",
    ));
    assert_eq!(workload.patch, None);
    let names = workload.containers.iter().map(|c| c.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["pytorch", "log"]);
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

fn recorded(names: &[&str]) -> (Resolved, Vec<Gap>) {
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

#[test]
fn pods_alone_tell_their_deployment() {
    let (resolved, gaps) = recorded(&["pods-extras"]);
    assert_eq!(gaps, []);
    let ids = ids(&resolved);
    assert!(
        ids.contains(&"extras/Deployment/defaulted".to_owned()),
        "{ids:?}"
    );
    assert!(
        ids.contains(&"extras/CronJob/nightly".to_owned()),
        "{ids:?}"
    );
}

#[test]
fn one_broken_object_is_a_gap_and_the_rest_is_read() {
    let dump = file(
        r#"{"kind":"List","apiVersion":"v1","items":[
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad","namespace":"shop"},"spec":{"containers":7}},
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"odd","namespace":"shop"},
         "spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"much"}}}]}},
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"good","namespace":"shop"},
         "spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":2}}}]}},
        {"metadata":{"name":"what"}},
        {"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"a":"aHVudGVyMg=="}}]}"#,
    );
    let (mut objects, mut gaps) =
        read_objects(&[dump.path().to_owned()], &Scope::default(), &Silent).unwrap();
    assert_eq!(objects.skipped["Secret"], 1);
    gaps.append(&mut objects.gaps);
    let gaps: Vec<String> = gaps
        .iter()
        .map(|gap| format!("{}: {}", gap.subject, gap.text))
        .collect();
    insta::assert_snapshot!(gaps.join("\n"), @r"
    Pod shop/bad: invalid type: integer `7`, expected a sequence
    object what: it has no `kind`
    Pod shop/odd: cpu `much` is no quantity
    ");
    let resolved = resolve(objects);
    assert_eq!(ids(&resolved), ["shop/Pod/good", "shop/Pod/odd"]);
    assert_eq!(
        resolved.workloads[0].containers[0].requests.cpu,
        Some(Cpu::cores(2.0))
    );
}

#[test]
fn lists_of_lists_items_alone_and_documents_in_a_row_are_read() {
    let pod = |name: &str| {
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}","namespace":"a"}}}}"#
        )
    };
    let untyped = r#"{"items":[{"metadata":{"name":"late","namespace":"a"}}],"apiVersion":"v1","kind":"PodList"}"#;
    let text = format!("{}\n{untyped}\n[{}]\n", pod("one"), pod("two"));
    let resolved = dump(&text);
    assert_eq!(ids(&resolved), ["a/Pod/late", "a/Pod/one", "a/Pod/two"]);
    for nothing in ["", "---\n---\n"] {
        let file = file(nothing);
        let (resolved, gaps) = read(&[file.path().to_owned()]);
        assert_eq!(
            (resolved.workloads.len(), gaps[0].code.as_str()),
            (0, "no-objects")
        );
    }
}

#[test]
fn broken_text_is_an_error_with_its_place() {
    let fails = |content: &str| {
        let dump = file(content);
        let path = dump.path().to_owned();
        let error =
            read_objects(std::slice::from_ref(&path), &Scope::default(), &Silent).unwrap_err();
        let text = error.to_string().replace(&*path.to_string_lossy(), "FILE");
        format!("{text}\nhint: {}", error.hint().unwrap_or_default())
    };
    insta::assert_snapshot!(fails("{\"kind\": \"List\",\n \"items\": [{]}"), @r"
    failed to understand FILE at line 2, column 13: key must be a string
    hint: objects are read as `kubectl get KINDS -A -o json` or `-o yaml` prints them
    ");
    insta::assert_snapshot!(fails("kind: List\nitems:\n- a: [\n"), @r"
    failed to understand FILE at line 4, column 1: did not find expected node content
    hint: objects are read as `kubectl get KINDS -A -o json` or `-o yaml` prints them
    ");
    insta::assert_snapshot!(fails("just text"), @r#"
    failed to understand FILE at line 1, column 1: invalid type: string "just text", expected a Kubernetes object or a list of them
    hint: objects are read as `kubectl get KINDS -A -o json` or `-o yaml` prints them
    "#);
}

#[test]
fn a_selector_and_namespaces_narrow_a_dump() {
    let labelled = |name: &str, app: &str| {
        pod(name, None, APP).replace(
            "namespace: shop",
            &format!("namespace: shop\n  labels: {{app: {app}}}"),
        )
    };
    let dump = file([labelled("a", "x"), labelled("b", "y")].concat());
    let ids = |patterns: &[&str], selector: Option<&str>| {
        let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        let scope = Scope::new(&patterns, selector.map(str::to_owned)).unwrap();
        let (objects, _) = read_objects(&[dump.path().to_owned()], &scope, &Silent).unwrap();
        ids(&resolve(objects))
    };
    assert_eq!(ids(&[], Some("app=y")), ["shop/Pod/b"]);
    assert_eq!(ids(&["!shop"], None), [""; 0]);
    assert_eq!(ids(&["sh*"], Some("app")), ["shop/Pod/a", "shop/Pod/b"]);
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
    assert_eq!(gaps, []);
    assert!(resolved.workloads.len() > 5);
    assert!(
        resolved
            .workloads
            .iter()
            .all(|workload| workload.patch.is_some())
    );
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
