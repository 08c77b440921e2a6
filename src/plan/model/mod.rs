//! Nodes and pods as numbers: what each has, wants and must keep.

mod class;
mod devices;
mod fixed;
mod terms;
mod volume;

use std::collections::{BTreeSet, HashMap};

use super::stay::{Fixed, Kept, Wanted};
use super::{Autoscaler, PodRef};
use crate::price::{NodePrice, Worth};
use crate::snapshot::{Node, Pod, Resources, Snapshot, Sold, amounts};
use crate::units::{Money, len_f64};
use class::Classes;
use volume::Storage;

pub(super) use class::Class;
pub(super) use terms::{HOST, Terms};

/// Places of the resources that every node has.
pub(super) const CPU: usize = 0;
pub(super) const MEMORY: usize = 1;
pub(super) const PODS: usize = 2;

/// Before the name of a driver, where volumes that it attaches count as a resource.
pub(super) const VOLUMES: &str = "volumes of ";

/// Resources that old dumps of nodes leave out.
const LEFT_OUT: [&str; 2] = ["pods", "ephemeral-storage"];

/// A cluster to be repacked.
pub(super) struct Model<'a> {
    /// What amounts are of: CPU in cores, memory in bytes, pods, then whatever else is
    /// requested.
    pub(super) resources: Vec<String>,
    pub(super) nodes: Vec<Place<'a>>,
    /// What a node has on average, by resource; of those with a limit.
    pub(super) mean: Vec<f64>,
    pub(super) pods: Vec<Item>,
    pub(super) classes: Vec<Class>,
    pub(super) terms: Terms,
}

/// A node.
pub(super) struct Place<'a> {
    pub(super) node: &'a Node,
    /// Allocatable, by resource; infinite where there is no limit.
    pub(super) has: Vec<f64>,
    /// Whether pods may come to it.
    pub(super) takes: bool,
    /// Why it stays whatever is on it.
    pub(super) kept: Option<Kept>,
    /// What leaves the bill with it, a month, where it goes alone.
    pub(super) price: Money,
    worth: Worth,
}

/// A pod.
pub(super) struct Item {
    pub(super) at: PodRef,
    /// Where it is now; `None` while it waits.
    pub(super) node: Option<usize>,
    pub(super) class: usize,
    /// Whether it goes with its node: of a DaemonSet, or started by the kubelet.
    pub(super) tied: bool,
    /// Why it cannot be moved.
    pub(super) fixed: Option<Fixed>,
    /// Storage, by resource.
    volumes: Vec<usize>,
}

impl<'a> Model<'a> {
    /// Pods on nodes that are not known are left out.
    pub(super) fn new(
        snapshot: &'a Snapshot,
        prices: &[NodePrice],
        autoscaler: Autoscaler,
    ) -> Self {
        let volumes = Storage::new(snapshot);
        let resources = resources(snapshot, &volumes);
        let wanted = Wanted::of(&snapshot.workloads);
        let kept = |node: &Node| Kept::of(node, &wanted, snapshot.taken_at);
        let nodes = snapshot.cluster.nodes.iter().zip(prices);
        let nodes: Vec<Place<'a>> = nodes
            .map(|(node, price)| Place::new(node, price, &resources, kept(node)))
            .collect();
        let places = nodes.iter().enumerate();
        let places: HashMap<&str, usize> = places.map(|(at, it)| (&*it.node.name, at)).collect();
        let mut classes = Classes::new(&snapshot.cluster.nodes);
        let fixing = fixed::Fixing::new(snapshot, autoscaler);
        let mut pods = Vec::new();
        for (at, workload) in snapshot.workloads.iter().enumerate() {
            let known = |pod: &Pod| places.get(pod.node.as_deref()?).copied();
            let like = workload.pods.iter().find_map(known);
            for (pod_at, pod) in workload.pods.iter().enumerate() {
                let node = match pod.node.as_deref() {
                    None => None,
                    Some(name) => match places.get(name) {
                        Some(node) => Some(*node),
                        None => continue,
                    },
                };
                let here = node.map(|at| nodes[at].node);
                let bound = volumes.of(&workload.id.namespace, pod, here);
                let tied = matches!(workload.id.kind.as_str(), "DaemonSet" | "StaticPod");
                let drivers = bound.drivers.iter();
                let drivers = drivers.filter_map(|it| resources.iter().position(|own| own == it));
                pods.push(Item {
                    at: PodRef {
                        workload: at,
                        pod: pod_at,
                    },
                    node,
                    tied,
                    fixed: fixing.of(workload, pod, &bound).filter(|_| !tied),
                    volumes: drivers.collect(),
                    class: classes.of(
                        workload,
                        pod,
                        node.or(like).map(|at| nodes[at].node),
                        bound.terms,
                    ),
                });
            }
        }
        let (classes, terms) = classes.finish();
        let mean = (0..resources.len()).map(|at| mean(&nodes, at)).collect();
        Self {
            resources,
            nodes,
            mean,
            pods,
            classes,
            terms,
        }
    }

