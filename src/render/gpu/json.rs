//! Accelerators for programs, schema `kcost.gpus/v1`. Keys are only ever added.

use std::io;

use serde::Serialize;

use crate::gpu::{Gpus, IdleNode, Judged, Kept, Level, Of, OfProduct, Sharing};
use crate::render::json;
use crate::render::json_v1::{Cluster, Gap, Window, cluster, gap, rounded, window};
use crate::snapshot::{DeviceLevel, DeviceUse, Snapshot};
use crate::units::{Currency, Money};

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    taken_at: String,
    cluster: Cluster<'a>,
    window: Window,
    currency: Currency,
    #[serde(flatten)]
    section: Section<'a>,
    gaps: Vec<Gap<'a>>,
}

/// What is told of accelerators, alone or within another report.
#[derive(Serialize)]
pub(in crate::render) struct Section<'a> {
    summary: Summary,
    workloads: Vec<Workload<'a>>,
    sharing: Vec<Group<'a>>,
    /// Nodes with devices that nobody asks for.
    idle_nodes: Vec<Node<'a>>,
}

#[derive(Serialize)]
struct Node<'a> {
    name: &'a str,
    product: Option<&'a str>,
    gpus: f64,
    unrequested_gpus: f64,
    /// Null where nothing says what its devices cost.
    monthly_cost: Option<Money>,
    /// Whether pods without devices take what others would need.
    blocked: bool,
    /// Claims that hold devices of it and that no pod uses: `namespace/name`.
    unused_claims: &'a [String],
}

#[derive(Serialize)]
struct Summary {
    /// Of all nodes.
    gpus: f64,
    /// Of those that no pod asks for.
    unrequested_gpus: f64,
    unrequested_monthly_cost: Money,
    /// Of all advice together: of what excludes each other what saves the most.
    advised_monthly_savings: Money,
    /// Of that what is of low risk.
    low_risk_monthly_savings: Money,
}

#[derive(Serialize)]
pub(in crate::render) struct Workload<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    /// Devices of the pods of now that have a node; fractions for slices and shares by time.
    gpus: f64,
    pods: usize,
    /// Of pods that wait for a node, which hold nothing.
    waiting_gpus: f64,
    waiting_pods: usize,
    /// Devices of each pod of runs that have ended; null where there is a pod now.
    ended_pod_gpus: Option<f64>,
    /// `A + B` where there are several.
    product: Option<&'a str>,
    /// Of each product, where there are several.
    products: Vec<Sort<'a>>,
    mig_profile: Option<&'a str>,
    state: &'static str,
    confidence: &'static str,
    reason: &'a str,
    watched_seconds: u32,
    coverage_ratio: f64,
    r#use: Use,
    /// Of containers with several, each that is told of alone.
    devices: Vec<Device<'a>>,
    serving: Option<Serving>,
    /// Of all pods of the owner: devices, CPU and memory; of runs that have ended by how many
    /// ran on average over the window.
    monthly_cost: Money,
    /// What a month of money is: `always`, `while_it_runs`, `as_it_ran` over the window.
    monthly_rate: &'static str,
    /// Null where it holds devices of which nothing says what they cost.
    monthly_gpu_cost: Option<Money>,
    advice: Vec<Advice<'a>>,
}

/// Devices of one product of a workload that has several.
#[derive(Serialize)]
struct Sort<'a> {
    product: Option<&'a str>,
    gpus: f64,
    pods: usize,
    state: &'static str,
    /// The mean of its devices.
    full_ratio: Option<f64>,
    full_from: Option<&'static str>,
    monthly_cost: Money,
    monthly_gpu_cost: Money,
}

/// Of one device.
#[derive(Serialize)]
struct Use {
    busy_ratio: Option<Figure>,
    sm_active_ratio: Option<Figure>,
    tensor_active_ratio: Option<Figure>,
    dram_active_ratio: Option<Figure>,
    memory_peak_bytes: Option<Figure>,
    memory_total_bytes: Option<Figure>,
    power_watts: Option<Figure>,
    /// The larger of compute and bandwidth, or what stands for it.
    full_ratio: Option<Figure>,
    /// `profiling`, `power`, `engine`.
    full_from: Option<&'static str>,
}

/// One device of a container.
#[derive(Serialize)]
struct Device<'a> {
    pod: &'a str,
    container: &'a str,
    id: &'a str,
    /// On its node.
    number: Option<&'a str>,
    watched_seconds: u32,
    /// Samples ÷ those that there could be; null where it is not told of alone.
    coverage_ratio: Option<f64>,
    /// Share of the samples in which it did anything.
    worked_ratio: f64,
    last_worked_at: Option<String>,
    busy_ratio: Option<Figure>,
    full_ratio: Option<Figure>,
    /// The mean.
    power_watts: Option<f64>,
}

