//! Clusters of any size, with rules or without.

use kcost::plan::{Options, PodRef};
use kcost::snapshot::{
    DisruptionBudget, HostPort, NodeTerm, Operator, Placement, Pod, PodSelector, PodTerm,
    Requirement, Snapshot, Spread, Toleration, Volume, VolumeClaim, Workload,
};
use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::checker::Replay;
use super::{app, nodes, ruled};
use crate::made::resources;
use kcost::units::count_from;

pub(super) type Random = Xoshiro256PlusPlus;

pub(super) fn random(seed: u64) -> Random {
    Random::seed_from_u64(seed)
}

const HOST: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// A small cluster with rules of every sort, whose pods were placed by a plain scheduler.
pub(super) fn small(seed: u64) -> Snapshot {
    let mut random = random(seed);
    let count = random.gen_range(3..10);
    let mut snapshot = nodes(count);
    for node in &mut snapshot.cluster.nodes {
        node.pool = Some(["blue", "green"][random.gen_range(0..2)].to_owned());
        if random.gen_bool(0.2) {
            node.taints = vec!["team=x:NoSchedule".to_owned()];
        }
        if random.gen_bool(0.3) {
            node.labels.push(("disk".to_owned(), "ssd".to_owned()));
        }
        node.unschedulable = random.gen_bool(0.05);
        if random.gen_bool(0.2) {
            node.allocatable
                .extended
                .insert("nvidia.com/gpu".to_owned(), 2.0);
        }
        let cores = [2000, 4000, 8000][random.gen_range(0..3)];
        let most = node.allocatable.extended.clone();
        node.allocatable = resources(cores, cores * 4);
        node.allocatable.extended = most;
        node.allocatable.extended.insert("pods".to_owned(), 12.0);
    }
    for at in 0..random.gen_range(2..9) {
        let name = format!("w{at}");
        let replicas = random.gen_range(1..6);
        let mut made = app(&name, &vec![0; replicas], 0, 0);
        if random.gen_bool(0.1) {
            "other".clone_into(&mut made.id.namespace);
        }
        let size = resources(random.gen_range(50..1500), random.gen_range(50..6000));
        for pod in &mut made.pods {
            pod.node = None;
            pod.requests = size.clone();
        }
        let mut made = ruled(made, |it| rules(&name, it, &mut random));
        if random.gen_bool(0.1) {
            for pod in &mut made.pods {
                pod.requests
                    .extended
                    .insert("nvidia.com/gpu".to_owned(), 1.0);
            }
        }
        if random.gen_bool(0.15) {
            volumes(&mut snapshot, &mut made, &mut random);
        }
        if random.gen_bool(0.1) {
            snapshot.cluster.disruption_budgets.push(DisruptionBudget {
                namespace: made.id.namespace.clone(),
                name: name.clone(),
                disruptions_allowed: random.gen_range(0..2),
                selector: vec![("app".to_owned(), name)],
                ..DisruptionBudget::default()
            });
        }
        snapshot.workloads.push(made);
    }
    daemon(&mut snapshot);
    schedule(&mut snapshot);
    snapshot
}

fn rules(name: &str, placement: &mut Placement, random: &mut Random) {
    let other = format!("w{}", random.gen_range(0..9));
    let meant = if random.gen_bool(0.6) { name } else { &other };
    let selector = Some(PodSelector {
        labels: vec![("app".to_owned(), meant.to_owned())],
        expressions: Vec::new(),
    });
    let topology = if random.gen_bool(0.5) { HOST } else { ZONE };
    let term = PodTerm {
        selector: selector.clone(),
        topology_key: topology.to_owned(),
        ..PodTerm::default()
    };
    match random.gen_range(0..9) {
        0 => placement.node_selector = vec![("disk".to_owned(), "ssd".to_owned())],
        1 => {
            placement.tolerations = vec![Toleration {
                key: Some("team".to_owned()),
                ..Toleration::default()
            }];
        }
        2 => placement.anti_affinity = vec![term],
        3 => placement.affinity = vec![term],
        4 => {
            placement.spread = vec![Spread {
                selector,
                topology_key: topology.to_owned(),
                max_skew: random.gen_range(1..3),
                min_domains: random.gen_bool(0.3).then_some(2),
                ..Spread::default()
            }];
        }
        5 => {
            placement.host_ports = vec![HostPort {
                port: random.gen_range(80..82),
                protocol: "TCP".to_owned(),
                ip: None,
            }];
        }
        6 => placement.node_terms = Some(vec![NodeTerm(vec![in_zones(&["a", "b"])])]),
        _ => {}
    }
}

fn in_zones(zones: &[&str]) -> Requirement {
    Requirement {
        key: ZONE.to_owned(),
        operator: Operator::In,
        values: zones.iter().map(|&it| it.to_owned()).collect(),
    }
}

