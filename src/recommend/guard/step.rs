use super::{Case, Field, Guard, Plan, Planned, each};
use crate::recommend::rounding::{left, round_cpu, round_memory};
use crate::units::{Bytes, Cpu, Ratio};

/// The largest cut a run. Raises are never held back.
pub(super) struct Step;

impl Guard for Step {
    fn name(&self) -> &'static str {
        "step"
    }

    fn cause(&self) -> Option<&'static str> {
        Some("one step of a larger cut")
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for (rules, planned) in each(plans) {
            if let Some(step) = rules.options.max_step {
                hold_back(planned, step);
            }
        }
    }
}

fn hold_back(planned: &mut Planned<'_>, step: Ratio) {
    let now = planned.now();
    let left = left(step);
    let cpu = |wanted: Cpu, now: Option<Cpu>| {
        now.map_or(wanted, |now| held(wanted, now, now.scale(left), round_cpu))
    };
    let memory = |wanted: Bytes, now: Option<Bytes>| {
        now.map_or(wanted, |now| {
            held(wanted, now, now.scale(left), round_memory)
        })
    };
    planned.revise(
        "step",
        &format!("cut by no more than {step} a run"),
        |field, wanted| match field {
            Field::CpuRequest => cpu(wanted, now.cpu_request),
            _ => cpu(wanted, now.cpu_limit),
        },
        |field, wanted| match field {
            Field::MemoryRequest => memory(wanted, now.memory_request),
            _ => memory(wanted, now.memory_limit),
        },
    );
}

/// What is wanted, where it is a cut not below `floor`.
///
/// The floor is rounded up, but never past what is there: a step that rounds away would
/// hold the size for ever.
pub(super) fn held<T: PartialOrd + Copy>(wanted: T, now: T, floor: T, round: impl Fn(T) -> T) -> T {
    let rounded = round(floor);
    let least = if rounded < now { rounded } else { floor };
    if wanted < now && wanted < least {
        least
    } else {
        wanted
    }
}
