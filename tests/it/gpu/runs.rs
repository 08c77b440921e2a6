//! Runs and servers of every framework are one workload each, whether their own kinds can
//! be read or not.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{END, node};
use crate::common::{Kcost, Seen};

/// A pod with a device: its name, what owns it, and its labels.
fn pod(name: &str, owner: Option<[&str; 3]>, labels: &Value) -> Value {
    let resource = json!({"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"});
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": "ml", "name": name, "uid": name, "labels": labels,
            "ownerReferences": owner.map(|it| json!([reference(it)]))},
        "spec": {"nodeName": "n0", "restartPolicy": "Never", "containers": [{"name": "main",
            "image": "x", "resources": {"requests": resource, "limits": {"nvidia.com/gpu": "1"}}}]},
        "status": {"phase": "Running"},
    })
}

fn reference([api, kind, name]: [&str; 3]) -> Value {
    json!({"apiVersion": api, "kind": kind, "name": name, "uid": name, "controller": true})
}

/// An object of any kind.
fn object(of: [&str; 3], owner: Option<[&str; 3]>, spec: &Value) -> Value {
    let [api, kind, name] = of;
    json!({
        "apiVersion": api, "kind": kind,
        "metadata": {"namespace": "ml", "name": name, "uid": name,
            "ownerReferences": owner.map(|it| json!([reference(it)]))},
        "spec": spec,
    })
}

fn template() -> Value {
    let limits = json!({"nvidia.com/gpu": "1"});
    json!({"spec": {"restartPolicy": "Never", "containers": [
        {"name": "main", "image": "x", "resources": {"requests": limits, "limits": limits}}]}})
}

/// Kind, name and devices of every workload with devices.
fn found(objects: &[Value]) -> Vec<String> {
    let report = said(objects, &["gpus", "-o", "json"]).ended(0).json();
    let all = report["workloads"].as_array().unwrap().iter();
    all.map(|it| {
        let word = |key: &str| it[key].as_str().unwrap().to_owned();
        format!("{} {} {}", word("kind"), word("name"), it["gpus"])
    })
    .collect()
}

/// What a command says of objects whose pods work.
fn said(objects: &[Value], args: &[&str]) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let (list, table) = (folder.path().join("o.json"), folder.path().join("u.csv"));
    let mut items = vec![node("n0", "NVIDIA-H200", "nvidia.com/gpu", 64)];
    items.extend(objects.iter().cloned());
    let all = json!({"apiVersion": "v1", "kind": "List", "items": items});
    std::fs::write(&list, all.to_string()).unwrap();
    let mut text =
        "namespace,pod,container,timestamp,cpu_cores,memory_bytes,gpu_sm_active\n".to_owned();
    for it in objects.iter().filter(|it| it["kind"] == "Pod") {
        let name = it["metadata"]["name"].as_str().unwrap();
        for back in 0..12 {
            let at = END - back * 300;
            let _ = writeln!(text, "ml,{name},main,{at},1,1000000000,0.5");
        }
    }
    std::fs::write(&table, text).unwrap();
    let run = Kcost::new().args(args).arg("--objects").arg(list);
    run.arg("--usage").arg(table).run()
}

/// A run or server: what it is called, its objects with the kinds of its framework, and how
/// many of those come first.
struct Run {
    is: &'static str,
    /// Without the kinds of its framework, where that differs.
    blind: &'static str,
    own: Vec<Value>,
    rest: Vec<Value>,
}

fn batch_job(name: &str, owner: Option<[&str; 3]>) -> Value {
    object(
        ["batch/v1", "Job", name],
        owner,
        &json!({"parallelism": 2, "template": template()}),
    )
}

const JOBSET: &str = "jobset.x-k8s.io/v1alpha2";
const TRAINER: &str = "trainer.kubeflow.org/v1alpha1";
const KUBEFLOW: &str = "kubeflow.org/v1";
const RAY: &str = "ray.io/v1";
const LWS: &str = "leaderworkerset.x-k8s.io/v1";
const VOLCANO: &str = "batch.volcano.sh/v1alpha1";

