//! Node after node is emptied onto the others, as long as all its pods find a place.

use std::cmp::Reverse;
use std::collections::HashMap;

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::model::{CPU, MEMORY, Model};
use super::state::{Hinder, State};
use super::stay::{NoPlace, Stay};
use super::{Autoscaler, Options};
use crate::units::{Money, len_f64};

/// Which nodes are tried first.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// Least requested.
    Emptiest,
    /// Most money for what is requested.
    Dearest,
    /// Fewest pods to move.
    Fewest,
}

/// Which of the nodes that could take a pod does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Choice {
    /// The fullest.
    Fullest,
    /// The one that would be emptied last.
    Last,
}

/// What is tried; the best counts, of equals the first.
const TRIED: [(Order, Choice); 4] = [
    (Order::Dearest, Choice::Last),
    (Order::Dearest, Choice::Fullest),
    (Order::Emptiest, Choice::Last),
    (Order::Fewest, Choice::Fullest),
];

/// A node that is emptied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Emptied {
    pub(super) node: usize,
    /// Pods, and where they go.
    pub(super) moves: Vec<(usize, usize)>,
}

/// Pods where they end up.
pub(super) struct Packed<'m> {
    pub(super) state: State<'m>,
    /// In order.
    pub(super) emptied: Vec<Emptied>,
    /// Of each node that is not emptied, why.
    pub(super) stays: Vec<Option<Stay>>,
    /// Pods that come to a node before any is emptied, with the one that they are on.
    pub(super) first: Vec<(usize, Option<usize>, usize)>,
    /// Pods that fit nowhere, those that stay where there is too little included.
    pub(super) homeless: Vec<usize>,
}

/// Where pods are put before any node is emptied.
#[derive(Debug, Clone, Default)]
struct Settled {
    moves: Vec<(usize, Option<usize>, usize)>,
    homeless: Vec<usize>,
}

/// Whether these pods may be on a node together, as far as what they use is concerned.
pub(super) type Watch<'a> = &'a (dyn Fn(usize, &[usize]) -> bool + Sync);

/// Repacks pods that want this, as far as that empties nodes.
pub(super) fn drain<'m>(
    model: &'m Model<'m>,
    wants: &'m [f64],
    options: &Options,
    watch: Watch<'_>,
) -> Packed<'m> {
    let mut state = State::new(model, wants, options.reserve);
    let settled = settle(&mut state);
    let tried = TRIED.par_iter().map(|(order, choice)| {
        let mut run = Run::new(state.clone(), *order, *choice, options, watch);
        run.all();
        run
    });
    let tried: Vec<Run<'_, '_>> = tried.collect();
    let tried = tried.into_iter();
    let saved = |run: &Run<'_, '_>| -> Money {
        run.emptied
            .iter()
            .map(|it| model.nodes[it.node].price)
            .sum()
    };
    let moves = |run: &Run<'_, '_>| run.emptied.iter().map(|it| it.moves.len()).sum::<usize>();
    let best = tried.reduce(|best, run| {
        let better = (saved(&run), run.emptied.len(), Reverse(moves(&run)))
            > (saved(&best), best.emptied.len(), Reverse(moves(&best)));
        if better { run } else { best }
    });
    let best = best.unwrap_or_else(|| Run::new(state, Order::Fewest, Choice::Last, options, watch));
    best.finish(settled)
}

