use serde_json::json;

use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::patch::spec;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought, Subject};
use crate::snapshot::{DisruptionBudget, Workload};
use crate::text::count;
use crate::units::len_f64;

/// A PodDisruptionBudget that lets no pod go although all are well: nodes under them
/// cannot be drained, updated or removed.
pub(super) struct DrainBlocked;

impl Check for DrainBlocked {
    fn name(&self) -> &'static str {
        "drain_blocked"
    }

    fn summary(&self) -> &'static str {
        "disruption budgets that stop every drain although all pods are well"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        let budgets = seen.snapshot.cluster.disruption_budgets.iter();
        seen.once(|| budgets.map(|budget| self.of(seen, budget)).collect())
    }
}

impl DrainBlocked {
    /// Too few are well: what it guards is in trouble, and it does what it is for.
    fn unwell(
        &self,
        seen: &Seen<'_>,
        budget: &DisruptionBudget,
        (healthy, wanted): (u32, u32),
    ) -> Sought {
        Sought::risk(Risk {
            severity: Severity::Medium,
            confidence: Confidence::High,
            concerns: seen.selected(&budget.namespace, &budget.selector),
            text: format!(
                "budget `{}` wants {wanted} healthy pods, and there are {healthy}",
                budget.name
            ),
            evidence: vec![
                Evidence::number("healthy_pods", f64::from(healthy)),
                Evidence::number("wanted_pods", f64::from(wanted)),
            ],
            action: Action::new("find out why its pods are not ready: `kubectl get pods`"),
            ..Risk::on(
                self.name(),
                Subject::of("PodDisruptionBudget", &budget.namespace, &budget.name),
            )
        })
    }

    /// Its selector may fit a workload that is scaled to nothing; else it is a slip.
    fn guards_nothing(&self, seen: &Seen<'_>, budget: &DisruptionBudget) -> Sought {
        let selected = seen.selected(&budget.namespace, &budget.selector);
        if budget.selector.is_empty() || !selected.is_empty() {
            return Sought::fine();
        }
        Sought::risk(Risk {
            severity: Severity::Low,
            confidence: Confidence::High,
            text: format!(
                "budget `{}` selects no pod, and guards nothing",
                budget.name
            ),
            evidence: vec![Evidence::number("expected_pods", 0.0)],
            action: Action::new("correct its selector, or delete it"),
            ..Risk::on(
                self.name(),
                Subject::of("PodDisruptionBudget", &budget.namespace, &budget.name),
            )
        })
    }

    fn of(&self, seen: &Seen<'_>, budget: &DisruptionBudget) -> Sought {
        if budget.disruptions_allowed > 0 {
            return Sought::fine();
        }
        // No pod at all: there is nothing to drain.
        if budget.expected == Some(0) {
            return self.guards_nothing(seen, budget);
        }
        if let (Some(healthy), Some(wanted)) = (budget.healthy, budget.wanted)
            && healthy < wanted
        {
            return self.unwell(seen, budget, (healthy, wanted));
        }
        // It waits for those that are not well, which is what it is for.
        if let (Some(healthy), Some(expected)) = (budget.healthy, budget.expected)
            && healthy < expected
        {
            return Sought::fine();
        }
        if budget.selector.is_empty() {
            return Sought::unknown(
                "disruption budget",
                "that allows no disruption, whose pods are told by more than labels",
                "",
            );
        }
        let concerns = seen.selected(&budget.namespace, &budget.selector);
        let workloads = concerns
            .iter()
            .map(|index| &seen.snapshot.workloads[*index]);
        let workloads: Vec<&Workload> = workloads.collect();
        let pods: usize = workloads.iter().map(|it| it.pods.len()).sum();
        // It counts on pods to come back, which is what it is for.
        let well = |it: &&&Workload| {
            it.missing().is_none() && it.pods.iter().all(|pod| pod.phase == "Running")
        };
        if pods == 0 || workloads.iter().filter(well).count() < workloads.len() {
            return Sought::fine();
        }
        let single = pods == 1;
        let action = if single {
            Action::new(
                "run a second replica, or delete the budget: with one pod it can only block",
            )
        } else {
            let body = json!({"maxUnavailable": 1, "minAvailable": null});
            Action::new("let one pod go at a time: `maxUnavailable: 1`").with(Some(spec(
                ("policy/v1", "PodDisruptionBudget"),
                &budget.namespace,
                &budget.name,
                &body,
            )))
        };
        Sought::risk(Risk {
            severity: Severity::Low,
            confidence: Confidence::High,
            text: format!(
                "budget `{}` allows no disruption of {}: no node under {} can be drained",
                budget.name,
                count(pods, "healthy pod"),
                if single { "it" } else { "them" }
            ),
            concerns,
            evidence: vec![
                Evidence::number("disruptions_allowed", f64::from(budget.disruptions_allowed)),
                Evidence::number("healthy_pods", len_f64(pods)),
            ],
            action,
            ..Risk::on(
                self.name(),
                Subject::of("PodDisruptionBudget", &budget.namespace, &budget.name),
            )
        })
    }
}
