//! What objects say of how they are, in the words of Kubernetes alone.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{self, ContainerState, PodStatus};

use crate::snapshot::{Condition, Eviction, Probe, ProbeKind};

/// Conditions of one object that are kept at most.
const MOST: usize = 32;

/// Reasons for waiting that every container has for a moment.
const USUAL: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// The conditions of any kind of object: each says the same four things.
macro_rules! conditions {
    ($conditions:expr) => {
        $conditions
            .into_iter()
            .flatten()
            .map(|it| {
                let since = it.last_transition_time.as_ref().map(|time| time.0);
                (
                    it.type_.as_str(),
                    it.status.as_str(),
                    it.reason.as_deref(),
                    since,
                )
            })
            .filter_map($crate::collect::objects::state::condition)
            .take($crate::collect::objects::state::most())
            .collect::<Vec<_>>()
    };
}
pub(super) use conditions;

pub(super) fn most() -> usize {
    MOST
}

pub(super) fn condition(
    (kind, status, reason, since): (&str, &str, Option<&str>, Option<Timestamp>),
) -> Option<Condition> {
    Some(Condition {
        kind: word(kind)?,
        status: word(status)?,
        reason: reason.and_then(word),
        cause: None,
        since,
    })
}

/// A reason or a type: one word. Anything else is no word of Kubernetes, and is not kept.
pub(super) fn word(text: &str) -> Option<String> {
    /// Longer than any.
    const LONGEST: usize = 64;
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '/' | '-' | '_');
    let is_word = !text.is_empty() && text.len() <= LONGEST && text.chars().all(plain);
    is_word.then(|| text.to_owned())
}

/// Why a container waits, unless it is about to start.
pub(super) fn waiting(state: Option<&ContainerState>) -> Option<String> {
    let reason = state?.waiting.as_ref()?.reason.as_deref()?;
    word(reason).filter(|it| !USUAL.contains(&it.as_str()))
}

pub(super) fn probes(container: &v1::Container) -> Vec<Probe> {
    let all = [
        (ProbeKind::Liveness, &container.liveness_probe),
        (ProbeKind::Startup, &container.startup_probe),
        (ProbeKind::Readiness, &container.readiness_probe),
    ];
    let given = all
        .into_iter()
        .filter_map(|(kind, it)| Some((kind, it.as_ref()?)));
    given.map(|(kind, it)| probe(kind, it)).collect()
}

/// With the defaults of the API server where nothing is said, as in a manifest.
///
/// Source: `SetDefaults_Probe` of kubernetes `pkg/apis/core/v1/defaults.go`.
fn probe(kind: ProbeKind, probe: &v1::Probe) -> Probe {
    let or = |value: Option<i32>, default: u32| {
        let given = value.and_then(|it| u32::try_from(it).ok());
        given.filter(|it| *it > 0).unwrap_or(default)
    };
    Probe {
        kind,
        initial_delay_seconds: or(probe.initial_delay_seconds, 0),
        period_seconds: or(probe.period_seconds, 10),
        timeout_seconds: or(probe.timeout_seconds, 1),
        failure_threshold: or(probe.failure_threshold, 3),
    }
}

/// Whether a pod was put out by its node, and what that was short of.
pub(super) fn eviction(
    pod: &str,
    created: Option<Timestamp>,
    status: &PodStatus,
) -> Option<Eviction> {
    let reason = status.reason.as_deref().filter(|it| *it == "Evicted")?;
    let conditions = status.conditions.iter().flatten();
    let changed = conditions.filter_map(|it| it.last_transition_time.as_ref());
    let changed = changed.map(|time| time.0).max();
    let message = status.message.as_deref().unwrap_or_default();
    let resource = message.split_once("low on resource: ");
    let resource = resource.and_then(|(_, rest)| rest.split(['.', ',', ' ']).next());
    Some(Eviction {
        pod: pod.to_owned(),
        reason: reason.to_owned(),
        resource: resource.and_then(word),
        at: changed.or(created),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_are_kept() {
        assert_eq!(
            word("CrashLoopBackOff").as_deref(),
            Some("CrashLoopBackOff")
        );
        assert_eq!(word("token abc"), None);
        assert_eq!(word(""), None);
        assert_eq!(word(&"a".repeat(65)), None);
    }

    #[test]
    fn an_eviction_says_what_the_node_was_short_of() {
        let status = |reason: &str| PodStatus {
            reason: Some(reason.to_owned()),
            message: Some(
                "The node was low on resource: memory. Threshold quantity: 100Mi".to_owned(),
            ),
            ..PodStatus::default()
        };
        let evicted = eviction("api-0", None, &status("Evicted")).unwrap();
        assert_eq!(evicted.resource.as_deref(), Some("memory"));
        assert_eq!(eviction("api-0", None, &status("NodeLost")), None);
    }
}
