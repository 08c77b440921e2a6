//! What ran with devices, and is not there any more: on which nodes, and so for how much.

use std::collections::HashMap;

use super::list::{Entry, entry};
use super::{Book, NodePrice, Rates};
use crate::snapshot::{
    CapacityType, Cluster, Container, Node, Operator, PRODUCT_LABELS, Placement, Resources,
    SPOT_LABELS, TYPE_LABELS, Workload,
};
use crate::text::money;
use crate::units::{Money, len_f64};

/// So many runs are named.
const NAMED: usize = 3;

/// Where pods of a workload with devices run or ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Home<'a> {
    cluster: &'a Cluster,
    /// Places of nodes in the cluster, one for each pod, and how much of all each counts; of
    /// what nobody remembers those that it may have been on.
    nodes: Vec<(usize, f64)>,
    /// As its rules say of a node, where none is there now.
    described: Option<Node>,
    /// Whether it is known which devices they had.
    sure: bool,
}

/// Finds homes: where each node stands, by its name.
#[derive(Debug, Clone)]
pub struct Homes<'a> {
    cluster: &'a Cluster,
    places: HashMap<&'a str, usize>,
}

impl<'a> Homes<'a> {
    pub fn new(cluster: &'a Cluster) -> Self {
        let nodes = cluster.nodes.iter().enumerate();
        Self {
            cluster,
            places: nodes.map(|(at, it)| (it.name.as_str(), at)).collect(),
        }
    }

    /// Where the node of this name stands in the cluster.
    pub fn place(&self, node: &str) -> Option<usize> {
        self.places.get(node).copied()
    }

    /// The node of this name.
    pub fn node(&self, name: &str) -> Option<&'a Node> {
        self.cluster.nodes.get(self.place(name)?)
    }

    /// By the nodes of its pods of now, else of those that have ended, each for as long as it
    /// ran, else of all that it may run on, where their devices are all alike, else by what its
    /// rules say of a node. `None` where it has no devices, or nothing tells.
    pub fn of(&self, workload: &Workload) -> Option<Home<'a>> {
        let cluster = self.cluster;
        let asked = asked(workload)?;
        let known = |nodes: Vec<(usize, f64)>| (!nodes.is_empty()).then_some((nodes, true));
        let now = workload.pods.iter().map(|it| (it.node.as_deref(), 1.0));
        let before = workload.ran.iter().map(|it| it.node.as_deref());
        let before = || before.zip(lengths(workload));
        let found = known(self.places(now))
            .or_else(|| known(self.places(before())))
            .or_else(|| eligible(cluster, workload, &asked));
        let described = || {
            workload
                .placement
                .as_ref()
                .and_then(|it| described(cluster, it))
        };
        let (nodes, described, sure) = match found {
            Some((nodes, sure)) => (nodes, None, sure),
            None => (Vec::new(), Some(described()?), true),
        };
        Some(Home {
            cluster,
            nodes,
            described,
            sure,
        })
    }

    fn places<'n>(&self, names: impl Iterator<Item = (Option<&'n str>, f64)>) -> Vec<(usize, f64)> {
        let found = names.filter_map(|(name, counts)| Some((self.place(name?)?, counts)));
        found.collect()
    }
}

impl Home<'_> {
    /// Whether it is known which devices they had, rather than which they may have had.
    pub fn is_sure(&self) -> bool {
        self.sure
    }

    /// What most of the devices are sold as.
    pub fn product(&self) -> Option<&str> {
        if !self.sure {
            return None;
        }
        let product = |(at, counts): &(usize, f64)| {
            let node = &self.cluster.nodes[*at];
            Some((node.gpu_product.as_deref()?, *counts))
        };
        let all: Vec<(&str, f64)> = self.nodes.iter().filter_map(product).collect();
        let of = |name: &str| -> f64 {
            let own = all.iter().filter(|it| it.0 == name);
            own.map(|it| it.1).sum()
        };
        let names = all.iter().map(|it| it.0);
        let most = names.max_by(|a, b| of(a).total_cmp(&of(b)));
        most.or_else(|| self.described.as_ref()?.gpu_product.as_deref())
    }

    /// What resources cost there: the mean over its pods; of nodes that it may have been on the
    /// cheapest. Prices are those of the nodes of the cluster.
    pub fn rates(&self, prices: &[NodePrice], book: &Book) -> Rates {
        if let Some(node) = &self.described {
            return book.uncommitted(node).rates;
        }
        let all = self.nodes.iter().map(|(at, by)| (&prices[*at].rates, *by));
        let all: Vec<(&Rates, f64)> = all.collect();
        let of_devices = |it: &(&Rates, f64)| it.0.gpu_hour.unwrap_or(f64::INFINITY);
        let cheapest = all
            .iter()
            .min_by(|a, b| of_devices(a).total_cmp(&of_devices(b)));
        match cheapest {
            Some(cheapest) if !self.sure => cheapest.0.clone(),
            _ => mean(&all),
        }
    }
}

