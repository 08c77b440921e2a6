//! The user's own prices: rows, discounts and commitments, in any currency.

use std::fmt;

mod comma;
mod commitment;
mod rates;
mod row;
mod yaml;

use super::book::{Basis, PriceSource, Quote, Terms};
use crate::snapshot::Node;
use crate::units::{Currency, Money};

pub(super) use commitment::Coverage;
pub use commitment::Unused;
use commitment::{Commitment, Covered};
use row::{Match, Row};

/// What it is called as a source.
pub(super) const SHEET: &str = "sheet";

/// What a user pays.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// The name of its file.
    pub file: String,
    pub currency: Currency,
    /// `2026-11-01`, where it says so.
    pub date: Option<String>,
    /// What a dollar is in its currency. Without it nothing that is known in dollars has a
    /// price: not the list, not default rates, not what an OpenCost bills.
    pub usd: Option<f64>,
    pub rows: Vec<Row>,
    pub discounts: Vec<Cut>,
    pub commitments: Vec<Commitment>,
    pub storage: Vec<(String, Money)>,
    /// One for an hour.
    pub load_balancer: Option<Money>,
}

/// A discount on list prices, and on default rates, which stand for them. What the sheet's own rows say, what nodes say
/// and what is billed is what is paid, and it is none on those.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cut {
    pub of: Match,
    /// 0 to 1.
    pub share: f64,
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
        sheet.check()?;
        Ok(sheet)
    }

    /// # Errors
    ///
    /// Where what it says of currencies leaves nodes without a price, or means nothing.
    fn check(&self) -> Result<(), SheetError> {
        let wrong = |text: String, hint: &str| SheetError {
            file: self.file.clone(),
            place: None,
            text,
            hint: Some(hint.to_owned()),
        };
        let is_dollar = |usd: f64| (usd - 1.0).abs() < f64::EPSILON;
        if self.currency == Currency::USD && self.usd.is_some_and(|it| !is_dollar(it)) {
            return Err(wrong(
                "`usd` says what a dollar costs in another currency, and the sheet is in dollars"
                    .to_owned(),
                "name its currency beside it, such as `currency: EUR`",
            ));
        }
        if self.dollar().is_none() && !self.prices_any() {
            return Err(wrong(
                format!(
                    "nothing says in {} what nodes cost that no row is about",
                    self.currency
                ),
                "add a row with `core` and `gib` and no other condition, or in YAML `usd:` with \
                 what a dollar costs, such as `usd: 0.92`",
            ));
        }
        Ok(())
    }

    /// What another source says in dollars, in the sheet's currency; list prices less
    /// discounts.
    pub(super) fn settled(&self, quote: Quote, terms: Terms, node: &Node) -> Quote {
        // What is billed is net of them already.
        let cut = self.cut(node).filter(|_| terms == Terms::List);
        let mut factor = cut.map_or(1.0, |it| 1.0 - it.share);
        let mut notes = Vec::new();
        if let Some(cut) = cut {
            notes.push(format!("less {} %", percent(cut.share)));
        }
        if let Some(usd) = self.usd {
            factor *= usd;
            notes.push(format!("a dollar at {usd} {}", self.currency));
        }
        quote.times(factor, &notes)
    }

    /// Its file and its date.
    pub(super) fn place(&self) -> String {
        match &self.date {
            Some(date) => format!("{} of {date}", self.file),
            None => self.file.clone(),
        }
    }

    /// What a dollar is in its currency, where that is known.
    pub(super) fn dollar(&self) -> Option<f64> {
        let own = (self.currency == Currency::USD).then_some(1.0);
        self.usd.or(own)
    }

    /// The discount on a node: as of rows, the closest of those that fit.
    fn cut(&self, node: &Node) -> Option<&Cut> {
        let cuts = self.discounts.iter().filter(|it| it.of.fits(node)).rev();
        cuts.max_by_key(|it| it.of.closeness())
    }

    /// Discounts that are about none of these nodes, which have list prices.
    pub(super) fn stray_discounts(&self, nodes: &[&Node]) -> usize {
        let is_stray = |it: &&Cut| !nodes.iter().any(|node| it.of.fits(node));
        self.discounts.iter().filter(is_stray).count()
    }

    /// The lines of rows that are about none of these nodes; 0 where one is not known.
    pub(super) fn stray_rows(&self, nodes: &[&Node]) -> Vec<u64> {
        let is_stray = |it: &&Row| !nodes.iter().any(|node| it.of.fits(node));
        self.rows
            .iter()
            .filter(is_stray)
            .map(|it| it.line)
            .collect()
    }
}

/// As percent, with a digit behind the point where it has one.
fn percent(share: f64) -> f64 {
    (share * 1000.0).round() / 10.0
}

impl PriceSource for Sheet {
    fn name(&self) -> &'static str {
        SHEET
    }

    fn description(&self) -> String {
        self.place()
    }

    /// By the closest of the rows that fit.
    fn quote(&self, node: &Node) -> Option<Quote> {
        let fitting = self.fitting(node);
        let row = fitting.first()?;
        let place = match row.line {
            0 => self.description(),
            line => format!("{} line {line}", self.description()),
        };
        if let Some(hourly) = row.price {
            return Some(Quote {
                hourly,
                rates: None,
                basis: Basis::Quoted,
                origin: place,
            });
        }
        let (rates, notes) = self.rates(node, &fitting);
        let texts: Vec<String> = [place].into_iter().chain(notes.texts(self)).collect();
        Some(Quote {
            hourly: rates.of_machine(node),
            rates: Some(rates),
            basis: notes.basis(),
            origin: texts.join(", "),
        })
    }

    fn terms(&self) -> Terms {
        Terms::Own
    }
}
