//! The place of a pool: where new machines for it would stand, and what may run on them.

use std::collections::HashMap;

use super::machine::{like, made};
use super::offer::Offer;
use crate::plan::model::Model;
use crate::snapshot::{Node, Placement, Snapshot};

/// A pool, or its nodes of one architecture.
pub(super) struct Site<'a> {
    /// The nodes that are there.
    pub(super) nodes: &'a [usize],
    /// Pods that need a place, the largest first.
    pub(super) pods: Vec<usize>,
    /// What its nodes have in common.
    pub(super) like: Node,
    /// In order.
    pub(super) zones: Vec<String>,
    /// Distinct rules of its pods, and those of each pod.
    rules: Vec<&'a Placement>,
    of: HashMap<usize, usize>,
}

impl<'a> Site<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        model: &Model<'a>,
        nodes: &'a [usize],
        pods: Vec<usize>,
    ) -> Self {
        let are: Vec<&Node> = nodes.iter().map(|it| model.nodes[*it].node).collect();
        let mut zones: Vec<String> = are.iter().filter_map(|it| it.zone.clone()).collect();
        zones.sort();
        zones.dedup();
        let mut known: HashMap<&Placement, usize> = HashMap::new();
        let mut rules = Vec::new();
        let mut of = HashMap::new();
        for pod in &pods {
            let at = model.pods[*pod].at;
            let workload = &snapshot.workloads[at.workload];
            let Some(rule) = workload.placement(&workload.pods[at.pod]) else {
                continue;
            };
            let place = *known.entry(rule).or_insert(rules.len());
            if place == rules.len() {
                rules.push(rule);
            }
            of.insert(*pod, place);
        }
        Self {
            like: like(&are).unwrap_or_default(),
            nodes,
            pods,
            zones,
            rules,
            of,
        }
    }

    /// For each of the distinct rules of its pods, whether they allow machines of a type in
    /// some zone of the pool, as far as other pods and volumes do not matter.
    pub(super) fn allowed(&self, offer: &Offer) -> Vec<bool> {
        let nodes: Vec<Node> = self.places(0).map(|it| self.made(offer, it)).collect();
        let rules = self.rules.iter();
        rules
            .map(|rule| nodes.iter().any(|it| runs_on(rule, it)))
            .collect()
    }

    /// Whether a pod may run on a machine of a type.
    pub(super) fn may(&self, pod: usize, offer: &Offer) -> bool {
        self.of.get(&pod).is_none_or(|rule| offer.allowed[*rule])
    }

    /// Pods that may run on no machine of these types.
    pub(super) fn unsuited(&self, offers: &[Offer]) -> usize {
        let nowhere = |rule: &&usize| !offers.iter().any(|it| it.allowed[**rule]);
        self.of.values().filter(nowhere).count()
    }

    /// A zone in which a pod may run on a machine of a type: the next of the pool, or one
    /// after it.
    pub(super) fn zone_for(&self, pod: usize, offer: &Offer, next: usize) -> Option<String> {
        let rule = self.of.get(&pod).map(|it| self.rules[*it]);
        let mut places = self.places(next);
        let found = places.find(|zone| rule.is_none_or(|it| runs_on(it, &self.made(offer, *zone))));
        found.flatten().cloned()
    }

    fn made(&self, offer: &Offer, zone: Option<&String>) -> Node {
        made(&self.like, "new", offer, zone)
    }

    /// Its zones from the next on; one that has no name where there are none.
    fn places(&self, next: usize) -> impl Iterator<Item = Option<&String>> {
        let count = self.zones.len();
        let zones = (0..count).map(move |at| Some(&self.zones[(at + next) % count]));
        zones.chain((count == 0).then_some(None))
    }
}

fn runs_on(rule: &Placement, node: &Node) -> bool {
    rule.selects(&node.name, &node.labels) && node.taints.iter().all(|it| rule.stands(it))
}
