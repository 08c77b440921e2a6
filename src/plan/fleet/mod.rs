//! The cheapest mix of machine types for the same pods, pool by pool.
//!
//! What is on the nodes of a pool stays in it, on nodes with its labels and taints: only
//! their types and numbers are chosen anew. Mixes are found by filling nodes and are held
//! against all rules of the scheduler before they are told ([`check`]); how far they are
//! from the best possible is told by the optimum of what is left of the problem when pods
//! can be cut into pieces ([`bound`]).

mod bound;
mod check;
mod offer;
mod pack;

use std::collections::BTreeMap;

use super::model::{CPU, MEMORY, Model, PODS};
use super::{Options, PodRef, Unplanned};
use crate::price::{Book, Following, NodePrice};
use crate::recommend::Advised;
use crate::snapshot::{CapacityType, GPU, Resources, Snapshot, Sold};
use crate::text::count;
use crate::units::Money;

use offer::{Device, Offer, Wanted};
use pack::Packed;

/// CPU in cores, memory in bytes, pods, GPUs.
type Amounts = [f64; 4];

/// So many of the cheapest mixes are held against all rules.
const CHECKED: usize = 3;

/// What every pool could be.
#[derive(Debug, Clone, PartialEq)]
pub struct Fleet {
    /// By name.
    pub pools: Vec<Pool>,
}

/// A pool, or its nodes of one architecture, as it is, and the nodes that would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// Empty for nodes of no pool.
    pub name: String,
    pub spot: bool,
    /// `amd64`, `arm64`.
    pub architecture: Option<String>,
    pub nodes: usize,
    /// What they cost a month.
    pub cost: Money,
    /// Pods but those that go with their node.
    pub pods: usize,
    pub mix: Result<Mix, Unmixed>,
}

/// Machine types, and how many of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// The most numerous first.
    pub picks: Vec<Pick>,
    /// A month.
    pub cost: Money,
    /// What no mix can be cheaper than, with what a new node keeps for itself and its
    /// DaemonSets taken off.
    pub least: Money,
}

/// Nodes of one type.
#[derive(Debug, Clone, PartialEq)]
pub struct Pick {
    pub instance_type: &'static str,
    pub count: usize,
    /// Of one, a month.
    pub each: Money,
    pub cores: f64,
    pub gib: f64,
}

/// Why there is no mix for a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmixed {
    /// Nothing but DaemonSets is on it.
    Empty,
    /// Its region is not in the list of prices.
    Unlisted,
    /// Its devices are shared or split, or which type has them is not known.
    Devices,
    /// What its devices cost is not known, so that no mix can be compared.
    Unpriced,
    /// Its pods are paid for one by one.
    Sold,
    /// The list has no prices of machines with Windows.
    Windows,
    /// Some pods found no place on any mix that was tried.
    NoPlace(usize),
    /// No mix that was tried costs less than the nodes of today.
    NoneCheaper,
}

impl Unmixed {
    /// As in machine output.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Unlisted => "unlisted",
            Self::Unpriced => "unpriced",
            Self::Devices => "devices",
            Self::Sold => "billed_by_pod",
            Self::Windows => "windows",
            Self::NoPlace(_) => "no_place",
            Self::NoneCheaper => "none_cheaper",
        }
    }

    pub fn text(self) -> String {
        match self {
            Self::Empty => "nothing but DaemonSets is on it: it can go".to_owned(),
            Self::Unlisted => "no list of prices has its region".to_owned(),
            Self::Unpriced => "nothing says what its devices cost".to_owned(),
            Self::Devices => {
                "its devices are shared, split or not all alike: choose their machines by hand"
                    .to_owned()
            }
            Self::Sold => "its pods are paid for one by one".to_owned(),
            Self::Windows => "no list of prices has machines with Windows".to_owned(),
            Self::NoPlace(pods) => {
                let pods = count(pods, "pod");
                format!("{pods} found no place on any mix that was tried")
            }
            Self::NoneCheaper => "no mix is cheaper than the nodes of today".to_owned(),
        }
    }
}

