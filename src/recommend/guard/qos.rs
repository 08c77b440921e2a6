use super::cpu_limit::unthrottled;
use super::{Case, Field, Guard, Held, Plan};
use crate::recommend::Advice;
use crate::recommend::rounding::round_cpu;
use crate::snapshot::{ContainerKind, Workload};
use crate::units::{Bytes, Cpu};

/// The QoS class stays what it is, unless the policy lets it change.
///
/// Pods that are Guaranteed keep request = limit for CPU and memory; pods that
/// are not do not become it by chance, which would pin CPUs and change the
/// order of eviction. A pod without any request becomes Burstable with its
/// first one: that is what the advice is for, and it says so.
pub(super) struct Qos;

impl Guard for Qos {
    fn name(&self) -> &'static str {
        "qos"
    }

    fn cause(&self) -> Option<&'static str> {
        Some("its pods are to stay in their QoS class")
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for plan in plans
            .iter_mut()
            .filter(|plan| !plan.rules.options.change_qos)
        {
            if is_guaranteed(plan.workload) {
                // What the pod has as a whole makes its class, whatever its containers have.
                if !plan.has_whole_size() {
                    tie(plan);
                }
            } else if becomes_guaranteed(plan) {
                part(plan);
            }
            tell_first_sizes(plan);
        }
    }
}

/// Says that pods which nothing is known of to the scheduler become known to it.
fn tell_first_sizes(plan: &mut Plan<'_>) {
    let sized = |held: Held| Field::ALL.into_iter().any(|field| field.of(held).is_some());
    let whole = !plan.workload.pod_requests.is_empty() || !plan.workload.pod_limits.is_empty();
    if whole || plan.containers.iter().any(|planned| sized(planned.now())) {
        return;
    }
    let first = plan
        .containers
        .iter_mut()
        .find(|planned| sized(planned.after()));
    if let Some(planned) = first {
        let text = "pods become Burstable with their first size: as BestEffort they are the first \
                    to be evicted";
        planned.say("qos_class", text);
    }
}

/// Whether its pods are Guaranteed now: as the API server says, else by its containers.
pub(super) fn is_guaranteed(workload: &Workload) -> bool {
    if let Some(qos) = workload.pods.iter().find_map(|pod| pod.qos.as_deref()) {
        return qos == "Guaranteed";
    }
    let (requests, limits) = (&workload.pod_requests, &workload.pod_limits);
    if !requests.is_empty() || !limits.is_empty() {
        return equal(requests.cpu, limits.cpu) && equal(requests.memory, limits.memory);
    }
    !workload.containers.is_empty()
        && workload.containers.iter().all(|container| {
            // Kubernetes takes a limit as the request where none is set.
            let (requests, limits) = (&container.requests, &container.limits);
            equal(requests.cpu.or(limits.cpu), limits.cpu)
                && equal(requests.memory.or(limits.memory), limits.memory)
        })
}

fn equal<T: PartialEq + Copy>(request: Option<T>, limit: Option<T>) -> bool {
    request.is_some() && request == limit
}

/// Request and limit at the larger of the two.
fn tie(plan: &mut Plan<'_>) {
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        let (now, after) = (planned.now(), planned.after());
        if after.memory_request != after.memory_limit {
            let tied = after.memory_request.max(after.memory_limit);
            set(&mut planned.sizing.memory_request, tied);
            set(&mut planned.sizing.memory_limit, tied);
            let size = tied.map_or_else(String::new, Bytes::human);
            planned.say(
                "qos_class",
                format!("stays Guaranteed: memory request and limit {size}"),
            );
        }
        if cpu_differs(after) {
            // The limit comes down with the request, as far as nothing throttles.
            let limit = after.cpu_limit.or(now.cpu_limit).unwrap_or(Cpu::ZERO);
            let least = unthrottled(planned, limit);
            let tied = after.cpu_request.unwrap_or(limit).max(least);
            let round = round_cpu(tied);
            let tied = if tied > limit {
                round
            } else {
                round.min(limit)
            };
            set(&mut planned.sizing.cpu_request, Some(tied));
            set(&mut planned.sizing.cpu_limit, Some(tied));
            planned.say(
                "qos_class",
                format!("stays Guaranteed: CPU request and limit {tied}"),
            );
        }
    }
}

fn cpu_differs(after: Held) -> bool {
    after.cpu_request.map(Cpu::to_quantity) != after.cpu_limit.map(Cpu::to_quantity)
}

fn set<T: Copy>(advice: &mut Advice<T>, value: Option<T>) {
    if let Some(value) = value {
        *advice = Advice::Set(value);
    }
}

fn becomes_guaranteed(plan: &Plan<'_>) -> bool {
    let pod_level = !plan.workload.pod_requests.is_empty() || !plan.workload.pod_limits.is_empty();
    !pod_level
        && !plan.containers.is_empty()
        && plan.containers.iter().all(|planned| {
            let after = planned.after();
            equal(after.memory_request, after.memory_limit)
                && after.cpu_request.is_some()
                && !cpu_differs(after)
        })
}

/// One step between the CPU request and limit of the first container that may change.
fn part(plan: &mut Plan<'_>) {
    let first = plan
        .containers
        .iter_mut()
        .find(|planned| planned.known && planned.pool.container.kind != ContainerKind::Init);
    let Some(planned) = first else { return };
    let Some(limit) = planned.after().cpu_limit else {
        return;
    };
    let raised = round_cpu(limit.scale(1.05).plus(Cpu::millicores(1)));
    planned.sizing.cpu_limit = Advice::Set(raised);
    let text = format!("CPU limit {limit} to {raised}: pods do not become Guaranteed by chance");
    planned.say("qos_class", text);
}
