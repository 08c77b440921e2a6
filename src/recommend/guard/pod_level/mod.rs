//! Pods that request resources as a whole.

use super::{Case, Field, Guard, Held, Plan, Planned, hold_raises, running};
use crate::recommend::Reason;
use crate::snapshot::ContainerKind;
use crate::units::Bytes;

mod whole;

/// What the pod requests as a whole is what it reserves: advice is on that, and
/// its containers share it.
///
/// A container that names no size of its own gets none: it may take what the pod
/// has. Sizes of its own follow their advice within those of the pod, whose request
/// is never below the sum of theirs, and whose limit is never below one of theirs.
/// Source: KEP-2837.
pub(super) struct PodLevel;

impl Guard for PodLevel {
    fn name(&self) -> &'static str {
        "pod_level"
    }

    fn cause(&self) -> Option<&'static str> {
        Some("the pod has sizes as a whole")
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for plan in plans.iter_mut().filter(|plan| plan.has_pod_level()) {
            whole::size(plan);
            leave_unset(plan);
            keep_within(plan);
        }
    }
}

/// No container gets a size of its own: the pod's bounds them all.
fn leave_unset(plan: &mut Plan<'_>) {
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        let (before, now) = (planned.sizing, planned.now());
        for field in Field::ALL {
            if field.of(now).is_none() {
                field.keep(&mut planned.sizing);
            }
        }
        let why = "it shares what the pod has as a whole";
        planned.kept(before, "pod_level", why);
    }
}

/// Takes back what was said of one field of the pod, and leaves a reason that says so.
pub(super) fn hold(plan: &mut Plan<'_>, field: Field, why: &str) {
    let now = field.of(plan.pod_now());
    if let Some(pod) = &mut plan.pod {
        field.keep(&mut pod.sizing);
        let stays = now.map_or_else(|| "none".to_owned(), |now| field.shown(now));
        let text = format!("the pod's {} stays {stays}: {why}", field.name());
        pod.reasons.push(Reason::new("pod_level", text));
    }
    keep_within(plan);
}

/// Together the containers request no more than the pod, and none is limited above it.
fn keep_within(plan: &mut Plan<'_>) {
    let pod = plan.pod_after();
    for (field, what) in [
        (Field::CpuRequest, "requests"),
        (Field::MemoryRequest, "requests"),
        (Field::CpuLimit, "is limited to"),
        (Field::MemoryLimit, "is limited to"),
    ] {
        let Some(most) = field.of(pod) else { continue };
        let is_request = matches!(field, Field::CpuRequest | Field::MemoryRequest);
        let of = |planned: &Planned<'_>| field.of(planned.after());
        let sum: f64 = running(plan).filter_map(of).sum();
        let why = format!("the pod as a whole {what} {}", field.shown(most));
        for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
            let (now, after) = (field.of(planned.now()), field.of(planned.after()));
            if is_request && sum > most + 1e-9 {
                hold_raises(planned, field.resource(), "pod_level", &why);
            } else if !is_request && after != now && after.is_some_and(|after| after > most) {
                let before = planned.sizing;
                field.keep(&mut planned.sizing);
                planned.kept(before, "pod_level", &why);
            }
        }
    }
}

impl Plan<'_> {
    /// Whether the pod has sizes as a whole.
    pub(in crate::recommend) fn has_pod_level(&self) -> bool {
        !self.workload.pod_requests.is_empty() || !self.workload.pod_limits.is_empty()
    }

    /// Whether the pod has all four sizes as a whole.
    pub(in crate::recommend) fn has_whole_size(&self) -> bool {
        let now = self.pod_now();
        Field::ALL.into_iter().all(|field| field.of(now).is_some())
    }

    /// The memory that each container requests once the plan is followed. Those that
    /// share what the pod requests as a whole have even parts of what is left of it.
    pub(in crate::recommend) fn memory_shares(&self) -> Vec<Bytes> {
        let whole = self.pod_after().memory_request;
        let own = |planned: &Planned<'_>| planned.after().memory_request;
        let runs = |planned: &Planned<'_>| planned.pool.container.kind != ContainerKind::Init;
        let named: Bytes = running(self).filter_map(own).sum();
        let sharing = running(self)
            .filter(|planned| own(planned).is_none())
            .count();
        let left = whole.map_or(0, |whole| whole.0.saturating_sub(named.0));
        let part = Bytes(left.checked_div(sharing as u64).unwrap_or(0));
        let containers = self.containers.iter();
        let shared = |planned| if runs(planned) { part } else { Bytes::ZERO };
        containers
            .map(|planned| own(planned).unwrap_or_else(|| shared(planned)))
            .collect()
    }

    /// What the pod has as a whole now.
    pub(in crate::recommend) fn pod_now(&self) -> Held {
        let (requests, limits) = (&self.workload.pod_requests, &self.workload.pod_limits);
        Held {
            cpu_request: requests.cpu,
            cpu_limit: limits.cpu,
            memory_request: requests.memory,
            memory_limit: limits.memory,
        }
    }

    /// The same once the plan is followed.
    pub(in crate::recommend) fn pod_after(&self) -> Held {
        let now = self.pod_now();
        let pod = self.pod.as_ref();
        pod.map_or(now, |pod| now.after(&pod.sizing))
    }
}
