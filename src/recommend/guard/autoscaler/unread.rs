//! Autoscalers that could not be read.

use crate::recommend::Advice;
use crate::recommend::guard::{Field, Plan, order, qos};

/// Keeps what a metric that could not be read may be a share of: the request, and a
/// limit that was to fall below where use has to get.
pub(super) fn keep(plan: &mut Plan<'_>) {
    let Some(autoscaler) = plan.workload.autoscaler.as_ref() else {
        return;
    };
    let guaranteed = qos::is_guaranteed(plan.workload);
    for (name, request, limit) in [
        ("cpu", Field::CpuRequest, Field::CpuLimit),
        ("memory", Field::MemoryRequest, Field::MemoryLimit),
    ] {
        if autoscaler.unread_of.iter().all(|unread| unread != name) {
            continue;
        }
        let why = format!(
            "autoscaler `{}` has a metric that could not be read, and may hold a share of this",
            autoscaler.name
        );
        for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
            let (now, before) = (planned.now(), planned.sizing);
            if request.of(now).is_some() && request.advised(before) != Advice::Keep {
                request.keep(&mut planned.sizing);
            }
            let falls = match limit.advised(before) {
                Advice::Set(wanted) => limit.of(now).is_some_and(|now| wanted < now),
                Advice::Unset | Advice::Keep => false,
            };
            if falls || guaranteed {
                limit.keep(&mut planned.sizing);
            }
            planned.kept(before, "autoscaler", &why);
            order::put_in_order(planned);
        }
    }
}
