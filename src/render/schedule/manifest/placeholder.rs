//! Pods of low priority that hold room on nodes until what they stand for comes.

use serde_json::json;

use super::cron::{changes, expression};
use super::cron_jobs::Patched;
use super::{Mover, Piece, Scaled};
use crate::schedule::Window;
use crate::units::Span;

/// Cluster autoscalers add no node for what is below this (`--expendable-pods-priority-cutoff`).
const PRIORITY: i64 = -10;

const PAUSE: &str = "registry.k8s.io/pause:3.10";

impl Scaled<'_> {
    /// Where nodes are what is waited for: pods that ask for them before the window begins,
    /// and give way to its own.
    pub(super) fn placeholder(self, mover: Mover) -> Vec<Piece> {
        let Some(lead) = self.plan.lead.as_ref() else {
            return Vec::new();
        };
        let room = lead.room.unwrap_or(u32::MAX);
        let waiting = self.plan.windows.iter().filter(|it| it.replicas > room);
        // As long as a node takes before the window, which begins early by that itself.
        let minutes = lead.node.span.as_secs().div_ceil(60).div_ceil(5) * 5;
        let early: Vec<Window> = waiting
            .map(|window| ahead(window, minutes, window.replicas - room))
            .collect();
        let Some(most) = early.iter().map(|it| it.replicas).max() else {
            return Vec::new();
        };
        let name = self.named("placeholder", 63);
        let class = json!({
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": "kcost-placeholder"},
            "value": PRIORITY,
            "preemptionPolicy": "Never",
            "globalDefault": false,
            "description": "Holds room on nodes, and gives way to any other pod.",
        });
        let labels = json!({"app.kubernetes.io/name": name});
        let replica = &self.plan.replica.with(self.plan.cores.unwrap_or(0.0));
        let deployment = json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": self.metadata(&name),
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "priorityClassName": "kcost-placeholder",
                        "terminationGracePeriodSeconds": 0,
                        "containers": [{
                            "name": "pause",
                            "image": PAUSE,
                            "resources": {"requests": {
                                "cpu": replica.cpu.to_string(),
                                "memory": replica.memory.to_string(),
                            }},
                        }],
                    },
                },
            },
        });
        let mut pieces = vec![
            Piece::Command(format!(
                "{most} placeholder pods ask for nodes {} before the window",
                Span::from_secs(minutes * 60)
            )),
            Piece::Object(class),
            Piece::Object(deployment),
        ];
        match mover {
            Mover::Keda => pieces.push(Piece::Object(json!({
                "apiVersion": "keda.sh/v1alpha1",
                "kind": "ScaledObject",
                "metadata": self.metadata(&name),
                "spec": {
                    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                    "minReplicaCount": 0,
                    "maxReplicaCount": most,
                    "triggers": self.crons(&early),
                },
            }))),
            Mover::CronJobs => {
                let Some(patched) = Patched::workload("Deployment", &name) else {
                    return Vec::new();
                };
                let account = self.named("placeholder-schedule", 63);
                pieces.extend(self.rights(&account, &patched));
                for (number, change) in changes(&early, 0).into_iter().enumerate() {
                    let own = self.named(&format!("placeholder-{}", number + 1), 52);
                    let schedule = expression(change.days, change.minute);
                    let patch = patched.patch(change.replicas);
                    pieces.push(self.cron_job(&own, &account, &schedule, &patched, &patch));
                }
            }
        }
        pieces
    }
}

/// The time before a window in which placeholders wait for nodes.
fn ahead(window: &Window, minutes: u32, replicas: u32) -> Window {
    const DAY: u32 = 24 * 60;
    let (days, start) = if window.start < minutes {
        (window.days.later(6), window.start + DAY - minutes)
    } else {
        (window.days, window.start - minutes)
    };
    Window {
        days,
        start,
        end: start + minutes,
        replicas,
        evidence: window.evidence.clone(),
    }
}
