//! What the scheduler reads of a pod, out of its spec.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Affinity, Container, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PersistentVolume,
    PersistentVolumeSpec, PodAffinityTerm, PodSpec, Toleration as SpecToleration,
    TopologySpreadConstraint, Volume as SpecVolume,
};
use k8s_openapi::api::storage::v1::CSINode;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use super::{Amounts, MOST_CONTAINERS, Meta, Objects, Record};
use crate::snapshot::{
    HostPort, NodeTerm, Operator, Placement, PodSelector, PodTerm, Requirement, Spread, Toleration,
    Volume, VolumeHome,
};

/// Labels of a volume that say where it is, and those of nodes that they are held against:
/// their names of today, which nodes have beside the old ones.
const PLACES: [(&str, &str); 4] = [
    (
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/region",
    ),
    ("topology.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "topology.kubernetes.io/region",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "topology.kubernetes.io/zone",
    ),
];
/// Between the zones of a volume that is in several.
const BETWEEN: &str = "__";

type Annotations = BTreeMap<String, String>;

/// Of any list in a pod that its placement is made from.
const MOST: usize = MOST_CONTAINERS;
/// Labels that a claim is known by, where namespaces are chosen by their names.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
/// Names volumes of a pod, with commas between them, whose files Cluster Autoscaler may lose.
const GIVEN_UP: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
/// Taints that Kubernetes lets every pod stand for some minutes; where they are, nothing
/// is placed.
const BROKEN: [&str; 2] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
];

/// Takes out of a spec what says where its pod may run, and out of annotations which of its
/// files may go.
pub(super) fn of(spec: &mut PodSpec, annotations: Option<&Annotations>) -> Placement {
    let Affinity {
        node_affinity,
        pod_affinity,
        pod_anti_affinity,
    } = spec.affinity.take().unwrap_or_default();
    let nodes = node_affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution);
    let beside = pod_affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution);
    let apart =
        pod_anti_affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution);
    let terms = |it: Option<Vec<PodAffinityTerm>>| {
        let terms = it.into_iter().flatten().take(MOST);
        terms.map(pod_term).collect()
    };
    let spread = spec.topology_spread_constraints.take();
    let mut tolerations: Vec<Toleration> = spec
        .tolerations
        .take()
        .into_iter()
        .flatten()
        .take(MOST)
        .filter(|it| !it.key.as_deref().is_some_and(|key| BROKEN.contains(&key)))
        .map(toleration)
        .collect();
    tolerations.dedup();
    Placement {
        node_selector: spec.node_selector.take().into_iter().flatten().collect(),
        node_terms: nodes.map(node_terms),
        tolerations,
        affinity: terms(beside),
        anti_affinity: terms(apart),
        spread: spread
            .into_iter()
            .flatten()
            .filter(|it| it.when_unsatisfiable == "DoNotSchedule")
            .take(MOST)
            .map(constraint)
            .collect(),
        host_ports: host_ports(spec),
        local_storage: keeps_files(spec, annotations),
    }
}

/// Whether a volume is on the disk of its node, but for those that an annotation names.
fn keeps_files(spec: &PodSpec, annotations: Option<&Annotations>) -> bool {
    let named = annotations.and_then(|it| it.get(GIVEN_UP));
    let given_up: Vec<&str> = named.map_or(Vec::new(), |it| it.split(',').collect());
    let volumes = spec.volumes.iter().flatten();
    let mut local = volumes.filter(|it| is_local(it));
    local.any(|it| !given_up.contains(&it.name.as_str()))
}

/// Claims of the volumes that a pod mounts. What is made and deleted with a pod ties it
/// to no place.
pub(super) fn volume_claims(volumes: Option<&Vec<SpecVolume>>) -> Vec<String> {
    let volumes = volumes.into_iter().flatten().take(MOST);
    let claims = volumes.filter_map(|it| it.persistent_volume_claim.as_ref());
    let mut claims: Vec<String> = claims.map(|it| it.claim_name.clone()).collect();
    claims.sort();
    claims.dedup();
    claims
}

/// Claims of generic ephemeral volumes, which are called after pod and volume.
pub(super) fn own_claims(pod: &str, volumes: Option<&Vec<SpecVolume>>) -> Vec<String> {
    let volumes = volumes.into_iter().flatten().take(MOST);
    let made = volumes.filter(|it| it.ephemeral.is_some());
    let mut claims: Vec<String> = made.map(|it| format!("{pod}-{}", it.name)).collect();
    claims.sort();
    claims
}

