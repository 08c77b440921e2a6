//! The price of each node over what is on it.

use std::collections::{BTreeMap, HashMap};

use super::loose::{Loose, sizes};
use super::{Asked, Costs, Held, Owner, Piece, Split, window};
use crate::price::{Beside, Book, NodePrice, OfVolume, Rates, Rules, pod_requests};
use crate::profile::Profile;
use crate::snapshot::{ContainerKind, Node, Resources, Service, Snapshot, Sold, Volume};
use crate::units::{Bytes, Cpu, HOURS_PER_MONTH, Money, known};

/// CPU in cores, memory in GiB, devices.
type Amounts = [f64; 3];
/// What CPU, memory and devices cost.
type Parts = [Money; 3];

/// What of a node is paid, what a list asks for it, and what is contracted.
const KINDS: usize = 3;

/// Pods of one workload on one node.
struct Share {
    workload: usize,
    requests: Amounts,
    /// Mean use of CPU and memory.
    used: [Option<f64>; 2],
}

pub(super) fn divide(snapshot: &Snapshot, profiles: &[Profile], book: &Book) -> Costs {
    let nodes = &snapshot.cluster.nodes;
    let prices = book.prices(nodes);
    let mut ledger = Ledger::default();
    let shares = shares(snapshot, profiles, &mut ledger, book);
    for (index, node) in nodes.iter().enumerate() {
        let here = shares.get(&index).map_or(&[][..], Vec::as_slice);
        let price = &prices[index];
        let list = book.list(node).unwrap_or(price.gross);
        ledger.node((index, node), price, list, here);
    }
    ledger.volumes(snapshot, book);
    ledger.balancers(snapshot, book);
    ledger.pieces.sort_by_key(|it| (it.owner, it.node));
    let prices = in_hundredths(prices, &ledger.pieces, nodes);
    let over = window::window(snapshot, profiles, &ledger.pieces, (&prices, book));
    Costs {
        window: over.costs,
        runs: over.runs,
        unknown_runs: over.unknown,
        currency: book.currency(),
        nodes: prices,
        pieces: ledger.pieces,
        unplaced: ledger.unplaced,
        unpriced_volumes: ledger.unpriced,
        unpriced_load_balancers: ledger.unpriced_balancers,
        unpriced_gpus: ledger.unpriced_gpus,
        unused: book.unused(nodes),
        storage_prices: ledger.storage,
        load_balancer_price: ledger.load_balancers,
        in_part: false,
    }
}

/// What each node is paid for a month, so that all sum up, with pods that are on none. Where
/// pods are sold one by one a node costs what its pods do.
fn in_hundredths(mut prices: Vec<NodePrice>, pieces: &[Piece], nodes: &[Node]) -> Vec<NodePrice> {
    let mut exact = vec![Money::ZERO; nodes.len() + 1];
    let of_nodes = pieces.iter().filter(|it| it.owner.is_of_nodes());
    for piece in of_nodes {
        exact[piece.node.unwrap_or(nodes.len())] += piece.cost.total();
    }
    let cents = Money::rounded_together(&exact);
    for (at, (price, node)) in prices.iter_mut().zip(nodes).enumerate() {
        price.monthly = cents[at];
        if let Some(sold) = Sold::on(Some(node), &node.name) {
            price.hourly = Money::from_f64(exact[at].to_f64() / HOURS_PER_MONTH);
            price.origin = format!(
                "{}, by the sizes of its pods on {}",
                price.origin,
                sold.name()
            );
        }
    }
    prices
}

