//! A mix held against all rules of the scheduler, and mended where pods find no place.

use std::collections::BTreeMap;

use super::offer::Offer;
use super::pack::Packed;
use super::{Case, GPU};
use crate::plan::model::{HOST, Model};
use crate::plan::place::{Choice, place, place_all};
use crate::plan::state::State;
use crate::price::{Basis, NodePrice, Rates};
use crate::snapshot::{Labels, Node, Pod, Resources, Snapshot};
use crate::units::{Bytes, Cpu, Money};

/// Nodes that are added before a mix is given up, as a share of it; and at least so many.
const MORE: usize = 5;
const LEAST: usize = 3;

/// Labels of a node that the next of its pool has otherwise.
const ZONE: &str = "topology.kubernetes.io/zone";

/// The mix with as many nodes more as its pods need to find places by all rules; else how
/// many find none.
pub(super) fn repaired(
    case: &Case<'_>,
    old: &[usize],
    pods: &[usize],
    offers: &[Offer],
    mut mix: Packed,
) -> Result<Packed, usize> {
    let zones = zones(case, old);
    let most = mix.nodes.len() + LEAST.max(mix.nodes.len() / MORE);
    let mut homes = homes(case, pods, &zones, mix.nodes.len());
    loop {
        let missing = missing(case, old, pods, offers, &mix, &homes);
        let Some(first) = missing.first() else {
            return Ok(mix);
        };
        if mix.nodes.len() >= most {
            return Err(missing.len());
        }
        // Another of the type that there are most of, where the first of them can run.
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for offer in &mix.nodes {
            *counts.entry(*offer).or_default() += 1;
        }
        let common = counts.into_iter().max_by_key(|(at, count)| (*count, *at));
        mix.nodes.push(common.map_or(0, |(at, _)| at));
        let bound = bound_zone(case, *first);
        let next = bound.or_else(|| zones.get(homes.len() % zones.len().max(1)).cloned());
        homes.push(next);
    }
}

/// Zones of the pool, in order.
fn zones(case: &Case<'_>, old: &[usize]) -> Vec<String> {
    let zones = old
        .iter()
        .filter_map(|it| case.model.nodes[*it].node.zone.clone());
    let mut zones: Vec<String> = zones.collect();
    zones.sort();
    zones.dedup();
    zones
}

/// The zone that a pod is in, where its volumes tie it there.
fn bound_zone(case: &Case<'_>, pod: usize) -> Option<String> {
    let item = &case.model.pods[pod];
    let is = &case.snapshot.workloads[item.at.workload].pods[item.at.pod];
    let home = item.node.map(|at| case.model.nodes[at].node);
    home.filter(|_| !is.volume_claims.is_empty())?.zone.clone()
}

/// A zone for each new node: where volumes are, and then evenly.
fn homes(case: &Case<'_>, pods: &[usize], zones: &[String], count: usize) -> Vec<Option<String>> {
    let mut bound: BTreeMap<&str, usize> = zones.iter().map(|it| (it.as_str(), 0)).collect();
    for zone in pods.iter().filter_map(|pod| bound_zone(case, *pod)) {
        if let Some(pods) = bound.get_mut(zone.as_str()) {
            *pods += 1;
        }
    }
    let all: usize = bound.values().sum();
    let each = all.div_ceil(count.max(1)).max(1);
    let mut given: BTreeMap<&str, usize> = BTreeMap::new();
    let mut homes = Vec::new();
    for _ in 0..count {
        let next = zones.iter().max_by_key(|zone| {
            let own = given.get(zone.as_str()).copied().unwrap_or(0);
            let wanted = bound
                .get(zone.as_str())
                .copied()
                .unwrap_or(0)
                .div_ceil(each);
            (
                wanted.saturating_sub(own),
                std::cmp::Reverse(own),
                std::cmp::Reverse(zone.as_str()),
            )
        });
        if let Some(zone) = next {
            *given.entry(zone).or_default() += 1;
        }
        homes.push(next.cloned());
    }
    homes
}

