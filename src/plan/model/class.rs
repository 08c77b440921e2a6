//! Pods that the scheduler cannot tell apart, but for what they request.

use std::collections::HashMap;
use std::sync::Arc;

use super::devices::Devices;
use super::terms::{Builder, Terms};
use crate::snapshot::{HostPort, Labels, Node, NodeTerm, Placement, Pod, Workload};

/// Pods with the same labels and the same rules.
#[derive(Debug)]
pub(in crate::plan) struct Class {
    /// For each node, whether selectors, affinity, taints and volumes allow it.
    pub(in crate::plan) allowed: Arc<Vec<bool>>,
    /// Whether some would be allowed if their devices were like those that it has.
    pub(in crate::plan) unlike: Arc<Vec<bool>>,
    pub(in crate::plan) ports: Vec<HostPort>,
    /// Pods with the same namespace and labels.
    pub(in crate::plan) kind: usize,
    /// Terms of its own: pods that it must not be beside.
    pub(in crate::plan) apart: Vec<usize>,
    /// Pods that it must be beside.
    pub(in crate::plan) beside: Option<usize>,
    /// Constraints on how evenly it is spread.
    pub(in crate::plan) even: Vec<usize>,
    /// Whether any rule is about other pods.
    pub(in crate::plan) free: bool,
}

/// Where something may be: its rules, those of its volumes, and what it was built for.
type Spot<'a> = (&'a Placement, Vec<Vec<NodeTerm>>, Platform<'a>);
/// For each node whether it is allowed, and whether its devices alone are against it.
type Allowed = (Arc<Vec<bool>>, Arc<Vec<bool>>);

/// What a pod was built for: it runs nowhere else, although the scheduler knows nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Platform<'a> {
    system: Option<&'a str>,
    architecture: Option<&'a str>,
    /// What it works on, where it has devices.
    devices: Option<Devices<'a>>,
}

const ARCHITECTURE: &str = "kubernetes.io/arch";

impl<'a> Platform<'a> {
    fn of_node(node: &'a Node) -> Self {
        Self {
            system: node.system(),
            architecture: node.architecture.as_deref(),
            devices: None,
        }
    }

    /// That of a pod that runs on this node; of what its rules name they decide. Devices are
    /// those that it has, whatever its rules say of them: rules seldom name all that it needs.
    fn of_pod(placement: &Placement, pod: &Pod, home: Option<&'a Node>) -> Self {
        let has_devices = pod.requests.gpus() > 0.0;
        let devices = home.filter(|_| has_devices).map(Devices::of);
        let home = home.map(Self::of_node).unwrap_or_default();
        let named = |key: &str| placement.node_keys().any(|it| it == key);
        Self {
            system: home.system.filter(|_| !named(Node::SYSTEM)),
            architecture: home.architecture.filter(|_| !named(ARCHITECTURE)),
            devices,
        }
    }

    /// Whether it runs on a node; one that does not say what it is takes anything.
    fn runs_on(self, node: &Node) -> bool {
        let own = Platform::of_node(node);
        let same = |want: Option<&str>, has: Option<&str>| {
            want.zip(has).is_none_or(|(want, has)| want == has)
        };
        same(self.system, own.system) && same(self.architecture, own.architecture)
    }
}

/// Classes as they are found.
pub(super) struct Classes<'a> {
    nodes: &'a [Node],
    known: HashMap<(Spot<'a>, &'a str, &'a Labels), usize>,
    allowed: HashMap<Spot<'a>, Allowed>,
    terms: Builder<'a>,
    found: Vec<Class>,
}

/// Of pods whose rules were not read. The plan is not made then.
static ANYWHERE: Placement = Placement {
    node_selector: Vec::new(),
    node_terms: None,
    tolerations: Vec::new(),
    affinity: Vec::new(),
    anti_affinity: Vec::new(),
    spread: Vec::new(),
    host_ports: Vec::new(),
    local_storage: false,
};

impl<'a> Classes<'a> {
    pub(super) fn new(nodes: &'a [Node]) -> Self {
        Self {
            nodes,
            known: HashMap::new(),
            allowed: HashMap::new(),
            terms: Builder::new(nodes),
            found: Vec::new(),
        }
    }

    /// The class of a pod that is on this node or, while it waits, whose like is; its volumes
    /// can be used in these places.
    pub(super) fn of(
        &mut self,
        workload: &'a Workload,
        pod: &'a Pod,
        home: Option<&'a Node>,
        volumes: Vec<Vec<NodeTerm>>,
    ) -> usize {
        let placement = workload.placement(pod).unwrap_or(&ANYWHERE);
        let spot = (placement, volumes, Platform::of_pod(placement, pod, home));
        let namespace = workload.id.namespace.as_str();
        let key = (spot.clone(), namespace, &pod.labels);
        if let Some(class) = self.known.get(&key) {
            return *class;
        }
        let nodes = self.nodes;
        let allowed = self.allowed.entry(spot);
        let allowed = allowed.or_insert_with_key(|(placement, volumes, platform)| {
            let may = |it: &Node| platform.runs_on(it) && allows(it, placement, volumes);
            let works = |it: &Node| platform.devices.is_none_or(|own| own.are_on(it));
            let each = nodes.iter().map(|it| (may(it), works(it)));
            let (allowed, unlike) = each
                .map(|(may, works)| (may && works, may && !works))
                .unzip();
            (Arc::new(allowed), Arc::new(unlike))
        });
        let rules = self.terms.add(namespace, &pod.labels, placement);
        let class = Class {
            allowed: Arc::clone(&allowed.0),
            unlike: Arc::clone(&allowed.1),
            ports: placement.host_ports.clone(),
            kind: rules.kind,
            free: rules.apart.is_empty() && rules.beside.is_none() && rules.even.is_empty(),
            apart: rules.apart,
            beside: rules.beside,
            even: rules.even,
        };
        self.found.push(class);
        self.known.insert(key, self.found.len() - 1);
        self.found.len() - 1
    }

    /// All classes, and what they say of each other.
    pub(super) fn finish(self) -> (Vec<Class>, Terms) {
        (self.found, self.terms.finish())
    }
}

/// Whether a pod may be on the node as far as other pods do not matter.
fn allows(node: &Node, placement: &Placement, volumes: &[Vec<NodeTerm>]) -> bool {
    let (name, labels) = (node.name.as_str(), node.labels.as_slice());
    let in_place = |terms: &Vec<NodeTerm>| terms.iter().any(|it| it.holds(name, labels));
    placement.selects(name, labels)
        && node.taints.iter().all(|it| placement.stands(it))
        && volumes.iter().all(in_place)
}