/// Pods by node. Those that no node is known for go into the ledger at once.
fn shares(
    snapshot: &Snapshot,
    profiles: &[Profile],
    ledger: &mut Ledger,
    book: &Book,
) -> HashMap<usize, Vec<Share>> {
    let nodes = snapshot.cluster.nodes.iter().enumerate();
    let by_name: HashMap<&str, usize> = nodes.map(|(at, node)| (&*node.name, at)).collect();
    let elsewhere = book.rates(None);
    let mut shares: HashMap<usize, Vec<Share>> = HashMap::new();
    let used = used(snapshot, profiles);
    for (index, workload) in snapshot.workloads.iter().enumerate() {
        let share = |requests: Amounts| Share {
            workload: index,
            requests,
            used: used[index],
        };
        for pod in &workload.pods {
            let known = pod.node.as_deref().and_then(|name| by_name.get(name));
            let share = share(amounts(&pod.requests));
            match known {
                Some(node) => shares.entry(*node).or_default().push(share),
                // One that waits for a node costs nothing yet.
                None if snapshot.cluster.waits(pod) => {}
                None => ledger.unplaced(&share, &elsewhere),
            }
        }
        if workload.pods.is_empty() && by_name.is_empty() && !workload.is_batch() {
            let pods = workload.present.unwrap_or(workload.replicas);
            let (cpu, memory) = pod_requests(workload);
            let devices = workload.containers.iter().map(|it| it.requests.gpus());
            let requests = [cpu.get(), memory.to_gib(), devices.sum()];
            for _ in 0..pods {
                ledger.unplaced(&share(requests), &elsewhere);
            }
        }
    }
    shares
}

/// Mean use of CPU and memory of one pod of each workload; what runs once at the start of
/// a pod is over.
fn used(snapshot: &Snapshot, profiles: &[Profile]) -> Vec<[Option<f64>; 2]> {
    let mut used = vec![[None; 2]; snapshot.workloads.len()];
    for profile in profiles {
        let workload = &snapshot.workloads[profile.workload];
        if workload.containers[profile.container].kind == ContainerKind::Init {
            continue;
        }
        let cpu = profile.cpu.as_ref().map(|it| it.mean.get());
        let memory = profile.memory.as_ref().map(|it| it.mean.to_gib());
        let sums: &mut [Option<f64>; 2] = &mut used[profile.workload];
        for (sum, mean) in sums.iter_mut().zip([cpu, memory]) {
            *sum = known(*sum, mean, |sum, mean| sum + mean);
        }
    }
    used
}

fn amounts(resources: &Resources) -> Amounts {
    [
        resources.cpu.map_or(0.0, Cpu::get),
        resources.memory.map_or(0.0, Bytes::to_gib),
        resources.gpus(),
    ]
}

fn hourly(rates: &Rates) -> Amounts {
    [
        rates.cpu_core_hour,
        rates.memory_gib_hour,
        rates.devices(1.0),
    ]
}

#[derive(Default)]
struct Ledger {
    pieces: Vec<Piece>,
    unplaced: usize,
    unpriced: usize,
    unpriced_balancers: usize,
    unpriced_gpus: f64,
    storage: BTreeMap<Option<String>, Beside>,
    load_balancers: Option<Beside>,
}

impl Ledger {
    fn unplaced(&mut self, share: &Share, rates: &Rates) {
        self.unplaced += 1;
        if rates.gpu_hour.is_none() {
            self.unpriced_gpus += share.requests[2];
        }
        let rates = hourly(rates);
        let cost = |at: usize| Money::from_f64(share.requests[at] * rates[at] * HOURS_PER_MONTH);
        let cost = [cost(0), cost(1), cost(2)];
        self.pod(share, None, [cost; KINDS]);
    }

    /// What one pod pays and is asked, and what of it is used.
    fn pod(
        &mut self,
        share: &Share,
        node: Option<usize>,
        [cost, list, contracted]: [Parts; KINDS],
    ) {
        let mut held = Held {
            cpu_cores: share.requests[0],
            memory_bytes: share.requests[1] * f64::from(1 << 30),
            gpus: share.requests[2],
            cpu_used: share.used[0],
            memory_used: share.used[1].map(|gib| gib * f64::from(1 << 30)),
            ..Held::default()
        };
        let each = share.used.iter().zip(share.requests).zip(cost);
        for ((used, requested), cost) in each {
            if let Some(used) = used.filter(|_| requested > 0.0) {
                held.worth_of_use += cost.scale((used / requested).min(1.0));
                held.judged += cost;
            }
        }
        self.pieces.push(Piece {
            owner: Owner::Workload(share.workload),
            node,
            cost: Split::of_node(cost),
            asked: Asked {
                list: Split::of_node(list),
                contracted: Split::of_node(contracted),
            },
            held,
        });
    }

