//! What the scheduler counts for one pod of a workload.

use std::collections::HashMap;

use crate::recommend::{ContainerAdvice, Sizing, State, WorkloadAdvice};
use crate::snapshot::{Container, ContainerKind, Pod, Resources, Workload};
use crate::units::{Bytes, Cpu};

/// CPU and memory of one pod.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Amount {
    pub(super) cpu: Cpu,
    pub(super) memory: Bytes,
}

impl Amount {
    pub(super) fn of(resources: &Resources) -> Self {
        Self {
            cpu: resources.cpu.unwrap_or(Cpu::ZERO),
            memory: resources.memory.unwrap_or(Bytes::ZERO),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.plus(other.cpu),
            memory: self.memory.plus(other.memory),
        }
    }

    fn max(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.max(other.cpu),
            memory: self.memory.max(other.memory),
        }
    }

    /// What a pod that requests this does once the advice is followed: what a new
    /// pod does of a resource that the advice changes, else what it does now.
    /// With `renewed` it is made again in any case.
    pub(super) fn moved(self, before: Self, after: Self, renewed: bool) -> Self {
        Self {
            cpu: if renewed || after.cpu != before.cpu {
                after.cpu
            } else {
                self.cpu
            },
            memory: if renewed || after.memory != before.memory {
                after.memory
            } else {
                self.memory
            },
        }
    }
}

/// Requests of one pod of the workload as its containers are now.
pub(super) fn now(workload: &Workload) -> Amount {
    let sizing = Sizing::KEEP;
    pod(workload, sizing, |_, container| {
        Amount::of(&container.requests)
    })
}

/// What the scheduler counts for one pod of the workload: CPU and memory.
pub fn pod_requests(workload: &Workload) -> (Cpu, Bytes) {
    let Amount { cpu, memory } = now(workload);
    (cpu, memory)
}

/// The same once the advice is followed.
pub fn advised_requests(workload: &Workload, advice: &WorkloadAdvice) -> (Cpu, Bytes) {
    let Amount { cpu, memory } = after(workload, advice);
    (cpu, memory)
}

/// Requests of one pod once the advice is followed.
pub(super) fn after(workload: &Workload, advice: &WorkloadAdvice) -> Amount {
    let whole = advice.pod.as_ref().map_or(Sizing::KEEP, |pod| pod.sizing);
    let advised = advice.containers.iter().map(|it| (it.container, it));
    let advised: HashMap<usize, &ContainerAdvice> = advised.collect();
    pod(workload, whole, |index, container| {
        let sizing = advised
            .get(&index)
            .map_or(Sizing::KEEP, |advised| advised.sizing);
        let requests = &container.requests;
        Amount {
            cpu: sizing.cpu_request.after(requests.cpu).unwrap_or(Cpu::ZERO),
            memory: sizing
                .memory_request
                .after(requests.memory)
                .unwrap_or(Bytes::ZERO),
        }
    })
}

/// What pods of a workload request once the advice is followed.
pub struct Following {
    before: Amount,
    after: Amount,
    /// Whether pods of an older template are made again in any case.
    renews: bool,
}

impl Following {
    pub fn new(workload: &Workload, advice: &WorkloadAdvice) -> Self {
        Self {
            before: now(workload),
            after: after(workload, advice),
            renews: advice.state != State::Unknown,
        }
    }

    /// What this one of its pods requests then.
    pub fn requests(&self, pod: &Pod) -> Resources {
        let renewed = pod.outdated && self.renews;
        let amount = Amount::of(&pod.requests).moved(self.before, self.after, renewed);
        Resources {
            cpu: Some(amount.cpu),
            memory: Some(amount.memory),
            extended: pod.requests.extended.clone(),
        }
    }
}

/// `max(largest start-up need, Σ sidecars + Σ containers) + overhead`, where an
/// init container needs itself and the sidecars started before it. Requests of
/// the pod as a whole stand in place of the sum. Source: KEP-753, KEP-2837.
fn pod(
    workload: &Workload,
    advised: Sizing,
    request: impl Fn(usize, &Container) -> Amount,
) -> Amount {
    let mut sidecars = Amount::default();
    let mut apps = Amount::default();
    let mut start_up = Amount::default();
    for (index, container) in workload.containers.iter().enumerate() {
        let amount = request(index, container);
        match container.kind {
            ContainerKind::App => apps = apps.plus(amount),
            ContainerKind::Sidecar => {
                sidecars = sidecars.plus(amount);
                start_up = start_up.max(sidecars);
            }
            ContainerKind::Init => start_up = start_up.max(sidecars.plus(amount)),
        }
    }
    let sum = start_up.max(sidecars.plus(apps));
    let whole = &workload.pod_requests;
    Amount {
        cpu: advised.cpu_request.after(whole.cpu).unwrap_or(sum.cpu),
        memory: advised
            .memory_request
            .after(whole.memory)
            .unwrap_or(sum.memory),
    }
    .plus(Amount::of(&workload.overhead))
}
