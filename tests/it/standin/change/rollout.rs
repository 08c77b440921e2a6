//! What becomes of pods when their template changes.

use serde_json::{Value, json};

use super::super::store::Store;

/// Of Argo Rollouts.
pub const ROLLOUTS: &str = "argoproj.io/v1alpha1";

/// How the next rollout of a workload goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    /// All pods are new and ready at once.
    Ready,
    /// After so many looks.
    After(usize),
    /// It makes no progress.
    Stuck,
    /// All pods are new, and one was killed for its memory since.
    Killed,
}

/// What rolls out when an object changes: itself, or a Rollout that takes its template.
pub fn rolling(
    store: &Store,
    (api_version, plural): (&str, &str),
    name: &str,
) -> (String, String, String) {
    let own = || (api_version.to_owned(), plural.to_owned(), name.to_owned());
    if plural != "deployments" || store.table(ROLLOUTS, "rollouts").is_none() {
        return own();
    }
    let mut rollouts = store.objects(ROLLOUTS, "rollouts").into_iter();
    let found = rollouts.find(|it| it["spec"]["workloadRef"]["name"] == name);
    found.map_or_else(own, |it| {
        let name = it["metadata"]["name"].as_str().unwrap().to_owned();
        (ROLLOUTS.to_owned(), "rollouts".to_owned(), name)
    })
}

pub fn begin(store: &mut Store, kind: (&str, &str), name: &str, goes: Goes) {
    match goes {
        Goes::Ready => finish(store, kind, name, false),
        Goes::Killed => finish(store, kind, name, true),
        Goes::After(_) | Goes::Stuck => {
            let mut object = found(store, kind, name);
            let old = &object["status"];
            let ready = old["availableReplicas"].as_i64().unwrap_or(0);
            let mut status = json!({
                "observedGeneration": object["metadata"]["generation"],
                "replicas": ready, "availableReplicas": ready, "updatedReplicas": 0,
                "readyReplicas": ready, "updateRevision": "new", "currentRevision": "old",
                "desiredNumberScheduled": ready.max(1), "updatedNumberScheduled": 0, "numberAvailable": 0,
            });
            if goes == Goes::Stuck {
                status["conditions"] = json!([{
                    "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
                    "message": "ReplicaSet has timed out progressing.",
                }]);
            }
            if kind.1 == "rollouts" {
                as_rollout(store, &object, &mut status);
                let stuck = goes == Goes::Stuck;
                status["phase"] = json!(if stuck { "Degraded" } else { "Progressing" });
                status["message"] = "ProgressDeadlineExceeded: it has timed out progressing".into();
            }
            object["status"] = status;
            if OPERATED.contains(&kind.1) {
                operated(&mut object, false);
            }
            store.replace(kind.0, kind.1, &object);
        }
    }
}

/// Resources whose operators make pods of them.
pub const OPERATED: [&str; 2] = ["prometheuses", "kafkas"];

/// What an operator says when it has done what it could.
fn operated(object: &mut Value, is_ready: bool) {
    let generation = object["metadata"]["generation"].clone();
    let status = if is_ready { "True" } else { "False" };
    let condition = |kind: &str| json!({"type": kind, "status": status, "observedGeneration": generation, "message": "pods do not come up"});
    object["status"]["conditions"] = json!([condition("Reconciled"), condition("Ready")]);
}

/// What a Rollout says otherwise: generations as texts, and that of its lender.
fn as_rollout(store: &Store, object: &Value, status: &mut Value) {
    status["observedGeneration"] = object["metadata"]["generation"].to_string().into();
    if let Some(lender) = lender(store, object) {
        status["workloadObservedGeneration"] = lender["metadata"]["generation"].to_string().into();
    }
}

fn lender(store: &Store, object: &Value) -> Option<Value> {
    let name = object["spec"]["workloadRef"]["name"].as_str()?;
    Some(found(store, ("apps/v1", "deployments"), name))
}

