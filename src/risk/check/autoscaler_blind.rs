use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Autoscaler, Condition};
use crate::units::days_between;

/// An autoscaler that cannot read its metric, or cannot scale: it stays where it is
/// whatever comes.
pub(super) struct AutoscalerBlind;

/// Days that this may go on: a new pod has no metric for a minute or two.
const PATIENCE: f64 = 15.0 / (24.0 * 60.0);
/// Why it may rest on purpose.
const ON_PURPOSE: &str = "ScalingDisabled";

impl Check for AutoscalerBlind {
    fn name(&self) -> &'static str {
        "autoscaler_blind"
    }

    fn summary(&self) -> &'static str {
        "autoscalers that cannot read their metric, or cannot scale"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload(|index, workload| {
            let Some(scaler) = &workload.autoscaler else {
                return Sought::fine();
            };
            if scaler.conditions.is_empty() {
                return Sought::unknown(
                    "autoscaler",
                    "whose conditions were not read",
                    "take the snapshot again with this version of kcost",
                );
            }
            let now = seen.snapshot.taken_at;
            let broken = |it: &&Condition| {
                let long = it
                    .since
                    .is_none_or(|since| days_between(since, now) > PATIENCE);
                let off = it.is("ScalingActive", "False") || it.is("AbleToScale", "False");
                off && long && it.reason.as_deref() != Some(ON_PURPOSE)
            };
            match scaler.conditions.iter().find(broken) {
                Some(condition) => Sought::risk(self.risk(seen, index, scaler, condition)),
                None => Sought::fine(),
            }
        })
    }
}

impl AutoscalerBlind {
    fn risk(
        &self,
        seen: &Seen<'_>,
        index: usize,
        scaler: &Autoscaler,
        condition: &Condition,
    ) -> Risk {
        let now = seen.snapshot.taken_at;
        let reason = condition.reason.as_deref().unwrap_or("no reason given");
        let reads = condition.kind == "ScalingActive";
        let what = if reads {
            "cannot read its metric"
        } else {
            "cannot scale"
        };
        let passed = condition.since.map_or_else(String::new, |since| {
            format!(" for {}", lasting(days_between(since, now)))
        });
        let action = if reads {
            "see that every container requests what it scales on, and that the metrics API answers: \
             `kubectl describe hpa`"
        } else {
            "see that what it scales exists and has a scale: `kubectl describe hpa`"
        };
        Risk {
            severity: Severity::Medium,
            confidence: Confidence::High,
            since: condition.since,
            text: format!("autoscaler `{}` {what} ({reason}){passed}", scaler.name),
            evidence: vec![
                Evidence::text("autoscaler", scaler.name.clone()),
                Evidence::text("condition", condition.kind.clone()),
                Evidence::text("reason", reason),
            ],
            action: Action::new(action),
            ..seen.risk(self.name(), index)
        }
    }
}
