//! The checks, one file each.

use super::{Check, Seen, Sought};
use crate::recommend::Pool;
use crate::snapshot::{Condition, Pod, Workload};
use crate::units::days_between;

mod anomaly;
mod autoscaler_at_maximum;
mod autoscaler_blind;
mod autoscaler_flaps;
mod certificate_expires;
mod container_cannot_start;
mod cpu_starvation;
mod cpu_throttling;
mod crash_loop;
mod drain_blocked;
mod gpu_clock_held;
mod gpu_error;
mod gpu_hangs;
mod gpu_memory_full;
mod gpu_slow_rank;
mod memory_leak;
mod network_faults;
mod node_memory_overcommit;
mod node_pressure;
mod oom_loop;
mod out_of_memory;
mod pod_fits_nowhere;
mod pods_evicted;
mod pods_not_ready;
mod probe_kills;
mod probes_failing;
mod quota_nearly_used;
mod replicas_missing;
mod rollout_stuck;
mod single_replica;
mod traffic_lost;
mod volume_filling;
mod volume_not_mounted;
mod volume_unbound;

/// Every check, in the order shown to users.
pub static ALL: &[&dyn Check] = &[
    &oom_loop::OomLoop,
    &crash_loop::CrashLoop,
    &container_cannot_start::ContainerCannotStart,
    &probe_kills::ProbeKills,
    &probes_failing::ProbesFailing,
    &memory_leak::MemoryLeak,
    &out_of_memory::OutOfMemory,
    &cpu_throttling::CpuThrottling,
    &cpu_starvation::CpuStarvation,
    &replicas_missing::ReplicasMissing,
    &rollout_stuck::RolloutStuck,
    &pod_fits_nowhere::PodFitsNowhere,
    &pods_evicted::PodsEvicted,
    &pods_not_ready::PodsNotReady,
    &autoscaler_at_maximum::AutoscalerAtMaximum,
    &autoscaler_blind::AutoscalerBlind,
    &autoscaler_flaps::AutoscalerFlaps,
    &network_faults::NetworkFaults,
    &traffic_lost::TrafficLost,
    &anomaly::Anomaly,
    &gpu_error::GpuError,
    &gpu_hangs::GpuHangs,
    &gpu_slow_rank::GpuSlowRank,
    &gpu_clock_held::GpuClockHeld,
    &gpu_memory_full::GpuMemoryFull,
    &volume_unbound::VolumeUnbound,
    &volume_not_mounted::VolumeNotMounted,
    &volume_filling::VolumeFilling,
    &certificate_expires::CertificateExpires,
    &quota_nearly_used::QuotaNearlyUsed,
    &node_pressure::NodePressure,
    &node_memory_overcommit::NodeMemoryOvercommit,
    &drain_blocked::DrainBlocked,
    &single_replica::SingleReplica,
];

pub(super) use cpu_throttling::AT_LIMIT;
pub(super) use oom_loop::loops;

/// The names of [`ALL`].
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|check| check.name()).collect()
}

/// The check of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Check> {
    ALL.iter().copied().find(|check| check.name() == name)
}

/// Days that a pod may be pending: the scheduler needs seconds, a cloud minutes to make a
/// node or a volume, or to attach one.
const PATIENCE: f64 = 5.0 / (24.0 * 60.0);

/// Whether a pod has been pending for longer than that, and not because somebody holds it
/// back: a scheduling gate is there to wait.
fn hangs(seen: &Seen<'_>, pod: &Pod) -> bool {
    let now = seen.snapshot.taken_at;
    let long = |created| days_between(created, now) > PATIENCE;
    let gated = |it: &Condition| it.reason.as_deref() == Some("SchedulingGated");
    pod.phase == "Pending" && pod.created.is_some_and(long) && !pod.conditions.iter().any(gated)
}

/// What cannot be judged of a container whose pods run, and which nobody measures any more.
fn silent(seen: &Seen<'_>, pool: &Pool<'_>) -> Option<Sought> {
    const HOUR: f64 = 1.0 / 24.0;
    let old = |pod: &Pod| {
        let created = pod.created;
        pod.phase == "Running" && created.is_some_and(|it| days_between(it, seen.now) > HOUR)
    };
    let measured = pool.series.iter().any(|it| it.is_running(&seen.grid));
    let silent = !pool.series.is_empty() && !measured && pool.workload.pods.iter().any(old);
    silent.then(|| {
        Sought::unknown(
            "container",
            "whose pods run, and whose use was not measured in the last hour or longer",
            "see whether the kubelets of their nodes are scraped: `kcost doctor`",
        )
    })
}

/// What cannot be judged of a workload without events.
fn without_events(why: &'static str) -> Sought {
    let hint = "allow `list` on events, or add them to `--objects`";
    Sought::unknown("workload", why, hint)
}

/// Whether it is known how the pods of a workload are.
struct Reading {
    known: bool,
}

impl Reading {
    /// Every pod says something of itself, unless it was read before kcost kept that.
    fn of(workload: &Workload) -> Self {
        let pods = &workload.pods;
        Self {
            known: pods.iter().all(|pod| !pod.conditions.is_empty()),
        }
    }

    /// What cannot be judged then.
    fn unknown(&self) -> Option<Sought> {
        (!self.known).then(|| {
            Sought::unknown(
                "workload",
                "with pods whose state was not read",
                "take the snapshot again with this version of kcost",
            )
        })
    }
}
