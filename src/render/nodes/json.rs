//! The node plan for programs, schema `kcost.nodes/v1`. Keys are only ever added.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::{Planned, fleet};
use crate::plan::{Filled, Move, PodRef, Repacking, Stay};
use crate::price::{NodePrice, Worth};
use crate::render::json;
use crate::render::json_v1::{Cluster, Gap, Window, cluster, gap, rounded, window};
use crate::units::{Currency, Money};

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    taken_at: String,
    cluster: Cluster<'a>,
    window: Window,
    currency: Currency,
    prices: &'a str,
    settings: Settings<'a>,
    summary: Summary,
    nodes: Vec<Node<'a>>,
    /// Null unless it was asked for.
    fleet: Option<fleet::Shape<'a>>,
    gaps: Vec<Gap<'a>>,
}

#[derive(Serialize)]
struct Settings<'a> {
    reserve_ratio: f64,
    pool_minimums: BTreeMap<&'a str, usize>,
    /// By whose rules nodes go: `none`, `cluster-autoscaler`, `karpenter`.
    autoscaler: &'static str,
    /// Pools that a fleet may buy on spot.
    spot_pools: &'a [String],
}

#[derive(Serialize)]
struct Summary {
    nodes: usize,
    /// Of all nodes, whole.
    monthly_cost: Money,
    today: Sum,
    /// Null without advice.
    advised: Option<Sum>,
}

#[derive(Serialize)]
struct Sum {
    nodes_drained: usize,
    nodes_left: usize,
    pods_moved: usize,
    /// Of them those that move before any node is drained, and pods that wait.
    moves_first: Vec<First>,
    monthly_saved: Money,
    pods_without_room: Vec<Named>,
    /// What no plan can do better than.
    bound: Bound,
}

#[derive(Serialize)]
struct Bound {
    nodes_left: usize,
    monthly_saved: Money,
}

#[derive(Serialize)]
struct Node<'a> {
    name: &'a str,
    pool: Option<&'a str>,
    instance_type: Option<&'a str>,
    zone: Option<&'a str>,
    capacity_type: &'static str,
    monthly_cost: Money,
    /// What leaves the bill where the node goes alone; the rest is committed. That of several
    /// nodes does not sum up where one commitment is about them: see `monthly_saved` of each.
    monthly_leaves: Money,
    allocatable_cpu_cores: Option<f64>,
    allocatable_memory_bytes: Option<u64>,
    today: Fate,
    advised: Option<Fate>,
}

#[derive(Serialize)]
struct Fate {
    /// From 1; null where it stays.
    drain_order: Option<usize>,
    /// What leaves the bill with it after those before it; null where it stays.
    monthly_saved: Option<Money>,
    requested: Requested,
    /// Once the plan is followed.
    requested_after: Requested,
    moves: Vec<Moved>,
    /// Null where it goes.
    stays: Option<Why>,
}

#[derive(Serialize)]
struct Requested {
    cpu_cores: f64,
    memory_bytes: u64,
    pods: usize,
}

#[derive(Serialize)]
struct Moved {
    namespace: String,
    pod: String,
    to: String,
}

#[derive(Serialize)]
struct First {
    namespace: String,
    pod: String,
    /// Null for one that waits.
    from: Option<String>,
    to: String,
}

#[derive(Serialize)]
struct Why {
    code: &'static str,
    text: String,
    remedy: Option<String>,
    pods: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    namespace: String,
    pod: String,
    kind: String,
    name: String,
}

pub fn nodes_json(planned: Planned<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let snapshot = planned.snapshot;
    let least = planned.options.pool_minimums.iter();
    let plan = planned.plan;
    let report = Report {
        schema: "kcost.nodes/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        taken_at: snapshot.taken_at.to_string(),
        cluster: cluster(snapshot),
        window: window(snapshot),
        currency: planned.currency,
        prices: planned.described,
        settings: Settings {
            reserve_ratio: rounded(planned.options.reserve),
            pool_minimums: least.map(|(pool, least)| (pool.as_str(), *least)).collect(),
            autoscaler: planned.options.autoscaler.name(),
            spot_pools: &planned.options.spot_pools,
        },
        summary: Summary {
            nodes: planned.prices.len(),
            monthly_cost: planned.bill(),
            today: sum(&planned, &plan.today),
            advised: plan.advised.as_ref().map(|it| sum(&planned, it)),
        },
        nodes: (0..planned.prices.len())
            .map(|it| node(&planned, it))
            .collect(),
        fleet: planned.fleet.map(fleet::shape),
        gaps: snapshot.gaps.iter().map(gap).collect(),
    };
    json::write(&report, out)
}

