//! What each node costs, by the first source that knows.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

mod kind;
mod node_price;
mod settled;
mod source;
mod split;
mod words;

use super::Rates;
use super::billed::Billed;
use super::default_rates::{ALIKE, BY_MODEL, DefaultRates};
use super::list::ListPrices;
use super::node_prices::NodePrices;
use super::sheet::{Coverage, Sheet, Unused};
use crate::snapshot::{CapacityType, Node};
use crate::units::{Currency, Money};

pub use node_price::{NodePrice, Worth};
pub use source::{Basis, PriceSource, Quote, Terms};

pub(super) use split::split;

use kind::Kind;
use settled::{Settled, shared};

/// Sources in order, in one currency.
#[derive(Debug, Clone)]
pub struct Book {
    currency: Currency,
    sources: Vec<Arc<dyn PriceSource>>,
    sheet: Option<Arc<Sheet>>,
    billed: Option<Arc<Billed>>,
    said: Option<Arc<NodePrices>>,
    /// Nodes of other clusters that are told of beside: commitments are shared with them.
    others: Others,
}

/// Nodes of other clusters: all but those of one's own.
#[derive(Debug, Clone, Default)]
struct Others {
    all: Arc<[Node]>,
    own: Range<usize>,
}

impl Others {
    fn parts(&self) -> [&[Node]; 2] {
        [&self.all[..self.own.start], &self.all[self.own.end..]]
    }
}

/// The books that need no file, by name; the first is the default.
const NAMES: [&str; 2] = ["list", "default"];

impl Default for Book {
    fn default() -> Self {
        Self {
            currency: Currency::USD,
            sources: vec![Arc::new(ListPrices), Arc::new(BY_MODEL)],
            sheet: None,
            billed: None,
            said: None,
            others: Others::default(),
        }
    }
}

