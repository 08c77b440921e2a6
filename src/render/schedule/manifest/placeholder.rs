//! Pods of low priority that hold room on nodes until what they stand for comes.

use serde_json::{Value, json};

use super::cron::{changes, expression};
use super::cron_jobs::Patched;
use super::resources::Wanted;
use super::{Mover, Piece, Scaled, placed};
use crate::schedule::{Apart, Window};
use crate::snapshot::Placement;
use crate::units::{Cpu, Span, float};

/// Cluster autoscalers add no node for what is below this (`--expendable-pods-priority-cutoff`).
const PRIORITY: i64 = -10;

/// The label that tells nodes apart.
const HOSTNAME: &str = "kubernetes.io/hostname";

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
        let deployment = json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": self.metadata(&name),
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": self.standing_for(&name),
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

impl Scaled<'_> {
    /// The pod that stands for one of the workload: as large, and kept to nodes by the same
    /// labels, taints, and rules that keep its pods apart.
    fn standing_for(self, name: &str) -> Value {
        let replica = &self.plan.replica.with(self.plan.cores.unwrap_or(0.0));
        let count = self.containers_of(replica.cpu, replica.memory);
        let share = 1.0 / float(count);
        let (cpu, memory) = (replica.cpu.scale(share), replica.memory.scale(share));
        let cpu = cpu.round_up_to(Cpu::millicores(1));
        let resources = self.admitted(&Wanted {
            cpu,
            memory,
            cpu_limit: cpu,
            memory_limit: None,
        });
        let containers = (0..count).map(|number| {
            let name = match number {
                0 => "pause".to_owned(),
                _ => format!("pause-{number}"),
            };
            json!({"name": name, "image": PAUSE, "resources": resources})
        });
        let mut spec = json!({
            "priorityClassName": "kcost-placeholder",
            "terminationGracePeriodSeconds": 0,
            "containers": containers.collect::<Vec<Value>>(),
        });
        let mut pods = self.workload.pods.iter();
        let placement = pods.find_map(|it| self.workload.placement(it));
        let Some(placement) = placement.or(self.workload.placement.as_ref()) else {
            return spec;
        };
        for (field, value) in placed::fields(placement) {
            spec[field] = value;
        }
        let alone = match self.plan.lead.as_ref().and_then(|it| it.apart) {
            Some(Apart::AntiAffinity) => Some(own_term(placement)),
            Some(Apart::HostPort) => Some(None),
            _ => None,
        };
        if let Some(theirs) = alone {
            // No two on a node, and none beside a pod that it cannot make room for.
            let own = json!({
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
                "topologyKey": HOSTNAME,
            });
            let terms: Vec<Value> = std::iter::once(own).chain(theirs).collect();
            let key = "requiredDuringSchedulingIgnoredDuringExecution";
            spec["affinity"]["podAntiAffinity"] = json!({key: terms});
        }
        spec
    }
}

/// The first of its terms about the pods of a node.
fn own_term(placement: &Placement) -> Option<Value> {
    let mut terms = placement.anti_affinity.iter();
    let term = terms.find(|it| it.topology_key == HOSTNAME && it.namespaces.is_empty())?;
    let selector = term.selector.as_ref()?;
    let expressions = selector.expressions.iter().map(placed::requirement);
    let mut chosen = json!({});
    if !selector.labels.is_empty() {
        chosen["matchLabels"] = placed::labels(&selector.labels);
    }
    if !selector.expressions.is_empty() {
        chosen["matchExpressions"] = Value::Array(expressions.collect());
    }
    Some(json!({"labelSelector": chosen, "topologyKey": HOSTNAME}))
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
