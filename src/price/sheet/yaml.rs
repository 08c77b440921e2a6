//! A sheet as YAML or JSON, which has room for discounts, commitments, volumes and load
//! balancers too.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::row::{Match, Row, amount};
use super::{Commitment, Covered, Cut, Sheet, SheetError};
use crate::snapshot::CapacityType;
use crate::text::suggestion;
use crate::units::{Currency, Money};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    currency: Option<Code>,
    date: Option<Scalar>,
    usd: Option<Positive>,
    #[serde(default)]
    prices: Vec<Entry<Row>>,
    #[serde(default)]
    discounts: Vec<Entry<Cut>>,
    #[serde(default)]
    commitments: Vec<Entry<Commitment>>,
    #[serde(default)]
    storage: BTreeMap<String, Amount>,
    load_balancer: Option<Amount>,
}

/// The keys of [`File`].
const KEYS: [&str; 8] = [
    "currency",
    "date",
    "usd",
    "prices",
    "discounts",
    "commitments",
    "storage",
    "load_balancer",
];

pub(super) fn parse(file: &str, text: &str) -> Result<Sheet, SheetError> {
    let read: File = serde_yaml::from_str(text).map_err(|error| refused(file, text, &error))?;
    let mut rows: Vec<Row> = read.prices.into_iter().map(|it| it.0).collect();
    let lines = lines(text, "prices");
    for (at, row) in rows.iter_mut().enumerate() {
        row.line = lines.get(at).copied().map_or(0, wide);
    }
    Ok(Sheet {
        file: file.to_owned(),
        currency: read.currency.map_or(Currency::USD, |it| it.0),
        date: read.date.map(|it| it.0),
        usd: read.usd.map(|it| it.0),
        rows,
        discounts: read.discounts.into_iter().map(|it| it.0).collect(),
        commitments: read.commitments.into_iter().map(|it| it.0).collect(),
        storage: read
            .storage
            .into_iter()
            .map(|(name, it)| (name, it.0))
            .collect(),
        load_balancer: read.load_balancer.map(|it| it.0),
    })
}

/// What is wrong, and where: the parser knows where the map begins that it is in.
fn refused(file: &str, text: &str, error: &serde_yaml::Error) -> SheetError {
    let whole = error.to_string();
    // The place is told once.
    let problem = whole.split(" at line ").next().unwrap_or_default();
    let unknown = problem.strip_prefix("unknown field `");
    let unknown = unknown.and_then(|rest| rest.split_once('`'));
    let problem = match unknown {
        Some((name, _)) => format!(
            "`{name}` is not a key of a sheet{}",
            suggestion(name, &KEYS)
        ),
        None => problem.to_owned(),
    };
    let from = error.location().map(|it| (it.line(), it.column()));
    let named = problem.split('`').nth(1);
    let exact = from.zip(named);
    let exact = exact.and_then(|((line, _), word)| find(text, line, word));
    SheetError {
        file: file.to_owned(),
        place: exact
            .or(from)
            .map(|(line, column)| (wide(line), wide(column))),
        text: problem,
        hint: None,
    }
}

/// Where a word stands alone, from this line on; both from 1.
fn find(text: &str, from: usize, word: &str) -> Option<(usize, usize)> {
    let is_part = |it: char| it.is_alphanumeric() || matches!(it, '_' | '-' | '.');
    let lines = text.lines().enumerate().skip(from.saturating_sub(1));
    let mut found = lines.filter_map(|(index, line)| {
        let mut places = line.match_indices(word).map(|(at, _)| at);
        let at = places.find(|at| {
            let before = line[..*at].chars().next_back();
            let after = line[at + word.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })?;
        Some((index + 1, line[..at].chars().count() + 1))
    });
    found.next().filter(|_| !word.is_empty())
}

/// The lines, from 1, on which the entries of a list at the top begin, where each has one
/// of its own.
fn lines(text: &str, key: &str) -> Vec<usize> {
    let starts = |line: &str| {
        line.strip_prefix(key)
            .is_some_and(|rest| rest.starts_with(':'))
    };
    let mut below = text
        .lines()
        .enumerate()
        .skip_while(|(_, line)| !starts(line));
    below.next();
    let mut indent = None;
    let mut found = Vec::new();
    for (index, line) in below {
        let own = line.len() - line.trim_start().len();
        let is_item = line.trim_start().starts_with('-');
        if own == 0 && !is_item && !line.trim().is_empty() && !line.starts_with('#') {
            break;
        }
        if is_item && *indent.get_or_insert(own) == own {
            found.push(index + 1);
        }
    }
    found
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// One entry of a list: keys and plain values.
trait Keyed: Default {
    /// What it is called in a message.
    const WHAT: &'static str;
    /// Those that it has beside [`Match::KEYS`].
    const KEYS: &'static [&'static str];

    /// Takes the value of one of the keys; `false` for any other.
    ///
    /// # Errors
    ///
    /// What the value should be.
    fn take(&mut self, name: &str, value: &str) -> Result<bool, String>;

    /// Whether it says enough.
    ///
    /// # Errors
    ///
    /// What is missing.
    fn check(&self) -> Result<(), String>;
}

impl Keyed for Row {
    const WHAT: &'static str = "a price";
    const KEYS: &'static [&'static str] = &Self::KEYS;

    fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        self.set(name, value)
    }

    fn check(&self) -> Result<(), String> {
        Self::check(self)
    }
}