/// Gives pods that wait a place, and those that became too large for their nodes another;
/// says which find none.
fn settle(state: &mut State<'_>) -> Settled {
    let model = state.model;
    let Settled {
        mut moves,
        mut homeless,
    } = Settled::default();
    for node in 0..model.nodes.len() {
        while let Some(over) = [CPU, MEMORY]
            .into_iter()
            .find(|it| state.is_over(node, *it))
        {
            let movable =
                |pod: &&usize| !model.pods[**pod].tied && model.pods[**pod].fixed.is_none();
            let waiting = |pod: &&usize| !homeless.contains(*pod);
            let largest = |a: &&usize, b: &&usize| {
                let want = |pod: usize| state.want(pod)[over];
                want(**a).total_cmp(&want(**b)).then_with(|| b.cmp(a))
            };
            let pods = state.on[node].iter().filter(movable).filter(waiting);
            let Some(pod) = pods.max_by(largest).copied() else {
                break;
            };
            state.take(pod);
            let found = place(state, pod, Choice::Fullest, &[], Some(node));
            match found {
                Some(to) => moves.push((pod, Some(node), to)),
                None => homeless.push(pod),
            }
            state.put(pod, found.unwrap_or(node));
        }
    }
    for (pod, item) in model.pods.iter().enumerate() {
        if item.node.is_none() {
            match place(state, pod, Choice::Fullest, &[], None) {
                Some(node) => {
                    state.put(pod, node);
                    moves.push((pod, None, node));
                }
                None => homeless.push(pod),
            }
        }
    }
    Settled { moves, homeless }
}

/// A node for a pod that is on none.
pub(super) fn place(
    state: &mut State<'_>,
    pod: usize,
    choice: Choice,
    receivers: &[usize],
    not: Option<usize>,
) -> Option<usize> {
    state.prepare(pod);
    let fits = |node: &usize| Some(*node) != not && state.fits(pod, *node).is_ok();
    match choice {
        Choice::Last => receivers.iter().copied().find(fits),
        Choice::Fullest => {
            let fitting = (0..state.model.nodes.len()).filter(fits);
            let filled = fitting.map(|node| (state.fill(node), Reverse(node)));
            let fullest = filled.max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            fullest.map(|(_, Reverse(node))| node)
        }
    }
}

/// One way of trying.
struct Run<'m, 'w> {
    state: State<'m>,
    choice: Choice,
    watch: Watch<'w>,
    autoscaler: Autoscaler,
    /// Nodes that may be emptied, in order.
    order: Vec<usize>,
    /// Nodes that pods may come to, those that are emptied last first.
    receivers: Vec<usize>,
    pools: HashMap<&'m str, usize>,
    least: HashMap<&'w str, usize>,
    emptied: Vec<Emptied>,
    stays: Vec<Option<Stay>>,
}

/// Why a node was not emptied.
enum Failed {
    NoPlace(usize),
    JointUse(usize),
    TooFull(f64),
}

impl<'m, 'w> Run<'m, 'w> {
    fn new(
        state: State<'m>,
        order: Order,
        choice: Choice,
        options: &'w Options,
        watch: Watch<'w>,
    ) -> Self {
        let model = state.model;
        let stays: Vec<Option<Stay>> = (0..model.nodes.len())
            .map(|it| bound(&state, it, options.autoscaler))
            .collect();
        let mut ranked: Vec<(f64, usize)> = (0..model.nodes.len())
            .filter(|node| stays[*node].is_none())
            .map(|node| (rank(&state, node, order), node))
            .collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let order: Vec<usize> = ranked.into_iter().map(|(_, node)| node).collect();
        let mut receivers: Vec<usize> = (0..model.nodes.len())
            .filter(|node| stays[*node].is_some())
            .collect();
        receivers.sort_by(|a, b| state.fill(*b).total_cmp(&state.fill(*a)).then(a.cmp(b)));
        receivers.extend(order.iter().rev());
        receivers.retain(|node| model.nodes[*node].takes);
        let least = options.pool_minimums.iter();
        Self {
            pools: model.pools(),
            least: least.map(|(pool, least)| (pool.as_str(), *least)).collect(),
            state,
            choice,
            watch,
            autoscaler: options.autoscaler,
            order,
            receivers,
            emptied: Vec::new(),
            stays,
        }
    }

    /// Tries every node, and those that failed once more after others were emptied.
    fn all(&mut self) {
        let mut left = self.order.clone();
        loop {
            let before = self.emptied.len();
            left.retain(|node| !self.try_one(*node));
            if self.emptied.len() == before {
                break;
            }
        }
    }

