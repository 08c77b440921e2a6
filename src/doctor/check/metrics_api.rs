use crate::doctor::{Check, Point, Seen};
use crate::vitals;

/// Whether `metrics.k8s.io` tells current use, for what has no metrics store.
pub(super) struct MetricsApi;

const NO_SAMPLE: &str = "nothing is known of use, not even now, and autoscalers cannot scale";
const LOOK: &str = "kubectl get apiservice v1beta1.metrics.k8s.io";

impl Check for MetricsApi {
    fn name(&self) -> &'static str {
        "metrics_api"
    }

    fn summary(&self) -> &'static str {
        "whether metrics-server tells current use"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        let Some(api) = seen.api() else {
            return Vec::new();
        };
        let needed = seen.counted().is_none();
        let point = match &api.metrics_api {
            vitals::MetricsApi::Answers => Point::ok("metrics-server tells current use"),
            vitals::MetricsApi::Absent if needed => {
                Point::warn(10, "there is no metrics API (metrics-server)")
                    .effect(NO_SAMPLE)
                    .mend(
                        "kubectl apply -f https://github.com/kubernetes-sigs/metrics-server/\
                         releases/latest/download/components.yaml",
                    )
            }
            vitals::MetricsApi::Absent => {
                Point::ok("there is no metrics API, and usage is read without")
            }
            vitals::MetricsApi::Fails(why) => {
                let text = format!("the metrics API does not answer: {why}");
                let point = Point::warn(if needed { 10 } else { 2 }, text);
                let effect = if needed {
                    NO_SAMPLE
                } else {
                    "autoscalers cannot scale, and what they would do is not what happens"
                };
                point.effect(effect).mend(LOOK)
            }
        };
        vec![point]
    }
}