/// What is to be known of the money of runs whose devices nothing tells: of those that may have
/// been on several sorts of nodes, and of those of which nothing is known.
pub fn unknown_runs<'w>(
    homes: &Homes<'_>,
    runs: impl Iterator<Item = &'w Workload>,
    book: &Book,
) -> Vec<String> {
    let (mut open, mut silent) = (Vec::new(), Vec::new());
    for run in runs.filter(|it| asked(it).is_some()) {
        let name = format!("{}/{}", run.id.namespace, run.id.name);
        match homes.of(run) {
            Some(home) if home.is_sure() => {}
            Some(_) => open.push(name),
            None => silent.push(name),
        }
    }
    let of = |names: Vec<String>| {
        let more = names.len().saturating_sub(NAMED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let named: Vec<String> = names.into_iter().take(NAMED).collect();
        let named = named.join(", ");
        format!("which GPUs the runs of {named}{more} had is not known")
    };
    let each = book.rates(None).gpu_hour;
    let each = each.map(|it| money(Money::from_f64(it), &book.currency()));
    let open = (!open.is_empty()).then(|| {
        let runs = of(open);
        format!("{runs}: the cheapest of those that they may have had are counted")
    });
    let silent = (!silent.is_empty()).then(|| match each {
        Some(each) => format!("{}: {each} an hour stands for each", of(silent)),
        None => book.without_price(&format!("{}, and they", of(silent))),
    });
    open.into_iter().chain(silent).collect()
}

/// Devices of one pod.
fn asked(workload: &Workload) -> Option<Resources> {
    let of = |it: &Container| it.requests.or(&it.limits);
    let all = workload.containers.iter().map(of);
    let all = all.fold(Resources::default(), |all, it| all.plus(&it));
    let pods = workload.pods.iter().map(|it| it.requests.clone());
    std::iter::once(all).chain(pods).find(|it| it.gpus() > 0.0)
}

/// Nodes that have what it asks for and that its rules allow; and whether their devices are
/// all alike. Tolerations may be given to pods alone, so that no taint is against it where
/// every node has one.
fn eligible(
    cluster: &Cluster,
    workload: &Workload,
    asked: &Resources,
) -> Option<(Vec<(usize, f64)>, bool)> {
    let placement = workload.placement.as_ref()?;
    let has = |node: &Node| {
        let mut each = asked.extended.iter().filter(|it| *it.1 > 0.0);
        each.all(|(name, count)| {
            let amounts = [&node.allocatable, &node.capacity];
            let mut amounts = amounts.iter().filter_map(|it| it.extended.get(name));
            amounts.any(|it| it >= count)
        })
    };
    let selects = |node: &Node| has(node) && placement.selects(&node.name, &node.labels);
    let stands = |node: &Node| node.taints.iter().all(|it| placement.stands(it));
    let nodes = || {
        cluster
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, it)| selects(it))
    };
    let mut all: Vec<(usize, &Node)> = nodes().filter(|(_, it)| stands(it)).collect();
    if all.is_empty() {
        all = nodes().collect();
    }
    let first = all.first()?.1;
    let alike = |it: &Node| match (&first.gpu_product, &it.gpu_product) {
        (Some(a), Some(b)) => a == b,
        _ => it.instance_type.is_some() && it.instance_type == first.instance_type,
    };
    let sure = all.iter().all(|(_, it)| alike(it));
    Some((all.into_iter().map(|(at, _)| (at, 1.0)).collect(), sure))
}

/// A node as rules ask for it: its type, else the product of its devices; where one alone is
/// named.
fn described(cluster: &Cluster, placement: &Placement) -> Option<Node> {
    let value = |key: &str| {
        let own = placement.node_selector.iter().find(|it| it.0 == key);
        let own = own.map(|it| it.1.as_str());
        own.or_else(|| required(placement, key))
    };
    let instance_type = TYPE_LABELS.into_iter().find_map(value);
    let listed = instance_type.and_then(|it| entry(it, None));
    let listed = listed.filter(|it| it.gpu.is_some());
    let product = PRODUCT_LABELS.into_iter().find_map(value);
    let product = product.or_else(|| listed.and_then(|it| it.gpu));
    let spot = SPOT_LABELS
        .iter()
        .any(|(key, spot)| value(key).is_some_and(|it| spot.contains(&it)));
    let like = cluster.nodes.first();
    let capacity = listed.map(Entry::capacity).unwrap_or_default();
    Some(Node {
        gpu_product: Some(product?.to_owned()),
        instance_type: listed.map(|it| it.name.to_owned()),
        region: like.and_then(|it| it.region.clone()),
        provider: like.and_then(|it| it.provider.clone()),
        capacity_type: if spot {
            CapacityType::Spot
        } else {
            CapacityType::Unknown
        },
        allocatable: capacity.clone(),
        capacity,
        ..Node::default()
    })
}

/// The one value that a label of the node must have by affinity.
fn required<'p>(placement: &'p Placement, key: &str) -> Option<&'p str> {
    let terms = placement.node_terms.as_deref()?;
    let [term] = terms else { return None };
    let mut own = term
        .0
        .iter()
        .filter(|it| it.key == key && it.operator == Operator::In);
    match own.next()?.values.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

/// Each by how much of all it counts.
fn mean(all: &[(&Rates, f64)]) -> Rates {
    let count: f64 = all.iter().map(|it| it.1).sum();
    let count = if count > 0.0 { count } else { 1.0 };
    let of = |rate: fn(&Rates) -> f64| {
        let sum: f64 = all.iter().map(|(it, by)| rate(it) * by).sum();
        sum / count
    };
    let devices: Option<f64> = all
        .iter()
        .map(|(it, by)| it.gpu_hour.map(|rate| rate * by))
        .sum();
    Rates {
        cpu_core_hour: of(|it| it.cpu_core_hour),
        memory_gib_hour: of(|it| it.memory_gib_hour),
        gpu_hour: devices.map(|it| it / count),
    }
}

/// How long each of its pods that have ended ran, in seconds; of one that does not tell the
/// mean of the others. One where none tells.
fn lengths(workload: &Workload) -> Vec<f64> {
    let own = || workload.ran.iter().map(|it| it.seconds);
    // What failed at once was there as well.
    let told: Vec<f64> = own().flatten().map(|it| f64::from(it.max(1))).collect();
    let usual = if told.is_empty() {
        1.0
    } else {
        told.iter().sum::<f64>() / len_f64(told.len())
    };
    own()
        .map(|it| it.map_or(usual, |it| f64::from(it.max(1))))
        .collect()
}
