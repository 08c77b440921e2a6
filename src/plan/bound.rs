//! What no plan can do better than: a lower bound on nodes and on money.
//!
//! Nodes that some pod may move between are taken together. Of each such group, the
//! capacity that stays must hold what is requested, resource by resource, as if pods could
//! be cut into pieces; nodes that stay in any case count first.

use std::collections::HashMap;

use super::model::Model;
use super::state::State;
use crate::units::Money;

/// What remains at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Least {
    pub nodes: usize,
    /// What remaining nodes cost a month, of what leaves the bill with a node.
    pub cost: Money,
}

/// One node of a group.
struct Room<'a> {
    /// For pods that can move, by resource.
    has: Vec<f64>,
    price: Money,
    stays: bool,
    node: usize,
    model: &'a Model<'a>,
}

/// What remains at least of these nodes, where `stays` says which do in any case.
pub(super) fn least(state: &State<'_>, stays: &[bool]) -> Least {
    let model = state.model;
    let groups = groups(state);
    let mut least = Least::default();
    for group in groups {
        let rooms: Vec<Room<'_>> = group.iter().map(|node| room(state, *node, stays)).collect();
        let mut wanted = vec![0.0; model.resources.len()];
        for node in &group {
            for pod in movable(state, *node) {
                for (sum, want) in wanted.iter_mut().zip(state.want(pod)) {
                    *sum += want;
                }
            }
        }
        let (mut nodes, mut cost) = (0, Money::ZERO);
        for (resource, wanted) in wanted.iter().enumerate() {
            nodes = nodes.max(fewest(&rooms, resource, *wanted));
            cost = cost.max(cheapest(&rooms, resource, *wanted));
        }
        least.nodes += nodes;
        least.cost += cost;
    }
    least
}

fn movable<'s>(state: &'s State<'_>, node: usize) -> impl Iterator<Item = usize> + 's {
    let pods = state.on[node].iter().copied();
    pods.filter(|pod| !state.model.pods[*pod].tied)
}

/// Room for pods that can move: less reserve and what goes with the node, but never less
/// than they take there now.
fn room<'m>(state: &State<'m>, node: usize, stays: &[bool]) -> Room<'m> {
    let model = state.model;
    let mut now = vec![0.0; model.resources.len()];
    for pod in movable(state, node) {
        for (sum, want) in now.iter_mut().zip(state.want(pod)) {
            *sum += want;
        }
    }
    let takes = model.nodes[node].takes;
    let each = now.iter().zip(state.left(node));
    let has = each.map(|(now, left)| if takes { now + left.max(0.0) } else { *now });
    Room {
        has: has.collect(),
        price: model.nodes[node].price,
        stays: stays[node],
        node,
        model,
    }
}

fn fewest(rooms: &[Room<'_>], resource: usize, mut wanted: f64) -> usize {
    let stay = rooms.iter().filter(|it| it.stays);
    let mut nodes = stay.clone().count();
    wanted -= stay.map(|it| it.has[resource]).sum::<f64>();
    let rest = rooms.iter().filter(|it| !it.stays);
    let mut sizes: Vec<f64> = rest.map(|it| it.has[resource]).collect();
    sizes.sort_by(|a, b| b.total_cmp(a));
    for size in sizes {
        if wanted <= slack(rooms, resource) {
            break;
        }
        wanted -= size;
        nodes += 1;
    }
    nodes
}

/// Nodes by what their room costs, the last of them in part.
fn cheapest(rooms: &[Room<'_>], resource: usize, mut wanted: f64) -> Money {
    let stay = rooms.iter().filter(|it| it.stays);
    let mut cost: Money = stay.clone().map(|it| it.price).sum();
    wanted -= stay.map(|it| it.has[resource]).sum::<f64>();
    let rest = rooms
        .iter()
        .filter(|it| !it.stays && it.has[resource] > 0.0);
    let mut rest: Vec<&Room<'_>> = rest.collect();
    let rate = |it: &Room<'_>| it.price.to_f64() / it.has[resource];
    rest.sort_by(|a, b| rate(a).total_cmp(&rate(b)).then(a.node.cmp(&b.node)));
    for room in rest {
        if wanted <= slack(rooms, resource) {
            break;
        }
        let share = (wanted / room.has[resource]).min(1.0);
        cost += room.price.scale(share);
        wanted -= room.has[resource];
    }
    cost
}

/// What sums may be off by.
fn slack(rooms: &[Room<'_>], resource: usize) -> f64 {
    let mean = rooms.first().map_or(0.0, |it| it.model.mean[resource]);
    mean * 1e-6
}

/// Nodes in groups between which no pod can move.
fn groups(state: &State<'_>) -> Vec<Vec<usize>> {
    let model = state.model;
    let mut parent: Vec<usize> = (0..model.nodes.len()).collect();
    // Pods of one class that want the same resources say the same, but for where they are.
    let mut joined: HashMap<(usize, Vec<bool>), usize> = HashMap::new();
    for (pod, item) in model.pods.iter().enumerate() {
        let Some(home) = state.at[pod].filter(|_| !item.tied && item.fixed.is_none()) else {
            continue;
        };
        let wanted: Vec<bool> = state.want(pod).iter().map(|it| *it > 0.0).collect();
        let key = (item.class, wanted);
        let first = joined.get(&key).copied().unwrap_or_else(|| {
            let has = |node: usize| {
                let mut each = key.1.iter().zip(&model.nodes[node].has);
                each.all(|(wanted, has)| !wanted || *has > 0.0)
            };
            let allowed = model.classes[item.class].allowed.iter().enumerate();
            let allowed = allowed
                .filter(|(_, allowed)| **allowed)
                .map(|(node, _)| node);
            let mut open = allowed.filter(|node| model.nodes[*node].takes && has(*node));
            let first = open.next().unwrap_or(home);
            for node in open {
                join(&mut parent, first, node);
            }
            first
        });
        joined.insert(key, first);
        join(&mut parent, first, home);
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); parent.len()];
    for node in 0..parent.len() {
        let root = root(&mut parent, node);
        groups[root].push(node);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

fn join(parent: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(parent, a), root(parent, b));
    parent[a.max(b)] = a.min(b);
}

fn root(parent: &mut [usize], mut node: usize) -> usize {
    while parent[node] != node {
        parent[node] = parent[parent[node]];
        node = parent[node];
    }
    node
}
