//! Who says what a node costs, and how good that is.

use std::fmt;

use crate::price::Rates;
use crate::snapshot::{Node, Sold};
use crate::units::Money;

/// Where prices come from.
///
/// Implement it in a new file of `price`, and give it its place in [`super::Book::named`].
pub trait PriceSource: fmt::Debug + Send + Sync {
    /// As it stands in machine output and after `--prices`. Never renamed.
    fn name(&self) -> &'static str;
    /// What it is, of which date: one line for the report.
    fn description(&self) -> String;
    /// What a node costs; `None` where the source does not know it.
    fn quote(&self, node: &Node) -> Option<Quote>;
    /// On which terms it says so.
    fn terms(&self) -> Terms {
        Terms::List
    }
}

/// On which terms a price is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// What anyone is asked, in dollars: before discounts and commitments.
    List,
    /// What is billed, in dollars: net of discounts and commitments already.
    Billed,
    /// What the user pays, in the currency of the book: net of discounts already.
    Own,
}

/// What a source says of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote {
    /// The whole node, an hour.
    pub hourly: Money,
    /// What its resources cost, where the source says that too.
    pub rates: Option<Rates>,
    pub basis: Basis,
    /// `m6i.2xlarge in us-east-1, list of 2026-07-20; on demand`.
    pub origin: String,
}

/// How good a price is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// Someone who knows says so.
    Quoted,
    /// Of this type, by what its family costs here against elsewhere.
    Inferred,
    /// By what similar machines cost.
    Estimated,
    /// At rates that stand for any machine.
    Default,
}

impl Quote {
    /// So many times it, and why.
    pub(in crate::price) fn times(self, factor: f64, notes: &[String]) -> Self {
        if notes.is_empty() {
            return self;
        }
        Self {
            hourly: self.hourly.scale(factor),
            rates: self.rates.map(|it| it.scale(factor)),
            basis: self.basis,
            origin: format!("{}, {}", self.origin, notes.join(", ")),
        }
    }

    /// What a list leaves out of such a node.
    pub(super) fn with_doubts(self, node: &Node) -> Self {
        self.of_linux(node).of_machines(node)
    }

    /// Lists are of machines with Linux: what Windows adds to that is not in them.
    fn of_linux(mut self, node: &Node) -> Self {
        if node.is_windows() {
            self.basis = self.basis.max(Basis::Estimated);
            self.origin
                .push_str(", as with Linux: without the licence of Windows");
        }
        self
    }

    /// Lists are of machines: what those ask who sell pods one by one is not in them.
    fn of_machines(mut self, node: &Node) -> Self {
        if let Some(sold) = Sold::on(Some(node), &node.name) {
            self.basis = self.basis.max(Basis::Estimated);
            let text = format!(", as a machine: no list has the rates of {}", sold.name());
            self.origin.push_str(&text);
        }
        self
    }
}

impl Basis {
    pub fn name(self) -> &'static str {
        match self {
            Self::Quoted => "quoted",
            Self::Inferred => "inferred",
            Self::Estimated => "estimated",
            Self::Default => "default",
        }
    }
}
