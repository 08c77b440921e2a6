use std::fmt;
use std::str::FromStr;
use std::time::Duration;

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
pub enum ParseSpanError {
    #[error(
        "`{0}` is not a duration: write a number and a unit, such as `14d`, `6h`, `5m` or `30s`"
    )]
    NotASpan(String),
    #[error("`{0}` is not a length of time: it must be above 0, such as `14d` or `30s`")]
    NotPositive(String),
    #[error("`{0}` is too long: kcost counts up to 136 years")]
    TooLong(String),
}

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

    /// For people: two digits in the largest unit up to days, `28d`, `1.5h`.
    pub fn human(self) -> String {
        let (unit, seconds) = UNITS
            .into_iter()
            .skip(1)
            .find(|(_, seconds)| self.0 >= *seconds)
            .unwrap_or(("s", 1));
        let value = f64::from(self.0) / f64::from(seconds);
        let digits = usize::from(value < 9.95);
        let text = format!("{value:.digits$}");
        format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        Self::from_secs(u64::from(span.0))
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
        let bad = || ParseSpanError::NotASpan(text.to_owned());
        let long = || ParseSpanError::TooLong(text.to_owned());
        let mut rest = text.trim();
        if rest.starts_with('-') && rest[1..].parse::<Self>().is_ok() {
            return Err(ParseSpanError::NotPositive(text.to_owned()));
        }
        let mut total: u32 = 0;
        if rest.is_empty() {
            return Err(bad());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
            let number: u32 = rest[..digits]
                .parse()
                .map_err(|_| if digits == 0 { bad() } else { long() })?;
            rest = &rest[digits..];
            let (unit, seconds) = UNITS
                .into_iter()
                .find(|(unit, _)| rest.starts_with(unit))
                .ok_or_else(bad)?;
            rest = &rest[unit.len()..];
            let part = number.checked_mul(seconds).ok_or_else(long)?;
            total = total.checked_add(part).ok_or_else(long)?;
        }
        if total == 0 {
            Err(ParseSpanError::NotPositive(text.to_owned()))
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
        for text in ["", "5", "m", "5 m", "--5m", "-5"] {
            let error = text.parse::<Span>().unwrap_err();
            assert!(matches!(error, ParseSpanError::NotASpan(_)), "{error}");
        }
        for text in ["0s", "0d0h", "-5d"] {
            let error = text.parse::<Span>().unwrap_err();
            assert!(matches!(error, ParseSpanError::NotPositive(_)), "{error}");
        }
        for text in ["9999999999w", "8000w", "5000d4294967295s"] {
            let error = text.parse::<Span>().unwrap_err();
            assert!(matches!(error, ParseSpanError::TooLong(_)), "{error}");
        }
    }

    #[test]
    fn people_see_two_digits() {
        let human = |seconds| Span::from_secs(seconds).human();
        assert_eq!(human(40_315 * 60), "28d");
        assert_eq!(human(5_400), "1.5h");
        assert_eq!(human(3_000), "50m");
        assert_eq!(human(0), "0s");
    }
}
