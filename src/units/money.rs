use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub};

/// An amount in the price book's currency, exact to a millionth of its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Money {
    micros: i64,
}

impl Money {
    pub const ZERO: Self = Self { micros: 0 };

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

/// A decimal string with two digits, halves away from zero: `1234.50`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.to_cents().micros / 10_000;
        let sign = if cents < 0 { "-" } else { "" };
        let cents = cents.unsigned_abs();
        f.pad(&format!("{sign}{}.{:02}", cents / 100, cents % 100))
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
}
