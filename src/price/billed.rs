use std::collections::BTreeMap;

use super::Rates;
use super::book::{Basis, PriceSource, Quote, Terms};
use crate::snapshot::Node;
use crate::units::Money;

/// What an OpenCost says that nodes, volumes and load balancers really cost, in dollars.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Billed {
    /// Where it answers.
    pub url: String,
    /// When what it is from ended: `2026-11-29`.
    pub date: String,
    /// By the name of the node.
    pub nodes: BTreeMap<String, BilledNode>,
    /// A GiB for a month, by storage class.
    pub storage: BTreeMap<String, Money>,
    /// One for an hour, on average.
    pub load_balancer: Option<Money>,
}

/// What a node costs an hour: the whole, or what its resources do.
#[derive(Debug, Clone, PartialEq)]
pub struct BilledNode {
    pub hourly: Option<Money>,
    pub rates: Option<Rates>,
}

impl Billed {
    /// Where it is, and of which day.
    pub(super) fn origin(&self) -> String {
        match self.date.as_str() {
            "" => format!("OpenCost at {}", self.url),
            date => format!("OpenCost at {} to {date}", self.url),
        }
    }
}

impl PriceSource for Billed {
    fn name(&self) -> &'static str {
        "opencost"
    }

    fn description(&self) -> String {
        self.origin()
    }

    fn quote(&self, node: &Node) -> Option<Quote> {
        let found = self.nodes.get(&node.name)?;
        let hourly = match (found.hourly, &found.rates) {
            (Some(hourly), _) => hourly,
            (None, Some(rates)) => rates.of_machine(node),
            (None, None) => return None,
        };
        Some(Quote {
            hourly,
            // The whole is what is paid, so that its parts are those of the whole.
            rates: found.rates.clone().filter(|_| found.hourly.is_none()),
            basis: Basis::Quoted,
            origin: self.description(),
        })
    }

    fn terms(&self) -> Terms {
        Terms::Billed
    }
}
