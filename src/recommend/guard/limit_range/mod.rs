use super::{Case, Field, Guard, Plan, Planned};

mod container;
mod pod;

/// What the namespace's LimitRanges admit.
///
/// `Container`: sizes between min and max; a limit that is required or would
/// come back by default is not removed; a limit too large for its request
/// raises the request. `Pod`: the same for the sums that LimitRanger checks.
pub(super) struct LimitRanges;

impl Guard for LimitRanges {
    fn name(&self) -> &'static str {
        "limit_range"
    }

    fn cause(&self) -> Option<&'static str> {
        Some("its LimitRange")
    }

    fn apply(&self, case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for plan in plans {
            let ranges = case.snapshot.cluster.limit_ranges.iter();
            let inside = ranges.filter(|range| range.namespace == plan.workload.id.namespace);
            // Sums are looked at once every container is within its own bounds.
            for range in inside
                .clone()
                .filter(|range| range.applies_to == "Container")
            {
                for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
                    container::hold(planned, range);
                }
            }
            for range in inside.filter(|range| range.applies_to == "Pod") {
                pod::hold(plan, range);
            }
        }
    }
}

fn positive(ratio: Option<f64>) -> Option<f64> {
    ratio.filter(|ratio| *ratio >= 1.0)
}
