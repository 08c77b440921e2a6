use super::apps;
use super::hindsight::Hindsight;
use crate::recommend::guard::{Plan, Planned};
use crate::recommend::{Confidence, DataQuality};

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
/// down by what the data allow and by how its sizes would have done before.
pub(super) fn of(plan: &Plan<'_>, data: &[DataQuality]) -> Confidence {
    apps(plan)
        .zip(data)
        .map(|(planned, data)| of_container(planned, data, plan))
        .min()
        .unwrap_or(Confidence::None)
}

fn of_container(planned: &Planned<'_>, data: &DataQuality, plan: &Plan<'_>) -> Confidence {
    if !planned.known {
        return Confidence::None;
    }
    let most = planned.confidence.min(data.allows);
    // No error is worth less than that, and it takes a look at all samples.
    if most <= Confidence::Low {
        return most;
    }
    most.min(of_error(planned, plan))
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
    // What is looked at last takes the most.
    let day = || Some(at(seen.cpu_worst_day()? / allowed, WORST_DAY));
    let memory = || Some(at(seen.memory_over()?, PASSED));
    let cpu = || Some(at(seen.cpu_time_over()? / allowed, ERROR));
    let errors: [&dyn Fn() -> Option<Confidence>; 3] = [&day, &memory, &cpu];
    let mut worst = None;
    for error in errors {
        worst = error().into_iter().chain(worst).min();
        if worst == Some(Confidence::Low) {
            break;
        }
    }
    worst.unwrap_or(Confidence::Medium)
}
