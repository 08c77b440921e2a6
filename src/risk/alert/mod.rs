//! Checks as alert rules for Prometheus, as far as PromQL can carry them.
//!
//! Each is replayed over the window that was read: how often it would have fired stands
//! beside it, and where that is too often, the next stricter threshold is taken. What the
//! history does not hold cannot be replayed, and is said. So is how long before what truly
//! happened ([`Real`]) it would have fired, and the alert of kubernetes-mixin.
//!
//! | kubernetes-mixin | here | what is different |
//! |---|---|---|
//! | `CPUThrottlingHigh` | `KcostCpuThrottling` | only where it works at half its limit or more |
//! | `KubePodCrashLooping`, `KubePodNotReady` | `KcostCrashLoop`, `KcostPodNotReady` | against its own past; kills for memory apart |
//! | `KubeContainerWaiting` (an hour) | `KcostContainerCannotStart` (5 minutes) | only reasons that do not go away |
//! | `KubeDeploymentRolloutStuck`, `KubeDeploymentReplicasMismatch`, `KubeStatefulSetReplicasMismatch` | `KcostRolloutStuck`, `KcostReplicasMissing` | |
//! | `KubeDaemonSetRolloutStuck`, `KubeDaemonSetNotScheduled`, `KubeDaemonSetMisScheduled` | `KcostDaemonSetIncomplete` | |
//! | `KubeJobFailed`, `KubeJobNotCompleted` | `KcostJobFailed` | |
//! | `KubeHpaMaxedOut`, `KubeHpaReplicasMismatch` | `KcostAutoscalerAtMaximum`, `KcostAutoscalerBlind` | only while it would go on scaling |
//! | `KubePdbNotEnoughHealthyPods` | `KcostBudgetUnwell`, `KcostDrainBlocked` | |
//! | `KubeCPUOvercommit`, `KubeMemoryOvercommit` | `KcostNodeMemoryFull` | what is used, not what is requested |
//! | `KubeQuotaAlmostFull`, `KubeQuotaFullyUsed`, `KubeQuotaExceeded`, `KubeCPUQuotaOvercommit`, `KubeMemoryQuotaOvercommit` | `KcostQuotaNearlyUsed` | |
//! | `KubePersistentVolumeFillingUp`, `KubePersistentVolumeInodesFillingUp` | `KcostVolumeFilling`, `KcostVolumeInodesFilling` | a week's trend too, and none that may be full |
//! | `KubePersistentVolumeErrors` | `KcostVolumeErrors` | |
//! | `KubeNodeNotReady`, `KubeNodeUnreachable`, `KubeNodeReadinessFlapping`, `KubeNodePressure`, `KubeletDown` | `KcostNodeNotReady`, `KcostNodePressure` | |
//! | `KubeNodeEviction` | `KcostPodsEvicted` | |
//! | `KubeletTooManyPods`, `KubeletPlegDurationHigh`, `KubeletPodStartUpLatencyHigh` | `KcostKubeletSlow` | |
//! | `KubeClientCertificateExpiration`, `KubeletClientCertificateExpiration` | `KcostCertificateExpires` | |
//! | none | `KcostMemoryLeak`, `KcostOomKilled`, `KcostOomLoop`, `KcostCpuStarvation`, `KcostPacketsLost` | |

use super::Seen;
use crate::units::{Span, len_f64};

mod list;
mod mixin;
mod real;
mod replay;
mod stretch;

pub use mixin::Rival;
pub use real::{Ahead, Real};
pub use stretch::{Place, Stretch};

/// False alarms a week, of all that it looks at, that a rule may cost before the next
/// stricter threshold is taken. Where the history does not tell which are false, all are.
const BUDGET: f64 = 2.0;

/// One alert rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// In CamelCase, as Prometheus names alerts.
    pub name: &'static str,
    /// The check that it stands for; `None` where there is none but the rule.
    pub check: Option<&'static str>,
    /// `critical`, `warning`, `info`.
    pub severity: &'static str,
    /// How long it must hold.
    pub hold: Span,
    pub expr: String,
    /// One sentence, in which Prometheus fills in labels.
    pub summary: String,
    /// Alerts of the kubernetes-mixin that it takes the place of.
    pub instead_of: &'static [&'static str],
    /// The same, with what they would have done.
    pub rivals: Vec<Rival>,
    /// When it would have fired in the window; `None` where the history does not hold
    /// what it looks at.
    pub fired: Option<Vec<Stretch>>,
    /// What truly happened of what it warns of; `None` where the history does not tell.
    pub real: Option<Real>,
}

impl Alert {
    /// Firings a week.
    pub fn weekly(&self, window: Span) -> Option<f64> {
        let weeks = window.as_days() / 7.0;
        let fired = self.fired.as_ref()?;
        (weeks > 0.0).then(|| len_f64(fired.len()) / weeks)
    }
}

/// Every rule, tuned by the history that is seen.
pub fn alerts(seen: &Seen<'_>) -> Vec<Alert> {
    let mut all = list::all(seen);
    for alert in &mut all {
        let named = alert.instead_of.iter();
        alert.rivals = named.map(|name| Rival::of(name, seen)).collect();
        alert.real = alert.real.take().or_else(|| Real::of(alert.name, seen));
    }
    all
}

/// The first threshold that stays within the budget, else the strictest, and when it would
/// have fired.
fn tuned<T: Copy>(
    thresholds: &[T],
    window: Span,
    real: Option<&Real>,
    fired: impl Fn(T) -> Option<Vec<Stretch>>,
) -> Option<(T, Option<Vec<Stretch>>)> {
    let weeks = (window.as_days() / 7.0).max(1.0 / 7.0);
    let wrong = |all: &Vec<Stretch>| real.map_or(all.len(), |real| real.false_alarms(all));
    let mut last = None;
    for threshold in thresholds {
        let all = fired(*threshold);
        let enough = all
            .as_ref()
            .is_none_or(|all| len_f64(wrong(all)) <= BUDGET * weeks);
        last = Some((*threshold, all));
        if enough {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_threshold_within_the_budget_is_taken() {
        let window = Span::days(14);
        let fired = |threshold: u32| {
            let times = match threshold {
                1 => 40,
                2 => 5,
                3 => 4,
                _ => 0,
            };
            let one = Stretch::at(Place::default(), jiff::Timestamp::UNIX_EPOCH);
            Some(vec![one; times])
        };
        let times = |thresholds: &[u32]| {
            let (threshold, fired) = tuned(thresholds, window, None, fired)?;
            Some((threshold, fired?.len()))
        };
        assert_eq!(times(&[1, 2, 3, 4]), Some((3, 4)));
        assert_eq!(times(&[1, 2]), Some((2, 5)));
        // What truly hurts may fire as often as it does.
        let real = Real {
            what: "a volume full",
            events: vec![Stretch::at(Place::default(), jiff::Timestamp::UNIX_EPOCH)],
        };
        let first = tuned(&[1, 2, 3], window, Some(&real), fired);
        assert_eq!(first.map(|it| it.0), Some(1));
        assert_eq!(tuned(&[1, 2], window, None, |_| None), Some((1, None)));
    }
}
