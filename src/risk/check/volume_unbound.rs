use super::hangs;
use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought, Subject};
use crate::snapshot::{Pod, VolumeClaim};
use crate::units::{days_between, len_f64};

/// Claims without a volume, although a pod wants it.
pub(super) struct VolumeUnbound;

impl Check for VolumeUnbound {
    fn name(&self) -> &'static str {
        "volume_unbound"
    }

    fn summary(&self) -> &'static str {
        "claims whose volume is lost, or never comes although a pod waits for it"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.once(|| {
            let claims = seen.snapshot.cluster.volume_claims.iter();
            claims.map(|claim| self.of(seen, claim)).collect()
        })
    }
}

impl VolumeUnbound {
    fn of(&self, seen: &Seen<'_>, claim: &VolumeClaim) -> Sought {
        if claim.phase == "Bound" {
            return Sought::fine();
        }
        let now = seen.snapshot.taken_at;
        let inside = seen.in_namespace(&claim.namespace);
        let waits = |pod: &&Pod| hangs(seen, pod) && pod.volume_claims.contains(&claim.name);
        let all = inside
            .iter()
            .map(|index| (*index, &seen.snapshot.workloads[*index]));
        let held = all.filter_map(|(index, it)| {
            let pods: Vec<&Pod> = it.pods.iter().filter(waits).collect();
            // A volume may be made only when its pod has a node, so what the scheduler says
            // tells what waits for what.
            let mut events = it.events.iter();
            let told = events.any(|it| it.is("FailedScheduling", "volume"));
            let counts = told || !seen.snapshot.cluster.has_events;
            (counts && !pods.is_empty()).then_some((index, pods))
        });
        let held: Vec<(usize, Vec<&Pod>)> = held.collect();
        let since = held
            .iter()
            .flat_map(|(_, pods)| pods)
            .filter_map(|it| it.created)
            .min();
        let (severity, text, action) = match (claim.phase.as_str(), since) {
            ("Lost", _) => (
                Severity::High,
                "its volume is gone, and with it what it held".to_owned(),
                "restore it from a backup: a claim that lost its volume stays lost",
            ),
            ("Pending", Some(since)) => (
                Severity::High,
                format!(
                    "a pod waits for its volume, which was not made for {}",
                    lasting(days_between(since, now))
                ),
                "see why: `kubectl describe pvc`, its StorageClass, and the quota of disks",
            ),
            // Until a pod wants it, it may wait (`WaitForFirstConsumer`).
            ("Pending", None) => return Sought::fine(),
            _ => {
                return Sought::unknown(
                    "volume claim",
                    "whose state was not read",
                    "take the snapshot again, or add claims to `--objects` as `kubectl get` prints them",
                );
            }
        };
        Sought::risk(Risk {
            concerns: held.iter().map(|(index, _)| *index).collect(),
            severity,
            confidence: if seen.snapshot.cluster.has_events {
                Confidence::High
            } else {
                Confidence::Medium
            },
            since,
            text,
            evidence: vec![
                Evidence::text("phase", claim.phase.clone()),
                Evidence::number("workloads_waiting", len_f64(held.len())),
            ],
            action: Action::new(action),
            ..Risk::on(
                self.name(),
                Subject::of("PersistentVolumeClaim", &claim.namespace, &claim.name),
            )
        })
    }
}
