//! How far the next record goes beyond the last.
//!
//! Every container's peaks are replayed: at many moments of the past, its peak so
//! far against the peak of what followed. If nothing ever changed, a stretch of
//! `h` that follows `n` would hold the higher peak with probability `h ÷ (n + h)`;
//! what differs between containers is how much higher. So the scores are kept as
//! a **share of the records that are due**, which does not depend on how long
//! the history or the horizon is: a fortnight's replays say what to expect of a
//! week, and three days of history get the larger margin that they deserve.
//!
//! How much higher depends most on how far a container's largest day has stood
//! above its usual one. So scores are kept by that [`spread`], on a few anchors
//! with straight lines between them: a container's margin follows from its own
//! history and from what was learned of such histories, not from what else
//! happens to be looked at.

use std::sync::LazyLock;

use crate::units::{count_from, len_f64};

/// Steps of the grid of margins, on a logarithmic scale.
const STEPS: usize = 240;
/// The largest margin that is ever advised; beyond it the risk is told instead.
const LARGEST: f64 = 6.0;
/// The smallest: samples minutes apart miss part of a peak.
const SMALLEST: f64 = 1.05;

/// Below this, growth is a matter of megabytes and not of factors: what a small
/// process adds by loading a library would look like a jump.
pub(super) const SMALL: f64 = 64.0 * 1024.0 * 1024.0;

/// Spreads at which scores are kept apart.
const ANCHORS: [f64; 4] = [0.04, 0.1, 0.25, 0.8];
/// The spread of what rises or falls along a line, once the line is taken off.
pub(super) const ALONG_A_LINE: f64 = 0.05;
/// What few peaks have not shown yet: this much, divided by how many they are, is
/// added to their spread. By it, a history of four days and one of a fortnight whose
/// spreads are equal come to equal scores on the trace below.
const UNSHOWN: f64 = 0.3;

/// Shares of due records that go beyond a margin, for each anchor, where nothing
/// else is known. From 7,000 replays of 4 to 18 days, each judged on half as many,
/// of a public trace of 60 business machines over a month (GWA-T-12 Bitbrains
/// "rnd"), smoothed beyond a margin of 2, where a handful of machines decide.
const PRIOR: [(f64, [f64; 4]); 10] = [
    (1.0, [1.0, 1.0, 1.0, 0.45]),
    (1.02, [0.5, 0.95, 0.9, 0.38]),
    (1.05, [0.16, 0.63, 0.7, 0.35]),
    (1.15, [0.07, 0.36, 0.46, 0.25]),
    (1.3, [0.035, 0.18, 0.23, 0.15]),
    (1.5, [0.025, 0.11, 0.14, 0.115]),
    (2.0, [0.013, 0.065, 0.074, 0.04]),
    (3.0, [0.008, 0.03, 0.034, 0.02]),
    (4.0, [0.005, 0.012, 0.015, 0.012]),
    (6.0, [0.002, 0.004, 0.006, 0.005]),
];
/// How many due records the prior counts for at each anchor: about as many as 50
/// containers have in a fortnight.
const PRIOR_RECORDS: f64 = 60.0;
/// The same for what all say of one container.
const WIDER_RECORDS: f64 = 60.0;
/// A container's own history counts from this many due records on: about two months.
const OWN_RECORDS: f64 = 2.0;

/// Scores of replays by the spread of the history that they follow.
#[derive(Debug, Clone)]
pub(super) struct Tails([Tail; ANCHORS.len()]);

/// Scores of replays, and how many records were due in them.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    /// For each margin of the grid, the records that went beyond it.
    beyond: Vec<f64>,
    /// For each margin, the records that were due and that could have gone beyond it:
    /// one that was held at the limit says nothing of what is above.
    due: Vec<f64>,
    /// Of those beyond, what was not seen here but is known from elsewhere.
    assumed: Vec<f64>,
}

/// The margin that keeps a promise, and the risk that remains, one standard error up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Margin {
    pub(super) factor: f64,
    pub(super) risk: f64,
}

/// The first of so many peaks that is judged by those before it.
fn first_origin(count: usize, horizon: usize) -> usize {
    (count / 3).min(horizon).max(2)
}

/// What all replays of so many peaks together stand for.
fn records(count: usize, first: usize) -> f64 {
    (len_f64(count) / len_f64(first)).ln()
}

