//! Whether a rollout is through, or would begin at all.

use serde_json::Value;

/// How far a rollout is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rollout {
    Through,
    /// What it waits for.
    Waiting(String),
    /// Why it will not end well.
    Failed(String),
}

/// Kinds whose rollout can be followed to its end, or that have none.
pub(super) const FOLLOWED: [&str; 11] = [
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "Rollout",
    "DeploymentConfig",
    "Prometheus",
    "PrometheusAgent",
    "Alertmanager",
    "ThanosRuler",
    "Kafka",
];

/// How far the rollout of an object is, by the rules of `kubectl rollout status`; of a
/// Rollout of Argo by its phase, which its controller writes.
pub(super) fn rollout(object: &Value) -> Rollout {
    let kind = object["kind"].as_str().unwrap_or_default();
    if kind == "CronJob" || is_on_delete(object) {
        return Rollout::Through;
    }
    match kind {
        "Pod" => resize(object),
        "Kafka" => by_condition(object, "Ready"),
        "Prometheus" | "PrometheusAgent" | "Alertmanager" | "ThanosRuler" => operated(object),
        "Deployment" | "DeploymentConfig" | "Rollout" => deployed(object),
        "StatefulSet" => in_order(object),
        "DaemonSet" => on_nodes(object),
        _ => unseen(object).unwrap_or(Rollout::Through),
    }
}

fn number(object: &Value, path: &str) -> Option<i64> {
    object.pointer(path).and_then(whole)
}

/// A number of the status; 0 where it is not there.
fn status(object: &Value, name: &str) -> i64 {
    whole(&object["status"][name]).unwrap_or(0)
}

fn wanted(object: &Value) -> i64 {
    number(object, "/spec/replicas").unwrap_or(1)
}

/// Where the controller has not seen the change yet.
fn unseen(object: &Value) -> Option<Rollout> {
    let there = number(object, "/metadata/generation").unwrap_or(0);
    let seen = status(object, "observedGeneration") >= there;
    (!seen).then(|| Rollout::Waiting("the change has not been seen yet".to_owned()))
}

fn waits_for(ready: i64, all: i64, what: &str) -> Rollout {
    Rollout::Waiting(format!("{ready} of {all} pods are {what}"))
}

/// Of the Prometheus operator, whose conditions tell what it has seen.
fn operated(object: &Value) -> Rollout {
    let reconciled = by_condition(object, "Reconciled");
    if reconciled != Rollout::Through {
        return reconciled;
    }
    let updated = status(object, "updatedReplicas");
    let all = status(object, "replicas").max(wanted(object));
    if updated < all {
        return waits_for(updated, all, "updated");
    }
    let available = status(object, "availableReplicas");
    if available < updated {
        return waits_for(available, updated, "available");
    }
    Rollout::Through
}

fn deployed(object: &Value) -> Rollout {
    if let Some(unseen) = unseen(object) {
        return unseen;
    }
    if let Some(why) = stuck(object) {
        return Rollout::Failed(why);
    }
    if let Some(phase) = phase(object) {
        return phase;
    }
    let updated = status(object, "updatedReplicas");
    if updated < wanted(object) {
        return waits_for(updated, wanted(object), "updated");
    }
    if status(object, "replicas") > updated {
        let old = status(object, "replicas") - updated;
        return Rollout::Waiting(format!("old pods are still there: {old}"));
    }
    let available = status(object, "availableReplicas");
    if available < updated {
        return waits_for(available, updated, "available");
    }
    Rollout::Through
}