fn is_local(volume: &SpecVolume) -> bool {
    let on_disk = volume.empty_dir.as_ref();
    volume.host_path.is_some() || on_disk.is_some_and(|it| it.medium.as_deref() != Some("Memory"))
}

fn host_ports(spec: &PodSpec) -> Vec<HostPort> {
    let init = spec.init_containers.iter().flatten();
    // What runs once gives its ports back.
    let sidecars = init.filter(|it| it.restart_policy.as_deref() == Some("Always"));
    let containers = sidecars.chain(&spec.containers).take(MOST);
    let mut found: Vec<HostPort> = containers.flat_map(ports_of).take(MOST).collect();
    found.dedup();
    found
}

fn ports_of(container: &Container) -> impl Iterator<Item = HostPort> + '_ {
    let ports = container.ports.iter().flatten();
    ports.filter_map(|it| {
        let port = it.host_port.and_then(|port| u16::try_from(port).ok())?;
        (port > 0).then(|| HostPort {
            port,
            protocol: it.protocol.clone().unwrap_or_else(|| "TCP".to_owned()),
            ip: it.host_ip.clone().filter(|ip| !ip.is_empty()),
        })
    })
}

fn toleration(it: SpecToleration) -> Toleration {
    let any_value = it.operator.as_deref() == Some("Exists");
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    Toleration {
        value: (!any_value).then(|| it.value.unwrap_or_default()),
        key: some(it.key),
        effect: some(it.effect),
    }
}

fn node_terms(selector: NodeSelector) -> Vec<NodeTerm> {
    let terms = selector.node_selector_terms.into_iter().take(MOST);
    terms.map(node_term).collect()
}

fn node_term(term: NodeSelectorTerm) -> NodeTerm {
    let labels = term.match_expressions.into_iter().flatten();
    let fields = term.match_fields.into_iter().flatten();
    let all = labels.chain(fields).take(MOST);
    NodeTerm(all.map(of_node).collect())
}

fn of_node(it: NodeSelectorRequirement) -> Requirement {
    requirement(it.key, &it.operator, it.values)
}

fn of_labels(it: LabelSelectorRequirement) -> Requirement {
    requirement(it.key, &it.operator, it.values)
}

fn requirement(key: String, name: &str, values: Option<Vec<String>>) -> Requirement {
    Requirement {
        key,
        operator: operator(name),
        values: values.unwrap_or_default(),
    }
}

fn operator(name: &str) -> Operator {
    match name {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        "Gt" => Operator::Gt,
        "Lt" => Operator::Lt,
        _ => Operator::Other,
    }
}

/// A selector of labels, with as many conditions as one that people write has.
pub(super) fn selector(it: LabelSelector) -> PodSelector {
    let expressions = it.match_expressions.into_iter().flatten().take(MOST);
    PodSelector {
        labels: it.match_labels.unwrap_or_default().into_iter().collect(),
        expressions: expressions.map(of_labels).collect(),
    }
}

fn pod_term(it: PodAffinityTerm) -> PodTerm {
    let mut namespaces = it.namespaces.unwrap_or_default();
    let chosen = it.namespace_selector.map(selector);
    let all = chosen
        .as_ref()
        .is_some_and(|it| *it == PodSelector::default());
    let named = chosen.as_ref().and_then(by_name);
    let unclear = chosen.is_some() && !all && named.is_none();
    namespaces.extend(named.unwrap_or_default());
    PodTerm {
        selector: it.label_selector.map(selector),
        topology_key: it.topology_key,
        namespaces,
        // What is chosen by labels that are not known may be any.
        all_namespaces: all || unclear,
        unclear,
        match_label_keys: it.match_label_keys.unwrap_or_default(),
    }
}

/// The namespaces, where a selector chooses them by their names.
fn by_name(selector: &PodSelector) -> Option<Vec<String>> {
    match (selector.labels.as_slice(), selector.expressions.as_slice()) {
        ([(key, value)], []) if key == NAMESPACE_NAME => Some(vec![value.clone()]),
        ([], [one]) if one.key == NAMESPACE_NAME && one.operator == Operator::In => {
            Some(one.values.clone())
        }
        _ => None,
    }
}

fn constraint(it: TopologySpreadConstraint) -> Spread {
    let number = |number: i32| u32::try_from(number).unwrap_or(1);
    Spread {
        selector: it.label_selector.map(selector),
        topology_key: it.topology_key,
        max_skew: number(it.max_skew),
        min_domains: it.min_domains.map(number),
        any_node: it.node_affinity_policy.as_deref() == Some("Ignore"),
        honor_taints: it.node_taints_policy.as_deref() == Some("Honor"),
        match_label_keys: it.match_label_keys.unwrap_or_default(),
    }
}

