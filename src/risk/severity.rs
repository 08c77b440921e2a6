//! How bad, in time: what hits within a day goes before what may hit within a week.

use jiff::{SignedDuration, Timestamp};

use super::{Chance, Impact};
use crate::finding::Severity;
use crate::units::Span;

/// By the probability within a day and within a week. As likely as not within a day is
/// high; within a week, or one in five, is medium.
pub(super) fn by_chance(day: f64, week: f64) -> Severity {
    if day >= 0.5 {
        Severity::High
    } else if week >= 0.2 {
        Severity::Medium
    } else {
        Severity::Low
    }
}

/// By how many of the replicas it is there already: all of them is an outage.
pub(super) fn by_replicas(hit: usize, all: usize) -> Severity {
    if hit > 0 && hit >= all {
        Severity::Critical
    } else if hit > 1 {
        Severity::High
    } else {
        Severity::Medium
    }
}

/// Within a week from the end of the window.
pub(super) fn within_a_week(probability: f64) -> Chance {
    Chance {
        probability: probability.clamp(0.0, 1.0),
        within: Span::WEEK,
    }
}

/// So many days from `now` on; a day that is not finite never comes.
pub(super) fn in_days(now: Timestamp, days: f64) -> Option<Timestamp> {
    /// Ten years: nothing is told beyond.
    const FAR: f64 = 3_650.0;
    let seconds = (days.is_finite() && days < FAR).then(|| days.max(0.0) * 86_400.0)?;
    now.checked_add(SignedDuration::try_from_secs_f64(seconds.round()).ok()?)
        .ok()
}

/// The time until something whose chance within a week is this, where it may come at any
/// moment alike: the middle, and the bounds of eight cases in ten.
pub(super) fn at_any_moment(now: Timestamp, week: f64) -> Option<Impact> {
    let rate = -(1.0 - week.clamp(0.0, 0.999_9)).ln() / 7.0;
    let after = |passed: f64| in_days(now, -(1.0 - passed).ln() / rate);
    Some(Impact {
        at: after(0.5)?,
        earliest: after(0.1)?,
        latest: after(0.9),
    })
}
