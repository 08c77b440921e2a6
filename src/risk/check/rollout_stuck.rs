use super::Reading;
use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::text::quote;
use crate::units::days_between;

/// A Deployment whose new pods do not get ready, so that the old ones stay.
pub(super) struct RolloutStuck;

impl Check for RolloutStuck {
    fn name(&self) -> &'static str {
        "rollout_stuck"
    }

    fn summary(&self) -> &'static str {
        "rollouts that have passed their deadline"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload(|index, workload| {
            if workload.conditions.is_empty() && workload.id.kind == "Deployment" {
                return Reading::of(workload).unknown().unwrap_or_default();
            }
            let mut conditions = workload.conditions.iter();
            let Some(stuck) = conditions.find(|it| it.is("Progressing", "False")) else {
                return Sought::fine();
            };
            let now = seen.snapshot.taken_at;
            let passed = stuck.since.map_or_else(String::new, |since| {
                format!(" for {}", lasting(days_between(since, now)))
            });
            let (namespace, name) = (&workload.id.namespace, &workload.id.name);
            let undo = format!(
                "see why its new pods are not ready, or go back: `kubectl -n {} rollout undo {}`",
                quote(namespace),
                quote(&format!("deployment/{name}"))
            );
            Sought::risk(Risk {
                severity: Severity::Medium,
                confidence: Confidence::High,
                since: stuck.since,
                text: format!("its rollout has passed its deadline{passed}"),
                evidence: vec![Evidence::text(
                    "reason",
                    stuck.reason.as_deref().unwrap_or("unknown"),
                )],
                action: Action::new(undo),
                ..seen.risk(self.name(), index)
            })
        })
    }
}
