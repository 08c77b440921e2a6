//! A ScaledObject of KEDA with cron triggers.

use serde_json::{Value, json};

use super::autoscaler::behavior;
use super::cron::{Span, month_spans, spans};
use super::{Piece, Scaled, cut};
use crate::schedule::{OURS, ToZero, Window};
use crate::snapshot::{AutoscalerMetric, Manager, Trigger};
use crate::text::{escape, quote};
use crate::units::count_from;

/// The longest name of a ScaledObject whose autoscaler can be called after it.
const LONGEST: usize = 54;

/// Whether a trigger is a cron that says the same, whatever its name.
fn says(it: &Trigger, cron: &Value) -> bool {
    let same =
        |key: &&str| it.metadata.get(*key).map(String::as_str) == cron["metadata"][*key].as_str();
    it.kind == "cron"
        && ["timezone", "start", "end", "desiredReplicas"]
            .iter()
            .all(same)
}

/// Whether one of ours says about the same: a replica more or less is no use of a change, as
/// what is needed moves with each day that is known.
fn says_about(it: &Trigger, cron: &Value) -> bool {
    let replicas = |text: Option<&str>| text.and_then(|it| it.parse::<u32>().ok());
    let own = replicas(it.metadata.get("desiredReplicas").map(String::as_str));
    let new = replicas(cron["metadata"]["desiredReplicas"].as_str());
    let about = own.zip(new).is_some_and(|(own, new)| {
        let apart = own.abs_diff(new);
        apart == 0 || (apart == 1 && apart * ABOUT <= own.max(new))
    });
    let same =
        |key: &&str| it.metadata.get(*key).map(String::as_str) == cron["metadata"][*key].as_str();
    about && ["timezone", "start", "end"].iter().all(same)
}

/// One replica of so many is about none.
const ABOUT: u32 = 20;

impl<'a> Scaled<'a> {
    /// Cron triggers beside what there is: in the ScaledObject that scales it, or in one that
    /// takes the place of its autoscaler.
    pub(super) fn keda(self) -> Vec<Piece> {
        let mut crons = Vec::new();
        if self.plan.advice.has_windows() {
            crons.extend(self.crons(&self.plan.windows));
            crons.extend(self.month_crons());
        }
        crons.extend(self.event_crons());
        crons.extend(self.sleep.iter().flat_map(|it| self.awake_crons(it)));
        if let Some(own) = self.scaled_object() {
            return vec![self.patch_of(own, &crons)];
        }
        let own = self.workload.autoscaler.as_ref();
        let by_cpu =
            |it: &AutoscalerMetric| it.name == "cpu" && it.is_share() && it.container.is_none();
        if own.is_some_and(|it| it.unread > 0 || !it.metrics.iter().all(by_cpu)) {
            let text = "its autoscaler has metrics that kcost does not write as triggers";
            let what = if self.plan.to_zero.is_some() {
                "write them as those of a ScaledObject, with a cron trigger for each window"
            } else {
                "take -o cronjobs, which leave them"
            };
            return vec![Piece::Command(format!("{text}: {what}"))];
        }
        let mut slow = own.into_iter().filter_map(|it| it.behavior.as_ref());
        if !crons.is_empty() && slow.any(|it| !it.up.is_fast()) {
            return vec![Piece::Command(
                "its autoscaler follows metrics, and so triggers, more slowly than usual \
                 (behavior.scaleUp), and would be late for its windows: take -o cronjobs, which \
                 move its minReplicas"
                    .to_owned(),
            )];
        }
        let mut triggers = Vec::new();
        // By day an autoscaler goes on as it did.
        let own_target = own.map(|it| {
            let share = it.cpu_target().map(|it| count_from(it * 100.0));
            share.unwrap_or_else(|| self.percent())
        });
        let target = self.plan.advice.target().map(|_| self.percent());
        if let Some(percent) = target.or(own_target) {
            triggers.push(json!({
                "type": "cpu",
                "metricType": "Utilization",
                "metadata": {"value": percent.to_string()},
            }));
        }
        triggers.extend(crons);
        let mut object = json!({
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": self.metadata(&cut(self.called, LONGEST)),
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

    /// The ScaledObject that scales it.
    pub(super) fn scaled_object(self) -> Option<&'a Manager> {
        let mut managers = self.workload.managers.iter();
        managers.find(|it| it.kind == "ScaledObject")
    }

    /// What is to be changed in a ScaledObject: triggers of ours that it has already are
    /// replaced, and all others stay. What is taken away is tested first, so that nothing else
    /// goes where it was changed in the meantime.
    fn patch_of(self, own: &Manager, crons: &[Value]) -> Piece {
        if own.has_formula() && !crons.is_empty() {
            return by_formula(own);
        }
        let (ours, theirs): (Vec<_>, Vec<_>) = own
            .triggers
            .iter()
            .enumerate()
            .partition(|(_, it)| it.name.as_ref().is_some_and(|it| it.starts_with(OURS)));
        // What somebody else wrote and says the same does already.
        let there = |cron: &&Value| theirs.iter().any(|(_, it)| says(it, cron));
        let crons: Vec<&Value> = crons.iter().filter(|it| !there(it)).collect();
        let same = ours.len() == crons.len()
            && ours.iter().zip(&crons).all(|((_, it), cron)| {
                it.name.as_deref() == cron["name"].as_str() && says_about(it, cron)
            });
        let mut patch: Vec<Value> = Vec::new();
        if let (Some(_), Some(cpu)) = (self.plan.advice.target(), own.trigger("cpu")) {
            let value = self.cpu_value();
            let path = format!("/spec/triggers/{cpu}/metadata/value");
            if own.triggers[cpu].metadata.get("value") != Some(&value) {
                patch.push(json!({"op": "replace", "path": path, "value": value}));
            }
        }
        if !same {
            for (place, it) in ours.iter().rev() {
                let path = format!("/spec/triggers/{place}");
                let name = format!("{path}/name");
                patch.push(json!({"op": "test", "path": name, "value": it.name}));
                patch.push(json!({"op": "remove", "path": path}));
            }
            let add = crons.iter();
            patch.extend(
                add.map(|it| json!({"op": "add", "path": "/spec/triggers/-", "value": it})),
            );
        }
        let there = self.workload.autoscaler.as_ref();
        let least = if self.sleep.is_some() {
            0
        } else {
            self.plan.base
        };
        let set = |field: &str, value: u32| json!({"op": "add", "path": format!("/spec/{field}"), "value": value});
        // What goes to zero where nobody asks goes on to do so.
        let stays = self.plan.to_zero == Some(ToZero::Asked);
        let wakes = self.sleep.is_some() || (self.plan.advice.acts() && !stays);
        if wakes && there.is_none_or(|it| it.min_replicas != least) {
            patch.push(set("minReplicaCount", least));
        }
        if self.plan.unidled() {
            patch.push(json!({"op": "remove", "path": "/spec/idleReplicaCount"}));
        }
        if let Some((_, most)) = self.plan.raised() {
            patch.push(set("maxReplicaCount", most));
        }
        Piece::Command(if patch.is_empty() {
            format!("its ScaledObject {} says so already", quote(&own.name))
        } else {
            format!(
                "kubectl patch scaledobject {} -n {} --type=json -p {}",
                quote(&own.name),
                self.namespace(),
                quote(&Value::Array(patch).to_string())
            )
        })
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
            let name = format!("{OURS}window-{}", number + 1);
            self.cron(&name, &span, &replicas)
        });
        triggers.collect()
    }

