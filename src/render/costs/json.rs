//! The bill for programs, schema `kcost.costs/v1`. Keys are only ever added. Allocations
//! have the names of OpenCost's fields where they mean the same.

use std::io;

use serde::Serialize;

use super::Told;
use crate::costs::Group;
use crate::render::json;
use crate::render::json_v1::{Cluster, Gap, Window, cluster, gap, rounded, window};
use crate::render::prices::digits;
use crate::units::{Currency, HOURS_PER_MONTH, Money};

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
    /// Who pays for what is there for all: `none`, `by-cost`, `evenly`.
    spread: &'static str,
    /// What `windowCost` is over; null without usage.
    window_hours: Option<f64>,
    bill: Bill,
    allocations: Vec<Allocation<'a>>,
    storage: Storage,
    load_balancers: Vec<LoadBalancer>,
    nodes: Vec<Node<'a>>,
    unplaced_pods: usize,
    /// Volumes and load balancers of which nobody says what they cost: they are not in the
    /// bill.
    unpriced_volumes: usize,
    unpriced_load_balancers: usize,
    unpriced_gpus: f64,
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

/// Volumes by class; the costs of classes sum up to `bill.storage`.
#[derive(Serialize)]
struct Storage {
    classes: Vec<StorageClass>,
    /// Volumes that are paid for and that nobody uses.
    unused: Vec<UnusedVolume>,
    /// Whether it is known which claims pods mount.
    mounts_known: bool,
}

#[derive(Serialize)]
struct StorageClass {
    #[serde(rename = "storage_class")]
    name: Option<String>,
    volumes: usize,
    bytes: u64,
    monthly_cost: Money,
    unused_monthly_cost: Money,
    /// A GiB for a month; null where nobody says what it costs.
    gib_monthly_cost: Option<String>,
    price_basis: Option<&'static str>,
    price_origin: Option<String>,
}

#[derive(Serialize)]
struct UnusedVolume {
    kind: &'static str,
    namespace: Option<String>,
    name: String,
    storage_class: Option<String>,
    bytes: u64,
    /// `unmounted`, `released`, `unbound`, `failed`.
    reason: &'static str,
    monthly_cost: Money,
}

#[derive(Serialize)]
struct LoadBalancer {
    namespace: String,
    name: String,
    monthly_cost: Money,
    /// Null where that is not known.
    has_pods: Option<bool>,
    price_basis: Option<&'static str>,
    price_origin: Option<String>,
}

/// `total = requested + shared + idle + system + storage + load_balancers`.
#[derive(Serialize)]
struct Bill {
    total: Money,
    /// The same for an hour, with all digits.
    #[serde(rename = "hourly_cost")]
    hourly: String,
    /// By workloads that are there for themselves.
    requested: Money,
    /// By those that are there for all.
    shared: Money,
    /// Null where only a part of what is on nodes is told of.
    idle: Option<Money>,
    system: Option<Money>,
    storage: Money,
    load_balancers: Money,
    /// What is committed and covers no node that is there. Beside the total, as other
    /// clusters may use it; null where commitments to nodes cannot be priced.
    unused_commitments: Option<Money>,
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
    cpu_core_hours: f64,
    ram_byte_hours: f64,
    gpu_hours: f64,
    minutes: u32,
    shared_cost: Money,
    /// What its pods cost over the window; null where nothing says how many there were.
    window_cost: Option<Money>,
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
    cpu_core_hourly_cost: String,
    memory_gib_hourly_cost: String,
    /// Null where nothing says it in this currency.
    gpu_hourly_cost: Option<String>,
    price_source: &'static str,
    price_basis: &'static str,
    price_origin: &'a str,
}

