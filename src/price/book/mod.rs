//! What each node costs, by the first source that knows.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

mod split;

use super::Rates;
use super::billed::Billed;
use super::default_rates::DefaultRates;
use super::list::ListPrices;
use super::node_prices::NodePrices;
use super::sheet::{Sheet, Unused};
use crate::snapshot::{CapacityType, Node, Resources};
use crate::text;
use crate::units::{Bytes, Cpu, Currency, Money};
use split::split;

/// Where prices come from.
///
/// Implement it in a new file of `price`, and give it its place in [`Book::named`].
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
    /// What is billed, in dollars: net of commitments already.
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
    pub(super) fn times(self, factor: f64, notes: &[String]) -> Self {
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
}

impl Quote {
    /// Lists are of machines with Linux: what Windows adds to that is not in them.
    fn of_linux(mut self, node: &Node) -> Self {
        if node.is_windows() {
            self.basis = self.basis.max(Basis::Estimated);
            self.origin
                .push_str(", as with Linux: without the licence of Windows");
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
    /// Share of the price that is paid whether the node is there or not, 0 to 1: what is
    /// committed.
    pub committed: f64,
    /// Where that is a number of machines or an amount, what it covers of several nodes.
    pub shared: Option<Shared>,
    /// Share of what the node would cost without commitments that they cover, 0 to 1.
    pub covered: f64,
    /// What anyone is asked for it on demand, an hour, in the currency of the book; `None`
    /// where no list has it.
    pub list: Option<Money>,
}

/// A commitment to a number of machines or to an amount: it covers what nodes stay, so that
/// what it does not cover leaves the bill first, and what it covers is paid for without any.
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
        let alone = match self.shared {
            Some(it) => it.full.min(it.uncovered),
            None if self.committed <= 0.0 => self.monthly,
            None => {
                let share = 1.0 - self.committed.min(1.0);
                self.monthly.scale(share).to_cents()
            }
        };
        Worth {
            alone,
            shared: self.shared,
        }
    }
}

/// Sources in order, in one currency.
#[derive(Debug, Clone)]
pub struct Book {
    currency: Currency,
    sources: Vec<Arc<dyn PriceSource>>,
    sheet: Option<Arc<Sheet>>,
    billed: Option<Arc<Billed>>,
    said: Option<Arc<NodePrices>>,
}

/// A quote, and whose it is.
#[derive(Debug, Clone)]
struct Settled {
    source: &'static str,
    terms: Terms,
    quote: Quote,
}

impl Settled {
    /// The price over what the node has.
    fn over(self, node: &Node) -> NodePrice {
        let Self { source, quote, .. } = self;
        NodePrice {
            hourly: quote.hourly,
            monthly: quote.hourly.monthly(),
            rates: quote.rates.unwrap_or_else(|| split(quote.hourly, node)),
            source,
            basis: quote.basis,
            origin: quote.origin,
            committed: 0.0,
            shared: None,
            covered: 0.0,
            list: None,
        }
    }
}

