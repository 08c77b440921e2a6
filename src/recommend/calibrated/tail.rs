//! How far the next record goes beyond the last.
//!
//! Every container's peaks are replayed: at many moments of the past, its peak so
//! far against the peak of what followed. If nothing ever changed, a stretch of
//! `h` that follows `n` would hold the higher peak with probability `h ÷ (n + h)`;
//! what differs between containers is how much higher. So the scores are kept as
//! a **share of the records that are due**, which does not depend on how long
//! the history or the horizon is: a fortnight's replays say what to expect of a
//! week, and three days of history get the larger margin that they deserve.

use crate::units::{count_from, len_f64};

/// Steps of the grid of margins, on a logarithmic scale.
const STEPS: usize = 240;
/// The largest margin that is ever advised; beyond it the risk is told instead.
const LARGEST: f64 = 8.0;

/// Below this, growth is a matter of megabytes and not of factors: what a small
/// process adds by loading a library would look like a jump.
pub(super) const SMALL: f64 = 64.0 * 1024.0 * 1024.0;

/// Share of due records that go beyond a margin, where nothing is known yet.
/// From replays of a public trace of 60 business machines over a month
/// (GWA-T-12), rounded up; each pair is a margin and a share.
const PRIOR: [(f64, f64); 7] = [
    (1.0, 1.0),
    (1.15, 0.42),
    (1.5, 0.14),
    (2.0, 0.075),
    (3.0, 0.045),
    (4.0, 0.02),
    (8.0, 0.004),
];
/// How many due records the prior counts for: about as many as 60 containers
/// have in a fortnight.
const PRIOR_RECORDS: f64 = 60.0;
/// The same for what a wider group says of a narrower one.
const WIDER_RECORDS: f64 = 60.0;
/// A container's own history counts from this many due records on: about two months.
const OWN_RECORDS: f64 = 2.0;

/// Scores of replays, and how many records were due in them.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    /// For each margin of the grid, the records that went beyond it.
    beyond: Vec<f64>,
    /// For each margin, the records that were due and that a limit left room to go
    /// beyond it: what cannot go further says nothing of what could.
    due: Vec<f64>,
}

/// The margin that keeps a promise, and the risk that remains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Margin {
    pub(super) factor: f64,
    /// At most this, with 90 % confidence.
    pub(super) risk: f64,
}

impl Tail {
    pub(super) fn empty() -> Self {
        Self {
            beyond: vec![0.0; STEPS],
            due: vec![0.0; STEPS],
        }
    }

    /// What is assumed before anything was seen.
    pub(super) fn prior() -> Self {
        let beyond = (0..STEPS).map(|step| prior_share(factor(step)) * PRIOR_RECORDS);
        Self {
            beyond: beyond.collect(),
            due: vec![PRIOR_RECORDS; STEPS],
        }
    }

    /// Replays one container: `peaks` of equal stretches of time, oldest first;
    /// the horizon is that many of them. Beyond `ceiling`, close to its limit, it
    /// could not go: there it says nothing.
    ///
    /// Replays overlap, so they do not count one by one: together they count for
    /// the records that are due between the first and the last of them, which is
    /// the logarithm of the growth of the history (Rényi 1962).
    pub(super) fn replay(peaks: &[f64], horizon: usize, ceiling: f64) -> Self {
        let mut tail = Self::empty();
        let count = peaks.len();
        let first = (count / 3).min(horizon).max(2);
        if count <= first {
            return tail;
        }
        let mut weight = 0.0;
        for origin in first..count {
            let until = (origin + horizon.max(1)).min(count);
            let ahead = len_f64(until - origin);
            let due = ahead / (len_f64(origin) + ahead);
            weight += due;
            let before = largest(&peaks[..origin]);
            let room = (ceiling + SMALL) / (before + SMALL);
            let reached = (largest(&peaks[origin..until]) + SMALL) / (before + SMALL);
            for step in (0..STEPS).take_while(|step| factor(*step) < room) {
                tail.due[step] += due;
                tail.beyond[step] += f64::from(u8::from(reached > factor(step)));
            }
        }
        // All replays together stand for this many records.
        let due = (len_f64(count) / len_f64(first)).ln();
        for sum in tail.beyond.iter_mut().chain(&mut tail.due) {
            *sum *= due / weight;
        }
        tail
    }

    /// Adds the scores of another container.
    pub(super) fn add(&mut self, other: &Self) {
        let sums = self.beyond.iter_mut().chain(&mut self.due);
        for (mine, theirs) in sums.zip(other.beyond.iter().chain(&other.due)) {
            *mine += theirs;
        }
    }

    /// These scores, filled up with what the wider group says.
    #[must_use]
    pub(super) fn within(&self, wider: &Self) -> Self {
        let beyond = (0..STEPS).map(|step| self.beyond[step] + wider.share(step) * WIDER_RECORDS);
        Self {
            beyond: beyond.collect(),
            due: self.due.iter().map(|due| due + WIDER_RECORDS).collect(),
        }
    }