/// Of one pod.
#[derive(Serialize)]
struct Serving {
    requests_running: Option<Figure>,
    requests_waiting: Option<Figure>,
    kv_cache_ratio: Option<Figure>,
    tokens_per_second: Option<Figure>,
    request_seconds: Option<Figure>,
}

#[derive(Serialize)]
struct Figure {
    mean: f64,
    p95: f64,
}

#[derive(Serialize)]
struct Advice<'a> {
    action: &'static str,
    text: &'a str,
    monthly_savings: Option<Money>,
    risk: &'static str,
}

#[derive(Serialize)]
struct Group<'a> {
    members: Vec<Member<'a>>,
    fits_memory: Option<bool>,
    /// Whether each keeps nearly all of its rate, and memory fits; null where that is not
    /// known well enough.
    fits: Option<bool>,
    /// How long all of them were seen at the same time.
    seen_together_seconds: u32,
    monthly_savings: Option<Money>,
}

#[derive(Serialize)]
struct Member<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    rate_kept: Option<Rate>,
    /// Why nothing is said because of it.
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Rate {
    value: f64,
    low: f64,
    high: f64,
}

/// Accelerators as JSON.
pub fn gpus_json(
    snapshot: &Snapshot,
    currency: Currency,
    gpus: &Gpus,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let known = snapshot.gaps.iter().chain(&gpus.gaps);
    let report = Report {
        schema: "kcost.gpus/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        taken_at: snapshot.taken_at.to_string(),
        cluster: cluster(snapshot),
        window: window(snapshot),
        currency,
        section: section(snapshot, gpus),
        gaps: known.map(gap).collect(),
    };
    json::write(&report, out)
}

pub(in crate::render) fn section<'a>(snapshot: &'a Snapshot, gpus: &'a Gpus) -> Section<'a> {
    Section {
        summary: Summary {
            gpus: rounded(gpus.devices),
            unrequested_gpus: rounded(gpus.unrequested),
            unrequested_monthly_cost: gpus.unrequested_cost,
            advised_monthly_savings: gpus.savings().0,
            low_risk_monthly_savings: gpus.savings().1,
        },
        workloads: gpus
            .workloads
            .iter()
            .map(|it| workload(snapshot, it))
            .collect(),
        sharing: gpus
            .sharing
            .iter()
            .map(|it| group(snapshot, gpus, it))
            .collect(),
        idle_nodes: gpus
            .idle_nodes
            .iter()
            .filter_map(|it| idle_node(snapshot, it))
            .collect(),
    }
}

fn idle_node<'a>(snapshot: &'a Snapshot, idle: &IdleNode) -> Option<Node<'a>> {
    let node = snapshot.cluster.nodes.get(idle.node)?;
    Some(Node {
        name: &node.name,
        product: node.gpu_product.as_deref(),
        gpus: rounded(idle.gpus),
        unrequested_gpus: rounded(idle.unrequested),
        monthly_cost: Some(idle.cost).filter(|it| *it > Money::ZERO),
        blocked: idle.blocked,
        unused_claims: &node.accelerator.unused_claims,
    })
}

fn id<'a>(snapshot: &'a Snapshot, judged: &Judged) -> [&'a str; 3] {
    let first = judged.held.workloads.first();
    let id = first.and_then(|place| snapshot.workloads.get(*place));
    id.map_or([""; 3], |it| [&it.id.namespace, &it.id.kind, &it.id.name])
}