/// After the list, which knows what GPUs of a model cost.
const BY_MODEL: DefaultRates = DefaultRates {
    gpus_by_model: true,
};
/// The same rates for any node.
const ALIKE: DefaultRates = DefaultRates {
    gpus_by_model: false,
};

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

    /// The user's own prices first, then the list.
    pub fn with_sheet(sheet: Sheet) -> Self {
        let sheet = Arc::new(sheet);
        let mut sources: Vec<Arc<dyn PriceSource>> = vec![sheet.clone()];
        sources.extend(Self::default().sources);
        Self {
            currency: sheet.currency,
            sources,
            sheet: Some(sheet),
            billed: None,
            said: None,
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

    /// What is really billed, before list prices.
    #[must_use]
    pub fn with_billed(mut self, billed: Billed) -> Self {
        let billed = Arc::new(billed);
        self.billed = Some(billed.clone());
        self.with(billed)
    }

    /// Before the list and the default rates.
    fn with(mut self, source: Arc<dyn PriceSource>) -> Self {
        let mut sources = self.sources.iter();
        let place = sources.position(|it| it.terms() == Terms::List);
        self.sources
            .insert(place.unwrap_or(self.sources.len()), source);
        self
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
            .unwrap_or_else(|| self.settled(node).over(node))
    }

    /// What these nodes cost; equal ones are looked up once.
    pub fn prices(&self, nodes: &[Node]) -> Vec<NodePrice> {
        let mut known: HashMap<Kind<'_>, Settled> = HashMap::new();
        let by_name = self.billed.is_some();
        let settled = nodes.iter().map(|node| {
            let settled = known.entry(Kind::of(node, by_name));
            settled.or_insert_with(|| self.settled(node)).clone()
        });
        let settled: Vec<Settled> = settled.collect();
        let Some(sheet) = self.sheet.as_deref() else {
            let each = nodes.iter().zip(settled);
            return each.map(|(node, it)| it.over(node)).collect();
        };
        let each = nodes.iter().zip(&settled);
        let covered = sheet.covered(each.map(|(node, it)| (node, it.quote.hourly)));
        let shared = shared(sheet, nodes, &settled, &covered);
        let each = nodes.iter().zip(settled).zip(shared);
        let each = each.map(|((node, it), shared)| {
            let Some(at) = sheet.commitment(node) else {
                return it.over(node);
            };
            let (quote, committed) = sheet.committed(it.quote.clone(), at, covered[at]);
            // What is billed is net of commitments already.
            let quote = if it.terms == Terms::Billed {
                it.quote
            } else {
                quote
            };
            let settled = Settled { quote, ..it };
            NodePrice {
                committed,
                shared,
                covered: covered[at],
                ..settled.over(node)
            }
        });
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
        match self.sheet().and_then(|it| it.usd) {
            Some(usd) => Some(quote.hourly.scale(usd)),
            None => (self.currency == Currency::USD).then_some(quote.hourly),
        }
    }

    /// What is committed and covers none of these nodes.
    pub fn unused(&self, nodes: &[Node]) -> Unused {
        let Some(sheet) = self.sheet.as_deref() else {
            return Unused::default();
        };
        let settled: Vec<Money> = nodes
            .iter()
            .map(|node| self.settled(node).quote.hourly)
            .collect();
        sheet.unused(nodes.iter().zip(settled))
    }

    /// By the first source that knows, without commitments.
    fn settled(&self, node: &Node) -> Settled {
        let mut quotes = self.sources.iter().filter_map(|source| {
            let quote = source.quote(node)?;
            Some((source.name(), source.terms(), quote))
        });
        let (source, terms, quote) = quotes.next().unwrap_or_else(|| {
            let quote = BY_MODEL.at(node);
            ("default", Terms::List, quote)
        });
        let quote = if terms == Terms::List {
            quote.of_linux(node)
        } else {
            quote
        };
        let quote = match &self.sheet {
            Some(sheet) if terms != Terms::Own => sheet.settled(quote, node),
            _ => quote,
        };
        Settled {
            source,
            terms,
            quote,
        }
    }

    /// What resources cost on this node; with `None`, those of a pod on no known node.
    pub fn rates(&self, node: Option<&Node>) -> Rates {
        match (node, &self.sheet) {
            (Some(node), _) => self.price(node).rates,
            (None, Some(sheet)) => sheet.any_rates(),
            (None, None) => DefaultRates::any(),
        }
    }

    /// Where the prices of these nodes are from, and what else is to be known of them.
    pub fn told(&self, nodes: &[Node], prices: &[NodePrice]) -> String {
        let unused = self.unused(nodes).text(self.currency);
        let first = [self.description(prices)];
        let texts = first.into_iter().chain(unused).chain(self.unheard(nodes));
        texts.collect::<Vec<_>>().join("; ")
    }

    /// What the user says of prices that does nothing for these nodes.
    pub fn unheard(&self, nodes: &[Node]) -> Vec<String> {
        let strays = self.sheet.as_ref().map_or(0, |it| it.strays(nodes));
        let stray = (strays > 0 && !nodes.is_empty()).then(|| {
            let discounts = text::count(strays, "discount");
            format!("{discounts} of the sheet fit no node here")
        });
        let silent = self.said.as_ref().and_then(|it| it.silent(nodes));
        stray.into_iter().chain(silent).collect()
    }

    /// Where the prices of these nodes are from, in one line.
    pub fn description(&self, prices: &[NodePrice]) -> String {
        let mut found: BTreeMap<(usize, Basis), usize> = BTreeMap::new();
        for price in prices {
            let place = self.sources.iter().position(|it| it.name() == price.source);
            *found
                .entry((place.unwrap_or_default(), price.basis))
                .or_default() += 1;
        }
        if found.is_empty() {
            let last = self.sheet.as_ref().map(|it| it.description());
            return last.unwrap_or_else(|| ALIKE.description());
        }
        let several = found.len() > 1;
        let mut texts: Vec<String> = Vec::new();
        let mut before = None;
        for ((source, basis), count) in found {
            let how = match basis {
                Basis::Quoted | Basis::Default => String::new(),
                Basis::Inferred | Basis::Estimated => format!(" ({})", basis.name()),
            };
            let nodes = text::count(count, "node");
            let of = if several {
                format!(" for {nodes}")
            } else {
                String::new()
            };
            if before == Some(source) {
                texts.push(format!("{of}{how}").trim_start().to_owned());
            } else {
                let name = self.sources[source].description();
                texts.push(format!("{name}{of}{how}"));
            }
            before = Some(source);
        }
        texts.join(", ")
    }

    /// The source of most of these prices.
    pub fn main_source(&self, prices: &[NodePrice]) -> &'static str {
        let mut found: BTreeMap<&'static str, usize> = BTreeMap::new();
        for price in prices {
            *found.entry(price.source).or_default() += 1;
        }
        let most = found.into_iter().max_by_key(|(_, count)| *count);
        let none = if self.sheet.is_some() {
            "sheet"
        } else {
            "default"
        };
        most.map_or(none, |(name, _)| name)
    }
}