    /// Whether the node was emptied.
    fn try_one(&mut self, node: usize) -> bool {
        if let Some(least) = self.at_minimum(node) {
            self.stays[node] = Some(Stay::PoolMinimum(least));
            return false;
        }
        self.attempt(node, &mut |_, _| ()).is_ok()
    }

    fn at_minimum(&self, node: usize) -> Option<usize> {
        let pool = self.state.model.nodes[node].pool();
        let least = *self.least.get(pool)?;
        let now = self.pools.get(pool).copied().unwrap_or(0);
        (now <= least).then_some(least)
    }

    /// Moves all pods of a node, or none. `explain` sees a pod that finds no place before
    /// all go back.
    fn attempt(
        &mut self,
        node: usize,
        explain: &mut dyn FnMut(&State<'m>, usize),
    ) -> Result<(), Failed> {
        // Pods of others may have come to it.
        if let Some(share) = self.autoscaler.too_full(&self.state, node) {
            return Err(Failed::TooFull(share));
        }
        let model = self.state.model;
        let here = self.state.on[node].clone();
        let mut moving: Vec<usize> = here
            .iter()
            .copied()
            .filter(|it| !model.pods[*it].tied)
            .collect();
        let size = |pod: &usize| size(&self.state, *pod);
        moving.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.cmp(b)));
        for pod in &here {
            self.state.take(*pod);
        }
        self.state.remove_node(node, true);
        let mut moves: Vec<(usize, usize)> = Vec::with_capacity(moving.len());
        let mut failed = None;
        for pod in moving {
            let found = place(
                &mut self.state,
                pod,
                self.choice,
                &self.receivers,
                Some(node),
            );
            let Some(to) = found else {
                explain(&self.state, pod);
                failed = Some(Failed::NoPlace(pod));
                break;
            };
            self.state.put(pod, to);
            moves.push((pod, to));
        }
        if failed.is_none() {
            failed = self.too_full(&moves).map(Failed::JointUse);
        }
        let Some(failed) = failed else {
            *self.pools.entry(model.nodes[node].pool()).or_default() -= 1;
            self.emptied.push(Emptied { node, moves });
            self.stays[node] = None;
            return Ok(());
        };
        for (pod, _) in &moves {
            self.state.take(*pod);
        }
        self.state.remove_node(node, false);
        for pod in here {
            self.state.put(pod, node);
        }
        Err(failed)
    }

    /// A pod that came to a node whose pods together use too much.
    fn too_full(&self, moves: &[(usize, usize)]) -> Option<usize> {
        let mut to: Vec<usize> = moves.iter().map(|(_, to)| *to).collect();
        to.sort_unstable();
        to.dedup();
        let full = to
            .into_iter()
            .find(|to| !(self.watch)(*to, &self.state.on[*to]))?;
        let mut came = moves.iter().filter(|(_, to)| *to == full);
        came.next().map(|(pod, _)| *pod)
    }

    /// Says of each node that is left why.
    fn finish(mut self, settled: Settled) -> Packed<'m> {
        for node in self.order.clone() {
            if self.state.gone[node] || matches!(self.stays[node], Some(Stay::PoolMinimum(_))) {
                continue;
            }
            let mut why = NoPlace::default();
            let result = self.attempt(node, &mut |state, pod| why = no_place(state, pod, node));
            let at = |pod: usize| self.state.model.pods[pod].at;
            self.stays[node] = match result {
                Ok(()) => None,
                Err(Failed::NoPlace(pod)) => Some(Stay::NoPlace(at(pod), why)),
                Err(Failed::JointUse(pod)) => Some(Stay::JointUse(at(pod))),
                Err(Failed::TooFull(share)) => Some(Stay::TooFull(share)),
            };
        }
        let Settled { moves, homeless } = settled;
        let at = &self.state.at;
        // One that waits goes at once to where it ends up.
        let first = moves.into_iter().map(|(pod, from, to)| match from {
            Some(_) => (pod, from, to),
            None => (pod, None, at[pod].unwrap_or(to)),
        });
        Packed {
            first: first.collect(),
            emptied: self.emptied,
            stays: self.stays,
            homeless,
            state: self.state,
        }
    }
}

