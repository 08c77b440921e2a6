use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Quantity, count_from, float};

/// Processor time a second, in cores. One core is one vCPU.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cpu(f64);

impl Cpu {
    pub const ZERO: Self = Self(0.0);

    /// `cores` below zero, or not a number, become 0.
    pub fn cores(cores: f64) -> Self {
        Self(if cores > 0.0 { cores } else { 0.0 })
    }

    /// Thousandths of a core.
    pub fn millicores(millicores: u64) -> Self {
        Self(float(millicores) / 1000.0)
    }

    /// The number of cores.
    pub fn get(self) -> f64 {
        self.0
    }

    #[must_use]
    pub fn scale(self, factor: f64) -> Self {
        Self::cores(self.0 * factor)
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    /// The difference, 0 where `other` is larger.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self::cores(self.0 - other.0)
    }

    #[must_use]
    pub fn max(self, other: Self) -> Self {
        if other.0 > self.0 { other } else { self }
    }

    #[must_use]
    pub fn min(self, other: Self) -> Self {
        if other.0 < self.0 { other } else { self }
    }

    pub fn is_zero(self) -> bool {
        self.0 <= 0.0
    }

    /// Rounded up to whole multiples of `step`, forgiving the last bits of a division.
    #[must_use]
    pub fn round_up_to(self, step: Self) -> Self {
        if step.is_zero() {
            return self;
        }
        let steps = (self.0 / step.0 - 1e-9).ceil();
        // Through millicores where possible, so that 0.15 prints as 150m and not as 0.15000000000000002.
        let millis = steps * step.0 * 1000.0;
        if (millis - millis.round()).abs() < 1e-6 {
            Self::millicores(count_from(millis))
        } else {
            Self(steps * step.0)
        }
    }

    /// As a canonical Kubernetes quantity, rounded up to a whole millicore. What
    /// exceeds one by no more than the last bit of a sample is that one.
    pub fn to_quantity(self) -> Quantity {
        let millis = self.0 * 1000.0 * (1.0 - f64::from(f32::EPSILON));
        Quantity::from_millis(count_from((millis - 1e-6).ceil()))
    }
}

impl From<&Quantity> for Cpu {
    fn from(quantity: &Quantity) -> Self {
        Self::cores(quantity.to_f64())
    }
}

/// As Kubernetes writes it: `250m`, `2`.
impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_quantity().fmt(f)
    }
}

impl std::iter::Sum for Cpu {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Self::plus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_up_but_not_past_a_whole_step() {
        assert_eq!(
            Cpu::cores(0.15).round_up_to(Cpu::cores(0.01)),
            Cpu::millicores(150)
        );
        assert_eq!(
            Cpu::cores(0.1501).round_up_to(Cpu::cores(0.01)),
            Cpu::millicores(160)
        );
    }

    #[test]
    fn prints_as_kubernetes_does() {
        assert_eq!(Cpu::cores(0.25).to_string(), "250m");
        assert_eq!(Cpu::cores(2.0).to_string(), "2");
        assert_eq!(Cpu::cores(0.0004).to_string(), "1m");
        // The nearest sample lies above.
        assert_eq!(Cpu::cores(f64::from(0.8_f32)).to_string(), "800m");
        assert_eq!(Cpu::cores(0.800_001).to_string(), "801m");
    }
}
