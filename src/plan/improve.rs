//! Looks for nodes that are worth more than those that were emptied one after another.
//!
//! Which node goes first decides what the others still have room for, so the first that fits
//! is not always the best. Where few nodes may go, all sets of them are tried, those that save
//! most first; where there are many, those that stay are tried in the place of cheaper ones
//! that go. How much is tried is counted, not timed: the same cluster has the same plan
//! everywhere.

use super::Options;
use super::bound::least;
use super::drain::{Order, Run, SEARCHED, Watch};
use super::place::{Choice, largest_first, place, place_all, search};
use super::state::State;
use crate::units::Money;

/// So many nodes that may go are few: all sets of them are looked at.
const FEW: usize = 12;
/// Tries where there are few: one is a pod asked for on one node.
const TRIES_OF_FEW: usize = 2_000_000;
/// Tries where there are many.
const TRIES_OF_MANY: usize = 40_000_000;
/// Tries for one set beyond the obvious ways to place its pods.
const TRIES_OF_SET: usize = 20_000;
/// What following a set of moves counts for: what pods use together is looked at, too.
const FOLLOWED: usize = 5_000;
/// Ways to place the pods of one set that are followed.
const WAYS: usize = 8;
/// Nodes that stay of which each is tried as the first to go.
const FIRST: usize = 8;

/// The best that is found within the tries.
pub(super) fn improve<'m, 'w>(
    start: &State<'m>,
    best: Run<'m, 'w>,
    options: &'w Options,
    watch: Watch<'w>,
) -> Run<'m, 'w> {
    let mut may_go = best.order.clone();
    may_go.sort_unstable();
    let few = may_go.len() <= FEW;
    let search = Improving {
        start,
        most: most(start, &may_go),
        options,
        watch,
        tries: if few { TRIES_OF_FEW } else { TRIES_OF_MANY },
    };
    if few {
        search.of_few(best, &may_go)
    } else {
        search.of_many(best, &may_go)
    }
}

/// What no plan can save more than.
fn most(start: &State<'_>, may_go: &[usize]) -> Money {
    let model = start.model;
    let stays: Vec<bool> = (0..model.nodes.len())
        .map(|node| may_go.binary_search(&node).is_err())
        .collect();
    let all: Money = model.nodes.iter().map(|it| it.price).sum();
    model
        .saved(0..model.nodes.len())
        .min(all - least(start, &stays).cost)
}

struct Improving<'s, 'm, 'w> {
    start: &'s State<'m>,
    /// What no plan can save more than.
    most: Money,
    options: &'w Options,
    watch: Watch<'w>,
    tries: usize,
}

