//! Attempts of runs: those that controllers count, those that were followed by a good end, and
//! whether a run bears the loss of a pod.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::ended::machine;
use super::{END, run, workload};

fn stamp(hours: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a few days")]
    let seconds = (hours * 3_600.0) as i64;
    jiff::Timestamp::from_second(END - seconds)
        .unwrap()
        .to_string()
}

fn big() -> Value {
    let kind = ["p5.48xlarge", "NVIDIA-H100-80GB-HBM3"];
    machine("big", kind, 8, ["192", "2048Gi"])
}

/// An object that began so many hours before the end.
fn object(of: [&str; 3], owner: Option<[&str; 3]>, spec: &Value, status: &Value) -> Value {
    let [api, kind, name] = of;
    let owner = owner.map(|[api, kind, name]| {
        json!([{"apiVersion": api, "kind": kind, "name": name, "uid": name, "controller": true}])
    });
    json!({"apiVersion": api, "kind": kind,
        "metadata": {"namespace": "ml", "name": name, "uid": name, "ownerReferences": owner,
            "creationTimestamp": stamp(40.0)},
        "spec": spec, "status": status})
}

/// A pod with two devices that runs since these hours before the end.
fn running(name: &str, owner: [&str; 3]) -> Value {
    let amounts = json!({"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": "2"});
    let spec = json!({"nodeName": "big", "containers": [{"name": "main", "image": "x",
        "resources": {"requests": amounts, "limits": amounts}}]});
    let mut pod = object(
        ["v1", "Pod", name],
        Some(owner),
        &spec,
        &json!({"phase": "Running"}),
    );
    pod["metadata"]["creationTimestamp"] = json!(stamp(12.0));
    pod
}

/// The same that failed after so many hours.
fn failed(name: &str, owner: [&str; 3], hours: f64) -> Value {
    let mut pod = running(name, owner);
    pod["metadata"]["creationTimestamp"] = json!(stamp(30.0));
    pod["status"] = json!({"phase": "Failed", "containerStatuses": [{"name": "main", "image": "x",
        "imageID": "x", "ready": false, "restartCount": 0, "state": {"terminated": {"exitCode": 1,
        "reason": "Error", "startedAt": stamp(30.0), "finishedAt": stamp(30.0 - hours)}}}]});
    pod
}

/// The usage of pods, each between these hours before the end.
fn usage(pods: &[(&str, [u32; 2])]) -> String {
    let mut text =
        "namespace,pod,container,timestamp,cpu_cores,memory_bytes,gpu_sm_active\n".to_owned();
    for (pod, [from, to]) in pods {
        for back in (12 * to..12 * from).map(i64::from) {
            let at = END - back * 300;
            let _ = writeln!(text, "ml,{pod},main,{at},1,1000000000,0.6");
        }
    }
    text
}

fn report(items: &[Value], pods: &[(&str, [u32; 2])]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let mut all = vec![big()];
    all.extend(items.iter().cloned());
    let list = json!({"apiVersion": "v1", "kind": "List", "items": all});
    run(folder.path(), &list, &usage(pods), &[]).ended(0).json()
}

fn texts(it: &Value, action: &str) -> Vec<String> {
    let all = it["advice"].as_array().unwrap().iter();
    let own = all.filter(|it| it["action"] == action);
    own.map(|it| it["text"].as_str().unwrap().to_owned())
        .collect()
}

const NOW: [u32; 2] = [12, 0];

#[test]
fn attempts_that_a_controller_counts_are_told() {
    const TORCH: [&str; 3] = ["kubeflow.org/v1", "PyTorchJob", "run"];
    const RAY: [&str; 3] = ["ray.io/v1", "RayJob", "run"];
    const VOLCANO: [&str; 3] = ["batch.volcano.sh/v1alpha1", "Job", "run"];
    for (own, status, told) in [
        (
            TORCH,
            json!({"replicaStatuses": {"Master": {"failed": 1}, "Worker": {"active": 1, "failed": 3}}}),
            "find out why it fails: 4 pods of it failed, and what they took is not known",
        ),
        (
            RAY,
            json!({"failed": 2, "jobStatus": "RUNNING"}),
            "find out why it fails: it began again 2 times, and what that took is not known",
        ),
        (
            VOLCANO,
            json!({"retryCount": 1, "state": {"phase": "Running"}}),
            "find out why it fails: it began again 1 time, and what that took is not known",
        ),
    ] {
        let items = [
            object(own, None, &json!({}), &status),
            running("run-a", own),
        ];
        let report = report(&items, &[("run-a", NOW)]);
        let it = workload(&report, "run");
        assert_eq!(texts(it, "failing_run"), [told], "{it:#}");
    }
}

