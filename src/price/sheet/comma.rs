//! A sheet as CSV: a header, then a row for each price.

use super::row::{Match, Row};
use super::{Sheet, SheetError};
use crate::text::suggestion;
use crate::units::Currency;

pub(super) fn parse(file: &str, text: &str) -> Result<Sheet, SheetError> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let fail = |place, text: String| SheetError {
        file: file.to_owned(),
        place,
        text,
        hint: None,
    };
    let broken = |error: &csv::Error| {
        let line = error.position().map(|it| (it.line(), 1));
        fail(
            line,
            "the row has more or fewer cells than the header".to_owned(),
        )
    };
    let head = reader.headers().map_err(|it| broken(&it))?.clone();
    let columns = [&Match::KEYS[..], &Row::KEYS, &["currency"]].concat();
    for (at, name) in head.iter().enumerate() {
        if !columns.contains(&name) {
            let mut error = fail(
                Some((1, at_from_one(at))),
                format!("`{name}` is not a column{}", suggestion(name, &columns)),
            );
            error.hint = Some(format!("columns are {}", columns.join(", ")));
            return Err(error);
        }
        if head.iter().take(at).any(|it| it == name) {
            let place = Some((1, at_from_one(at)));
            return Err(fail(place, format!("`{name}` is a column twice")));
        }
    }
    let mut currency: Option<Currency> = None;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|it| broken(&it))?;
        let line = record.position().map_or(0, csv::Position::line);
        let mut row = Row {
            line,
            ..Row::default()
        };
        for (at, (name, value)) in head.iter().zip(&record).enumerate() {
            let wrong = |text: String| fail(Some((line, at_from_one(at))), text);
            if value.is_empty() {
                continue;
            }
            if name == "currency" {
                let found: Currency = value.parse().map_err(|it| wrong(format!("{it}")))?;
                if currency.is_some_and(|it| it != found) {
                    return Err(wrong(format!(
                        "{found} beside another currency: a sheet has one"
                    )));
                }
                currency = Some(found);
            } else {
                row.set(name, value).map_err(wrong)?;
            }
        }
        if row.price.is_none() && row.rates.is_none() {
            return Err(fail(
                Some((line, 1)),
                "the row has no price: fill `price`, or `core` and `gib`".to_owned(),
            ));
        }
        row.check().map_err(|text| fail(Some((line, 1)), text))?;
        rows.push(row);
    }
    if rows.is_empty() {
        return Err(fail(None, "the sheet has no row with a price".to_owned()));
    }
    Ok(Sheet {
        file: file.to_owned(),
        currency: currency.unwrap_or_default(),
        date: None,
        usd: None,
        rows,
        discounts: Vec::new(),
        commitments: Vec::new(),
        storage: Vec::new(),
        load_balancer: None,
    })
}

/// The column as people count it: by cells.
fn at_from_one(at: usize) -> u64 {
    u64::try_from(at).map_or(u64::MAX, |it| it + 1)
}
