use crate::doctor::{Check, Point, Seen};
use crate::snapshot::SourceKind;
use crate::vitals::{Clusters, Store, Trouble};

/// Whether there is a metrics store with history, and whether it answers.
pub(super) struct MetricsStore;

const NO_HISTORY: &str = "there is no history of use: no size can be advised";

const RAISE: &str = "--timeout 60s";

/// Scrapes what all advice comes from.
const SCRAPE: &str = "\
scrape_configs:
- job_name: kubernetes-cadvisor
  scheme: https
  metrics_path: /metrics/cadvisor
  kubernetes_sd_configs: [{role: node}]
  authorization: {credentials_file: /var/run/secrets/kubernetes.io/serviceaccount/token}
  tls_config: {ca_file: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt}";

impl Check for MetricsStore {
    fn name(&self) -> &'static str {
        "metrics_store"
    }

    fn summary(&self) -> &'static str {
        "whether Prometheus or what speaks like it is found, and has usage"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        match &seen.vitals.store {
            Some(Ok(store)) => vec![answers(store, seen)],
            Some(Err(trouble)) => vec![broken(trouble)],
            None if seen.api().is_some() => vec![
                Point::warn(
                    40,
                    "no metrics store is looked for: `--no-discovery` is set",
                )
                .effect(NO_HISTORY)
                .mend("--prometheus-url URL"),
            ],
            None if seen.is_live() => {
                vec![Point::unknown(
                    0,
                    "not looked at: the API server does not answer",
                )]
            }
            None => offline(seen),
        }
    }
}

fn answers(store: &Store, seen: &Seen<'_>) -> Point {
    let detail = &store.detail;
    if let Some(trouble) = &store.uncounted {
        return broken(trouble);
    }
    // It was counted, and then would not give what it has.
    if let Some(gap) = seen.gaps(&["no-prometheus"]).first() {
        let point = Point::bad(60, &gap.text).effect(NO_HISTORY).mend(RAISE);
        return point.hint(gap.hint.as_deref());
    }
    // Several clusters are a point of their own.
    if store.counted.is_some() || matches!(store.clusters, Clusters::Several { .. }) {
        return Point::ok(format!("{detail} answers"));
    }
    // Why it has none is told where usage is read.
    let told = seen.gaps(&["no-usage", "no-samples"]).into_iter().next();
    let text = told.map_or_else(
        || "it has no usage of any container in scope".to_owned(),
        |gap| gap.text.clone(),
    );
    Point::bad(60, format!("{detail}: {text}"))
        .effect(NO_HISTORY)
        .mend(SCRAPE)
        .hint(told.and_then(|gap| gap.hint.as_deref()))
}

fn broken(trouble: &Trouble) -> Point {
    Point::bad(60, &trouble.text)
        .effect(NO_HISTORY)
        .hint(trouble.hint.as_deref())
}

/// Of a bundle what was written down when it was taken.
fn offline(seen: &Seen<'_>) -> Vec<Point> {
    let Some(snapshot) = seen.snapshot else {
        return Vec::new();
    };
    if let Some(gap) = seen.gaps(&["no-prometheus"]).first() {
        let point = Point::warn(40, &gap.text).effect(NO_HISTORY);
        return vec![point.hint(gap.hint.as_deref())];
    }
    if seen.usage.slots.is_none() && !snapshot.workloads.is_empty() {
        let told = seen.gaps(&["no-usage", "no-samples"]).into_iter().next();
        let text = told.map_or("it holds no usage of any container", |gap| &*gap.text);
        let point = Point::bad(60, text).effect(NO_HISTORY);
        let point = point.mend("add use: `--usage FILE`, or take it with `--prometheus-url URL`");
        return vec![point.hint(told.and_then(|gap| gap.hint.as_deref()))];
    }
    let mut sources = snapshot.sources.iter();
    let store = sources.find(|source| source.kind == SourceKind::Prometheus);
    let store = store.map(|it| Point::ok(format!("usage was read from {}", it.detail)));
    store.into_iter().collect()
}