pub(in crate::render) fn workload<'a>(snapshot: &'a Snapshot, judged: &'a Judged) -> Workload<'a> {
    let [namespace, kind, name] = id(snapshot, judged);
    let (held, seen) = (&judged.held, &judged.seen);
    let full = seen.fullness(held.card());
    let bytes = |level: Option<Level>| {
        level.map(|it| Figure {
            mean: it.mean.round(),
            p95: it.p95.round(),
        })
    };
    Workload {
        namespace,
        kind,
        name,
        gpus: rounded(held.gpus),
        pods: held.pods,
        waiting_gpus: rounded(held.waiting_gpus),
        waiting_pods: held.waiting_pods,
        ended_pod_gpus: held.ran.map(rounded),
        product: held.product.as_deref(),
        products: judged.products.iter().map(product).collect(),
        mig_profile: held.profile.as_deref(),
        state: judged.state.name(),
        confidence: judged.certainty.name(),
        reason: &judged.why,
        watched_seconds: seen.watched.as_secs(),
        coverage_ratio: rounded(seen.coverage),
        r#use: Use {
            busy_ratio: figure(seen.busy),
            sm_active_ratio: figure(seen.sm),
            tensor_active_ratio: figure(seen.tensor),
            dram_active_ratio: figure(seen.dram),
            memory_peak_bytes: bytes(seen.memory),
            memory_total_bytes: bytes(seen.memory_total),
            power_watts: figure(seen.watts),
            full_ratio: full.and_then(|it| figure(Some(it.0))),
            full_from: full.map(|it| it.1.name()),
        },
        devices: devices(snapshot, judged),
        serving: seen.serves().then(|| Serving {
            requests_running: figure(seen.running),
            requests_waiting: figure(seen.waiting),
            kv_cache_ratio: figure(seen.cache),
            tokens_per_second: figure(seen.tokens),
            request_seconds: figure(seen.seconds),
        }),
        monthly_cost: judged.cost,
        monthly_rate: judged.rate.name(),
        monthly_gpu_cost: Some(judged.gpu_cost)
            .filter(|it| *it > Money::ZERO || held.gpus <= 0.0 && held.ran.is_none()),
        advice: judged
            .advice
            .iter()
            .map(|it| Advice {
                action: it.action.name(),
                text: &it.text,
                monthly_savings: it.savings,
                risk: it.risk.name(),
            })
            .collect(),
    }
}

fn product(it: &OfProduct) -> Sort<'_> {
    Sort {
        product: it.product.as_deref(),
        gpus: rounded(it.gpus),
        pods: it.pods,
        state: it.state.name(),
        full_ratio: it.full.map(|it| rounded(it.0)),
        full_from: it.full.map(|it| it.1.name()),
        monthly_cost: it.cost,
        monthly_gpu_cost: it.gpu_cost,
    }
}

fn devices<'a>(snapshot: &'a Snapshot, judged: &Judged) -> Vec<Device<'a>> {
    let own = judged.held.workloads.iter();
    let workloads = own.filter_map(|place| snapshot.workloads.get(*place));
    let pods = workloads.flat_map(|it| &it.pods);
    let each = pods.flat_map(|pod| pod.devices.iter().map(move |it| (pod, it)));
    let level = |level: Option<DeviceLevel>| {
        level.map(|it| Figure {
            mean: rounded(it.mean),
            p95: rounded(it.p95),
        })
    };
    each.map(|(pod, it)| Device {
        pod: &pod.name,
        container: &it.container,
        id: &it.id,
        number: it.number.as_deref(),
        watched_seconds: it.watched().as_secs(),
        coverage_ratio: coverage(judged, (&pod.name, it)),
        worked_ratio: rounded(it.worked_ratio),
        last_worked_at: it.worked_at.map(|at| at.to_string()),
        busy_ratio: level(it.busy_ratio),
        full_ratio: level(it.full_ratio),
        power_watts: it.power_watts.map(rounded),
    })
    .collect()
}

/// Samples of a device ÷ those that there could be.
fn coverage(judged: &Judged, (pod, device): (&str, &DeviceUse)) -> Option<f64> {
    let mut parts = judged.seen.parts.iter();
    let own = parts.find(|it| {
        let is_it = matches!(&it.of, Of::Device { id, .. } if *id == device.id);
        it.pod == pod && it.container == device.container && is_it
    });
    own.map(|it| rounded(it.coverage))
}

fn figure(level: Option<Level>) -> Option<Figure> {
    level.map(|it| Figure {
        mean: rounded(it.mean),
        p95: rounded(it.p95),
    })
}

fn group<'a>(snapshot: &'a Snapshot, gpus: &'a Gpus, sharing: &'a Sharing) -> Group<'a> {
    let members = sharing.members.iter().map(|member| {
        let [namespace, kind, name] = id(snapshot, &gpus.workloads[member.place]);
        Member {
            namespace,
            kind,
            name,
            rate_kept: member.kept.map(rate),
            reason: member.why.as_deref(),
        }
    });
    Group {
        members: members.collect(),
        fits_memory: sharing.fits_memory,
        fits: sharing.fits(),
        seen_together_seconds: sharing.seen.as_secs(),
        monthly_savings: sharing.savings,
    }
}

fn rate(kept: Kept) -> Rate {
    Rate {
        value: rounded(kept.value),
        low: rounded(kept.low),
        high: rounded(kept.high),
    }
}
