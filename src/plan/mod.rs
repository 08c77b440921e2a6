//! The node plan: which of today's nodes can be drained, in which order, and what leaves
//! the bill with them.
//!
//! What runs is repacked by the scheduler's rules ([`model`], [`state`]), node after node
//! ([`drain`]), at what it requests today and at what is advised. A plan is feasible by
//! construction: every pod that moves has a place that all rules allow, at the moment it
//! moves. How far it is from the best possible is told by a lower bound ([`bound`]).

mod autoscaler;
mod banked;
mod bound;
mod drain;
mod fleet;
mod improve;
mod model;
mod obstacle;
mod place;
mod state;
mod stay;

use crate::price::{Following, NodePrice};
use crate::recommend::{self, Advised, Beside, Together};
use crate::snapshot::{Resources, Snapshot};
use crate::units::{Bytes, Cpu, Money, len_f64};

pub use autoscaler::Autoscaler;
pub use banked::{Banked, banked};
pub use bound::Least;
pub use fleet::{Fleet, Mix, Pick, Pool, Unmixed, fleet};
pub use stay::{Fixed, Kept, NoPlace, Stay};

use drain::{Packed, Watch};
use model::{CPU, MEMORY, Model};
use state::State;

/// What is held free on every node that takes pods, unless it is said otherwise: room for
/// a rollout, and for use that grows.
pub const RESERVE: f64 = 0.1;

/// What is decided about a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Share of CPU and memory of a node that stays free where pods come to it, 0 to 1.
    pub reserve: f64,
    /// Pools, and the fewest nodes that each is to have.
    pub pool_minimums: Vec<(String, usize)>,
    /// Who takes nodes away, by its own rules.
    pub autoscaler: Autoscaler,
    /// Pools that a fleet may buy on spot.
    pub spot_pools: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reserve: RESERVE,
            pool_minimums: Vec::new(),
            autoscaler: Autoscaler::default(),
            spot_pools: Vec::new(),
        }
    }
}

/// A pod, by its places in the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodRef {
    pub workload: usize,
    pub pod: usize,
}

/// What can be done about nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct NodePlan {
    /// At what pods request now.
    pub today: Repacking,
    /// Once the advice is followed; `None` where there is none.
    pub advised: Option<Repacking>,
}

/// One way to put pods onto fewer nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Repacking {
    /// Pods that come to another node before any is drained: those that wait, and those for
    /// which their node becomes too small.
    pub first: Vec<Move>,
    /// Nodes to drain, in this order.
    pub drains: Vec<Drain>,
    /// For each node of the snapshot why it stays; `None` where it is drained.
    pub stays: Vec<Option<Stay>>,
    /// What is requested of each node at first, and in the end.
    pub before: Vec<Filled>,
    pub after: Vec<Filled>,
    /// What leaves the bill, a month.
    pub saved: Money,
    /// Pods for which there is too little room already.
    pub homeless: Vec<PodRef>,
    /// What no plan could do better than.
    pub least: Least,
}

/// A pod that comes to another node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    pub pod: PodRef,
    /// `None` while it waits.
    pub from: Option<usize>,
    pub to: usize,
}

impl Repacking {
    /// How often a pod that runs is moved.
    pub fn moved(&self) -> usize {
        let first = self.first.iter().filter(|it| it.from.is_some());
        first.count() + self.drains.iter().map(|it| it.moves.len()).sum::<usize>()
    }
}

/// A node that can go.
#[derive(Debug, Clone, PartialEq)]
pub struct Drain {
    /// Index of the node.
    pub node: usize,
    /// Its pods but those that go with it, and the nodes that have room for them.
    pub moves: Vec<(PodRef, usize)>,
    /// What leaves the bill with it after those before it, a month.
    pub saved: Money,
}

/// What is requested of a node.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Filled {
    pub cpu: Cpu,
    pub memory: Bytes,
    pub pods: usize,
}

