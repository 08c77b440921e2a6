//! Whether what the files of a bundle say fits together.

use std::collections::HashSet;

use jiff::Timestamp;

use super::super::{Grid, Node, Resources, Workload};
use super::manifest::{SeriesHead, Window};
use crate::units::Span;

/// Slots of a grid at most: two weeks at a second are 1.2 million.
pub(crate) const MOST_SLOTS: u32 = 2_000_000;

/// The grid of a window, of which all numbers say the same.
pub(super) fn grid(window: &Window) -> Result<Grid, String> {
    let step = window.step_seconds;
    if !(1..=Span::DAY.as_secs()).contains(&step) {
        return Err(format!(
            "its step is {step} seconds, and is from 1 second to 1 day"
        ));
    }
    if window.slots > MOST_SLOTS {
        let slots = window.slots;
        return Err(format!("it has {slots} slots, more than {MOST_SLOTS}"));
    }
    let grid = window.grid();
    if window.start < Timestamp::UNIX_EPOCH || grid.end() != window.end {
        return Err("its window does not fit its step and its slots".to_owned());
    }
    Ok(grid)
}

/// Holds series against workloads and grid.
pub(super) fn heads(
    heads: &[SeriesHead],
    workloads: &[Workload],
    grid: &Grid,
) -> Result<(), String> {
    let known = u32::try_from(workloads.len()).unwrap_or(u32::MAX);
    if let Some(head) = heads.iter().find(|head| head.workload >= known) {
        return Err(format!("pod `{}` belongs to no workload", head.pod));
    }
    let outside =
        |head: &&SeriesHead| u64::from(head.first) + u64::from(head.rows) > u64::from(grid.len);
    if let Some(head) = heads.iter().find(outside) {
        return Err(format!("pod `{}` has samples outside the window", head.pod));
    }
    if !heads.is_sorted_by_key(|head| head.workload) {
        return Err("it is not sorted by workload".to_owned());
    }
    let mut seen = HashSet::new();
    let mut keys = heads.iter();
    let twice = keys.find(|head| !seen.insert((head.workload, &*head.pod, &*head.container)));
    twice.map_or(Ok(()), |head| {
        let (container, pod) = (&head.container, &head.pod);
        Err(format!(
            "container `{container}` of pod `{pod}` is in it twice"
        ))
    })
}

/// Holds amounts of resources against what there can be.
pub(super) fn amounts(workloads: &[Workload]) -> Result<(), String> {
    let impossible = workloads.iter().find_map(|workload| {
        let containers = workload.containers.iter().flat_map(|container| {
            let ran_with = container.ran_with.iter();
            let ran_with = ran_with.flat_map(|sizes| [&sizes.requests, &sizes.limits]);
            ran_with.chain([&container.requests, &container.limits])
        });
        let of_pods = [
            &workload.pod_requests,
            &workload.pod_limits,
            &workload.overhead,
        ];
        let pods = workload.pods.iter().map(|pod| &pod.requests);
        let mut all = containers.chain(of_pods).chain(pods);
        Some((workload, all.find_map(Resources::impossible)?))
    });
    impossible.map_or(Ok(()), |(workload, resource)| {
        let id = &workload.id;
        Err(format!("{id} has an impossible amount of `{resource}`"))
    })
}

/// Holds what nodes have against what there can be.
pub(super) fn nodes(nodes: &[Node]) -> Result<(), String> {
    let amounts = |node: &Node| {
        let found = [&node.capacity, &node.allocatable];
        found.into_iter().find_map(Resources::impossible).is_some()
    };
    let impossible = nodes.iter().find(|node| amounts(node));
    impossible.map_or(Ok(()), |node| {
        let name = &node.name;
        Err(format!("node `{name}` has an impossible amount"))
    })
}
