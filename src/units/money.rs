use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub};

/// An amount in the price book's currency, exact to a millionth of its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Money {
    micros: i64,
}

impl Money {
    pub const ZERO: Self = Self { micros: 0 };

    /// No price that is read is as large, in whatever currency: sums of thousands of them are
    /// exact.
    pub const MOST: f64 = 1e9;

    /// The nearest millionth; saturates, and takes what is not a number as 0.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float-to-integer `as` saturates, which is what this function promises"
    )]
    pub fn from_f64(amount: f64) -> Self {
        Self {
            micros: (amount * 1e6).round() as i64,
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "nine billion units are still exact"
    )]
    pub fn to_f64(self) -> f64 {
        self.micros as f64 / 1e6
    }

    /// So many times it, to the nearest millionth.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        Self::from_f64(self.to_f64() * factor)
    }

    /// A price an hour for a month of 730 hours, exactly.
    #[must_use]
    pub fn monthly(self) -> Self {
        Self {
            micros: self.micros.saturating_mul(730),
        }
    }

    /// With all its digits, at least two: `0.384`, `12.00`.
    pub fn exact(self) -> String {
        let sign = if self.micros < 0 { "-" } else { "" };
        let micros = self.micros.unsigned_abs();
        let digits = format!("{:06}", micros % 1_000_000);
        let short = digits.trim_end_matches('0');
        let digits = if short.len() < 2 { &digits[..2] } else { short };
        format!("{sign}{}.{digits}", micros / 1_000_000)
    }

    pub fn is_negative(self) -> bool {
        self.micros < 0
    }

    /// Parts of it in proportion to the weights that sum up to it exactly: what rounding
    /// leaves goes to those that lost most by it. With no weight above zero each gets
    /// nothing.
    pub fn divided(self, weights: &[f64]) -> Vec<Self> {
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return vec![Self::ZERO; weights.len()];
        }
        let exact = |weight: &f64| self.to_f64() * (weight / total);
        let mut parts: Vec<Self> = weights.iter().map(|it| Self::from_f64(exact(it))).collect();
        let given: i128 = parts.iter().map(|it| i128::from(it.micros)).sum();
        let mut order: Vec<usize> = (0..parts.len()).filter(|it| weights[*it] > 0.0).collect();
        let left = i128::from(self.micros) - given;
        let lost = |at: &usize| exact(&weights[*at]) - parts[*at].to_f64();
        order.sort_by(|a, b| lost(b).total_cmp(&lost(a)).then(a.cmp(b)));
        if left < 0 {
            order.reverse();
        }
        for (at, more) in order.iter().zip(evenly(left, order.len())) {
            parts[*at].micros = parts[*at].micros.saturating_add(more);
        }
        parts
    }

    /// Each in whole hundredths, so that they sum up to their sum in whole hundredths: what
    /// rounding down leaves goes to those that lost most by it.
    pub fn rounded_together(amounts: &[Self]) -> Vec<Self> {
        let whole = amounts.iter().copied().sum::<Self>().to_cents();
        Self::rounded_to(whole, amounts)
    }

    /// The same, where the sum is given in whole hundredths: theirs, rounded up or down.
    pub fn rounded_to(whole: Self, amounts: &[Self]) -> Vec<Self> {
        const CENT: i64 = 10_000;
        let down = |it: &Self| it.micros.div_euclid(CENT) * CENT;
        let mut rounded: Vec<Self> = amounts.iter().map(|it| Self { micros: down(it) }).collect();
        let given = rounded.iter().copied().sum::<Self>();
        let left = (whole - given).micros / CENT;
        let mut order: Vec<usize> = (0..amounts.len()).collect();
        order.sort_by_key(|at| {
            (
                std::cmp::Reverse(amounts[*at].micros - rounded[*at].micros),
                *at,
            )
        });
        // Where the sum was rounded down further than its parts, those that lost least give.
        if left < 0 {
            order.reverse();
            order.retain(|at| rounded[*at].micros >= CENT);
        }
        // A sum that is further from theirs than there are parts takes more than one from some.
        for (at, more) in order.iter().zip(evenly(i128::from(left), order.len())) {
            rounded[*at].micros = rounded[*at]
                .micros
                .saturating_add(more.saturating_mul(CENT));
        }
        rounded
    }

    /// One hundredth.
    pub const CENT: Self = Self { micros: 10_000 };

    /// Rounded to whole hundredths, halves away from zero.
    #[must_use]
    pub fn to_cents(self) -> Self {
        let half = 5_000 * self.micros.signum();
        Self {
            micros: self.micros.saturating_add(half) / 10_000 * 10_000,
        }
    }

    /// Never below zero.
    #[must_use]
    pub fn floor_zero(self) -> Self {
        self.max(Self::ZERO)
    }
}

