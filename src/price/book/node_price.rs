//! What a node costs, and what of it leaves the bill with it.

use std::collections::BTreeMap;

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
    /// Share of the price that is paid by a commitment, 0 to 1.
    pub committed: f64,
    /// What the commitment covers of all nodes that it is about, where there is one.
    pub shared: Option<Shared>,
    /// Share of what the node would cost without commitments that they cover, 0 to 1.
    pub covered: f64,
    /// Before discounts and commitments, an hour.
    pub gross: Money,
    /// Before commitments, an hour.
    pub contracted: Money,
}

/// A commitment: it covers what nodes stay, so that what it does not cover leaves the bill
/// first, and what it covers is paid for without any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    /// Which of the commitments.
    pub commitment: usize,
    /// What the node would cost without it, a month.
    pub full: Money,
    /// What of the nodes that it is about it does not cover, a month: what leaves the bill
    /// with all of them.
    pub uncovered: Money,
}

/// What leaves the bill with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worth {
    /// A month, where it goes alone.
    pub alone: Money,
    pub shared: Option<Shared>,
}

impl Worth {
    /// What leaves the bill with all of these nodes, a month.
    pub fn of_all(gone: impl IntoIterator<Item = Self>) -> Money {
        let mut by_commitment: BTreeMap<usize, (Money, Money)> = BTreeMap::new();
        let mut leaves = Money::ZERO;
        for worth in gone {
            match worth.shared {
                None => leaves += worth.alone,
                Some(it) => {
                    let sum = by_commitment.entry(it.commitment);
                    sum.or_insert((Money::ZERO, it.uncovered)).0 += it.full;
                }
            }
        }
        let shared = by_commitment.into_values();
        leaves + shared.map(|(full, most)| full.min(most)).sum::<Money>()
    }
}

impl NodePrice {
    /// What leaves the bill with the node, a month, where it goes alone.
    pub fn leaves(&self) -> Money {
        self.worth().alone
    }

    /// What leaves the bill with the node.
    pub fn worth(&self) -> Worth {
        let uncovered = |it: Shared| it.full.min(it.uncovered);
        let alone = self.shared.map_or(self.monthly, uncovered);
        Worth {
            alone,
            shared: self.shared,
        }
    }
}