fn job_set(trained: bool) -> Run {
    let owner = [TRAINER, "TrainJob", "tune"];
    let labels = json!({"jobset.sigs.k8s.io/jobset-name": "tune",
        "jobset.sigs.k8s.io/replicatedjob-name": "node"});
    let set = [JOBSET, "JobSet", "tune"];
    let jobs = json!([{"name": "node", "replicas": 2,
        "template": {"spec": {"parallelism": 2, "template": template()}}}]);
    let mut own = vec![object(
        set,
        trained.then_some(owner),
        &json!({"replicatedJobs": jobs}),
    )];
    if trained {
        own.push(object(
            owner,
            None,
            &json!({"runtimeRef": {"name": "torch"},
            "trainer": {"numNodes": 4}}),
        ));
    }
    let mut rest = Vec::new();
    for index in 0..2 {
        let job = format!("tune-node-{index}");
        let mut below = batch_job(&job, Some(set));
        if trained {
            // As the runtimes of the trainer label their Jobs.
            below["metadata"]["labels"] =
                json!({"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"});
        }
        rest.push(below);
        for rank in 0..2 {
            let name = format!("{job}-{rank}-x7k2p");
            rest.push(pod(&name, Some(["batch/v1", "Job", &job]), &labels));
        }
    }
    let is = if trained {
        "TrainJob tune 4.0"
    } else {
        "JobSet tune 4.0"
    };
    Run {
        is,
        blind: is,
        own,
        rest,
    }
}

fn kubeflow() -> Run {
    let owner = [KUBEFLOW, "PyTorchJob", "bert"];
    let replicas = json!({"Master": {"replicas": 1, "template": template()},
        "Worker": {"replicas": 3, "template": template()}});
    let rest = [("master", 1), ("worker", 3)]
        .into_iter()
        .flat_map(|(role, count)| {
            (0..count).map(move |index| {
                let labels = json!({"training.kubeflow.org/job-name": "bert",
                "training.kubeflow.org/replica-type": role,
                "training.kubeflow.org/replica-index": index.to_string()});
                pod(&format!("bert-{role}-{index}"), Some(owner), &labels)
            })
        });
    Run {
        is: "PyTorchJob bert 4.0",
        blind: "PyTorchJob bert 4.0",
        own: vec![object(
            owner,
            None,
            &json!({"pytorchReplicaSpecs": replicas}),
        )],
        rest: rest.collect(),
    }
}

fn mpi() -> Run {
    let owner = ["kubeflow.org/v2beta1", "MPIJob", "hpl"];
    let replicas = json!({"Launcher": {"replicas": 1, "template": template()},
        "Worker": {"replicas": 2, "template": template()}});
    let labels = json!({"training.kubeflow.org/job-name": "hpl"});
    let job = ["batch/v1", "Job", "hpl-launcher"];
    Run {
        is: "MPIJob hpl 3.0",
        blind: "MPIJob hpl 3.0",
        own: vec![object(owner, None, &json!({"mpiReplicaSpecs": replicas}))],
        rest: vec![
            batch_job("hpl-launcher", Some(owner)),
            pod("hpl-launcher-v5x2c", Some(job), &labels),
            pod("hpl-worker-0", Some(owner), &labels),
            pod("hpl-worker-1", Some(owner), &labels),
        ],
    }
}

fn ray(kind: &'static str) -> Run {
    let top = [RAY, kind, "gen"];
    let cluster = [RAY, "RayCluster", "gen-raycluster-x7k2p"];
    let groups = json!({"headGroupSpec": {"template": template()},
        "workerGroupSpecs": [{"groupName": "gpu", "replicas": 2, "template": template()}]});
    let pods = ["head-zz4k8", "gpu-worker-b7xkz", "gpu-worker-v9wq2"].map(|end| {
        let role = if end.starts_with("head") {
            "head"
        } else {
            "worker"
        };
        let labels = json!({"ray.io/cluster": cluster[2], "ray.io/node-type": role,
            "ray.io/originated-from-cr-name": "gen", "ray.io/originated-from-crd": kind});
        pod(&format!("{}-{end}", cluster[2]), Some(cluster), &labels)
    });
    let is = if kind == "RayJob" {
        "RayJob gen 3.0"
    } else {
        "RayService gen 3.0"
    };
    Run {
        is,
        blind: is,
        own: vec![
            object(top, None, &json!({"rayClusterSpec": groups})),
            object(cluster, Some(top), &groups),
        ],
        rest: pods.to_vec(),
    }
}

fn leaders() -> Run {
    let owner = [LWS, "LeaderWorkerSet", "llama"];
    let spec = json!({"replicas": 2, "leaderWorkerTemplate": {"size": 2,
        "workerTemplate": template()}});
    let set = |name: &str, owner: [&str; 3], replicas: u32| {
        let spec = json!({"replicas": replicas, "serviceName": "x", "template": template()});
        object(["apps/v1", "StatefulSet", name], Some(owner), &spec)
    };
    let mut rest = vec![set("llama", owner, 2)];
    for group in 0..2 {
        let leader = format!("llama-{group}");
        let labels = |worker: u32| {
            json!({"leaderworkerset.sigs.k8s.io/name": "llama",
                "leaderworkerset.sigs.k8s.io/group-index": group.to_string(),
                "leaderworkerset.sigs.k8s.io/worker-index": worker.to_string()})
        };
        rest.push(pod(
            &leader,
            Some(["apps/v1", "StatefulSet", "llama"]),
            &labels(0),
        ));
        rest.push(set(&leader, ["v1", "Pod", &leader], 1));
        let worker = format!("{leader}-1");
        rest.push(pod(
            &worker,
            Some(["apps/v1", "StatefulSet", &leader]),
            &labels(1),
        ));
    }
    Run {
        is: "LeaderWorkerSet llama 4.0",
        blind: "LeaderWorkerSet llama 4.0",
        own: vec![object(owner, None, &spec)],
        rest,
    }
}

