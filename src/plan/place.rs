//! Places for pods that are on no node.

use std::cmp::Reverse;

use super::model::{CPU, MEMORY};
use super::state::State;

/// Which of the nodes that could take a pod does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Choice {
    /// The fullest.
    Fullest,
    /// The one that would be emptied last.
    Last,
    /// The emptiest.
    Emptiest,
}

/// A pod, and the node that it comes to.
pub(super) type Move = (usize, usize);

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
        Choice::Emptiest => {
            let fitting = (0..state.model.nodes.len()).filter(fits);
            let filled = fitting.map(|node| (state.fill(node), node));
            let emptiest = filled.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            emptiest.map(|(_, node)| node)
        }
    }
}

/// Puts pods that are on no node where `find` says, in order. One that must be beside others,
/// or that is spread, is asked for again after those that come later were placed. Gives the
/// moves, and the first that finds no place.
pub(super) fn place_all<'m>(
    state: &mut State<'m>,
    pods: &[usize],
    find: &mut dyn FnMut(&mut State<'m>, usize) -> Option<usize>,
) -> (Vec<Move>, Option<usize>) {
    let mut moves = Vec::with_capacity(pods.len());
    let mut left = pods.to_vec();
    loop {
        let before = moves.len();
        let mut wait = Vec::new();
        for pod in left {
            match find(state, pod) {
                Some(to) => {
                    state.put(pod, to);
                    moves.push((pod, to));
                }
                None if state.may_fit_later(pod) => wait.push(pod),
                None => return (moves, Some(pod)),
            }
        }
        let first = wait.first().copied();
        if first.is_none() || moves.len() == before {
            return (moves, first);
        }
        left = wait;
    }
}

/// Puts pods that are on no node onto nodes such that `done` holds, going back where one
/// finds no place, as long as there are tries left: one is a pod asked for on one node. Gives
/// the moves; where there are none, all are on no node again.
pub(super) fn search(
    state: &mut State<'_>,
    pods: &[usize],
    tries: &mut usize,
    done: &mut dyn FnMut(&[Move]) -> bool,
) -> Option<Vec<Move>> {
    let mut moves = Vec::with_capacity(pods.len());
    let found = deepen(state, &mut pods.to_vec(), &mut moves, tries, done);
    found.then_some(moves)
}

fn deepen(
    state: &mut State<'_>,
    left: &mut Vec<usize>,
    moves: &mut Vec<Move>,
    tries: &mut usize,
    done: &mut dyn FnMut(&[Move]) -> bool,
) -> bool {
    if left.is_empty() {
        return done(moves);
    }
    for at in 0..left.len() {
        let pod = left[at];
        let nodes = state.model.nodes.len();
        if *tries < nodes {
            *tries = 0;
            return false;
        }
        *tries -= nodes;
        state.prepare(pod);
        let mut open: Vec<usize> = (0..nodes)
            .filter(|node| state.fits(pod, *node).is_ok())
            .collect();
        if open.is_empty() {
            if state.may_fit_later(pod) {
                continue;
            }
            return false;
        }
        open.sort_by(|a, b| state.fill(*b).total_cmp(&state.fill(*a)).then(a.cmp(b)));
        left.remove(at);
        for node in open {
            state.put(pod, node);
            moves.push((pod, node));
            if deepen(state, left, moves, tries, done) {
                return true;
            }
            moves.pop();
            state.take(pod);
        }
        left.insert(at, pod);
        return false;
    }
    false
}

/// The same pods, the largest first.
pub(super) fn largest_first(state: &State<'_>, mut pods: Vec<usize>) -> Vec<usize> {
    pods.sort_by(|a, b| size(state, *b).total_cmp(&size(state, *a)).then(a.cmp(b)));
    pods
}

/// How large a pod is beside a node of the mean size: the larger of its shares.
pub(super) fn size(state: &State<'_>, pod: usize) -> f64 {
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
