//! Warnings to the workloads that they are about.

use super::PodIndex;
use crate::snapshot::{Event, Eviction, Workload};

/// Warnings that are kept of a workload, the newest.
const MOST: usize = 200;

/// What is about no pod and no controller of pods is left out.
pub(super) fn give(events: Vec<(String, Event)>, index: &PodIndex, workloads: &mut [Workload]) {
    for (namespace, event) in events {
        let found = if event.kind == "Pod" {
            index.workload(&namespace, &event.name)
        } else {
            index.controller(&namespace, &event.kind, &event.name)
        };
        let place = found.and_then(|it| usize::try_from(it).ok());
        if let Some(workload) = place.and_then(|it| workloads.get_mut(it)) {
            workload.evictions.extend(eviction(&event, workload));
            workload.events.push(event);
        }
    }
    // Evictions of pods that are there were put in order when those were read.
    for workload in workloads.iter_mut().filter(|it| !it.events.is_empty()) {
        workload.events.sort_by(|a, b| order(a).cmp(&order(b)));
        workload.events.dedup();
        let older = workload.events.len().saturating_sub(MOST);
        workload.events.drain(..older);
        let evictions = &mut workload.evictions;
        evictions.sort_by(|a, b| (a.at, &a.pod).cmp(&(b.at, &b.pod)));
    }
}

fn order(event: &Event) -> impl Ord + '_ {
    (event.last, &event.name, &event.reason, &event.cause)
}

/// A pod that was put out and is gone since: only the event tells of it.
fn eviction(event: &Event, workload: &Workload) -> Option<Eviction> {
    let known = |it: &Eviction| it.pod == event.name;
    let is_new =
        event.reason == "Evicted" && event.kind == "Pod" && !workload.evictions.iter().any(known);
    is_new.then(|| Eviction {
        pod: event.name.clone(),
        reason: event.reason.clone(),
        resource: event.cause.clone(),
        at: event.last,
    })
}
