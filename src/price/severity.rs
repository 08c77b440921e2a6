//! How much a workload matters: the money of all its replicas, and its risk.

use crate::finding::Severity;
use crate::profile::Profile;
use crate::recommend::{Growth, State, WorkloadAdvice};
use crate::snapshot::{Container, Workload};
use crate::units::Money;

/// What a month of freed requests is worth before it counts as low, medium,
/// high; in the currency of the book. Ours: the first is a cup of coffee, the
/// last what an engineer's hour or two cost, every month.
const MONEY: [(f64, Severity); 4] = [
    (500.0, Severity::Critical),
    (100.0, Severity::High),
    (20.0, Severity::Medium),
    (2.0, Severity::Low),
];

/// A working set this near to its limit is one bad hour from an OOM kill.
const NEAR_LIMIT: f64 = 0.95;

/// Throttled in this share of periods, requests visibly wait.
const THROTTLED: f64 = 0.25;

/// The larger of what the money says and what the risk says.
pub(super) fn severity(
    workload: &Workload,
    advice: &WorkloadAdvice,
    profiles: &[Profile],
    savings: Money,
) -> Severity {
    let money = match advice.state {
        State::Idle | State::OverProvisioned => of_money(savings),
        State::UnderProvisioned | State::RightSized | State::Unknown => Severity::None,
    };
    money.max(of_risk(workload, advice, profiles))
}

fn of_money(savings: Money) -> Severity {
    let amount = savings.to_f64();
    let reached = MONEY.into_iter().find(|(least, _)| amount >= *least);
    reached.map_or(Severity::None, |(_, severity)| severity)
}

/// An OOM kill of an under-provisioned workload is critical: it will come again.
/// So is one that was not too small on the whole, but less surely.
fn of_risk(workload: &Workload, advice: &WorkloadAdvice, profiles: &[Profile]) -> Severity {
    let under = advice.state == State::UnderProvisioned;
    match (under, workload.containers.iter().any(was_killed)) {
        (true, true) => Severity::Critical,
        (false, true) => Severity::High,
        (true, false) if in_danger(workload, advice, profiles) => Severity::High,
        (true, false) => Severity::Medium,
        (false, false) => Severity::None,
    }
}

fn was_killed(container: &Container) -> bool {
    let mut ends = container.terminations.iter();
    ends.any(|end| end.reason == "OOMKilled")
}

/// Whether some container is far above what it should risk: at its memory
/// limit or growing into it, throttled much of the time, or above its CPU request one time in ten.
fn in_danger(workload: &Workload, advice: &WorkloadAdvice, profiles: &[Profile]) -> bool {
    advice.containers.iter().any(|advised| {
        let grows = advised.growth.as_ref().is_some_and(Growth::reaches_limit);
        let container = workload.containers.get(advised.container);
        let profile = profiles.get(advised.profile);
        let used_up = container.zip(profile).is_some_and(|(container, profile)| {
            let full = container.limits.memory.zip(profile.memory.as_ref());
            let busy = container.requests.cpu.zip(profile.cpu.as_ref());
            full.is_some_and(|(limit, used)| used.max >= limit.scale(NEAR_LIMIT))
                || busy.is_some_and(|(request, used)| used.p90 > request)
                || profile
                    .throttling
                    .as_ref()
                    .is_some_and(|throttling| throttling.mean.get() >= THROTTLED)
        });
        grows || used_up
    })
}
