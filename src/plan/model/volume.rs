//! Where volumes can be used, and how many of them a node can attach.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::VOLUMES;
use crate::snapshot::{Node, NodeTerm, Operator, Pod, Requirement, Snapshot, Volume, VolumeClaim};

/// The label that says in which zone a node is.
const ZONE: &str = "topology.kubernetes.io/zone";

/// Claims and volumes by name.
pub(super) struct Storage<'a> {
    claims: HashMap<(&'a str, &'a str), &'a VolumeClaim>,
    volumes: HashMap<&'a str, &'a Volume>,
    /// Claims of one node at a time that several pods have.
    shared: HashSet<(&'a str, &'a str)>,
}

/// What the volumes of a pod ask of its node.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Bound {
    /// For each volume that is bound to places, those: one of them holds.
    pub(super) terms: Vec<Vec<NodeTerm>>,
    /// As resources.
    pub(super) drivers: Vec<String>,
    /// The first of which nothing says where it can be used.
    pub(super) unknown: Option<String>,
    /// The first that only one node can mount, and other pods have too.
    pub(super) shared: Option<String>,
}

impl<'a> Storage<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        let claims = snapshot.cluster.volume_claims.iter();
        let claims = claims.map(|it| ((it.namespace.as_str(), it.name.as_str()), it));
        let volumes = snapshot.cluster.volumes.iter();
        let claims: HashMap<_, _> = claims.collect();
        let mut once = HashSet::new();
        let mut shared = HashSet::new();
        for workload in &snapshot.workloads {
            let namespace = workload.id.namespace.as_str();
            for claim in workload.pods.iter().flat_map(|pod| &pod.volume_claims) {
                let key = (namespace, claim.as_str());
                let single = claims.get(&key).is_some_and(|it| it.single_node);
                if single && !once.insert(key) {
                    shared.insert(key);
                }
            }
        }
        Self {
            claims,
            volumes: volumes.map(|it| (it.name.as_str(), it)).collect(),
            shared,
        }
    }

    /// Every driver that attaches volumes, as a resource.
    pub(super) fn drivers(&self) -> BTreeSet<String> {
        let drivers = self.volumes.values().filter_map(|it| it.driver.as_ref());
        drivers.map(|it| format!("{VOLUMES}{it}")).collect()
    }

    /// The driver of the volume of a claim, as a resource.
    fn driver(&self, namespace: &str, claim: &str) -> Option<String> {
        let volume = self.claims.get(&(namespace, claim))?.volume.as_deref()?;
        let driver = self.volumes.get(volume)?.driver.as_ref()?;
        Some(format!("{VOLUMES}{driver}"))
    }

    /// What a pod's volumes ask, which is on `node` now. Those that are made with it are made
    /// anew wherever it comes to.
    pub(super) fn of(&self, namespace: &str, pod: &Pod, node: Option<&Node>) -> Bound {
        let own = pod.own_claims.iter();
        let mut bound = Bound {
            drivers: own.filter_map(|it| self.driver(namespace, it)).collect(),
            ..Bound::default()
        };
        for name in &pod.volume_claims {
            let claim = self.claims.get(&(namespace, name.as_str()));
            let volume = claim.and_then(|it| it.volume.as_deref());
            let volume = volume.and_then(|name| self.volumes.get(name));
            if self.shared.contains(&(namespace, name.as_str())) {
                bound.shared.get_or_insert_with(|| name.clone());
            }
            let Some(volume) = volume else {
                // Most volumes of clouds can be used in one zone.
                match node.and_then(|it| it.zone.as_ref()) {
                    Some(zone) => bound.terms.push(in_zone(zone)),
                    None => bound.unknown = Some(name.clone()),
                }
                continue;
            };
            bound.terms.extend(volume.node_terms.clone());
            let driver = volume.driver.as_ref();
            bound
                .drivers
                .extend(driver.map(|it| format!("{VOLUMES}{it}")));
        }
        bound
    }
}

fn in_zone(zone: &str) -> Vec<NodeTerm> {
    vec![NodeTerm(vec![Requirement {
        key: ZONE.to_owned(),
        operator: Operator::In,
        values: vec![zone.to_owned()],
    }])]
}
