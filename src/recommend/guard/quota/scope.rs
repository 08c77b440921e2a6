use crate::recommend::guard::{Field, Plan};
use crate::snapshot::Quota;

/// Whether a quota counts the pods of a plan.
pub(super) fn holds(quota: &Quota, plan: &Plan<'_>) -> bool {
    quota.counts(plan.workload, has_sizes(plan))
}

/// Whether any container requests or is limited, once the plan is followed.
fn has_sizes(plan: &Plan<'_>) -> bool {
    let pod = &plan.workload;
    let whole = !pod.pod_requests.is_empty() || !pod.pod_limits.is_empty();
    let any = |field: Field| {
        let mut containers = plan.containers.iter();
        containers.any(|planned| field.of(planned.after()).is_some())
    };
    whole || Field::ALL.into_iter().any(any)
}
