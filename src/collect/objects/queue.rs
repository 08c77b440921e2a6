//! What queues of Kueue hold back: the objects that it keeps of runs, and labels.

use serde_json::Value;

use super::{Amounts, Controller, Meta, Objects, Placed, PodRecord, Template, placed};
use crate::snapshot::{self, Queued};

/// The API group of Kueue.
pub(in crate::collect) const KUEUE: &str = "kueue.x-k8s.io";
/// What it keeps of a run, or of pods that it lets run together.
pub(in crate::collect) const KEPT: &str = "Workload";

/// The label by which a run waits, suspended, for a queue of Kueue. Source: Kueue,
/// `constants.QueueLabel`.
const QUEUE: &str = "kueue.x-k8s.io/queue-name";

/// What a queue holds back of what is suspended.
pub(super) fn queued(meta: &Meta, pods: u32) -> Option<Queued> {
    let queue = snapshot::label(&meta.labels, QUEUE)?.to_owned();
    Some(Queued {
        queue,
        pods,
        admitted: false,
    })
}

/// The queue that keeps a pod from any node, where one does.
pub(in crate::collect) fn queue_of(pod: &PodRecord) -> Option<&str> {
    let mut conditions = pod.conditions.iter();
    let is_gated = conditions
        .any(|it| it.kind == "PodScheduled" && it.reason.as_deref() == Some("SchedulingGated"));
    snapshot::label(&pod.meta.labels, QUEUE).filter(|_| is_gated && pod.node.is_none())
}

/// Keeps what Kueue keeps of a run that has not come to its end. Of pods and groups of them
/// the pods tell more.
pub(super) fn record(api_version: String, meta: Meta, mut data: Value, objects: &mut Objects) {
    let owner = meta.controller.as_ref();
    let Some(admitted) = admitted(&data).filter(|_| owner.is_some_and(|it| it.kind != "Pod"))
    else {
        return;
    };
    let queue = data.pointer("/spec/queueName").and_then(Value::as_str);
    let queue = queue.unwrap_or_default().to_owned();
    let counts = counts(&data);
    let pods = counts.iter().copied().fold(0, u32::saturating_add);
    let mut amounts = Amounts::default();
    let found = placed::find(KUEUE, KEPT, &mut data).specs.into_iter();
    let templates = found.map(|spec| Placed {
        replicas: count_at(&spec.path, &counts),
        // Nobody changes what Kueue has copied.
        path: Vec::new(),
        name: spec.name,
        template: Template::new(spec.template, &mut amounts),
    });
    let templates: Vec<Placed> = templates.collect();
    objects.note(KEPT, &meta, amounts);
    objects.controllers.push(Controller {
        api_version,
        kind: KEPT.to_owned(),
        meta,
        queued: Some(Queued {
            queue,
            pods,
            admitted,
        }),
        templates,
        known: true,
        ..Controller::default()
    });
}

/// Whether its queue lets it run; `None` where it is over, or waits for a person, as what is
/// deactivated does.
///
/// Source: Kueue, `workload_types.go`: `Admitted` is true from when pods may be made.
fn admitted(data: &Value) -> Option<bool> {
    let conditions = data.pointer("/status/conditions").and_then(Value::as_array);
    let conditions = conditions.filter(|it| !it.is_empty())?;
    let is = |kind: &str| {
        conditions
            .iter()
            .any(|it| it["type"] == kind && it["status"] == "True")
    };
    let active = data.pointer("/spec/active").and_then(Value::as_bool);
    (active != Some(false) && !is("Finished")).then(|| is("Admitted"))
}

/// Pods of each set.
fn counts(data: &Value) -> Vec<u32> {
    let sets = data.pointer("/spec/podSets").and_then(Value::as_array);
    let sets = sets.map_or(&[][..], Vec::as_slice);
    let count = |set: &Value| {
        let count = set.get("count").and_then(Value::as_u64).unwrap_or(1);
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    sets.iter().map(count).collect()
}

/// Of the set that a template stands in: `spec.podSets.1.template.spec`.
fn count_at(path: &[String], counts: &[u32]) -> Option<u32> {
    let place: usize = path.get(2)?.parse().ok()?;
    counts.get(place).copied()
}