impl Record for PersistentVolume {
    fn record(self, objects: &mut Objects) {
        let mut amounts = Amounts::default();
        let meta = Meta::new(self.metadata);
        let spec = self.spec.unwrap_or_default();
        let (driver, home) = (driver(&spec), home(&spec));
        let storage = spec.capacity.as_ref().and_then(|all| all.get("storage"));
        let capacity = storage.and_then(|text| amounts.quantity("storage", text));
        let claim = spec.claim_ref.and_then(|it| it.namespace.zip(it.name));
        let phase = self.status.and_then(|status| status.phase);
        objects.cluster.volumes.push(Volume {
            name: meta.name.clone(),
            storage_class: spec.storage_class_name.filter(|it| !it.is_empty()),
            capacity: capacity
                .map(|quantity| (&quantity).into())
                .unwrap_or_default(),
            phase: phase.unwrap_or_else(|| "Unknown".to_owned()),
            claim,
            driver,
            home,
            node_terms: in_zones(
                spec.node_affinity
                    .and_then(|it| it.required)
                    .map(node_terms),
                &meta.labels,
            ),
        });
        objects.note("PersistentVolume", &meta, amounts);
    }
}

/// Where a volume can be used, by its labels too: a node that says where it is must be in a
/// zone of each, and one that does not say it takes any.
///
/// Source: the scheduler's plugin `VolumeZone`, `LabelZonesToSet` of `k8s.io/cloud-provider`.
fn in_zones(terms: Option<Vec<NodeTerm>>, labels: &[(String, String)]) -> Option<Vec<NodeTerm>> {
    let places = labels.iter().filter_map(|(key, value)| {
        let (_, key) = PLACES.iter().find(|(own, _)| own == key)?;
        let values: Vec<String> = value
            .split(BETWEEN)
            .map(|it| it.trim().to_owned())
            .collect();
        // The scheduler passes over a label that it cannot read.
        let whole = values.iter().all(|it| !it.is_empty());
        whole.then(|| requirement((*key).to_owned(), "In", Some(values)))
    });
    let places: Vec<Requirement> = places.collect();
    if places.is_empty() {
        return terms;
    }
    let silent = PLACES[..2].iter();
    let silent = silent.map(|(key, _)| requirement((*key).to_owned(), "DoesNotExist", None));
    let silent: Vec<Requirement> = silent.collect();
    let with = |term: &NodeTerm, more: &[Requirement]| {
        NodeTerm(term.0.iter().chain(more).cloned().collect())
    };
    Some(match terms {
        None => vec![NodeTerm(places), NodeTerm(silent)],
        // One without conditions holds nowhere, whatever is asked besides.
        Some(terms) => terms
            .iter()
            .filter(|it| !it.0.is_empty())
            .flat_map(|it| [with(it, &places), with(it, &silent)])
            .collect(),
    })
}

/// The CSI driver that attaches it: its own, or the one that has taken over from what was
/// built into Kubernetes.
fn driver(spec: &PersistentVolumeSpec) -> Option<String> {
    let moved = if spec.aws_elastic_block_store.is_some() {
        Some("ebs.csi.aws.com")
    } else if spec.gce_persistent_disk.is_some() {
        Some("pd.csi.storage.gke.io")
    } else if spec.azure_disk.is_some() {
        Some("disk.csi.azure.com")
    } else {
        None
    };
    let own = spec.csi.as_ref().map(|it| it.driver.clone());
    own.or(moved.map(str::to_owned))
}

/// Where it is, by what mounts it.
fn home(spec: &PersistentVolumeSpec) -> Option<VolumeHome> {
    let on_servers = [
        spec.nfs.is_some(),
        spec.iscsi.is_some(),
        spec.fc.is_some(),
        spec.cephfs.is_some(),
        spec.rbd.is_some(),
        spec.glusterfs.is_some(),
    ];
    if spec.local.is_some() || spec.host_path.is_some() {
        Some(VolumeHome::Node)
    } else if on_servers.contains(&true) {
        Some(VolumeHome::Server)
    } else {
        None
    }
}

impl Record for CSINode {
    fn record(self, objects: &mut Objects) {
        let name = self.metadata.name.unwrap_or_default();
        let drivers = self.spec.drivers.into_iter().take(MOST);
        let limits = drivers.filter_map(|it| {
            let count = it.allocatable?.count?;
            Some((it.name, u32::try_from(count).ok()?))
        });
        objects
            .volume_limits
            .entry(name)
            .or_default()
            .extend(limits);
    }
}
