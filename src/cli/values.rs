//! Values of flags, each with an error that says what is right.

use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::units::Money;

/// Names with a line about each, as `--help` lists them.
pub(super) fn described(
    values: impl Iterator<Item = (&'static str, &'static str)>,
) -> PossibleValuesParser {
    let value = |(name, summary)| PossibleValue::new(name).help(summary);
    PossibleValuesParser::new(values.map(value).collect::<Vec<_>>())
}

/// An amount in the report's currency.
pub(super) fn money(text: &str) -> Result<Money, String> {
    match text.trim().trim_start_matches('$').parse::<f64>() {
        Ok(amount) if amount.is_finite() => Ok(Money::from_f64(amount)),
        _ => Err("write an amount a month, such as `5` or `12.50`".to_owned()),
    }
}

/// A number of rows, at least one.
pub(super) fn rows(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("write a whole number of at least 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_finite_and_rows_are_at_least_one() {
        assert_eq!(money("$5"), Ok(Money::from_f64(5.0)));
        assert!(money("inf").is_err());
        assert!(money("much").is_err());
        assert!(rows("0").is_err());
        assert_eq!(rows("3"), Ok(3));
    }
}
