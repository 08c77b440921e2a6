//! The bill: what a month of the cluster as it is costs, and whose it is.
//!
//! Every node costs its whole price. That is divided between its CPU, memory and devices,
//! and each of those between what its pods request, what nobody requests (**idle**) and
//! what the kubelet keeps back (**system**), so that the parts sum up to the price, to the
//! millionth. Volumes and load balancers are added to it.

mod by;
mod divide;
mod lines;
mod loose;
mod shares;
mod sharing;
mod window;

use std::collections::{BTreeMap, BTreeSet};

use crate::price::{Beside, Book, NodePrice, Unused};
use crate::profile::Profile;
use crate::snapshot::{Gap, Snapshot};
use crate::units::{Currency, Money};

pub use by::{Bought, By, Group, IDLE, ParseByError, SYSTEM, UNALLOCATED, UNMOUNTED};
pub use lines::Lines;
pub use loose::{Balancer, Loose, LooseVolume, Storage, StorageClass};
pub use shares::{Share, Shares};
pub use sharing::{ParseSharedError, SHARED, Shared, Sharing, Spread};

/// What a part of the bill is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Index of the workload.
    Workload(usize),
    /// Index of the volume claim.
    Volume(usize),
    /// Index of the volume: one that no claim has.
    LooseVolume(usize),
    /// Index of the service.
    LoadBalancer(usize),
    /// On nodes, and requested by no pod that is there now.
    Idle,
    /// On nodes, and kept back by the kubelet.
    System,
}

impl Owner {
    /// Whether it is kept on disks of its own.
    pub fn is_storage(self) -> bool {
        matches!(self, Self::Volume(_) | Self::LooseVolume(_))
    }

    /// Whether it is a part of what nodes cost.
    pub(super) fn is_of_nodes(self) -> bool {
        matches!(self, Self::Workload(_) | Self::Idle | Self::System)
    }

    /// The namespace that it is in.
    pub(super) fn namespace(self, snapshot: &Snapshot) -> Option<&str> {
        let cluster = &snapshot.cluster;
        match self {
            Self::Workload(at) => Some(&snapshot.workloads[at].id.namespace),
            Self::Volume(at) => Some(&cluster.volume_claims[at].namespace),
            Self::LoadBalancer(at) => Some(&cluster.services[at].namespace),
            Self::LooseVolume(_) | Self::Idle | Self::System => None,
        }
    }
}

/// An amount for each sort of thing that is paid for, a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Split {
    pub cpu: Money,
    pub memory: Money,
    pub gpu: Money,
    pub storage: Money,
    pub load_balancer: Money,
    /// Its part of what is there for all, where that is spread.
    pub shared: Money,
}

impl Split {
    pub fn total(&self) -> Money {
        self.sorts().into_iter().sum()
    }

    /// Of what is on nodes.
    fn of_node([cpu, memory, gpu]: [Money; 3]) -> Self {
        Self {
            cpu,
            memory,
            gpu,
            ..Self::default()
        }
    }

    fn sorts(&self) -> [Money; 6] {
        [
            self.cpu,
            self.memory,
            self.gpu,
            self.storage,
            self.load_balancer,
            self.shared,
        ]
    }

    fn of_sorts(sorts: [Money; 6]) -> Self {
        let [cpu, memory, gpu, storage, load_balancer, shared] = sorts;
        Self {
            cpu,
            memory,
            gpu,
            storage,
            load_balancer,
            shared,
        }
    }

    /// What is left without a part of it.
    fn less(&self, part: &Self) -> Self {
        let (all, part) = (self.sorts(), part.sorts());
        Self::of_sorts(std::array::from_fn(|at| all[at] - part[at]))
    }

    /// So many times it.
    pub(super) fn scale(&self, factor: f64) -> Self {
        Self::of_sorts(self.sorts().map(|it| it.scale(factor)))
    }

    /// Nodes, volumes, load balancers and what is shared each rounded for itself, then what
    /// nodes are made of.
    fn in_hundredths(&self) -> Self {
        let parts = [self.cpu, self.memory, self.gpu];
        let nodes = parts.iter().copied().sum::<Money>().to_cents();
        let cents = Money::rounded_to(nodes, &parts);
        Self {
            cpu: cents[0],
            memory: cents[1],
            gpu: cents[2],
            storage: self.storage.to_cents(),
            load_balancer: self.load_balancer.to_cents(),
            shared: self.shared.to_cents(),
        }
    }

    fn add(&mut self, other: &Self) {
        self.cpu += other.cpu;
        self.memory += other.memory;
        self.gpu += other.gpu;
        self.storage += other.storage;
        self.load_balancer += other.load_balancer;
        self.shared += other.shared;
    }
}

