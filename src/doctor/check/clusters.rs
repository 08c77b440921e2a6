use crate::doctor::{Check, Point, Seen};
use crate::vitals;

/// Whether the metrics store is of one cluster.
pub(super) struct Clusters;

impl Check for Clusters {
    fn name(&self) -> &'static str {
        "clusters"
    }

    fn summary(&self) -> &'static str {
        "whether the metrics store holds several clusters, and which is read"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        let twins = seen.gaps(&["several-clusters"]);
        if let Some(gap) = twins.first() {
            let text = gap.text.clone();
            let point = Point::bad(30, text)
                .effect("use of one cluster may be taken for that of another: sizes are too large");
            return vec![point.mend(LABEL)];
        }
        let Some(store) = seen.store() else {
            return Vec::new();
        };
        let point = match &store.clusters {
            vitals::Clusters::Several { text, flag } => {
                Point::bad(60, format!("the metrics store holds {text}"))
                    .effect("none of them is read: use of one is never taken for that of another")
                    .mend(flag.clone())
            }
            vitals::Clusters::Chosen(condition) => Point::ok(format!(
                "the metrics store holds several clusters: `{condition}` is read, as the \
                 kubeconfig calls this one"
            )),
            vitals::Clusters::One if store.counted.is_some() => {
                Point::ok("the metrics store holds one cluster")
            }
            vitals::Clusters::One => return Vec::new(),
        };
        vec![point]
    }
}

const LABEL: &str = "\
# in prometheus.yml of each cluster; then `--prometheus-label cluster=NAME`
global:
  external_labels:
    cluster: NAME";
