use super::{Case, Field, Guard, Plan, Planned, each};
use crate::recommend::{Advice, CpuLimits};
use crate::units::Cpu;

/// CPU limits as the user wants them, and never such that advice adds throttling.
///
/// `keep` leaves a strategy's own word on limits alone, and without one what
/// the owner chose; it raises a limit that throttles. `remove` and `ratio` hold
/// for every strategy.
pub(super) struct CpuLimit;

/// Above the largest 5-minute mean there are bursts that no sample shows. Ours.
const BURSTS: f64 = 1.25;

impl Guard for CpuLimit {
    fn name(&self) -> &'static str {
        "cpu_limit"
    }

    fn cause(&self) -> Option<&'static str> {
        None
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for (rules, planned) in each(plans) {
            match rules.options.cpu_limits {
                CpuLimits::Keep => keep(planned),
                CpuLimits::Remove => remove(planned),
                CpuLimits::Ratio => ratio(planned),
            }
        }
    }
}

fn keep(planned: &mut Planned<'_>) {
    if planned.sizing.cpu_limit != Advice::Keep {
        return;
    }
    if let Some(throttled) = &planned.pool.events.throttled {
        planned.sizing.cpu_limit = Advice::Set(throttled.floor);
        let reason = throttled.reason();
        if !planned.reasons.contains(&reason) {
            planned.reasons.push(reason);
        }
    }
}

fn remove(planned: &mut Planned<'_>) {
    let Some(limit) = planned.now().cpu_limit else {
        planned.sizing.cpu_limit = Advice::Keep;
        return;
    };
    planned.sizing.cpu_limit = Advice::Unset;
    planned.say(
        "cpu_limit",
        format!("CPU limit {limit} is removed by policy"),
    );
}

/// The same multiple of the request as now, above what would throttle.
fn ratio(planned: &mut Planned<'_>) {
    let (now, after) = (planned.now(), planned.after());
    let (Some(limit), Some(request)) = (now.cpu_limit, after.cpu_request) else {
        return;
    };
    let old = now.cpu_request.unwrap_or(limit).get();
    let scaled = request.scale(if old > 0.0 { limit.get() / old } else { 1.0 });
    let wanted = scaled.max(unthrottled(planned, limit));
    planned.sizing.cpu_limit = Advice::Set(wanted);
    let name = Field::CpuLimit.name();
    let text =
        format!("{name} {limit} to {wanted}: in proportion to the request, above what throttles");
    planned.say("cpu_limit", text);
}

/// What a limit, `now` that much, must not be below to hold back nothing that was
/// seen: no more than it is, unless it throttles.
pub(super) fn unthrottled(planned: &Planned<'_>, now: Cpu) -> Cpu {
    let peak = planned.pool.profile.cpu.as_ref().map(|cpu| cpu.max);
    let least = peak.unwrap_or(Cpu::ZERO).scale(BURSTS).min(now);
    let throttled = planned.pool.events.cpu_limit_floor();
    least.max(throttled.unwrap_or(Cpu::ZERO))
}
