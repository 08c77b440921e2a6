//! What stands beside the workloads of a namespace now and bears on their changes, whatever
//! there was when they were measured: autoscalers and disruption budgets.

use serde_json::Value;

use super::Why;
use super::field::Path;
use super::server::{Refusal, Server};
use crate::change::{Change, Edit, Resource, Section};
use crate::collect::budget_of;
use crate::snapshot::{AutoscalerMetric, DisruptionBudget, Target};

/// Of one namespace. What may not be listed is `None`: then only what was measured is known.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    autoscalers: Option<Vec<Value>>,
    verticals: Option<Vec<Value>>,
    budgets: Option<Vec<DisruptionBudget>>,
    /// Why something of it is not known, in words.
    pub unknown: Vec<String>,
}

impl Beside {
    /// What is there now.
    ///
    /// # Errors
    ///
    /// Where no answer came, or one that is no refusal.
    pub async fn of(server: &Server<'_>, namespace: &str) -> Result<Self, Refusal> {
        let mut beside = Self::default();
        let scaling = ("autoscaling", "v2", "horizontalpodautoscalers");
        let vertical = ("autoscaling.k8s.io", "v1", "verticalpodautoscalers");
        let policy = ("policy", "v1", "poddisruptionbudgets");
        beside.autoscalers = beside.known(server.list(scaling, namespace).await)?;
        beside.verticals = beside.known(server.list(vertical, namespace).await)?;
        let budgets = beside.known(server.list(policy, namespace).await)?;
        beside.budgets = budgets.map(|all| all.iter().filter_map(budget_of).collect());
        Ok(beside)
    }

