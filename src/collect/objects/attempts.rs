//! What runs say of their attempts, each kind in its own way.
//!
//! Sources: the APIs of Kubernetes (`batch/v1`), JobSet (`jobset.x-k8s.io/v1alpha2`), Kubeflow
//! (`kubeflow.org/v1`, `trainer.kubeflow.org/v1alpha1`), KubeRay (`ray.io/v1`), Volcano
//! (`batch.volcano.sh/v1alpha1`) and the Spark operator (`sparkoperator.k8s.io/v1beta2`).

use k8s_openapi::api::batch::v1::{JobSpec, JobStatus, PodFailurePolicyRule};
use serde_json::Value;

use super::custom::number;

/// What a controller says of the attempts of its run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tries {
    /// How often all of it was begun again.
    pub(crate) restarts: u32,
    /// Of those, what counts towards its limit.
    pub(crate) counted: Option<u32>,
    pub(crate) failed_pods: u32,
    pub(crate) succeeded: bool,
    /// What it does where a pod is taken away.
    pub(crate) loss: Loss,
}

/// What a controller does where a pod of its run is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Loss {
    /// It does not say, or makes another pod.
    #[default]
    Made,
    /// All of it fails.
    Fails,
    /// All of it is begun again, whatever those below it do.
    BeginsAgain,
}

/// The condition of pods that are taken away, and the exit codes of what is ended by a signal.
const TAKEN: &str = "DisruptionTarget";
const SIGNALS: [i32; 2] = [137, 143];

impl Tries {
    pub(crate) fn of_job(spec: &JobSpec, status: &JobStatus, over: bool) -> Self {
        let failed = status.conditions.iter().flatten();
        let mut failed = failed.filter(|it| it.type_ == "Failed" && it.status == "True");
        Self {
            failed_pods: u32::try_from(status.failed.unwrap_or(0)).unwrap_or(0),
            succeeded: over && failed.next().is_none(),
            loss: loss_of_job(spec),
            ..Self::default()
        }
    }

    /// Of an object of any other kind; `over` where it has come to its end.
    pub(super) fn of(group: &str, kind: &str, data: &Value, over: bool) -> Self {
        let count = |path: &str| number(data, path).unwrap_or(0);
        let tries = match (group, kind) {
            ("jobset.x-k8s.io", "JobSet") => Self {
                restarts: count("/status/restarts"),
                counted: number(data, "/status/restartsCountTowardsMax"),
                loss: loss_of_set(data),
                ..Self::default()
            },
            ("kubeflow.org", _) => Self {
                failed_pods: each_sum(data.pointer("/status/replicaStatuses"), "failed"),
                loss: loss_of_replicas(data),
                ..Self::default()
            },
            ("trainer.kubeflow.org", "TrainJob") => Self {
                failed_pods: each_sum(data.pointer("/status/jobsStatus"), "failed"),
                ..Self::default()
            },
            ("ray.io", "RayJob") => Self {
                restarts: count("/status/failed"),
                loss: match number(data, "/spec/backoffLimit") {
                    Some(0) => Loss::Fails,
                    _ => Loss::Made,
                },
                ..Self::default()
            },
            ("batch.volcano.sh", "Job") => Self {
                restarts: count("/status/retryCount"),
                failed_pods: count("/status/failed"),
                loss: loss_of_tasks(data),
                ..Self::default()
            },
            ("sparkoperator.k8s.io", "SparkApplication") => Self {
                restarts: count("/status/executionAttempts").saturating_sub(1),
                ..Self::default()
            },
            _ => Self::default(),
        };
        Self {
            succeeded: over && has_succeeded(data),
            ..tries
        }
    }
}

/// By its pod failure policy, of which the first rule that fits counts, else by how many pods
/// may fail.
fn loss_of_job(spec: &JobSpec) -> Loss {
    let policy = spec.pod_failure_policy.as_ref();
    let mut rules = policy.into_iter().flat_map(|it| &it.rules);
    let fails = match rules.find(|it| fits(it)).map(|it| it.action.as_str()) {
        Some("Ignore") => false,
        Some("FailJob" | "FailIndex") => true,
        _ => spec.backoff_limit == Some(0) || spec.backoff_limit_per_index == Some(0),
    };
    if fails { Loss::Fails } else { Loss::Made }
}

