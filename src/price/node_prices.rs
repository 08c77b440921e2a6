use super::book::{Basis, PriceSource, Quote, Terms};
use crate::snapshot::{Node, label};
use crate::text::count;
use crate::units::{Currency, Money};

/// What nodes say of themselves: the price of custom pools and of machines of one's own.
#[derive(Debug)]
pub(super) struct NodePrices {
    /// Of a label or an annotation, which holds what the node costs an hour.
    key: String,
    currency: Currency,
}

impl NodePrices {
    pub(super) fn new(key: String, currency: Currency) -> Self {
        Self { key, currency }
    }
}

impl NodePrices {
    /// Of how many nodes it is not known by this, where there are any: a snapshot keeps plain
    /// numbers alone, so that one with a sign or a word before it says nothing.
    pub(super) fn silent(&self, nodes: &[Node]) -> Option<String> {
        let silent = nodes.iter().filter(|it| self.quote(it).is_none()).count();
        (silent > 0).then(|| {
            let nodes = count(silent, "node");
            format!("{nodes} without a plain number above 0 in `{}`", self.key)
        })
    }
}

impl PriceSource for NodePrices {
    fn name(&self) -> &'static str {
        "node"
    }

    fn description(&self) -> String {
        format!("what nodes say in `{}`, in {}", self.key, self.currency)
    }

    fn quote(&self, node: &Node) -> Option<Quote> {
        let hourly: Money = label(&node.prices, &self.key)?.parse().ok()?;
        // Nobody is given machines: a 0 stands for what is not known.
        (hourly > Money::ZERO).then(|| Quote {
            hourly,
            rates: None,
            basis: Basis::Quoted,
            origin: format!("`{}` of the node", self.key),
        })
    }

    fn terms(&self) -> Terms {
        Terms::Own
    }
}