#[test]
fn a_run_that_its_pods_name_by_labels_alone_tells_its_attempts() {
    let run = object(
        ["ray.io/v1", "RayJob", "tune"],
        None,
        &json!({}),
        &json!({"failed": 3, "jobDeploymentStatus": "Running"}),
    );
    // The cluster between both was not read.
    let mut pod = running("tune-a", ["ray.io/v1", "RayCluster", "tune-x7k2p"]);
    pod["metadata"]["labels"] = json!({"ray.io/cluster": "tune-x7k2p",
        "ray.io/originated-from-crd": "RayJob", "ray.io/originated-from-cr-name": "tune"});
    let report = report(&[run, pod], &[("tune-a", NOW)]);
    let told = "find out why it fails: it began again 3 times, and what that took is not known";
    assert_eq!(texts(workload(&report, "tune"), "failing_run"), [told]);
}

#[test]
fn what_was_seen_of_pods_that_are_gone_is_what_their_attempts_took() {
    const SET: [&str; 3] = ["jobset.x-k8s.io/v1alpha2", "JobSet", "set"];
    const JOB: [&str; 3] = ["batch/v1", "Job", "set-w-0"];
    let status = json!({"restarts": 5, "restartsCountTowardsMax": 3});
    let template = running("x", JOB)["spec"].clone();
    let spec = json!({"parallelism": 1, "template": {"spec": template}});
    let items = [
        object(
            SET,
            None,
            &json!({"failurePolicy": {"maxRestarts": 10}}),
            &status,
        ),
        object(JOB, Some(SET), &spec, &json!({"active": 1})),
        running("set-w-0-0-abcde", JOB),
    ];
    let unseen = report(&items, &[("set-w-0-0-abcde", NOW)]);
    let own = texts(workload(&unseen, "set"), "failing_run");
    let times = "find out why it fails: it began again 5 times, of which 3 count towards its limit";
    assert_eq!(own, [format!("{times}, and what that took is not known")]);
    let pods = [("set-w-0-0-abcde", NOW), ("set-w-0-0-x7k2p", [22, 12])];
    let seen = report(&items, &pods);
    let own = texts(workload(&seen, "set"), "failing_run");
    // Ten hours of two devices.
    assert!(
        own[0].starts_with(&format!("{times}, and of the 20 GPU hours ($")),
        "{own:?}"
    );
}

#[test]
fn what_failed_before_a_good_end_is_no_longer_to_be_mended() {
    const JOB: [&str; 3] = ["batch/v1", "Job", "train"];
    let said = |condition: &str| {
        let template = running("x", JOB)["spec"].clone();
        let spec = json!({"parallelism": 1, "template": {"spec": template}});
        let conditions = json!([{"type": condition, "status": "True"}]);
        let status = json!({"failed": 2, "conditions": conditions});
        let mut first = failed("train-a", JOB, 1.0);
        first["metadata"]["creationTimestamp"] = json!(stamp(35.0));
        let terminated = &mut first["status"]["containerStatuses"][0]["state"]["terminated"];
        terminated["startedAt"] = json!(stamp(35.0));
        terminated["finishedAt"] = json!(stamp(33.0));
        let mut done = running("train-c", JOB);
        done["status"]["phase"] = json!("Succeeded");
        let items = [
            object(JOB, None, &spec, &status),
            first,
            failed("train-b", JOB, 1.0),
            done,
        ];
        let pods = [
            ("train-a", [35, 33]),
            ("train-b", [30, 29]),
            ("train-c", NOW),
        ];
        let report = report(&items, &pods);
        texts(workload(&report, "train"), "failing_run")
    };
    let well = said("Complete");
    assert_eq!(well.len(), 1);
    assert!(
        well[0].starts_with(
            "let it write checkpoints: it came to its end after 2 failed attempts that took 6 GPU \
             hours ($"
        ),
        "{well:?}"
    );
    let ill = said("Failed");
    assert!(
        ill[0].starts_with("find out why it fails: 2 failed attempts took 6 GPU hours ($"),
        "{ill:?}"
    );
}

const CAPACITY: &str = "karpenter.sh/capacity-type";

