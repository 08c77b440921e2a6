use crate::units::len_f64;

/// Days in which a series may stray once by chance, in one way of looking. There are a
/// few ways, and they see much of the same: together that is below once a month.
const ONCE_IN: f64 = 60.0;
/// Spreads from which on a peak tells of the tail. An hour of normal noise is beyond it
/// twice in a fortnight.
pub(super) const TAIL: f64 = 2.5;
/// Spreads that are rare in no series, however quiet it was.
pub(super) const LEAST_RARE: f64 = 6.0;
/// What is known of a tail before any of it was seen: its scale, as if so many peaks had
/// told it. Of normal noise it is 0.13.
const LIGHT: f64 = 0.15;
const WEIGHT: f64 = 6.0;
/// Ten years: nobody knows more of a few weeks.
const FAR: f64 = 3_650.0;

/// How far the peaks of a series lie out. Whatever has a heavy tail exceeds a high
/// threshold by a factor whose logarithm is exponential (Pickands, Balkema and de Haan).
///
/// The scale of that is told by the distances between the largest peaks (Rényi: the i-th,
/// times i, are exponential as well; Hill's estimator is their mean). The very largest are
/// left out of it, as they may be what is looked for; and what so few peaks leave open
/// makes the tail that is predicted a Pareto distribution of these logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tail {
    /// The logarithm of the threshold.
    from: f64,
    /// Peaks a day beyond it.
    a_day: f64,
    scale: f64,
    /// Peaks that tell the scale.
    told_by: f64,
}

impl Tail {
    /// Of the logarithms of peaks beyond [`TAIL`], descending: of those about one a day
    /// tells it, beside the `spare` that are set aside.
    pub(super) fn of(peaks: &[f64], days: usize, spare: usize) -> Self {
        let most = spare + days;
        let from = peaks.get(most).copied().unwrap_or(TAIL.ln());
        let peaks = &peaks[..most.min(peaks.len())];
        let below = peaks.iter().skip(1).chain([&from]);
        let apart = peaks.iter().zip(below).enumerate().skip(spare);
        let apart = apart.map(|(place, (own, next))| len_f64(place + 1) * (own - next));
        let told_by = len_f64(peaks.len().saturating_sub(spare)) + WEIGHT;
        Self {
            from,
            a_day: (len_f64(peaks.len()) + 0.5) / len_f64(days.max(1)),
            scale: (apart.sum::<f64>() + WEIGHT * LIGHT) / told_by,
            told_by,
        }
    }

    /// Spreads that are reached once in [`ONCE_IN`] days.
    pub(super) fn rare(&self) -> f64 {
        let times = (self.a_day * ONCE_IN).max(1.0);
        let out = times.powf(1.0 / self.told_by) - 1.0;
        (self.from + self.told_by * self.scale * out)
            .exp()
            .max(LEAST_RARE)
    }

    /// How far something is beyond [`rare`](Self::rare), in scales of its logarithm.
    pub(super) fn beyond(&self, spreads: f64) -> f64 {
        (spreads / self.rare()).ln() / self.scale
    }

    /// Days in which so much comes once.
    pub(super) fn once_in_days(&self, spreads: f64) -> f64 {
        let out = (spreads.ln() - self.from).max(0.0) / (self.told_by * self.scale);
        ((1.0 + out).powf(self.told_by) / self.a_day).min(FAR)
    }

    /// Whether so much is farther out than a tail can tell.
    pub(super) fn cannot_tell(&self, spreads: f64) -> bool {
        self.once_in_days(spreads) >= FAR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peaks: &[f64]) -> Tail {
        let logs: Vec<f64> = peaks.iter().map(|it| it.ln()).collect();
        Tail::of(&logs, 14, 3)
    }

    #[test]
    fn quiet_days_leave_a_threshold_that_noise_does_not_reach() {
        let quiet = of(&[3.4, 3.3, 3.1, 3.0, 2.9, 2.8, 2.6]);
        assert!((6.0..7.0).contains(&quiet.rare()), "{}", quiet.rare());
        assert!((of(&[]).rare() - LEAST_RARE).abs() < 1e-9);
        let loud = of(&[9.0, 8.0, 7.0, 6.5, 5.5, 4.5, 4.0, 3.0]);
        assert!((loud.once_in_days(loud.rare()) - ONCE_IN).abs() < 1e-6);
        assert!(loud.beyond(loud.rare()).abs() < 1e-9);
        assert!(!quiet.cannot_tell(9.0) && quiet.cannot_tell(90.0));
    }

    #[test]
    fn what_bursts_every_day_may_burst_and_two_bad_days_of_many_do_not_hide_a_third() {
        let loud = [90.0, 70.0, 62.0, 60.0, 55.0, 48.0, 40.0, 33.0, 20.0, 9.0];
        assert!(of(&loud).rare() > 100.0, "{}", of(&loud).rare());
        let twice = of(&[60.0, 45.0, 3.3, 3.1, 3.0, 2.9]);
        assert!(twice.rare() < 10.0, "{}", twice.rare());
    }

    #[test]
    fn a_heavy_tail_is_exceeded_as_seldom_as_it_says() {
        // The peaks of a Pareto distribution at their places: scale 0.5.
        let peaks: Vec<f64> = (1..=17_i32)
            .map(|it| TAIL.ln() - 0.5 * (f64::from(it) / 18.0).ln())
            .collect();
        let tail = Tail::of(&peaks, 14, 3);
        // 60 days hold 77 peaks; the largest of them is 77 to the scale times the threshold.
        let exact = TAIL * 77.0_f64.sqrt();
        assert!(
            (0.6..1.6).contains(&(tail.rare() / exact)),
            "{}",
            tail.rare() / exact
        );
    }
}
