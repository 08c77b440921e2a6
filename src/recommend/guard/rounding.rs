use super::{Case, Guard, Plan, each};
use crate::recommend::rounding::{round_cpu, round_memory};

/// Sizes that a person would write, always rounded up. One that is there already
/// stays as it was written.
pub(super) struct Rounding;

impl Guard for Rounding {
    fn name(&self) -> &'static str {
        "rounding"
    }

    fn cause(&self) -> Option<&'static str> {
        None
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for (_, planned) in each(plans) {
            let now = planned.now();
            let (cpu, memory) = (
                [now.cpu_request, now.cpu_limit],
                [now.memory_request, now.memory_limit],
            );
            planned.revise(
                "rounding",
                "rounded up",
                |_, value| {
                    let there = cpu.contains(&Some(value));
                    if there { value } else { round_cpu(value) }
                },
                |_, value| {
                    let there = memory.contains(&Some(value));
                    if there { value } else { round_memory(value) }
                },
            );
        }
    }
}
