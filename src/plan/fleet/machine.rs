//! A machine that is not there yet: what it says of itself, and so which pods may run on it.

use super::offer::Offer;
use crate::plan::model::HOST;
use crate::snapshot::{CapacityType, GPU, Labels, Node, Resources, TYPE_LABELS};
use crate::units::{Bytes, Cpu};

const REGION: [&str; 2] = [
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/region",
];
const ZONE: [&str; 2] = [
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/zone",
];
/// What begins the keys of others that clouds and provisioners derive from the type. Of those
/// that are not known from its name nothing is said, so that no pod that names them comes.
///
/// Source: the documentation of Karpenter and its providers, of EKS Auto Mode and of GKE.
const OF_TYPE: [&str; 6] = [
    "karpenter.k8s.aws/instance-",
    "eks.amazonaws.com/instance-",
    "karpenter.azure.com/sku-",
    "karpenter.k8s.gcp/instance-",
    "cloud.google.com/machine-family",
    "kubernetes.azure.com/sku-",
];
/// Labels that say how a machine is bought, with their values on demand and on spot; without
/// a value there is no such label.
const BOUGHT: [(&str, Option<&str>, Option<&str>); 6] = [
    (
        "karpenter.sh/capacity-type",
        Some("on-demand"),
        Some("spot"),
    ),
    (
        "eks.amazonaws.com/capacityType",
        Some("ON_DEMAND"),
        Some("SPOT"),
    ),
    ("cloud.google.com/gke-spot", None, Some("true")),
    ("cloud.google.com/gke-preemptible", None, None),
    (
        "cloud.google.com/gke-provisioning",
        Some("standard"),
        Some("spot"),
    ),
    ("kubernetes.azure.com/scalesetpriority", None, Some("spot")),
];
/// What begins the keys of taints that come and go with the state of a node.
const PASSING: [&str; 6] = [
    "node.kubernetes.io/",
    "node.cloudprovider.kubernetes.io/",
    "node.cilium.io/",
    "karpenter.sh/",
    "ToBeDeletedByClusterAutoscaler",
    "DeletionCandidateOfClusterAutoscaler",
];

/// What all nodes of a pool have in common: its labels and taints. What only some have was
/// given to them by hand, and no new node has it.
pub(super) fn like(nodes: &[&Node]) -> Option<Node> {
    let first = *nodes.first()?;
    let all = |has: &dyn Fn(&Node) -> bool| nodes.iter().all(|it| has(it));
    let labels = first.labels.iter();
    let labels = labels.filter(|own| all(&|it| it.labels.contains(own)));
    let taints = first.taints.iter();
    let taints = taints.filter(|own| all(&|it| it.taints.contains(own)));
    let lasting = |it: &&String| !PASSING.iter().any(|key| it.starts_with(key));
    let mut like = Node {
        labels: labels.cloned().collect(),
        taints: taints.filter(lasting).cloned().collect(),
        ready: true,
        unschedulable: false,
        conditions: Vec::new(),
        annotations: Vec::new(),
        created: None,
        ..first.clone()
    };
    // How each is bought may differ, and what says it is still of the pool.
    for (key, ..) in BOUGHT {
        let mut known = nodes.iter().flat_map(|it| &it.labels);
        let known = known.find(|(own, _)| own == key).cloned();
        if like.labels.iter().all(|(own, _)| own != key) {
            like.labels.extend(known);
        }
    }
    Some(like)
}

/// A machine of a type for a pool whose nodes are like this, in this zone.
pub(super) fn made(like: &Node, name: &str, offer: &Offer, zone: Option<&String>) -> Node {
    let spot = offer.machine.capacity_type == CapacityType::Spot;
    let mut labels = like.labels.clone();
    labels.retain(|(key, _)| !OF_TYPE.iter().any(|it| key.starts_with(it)) && key != HOST);
    let zone = zone.or(like.zone.as_ref());
    let mut say = |keys: &[&str], value: Option<&str>| {
        for key in keys {
            set(&mut labels, key, value);
        }
    };
    say(&[HOST], Some(name));
    say(&TYPE_LABELS, Some(offer.name));
    if let Some(region) = &like.region {
        say(&REGION, Some(region));
    }
    if let Some(zone) = zone {
        say(&ZONE, Some(zone));
    }
    for (key, value) in of_type(offer, like.provider.as_deref()) {
        say(&[&key], Some(&value));
    }
    for (key, on_demand, on_spot) in BOUGHT {
        let known = like.labels.iter().any(|(own, _)| own == key);
        let marks = on_demand.is_none() && of_cloud(key, like.provider.as_deref());
        if known || (marks && spot) {
            say(&[key], if spot { on_spot } else { on_demand });
        }
    }
    labels.sort();
    let [cpu, memory, pods, gpus] = offer.allocatable;
    let mut amounts = Resources {
        cpu: Some(Cpu::cores(cpu)),
        memory: Some(Bytes::from_f64(memory)),
        extended: [("pods".to_owned(), pods)].into(),
    };
    if gpus > 0.0 {
        amounts.extended.insert(GPU.to_owned(), gpus);
    }
    Node {
        name: name.to_owned(),
        labels,
        zone: zone.cloned(),
        instance_type: Some(offer.name.to_owned()),
        capacity_type: offer.machine.capacity_type,
        capacity: amounts.clone(),
        allocatable: amounts,
        ..like.clone()
    }
}