fn sum(planned: &Planned<'_>, packed: &Repacking) -> Sum {
    let leaves: Money = planned.prices.iter().map(NodePrice::leaves).sum();
    let all = Worth::of_all(planned.prices.iter().map(NodePrice::worth));
    let homeless = packed.homeless.iter();
    Sum {
        nodes_drained: packed.drains.len(),
        nodes_left: planned.prices.len() - packed.drains.len(),
        pods_moved: packed.moved(),
        moves_first: packed.first.iter().map(|it| first(planned, it)).collect(),
        monthly_saved: packed.saved,
        pods_without_room: homeless.map(|it| pod(planned, *it)).collect(),
        bound: Bound {
            nodes_left: packed.least.nodes,
            monthly_saved: all.min(leaves - packed.least.cost),
        },
    }
}

fn node<'a>(planned: &Planned<'a>, at: usize) -> Node<'a> {
    let is = &planned.snapshot.cluster.nodes[at];
    let price = &planned.prices[at];
    let plan = planned.plan;
    Node {
        name: &is.name,
        pool: is.pool.as_deref(),
        instance_type: is.instance_type.as_deref(),
        zone: is.zone.as_deref(),
        capacity_type: is.capacity_type.name(),
        monthly_cost: price.monthly,
        monthly_leaves: price.leaves(),
        allocatable_cpu_cores: is.allocatable.cpu.map(|it| rounded(it.get())),
        allocatable_memory_bytes: is.allocatable.memory.map(|it| it.0),
        today: fate(planned, &plan.today, at),
        advised: plan.advised.as_ref().map(|it| fate(planned, it, at)),
    }
}

fn fate(planned: &Planned<'_>, packed: &Repacking, at: usize) -> Fate {
    let place = packed.drains.iter().position(|it| it.node == at);
    let moves = place.map_or(&[][..], |place| &packed.drains[place].moves);
    let moves = moves.iter().map(|(from, to)| {
        let Named { namespace, pod, .. } = pod(planned, *from);
        Moved {
            namespace,
            pod,
            to: planned.node(*to).name.clone(),
        }
    });
    Fate {
        drain_order: place.map(|it| it + 1),
        monthly_saved: place.map(|it| packed.drains[it].saved),
        requested: requested(packed.before[at]),
        requested_after: requested(packed.after[at]),
        moves: moves.collect(),
        stays: packed.stays[at].as_ref().map(|it| why(planned, it)),
    }
}

fn first(planned: &Planned<'_>, it: &Move) -> First {
    let Named { namespace, pod, .. } = pod(planned, it.pod);
    let name = |at: usize| planned.node(at).name.clone();
    First {
        namespace,
        pod,
        from: it.from.map(name),
        to: name(it.to),
    }
}

fn requested(filled: Filled) -> Requested {
    Requested {
        cpu_cores: rounded(filled.cpu.get()),
        memory_bytes: filled.memory.0,
        pods: filled.pods,
    }
}

fn why(planned: &Planned<'_>, stay: &Stay) -> Why {
    Why {
        code: stay.code(),
        text: stay.text(|pod| planned.pod(pod)),
        remedy: stay.remedy(),
        pods: stay.pods().into_iter().map(|it| pod(planned, it)).collect(),
    }
}

fn pod(planned: &Planned<'_>, at: PodRef) -> Named {
    let workload = &planned.snapshot.workloads[at.workload];
    Named {
        namespace: workload.id.namespace.clone(),
        pod: workload.pods[at.pod].name.clone(),
        kind: workload.id.kind.clone(),
        name: workload.id.name.clone(),
    }
}
