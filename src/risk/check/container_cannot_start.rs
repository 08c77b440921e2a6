use super::Reading;
use crate::recommend::Confidence;
use crate::risk::severity::by_replicas;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Container, Workload};
use crate::text::count;
use crate::units::{days_between, len_f64};

/// Containers that never get as far as running: their image does not come, or what they
/// are made with is missing.
pub(super) struct ContainerCannotStart;

/// Days that this may go on: a slow registry needs minutes.
const PATIENCE: f64 = 5.0 / (24.0 * 60.0);

/// Why a container waits, what that means, and what to do. Words of the kubelet.
const REASONS: [(&str, &str, &str); 9] = [
    ("ErrImagePull", PULL, PULL_ACTION),
    ("ImagePullBackOff", PULL, PULL_ACTION),
    ("RegistryUnavailable", PULL, PULL_ACTION),
    ("ImageInspectError", PULL, PULL_ACTION),
    (
        "InvalidImageName",
        "its image has no valid name",
        "correct the name of the image",
    ),
    (
        "ErrImageNeverPull",
        "its image is not on the node and may not be pulled",
        "allow it to be pulled: `imagePullPolicy: IfNotPresent`",
    ),
    (
        "CreateContainerConfigError",
        "a Secret or ConfigMap that it names, or a key in it, is missing",
        "create what it names: `kubectl describe pod` says what",
    ),
    ("CreateContainerError", RUNTIME, RUNTIME_ACTION),
    ("RunContainerError", RUNTIME, RUNTIME_ACTION),
];
const PULL: &str = "its image cannot be pulled";
const PULL_ACTION: &str =
    "check the image's name and tag, the pull secret, and the way to the registry";
const RUNTIME: &str = "the container runtime cannot start it";
const RUNTIME_ACTION: &str =
    "check its command, mounts and security context: `kubectl describe pod` says which";

impl Check for ContainerCannotStart {
    fn name(&self) -> &'static str {
        "container_cannot_start"
    }

    fn summary(&self) -> &'static str {
        "images that cannot be pulled, and containers that cannot be created"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload(|index, workload| {
            if let Some(unknown) = Reading::of(workload).unknown() {
                return unknown;
            }
            let containers = workload.containers.iter();
            containers
                .map(|container| self.of(seen, (index, workload), container))
                .collect()
        })
    }
}

impl ContainerCannotStart {
    fn of(
        &self,
        seen: &Seen<'_>,
        (index, workload): (usize, &Workload),
        container: &Container,
    ) -> Sought {
        let known = |reason: &str| REASONS.iter().find(|(name, ..)| *name == reason);
        let now = seen.snapshot.taken_at;
        // A container that waits has no time of its own: its pod is at least as old.
        let created = |pod: &str| {
            let mut pods = workload.pods.iter();
            pods.find(|it| it.name == pod).and_then(|it| it.created)
        };
        let waiting = container.waiting.iter().filter(|it| {
            let since = created(&it.pod);
            let long = since.is_none_or(|since| days_between(since, now) > PATIENCE);
            known(&it.reason).is_some() && long
        });
        let mut waiting = waiting.peekable();
        let Some((reason, means, action)) = waiting.peek().and_then(|it| known(&it.reason)) else {
            return Sought::fine();
        };
        let pods: Vec<&str> = waiting.map(|it| it.pod.as_str()).collect();
        let since = pods.iter().filter_map(|pod| created(pod)).min();
        let passed = since.map_or_else(String::new, |since| {
            format!(", for up to {}", lasting(days_between(since, now)))
        });
        Sought::risk(Risk {
            container: Some(container.name.clone()),
            severity: by_replicas(pods.len(), workload.pods.len()),
            confidence: Confidence::High,
            since,
            text: format!(
                "{means} ({reason}) in {} of {}{passed}",
                pods.len(),
                count(workload.pods.len(), "pod")
            ),
            evidence: vec![
                Evidence::text("reason", *reason),
                Evidence::number("pods_waiting", len_f64(pods.len())),
                Evidence::number("pods", len_f64(workload.pods.len())),
            ],
            action: Action::new(*action),
            ..seen.risk(self.name(), index)
        })
    }
}
