//! What becomes of pods when their template changes.

use serde_json::{Value, json};

use super::super::store::Store;

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

pub fn begin(store: &mut Store, plural: &str, name: &str, goes: Goes) {
    match goes {
        Goes::Ready => finish(store, plural, name, false),
        Goes::Killed => finish(store, plural, name, true),
        Goes::After(_) | Goes::Stuck => {
            let mut object = found(store, plural, name);
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
            object["status"] = status;
            store.replace("apps/v1", plural, &object);
        }
    }
}

/// All pods are of the new template.
pub fn finish(store: &mut Store, plural: &str, name: &str, killed: bool) {
    let mut object = found(store, plural, name);
    let uid = object["metadata"]["uid"].clone();
    let containers = object["spec"]["template"]["spec"]["containers"].clone();
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
    store.replace("apps/v1", plural, &object);
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

fn found(store: &Store, plural: &str, name: &str) -> Value {
    let mut all = store.objects("apps/v1", plural).into_iter();
    all.find(|it| it["metadata"]["name"] == name).unwrap()
}

/// Whether a pod belongs to an object, by a ReplicaSet between them or without.
fn is_of(store: &Store, pod: &Value, uid: &Value) -> bool {
    let owner = |object: &Value| object["metadata"]["ownerReferences"][0]["uid"].clone();
    let first = owner(pod);
    if first == *uid {
        return true;
    }
    let mut sets = store.objects("apps/v1", "replicasets").into_iter();
    let set = sets.find(|it| it["metadata"]["uid"] == first);
    set.is_some_and(|set| owner(&set) == *uid)
}
