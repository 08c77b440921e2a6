//! What runs kcost in a cluster for ever.

use std::io;

use serde_json::{Value, json};

use super::emit;
use crate::units::Bytes;

/// A regular run.
pub struct Regular<'a> {
    /// How kcost was called.
    pub program: &'a str,
    pub image: &'a str,
    pub namespace: &'a str,
    /// As cron writes it.
    pub schedule: &'a str,
    /// An IANA name.
    pub time_zone: Option<&'a str>,
    /// The text of a `kcost.yaml`.
    pub policy: Option<String>,
    /// Of the volume for the audit log.
    pub volume: Bytes,
    /// Whether it changes the cluster, instead of only looking at it.
    pub apply: bool,
    /// The command line of a run, without the program.
    pub args: Vec<String>,
    /// Where its records are: `configmap:kcost/kcost-history`.
    pub history: String,
    /// Roles and bindings of its account, as YAML documents.
    pub roles: Vec<String>,
}

impl Regular<'_> {
    /// Of its account and of all that belongs to it: what applies is apart from what reads.
    fn name(&self) -> &'static str {
        if self.apply { "kcost-apply" } else { "kcost" }
    }

    /// The volume claim of the audit log.
    fn claim(&self) -> String {
        format!("{}-audit", self.name())
    }
}

/// Where its policy is in the container.
pub const POLICY_FILE: &str = "/policy/kcost.yaml";

/// The folder of it.
const POLICY: &str = "/policy";

/// Longest time of one run, in seconds: far more than the largest cluster takes.
const DEADLINE: u32 = 3600;

/// The same of a run that follows rollouts. What it cuts off is looked up by the next.
const APPLY_DEADLINE: u32 = 6 * 3600;

/// Where the audit log is in the container.
pub const AUDIT: &str = "/audit";

/// The objects, for `kubectl apply`.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn cronjob(regular: &Regular<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let Regular { program, .. } = regular;
    let name = regular.name();
    if regular.apply {
        writeln!(
            out,
            "# Runs `kcost apply` for ever; made by `{program} cronjob --apply`. Its account may \
             change sizes.\n# The audit log is on the volume `{}`. Its pod is gone once a run has \
             ended: mount that in\n# a pod of your own, and there `kcost rollback --list --log \
             FOLDER`.",
            regular.claim()
        )?;
    } else {
        writeln!(
            out,
            "# Runs `kcost analyze` for ever; made by `{program} cronjob`. Its account only reads."
        )?;
    }
    writeln!(out, "# Records: `{program} history {}`.", regular.history)?;
    let none = json!({});
    let mut objects = vec![
        object("v1", "Namespace", "", regular.namespace, &none),
        object("v1", "ServiceAccount", regular.namespace, name, &none),
    ];
    objects.extend(regular.apply.then(|| volume(regular)));
    objects.extend(regular.policy.as_ref().map(|text| {
        let data = json!({"data": {"kcost.yaml": text}});
        let policy = format!("{name}-policy");
        object("v1", "ConfigMap", regular.namespace, &policy, &data)
    }));
    objects.push(job(regular));
    let documents = objects.iter().map(emit::object);
    let mut documents: Vec<String> = documents.collect::<io::Result<_>>()?;
    // Behind the account that they bind.
    documents.splice(2..2, regular.roles.iter().cloned());
    out.write_all(documents.join("---\n").as_bytes())
}

fn object(api_version: &str, kind: &str, namespace: &str, name: &str, body: &Value) -> Value {
    let mut object = json!({
        "apiVersion": api_version, "kind": kind, "metadata": {"name": name},
    });
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = namespace.into();
    }
    if let (Some(object), Some(body)) = (object.as_object_mut(), body.as_object()) {
        object.extend(body.clone());
    }
    object
}

fn volume(regular: &Regular<'_>) -> Value {
    let spec = json!({"spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": regular.volume.to_string()}},
    }});
    object(
        "v1",
        "PersistentVolumeClaim",
        regular.namespace,
        &regular.claim(),
        &spec,
    )
}

fn job(regular: &Regular<'_>) -> Value {
    let name = regular.name();
    let deadline = if regular.apply {
        APPLY_DEADLINE
    } else {
        DEADLINE
    };
    let mut mounts = vec![json!({"name": "tmp", "mountPath": "/tmp"})];
    let mut volumes = vec![json!({"name": "tmp", "emptyDir": {}})];
    if regular.apply {
        mounts.push(json!({"name": "audit", "mountPath": AUDIT}));
        let claim = json!({"claimName": regular.claim()});
        volumes.push(json!({"name": "audit", "persistentVolumeClaim": claim}));
    }
    if regular.policy.is_some() {
        mounts.push(json!({"name": "policy", "mountPath": POLICY, "readOnly": true}));
        volumes.push(json!({"name": "policy", "configMap": {"name": format!("{name}-policy")}}));
    }
    let container = json!({
        "name": "kcost",
        "image": regular.image,
        "args": regular.args,
        "volumeMounts": mounts,
        "resources": {
            "requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}
        },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        },
    });
    let pod = json!({
        "restartPolicy": "Never",
        "serviceAccountName": name,
        "securityContext": {
            // Nobody's, as images without a shell have it.
            "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": volumes,
    });
    let mut spec = json!({
        "schedule": regular.schedule,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": DEADLINE,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {"spec": {
            // A gate that fails would fail again.
            "backoffLimit": 0,
            "activeDeadlineSeconds": deadline,
            "template": {"spec": pod},
        }},
    });
    if let Some(zone) = regular.time_zone {
        spec["timeZone"] = zone.into();
    }
    let spec = json!({ "spec": spec });
    object("batch/v1", "CronJob", regular.namespace, name, &spec)
}
