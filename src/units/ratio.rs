use std::fmt;

/// A share of something: 0.25 is a quarter. Always a number, never negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Ratio(f64);

impl Ratio {
    pub const ZERO: Self = Self(0.0);
    pub const ONE: Self = Self(1.0);

    /// Below zero, or not a number, becomes 0.
    pub fn new(value: f64) -> Self {
        Self(if value > 0.0 { value } else { 0.0 })
    }

    /// `part ÷ whole`; 0 where the whole is 0.
    pub fn of(part: f64, whole: f64) -> Self {
        if whole > 0.0 {
            Self::new(part / whole)
        } else {
            Self::ZERO
        }
    }

    pub fn get(self) -> f64 {
        self.0
    }
}

/// As whole percent: `25%`.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.0}%", self.0 * 100.0))
    }
}
