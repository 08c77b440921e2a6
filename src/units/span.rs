use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A length of time, in whole seconds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(u32);

const UNITS: [(&str, u32); 5] = [
    ("w", 7 * 86_400),
    ("d", 86_400),
    ("h", 3_600),
    ("m", 60),
    ("s", 1),
];

/// Why a text is no [`Span`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: write a number and a unit, such as `14d`, `6h`, `5m` or `30s`")]
pub struct ParseSpanError(String);

impl Span {
    pub const HOUR: Self = Self(3_600);
    pub const DAY: Self = Self(86_400);
    pub const WEEK: Self = Self(7 * 86_400);

    pub const fn from_secs(seconds: u32) -> Self {
        Self(seconds)
    }

    pub const fn days(days: u32) -> Self {
        Self(days.saturating_mul(86_400))
    }

    pub const fn as_secs(self) -> u32 {
        self.0
    }

    pub fn as_days(self) -> f64 {
        f64::from(self.0) / 86_400.0
    }
}

/// In the largest unit that is whole: `14d`, `90s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |seconds: u32| self.0 > 0 && self.0.is_multiple_of(seconds);
        // Weeks are read, but days are what people compare windows in.
        let (unit, seconds) = UNITS
            .into_iter()
            .skip(1)
            .find(|(_, seconds)| fits(*seconds))
            .unwrap_or(("s", 1));
        write!(f, "{}{unit}", self.0 / seconds)
    }
}

/// One or more numbers with a unit: `14d`, `1h30m`.
impl FromStr for Span {
    type Err = ParseSpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || ParseSpanError(text.to_owned());
        let mut rest = text.trim();
        let mut total: u32 = 0;
        if rest.is_empty() {
            return Err(bad());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
            let number: u32 = rest[..digits].parse().map_err(|_| bad())?;
            rest = &rest[digits..];
            let (unit, seconds) = UNITS
                .into_iter()
                .find(|(unit, _)| rest.starts_with(unit))
                .ok_or_else(bad)?;
            rest = &rest[unit.len()..];
            let part = number.checked_mul(seconds).ok_or_else(bad)?;
            total = total.checked_add(part).ok_or_else(bad)?;
        }
        if total == 0 {
            Err(bad())
        } else {
            Ok(Self(total))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_prints() {
        for text in ["14d", "5m", "90s", "6h"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("2w".parse::<Span>().unwrap(), Span::days(14));
        assert_eq!("1h30m".parse::<Span>().unwrap(), Span::from_secs(5_400));
    }

    #[test]
    fn refuses_what_has_no_unit_or_no_length() {
        for text in ["", "5", "m", "0s", "5 m", "9999999999w"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
