//! Limits under which an autoscaler could never scale up.

use super::{counted, requests};
use crate::recommend::guard::cut::give_back;
use crate::recommend::guard::{Field, Plan, qos};
use crate::snapshot::{AutoscalerMetric, Target};

/// An autoscaler acts on use this many times its target. Source:
/// `--horizontal-pod-autoscaler-tolerance` of kube-controller-manager, 0.1.
const ACTS: f64 = 1.1;

/// Gives back what limits are cut by, as far as use has to get for an autoscaler
/// to scale up. Pods that are Guaranteed request what they are limited to.
pub(super) fn keep(plan: &mut Plan<'_>) {
    let Some(autoscaler) = plan.workload.autoscaler.clone() else {
        return;
    };
    for metric in &autoscaler.metrics {
        let Some(point) = point(plan, metric) else {
            continue;
        };
        let (request, limit) = if metric.name == "cpu" {
            (Field::CpuRequest, Field::CpuLimit)
        } else {
            (Field::MemoryRequest, Field::MemoryLimit)
        };
        // Without a limit of one container there is none of all.
        let limits = counted(plan, metric).map(|planned| limit.of(planned.after()));
        let Some(sum) = limits.sum::<Option<f64>>() else {
            continue;
        };
        let short = ACTS * point - sum;
        if short <= 0.0 {
            continue;
        }
        let why = format!(
            "autoscaler `{}` scales at {}, which use must be able to pass",
            autoscaler.name,
            limit.shown(point)
        );
        let counts = |name: &str| metric.container.as_ref().is_none_or(|it| it == name);
        let reason = ("autoscaler", why.as_str());
        give_back(
            plan,
            limit,
            short,
            |it| counts(&it.pool.container.name),
            reason,
        );
        if qos::is_guaranteed(plan.workload) {
            follow(plan, request, limit);
        }
    }
}

/// What each pod uses where the autoscaler holds the metric, in cores or bytes;
/// `None` for metrics that are not of the pods' own use.
fn point(plan: &Plan<'_>, metric: &AutoscalerMetric) -> Option<f64> {
    if let Some(percent) = metric.share() {
        return Some(percent / 100.0 * requests(plan, metric)?.0);
    }
    let of_use = matches!(metric.kind.as_str(), "Resource" | "ContainerResource")
        && matches!(metric.name.as_str(), "cpu" | "memory");
    match metric.target {
        Target::AverageValue(value) if of_use => Some(value),
        _ => None,
    }
}

/// Requests of Guaranteed pods go with their limits.
fn follow(plan: &mut Plan<'_>, request: Field, limit: Field) {
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        let after = planned.after();
        if let (Some(to), Some(from)) = (limit.of(after), request.of(after))
            && from < to
        {
            planned.put(request, to, to, "autoscaler", "stays Guaranteed");
        }
    }
}
