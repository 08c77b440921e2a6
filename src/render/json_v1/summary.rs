//! Everything of the report but its workloads.

use super::{days, rounded, shape};
use crate::costs::{Lines, Shares};
use crate::pipeline::Analysis;
use crate::price::{Total, Waste};
use crate::recommend::{NodeRisk, Options, State};
use crate::render::whole::Whole;
use crate::snapshot::{Snapshot, SourceKind, owners};
use crate::units::{Bytes, Cpu, Money, Ratio};

pub(in crate::render) fn cluster(snapshot: &Snapshot) -> shape::Cluster<'_> {
    shape::Cluster {
        name: &snapshot.cluster.name,
        server_version: snapshot.cluster.server_version.as_deref(),
        nodes: snapshot.nodes(),
    }
}

/// A cluster of which nothing was read but what it says of itself.
pub(in crate::render) fn unread_cluster<'a>(
    name: &'a str,
    server_version: Option<&'a str>,
) -> shape::Cluster<'a> {
    shape::Cluster {
        name,
        server_version,
        nodes: None,
    }
}

pub(in crate::render) fn window(snapshot: &Snapshot) -> shape::Window {
    let grid = &snapshot.usage.grid;
    let sources = snapshot.sources.iter().rev();
    let source = sources
        .map(|source| source.kind)
        .find(|kind| kind.has_usage());
    shape::Window {
        start: grid.start.to_string(),
        end: grid.end().to_string(),
        step_seconds: grid.step.as_secs(),
        source: source.map(SourceKind::name),
    }
}

pub(super) fn sources(snapshot: &Snapshot) -> Vec<shape::Source<'_>> {
    let sources = snapshot.sources.iter();
    sources
        .map(|source| shape::Source {
            kind: source.kind.name(),
            detail: &source.detail,
        })
        .collect()
}

pub(super) fn settings(options: &Options) -> shape::Settings {
    let targets = &options.targets;
    shape::Settings {
        strategy: options.strategy.name(),
        goal: options.goal.name(),
        targets: shape::Targets {
            horizon_days: days(targets.horizon),
            memory_over_limit: targets.memory_over_limit,
            cpu_time_over_request: targets.cpu_time_over_request,
            cpu_work_over_request: targets.cpu_work_over_request,
            node_memory_overflow: targets.node_memory_overflow,
        },
        min_cpu_cores: rounded(options.min_cpu.get()),
        min_memory_bytes: options.min_memory.0,
        max_cpu_cores: options.max_cpu.map(|cpu| rounded(cpu.get())),
        max_memory_bytes: options.max_memory.map(|memory| memory.0),
        min_history_seconds: options.min_history.as_secs(),
    }
}

pub(super) fn summary(analysis: &Analysis<'_>) -> shape::Summary {
    let bill = &analysis.bill;
    let workloads = &analysis.snapshot.workloads;
    let nodes = analysis.advised.node_risk.as_ref();
    let share = |part: fn(&NodeRisk) -> Ratio| nodes.map(|risk| rounded(part(risk).get()));
    shape::Summary {
        workloads: analysis.snapshot.owners(),
        containers: workloads.iter().map(|it| it.containers.len()).sum(),
        pods: workloads.iter().map(|it| it.pods.len()).sum(),
        cpu_cores: cores(&bill.cpu),
        memory_bytes: bytes(&bill.memory),
        waste_ratio: ratios(&bill.waste),
        waste_over: over(&bill.waste),
        monthly_cost: shape::Cost {
            current: bill.current.to_string(),
            recommended: bill.recommended.to_string(),
            freed: bill.freed.to_string(),
            banked: banked(analysis).map(|it| it.to_string()),
        },
        bill: analysis
            .banked
            .as_ref()
            .and_then(|it| it.lines.as_ref())
            .map(lines),
        risk: shape::NodeRisk {
            horizon_days: days(analysis.settings.recommend.targets.horizon),
            node_memory_overflow: share(|risk| risk.overflow),
            node_memory_overflow_alone: share(|risk| risk.alone),
            node_memory_overflow_surge: share(|risk| risk.surge),
            fill_a_node: fill_a_node(analysis),
        },
        states: states(analysis),
    }
}

