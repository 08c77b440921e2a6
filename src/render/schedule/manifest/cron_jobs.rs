//! CronJobs that set the least replicas of an autoscaler, or replicas where there is none.

use serde_json::{Value, json};

use super::cron::{changes, expression, month_changes, month_expression};
use super::keda::by_formula;
use super::resources::Wanted;
use super::{Piece, Scaled, cut};
use crate::schedule::Bound;
use crate::snapshot::Autoscaler;
use crate::text::escape;
use crate::units::{Bytes, Cpu};

/// Names of CronJobs are cut at 52: their Jobs get eleven characters more.
const LONGEST: usize = 52;

/// The oldest version of which there is an image of kubectl, and the one that is taken where
/// the cluster does not say its own.
const OLDEST: u32 = 28;
const USUAL: &str = "v1.35.0";

/// What a CronJob patches.
pub(super) struct Patched {
    group: &'static str,
    /// As rights name it.
    resource: String,
    /// As kubectl does.
    words: Vec<String>,
    name: String,
    /// From a number to the patch.
    field: &'static str,
}

impl Scaled<'_> {
    pub(super) fn cron_jobs(self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let own = self.workload.autoscaler.as_ref();
        if let Some(own) = self.scaled_object().filter(|it| it.has_formula()) {
            return vec![by_formula(own)];
        }
        if let Some(keda) = own.and_then(|it| self.kept_by(it)) {
            return vec![Piece::Command(format!(
                "{keda} would set its autoscaler back: take -o keda"
            ))];
        }
        if own.is_some() && self.plan.to_zero.is_some() {
            return vec![Piece::Command(
                "its autoscaler may stand at zero, which no minReplicas wakes it from: give it \
                 a minReplicas of 1 first, or move it to KEDA, with a cron trigger for each window"
                    .to_owned(),
            )];
        }
        if own.is_none() && self.plan.advice.target().is_some() {
            pieces.push(Piece::Object(self.hpa()));
        }
        let patched = if own.is_some() || self.plan.advice.target().is_some() {
            let called = cut(self.called, super::LONGEST);
            Some(Patched::autoscaler(own.map_or(&called, |it| &it.name)))
        } else {
            Patched::workload(&self.workload.id.kind, self.name())
        };
        let Some(patched) = patched else {
            let text = "no CronJob can scale this kind: take -o keda".to_owned();
            return vec![Piece::Command(text)];
        };
        pieces.extend(self.another_target());
        if self.plan.bound.as_ref().is_some_and(Bound::is_full) {
            pieces.push(Piece::Command(
                "the quota has no room at the peak for the pod of the CronJob that ends the \
                 window: raise it first, or take -o keda"
                    .to_owned(),
            ));
        }
        let base = self.plan.base;
        // The API takes no least above the most: it rises with the first window.
        let most = self.plan.raised().map(|it| it.1);
        let account = self.named("schedule", 63);
        pieces.extend(self.rights(&account, &patched));
        for change in changes(&self.plan.windows, base) {
            let time = format!("{:02}{:02}", change.minute / 60, change.minute % 60);
            let days = change.days.names().concat();
            let name = self.named(&format!("{}-{time}", short(&days)), LONGEST);
            let schedule = expression(change.days, change.minute);
            let patch = patched.patch_within(change.replicas, most);
            pieces.push(self.cron_job(&name, &account, &schedule, &patched, &patch));
        }
        pieces.extend(self.month_jobs(&account, &patched));
        for (number, event) in self.plan.events.iter().enumerate() {
            let (start, end) = event.crons();
            for (word, schedule, replicas) in [("from", start, event.replicas), ("to", end, base)] {
                let name = self.named(&format!("event-{}-{word}", number + 1), LONGEST);
                let patch = patched.patch_within(replicas, most);
                pieces.push(self.cron_job(&name, &account, &schedule, &patched, &patch));
            }
        }
        pieces
    }

    /// What changes on days of the month.
    fn month_jobs(self, account: &str, patched: &Patched) -> Vec<Piece> {
        if self.plan.month.is_empty() {
            return Vec::new();
        }
        if !self.plan.windows.is_empty() {
            return vec![Piece::Command(
                "its windows of the month are not written: a CronJob sets one number, and those \
                 of the week would set it again on the same day: take -o keda, where the largest \
                 counts"
                    .to_owned(),
            )];
        }
        let most = self.plan.raised().map(|it| it.1);
        let jobs = month_changes(&self.plan.month, self.plan.base).into_iter();
        let jobs = jobs.map(|change| {
            let time = format!("{:02}{:02}", change.minute / 60, change.minute % 60);
            let days = change.days.cron().replace(',', "-");
            let name = self.named(&format!("day{days}-{time}"), LONGEST);
            let schedule = month_expression(change.days, change.minute);
            let patch = patched.patch_within(change.replicas, most);
            self.cron_job(&name, account, &schedule, patched, &patch)
        });
        jobs.collect()
    }

    /// What would write an autoscaler again that is changed by hand.
    pub(super) fn kept_by(self, own: &Autoscaler) -> Option<String> {
        let object = self
            .scaled_object()
            .map(|it| format!("ScaledObject `{}`", it.name));
        let made_by = own.made_by.clone();
        let named = own.name.strip_prefix("keda-hpa-");
        let named = named.map(|it| format!("ScaledObject `{it}`"));
        object.or(made_by).or(named).map(|it| escape(&it))
    }

    /// An account that may read and change that one object, and nothing else.
    pub(super) fn rights(self, account: &str, patched: &Patched) -> Vec<Piece> {
        let metadata = self.metadata(account);
        let objects = [
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
                "metadata": metadata,
                "rules": [{
                    "apiGroups": [patched.group],
                    "resources": [patched.resource],
                    "resourceNames": [patched.name],
                    "verbs": ["get", "patch"],
                }],
            }),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                "metadata": metadata,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role",
                    "name": account},
                "subjects": [{"kind": "ServiceAccount", "name": account,
                    "namespace": self.namespace()}],
            }),
        ];
        objects.into_iter().map(Piece::Object).collect()
    }

    pub(super) fn cron_job(
        self,
        name: &str,
        account: &str,
        schedule: &str,
        patched: &Patched,
        patch: &str,
    ) -> Piece {
        let mut arguments = vec![json!("patch")];
        arguments.extend(patched.words.iter().map(|it| json!(it)));
        let more = ["-n", self.namespace(), "--type=merge", "-p", patch];
        arguments.extend(more.map(|it| json!(it)));
        let resources = self.admitted(&Wanted {
            cpu: Cpu::millicores(10),
            memory: Bytes::mib(32),
            cpu_limit: Cpu::millicores(200),
            memory_limit: Some(Bytes::mib(128)),
        });
        Piece::Object(json!({
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": self.metadata(name),
            "spec": {
                "schedule": schedule,
                "timeZone": self.zone,
                "concurrencyPolicy": "Replace",
                "startingDeadlineSeconds": 600,
                "successfulJobsHistoryLimit": 1,
                "failedJobsHistoryLimit": 1,
                "jobTemplate": {"spec": {
                    "backoffLimit": 4,
                    "ttlSecondsAfterFinished": 3600,
                    "template": {"spec": {
                        "serviceAccountName": account,
                        "restartPolicy": "OnFailure",
                        "securityContext": {
                            "runAsNonRoot": true,
                            "runAsUser": 65532,
                            "seccompProfile": {"type": "RuntimeDefault"},
                        },
                        "containers": [{
                            "name": "kubectl",
                            "image": format!("registry.k8s.io/kubectl:{}", self.kubectl()),
                            "args": arguments,
                            "resources": resources,
                            "securityContext": {
                                "allowPrivilegeEscalation": false,
                                "readOnlyRootFilesystem": true,
                                "capabilities": {"drop": ["ALL"]},
                            },
                        }],
                    }},
                }},
            },
        }))
    }

    /// The version of kubectl: that of the cluster, without what a cloud adds to it.
    fn kubectl(self) -> String {
        let version = self.cluster.server_version.as_deref();
        let own = version.and_then(plain);
        own.unwrap_or_else(|| USUAL.to_owned())
    }
}

