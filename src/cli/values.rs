//! Values of flags, each with an error that says what is right.

use clap::builder::{MapValueParser, PossibleValue, PossibleValuesParser, TypedValueParser as _};
use clap::{Arg, Command};
use jiff::tz::TimeZone;

use crate::config::Kind;
use crate::units::{Bytes, Cpu, Money, ParseAmountError, ParseSpanError, Span};

/// Reads one of several names in any case, as it is called in its registry.
pub(super) type Names = MapValueParser<PossibleValuesParser, fn(String) -> String>;

/// Names with a line about each, as `--help` lists them.
pub(super) fn described(values: impl Iterator<Item = (&'static str, &'static str)>) -> Names {
    let value = |(name, summary)| PossibleValue::new(name).help(summary);
    one_of(values.map(value))
}

/// Names that need no line.
pub(super) fn named(names: impl IntoIterator<Item = &'static str>) -> Names {
    one_of(names.into_iter().map(PossibleValue::new))
}

/// Names of machine output, as the tables print them: `over-provisioned` is
/// `over_provisioned`.
pub(super) fn hyphenated(names: impl IntoIterator<Item = &'static str>) -> Names {
    let value = |name: &'static str| {
        if name.contains('_') {
            PossibleValue::new(name.replace('_', "-")).alias(name)
        } else {
            PossibleValue::new(name)
        }
    };
    let names = names.into_iter().map(value);
    PossibleValuesParser::new(names.collect::<Vec<_>>())
        .map(|text| text.to_lowercase().replace('-', "_"))
}

/// The case is that of the registry; see [`forgiving`].
pub(super) fn one_of(values: impl Iterator<Item = PossibleValue>) -> Names {
    PossibleValuesParser::new(values.collect::<Vec<_>>()).map(|text| text.to_lowercase())
}

/// Value names of flags that take an amount.
const AMOUNTS: [&str; 7] = ["COUNT", "CPU", "MEMORY", "MONEY", "RISK", "SHARE", "SPAN"];

/// Lets an amount that starts with `-` reach its parser, which says what is
/// wrong with it better than "unexpected argument", and takes names in any case.
pub(super) fn forgiving(command: Command) -> Command {
    let is_amount = |arg: &Arg| {
        let names = arg.get_value_names().unwrap_or_default();
        names.iter().any(|name| AMOUNTS.contains(&name.as_str()))
    };
    command.mut_subcommands(|sub| {
        sub.mut_args(|arg| {
            let amount = is_amount(&arg);
            let arg = arg.allow_hyphen_values(amount);
            let takes_values = arg.get_action().takes_values();
            let has_names = takes_values && !arg.get_possible_values().is_empty();
            arg.ignore_case(has_names)
        })
    })
}

/// Cores, as Kubernetes writes them.
pub(super) fn cpu(text: &str) -> Result<Cpu, String> {
    text.parse()
        .map_err(|error: ParseAmountError| error.to_string())
}

/// Bytes, as Kubernetes writes them.
pub(super) fn memory(text: &str) -> Result<Bytes, String> {
    text.parse()
        .map_err(|error: ParseAmountError| error.to_string())
}

/// A number above 0 and below 1.
pub(super) fn share(text: &str) -> Result<f64, String> {
    Kind::Share.check(text)?;
    text.parse::<f64>().map_err(|error| error.to_string())
}

/// `80%`, as a number from 0 to 1.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    let value = text.strip_suffix('%').and_then(|it| it.parse::<f64>().ok());
    let value = value.filter(|value| (0.0..=100.0).contains(value));
    value
        .map(|value| value / 100.0)
        .ok_or_else(|| format!("`{text}` is not a percentage from 0% to 100%, such as 80%"))
}

/// An amount in the report's currency.
pub(super) fn money(text: &str) -> Result<Money, String> {
    match text.trim().trim_start_matches('$').parse::<f64>() {
        Ok(amount) if amount.is_finite() => Ok(Money::from_f64(amount)),
        _ => Err("write an amount a month, such as `5` or `12.50`".to_owned()),
    }
}

/// The length of a slot, which a bundle holds up to a day.
pub(super) fn step(text: &str) -> Result<Span, String> {
    let step: Span = text
        .parse()
        .map_err(|error: ParseSpanError| error.to_string())?;
    if step > Span::DAY {
        return Err("a step is at most a day, `1d`".to_owned());
    }
    Ok(step)
}

/// A time zone by its name in the tz database.
pub(super) fn time_zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| {
        format!(
            "`{text}` is no time zone that is known here: write one as `Europe/Berlin` or `UTC`"
        )
    })
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
        assert_eq!(step("1d"), Ok(Span::DAY));
        assert!(step("25h").is_err());
        assert!(rows("0").is_err());
        assert_eq!(rows("3"), Ok(3));
    }
}
