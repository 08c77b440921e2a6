use crate::units::len_f64;

/// The 97.5th percentile of the normal distribution: two-sided 95 %.
const Z: f64 = 1.959_964;

/// How often something happened, of how many chances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    pub hits: usize,
    pub of: usize,
}

impl Share {
    /// 0 to 1; 0 where there was no chance.
    pub fn rate(self) -> f64 {
        if self.of == 0 {
            0.0
        } else {
            len_f64(self.hits) / len_f64(self.of)
        }
    }

    /// The rates, low and high, that 95 % of the time would hold the true one.
    ///
    /// Source: E. B. Wilson, "Probable inference, the law of succession, and
    /// statistical inference", 1927: the score interval, sound for few chances
    /// and rates near 0.
    pub fn interval(self) -> (f64, f64) {
        if self.of == 0 {
            return (0.0, 1.0);
        }
        let (n, p) = (len_f64(self.of), self.rate());
        let centre = p + Z * Z / (2.0 * n);
        let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        let low = ((centre - spread) / scale).max(0.0);
        let high = ((centre + spread) / scale).min(1.0);
        (low, high)
    }

    /// Whether a promise of at most `promised` was kept: what happened does not
    /// exceed it by more than chance explains.
    pub fn keeps(self, promised: f64) -> bool {
        self.rate() <= promised || self.interval().0 <= promised
    }

    pub fn count(&mut self, hit: bool) {
        self.of += 1;
        self.hits += usize::from(hit);
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            hits: self.hits + other.hits,
            of: self.of + other.of,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        // Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
        let (low, high) = Share { hits: 81, of: 263 }.interval();
        assert!((low - 0.2553).abs() < 5e-5, "{low}");
        assert!((high - 0.3662).abs() < 5e-5, "{high}");
        let (low, high) = Share { hits: 0, of: 20 }.interval();
        assert!(low < 1e-12);
        assert!((high - 0.1611).abs() < 5e-5, "{high}");
    }

    #[test]
    fn chance_excuses_little() {
        assert!(Share { hits: 1, of: 20 }.keeps(0.02));
        assert!(!Share { hits: 10, of: 100 }.keeps(0.02));
        assert!(Share { hits: 2, of: 100 }.keeps(0.02));
    }
}
