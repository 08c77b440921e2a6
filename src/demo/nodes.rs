//! Four node pools, and which pod is on which node.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::plan::Pool;
use super::rules;
use crate::snapshot::{Accelerator, CapacityType, Node, Resources};
use crate::units::{Bytes, Cpu, count_from, float};

/// A pool of equal machines.
struct PoolSpec {
    pool: Pool,
    name: &'static str,
    count: usize,
    instance_type: &'static str,
    capacity_type: CapacityType,
    architecture: &'static str,
    gpu_product: Option<&'static str>,
    /// Devices or slices of them.
    devices: &'static [(&'static str, f64)],
    taints: &'static [&'static str],
    cores: u64,
    memory_kib: u64,
}

/// All machines but one are of 8 vCPU and 32 GiB. Memory is what Linux sees of it on AWS.
const POOLS: [PoolSpec; 4] = [
    PoolSpec {
        pool: Pool::General,
        name: "general",
        count: 11,
        instance_type: "m6i.2xlarge",
        capacity_type: CapacityType::OnDemand,
        architecture: "amd64",
        gpu_product: None,
        devices: &[],
        taints: &[],
        cores: 8,
        memory_kib: 32_386_548,
    },
    PoolSpec {
        pool: Pool::Gpu,
        name: "gpu",
        count: 4,
        instance_type: "g5.2xlarge",
        capacity_type: CapacityType::OnDemand,
        architecture: "amd64",
        gpu_product: Some("NVIDIA-A10G"),
        devices: &[("nvidia.com/gpu", 1.0)],
        taints: &["nvidia.com/gpu=present:NoSchedule"],
        cores: 8,
        memory_kib: 32_372_112,
    },
    PoolSpec {
        pool: Pool::Spot,
        name: "batch-spot",
        count: 3,
        instance_type: "m7g.2xlarge",
        capacity_type: CapacityType::Spot,
        architecture: "arm64",
        gpu_product: None,
        devices: &[],
        taints: &["batch=true:NoSchedule"],
        cores: 8,
        memory_kib: 32_198_864,
    },
    PoolSpec {
        pool: Pool::Sliced,
        name: "gpu-sliced",
        count: 1,
        instance_type: "p5.4xlarge",
        capacity_type: CapacityType::OnDemand,
        architecture: "amd64",
        gpu_product: Some("NVIDIA-H100-80GB-HBM3"),
        devices: &[
            ("nvidia.com/mig-1g.10gb", 4.0),
            ("nvidia.com/mig-3g.40gb", 1.0),
        ],
        taints: &["nvidia.com/gpu=present:NoSchedule"],
        cores: 16,
        memory_kib: 263_921_180,
    },
];
const ZONES: [&str; 3] = ["a", "b", "c"];
const REGION: &str = "eu-west-1";
/// What EKS keeps back of 8 cores: 6 % of the first, 1 % of the second, 0.5 %
/// of two more and 0.25 % of the rest.
const RESERVED_MILLICORES: u64 = 90;
/// What EKS keeps back: 255 MiB, 11 MiB for each of 58 pods, 100 MiB for eviction.
const RESERVED_KIB: u64 = (255 + 11 * PODS + 100) * 1024;
/// Pods that fit by addresses: 4 network interfaces with 15 addresses each.
const PODS: u64 = 58;

/// The nodes, and what is still free on each.
pub(super) struct Fleet {
    pub(super) nodes: Vec<Node>,
    pools: Vec<Pool>,
    free: Vec<Free>,
}

struct Free {
    cpu: Cpu,
    memory: Bytes,
    devices: BTreeMap<String, f64>,
    pods: usize,
}

impl Fleet {
    pub(super) fn new() -> Self {
        let mut fleet = Self {
            nodes: Vec::new(),
            pools: Vec::new(),
            free: Vec::new(),
        };
        for (block, spec) in POOLS.iter().enumerate() {
            for number in 0..spec.count {
                let node = spec.node(block, number);
                fleet.free.push(Free::of(&node));
                fleet.pools.push(spec.pool);
                fleet.nodes.push(node);
            }
        }
        fleet
    }

    /// Takes `requests` on every node, for a DaemonSet.
    pub(super) fn reserve(&mut self, requests: &Resources) {
        for free in &mut self.free {
            free.take(requests);
        }
    }