/// So many things to so many, each as many, the first ones one more.
fn evenly(things: i128, among: usize) -> impl Iterator<Item = i64> {
    let many = i128::try_from(among.max(1)).unwrap_or(i128::MAX);
    let (each, rest) = (things / many, things % many);
    let limits = (i128::from(i64::MIN), i128::from(i64::MAX));
    (0..many).map(move |at| {
        let more = if at < rest.abs() { rest.signum() } else { 0 };
        let share = (each + more).clamp(limits.0, limits.1);
        i64::try_from(share).unwrap_or_default()
    })
}

/// Why a text is no amount of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseMoneyError(String);

impl fmt::Display for ParseMoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an amount such as `0.384`", self.0)
    }
}

impl std::error::Error for ParseMoneyError {}

/// `0.384`, `12`, `1e-3`: the decimal as it is written, to the nearest millionth.
impl std::str::FromStr for Money {
    type Err = ParseMoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseMoneyError(text.to_owned());
        let plain = text.starts_with(|it: char| it.is_ascii_digit() || it == '.' || it == '-');
        let amount: f64 = text.parse().map_err(|_| wrong())?;
        // The nearest float of a decimal with up to six digits rounds back to it.
        (plain && amount.abs() < Self::MOST)
            .then(|| Self::from_f64(amount))
            .ok_or_else(wrong)
    }
}

/// A decimal string with two digits, halves away from zero: `1234.50`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.to_cents().micros / 10_000;
        let sign = if cents < 0 { "-" } else { "" };
        let cents = cents.unsigned_abs();
        f.pad(&format!("{sign}{}.{:02}", cents / 100, cents % 100))
    }
}

/// As it is printed: machines take money as a text.
impl serde::Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            micros: self.micros.saturating_add(other.micros),
        }
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            micros: self.micros.saturating_sub(other.micros),
        }
    }
}

impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            micros: self.micros.saturating_neg(),
        }
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Self::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_two_digits_and_the_sign() {
        assert_eq!(Money::from_f64(1234.5).to_string(), "1234.50");
        assert_eq!(Money::from_f64(-0.005).to_string(), "-0.01");
        assert_eq!(Money::from_f64(-0.001).to_string(), "0.00");
        assert_eq!(Money::from_f64(f64::NAN), Money::ZERO);
    }

    #[test]
    fn parts_sum_up_to_the_whole() {
        let whole = Money::from_f64(100.0);
        let parts = whole.divided(&[1.0, 1.0, 1.0]);
        assert_eq!(parts.iter().copied().sum::<Money>(), whole);
        assert_eq!(parts[0].to_string(), "33.33");
        assert_eq!(whole.divided(&[0.0, 0.0]), [Money::ZERO; 2]);
        let parts = Money::from_f64(-0.000_001).divided(&[0.0, 5.0]);
        assert_eq!(parts, [Money::ZERO, Money::from_f64(-0.000_001)]);
    }

    #[test]
    fn amounts_beyond_all_reason_are_added_and_divided_without_an_end() {
        let most = Money::from_f64(f64::INFINITY);
        let parts = most.divided(&[1.0, 3.0, 0.0]);
        assert_eq!(most + most, most);
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|it| *it >= Money::ZERO && *it <= most));
        let rounded = Money::rounded_together(&[most, most, Money::CENT]);
        assert!(rounded.iter().all(|it| *it >= Money::ZERO));
        let least = Money::from_f64(f64::NEG_INFINITY).divided(&[1.0, 1.0]);
        assert!(least.iter().all(|it| it.is_negative()));
        let odd = Money::from_f64(9e11).divided(&[1e-300, 1e300]);
        assert_eq!(odd.into_iter().sum::<Money>(), Money::from_f64(9e11));
    }

    #[test]
    fn decimals_are_taken_as_written() {
        let price: Money = "0.3638".parse().expect("a price");
        assert_eq!(price.monthly().to_string(), "265.57");
        assert!("1,20".parse::<Money>().is_err());
        assert!("NaN".parse::<Money>().is_err());
        assert!("inf".parse::<Money>().is_err());
    }
}
