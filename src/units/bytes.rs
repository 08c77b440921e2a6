use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Quantity, count_from, float};

/// An amount of memory or storage, in bytes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Bytes(pub u64);

const UNITS: [(&str, u32); 5] = [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10), ("B", 0)];

impl Bytes {
    pub const ZERO: Self = Self(0);

    pub const fn mib(mebibytes: u64) -> Self {
        Self(mebibytes.saturating_mul(1 << 20))
    }

    pub fn gib(gibibytes: u64) -> Self {
        Self(gibibytes.saturating_mul(1 << 30))
    }

    /// The nearest whole byte; below zero, or not a number, becomes 0.
    pub fn from_f64(bytes: f64) -> Self {
        Self(count_from(bytes))
    }

    pub fn to_f64(self) -> f64 {
        float(self.0)
    }

    /// In GiB, for prices.
    pub fn to_gib(self) -> f64 {
        self.to_f64() / float(1 << 30)
    }

    /// Saturates.
    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        Self::from_f64(self.to_f64() * factor)
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, 0 where `other` is larger.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Rounded up to whole multiples of `step`; saturates.
    #[must_use]
    pub fn round_up_to(self, step: Self) -> Self {
        if step.is_zero() {
            return self;
        }
        Self(self.0.div_ceil(step.0).saturating_mul(step.0))
    }

    /// As a canonical Kubernetes quantity with a binary suffix.
    pub fn to_quantity(self) -> Quantity {
        Quantity::from_bytes(self.0)
    }

    /// For people: three significant digits, `1.5Gi`, `192Mi`.
    pub fn human(self) -> String {
        let (unit, shift) = UNITS
            .into_iter()
            .find(|(_, shift)| self.0 >> shift > 0)
            .unwrap_or(("B", 0));
        let value = self.to_f64() / float(1 << shift);
        if shift == 0 || value >= 100.0 || (value - value.round()).abs() < 0.005 {
            format!("{value:.0}{unit}")
        } else if value >= 10.0 {
            format!("{value:.1}{unit}")
        } else {
            let text = format!("{value:.2}");
            format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

/// Rounds toward the larger byte, as the kubelet does for limits.
impl From<&Quantity> for Bytes {
    fn from(quantity: &Quantity) -> Self {
        Self(quantity.ceil())
    }
}

/// As Kubernetes writes it: `512Mi`.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_quantity().fmt(f)
    }
}

impl std::iter::Sum for Bytes {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Self::plus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_whole_mebibytes_as_such() {
        assert_eq!(Bytes::mib(512).to_string(), "512Mi");
        assert_eq!(Bytes::gib(2).to_string(), "2Gi");
        assert_eq!(Bytes(1_000_001).to_string(), "1000001");
    }

    #[test]
    fn people_see_three_digits() {
        assert_eq!(Bytes::mib(1536).human(), "1.5Gi");
        assert_eq!(Bytes::mib(192).human(), "192Mi");
        assert_eq!(Bytes(0).human(), "0B");
    }
}
