//! Pods onto nodes, by their requests, as a scheduler that fills up would.
//!
//! Simpler than what advice packs by (the room `pack`), and apart from it: a judge that shares
//! the code of what it judges shares its mistakes.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::units::count_from;

/// The numbers below `len` in an order of their own for each seed.
pub(super) fn shuffled(len: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    order
}

/// First fit: each pod goes to the first node with room, else to a new one.
///
/// New nodes take the sizes of `nodes` in turn. A pod larger than the node that
/// comes up for it gets a node of its own. Requests and sizes in bytes.
pub(super) fn first_fit(requests: &[f64], order: &[usize], nodes: &[f64]) -> Vec<Vec<usize>> {
    let mut free: Vec<u64> = Vec::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for &pod in order {
        let needed = count_from(requests[pod]);
        let place = free.iter().position(|room| needed <= *room);
        let place = place.unwrap_or_else(|| {
            free.push(count_from(nodes[free.len() % nodes.len()]));
            groups.push(Vec::new());
            free.len() - 1
        });
        free[place] = free[place].saturating_sub(needed);
        groups[place].push(pod);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_the_first_node_with_room() {
        let groups = first_fit(&[6.0, 5.0, 4.0, 20.0], &[0, 1, 2, 3], &[10.0]);
        assert_eq!(groups, vec![vec![0, 2], vec![1], vec![3]]);
    }

    #[test]
    fn an_order_is_a_permutation_and_fixed() {
        let order = shuffled(50, 3);
        assert_eq!(order, shuffled(50, 3));
        assert_ne!(order, shuffled(50, 4));
        let mut sorted = order;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..50));
    }
}