/// What pods may use of memory together on a node.
#[derive(Debug, Clone, Copy)]
pub struct Promise<'a> {
    pub together: &'a Together,
    /// Largest chance within the horizon that they fill it.
    pub overflow: f64,
}

impl<'a> Promise<'a> {
    /// What the sizes were made to keep.
    pub fn of(together: Option<&'a Together>, options: &recommend::Options) -> Option<Self> {
        together.map(|together| Self {
            together,
            overflow: options.targets.node_memory_overflow,
        })
    }
}

impl Promise<'_> {
    /// Whether these pods may be on a node together.
    fn holds(&self, model: &Model<'_>, wants: &[f64], node: usize, pods: &[usize]) -> bool {
        let names = pods.iter().map(|pod| model.pods[*pod].at);
        let names: Vec<(usize, usize)> = names.map(|it| (it.workload, it.pod)).collect();
        let width = model.resources.len();
        let beside = Beside {
            size: model.nodes[node].has[MEMORY],
            pods: &names,
            unknown: &|place| wants[pods[place] * width + MEMORY],
        };
        let nodes = len_f64(model.nodes.len());
        self.together.holds(&beside, nodes, self.overflow)
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unplanned {
    NoNodes,
    /// Pods of some namespaces were left out.
    InPart,
    /// The snapshot was taken before where pods may run was kept.
    RulesUnread,
}

impl Unplanned {
    /// As in machine output.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoNodes => "no_nodes",
            Self::InPart => "in_part",
            Self::RulesUnread => "rules_unread",
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Self::NoNodes => "no nodes were read",
            Self::InPart => {
                "only a part of the cluster was read, so nodes may hold more than is known"
            }
            Self::RulesUnread => "the snapshot does not say where pods may run",
        }
    }

    pub fn hint(self) -> &'static str {
        match self {
            Self::NoNodes => "let kcost list `nodes`, or give it a file of them",
            Self::InPart => "read all namespaces, and name those to look at when it is analyzed",
            Self::RulesUnread => "take it anew with this version",
        }
    }
}

/// Says which nodes can go, at today's requests and at those that are advised.
///
/// `prices` has one for each node of the snapshot, in the same order; `promise` what pods
/// may use of memory together.
///
/// # Errors
///
/// Where too little is known for a plan that can be trusted.
pub fn plan(
    snapshot: &Snapshot,
    prices: &[NodePrice],
    advised: Option<&Advised>,
    promise: Option<Promise<'_>>,
    options: &Options,
) -> Result<NodePlan, Unplanned> {
    check(snapshot)?;
    let model = Model::new(snapshot, prices, options.autoscaler);
    let pod = |at: PodRef| &snapshot.workloads[at.workload].pods[at.pod];
    let today = || repack(&model, &|at| pod(at).requests.clone(), promise, options);
    let advised = || {
        let advice = advised?.workloads.iter().zip(&snapshot.workloads);
        let following = advice.map(|(advice, workload)| Following::new(workload, advice));
        let following: Vec<Following> = following.collect();
        let requests = |at: PodRef| following[at.workload].requests(pod(at));
        Some(repack(&model, &requests, promise, options))
    };
    let (today, advised) = rayon::join(today, advised);
    Ok(NodePlan { today, advised })
}

/// What leaves the bill once the advice is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// A month.
    pub monthly: Money,
    /// Nodes that can go.
    pub nodes: usize,
}

impl Saved {
    /// What of it takes more than what could go without the advice.
    #[must_use]
    pub fn beyond(self, today: Self) -> Self {
        Self {
            monthly: (self.monthly - today.monthly).floor_zero(),
            nodes: self.nodes.saturating_sub(today.nodes),
        }
    }
}

