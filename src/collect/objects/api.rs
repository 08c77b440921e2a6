//! Groups and kinds of the API, and what they can own.

/// `apps` of `apps/v1`; empty for the core group.
pub(crate) fn group(api_version: &str) -> &str {
    api_version
        .rsplit_once('/')
        .map_or("", |(group, _version)| group)
}

/// The group that a kind is in today, of an old group that it was in once, or of
/// none where a reference leaves it out.
///
/// Source: the removals of Kubernetes 1.16 (`extensions`), the API of OpenShift
/// before it had groups, the moves of KEDA 2 and of the vertical autoscaler.
pub(crate) fn group_today<'a>(group: &'a str, kind: &str) -> &'a str {
    match (group, kind) {
        ("" | "extensions", "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet") => "apps",
        ("" | "extensions", "Job" | "CronJob" | "ScheduledJob") => "batch",
        ("" | "extensions", "HorizontalPodAutoscaler") => "autoscaling",
        ("extensions", "ReplicationController") => "",
        ("", "DeploymentConfig") => "apps.openshift.io",
        ("keda.k8s.io", _) => "keda.sh",
        ("poc.autoscaling.k8s.io", _) => "autoscaling.k8s.io",
        _ => group,
    }
}

/// The version of an API that kcost speaks of: built-in controllers have had one
/// for long, whatever an old reference says.
pub(super) fn current(api_version: &str, kind: &str) -> String {
    let old = group(api_version);
    match group_today(old, kind) {
        group @ ("apps" | "batch" | "apps.openshift.io") => format!("{group}/v1"),
        group if group == old => api_version.to_owned(),
        "" => "v1".to_owned(),
        group => format!("{group}/{}", api_version.rsplit('/').next().unwrap_or("v1")),
    }
}

/// Whether pods can be of such an owner. Of the kinds of Kubernetes itself only
/// controllers and pods can; a ConfigMap or Secret is named so that pods go with
/// it, and a node by the kubelet alone, of the pods that it starts from files.
pub(super) fn may_own(api_version: &str, kind: &str, controls: bool) -> bool {
    let group = group_today(group(api_version), kind);
    match kind {
        "Node" => controls || !group.is_empty(),
        "Pod"
        | "ReplicationController"
        | "Deployment"
        | "ReplicaSet"
        | "DaemonSet"
        | "StatefulSet"
        | "Job"
        | "CronJob" => true,
        _ => !is_ignored_group(group),
    }
}

/// Whether the kinds of this API group, but for those that kcost has types for,
/// never own pods: the groups of Kubernetes itself.
pub(crate) fn is_ignored_group(group: &str) -> bool {
    // Operators took names below `k8s.io` before those were kept for Kubernetes.
    let taken = OWNERS.iter().any(|(of, _)| *of == group);
    matches!(
        group,
        "" | "apps" | "batch" | "autoscaling" | "policy" | "extensions"
    ) || (group.ends_with(".k8s.io") && !group.ends_with(".x-k8s.io") && !taken)
}

/// Kinds of others that own pods, by group: an object of such a kind is a
/// workload by its template alone, as between two runs or with no pod seen.
///
/// Templates of all other kinds may be patterns, parts or what runs elsewhere:
/// those make a workload only where they own a pod or a controller.
const OWNERS: [(&str, &[&str]); 13] = [
    (
        "apps.kruise.io",
        &[
            "CloneSet",
            "StatefulSet",
            "DaemonSet",
            "AdvancedCronJob",
            "BroadcastJob",
        ],
    ),
    ("apps.openshift.io", &["DeploymentConfig"]),
    ("argoproj.io", &["Rollout", "Workflow", "CronWorkflow"]),
    ("batch.volcano.sh", &["Job"]),
    ("flagger.app", &["Canary"]),
    ("flink.apache.org", &["FlinkDeployment"]),
    ("jobset.x-k8s.io", &["JobSet"]),
    ("keda.sh", &["ScaledJob"]),
    (
        "kubeflow.org",
        &[
            "JAXJob",
            "MPIJob",
            "MXJob",
            "Notebook",
            "PaddleJob",
            "PyTorchJob",
            "TFJob",
            "XGBoostJob",
        ],
    ),
    ("leaderworkerset.x-k8s.io", &["LeaderWorkerSet"]),
    ("ray.io", &["RayCluster", "RayJob", "RayService"]),
    (
        "serving.knative.dev",
        &["Service", "Configuration", "Revision"],
    ),
    (
        "sparkoperator.k8s.io",
        &["SparkApplication", "ScheduledSparkApplication"],
    ),
];

/// Kinds of others that run to completion and are not called a job, workflow, run or task.
const RUNS: [(&str, &str); 9] = [
    ("argoproj.io", "CronWorkflow"),
    ("jobset.x-k8s.io", "JobSet"),
    ("sparkoperator.k8s.io", "SparkApplication"),
    ("sparkoperator.k8s.io", "ScheduledSparkApplication"),
    ("spark.apache.org", "SparkApplication"),
    ("actions.github.com", "EphemeralRunner"),
    ("actions.summerwind.dev", "Runner"),
    ("build.openshift.io", "Build"),
    ("executor.testkube.io", "Execution"),
];

/// Whether objects of this kind own pods, so that a template of theirs is of pods.
pub(crate) fn owns_pods(group: &str, kind: &str) -> bool {
    let mut found = OWNERS.iter();
    found.any(|(of, kinds)| *of == group && kinds.contains(&kind))
}

/// Whether pods of this kind run to completion, so that there are some only now and then.
pub(crate) fn runs_to_completion(group: &str, kind: &str) -> bool {
    let words = ["Job", "Workflow", "Run", "Task"];
    RUNS.contains(&(group, kind)) || words.iter().any(|word| kind.ends_with(word))
}
