//! The checks, one file each.

use super::Check;

mod autoscaler_at_maximum;
mod cpu_starvation;
mod cpu_throttling;
mod drain_blocked;
mod memory_leak;
mod node_memory_overcommit;
mod oom_loop;
mod out_of_memory;
mod pod_fits_nowhere;
mod quota_nearly_used;
mod replicas_missing;
mod single_replica;

/// Every check, in the order shown to users.
pub static ALL: &[&dyn Check] = &[
    &oom_loop::OomLoop,
    &memory_leak::MemoryLeak,
    &out_of_memory::OutOfMemory,
    &cpu_throttling::CpuThrottling,
    &cpu_starvation::CpuStarvation,
    &replicas_missing::ReplicasMissing,
    &pod_fits_nowhere::PodFitsNowhere,
    &autoscaler_at_maximum::AutoscalerAtMaximum,
    &quota_nearly_used::QuotaNearlyUsed,
    &node_memory_overcommit::NodeMemoryOvercommit,
    &drain_blocked::DrainBlocked,
    &single_replica::SingleReplica,
];

/// The names of [`ALL`].
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|check| check.name()).collect()
}

/// The check of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Check> {
    ALL.iter().copied().find(|check| check.name() == name)
}
