use crate::units::{len_f64, wilson};

/// The 97.5th percentile of the normal distribution: two-sided 95 %.
const Z: f64 = 1.959_964;

/// How often something happened, of how many chances.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Share {
    pub hits: usize,
    pub of: usize,
    /// What so many chances tell: as much as this many that have nothing to do
    /// with each other. Horizons that overlap, and the same pods packed in
    /// another order, say little that is new.
    pub independent: f64,
}

impl Share {
    /// Chances that have nothing to do with each other.
    pub fn new(hits: usize, of: usize) -> Self {
        Self {
            hits,
            of,
            independent: len_f64(of),
        }
    }

    /// 0 to 1; 0 where there was no chance.
    pub fn rate(self) -> f64 {
        if self.of == 0 {
            0.0
        } else {
            len_f64(self.hits) / len_f64(self.of)
        }
    }

    /// The rates, low and high, that 95 % of the time would hold the true one.
    pub fn interval(self) -> (f64, f64) {
        wilson(self.rate(), self.independent, Z)
    }

    /// Whether a promise of at most `promised` was kept: what happened does not
    /// exceed it by more than chance explains.
    pub fn keeps(self, promised: f64) -> bool {
        self.rate() <= promised || self.interval().0 <= promised
    }

    pub fn count(&mut self, hit: bool) {
        *self = self.plus(Self::new(usize::from(hit), 1));
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            hits: self.hits + other.hits,
            of: self.of + other.of,
            independent: self.independent + other.independent,
        }
    }

    /// The same, of which only this share says something of its own.
    #[must_use]
    pub fn thinned(self, share: f64) -> Self {
        Self {
            independent: self.independent * share,
            ..self
        }
    }
}

/// A mean of shares, such as of time, over many containers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MeanShare {
    /// 0 to 1; 0 without any.
    pub rate: f64,
    /// As of [`Share::independent`].
    pub independent: f64,
}

impl MeanShare {
    /// From the mean share of each container, and how far it was from what is to be
    /// explained: what they differ by among each other is chance. Containers that
    /// differ by nothing, or of which there is one, count as `least` chances each.
    pub(super) fn of(rate: f64, apart: &[f64], least: f64) -> Self {
        let count = len_f64(apart.len());
        let mean = apart.iter().sum::<f64>() / count.max(1.0);
        let squares: f64 = apart.iter().map(|value| (value - mean).powi(2)).sum();
        let error = squares / (count - 1.0).max(1.0) / count.max(1.0);
        let independent = if apart.len() > 1 && error > 0.0 {
            (rate * (1.0 - rate) / error).max(1.0)
        } else {
            count * least
        };
        Self { rate, independent }
    }

    /// As [`Share::interval`].
    pub fn interval(self) -> (f64, f64) {
        wilson(self.rate, self.independent, Z)
    }

    /// As [`Share::keeps`].
    pub fn keeps(self, promised: f64) -> bool {
        self.rate <= promised || self.interval().0 <= promised
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        // Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
        let (low, high) = Share::new(81, 263).interval();
        assert!((low - 0.2553).abs() < 5e-5, "{low}");
        assert!((high - 0.3662).abs() < 5e-5, "{high}");
        let (low, high) = Share::new(0, 20).interval();
        assert!(low < 1e-12);
        assert!((high - 0.1611).abs() < 5e-5, "{high}");
    }

    #[test]
    fn chance_excuses_little() {
        assert!(Share::new(1, 20).keeps(0.02));
        assert!(!Share::new(10, 100).keeps(0.02));
        assert!(Share::new(2, 100).keeps(0.02));
    }

    #[test]
    fn what_was_seen_ten_times_over_excuses_more() {
        let share = Share::new(10, 100);
        assert!(share.thinned(0.1).keeps(0.02));
        assert!((share.thinned(0.1).rate() - share.rate()).abs() < 1e-12);
    }

    #[test]
    fn a_mean_is_as_sure_as_its_parts_agree() {
        let apart = |spread: f64| -> Vec<f64> {
            let signs = (0..60).map(|n| if n % 2 == 0 { spread } else { -spread });
            signs.map(|off| 0.0001 + off).collect()
        };
        // 6.18 % where 6.17 % was promised is nothing; 9 % would be.
        let mean = |rate, spread| MeanShare::of(rate, &apart(spread), 2.0);
        assert!(mean(0.0618, 0.03).keeps(0.0617));
        assert!(!mean(0.09, 0.03).keeps(0.0617));
        assert!(mean(0.09, 0.3).keeps(0.0617));
        // Where all are the same, they count as they are.
        assert!((MeanShare::of(0.1, &[0.0; 60], 2.0).independent - 120.0).abs() < 1e-9);
        assert!((MeanShare::of(0.1, &[0.5], 2.0).independent - 2.0).abs() < 1e-9);
        assert!(MeanShare::of(0.0, &[], 2.0).keeps(0.0));
    }
}