impl Keyed for Cut {
    const WHAT: &'static str = "a discount";
    const KEYS: &'static [&'static str] = &["percent"];

    fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        if name == "percent" {
            self.share = percent(value)?;
            return Ok(true);
        }
        self.of.set(name, value)
    }

    fn check(&self) -> Result<(), String> {
        if self.share <= 0.0 {
            return Err("there is no discount: give `percent`".to_owned());
        }
        Ok(())
    }
}

impl Keyed for Commitment {
    const WHAT: &'static str = "a commitment";
    const KEYS: &'static [&'static str] = &[
        "covered_percent",
        "covered_nodes",
        "committed_hourly",
        "discount_percent",
    ];

    fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let covered = match name {
            "discount_percent" => {
                self.share = percent(value)?;
                return Ok(true);
            }
            "covered_percent" => Covered::Share(percent(value)?),
            "covered_nodes" => Covered::Nodes(positive(value)?),
            "committed_hourly" => Covered::Hourly(amount(value)?),
            _ => return self.of.set(name, value),
        };
        if self.covered != Covered::default() {
            return Err(format!(
                "`{name}` beside another measure: give one of `covered_percent`, \
                 `covered_nodes` and `committed_hourly`"
            ));
        }
        self.covered = covered;
        Ok(true)
    }

    fn check(&self) -> Result<(), String> {
        if self.of.capacity_type == Some(CapacityType::Spot) {
            return Err("a commitment covers no `spot`".to_owned());
        }
        if self.covered == Covered::default() {
            return Err(
                "nothing is covered: give `covered_percent`, `covered_nodes` or `committed_hourly`"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

struct Entry<T>(T);

impl<'de, T: Keyed> Deserialize<'de> for Entry<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys(PhantomData)).map(Self)
    }
}

struct Keys<T>(PhantomData<T>);

impl<'de, T: Keyed> Visitor<'de> for Keys<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as keys and values", T::WHAT)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut entry = T::default();
        while let Some(name) = map.next_key::<String>()? {
            let value: Scalar = map.next_value()?;
            if !entry.take(&name, &value.0).map_err(A::Error::custom)? {
                return Err(A::Error::custom(format!(
                    "`{name}` is not a key of {}{}",
                    T::WHAT,
                    suggestion(&name, &[T::KEYS, &Match::KEYS].concat())
                )));
            }
        }
        entry.check().map_err(A::Error::custom)?;
        Ok(entry)
    }
}

/// A currency.
struct Code(Currency);

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, str::parse).map(Self)
    }
}

/// A text or a number, as it is written.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written).map(Self)
    }
}

struct Written;

impl Visitor<'_> for Written {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a number")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_f64<E>(self, number: f64) -> Result<String, E> {
        // Hundreds of digits tell nobody anything.
        Ok(if number.abs() < 1e15 {
            number.to_string()
        } else {
            format!("{number:e}")
        })
    }

    fn visit_u64<E>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_u128<E>(self, number: u128) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i128<E>(self, number: i128) -> Result<String, E> {
        Ok(number.to_string())
    }
}

/// An amount of money, not below 0.
struct Amount(Money);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, amount).map(Self)
    }
}

/// A rate above 0.
struct Positive(f64);

impl<'de> Deserialize<'de> for Positive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, positive).map(Self)
    }
}

/// What a plain value is.
fn read<'de, T, E: fmt::Display, D: Deserializer<'de>>(
    deserializer: D,
    of: impl Fn(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    let text = Scalar::deserialize(deserializer)?.0;
    of(&text).map_err(D::Error::custom)
}

/// 0 to 100, as a share.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').trim().parse();
    let number: f64 = number.unwrap_or(f64::NAN);
    if !(0.0..=100.0).contains(&number) {
        return Err(format!("`{text}` is not a percentage from 0 to 100"));
    }
    Ok(number / 100.0)
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().unwrap_or(f64::NAN);
    if number >= Money::MOST {
        return Err(format!("`{text}` is not below a billion"));
    }
    if number.is_nan() || number <= 0.0 {
        return Err(format!("`{text}` is not a number above 0"));
    }
    Ok(number)
}