/// What commitments to machines or amounts cover of each node, by what they cover of what all
/// that they are about cost without them.
fn shared(
    sheet: &Sheet,
    nodes: &[Node],
    settled: &[Settled],
    covered: &[f64],
) -> Vec<Option<Shared>> {
    let full = |(node, it): (&Node, &Settled)| {
        let at = sheet.commitment(node).filter(|at| sheet.is_shared(*at))?;
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

/// What decides over a node's price.
#[derive(PartialEq, Eq, Hash)]
struct Kind<'a> {
    words: [Option<&'a str>; 6],
    /// What it says of its price.
    said: &'a [(String, String)],
    capacity_type: CapacityType,
    windows: bool,
    /// Cores, bytes and devices that it has, and that pods may use.
    sizes: [[u64; 3]; 2],
}

impl<'a> Kind<'a> {
    fn of(node: &'a Node, by_name: bool) -> Self {
        let name = by_name.then_some(&node.name);
        let words = [
            &node.provider,
            &node.region,
            &node.pool,
            &node.instance_type,
            &node.gpu_product,
        ];
        let size = |it: &Resources| {
            let memory = it.memory.map_or(0.0, Bytes::to_f64);
            [it.cpu.map_or(0.0, Cpu::get), memory, it.gpus()].map(f64::to_bits)
        };
        Self {
            words: std::array::from_fn(|at| match words.get(at) {
                Some(word) => word.as_deref(),
                None => name.map(String::as_str),
            }),
            said: &node.prices,
            capacity_type: node.capacity_type,
            windows: node.is_windows(),
            sizes: [&node.capacity, &node.allocatable].map(size),
        }
    }
}
