//! Rules of pods about other pods: affinity, anti-affinity, spread.
//!
//! Every distinct rule has a list of the kinds of pods that it means, and is counted by
//! domain of its topology: see the scheduler's plugins `InterPodAffinity` and
//! `PodTopologySpread`.

use std::collections::HashMap;

use crate::snapshot::{Labels, Node, Placement, PodSelector, PodTerm, Spread, label};

/// All rules.
#[derive(Debug, Default)]
pub(in crate::plan) struct Terms {
    pub(in crate::plan) topologies: Vec<Topology>,
    /// Anti-affinity: topology of each term.
    pub(in crate::plan) apart: Vec<usize>,
    /// Affinity: the topologies of all terms of a pod, which are met together.
    pub(in crate::plan) beside: Vec<Vec<usize>>,
    pub(in crate::plan) even: Vec<Even>,
    /// For each kind of pods what means it.
    pub(in crate::plan) meant: Vec<Meant>,
}

/// Rules that mean pods of a kind.
#[derive(Debug, Default, Clone)]
pub(in crate::plan) struct Meant {
    pub(in crate::plan) apart: Vec<usize>,
    pub(in crate::plan) beside: Vec<usize>,
    pub(in crate::plan) even: Vec<usize>,
}

/// The label that each node has for itself.
pub(in crate::plan) const HOST: &str = "kubernetes.io/hostname";

/// Nodes by the value of one label.
#[derive(Debug)]
pub(in crate::plan) struct Topology {
    /// For each node its domain; `None` without the label.
    pub(in crate::plan) of: Vec<Option<usize>>,
    pub(in crate::plan) domains: usize,
    /// Whether each node is a domain of its own, which is gone with it.
    pub(in crate::plan) hosts: bool,
}

/// A constraint on how evenly pods are spread.
#[derive(Debug)]
pub(in crate::plan) struct Even {
    pub(in crate::plan) topology: usize,
    pub(in crate::plan) max_skew: u32,
    pub(in crate::plan) min_domains: u32,
    /// Nodes that count.
    pub(in crate::plan) nodes: Vec<bool>,
    /// For each domain whether it no longer counts once its nodes are gone: nodes do not, and
    /// nobody wants zones that the pod can never come to.
    pub(in crate::plan) goes: Vec<bool>,
}

/// What one class has of rules.
pub(super) struct Rules {
    pub(super) kind: usize,
    pub(super) apart: Vec<usize>,
    pub(super) beside: Option<usize>,
    pub(super) even: Vec<usize>,
}

/// A selector, the namespaces that it is about, and values that are those of its own pod.
struct Chosen<'a> {
    selector: Option<&'a PodSelector>,
    namespaces: Vec<&'a str>,
    all: bool,
    same: Vec<(&'a str, &'a str)>,
}

/// Values of labels that tell rules apart.
type Same<'a> = Vec<(&'a str, &'a str)>;