/// Whether a rule is of pods that are taken away.
fn fits(rule: &PodFailurePolicyRule) -> bool {
    let mut conditions = rule.on_pod_conditions.iter().flatten();
    let is_taken = conditions.any(|it| it.type_ == TAKEN && it.status.as_deref() != Some("False"));
    let by_code = rule.on_exit_codes.as_ref().is_some_and(|codes| {
        let has = |code: &i32| codes.values.contains(code);
        match codes.operator.as_str() {
            "In" => SIGNALS.iter().any(has),
            _ => !SIGNALS.iter().all(has),
        }
    });
    is_taken || by_code
}

/// Of a `JobSet`, which fails with any of its Jobs where it may not begin again. Its Jobs make
/// other pods where their templates say so; the ranks of a run that lost one do not go on.
fn loss_of_set(data: &Value) -> Loss {
    if number(data, "/spec/failurePolicy/maxRestarts") > Some(0) {
        return Loss::BeginsAgain;
    }
    let jobs = data
        .pointer("/spec/replicatedJobs")
        .and_then(Value::as_array);
    let jobs = || jobs.into_iter().flatten();
    let makes = |job: &Value| number(job, "/template/spec/backoffLimit") > Some(0);
    if jobs().next().is_some() && jobs().all(makes) {
        Loss::Made
    } else {
        Loss::Fails
    }
}

/// Of the training operator. With an elastic policy those that are left go on.
fn loss_of_replicas(data: &Value) -> Loss {
    if data.pointer("/spec/elasticPolicy").is_some() {
        return Loss::Made;
    }
    let spec = data.get("spec").and_then(Value::as_object);
    let specs = spec.into_iter().flatten();
    let specs = specs.filter(|(key, _)| key.ends_with("ReplicaSpecs"));
    let mut replicas = specs.flat_map(|(_, it)| it.as_object().into_iter().flatten());
    let never = replicas.any(|(_, it)| it.get("restartPolicy") == Some(&Value::from("Never")));
    let limit = number(data, "/spec/runPolicy/backoffLimit");
    if never || limit == Some(0) {
        Loss::Fails
    } else {
        Loss::Made
    }
}

/// Of Volcano, by its policies and by those of its tasks, and by how often it may begin again.
fn loss_of_tasks(data: &Value) -> Loss {
    let own = data.pointer("/spec/policies").and_then(Value::as_array);
    let tasks = data.pointer("/spec/tasks").and_then(Value::as_array);
    let of_tasks = tasks.into_iter().flatten();
    let of_tasks = of_tasks.filter_map(|it| it.get("policies")?.as_array());
    let policies = own.into_iter().chain(of_tasks).flatten();
    let is_of = |policy: &Value| {
        let one = policy.get("event").and_then(Value::as_str);
        let many = policy.get("events").and_then(Value::as_array);
        let many = many.into_iter().flatten().filter_map(Value::as_str);
        one.into_iter()
            .chain(many)
            .any(|event| matches!(event, "PodEvicted" | "*"))
    };
    let actions: Vec<&str> = policies
        .filter(|it| is_of(it))
        .filter_map(|it| it.get("action")?.as_str())
        .collect();
    if actions
        .iter()
        .any(|it| matches!(*it, "AbortJob" | "TerminateJob"))
        || number(data, "/spec/maxRetry") == Some(0)
    {
        Loss::Fails
    } else if actions.contains(&"RestartJob") {
        Loss::BeginsAgain
    } else {
        Loss::Made
    }
}

/// The sum of a number of each entry of a list or of a map.
fn each_sum(entries: Option<&Value>, name: &str) -> u32 {
    let of = |entry: &Value| number(entry, &format!("/{name}")).unwrap_or(0);
    let numbers: Vec<u32> = match entries {
        Some(Value::Array(all)) => all.iter().map(of).collect(),
        Some(Value::Object(all)) => all.values().map(of).collect(),
        _ => Vec::new(),
    };
    numbers.into_iter().fold(0, u32::saturating_add)
}