impl<'m, 'w> Improving<'_, 'm, 'w> {
    /// Every set of nodes that would save more than the best so far, until one can go.
    fn of_few(mut self, best: Run<'m, 'w>, may_go: &[usize]) -> Run<'m, 'w> {
        let saved = best.saved();
        if saved >= self.most {
            return best;
        }
        let sets = (1_u32..1 << may_go.len()).map(|mask| {
            let chosen = may_go.iter().enumerate();
            let chosen = chosen.filter(|(bit, _)| mask >> bit & 1 == 1);
            let set: Vec<usize> = chosen.map(|(_, node)| *node).collect();
            (self.start.model.saved(set.iter().copied()), set)
        });
        let mut sets: Vec<(Money, Vec<usize>)> = sets.filter(|(it, _)| *it > saved).collect();
        // Of those that save the same, the ones with fewer nodes move less.
        sets.sort_by(|a, b| {
            b.0.cmp(&a.0)
                .then(a.1.len().cmp(&b.1.len()))
                .then(a.1.cmp(&b.1))
        });
        for (_, set) in sets {
            if self.tries == 0 {
                break;
            }
            if let Some(run) = self.emptied(&set) {
                return best.better(run);
            }
        }
        best
    }

    /// Nodes that stay, the dearest first, in the place of cheaper ones.
    fn of_many(mut self, mut best: Run<'m, 'w>, may_go: &[usize]) -> Run<'m, 'w> {
        let price = |node: usize| self.start.model.nodes[node].price;
        let prices = may_go.iter().map(|node| price(*node));
        if prices.clone().min() == prices.max() {
            return best;
        }
        let mut dearest = may_go.to_vec();
        dearest.sort_by(|a, b| price(*b).cmp(&price(*a)).then(a.cmp(b)));
        let stay = dearest.iter().filter(|node| !best.state.gone[**node]);
        // Each of these repacks all; of large clusters that leaves nothing for the others.
        let first = if self.whole() <= self.tries / (2 * FIRST) {
            FIRST
        } else {
            0
        };
        for node in stay.copied().take(first).collect::<Vec<_>>() {
            if best.saved() >= self.most || !self.pay(self.whole()) {
                return best;
            }
            if let Some(run) = self.emptied(&[node]) {
                best = best.better(run);
            }
        }
        while best.saved() < self.most {
            match self.swapped(&best, &dearest) {
                Some(run) => best = run,
                None => break,
            }
        }
        best
    }

    /// A better run with one node in the place of a cheaper one.
    fn swapped(&mut self, best: &Run<'m, 'w>, dearest: &[usize]) -> Option<Run<'m, 'w>> {
        let model = self.start.model;
        let price = |node: usize| model.nodes[node].price;
        let stay = dearest.iter().filter(|node| !best.state.gone[**node]);
        for dear in stay {
            let gone = dearest.iter().rev().filter(|node| best.state.gone[**node]);
            for cheap in gone.take_while(|node| price(**node) < price(*dear)) {
                let pods = best.state.on[*dear].len();
                if !self.pay(model.pods.len() + pods * model.nodes.len()) {
                    return None;
                }
                let mut run = best.clone();
                run.reopen(*cheap);
                if !run.try_one(*dear) {
                    continue;
                }
                let set = best.emptied.iter().map(|it| it.node);
                let mut set: Vec<usize> = set.filter(|node| node != cheap).collect();
                set.push(*dear);
                let found = self.emptied(&set);
                if let Some(run) = found.filter(|run| run.saved() > best.saved()) {
                    return Some(run);
                }
            }
        }
        None
    }

    /// Tries of asking for every pod everywhere.
    fn whole(&self) -> usize {
        self.start.model.pods.len() * self.start.model.nodes.len()
    }

    fn pay(&mut self, tries: usize) -> bool {
        let enough = self.tries >= tries;
        self.tries = self.tries.saturating_sub(tries);
        enough
    }

    /// A run in which these nodes go, and then what else can.
    fn emptied(&mut self, set: &[usize]) -> Option<Run<'m, 'w>> {
        if !self.has_room(set) || self.breaks_minimum(set) {
            return None;
        }
        let mut state = self.start.clone();
        let mut pods = Vec::new();
        for node in set {
            for pod in state.on[*node].clone() {
                state.take(pod);
                if !state.model.pods[pod].tied {
                    pods.push(pod);
                }
            }
            state.remove_node(*node, true);
        }
        let pods = largest_first(&state, pods);
        for choice in [Choice::Fullest, Choice::Emptiest] {
            self.pay(state.model.pods.len() + pods.len() * state.model.nodes.len());
            let mut find = |state: &mut State<'m>, pod| place(state, pod, choice, &[], None);
            let (moves, stuck) = place_all(&mut state, &pods, &mut find);
            let found = if stuck.is_none() {
                self.pay(FOLLOWED);
                self.followed(set, &moves)
            } else {
                None
            };
            if found.is_some() {
                return found;
            }
            for (pod, _) in moves {
                state.take(pod);
            }
        }
        if pods.len() > SEARCHED {
            return None;
        }
        let mut tries = TRIES_OF_SET.min(self.tries);
        let before = tries;
        let mut found = None;
        let mut ways = 0;
        search(&mut state, &pods, &mut tries, &mut |moves| {
            found = self.followed(set, moves);
            ways += 1;
            found.is_some() || ways == WAYS
        });
        self.pay(before - tries + ways * FOLLOWED);
        found
    }

    /// Whether a pool would have fewer nodes than it is to have.
    fn breaks_minimum(&self, set: &[usize]) -> bool {
        let model = self.start.model;
        let pools = model.pools();
        self.options.pool_minimums.iter().any(|(pool, least)| {
            let own = set.iter().filter(|node| model.nodes[**node].pool() == pool);
            let gone = own.count();
            let now = pools.get(pool.as_str()).copied().unwrap_or(0);
            gone > 0 && now < least + gone
        })
    }

    /// Whether all that moves would fit the others if it could be cut into pieces.
    fn has_room(&self, set: &[usize]) -> bool {
        let (state, model) = (self.start, self.start.model);
        let width = model.resources.len();
        let mut room = vec![0.0; width];
        for node in (0..model.nodes.len()).filter(|it| !set.contains(it)) {
            if model.nodes[node].takes {
                let each = room.iter_mut().zip(state.left(node));
                each.for_each(|(room, left)| *room += left.max(0.0));
            }
        }
        let pods = set.iter().flat_map(|node| &state.on[*node]);
        for pod in pods.filter(|pod| !model.pods[**pod].tied) {
            let each = room.iter_mut().zip(state.want(*pod));
            each.for_each(|(room, want)| *room -= want);
        }
        let mut each = room.iter().zip(&model.mean);
        each.all(|(room, mean)| *room >= -1e-6 * mean)
    }

    /// The run that takes each pod to its place, node after node, where the rules hold at
    /// every step.
    fn followed(&self, set: &[usize], moves: &[(usize, usize)]) -> Option<Run<'m, 'w>> {
        let state = self.start.clone();
        let mut decided = vec![None; state.model.pods.len()];
        for (pod, to) in moves {
            decided[*pod] = Some(*to);
        }
        let mut run = Run::new(
            state,
            Order::Dearest,
            Choice::Fullest,
            self.options,
            self.watch,
        );
        let all = std::mem::replace(&mut run.order, set.to_vec());
        run.decided = Some(decided);
        run.all();
        if run.emptied.len() < set.len() {
            return None;
        }
        (run.order, run.decided) = (all, None);
        run.all();
        Some(run)
    }
}
