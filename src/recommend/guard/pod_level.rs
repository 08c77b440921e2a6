use super::{Case, Guard, Plan, hold_raises, running};
use crate::recommend::Advice;
use crate::units::{Bytes, Cpu};

/// Resources of the pod as a whole are the owner's and bound those of its containers.
///
/// Requests of containers together may not pass that of the pod, and no limit
/// of a container that of the pod. Source: KEP-2837.
pub(super) struct PodLevel;

impl Guard for PodLevel {
    fn name(&self) -> &'static str {
        "pod_level"
    }

    fn apply(&self, _case: &Case<'_>, plans: &mut [Plan<'_>]) {
        for plan in plans {
            if plan.workload.pod_requests.is_empty() && plan.workload.pod_limits.is_empty() {
                continue;
            }
            keep_sums(plan);
            keep_limits(plan);
            let text = "the pod requests resources as a whole: what its containers request \
                        does not change what it reserves";
            for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
                planned.say("pod_level", text);
            }
        }
    }
}

fn keep_sums(plan: &mut Plan<'_>) {
    let cpu: Cpu = running(plan).filter_map(|p| p.after().cpu_request).sum();
    let memory: Bytes = running(plan).filter_map(|p| p.after().memory_request).sum();
    let pod = &plan.workload.pod_requests;
    let cpu = pod.cpu.is_some_and(|most| cpu > most);
    let memory = pod.memory.is_some_and(|most| memory > most);
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        let held = hold_raises(planned, cpu, memory);
        if !held.is_empty() {
            let text = format!("{} cannot be raised past that of the pod", held.join(", "));
            planned.say("pod_level", text);
        }
    }
}

fn keep_limits(plan: &mut Plan<'_>) {
    let most = &plan.workload.pod_limits;
    for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
        let (now, after) = (planned.now(), planned.after());
        let passes_cpu = most
            .cpu
            .zip(after.cpu_limit)
            .is_some_and(|(most, limit)| limit > most);
        let passes_memory = most
            .memory
            .zip(after.memory_limit)
            .is_some_and(|(most, limit)| limit > most);
        if passes_cpu && after.cpu_limit != now.cpu_limit {
            planned.sizing.cpu_limit = Advice::Keep;
            planned.say(
                "pod_level",
                "CPU limit cannot be raised past that of the pod",
            );
        }
        if passes_memory && after.memory_limit != now.memory_limit {
            planned.sizing.memory_limit = Advice::Keep;
            planned.say(
                "pod_level",
                "memory limit cannot be raised past that of the pod",
            );
        }
    }
}
