//! The cheapest mix of machine types for the same pods, pool by pool.
//!
//! What is on the nodes of a pool stays in it, on nodes with its labels and taints: only
//! their types and numbers are chosen anew. Mixes are found by filling nodes and are held
//! against all rules of the scheduler before they are told ([`check`]); how far they are
//! from the best possible is told by the optimum of what is left of the problem when pods
//! can be cut into pieces ([`bound`]).

mod bound;
mod check;
mod machine;
mod offer;
mod pack;
mod paid;
mod site;

use std::collections::BTreeMap;

use super::model::{CPU, MEMORY, Model, PODS};
use super::{Options, PodRef, Unplanned};
use crate::price::{Book, Following, NodePrice};
use crate::recommend::Advised;
use crate::snapshot::{CapacityType, GPU, Node, Resources, Snapshot, Sold};
use crate::text::count;
use crate::units::Money;

use machine::made;
use offer::{Device, Offer, Wanted};
use pack::Packed;
use paid::{Paid, Rest};
use site::Site;

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
///
/// What is committed is paid for with today's nodes or without: of a mix too, as far as it
/// does not cover what that is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// The most numerous first.
    pub picks: Vec<Pick>,
    /// What is paid in the place of the pool, a month.
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
    /// Of one, a month, without commitments.
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
    /// Some pods may run on no machine that it could have, by labels or taints.
    Unsuited(usize),
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
            Self::Unsuited(_) => "placement",
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
            Self::Unsuited(pods) => {
                let pods = count(pods, "pod");
                format!("{pods} may run on no new machine, by selectors, affinity or tolerations")
            }
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
    let mut paid = Paid::new(book, &snapshot.cluster.nodes);
    let pools = pools.into_iter().map(|((name, architecture), nodes)| {
        let cost: Money = nodes.iter().map(|it| prices[*it].monthly).sum();
        let names: Vec<&str> = nodes
            .iter()
            .map(|it| &*model.nodes[*it].node.name)
            .collect();
        let rest = paid.as_ref().map(|it| it.without(&names));
        let found = case.mix(&nodes, cost, rest.as_ref());
        let found = match found {
            Ok((mix, _)) if mix.cost >= cost => Err(Unmixed::NoneCheaper),
            found => found,
        };
        drop(rest);
        if let (Some(paid), Ok((_, machines))) = (&mut paid, &found) {
            // Others are chosen beside what this one leaves of commitments.
            let named = machines.iter().enumerate().map(|(at, it)| Node {
                name: format!("{name} {at}"),
                ..it.clone()
            });
            paid.replace(&names, named);
        }
        Pool {
            name: name.to_owned(),
            spot: case.is_spot(&nodes),
            architecture: architecture.map(str::to_owned),
            nodes: nodes.len(),
            cost,
            pods: case.pods(&nodes).len(),
            mix: found.map(|(mix, _)| mix),
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

    /// The cheapest mix in the place of these nodes, which cost so much a month, and its
    /// machines; `rest` where anything is committed.
    fn mix(
        &self,
        nodes: &[usize],
        cost: Money,
        rest: Option<&Rest<'_>>,
    ) -> Result<(Mix, Vec<Node>), Unmixed> {
        let device = self.check(nodes)?;
        let site = Site::new(self.snapshot, self.model, nodes, self.pods(nodes));
        let wants: Vec<Amounts> = site.pods.iter().map(|pod| self.amounts(*pod)).collect();
        let mut demand = [0.0; 4];
        for want in &wants {
            for (sum, want) in demand.iter_mut().zip(want) {
                *sum += want;
            }
        }
        let wanted = Wanted {
            like: &site.like,
            spot: self.is_spot(nodes),
            daemons: self.daemons(nodes),
            reserve: self.options.reserve,
            generation: self.generation(nodes),
            device,
        };
        let plain = offer::offers(self.book, &wanted, &site, |_, each| each);
        if plain.is_empty() {
            return Err(Unmixed::Unlisted);
        }
        let unsuited = site.unsuited(&plain);
        if unsuited > 0 {
            return Err(Unmixed::Unsuited(unsuited));
        }
        // What is committed costs nothing more as far as it goes.
        let beside = rest.map(|rest| {
            offer::offers(self.book, &wanted, &site, |machine, _| {
                rest.more([machine.clone()]).floor_zero()
            })
        });
        let sets: Vec<&Vec<Offer>> = [&plain].into_iter().chain(&beside).collect();
        let fewest = self.fewest(nodes);
        let mut best: Option<(Mix, Vec<Node>)> = None;
        let mut missing = site.pods.len();
        for offers in sets {
            for found in self.tried(&site, offers, (&wants, demand), fewest) {
                let mix = match found {
                    Ok(mix) => mix,
                    Err(pods) => {
                        missing = missing.min(pods);
                        continue;
                    }
                };
                let machines = mix.nodes.iter().enumerate();
                let machines = machines
                    .map(|(at, it)| made(&site.like, &format!("new-{at}"), &offers[*it], None));
                let machines: Vec<Node> = machines.collect();
                let told = told(offers, &mix, cost, rest.map(|it| it.paid(&machines)));
                if best.as_ref().is_none_or(|(it, _)| told.cost < it.cost) {
                    best = Some((told, machines));
                }
            }
        }
        let (mut mix, machines) = best.ok_or(Unmixed::NoPlace(missing))?;
        let cheapest = |offers| Money::from_f64(bound::cheapest(offers, demand));
        let mut least = cheapest(&plain).monthly();
        if let (Some(rest), Some(beside)) = (rest, &beside) {
            // As if all of a type were covered, or as much as can be of the cheapest.
            let covered = rest.covered().map(|it| cheapest(&plain) - it);
            let more = cheapest(beside).max(covered.unwrap_or_default());
            least = cost - rest.leaves().monthly() + more.monthly();
        }
        mix.least = least.min(mix.cost);
        Ok((mix, machines))
    }

    /// Mixes of these types that keep all rules, of the cheapest that hold the pods; else how
    /// many of them find no place.
    fn tried(
        &self,
        site: &Site<'_>,
        offers: &[Offer],
        (wants, demand): (&[Amounts], Amounts),
        fewest: usize,
    ) -> Vec<Result<Packed, usize>> {
        let is_for_all = |it: &Offer| it.allowed.iter().all(|may| *may);
        let places = (0..offers.len()).filter(|at| is_for_all(&offers[*at]));
        let places: Vec<usize> = places.collect();
        let suited: Vec<Offer> = places.iter().map(|at| offers[*at].clone()).collect();
        // Where pods differ in what they may run on, mixes of what suits all of them, and those
        // of any types with more for those that are particular.
        let mut mixes = pack::mixes(&suited, wants, demand);
        for mix in &mut mixes {
            mix.grow(&suited, fewest);
            mix.nodes.iter_mut().for_each(|it| *it = places[*it]);
        }
        let by_cost = |mixes: &mut Vec<Packed>| {
            mixes.sort_by(|a, b| a.cost(offers).total_cmp(&b.cost(offers)));
            mixes.truncate(CHECKED);
        };
        by_cost(&mut mixes);
        if suited.len() < offers.len() {
            let mut others = pack::mixes(offers, wants, demand);
            for mix in &mut others {
                mix.grow(offers, fewest);
            }
            by_cost(&mut others);
            mixes.extend(others);
        }
        let checked = mixes.into_iter();
        checked
            .map(|mix| check::repaired(self, site, offers, mix))
            .collect()
    }

    /// Whether machines can be chosen for these nodes; gives the devices that each has.
    fn check(&self, nodes: &[usize]) -> Result<Option<Device>, Unmixed> {
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
        Ok(device)
    }
}

/// A mix in the place of nodes that cost so much a month; `more` is what is paid with it
/// beyond today, an hour, where commitments decide that. Its bound is not known yet.
fn told(offers: &[Offer], mix: &Packed, now: Money, more: Option<Money>) -> Mix {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for offer in &mix.nodes {
        *counts.entry(*offer).or_default() += 1;
    }
    let picks = counts.into_iter().map(|(at, count)| Pick {
        instance_type: offers[at].name,
        count,
        each: offers[at].each.monthly(),
        cores: offers[at].cores,
        gib: offers[at].gib,
    });
    let mut picks: Vec<Pick> = picks.collect();
    picks.sort_by(|a, b| {
        b.count
            .cmp(&a.count)
            .then(a.instance_type.cmp(b.instance_type))
    });
    let sum = || {
        let each = picks.iter();
        each.flat_map(|it| std::iter::repeat_n(it.each, it.count))
            .sum()
    };
    let cost: Money = more.map_or_else(sum, |it| now + it.monthly());
    Mix {
        cost,
        picks,
        least: Money::ZERO,
    }
}