    fn known(
        &mut self,
        listed: Result<Vec<Value>, Refusal>,
    ) -> Result<Option<Vec<Value>>, Refusal> {
        match listed {
            Ok(all) => Ok(Some(all)),
            Err(refusal) if refusal.why.code == "forbidden" => {
                self.unknown.push(refusal.why.text);
                Ok(None)
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Names of the disruption budgets that guard pods of a change: those that were measured,
    /// and those that its template makes now.
    pub(super) fn guards(
        &self,
        change: &Change<'_>,
        object: &Value,
        measured: &[DisruptionBudget],
    ) -> Vec<String> {
        let namespace = &change.workload.id.namespace;
        let template = labels(change, object);
        let all = self.budgets.as_deref().unwrap_or(measured).iter();
        let guards = all.filter(|budget| {
            let mut pods = change.workload.pods.iter();
            pods.any(|pod| budget.counts(namespace, &pod.labels))
                || budget.counts(namespace, &template)
        });
        guards
            .map(|it| format!("{}/{}", it.namespace, it.name))
            .collect()
    }

    /// That something sets the sizes of a workload now, or scales it by a share of a request
    /// that changes, and the advice was made without it.
    pub(super) fn unforeseen(&self, change: &Change<'_>) -> Option<Why> {
        let all = self.verticals.as_deref().unwrap_or_default();
        let sets = all.iter().find(|it| sets(it, change));
        sets.map(sets_sizes).or_else(|| self.scaled(change))
    }

    fn scaled(&self, change: &Change<'_>) -> Option<Why> {
        let all = self.autoscalers.as_deref().unwrap_or_default();
        let own = all
            .iter()
            .filter(|it| is_of(&it["spec"]["scaleTargetRef"], change));
        own.flat_map(|it| shares(it).into_iter().map(move |share| (it, share)))
            .filter(|(_, share)| share.moves_with(change) && !share.is_known(change))
            .map(|(autoscaler, share)| share.why(autoscaler, change))
            .next()
    }
}

/// Labels that the template of an object gives its pods.
fn labels(change: &Change<'_>, object: &Value) -> Vec<(String, String)> {
    let Some((_, template)) = change.target.pod_spec.split_last() else {
        return Vec::new();
    };
    let keys = template.iter().map(String::as_str);
    let path = Path::keys(keys.chain(["metadata", "labels"]));
    let labels = path.get(object).and_then(Value::as_object);
    let pairs = labels.into_iter().flatten();
    pairs
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Whether a target is the workload of a change, or what lends it its template.
fn is_of(target: &Value, change: &Change<'_>) -> bool {
    let is = |kind: &str, name: &str| target["kind"] == kind && target["name"] == name;
    let id = &change.workload.id;
    is(&id.kind, &id.name) || is(&change.target.kind, &change.target.name)
}

/// Whether a VerticalPodAutoscaler writes sizes of a workload, and the advice did not know.
fn sets(vertical: &Value, change: &Change<'_>) -> bool {
    let mode = &vertical["spec"]["updatePolicy"]["updateMode"];
    let name = &vertical["metadata"]["name"];
    let mut known = change.workload.managers.iter();
    mode != "Off"
        && is_of(&vertical["spec"]["targetRef"], change)
        && !known.any(|it| it.kind == VERTICAL && *name == *it.name && it.mode != "Off")
}

fn sets_sizes(vertical: &Value) -> Why {
    let name = vertical["metadata"]["name"].as_str().unwrap_or_default();
    let text = format!(
        "the {VERTICAL} `{name}`, which sets its sizes, did not when it was measured: take a new snapshot"
    );
    Why::new("autoscaler", text)
}

const VERTICAL: &str = "VerticalPodAutoscaler";

/// A share of a request that use is held at.
struct Share<'a> {
    /// `cpu`, `memory`.
    resource: &'a str,
    container: Option<&'a str>,
    /// Percent of the request.
    target: u64,
}

/// Of an autoscaler that names no metric, the API server makes one of this share of CPU.
///
/// Source: `DefaultCPUUtilization` of kubernetes `pkg/apis/autoscaling/v2/defaults.go`.
const DEFAULT_CPU: u64 = 80;

fn shares(autoscaler: &Value) -> Vec<Share<'_>> {
    let metrics = autoscaler["spec"]["metrics"].as_array();
    let Some(metrics) = metrics.filter(|it| !it.is_empty()) else {
        return vec![Share {
            resource: "cpu",
            container: None,
            target: DEFAULT_CPU,
        }];
    };
    let each = metrics.iter().filter_map(|metric| {
        let source = metric
            .get("resource")
            .or_else(|| metric.get("containerResource"))?;
        Some(Share {
            resource: source["name"].as_str()?,
            container: source["container"].as_str(),
            target: source["target"]["averageUtilization"].as_u64()?,
        })
    });
    each.collect()
}

impl Share<'_> {
    /// Whether the request that it is a share of changes.
    fn moves_with(&self, change: &Change<'_>) -> bool {
        let is_request =
            |it: &Edit| it.section == Section::Requests && it.resource.name() == self.resource;
        let of = change.containers.iter();
        let mut of = of.filter(|it| self.container.is_none_or(|name| it.container.name == name));
        change.pod.iter().any(is_request) || of.any(|it| it.edits.iter().any(is_request))
    }

    /// Whether the advice was made for it, or has led to it.
    fn is_known(&self, change: &Change<'_>) -> bool {
        let is_it = |metric: &AutoscalerMetric| {
            metric.name == self.resource
                && metric.container.as_deref() == self.container
                && matches!(metric.target, Target::Utilization(percent) if u64::from(percent) == self.target)
        };
        let measured = change.workload.autoscaler.iter();
        let mut measured = measured.flat_map(|it| &it.metrics);
        let advised = change.autoscaler.iter();
        let mut advised = advised.flat_map(|it| &it.metrics);
        measured.any(is_it) || advised.any(is_it)
    }

    fn why(&self, autoscaler: &Value, change: &Change<'_>) -> Why {
        let name = autoscaler["metadata"]["name"].as_str().unwrap_or_default();
        let what = if self.resource == Resource::Cpu.name() {
            "CPU"
        } else {
            self.resource
        };
        let own = change.workload.autoscaler.as_ref();
        if own.is_some_and(|it| it.name == name) {
            let text = format!(
                "its HorizontalPodAutoscaler `{name}` is no longer what the advice was made for: it \
                 holds {what} at {}% of the request",
                self.target
            );
            return Why::new("changed", text);
        }
        let text = format!(
            "the HorizontalPodAutoscaler `{name}`, which holds {what} at {}% of the request, was not \
             there when it was measured: take a new snapshot",
            self.target
        );
        Why::new("autoscaler", text)
    }
}
