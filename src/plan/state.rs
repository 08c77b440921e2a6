//! Which pod is on which node, and whether another may come.

use super::model::{CPU, Class, MEMORY, Model};

/// What an amount may be short by and still fit: requests are sums of decimal fractions.
const ROUNDING: f64 = 1e-9;

/// Pods on nodes, with all that the scheduler counts.
#[derive(Clone)]
pub(super) struct State<'m> {
    pub(super) model: &'m Model<'m>,
    /// One row of resources a pod.
    pub(super) wants: &'m [f64],
    /// One row a node, less what is held in reserve; below zero where that is taken.
    left: Vec<f64>,
    /// What of `left` is held in reserve, one row a node.
    reserved: Vec<f64>,
    pub(super) on: Vec<Vec<usize>>,
    pub(super) at: Vec<Option<usize>>,
    pub(super) gone: Vec<bool>,
    /// For each term of anti-affinity and domain, pods that it means, and pods that have it.
    apart: Vec<Vec<[u32; 2]>>,
    /// For each affinity, topology and domain, pods that it means; and all of them.
    beside: Vec<(Vec<Vec<u32>>, u32)>,
    /// For each constraint of spread and domain, pods and nodes that count.
    even: Vec<Vec<[u32; 2]>>,
    /// For each constraint, the pods of the emptiest domain; `None` where that must be
    /// looked up.
    lowest: Vec<Option<u32>>,
}

/// Why a node does not take a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hinder {
    /// It is gone or takes none.
    Closed,
    Off,
    /// Its devices are not like those that the pod has.
    Devices,
    Room,
    Ports,
    Apart,
    Beside,
    Spread,
}

impl<'m> State<'m> {
    /// Pods where they are now, with this share of CPU and memory of each node in reserve.
    pub(super) fn new(model: &'m Model<'m>, wants: &'m [f64], reserve: f64) -> Self {
        let terms = &model.terms;
        let domains = |topology: usize| terms.topologies[topology].domains;
        let mut left = Vec::new();
        let mut reserved = Vec::new();
        for place in &model.nodes {
            for (at, has) in place.has.iter().enumerate() {
                let share = if at == CPU || at == MEMORY {
                    reserve
                } else {
                    0.0
                };
                let held = if has.is_finite() { has * share } else { 0.0 };
                left.push(has - held);
                reserved.push(held);
            }
        }
        let beside = terms.beside.iter();
        let mut state = Self {
            model,
            wants,
            left,
            reserved,
            on: vec![Vec::new(); model.nodes.len()],
            at: vec![None; model.pods.len()],
            gone: vec![false; model.nodes.len()],
            apart: terms
                .apart
                .iter()
                .map(|it| vec![[0; 2]; domains(*it)])
                .collect(),
            beside: beside
                .map(|all| (all.iter().map(|it| vec![0; domains(*it)]).collect(), 0))
                .collect(),
            even: terms
                .even
                .iter()
                .map(|it| vec![[0; 2]; domains(it.topology)])
                .collect(),
            lowest: vec![None; terms.even.len()],
        };
        for node in 0..model.nodes.len() {
            state.count_node(node, true, false);
        }
        for (pod, item) in model.pods.iter().enumerate() {
            if let Some(node) = item.node {
                state.put(pod, node);
            }
        }
        state
    }

    fn width(&self) -> usize {
        self.model.resources.len()
    }

