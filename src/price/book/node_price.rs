//! What a node costs, and what of it leaves the bill with it.

use std::borrow::Borrow;
use std::sync::Arc;

use super::Basis;
use crate::price::Rates;
use crate::units::Money;

/// What a node costs, and what its resources do.
#[derive(Debug, Clone, PartialEq)]
pub struct NodePrice {
    /// An hour, whole.
    pub hourly: Money,
    /// A month; of nodes of a bill in hundredths that sum up to what it says of all.
    pub monthly: Money,
    /// The price over what the machine has.
    pub rates: Rates,
    /// [`PriceSource::name`].
    pub source: &'static str,
    pub basis: Basis,
    pub origin: String,
    /// Share of the price that is paid by commitments, 0 to 1.
    pub committed: f64,
    /// Where commitments are about it.
    pub shared: Option<Shared>,
    /// Share of what the node would cost without commitments that they cover, 0 to 1.
    pub covered: f64,
    /// Before discounts and commitments, an hour.
    pub gross: Money,
    /// Before commitments, an hour.
    pub contracted: Money,
}

/// What commitments leave of nodes: they cover what nodes stay, so that what they do not cover
/// leaves the bill first, and what they cover is paid for without any.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pool {
    /// In the order in which they are used up: what each covers, a month.
    covers: Vec<f64>,
    /// Nodes that the same commitments are about: which, in that order, and what the nodes
    /// would cost without them, a month.
    sets: Vec<(Vec<usize>, Money)>,
}

/// What commitments are to one node.
pub(super) struct Committed {
    /// Those that are about it, in the order in which they are used up.
    pub(super) about: Vec<usize>,
    /// What it would cost without them, a month.
    pub(super) full: Money,
    /// What share of that each covers.
    pub(super) covered: Vec<(usize, f64)>,
}

impl Pool {
    /// Of nodes, and which set each of them is of.
    pub(super) fn new(commitments: usize, nodes: &[Committed]) -> (Self, Vec<usize>) {
        let mut pool = Self {
            covers: vec![0.0; commitments],
            sets: Vec::new(),
        };
        let mut of = Vec::with_capacity(nodes.len());
        for Committed {
            about,
            full,
            covered,
        } in nodes
        {
            for (at, share) in covered {
                pool.covers[*at] += share * full.to_f64();
            }
            let known = pool.sets.iter().position(|it| it.0 == *about);
            let set = known.unwrap_or_else(|| {
                pool.sets.push((about.clone(), Money::ZERO));
                pool.sets.len() - 1
            });
            pool.sets[set].1 += *full;
            of.push(set);
        }
        (pool, of)
    }

    /// What commitments do not cover of the nodes without these, by set: a month.
    fn uncovered(&self, gone: &[Money]) -> f64 {
        let each = self.sets.iter().zip(gone);
        let left = each.map(|((_, full), gone)| (*full - *gone).floor_zero().to_f64());
        let mut left: Vec<f64> = left.collect();
        for (at, covers) in self.covers.iter().enumerate() {
            let about = |set: &usize| self.sets[*set].0.contains(&at);
            let sets: Vec<usize> = (0..left.len()).filter(about).collect();
            let open: f64 = sets.iter().map(|set| left[*set]).sum();
            let share = if open > *covers { covers / open } else { 1.0 };
            for set in sets {
                left[set] *= 1.0 - share;
            }
        }
        left.iter().sum()
    }

    /// What leaves the bill with nodes that would cost this much without commitments, by set,
    /// in hundredths.
    fn leaves(&self, gone: &[Money]) -> Money {
        let before = self.uncovered(&vec![Money::ZERO; gone.len()]);
        Money::from_f64(before - self.uncovered(gone))
            .floor_zero()
            .to_cents()
    }
}

/// A node that commitments are about.
#[derive(Debug, Clone, PartialEq)]
pub struct Shared {
    pub(super) pool: Arc<Pool>,
    /// Which of the sets of the pool it is of.
    pub(super) set: usize,
    /// What it would cost without them, a month.
    pub(super) full: Money,
}

impl Shared {
    /// What leaves the bill with it alone, a month.
    fn alone(&self) -> Money {
        let mut gone = vec![Money::ZERO; self.pool.sets.len()];
        gone[self.set] = self.full;
        self.pool.leaves(&gone)
    }
}

/// What leaves the bill with a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Worth {
    /// A month, where it goes alone.
    pub alone: Money,
    shared: Option<Shared>,
}

impl Worth {
    /// What leaves the bill with all of these nodes, a month.
    pub fn of_all<T: Borrow<Self>>(gone: impl IntoIterator<Item = T>) -> Money {
        let mut leaves = Money::ZERO;
        let mut pools: Vec<(Arc<Pool>, Vec<Money>)> = Vec::new();
        for worth in gone {
            let worth = worth.borrow();
            let Some(shared) = &worth.shared else {
                leaves += worth.alone;
                continue;
            };
            let same = |it: &(Arc<Pool>, _)| Arc::ptr_eq(&it.0, &shared.pool);
            let known = pools.iter().position(same);
            let at = known.unwrap_or_else(|| {
                let none = vec![Money::ZERO; shared.pool.sets.len()];
                pools.push((shared.pool.clone(), none));
                pools.len() - 1
            });
            pools[at].1[shared.set] += shared.full;
        }
        let shared = pools.iter().map(|(pool, gone)| pool.leaves(gone));
        leaves + shared.sum::<Money>()
    }
}

impl NodePrice {
    /// What leaves the bill with the node, a month, where it goes alone.
    pub fn leaves(&self) -> Money {
        let shared = self.shared.as_ref();
        shared.map_or(self.monthly, Shared::alone)
    }

    /// What leaves the bill with the node.
    pub fn worth(&self) -> Worth {
        Worth {
            alone: self.leaves(),
            shared: self.shared.clone(),
        }
    }
}