/// Whether a cloud sets this label itself.
fn of_cloud(key: &str, provider: Option<&str>) -> bool {
    match provider {
        Some("gce") => key.starts_with("cloud.google.com/"),
        Some("azure") => key.starts_with("kubernetes.azure.com/"),
        _ => false,
    }
}

fn set(labels: &mut Labels, key: &str, value: Option<&str>) {
    labels.retain(|(own, _)| own != key);
    labels.extend(value.map(|it| (key.to_owned(), it.to_owned())));
}

/// What the name of a type says of it, as provisioners label it.
fn of_type(offer: &Offer, provider: Option<&str>) -> Vec<(String, String)> {
    match provider {
        Some("gce") => {
            let family = offer.name.split('-').next().unwrap_or_default();
            vec![(
                "cloud.google.com/machine-family".to_owned(),
                family.to_owned(),
            )]
        }
        Some("aws") => {
            let (family, size) = offer.name.split_once('.').unwrap_or((offer.name, ""));
            let letters = family.find(|it: char| !it.is_ascii_lowercase());
            let category = &family[..letters.unwrap_or(family.len())];
            let rest = &family[category.len()..];
            let digits = rest.find(|it: char| !it.is_ascii_digit());
            let generation = &rest[..digits.unwrap_or(rest.len())];
            let known = [
                ("family", family.to_owned()),
                ("size", size.to_owned()),
                ("category", category.to_owned()),
                ("generation", generation.to_owned()),
                ("cpu", offer.cores.to_string()),
                ("memory", (offer.gib * 1024.0).to_string()),
            ];
            let each = known.iter().flat_map(|(key, value)| {
                OF_TYPE[..2]
                    .iter()
                    .map(move |own| (format!("{own}{key}"), value.clone()))
            });
            each.filter(|(_, value)| !value.is_empty()).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::label;
    use crate::units::Money;

    fn offer(name: &'static str, capacity_type: CapacityType) -> Offer {
        Offer {
            name,
            cores: 8.0,
            gib: 32.0,
            price: Money::ZERO,
            each: Money::ZERO,
            machine: Node {
                capacity_type,
                ..Node::default()
            },
            allocatable: [7.9, 30.0, 58.0, 0.0],
            room: [7.0, 28.0, 58.0, 0.0],
            allowed: Vec::new(),
        }
    }

    fn node(labels: &[(&str, &str)], taints: &[&str]) -> Node {
        Node {
            labels: labels
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            taints: taints.iter().map(|&it| it.to_owned()).collect(),
            provider: Some("aws".to_owned()),
            region: Some("eu-west-1".to_owned()),
            zone: Some("eu-west-1a".to_owned()),
            ..Node::default()
        }
    }

    #[test]
    fn a_new_node_has_what_all_of_its_pool_have_and_its_own_type() {
        let a = node(
            &[
                ("team", "x"),
                ("disk", "ssd"),
                ("node.kubernetes.io/instance-type", "m5.xlarge"),
                ("karpenter.k8s.aws/instance-size", "xlarge"),
                ("karpenter.k8s.aws/instance-hypervisor", "nitro"),
                ("karpenter.sh/capacity-type", "on-demand"),
            ],
            &[
                "team=x:NoSchedule",
                "node.kubernetes.io/unschedulable:NoSchedule",
            ],
        );
        let b = node(&[("team", "x")], &["team=x:NoSchedule"]);
        let like = like(&[&a, &b]).expect("a node");
        assert_eq!(like.taints, ["team=x:NoSchedule"]);
        let made = made(
            &like,
            "new",
            &offer("m7i.2xlarge", CapacityType::Spot),
            None,
        );
        let said = |key: &str| label(&made.labels, key);
        assert_eq!(said("team"), Some("x"));
        assert_eq!(said("disk"), None);
        assert_eq!(
            said("node.kubernetes.io/instance-type"),
            Some("m7i.2xlarge")
        );
        assert_eq!(said("topology.kubernetes.io/zone"), Some("eu-west-1a"));
        assert_eq!(said("kubernetes.io/hostname"), Some("new"));
        assert_eq!(said("karpenter.k8s.aws/instance-size"), Some("2xlarge"));
        assert_eq!(said("karpenter.k8s.aws/instance-generation"), Some("7"));
        assert_eq!(said("karpenter.k8s.aws/instance-memory"), Some("32768"));
        assert_eq!(said("karpenter.k8s.aws/instance-hypervisor"), None);
        assert_eq!(said("karpenter.sh/capacity-type"), Some("spot"));
    }

    #[test]
    fn clouds_mark_their_spot_machines() {
        let on = |provider: &str, capacity_type| {
            let mut node = node(&[], &[]);
            node.provider = Some(provider.to_owned());
            let like = like(&[&node]).expect("a node");
            made(&like, "new", &offer("n2-standard-8", capacity_type), None).labels
        };
        let marks = |labels: &Labels| label(labels, "cloud.google.com/gke-spot") == Some("true");
        assert!(marks(&on("gce", CapacityType::Spot)));
        assert!(!marks(&on("gce", CapacityType::OnDemand)));
        assert!(!marks(&on("aws", CapacityType::Spot)));
    }
}