    /// Every millionth of the node's price goes to a pod, to idle or to the system; so does
    /// what a list asks for it, an hour.
    fn node(
        &mut self,
        (index, node): (usize, &Node),
        price: &NodePrice,
        list: Money,
        shares: &[Share],
    ) {
        if price.rates.gpu_hour.is_none() {
            self.unpriced_gpus += node.capacity.gpus().max(node.allocatable.gpus());
        }
        let kinds = [price.hourly, list, price.contracted];
        if let Some(sold) = Sold::on(Some(node), &node.name) {
            return self.sold(index, sold, &price.rates, kinds, shares);
        }
        let (all, usable) = (amounts(&node.capacity), amounts(&node.allocatable));
        let rates = hourly(&price.rates);
        let size = |at: usize| if all[at] > 0.0 { all[at] } else { usable[at] };
        let worth: Vec<f64> = (0..3).map(|at| size(at) * rates[at]).collect();
        let mut free = [0.0; 3];
        let mut kept = [0.0; 3];
        let weights: [Vec<f64>; 3] = std::array::from_fn(|at| {
            let requested: f64 = shares.iter().map(|it| it.requests[at]).sum();
            let usable = if usable[at] > 0.0 {
                usable[at]
            } else {
                size(at)
            };
            kept[at] = (size(at) - usable).max(0.0);
            free[at] = (usable - requested).max(0.0);
            let pods = shares.iter().map(|it| it.requests[at]);
            pods.chain([free[at], kept[at]]).collect()
        });
        // One row for each pod, then for what is idle and what is kept back.
        let mut rows = vec![[[Money::ZERO; 3]; KINDS]; shares.len() + 2];
        for (kind, hourly) in kinds.into_iter().enumerate() {
            let monthly = hourly.monthly();
            let resources = monthly.divided(&worth);
            if worth.iter().sum::<f64>() <= 0.0 {
                // What a machine has is not known: all of it is idle, none is lost.
                rows[shares.len()][kind][0] = monthly;
            }
            for (at, weights) in weights.iter().enumerate() {
                let parts = resources[at].divided(weights);
                for (row, part) in rows.iter_mut().zip(parts) {
                    row[kind][at] += part;
                }
            }
        }
        for (share, row) in shares.iter().zip(&rows) {
            self.pod(share, Some(index), *row);
        }
        if let [.., idle, system] = rows[..] {
            self.rest(Owner::Idle, index, idle, free);
            self.rest(Owner::System, index, system, kept);
        }
    }

    fn sold(
        &mut self,
        index: usize,
        sold: Sold,
        rates: &Rates,
        [paid, list, contracted]: [Money; KINDS],
        shares: &[Share],
    ) {
        let rates = hourly(rates);
        let dearer = |than: Money| {
            let factor = than.to_f64() / paid.to_f64();
            if factor.is_finite() { factor } else { 1.0 }
        };
        for share in shares {
            let [cpu, memory, gpus] = share.requests;
            let memory = Bytes::from_f64(memory * f64::from(1 << 30));
            let (cpu, memory) = sold.size(Cpu::cores(cpu), memory);
            let size = [cpu.get(), memory.to_gib(), gpus];
            let cost = |at: usize| Money::from_f64(size[at] * rates[at] * HOURS_PER_MONTH);
            let cost = [cost(0), cost(1), cost(2)];
            let times = |factor: f64| cost.map(|it| it.scale(factor));
            let row = [cost, times(dearer(list)), times(dearer(contracted))];
            self.pod(share, Some(index), row);
        }
    }