    /// What a pod wants.
    pub(super) fn want(&self, pod: usize) -> &'m [f64] {
        let width = self.width();
        &self.wants[pod * width..(pod + 1) * width]
    }

    /// What a node has left, less its reserve.
    pub(super) fn left(&self, node: usize) -> &[f64] {
        let width = self.width();
        &self.left[node * width..(node + 1) * width]
    }

    /// Whether more is requested of a resource than the node has, its reserve included.
    pub(super) fn is_over(&self, node: usize, resource: usize) -> bool {
        let at = node * self.width() + resource;
        let has = self.model.nodes[node].has[resource];
        self.left[at] + self.reserved[at] < -ROUNDING * has.min(f64::MAX)
    }

    fn class(&self, pod: usize) -> &'m Class {
        &self.model.classes[self.model.pods[pod].class]
    }

    /// Puts a pod that is on no node onto one, whether it fits or not.
    pub(super) fn put(&mut self, pod: usize, node: usize) {
        self.at[pod] = Some(node);
        self.on[node].push(pod);
        self.count(pod, node, true);
    }

    /// Takes a pod off its node.
    pub(super) fn take(&mut self, pod: usize) -> Option<usize> {
        let node = self.at[pod].take()?;
        self.on[node].retain(|it| *it != pod);
        self.count(pod, node, false);
        Some(node)
    }

    fn count(&mut self, pod: usize, node: usize, more: bool) {
        let (model, width) = (self.model, self.width());
        let want = self.want(pod);
        let left = &mut self.left[node * width..(node + 1) * width];
        for (left, want) in left.iter_mut().zip(want) {
            *left += if more { -want } else { *want };
        }
        let step = |number: &mut u32| {
            *number = if more { *number + 1 } else { *number - 1 };
        };
        let class = &model.classes[model.pods[pod].class];
        let terms = &model.terms;
        let meant = &terms.meant[class.kind];
        let domain = |topology: usize| terms.topologies[topology].of[node];
        for term in &meant.apart {
            if let Some(domain) = domain(terms.apart[*term]) {
                step(&mut self.apart[*term][domain][0]);
            }
        }
        for term in &class.apart {
            if let Some(domain) = domain(terms.apart[*term]) {
                step(&mut self.apart[*term][domain][1]);
            }
        }
        for group in &meant.beside {
            let (counts, all) = &mut self.beside[*group];
            for (topology, counts) in terms.beside[*group].iter().zip(counts) {
                if let Some(domain) = domain(*topology) {
                    step(&mut counts[domain]);
                }
            }
            step(all);
        }
        for rule in &meant.even {
            let even = &terms.even[*rule];
            if let Some(domain) = domain(even.topology).filter(|_| even.nodes[node]) {
                step(&mut self.even[*rule][domain][0]);
                self.lowest[*rule] = None;
            }
        }
    }

    /// Takes a node away or brings it back: pods are spread over the nodes that are there. A
    /// zone that the pod could come to counts whether it has nodes or not: the scheduler counts
    /// it until the last of them is deleted, and who spreads over zones wants all of them.
    pub(super) fn remove_node(&mut self, node: usize, removed: bool) {
        self.gone[node] = removed;
        self.count_node(node, !removed, true);
    }

    /// Counts a node in its domains; with `going` in those alone that are gone with their nodes.
    fn count_node(&mut self, node: usize, there: bool, going: bool) {
        let terms = &self.model.terms;
        for (rule, even) in terms.even.iter().enumerate() {
            let domain = terms.topologies[even.topology].of[node];
            let counts = |domain: &usize| even.nodes[node] && (!going || even.goes[*domain]);
            if let Some(domain) = domain.filter(counts) {
                let nodes = &mut self.even[rule][domain][1];
                *nodes = if there { *nodes + 1 } else { *nodes - 1 };
                self.lowest[rule] = None;
            }
        }
    }

    /// Looks up what is asked of every node for this pod.
    pub(super) fn prepare(&mut self, pod: usize) {
        for rule in &self.class(pod).even {
            if self.lowest[*rule].is_none() {
                let counted = self.even[*rule].iter().filter(|[_, nodes]| *nodes > 0);
                let domains = counted.clone().count();
                let lowest = counted.map(|[pods, _]| *pods).min().unwrap_or(0);
                let least = self.model.terms.even[*rule].min_domains;
                let enough = domains >= usize::try_from(least).unwrap_or(usize::MAX);
                self.lowest[*rule] = Some(if enough { lowest } else { 0 });
            }
        }
    }

    /// Whether a pod that is on no node, and that is prepared for, may come to this one.
    pub(super) fn fits(&self, pod: usize, node: usize) -> Result<(), Hinder> {
        if self.gone[node] {
            return Err(Hinder::Closed);
        }
        self.would_fit(pod, node)
    }

    /// The same, whether the node is gone or not.
    pub(super) fn would_fit(&self, pod: usize, node: usize) -> Result<(), Hinder> {
        if !self.model.nodes[node].takes {
            return Err(Hinder::Closed);
        }
        let class = self.class(pod);
        if !class.allowed[node] {
            let unlike = class.unlike[node] && self.has_kinds(pod, node);
            return Err(if unlike { Hinder::Devices } else { Hinder::Off });
        }
        if !self.has_room(pod, node) {
            return Err(Hinder::Room);
        }
        let meant = &self.model.terms.meant[class.kind];
        if class.free && meant.apart.is_empty() && class.ports.is_empty() {
            return Ok(());
        }
        self.keeps_rules(class, node)
    }

    /// Whether a node has any of each resource that a pod wants.
    fn has_kinds(&self, pod: usize, node: usize) -> bool {
        let mut each = self.want(pod).iter().zip(&self.model.nodes[node].has);
        each.all(|(want, has)| *want <= 0.0 || *has > 0.0)
    }

    fn has_room(&self, pod: usize, node: usize) -> bool {
        let has = &self.model.nodes[node].has;
        let each = self.want(pod).iter().zip(self.left(node)).zip(has);
        // What is not wanted may be short.
        let mut each = each.filter(|((want, _), _)| **want > 0.0);
        each.all(|((want, left), has)| left + ROUNDING * has.min(f64::MAX) >= *want)
    }

    /// Whether a pod that is prepared for may come as far as the rules between pods go.
    pub(super) fn rules_hold(&self, pod: usize, node: usize) -> Result<(), Hinder> {
        self.keeps_rules(self.class(pod), node)
    }

    /// Whether a pod that fits nowhere may do so once others were placed.
    pub(super) fn may_fit_later(&self, pod: usize) -> bool {
        let class = self.class(pod);
        class.beside.is_some() || !class.even.is_empty()
    }

    fn keeps_rules(&self, class: &Class, node: usize) -> Result<(), Hinder> {
        let terms = &self.model.terms;
        let meant = &terms.meant[class.kind];
        let domain = |topology: usize| terms.topologies[topology].of[node];
        if !class.ports.is_empty() && self.has_port(class, node) {
            return Err(Hinder::Ports);
        }
        let met = |term: usize, which: usize| {
            let domain = domain(terms.apart[term]);
            domain.is_some_and(|domain| self.apart[term][domain][which] > 0)
        };
        let apart = class.apart.iter().any(|term| met(*term, 0));
        if apart || meant.apart.iter().any(|term| met(*term, 1)) {
            return Err(Hinder::Apart);
        }
        if class
            .beside
            .is_some_and(|group| !self.is_beside(group, class, node))
        {
            return Err(Hinder::Beside);
        }
        for rule in &class.even {
            let even = &terms.even[*rule];
            let Some(domain) = domain(even.topology) else {
                return Err(Hinder::Spread);
            };
            let own = u32::from(meant.even.contains(rule));
            let pods = self.even[*rule][domain][0] + own;
            let lowest = self.lowest[*rule].unwrap_or(0);
            if pods.saturating_sub(lowest) > even.max_skew {
                return Err(Hinder::Spread);
            }
        }
        Ok(())
    }

    /// Whether pods that it must be beside are in the node's domains; where there is none
    /// anywhere, one that means itself may be the first.
    fn is_beside(&self, group: usize, class: &Class, node: usize) -> bool {
        let terms = &self.model.terms;
        let (counts, all) = &self.beside[group];
        let domains = terms.beside[group].iter();
        let domains = domains.map(|topology| terms.topologies[*topology].of[node]);
        let first = *all == 0 && terms.meant[class.kind].beside.contains(&group);
        let mut each = domains.zip(counts);
        each.all(|(domain, counts)| domain.is_some_and(|domain| first || counts[domain] > 0))
    }

    fn has_port(&self, class: &Class, node: usize) -> bool {
        let there = self.on[node].iter().flat_map(|pod| &self.class(*pod).ports);
        let mut there = there.filter(|port| class.ports.iter().any(|own| own.clashes(port)));
        there.next().is_some()
    }

    /// How full a node is: the larger share of its CPU and memory that is requested.
    pub(super) fn fill(&self, node: usize) -> f64 {
        let (has, left) = (&self.model.nodes[node].has, self.left(node));
        let share = |at: usize| {
            if has[at] > 0.0 {
                1.0 - left[at] / has[at]
            } else {
                0.0
            }
        };
        share(CPU).max(share(MEMORY))
    }
}
