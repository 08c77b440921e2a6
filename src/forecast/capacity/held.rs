//! What quotas and node pools hold, hour by hour, by the replicas of their workloads.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{Ahead, Capacity, Unit, What, from_hours, without_past};
use crate::forecast::Hours;
use crate::forecast::work::Work;
use crate::snapshot::{ContainerKind, Node, Quota, Resources, Snapshot, Workload};
use crate::units::{Bytes, Cpu, len_f64};

/// Of a pool, what pods need.
const OF_POOLS: [&str; 3] = ["cpu", "memory", "pods"];

/// What each limit of every quota holds.
pub(super) fn quotas(snapshot: &Snapshot, works: &[Work], ahead: &Ahead<'_>) -> Vec<Capacity> {
    let quotas = snapshot.cluster.quotas.par_iter();
    let of = |quota: &Quota| {
        let own = snapshot.workloads.iter().enumerate();
        let own = own.filter(|(_, it)| it.id.namespace == quota.namespace);
        let own: Vec<usize> = own.map(|(at, _)| at).collect();
        let limits = limits_of(quota).into_iter();
        let each = limits.map(|(resource, used, hard)| {
            let capacity = Capacity {
                what: What::Quota,
                namespace: Some(quota.namespace.clone()),
                name: quota.name.clone(),
                unit: Unit::of(&resource),
                resource,
                used,
                hard,
                per_day: None,
                full: None,
                days: Vec::new(),
                of: own.clone(),
            };
            // By its scopes it may count none of these pods.
            if !quota.scopes.is_empty() {
                return without_past(capacity, ahead);
            }
            let parts = own.iter().map(|at| {
                let workload = &snapshot.workloads[*at];
                (*at, of_pod(workload, &capacity.resource))
            });
            let parts: Vec<(usize, f64)> = parts.collect();
            told(capacity, works, parts, ahead)
        });
        each.collect::<Vec<Capacity>>()
    };
    quotas.flat_map_iter(of).collect()
}

/// What each pool of nodes holds.
pub(super) fn pools(snapshot: &Snapshot, works: &[Work], ahead: &Ahead<'_>) -> Vec<Capacity> {
    let nodes = snapshot.cluster.nodes.iter();
    let mut pool_of: BTreeMap<&str, &str> = BTreeMap::new();
    let mut pools: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for node in nodes.filter(|it| it.ready && !it.unschedulable) {
        let name = node.pool.as_deref().unwrap_or("");
        pool_of.insert(&node.name, name);
        pools.entry(name).or_default().push(node);
    }
    let mut all = Vec::new();
    for (name, nodes) in pools {
        // Of each workload how many of its pods are here.
        let here: Vec<(usize, f64, f64)> = snapshot
            .workloads
            .iter()
            .enumerate()
            .filter_map(|(at, workload)| {
                let placed = workload.pods.iter().filter_map(|pod| pod.node.as_deref());
                let placed: Vec<bool> = placed.map(|it| pool_of.get(it) == Some(&name)).collect();
                let own = placed.iter().filter(|it| **it).count();
                let share = len_f64(own) / len_f64(placed.len().max(1));
                (own > 0).then_some((at, share, len_f64(own)))
            })
            .collect();
        for resource in OF_POOLS {
            let hard: f64 = nodes
                .iter()
                .filter_map(|node| amount(&node.allocatable, resource))
                .sum();
            if hard <= 0.0 {
                continue;
            }
            let pod = |at: usize| of_pod(&snapshot.workloads[at], &on_nodes(resource));
            let used = here.iter().map(|(at, _, pods)| pod(*at) * pods).sum();
            let capacity = Capacity {
                what: What::NodePool,
                namespace: None,
                name: name.to_owned(),
                resource: on_nodes(resource),
                unit: Unit::of(resource),
                used,
                hard,
                per_day: None,
                full: None,
                days: Vec::new(),
                of: here.iter().map(|it| it.0).collect(),
            };
            let parts = here.iter().map(|(at, share, _)| (*at, pod(*at) * share));
            all.push((capacity, parts.collect::<Vec<(usize, f64)>>()));
        }
    }
    let all = all.into_par_iter();
    let told = all.map(|(capacity, parts)| told(capacity, works, parts, ahead));
    told.collect()
}

