//! The bill: what a month of the cluster as it is costs, and whose it is.
//!
//! Every node costs its whole price. That is divided between its CPU, memory and devices,
//! and each of those between what its pods request, what nobody requests (**idle**) and
//! what the kubelet keeps back (**system**), so that the parts sum up to the price, to the
//! millionth. Volumes and load balancers are added to it.

mod by;
mod divide;
mod lines;

use std::collections::BTreeSet;

use crate::price::{Book, NodePrice};
use crate::profile::Profile;
use crate::snapshot::Snapshot;
use crate::units::{Currency, Money};

pub use lines::Lines;

pub use by::{By, Group, IDLE, ParseByError, SYSTEM, UNALLOCATED};

/// What a part of the bill is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Index of the workload.
    Workload(usize),
    /// Index of the volume claim.
    Volume(usize),
    /// Index of the service.
    LoadBalancer(usize),
    /// On nodes, and requested by nobody.
    Idle,
    /// On nodes, and kept back by the kubelet.
    System,
}

/// An amount for each sort of thing that is paid for, a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Split {
    pub cpu: Money,
    pub memory: Money,
    pub gpu: Money,
    pub storage: Money,
    pub load_balancer: Money,
}

impl Split {
    pub fn total(&self) -> Money {
        self.cpu + self.memory + self.gpu + self.storage + self.load_balancer
    }

    fn add(&mut self, other: &Self) {
        self.cpu += other.cpu;
        self.memory += other.memory;
        self.gpu += other.gpu;
        self.storage += other.storage;
        self.load_balancer += other.load_balancer;
    }
}

/// How much of the resources, over the pods of now.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Held {
    pub cpu_cores: f64,
    pub memory_bytes: f64,
    pub gpus: f64,
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
    pub held: Held,
}

/// What the cluster costs a month.
#[derive(Debug, Clone, PartialEq)]
pub struct Costs {
    pub currency: Currency,
    /// One for each node of the snapshot, in the same order.
    pub nodes: Vec<NodePrice>,
    /// By owner, then node.
    pub pieces: Vec<Piece>,
    /// Pods that are on no node that is known, priced at default rates.
    pub unplaced: usize,
}

impl Costs {
    /// All of it.
    pub fn total(&self) -> Money {
        self.pieces.iter().map(|it| it.cost.total()).sum()
    }

    /// What is for owners of this sort.
    pub fn of(&self, wanted: impl Fn(Owner) -> bool) -> Split {
        let mut sum = Split::default();
        for piece in self.pieces.iter().filter(|it| wanted(it.owner)) {
            sum.add(&piece.cost);
        }
        sum
    }

    /// Leaves what these workloads pay, one `bool` for each, and what is in their
    /// namespaces beside them; what belongs to nobody goes.
    pub fn retain(&mut self, asked: &[bool], snapshot: &Snapshot) {
        let named = snapshot.workloads.iter().zip(asked);
        let names = named.filter(|(_, asked)| **asked);
        let names: BTreeSet<&str> = names.map(|(it, _)| &*it.id.namespace).collect();
        let cluster = &snapshot.cluster;
        self.pieces.retain(|piece| match piece.owner {
            Owner::Workload(at) => asked.get(at).copied().unwrap_or(false),
            Owner::Volume(at) => names.contains(&*cluster.volume_claims[at].namespace),
            Owner::LoadBalancer(at) => names.contains(&*cluster.services[at].namespace),
            Owner::Idle | Owner::System => false,
        });
    }

    /// The parts that one of these makes up, the dearest first.
    pub fn by(&self, by: &By, snapshot: &Snapshot) -> Vec<Group> {
        by::group(self, by, snapshot)
    }
}

/// The bill of what is there at the end of the window.
///
/// Pods that wait for a node cost nothing yet. A pod that is sold by its own size, as on
/// Fargate, costs that size; there is nothing idle beside it.
pub fn costs(snapshot: &Snapshot, profiles: &[Profile], book: &Book) -> Costs {
    divide::divide(snapshot, profiles, book)
}
