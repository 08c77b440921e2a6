//! A scheduler of its own, as plain as can be, that replays a plan and refuses what is
//! against a rule. It shares no code with the planner.

use kcost::plan::{Options, PodRef, Repacking};
use kcost::snapshot::{
    NodeTerm, Placement, Pod, PodSelector, Resources, Snapshot, Workload, amounts,
};

/// Pods on nodes, by name of the node.
pub(super) struct Replay<'a> {
    snapshot: &'a Snapshot,
    requests: &'a dyn Fn(PodRef) -> Resources,
    at: Vec<(PodRef, Option<usize>)>,
    gone: Vec<bool>,
}

impl<'a> Replay<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, requests: &'a dyn Fn(PodRef) -> Resources) -> Self {
        let mut at = Vec::new();
        for (workload, it) in snapshot.workloads.iter().enumerate() {
            for (pod, is) in it.pods.iter().enumerate() {
                let node = is.node.as_ref();
                let node = node.and_then(|name| {
                    snapshot
                        .cluster
                        .nodes
                        .iter()
                        .position(|it| it.name == *name)
                });
                at.push((PodRef { workload, pod }, node));
            }
        }
        Self {
            snapshot,
            requests,
            at,
            gone: vec![false; snapshot.cluster.nodes.len()],
        }
    }

    fn of(&self, at: PodRef) -> (&'a Workload, &'a Pod, &'a Placement) {
        let workload = &self.snapshot.workloads[at.workload];
        let pod = &workload.pods[at.pod];
        (workload, pod, workload.placement(pod).unwrap())
    }

    fn there(&self) -> impl Iterator<Item = (PodRef, usize)> + '_ {
        self.at
            .iter()
            .filter_map(|(pod, node)| Some((*pod, (*node)?)))
    }

    fn label(&self, node: usize, key: &str) -> Option<&'a str> {
        let labels = self.snapshot.cluster.nodes[node].labels.iter();
        let mut found = labels.filter(|(name, _)| name == key);
        found.next().map(|(_, value)| value.as_str())
    }

    fn place(&mut self, pod: PodRef, node: Option<usize>) {
        let slot = self.at.iter_mut().find(|(it, _)| *it == pod).unwrap();
        slot.1 = node;
    }

    /// Replays every drain; panics on a move that no scheduler would make.
    pub(super) fn run(mut self, packed: &Repacking, options: &Options) {
        let total = self.at.len();
        for drain in &packed.drains {
            let here: Vec<PodRef> = self
                .there()
                .filter(|(_, node)| *node == drain.node)
                .map(|(pod, _)| pod)
                .collect();
            for pod in &here {
                self.place(*pod, None);
            }
            self.gone[drain.node] = true;
            let moved: Vec<PodRef> = drain.moves.iter().map(|(pod, _)| *pod).collect();
            for pod in &here {
                let kind = &self.of(*pod).0.id.kind;
                let goes = matches!(kind.as_str(), "DaemonSet" | "StaticPod");
                assert_eq!(goes, !moved.contains(pod), "{kind} is lost or moved twice");
            }
            assert!(
                moved.iter().all(|it| here.contains(it)),
                "moved from elsewhere"
            );
            for (pod, to) in &drain.moves {
                if let Err(why) = self.allows(*pod, *to, options) {
                    panic!("{:?} on {to}: {why}", self.of(*pod).1.name);
                }
                self.place(*pod, Some(*to));
            }
        }
        assert_eq!(self.at.len(), total);
    }

    pub(super) fn allows(&self, at: PodRef, node: usize, options: &Options) -> Result<(), String> {
        let is = &self.snapshot.cluster.nodes[node];
        let (workload, pod, rules) = self.of(at);
        if self.gone[node] || !is.ready || is.unschedulable {
            return Err("takes nothing".to_owned());
        }
        self.room(at, node, options)?;
        if !self.selected(rules, node) {
            return Err("is not selected".to_owned());
        }
        if !self.stood(rules, node) {
            return Err("its taints".to_owned());
        }
        for claim in &pod.volume_claims {
            let cluster = &self.snapshot.cluster;
            let mut claims = cluster.volume_claims.iter();
            let claim =
                claims.find(|it| it.name == *claim && it.namespace == workload.id.namespace);
            let volume = claim.and_then(|it| it.volume.as_ref());
            let mut volumes = cluster.volumes.iter();
            let volume = volume.and_then(|name| volumes.find(|it| it.name == *name));
            let terms = volume.and_then(|it| it.node_terms.as_ref());
            if terms.is_some_and(|terms| !self.any(terms, node)) {
                return Err("its volume".to_owned());
            }
        }
        for (other, there) in self.there() {
            let (owner, is, theirs) = self.of(other);
            for port in &rules.host_ports {
                let same = |it: &&kcost::snapshot::HostPort| {
                    it.port == port.port && it.protocol == port.protocol
                };
                if there == node && theirs.host_ports.iter().any(|it| same(&it)) {
                    return Err("its host port".to_owned());
                }
            }
            for term in &rules.anti_affinity {
                let near = self.same(there, node, &term.topology_key);
                let here = means_namespace(&term.namespaces, term.all_namespaces, workload, owner);
                if near && here && means(term.selector.as_ref(), &is.labels) {
                    return Err(format!("must not be beside {}", is.name));
                }
            }
            for term in &theirs.anti_affinity {
                let near = self.same(there, node, &term.topology_key);
                let here = means_namespace(&term.namespaces, term.all_namespaces, owner, workload);
                if near && here && means(term.selector.as_ref(), &pod.labels) {
                    return Err(format!("{} must not be beside it", is.name));
                }
            }
        }
        self.beside(at, node)?;
        self.even(at, node)
    }

    fn room(&self, at: PodRef, node: usize, options: &Options) -> Result<(), String> {
        let is = &self.snapshot.cluster.nodes[node];
        let own = (self.requests)(at);
        for (name, want) in amounts(&own).filter(|(_, want)| *want > 0.0) {
            let mut has = amounts(&is.allocatable).filter(|(own, _)| *own == name);
            let has = has.next().map_or(0.0, |(_, has)| has);
            let kept = if matches!(name, "cpu" | "memory") {
                has * options.reserve
            } else {
                0.0
            };
            let taken: f64 = self
                .there()
                .filter(|(_, there)| *there == node)
                .map(|(pod, _)| {
                    let other = (self.requests)(pod);
                    let sum: f64 = amounts(&other)
                        .filter(|(own, _)| *own == name)
                        .map(|(_, it)| it)
                        .sum();
                    sum
                })
                .sum();
            if taken + want > (has - kept) * (1.0 + 1e-6) {
                return Err(format!("{name}: {taken} and {want} of {has}"));
            }
        }
        let pods = self.there().filter(|(_, there)| *there == node).count();
        let most = is
            .allocatable
            .extended
            .get("pods")
            .copied()
            .unwrap_or(f64::MAX);
        if f64::from(u32::try_from(pods).unwrap()) + 1.0 > most {
            return Err("too many pods".to_owned());
        }
        Ok(())
    }

    fn selected(&self, rules: &Placement, node: usize) -> bool {
        let mut wanted = rules.node_selector.iter();
        let selector = wanted.all(|(key, value)| self.label(node, key) == Some(value));
        selector
            && rules
                .node_terms
                .as_ref()
                .is_none_or(|terms| self.any(terms, node))
    }

    fn any(&self, terms: &[NodeTerm], node: usize) -> bool {
        let holds = |term: &NodeTerm| {
            let mut all = term.0.iter();
            !term.0.is_empty() && all.all(|it| it.holds(self.label(node, &it.key)))
        };
        terms.iter().any(holds)
    }

    fn stood(&self, rules: &Placement, node: usize) -> bool {
        let taints = self.snapshot.cluster.nodes[node].taints.iter();
        let mut hard = taints.filter(|it| !it.ends_with(":PreferNoSchedule"));
        hard.all(|taint| {
            let key = taint.split(['=', ':']).next().unwrap();
            let mut stood = rules.tolerations.iter();
            stood.any(|it| it.key.as_deref().is_none_or(|own| own == key))
        })
    }

    fn same(&self, a: usize, b: usize, key: &str) -> bool {
        let both = self.label(a, key).zip(self.label(b, key));
        both.is_some_and(|(a, b)| a == b)
    }

    fn beside(&self, at: PodRef, node: usize) -> Result<(), String> {
        let (workload, pod, rules) = self.of(at);
        if rules.affinity.is_empty() {
            return Ok(());
        }
        let all = |owner: &Workload, labels: &[(String, String)]| {
            rules.affinity.iter().all(|term| {
                means_namespace(&term.namespaces, term.all_namespaces, workload, owner)
                    && means(term.selector.as_ref(), labels)
            })
        };
        let meant: Vec<usize> = self
            .there()
            .filter(|(other, _)| {
                let (owner, is, _) = self.of(*other);
                all(owner, &is.labels)
            })
            .map(|(_, there)| there)
            .collect();
        if meant.is_empty() && all(workload, &pod.labels) {
            let mut keys = rules.affinity.iter();
            let labelled = keys.all(|term| self.label(node, &term.topology_key).is_some());
            return labelled
                .then_some(())
                .ok_or_else(|| "no such label".to_owned());
        }
        let mut terms = rules.affinity.iter();
        let met = terms.all(|term| {
            meant
                .iter()
                .any(|it| self.same(*it, node, &term.topology_key))
        });
        met.then_some(())
            .ok_or_else(|| "must be beside others".to_owned())
    }

    fn even(&self, at: PodRef, node: usize) -> Result<(), String> {
        let (workload, pod, rules) = self.of(at);
        for spread in &rules.spread {
            let counts = |it: usize| !self.gone[it] && self.selected(rules, it);
            let mut domains: Vec<(&str, u32)> = Vec::new();
            for it in (0..self.gone.len()).filter(|it| counts(*it)) {
                if let Some(value) = self.label(it, &spread.topology_key)
                    && !domains.iter().any(|(known, _)| *known == value)
                {
                    domains.push((value, 0));
                }
            }
            for (other, there) in self.there().filter(|(_, there)| counts(*there)) {
                let (owner, is, _) = self.of(other);
                let meant = owner.id.namespace == workload.id.namespace
                    && means(spread.selector.as_ref(), &is.labels);
                let value = self.label(there, &spread.topology_key);
                let domain = domains.iter_mut().find(|(known, _)| Some(*known) == value);
                if let (true, Some((_, count))) = (meant, domain) {
                    *count += 1;
                }
            }
            let value = self.label(node, &spread.topology_key);
            let own = u32::from(means(spread.selector.as_ref(), &pod.labels));
            let here = domains.iter().find(|(known, _)| Some(*known) == value);
            let Some((_, here)) = here else {
                return Err("no such domain".to_owned());
            };
            let enough = domains.len() >= spread.min_domains.unwrap_or(1) as usize;
            let least = domains.iter().map(|(_, count)| *count).min().unwrap_or(0);
            let least = if enough { least } else { 0 };
            if here + own > least + spread.max_skew {
                return Err("its spread".to_owned());
            }
        }
        Ok(())
    }
}

fn means(selector: Option<&PodSelector>, labels: &[(String, String)]) -> bool {
    let Some(selector) = selector else {
        return false;
    };
    let value = |key: &str| {
        labels
            .iter()
            .find(|(own, _)| own == key)
            .map(|(_, it)| it.as_str())
    };
    selector
        .labels
        .iter()
        .all(|(key, it)| value(key) == Some(it))
        && selector
            .expressions
            .iter()
            .all(|it| it.holds(value(&it.key)))
}

fn means_namespace(names: &[String], all: bool, own: &Workload, other: &Workload) -> bool {
    let (own, other) = (&own.id.namespace, &other.id.namespace);
    all || names.contains(other) || (names.is_empty() && own == other)
}