/// Of a StatefulSet, above its partition where it has one.
fn in_order(object: &Value) -> Rollout {
    if let Some(unseen) = unseen(object) {
        return unseen;
    }
    let wanted = wanted(object);
    let partition = number(object, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
    let updated = status(object, "updatedReplicas");
    if partition > 0 {
        let part = (wanted - partition).max(0);
        if updated < part {
            return waits_for(updated, part, "updated");
        }
    } else if object["status"]["updateRevision"] != object["status"]["currentRevision"] {
        return waits_for(updated, wanted, "updated");
    }
    let ready = status(object, "readyReplicas");
    if ready < wanted {
        return waits_for(ready, wanted, "ready");
    }
    Rollout::Through
}

fn on_nodes(object: &Value) -> Rollout {
    if let Some(unseen) = unseen(object) {
        return unseen;
    }
    let wanted = status(object, "desiredNumberScheduled");
    let updated = status(object, "updatedNumberScheduled");
    if updated < wanted {
        return waits_for(updated, wanted, "updated");
    }
    let available = status(object, "numberAvailable");
    if available < wanted {
        return waits_for(available, wanted, "available");
    }
    Rollout::Through
}

/// A whole number, which Rollouts write as a text.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// A condition of an object, by its type.
fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let mut all = object["status"]["conditions"].as_array()?.iter();
    all.find(|it| it["type"] == kind)
}

/// How far an operator is, by a condition that it writes when it is done with a generation.
fn by_condition(object: &Value, kind: &str) -> Rollout {
    let Some(found) = condition(object, kind) else {
        return Rollout::Waiting("its operator has not said anything of it".to_owned());
    };
    let seen = whole(&found["observedGeneration"]);
    let seen = seen.or_else(|| whole(&object["status"]["observedGeneration"]));
    if seen.unwrap_or(0) < whole(&object["metadata"]["generation"]).unwrap_or(0) {
        return Rollout::Waiting("the change has not been seen yet".to_owned());
    }
    if found["status"] == "True" {
        return Rollout::Through;
    }
    let said = found["message"].as_str().or(found["reason"].as_str());
    Rollout::Waiting(format!(
        "it is not {}: {}",
        kind.to_lowercase(),
        said.unwrap_or("no reason is given")
    ))
}

/// What the phase of a Rollout says, but that it is healthy.
fn phase(object: &Value) -> Option<Rollout> {
    let phase = object["status"]["phase"].as_str()?;
    let said = object["status"]["message"].as_str().unwrap_or_default();
    match phase {
        "Healthy" => None,
        "Degraded" => Some(Rollout::Failed(format!("it is degraded: {said}"))),
        other => Some(Rollout::Waiting(format!(
            "it is {}: {said}",
            other.to_lowercase()
        ))),
    }
}

/// Whether a Rollout has seen what has become of the Deployment that lends its template.
pub(super) fn has_seen(rollout: &Value, lender: &Value) -> bool {
    let seen = whole(&rollout["status"]["workloadObservedGeneration"]);
    let there = whole(&lender["metadata"]["generation"]);
    seen.unwrap_or(0) >= there.unwrap_or(0)
}

/// Why a rollout of this object would stop for somebody, or not begin at all.
pub(super) fn holds(object: &Value) -> Option<&'static str> {
    let strategy = &object["spec"]["strategy"];
    let steps = strategy["canary"]["steps"].as_array();
    let stops = |step: &Value| {
        let pause = step.get("pause");
        pause.is_some_and(|it| it["duration"].is_null())
    };
    if steps.is_some_and(|it| it.iter().any(stops)) {
        return Some("its canary stops at a pause until somebody promotes it");
    }
    if strategy["blueGreen"]["autoPromotionEnabled"] == false {
        return Some("somebody has to promote it");
    }
    let triggers = object["spec"]["triggers"].as_array();
    let waits = triggers.filter(|_| object["kind"] == "DeploymentConfig");
    let rolls = |it: &Value| it["type"] == "ConfigChange";
    if waits.is_some_and(|it| !it.iter().any(rolls)) {
        return Some("it has no trigger `ConfigChange`, so that nothing would roll out");
    }
    None
}

