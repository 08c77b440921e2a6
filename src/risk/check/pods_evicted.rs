use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::severity::within_a_week;
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Eviction, Workload};
use crate::text::count;
use crate::trend::comes_again;
use crate::units::{days_between, len_f64};

/// Pods that their node put out because it was short of something.
pub(super) struct PodsEvicted;

/// Days for which an eviction is of today.
const RECENT: f64 = 1.0;

impl Check for PodsEvicted {
    fn name(&self) -> &'static str {
        "pods_evicted"
    }

    fn summary(&self) -> &'static str {
        "pods that nodes evict, and what the nodes were short of"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_workload(|index, workload| {
            let inside = |it: &&Eviction| it.at.is_some_and(|at| at >= seen.grid.start);
            let evicted: Vec<&Eviction> = workload.evictions.iter().filter(inside).collect();
            let times = evicted.iter().filter_map(|it| it.at);
            let (Some(first), Some(last)) = (times.clone().min(), times.max()) else {
                return Sought::fine();
            };
            Sought::risk(self.risk(seen, (index, workload), &evicted, (first, last)))
        })
    }
}

impl PodsEvicted {
    fn risk(
        &self,
        seen: &Seen<'_>,
        (index, workload): (usize, &Workload),
        evicted: &[&Eviction],
        (first, last): (jiff::Timestamp, jiff::Timestamp),
    ) -> Risk {
        let recent = days_between(last, seen.now) <= RECENT;
        let days = days_between(first, seen.now);
        let week = comes_again(len_f64(evicted.len()), seen.grid.span().as_days(), 7.0);
        let short_of = evicted.iter().find_map(|it| it.resource.as_deref());
        let said =
            short_of.map_or_else(String::new, |it| format!(": their node was short of {it}"));
        let action = match short_of {
            Some("memory") => "request the memory that it uses: who uses more than that goes first",
            Some(_) => "request `ephemeral-storage`, and write less to the container's own disk",
            None => "see what its nodes are short of: `kubectl describe node`",
        };
        Risk {
            severity: if recent && evicted.len() > 1 {
                Severity::High
            } else if recent {
                Severity::Medium
            } else {
                Severity::Low
            },
            confidence: Confidence::High,
            since: Some(first),
            until: (!recent).then_some(last),
            chance: recent.then(|| within_a_week(week)),
            text: format!(
                "{} evicted in {}{said}",
                count(evicted.len(), "pod"),
                lasting(days)
            ),
            evidence: vec![
                Evidence::number("evictions", len_f64(evicted.len())),
                Evidence::number("pods", len_f64(workload.pods.len())),
                Evidence::time("last_eviction", last),
            ],
            action: Action::new(action),
            ..seen.risk(self.name(), index)
        }
    }
}