/// Pods that find no place on the mix, beside everything that is not of the pool.
fn missing(
    case: &Case<'_>,
    old: &[usize],
    pods: &[usize],
    offers: &[Offer],
    mix: &Packed,
    homes: &[Option<String>],
) -> Vec<usize> {
    let snapshot = changed(case, old, pods, offers, mix, homes);
    let prices: Vec<NodePrice> = snapshot.cluster.nodes.iter().map(|_| free()).collect();
    let model = Model::new(&snapshot, &prices, case.options.autoscaler);
    let wants = model.wants(case.requests);
    let mut state = State::new(&model, &wants, case.options.reserve);
    let by_name: BTreeMap<_, usize> = model
        .pods
        .iter()
        .enumerate()
        .map(|(at, it)| (it.at, at))
        .collect();
    let known = pods.iter().filter_map(|pod| {
        let at = by_name.get(&case.model.pods[*pod].at)?;
        Some((*at, *pod))
    });
    let known: Vec<(usize, usize)> = known.collect();
    let mut left: Vec<usize> = known.iter().map(|(at, _)| *at).collect();
    let mut missing = Vec::new();
    let mut find = |state: &mut State<'_>, pod| place(state, pod, Choice::Fullest, &[], None);
    while let (moves, Some(stuck)) = place_all(&mut state, &left, &mut find) {
        left.retain(|it| *it != stuck && moves.iter().all(|(moved, _)| it != moved));
        missing.extend(known.iter().filter(|(at, _)| *at == stuck).map(|it| it.1));
    }
    missing
}

/// The cluster with the new nodes in the place of the old ones, whose pods wait. The nodes
/// of other pools take no more.
fn changed(
    case: &Case<'_>,
    old: &[usize],
    pods: &[usize],
    offers: &[Offer],
    mix: &Packed,
    homes: &[Option<String>],
) -> Snapshot {
    let from = case.snapshot;
    let mut snapshot = Snapshot {
        cluster: from.cluster.clone(),
        workloads: from.workloads.clone(),
        taken_at: from.taken_at,
        ..Snapshot::default()
    };
    let cluster = &mut snapshot.cluster;
    let like = cluster.nodes[old[0]].clone();
    for node in &mut cluster.nodes {
        node.unschedulable = true;
        // A pod is of the pool whose new nodes are like its own, wherever others like it are.
        node.architecture = None;
    }
    let gone: Vec<String> = old
        .iter()
        .map(|it| cluster.nodes[*it].name.clone())
        .collect();
    // Zones of the old nodes count as long as those are there; nodes themselves do not.
    for node in cluster
        .nodes
        .iter_mut()
        .filter(|it| gone.contains(&it.name))
    {
        node.labels.retain(|(key, _)| key != HOST);
        node.name.insert_str(0, "old-");
        node.annotations.clear();
    }
    let new = mix.nodes.iter().zip(homes).enumerate();
    let new: Vec<Node> = new
        .map(|(at, (offer, zone))| made(&like, at, &offers[*offer], zone.as_ref()))
        .collect();
    for pod in pods {
        let at = case.model.pods[*pod].at;
        snapshot.workloads[at.workload].pods[at.pod].node = None;
    }
    // A pod of every DaemonSet of the pool on every new node.
    for workload in &mut snapshot.workloads {
        let is_old = |it: &Pod| it.node.as_ref().is_some_and(|it| gone.contains(it));
        let tied = matches!(workload.id.kind.as_str(), "DaemonSet" | "StaticPod");
        let Some(first) = workload.pods.iter().find(|it| tied && is_old(it)).cloned() else {
            continue;
        };
        for node in &new {
            let mut pod = first.clone();
            pod.node = Some(node.name.clone());
            workload.pods.push(pod);
        }
    }
    snapshot.cluster.nodes.extend(new);
    snapshot
}

/// A new node of the pool.
fn made(like: &Node, at: usize, offer: &Offer, zone: Option<&String>) -> Node {
    let name = format!("new-{at}");
    let mut labels: Labels = like.labels.clone();
    for (key, value) in &mut labels {
        match (key.as_str(), zone) {
            (HOST, _) => value.clone_from(&name),
            (ZONE, Some(zone)) => value.clone_from(zone),
            _ => {}
        }
    }
    let [cpu, memory, pods, gpus] = offer.allocatable;
    let mut extended: BTreeMap<String, f64> = [("pods".to_owned(), pods)].into();
    if gpus > 0.0 {
        extended.insert(GPU.to_owned(), gpus);
    }
    let amounts = Resources {
        cpu: Some(Cpu::cores(cpu)),
        memory: Some(Bytes::from_f64(memory)),
        extended,
    };
    Node {
        labels,
        zone: zone.cloned().or_else(|| like.zone.clone()),
        instance_type: Some(offer.name.to_owned()),
        capacity: amounts.clone(),
        allocatable: amounts,
        ready: true,
        unschedulable: false,
        conditions: Vec::new(),
        annotations: Vec::new(),
        name,
        ..like.clone()
    }
}

/// What nodes cost does not matter here.
fn free() -> NodePrice {
    NodePrice {
        hourly: Money::ZERO,
        monthly: Money::ZERO,
        rates: Rates {
            cpu_core_hour: 0.0,
            memory_gib_hour: 0.0,
            gpu_hour: None,
        },
        source: "none",
        basis: Basis::Default,
        origin: String::new(),
        committed: 0.0,
        shared: None,
        covered: 0.0,
        list: None,
    }
}
