//! What is to be known of prices, in words.

use std::collections::{BTreeMap, HashSet};

use super::kind::Kind;
use super::settled::Settled;
use super::{Basis, Book, NodePrice, PriceSource, Terms};
use crate::price::default_rates::ALIKE;
use crate::price::sheet::SHEET;
use crate::snapshot::{Node, Sold};
use crate::text;

/// Lines that are named one by one.
const MOST_LINES: usize = 8;

impl Book {
    /// Where the prices of these nodes are from, and what else is to be known of them.
    pub fn told(&self, nodes: &[Node], prices: &[NodePrice]) -> String {
        let unused = self.unused(nodes).text(self.currency);
        let first = [self.description(prices)];
        let texts = first.into_iter().chain(unused).chain(self.remarks(nodes));
        texts.collect::<Vec<_>>().join("; ")
    }

    /// What has no price or another's, and what the user says of prices that does nothing for
    /// these nodes.
    pub fn remarks(&self, nodes: &[Node]) -> Vec<String> {
        let settled = self.all_settled(nodes);
        let each = || nodes.iter().zip(&settled);
        let blind = each()
            .filter(|(node, it)| is_without_gpus(node, it))
            .count();
        let blind = (blind > 0).then(|| {
            let nodes = text::count(blind, "node");
            self.without_price(&format!("the GPUs of {nodes}"))
        });
        let silent = self.said.as_ref().and_then(|it| it.silent(nodes));
        let later = each().filter(|(node, it)| {
            let says = self.said.as_ref().and_then(|it| it.quote(node));
            says.is_some() && it.source == SHEET
        });
        let later = later.count();
        let later = (later > 0).then(|| {
            let nodes = text::count(later, "node");
            format!("of {nodes} that say their price the sheet says another, which comes first")
        });
        let refused = self.billed.as_ref().filter(|_| self.dollar().is_none());
        let refused = refused.map(|_| {
            let currency = self.currency;
            format!(
                "what OpenCost says is in dollars and is left out: the sheet does not say what \
                 one costs in {currency}, such as `usd: 0.92`"
            )
        });
        let strays = self.strays(nodes, &settled);
        let texts = blind.into_iter().chain(sold(each())).chain(strays);
        texts.chain(silent).chain(later).chain(refused).collect()
    }

    /// What the sheet says of nodes that are not here, where there are any at all.
    fn strays(&self, nodes: &[Node], settled: &[Settled]) -> Vec<String> {
        let Some(sheet) = self.sheet.as_deref().filter(|_| !nodes.is_empty()) else {
            return Vec::new();
        };
        let others = self.of_others();
        let each = nodes.iter().zip(settled);
        let each = each.chain(others.iter().map(|(node, it)| (*node, it)));
        // A sheet may have thousands of rows: of nodes that cost the same one is enough.
        let mut kinds = HashSet::new();
        let each = each.filter(|it| kinds.insert(Kind::of(it.0, false)));
        let each: Vec<(&Node, &Settled)> = each.collect();
        let listed = each.iter().filter(|it| it.1.terms == Terms::List);
        let listed: Vec<&Node> = listed.map(|it| it.0).collect();
        let all: Vec<&Node> = each.iter().map(|it| it.0).collect();
        let lines = sheet.stray_rows(&all);
        let told: Vec<String> = lines
            .iter()
            .filter(|it| **it > 0)
            .map(u64::to_string)
            .collect();
        let told = match (told.len() == lines.len(), told.len()) {
            (true, 1) => format!(" (line {})", told[0]),
            (true, 2..=MOST_LINES) => format!(" (lines {})", told.join(", ")),
            _ => String::new(),
        };
        let fit = |count: usize, what: &str, of: &str, more: &str| {
            let fits = if count == 1 { "fits" } else { "fit" };
            let text = text::count(count, what);
            (count > 0).then(|| format!("{text} of the sheet{of} {fits} no node here{more}"))
        };
        let discounts = sheet.stray_discounts(&listed);
        let texts = [
            fit(lines.len(), "row", &told, ""),
            fit(discounts, "discount", "", " that has a list price"),
            fit(sheet.stray_commitments(&all), "commitment", "", ""),
        ];
        texts.into_iter().flatten().collect()
    }

    /// That something of GPUs has no price, and how to give it one.
    pub(in crate::price) fn without_price(&self, what: &str) -> String {
        let (currency, remedy) = (self.currency, self.remedy());
        format!("{what} have no price in {currency} and are not counted: {remedy}")
    }

    /// How GPUs that have no price get one.
    pub fn remedy(&self) -> &'static str {
        match self.dollar() {
            Some(_) => "give `gpu` in a row of `--prices`",
            None => "give `gpu` in a row of `--prices`, or `usd:` with what a dollar costs",
        }
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
            SHEET
        } else {
            "default"
        };
        most.map_or(none, |(name, _)| name)
    }
}

/// Whether a node has GPUs that its price is without.
fn is_without_gpus(node: &Node, settled: &Settled) -> bool {
    let has = node.capacity.gpus().max(node.allocatable.gpus()) > 0.0;
    let rates = settled.quote.rates.as_ref();
    has && rates.is_some_and(|it| it.gpu_hour.is_none())
}

/// Where pods are paid for by their size, at rates that nobody asks for such pods.
fn sold<'a>(each: impl Iterator<Item = (&'a Node, &'a Settled)>) -> Vec<String> {
    let mut found: BTreeMap<(&str, &str, bool), usize> = BTreeMap::new();
    for (node, settled) in each.filter(|it| it.1.terms == Terms::List) {
        if let Some(sold) = Sold::on(Some(node), &node.name) {
            let by_default = settled.quote.basis == Basis::Default;
            *found
                .entry((sold.name(), sold.word(), by_default))
                .or_default() += 1;
        }
    }
    let texts = found.into_iter().map(|((name, word, by_default), count)| {
        let nodes = text::count(count, "node");
        let rates = if by_default {
            "default rates"
        } else {
            "the rates of machines"
        };
        format!(
            "pods on {nodes} of {name} cost {rates}, as no list has those of {name}: a row of \
             `--prices` with `instance_type: {word}`, `core` and `gib` says them"
        )
    });
    texts.collect()
}
