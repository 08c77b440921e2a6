use std::collections::BTreeSet;

use jiff::Timestamp;

use super::without_events;
use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Event, Workload};
use crate::text::count;
use crate::units::{days_between, len_f64};

/// Probes that fail, before they kill.
pub(super) struct ProbesFailing;

/// Failures that are more than one slow answer: with the defaults of Kubernetes three in a
/// row are acted on.
const FEWEST: u32 = 5;
/// Days for which a failure is of now. The API server keeps events for an hour.
const RECENT: f64 = 1.0 / 24.0;
/// Days after its start in which a pod may not be ready yet.
const STARTS: f64 = 10.0 / (24.0 * 60.0);

/// Sorts of probes, what follows, and what to do.
const SORTS: [(&str, &str, &str); 2] = [
    (
        "liveness",
        "it is killed for that",
        "see what keeps it busy (throttling, one thread, a slow dependency), and raise \
         `timeoutSeconds` above the 1 s of the default",
    ),
    (
        "readiness",
        "it gets no traffic meanwhile",
        "see what it waits for: what it asks in its readiness probe should be its own",
    ),
];

impl Check for ProbesFailing {
    fn name(&self) -> &'static str {
        "probes_failing"
    }

    fn summary(&self) -> &'static str {
        "probes that fail again and again, before they kill"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload(|index, workload| {
            let mut containers = workload.containers.iter();
            if !containers.any(|it| !it.probes.is_empty()) && workload.events.is_empty() {
                return Sought::fine();
            }
            if !seen.snapshot.cluster.has_events {
                return without_events("whose events were not read");
            }
            let sorts = SORTS.iter().filter_map(|sort| {
                let failed = workload
                    .events
                    .iter()
                    .filter(|it| it.is("Unhealthy", sort.0) && is_of_now(seen, workload, it));
                let failed: Vec<&Event> = failed.collect();
                self.risk(seen, (index, workload), *sort, &failed)
            });
            sorts.map(Sought::risk).collect()
        })
    }
}

/// Whether it is of a pod that runs, and was not just started.
fn is_of_now(seen: &Seen<'_>, workload: &Workload, event: &Event) -> bool {
    let mut pods = workload.pods.iter();
    let Some((pod, last)) = pods.find(|it| it.name == event.name).zip(event.last) else {
        return false;
    };
    let begun = pod.created.unwrap_or(Timestamp::MIN);
    let old = pod.created.is_none() || days_between(begun, last) > STARTS;
    old && days_between(last, seen.snapshot.taken_at) <= RECENT
}

impl ProbesFailing {
    fn risk(
        &self,
        seen: &Seen<'_>,
        (index, workload): (usize, &Workload),
        (sort, follows, action): (&str, &str, &str),
        failed: &[&Event],
    ) -> Option<Risk> {
        let times: u32 = failed.iter().map(|it| it.count).sum();
        let pods: BTreeSet<&str> = failed.iter().map(|it| it.name.as_str()).collect();
        let last = failed.iter().filter_map(|it| it.last).max()?;
        let container = failed.iter().find_map(|it| it.container.clone());
        let severity = match (pods.len(), sort) {
            (2.., _) => Severity::High,
            (_, "liveness") => Severity::Medium,
            _ => Severity::Low,
        };
        (times >= FEWEST).then(|| Risk {
            container,
            severity,
            confidence: Confidence::High,
            since: failed.iter().filter_map(|it| it.first).min(),
            text: format!(
                "its {sort} probe failed {} in {} of {}, and {follows}",
                count(usize::try_from(times).unwrap_or(usize::MAX), "time"),
                pods.len(),
                count(workload.pods.len(), "pod"),
            ),
            evidence: vec![
                Evidence::text("probe", sort),
                Evidence::number("failures", f64::from(times)),
                Evidence::number("pods_hit", len_f64(pods.len())),
                Evidence::time("last_failure", last),
            ],
            action: Action::new(action),
            ..seen.risk(self.name(), index)
        })
    }
}
