use super::no_samples;
use crate::doctor::{Check, Point, Seen};
use crate::text::count;
use crate::units::len_f64;

/// Whether series go on after their pods are gone.
pub(super) struct StaleSeries;

/// Names that are told.
const NAMED: usize = 3;
/// Pods that may be seen for some minutes after their end, and their share.
const CHANCE: usize = 2;
const SHARE: f64 = 0.1;

impl Check for StaleSeries {
    fn name(&self) -> &'static str {
        "stale_series"
    }

    fn summary(&self) -> &'static str {
        "whether pods that are gone still have fresh samples"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        if let Some(none) = no_samples(seen) {
            return none;
        }
        let usage = &seen.usage;
        let gone = usage.strangers.len();
        // Files may have no pods at all, and say nothing of their ends.
        let known = seen.snapshot.is_some_and(|snapshot| {
            snapshot
                .workloads
                .iter()
                .any(|workload| !workload.pods.is_empty())
        });
        if !known {
            return Vec::new();
        }
        let share = len_f64(gone) / len_f64((gone + usage.fresh).max(1));
        if gone == 0 {
            return vec![Point::ok("series end with their pods")];
        }
        let names = usage.strangers.iter().take(NAMED);
        let names = names.map(String::as_str).collect::<Vec<_>>().join(", ");
        if gone <= CHANCE || share < SHARE {
            return vec![Point::ok(format!(
                "series end with their pods, but for {}, which may have ended just now: {names}",
                count(gone, "pod")
            ))];
        }
        let text = format!(
            "{} with fresh samples are not in the cluster, such as {names}",
            count(gone, "pod")
        );
        vec![
            Point::warn(6, text)
                .effect("use of pods that are gone counts as if they ran: peaks may be others'")
                .mend(
                    "honor_timestamps: false  # in the scrape job: samples with times of their \
                     own are never marked stale",
                ),
        ]
    }
}
