use super::{Case, Field, Guard, Plan, each};
use crate::recommend::Options;
use crate::units::{Bytes, Cpu};

/// The floors and caps of the run and of the owner's annotations.
///
/// Floors hold for requests; a limit below its request is raised by `order`.
pub(super) struct Policy;

impl Guard for Policy {
    fn name(&self) -> &'static str {
        "policy"
    }

    fn cause(&self) -> Option<&'static str> {
        Some("a floor or cap of the policy")
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for (rules, planned) in each(plans) {
            let options = &rules.options;
            planned.revise(
                "policy",
                "floors and caps of the policy",
                |field, value| {
                    let floor = is_request(field).then_some(options.min_cpu);
                    bounded_cpu(value, floor, options.max_cpu)
                },
                |field, value| {
                    let floor = is_request(field).then_some(options.min_memory);
                    bounded_memory(value, floor, options.max_memory)
                },
            );
        }
    }
}

fn is_request(field: Field) -> bool {
    matches!(field, Field::CpuRequest | Field::MemoryRequest)
}

fn bounded_cpu(value: Cpu, floor: Option<Cpu>, cap: Option<Cpu>) -> Cpu {
    let value = floor.map_or(value, |floor| value.max(floor));
    cap.map_or(value, |cap| value.min(cap))
}

fn bounded_memory(value: Bytes, floor: Option<Bytes>, cap: Option<Bytes>) -> Bytes {
    let value = floor.map_or(value, |floor| value.max(floor));
    cap.map_or(value, |cap| value.min(cap))
}

/// Whether an amount, in cores or bytes, is below the floor or above the cap of a field.
pub(super) fn breaks(options: &Options, field: Field, amount: f64) -> bool {
    let (floor, cap) = match field.resource() {
        "cpu" => (options.min_cpu.get(), options.max_cpu.map(Cpu::get)),
        _ => (
            options.min_memory.to_f64(),
            options.max_memory.map(Bytes::to_f64),
        ),
    };
    (is_request(field) && amount < floor) || cap.is_some_and(|cap| amount > cap)
}