fn volumes(snapshot: &mut Snapshot, owner: &mut Workload, random: &mut Random) {
    for pod in &mut owner.pods {
        let claim = format!("data-{}", pod.name);
        let zone = ["a", "b", "c"][random.gen_range(0..3)];
        snapshot.cluster.volume_claims.push(VolumeClaim {
            namespace: owner.id.namespace.clone(),
            name: claim.clone(),
            phase: "Bound".to_owned(),
            volume: Some(format!("pv-{}", pod.name)),
            single_node: true,
            ..VolumeClaim::default()
        });
        snapshot.cluster.volumes.push(Volume {
            name: format!("pv-{}", pod.name),
            node_terms: Some(vec![NodeTerm(vec![in_zones(&[zone])])]),
            ..Volume::default()
        });
        pod.volume_claims = vec![claim];
    }
}

/// One pod on every node.
fn daemon(snapshot: &mut Snapshot) {
    let all: Vec<usize> = (0..snapshot.cluster.nodes.len()).collect();
    let mut daemon = app("agent", &all, 100, 100);
    "DaemonSet".clone_into(&mut daemon.id.kind);
    snapshot.workloads.push(daemon);
}

/// Each pod onto a node that all rules allow, the emptiest first, as schedulers do; some
/// wait.
fn schedule(snapshot: &mut Snapshot) {
    for workload in 0..snapshot.workloads.len() {
        for pod in 0..snapshot.workloads[workload].pods.len() {
            if snapshot.workloads[workload].pods[pod].node.is_some() {
                continue;
            }
            let at = PodRef { workload, pod };
            let found = {
                let is = &*snapshot;
                let requests = |at: PodRef| is.workloads[at.workload].pods[at.pod].requests.clone();
                let replay = Replay::new(is, &requests);
                let none = Options {
                    reserve: 0.0,
                    ..Options::default()
                };
                let mut open: Vec<usize> = (0..is.cluster.nodes.len())
                    .filter(|node| replay.allows(at, *node, &none).is_ok())
                    .collect();
                let pods = |node: usize| {
                    let name = Some(&is.cluster.nodes[node].name);
                    let pods = is.workloads.iter().flat_map(|it| &it.pods);
                    pods.filter(|pod| pod.node.as_ref() == name).count()
                };
                open.sort_by_key(|node| pods(*node));
                open.first()
                    .map(|node| is.cluster.nodes[*node].name.clone())
            };
            snapshot.workloads[workload].pods[pod].node = found;
        }
    }
}

/// A cluster of machines of 16 cores and 64 GiB as it grows in practice: pods in all sizes,
/// on nodes that are filled to about `fill`.
pub(super) fn large(count: usize, fill: f64, seed: u64) -> Snapshot {
    let mut random = random(seed);
    let mut snapshot = nodes(count);
    for node in &mut snapshot.cluster.nodes {
        let most = node.allocatable.extended.clone();
        node.allocatable = resources(15_400, 58_368);
        node.allocatable.extended = most;
    }
    let all: Vec<usize> = (0..count).collect();
    let mut daemon = app("agent", &all, 200, 300);
    "DaemonSet".clone_into(&mut daemon.id.kind);
    snapshot.workloads.push(daemon);
    let mut left: Vec<(f64, f64)> = vec![(15_400.0 * fill - 200.0, 58_368.0 * fill - 300.0); count];
    let mut misses = 0;
    let mut at = 0;
    while misses < 20 {
        // Log-normal, of which the median is 250m and 700 MiB.
        let (a, b) = (normal(&mut random), normal(&mut random));
        let cpu = (250.0 * (0.9 * a).exp()).clamp(10.0, 8_000.0).round();
        let memory = (700.0 * (0.9 * (0.5 * a + 0.866 * b)).exp())
            .clamp(16.0, 32_000.0)
            .round();
        let replicas = random.gen_range(1..12);
        let mut on = Vec::new();
        for _ in 0..replicas {
            let start = random.gen_range(0..count);
            let nodes = (0..count.min(40)).map(|step| (start + step) % count);
            let mut open = nodes.filter(|node| left[*node].0 >= cpu && left[*node].1 >= memory);
            match open.next() {
                Some(node) => {
                    left[node].0 -= cpu;
                    left[node].1 -= memory;
                    on.push(node);
                }
                None => misses += 1,
            }
        }
        if !on.is_empty() {
            let name = format!("w{at}");
            let mut made = app(&name, &on, 0, 0);
            for pod in &mut made.pods {
                pod.requests = resources(count_from(cpu), count_from(memory));
            }
            snapshot.workloads.push(made);
            at += 1;
        }
    }
    snapshot
}

/// By the sum of uniform numbers.
fn normal(random: &mut Random) -> f64 {
    (0..12).map(|_| random.r#gen::<f64>()).sum::<f64>() - 6.0
}

pub(super) fn pods(snapshot: &Snapshot) -> impl Iterator<Item = &Pod> {
    snapshot.workloads.iter().flat_map(|it| &it.pods)
}
