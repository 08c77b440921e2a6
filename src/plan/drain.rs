//! Node after node is emptied onto the others, as long as all its pods find a place.

use std::cmp::Reverse;
use std::collections::HashMap;

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::improve::improve;
use super::model::{CPU, MEMORY, Model};
use super::obstacle::{blamed, no_place};
use super::place::{Choice, largest_first, place, place_all, search, size};
use super::state::State;
use super::stay::{NoPlace, Stay};
use super::{Autoscaler, Options};
use crate::units::{Money, len_f64};

/// Which nodes are tried first.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    /// Least requested.
    Emptiest,
    /// Most money for what is requested.
    Dearest,
    /// Fewest pods to move.
    Fewest,
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
    let best = tried.reduce(Run::better);
    let none = || Run::new(state.clone(), Order::Fewest, Choice::Last, options, watch);
    let best = best.unwrap_or_else(none);
    improve(&state, best, options, watch).finish(settled)
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
    let pods = model.pods.iter().enumerate();
    let waiting = pods.filter(|(_, it)| it.node.is_none());
    let mut waiting: Vec<usize> = waiting.map(|(pod, _)| pod).collect();
    let mut find = |state: &mut State<'_>, pod| place(state, pod, Choice::Fullest, &[], None);
    loop {
        let (placed, stuck) = place_all(state, &waiting, &mut find);
        waiting.retain(|pod| state.at[*pod].is_none() && Some(*pod) != stuck);
        moves.extend(placed.into_iter().map(|(pod, to)| (pod, None, to)));
        match stuck {
            Some(pod) => homeless.push(pod),
            None => break,
        }
    }
    homeless.sort_unstable();
    Settled { moves, homeless }
}

/// One way of trying.
#[derive(Clone)]
pub(super) struct Run<'m, 'w> {
    pub(super) state: State<'m>,
    choice: Choice,
    watch: Watch<'w>,
    autoscaler: Autoscaler,
    /// Nodes that may be emptied, in order.
    pub(super) order: Vec<usize>,
    /// Where pods are to go, by pod, where that is decided.
    pub(super) decided: Option<Vec<Option<usize>>>,
    /// Nodes that pods may come to, those that are emptied last first.
    receivers: Vec<usize>,
    pools: HashMap<&'m str, usize>,
    least: HashMap<&'w str, usize>,
    pub(super) emptied: Vec<Emptied>,
    stays: Vec<Option<Stay>>,
}

/// Tries of one search for places: one is a pod asked for on one node.
const TRIES: usize = 20_000;
/// Pods that are searched places for; for more there are too many ways.
pub(super) const SEARCHED: usize = 200;

/// Why a node was not emptied.
enum Failed {
    NoPlace(usize),
    JointUse(usize),
    TooFull(f64),
}

impl<'m, 'w> Run<'m, 'w> {
    pub(super) fn new(
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
            decided: None,
            receivers,
            emptied: Vec::new(),
            stays,
        }
    }

    /// What it saves, a month.
    pub(super) fn saved(&self) -> Money {
        self.state
            .model
            .saved(self.emptied.iter().map(|it| it.node))
    }

    /// The one that saves more, else empties more nodes, else moves fewer pods; of equals
    /// the first.
    pub(super) fn better(self, other: Self) -> Self {
        let worth = |it: &Self| {
            let moves: usize = it.emptied.iter().map(|it| it.moves.len()).sum();
            (it.saved(), it.emptied.len(), Reverse(moves))
        };
        if worth(&other) > worth(&self) {
            other
        } else {
            self
        }
    }

    /// Tries every node, and those that failed once more after others were emptied.
    pub(super) fn all(&mut self) {
        let mut left = self.order.clone();
        left.retain(|node| !self.state.gone[*node]);
        loop {
            let before = self.emptied.len();
            left.retain(|node| !self.try_one(*node));
            if self.emptied.len() == before {
                break;
            }
        }
    }

    /// Whether the node was emptied.
    pub(super) fn try_one(&mut self, node: usize) -> bool {
        if let Some(least) = self.at_minimum(node) {
            self.stays[node] = Some(Stay::PoolMinimum(least));
            return false;
        }
        self.attempt(node, &mut |_, _| ()).is_ok()
    }

    /// Brings a node back, with none of the pods that were moved off it.
    pub(super) fn reopen(&mut self, node: usize) {
        let model = self.state.model;
        self.state.remove_node(node, false);
        *self.pools.entry(model.nodes[node].pool()).or_default() += 1;
        self.emptied.retain(|it| it.node != node);
        let pods = model.pods.iter().enumerate();
        for (pod, _) in pods.filter(|(_, it)| it.tied && it.node == Some(node)) {
            self.state.put(pod, node);
        }
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
        let moving = here.iter().copied();
        let moving = moving.filter(|it| !model.pods[*it].tied);
        let moving = largest_first(&self.state, moving.collect());
        for pod in &here {
            self.state.take(*pod);
        }
        self.state.remove_node(node, true);
        let (choice, receivers) = (self.choice, &self.receivers);
        let decided = self.decided.as_deref();
        let mut find = |state: &mut State<'m>, pod: usize| match decided {
            None => place(state, pod, choice, receivers, Some(node)),
            Some(to) => {
                state.prepare(pod);
                to[pod].filter(|to| state.fits(pod, *to).is_ok())
            }
        };
        let (mut moves, stuck) = place_all(&mut self.state, &moving, &mut find);
        let mut failed = stuck.map(Failed::NoPlace);
        if let Some(pod) = stuck {
            explain(&self.state, pod);
            // Those beside which it must be may have gone where it has no room.
            let again = self.state.may_fit_later(pod) && moving.len() <= SEARCHED;
            if again && self.decided.is_none() {
                moves.drain(..).for_each(|(pod, _)| {
                    self.state.take(pod);
                });
                let found = search(&mut self.state, &moving, &mut { TRIES }, &mut |_| true);
                if let Some(found) = found {
                    (moves, failed) = (found, None);
                }
            }
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

    /// The pod that is told of where not all of a node find places, if one alone finds none.
    fn blamed(&mut self, node: usize) -> Option<(usize, NoPlace)> {
        let here = self.state.on[node].clone();
        for pod in &here {
            self.state.take(*pod);
        }
        self.state.remove_node(node, true);
        let moving = here.iter().copied();
        let moving = moving.filter(|it| !self.state.model.pods[*it].tied);
        let moving = largest_first(&self.state, moving.collect());
        let found = blamed(&mut self.state, &moving, node);
        self.state.remove_node(node, false);
        for pod in here {
            self.state.put(pod, node);
        }
        found
    }

    /// Says of each node that is left why.
    fn finish(mut self, settled: Settled) -> Packed<'m> {
        for node in self.order.clone() {
            if self.state.gone[node] || matches!(self.stays[node], Some(Stay::PoolMinimum(_))) {
                continue;
            }
            let mut why = NoPlace::default();
            let result = self.attempt(node, &mut |state, pod| why = no_place(state, pod, node));
            let model = self.state.model;
            let at = |pod: usize| model.pods[pod].at;
            self.stays[node] = match result {
                Ok(()) => None,
                Err(Failed::NoPlace(pod)) => {
                    let (pod, why) = self.blamed(node).unwrap_or((pod, why));
                    Some(Stay::NoPlace(at(pod), why))
                }
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