fn volcano() -> Run {
    let owner = [VOLCANO, "Job", "mnist"];
    let tasks = json!([{"name": "ps", "replicas": 1, "template": template()},
        {"name": "worker", "replicas": 2, "template": template()}]);
    let pods = ["ps-0", "worker-0", "worker-1"].map(|end| {
        let labels = json!({"volcano.sh/job-name": "mnist",
            "volcano.sh/task-spec": end.rsplit_once('-').unwrap().0});
        pod(&format!("mnist-{end}"), Some(owner), &labels)
    });
    Run {
        is: "Job mnist 3.0",
        blind: "Job mnist 3.0",
        own: vec![object(
            owner,
            None,
            &json!({"minAvailable": 3, "tasks": tasks}),
        )],
        rest: pods.to_vec(),
    }
}

/// A job that waits its turn: the object that Kueue keeps of it is no workload.
fn queued() -> Run {
    let job = ["batch/v1", "Job", "fit"];
    let sets = json!([{"name": "main", "count": 2, "template": template()}]);
    let kept = ["kueue.x-k8s.io/v1beta2", "Workload", "job-fit-1a2b3"];
    Run {
        is: "Job fit 2.0",
        blind: "Job fit 2.0",
        own: vec![object(
            kept,
            Some(job),
            &json!({"podSets": sets, "queueName": "gpus"}),
        )],
        rest: vec![
            batch_job("fit", None),
            pod(
                "fit-x7k2p",
                Some(job),
                &json!({"kueue.x-k8s.io/queue-name": "gpus"}),
            ),
            pod(
                "fit-b7xkz",
                Some(job),
                &json!({"kueue.x-k8s.io/queue-name": "gpus"}),
            ),
        ],
    }
}

/// Pods of a group of Kueue, which have no owner.
fn group() -> Run {
    let labels = json!({"kueue.x-k8s.io/pod-group-name": "sweep",
        "kueue.x-k8s.io/queue-name": "gpus"});
    let sets = json!([{"name": "main", "count": 2, "template": template()}]);
    let kept = ["kueue.x-k8s.io/v1beta2", "Workload", "sweep"];
    Run {
        is: "Workload sweep 2.0",
        blind: "Workload sweep 2.0",
        own: vec![object(
            kept,
            None,
            &json!({"podSets": sets, "queueName": "gpus"}),
        )],
        rest: vec![pod("sweep-a", None, &labels), pod("sweep-b", None, &labels)],
    }
}

/// Two revisions of one model, each with a Deployment of its own.
fn kserve_by_knative() -> Run {
    let owner = ["serving.kserve.io/v1beta1", "InferenceService", "chat"];
    let service = ["serving.knative.dev/v1", "Service", "chat-predictor"];
    let configuration = ["serving.knative.dev/v1", "Configuration", "chat-predictor"];
    let mut run = Run {
        is: "InferenceService chat 2.0",
        blind: "InferenceService chat 2.0",
        own: vec![
            object(owner, None, &json!({"predictor": {}})),
            object(service, Some(owner), &json!({"template": template()})),
            object(
                configuration,
                Some(service),
                &json!({"template": template()}),
            ),
        ],
        rest: Vec::new(),
    };
    for number in 1..3 {
        let name = format!("chat-predictor-0000{number}");
        let revision = ["serving.knative.dev/v1", "Revision", &name];
        let labels = json!({"serving.kserve.io/inferenceservice": "chat",
            "serving.knative.dev/service": "chat-predictor",
            "serving.knative.dev/configuration": "chat-predictor",
            "serving.knative.dev/revision": name, "pod-template-hash": "6dfdf5796f"});
        let deployment = format!("{name}-deployment");
        let deployment = ["apps/v1", "Deployment", &deployment];
        let set = format!("{}-6dfdf5796f", deployment[2]);
        let set = ["apps/v1", "ReplicaSet", &set];
        let mut template = template();
        template["metadata"] = json!({"labels": labels});
        let spec = json!({"replicas": 1, "selector": {"matchLabels": labels},
            "template": template});
        let labelled = |mut it: Value| {
            it["metadata"]["labels"] = labels.clone();
            it
        };
        run.own.push(object(revision, Some(configuration), &spec));
        run.rest.extend([
            labelled(object(deployment, Some(revision), &spec)),
            labelled(object(set, Some(deployment), &spec)),
            pod(&format!("{}-x7k2p", set[2]), Some(set), &labels),
        ]);
    }
    run
}

