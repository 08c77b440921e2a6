//! Rules by which pods of one workload keep away from each other: required anti-affinity,
//! ports of the node, topology spread that must hold.

use std::collections::BTreeMap;

use crate::snapshot::{Labels, Node, Placement, Pod, PodSelector, Spread, Workload, label};

/// The label that tells nodes apart.
const HOSTNAME: &str = "kubernetes.io/hostname";

/// What keeps pods of a workload apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apart {
    /// Required anti-affinity to its own pods on each node.
    AntiAffinity,
    /// A port of the node.
    HostPort,
    /// Topology spread with `DoNotSchedule`.
    Spread,
}

impl Apart {
    /// As it is told.
    pub fn words(self) -> &'static str {
        match self {
            Self::AntiAffinity => "required anti-affinity",
            Self::HostPort => "a port of the node",
            Self::Spread => "topology spread",
        }
    }

    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::AntiAffinity => "anti_affinity",
            Self::HostPort => "host_port",
            Self::Spread => "topology_spread",
        }
    }
}

/// The rules of one workload that are about its own pods.
pub(super) struct Rules<'a> {
    /// Why a node takes one pod of it alone.
    pub(super) alone: Option<Apart>,
    /// Labels of nodes whose values take one pod each.
    parts: Vec<&'a str>,
    spread: Vec<&'a Spread>,
}

impl<'a> Rules<'a> {
    pub(super) fn of(workload: &'a Workload) -> Self {
        let mut rules = Self {
            alone: None,
            parts: Vec::new(),
            spread: Vec::new(),
        };
        let pod = workload.pods.first();
        let Some((pod, placement)) = pod.and_then(|it| Some((it, workload.placement(it)?))) else {
            return rules;
        };
        for key in kept_apart(workload, pod, placement) {
            if key == HOSTNAME {
                rules.alone = Some(Apart::AntiAffinity);
            } else {
                rules.parts.push(key);
            }
        }
        if !placement.host_ports.is_empty() {
            rules.alone = rules.alone.or(Some(Apart::HostPort));
        }
        let spread = placement.spread.iter();
        let own = spread.filter(|it| matches(it.selector.as_ref(), &pod.labels));
        rules.spread = own.collect();
        rules
    }

    /// Pods that nodes take together, of what each has room for, and what bounds that where
    /// something does.
    pub(super) fn room(&self, nodes: &[&Node], fits: &[u32]) -> (u32, Option<Apart>) {
        let each: Vec<u32> = match self.alone {
            Some(_) => fits.iter().map(|it| *it.min(&1)).collect(),
            None => fits.to_vec(),
        };
        let all = sum(each.iter().copied());
        let mut room = (all, self.alone);
        for key in &self.parts {
            let parts = parts(nodes, &each, key);
            let most = sum(parts.into_values().map(|it| it.min(1)));
            if most < room.0 {
                room = (most, Some(Apart::AntiAffinity));
            }
        }
        for spread in &self.spread {
            let parts = parts(nodes, &each, &spread.topology_key);
            let enough = spread
                .min_domains
                .is_none_or(|it| usize::try_from(it).is_ok_and(|it| parts.len() >= it));
            // The emptiest part cannot have more than its room.
            let least = parts.values().copied().min().filter(|_| enough);
            let most = least.unwrap_or(0).saturating_add(spread.max_skew.max(1));
            let most = sum(parts.into_values().map(|it| it.min(most)));
            if most < room.0 {
                room = (most, Some(Apart::Spread));
            }
        }
        room
    }

    /// The label whose values take one pod each, of which there are fewest, and how many.
    pub(super) fn parts(&self, nodes: &[&Node]) -> Option<(&'a str, usize)> {
        let each = self.parts.iter().map(|key| {
            let none = vec![0; nodes.len()];
            (*key, parts(nodes, &none, key).len())
        });
        each.min_by_key(|it| it.1)
    }
}

/// Labels of nodes that its own pods may not have in common.
fn kept_apart<'a>(workload: &Workload, pod: &Pod, placement: &'a Placement) -> Vec<&'a str> {
    let namespace = &workload.id.namespace;
    let own = placement.anti_affinity.iter().filter(|term| {
        let here = term.namespaces.is_empty() || term.namespaces.contains(namespace);
        (here || term.all_namespaces) && matches(term.selector.as_ref(), &pod.labels)
    });
    own.map(|it| &*it.topology_key).collect()
}

fn matches(selector: Option<&PodSelector>, labels: &Labels) -> bool {
    selector.is_some_and(|it| it.matches(labels))
}

/// What nodes have room for by the value of a label; those without it take no pod.
fn parts<'a>(nodes: &[&'a Node], fits: &[u32], key: &str) -> BTreeMap<&'a str, u32> {
    let mut parts: BTreeMap<&str, u32> = BTreeMap::new();
    for (node, fits) in nodes.iter().zip(fits) {
        let value = match key {
            HOSTNAME => Some(&*node.name),
            _ => label(&node.labels, key),
        };
        if let Some(value) = value {
            let part = parts.entry(value).or_default();
            *part = part.saturating_add(*fits);
        }
    }
    parts
}

fn sum(counts: impl Iterator<Item = u32>) -> u32 {
    counts.fold(0, u32::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::HostPort;

    fn node(name: &str, zone: &str) -> Node {
        Node {
            name: name.to_owned(),
            labels: vec![("zone".to_owned(), zone.to_owned())],
            ..Node::default()
        }
    }

    fn workload(placement: Placement) -> Workload {
        Workload {
            placement: Some(placement),
            pods: vec![Pod {
                labels: vec![("app".to_owned(), "api".to_owned())],
                ..Pod::default()
            }],
            ..Workload::default()
        }
    }

    fn room(placement: Placement) -> (u32, Option<Apart>) {
        let nodes = [node("a", "1"), node("b", "1"), node("c", "2")];
        let nodes: Vec<&Node> = nodes.iter().collect();
        Rules::of(&workload(placement)).room(&nodes, &[9, 4, 2])
    }

    fn spread(topology_key: &str, app: &str, max_skew: u32) -> Placement {
        let labels = vec![("app".to_owned(), app.to_owned())];
        Placement {
            spread: vec![Spread {
                selector: Some(PodSelector {
                    labels,
                    ..PodSelector::default()
                }),
                topology_key: topology_key.to_owned(),
                max_skew,
                ..Spread::default()
            }],
            ..Placement::default()
        }
    }

    #[test]
    fn the_emptiest_part_bounds_the_others() {
        assert_eq!(room(Placement::default()), (15, None));
        assert_eq!(room(spread("zone", "api", 1)), (5, Some(Apart::Spread)));
        assert_eq!(room(spread(HOSTNAME, "api", 2)), (10, Some(Apart::Spread)));
        // Of pods of others nothing is bounded.
        assert_eq!(room(spread("zone", "web", 1)), (15, None));
    }

    #[test]
    fn a_port_of_the_node_is_taken_once() {
        let ports = Placement {
            host_ports: vec![HostPort {
                port: 80,
                protocol: "TCP".to_owned(),
                ip: None,
            }],
            ..Placement::default()
        };
        assert_eq!(room(ports), (3, Some(Apart::HostPort)));
    }
}
