//! What is committed to: how much of the nodes it covers, and what of it covers none.
//!
//! Every commitment is to an amount. Providers bill what is used up to it at the lower price,
//! and the rest at the usual one, so that what it does not cover goes first with the nodes that
//! go. Source: AWS, "How Savings Plans apply to your usage"; Google Cloud, "Committed use
//! discounts".

use super::Sheet;
use super::row::Match;
use crate::price::book::Quote;
use crate::snapshot::{CapacityType, Node};
use crate::text::money;
use crate::units::{Currency, Money};

/// Committed use, a savings plan or a reservation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Commitment {
    pub of: Match,
    pub covered: Covered,
    /// What is taken off what it covers, 0 to 1.
    pub share: f64,
}

/// How much a commitment covers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Covered {
    /// Of what the nodes that it is about cost today, 0 to 1: an amount, as of the others.
    Share(f64),
    /// So many of them.
    Nodes(f64),
    /// What is paid for it an hour, used or not.
    Hourly(Money),
}

impl Default for Covered {
    fn default() -> Self {
        Self::Share(0.0)
    }
}

impl Commitment {
    /// Share of these nodes that it covers, where there are so many that cost so much an
    /// hour together before it.
    fn share_of(&self, nodes: f64, hourly: f64) -> f64 {
        let share = match self.covered {
            Covered::Share(share) => share,
            Covered::Nodes(covered) => covered / nodes,
            // It is paid at the lower price, and covers what that would cost at the higher.
            Covered::Hourly(paid) => paid.to_f64() / ((1.0 - self.share) * hourly),
        };
        if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

impl Commitment {
    /// What is paid an hour for what it covers beyond these nodes; `None` where nothing says
    /// what such a node costs.
    fn unused(&self, nodes: f64, hourly: f64) -> Option<f64> {
        let lower = 1.0 - self.share;
        match self.covered {
            Covered::Share(_) => Some(0.0),
            Covered::Nodes(covered) if covered <= nodes => Some(0.0),
            // Those that are not here cost as those that are.
            Covered::Nodes(covered) => {
                (nodes > 0.0).then(|| (covered - nodes) * lower * hourly / nodes)
            }
            Covered::Hourly(paid) => Some((paid.to_f64() - lower * hourly).max(0.0)),
        }
    }
}

/// What is committed and covers none of the nodes that there are. It is paid for whether
/// other clusters use it or nobody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unused {
    pub hourly: Money,
    /// Commitments to nodes of which there is none that would say what one costs.
    pub unpriced: usize,
}

impl Unused {
    /// One sentence, where there is any.
    pub fn text(&self, currency: Currency) -> Option<String> {
        let monthly = self.hourly.monthly().to_cents();
        let (some, unpriced) = (monthly > Money::ZERO, self.unpriced > 0);
        let worth = match (some, unpriced) {
            (false, false) => return None,
            (true, false) => format!("of {} a month", money(monthly, &currency)),
            (true, true) => format!("of more than {} a month", money(monthly, &currency)),
            (false, true) => "to nodes of which none is here".to_owned(),
        };
        Some(format!(
            "commitments {worth} cover nothing here: they are paid for beside this, unless \
             another cluster uses them"
        ))
    }
}

impl Sheet {
    /// The commitment that is about a node: the first. No provider's covers spot.
    pub(in crate::price) fn commitment(&self, node: &Node) -> Option<usize> {
        let mut all = self.commitments.iter();
        let found = all.position(|it| it.of.fits(node));
        found.filter(|_| node.capacity_type != CapacityType::Spot)
    }

    /// For each commitment the share that it covers of the nodes that it is about, by what
    /// they cost without it.
    pub(in crate::price) fn covered<'a>(
        &self,
        nodes: impl Iterator<Item = (&'a Node, Money)>,
    ) -> Vec<f64> {
        let each = self.commitments.iter().zip(self.committed_to(nodes));
        each.map(|(it, (nodes, hourly))| it.share_of(nodes, hourly))
            .collect()
    }

    /// What is committed beyond these nodes, by what they cost without it.
    pub(in crate::price) fn unused<'a>(
        &self,
        nodes: impl Iterator<Item = (&'a Node, Money)>,
    ) -> Unused {
        let mut unused = Unused::default();
        let mut hourly = 0.0;
        let sums = self.committed_to(nodes);
        for (it, (nodes, cost)) in self.commitments.iter().zip(sums) {
            match it.unused(nodes, cost) {
                Some(more) => hourly += more,
                None => unused.unpriced += 1,
            }
        }
        unused.hourly = Money::from_f64(hourly);
        unused
    }

    pub(in crate::price) fn is_committed(&self) -> bool {
        !self.commitments.is_empty()
    }

    /// The same with every commitment to what is paid for it an hour, where these nodes say
    /// what that is.
    pub(in crate::price) fn fixed<'a>(
        &self,
        nodes: impl Iterator<Item = (&'a Node, Money)>,
    ) -> Self {
        let each = self.commitments.iter().zip(self.committed_to(nodes));
        let each = each.map(|(it, (nodes, hourly))| {
            let usual = match it.covered {
                Covered::Share(share) => Some(share * hourly),
                Covered::Nodes(covered) => (nodes > 0.0).then(|| covered * hourly / nodes),
                Covered::Hourly(_) => None,
            };
            let paid = usual.map(|usual| Money::from_f64(usual * (1.0 - it.share)));
            let covered = paid.map_or(it.covered, Covered::Hourly);
            Commitment {
                covered,
                ..it.clone()
            }
        });
        Self {
            commitments: each.collect(),
            ..self.clone()
        }
    }

    /// For each commitment how many of these nodes it is about, and what they cost an hour.
    fn committed_to<'a>(&self, nodes: impl Iterator<Item = (&'a Node, Money)>) -> Vec<(f64, f64)> {
        let mut sums = vec![(0.0, 0.0); self.commitments.len()];
        for (node, hourly) in nodes {
            if let Some(at) = self.commitment(node) {
                sums[at].0 += 1.0;
                sums[at].1 += hourly.to_f64();
            }
        }
        sums
    }

    /// The price of a node of which a commitment covers a share, and the share of that price
    /// that is paid by it, 0 to 1.
    pub(in crate::price) fn committed(
        &self,
        quote: Quote,
        at: usize,
        covered: f64,
    ) -> (Quote, f64) {
        let plan = &self.commitments[at];
        let paid = covered * (1.0 - plan.share);
        let note = format!(
            "{:.0} % of it committed at {:.0} % less",
            covered * 100.0,
            plan.share * 100.0
        );
        let factor = self.factor(at, covered);
        let share = paid / factor.max(f64::MIN_POSITIVE);
        (quote.times(factor, &[note]), share)
    }

    /// What a node costs of which a commitment covers a share, beside what it would without.
    pub(in crate::price) fn factor(&self, at: usize, covered: f64) -> f64 {
        covered * (1.0 - self.commitments[at].share) + (1.0 - covered)
    }
}