/// How far a pod is that changes in its place (KEP-1287).
fn resize(pod: &Value) -> Rollout {
    let conditions = pod["status"]["conditions"].as_array();
    let mut conditions = conditions.map_or(&[][..], Vec::as_slice).iter();
    let open = conditions.find(|it| {
        let kind = it["type"].as_str().unwrap_or_default();
        it["status"] == "True" && matches!(kind, "PodResizePending" | "PodResizeInProgress")
    });
    let Some(open) = open else {
        return Rollout::Through;
    };
    let text = |key: &str| open[key].as_str().filter(|it| !it.is_empty());
    let said = text("message").or(text("reason")).unwrap_or("in progress");
    if open["reason"] == "Infeasible" {
        return Rollout::Failed(format!("it cannot be resized: {said}"));
    }
    Rollout::Waiting(format!("it is being resized: {said}"))
}

/// Whether running pods stay as they are until somebody deletes them.
pub fn is_on_delete(object: &Value) -> bool {
    object["spec"]["updateStrategy"]["type"] == "OnDelete"
}

/// Why a Deployment makes no progress any more, where its conditions say so.
fn stuck(object: &Value) -> Option<String> {
    let conditions = object["status"]["conditions"].as_array()?;
    let found = conditions.iter().find(|it| {
        let late = it["type"] == "Progressing" && it["reason"] == "ProgressDeadlineExceeded";
        let refused = it["type"] == "ReplicaFailure" && it["status"] == "True";
        late || refused
    })?;
    let said = found["message"]
        .as_str()
        .or_else(|| found["reason"].as_str());
    Some(said.unwrap_or("it makes no progress").to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::pods::selector;
    use super::*;

    fn deployment(observed: i64, updated: i64, all: i64, available: i64) -> Value {
        json!({
            "kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 3},
            "status": {"observedGeneration": observed, "updatedReplicas": updated,
                "replicas": all, "availableReplicas": available},
        })
    }

    fn waits(object: &Value) -> String {
        match rollout(object) {
            Rollout::Waiting(what) => what,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_deployment_is_through_when_kubectl_says_so() {
        assert_eq!(
            waits(&deployment(1, 3, 3, 3)),
            "the change has not been seen yet"
        );
        assert_eq!(waits(&deployment(2, 1, 3, 3)), "1 of 3 pods are updated");
        assert_eq!(
            waits(&deployment(2, 3, 4, 3)),
            "old pods are still there: 1"
        );
        assert_eq!(waits(&deployment(2, 3, 3, 2)), "2 of 3 pods are available");
        assert_eq!(rollout(&deployment(2, 3, 3, 3)), Rollout::Through);
        let mut late = deployment(2, 1, 3, 3);
        late["status"]["conditions"] =
            json!([{"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "no"}]);
        assert_eq!(rollout(&late), Rollout::Failed("no".to_owned()));
    }

    #[test]
    fn sets_are_through_when_their_pods_are_new_and_ready() {
        let mut set = json!({
            "kind": "StatefulSet", "metadata": {"generation": 1}, "spec": {"replicas": 2},
            "status": {"observedGeneration": 1, "updatedReplicas": 1, "readyReplicas": 2,
                "updateRevision": "b", "currentRevision": "a"},
        });
        assert_eq!(waits(&set), "1 of 2 pods are updated");
        set["status"]["currentRevision"] = json!("b");
        assert_eq!(rollout(&set), Rollout::Through);
        set["status"]["readyReplicas"] = json!(1);
        assert_eq!(waits(&set), "1 of 2 pods are ready");
        set["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
        assert_eq!(rollout(&set), Rollout::Through);
        let set = json!({
            "kind": "DaemonSet", "metadata": {"generation": 1},
            "status": {"observedGeneration": 1, "desiredNumberScheduled": 3,
                "updatedNumberScheduled": 3, "numberAvailable": 2},
        });
        assert_eq!(waits(&set), "2 of 3 pods are available");
    }

    #[test]
    fn a_rollout_is_through_when_its_phase_says_so() {
        let mut rollout_of = json!({
            "kind": "Rollout", "metadata": {"generation": 3}, "spec": {"replicas": 2},
            "status": {"observedGeneration": "2", "phase": "Healthy", "updatedReplicas": 2,
                "replicas": 2, "availableReplicas": 2, "workloadObservedGeneration": "4"},
        });
        assert_eq!(waits(&rollout_of), "the change has not been seen yet");
        rollout_of["status"]["observedGeneration"] = json!("3");
        assert_eq!(rollout(&rollout_of), Rollout::Through);
        rollout_of["status"]["phase"] = json!("Progressing");
        rollout_of["status"]["message"] = json!("more replicas need to be updated");
        assert_eq!(
            waits(&rollout_of),
            "it is progressing: more replicas need to be updated"
        );
        rollout_of["status"]["phase"] = json!("Degraded");
        assert!(matches!(rollout(&rollout_of), Rollout::Failed(_)));
        let lender = |generation| json!({"metadata": {"generation": generation}});
        assert!(has_seen(&rollout_of, &lender(4)) && !has_seen(&rollout_of, &lender(5)));
        let canary = |pause: Value| json!({"spec": {"strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": pause}]}}}});
        assert!(holds(&canary(json!({}))).is_some());
        assert_eq!(holds(&canary(json!({"duration": "1m"}))), None);
    }

    #[test]
    fn what_an_operator_runs_is_through_when_it_says_so() {
        let condition = |kind: &str, status: &str, seen: i64| json!({"type": kind, "status": status, "observedGeneration": seen, "message": "brokers roll"});
        let mut kafka = json!({"kind": "Kafka", "metadata": {"generation": 3, "name": "k"},
            "status": {"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "True"}]}});
        assert_eq!(waits(&kafka), "the change has not been seen yet");
        kafka["status"]["observedGeneration"] = json!(3);
        assert_eq!(rollout(&kafka), Rollout::Through);
        kafka["status"]["conditions"] = json!([condition("Ready", "False", 3)]);
        assert_eq!(waits(&kafka), "it is not ready: brokers roll");
        assert_eq!(selector(&kafka).as_deref(), Some("strimzi.io/cluster=k"));
        let mut prometheus = json!({"kind": "Prometheus", "metadata": {"generation": 2},
            "spec": {"replicas": 2}, "status": {"replicas": 2, "updatedReplicas": 1, "availableReplicas": 2,
                "conditions": [condition("Reconciled", "True", 1)]}});
        assert_eq!(waits(&prometheus), "the change has not been seen yet");
        prometheus["status"]["conditions"] = json!([condition("Reconciled", "True", 2)]);
        assert_eq!(waits(&prometheus), "1 of 2 pods are updated");
        prometheus["status"]["updatedReplicas"] = json!(2);
        assert_eq!(rollout(&prometheus), Rollout::Through);
    }

    #[test]
    fn a_deployment_config_rolls_out_where_a_change_triggers_it() {
        let config = |triggers: Value| json!({"kind": "DeploymentConfig", "spec": {"selector": {"app": "a"}, "triggers": triggers}});
        assert_eq!(selector(&config(Value::Null)).as_deref(), Some("app=a"));
        assert_eq!(holds(&config(Value::Null)), None);
        assert_eq!(holds(&config(json!([{"type": "ConfigChange"}]))), None);
        assert!(holds(&config(json!([{"type": "ImageChange"}]))).is_some());
    }

    #[test]
    fn a_pod_that_is_resized_is_through_when_nothing_is_open() {
        let pod = |reason: &str| {
            json!({"kind": "Pod", "status": {"conditions": [
                {"type": "PodResizePending", "status": "True", "reason": reason}]}})
        };
        assert_eq!(waits(&pod("Deferred")), "it is being resized: Deferred");
        assert!(matches!(rollout(&pod("Infeasible")), Rollout::Failed(_)));
        assert_eq!(rollout(&json!({"kind": "Pod"})), Rollout::Through);
    }
}
