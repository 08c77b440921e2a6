use crate::doctor::{Check, Point, Seen};
use crate::text::count;

/// Whether the same containers are scraped more than once.
pub(super) struct Duplicates;

/// Sources that are named.
const NAMED: usize = 3;

impl Check for Duplicates {
    fn name(&self) -> &'static str {
        "duplicates"
    }

    fn summary(&self) -> &'static str {
        "whether two scrape jobs or replicas tell of the same containers"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        let Some(counted) = seen.counted() else {
            return Vec::new();
        };
        let sources = &counted.sources;
        if sources.len() < 2 {
            return vec![Point::ok("each container is scraped once")];
        }
        let mut named = sources.iter().take(NAMED).cloned().collect::<Vec<_>>();
        if sources.len() > NAMED {
            named.push(format!("{} more", sources.len() - NAMED));
        }
        let text = format!(
            "containers are told of by {}: {}",
            count(sources.len(), "scrape source"),
            named.join("; ")
        );
        let replicas = named.iter().any(|it| it.contains("replica"));
        let mend = if replicas { REPLICAS } else { JOBS };
        let point = match &counted.source {
            Some(source) => Point::warn(1, format!("{text}; only {source} is read"))
                .effect("none on sizes: the store holds and answers twice as much as it need"),
            None => Point::warn(
                4,
                format!("{text}; none has every container, so all are read"),
            )
            .effect("of two values of one moment the larger counts: sizes may be too large"),
        };
        vec![point.mend(mend)]
    }
}

/// One of two jobs does not keep what the other has.
const JOBS: &str = "\
# in the scrape job that is not needed
metric_relabel_configs:
- source_labels: [__name__]
  regex: container_(cpu_usage_seconds_total|memory_working_set_bytes)
  action: drop";

const REPLICAS: &str = "\
# where the replicas are queried: Thanos takes --query.replica-label=prometheus_replica,
# VictoriaMetrics -dedup.minScrapeInterval=30s; Mimir in its limits:
accept_ha_samples: true
ha_replica_label: prometheus_replica";
