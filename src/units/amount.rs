//! Amounts that people write: a quantity, held against what it is an amount of.

use std::str::FromStr;

use super::{Bytes, Cpu, Quantity, Suffix};

/// Why a text is not an amount of CPU or memory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an amount of {what}{}", near(.meant.as_deref()))]
pub struct ParseAmountError {
    text: String,
    what: &'static str,
    meant: Option<String>,
}

fn near(meant: Option<&str>) -> String {
    meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
}

/// No node has more cores.
const MOST_CORES: f64 = 100_000.0;
/// Less is thousandths of a byte, or a number whose unit was forgotten.
const LEAST_BYTES: f64 = 1024.0;

/// Cores, such as `250m` or `2`. A binary suffix would be bytes.
impl FromStr for Cpu {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        cores(text).ok_or_else(|| ParseAmountError {
            text: text.to_owned(),
            what: "CPU: write cores, such as `250m` or `2`",
            meant: meant(text, &[("m", "m"), ("", ""), ("c", ""), ("v", "")])
                .filter(|meant| cores(meant).is_some()),
        })
    }
}

/// Bytes with a unit, such as `512Mi`. Thousandths are a CPU's unit.
impl FromStr for Bytes {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let units = [
            ("ki", "Ki"),
            ("mi", "Mi"),
            ("gi", "Gi"),
            ("ti", "Ti"),
            ("k", "k"),
            ("mb", "M"),
            ("m", "Mi"),
            ("g", "G"),
            ("t", "T"),
            ("", "Mi"),
        ];
        bytes(text).ok_or_else(|| ParseAmountError {
            text: text.to_owned(),
            what: "memory: write bytes with a unit, such as `512Mi`",
            meant: meant(text, &units).filter(|meant| bytes(meant).is_some()),
        })
    }
}

fn cores(text: &str) -> Option<Cpu> {
    let quantity: Quantity = text.parse().ok()?;
    let fits = (0.0..=MOST_CORES).contains(&quantity.to_f64());
    (fits && quantity.suffix() != Suffix::Binary).then(|| Cpu::from(&quantity))
}

fn bytes(text: &str) -> Option<Bytes> {
    let quantity: Quantity = text.parse().ok()?;
    let small = text.ends_with(['m', 'n', 'u']) || quantity.to_f64() < LEAST_BYTES;
    (!small).then(|| Bytes::from(&quantity))
}

/// The text with the suffix of the first unit that its own begins with, in any
/// case: `512MB` is `512M`.
fn meant(text: &str, units: &[(&str, &str)]) -> Option<String> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let plain = plain.replace(',', ".");
    let end = plain
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(plain.len());
    let (number, unit) = plain.split_at(end);
    let unit = unit.to_lowercase();
    let known = units.iter().find(|(name, _)| {
        if name.is_empty() {
            unit.is_empty()
        } else {
            unit.starts_with(name)
        }
    });
    let (_, suffix) = known?;
    (!number.is_empty()).then(|| format!("{number}{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_unit_of_what_they_are() {
        assert_eq!("250m".parse(), Ok(Cpu::millicores(250)));
        assert_eq!("2".parse(), Ok(Cpu::cores(2.0)));
        assert_eq!("512Mi".parse(), Ok(Bytes::mib(512)));
        assert_eq!("1e9".parse(), Ok(Bytes(1_000_000_000)));
    }

    #[test]
    fn mistakes_are_told_with_what_was_meant() {
        let cpu = |text: &str| text.parse::<Cpu>().unwrap_err().to_string();
        let memory = |text: &str| text.parse::<Bytes>().unwrap_err().to_string();
        let said = [
            cpu("1Gi"),
            cpu("500M"),
            cpu("0,5"),
            cpu("2 cores"),
            cpu("-1"),
            cpu("many"),
            memory("512MB"),
            memory("512mi"),
            memory("1.5gb"),
            memory("512"),
            memory("250m"),
            memory("2 GiB"),
            memory("much"),
        ];
        insta::assert_snapshot!(said.join("\n"), @"
        `1Gi` is not an amount of CPU: write cores, such as `250m` or `2`
        `500M` is not an amount of CPU: write cores, such as `250m` or `2`; did you mean `500m`?
        `0,5` is not an amount of CPU: write cores, such as `250m` or `2`; did you mean `0.5`?
        `2 cores` is not an amount of CPU: write cores, such as `250m` or `2`; did you mean `2`?
        `-1` is not an amount of CPU: write cores, such as `250m` or `2`
        `many` is not an amount of CPU: write cores, such as `250m` or `2`
        `512MB` is not an amount of memory: write bytes with a unit, such as `512Mi`; did you mean `512M`?
        `512mi` is not an amount of memory: write bytes with a unit, such as `512Mi`; did you mean `512Mi`?
        `1.5gb` is not an amount of memory: write bytes with a unit, such as `512Mi`; did you mean `1.5G`?
        `512` is not an amount of memory: write bytes with a unit, such as `512Mi`; did you mean `512Mi`?
        `250m` is not an amount of memory: write bytes with a unit, such as `512Mi`; did you mean `250Mi`?
        `2 GiB` is not an amount of memory: write bytes with a unit, such as `512Mi`; did you mean `2Gi`?
        `much` is not an amount of memory: write bytes with a unit, such as `512Mi`
        ");
    }
}
