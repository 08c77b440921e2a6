//! What is committed to: how much of the nodes it covers, and what of it covers none.
//!
//! Several may be about one node: what the first leaves of it the next one covers.
//!
//! Every commitment is to an amount. Providers bill what is used up to it at the lower price,
//! and the rest at the usual one, so that what it does not cover goes first with the nodes that
//! go. Source: AWS, "How Savings Plans apply to your usage"; Google Cloud, "Committed use
//! discounts".

use std::cmp::Reverse;

use super::row::Match;
use super::{Sheet, percent};
use crate::price::book::Quote;
use crate::snapshot::{CapacityType, Node};
use crate::text::money;
use crate::units::{Currency, Money, len_f64};

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

/// The nodes that a commitment is about, as those before it leave them to it.
struct Open {
    /// How many there are.
    nodes: f64,
    /// What they cost an hour without commitments.
    hourly: f64,
    /// How many are left to it; a part of one counts as that part.
    left_nodes: f64,
    /// What those cost an hour.
    left_hourly: f64,
}

impl Commitment {
    /// Share that it covers of what is left to it.
    fn share_of(&self, open: &Open) -> f64 {
        let share = match self.covered {
            Covered::Share(share) => share * open.hourly / open.left_hourly,
            Covered::Nodes(covered) => covered / open.left_nodes,
            // It is paid at the lower price, and covers what that would cost at the higher.
            Covered::Hourly(paid) => paid.to_f64() / ((1.0 - self.share) * open.left_hourly),
        };
        if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    /// What is paid an hour for what it covers beyond what is left to it; `None` where nothing
    /// says what such a node costs.
    fn unused(&self, open: &Open) -> Option<f64> {
        let lower = 1.0 - self.share;
        match self.covered {
            Covered::Share(share) => {
                Some((lower * (share * open.hourly - open.left_hourly)).max(0.0))
            }
            Covered::Nodes(covered) if covered <= open.left_nodes => Some(0.0),
            // Those that are not here cost as those that are.
            Covered::Nodes(covered) => (open.nodes > 0.0)
                .then(|| (covered - open.left_nodes) * lower * open.hourly / open.nodes),
            Covered::Hourly(paid) => Some((paid.to_f64() - lower * open.left_hourly).max(0.0)),
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

/// What commitments cover of nodes.
pub(in crate::price) struct Coverage {
    /// For each node the commitments that cover something of it, and which share of what it
    /// costs without any.
    pub(in crate::price) shares: Vec<Vec<(usize, f64)>>,
    pub(in crate::price) unused: Unused,
}

impl Sheet {
    /// Commitments in the order in which they are used up: those with most conditions first,
    /// as a reservation comes before a savings plan, of equals in their order.
    pub(in crate::price) fn in_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.commitments.len()).collect();
        order.sort_by_key(|at| Reverse(self.commitments[*at].of.closeness()));
        order
    }

    /// Whether a commitment is about a node. No provider's covers spot.
    pub(in crate::price) fn commits_to(&self, at: usize, node: &Node) -> bool {
        node.capacity_type != CapacityType::Spot && self.commitments[at].of.fits(node)
    }

    /// What commitments cover of nodes that cost so much an hour without them. Each covers the
    /// same share of all that those before it leave of the nodes that it is about.
    pub(in crate::price) fn cover(&self, nodes: &[(&Node, Money)]) -> Coverage {
        let mut left = vec![1.0; nodes.len()];
        let mut shares = vec![Vec::new(); nodes.len()];
        let mut unused = Unused::default();
        let mut beyond = 0.0;
        for at in self.in_order() {
            let is = nodes.iter().enumerate();
            let is = is.filter(|(_, (node, _))| self.commits_to(at, node));
            let about: Vec<usize> = is.map(|(place, _)| place).collect();
            let sum = |of: &dyn Fn(usize) -> f64| about.iter().map(|place| of(*place)).sum::<f64>();
            let hourly = |place: usize| nodes[place].1.to_f64();
            let open = Open {
                nodes: len_f64(about.len()),
                hourly: sum(&hourly),
                left_nodes: sum(&|place| left[place]),
                left_hourly: sum(&|place| left[place] * hourly(place)),
            };
            let commitment = &self.commitments[at];
            match commitment.unused(&open) {
                Some(more) => beyond += more,
                None => unused.unpriced += 1,
            }
            let share = commitment.share_of(&open);
            for place in about {
                let covered = left[place] * share;
                if covered > 0.0 {
                    shares[place].push((at, covered));
                    left[place] -= covered;
                }
            }
        }
        unused.hourly = Money::from_f64(beyond);
        Coverage { shares, unused }
    }

    pub(in crate::price) fn is_committed(&self) -> bool {
        !self.commitments.is_empty()
    }

    /// The same with every commitment to what is paid for it an hour, where these nodes, by
    /// what they cost without any, say what that is.
    pub(in crate::price) fn fixed(&self, nodes: &[(&Node, Money)]) -> Self {
        let each = self.commitments.iter().enumerate().map(|(at, it)| {
            let about = nodes.iter().filter(|(node, _)| self.commits_to(at, node));
            let (count, hourly) = about.fold((0.0, 0.0), |(count, sum), (_, hourly)| {
                (count + 1.0, sum + hourly.to_f64())
            });
            let usual = match it.covered {
                Covered::Share(share) => Some(share * hourly),
                Covered::Nodes(covered) => (count > 0.0).then(|| covered * hourly / count),
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

    /// The price of a node of which commitments cover shares.
    pub(in crate::price) fn committed(&self, quote: Quote, covered: &[(usize, f64)]) -> Quote {
        let notes = covered.iter().map(|(at, covered)| {
            let (covered, less) = (percent(*covered), percent(self.commitments[*at].share));
            format!("{covered} % of it committed at {less} % less")
        });
        quote.times(self.factor(covered), &notes.collect::<Vec<_>>())
    }

    /// What of a node is paid by commitments, beside what it would cost without.
    pub(in crate::price) fn paid(&self, covered: &[(usize, f64)]) -> f64 {
        let paid = |(at, covered): &(usize, f64)| covered * (1.0 - self.commitments[*at].share);
        covered.iter().map(paid).sum()
    }

    /// What a node costs of which commitments cover shares, beside what it would without.
    pub(in crate::price) fn factor(&self, covered: &[(usize, f64)]) -> f64 {
        let all: f64 = covered.iter().map(|it| it.1).sum();
        (1.0 - all).max(0.0) + self.paid(covered)
    }

    /// Commitments to a share of nodes that are about none of these: others say what they
    /// cover of none.
    pub(in crate::price) fn stray_commitments(&self, nodes: &[&Node]) -> usize {
        let each = self.commitments.iter().enumerate();
        let is_stray = |(at, it): &(usize, &Commitment)| {
            let shares = matches!(it.covered, Covered::Share(_));
            shares && !nodes.iter().any(|node| self.commits_to(*at, node))
        };
        each.filter(is_stray).count()
    }
}