/// Chooses nodes anew for what every pool runs, once the advice is followed. `prices` has one
/// for each node of the snapshot, in the same order.
///
/// # Errors
///
/// Where too little is known for a plan that can be trusted.
pub fn fleet(
    snapshot: &Snapshot,
    book: &Book,
    prices: &[NodePrice],
    advised: &Advised,
    options: &Options,
) -> Result<Fleet, Unplanned> {
    super::check(snapshot)?;
    let model = Model::new(snapshot, prices, options.autoscaler);
    let advice = advised.workloads.iter().zip(&snapshot.workloads);
    let following = advice.map(|(advice, workload)| Following::new(workload, advice));
    let following: Vec<Following> = following.collect();
    let requests = |at: PodRef| {
        let pods = &snapshot.workloads[at.workload].pods;
        // One more pod of a DaemonSet is as the last.
        let pod = &pods[at.pod.min(pods.len() - 1)];
        following[at.workload].requests(pod)
    };
    let wants = model.wants(requests);
    // What is built for one architecture does not run on another.
    let mut pools: BTreeMap<(&str, Option<&str>), Vec<usize>> = BTreeMap::new();
    for (node, place) in model.nodes.iter().enumerate() {
        let key = (place.pool(), place.node.architecture.as_deref());
        pools.entry(key).or_default().push(node);
    }
    let case = Case {
        snapshot,
        book,
        model: &model,
        wants: &wants,
        requests: &requests,
        options,
    };
    let pools = pools.into_iter().map(|((name, architecture), nodes)| {
        let cost: Money = nodes.iter().map(|it| prices[*it].monthly).sum();
        let mix = case.mix(&nodes);
        Pool {
            name: name.to_owned(),
            spot: case.is_spot(&nodes),
            architecture: architecture.map(str::to_owned),
            nodes: nodes.len(),
            cost,
            pods: case.pods(&nodes).len(),
            mix: match mix {
                Ok(mix) if mix.cost >= cost => Err(Unmixed::NoneCheaper),
                mix => mix,
            },
        }
    });
    Ok(Fleet {
        pools: pools.collect(),
    })
}

/// What all pools share.
struct Case<'a> {
    snapshot: &'a Snapshot,
    book: &'a Book,
    model: &'a Model<'a>,
    wants: &'a [f64],
    requests: &'a dyn Fn(PodRef) -> Resources,
    options: &'a Options,
}

