//! Mixes of types: nodes of one type are filled, then each becomes the cheapest that holds
//! what is on it.

use super::Amounts;
use super::offer::Offer;

/// Types that are filled: those that would be cheapest if pods could be cut.
const FILLED: usize = 16;
/// Types that a mix has at most: every one is a group of nodes to look after.
const TYPES: usize = 3;

/// Nodes, each by its offer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Packed {
    pub(super) nodes: Vec<usize>,
}

impl Packed {
    /// An hour.
    pub(super) fn cost(&self, offers: &[Offer]) -> f64 {
        self.nodes.iter().map(|it| offers[*it].price.to_f64()).sum()
    }

    /// At least so many nodes: more of the cheapest.
    pub(super) fn grow(&mut self, offers: &[Offer], fewest: usize) {
        let each = (0..offers.len()).min_by_key(|at| (offers[*at].price, *at));
        if let Some(cheapest) = each {
            let more = fewest.saturating_sub(self.nodes.len());
            self.nodes.extend(std::iter::repeat_n(cheapest, more));
        }
    }
}

/// Mixes that hold these pods, the largest of which come first; the cheapest mix first.
pub(super) fn mixes(offers: &[Offer], wants: &[Amounts], demand: Amounts) -> Vec<Packed> {
    let in_pieces = |offer: &Offer| {
        let wanted = (0..4).filter(|at| demand[*at] > 0.0);
        let nodes = wanted
            .map(|at| demand[at] / offer.room[at])
            .fold(0.0, f64::max);
        nodes * offer.price.to_f64()
    };
    let mut order: Vec<usize> = (0..offers.len()).collect();
    order.sort_by(|a, b| {
        in_pieces(&offers[*a])
            .total_cmp(&in_pieces(&offers[*b]))
            .then(a.cmp(b))
    });
    let able = order.into_iter().filter(|at| {
        let room = offers[*at].room;
        wants.iter().all(|want| fits(want, &room))
    });
    let mut mixes: Vec<Packed> = able.take(FILLED).map(|at| mix(offers, wants, at)).collect();
    mixes.sort_by(|a, b| a.cost(offers).total_cmp(&b.cost(offers)));
    mixes.dedup();
    mixes
}

fn fits(want: &Amounts, room: &Amounts) -> bool {
    want.iter()
        .zip(room)
        .all(|(want, room)| *want <= *room * (1.0 + 1e-9))
}

fn mix(offers: &[Offer], wants: &[Amounts], filled: usize) -> Packed {
    let mut nodes = fill(&offers[filled].room, wants);
    let mut chosen: Vec<usize> = nodes
        .iter()
        .map(|held| smallest(offers, held, None, filled))
        .collect();
    // The most used types stay, and the one that holds anything.
    let mut counts = vec![0_usize; offers.len()];
    for at in &chosen {
        counts[*at] += 1;
    }
    let mut types: Vec<usize> = (0..offers.len())
        .filter(|at| counts[*at] > 0 && *at != filled)
        .collect();
    types.sort_by_key(|at| (std::cmp::Reverse(counts[*at]), *at));
    types.truncate(TYPES - 1);
    types.push(filled);
    for (chosen, held) in chosen.iter_mut().zip(&mut nodes) {
        *chosen = smallest(offers, held, Some(&types), filled);
    }
    chosen.sort_unstable();
    Packed { nodes: chosen }
}

/// First fit, of pods that come largest first; gives what each node holds.
fn fill(room: &Amounts, wants: &[Amounts]) -> Vec<Amounts> {
    let mut nodes: Vec<Amounts> = Vec::new();
    for want in wants {
        let holds = |held: &&mut Amounts| {
            let more = [0, 1, 2, 3].map(|at| held[at] + want[at]);
            fits(&more, room)
        };
        match nodes.iter_mut().find(holds) {
            Some(held) => held
                .iter_mut()
                .zip(want)
                .for_each(|(held, want)| *held += want),
            None => nodes.push(*want),
        }
    }
    nodes
}

/// The cheapest offer that holds this much, among these types where some are named.
fn smallest(offers: &[Offer], held: &Amounts, among: Option<&[usize]>, else_: usize) -> usize {
    let open = (0..offers.len()).filter(|at| among.is_none_or(|it| it.contains(at)));
    let able = open.filter(|at| fits(held, &offers[*at].room));
    let cheapest = able.min_by(|a, b| offers[*a].price.cmp(&offers[*b].price).then(a.cmp(b)));
    cheapest.unwrap_or(else_)
}
