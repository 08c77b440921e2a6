use super::{Advice, Case, Guard, Plan, Planned, each};
use crate::recommend::event;

/// What has to wait for CPU or memory is not cut.
pub(super) struct Pressure;

impl Guard for Pressure {
    fn name(&self) -> &'static str {
        "pressure"
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for (_, planned) in each(plans) {
            hold_cuts(planned);
        }
    }
}

fn hold_cuts(planned: &mut Planned<'_>) {
    let Some(pressed) = event::pressed(&planned.pool) else {
        return;
    };
    let now = planned.now();
    let sizing = &mut planned.sizing;
    if pressed.cpu.is_some() {
        hold(&mut sizing.cpu_request, now.cpu_request);
        hold(&mut sizing.cpu_limit, now.cpu_limit);
    }
    if pressed.memory.is_some() {
        hold(&mut sizing.memory_request, now.memory_request);
        hold(&mut sizing.memory_limit, now.memory_limit);
    }
    let reason = pressed.reason();
    if !planned.reasons.contains(&reason) {
        planned.reasons.push(reason);
    }
}

/// A limit that is removed holds nothing back.
fn hold<T: Copy + PartialOrd>(advice: &mut Advice<T>, now: Option<T>) {
    let cuts = advice.value().zip(now);
    if cuts.is_some_and(|(wanted, now)| wanted < now) {
        *advice = Advice::Keep;
    }
}
