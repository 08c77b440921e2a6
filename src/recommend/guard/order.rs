use super::{Case, Field, Guard, Plan, Planned, each};
use crate::recommend::Advice;

/// No limit below its request: the limit follows.
pub(super) struct Order;

impl Guard for Order {
    fn name(&self) -> &'static str {
        "order"
    }

    fn cause(&self) -> Option<&'static str> {
        Some("never below the request")
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for (_, planned) in each(plans) {
            put_in_order(planned);
        }
    }
}

/// Raises a limit that would be below its request.
pub(super) fn put_in_order(planned: &mut Planned<'_>) {
    let after = planned.after();
    if let (Some(request), Some(limit)) = (after.cpu_request, after.cpu_limit)
        && limit < request
    {
        planned.sizing.cpu_limit = Advice::Set(request);
        follow(
            planned,
            Field::CpuLimit,
            &limit.to_string(),
            &request.to_string(),
        );
    }
    if let (Some(request), Some(limit)) = (after.memory_request, after.memory_limit)
        && limit < request
    {
        planned.sizing.memory_limit = Advice::Set(request);
        follow(
            planned,
            Field::MemoryLimit,
            &limit.human(),
            &request.human(),
        );
    }
}

fn follow(planned: &mut Planned<'_>, field: Field, before: &str, after: &str) {
    let text = format!(
        "{} {before} becomes {after}, no less than the request",
        field.name()
    );
    planned.say("limit_order", text);
}
