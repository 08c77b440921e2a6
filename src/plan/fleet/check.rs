//! A mix held against all rules of the scheduler, and mended where pods find no place.

use std::collections::BTreeMap;

use super::Case;
use super::machine::made;
use super::offer::Offer;
use super::pack::Packed;
use super::site::Site;
use crate::plan::model::{HOST, Model};
use crate::plan::place::{Choice, place, place_all};
use crate::plan::state::State;
use crate::price::{Basis, NodePrice, Rates};
use crate::snapshot::{Node, Pod, Snapshot};
use crate::units::Money;

/// Nodes that are added before a mix is given up, as a share of it; and at least so many.
const MORE: usize = 5;
const LEAST: usize = 3;

/// The mix with as many nodes more as its pods need to find places by all rules; else how
/// many find none.
pub(super) fn repaired(
    case: &Case<'_>,
    site: &Site<'_>,
    offers: &[Offer],
    mut mix: Packed,
) -> Result<Packed, usize> {
    let most = mix.nodes.len() + LEAST.max(mix.nodes.len() / MORE);
    let mut homes = homes(case, site, mix.nodes.len());
    loop {
        let (missing, unused) = missing(case, site, offers, &mix, &homes);
        let Some(first) = missing.first() else {
            // More may have come that hold all of what was to be on others.
            for at in unused.into_iter().rev() {
                if mix.nodes.len() > case.fewest(site.nodes) {
                    mix.nodes.remove(at);
                }
            }
            return Ok(mix);
        };
        let next = another(site, offers, &mix, *first);
        let Some(next) = next.filter(|_| mix.nodes.len() < most) else {
            return Err(missing.len());
        };
        mix.nodes.push(next);
        let bound = bound_zone(case, *first);
        let zone = bound.or_else(|| site.zone_for(*first, &offers[next], homes.len()));
        homes.push(zone);
    }
}

/// The type of one more node that a pod may run on: the one that there are most of, else the
/// cheapest with room for it.
fn another(site: &Site<'_>, offers: &[Offer], mix: &Packed, pod: usize) -> Option<usize> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for offer in &mix.nodes {
        *counts.entry(*offer).or_default() += 1;
    }
    let common = counts
        .into_iter()
        .filter(|(at, _)| site.may(pod, &offers[*at]));
    let common = common
        .max_by_key(|(at, count)| (*count, *at))
        .map(|(at, _)| at);
    let suited = || {
        let all = offers.iter().enumerate();
        let suited = all.filter(|(_, it)| site.may(pod, it));
        let cheapest = suited.min_by_key(|(at, it)| (it.price, it.each, *at));
        cheapest.map(|(at, _)| at)
    };
    common.or_else(suited)
}

/// The zone that a pod is in, where its volumes tie it there.
fn bound_zone(case: &Case<'_>, pod: usize) -> Option<String> {
    let item = &case.model.pods[pod];
    let is = &case.snapshot.workloads[item.at.workload].pods[item.at.pod];
    let home = item.node.map(|at| case.model.nodes[at].node);
    home.filter(|_| !is.volume_claims.is_empty())?.zone.clone()
}

/// A zone for each new node: where volumes are, and then evenly.
fn homes(case: &Case<'_>, site: &Site<'_>, count: usize) -> Vec<Option<String>> {
    let zones = &site.zones;
    let mut bound: BTreeMap<&str, usize> = zones.iter().map(|it| (it.as_str(), 0)).collect();
    for zone in site.pods.iter().filter_map(|pod| bound_zone(case, *pod)) {
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

/// Pods that find no place on the mix, beside everything that is not of the pool; and nodes of
/// the mix that none comes to.
fn missing(
    case: &Case<'_>,
    site: &Site<'_>,
    offers: &[Offer],
    mix: &Packed,
    homes: &[Option<String>],
) -> (Vec<usize>, Vec<usize>) {
    let snapshot = changed(case, site, offers, mix, homes);
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
    let known = site.pods.iter().filter_map(|pod| {
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
    let first = model.nodes.len() - mix.nodes.len();
    let is_bare = |at: &usize| {
        let mut pods = state.on[first + at].iter();
        pods.all(|pod| model.pods[*pod].tied)
    };
    let unused = (0..mix.nodes.len()).filter(is_bare).collect();
    (missing, unused)
}

/// The cluster with the new nodes in the place of the old ones, whose pods wait. The nodes
/// of other pools take no more.
fn changed(
    case: &Case<'_>,
    site: &Site<'_>,
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
    for node in &mut cluster.nodes {
        node.unschedulable = true;
        // A pod is of the pool whose new nodes are like its own, wherever others like it are.
        node.architecture = None;
        node.gpu_product.clone_from(&site.like.gpu_product);
        node.accelerator.clone_from(&site.like.accelerator);
    }
    let gone: Vec<String> = site
        .nodes
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
        .map(|(at, (offer, zone))| {
            let name = format!("new-{at}");
            made(&site.like, &name, &offers[*offer], zone.as_ref())
        })
        .collect();
    for pod in &site.pods {
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
        gross: Money::ZERO,
        contracted: Money::ZERO,
    }
}