    /// What each pod wants, one row of resources after another.
    pub(super) fn wants(&self, of: impl Fn(PodRef) -> Resources) -> Vec<f64> {
        let width = self.resources.len();
        let mut wants = vec![0.0; self.pods.len() * width];
        let names = self.resources.iter().enumerate();
        let by_name: HashMap<&str, usize> = names.map(|(at, name)| (name.as_str(), at)).collect();
        for (item, row) in self.pods.iter().zip(wants.chunks_mut(width)) {
            for (name, amount) in amounts(&of(item.at)) {
                if let Some(at) = by_name.get(name) {
                    row[*at] += amount;
                }
            }
            row[PODS] = 1.0;
            for at in &item.volumes {
                row[*at] += 1.0;
            }
        }
        wants
    }

    /// What leaves the bill with these nodes, a month.
    pub(super) fn saved(&self, gone: impl Iterator<Item = usize>) -> Money {
        Worth::of_all(gone.map(|node| &self.nodes[node].worth))
    }

    /// Nodes of each pool.
    pub(super) fn pools(&self) -> HashMap<&'a str, usize> {
        let mut pools = HashMap::new();
        for place in &self.nodes {
            *pools.entry(place.pool()).or_default() += 1;
        }
        pools
    }
}

fn mean(nodes: &[Place<'_>], resource: usize) -> f64 {
    let limited = nodes.iter().map(|it| it.has[resource]);
    let limited: Vec<f64> = limited.filter(|it| it.is_finite()).collect();
    limited.iter().sum::<f64>() / len_f64(limited.len().max(1))
}

/// CPU, memory and pods, then what else some pod wants.
fn resources(snapshot: &Snapshot, volumes: &Storage<'_>) -> Vec<String> {
    let pods = snapshot.workloads.iter().flat_map(|it| &it.pods);
    let wanted = pods.flat_map(|pod| pod.requests.extended.iter());
    let wanted = wanted.filter(|(_, count)| **count > 0.0);
    let mut others: BTreeSet<String> = wanted.map(|(name, _)| name.clone()).collect();
    others.extend(volumes.drivers());
    let first = ["cpu", "memory", "pods"].map(str::to_owned);
    for name in &first {
        others.remove(name);
    }
    first.into_iter().chain(others).collect()
}

impl<'a> Place<'a> {
    fn new(node: &'a Node, price: &NodePrice, resources: &[String], kept: Option<Kept>) -> Self {
        let own: HashMap<&str, f64> = amounts(&node.allocatable).collect();
        let has = |name: &String| match (own.get(name.as_str()), name.strip_prefix(VOLUMES)) {
            (Some(amount), _) => *amount,
            (None, Some(driver)) => {
                let limit = node.volume_limits.get(driver);
                limit.map_or(f64::INFINITY, |it| f64::from(*it))
            }
            (None, None) if LEFT_OUT.contains(&name.as_str()) => f64::INFINITY,
            (None, None) => 0.0,
        };
        let sold = Sold::on(Some(node), &node.name).is_some();
        Self {
            node,
            has: resources.iter().map(has).collect(),
            takes: node.ready && !node.unschedulable && !sold,
            kept,
            price: price.leaves(),
            worth: price.worth(),
        }
    }

    pub(super) fn pool(&self) -> &'a str {
        self.node.pool.as_deref().unwrap_or_default()
    }
}
