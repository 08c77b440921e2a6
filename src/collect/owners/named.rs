//! Labels that rules of pods name: a snapshot keeps those and no others.

use std::collections::{BTreeMap, BTreeSet};

use crate::collect::Objects;
use crate::collect::objects::PodRecord;
use crate::snapshot::{Labels, Placement, label};

/// Labels of nodes that say what they are and what they are for, whoever names them.
const OF_NODES: [&str; 7] = [
    "eks.amazonaws.com/compute-type",
    "kubernetes.io/arch",
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "node-role.kubernetes.io/control-plane",
    "node-role.kubernetes.io/master",
    "topology.kubernetes.io/zone",
];

/// Old names of labels that nodes may still have alone.
const RENAMED: [(&str, &str); 4] = [
    (
        "failure-domain.beta.kubernetes.io/region",
        "topology.kubernetes.io/region",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "topology.kubernetes.io/zone",
    ),
    ("beta.kubernetes.io/arch", "kubernetes.io/arch"),
    ("beta.kubernetes.io/os", "kubernetes.io/os"),
];

/// Keys of labels of pods that some rule names.
#[derive(Debug, Default)]
pub(super) struct Named(BTreeSet<String>);

impl Named {
    /// Those of all rules; nodes get the labels that rules name.
    pub(super) fn of(objects: &mut Objects) -> Self {
        let pods = objects.pods.iter().map(|pod| &pod.spec.placement);
        let templates = objects.controllers.iter().flat_map(|it| &it.templates);
        let templates = templates.map(|placed| &placed.template.placement);
        // Replicas have the same rules, of which one is enough.
        let all: Vec<&Placement> = distinct(pods.chain(templates));
        let cluster = &mut objects.cluster;
        let volumes = cluster.volumes.iter();
        let volumes = volumes.flat_map(|it| it.node_terms.iter().flatten());
        let volumes = volumes.flat_map(|term| term.0.iter().map(|it| it.key.as_str()));
        let rules = all.iter().flat_map(|it| it.node_keys());
        let mut keys: BTreeSet<&str> = volumes.chain(rules).collect();
        keys.extend(OF_NODES);
        let labels = &objects.node_labels;
        for node in &mut cluster.nodes {
            let own = labels.get(&node.name).map_or(&[][..], Vec::as_slice);
            node.labels = of_node(own, &keys);
            let limits = objects.volume_limits.remove(&node.name);
            node.volume_limits = limits.unwrap_or_default();
        }
        let budgets = cluster.disruption_budgets.iter().flat_map(|it| {
            let more = it.expressions.iter().map(|it| it.key.as_str());
            it.selector.iter().map(|(key, _)| key.as_str()).chain(more)
        });
        let balancers = cluster.services.iter();
        let balancers = balancers.filter(|it| it.service_type == "LoadBalancer");
        let balancers = balancers.flat_map(|it| it.selector.iter().map(|(key, _)| key.as_str()));
        let rules = all.iter().flat_map(|it| it.pod_keys());
        Self(
            rules
                .chain(budgets)
                .chain(balancers)
                .map(str::to_owned)
                .collect(),
        )
    }

    /// What of a pod's labels is named.
    pub(super) fn of_pod(&self, labels: &[(String, String)]) -> Labels {
        let named = labels.iter().filter(|(key, _)| self.0.contains(key));
        named.cloned().collect()
    }
}

/// Where a pod may run, where that is not as its workload says. Of a DaemonSet every pod
/// has a node of its own, which says nothing.
pub(super) fn own(pod: &PodRecord, shared: &Placement, tied: bool) -> Option<Box<Placement>> {
    let own = &pod.spec.placement;
    (!tied && own != shared).then(|| Box::new(own.clone()))
}

fn distinct<'a>(all: impl Iterator<Item = &'a Placement>) -> Vec<&'a Placement> {
    let mut seen = std::collections::HashSet::new();
    all.filter(|it| seen.insert(*it)).collect()
}

fn of_node(labels: &[(String, String)], keys: &BTreeSet<&str>) -> Labels {
    let named = labels.iter().filter(|(key, _)| keys.contains(key.as_str()));
    let mut named: BTreeMap<String, String> = named.cloned().collect();
    for (old, new) in RENAMED {
        if let Some(value) = label(labels, old).filter(|_| keys.contains(new)) {
            named
                .entry(new.to_owned())
                .or_insert_with(|| value.to_owned());
        }
    }
    named.into_iter().collect()
}
