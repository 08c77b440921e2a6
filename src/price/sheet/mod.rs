//! The user's own prices: rows, discounts and commitments, in any currency.

use std::fmt;

mod comma;
mod row;
mod yaml;

use super::Rates;
use super::book::{Basis, PriceSource, Quote};
use super::default_rates::DefaultRates;
use crate::snapshot::Node;
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
#[derive(Debug, Clone, PartialEq)]
pub struct Cut {
    pub of: Match,
    /// 0 to 1.
    pub share: f64,
}

/// Committed use, a savings plan or a reservation.
#[derive(Debug, Clone, PartialEq)]
pub struct Commitment {
    pub of: Match,
    /// Share of the use that it covers, 0 to 1.
    pub covered: f64,
    /// What is taken off what it covers, 0 to 1.
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

    /// What another source says in dollars, less what is taken off, in the sheet's currency.
    pub(super) fn settled(&self, source: &str, quote: Quote, node: &Node) -> Quote {
        let is_own = source == self.name();
        let cuts = self
            .discounts
            .iter()
            .filter(|it| !is_own && it.of.fits(node));
        let mut factor: f64 = cuts.map(|it| 1.0 - it.share).product();
        let mut notes = Vec::new();
        if factor < 1.0 {
            notes.push(format!("less {:.0} %", (1.0 - factor) * 100.0));
        }
        if let Some(plan) = self.commitments.iter().find(|it| it.of.fits(node)) {
            factor *= 1.0 - plan.covered * plan.share;
            let (covered, share) = (plan.covered * 100.0, plan.share * 100.0);
            notes.push(format!(
                "{covered:.0} % of it committed at {share:.0} % less"
            ));
        }
        if let (false, Some(usd)) = (is_own, self.usd) {
            factor *= usd;
            notes.push(format!("a dollar at {usd} {}", self.currency));
        }
        if notes.is_empty() {
            return quote;
        }
        Quote {
            hourly: quote.hourly.scale(factor),
            rates: quote.rates.map(|it| it.scale(factor)),
            basis: quote.basis,
            origin: format!("{}, {}", quote.origin, notes.join(", ")),
        }
    }

    /// Share of what a node costs that is paid for without it too, 0 to 1.
    pub(super) fn committed(&self, node: &Node) -> f64 {
        let plan = self.commitments.iter().find(|it| it.of.fits(node));
        plan.map_or(0.0, |plan| {
            let (covered, rest) = (plan.covered * (1.0 - plan.share), 1.0 - plan.covered);
            covered / (covered + rest).max(f64::MIN_POSITIVE)
        })
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

    /// Of the rows that fit the one with most conditions, of equals the first.
    fn quote(&self, node: &Node) -> Option<Quote> {
        let fitting = self.rows.iter().filter(|it| it.of.fits(node));
        let row = fitting.rev().max_by_key(|it| it.of.conditions())?;
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
            origin: format!("{} line {}", self.description(), row.line),
        })
    }
}
