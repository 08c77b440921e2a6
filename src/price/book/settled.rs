//! What the first source that knows says of a node, and what commitments cover of it.

use std::sync::Arc;

use super::node_price::{Committed, Pool, Shared};
use super::split::split;
use super::{NodePrice, Quote, Terms};
use crate::price::Rates;
use crate::price::sheet::Sheet;
use crate::snapshot::Node;
use crate::units::Money;

/// A quote, and whose it is.
#[derive(Debug, Clone)]
pub(super) struct Settled {
    pub(super) source: &'static str,
    pub(super) terms: Terms,
    /// Less discounts.
    pub(super) quote: Quote,
    /// Before those, an hour.
    pub(super) gross: Money,
    /// Before commitments, an hour.
    pub(super) contracted: Money,
}

impl Settled {
    /// The price over what the node has; `beside` is what a core and a GiB cost beside GPUs.
    pub(super) fn over(self, node: &Node, beside: &Rates) -> NodePrice {
        let Self {
            source,
            quote,
            gross,
            contracted,
            ..
        } = self;
        NodePrice {
            hourly: quote.hourly,
            monthly: quote.hourly.monthly(),
            rates: quote
                .rates
                .unwrap_or_else(|| split(quote.hourly, node, beside)),
            source,
            basis: quote.basis,
            origin: quote.origin,
            committed: 0.0,
            shared: None,
            covered: 0.0,
            gross,
            contracted,
        }
    }
}

/// What commitments leave of each node that they are about; `covered` is what each covers
/// of it.
pub(super) fn shared(
    sheet: &Sheet,
    nodes: &[Node],
    settled: &[Settled],
    covered: &[Vec<(usize, f64)>],
) -> Vec<Option<Shared>> {
    let order = sheet.in_order();
    let place = |commitment: usize| order.iter().position(|it| *it == commitment);
    let of = |((node, settled), covered): ((&Node, &Settled), &Vec<(usize, f64)>)| {
        let about = (0..order.len()).filter(|at| sheet.commits_to(order[*at], node));
        let hourly = settled.quote.hourly;
        // What is billed is net of them.
        let net = sheet.factor(covered);
        let billed = settled.terms == Terms::Billed && net > 0.0;
        let full = if billed {
            hourly.scale(1.0 / net)
        } else {
            hourly
        };
        let covered = covered.iter();
        let covered = covered.filter_map(|(at, share)| Some((place(*at)?, *share)));
        Committed {
            about: about.collect(),
            full: full.monthly(),
            covered: covered.collect(),
        }
    };
    let each = nodes.iter().zip(settled).zip(covered);
    let each: Vec<Committed> = each.map(of).collect();
    let (pool, sets) = Pool::new(order.len(), &each);
    let pool = Arc::new(pool);
    let shared = each.into_iter().zip(sets).map(|(it, set)| {
        (!it.about.is_empty()).then(|| Shared {
            pool: pool.clone(),
            set,
            full: it.full,
        })
    });
    shared.collect()
}