/// How much of the resources, over the pods of now.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Held {
    pub cpu_cores: f64,
    pub memory_bytes: f64,
    pub gpus: f64,
    /// What volumes can hold.
    pub storage_bytes: f64,
    pub load_balancers: f64,
    /// Mean use over the window; `None` where no use is known of some pod.
    pub cpu_used: Option<f64>,
    pub memory_used: Option<f64>,
    /// What that use costs, of CPU and memory, never more than what is requested.
    pub worth_of_use: Money,
    /// What of CPU and memory the use is known of costs.
    pub judged: Money,
}

/// A part of the bill: of one owner on one node.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    pub owner: Owner,
    /// Index of the node; `None` for what is on none.
    pub node: Option<usize>,
    pub cost: Split,
    pub asked: Asked,
    pub held: Held,
}

impl Piece {
    /// Of an owner that costs nothing now.
    pub(super) fn of_nothing(owner: Owner) -> Self {
        Self {
            owner,
            node: None,
            cost: Split::default(),
            asked: Asked::default(),
            held: Held::default(),
        }
    }
}

/// What is asked for something, beside what is paid for it, a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked {
    /// Of anyone, on demand; before discounts where no list has it.
    pub list: Split,
    /// Less discounts, and before commitments.
    pub contracted: Split,
}

impl Asked {
    /// Of what has no discounts: what is paid.
    fn as_paid(cost: Split) -> Self {
        Self {
            list: cost,
            contracted: cost,
        }
    }

    fn add(&mut self, other: &Self) {
        self.list.add(&other.list);
        self.contracted.add(&other.contracted);
    }

    /// So many times it.
    fn scale(&self, factor: f64) -> Self {
        Self {
            list: self.list.scale(factor),
            contracted: self.contracted.scale(factor),
        }
    }
}

/// What the cluster costs a month.
#[derive(Debug, Clone, PartialEq)]
pub struct Costs {
    pub currency: Currency,
    /// One for each node of the snapshot, in the same order.
    pub nodes: Vec<NodePrice>,
    /// By owner, then node.
    pub pieces: Vec<Piece>,
    /// Pods that are on no node that is known, priced at rates that stand for any.
    pub unplaced: usize,
    /// Volumes on servers of which nobody says what they cost: nothing of them is in the bill.
    pub unpriced_volumes: usize,
    /// Load balancers of which nobody says what they cost.
    pub unpriced_load_balancers: usize,
    /// GPUs of nodes, and of pods on none, of which nobody says what they cost.
    pub unpriced_gpus: f64,
    /// What is committed and covers none of the nodes: it is no part of the bill, as other
    /// clusters may use it.
    pub unused: Unused,
    /// What a GiB of each storage class costs a month; `None` for volumes that name none.
    pub storage_prices: BTreeMap<Option<String>, Beside>,
    /// What load balancers cost an hour, where there are any.
    pub load_balancer_price: Option<Beside>,
    /// Whether it is of a part of what is there, so that nobody knows what is idle.
    pub in_part: bool,
    /// For each workload of the snapshot what its pods of the window cost over it, at what
    /// they request now; `None` where nothing says how many there were.
    pub window: Vec<Option<Money>>,
    /// For each workload of which no pod costs anything now what its pods of the window cost a
    /// month on average. It is no part of the bill, which is of what is there now.
    pub runs: Vec<Option<Split>>,
    /// What is to be known of the money of runs whose devices nothing tells.
    pub unknown_runs: Vec<String>,
}

/// The bill as lines that sum, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    pub total: Money,
    /// For nodes: `requested + shared + idle + system`.
    pub nodes: Money,
    /// By workloads that are there for themselves.
    pub requested: Money,
    /// By those that are there for all.
    pub shared: Money,
    pub idle: Money,
    pub system: Money,
    pub storage: Money,
    pub load_balancers: Money,
}

impl Costs {
    /// All of it.
    pub fn total(&self) -> Money {
        self.pieces.iter().map(|it| it.cost.total()).sum()
    }

    /// What of its money is not known of runs with devices.
    pub fn gaps(&self) -> Vec<Gap> {
        let texts = self.unknown_runs.iter();
        texts
            .map(|it| Gap::new("no-gpu-price", "costs of GPUs", it.as_str()))
            .collect()
    }

    /// What is for owners of this sort.
    pub fn of(&self, wanted: impl Fn(Owner) -> bool) -> Split {
        self.of_pieces(|it| wanted(it.owner))
    }

    /// What these parts of it sum up to.
    pub fn of_pieces(&self, wanted: impl Fn(&Piece) -> bool) -> Split {
        let mut sum = Split::default();
        for piece in self.pieces.iter().filter(|it| wanted(it)) {
            sum.add(&piece.cost);
        }
        sum
    }

    /// All of it by sort, in hundredths that sum up.
    pub(super) fn sorts(&self) -> Split {
        self.of(|_| true).in_hundredths()
    }

