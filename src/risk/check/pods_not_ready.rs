use super::Reading;
use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Condition, Pod, Workload};
use crate::text::count;
use crate::units::{days_between, len_f64};

/// Pods that run, and get no traffic because they are not ready.
pub(super) struct PodsNotReady;

/// Days that this may take: what starts slowly is no failure.
const PATIENCE: f64 = 15.0 / (24.0 * 60.0);

impl Check for PodsNotReady {
    fn name(&self) -> &'static str {
        "pods_not_ready"
    }

    fn summary(&self) -> &'static str {
        "pods that run and are not ready, so that nobody reaches them"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload(|index, workload| {
            if workload.is_batch() {
                return Sought::fine();
            }
            if let Some(unknown) = Reading::of(workload).unknown() {
                return unknown;
            }
            let now = seen.snapshot.taken_at;
            let waits = |pod: &Pod| {
                // Told by checks of their own.
                let mut containers = workload.containers.iter();
                containers.any(|it| it.waiting.iter().any(|it| it.pod == pod.name))
            };
            let unready = workload.pods.iter().filter_map(|pod| {
                let mut conditions = pod.conditions.iter();
                let ready = conditions.find(|it| it.is("Ready", "False"))?;
                let long = ready
                    .since
                    .is_some_and(|it| days_between(it, now) > PATIENCE);
                (pod.phase == "Running" && long && !waits(pod)).then_some(ready)
            });
            let unready: Vec<&Condition> = unready.collect();
            self.risk(seen, (index, workload), &unready)
                .map(Sought::risk)
                .unwrap_or_default()
        })
    }
}

impl PodsNotReady {
    fn risk(
        &self,
        seen: &Seen<'_>,
        (index, workload): (usize, &Workload),
        unready: &[&Condition],
    ) -> Option<Risk> {
        let since = unready.iter().filter_map(|it| it.since).min()?;
        let all = unready.len() >= workload.pods.len();
        let passed = lasting(days_between(since, seen.snapshot.taken_at));
        let reason = unready.iter().find_map(|it| it.reason.clone());
        Some(Risk {
            severity: match unready.len() {
                _ if all => Severity::Critical,
                1 => Severity::Medium,
                _ => Severity::High,
            },
            confidence: Confidence::High,
            since: Some(since),
            text: format!(
                "{} of {} {} and {} not ready, for up to {passed}: no Service sends {} anything",
                unready.len(),
                count(workload.pods.len(), "pod"),
                if unready.len() == 1 { "runs" } else { "run" },
                if unready.len() == 1 { "is" } else { "are" },
                if unready.len() == 1 { "it" } else { "them" },
            ),
            evidence: vec![
                Evidence::number("pods_not_ready", len_f64(unready.len())),
                Evidence::number("pods", len_f64(workload.pods.len())),
                Evidence::text("reason", reason.unwrap_or_else(|| "unknown".to_owned())),
            ],
            action: Action::new(
                "see what its readiness probe asks for, and what it waits for: `kubectl describe pod`",
            ),
            ..seen.risk(self.name(), index)
        })
    }
}