fn cores(total: &Total<Cpu>) -> shape::Total<f64> {
    shape::Total {
        requested: rounded(total.requested.get()),
        used_mean: total.used_mean.map(|used| rounded(used.get())),
        recommended: rounded(total.recommended.get()),
    }
}

fn bytes(total: &Total<Bytes>) -> shape::Total<u64> {
    shape::Total {
        requested: total.requested.0,
        used_mean: total.used_mean.map(|used| used.0),
        recommended: total.recommended.0,
    }
}

fn ratios(waste: &Waste) -> shape::Waste {
    shape::Waste {
        cpu: waste.cpu.known().map(share_of),
        memory: waste.memory.known().map(share_of),
        cost: waste.cost.known().map(share_of),
    }
}

fn over(waste: &Waste) -> shape::WasteOver {
    shape::WasteOver {
        cpu_cores: rounded(waste.cpu.requested.get()),
        memory_bytes: waste.memory.requested.0,
        monthly_cost: waste.cost.requested.to_string(),
    }
}

pub(super) fn groups(shares: &Shares) -> shape::Groups<'_> {
    let groups = shares.shares.iter().map(|share| shape::Group {
        name: &share.name,
        workloads: share.workloads,
        pods: share.pods,
        cpu_cores: cores(&share.part.cpu),
        memory_bytes: bytes(&share.part.memory),
        waste_ratio: ratios(&share.part.waste),
        waste_over: over(&share.part.waste),
        monthly_cost: shape::GroupCost {
            current: share.part.current,
            recommended: share.part.recommended,
            freed: share.part.freed(),
        },
    });
    shape::Groups {
        by: shares.by.to_string(),
        groups: groups.collect(),
    }
}

/// `None` where it is not known.
fn banked(analysis: &Analysis<'_>) -> Option<Money> {
    analysis.banked.as_ref()?.monthly
}

fn lines(lines: &Lines) -> shape::Lines {
    shape::Lines {
        total: lines.total,
        gpus: lines.gpus,
        volumes: lines.volumes,
        load_balancers: lines.load_balancers,
        system: lines.system,
        idle: lines.idle,
        not_judged: lines.not_judged,
        kept: lines.kept,
        given_back: lines.given_back,
        needed_more: lines.needed_more,
        net_freed: lines.net_freed,
        banked: lines.banked,
        left_idle: lines.left_idle,
        idle_workloads_resized: lines.idle_workloads_resized,
        idle_workloads_removed: lines.idle_workloads_removed,
    }
}

fn share_of(ratio: Ratio) -> f64 {
    rounded(ratio.get())
}

/// Workloads of which one pod alone fills a node.
fn fill_a_node(analysis: &Analysis<'_>) -> Vec<shape::WorkloadName> {
    let risk = analysis.advised.node_risk.iter();
    let found = risk.flat_map(|risk| &risk.fill_a_node);
    found
        .map(|index| {
            let id = analysis.snapshot.workloads[*index].id.clone();
            shape::WorkloadName {
                namespace: id.namespace,
                kind: id.kind,
                name: id.name,
            }
        })
        .collect()
}

fn states(analysis: &Analysis<'_>) -> shape::States {
    let states: Vec<State> = Whole::all(analysis).iter().map(Whole::state).collect();
    let count = |state: State| states.iter().filter(|it| **it == state).count();
    shape::States {
        idle: count(State::Idle),
        over_provisioned: count(State::OverProvisioned),
        under_provisioned: count(State::UnderProvisioned),
        right_sized: count(State::RightSized),
        unknown: count(State::Unknown),
    }
}

pub(super) fn cohorts<'a>(analysis: &'a Analysis<'_>) -> Vec<shape::Cohort<'a>> {
    let groups = analysis.cohorts.groups.iter().enumerate();
    groups
        .map(|(id, group)| {
            let profiles = group
                .members
                .iter()
                .filter_map(|it| analysis.profiles.get(*it));
            let workloads = profiles.map(|profile| &analysis.snapshot.workloads[profile.workload]);
            let ids = workloads.map(|workload| &workload.id);
            shape::Cohort {
                id,
                name: &group.name,
                workloads: owners(ids),
                containers: group.members.len(),
                description: &group.description,
            }
        })
        .collect()
}
