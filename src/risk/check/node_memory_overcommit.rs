use std::collections::BTreeMap;

use crate::pack::NODE_FULL;
use crate::recommend::Confidence;
use crate::risk::node::NodeUse;
use crate::risk::severity::{at_any_moment, by_chance, within_a_week};
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought, Subject};
use crate::snapshot::{ContainerKind, Node, Snapshot, Workload};
use crate::text::percent_said;
use crate::units::Bytes;

/// A node whose pods may together use more memory than it has.
pub(super) struct NodeMemoryOvercommit;

/// Least probability within a week that is told.
const TOLD: f64 = 0.1;

impl Check for NodeMemoryOvercommit {
    fn name(&self) -> &'static str {
        "node_memory_overcommit"
    }

    fn summary(&self) -> &'static str {
        "nodes whose memory limits exceed what they have, and the chance that it bites"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.once(|| {
            let limits = Limits::by_node(seen.snapshot);
            let of = |node: &Node| limits.get(node.name.as_str()).copied().unwrap_or_default();
            let nodes = seen.snapshot.cluster.nodes.iter();
            let both = nodes.zip(seen.nodes.iter());
            both.map(|(node, used)| self.of(seen, (node, of(node)), used))
                .collect()
        })
    }
}

impl NodeMemoryOvercommit {
    fn of(&self, seen: &Seen<'_>, (node, limits): (&Node, Limits), used: &NodeUse) -> Sought {
        let Some(memory) = node.allocatable.memory.filter(|it| !it.is_zero()) else {
            return Sought::fine();
        };
        // Pods that cannot reach it together are no danger to it.
        if limits.unlimited == 0 && limits.sum <= memory {
            return Sought::fine();
        }
        let peaks = used.daily_peaks(&seen.grid);
        let full = memory.to_f64() * NODE_FULL;
        let beyond = |ahead: f64| seen.chances.beyond(&peaks, full, ahead);
        let (Some(day), Some(week)) = (beyond(1.0), beyond(7.0)) else {
            return Sought::unknown(
                "node",
                "where limits exceed memory, and pods have run together for less than three days",
                "",
            );
        };
        if week < TOLD {
            return Sought::fine();
        }
        let peak = Bytes::from_f64(peaks.iter().copied().fold(0.0, f64::max));
        let ratio = limits.sum.to_f64() / memory.to_f64();
        Sought::risk(Risk {
            concerns: used.workloads.clone(),
            severity: by_chance(day, week),
            // Joint use has fewer days behind it than each pod alone.
            confidence: if peaks.len() >= 7 {
                Confidence::Medium
            } else {
                Confidence::Low
            },
            impact: at_any_moment(seen.now, week),
            chance: Some(within_a_week(week)),
            text: format!(
                "its pods may use more memory than it has within 7 days, with a probability of {} \
                 (peak {} of {})",
                percent_said(week),
                peak.human(),
                memory.human()
            ),
            evidence: vec![
                Evidence::number("memory_limits_to_allocatable_ratio", ratio),
                Evidence::number("containers_without_memory_limit", limits.unlimited_f64()),
                Evidence::number("memory_max_bytes", peak.to_f64()),
                Evidence::number("allocatable_memory_bytes", memory.to_f64()),
                Evidence::number("probability_within_a_day", day),
            ],
            action: Action::new(
                "raise memory requests to what is advised, so that fewer pods share the node",
            ),
            ..Risk::on(self.name(), Subject::node(&node.name))
        })
    }
}

/// Memory limits of the pods of a node.
#[derive(Debug, Clone, Copy, Default)]
struct Limits {
    sum: Bytes,
    unlimited: u32,
}

impl Limits {
    /// Of every node with a pod, by its name.
    fn by_node(snapshot: &Snapshot) -> BTreeMap<&str, Self> {
        let mut nodes: BTreeMap<&str, Self> = BTreeMap::new();
        for workload in &snapshot.workloads {
            let own = Self::of_pod(workload);
            for node in workload.pods.iter().filter_map(|pod| pod.node.as_deref()) {
                let limits = nodes.entry(node).or_default();
                limits.sum = limits.sum.plus(own.sum);
                limits.unlimited += own.unlimited;
            }
        }
        nodes
    }

    /// Of what stays of a pod.
    fn of_pod(workload: &Workload) -> Self {
        let mut limits = Self::default();
        let stay = workload.containers.iter();
        for container in stay.filter(|it| it.kind != ContainerKind::Init) {
            match container.limits.memory.or(workload.pod_limits.memory) {
                Some(limit) => limits.sum = limits.sum.plus(limit),
                None => limits.unlimited += 1,
            }
        }
        limits
    }

    fn unlimited_f64(&self) -> f64 {
        f64::from(self.unlimited)
    }
}
