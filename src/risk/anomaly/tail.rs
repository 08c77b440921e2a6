use crate::trend::quantile;

/// Days in which a series may stray once by chance, in one way of looking. There are a
/// few ways, and they see much of the same: together that is well below once a month.
const ONCE_IN: f64 = 60.0;
/// Spreads that the worst hour of a quiet day reaches anyhow.
pub(super) const QUIET: f64 = 3.5;
/// Least scale of the logarithm of the worst of a day. Few days show less than there is;
/// with it a quiet series strays from about 6.5 spreads on.
const LEAST_SCALE: f64 = 0.15;

/// How far the worst hour of a day lies out, as a Fréchet distribution: the logarithm is
/// one of Gumbel, as it is of whatever has a heavy tail.
///
/// Taken by quartiles, which a few days of trouble do not move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tail {
    /// The middle of the logarithm.
    middle: f64,
    scale: f64,
}

/// Spreads that are rare in no series, however quiet: less than [`Tail::rare`] of any.
pub(super) fn least_rare() -> f64 {
    /// What rounding may take from it.
    const ROUNDED: f64 = 1.0 - 1e-9;
    (QUIET.ln() + LEAST_SCALE * ONCE_IN.ln()).exp() * ROUNDED
}

impl Tail {
    /// Of the worst of each day, in spreads; `None` with fewer than three.
    pub(super) fn of(worst: &[f64]) -> Option<Self> {
        /// Between the quartiles of a Gumbel distribution of scale 1.
        const UPPER: f64 = 0.879_4;
        const LOWER: f64 = std::f64::consts::LN_2;
        let known = worst.iter().filter(|it| it.is_finite());
        let mut logs: Vec<f64> = known.map(|it| it.max(QUIET).ln()).collect();
        if logs.len() < 3 {
            return None;
        }
        logs.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| quantile(&logs, share);
        let (low, middle, high) = (at(0.25)?, at(0.5)?, at(0.75)?);
        let scale = ((high - middle) / UPPER).max((middle - low) / LOWER);
        Some(Self {
            middle,
            scale: scale.max(LEAST_SCALE),
        })
    }

    /// Spreads that are reached once in [`ONCE_IN`] days.
    pub(super) fn rare(&self) -> f64 {
        (self.middle + self.scale * ONCE_IN.ln()).exp()
    }

    /// How far something is beyond [`rare`](Self::rare), in scales of its logarithm.
    pub(super) fn beyond(&self, spreads: f64) -> f64 {
        (spreads / self.rare()).ln() / self.scale
    }

    /// Days in which so much comes once.
    pub(super) fn once_in_days(&self, spreads: f64) -> f64 {
        /// Ten years: nobody knows more of a few weeks.
        const FAR: f64 = 3_650.0;
        ((spreads.ln() - self.middle) / self.scale).exp().min(FAR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_days_leave_a_threshold_that_noise_does_not_reach() {
        let quiet = Tail::of(&[2.9, 3.1, 3.4, 3.0, 2.8, 3.3, 3.2]).unwrap();
        assert!((6.0..7.0).contains(&quiet.rare()), "{}", quiet.rare());
        let quietest = Tail::of(&[0.1; 9]).unwrap();
        assert!(least_rare() < quietest.rare() && quietest.rare() <= quiet.rare());
        assert!((quiet.once_in_days(quiet.rare()) - ONCE_IN).abs() < 1e-6);
        assert!(quiet.beyond(quiet.rare()).abs() < 1e-9);
    }

    #[test]
    fn what_bursts_every_day_may_burst_and_two_bad_days_of_many_do_not_hide_a_third() {
        let loud = Tail::of(&[40.0, 70.0, 55.0, 62.0, 48.0, 90.0, 60.0]).unwrap();
        assert!(loud.rare() > 100.0);
        let twice = Tail::of(&[3.0, 3.1, 60.0, 2.9, 3.3, 3.0, 3.2, 45.0, 3.1]).unwrap();
        assert!(twice.rare() < 10.0);
        assert_eq!(Tail::of(&[3.0, f64::NAN, 4.0]), None);
    }
}