fn kserve() -> Run {
    let owner = ["serving.kserve.io/v1beta1", "InferenceService", "chat"];
    let labels = json!({"app": "chat", "pod-template-hash": "6dfdf5796f",
        "serving.kserve.io/inferenceservice": "chat"});
    let deployment = ["apps/v1", "Deployment", "chat-predictor"];
    let set = ["apps/v1", "ReplicaSet", "chat-predictor-6dfdf5796f"];
    let spec = json!({"replicas": 1, "selector": {"matchLabels": {"app": "chat"}},
        "template": template()});
    Run {
        is: "InferenceService chat 1.0",
        blind: "InferenceService chat 1.0",
        own: vec![object(
            owner,
            None,
            &json!({"predictor": {"model": {"modelFormat": {"name": "huggingface"}}}}),
        )],
        rest: vec![
            object(deployment, Some(owner), &spec),
            object(set, Some(deployment), &spec),
            pod("chat-predictor-6dfdf5796f-x7k2p", Some(set), &labels),
        ],
    }
}

fn notebook() -> Run {
    let owner = [KUBEFLOW, "Notebook", "ada"];
    let set = ["apps/v1", "StatefulSet", "ada"];
    let spec = json!({"replicas": 1, "serviceName": "ada", "template": template()});
    Run {
        is: "Notebook ada 1.0",
        blind: "Notebook ada 1.0",
        own: vec![object(owner, None, &json!({"template": template()}))],
        rest: vec![
            object(set, Some(owner), &spec),
            pod("ada-0", Some(set), &json!({"notebook-name": "ada"})),
        ],
    }
}

#[test]
fn each_is_one_workload_also_where_its_kinds_may_not_be_read() {
    let runs = [
        job_set(false),
        job_set(true),
        kubeflow(),
        mpi(),
        ray("RayJob"),
        ray("RayService"),
        leaders(),
        volcano(),
        queued(),
        group(),
        kserve(),
        kserve_by_knative(),
        notebook(),
    ];
    let mut wrong = Vec::new();
    for run in runs {
        let all: Vec<Value> = run.own.iter().chain(&run.rest).cloned().collect();
        for (objects, expected) in [(&all, run.is), (&run.rest, run.blind)] {
            let found = found(objects);
            if found != [expected] {
                let how = if objects.len() == all.len() {
                    "whole"
                } else {
                    "blind"
                };
                wrong.push(format!("{how}: {found:?}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_name_of_a_run_means_its_main_part_and_the_page_names_the_others() {
    let all = kubeflow();
    let all: Vec<Value> = all.own.into_iter().chain(all.rest).collect();
    let page = said(&all, &["explain", "ml/bert"]).ended(0).stdout;
    let head: Vec<&str> = page.lines().take(3).collect();
    assert_eq!(
        head.join(" "),
        "ml/PyTorchJob/bert/Worker one of 2 parts of its PyTorchJob; beside it: \
         ml/PyTorchJob/bert/Master; what is told of GPUs is of all of them"
    );
    assert!(page.contains("a month while it runs: "), "{page}");
    let other = said(&all, &["explain", "ml/PyTorchJob/bert/Master"]).ended(0);
    assert!(other.stdout.starts_with("ml/PyTorchJob/bert/Master\n"));
}

#[test]
fn labels_tell_what_built_in_controllers_that_may_not_be_read_were_made_for() {
    let set = |name| Some(["apps/v1", "StatefulSet", name]);
    let labels = json!({"leaderworkerset.sigs.k8s.io/name": "llm"});
    let groups = [
        pod("llm-0", set("llm"), &labels),
        pod("llm-0-1", set("llm-0"), &labels),
        pod("llm-1", set("llm"), &labels),
        pod("llm-1-1", set("llm-1"), &labels),
    ];
    assert_eq!(found(&groups), ["LeaderWorkerSet llm 4.0"]);
    let labels = json!({"serving.kserve.io/inferenceservice": "chat"});
    let hashed = json!({"serving.kserve.io/inferenceservice": "chat",
        "pod-template-hash": "6dfdf5796f"});
    let replicas = |name| Some(["apps/v1", "ReplicaSet", name]);
    let served = [
        pod("chat-old-x7k2p", replicas("chat-old"), &labels),
        pod(
            "chat-new-6dfdf5796f-k9m4q",
            replicas("chat-new-6dfdf5796f"),
            &hashed,
        ),
    ];
    assert_eq!(found(&served), ["InferenceService chat 2.0"]);
}
