//! Which workloads hold accelerators, and what.

use std::collections::{BTreeMap, BTreeSet};

use super::card::Card;
use super::vendor::Vendor;
use crate::price::Homes;
use crate::snapshot::{
    CapacityType, Cluster, Container, Pod, Resources, Series, Snapshot, Workload,
};
use crate::units::{Bytes, count_from, len_f64};

/// What the workloads of one owner hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Indices into the snapshot's workloads, of one owner, in order.
    pub workloads: Vec<usize>,
    /// Devices of the pods of now that have a node: fractions for slices and for shares by
    /// time.
    pub gpus: f64,
    /// The same where a slice counts as one.
    pub slices: f64,
    /// Devices that pods ask for which wait for a node, or for a queue to let them be.
    pub waiting_gpus: f64,
    /// Pods of now that have devices, those that wait for a node included.
    pub pods: usize,
    /// Of those, the ones that wait for a node or for a queue.
    pub waiting_pods: usize,
    /// Devices of each pod of runs that have ended, where none is there now.
    pub ran: Option<f64>,
    /// Who makes the devices.
    pub vendor: Vendor,
    /// What the devices are sold as: `NVIDIA-H200 + Tesla-T4` where there are several, that of
    /// most devices first.
    pub product: Option<String>,
    /// What is held of each product, where there are several, in the same order.
    pub products: Vec<Self>,
    /// The MIG profile: `1g.10gb`.
    pub profile: Option<String>,
    /// Pods that may share each device; 1 where none do.
    pub replicas: u32,
    /// Whether they take turns on a whole device, of which an exporter tells what all of
    /// them do together.
    pub takes_turns: bool,
    /// Memory of a device as its node says it.
    pub memory: Option<Bytes>,
    /// Whether its nodes are bought at spot prices.
    pub spot: bool,
}

impl Held {
    pub fn card(&self) -> Option<&'static Card> {
        if self.is_mixed() {
            return None;
        }
        Card::of(self.product.as_deref()?)
    }

    /// Whether its devices are of several products.
    pub fn is_mixed(&self) -> bool {
        !self.products.is_empty()
    }

    /// Pods that have a node, and so cost something.
    pub fn running_pods(&self) -> usize {
        self.pods - self.waiting_pods
    }

    /// Whether each pod has one whole device for itself.
    pub fn is_one_whole(&self) -> bool {
        let pods = len_f64(self.running_pods().max(1));
        self.profile.is_none() && self.replicas == 1 && (self.gpus / pods - 1.0).abs() < 1e-9
    }
}

/// Devices that a container of the workload asks for.
pub(super) fn asked(container: &Container) -> &Resources {
    if container.requests.gpus() > 0.0 {
        &container.requests
    } else {
        &container.limits
    }
}

/// Devices of a pod: what it asks for itself goes before what others of its workload do, as
/// the head of a cluster may have none; `each` where nothing is known of it.
fn devices(pod: &Pod, each: f64) -> f64 {
    if pod.requests.is_empty() {
        return each;
    }
    pod.requests.gpus()
}

/// Devices and slices of them that a container has whose use this is, each of which is one
/// to an exporter.
pub(super) fn units(workload: &Workload, container: &Container, series: &Series) -> f64 {
    let own = asked(container).gpu_units();
    let mut pods = workload.pods.iter().filter(|it| !it.requests.is_empty());
    let Some(pod) = pods.find(|it| it.name == series.pod) else {
        return own;
    };
    // Pods of one owner may call containers alike and not all have devices: the workload
    // tells what one of them is.
    let all = pod.requests.gpu_units();
    let is_told = || series.more.keys().any(|it| it.is_of_devices());
    if all <= 0.0 || own <= 0.0 && is_told() {
        return all;
    }
    own
}

