use super::no_samples;
use crate::doctor::{Check, Point, Seen};
use crate::text::{count, percent_said};
use crate::units::len_f64;

/// Whether pods with usage belong to a workload.
pub(super) struct Owners;

/// Shares of pods that are left out: a few of what came and went are always.
const SOME: f64 = 0.02;
const MANY: f64 = 0.25;

impl Check for Owners {
    fn name(&self) -> &'static str {
        "owners"
    }

    fn summary(&self) -> &'static str {
        "the share of pods with usage that are mapped to workloads"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        let unowned = seen.gaps(&["unowned-pods"]);
        let lost = unowned.iter().filter_map(|gap| gap.count).sum::<u64>();
        let lost = usize::try_from(lost).unwrap_or(usize::MAX);
        if unowned.is_empty()
            && let Some(none) = no_samples(seen)
        {
            return none;
        }
        let mapped = seen.usage.pods;
        let all = mapped.saturating_add(lost);
        if unowned.is_empty() {
            return vec![Point::ok(format!(
                "{} with usage, each of a workload",
                count(all, "pod")
            ))];
        }
        let Some(gap) = unowned.first() else {
            return Vec::new();
        };
        if lost == 0 {
            // A bundle of before kcost counted them.
            return vec![Point::warn(3, &gap.text).effect(EFFECT).mend(MEND)];
        }
        let share = len_f64(lost) / len_f64(all.max(1));
        let text = format!(
            "{} of {} with usage are mapped to workloads ({}); {}",
            mapped,
            count(all, "pod"),
            percent_said(1.0 - share),
            gap.text
        );
        vec![if share <= SOME {
            Point::ok(text)
        } else if share <= MANY {
            Point::warn(5, text).effect(EFFECT).mend(MEND)
        } else {
            Point::bad(30, text).effect(EFFECT).mend(MEND)
        }]
    }
}

const EFFECT: &str = "their use is left out: workloads look smaller than they were";
const MEND: &str = "take objects and usage of the same cluster and time; kube-state-metrics tells \
                    whose pods that are gone were: `kube_pod_owner`, `kube_replicaset_owner`";
