use super::apps;
use crate::recommend::Confidence;
use crate::recommend::event;
use crate::recommend::guard::{Plan, Planned};

/// What the history allows is `high` from this many days and this coverage on.
const HIGH: (f64, f64) = (13.5, 0.9);
const MEDIUM: (f64, f64) = (6.5, 0.6);
/// Runs that make the history of a job `high` and `medium`.
const RUNS: (usize, usize) = (14, 7);

/// The least over the containers: what the strategy says of its method, held
/// down by what the history allows.
pub(super) fn of(plan: &Plan<'_>) -> Confidence {
    apps(plan)
        .map(of_container)
        .min()
        .unwrap_or(Confidence::None)
}

fn of_container(planned: &Planned<'_>) -> Confidence {
    if planned.known {
        planned.confidence.min(of_history(planned))
    } else {
        Confidence::None
    }
}

fn of_history(planned: &Planned<'_>) -> Confidence {
    let quality = &planned.pool.profile.quality;
    let (days, coverage) = (quality.span.as_days(), quality.coverage.get());
    let (high, medium) = if planned.pool.workload.is_batch() {
        let runs = event::runs(&planned.pool).map_or(0, |runs| runs.in_turn.len());
        (runs >= RUNS.0, runs >= RUNS.1)
    } else {
        (
            days >= HIGH.0 && coverage >= HIGH.1,
            days >= MEDIUM.0 && coverage >= MEDIUM.1,
        )
    };
    if high {
        Confidence::High
    } else if medium {
        Confidence::Medium
    } else {
        Confidence::Low
    }
}
