//! The quality-of-service class that a pod gets from its containers.

use super::Changed;
use super::edit::{Amount, Edit, Resource, Section};
use crate::snapshot::{Resources, Workload};
use crate::units::{Bytes, Cpu};

/// `Guaranteed`, `Burstable` or `BestEffort`, by the rules of the API server: of all
/// containers, init containers included, unless the pod has sizes as a whole.
fn class<'a>(all: impl Iterator<Item = (&'a Resources, &'a Resources)>) -> &'static str {
    let (mut none, mut full, mut any) = (true, true, false);
    for (requests, limits) in all {
        any = true;
        let cpu = |it: &Resources| it.cpu.filter(|cpu| *cpu > Cpu::ZERO);
        let memory = |it: &Resources| it.memory.filter(|memory| *memory > Bytes::ZERO);
        let asked = (cpu(requests), memory(requests));
        let capped = (cpu(limits), memory(limits));
        none &= asked == (None, None) && capped == (None, None);
        full &= capped.0.is_some() && capped.1.is_some() && asked == capped;
    }
    match (any && full, none) {
        (true, _) => "Guaranteed",
        (_, true) => "BestEffort",
        _ => "Burstable",
    }
}

/// Whether pods have requests and limits that are the same, of everything.
pub(super) fn is_guaranteed(workload: &Workload) -> bool {
    let whole = (&workload.pod_requests, &workload.pod_limits);
    let all = workload.containers.iter();
    let all = all.map(|it| (&it.requests, &it.limits));
    class([whole].into_iter()) == "Guaranteed" || class(all) == "Guaranteed"
}

/// Whether the change would put its pods into another class, which no running pod can do.
pub(super) fn moves(workload: &Workload, pod: &[Edit], changed: &[Changed<'_>]) -> bool {
    let whole = (&workload.pod_requests, &workload.pod_limits);
    let has_whole =
        whole.0.cpu.or(whole.1.cpu).is_some() || whole.0.memory.or(whole.1.memory).is_some();
    if has_whole {
        let mut after = (whole.0.clone(), whole.1.clone());
        apply(pod, &mut after);
        return class([whole].into_iter()) != class([(&after.0, &after.1)].into_iter());
    }
    let before = class(
        workload
            .containers
            .iter()
            .map(|it| (&it.requests, &it.limits)),
    );
    let after: Vec<(Resources, Resources)> = workload
        .containers
        .iter()
        .map(|container| {
            let mut sizes = (container.requests.clone(), container.limits.clone());
            let of = changed
                .iter()
                .find(|it| it.container.name == container.name);
            apply(of.map_or(&[], |it| &it.edits), &mut sizes);
            sizes
        })
        .collect();
    before != class(after.iter().map(|(requests, limits)| (requests, limits)))
}

fn apply(edits: &[Edit], sizes: &mut (Resources, Resources)) {
    for edit in edits {
        let sizes = match edit.section {
            Section::Requests => &mut sizes.0,
            Section::Limits => &mut sizes.1,
        };
        match (edit.resource, edit.after) {
            (Resource::Cpu, Some(Amount::Cpu(cpu))) => sizes.cpu = Some(cpu),
            (Resource::Memory, Some(Amount::Memory(memory))) => sizes.memory = Some(memory),
            (Resource::Cpu, _) => sizes.cpu = None,
            (Resource::Memory, _) => sizes.memory = None,
        }
    }
}