/// The same as [`plan`], as far as the advice is followed for some workloads, one `bool`
/// for each, and only what it saves.
///
/// # Errors
///
/// Where too little is known for a plan that can be trusted.
pub fn saved(
    snapshot: &Snapshot,
    prices: &[NodePrice],
    (advised, asked): (&Advised, &[bool]),
    promise: Option<Promise<'_>>,
    options: &Options,
) -> Result<Saved, Unplanned> {
    check(snapshot)?;
    let model = Model::new(snapshot, prices, options.autoscaler);
    let advice = advised.workloads.iter().zip(&snapshot.workloads);
    let following = advice
        .zip(asked)
        .map(|((advice, workload), asked)| asked.then(|| Following::new(workload, advice)));
    let following: Vec<Option<Following>> = following.collect();
    let requests = |at: PodRef| {
        let pod = &snapshot.workloads[at.workload].pods[at.pod];
        let followed = following[at.workload].as_ref();
        followed.map_or_else(|| pod.requests.clone(), |it| it.requests(pod))
    };
    let packed = repack(&model, &requests, promise, options);
    Ok(Saved {
        monthly: packed.saved,
        nodes: packed.drains.len(),
    })
}

/// Whether enough is known.
fn check(snapshot: &Snapshot) -> Result<(), Unplanned> {
    if snapshot.cluster.nodes.is_empty() {
        return Err(Unplanned::NoNodes);
    }
    if snapshot.cluster.in_part {
        return Err(Unplanned::InPart);
    }
    if !snapshot.rules_are_known() {
        return Err(Unplanned::RulesUnread);
    }
    Ok(())
}

fn repack(
    model: &Model<'_>,
    requests: &(dyn Fn(PodRef) -> Resources + Sync),
    promise: Option<Promise<'_>>,
    options: &Options,
) -> Repacking {
    let wants = model.wants(requests);
    let before = State::new(model, &wants, options.reserve);
    let watch =
        |node: usize, pods: &[usize]| promise.is_none_or(|it| it.holds(model, &wants, node, pods));
    let watch: Watch<'_> = &watch;
    let Packed {
        state,
        first,
        emptied,
        stays,
        homeless,
    } = drain::drain(model, &wants, options, watch);
    let kept: Vec<bool> = stays
        .iter()
        .enumerate()
        .map(|(node, it)| match it {
            Some(Stay::Kept(_) | Stay::Pods(_)) => true,
            // One that became so full by pods of others is no fact for other plans.
            Some(Stay::TooFull(_)) => options.autoscaler.too_full(&before, node).is_some(),
            _ => false,
        })
        .collect();
    let least = bound::least(&before, &kept);
    let at = |pod: usize| model.pods[pod].at;
    let gone: Vec<usize> = emptied.iter().map(|it| it.node).collect();
    let saved = |drains: usize| model.saved(gone[..drains].iter().copied());
    let drains = emptied.into_iter().enumerate().map(|(place, it)| Drain {
        node: it.node,
        saved: saved(place + 1) - saved(place),
        // Those that wait come at once to where they end up.
        moves: it
            .moves
            .iter()
            .filter(|(pod, _)| model.pods[*pod].node.is_some())
            .map(|(pod, to)| (at(*pod), *to))
            .collect(),
    });
    let first = first.into_iter().map(|(pod, from, to)| Move {
        pod: at(pod),
        from,
        to,
    });
    let drains: Vec<Drain> = drains.collect();
    Repacking {
        saved: saved(drains.len()),
        before: (0..model.nodes.len())
            .map(|it| filled(&before, it))
            .collect(),
        after: (0..model.nodes.len())
            .map(|it| filled(&state, it))
            .collect(),
        homeless: homeless.into_iter().map(at).collect(),
        first: first.collect(),
        drains,
        stays,
        least,
    }
}

fn filled(state: &State<'_>, node: usize) -> Filled {
    let sum = |resource: usize| -> f64 {
        let pods = state.on[node].iter();
        pods.map(|pod| state.want(*pod)[resource]).sum()
    };
    Filled {
        cpu: Cpu::cores(sum(CPU)),
        memory: Bytes::from_f64(sum(MEMORY)),
        pods: state.on[node].len(),
    }
}