/// Whether so many peaks can make [`Tail::stands_alone`], if no limit hides any.
pub(super) fn may_stand_alone(count: usize, horizon: usize) -> bool {
    // As the sum over the replays, which rounds a little.
    records(count, first_origin(count, horizon)) >= OWN_RECORDS - 1e-9
}

/// How far the largest of these peaks stands above the usual one: the logarithm of
/// their ratio, and what few peaks have not shown yet; 0 without peaks.
pub(super) fn spread(peaks: &[f64]) -> f64 {
    let mut sorted = peaks.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(most), Some(usual)) = (sorted.last(), sorted.get(sorted.len() / 2)) else {
        return 0.0;
    };
    ((most + SMALL) / (usual + SMALL)).ln() + UNSHOWN / len_f64(sorted.len())
}

/// The risk that a history of such peaks goes beyond a margin before anything else
/// is known, where a record is due with probability `due`.
pub(super) fn prior_risk(peaks: &[f64], margin: f64, due: f64) -> f64 {
    let anchors = weights(spread(peaks)).into_iter().enumerate();
    let share: f64 = anchors
        .map(|(anchor, weight)| weight * prior_share(anchor, margin))
        .sum();
    due * share
}

/// The anchors beside a spread, and how much each counts.
fn weights(spread: f64) -> [f64; ANCHORS.len()] {
    let mut weights = [0.0; ANCHORS.len()];
    let above = ANCHORS.partition_point(|anchor| *anchor <= spread);
    match above.checked_sub(1) {
        None => weights[0] = 1.0,
        Some(last) if last + 1 == ANCHORS.len() => weights[last] = 1.0,
        Some(below) => {
            let along = (spread / ANCHORS[below]).ln() / (ANCHORS[below + 1] / ANCHORS[below]).ln();
            weights[below] = 1.0 - along;
            weights[below + 1] = along;
        }
    }
    weights
}

impl Tails {
    pub(super) fn empty() -> Self {
        Self(std::array::from_fn(|_| Tail::empty()))
    }

    /// What is assumed before anything was seen.
    pub(super) fn prior() -> Self {
        Self(std::array::from_fn(Tail::prior))
    }

    /// Replays one container: `peaks` of equal stretches of time, oldest first;
    /// the horizon is that many of them. A peak at `ceiling` was held by the limit.
    ///
    /// Replays overlap, so they do not count one by one: together they count for
    /// the records that are due between the first and the last of them, which is
    /// the logarithm of the growth of the history (Rényi 1962).
    pub(super) fn replay(&mut self, peaks: &[f64], horizon: usize, ceiling: f64) {
        let count = peaks.len();
        let first = first_origin(count, horizon);
        if count <= first {
            return;
        }
        let due = |origin: usize| {
            let ahead = len_f64((origin + horizon.max(1)).min(count) - origin);
            ahead / (len_f64(origin) + ahead)
        };
        let weight: f64 = (first..count).map(due).sum();
        let records = records(count, first) / weight;
        for origin in first..count {
            let until = (origin + horizon.max(1)).min(count);
            let (known, ahead) = (&peaks[..origin], &peaks[origin..until]);
            if largest(known) >= ceiling {
                continue;
            }
            let seen = Ahead {
                reached: (largest(ahead) + SMALL) / (largest(known) + SMALL),
                held: largest(ahead) >= ceiling,
            };
            for (tail, weight) in self.0.iter_mut().zip(weights(spread(known))) {
                if weight > 0.0 {
                    tail.count(seen, weight * records, due(origin));
                }
            }
        }
    }

    /// What is known of a container whose peaks have this spread.
    pub(super) fn at(&self, spread: f64) -> Tail {
        let mut found = Tail::empty();
        for (tail, weight) in self.0.iter().zip(weights(spread)) {
            for step in 0..STEPS {
                found.due[step] += weight * tail.due[step];
                found.beyond[step] += weight * tail.share(step);
                found.assumed[step] += weight * tail.assumed[step];
            }
        }
        for (beyond, due) in found.beyond.iter_mut().zip(&found.due) {
            *beyond *= due;
        }
        found
    }

