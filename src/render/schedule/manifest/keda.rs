//! A ScaledObject of KEDA with cron triggers.

use serde_json::{Value, json};

use super::autoscaler::behavior;
use super::cron::spans;
use super::{Piece, Scaled};
use crate::schedule::Window;
use crate::snapshot::AutoscalerMetric;
use crate::text::quote;

/// The longest name of a ScaledObject whose autoscaler can be called after it.
const LONGEST: usize = 54;

impl Scaled<'_> {
    /// Cron triggers beside what there is: in the ScaledObject that scales it, or in one that
    /// takes the place of its autoscaler.
    pub(super) fn keda(self) -> Vec<Piece> {
        let mut crons = Vec::new();
        if self.plan.advice.has_windows() {
            crons.extend(self.crons(&self.plan.windows));
        }
        crons.extend(self.event_crons());
        crons.extend(self.sleep.iter().flat_map(|it| self.awake_crons(it)));
        let mut managers = self.workload.managers.iter();
        if let Some(own) = managers.find(|it| it.kind == "ScaledObject") {
            let add = crons
                .iter()
                .map(|trigger| json!({"op": "add", "path": "/spec/triggers/-", "value": trigger}));
            let mut add: Vec<Value> = add.collect();
            if self.sleep.is_some() {
                add.push(json!({"op": "add", "path": "/spec/minReplicaCount", "value": 0}));
            }
            let patch = Value::Array(add);
            return vec![Piece::Command(format!(
                "kubectl patch scaledobject {} -n {} --type=json -p {}",
                quote(&own.name),
                self.namespace(),
                quote(&patch.to_string())
            ))];
        }
        let own = self.workload.autoscaler.as_ref();
        let by_cpu = |it: &AutoscalerMetric| it.name == "cpu" && it.is_share();
        if own.is_some_and(|it| it.unread > 0 || !it.metrics.iter().all(by_cpu)) {
            return vec![Piece::Command(
                "its autoscaler has metrics that kcost does not write as triggers: take \
                 -o cronjobs, which leave them"
                    .to_owned(),
            )];
        }
        let mut triggers = Vec::new();
        if self.plan.advice.target().is_some() {
            triggers.push(json!({
                "type": "cpu",
                "metricType": "Utilization",
                "metadata": {"value": self.percent().to_string()},
            }));
        }
        triggers.extend(crons);
        let mut object = json!({
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": self.metadata(&self.short_name()),
            "spec": {
                "scaleTargetRef": self.target(),
                "minReplicaCount": if self.sleep.is_some() { 0 } else { self.plan.base },
                "maxReplicaCount": self.plan.max,
                "triggers": triggers,
            },
        });
        if let Some(own) = own {
            // Without both KEDA refuses to scale what an autoscaler scales already.
            object["metadata"]["annotations"] =
                json!({"scaledobject.keda.sh/transfer-hpa-ownership": "true"});
            object["spec"]["advanced"] =
                json!({"horizontalPodAutoscalerConfig": {"name": own.name}});
            if let Some(own) = &own.behavior {
                object["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] =
                    behavior(own);
            }
        }
        vec![Piece::Object(object)]
    }

    /// The triggers of some windows.
    pub(super) fn crons(self, windows: &[Window]) -> Vec<Value> {
        let spans = windows.iter().flat_map(|window| {
            let replicas = window.replicas.to_string();
            spans(window)
                .into_iter()
                .map(move |span| (span, replicas.clone()))
        });
        let triggers = spans.enumerate().map(|(number, (span, replicas))| {
            json!({
                "type": "cron",
                "name": format!("window-{}", number + 1),
                "metadata": {
                    "timezone": self.zone,
                    "start": span.start,
                    "end": span.end,
                    "desiredReplicas": replicas,
                },
            })
        });
        triggers.collect()
    }

    /// Triggers of events of the calendar, by their day and month.
    fn event_crons(self) -> impl Iterator<Item = Value> {
        let events = self.plan.events.iter().enumerate();
        events.map(move |(number, event)| {
            let (start, end) = event.crons();
            json!({
                "type": "cron",
                "name": format!("event-{}", number + 1),
                "metadata": {
                    "timezone": self.zone,
                    "start": start,
                    "end": end,
                    "desiredReplicas": event.replicas.to_string(),
                },
            })
        })
    }

    fn short_name(self) -> String {
        if self.name().len() <= LONGEST {
            self.name().to_owned()
        } else {
            self.named("s", LONGEST)
        }
    }
}