/// All owners whose workloads have devices, in the order of the workloads.
pub(super) fn held(snapshot: &Snapshot) -> Vec<Held> {
    let homes = Homes::new(&snapshot.cluster);
    let mut all: Vec<Held> = Vec::new();
    let mut before: Option<&Workload> = None;
    for (index, workload) in snapshot.workloads.iter().enumerate() {
        if !has_devices(workload) {
            continue;
        }
        let beside = before.is_some_and(|it| it.id.is_beside(&workload.id));
        before = Some(workload);
        let one = one(index, workload, (&snapshot.cluster, &homes), Which::All);
        match all.last_mut().filter(|_| beside) {
            Some(last) => last.join(one),
            None => all.push(one),
        }
    }
    for held in &mut all {
        held.products = by_product(held, snapshot, &homes);
        let names = held.products.iter().map(Held::name_of_product);
        let names: Vec<&str> = names.collect();
        if !names.is_empty() {
            held.product = Some(names.join(" + "));
        }
    }
    all
}

/// What is held of each product, the most devices first; nothing where all are of one.
fn by_product(held: &Held, snapshot: &Snapshot, homes: &Homes<'_>) -> Vec<Held> {
    let own = || {
        held.workloads
            .iter()
            .map(|at| (*at, &snapshot.workloads[*at]))
    };
    let pods = own().flat_map(|(_, it)| it.pods.iter().map(move |pod| (it, pod)));
    let placed = pods.filter(|(it, pod)| devices(pod, each_pod(it)) > 0.0);
    let nodes_of = placed.filter_map(|(_, pod)| homes.node(pod.node.as_deref()?));
    let names: BTreeSet<Option<&str>> = nodes_of.map(|it| it.gpu_product.as_deref()).collect();
    if names.iter().flatten().count() < 2 {
        return Vec::new();
    }
    let of = |name: Option<&str>| {
        let each = own().map(|(at, it)| one(at, it, (&snapshot.cluster, homes), Which::Of(name)));
        let each = each.filter(|it| it.pods > 0);
        each.reduce(|mut all, more| {
            all.join(more);
            all
        })
    };
    let mut all: Vec<Held> = names.into_iter().filter_map(of).collect();
    all.sort_by(|a, b| b.gpus.total_cmp(&a.gpus).then(a.product.cmp(&b.product)));
    all
}

/// Devices that each pod of a workload asks for.
fn each_pod(workload: &Workload) -> f64 {
    workload.containers.iter().map(|it| asked(it).gpus()).sum()
}

fn has_devices(workload: &Workload) -> bool {
    let mut containers = workload.containers.iter();
    containers.any(|it| it.requests.gpus() > 0.0 || it.limits.gpus() > 0.0)
        || workload.pods.iter().any(|pod| pod.requests.gpus() > 0.0)
}

/// Pods of a workload: all of them, or those whose devices are of one product.
#[derive(Clone, Copy, PartialEq)]
enum Which<'a> {
    All,
    Of(Option<&'a str>),
}