    /// What it is for.
    pub fn sum(&self, sharing: &Sharing, snapshot: &Snapshot) -> Sum {
        let sorts = self.sorts();
        let nodes = self.nodes_by_use(sharing, snapshot);
        let of = |at: usize| nodes.iter().map(|it| it[at]).sum::<Money>();
        Sum {
            total: sorts.total(),
            nodes: sorts.cpu + sorts.memory + sorts.gpu,
            requested: of(0),
            shared: of(1),
            idle: of(2),
            system: of(3),
            storage: sorts.storage,
            load_balancers: sorts.load_balancer,
        }
    }

    /// What a list asks for all of it, and what is contracted, in hundredths as the bill is.
    pub fn asked(&self) -> [Money; 2] {
        let mut asked = Asked::default();
        for piece in &self.pieces {
            asked.add(&piece.asked);
        }
        [asked.list, asked.contracted].map(|it| it.in_hundredths().total())
    }

    /// Of GPUs what is requested, idle and kept back, as in the sum of the bill.
    pub fn gpus(&self) -> [Money; 3] {
        self.uses()[2]
    }

    /// CPU, memory and GPUs of nodes, each by what is requested, idle and kept back, in
    /// hundredths that sum up to the sorts.
    pub(super) fn uses(&self) -> [[Money; 3]; 3] {
        let of = |wanted: fn(Owner) -> bool| self.of(wanted).sorts();
        let exact = [
            of(|it| matches!(it, Owner::Workload(_))),
            of(|it| it == Owner::Idle),
            of(|it| it == Owner::System),
        ];
        let wholes = self.sorts().sorts();
        std::array::from_fn(|sort| {
            let cents = Money::rounded_to(wholes[sort], &exact.map(|it| it[sort]));
            std::array::from_fn(|at| cents[at])
        })
    }

    /// CPU, memory and GPUs of nodes, each by what is requested, there for all, idle and kept
    /// back, in hundredths that sum up to the sorts.
    pub(super) fn nodes_by_use(&self, sharing: &Sharing, snapshot: &Snapshot) -> [[Money; 4]; 3] {
        let mut exact = [[Money::ZERO; 2]; 3];
        for piece in &self.pieces {
            let is_shared = || {
                let namespace = piece.owner.namespace(snapshot);
                namespace.is_some_and(|it| sharing.is_shared(it))
            };
            let place = match piece.owner {
                Owner::Workload(_) => usize::from(is_shared()),
                _ => continue,
            };
            for (row, amount) in exact.iter_mut().zip(piece.cost.sorts()) {
                row[place] += amount;
            }
        }
        let uses = self.uses();
        std::array::from_fn(|sort| {
            let [requested, idle, system] = uses[sort];
            let cents = Money::rounded_to(requested, &exact[sort]);
            [cents[0], cents[1], idle, system]
        })
    }

    /// Leaves what these workloads pay, one `bool` for each, and what is in their
    /// namespaces beside them; what belongs to nobody goes.
    pub fn retain(&mut self, asked: &[bool], snapshot: &Snapshot) {
        let named = snapshot.workloads.iter().zip(asked);
        let names = named.filter(|(_, asked)| **asked);
        let names: BTreeSet<&str> = names.map(|(it, _)| &*it.id.namespace).collect();
        let cluster = &snapshot.cluster;
        self.in_part = true;
        self.unused = Unused::default();
        for (at, window) in self.window.iter_mut().enumerate() {
            if asked.get(at) != Some(&true) {
                *window = None;
                self.runs[at] = None;
            }
        }
        self.pieces.retain(|piece| match piece.owner {
            Owner::Workload(at) => asked.get(at).copied().unwrap_or(false),
            Owner::Volume(at) => names.contains(&*cluster.volume_claims[at].namespace),
            Owner::LooseVolume(at) => {
                let claim = cluster.volumes[at].claim.as_ref();
                claim.is_some_and(|(namespace, _)| names.contains(&**namespace))
            }
            Owner::LoadBalancer(at) => names.contains(&*cluster.services[at].namespace),
            Owner::Idle | Owner::System => false,
        });
    }

    /// The parts that one of these makes up, the dearest first. What is there for all has
    /// parts of its own, or is a part of those that pay for it.
    pub fn by(&self, by: &By, sharing: &Sharing, snapshot: &Snapshot) -> Vec<Group> {
        by::group(self, by, sharing, snapshot)
    }
}

/// The bill of what is there at the end of the window.
///
/// Pods that wait for a node cost nothing yet. A pod that is sold by its own size, as on
/// Fargate, costs that size; there is nothing idle beside it.
///
/// Where only a part of what is on nodes was read, what is left of them is no more idle than
/// it is in use: it is left out, as [`Costs::retain`] does.
pub fn costs(snapshot: &Snapshot, profiles: &[Profile], book: &Book) -> Costs {
    let mut costs = divide::divide(snapshot, profiles, book);
    if snapshot.cluster.in_part {
        costs.retain(&vec![true; snapshot.workloads.len()], snapshot);
    }
    costs
}