/// Rules as they are found.
pub(super) struct Builder<'a> {
    nodes: &'a [Node],
    kinds: HashMap<(&'a str, &'a Labels), usize>,
    order: Vec<(&'a str, &'a Labels)>,
    topologies: HashMap<&'a str, usize>,
    apart: HashMap<(&'a PodTerm, &'a str, Same<'a>), usize>,
    beside: HashMap<(&'a [PodTerm], &'a str, Vec<Same<'a>>), usize>,
    even: HashMap<(&'a Spread, &'a Placement, &'a str, Same<'a>), usize>,
    apart_means: Vec<Chosen<'a>>,
    beside_means: Vec<Vec<Chosen<'a>>>,
    even_means: Vec<Chosen<'a>>,
    terms: Terms,
}

impl<'a> Builder<'a> {
    pub(super) fn new(nodes: &'a [Node]) -> Self {
        Self {
            nodes,
            kinds: HashMap::new(),
            order: Vec::new(),
            topologies: HashMap::new(),
            apart: HashMap::new(),
            beside: HashMap::new(),
            even: HashMap::new(),
            apart_means: Vec::new(),
            beside_means: Vec::new(),
            even_means: Vec::new(),
            terms: Terms::default(),
        }
    }

    /// What a pod of this namespace with these labels has of rules.
    pub(super) fn add(
        &mut self,
        namespace: &'a str,
        labels: &'a Labels,
        placement: &'a Placement,
    ) -> Rules {
        let next = self.order.len();
        let kind = *self.kinds.entry((namespace, labels)).or_insert(next);
        if kind == next {
            self.order.push((namespace, labels));
        }
        let apart = placement.anti_affinity.iter();
        let apart = apart
            .map(|term| self.apart(term, namespace, labels))
            .collect();
        let some = !placement.affinity.is_empty();
        let beside = some.then(|| self.beside(&placement.affinity, namespace, labels));
        let even = placement.spread.iter();
        let even = even.map(|it| self.even(it, placement, namespace, labels));
        Rules {
            kind,
            apart,
            beside,
            even: even.collect(),
        }
    }

    fn apart(&mut self, term: &'a PodTerm, namespace: &'a str, labels: &'a Labels) -> usize {
        let same = same(&term.match_label_keys, labels);
        if let Some(known) = self.apart.get(&(term, namespace, same.clone())) {
            return *known;
        }
        let topology = self.topology(&term.topology_key);
        self.terms.apart.push(topology);
        self.apart_means
            .push(Chosen::of(term, namespace, same.clone()));
        let at = self.terms.apart.len() - 1;
        self.apart.insert((term, namespace, same), at);
        at
    }

    fn beside(&mut self, terms: &'a [PodTerm], namespace: &'a str, labels: &'a Labels) -> usize {
        let all: Vec<Same<'a>> = terms
            .iter()
            .map(|it| same(&it.match_label_keys, labels))
            .collect();
        let key = (terms, namespace, all);
        if let Some(known) = self.beside.get(&key) {
            return *known;
        }
        let topologies = terms.iter().map(|it| self.topology(&it.topology_key));
        let topologies = topologies.collect();
        self.terms.beside.push(topologies);
        let chosen = terms.iter().zip(&key.2);
        let chosen = chosen.map(|(term, same)| Chosen::of(term, namespace, same.clone()));
        self.beside_means.push(chosen.collect());
        let at = self.terms.beside.len() - 1;
        self.beside.insert(key, at);
        at
    }

    fn even(
        &mut self,
        spread: &'a Spread,
        placement: &'a Placement,
        namespace: &'a str,
        labels: &'a Labels,
    ) -> usize {
        let same = same(&spread.match_label_keys, labels);
        let key = (spread, placement, namespace, same);
        if let Some(known) = self.even.get(&key) {
            return *known;
        }
        let topology = self.topology(&spread.topology_key);
        let chosen = |node: &Node| placement.selects(&node.name, &node.labels);
        let stood = |node: &Node| node.taints.iter().all(|it| placement.stands(it));
        let counts = |node: &Node| {
            (spread.any_node || chosen(node)) && (!spread.honor_taints || stood(node))
        };
        let places = &self.terms.topologies[topology];
        let mut goes = vec![true; places.domains];
        for (domain, node) in places.of.iter().zip(self.nodes) {
            if let Some(domain) = domain.filter(|_| chosen(node) && stood(node)) {
                goes[domain] = places.hosts;
            }
        }
        self.terms.even.push(Even {
            goes,
            topology,
            max_skew: spread.max_skew,
            min_domains: spread.min_domains.unwrap_or(1),
            nodes: self.nodes.iter().map(counts).collect(),
        });
        self.even_means.push(Chosen {
            selector: spread.selector.as_ref(),
            namespaces: vec![namespace],
            all: false,
            same: key.3.clone(),
        });
        let at = self.terms.even.len() - 1;
        self.even.insert(key, at);
        at
    }

    fn topology(&mut self, key: &'a str) -> usize {
        if let Some(known) = self.topologies.get(key) {
            return *known;
        }
        let mut domains: HashMap<&str, usize> = HashMap::new();
        let of = self.nodes.iter().map(|node| {
            let value = label(&node.labels, key)?;
            let next = domains.len();
            Some(*domains.entry(value).or_insert(next))
        });
        let of = of.collect();
        self.terms.topologies.push(Topology {
            of,
            domains: domains.len(),
            hosts: key == HOST,
        });
        let at = self.terms.topologies.len() - 1;
        self.topologies.insert(key, at);
        at
    }

    /// Says of every kind of pods what means it.
    pub(super) fn finish(mut self) -> Terms {
        for (namespace, labels) in &self.order {
            let means = |it: &Chosen<'_>| it.means(namespace, labels);
            let places = |found: &[Chosen<'_>]| {
                let found = found.iter().enumerate().filter(|(_, it)| means(it));
                found.map(|(at, _)| at).collect()
            };
            let beside = self.beside_means.iter().enumerate();
            let beside = beside.filter(|(_, all)| all.iter().all(means));
            self.terms.meant.push(Meant {
                apart: places(&self.apart_means),
                beside: beside.map(|(at, _)| at).collect(),
                even: places(&self.even_means),
            });
        }
        self.terms
    }
}

impl<'a> Chosen<'a> {
    fn of(term: &'a PodTerm, own: &'a str, same: Same<'a>) -> Self {
        let mut namespaces: Vec<&str> = term.namespaces.iter().map(String::as_str).collect();
        if namespaces.is_empty() {
            namespaces.push(own);
        }
        Self {
            selector: term.selector.as_ref(),
            namespaces,
            all: term.all_namespaces,
            same,
        }
    }

    fn means(&self, namespace: &str, labels: &[(String, String)]) -> bool {
        let same = |(key, value): &(&str, &str)| label(labels, key) == Some(value);
        (self.all || self.namespaces.contains(&namespace))
            && self.selector.is_some_and(|it| it.matches(labels))
            && self.same.iter().all(same)
    }
}

/// The labels of a pod that others must have in common with it; a key that it does not
/// have itself asks nothing.
fn same<'a>(keys: &'a [String], labels: &'a [(String, String)]) -> Same<'a> {
    let own = keys
        .iter()
        .filter_map(|key| Some((key.as_str(), label(labels, key)?)));
    own.collect()
}