fn one(
    index: usize,
    workload: &Workload,
    (cluster, homes): (&Cluster, &Homes<'_>),
    which: Which<'_>,
) -> Held {
    let each = each_pod(workload);
    let mut containers = workload.containers.iter();
    let profile = containers.find_map(|it| asked(it).mig_profile());
    let mut pods = workload.pods.iter();
    let profile = profile.or_else(|| pods.find_map(|it| it.requests.mig_profile()));
    let mut products: BTreeMap<&str, usize> = BTreeMap::new();
    let all = workload.containers.iter().map(asked);
    let mut all = all.chain(workload.pods.iter().map(|it| &it.requests));
    let vendor = all.find_map(Vendor::of).unwrap_or_default();
    let (mut gpus, mut waiting_gpus, mut slices) = (0.0, 0.0, 0.0);
    let units: f64 = workload
        .containers
        .iter()
        .map(|it| asked(it).gpu_units())
        .sum();
    let (mut pods, mut waiting, mut spot) = (0, 0, 0);
    let (mut replicas, mut memory, mut partition) = (1, None, None);
    let mut takes_turns = false;
    for pod in &workload.pods {
        let devices = devices(pod, each);
        if devices <= 0.0 {
            continue;
        }
        let node = pod.node.as_deref().and_then(|name| homes.node(name));
        let own = node.map(|it| Which::Of(it.gpu_product.as_deref()));
        if which != Which::All && own != Some(which) {
            continue;
        }
        pods += 1;
        let waits = cluster.waits(pod);
        waiting += usize::from(waits);
        let shared = node.and_then(|node| node.accelerator.replicas).unwrap_or(1);
        if !waits {
            let own = pod.requests.gpu_units();
            slices += if pod.requests.is_empty() { units } else { own };
        }
        let held = if waits { &mut waiting_gpus } else { &mut gpus };
        *held += match node {
            // A slice that is asked for by its profile is its share of a card already.
            Some(node) if profile.is_none() => node.cards(devices),
            _ => devices / f64::from(shared.max(1)),
        };
        // A part of a device that is no slice is shared by what others ask of it.
        if devices < 1.0 && profile.is_none() {
            replicas = replicas.max(u32::try_from(count_from(1.0 / devices)).unwrap_or(1));
        }
        if let Some(count) = pod.parts_of.map(f64::from) {
            takes_turns = true;
            let sharers = count_from((count / devices).floor());
            replicas = replicas.max(u32::try_from(sharers).unwrap_or(2)).max(2);
        }
        if let Some(node) = node {
            replicas = replicas.max(shared);
            takes_turns |= shared > 1;
            memory = memory.or(node.accelerator.memory);
            partition = partition.or(node.accelerator.partition.clone());
            spot += usize::from(node.capacity_type == CapacityType::Spot);
            if let Some(product) = &node.gpu_product {
                *products.entry(product).or_default() += 1;
            }
        }
    }
    let queued = workload.queued.as_ref().filter(|_| which == Which::All);
    if let Some(queued) = queued.filter(|_| each > 0.0) {
        let count = usize::try_from(queued.pods).unwrap_or(usize::MAX);
        (pods, waiting) = (pods + count, waiting + count);
        waiting_gpus += each * len_f64(count);
    }
    let most = products.into_iter().max_by_key(|(_, pods)| *pods);
    let name = most.map(|(name, _)| name.to_owned());
    let of_home = || {
        let home = homes.of(workload)?;
        home.product().map(str::to_owned)
    };
    let name = name.or_else(|| (which == Which::All).then(of_home).flatten());
    let has_ended = workload.is_batch() && pods == 0;
    Held {
        ran: Some(each).filter(|it| has_ended && *it > 0.0),
        workloads: vec![index],
        gpus,
        slices,
        waiting_gpus,
        pods,
        waiting_pods: waiting,
        vendor,
        product: name,
        products: Vec::new(),
        profile: profile.map(str::to_owned).or(partition),
        replicas,
        takes_turns,
        memory,
        spot: spot > 0 && spot == pods - waiting,
    }
}

impl Held {
    /// For people, also where nothing tells it.
    pub(super) fn name_of_product(&self) -> &str {
        self.product.as_deref().unwrap_or("unknown")
    }

    fn join(&mut self, other: Self) {
        self.workloads.extend(other.workloads);
        self.gpus += other.gpus;
        self.slices += other.slices;
        self.waiting_gpus += other.waiting_gpus;
        self.pods += other.pods;
        self.waiting_pods += other.waiting_pods;
        self.product = self.product.take().or(other.product);
        self.ran = match (self.ran, other.ran) {
            (Some(own), Some(other)) => Some(own.max(other)),
            (own, other) if self.pods == 0 => own.or(other),
            _ => None,
        };
        self.profile = self.profile.take().or(other.profile);
        self.replicas = self.replicas.max(other.replicas);
        self.takes_turns |= other.takes_turns;
        self.memory = self.memory.or(other.memory);
        self.spot &= other.spot;
    }
}