    /// The triggers of windows of the month.
    fn month_crons(self) -> impl Iterator<Item = Value> {
        let windows = self.plan.month.iter();
        let spans = windows.flat_map(|window| {
            let spans = month_spans(window).into_iter();
            spans.map(|span| (span, window.replicas.to_string()))
        });
        spans.enumerate().map(move |(number, (span, replicas))| {
            let name = format!("{OURS}month-{}", number + 1);
            self.cron(&name, &span, &replicas)
        })
    }

    fn cron(self, name: &str, span: &Span, replicas: &str) -> Value {
        json!({
            "type": "cron",
            "name": name,
            "metadata": {
                "timezone": self.zone,
                "start": span.start,
                "end": span.end,
                "desiredReplicas": replicas,
            },
        })
    }

    /// Triggers of events of the calendar, by their day and month.
    fn event_crons(self) -> impl Iterator<Item = Value> {
        let events = self.plan.events.iter().enumerate();
        events.map(move |(number, event)| {
            let (start, end) = event.crons();
            let name = format!("{OURS}event-{}", number + 1);
            self.cron(&name, &Span { start, end }, &event.replicas.to_string())
        })
    }
}

/// What is to be done by hand where a formula alone counts.
pub(super) fn by_formula(own: &Manager) -> Piece {
    Piece::Command(format!(
        "nothing is written: ScaledObject {} scales by a formula (advanced.scalingModifiers), \
         and a trigger that it does not name changes nothing: add a cron trigger for each \
         window, and let the formula be the most of what it is and of them, times its target",
        escape(&own.name)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is needed moves by a replica with each day that is known.
    #[test]
    fn one_replica_of_twenty_is_no_change() {
        let cron = |replicas: u32, end: &str| {
            json!({"metadata": {"timezone": "UTC", "start": "40 19 * * 5", "end": end,
                "desiredReplicas": replicas.to_string()}})
        };
        let about = |own: u32, new: u32, end: &str| {
            let metadata = cron(own, "0 22 * * 5")["metadata"].clone();
            let trigger = Trigger {
                kind: "cron".to_owned(),
                metadata: serde_json::from_value(metadata).unwrap(),
                ..Trigger::default()
            };
            says_about(&trigger, &cron(new, end))
        };
        let same = "0 22 * * 5";
        assert!(about(25, 25, same) && about(25, 26, same) && about(26, 25, same));
        assert!(!about(25, 27, same) && !about(9, 10, same));
        assert!(!about(25, 25, "0 23 * * 5"));
    }
}
