use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Metric, Values};
use crate::trend::median;
use crate::units::{Bytes, len_f64};

/// A workload that nobody reaches any more, although it runs.
pub(super) struct TrafficLost;

/// Bytes a second of all its pods, below which there is no traffic to lose.
const BUSY: f64 = 1024.0;
/// Share of the usual, below which it is lost: probes and metrics still come.
const LOST: f64 = 0.05;
/// Hours that this must last, and hours before that tell what is usual.
const LASTS: usize = 2;
const USUAL: usize = 7 * 24;

impl Check for TrafficLost {
    fn name(&self) -> &'static str {
        "traffic_lost"
    }

    fn summary(&self) -> &'static str {
        "workloads that lost their traffic at once, and still run"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload(|index, workload| {
            if workload.is_batch() || workload.pods.is_empty() {
                return Sought::fine();
            }
            let Some(hours) = hourly(seen, index) else {
                return Sought::fine();
            };
            // The last hour may have begun a moment ago.
            let known: Vec<f64> = hours.into_iter().filter(|it| it.is_finite()).collect();
            let Some(split) = known.len().checked_sub(LASTS).filter(|it| *it >= 48) else {
                return Sought::fine();
            };
            let (before, now) = known.split_at(split);
            let usual = &before[before.len().saturating_sub(USUAL)..];
            // Every hour of the week before had some: a nightly lull is no loss.
            let least = usual.iter().copied().fold(f64::INFINITY, f64::min);
            let most = now.iter().copied().fold(0.0, f64::max);
            let level = median(usual);
            if level < BUSY || most > LOST * least {
                return Sought::fine();
            }
            Sought::risk(Risk {
                severity: Severity::Medium,
                confidence: Confidence::Medium,
                text: format!(
                    "its traffic fell from {}/s to {}/s for {}, while it runs",
                    Bytes::from_f64(level).human(),
                    Bytes::from_f64(most).human(),
                    lasting(len_f64(LASTS) / 24.0)
                ),
                evidence: vec![
                    Evidence::number("usual_bytes_per_second", level),
                    Evidence::number("bytes_per_second", most),
                ],
                action: Action::new(
                    "see what leads to it: its Service's endpoints, the ingress, a network policy",
                ),
                ..seen.risk(self.name(), index)
            })
        })
    }
}

/// Bytes a second of all pods of a workload, hour by hour; `None` where nobody counts.
fn hourly(seen: &Seen<'_>, index: usize) -> Option<Vec<f64>> {
    let hour = usize::try_from(seen.grid.per_hour()).ok()?;
    let slots = usize::try_from(seen.grid.len).ok()?;
    let mut sums = vec![0.0_f64; slots];
    let mut known = vec![false; slots];
    let mut counted = false;
    for series in seen.usage_of(index) {
        let Some(bytes) = series
            .more
            .get(&Metric::NetworkBytesPerSecond)
            .map(Values::every)
        else {
            continue;
        };
        counted = true;
        let from = usize::try_from(series.first).unwrap_or(usize::MAX);
        for (at, value) in (from..slots).zip(bytes.iter()) {
            if value.is_finite() {
                sums[at] += f64::from(*value);
                known[at] = true;
            }
        }
    }
    let hours = sums.rchunks(hour).zip(known.rchunks(hour));
    let mut hours: Vec<f64> = hours
        .map(|(sums, known)| {
            let values = sums.iter().zip(known).filter(|(_, known)| **known);
            values.map(|(sum, _)| *sum).fold(f64::NAN, f64::max)
        })
        .collect();
    hours.reverse();
    counted.then_some(hours)
}