#[test]
fn spot_is_for_what_bears_the_loss_of_a_pod() {
    const JOB: [&str; 3] = ["batch/v1", "Job", "train"];
    let said = |own: &Value, change: &dyn Fn(&mut Value)| {
        let mut pod = running("train-a", JOB);
        change(&mut pod);
        let mut spec = json!({"parallelism": 1, "template": {"spec": pod["spec"]}});
        for (key, value) in own.as_object().unwrap() {
            spec[key] = value.clone();
        }
        let items = [object(JOB, None, &spec, &json!({"active": 1})), pod];
        let report = report(&items, &[("train-a", NOW)]);
        let it = workload(&report, "train").clone();
        let all = it["advice"].as_array().unwrap().clone();
        let found = all.into_iter().find(|it| it["action"] == "spot")?;
        let text = found["text"].as_str().unwrap().to_owned();
        Some((text, found["risk"].as_str().unwrap().to_owned()))
    };
    let plain: &dyn Fn(&mut Value) = &|_| ();
    let annotated = |key: &'static str, value: &'static str| {
        move |pod: &mut Value| pod["metadata"]["annotations"] = json!({key: value})
    };
    assert!(said(&json!({}), plain).is_some());
    assert_eq!(said(&json!({"backoffLimit": 0}), plain), None);
    let rules = json!([{"action": "FailJob", "onPodConditions":
        [{"type": "DisruptionTarget", "status": "True"}]}]);
    let policy = json!({"podFailurePolicy": {"rules": rules}});
    assert_eq!(said(&policy, plain), None);
    for (key, value) in [
        ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false"),
        ("karpenter.sh/do-not-disrupt", "true"),
    ] {
        assert_eq!(said(&json!({}), &annotated(key, value)), None, "{key}");
    }
    let free = annotated("cluster-autoscaler.kubernetes.io/safe-to-evict", "true");
    assert!(said(&json!({}), &free).is_some());
    let pinned = |key: &'static str, value: &'static str| {
        move |pod: &mut Value| pod["spec"]["nodeSelector"] = json!({key: value})
    };
    assert_eq!(said(&json!({}), &pinned(CAPACITY, "on-demand")), None);
    let eks = pinned("eks.amazonaws.com/capacityType", "ON_DEMAND");
    assert_eq!(said(&json!({}), &eks), None);
    assert!(said(&json!({}), &pinned("pool", "training")).is_some());
    let affine = |operator: &'static str, values: Value| {
        move |pod: &mut Value| {
            let rule = json!({"key": CAPACITY, "operator": operator, "values": values});
            let terms = json!({"nodeSelectorTerms": [{"matchExpressions": [rule]}]});
            let required = "requiredDuringSchedulingIgnoredDuringExecution";
            pod["spec"]["affinity"] = json!({"nodeAffinity": {required: terms}});
        }
    };
    assert_eq!(said(&json!({}), &affine("NotIn", json!(["spot"]))), None);
    let both = affine("In", json!(["spot", "on-demand"]));
    assert!(said(&json!({}), &both).is_some());
    let bucket = |pod: &mut Value| {
        pod["spec"]["containers"][0]["args"] = json!(["--checkpoint-dir", "gs://bucket/run"]);
    };
    let (text, risk) = said(&json!({}), &bucket).unwrap();
    assert!(
        text.ends_with("the checkpoints that it keeps in a bucket"),
        "{text}"
    );
    assert_eq!(risk, "medium");
}

#[test]
fn spot_is_not_for_runs_that_may_not_begin_again() {
    const SET: [&str; 3] = ["jobset.x-k8s.io/v1alpha2", "JobSet", "run"];
    const RAY: [&str; 3] = ["ray.io/v1", "RayJob", "run"];
    const VOLCANO: [&str; 3] = ["batch.volcano.sh/v1alpha1", "Job", "run"];
    let is_said = |own: [&str; 3], spec: &Value| {
        let items = [
            object(own, None, spec, &json!({})),
            running("run-a", own),
            running("run-b", own),
        ];
        let report = report(&items, &[("run-a", NOW), ("run-b", NOW)]);
        !texts(workload(&report, "run"), "spot").is_empty()
    };
    for (own, spec, expected) in [
        (SET, json!({"failurePolicy": {"maxRestarts": 0}}), false),
        (SET, json!({}), false),
        (SET, json!({"failurePolicy": {"maxRestarts": 2}}), true),
        (RAY, json!({"backoffLimit": 0}), false),
        (RAY, json!({"backoffLimit": 2}), true),
        (VOLCANO, json!({"maxRetry": 0}), false),
        (VOLCANO, json!({"maxRetry": 5}), true),
    ] {
        assert_eq!(is_said(own, &spec), expected, "{own:?} {spec}");
    }
}
