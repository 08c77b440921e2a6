//! Owners whose pods are made from several templates.

use kcost::snapshot::Workload;
use kcost::units::Cpu;

use super::{APP, container, dump, ids, only, pod, sized, summary};

fn spec(containers: &[(&str, f64)]) -> String {
    let containers: Vec<String> = containers.iter().map(container).collect();
    format!("{{spec: {{containers: [{}]}}}}", containers.join(", "))
}

fn containers(workload: &Workload) -> Vec<(&str, bool, Option<Cpu>)> {
    let all = workload.containers.iter();
    all.map(|it| (it.name.as_str(), it.in_template, it.requests.cpu))
        .collect()
}

fn custom(api_version: &str, kind: &str, name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{{spec}}}\n"
    )
}

#[test]
fn templates_of_one_owner_are_workloads_of_their_own() {
    let job = "kubeflow.org/v1";
    let both = format!(
        "pytorchReplicaSpecs: {{Master: {{replicas: 1, template: {}}}, Worker: {{replicas: 2, template: {}}}}}",
        spec(&[("pytorch", 1.0)]),
        spec(&[("pytorch", 6.0)])
    );
    let labelled = |name: &str, role: &str, cores: f64| {
        sized(
            name,
            Some(("kubeflow.org/v1", "PyTorchJob", "train")),
            &[("pytorch", cores)],
        )
        .replace(
            "namespace: shop",
            &format!("namespace: shop\n  labels: {{training.kubeflow.org/replica-type: {role}}}"),
        )
    };
    let text = [
        custom(job, "PyTorchJob", "train", &both),
        labelled("train-master-0", "master", 1.0),
        labelled("train-worker-0", "worker", 6.0),
        // Its size does not say of which it is, its label does.
        labelled("train-worker-1", "worker", 1.0),
    ]
    .concat();
    let resolved = dump(&text);
    assert_eq!(
        summary(&resolved),
        [
            ("shop/PyTorchJob/train/Master".to_owned(), 1, 1.0),
            ("shop/PyTorchJob/train/Worker".to_owned(), 2, 6.0),
        ]
    );
    let [master, worker] = resolved.workloads.as_slice() else {
        panic!("two templates");
    };
    assert_eq!((master.replicas, worker.replicas), (1, 2));
    assert!(master.is_batch() && worker.is_batch());
    assert_eq!(
        containers(worker),
        [("pytorch", true, Some(Cpu::cores(6.0)))]
    );
    let path = |workload: &Workload| workload.patch.as_ref().unwrap().pod_spec.join(".");
    assert_eq!(
        path(master),
        "spec.pytorchReplicaSpecs.Master.template.spec"
    );
    // Pods that are gone are told by what their names share with others.
    let find = |pod: &str| resolved.pods.workload("shop", pod);
    assert_eq!(find("train-master-7"), Some(0));
    assert_eq!(find("train-worker-9"), Some(1));
    assert_eq!(find("train-launcher-0"), None);
}

#[test]
fn templates_are_told_by_containers_names_and_sizes() {
    let ray = format!(
        "headGroupSpec: {{template: {}}}, workerGroupSpecs: [{{groupName: small, replicas: 1, template: {}}}, {{groupName: big, replicas: 3, numOfHosts: 2, template: {}}}]",
        spec(&[("ray-head", 4.0)]),
        spec(&[("ray-worker", 2.0)]),
        spec(&[("ray-worker", 2.0)])
    );
    let cluster = Some(("ray.io/v1", "RayCluster", "ray"));
    let pods = [
        sized(
            "ray-head-x7k2p",
            cluster,
            &[("ray-head", 4.0), ("istio-proxy", 0.1)],
        ),
        sized("ray-small-worker-4kx7z", cluster, &[("ray-worker", 2.0)]),
        sized("ray-big-worker-9mw2c", cluster, &[("ray-worker", 2.0)]),
    ]
    .concat();
    let object = custom("ray.io/v1", "RayCluster", "ray", &ray);
    let resolved = dump(&[object.clone(), pods].concat());
    let all: Vec<(String, usize, u32)> = resolved
        .workloads
        .iter()
        .map(|it| (it.id.to_string(), it.pods.len(), it.replicas))
        .collect();
    let expected = |pods: usize| {
        [
            ("shop/RayCluster/ray/head".to_owned(), pods, 1),
            ("shop/RayCluster/ray/small".to_owned(), pods, 1),
            ("shop/RayCluster/ray/big".to_owned(), pods, 6),
        ]
    };
    assert_eq!(all, expected(1));
    assert_eq!(containers(&resolved.workloads[0]).len(), 2);
    assert!(!resolved.workloads[0].is_batch());
    // The same without pods.
    let alone = dump(&object);
    let all: Vec<(String, usize, u32)> = alone
        .workloads
        .iter()
        .map(|it| (it.id.to_string(), it.pods.len(), it.replicas))
        .collect();
    assert_eq!(all, expected(0));
}

