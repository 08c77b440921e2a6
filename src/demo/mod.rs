//! A shop of our own making: what `--demo` shows.
//!
//! A deterministic generator instead of a file: some fifty workloads over 28 days
//! at five minutes. The teams' plans ([`shop`], [`payments`], [`data`], [`ml`],
//! [`platform`]) say what each asks for and how it behaves; pods come and go
//! ([`lives`]), find a node ([`nodes`]) and use what the shared rhythm of the
//! shop and their own noise make of it ([`rhythm`], [`curve`]). After this
//! file nothing tells the demo from any other snapshot.
//!
//! Only integers and IEEE arithmetic are used, so that every machine makes the
//! same bytes.

mod around;
mod build;
mod curve;
mod data;
mod leftovers;
mod lives;
mod ml;
mod network;
mod nodes;
mod noise;
mod payments;
mod plan;
mod platform;
mod rhythm;
mod rules;
mod shop;
mod troubles;

use std::cmp::Reverse;
use std::ops::Range;

use jiff::Timestamp;
use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::snapshot::{Grid, Series, Snapshot, Source, SourceKind, Usage, Workload, WorkloadId};
use crate::units::Span;

use build::{Built, Placed, build};
use lives::{Lives, lives};
use nodes::Fleet;
use plan::{Kind, Plan};
use rhythm::Rhythms;

/// Four weeks.
const DAYS: usize = 28;
const SLOTS: usize = DAYS * 288;
const STEP: u32 = 300;
/// Monday, 2026-10-26T18:00:00Z. The window ends on Monday, 2026-11-23T18:00:00Z.
const START: Timestamp = Timestamp::constant(1_793_037_600, 0);
/// The metrics store was down for 50 minutes on the 17th day.
const OUTAGE: Range<usize> = 4_721..4_731;

/// The demo. Always the same.
pub fn snapshot() -> Snapshot {
    let rhythms = Rhythms::new();
    let plans = plans();
    let mut fleet = Fleet::new();
    let placed = settle(&plans, &rhythms, &mut fleet);
    let mut built = draw(&plans, &placed, &rhythms);
    built.sort_by(|a, b| a.workload.id.cmp(&b.workload.id));
    let (mut workloads, mut series) = number(built);
    let mut cluster = around::cluster(&plans, &workloads, fleet.nodes);
    troubles::happen(&mut workloads, &mut cluster, grid().end());
    troubles::run_out(&mut cluster, grid().end());
    leftovers::leave(&mut cluster);
    troubles::stand_still(&workloads, &mut series, SLOTS);
    network::carry(&workloads, &mut series, SLOTS);
    Snapshot {
        taken_at: grid().end(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        cluster,
        sources: vec![Source {
            kind: SourceKind::Demo,
            detail: "a shop that kcost makes up".to_owned(),
        }],
        workloads,
        usage: Usage {
            grid: grid(),
            series,
        },
        gaps: Vec::new(),
    }
}

/// What its workloads are called.
pub fn names() -> Vec<WorkloadId> {
    let name = |plan: &Plan| WorkloadId {
        namespace: plan.namespace.to_owned(),
        kind: plan.kind.name().to_owned(),
        name: plan.name.to_owned(),
        template: None,
    };
    let mut names: Vec<WorkloadId> = plans().iter().map(name).collect();
    names.sort();
    names
}

fn grid() -> Grid {
    Grid {
        start: START,
        step: Span::from_secs(STEP),
        len: u32::try_from(SLOTS).unwrap_or(u32::MAX),
    }
}

/// What every team runs.
fn plans() -> Vec<Plan> {
    let teams = [
        shop::plans(),
        payments::plans(),
        data::plans(),
        ml::plans(),
        platform::plans(),
    ];
    teams.into_iter().flatten().collect()
}

/// Gives every plan its pods, and every current pod a node. In the order of the plans.
fn settle(plans: &[Plan], rhythms: &Rhythms, fleet: &mut Fleet) -> Vec<(Lives, Vec<Placed>)> {
    let (daemons, mut order): (Vec<usize>, Vec<usize>) =
        (0..plans.len()).partition(|index| plans[*index].kind == Kind::DaemonSet);
    for index in &daemons {
        fleet.reserve(&plans[*index].pod_requests());
    }
    // Large pods first: nodes were added for them, and small ones fill what is left.
    order.sort_by_key(|index| Reverse(nodes::size(&plans[*index].pod_requests())));
    let mut settled: Vec<Option<(Lives, Vec<Placed>)>> = vec![None; plans.len()];
    for index in order {
        let plan = &plans[index];
        let (lives, requests) = (lives(plan, rhythms, &[]), plan.pod_requests());
        let pods = place(&lives, |_| fleet.place(plan.pool, &requests));
        settled[index] = Some((lives, pods));
    }
    // What a DaemonSet does on a node depends on the pods there.
    let weights = fleet.weights();
    for index in daemons {
        let lives = lives(&plans[index], rhythms, &weights);
        let node = |ordinal: usize| fleet.nodes.get(ordinal).map(|node| node.name.clone());
        let pods = place(&lives, node);
        settled[index] = Some((lives, pods));
    }
    settled.into_iter().flatten().collect()
}

fn place(lives: &Lives, mut node: impl FnMut(usize) -> Option<String>) -> Vec<Placed> {
    let place = |(ordinal, life): (usize, &lives::Life)| Placed {
        node: life.is_current().then(|| node(ordinal)).flatten(),
        life: life.clone(),
    };
    lives.pods.iter().enumerate().map(place).collect()
}

/// Draws all usage.
fn draw(plans: &[Plan], settled: &[(Lives, Vec<Placed>)], rhythms: &Rhythms) -> Vec<Built> {
    plans
        .par_iter()
        .zip(settled)
        .map(|(plan, (lives, pods))| build(plan, lives, pods, rhythms))
        .collect()
}

/// Workloads in order, and their series with the numbers of these.
fn number(built: Vec<Built>) -> (Vec<Workload>, Vec<Series>) {
    let mut workloads = Vec::with_capacity(built.len());
    let mut all = Vec::new();
    for (index, one) in (0_u32..).zip(built) {
        let mut series = one.series;
        series.sort_by(|a, b| (&a.pod, &a.container).cmp(&(&b.pod, &b.container)));
        all.extend(series.into_iter().map(|series| Series {
            workload: index,
            ..series
        }));
        workloads.push(one.workload);
    }
    (workloads, all)
}