    /// All scores, whatever the spread.
    pub(super) fn all(&self) -> Tail {
        let mut all = Tail::empty();
        for tail in &self.0 {
            all.add(tail);
        }
        all
    }
}

/// What followed a moment of the past.
#[derive(Clone, Copy)]
struct Ahead {
    /// The peak that followed ÷ the peak before it.
    reached: f64,
    /// Whether the limit held it there.
    held: bool,
}

impl Tail {
    fn empty() -> Self {
        Self {
            beyond: vec![0.0; STEPS],
            due: vec![0.0; STEPS],
            assumed: vec![0.0; STEPS],
        }
    }

    fn prior(anchor: usize) -> Self {
        let beyond = (0..STEPS).map(|step| prior_share(anchor, factor(step)) * PRIOR_RECORDS);
        let beyond: Vec<f64> = beyond.collect();
        Self {
            assumed: beyond.clone(),
            beyond,
            due: vec![PRIOR_RECORDS; STEPS],
        }
    }

    fn count(&mut self, seen: Ahead, records: f64, due: f64) {
        for (step, factor) in FACTORS.iter().enumerate() {
            let beyond = seen.reached > *factor;
            if !beyond && seen.held {
                break;
            }
            self.due[step] += records * due;
            self.beyond[step] += records * f64::from(u8::from(beyond));
        }
    }

    fn add(&mut self, other: &Self) {
        let sums = self.beyond.iter_mut().chain(&mut self.due);
        for (mine, theirs) in sums.zip(other.beyond.iter().chain(&other.due)) {
            *mine += theirs;
        }
    }

    /// These scores, filled up with what the wider group says.
    #[must_use]
    pub(super) fn within(&self, wider: &Self) -> Self {
        let known = (0..STEPS).map(|step| wider.share(step) * WIDER_RECORDS);
        let assumed: Vec<f64> = known.collect();
        let beyond = self.beyond.iter().zip(&assumed);
        Self {
            beyond: beyond.map(|(own, known)| own + known).collect(),
            assumed,
            due: self.due.iter().map(|due| due + WIDER_RECORDS).collect(),
        }
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
        let least = step_of(SMALLEST) + 1;
        let beyond = (least..STEPS).rfind(|step| self.risk_at(*step, due) > risk);
        let step = beyond.map_or(least, |step| (step + 1).min(STEPS - 1));
        Margin {
            factor: factor(step),
            risk: self.risk_at(step, due),
        }
    }

    /// The risk of a margin.
    pub(super) fn risk(&self, margin: f64, due: f64) -> f64 {
        self.risk_at(step_of(margin), due)
    }

    /// Of the records that are due, those that go beyond a margin, as they come on
    /// average; all of them where the margin is none.
    pub(super) fn expected(&self, margin: f64) -> f64 {
        if margin <= 1.0 {
            1.0
        } else {
            self.share(step_of(margin))
        }
    }

    /// One standard error above the mean: chance brought so many records beyond,
    /// and may bring more. Doubt is on what was seen here, not on what is known from
    /// elsewhere, or the fewer containers there are, the larger any margin would be.
    fn risk_at(&self, step: usize, due: f64) -> f64 {
        let seen = (self.beyond[step] - self.assumed[step]).max(0.0);
        let beyond = self.beyond[step] + seen.sqrt();
        (due * beyond / self.due[step].max(f64::MIN_POSITIVE)).min(due)
    }

    /// Of the records that were due, those that went beyond a margin.
    fn share(&self, step: usize) -> f64 {
        self.beyond[step] / self.due[step].max(f64::MIN_POSITIVE)
    }
}

/// The margin of each step of the grid, worked out once: replays ask for all of them, of
/// every container.
static FACTORS: LazyLock<[f64; STEPS]> = LazyLock::new(|| {
    let factor = |step| (LARGEST.ln() * len_f64(step) / len_f64(STEPS - 1)).exp();
    std::array::from_fn(factor)
});

/// The margin of a step of the grid.
fn factor(step: usize) -> f64 {
    FACTORS[step]
}

/// The last step of the grid that is not above a margin.
fn step_of(margin: f64) -> usize {
    let position = margin.max(1.0).ln() / LARGEST.ln() * len_f64(STEPS - 1);
    let step = usize::try_from(count_from(position.floor())).unwrap_or(usize::MAX);
    step.min(STEPS - 1)
}

