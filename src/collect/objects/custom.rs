use kube::core::DynamicObject;
use serde_json::Value;

use super::api::{current, group};
use super::queue::{self, KEPT, KUEUE, queued};
use super::{
    Amounts, Controller, Key, Meta, Objects, Placed, Present, Record, Renewal, Template, Tries,
    scaling,
};
use super::{is_ignored_group, owns_pods, placed, runs_to_completion};

/// An object of any kind: a controller that kcost has no type for, a
/// VerticalPodAutoscaler or a ScaledObject.
///
/// What owns no pod and has no template is counted later, when owners are known.
impl Record for DynamicObject {
    fn record(self, objects: &mut Objects) {
        let types = self.types.unwrap_or_default();
        let paused = self.metadata.annotations.as_ref().is_some_and(|all| {
            let is_set = |key: &str| all.get(key).is_some_and(|value| value != "false");
            is_set("autoscaling.keda.sh/paused")
                // Whatever is written into it makes no more of it.
                || is_set("autoscaling.keda.sh/paused-scale-out")
                || all.contains_key("autoscaling.keda.sh/paused-replicas")
        });
        let meta = Meta::new(self.metadata);
        let api_version = current(&types.api_version, &types.kind);
        match (group(&api_version), types.kind.as_str()) {
            ("autoscaling.k8s.io", "VerticalPodAutoscaler") => {
                scaling::vertical(&meta, &self.data, objects);
            }
            ("keda.sh", "ScaledObject") => {
                scaling::scaled_object(&meta, paused, &self.data, objects);
            }
            (KUEUE, KEPT) => queue::record(api_version, meta, self.data, objects),
            (group, kind) if is_ignored_group(group) => {
                *objects.skipped.entry(kind.to_owned()).or_default() += 1;
            }
            (group, _) => {
                if !scales_by_requests_served(group) {
                    scaling::unreadable(&meta, &self.data, objects);
                }
                controller(api_version, types.kind, meta, self.data, objects);
            }
        }
    }
}

/// Whether autoscalers of this API group never look at what is requested: those of
/// Knative count calls, and make another autoscaler where they are to look at CPU.
fn scales_by_requests_served(group: &str) -> bool {
    group.ends_with("knative.dev")
}

fn controller(
    api_version: String,
    kind: String,
    meta: Meta,
    mut data: Value,
    objects: &mut Objects,
) {
    let group = group(&api_version).to_owned();
    let mut amounts = Amounts::default();
    let schedule = data.pointer("/spec/schedule").and_then(Value::as_str);
    let schedule = schedule.map(str::to_owned);
    let mut replicas = number(&data, "/spec/replicas");
    let present = number(&data, "/status/replicas");
    let template_of = template_of(&group, &kind, &meta, &data);
    let is_over = runs_to_completion(&group, &kind) && is_over(&data);
    let suspended = ["/spec/suspend", "/spec/runPolicy/suspend"];
    let suspended = suspended.iter().any(|path| {
        let flag = data.pointer(path).and_then(Value::as_bool);
        flag == Some(true)
    });
    let tries = Tries::of(&group, &kind, &data, is_over);
    let pods = replicas.unwrap_or(1);
    let queued = queued(&meta, pods).filter(|_| suspended && !is_over);
    let found = placed::find(&group, &kind, &mut data);
    let patchable = !found.steps;
    let mut templates: Vec<Placed> = found
        .specs
        .into_iter()
        .map(|spec| Placed {
            path: spec.path,
            name: spec.name,
            replicas: spec.replicas,
            template: Template::new(spec.template, &mut amounts),
        })
        .collect();
    if is_over {
        replicas = Some(0);
        for placed in &mut templates {
            placed.replicas = Some(0);
        }
    }
    objects.note(&kind, &meta, amounts);
    let has_template = !templates.is_empty() || template_of.is_some();
    objects.controllers.push(Controller {
        renewal: Renewal::default(),
        queued,
        conditions: Vec::new(),
        known: owns_pods(&group, &kind) && has_template && !is_over,
        over: is_over,
        tries,
        api_version,
        kind,
        meta,
        replicas,
        present: present.map(|pods| Present { pods, sure: true }),
        schedule,
        schedule_zone: None,
        templates,
        template_of,
        patch_at: None,
        patchable,
    });
}

pub(super) fn number(data: &Value, path: &str) -> Option<u32> {
    let number = data.pointer(path).and_then(Value::as_u64)?;
    u32::try_from(number).ok()
}

/// The Deployment whose template another controller takes: that of a Rollout that
/// refers to one, and that of which a Canary makes its primary.
fn template_of(group: &str, kind: &str, meta: &Meta, data: &Value) -> Option<Key> {
    let reference = match (group, kind) {
        ("argoproj.io", "Rollout") => data.pointer("/spec/workloadRef")?,
        ("flagger.app", "Canary") => data.pointer("/spec/targetRef")?,
        _ => return None,
    };
    let text = |name: &str| reference.get(name).and_then(Value::as_str);
    let api_version = text("apiVersion").unwrap_or("apps/v1");
    let kind = text("kind").unwrap_or("Deployment");
    Some(Key::new(&meta.namespace, api_version, kind, text("name")?))
}

/// Whether something that runs to completion has come to its end, by any of the
/// ways in which its kinds say so.
fn is_over(data: &Value) -> bool {
    const ENDS: [&str; 6] = [
        "Complete",
        "Completed",
        "Succeeded",
        "Failed",
        "Error",
        "Finished",
    ];
    let is_end = |text: &str| ENDS.iter().any(|end| text.eq_ignore_ascii_case(end));
    let status = data.get("status");
    let text = |value: &Value, path: &str| {
        value
            .pointer(path)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let conditions = data.pointer("/status/conditions").and_then(Value::as_array);
    let mut conditions = conditions.into_iter().flatten();
    let ended = conditions.any(|condition| {
        let holds = text(condition, "/status").is_some_and(|it| it == "True");
        holds && text(condition, "/type").is_some_and(|it| is_end(&it))
    });
    let phases = [
        "/phase",
        "/state",
        "/state/phase",
        "/applicationState/state",
        "/jobStatus",
    ];
    let mut phases = phases.iter().filter_map(|path| text(status?, path));
    let timed = status.is_some_and(|it| it.get("completionTime").is_some_and(|at| !at.is_null()));
    ended || timed || phases.any(|phase| is_end(&phase))
}
