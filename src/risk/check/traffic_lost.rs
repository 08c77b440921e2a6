use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::network::{COUNT, has_its_own, hourly, hours_ago};
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Metric, Workload};
use crate::trend::median;
use crate::units::{Bytes, len_f64};

/// A workload that nobody reaches any more, although it runs.
pub(super) struct TrafficLost;

/// Bytes a second of all its pods, below which there is no traffic to lose.
const BUSY: f64 = 1024.0;
/// Share of the usual, below which it is lost: probes and metrics still come.
const LOST: f64 = 0.05;
/// Hours that this must last.
const LASTS: usize = 2;
/// A day and a week of hours, and the fewest that tell what is usual.
const DAY: usize = 24;
const WEEK: usize = 7 * DAY;
const FEWEST: usize = 2 * DAY;

impl Check for TrafficLost {
    fn name(&self) -> &'static str {
        "traffic_lost"
    }

    fn summary(&self) -> &'static str {
        "workloads that lost their traffic at once, and still run"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload_at_once(|index, workload| {
            let (usual, most, hours) = match heard(seen, index, workload) {
                Heard::Lost { usual, most, hours } => (usual, most, hours),
                Heard::Nothing => {
                    return Sought::unknown("workload", "whose traffic is not counted", COUNT);
                }
                Heard::Fine => return Sought::fine(),
                Heard::Short => {
                    return Sought::unknown(
                        "workload",
                        "whose traffic is known for less than two days",
                        "look again when there is more history",
                    );
                }
            };
            Sought::risk(Risk {
                severity: Severity::Medium,
                confidence: Confidence::Medium,
                since: hours_ago(seen, hours),
                text: format!(
                    "its traffic fell from {}/s to {}/s for {}, while it runs",
                    Bytes::from_f64(usual).human(),
                    Bytes::from_f64(most).human(),
                    lasting(len_f64(hours) / 24.0)
                ),
                evidence: vec![
                    Evidence::number("usual_bytes_per_second", usual),
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

/// What the hours say, bytes a second of each.
enum Heard {
    /// What is usual at these hours, and the most of what is left.
    /// … and for how many hours.
    Lost {
        usual: f64,
        most: f64,
        hours: usize,
    },
    Fine,
    Short,
    /// Nobody counts it.
    Nothing,
}

fn heard(seen: &Seen<'_>, index: usize, workload: &Workload) -> Heard {
    if workload.is_batch() || !has_its_own(workload) {
        return Heard::Fine;
    }
    let hours = hourly(seen, index, Metric::NetworkBytesPerSecond, |a, b| a + b);
    hours.map_or(Heard::Nothing, |hours| Heard::of(&hours))
}

/// Whether a workload has lost its traffic, which others need not tell once more.
pub(super) fn is_lost(seen: &Seen<'_>, index: usize, workload: &Workload) -> bool {
    matches!(heard(seen, index, workload), Heard::Lost { .. })
}

impl Heard {
    fn of(hours: &[f64]) -> Self {
        // Nothing was told of the last hour, where it has just begun.
        let end = hours.iter().rposition(|it| it.is_finite());
        let hours = &hours[..end.map_or(0, |end| end + 1)];
        let known = hours.iter().filter(|it| it.is_finite()).count();
        if known < FEWEST + LASTS {
            return Self::Short;
        }
        let (before, now) = hours.split_at(hours.len() - LASTS);
        let week = &before[before.len().saturating_sub(WEEK)..];
        let known = |it: &&f64| it.is_finite();
        // A nightly lull is no loss, nor is a Sunday: a whole week tells what the same hours
        // had at least; less than that, what any hour had.
        let whole = week.len() == WEEK;
        let same: Vec<f64> = if whole {
            // With an hour before and after: nothing comes at the same minute each day.
            let around = |day: usize| (day * DAY).saturating_sub(1)..=day * DAY + LASTS;
            let hours = (0..7).flat_map(|day| &week[around(day)]);
            hours.filter(known).copied().collect()
        } else {
            week.iter().filter(known).copied().collect()
        };
        let least = same.iter().copied().fold(f64::INFINITY, f64::min);
        let most = now.iter().filter(known).copied().fold(0.0, f64::max);
        let usual = median(&same);
        if usual >= BUSY && most <= LOST * least {
            let quiet = hours.iter().rev();
            let quiet = quiet.take_while(|it| !it.is_finite() || **it <= LOST * least);
            let hours = quiet.count();
            Self::Lost { usual, most, hours }
        } else {
            Self::Fine
        }
    }
}
