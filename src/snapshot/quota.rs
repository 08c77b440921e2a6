//! Which pods a ResourceQuota counts.

use super::{Quota, QuotaScope, Workload};

impl Quota {
    /// Whether it counts the pods of a workload, of which some container requests or is
    /// limited, or none: all its scopes have to hold.
    ///
    /// Source: `podMatchesScopeFunc` of kubernetes `pkg/quota/v1/evaluator/core/pods.go`.
    /// Scopes that kcost has no facts for (`CrossNamespacePodAffinity`) count none.
    pub fn counts(&self, workload: &Workload, has_sizes: bool) -> bool {
        self.scopes
            .iter()
            .all(|scope| scope.holds(workload, has_sizes))
    }
}

impl QuotaScope {
    fn holds(&self, workload: &Workload, has_sizes: bool) -> bool {
        match self.name.as_str() {
            "Terminating" => workload.has_deadline,
            "NotTerminating" => !workload.has_deadline,
            "BestEffort" => !has_sizes,
            "NotBestEffort" => has_sizes,
            "PriorityClass" => self.has_class(workload.priority_class.as_deref()),
            _ => false,
        }
    }

    fn has_class(&self, class: Option<&str>) -> bool {
        let listed = class.is_some_and(|class| self.values.iter().any(|value| value == class));
        match self.operator.as_str() {
            "In" => listed,
            "NotIn" => !listed,
            "DoesNotExist" => class.is_none(),
            // `Exists`, and the only one that needs no operator.
            _ => class.is_some(),
        }
    }
}
