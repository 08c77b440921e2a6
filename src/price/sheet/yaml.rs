//! A sheet as YAML or JSON, which has room for discounts, commitments, volumes and load
//! balancers too.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};

use super::row::{Match, Row};
use super::{Commitment, Cut, Sheet, SheetError};
use crate::units::{Currency, Money};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    currency: Option<Scalar>,
    date: Option<Scalar>,
    usd: Option<Positive>,
    #[serde(default)]
    prices: Vec<Line>,
    #[serde(default)]
    discounts: Vec<Discount>,
    #[serde(default)]
    commitments: Vec<Committed>,
    #[serde(default)]
    storage: BTreeMap<String, Amount>,
    load_balancer: Option<Amount>,
}

/// Conditions and prices, as in a row of CSV.
#[derive(Deserialize)]
struct Line(#[serde(deserialize_with = "row")] Row);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Discount {
    percent: Percent,
    provider: Option<Scalar>,
    region: Option<Scalar>,
    pool: Option<Scalar>,
    instance_type: Option<Scalar>,
    capacity_type: Option<Scalar>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Committed {
    covered_percent: Percent,
    discount_percent: Percent,
    provider: Option<Scalar>,
    region: Option<Scalar>,
    pool: Option<Scalar>,
    instance_type: Option<Scalar>,
    capacity_type: Option<Scalar>,
}

pub(super) fn parse(file: &str, text: &str) -> Result<Sheet, SheetError> {
    let fail = |place, text: String| SheetError {
        file: file.to_owned(),
        place,
        text,
        hint: None,
    };
    let read: File = serde_yaml::from_str(text).map_err(|error| {
        let place = error
            .location()
            .map(|it| (wide(it.line()), wide(it.column())));
        let text = error.to_string();
        // The place is told once.
        let short = text
            .split(" at line ")
            .next()
            .unwrap_or_default()
            .to_owned();
        fail(place, short)
    })?;
    let currency = match &read.currency {
        Some(text) => text
            .0
            .parse()
            .map_err(|error| fail(None, format!("{error}")))?,
        None => Currency::USD,
    };
    let of = |words: [(&str, &Option<Scalar>); 5]| {
        let mut of = Match::default();
        for (name, value) in words {
            if let Some(value) = value {
                of.set(name, &value.0).map_err(|text| fail(None, text))?;
            }
        }
        Ok(of)
    };
    let mut discounts = Vec::new();
    for it in &read.discounts {
        discounts.push(Cut {
            of: of([
                ("provider", &it.provider),
                ("region", &it.region),
                ("pool", &it.pool),
                ("instance_type", &it.instance_type),
                ("capacity_type", &it.capacity_type),
            ])?,
            share: it.percent.0,
        });
    }
    let mut commitments = Vec::new();
    for it in &read.commitments {
        commitments.push(Commitment {
            of: of([
                ("provider", &it.provider),
                ("region", &it.region),
                ("pool", &it.pool),
                ("instance_type", &it.instance_type),
                ("capacity_type", &it.capacity_type),
            ])?,
            covered: it.covered_percent.0,
            share: it.discount_percent.0,
        });
    }
    let mut rows: Vec<Row> = read.prices.into_iter().map(|it| it.0).collect();
    for (at, row) in rows.iter_mut().enumerate() {
        row.line = wide(at + 1);
    }
    Ok(Sheet {
        file: file.to_owned(),
        currency,
        date: read.date.map(|it| it.0),
        usd: read.usd.map(|it| it.0),
        rows,
        discounts,
        commitments,
        storage: read
            .storage
            .into_iter()
            .map(|(name, it)| (name, it.0))
            .collect(),
        load_balancer: read.load_balancer.map(|it| it.0),
    })
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// A row, from whatever keys there are.
fn row<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Row, D::Error> {
    let cells: BTreeMap<String, Scalar> = BTreeMap::deserialize(deserializer)?;
    let mut row = Row::default();
    for (name, value) in &cells {
        if !row.set(name, &value.0).map_err(D::Error::custom)? {
            return Err(D::Error::custom(format!(
                "`{name}` is not a key of a price"
            )));
        }
    }
    if row.price.is_none() && row.rates.is_none() {
        return Err(D::Error::custom(
            "there is no price: give `price`, or `core` and `gib`",
        ));
    }
    Ok(row)
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
        Ok(number.to_string())
    }

    fn visit_u64<E>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }
}

/// An amount of money, not below 0.
struct Amount(Money);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Scalar::deserialize(deserializer)?.0;
        let money: Money = text.parse().map_err(D::Error::custom)?;
        if money.is_negative() {
            return Err(D::Error::custom(format!("`{text}` is below 0")));
        }
        Ok(Self(money))
    }
}

/// 0 to 100, as a share.
struct Percent(f64);

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Scalar::deserialize(deserializer)?.0;
        let number: f64 = text
            .trim_end_matches('%')
            .trim()
            .parse()
            .unwrap_or(f64::NAN);
        if !(0.0..=100.0).contains(&number) {
            return Err(D::Error::custom(format!(
                "`{text}` is not a percentage from 0 to 100"
            )));
        }
        Ok(Self(number / 100.0))
    }
}

/// A rate above 0.
struct Positive(f64);

impl<'de> Deserialize<'de> for Positive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Scalar::deserialize(deserializer)?.0;
        let number: f64 = text.parse().unwrap_or(f64::NAN);
        if !(number > 0.0 && number.is_finite()) {
            return Err(D::Error::custom(format!(
                "`{text}` is not a number above 0"
            )));
        }
        Ok(Self(number))
    }
}
