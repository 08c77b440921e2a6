//! What the first source that knows says of a node, and what commitments cover of it.

use super::split::split;
use super::{NodePrice, Quote, Shared, Terms};
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

/// What commitments cover of each node, by what they cover of what all that they are about
/// cost without them.
pub(super) fn shared(
    sheet: &Sheet,
    nodes: &[Node],
    settled: &[Settled],
    covered: &[f64],
) -> Vec<Option<Shared>> {
    let full = |(node, it): (&Node, &Settled)| {
        let at = sheet.commitment(node)?;
        let hourly = it.quote.hourly;
        // What is billed is net of it.
        let net = sheet.factor(at, covered[at]);
        let billed = it.terms == Terms::Billed && net > 0.0;
        Some((
            at,
            if billed {
                hourly.scale(1.0 / net)
            } else {
                hourly
            },
        ))
    };
    let full: Vec<Option<(usize, Money)>> = nodes.iter().zip(settled).map(full).collect();
    let mut sums = vec![Money::ZERO; covered.len()];
    for (at, hourly) in full.iter().flatten() {
        sums[*at] += *hourly;
    }
    let each = full.into_iter().map(|it| {
        let (commitment, hourly) = it?;
        let uncovered = sums[commitment].scale(1.0 - covered[commitment]);
        Some(Shared {
            commitment,
            full: hourly.monthly().to_cents(),
            uncovered: uncovered.monthly().to_cents(),
        })
    });
    each.collect()
}