    fn rest(
        &mut self,
        owner: Owner,
        node: usize,
        [cost, list, contracted]: [Parts; KINDS],
        amounts: Amounts,
    ) {
        let cost = Split::of_node(cost);
        let asked = Asked {
            list: Split::of_node(list),
            contracted: Split::of_node(contracted),
        };
        if cost == Split::default() && asked == Asked::default() {
            return;
        }
        self.pieces.push(Piece {
            owner,
            node: Some(node),
            cost,
            asked,
            held: Held {
                cpu_cores: amounts[0],
                memory_bytes: amounts[1] * f64::from(1 << 30),
                gpus: amounts[2],
                ..Held::default()
            },
        });
    }

    /// What is on no node, and for which nothing is asked but what is paid.
    fn beside(&mut self, owner: Owner, cost: Split, held: Held) {
        self.pieces.push(Piece {
            owner,
            node: None,
            cost,
            asked: Asked::as_paid(cost),
            held,
        });
    }

    /// A claim costs what its volume can hold until it is deleted; one that waits for its
    /// volume costs nothing yet. A volume that no claim has costs the same.
    fn volumes(&mut self, snapshot: &Snapshot, book: &Book) {
        let cluster = &snapshot.cluster;
        let sizes = sizes(snapshot);
        let all = cluster.volumes.iter();
        let all: HashMap<&str, &Volume> = all.map(|it| (it.name.as_str(), it)).collect();
        for (index, claim) in cluster.volume_claims.iter().enumerate() {
            if claim.phase == "Pending" {
                continue;
            }
            let volume = claim.volume.as_deref().and_then(|it| all.get(it));
            let asked = OfVolume {
                class: claim.storage_class.as_deref(),
                driver: volume.and_then(|it| it.driver.as_deref()),
                home: volume.and_then(|it| it.home),
            };
            let price = book.volume(asked, cluster);
            self.volume(Owner::Volume(index), asked.class, price, sizes[index]);
        }
        let volumes = cluster.volumes.iter().enumerate();
        for (index, volume) in volumes.filter(|(_, it)| Loose::of(it).is_some()) {
            let asked = OfVolume {
                class: volume.storage_class.as_deref(),
                driver: volume.driver.as_deref(),
                home: volume.home,
            };
            let price = book.volume(asked, cluster);
            let owner = Owner::LooseVolume(index);
            self.volume(owner, asked.class, price, volume.capacity);
        }
    }

    /// Nothing for a volume whose price nobody knows, which is counted.
    fn volume(&mut self, owner: Owner, class: Option<&str>, price: Beside, size: Bytes) {
        self.unpriced += usize::from(price.price.is_none());
        let cost = Split {
            storage: price.price.unwrap_or_default().scale(size.to_gib()),
            ..Split::default()
        };
        let held = Held {
            storage_bytes: size.to_f64(),
            ..Held::default()
        };
        self.beside(owner, cost, held);
        let class = class.map(str::to_owned);
        self.storage.entry(class).or_insert(price);
    }

    /// One of no cloud costs nothing that is known of.
    fn balancers(&mut self, snapshot: &Snapshot, book: &Book) {
        let services = snapshot.cluster.services.iter().enumerate();
        let services = services.filter(|(_, it)| it.is_balanced_by_cloud());
        let services: Vec<(usize, &Service)> = services.collect();
        if services.is_empty() {
            return;
        }
        let rules = services.iter().map(|(_, it)| Rules {
            ports: it.ports.unwrap_or(1).max(1),
            protocols: it.protocols.unwrap_or(1).max(1),
        });
        let rules: Vec<Rules> = rules.collect();
        let (each, price) = book.load_balancers(&rules, &snapshot.cluster);
        for ((index, _), hourly) in services.iter().zip(each) {
            self.unpriced_balancers += usize::from(price.price.is_none());
            let cost = Split {
                load_balancer: hourly.monthly(),
                ..Split::default()
            };
            let held = Held {
                load_balancers: 1.0,
                ..Held::default()
            };
            self.beside(Owner::LoadBalancer(*index), cost, held);
        }
        self.load_balancers = Some(price);
    }
}
