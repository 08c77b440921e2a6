//! What a metrics store counts of the network of pods, hour by hour.

use jiff::{SignedDuration, Timestamp};

use super::Seen;
use crate::snapshot::{Metric, Workload};

/// What has pods counted that are not.
pub(super) const COUNT: &str = "keep `container_network_.*` of the kubelets' `/metrics/cadvisor`";

/// So many hours before the end of the window.
pub(super) fn hours_ago(seen: &Seen<'_>, hours: usize) -> Option<Timestamp> {
    let hours = i64::try_from(hours).ok()?;
    seen.now.checked_sub(SignedDuration::from_hours(hours)).ok()
}

/// Whether what is counted is the traffic of its own pods, rather than of their nodes.
pub(super) fn has_its_own(workload: &Workload) -> bool {
    let mut pods = workload.pods.iter();
    !workload.pods.is_empty() && pods.all(|pod| !pod.host_network)
}

/// A metric of all pods of a workload, hour by hour, counted back from the end of the
/// window, oldest first: what `join` makes of those of pods, the largest of each hour. `NaN`
/// for an hour without samples; `None` where nobody counts.
pub(super) fn hourly(
    seen: &Seen<'_>,
    workload: usize,
    metric: Metric,
    join: fn(f64, f64) -> f64,
) -> Option<Vec<f64>> {
    let hour = usize::try_from(seen.grid.per_hour()).ok()?.max(1);
    let slots = usize::try_from(seen.grid.len).ok()?;
    let mut all: Option<Vec<f64>> = None;
    for series in seen.usage_of(workload) {
        let Some(values) = series.more.get(&metric) else {
            continue;
        };
        let all = all.get_or_insert_with(|| vec![f64::NAN; slots]);
        let from = usize::try_from(series.first).unwrap_or(usize::MAX);
        for (at, value) in values.pairs() {
            let value = f64::from(value);
            let Some(held) = all.get_mut(from.saturating_add(at)) else {
                continue;
            };
            if value.is_finite() {
                *held = if held.is_finite() {
                    join(*held, value)
                } else {
                    value
                };
            }
        }
    }
    let all = all?;
    let most = |hour: &[f64]| hour.iter().copied().fold(f64::NAN, f64::max);
    let mut hours: Vec<f64> = all.rchunks(hour).map(most).collect();
    hours.reverse();
    Some(hours)
}