/// All pods are of the new template.
pub fn finish(store: &mut Store, kind: (&str, &str), name: &str, killed: bool) {
    let mut object = found(store, kind, name);
    let uid = object["metadata"]["uid"].clone();
    let made_from = lender(store, &object).unwrap_or_else(|| object.clone());
    let containers = match made_from["spec"].get("template") {
        Some(template) => template["spec"]["containers"].clone(),
        // What an operator makes of its resource.
        None if kind.1 == "kafkas" => {
            json!([{"name": "kafka", "resources": made_from["spec"]["kafka"]["resources"]}])
        }
        None => json!([{"name": "prometheus", "resources": made_from["spec"]["resources"]}]),
    };
    let mut pods = 0;
    for mut pod in store.objects("v1", "pods") {
        if !is_of(store, &pod, &uid) {
            continue;
        }
        pods += 1;
        let on_delete = object["spec"]["updateStrategy"]["type"] == "OnDelete";
        if !on_delete {
            renew(&mut pod, &containers, killed && pods == 1);
            store.replace("v1", "pods", &pod);
        }
    }
    object["status"] = json!({
        "observedGeneration": object["metadata"]["generation"],
        "replicas": pods, "availableReplicas": pods, "updatedReplicas": pods, "readyReplicas": pods,
        "updateRevision": "new", "currentRevision": "new",
        "desiredNumberScheduled": pods, "updatedNumberScheduled": pods, "numberAvailable": pods,
        "currentNumberScheduled": pods, "numberReady": pods,
    });
    if OPERATED.contains(&kind.1) {
        operated(&mut object, true);
    }
    if kind.1 == "rollouts" {
        let mut status = object["status"].clone();
        as_rollout(store, &object, &mut status);
        status["phase"] = "Healthy".into();
        object["status"] = status;
    }
    store.replace(kind.0, kind.1, &object);
}

fn renew(pod: &mut Value, containers: &Value, killed: bool) {
    let number = pod["metadata"]["generation"].as_i64().unwrap_or(0) + 1;
    pod["metadata"]["generation"] = number.into();
    let uid = pod["metadata"]["uid"].as_str().unwrap().to_owned();
    let base = uid.split('+').next().unwrap().to_owned();
    pod["metadata"]["uid"] = format!("{base}+{number}").into();
    let mut statuses = Vec::new();
    for container in containers.as_array().unwrap() {
        let own = pod["spec"]["containers"].as_array_mut().unwrap();
        let own = own
            .iter_mut()
            .find(|it| it["name"] == container["name"])
            .unwrap();
        for key in ["resources", "env"] {
            if container[key].is_null() {
                own.as_object_mut().unwrap().remove(key);
            } else {
                own[key] = container[key].clone();
            }
        }
        let mut status = json!({"name": container["name"], "restartCount": 0, "ready": true,
            "image": "i", "imageID": "", "state": {"running": {}}});
        if killed {
            status["restartCount"] = 1.into();
            status["lastState"] = json!({"terminated": {"reason": "OOMKilled", "exitCode": 137}});
        }
        statuses.push(status);
    }
    pod["status"]["containerStatuses"] = statuses.into();
}

fn found(store: &Store, (api_version, plural): (&str, &str), name: &str) -> Value {
    let mut all = store.objects(api_version, plural).into_iter();
    all.find(|it| it["metadata"]["name"] == name).unwrap()
}

/// Whether a pod belongs to an object, by a ReplicaSet between them or without.
fn is_of(store: &Store, pod: &Value, uid: &Value) -> bool {
    let owner = |object: &Value| object["metadata"]["ownerReferences"][0]["uid"].clone();
    let first = owner(pod);
    if first == *uid {
        return true;
    }
    let sets = ["replicasets", "statefulsets"].map(|plural| store.objects("apps/v1", plural));
    let mut sets = sets.into_iter().flatten();
    let set = sets.find(|it| it["metadata"]["uid"] == first);
    set.is_some_and(|set| owner(&set) == *uid)
}
