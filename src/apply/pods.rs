//! Which pods an object has, and whether they are well.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

/// Restarts of each container of each pod, by pod and container, at one time.
pub(super) type Restarts = BTreeMap<(String, String), i64>;

/// What pods have restarted so far.
pub(super) fn restarts(pods: &[Value]) -> Restarts {
    let each = pods.iter().flat_map(|pod| {
        statuses(pod).map(move |it| (key(pod, it), it["restartCount"].as_i64().unwrap_or(0)))
    });
    each.collect()
}

/// Reasons that a container waits for which do not go away by waiting.
const BAD: [&str; 7] = [
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];

/// How long a pod may wait for a node, in seconds, before that counts as trouble.
const UNPLACED: i64 = 60;

/// What is wrong with these pods that was not so before, the first of it.
pub(super) fn trouble(pods: &[Value], before: &Restarts, now: Timestamp) -> Option<String> {
    pods.iter().find_map(|pod| {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        if pod["metadata"]["deletionTimestamp"].is_string() {
            return None;
        }
        let container = statuses(pod).find_map(|it| worse(pod, it, before));
        let trouble = container.or_else(|| unplaced(pod, now))?;
        Some(format!("pod {name}: {trouble}"))
    })
}

fn worse(pod: &Value, status: &Value, before: &Restarts) -> Option<String> {
    let name = status["name"].as_str().unwrap_or_default();
    let count = status["restartCount"].as_i64().unwrap_or(0);
    let known = before.get(&key(pod, status)).copied();
    if count > known.unwrap_or(0) {
        let ended = &status["lastState"]["terminated"];
        let why = ended["reason"].as_str().unwrap_or("it ended");
        return Some(format!("{name} restarted, {why}"));
    }
    let waiting = status["state"]["waiting"]["reason"].as_str()?;
    // What waited like that before the change was not brought by it.
    let is_new = known.is_none_or(|known| known == 0);
    (is_new && BAD.contains(&waiting)).then(|| format!("{name} waits, {waiting}"))
}

fn unplaced(pod: &Value, now: Timestamp) -> Option<String> {
    let conditions = pod["status"]["conditions"].as_array()?;
    let found = conditions.iter().find(|it| {
        it["type"] == "PodScheduled" && it["status"] == "False" && it["reason"] == "Unschedulable"
    })?;
    let since = pod["metadata"]["creationTimestamp"].as_str()?;
    let since: Timestamp = since.parse().ok()?;
    let message = found["message"].as_str().unwrap_or("no node takes it");
    (now.as_second() - since.as_second() > UNPLACED).then(|| message.to_owned())
}

fn statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    ["containerStatuses", "initContainerStatuses"]
        .into_iter()
        .filter_map(|list| pod["status"][list].as_array())
        .flatten()
}

fn key(pod: &Value, status: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let uid = &pod["metadata"]["uid"];
    (text(uid), text(&status["name"]))
}

/// The labels of an object's pods, as a selector of a list; `None` where it has none that
/// can be written so.
pub fn selector(object: &Value) -> Option<String> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    match object["kind"].as_str() {
        Some("Kafka") => return Some(format!("strimzi.io/cluster={name}")),
        Some("Prometheus" | "PrometheusAgent" | "Alertmanager" | "ThanosRuler") => {
            let managed = "app.kubernetes.io/managed-by=prometheus-operator";
            return Some(format!("{managed},app.kubernetes.io/instance={name}"));
        }
        _ => {}
    }
    let selector = &object["spec"]["selector"];
    // That of a DeploymentConfig is the labels themselves.
    let labels = selector["matchLabels"].as_object().or_else(|| {
        selector
            .as_object()
            .filter(|_| object["kind"] == "DeploymentConfig")
    })?;
    let pairs = labels
        .iter()
        .map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    let pairs: Option<Vec<String>> = pairs.collect();
    pairs.filter(|it| !it.is_empty()).map(|it| it.join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_new_is_trouble() {
        let pod = |restarts: i64, waiting: Option<&str>| {
            let mut pod = json!({"metadata": {"name": "a", "uid": "u"}, "status": {"containerStatuses": [
                {"name": "app", "restartCount": restarts,
                    "lastState": {"terminated": {"reason": "OOMKilled"}}}]}});
            if let Some(reason) = waiting {
                pod["status"]["containerStatuses"][0]["state"] =
                    json!({"waiting": {"reason": reason}});
            }
            vec![pod]
        };
        let now = Timestamp::UNIX_EPOCH;
        let before = restarts(&pod(3, None));
        assert_eq!(
            trouble(&pod(3, Some("CrashLoopBackOff")), &before, now),
            None
        );
        let worse = trouble(&pod(4, None), &before, now);
        assert_eq!(worse.as_deref(), Some("pod a: app restarted, OOMKilled"));
        let none = Restarts::new();
        let new = trouble(&pod(0, Some("ImagePullBackOff")), &none, now);
        assert_eq!(new.as_deref(), Some("pod a: app waits, ImagePullBackOff"));
        assert_eq!(
            trouble(&pod(0, Some("ContainerCreating")), &none, now),
            None
        );
    }
}