fn largest(peaks: &[f64]) -> f64 {
    peaks.iter().copied().fold(0.0, f64::max)
}

/// Straight lines through [`PRIOR`] on logarithmic scales.
fn prior_share(anchor: usize, margin: f64) -> f64 {
    let after = PRIOR.partition_point(|(known, _)| *known < margin);
    let (before, after) = (after.saturating_sub(1), after.min(PRIOR.len() - 1));
    let ((x0, y0), (x1, y1)) = (PRIOR[before], PRIOR[after]);
    let (y0, y1) = (y0[anchor], y1[anchor]);
    if before == after {
        return y0;
    }
    let along = (margin / x0).ln() / (x1 / x0).ln();
    y0 * (y1 / y0).powf(along)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
    /// A week after a fortnight.
    const DUE: f64 = 1.0 / 3.0;

    fn flat(count: usize, ceiling: f64) -> Tails {
        let mut tails = Tails::prior();
        for _ in 0..count {
            tails.replay(&[GIB; 14], 7, ceiling);
        }
        tails
    }

    #[test]
    fn a_smaller_risk_takes_a_larger_margin() {
        for spread in [0.01, 0.1, 0.5, 2.0] {
            let tail = Tails::prior().at(spread);
            let margins = [0.2, 0.05, 0.02, 0.005].map(|risk| tail.margin(risk, DUE).factor);
            assert!(
                margins.is_sorted() && margins[0] < margins[3],
                "{margins:?}"
            );
        }
    }

    #[test]
    fn a_shorter_history_takes_a_larger_margin() {
        let tail = Tails::prior().at(0.1);
        let fortnight = tail.margin(0.02, DUE);
        let three_days = tail.margin(0.02, 0.7);
        assert!(three_days.factor > fortnight.factor);
    }

    #[test]
    fn what_was_even_takes_a_smaller_margin_than_what_was_not() {
        let tails = Tails::prior();
        let margin = |spread| tails.at(spread).margin(0.01, DUE).factor;
        assert!(margin(0.0) < 2.5, "{}", margin(0.0));
        assert!(margin(0.0) < margin(0.1));
        // Without a jump between two containers that are nearly alike.
        for step in 0..500 {
            let at = 0.01 * 1.01_f64.powi(step);
            let (one, next) = (margin(at), margin(at * 1.01));
            assert!((one / next).ln().abs() < 0.1, "{at}: {one} {next}");
        }
    }

    #[test]
    fn margins_of_even_containers_stay_within_bounds_for_any_number_of_them() {
        let margins = [0, 1, 10, 100, 1000].map(|count| {
            let tail = flat(count, f64::INFINITY).at(0.0);
            tail.margin(0.01, DUE).factor
        });
        assert!(margins.is_sorted_by(|few, many| few >= many), "{margins:?}");
        assert!(margins[0] < 2.5 && margins[4] < 1.1, "{margins:?}");
    }

    #[test]
    fn a_limit_that_was_never_reached_takes_no_evidence_away() {
        let free = flat(50, f64::INFINITY).at(0.0);
        let limited = flat(50, 1.1 * GIB).at(0.0);
        assert_eq!(free.due, limited.due);
        assert_eq!(free.beyond, limited.beyond);
    }

    #[test]
    fn what_the_limit_held_says_nothing_of_what_is_above_it() {
        let mut held = Tails::empty();
        let mut peaks = [GIB; 14];
        peaks[13] = 1.5 * GIB;
        held.replay(&peaks, 7, 1.5 * GIB);
        let tail = held.all();
        assert!(tail.due[step_of(1.2)] > tail.due[step_of(3.0)]);
        assert!(tail.beyond[step_of(1.2)] > 0.0);
        // Behind the limit, there is nothing to learn.
        let mut behind = Tails::empty();
        behind.replay(&[GIB; 14], 7, GIB);
        assert!(behind.all().due() == 0.0);
    }

    #[test]
    fn the_risk_of_a_margin_is_the_risk_that_chose_it() {
        let tail = Tails::prior().at(0.1);
        let margin = tail.margin(0.02, DUE);
        assert!((tail.risk(margin.factor * 1.0001, DUE) - margin.risk).abs() < 1e-9);
    }
}
