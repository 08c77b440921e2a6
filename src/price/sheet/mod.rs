//! The user's own prices: rows, discounts and commitments, in any currency.

use std::fmt;

mod comma;
mod row;
mod yaml;

use super::Rates;
use super::book::{Basis, PriceSource, Quote, Terms};
use super::default_rates::DefaultRates;
use crate::snapshot::{CapacityType, Node};
use crate::text::money;
use crate::units::{Currency, Money};

use row::{Match, Row};

/// What a user pays.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// The name of its file.
    pub file: String,
    pub currency: Currency,
    /// `2026-11-01`, where it says so.
    pub date: Option<String>,
    /// What a dollar is in its currency: what it does not cover is priced in dollars.
    pub usd: Option<f64>,
    pub rows: Vec<Row>,
    pub discounts: Vec<Cut>,
    pub commitments: Vec<Commitment>,
    pub storage: Vec<(String, Money)>,
    /// One for an hour.
    pub load_balancer: Option<Money>,
}

/// A discount on what other sources ask, and on the sheet's own rows it is none: those
/// say what is paid.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cut {
    pub of: Match,
    /// 0 to 1.
    pub share: f64,
}

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
    /// Of what the nodes that it is about cost, 0 to 1.
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

/// Why a sheet cannot be read, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetError {
    pub file: String,
    /// Line and column, from 1, where they are known.
    pub place: Option<(u64, u64)>,
    pub text: String,
    pub hint: Option<String>,
}

impl fmt::Display for SheetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.file, self.text),
            None => write!(f, "{}: {}", self.file, self.text),
        }
    }
}

impl std::error::Error for SheetError {}

impl Sheet {
    /// Reads CSV, or YAML where the name ends in `.yaml`, `.yml` or `.json`.
    ///
    /// # Errors
    ///
    /// What is wrong, with line and column; and where nothing says what nodes cost that
    /// no row is about, in a currency that is not the dollar.
    pub fn parse(file: &str, text: &str) -> Result<Self, SheetError> {
        let name = file.to_lowercase();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // Lines are counted by their ends, of which some files have two.
        let text = &text.replace("\r\n", "\n");
        let is_yaml = [".yaml", ".yml", ".json"]
            .iter()
            .any(|it| name.ends_with(it));
        let sheet = if is_yaml {
            yaml::parse(file, text)
        } else {
            comma::parse(file, text)
        }?;
        let covers_all = sheet.rows.iter().any(Row::is_for_any);
        if sheet.currency != Currency::USD && sheet.usd.is_none() && !covers_all {
            return Err(SheetError {
                file: file.to_owned(),
                place: None,
                text: format!(
                    "nothing says in {} what nodes cost that no row is about",
                    sheet.currency
                ),
                hint: Some(
                    "add a row with `core` and `gib` and no other condition, or in YAML `usd:` with what a dollar costs"
                        .to_owned(),
                ),
            });
        }
        Ok(sheet)
    }

    /// What another source says in dollars, less discounts, in the sheet's currency.
    pub(super) fn settled(&self, quote: Quote, node: &Node) -> Quote {
        let cuts = self.discounts.iter().filter(|it| it.of.fits(node));
        let mut factor: f64 = cuts.map(|it| 1.0 - it.share).product();
        let mut notes = Vec::new();
        if factor < 1.0 {
            notes.push(format!("less {:.0} %", (1.0 - factor) * 100.0));
        }
        if let Some(usd) = self.usd {
            factor *= usd;
            notes.push(format!("a dollar at {usd} {}", self.currency));
        }
        quote.times(factor, &notes)
    }

    /// The commitment that is about a node: the first. No provider's covers spot.
    pub(super) fn commitment(&self, node: &Node) -> Option<usize> {
        let mut all = self.commitments.iter();
        let found = all.position(|it| it.of.fits(node));
        found.filter(|_| node.capacity_type != CapacityType::Spot)
    }

    /// For each commitment the share that it covers of the nodes that it is about, by what
    /// they cost without it.
    pub(super) fn covered<'a>(&self, nodes: impl Iterator<Item = (&'a Node, Money)>) -> Vec<f64> {
        let each = self.commitments.iter().zip(self.committed_to(nodes));
        each.map(|(it, (nodes, hourly))| it.share_of(nodes, hourly))
            .collect()
    }

    /// What is committed beyond these nodes, by what they cost without it.
    pub(super) fn unused<'a>(&self, nodes: impl Iterator<Item = (&'a Node, Money)>) -> Unused {
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

    /// Discounts that are about none of these nodes.
    pub(super) fn strays(&self, nodes: &[Node]) -> usize {
        let is_stray = |it: &&Cut| !nodes.iter().any(|node| it.of.fits(node));
        self.discounts.iter().filter(is_stray).count()
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
    /// that is paid without the node too, 0 to 1.
    pub(super) fn committed(&self, quote: Quote, at: usize, covered: f64) -> (Quote, f64) {
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
    pub(super) fn factor(&self, at: usize, covered: f64) -> f64 {
        covered * (1.0 - self.commitments[at].share) + (1.0 - covered)
    }

    /// Whether a commitment covers as much whatever nodes there are.
    pub(super) fn is_shared(&self, at: usize) -> bool {
        !matches!(self.commitments[at].covered, Covered::Share(_))
    }

    /// Of a pod on no known node.
    pub(super) fn any_rates(&self) -> Rates {
        let usual = DefaultRates::any();
        let usual = usual.scale(self.usd.unwrap_or(1.0));
        let row = self.rows.iter().find(|it| it.is_for_any());
        row.map_or(usual.clone(), |row| row.rates_or(&usual))
    }
}

impl PriceSource for Sheet {
    fn name(&self) -> &'static str {
        "sheet"
    }

    fn description(&self) -> String {
        match &self.date {
            Some(date) => format!("{} of {date}", self.file),
            None => self.file.clone(),
        }
    }

    /// Of the rows that fit the one with most conditions, of equals the one whose patterns say
    /// most, of equals the first.
    fn quote(&self, node: &Node) -> Option<Quote> {
        let fitting = self.rows.iter().filter(|it| it.of.fits(node));
        let row = fitting
            .rev()
            .max_by_key(|it| (it.of.conditions(), it.of.said()))?;
        let usual = DefaultRates::of(node.capacity_type).scale(self.usd.unwrap_or(1.0));
        let rates = row.rates.is_some().then(|| row.rates_or(&usual));
        let hourly = match (row.price, &rates) {
            (Some(price), _) => price,
            (None, Some(rates)) => rates.of_machine(node),
            (None, None) => return None,
        };
        Some(Quote {
            hourly,
            rates: rates.filter(|_| row.price.is_none()),
            basis: Basis::Quoted,
            origin: match row.line {
                0 => self.description(),
                line => format!("{} line {line}", self.description()),
            },
        })
    }

    fn terms(&self) -> Terms {
        Terms::Own
    }
}
