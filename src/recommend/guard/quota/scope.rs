use crate::recommend::guard::{Field, Plan};
use crate::snapshot::{Quota, QuotaScope};

/// Whether a quota counts the pods of a plan: all its scopes have to hold.
///
/// Source: `podMatchesScopeFunc` of kubernetes `pkg/quota/v1/evaluator/core/pods.go`.
/// Scopes that kcost has no facts for (`CrossNamespacePodAffinity`) count none.
pub(super) fn holds(quota: &Quota, plan: &Plan<'_>) -> bool {
    quota.scopes.iter().all(|scope| in_scope(scope, plan))
}

fn in_scope(scope: &QuotaScope, plan: &Plan<'_>) -> bool {
    match scope.name.as_str() {
        "Terminating" => plan.workload.has_deadline,
        "NotTerminating" => !plan.workload.has_deadline,
        "BestEffort" => !has_sizes(plan),
        "NotBestEffort" => has_sizes(plan),
        "PriorityClass" => of_class(scope, plan.workload.priority_class.as_deref()),
        _ => false,
    }
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

fn of_class(scope: &QuotaScope, class: Option<&str>) -> bool {
    let listed = class.is_some_and(|class| scope.values.iter().any(|value| value == class));
    match scope.operator.as_str() {
        "In" => listed,
        "NotIn" => !listed,
        "DoesNotExist" => class.is_none(),
        // `Exists`, and the only one that needs no operator.
        _ => class.is_some(),
    }
}
