use super::{Case, Field, Guard, Plan, Planned, each};
use crate::recommend::rounding::{round_cpu, round_memory};
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
    let left = (1.0 - step.get()).max(0.0);
    // Rounded up, but never past what is there: a step that rounds away would
    // hold the size for ever.
    let cpu = |wanted: Cpu, now: Option<Cpu>| match now {
        Some(now) if wanted < now => held_cpu(wanted, now, left),
        _ => wanted,
    };
    let memory = |wanted: Bytes, now: Option<Bytes>| match now {
        Some(now) if wanted < now => held_memory(wanted, now, left),
        _ => wanted,
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

fn held_cpu(wanted: Cpu, now: Cpu, left: f64) -> Cpu {
    let floor = now.scale(left);
    let round = round_cpu(floor);
    wanted.max(if round < now { round } else { floor })
}

fn held_memory(wanted: Bytes, now: Bytes, left: f64) -> Bytes {
    let floor = now.scale(left);
    let round = round_memory(floor);
    wanted.max(if round < now { round } else { floor })
}
