use super::{Case, Field, Guard, Plan, hold_raises, running};
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

/// Requests of all containers together.
fn keep_sums(plan: &mut Plan<'_>) {
    let pod = &plan.workload.pod_requests;
    for (field, most) in [
        (Field::CpuRequest, pod.cpu.map(Cpu::get)),
        (Field::MemoryRequest, pod.memory.map(Bytes::to_f64)),
    ] {
        let sum: f64 = running(plan).filter_map(|it| field.of(it.after())).sum();
        let Some(most) = most.filter(|most| sum > *most) else {
            continue;
        };
        let why = format!("the pod as a whole requests {}", field.shown(most));
        for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
            hold_raises(planned, field.resource(), "pod_level", &why);
        }
    }
}

/// The limit of each container.
fn keep_limits(plan: &mut Plan<'_>) {
    let pod = &plan.workload.pod_limits;
    for (field, most) in [
        (Field::CpuLimit, pod.cpu.map(Cpu::get)),
        (Field::MemoryLimit, pod.memory.map(Bytes::to_f64)),
    ] {
        let Some(most) = most else { continue };
        let why = format!("the pod as a whole is limited to {}", field.shown(most));
        for planned in plan.containers.iter_mut().filter(|planned| planned.known) {
            let before = planned.sizing;
            let (now, after) = (field.of(planned.now()), field.of(planned.after()));
            if after.is_some_and(|after| after > most) && after != now {
                field.keep(&mut planned.sizing);
                planned.kept(before, "pod_level", &why);
            }
        }
    }
}