/// Why a node stays whatever room there is.
fn bound(state: &State<'_>, node: usize, autoscaler: Autoscaler) -> Option<Stay> {
    let model = state.model;
    if let Some(kept) = &model.nodes[node].kept {
        return Some(Stay::Kept(kept.clone()));
    }
    let here = state.on[node].iter().map(|pod| &model.pods[*pod]);
    let fixed = here.filter_map(|it| Some((it.at, it.fixed.clone()?)));
    let mut fixed: Vec<_> = fixed.collect();
    fixed.sort_by_key(|(at, _)| *at);
    if !fixed.is_empty() {
        return Some(Stay::Pods(fixed));
    }
    autoscaler.too_full(state, node).map(Stay::TooFull)
}

/// Less is tried earlier.
fn rank(state: &State<'_>, node: usize, order: Order) -> f64 {
    let model = state.model;
    let moving = state.on[node].iter().filter(|pod| !model.pods[**pod].tied);
    let load: f64 = moving.clone().map(|pod| size(state, *pod)).sum();
    match order {
        Order::Emptiest => load,
        Order::Fewest => len_f64(moving.count()),
        Order::Dearest => load / model.nodes[node].price.to_f64().max(1e-9),
    }
}

/// How large a pod is beside a node of the mean size: the larger of its shares.
fn size(state: &State<'_>, pod: usize) -> f64 {
    let want = state.want(pod);
    let mean = &state.model.mean;
    let share = |at: usize| {
        if mean[at] > 0.0 {
            want[at] / mean[at]
        } else {
            0.0
        }
    };
    share(CPU).max(share(MEMORY))
}

/// Counts why no node takes a pod, but for the one that it is to leave. Where no node is
/// left that could be asked, those that are drained are.
fn no_place(state: &State<'_>, pod: usize, leaving: usize) -> NoPlace {
    let others = (0..state.model.nodes.len()).filter(|it| *it != leaving);
    let (gone, left): (Vec<usize>, Vec<usize>) = others.partition(|node| state.gone[*node]);
    let why = tally(state, pod, &left);
    if why == NoPlace::default() {
        tally(state, pod, &gone)
    } else {
        why
    }
}

fn tally(state: &State<'_>, pod: usize, nodes: &[usize]) -> NoPlace {
    let mut why = NoPlace::default();
    let mut nearest = f64::INFINITY;
    for node in nodes {
        match state.would_fit(pod, *node) {
            Ok(()) => why.drained += 1,
            Err(Hinder::Closed) => {}
            Err(Hinder::Off) => why.off += 1,
            Err(Hinder::Ports) => why.ports += 1,
            Err(Hinder::Apart) => why.apart += 1,
            Err(Hinder::Beside) => why.beside += 1,
            Err(Hinder::Spread) => why.spread += 1,
            Err(Hinder::Room) => {
                why.room += 1;
                if let Some((share, lacks)) = lacks(state, pod, *node)
                    && share < nearest
                {
                    nearest = share;
                    why.lacks = Some(lacks);
                }
            }
        }
    }
    why
}

/// What a node lacks most for a pod, as a share of what it has, and as an amount.
fn lacks(state: &State<'_>, pod: usize, node: usize) -> Option<(f64, (String, f64))> {
    let model = state.model;
    let each = state.want(pod).iter().zip(state.left(node));
    let each = each.zip(&model.nodes[node].has).enumerate();
    let wanted = each.filter(|(_, ((want, _), _))| **want > 0.0);
    let short = wanted.map(|(at, ((want, left), has))| {
        let lacks = (want - left).max(0.0);
        let share = if *has > 0.0 { lacks / has } else { f64::MAX };
        (share, at, lacks)
    });
    let worst = short.max_by(|a, b| a.0.total_cmp(&b.0));
    worst.map(|(share, at, lacks)| (share, (model.resources[at].clone(), lacks)))
}
