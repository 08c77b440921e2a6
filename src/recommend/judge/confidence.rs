use super::apps;
use super::hindsight::Hindsight;
use crate::recommend::Confidence;
use crate::recommend::guard::{Plan, Planned};

/// What the history allows is `high` from this many days and this coverage on.
const HIGH: (f64, f64) = (13.5, 0.9);
const MEDIUM: (f64, f64) = (6.5, 0.6);
/// Runs that make the history of a job `high` and `medium`.
const RUNS: (usize, usize) = (14, 7);

/// Time above the request, as a multiple of what is allowed, at which confidence is
/// still `high` and `medium`: of requests chosen earlier, and on the worst day. On 60
/// machines of a public trace (GWA-T-12 Bitbrains "rnd", its days as they were, reversed
/// and shuffled), containers of `high` were then above their request more than 5 % of
/// the next week a third as often as the others.
const ERROR: (f64, f64) = (1.0, 3.0);
const WORST_DAY: (f64, f64) = (1.5, 3.0);
/// Share of the moments after which memory was above its limit, likewise.
const PASSED: (f64, f64) = (0.0, 0.5);

/// The least over the containers: what the strategy says of its method, held
/// down by what the history allows and by how its sizes would have done before.
pub(super) fn of(plan: &Plan<'_>) -> Confidence {
    apps(plan)
        .map(|planned| of_container(planned, plan))
        .min()
        .unwrap_or(Confidence::None)
}

fn of_container(planned: &Planned<'_>, plan: &Plan<'_>) -> Confidence {
    if planned.known {
        planned
            .confidence
            .min(of_history(planned))
            .min(of_error(planned, plan))
    } else {
        Confidence::None
    }
}

/// By the measured error of sizes like these. Of a job the runs speak: between them
/// there is nothing to be above.
fn of_error(planned: &Planned<'_>, plan: &Plan<'_>) -> Confidence {
    if planned.pool.workload.is_batch() {
        return Confidence::High;
    }
    let targets = &plan.rules.options.targets;
    let seen = Hindsight::of(planned, plan.grid, targets.horizon);
    let at = |error: f64, (high, medium): (f64, f64)| {
        if error <= high {
            Confidence::High
        } else if error <= medium {
            Confidence::Medium
        } else {
            Confidence::Low
        }
    };
    let allowed = targets.cpu_time_over_request.max(1e-9);
    let cpu = seen.cpu_time_over.map(|over| at(over / allowed, ERROR));
    let day = seen.cpu_worst_day.map(|over| at(over / allowed, WORST_DAY));
    let memory = seen.memory_over.map(|share| at(share, PASSED));
    let worst = [cpu, day, memory].into_iter().flatten().min();
    worst.unwrap_or(Confidence::Medium)
}

fn of_history(planned: &Planned<'_>) -> Confidence {
    let quality = &planned.pool.profile.quality;
    let (days, coverage) = (quality.span.as_days(), quality.coverage.get());
    let (high, medium) = if planned.pool.workload.is_batch() {
        let runs = planned
            .pool
            .events
            .runs
            .as_ref()
            .map_or(0, |runs| runs.in_turn.len());
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
