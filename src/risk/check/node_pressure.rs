use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought, Subject};
use crate::snapshot::{Condition, Node};
use crate::units::{days_between, len_f64};

/// Nodes that are short of memory, disk or processes, or do not answer.
pub(super) struct NodePressure;

/// Days that a node may be away: a restart takes minutes.
const PATIENCE: f64 = 5.0 / (24.0 * 60.0);

/// What a node says, and means, and what to do.
const PRESSURES: [(&str, &str, &str); 3] = [
    (
        "MemoryPressure",
        "is short of memory and evicts pods",
        "move pods away, and raise memory requests to what is advised",
    ),
    (
        "DiskPressure",
        "is short of disk and evicts pods",
        "remove images and logs, or give it a larger disk",
    ),
    (
        "PIDPressure",
        "is short of processes and evicts pods",
        "find the pod that starts so many, or raise `podPidsLimit`",
    ),
];

impl Check for NodePressure {
    fn name(&self) -> &'static str {
        "node_pressure"
    }

    fn summary(&self) -> &'static str {
        "nodes under pressure of memory, disk or processes, and nodes that do not answer"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        let nodes = seen.snapshot.cluster.nodes.iter().enumerate();
        seen.once(|| {
            nodes
                .map(|(place, node)| self.of(seen, place, node))
                .collect()
        })
    }
}

impl NodePressure {
    fn of(&self, seen: &Seen<'_>, place: usize, node: &Node) -> Sought {
        if node.conditions.is_empty() {
            return Sought::unknown(
                "node",
                "whose conditions were not read",
                "take the snapshot again with this version of kcost",
            );
        }
        let now = seen.snapshot.taken_at;
        let said = PRESSURES.iter().filter_map(|(kind, means, action)| {
            let mut conditions = node.conditions.iter();
            let condition = conditions.find(|it| it.is(kind, "True"))?;
            Some((condition, *means, *action))
        });
        let away = node.conditions.iter().find(|it| {
            let long = it
                .since
                .is_none_or(|since| days_between(since, now) > PATIENCE);
            it.kind == "Ready" && it.status != "True" && long
        });
        // One that is cordoned may be on its way out.
        let away = away.filter(|_| !node.unschedulable).map(|it| {
            let action = "see what its kubelet says, or replace the node";
            (it, "does not answer", action)
        });
        let risks = said.chain(away).map(|(condition, means, action)| {
            Sought::risk(self.risk(seen, (place, node), condition, (means, action)))
        });
        risks.collect()
    }

    fn risk(
        &self,
        seen: &Seen<'_>,
        (place, node): (usize, &Node),
        condition: &Condition,
        (means, action): (&str, &str),
    ) -> Risk {
        let now = seen.snapshot.taken_at;
        let passed = condition.since.map_or_else(String::new, |since| {
            format!(", for {}", lasting(days_between(since, now)))
        });
        let concerns = seen.nodes.get(place).map(|it| it.workloads.clone());
        let concerns = concerns.unwrap_or_default();
        let on_it = len_f64(concerns.len());
        Risk {
            concerns,
            severity: Severity::High,
            confidence: Confidence::High,
            since: condition.since,
            text: format!("it {means}{passed}"),
            evidence: vec![
                Evidence::text("condition", condition.kind.clone()),
                Evidence::text("status", condition.status.clone()),
                Evidence::number("workloads_on_it", on_it),
            ],
            action: Action::new(action),
            ..Risk::on(self.name(), Subject::node(&node.name))
        }
    }
}
