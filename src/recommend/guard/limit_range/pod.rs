//! Bounds of the sums over a pod.
//!
//! Init containers count by the largest that runs at a time, beside the sidecars
//! started before it; the overhead of the pod does not count; what the pod
//! requests as a whole goes before its containers. Source: `PodValidateLimitFunc`,
//! `podRequests` and `podLimits` of kubernetes
//! `plugin/pkg/admission/limitranger/admission.go`.

use super::positive;
use crate::recommend::Advice;
use crate::recommend::guard::cut::give_back;
use crate::recommend::guard::{Field, Plan, Planned, Sum, hold_raises};
use crate::snapshot::{ContainerKind, LimitRange, Resources};
use crate::units::{Bytes, Cpu};

/// One resource of a pod, and what a LimitRange says of it.
struct Bounds<'r> {
    range: &'r LimitRange,
    request: Field,
    limit: Field,
    min: Option<f64>,
    max: Option<f64>,
    ratio: Option<f64>,
}

/// Keeps the sums within their bounds, or says that they are not.
pub(super) fn hold(plan: &mut Plan<'_>, range: &LimitRange) {
    let (requests, limits) = (&plan.workload.pod_requests, &plan.workload.pod_limits);
    let cpu = requests.cpu.is_some() || limits.cpu.is_some();
    let memory = requests.memory.is_some() || limits.memory.is_some();
    if !cpu {
        Bounds::cpu(range).hold(plan);
    }
    if !memory {
        Bounds::memory(range).hold(plan);
    }
}

impl<'r> Bounds<'r> {
    fn cpu(range: &'r LimitRange) -> Self {
        let of = |resources: &Resources| resources.cpu.map(Cpu::get);
        Self {
            range,
            request: Field::CpuRequest,
            limit: Field::CpuLimit,
            min: of(&range.min),
            max: of(&range.max),
            ratio: positive(range.max_ratio_cpu),
        }
    }

    fn memory(range: &'r LimitRange) -> Self {
        let of = |resources: &Resources| resources.memory.map(Bytes::to_f64);
        Self {
            range,
            request: Field::MemoryRequest,
            limit: Field::MemoryLimit,
            min: of(&range.min),
            max: of(&range.max),
            ratio: positive(range.max_ratio_memory),
        }
    }

    fn hold(&self, plan: &mut Plan<'_>) {
        if self.max.is_some() || self.ratio.is_some() {
            self.keep_limits(plan);
        }
        self.hold_raises(plan);
        self.hold_cuts(plan, self.request);
        self.hold_cuts(plan, self.limit);
        self.raise_requests(plan);
        self.say_refused(plan);
    }

    /// A maximum and a ratio need some limit.
    fn keep_limits(&self, plan: &mut Plan<'_>) {
        if sum(plan, self.limit).is_some() {
            return;
        }
        for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
            let before = planned.sizing;
            if self.limit.advised(before) == Advice::Unset {
                self.limit.keep(&mut planned.sizing);
                let why = format!(
                    "LimitRange `{}` requires a limit of the pod",
                    self.range.name
                );
                planned.kept(before, "limit_range", &why);
            }
        }
    }

    fn hold_raises(&self, plan: &mut Plan<'_>) {
        let Some(max) = self.too_much(plan) else {
            return;
        };
        let why = format!(
            "LimitRange `{}` admits no pod above {}",
            self.range.name,
            self.request.shown(max)
        );
        for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
            hold_raises(planned, self.request.resource(), "limit_range", &why);
        }
    }

    /// Cuts that would leave too little stop in between, each at the same share
    /// of its way.
    fn hold_cuts(&self, plan: &mut Plan<'_>, field: Field) {
        let short = sum(plan, field).zip(self.min);
        let Some((sum, min)) = short.filter(|(sum, min)| sum.most < *min) else {
            return;
        };
        let why = format!(
            "LimitRange `{}` admits no pod below {}",
            self.range.name,
            field.shown(min)
        );
        give_back(
            plan,
            field,
            min - sum.running,
            |_| true,
            ("limit_range", &why),
        );
    }

    /// Limits too large for the requests raise these, each by the same share of
    /// what is left to its own limit.
    fn raise_requests(&self, plan: &mut Plan<'_>) {
        let sums = (sum(plan, self.request), sum(plan, self.limit));
        let (Some(ratio), (Some(request), Some(limit))) = (self.ratio, sums) else {
            return;
        };
        let least = limit.most / ratio;
        let room: f64 = plan.containers.iter().filter_map(|it| self.gap(it)).sum();
        if !is_above(least, request.most) || room <= 0.0 {
            return;
        }
        let share = ((least - request.running) / room).min(1.0);
        let why = format!(
            "LimitRange `{}` bounds limit ÷ request of the pod at {ratio}",
            self.range.name
        );
        for planned in &mut plan.containers {
            let after = planned.after();
            if let (Some(gap), Some(limit)) = (self.gap(planned), self.limit.of(after)) {
                planned.put(
                    self.request,
                    limit - gap * (1.0 - share),
                    limit,
                    "limit_range",
                    &why,
                );
            }
        }
    }

    /// From a request that may move up to its limit.
    fn gap(&self, planned: &Planned<'_>) -> Option<f64> {
        let after = planned.after();
        let runs = planned.pool.container.kind != ContainerKind::Init;
        let moves = runs && planned.known && planned.may_set(self.request);
        let (request, limit) = (self.request.of(after)?, self.limit.of(after)?);
        (moves && limit > request).then_some(limit - request)
    }

    /// What no advice mends is said, where a new pod would be made for it.
    fn say_refused(&self, plan: &mut Plan<'_>) {
        let what = match (self.too_much(plan), self.too_little(plan)) {
            (Some(max), _) => format!("above {}", self.request.shown(max)),
            (None, Some(min)) => format!("below {}", self.request.shown(min)),
            (None, None) => return,
        };
        let changed =
            |planned: &&mut Planned<'_>| planned.known && planned.after() != planned.now();
        for planned in plan.containers.iter_mut().filter(changed) {
            let text = format!(
                "no new pod is admitted as it is: LimitRange `{}` takes none {what} of {}",
                self.range.name,
                self.request.resource(),
            );
            planned.say("limit_range", text);
        }
    }

    /// The maximum, where a sum is above it.
    fn too_much(&self, plan: &Plan<'_>) -> Option<f64> {
        let above = |field, max| sum(plan, field).is_some_and(|sum| is_above(sum.most, max));
        self.max
            .filter(|max| above(self.request, *max) || above(self.limit, *max))
    }

    /// The minimum, where a sum is below it or there is no request.
    fn too_little(&self, plan: &Plan<'_>) -> Option<f64> {
        let (request, limit) = (sum(plan, self.request), sum(plan, self.limit));
        self.min.filter(|min| {
            request.is_none_or(|sum| is_above(*min, sum.most))
                || limit.is_some_and(|sum| is_above(*min, sum.most))
        })
    }
}

/// What a pod has of a field once the plan is followed.
fn sum(plan: &Plan<'_>, field: Field) -> Option<Sum> {
    Sum::of(plan, |planned| field.of(planned.after()))
}

/// By more than a division loses.
fn is_above(amount: f64, bound: f64) -> bool {
    amount > bound * (1.0 + 1e-9)
}