impl Case<'_> {
    fn want(&self, pod: usize) -> &[f64] {
        let width = self.model.resources.len();
        &self.wants[pod * width..(pod + 1) * width]
    }

    /// Spot stays where it is today, and is elsewhere where that is allowed.
    fn is_spot(&self, nodes: &[usize]) -> bool {
        let pool = self.model.nodes[nodes[0]].pool();
        if self.options.spot_pools.iter().any(|it| it == pool) {
            return true;
        }
        let mut types = nodes
            .iter()
            .map(|it| self.model.nodes[*it].node.capacity_type);
        types.all(|it| it == CapacityType::Spot)
    }

    /// Pods of a pool that need a place, the largest first.
    fn pods(&self, nodes: &[usize]) -> Vec<usize> {
        let items = self.model.pods.iter().enumerate();
        let own = items.filter(|(_, it)| !it.tied && it.node.is_some_and(|at| nodes.contains(&at)));
        let mut own: Vec<usize> = own.map(|(pod, _)| pod).collect();
        let mean = &self.model.mean;
        let size = |pod: usize| {
            let want = self.want(pod);
            let share = |at: usize| want[at] / mean[at].max(1e-9);
            share(CPU).max(share(MEMORY))
        };
        own.sort_by(|a, b| size(*b).total_cmp(&size(*a)).then(a.cmp(b)));
        own
    }

    /// What a pod wants of what every machine has, and of whole GPUs.
    fn amounts(&self, pod: usize) -> Amounts {
        let want = self.want(pod);
        let gpus = self.model.resources.iter().position(|it| it == GPU);
        let gpus = gpus.map_or(0.0, |at| want[at]);
        [want[CPU], want[MEMORY], want[PODS], gpus]
    }

    /// What DaemonSets take on the fullest of these nodes.
    fn daemons(&self, nodes: &[usize]) -> Amounts {
        let mut most = [0.0; 4];
        for node in nodes {
            let mut sum = [0.0; 4];
            let items = self.model.pods.iter().enumerate();
            for (pod, _) in items.filter(|(_, it)| it.tied && it.node == Some(*node)) {
                for (sum, want) in sum.iter_mut().zip(self.amounts(pod)) {
                    *sum += want;
                }
            }
            for (most, sum) in most.iter_mut().zip(sum) {
                *most = f64::max(*most, sum);
            }
        }
        most
    }

    /// The GPUs that every machine of a pool has, where they are whole and all alike.
    fn device(&self, nodes: &[usize]) -> Result<Device, Unmixed> {
        let mut found: Option<Device> = None;
        for node in nodes {
            let is = self.model.nodes[*node].node;
            let shared = is.accelerator.replicas.is_some_and(|it| it > 1);
            let split = is.accelerator.partition.is_some();
            let own = is.instance_type.as_deref().and_then(offer::device);
            let own = own.filter(|_| !shared && !split).ok_or(Unmixed::Devices)?;
            if found.as_ref().is_some_and(|it| *it != own) {
                return Err(Unmixed::Devices);
            }
            found = Some(own);
        }
        found.ok_or(Unmixed::Devices)
    }

    /// So few nodes may be in the place of these: their part of the minimum of their pool.
    fn fewest(&self, nodes: &[usize]) -> usize {
        let pool = self.model.nodes[nodes[0]].pool();
        let mut minimums = self.options.pool_minimums.iter();
        let Some((_, least)) = minimums.rfind(|(name, _)| name == pool) else {
            return 0;
        };
        let all = self.model.pools().get(pool).copied().unwrap_or(0);
        (least * nodes.len()).div_ceil(all.max(1))
    }

    /// The oldest generation of machines that a pool has; `None` where a name tells of none.
    fn generation(&self, nodes: &[usize]) -> Option<u32> {
        let types = nodes.iter().map(|it| {
            let name = self.model.nodes[*it].node.instance_type.as_deref();
            name.and_then(offer::generation)
        });
        let types: Option<Vec<u32>> = types.collect();
        types?.into_iter().min()
    }

    fn mix(&self, nodes: &[usize]) -> Result<Mix, Unmixed> {
        let first = self.model.nodes[nodes[0]].node;
        if Sold::on(Some(first), &first.name).is_some() {
            return Err(Unmixed::Sold);
        }
        let pods = self.pods(nodes);
        if pods.is_empty() {
            return Err(Unmixed::Empty);
        }
        if first.is_windows() {
            return Err(Unmixed::Windows);
        }
        let of_node = |at: usize| {
            let name = self.model.resources[at].as_str();
            let plain = matches!(name, GPU | "ephemeral-storage");
            at > PODS && !plain && !name.starts_with(super::model::VOLUMES)
        };
        let devices = |pod: &usize| {
            let mut want = self.want(*pod).iter().enumerate();
            want.any(|(at, want)| of_node(at) && *want > 0.0)
        };
        if pods.iter().any(devices) {
            return Err(Unmixed::Devices);
        }
        let wants: Vec<Amounts> = pods.iter().map(|pod| self.amounts(*pod)).collect();
        let has_gpus = nodes
            .iter()
            .any(|it| self.model.nodes[*it].node.allocatable.gpus() > 0.0);
        let device = if has_gpus {
            Some(self.device(nodes)?)
        } else {
            None
        };
        if device.is_some() && self.book.price(first).rates.gpu_hour.is_none() {
            return Err(Unmixed::Unpriced);
        }
        let offers = offer::offers(
            self.book,
            &Wanted {
                like: first,
                spot: self.is_spot(nodes),
                daemons: self.daemons(nodes),
                reserve: self.options.reserve,
                generation: self.generation(nodes),
                device,
            },
        );
        if offers.is_empty() {
            return Err(Unmixed::Unlisted);
        }
        let mut demand = [0.0; 4];
        for want in &wants {
            for (sum, want) in demand.iter_mut().zip(want) {
                *sum += want;
            }
        }
        let least = bound::cheapest(&offers, demand);
        let mut mixes = pack::mixes(&offers, &wants, demand);
        let fewest = self.fewest(nodes);
        for mix in &mut mixes {
            mix.grow(&offers, fewest);
        }
        mixes.sort_by(|a, b| a.cost(&offers).total_cmp(&b.cost(&offers)));
        mixes.truncate(CHECKED);
        let checked = mixes
            .into_iter()
            .map(|mix| check::repaired(self, nodes, &pods, &offers, mix));
        let checked: Vec<Result<Packed, usize>> = checked.collect();
        let missing = checked
            .iter()
            .filter_map(|it| it.as_ref().err())
            .min()
            .copied();
        let done = checked.into_iter().filter_map(Result::ok);
        let best = done.min_by(|a, b| a.cost(&offers).total_cmp(&b.cost(&offers)));
        let best = best.ok_or(Unmixed::NoPlace(missing.unwrap_or(pods.len())))?;
        Ok(told(&offers, &best, least))
    }
}

fn told(offers: &[Offer], mix: &Packed, least: f64) -> Mix {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for offer in &mix.nodes {
        *counts.entry(*offer).or_default() += 1;
    }
    let picks = counts.into_iter().map(|(at, count)| Pick {
        instance_type: offers[at].name,
        count,
        each: offers[at].price.monthly(),
        cores: offers[at].cores,
        gib: offers[at].gib,
    });
    let mut picks: Vec<Pick> = picks.collect();
    picks.sort_by(|a, b| {
        b.count
            .cmp(&a.count)
            .then(a.instance_type.cmp(b.instance_type))
    });
    let cost = picks.iter();
    let cost: Money = cost
        .flat_map(|it| std::iter::repeat_n(it.each, it.count))
        .sum();
    Mix {
        picks,
        least: Money::from_f64(least).monthly().min(cost),
        cost,
    }
}
