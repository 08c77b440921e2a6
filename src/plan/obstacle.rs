//! Why a pod finds no place.

use super::state::{Hinder, State};
use super::stay::NoPlace;

/// Counts why no node takes a pod, but for the one that it is to leave. Where none is left
/// that it may run on, those that are drained are asked.
pub(super) fn no_place(state: &State<'_>, pod: usize, leaving: usize) -> NoPlace {
    let others = (0..state.model.nodes.len()).filter(|it| *it != leaving);
    let (gone, left): (Vec<usize>, Vec<usize>) = others.partition(|node| state.gone[*node]);
    let why = tally(state, pod, &left);
    let (off, devices) = (why.off, why.devices);
    let never = NoPlace {
        off,
        devices,
        ..NoPlace::default()
    };
    if why != never {
        return why;
    }
    let why = tally(state, pod, &gone);
    NoPlace {
        off: off + why.off,
        devices: devices + why.devices,
        ..why
    }
}

/// Of the pods of a node that cannot be moved off it, the one that is told of: one that was
/// on it before one that was moved there, and one that never had another place before one
/// whose places are drained.
pub(super) fn blamed(
    state: &mut State<'_>,
    pods: &[usize],
    node: usize,
) -> Option<(usize, NoPlace)> {
    let mut found: Option<(usize, NoPlace)> = None;
    let rank =
        |pod: usize, why: &NoPlace| (why.is_last(), state.model.pods[pod].node != Some(node));
    for pod in pods {
        state.prepare(*pod);
        let nodes = 0..state.model.nodes.len();
        if nodes
            .clone()
            .any(|to| to != node && state.fits(*pod, to).is_ok())
        {
            continue;
        }
        let why = no_place(state, *pod, node);
        let better = |(other, before): &(usize, NoPlace)| rank(*pod, &why) < rank(*other, before);
        if found.as_ref().is_none_or(better) {
            found = Some((*pod, why));
        }
    }
    found
}

fn tally(state: &State<'_>, pod: usize, nodes: &[usize]) -> NoPlace {
    let mut why = NoPlace::default();
    let mut nearest = f64::INFINITY;
    for node in nodes {
        let hinder = state.would_fit(pod, *node);
        // Room alone would not do where a rule is against it too.
        let hinder = match hinder {
            Err(Hinder::Room) => state.rules_hold(pod, *node).and(hinder),
            _ => hinder,
        };
        match hinder {
            Ok(()) => why.drained += 1,
            Err(Hinder::Closed) => {}
            Err(Hinder::Off) => why.off += 1,
            Err(Hinder::Devices) => why.devices += 1,
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
