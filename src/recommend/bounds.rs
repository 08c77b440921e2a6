//! What a CPU request may be that no strategy proposes, as the size of replicas that a
//! schedule makes more of: the guards hold those alike.

use super::Options;
use super::rounding::{left, round_cpu};
use crate::snapshot::{Container, ContainerKind, LimitRange, Workload};
use crate::units::Cpu;

/// Bounds of the CPU request of the one container of a workload that stays.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CpuBounds {
    pub least: Cpu,
    pub most: Option<Cpu>,
    /// Whether it is not for advice to set: its owner, or another controller, keeps it.
    pub fixed: bool,
}

impl CpuBounds {
    /// By the policy, and by what the LimitRanges of its namespace admit.
    pub(super) fn of(workload: &Workload, options: &Options, ranges: &[LimitRange]) -> Self {
        let mut stay = workload
            .containers
            .iter()
            .filter(|it| it.kind != ContainerKind::Init);
        let Some(container) = stay.next() else {
            return Self::default();
        };
        let mut bounds = Self {
            least: options.min_cpu,
            most: options.max_cpu,
            fixed: !container.in_template || is_managed(workload, container),
        };
        let now = container.requests.cpu;
        if let (Some(step), Some(now)) = (options.max_step, now) {
            let left = round_cpu(now.scale(left(step)));
            bounds.least = bounds.least.max(left.min(now));
        }
        let namespace = &workload.id.namespace;
        for range in ranges.iter().filter(|it| it.namespace == *namespace) {
            bounds.least = bounds.least.max(range.min.cpu.unwrap_or(Cpu::ZERO));
            // A limit that stays may be no more than so many times the request.
            let ratio = range.max_ratio_cpu.filter(|it| *it >= 1.0);
            if let (Some(ratio), Some(limit)) = (ratio, container.limits.cpu) {
                let least = Cpu::cores(limit.get() / ratio);
                bounds.least = bounds.least.max(least.round_up_to(Cpu::millicores(1)));
            }
            let most = bounds.most.into_iter().chain(range.max.cpu);
            bounds.most = most.reduce(Cpu::min);
        }
        bounds
    }

    /// The nearest size that a person would write and that is admitted; what is there
    /// already stays as it was written.
    pub fn hold(&self, cpu: Cpu) -> Cpu {
        let cpu = round_cpu(cpu).max(self.least);
        self.most.map_or(cpu, |most| cpu.min(most))
    }

    /// Whether pods of this size are made.
    pub fn admits(&self, cpu: Cpu) -> bool {
        let near = Cpu::cores(cpu.get() * (1.0 + 1e-9));
        near >= self.least && self.most.is_none_or(|most| cpu <= most)
    }
}

fn is_managed(workload: &Workload, container: &Container) -> bool {
    let mut managers = workload.managers.iter();
    managers.any(|it| it.manages(&container.name, "cpu"))
}