pub fn costs_json(told: Told<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let Told {
        snapshot, costs, ..
    } = told;
    let groups = costs.by(told.by, told.sharing, snapshot);
    let over = snapshot.usage.grid.span();
    let nodes = snapshot.cluster.nodes.iter().zip(&costs.nodes);
    let (held, used, unknown) = told.gpus.worth();
    let doubts = costs.gaps();
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
        spread: told.sharing.spread.name(),
        window_hours: (snapshot.usage.grid.len > 0).then(|| rounded(over.as_days() * 24.0)),
        bill: bill(told),
        allocations: groups.iter().map(allocation).collect(),
        storage: storage(told),
        load_balancers: balancers(told),
        nodes: nodes
            .map(|(node, price)| Node {
                name: &node.name,
                instance_type: node.instance_type.as_deref(),
                region: node.region.as_deref(),
                pool: node.pool.as_deref(),
                capacity_type: node.capacity_type.name(),
                hourly_cost: price.hourly.exact(),
                monthly_cost: price.monthly,
                cpu_core_hourly_cost: digits(price.rates.cpu_core_hour),
                memory_gib_hourly_cost: digits(price.rates.memory_gib_hour),
                gpu_hourly_cost: price.rates.gpu_hour.map(digits),
                price_source: price.source,
                price_basis: price.basis.name(),
                price_origin: &price.origin,
            })
            .collect(),
        unplaced_pods: costs.unplaced,
        unpriced_volumes: costs.unpriced_volumes,
        unpriced_load_balancers: costs.unpriced_load_balancers,
        unpriced_gpus: rounded(costs.unpriced_gpus),
        gpus: Devices {
            all: held,
            used,
            unknown,
            unrequested: told.gpus.unrequested_cost,
        },
        gaps: snapshot.gaps.iter().chain(&doubts).map(gap).collect(),
    };
    json::write(&report, out)
}

fn bill(told: Told<'_>) -> Bill {
    let costs = told.costs;
    let sum = costs.sum(told.sharing, told.snapshot);
    let held = costs.pieces.iter().map(|it| &it.held);
    Bill {
        total: sum.total,
        hourly: Money::from_f64(sum.total.to_f64() / HOURS_PER_MONTH).exact(),
        requested: sum.requested,
        shared: sum.shared,
        idle: (!costs.in_part).then_some(sum.idle),
        system: (!costs.in_part).then_some(sum.system),
        storage: sum.storage,
        load_balancers: sum.load_balancers,
        unused_commitments: (costs.unused.unpriced == 0)
            .then(|| costs.unused.hourly.monthly().to_cents()),
        nodes: sum.nodes,
        judged: held.clone().map(|it| it.judged).sum(),
        used: held.map(|it| it.worth_of_use).sum(),
    }
}

fn storage(told: Told<'_>) -> Storage {
    let storage = told.costs.storage(told.snapshot);
    let price = |class: &Option<String>| told.costs.storage_prices.get(class);
    let classes = storage.classes.into_iter().map(|it| StorageClass {
        volumes: it.volumes,
        bytes: it.size.0,
        monthly_cost: it.cost,
        unused_monthly_cost: it.loose,
        gib_monthly_cost: price(&it.name).and_then(|it| it.price).map(Money::exact),
        price_basis: price(&it.name).map(|it| it.basis.name()),
        price_origin: price(&it.name).map(|it| it.origin.clone()),
        name: it.name,
    });
    let unused = storage.loose.into_iter().map(|it| UnusedVolume {
        kind: match it.namespace {
            Some(_) => "PersistentVolumeClaim",
            None => "PersistentVolume",
        },
        namespace: it.namespace,
        name: it.name,
        storage_class: it.class,
        bytes: it.size.0,
        reason: it.why.code(),
        monthly_cost: it.cost,
    });
    Storage {
        classes: classes.collect(),
        unused: unused.collect(),
        mounts_known: storage.mounts_known,
    }
}

fn balancers(told: Told<'_>) -> Vec<LoadBalancer> {
    let price = told.costs.load_balancer_price.as_ref();
    let all = told.costs.balancers(told.snapshot).into_iter();
    let all = all.map(|it| LoadBalancer {
        namespace: it.namespace,
        name: it.name,
        monthly_cost: it.cost,
        has_pods: it.has_pods,
        price_basis: price.map(|it| it.basis.name()),
        price_origin: price.map(|it| it.origin.clone()),
    });
    all.collect()
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
        cpu_core_hours: rounded(held.cpu_cores * HOURS_PER_MONTH),
        ram_byte_hours: (held.memory_bytes * HOURS_PER_MONTH).round(),
        gpu_hours: rounded(held.gpus * HOURS_PER_MONTH),
        minutes: 730 * 60,
        shared_cost: cost.shared,
        window_cost: group.window,
    }
}
