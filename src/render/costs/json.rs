//! The bill for programs, schema `kcost.costs/v1`. Keys are only ever added. Allocations
//! have the names of OpenCost's fields where they mean the same.

use std::io;

use serde::Serialize;

use super::Told;
use crate::costs::{Group, Owner};
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
    hours: u32,
    aggregate: String,
    bill: Bill,
    allocations: Vec<Allocation<'a>>,
    nodes: Vec<Node<'a>>,
    unplaced_pods: usize,
    gpus: Devices,
    gaps: Vec<Gap<'a>>,
}

/// Of devices that are held: what they cost, what of it does something, and what is not
/// known; and what devices cost that nobody asks for.
#[derive(Serialize)]
struct Devices {
    #[serde(rename = "monthly_cost")]
    all: Money,
    #[serde(rename = "used_monthly_cost")]
    used: Money,
    #[serde(rename = "unknown_monthly_cost")]
    unknown: Money,
    #[serde(rename = "unrequested_monthly_cost")]
    unrequested: Money,
}

/// The lines sum up to `total`.
#[derive(Serialize)]
struct Bill {
    total: Money,
    requested: Money,
    idle: Money,
    system: Money,
    storage: Money,
    load_balancers: Money,
    /// Of the lines above what is for nodes.
    nodes: Money,
    /// Of what is requested, and whose use is known: CPU and memory.
    judged: Money,
    used: Money,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Allocation<'a> {
    name: &'a str,
    properties: Properties<'a>,
    cpu_cores: f64,
    cpu_core_request_average: f64,
    cpu_core_usage_average: Option<f64>,
    cpu_cost: Money,
    cpu_efficiency: Option<f64>,
    ram_bytes: f64,
    ram_byte_request_average: f64,
    ram_byte_usage_average: Option<f64>,
    ram_cost: Money,
    ram_efficiency: Option<f64>,
    gpu_count: f64,
    gpu_cost: Money,
    pv_cost: Money,
    load_balancer_cost: Money,
    total_cost: Money,
    total_efficiency: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    controller_kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    controller: Option<&'a str>,
}

#[derive(Serialize)]
struct Node<'a> {
    name: &'a str,
    instance_type: Option<&'a str>,
    region: Option<&'a str>,
    pool: Option<&'a str>,
    capacity_type: &'static str,
    hourly_cost: String,
    monthly_cost: Money,
    cpu_core_hourly_cost: f64,
    memory_gib_hourly_cost: f64,
    gpu_hourly_cost: f64,
    price_source: &'static str,
    price_basis: &'static str,
    price_origin: &'a str,
}

pub fn costs_json(told: Told<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let Told {
        snapshot, costs, ..
    } = told;
    let groups = costs.by(told.by, snapshot);
    let nodes = snapshot.cluster.nodes.iter().zip(&costs.nodes);
    let (held, used, unknown) = told.gpus.worth();
    let report = Report {
        schema: "kcost.costs/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        taken_at: snapshot.taken_at.to_string(),
        cluster: cluster(snapshot),
        window: window(snapshot),
        currency: costs.currency,
        prices: told.prices,
        hours: 730,
        aggregate: told.by.to_string(),
        bill: bill(told),
        allocations: groups.iter().map(allocation).collect(),
        nodes: nodes
            .map(|(node, price)| Node {
                name: &node.name,
                instance_type: node.instance_type.as_deref(),
                region: node.region.as_deref(),
                pool: node.pool.as_deref(),
                capacity_type: node.capacity_type.name(),
                hourly_cost: price.hourly.exact(),
                monthly_cost: price.hourly.monthly(),
                cpu_core_hourly_cost: rate(price.rates.cpu_core_hour),
                memory_gib_hourly_cost: rate(price.rates.memory_gib_hour),
                gpu_hourly_cost: rate(price.rates.gpu_hour),
                price_source: price.source,
                price_basis: price.basis.name(),
                price_origin: &price.origin,
            })
            .collect(),
        unplaced_pods: costs.unplaced,
        gpus: Devices {
            all: held,
            used,
            unknown,
            unrequested: told.gpus.unrequested_cost,
        },
        gaps: snapshot.gaps.iter().map(gap).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

/// In hundredths that sum up.
fn bill(told: Told<'_>) -> Bill {
    let costs = told.costs;
    let of = |wanted: fn(Owner) -> bool| costs.of(wanted).total();
    let lines = [
        of(|it| matches!(it, Owner::Workload(_))),
        of(|it| it == Owner::Idle),
        of(|it| it == Owner::System),
        of(|it| matches!(it, Owner::Volume(_))),
        of(|it| matches!(it, Owner::LoadBalancer(_))),
    ];
    let cents = Money::rounded_together(&lines);
    let of = |at: usize| cents.get(at).copied().unwrap_or_default();
    let held = costs.pieces.iter().map(|it| &it.held);
    Bill {
        total: cents.iter().copied().sum(),
        requested: of(0),
        idle: of(1),
        system: of(2),
        storage: of(3),
        load_balancers: of(4),
        nodes: of(0) + of(1) + of(2),
        judged: held.clone().map(|it| it.judged).sum(),
        used: held.map(|it| it.worth_of_use).sum(),
    }
}

fn allocation(group: &Group) -> Allocation<'_> {
    let (cost, held) = (&group.cost, &group.held);
    let share = |used: Option<f64>, requested: f64| {
        let share = used
            .filter(|_| requested > 0.0)
            .map(|used| used / requested);
        share.map(rounded)
    };
    let judged = held.judged.to_f64();
    let total = (judged > 0.0).then(|| rounded(held.worth_of_use.to_f64() / judged));
    Allocation {
        name: &group.name,
        properties: Properties {
            namespace: group.namespace.as_deref(),
            controller_kind: group.kind.as_deref(),
            controller: group.workload.as_deref(),
        },
        cpu_cores: rounded(held.cpu_cores),
        cpu_core_request_average: rounded(held.cpu_cores),
        cpu_core_usage_average: held.cpu_used.map(rounded),
        cpu_cost: cost.cpu,
        cpu_efficiency: share(held.cpu_used, held.cpu_cores),
        ram_bytes: held.memory_bytes.round(),
        ram_byte_request_average: held.memory_bytes.round(),
        ram_byte_usage_average: held.memory_used.map(f64::round),
        ram_cost: cost.memory,
        ram_efficiency: share(held.memory_used, held.memory_bytes),
        gpu_count: rounded(held.gpus),
        gpu_cost: cost.gpu,
        pv_cost: cost.storage,
        load_balancer_cost: cost.load_balancer,
        total_cost: group.cents,
        total_efficiency: total,
    }
}

/// Enough digits for a GiB an hour.
fn rate(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}