impl Book {
    /// The names of books that need no file; the first is the default.
    pub fn names() -> &'static [&'static str; 2] {
        &NAMES
    }

    /// A book that needs no file.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "list" => Some(Self::default()),
            "default" => Some(Self {
                sources: vec![Arc::new(ALIKE)],
                ..Self::default()
            }),
            _ => None,
        }
    }

    /// The user's own prices first, then the list, which is in dollars: where the sheet does
    /// not say what one is, there is none.
    pub fn with_sheet(sheet: Sheet) -> Self {
        let sheet = Arc::new(sheet);
        let mut sources: Vec<Arc<dyn PriceSource>> = vec![sheet.clone()];
        if sheet.dollar().is_some() {
            sources.extend(Self::default().sources);
        }
        Self {
            currency: sheet.currency,
            sources,
            sheet: Some(sheet),
            billed: None,
            said: None,
            others: Others::default(),
        }
    }

    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The user's own prices.
    pub fn sheet(&self) -> Option<&Sheet> {
        self.sheet.as_deref()
    }

    /// What nodes say of themselves, in this label or annotation: after the user's own prices.
    #[must_use]
    pub fn with_node_prices(mut self, key: &str) -> Self {
        let said = Arc::new(NodePrices::new(key.to_owned(), self.currency));
        self.said = Some(said.clone());
        self.with(said)
    }

    /// What is really billed, in dollars, before list prices.
    #[must_use]
    pub fn with_billed(mut self, billed: Billed) -> Self {
        let billed = Arc::new(billed);
        self.billed = Some(billed.clone());
        if self.dollar().is_some() {
            self.with(billed)
        } else {
            self
        }
    }

    /// For one of several clusters, whose nodes are these of all: commitments cover them and
    /// those of the others alike, so that together they cover no more than they do.
    #[must_use]
    pub fn one_of(mut self, all: Arc<[Node]>, own: Range<usize>) -> Self {
        self.others = Others { all, own };
        self
    }

    /// Before the list and the default rates.
    fn with(mut self, source: Arc<dyn PriceSource>) -> Self {
        let mut sources = self.sources.iter();
        let place = sources.position(|it| it.terms() == Terms::List);
        self.sources
            .insert(place.unwrap_or(self.sources.len()), source);
        self
    }

    /// What a dollar is in the currency of the book; `None` where nothing says that, and
    /// nothing that is known in dollars has a price.
    pub(super) fn dollar(&self) -> Option<f64> {
        self.sheet().map_or(Some(1.0), Sheet::dollar)
    }

    /// What so many dollars are in the currency of the book.
    pub(super) fn of_dollars(&self, dollars: Money) -> Option<Money> {
        self.dollar().map(|it| dollars.scale(it))
    }

    /// What is really billed.
    pub(super) fn billed(&self) -> Option<&Billed> {
        self.billed.as_deref()
    }

    /// What this node costs, where there is no other.
    pub fn price(&self, node: &Node) -> NodePrice {
        let mut prices = self.prices(std::slice::from_ref(node)).into_iter();
        prices
            .next()
            .unwrap_or_else(|| self.over(self.settled(node), node))
    }

    /// What these nodes cost.
    pub fn prices(&self, nodes: &[Node]) -> Vec<NodePrice> {
        let settled = self.all_settled(nodes);
        let sheet = self.sheet.as_deref().filter(|it| it.is_committed());
        let Some(sheet) = sheet else {
            let each = nodes.iter().zip(settled);
            return each.map(|(node, it)| self.over(it, node)).collect();
        };
        let mut covered = self.coverage(sheet, nodes, &settled).shares;
        covered.truncate(nodes.len());
        let shared = shared(sheet, nodes, &settled, &covered);
        let each = nodes.iter().zip(settled).zip(covered).zip(shared);
        let each = each.map(|(((node, it), covered), shared)| {
            let net = sheet.factor(&covered);
            // What is billed is net of commitments already.
            let settled = if it.terms == Terms::Billed {
                let before = |paid: Money| {
                    if net > 0.0 {
                        paid.scale(1.0 / net)
                    } else {
                        paid
                    }
                };
                Settled {
                    gross: before(it.gross),
                    contracted: before(it.contracted),
                    ..it
                }
            } else {
                Settled {
                    quote: sheet.committed(it.quote.clone(), &covered),
                    ..it
                }
            };
            NodePrice {
                committed: sheet.paid(&covered) / net.max(f64::MIN_POSITIVE),
                shared,
                covered: covered.iter().map(|it| it.1).sum(),
                ..self.over(settled, node)
            }
        });
        each.collect()
    }

    /// What commitments cover of these nodes, and after them of those of other clusters, which
    /// they are shared with.
    fn coverage(&self, sheet: &Sheet, nodes: &[Node], settled: &[Settled]) -> Coverage {
        self.beside_others(nodes, settled, |all| sheet.cover(all))
    }

    /// What there is to say of these nodes and after them of those of other clusters, each
    /// with what it costs an hour without commitments.
    fn beside_others<T>(
        &self,
        nodes: &[Node],
        settled: &[Settled],
        say: impl FnOnce(&[(&Node, Money)]) -> T,
    ) -> T {
        let others = self.of_others();
        let each = nodes.iter().zip(settled);
        let each = each.chain(others.iter().map(|(node, it)| (*node, it)));
        let each: Vec<(&Node, Money)> = each.map(|(node, it)| (node, it.quote.hourly)).collect();
        say(&each)
    }

    fn of_others(&self) -> Vec<(&Node, Settled)> {
        let parts = self.others.parts().into_iter();
        let each = parts.flat_map(|nodes| nodes.iter().zip(self.all_settled(nodes)));
        each.collect()
    }

    /// What anyone is asked for such a node on demand, where the list has it and the book
    /// says what a dollar is.
    pub fn list(&self, node: &Node) -> Option<Money> {
        let on_demand = Node {
            capacity_type: CapacityType::OnDemand,
            ..node.clone()
        };
        let quote = ListPrices.quote(&on_demand)?;
        self.of_dollars(quote.hourly)
    }

    /// What is committed and covers none of these nodes, nor of those of other clusters.
    pub fn unused(&self, nodes: &[Node]) -> Unused {
        let Some(sheet) = self.sheet.as_deref() else {
            return Unused::default();
        };
        self.coverage(sheet, nodes, &self.all_settled(nodes)).unused
    }

    /// The same book with commitments to the amounts that they cover of these nodes, so that
    /// they are the same whichever nodes come and go; `None` without any.
    pub fn committed_to(&self, nodes: &[Node]) -> Option<Self> {
        let sheet = self.sheet.as_deref().filter(|it| it.is_committed())?;
        let settled = self.all_settled(nodes);
        let fixed = self.beside_others(nodes, &settled, |all| sheet.fixed(all));
        Some(Self {
            sheet: Some(Arc::new(fixed)),
            ..self.clone()
        })
    }

    /// What is paid an hour for these nodes, with what is committed and covers none of them.
    pub fn hourly(&self, nodes: &[Node]) -> Money {
        let nodes_alone: Money = self.prices(nodes).iter().map(|it| it.hourly).sum();
        nodes_alone + self.unused(nodes).hourly
    }

    /// What this node costs where no commitment is about it.
    pub fn uncommitted(&self, node: &Node) -> NodePrice {
        self.over(self.settled(node), node)
    }

    /// By the first source that knows, without commitments; equal nodes are looked up once.
    fn all_settled(&self, nodes: &[Node]) -> Vec<Settled> {
        let mut known: HashMap<Kind<'_>, Settled> = HashMap::new();
        let by_name = self.billed.is_some();
        let settled = nodes.iter().map(|node| {
            let settled = known.entry(Kind::of(node, by_name));
            settled.or_insert_with(|| self.settled(node)).clone()
        });
        settled.collect()
    }

    fn settled(&self, node: &Node) -> Settled {
        let mut sources = self.sources.iter();
        let found = sources.find_map(|source| {
            let quote = source.quote(node)?;
            Some((source.name(), source.terms(), quote))
        });
        let (source, terms, quote) = found.unwrap_or_else(|| self.unknown(node));
        let quote = if terms == Terms::List {
            quote.with_doubts(node)
        } else {
            quote
        };
        let gross = quote.hourly;
        let (gross, quote) = match &self.sheet {
            Some(sheet) if terms != Terms::Own => (
                self.of_dollars(gross).unwrap_or(gross),
                sheet.settled(quote, terms, node),
            ),
            _ => (gross, quote),
        };
        Settled {
            source,
            terms,
            gross,
            contracted: quote.hourly,
            quote,
        }
    }

    /// Of a node that no source knows.
    fn unknown(&self, node: &Node) -> (&'static str, Terms, Quote) {
        let rates = self.rates(None);
        let quote = Quote {
            hourly: rates.of_machine(node),
            rates: Some(rates),
            basis: Basis::Default,
            origin: "as any node".to_owned(),
        };
        ("default", Terms::Own, quote)
    }

    /// What is said of a node over what it has.
    fn over(&self, settled: Settled, node: &Node) -> NodePrice {
        let beside = match &self.sheet {
            Some(sheet) => sheet.beside(node),
            None => DefaultRates::of(node.capacity_type),
        };
        settled.over(node, &beside)
    }

    /// What resources cost on this node; with `None`, those of a pod on no known node.
    pub fn rates(&self, node: Option<&Node>) -> Rates {
        match (node, &self.sheet) {
            (Some(node), _) => self.price(node).rates,
            (None, Some(sheet)) => sheet.any_rates(),
            (None, None) => DefaultRates::any(),
        }
    }
}
