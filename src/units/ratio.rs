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

/// The least and the most that a share can be which was seen over so many chances; `z` is how
/// many standard deviations of the normal distribution are between it and either.
///
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical
/// inference", 1927: the score interval, sound for few chances and shares near 0.
pub fn wilson(share: f64, chances: f64, z: f64) -> (f64, f64) {
    if chances <= 0.0 {
        return (0.0, 1.0);
    }
    let middle = share + z * z / (2.0 * chances);
    let far = z * (share * (1.0 - share) / chances + z * z / (4.0 * chances * chances)).sqrt();
    let scale = 1.0 + z * z / chances;
    let low = ((middle - far) / scale).max(0.0);
    let high = ((middle + far) / scale).min(1.0);
    (low, high)
}

/// As whole percent: `25%`.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.0}%", self.0 * 100.0))
    }
}