#[test]
fn pods_of_an_owner_that_was_not_read_are_told_apart_by_what_they_are() {
    let kafka = Some(("kafka.strimzi.io/v1beta2", "Kafka", "events"));
    let set = |name: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: {name}\n  namespace: shop\n  ownerReferences: [{{apiVersion: e/v1, kind: Elasticsearch, name: logs, uid: u, controller: true}}]\nspec: {{replicas: 2, template: {}}}\n",
            spec(&[("elasticsearch", 1.0)])
        )
    };
    let text = [
        sized("events-broker-0", kafka, &[("kafka", 4.0)]),
        // Rolled with another size: still a broker.
        sized("events-broker-1", kafka, &[("kafka", 8.0)]),
        sized("events-controller-2", kafka, &[("kafka", 1.0)]),
        set("logs-data"),
        set("logs-master"),
        sized(
            "logs-data-0",
            Some(("apps/v1", "StatefulSet", "logs-data")),
            &[("elasticsearch", 1.0)],
        ),
        sized(
            "logs-master-0",
            Some(("apps/v1", "StatefulSet", "logs-master")),
            &[("elasticsearch", 1.0)],
        ),
    ]
    .concat();
    let resolved = dump(&text);
    assert_eq!(
        ids(&resolved),
        [
            "shop/Elasticsearch/logs/data",
            "shop/Elasticsearch/logs/master",
            "shop/Kafka/events/broker",
            "shop/Kafka/events/controller",
        ]
    );
    let pods: Vec<usize> = resolved.workloads.iter().map(|it| it.pods.len()).collect();
    assert_eq!(pods, [1, 1, 2, 1]);
    // A StatefulSet is patched by nobody but its owner.
    assert!(resolved.workloads.iter().all(|it| it.patch.is_none()));
    assert_eq!(resolved.pods.workload("shop", "logs-data-1"), Some(0));
    assert_eq!(resolved.pods.workload("shop", "events-broker-7"), Some(2));
}

#[test]
fn pods_of_one_sort_are_one_workload_whatever_made_them() {
    let cluster = Some(("postgresql.cnpg.io/v1", "Cluster", "pg"));
    let text = [
        sized("pg-1", cluster, &[("postgres", 2.0)]),
        sized("pg-2", cluster, &[("postgres", 2.0)]),
    ]
    .concat();
    let workload = only(dump(&text));
    assert_eq!(workload.id.to_string(), "shop/Cluster/pg");
    assert_eq!(workload.pods.len(), 2);
}

#[test]
fn a_template_that_pods_do_not_fit_is_no_part_beside_them() {
    let part = format!("podTemplate: {}", spec(&[("override", 1.0)]));
    let text = [
        custom("example.com/v1", "Database", "db", &part),
        sized(
            "db-0",
            Some(("example.com/v1", "Database", "db")),
            &[("server", 2.0)],
        ),
    ]
    .concat();
    assert_eq!(ids(&dump(&text)), ["shop/Database/db"]);
}

