//! Kubernetes quantities, exact to a billionth as Kubernetes itself keeps them.

use std::fmt;
use std::str::FromStr;

use super::float;

const NANO: i128 = 1_000_000_000;

/// Which family of suffixes a quantity was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Suffix {
    /// `Ki`, `Mi`, `Gi` …
    Binary,
    /// `m`, `k`, `M`, `G` …, or none.
    #[default]
    Decimal,
    /// `12e6`.
    Exponent,
}

/// A Kubernetes quantity: `250m`, `1.5Gi`, `12e6`.
///
/// Kept in billionths of its unit. Finer fractions round away from zero, as in
/// `k8s.io/apimachinery/pkg/api/resource/quantity.go`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Quantity {
    nanos: i128,
    suffix: Suffix,
}

/// Why a text is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a Kubernetes quantity such as `250m` or `512Mi`: {problem}")]
pub struct ParseQuantityError {
    text: String,
    problem: &'static str,
}

impl Quantity {
    /// Thousandths of the unit, for CPU.
    pub fn from_millis(millis: u64) -> Self {
        Self {
            nanos: i128::from(millis) * 1_000_000,
            suffix: Suffix::Decimal,
        }
    }

    /// Whole bytes, printed with a binary suffix where one fits.
    pub fn from_bytes(bytes: u64) -> Self {
        Self {
            nanos: i128::from(bytes) * NANO,
            suffix: Suffix::Binary,
        }
    }

    /// In units: cores, bytes, devices.
    #[expect(
        clippy::cast_precision_loss,
        reason = "16 digits are enough for any use but printing"
    )]
    pub fn to_f64(&self) -> f64 {
        self.nanos as f64 / float(1_000_000_000)
    }

    /// Rounded up to a whole unit; negatives become 0, what is too large the largest.
    pub fn ceil(&self) -> u64 {
        let units = self.nanos.max(0).saturating_add(NANO - 1) / NANO;
        u64::try_from(units).unwrap_or(u64::MAX)
    }

    pub fn suffix(&self) -> Suffix {
        self.suffix
    }
}

/// Splits `text` into its number and its suffix.
fn split(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-')))
        .unwrap_or(text.len());
    text.split_at(end)
}

/// The power of ten or two that a suffix stands for.
fn scale(suffix: &str) -> Option<(i128, i32, Suffix)> {
    let binary = |power: u32| Some((1_i128 << (10 * power), 0, Suffix::Binary));
    let decimal = |power: i32| Some((1, power, Suffix::Decimal));
    match suffix {
        "" => decimal(0),
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        other => {
            let exponent = other.strip_prefix(['e', 'E'])?;
            exponent
                .parse()
                .ok()
                .map(|power| (1, power, Suffix::Exponent))
        }
    }
}

/// `digits × factor × 10^power`, in billionths, rounded away from zero.
fn nanos(digits: i128, factor: i128, power: i32) -> Option<i128> {
    let value = digits.checked_mul(factor)?;
    let power = power.checked_add(9)?;
    let ten = 10_i128.checked_pow(power.unsigned_abs());
    if value == 0 {
        Some(0)
    } else if power >= 0 {
        value.checked_mul(ten?)
    } else {
        // A divisor too large to write leaves less than a billionth.
        let ten = ten.unwrap_or(i128::MAX);
        Some(value / ten + (value % ten).signum())
    }
}

impl FromStr for Quantity {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |problem| ParseQuantityError {
            text: text.to_owned(),
            problem,
        };
        let (number, suffix) = split(text);
        let (negative, unsigned) = match number.as_bytes().first() {
            Some(b'-') => (true, &number[1..]),
            Some(b'+') => (false, &number[1..]),
            _ => (false, number),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = format!("{whole}{fraction}");
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(fail("it has no number"));
        }
        let (factor, power, suffix) = scale(suffix).ok_or_else(|| fail("its suffix is unknown"))?;
        // Trailing zeros of a fraction say nothing, and would overflow.
        let kept = fraction.trim_end_matches('0').len();
        let digits = &digits[..whole.len() + kept];
        let places = i32::try_from(kept).map_err(|_| fail("it is too long"))?;
        let digits: i128 = if digits.is_empty() {
            0
        } else {
            digits.parse().map_err(|_| fail("it is too large"))?
        };
        let power = power
            .checked_sub(places)
            .ok_or_else(|| fail("it is too small"))?;
        let nanos = nanos(digits, factor, power).ok_or_else(|| fail("it is too large"))?;
        Ok(Self {
            nanos: if negative { -nanos } else { nanos },
            suffix,
        })
    }
}

/// The canonical form: no fraction, the largest suffix that keeps it exact.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
        let (mut value, base, names, last) =
            if self.suffix == Suffix::Binary && self.nanos % NANO == 0 {
                (self.nanos / NANO, 1024, &BINARY[..], BINARY.len() - 1)
            } else {
                (self.nanos, 1000, &DECIMAL[..], DECIMAL.len() - 1)
            };
        let mut power = 0;
        while value != 0 && value % base == 0 && power < last {
            value /= base;
            power += 1;
        }
        if value == 0 {
            return f.pad("0");
        }
        let text = match self.suffix {
            Suffix::Exponent if base == 1000 => match i32::try_from(power).unwrap_or(0) * 3 - 9 {
                0 => format!("{value}"),
                exponent => format!("{value}e{exponent}"),
            },
            _ => format!("{value}{}", names[power]),
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        text.parse::<Quantity>().unwrap().to_string()
    }

    #[test]
    fn prints_the_canonical_form() {
        for (text, expected) in [
            ("0.5", "500m"),
            ("1000m", "1"),
            ("1.5Gi", "1536Mi"),
            ("0.5Gi", "512Mi"),
            ("285732041n", "285732041n"),
            ("510016880", "510016880"),
            ("143000Ki", "143000Ki"),
            ("12e6", "12e6"),
            ("1E", "1E"),
            ("1e3", "1e3"),
            ("100e-3", "100e-3"),
            ("-1500m", "-1500m"),
            ("0.0000000001", "1n"),
            ("+.5", "500m"),
            ("1.", "1"),
            ("0", "0"),
        ] {
            assert_eq!(canonical(text), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_quantity() {
        for text in [
            "", "m", "1x", "1 Gi", "--1", "1.2.3", "NaN", "1ki", "1e", "1e99", "９",
        ] {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
    }

    #[test]
    fn bytes_round_up() {
        assert_eq!("100m".parse::<Quantity>().unwrap().ceil(), 1);
        assert_eq!("-5".parse::<Quantity>().unwrap().ceil(), 0);
    }
}