/// Whether what is over says that it came to a good end.
fn has_succeeded(data: &Value) -> bool {
    const ENDS: [&str; 3] = ["Complete", "Completed", "Succeeded"];
    let is_end = |text: &str| ENDS.iter().any(|end| text.eq_ignore_ascii_case(end));
    let text = |value: &Value, path: &str| {
        let value = value.pointer(path).and_then(Value::as_str);
        value.map(str::to_owned)
    };
    let conditions = data.pointer("/status/conditions").and_then(Value::as_array);
    let mut conditions = conditions.into_iter().flatten();
    let told = conditions.any(|condition| {
        let holds = text(condition, "/status").is_some_and(|it| it == "True");
        holds && text(condition, "/type").is_some_and(|it| is_end(&it))
    });
    let phases = [
        "/status/phase",
        "/status/state",
        "/status/state/phase",
        "/status/applicationState/state",
        "/status/jobStatus",
        "/status/terminalState",
    ];
    let mut phases = phases.iter().filter_map(|path| text(data, path));
    told || phases.any(|phase| is_end(&phase))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(spec: Value) -> Loss {
        let mut spec = spec;
        spec["template"] = json!({"spec": {"containers": []}});
        let spec: JobSpec = serde_json::from_value(spec).expect("a spec");
        loss_of_job(&spec)
    }

    #[test]
    fn a_job_fails_with_a_pod_that_is_taken_away_where_it_says_so() {
        let rule = |action: &str| {
            json!({"rules": [{"action": action, "onPodConditions":
                [{"type": "DisruptionTarget", "status": "True"}]}]})
        };
        let exits = json!({"rules": [{"action": "FailJob",
            "onExitCodes": {"operator": "NotIn", "values": [0, 137]}}]});
        for (spec, loss) in [
            (json!({}), Loss::Made),
            (json!({"backoffLimit": 6}), Loss::Made),
            (json!({"backoffLimit": 0}), Loss::Fails),
            (json!({"backoffLimitPerIndex": 0}), Loss::Fails),
            (
                json!({"backoffLimit": 0, "podFailurePolicy": rule("Ignore")}),
                Loss::Made,
            ),
            (
                json!({"backoffLimit": 0, "podFailurePolicy": rule("Count")}),
                Loss::Fails,
            ),
            (json!({"podFailurePolicy": rule("Count")}), Loss::Made),
            (json!({"podFailurePolicy": rule("FailJob")}), Loss::Fails),
            (json!({"podFailurePolicy": exits}), Loss::Fails),
        ] {
            assert_eq!(job(spec.clone()), loss, "{spec}");
        }
    }

    #[test]
    fn other_kinds_say_it_in_their_own_ways() {
        let of = |group: &str, kind: &str, data: &Value| Tries::of(group, kind, data, false);
        let set = json!({"spec": {"failurePolicy": {"maxRestarts": 3}},
            "status": {"restarts": 5, "restartsCountTowardsMax": 2}});
        let tries = of("jobset.x-k8s.io", "JobSet", &set);
        assert_eq!((tries.restarts, tries.counted), (5, Some(2)));
        assert_eq!(tries.loss, Loss::BeginsAgain);
        for (spec, loss) in [
            (json!({"failurePolicy": {"maxRestarts": 0}}), Loss::Fails),
            (json!({}), Loss::Fails),
            (
                json!({"replicatedJobs": [{"template": {"spec": {"backoffLimit": 4}}}]}),
                Loss::Made,
            ),
        ] {
            let set = json!({"spec": spec});
            assert_eq!(of("jobset.x-k8s.io", "JobSet", &set).loss, loss, "{set}");
        }
        let torch = json!({"spec": {"pytorchReplicaSpecs": {"Worker": {"restartPolicy": "Never"}}},
            "status": {"replicaStatuses": {"Master": {"failed": 1}, "Worker": {"failed": 2}}}});
        let tries = of("kubeflow.org", "PyTorchJob", &torch);
        assert_eq!((tries.failed_pods, tries.loss), (3, Loss::Fails));
        let mut elastic = torch;
        elastic["spec"]["elasticPolicy"] = json!({"minReplicas": 1});
        let tries = of("kubeflow.org", "PyTorchJob", &elastic);
        assert_eq!(tries.loss, Loss::Made);
        let volcano = json!({"spec": {"policies": [{"events": ["PodEvicted", "PodFailed"],
            "action": "AbortJob"}]}, "status": {"retryCount": 2}});
        let tries = of("batch.volcano.sh", "Job", &volcano);
        assert_eq!((tries.restarts, tries.loss), (2, Loss::Fails));
        let ray = json!({"status": {"failed": 4, "jobStatus": "SUCCEEDED"}});
        let tries = Tries::of("ray.io", "RayJob", &ray, true);
        assert_eq!((tries.restarts, tries.succeeded), (4, true));
    }
}