#[test]
fn pods_of_an_older_template_stay_pods_of_their_workload() {
    let set = format!(
        "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db, namespace: shop}}\nspec: {{replicas: 3, updateStrategy: {{type: OnDelete}}, template: {}}}\n",
        spec(&[("db", 1.0)])
    );
    let of = Some(("apps/v1", "StatefulSet", "db"));
    let resized = "
spec: {containers: [{name: db, resources: {limits: {cpu: '1', memory: 1Gi}}}]}
status: {phase: Running}
";
    let text = [
        set,
        sized("db-0", of, &[("db", 4.0), ("exporter", 0.5)]),
        sized("db-1", of, &[("db", 4.0), ("exporter", 0.5)]),
        // A limit alone is the request too.
        pod("db-2", of, resized),
    ]
    .concat();
    let workload = only(dump(&text));
    let outdated: Vec<(&str, bool)> = workload
        .pods
        .iter()
        .map(|it| (it.name.as_str(), it.outdated))
        .collect();
    assert_eq!(outdated, [("db-0", true), ("db-1", true), ("db-2", false)]);
    // What a pod of the template has counts, and what only older ones have goes with them.
    let names: Vec<&str> = workload
        .containers
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["db"]);
    assert_eq!(workload.containers[0].limits.cpu, Some(Cpu::cores(1.0)));
}

#[test]
fn of_several_revisions_below_an_owner_that_was_not_read_the_newest_counts() {
    let set = |name: &str, day: u8, containers: &[(&str, f64)]| {
        format!(
            "---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata:\n  name: {name}\n  namespace: shop\n  creationTimestamp: '2026-11-0{day}T00:00:00Z'\n  ownerReferences: [{{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web, uid: u, controller: true}}]\nspec: {{replicas: 1, template: {}}}\n",
            spec(containers)
        )
    };
    let (old, new) = ([("app", 4.0), ("agent", 1.0)], [("app", 2.0)]);
    let text = [
        set("web-7d764666f9", 1, &old),
        set("web-5f4d8c9b7d", 2, &new),
        sized(
            "web-7d764666f9-qdcxt",
            Some(("apps/v1", "ReplicaSet", "web-7d764666f9")),
            &old,
        ),
        sized(
            "web-5f4d8c9b7d-qdcxt",
            Some(("apps/v1", "ReplicaSet", "web-5f4d8c9b7d")),
            &new,
        ),
    ]
    .concat();
    let workload = only(dump(&text));
    assert_eq!(
        (workload.id.to_string().as_str(), workload.replicas),
        ("shop/Rollout/web", 2)
    );
    assert_eq!(
        containers(&workload),
        [("app", true, Some(Cpu::cores(2.0)))]
    );
    let outdated: Vec<bool> = workload.pods.iter().map(|it| it.outdated).collect();
    assert_eq!(outdated, [false, true]);
}

#[test]
fn pods_with_defaults_of_their_namespace_are_as_their_template_says() {
    let text = "
apiVersion: v1
kind: LimitRange
metadata: {name: defaults, namespace: shop}
spec: {limits: [{type: Container, defaultRequest: {cpu: 100m, memory: 128Mi}}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec: {template: {spec: {containers: [{name: app}]}}}
"
    .to_owned();
    let of = Some(("apps/v1", "StatefulSet", "db"));
    let workload = only(dump(&[text, pod("db-0", of, APP)].concat()));
    assert!(!workload.pods[0].outdated);
}

#[test]
fn pods_under_a_vertical_autoscaler_are_not_of_an_older_template() {
    let text = [
        pod("web-7d764666f9-qdcxt", Some(("apps/v1", "Deployment", "web")), APP),
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\nspec: {{template: {}}}\n\
             ---\napiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata: {{name: web, namespace: shop}}\n\
             spec: {{targetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}}}\n",
            spec(&[("app", 3.0)])
        ),
    ]
    .concat();
    assert!(!only(dump(&text)).pods[0].outdated);
}
