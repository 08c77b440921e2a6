use std::collections::BTreeSet;

use super::{Reading, hangs, without_events};
use crate::recommend::Confidence;
use crate::risk::severity::by_replicas;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Event, Pod, Workload};
use crate::text::count;
use crate::units::{days_between, len_f64};

/// Pods that wait on their node for a volume.
pub(super) struct VolumeNotMounted;

/// Reasons of warnings, what their message names, and what to do.
const REASONS: [(&str, Option<&str>, &str, &str); 4] = [
    (
        "FailedAttachVolume",
        Some("multi_attach"),
        "its volume is still attached to another node",
        "see whether that node is gone for good, and delete the pod that had it there",
    ),
    (
        "FailedAttachVolume",
        None,
        "its volume cannot be attached to its node",
        "see the volume's zone, and how many volumes its node can attach",
    ),
    (
        "FailedMount",
        Some("missing"),
        "a Secret or ConfigMap that it mounts is missing",
        "create what it names: `kubectl describe pod` says what",
    ),
    (
        "FailedMount",
        None,
        "its volume cannot be mounted",
        "see what the driver says: `kubectl describe pod`, and the driver's pod on that node",
    ),
];

impl Check for VolumeNotMounted {
    fn name(&self) -> &'static str {
        "volume_not_mounted"
    }

    fn summary(&self) -> &'static str {
        "pods that wait on their node for a volume that does not come"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload(|index, workload| {
            let waits = |pod: &&Pod| hangs(seen, pod) && pod.node.is_some();
            let waiting: Vec<&Pod> = workload.pods.iter().filter(waits).collect();
            if waiting.is_empty() {
                return Reading::of(workload).unknown().unwrap_or_default();
            }
            if !seen.snapshot.cluster.has_events {
                return without_events(
                    "with pods that wait on their node, and whose events were not read",
                );
            }
            let of = |event: &&Event| waiting.iter().any(|pod| pod.name == event.name);
            let mut reasons = REASONS.iter();
            let risk = reasons.find_map(|reason| {
                let fits = |it: &&Event| {
                    it.reason == reason.0
                        && reason.1.is_none_or(|_| it.cause.as_deref() == reason.1)
                };
                let told: Vec<&Event> = workload.events.iter().filter(of).filter(fits).collect();
                self.risk(
                    seen,
                    (index, workload),
                    (reason.0, reason.2, reason.3),
                    (&told, &waiting),
                )
            });
            risk.map(Sought::risk).unwrap_or_default()
        })
    }
}

impl VolumeNotMounted {
    fn risk(
        &self,
        seen: &Seen<'_>,
        (index, workload): (usize, &Workload),
        (reason, means, action): (&str, &str, &str),
        (told, waiting): (&[&Event], &[&Pod]),
    ) -> Option<Risk> {
        let pods: BTreeSet<&str> = told.iter().map(|it| it.name.as_str()).collect();
        let last = told.iter().filter_map(|it| it.last).max()?;
        let hit = waiting
            .iter()
            .filter(|pod| pods.contains(pod.name.as_str()));
        let since = hit.filter_map(|pod| pod.created).min()?;
        let passed = lasting(days_between(since, seen.snapshot.taken_at));
        Some(Risk {
            severity: by_replicas(pods.len(), workload.pods.len()),
            confidence: Confidence::High,
            since: Some(since),
            text: format!(
                "{means} ({reason}) in {} of {}, for up to {passed}",
                pods.len(),
                count(workload.pods.len(), "pod"),
            ),
            evidence: vec![
                Evidence::text("reason", reason),
                Evidence::number("pods_waiting", len_f64(pods.len())),
                Evidence::number("pods", len_f64(workload.pods.len())),
                Evidence::time("last_failure", last),
            ],
            action: Action::new(action),
            ..seen.risk(self.name(), index)
        })
    }
}
