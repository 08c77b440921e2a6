//! What a metrics store counts of the network of pods, hour by hour.

use super::Seen;
use crate::snapshot::{Metric, Values, Workload};

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
    let mut all = vec![f64::NAN; slots];
    let mut counted = false;
    for series in seen.usage_of(workload) {
        let Some(values) = series.more.get(&metric).map(Values::every) else {
            continue;
        };
        counted = true;
        let from = usize::try_from(series.first).unwrap_or(usize::MAX);
        for (at, value) in (from..slots).zip(values.iter()) {
            let value = f64::from(*value);
            if value.is_finite() {
                all[at] = if all[at].is_finite() {
                    join(all[at], value)
                } else {
                    value
                };
            }
        }
    }
    let most = |hour: &[f64]| hour.iter().copied().fold(f64::NAN, f64::max);
    let mut hours: Vec<f64> = all.rchunks(hour).map(most).collect();
    hours.reverse();
    counted.then_some(hours)
}
