//! Which nodes can be drained.

mod alike;
mod autoscaler;
mod banked;
mod checker;
mod distance;
mod fleet;
mod generated;
mod improve;
mod random;
mod read;
mod reasons;
mod report;
mod rules;
mod taken;

use kcost::plan::{NodePlan, Options, Repacking, Stay, plan};
use kcost::price::Book;
use kcost::snapshot::{CapacityType, Node, Placement, Pod, Snapshot, Workload};

use crate::made::{Made, container, node, resources, workload};

/// Nodes `n0`, `n1`, … of 4 cores and 16 GiB, in zones `a`, `b`, `c` in turn.
pub(super) fn nodes(count: usize) -> Snapshot {
    let mut made = Made::empty();
    made.snapshot.cluster.nodes = (0..count).map(one).collect();
    made.snapshot
}

fn one(at: usize) -> Node {
    let name = format!("n{at}");
    let zone = ["a", "b", "c"][at % 3];
    let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let mut made = node(&name, CapacityType::OnDemand);
    made.zone = Some(zone.to_owned());
    made.labels = vec![
        label("kubernetes.io/hostname", &name),
        label("topology.kubernetes.io/zone", zone),
    ];
    made.allocatable.extended.insert("pods".to_owned(), 110.0);
    made
}

/// A Deployment whose pods are on these nodes, each of so many millicores and MiB.
pub(super) fn app(name: &str, on: &[usize], cpu: u64, memory: u64) -> Workload {
    let pods = u32::try_from(on.len()).unwrap();
    let mut app = workload(
        "Deployment",
        name,
        pods,
        vec![container("app", cpu, memory)],
    );
    for (pod, node) in app.pods.iter_mut().zip(on) {
        pod.node = Some(format!("n{node}"));
        pod.labels = vec![("app".to_owned(), name.to_owned())];
    }
    app.placement = Some(Placement::default());
    app
}

/// The same with a rule.
pub(super) fn ruled(mut app: Workload, rule: impl FnOnce(&mut Placement)) -> Workload {
    rule(app.placement.as_mut().unwrap());
    app
}

pub(super) fn each_pod(mut app: Workload, change: impl Fn(&mut Pod)) -> Workload {
    app.pods.iter_mut().for_each(change);
    app
}

pub(super) fn with(mut snapshot: Snapshot, workloads: Vec<Workload>) -> Snapshot {
    snapshot.workloads = workloads;
    snapshot
}

pub(super) fn tight() -> Options {
    Options {
        reserve: 0.0,
        ..Options::default()
    }
}

pub(super) fn planned(snapshot: &Snapshot, options: &Options) -> NodePlan {
    let book = Book::named("default").unwrap();
    let prices = book.prices(&snapshot.cluster.nodes);
    plan(snapshot, &prices, None, None, options).unwrap()
}

/// The nodes that go at today's requests, in order, without any reserve.
pub(super) fn drained(snapshot: &Snapshot) -> Vec<String> {
    names(snapshot, &planned(snapshot, &tight()).today)
}

pub(super) fn names(snapshot: &Snapshot, packed: &Repacking) -> Vec<String> {
    let drains = packed.drains.iter();
    drains
        .map(|it| snapshot.cluster.nodes[it.node].name.clone())
        .collect()
}

/// Why a node stays.
pub(super) fn stay(snapshot: &Snapshot, node: usize) -> Stay {
    let plan = planned(snapshot, &tight());
    plan.today.stays[node].clone().expect("a node that stays")
}

/// As it is told, with pods by their names.
pub(super) fn why(snapshot: &Snapshot, node: usize) -> String {
    let name = |at: kcost::plan::PodRef| snapshot.workloads[at.workload].pods[at.pod].name.clone();
    stay(snapshot, node).text(name)
}

/// One that has nothing to do with pods.
pub(super) fn full(name: &str, on: &[usize]) -> Workload {
    let mut full = app(name, on, 4000, 16_384);
    for pod in &mut full.pods {
        pod.requests = resources(4000, 16_384);
    }
    full
}