/// What a node's resource is called where pods ask for it.
fn on_nodes(resource: &str) -> String {
    match resource {
        "pods" => resource.to_owned(),
        _ => format!("requests.{resource}"),
    }
}

/// With its future, by what each replica of its workloads takes.
fn told(
    capacity: Capacity,
    works: &[Work],
    parts: Vec<(usize, f64)>,
    ahead: &Ahead<'_>,
) -> Capacity {
    let takes = parts.into_iter().filter(|(_, each)| *each > 0.0);
    let takes: Vec<(&Hours, f64)> = takes
        .filter_map(|(at, each)| Some((works.get(at)?.replicas.as_ref()?, each)))
        .collect();
    let Some(mut hours) = summed(&takes) else {
        return without_past(capacity, ahead);
    };
    // What is there now and of no workload that is known stays.
    let newest = hours.values.iter().rev().find(|it| it.is_finite());
    let more = newest.map_or(0.0, |newest| capacity.used - newest);
    for value in &mut hours.values {
        *value = (*value + more).max(0.0);
    }
    from_hours(capacity, &hours, ahead)
}

/// All together hour by hour; one that is not known at an hour is what it was before.
fn summed(parts: &[(&Hours, f64)]) -> Option<Hours> {
    let first = parts.iter().map(|(it, _)| it.first).min()?;
    let end = |it: &Hours| it.first + i64::try_from(it.values.len()).unwrap_or(0);
    let until = parts.iter().map(|(it, _)| end(it)).max()?;
    let len = usize::try_from(until - first).unwrap_or(0);
    let (mut values, mut known) = (vec![0.0; len], vec![false; len]);
    for (hours, each) in parts {
        let from = usize::try_from(hours.first - first).unwrap_or(0);
        let mut last = 0.0;
        for at in from..len {
            let value = hours.values.get(at - from).copied().unwrap_or(f64::NAN);
            if value.is_finite() {
                (last, known[at]) = (value, true);
            }
            values[at] += last * each;
        }
    }
    for (value, known) in values.iter_mut().zip(known) {
        if !known {
            *value = f64::NAN;
        }
    }
    Some(Hours { first, values })
}

/// What one pod of a workload takes of what a limit is about.
fn of_pod(workload: &Workload, resource: &str) -> f64 {
    let pod = workload.pods.first();
    let requests = |name: &str| pod.and_then(|pod| amount(&pod.requests, name));
    match resource {
        "pods" | "count/pods" => 1.0,
        "limits.cpu" | "limits.memory" => limits(workload, &resource["limits.".len()..]),
        _ => requests(resource.strip_prefix("requests.").unwrap_or(resource)).unwrap_or(0.0),
    }
}

fn limits(workload: &Workload, name: &str) -> f64 {
    let of_pod = amount(&workload.pod_limits, name);
    let stay = workload.containers.iter();
    let stay = stay.filter(|it| it.kind != ContainerKind::Init);
    of_pod.unwrap_or_else(|| stay.filter_map(|it| amount(&it.limits, name)).sum())
}

fn amount(resources: &Resources, name: &str) -> Option<f64> {
    match name {
        "cpu" => resources.cpu.map(Cpu::get),
        "memory" => resources.memory.map(Bytes::to_f64),
        _ => resources.extended.get(name).copied(),
    }
}

/// Each limit of a quota with what is used of it; one of nothing forbids, and is no limit.
fn limits_of(quota: &Quota) -> Vec<(String, f64, f64)> {
    let both = [
        ("requests", &quota.hard_requests, &quota.used_requests),
        ("limits", &quota.hard_limits, &quota.used_limits),
    ];
    let of = |(prefix, hard, used): (&str, &Resources, &Resources)| {
        let extended = hard.extended.keys().map(String::as_str);
        let names = ["cpu", "memory"].into_iter().chain(extended);
        let limits = names.filter_map(|name| {
            let limit = amount(hard, name).filter(|it| *it > 0.0)?;
            let whole = match name {
                "cpu" | "memory" | "storage" => format!("{prefix}.{name}"),
                _ => name.to_owned(),
            };
            Some((whole, amount(used, name)?, limit))
        });
        limits.collect::<Vec<_>>()
    };
    both.into_iter().flat_map(of).collect()
}