    /// A node of `pool` for a pod: the emptiest that it fits on, as the scheduler
    /// prefers; `None` when it fits on none and has to wait.
    pub(super) fn place(&mut self, pool: Pool, requests: &Resources) -> Option<String> {
        let fits = |index: &usize| self.pools[*index] == pool && self.free[*index].fits(requests);
        let best = (0..self.nodes.len())
            .filter(fits)
            .min_by_key(|index| (self.free[*index].rank(), *index))?;
        self.free[best].take(requests);
        Some(self.nodes[best].name.clone())
    }

    /// Pods on each node ÷ those of the mean node.
    pub(super) fn weights(&self) -> Vec<f32> {
        let count = |free: &Free| f32::from(u16::try_from(free.pods).unwrap_or(u16::MAX));
        let total: f32 = self.free.iter().map(count).sum();
        let nodes = f32::from(u16::try_from(self.free.len()).unwrap_or(u16::MAX));
        self.free
            .iter()
            .map(|free| count(free) * nodes / total.max(1.0))
            .collect()
    }
}

/// How large an amount is, in one number: a core is as much as the 4 GiB that come with it.
pub(super) fn size(amount: &Resources) -> u64 {
    let cores = amount.cpu.unwrap_or_default().get();
    let gib = amount.memory.unwrap_or_default().to_gib();
    count_from((cores + gib / 4.0) * 1000.0)
}

impl Free {
    fn of(node: &Node) -> Self {
        Self {
            cpu: node.allocatable.cpu.unwrap_or_default(),
            memory: node.allocatable.memory.unwrap_or_default(),
            devices: node.allocatable.extended.clone(),
            pods: 0,
        }
    }

    fn fits(&self, requests: &Resources) -> bool {
        requests.cpu.is_none_or(|cpu| cpu <= self.cpu)
            && requests.memory.is_none_or(|memory| memory <= self.memory)
            && requests.extended.iter().all(|(name, count)| {
                let free = self.devices.get(name).copied();
                *count <= free.unwrap_or(0.0)
            })
    }

    fn take(&mut self, requests: &Resources) {
        self.cpu = self.cpu.minus(requests.cpu.unwrap_or_default());
        self.memory = self.memory.minus(requests.memory.unwrap_or_default());
        for (name, count) in &requests.extended {
            *self.devices.entry(name.clone()).or_default() -= count;
        }
        self.pods += 1;
    }

    /// Less is emptier.
    fn rank(&self) -> Reverse<u64> {
        let free = Resources {
            cpu: Some(self.cpu),
            memory: Some(self.memory),
            ..Resources::default()
        };
        Reverse(size(&free))
    }
}

impl PoolSpec {
    fn node(&self, block: usize, number: usize) -> Node {
        let (subnet, host) = (16 + 16 * (number % 3) + block, 11 + 37 * (number + 1) % 240);
        let amount = |millicores: u64, kib: u64| {
            let mut extended = BTreeMap::from([("pods".to_owned(), float(PODS))]);
            let devices = self.devices.iter();
            extended.extend(devices.map(|(name, count)| ((*name).to_owned(), *count)));
            Resources {
                cpu: Some(Cpu::millicores(millicores)),
                memory: Some(Bytes(kib * 1024)),
                extended,
            }
        };
        let name = format!("ip-10-0-{subnet}-{host}.{REGION}.compute.internal");
        let zone = format!("{REGION}{}", ZONES[number % 3]);
        Node {
            labels: rules::node_labels(&name, self.architecture, &zone),
            name,
            instance_type: Some(self.instance_type.to_owned()),
            region: Some(REGION.to_owned()),
            zone: Some(zone),
            capacity_type: self.capacity_type,
            pool: Some(self.name.to_owned()),
            provider: Some("aws".to_owned()),
            architecture: Some(self.architecture.to_owned()),
            gpu_product: self.gpu_product.map(str::to_owned),
            accelerator: Accelerator::default(),
            allocatable: amount(
                self.cores * 1000 - RESERVED_MILLICORES,
                self.memory_kib - RESERVED_KIB,
            ),
            capacity: amount(self.cores * 1000, self.memory_kib),
            ready: true,
            unschedulable: false,
            created: None,
            taints: self.taints.iter().map(|&taint| taint.to_owned()).collect(),
            ..Node::default()
        }
    }
}