impl Patched {
    fn autoscaler(name: &str) -> Self {
        Self {
            group: "autoscaling",
            resource: "horizontalpodautoscalers".to_owned(),
            words: vec!["hpa".to_owned(), name.to_owned()],
            name: name.to_owned(),
            field: "minReplicas",
        }
    }

    /// The replicas of a workload of one of the kinds that have them.
    pub(super) fn workload(kind: &str, name: &str) -> Option<Self> {
        let (group, plural) = match kind {
            "Deployment" => ("apps", "deployments"),
            "ReplicaSet" => ("apps", "replicasets"),
            "StatefulSet" => ("apps", "statefulsets"),
            _ => return None,
        };
        let words = [plural.trim_end_matches('s'), name, "--subresource=scale"];
        Some(Self {
            group,
            resource: format!("{plural}/scale"),
            words: words.map(str::to_owned).into(),
            name: name.to_owned(),
            field: "replicas",
        })
    }

    /// The same, where an autoscaler may go up to more than before.
    fn patch_within(&self, replicas: u32, most: Option<u32>) -> String {
        match most.filter(|_| self.field == "minReplicas") {
            Some(most) => {
                json!({"spec": {"minReplicas": replicas, "maxReplicas": most}}).to_string()
            }
            None => self.patch(replicas),
        }
    }

    pub(super) fn patch(&self, replicas: u32) -> String {
        let mut spec = serde_json::Map::new();
        spec.insert(self.field.to_owned(), Value::from(replicas));
        json!({"spec": spec}).to_string()
    }
}

/// `fri`; of several days the first and how many more, so that names stay short.
fn short(days: &str) -> String {
    match days.len() / 3 {
        0 | 1 => days.to_owned(),
        7 => "daily".to_owned(),
        count => format!("{}{}", &days[..3], count - 1),
    }
}

/// `v1.35.1` of `v1.35.1-gke.1200`; nothing of versions without an image.
fn plain(version: &str) -> Option<String> {
    let numbers = version.strip_prefix('v')?.split(['-', '+']).next()?;
    let mut parts = numbers.split('.');
    let (major, minor) = (parts.next()?, parts.next()?.parse::<u32>().ok()?);
    let patch: u32 = parts.next()?.parse().ok()?;
    (major == "1" && minor >= OLDEST).then(|| format!("v1.{minor}.{patch}"))
}
