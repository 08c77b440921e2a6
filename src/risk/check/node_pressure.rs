use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::severity::within_a_week;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought, Subject};
use crate::snapshot::{Condition, Node, Spell};
use crate::text::count;
use crate::trend::comes_again;
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

/// Days for which it is of today.
const RECENT: f64 = 1.0;

/// What it said in the window, what to do, and how often it takes to be told. A node that
/// is started anew is away once.
const PAST: [(&str, &str, &str, usize); 4] = [
    (
        "MemoryPressure",
        "it was short of memory and evicted pods",
        PRESSURES[0].2,
        1,
    ),
    (
        "DiskPressure",
        "it was short of disk and evicted pods",
        PRESSURES[1].2,
        1,
    ),
    (
        "PIDPressure",
        "it was short of processes and evicted pods",
        PRESSURES[2].2,
        1,
    ),
    (
        "Ready",
        "it did not answer",
        "see what its kubelet says: it comes and goes",
        3,
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
        let mut all = if node.conditions.is_empty() {
            Sought::unknown(
                "node",
                "whose conditions were not read",
                "take the snapshot again with this version of kcost",
            )
        } else {
            Sought::fine()
        };
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
        let mut told = Vec::new();
        for (condition, means, action) in said.chain(away) {
            told.push(condition.kind.as_str());
            all = all.and(Sought::risk(self.risk(
                seen,
                (place, node),
                condition,
                (means, action),
            )));
        }
        let Some(spells) = &node.spells else {
            if node.conditions.is_empty() {
                return all;
            }
            return all.and(Sought::unknown(
                "node",
                "whose state over time is not known",
                "scrape `kube_node_status_condition` of kube-state-metrics",
            ));
        };
        let past = PAST.iter().filter(|(kind, ..)| !told.contains(kind));
        let past = past.filter_map(|way| {
            let own = spells.iter().filter(|it| it.kind == way.0);
            self.past(seen, (place, node), *way, &own.collect::<Vec<_>>())
        });
        all.and(past.map(Sought::risk).collect())
    }

    /// What comes and goes: a pressure that was there, and a node that is often away.
    fn past(
        &self,
        seen: &Seen<'_>,
        (place, node): (usize, &Node),
        (kind, said, action, fewest): (&str, &str, &str, usize),
        spells: &[&Spell],
    ) -> Option<Risk> {
        // Of a node that is cordoned it is known that it goes away.
        let counts = spells.len() >= fewest && !(kind == "Ready" && node.unschedulable);
        let (first, last) = (spells.first()?, spells.last().filter(|_| counts)?);
        let recent = days_between(last.until, seen.now) <= RECENT;
        let times = len_f64(spells.len());
        let lasted: f64 = spells
            .iter()
            .map(|it| days_between(it.from, it.until))
            .sum();
        let known = days_between(first.from, seen.now).max(seen.grid.span().as_days());
        let concerns = seen.nodes.get(place).map(|it| it.workloads.clone());
        Some(Risk {
            concerns: concerns.unwrap_or_default(),
            severity: if recent {
                Severity::Medium
            } else {
                Severity::Low
            },
            confidence: Confidence::High,
            since: Some(first.from),
            until: (!recent).then_some(last.until),
            chance: recent.then(|| within_a_week(comes_again(times, known, 7.0))),
            text: format!(
                "{said} {} in {}, for {} in all",
                count(spells.len(), "time"),
                seen.grid.span().human(),
                lasting(lasted)
            ),
            evidence: vec![
                Evidence::text("condition", kind),
                Evidence::number("times", times),
                Evidence::number("hours_in_all", lasted * 24.0),
                Evidence::time("last_time", last.until),
            ],
            action: Action::new(action),
            ..Risk::on(self.name(), Subject::node(&node.name))
        })
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