    /// These scores with the prior among them.
    #[must_use]
    pub(super) fn with_prior(&self) -> Self {
        let mut tail = Self::prior();
        tail.add(self);
        tail
    }

    /// Whether there are enough for them to count alone.
    pub(super) fn stands_alone(&self) -> bool {
        self.due() >= OWN_RECORDS
    }

    /// Records that were due in the replays.
    pub(super) fn due(&self) -> f64 {
        self.due[0]
    }

    /// The smallest margin whose risk is at most `risk`, where a record is due
    /// with probability `due`.
    pub(super) fn margin(&self, risk: f64, due: f64) -> Margin {
        let beyond = (0..STEPS).rfind(|step| self.risk_at(*step, due) > risk);
        let step = beyond.map_or(0, |step| (step + 1).min(STEPS - 1));
        Margin {
            factor: factor(step),
            risk: self.risk_at(step, due),
        }
    }

    /// The risk of a margin, with 90 % confidence.
    pub(super) fn risk(&self, margin: f64, due: f64) -> f64 {
        let position = margin.max(1.0).ln() / LARGEST.ln() * len_f64(STEPS - 1);
        let step = usize::try_from(count_from(position.floor())).unwrap_or(usize::MAX);
        self.risk_at(step.min(STEPS - 1), due)
    }

    fn risk_at(&self, step: usize, due: f64) -> f64 {
        (due * upper(self.beyond[step]) / self.due[step].max(f64::MIN_POSITIVE)).min(due)
    }

    /// Of the records that were due, those that went beyond a margin.
    fn share(&self, step: usize) -> f64 {
        self.beyond[step] / self.due[step].max(f64::MIN_POSITIVE)
    }
}

/// The margin of a step of the grid.
fn factor(step: usize) -> f64 {
    (LARGEST.ln() * len_f64(step) / len_f64(STEPS - 1)).exp()
}

fn largest(peaks: &[f64]) -> f64 {
    peaks.iter().copied().fold(0.0, f64::max)
}

/// Straight lines through [`PRIOR`] on logarithmic scales.
fn prior_share(margin: f64) -> f64 {
    let after = PRIOR.partition_point(|(known, _)| *known < margin);
    let (before, after) = (after.saturating_sub(1), after.min(PRIOR.len() - 1));
    let ((x0, y0), (x1, y1)) = (PRIOR[before], PRIOR[after]);
    if before == after {
        return y0;
    }
    let along = (margin / x0).ln() / (x1 / x0).ln();
    y0 * (y1 / y0).powf(along)
}

/// The 90th percentile of a gamma distribution with this shape and rate 1: with
/// that confidence, a rate that brought `count` events is at most this.
///
/// Source: Wilson and Hilferty 1931.
pub(super) fn upper(count: f64) -> f64 {
    let shape = count.max(0.1);
    let cube = 1.0 - 1.0 / (9.0 * shape) + 1.2816 / (3.0 * shape.sqrt());
    shape * cube.max(0.0).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_risk_takes_a_larger_margin() {
        let tail = Tail::prior();
        let margins = [0.2, 0.05, 0.02, 0.005].map(|risk| tail.margin(risk, 1.0 / 3.0).factor);
        assert!(
            margins.is_sorted() && margins[0] < margins[3],
            "{margins:?}"
        );
    }

    #[test]
    fn a_shorter_history_takes_a_larger_margin() {
        let tail = Tail::prior();
        let fortnight = tail.margin(0.02, 7.0 / 21.0);
        let three_days = tail.margin(0.02, 7.0 / 10.0);
        assert!(three_days.factor > fortnight.factor);
    }

    #[test]
    fn flat_peaks_leave_nothing_beyond() {
        let gib = 1024.0 * 1024.0 * 1024.0;
        let flat = Tail::replay(&[gib; 14], 7, f64::INFINITY);
        assert!(flat.beyond.iter().all(|beyond| *beyond == 0.0));
        assert!(flat.due() > 1.0);
    }

    #[test]
    fn many_flat_containers_outweigh_the_prior() {
        let gib = 1024.0 * 1024.0 * 1024.0;
        let mut tail = Tail::empty();
        for _ in 0..500 {
            tail.add(&Tail::replay(&[gib; 14], 7, f64::INFINITY));
        }
        let learned = tail.with_prior().margin(0.02, 1.0 / 3.0).factor;
        assert!(learned < 1.5, "{learned}");
    }

    #[test]
    fn the_risk_of_a_margin_is_the_risk_that_chose_it() {
        let tail = Tail::prior();
        let margin = tail.margin(0.02, 1.0 / 3.0);
        assert!((tail.risk(margin.factor * 1.0001, 1.0 / 3.0) - margin.risk).abs() < 1e-9);
    }
}
