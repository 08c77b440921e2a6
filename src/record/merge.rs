//! New objects in the place of old ones, under samples that stay.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::log::{Incident, Place, Trouble};
use crate::snapshot::{Termination, Usage, Workload};

/// Ends of a container that are remembered, the newest.
const ENDS: usize = 50;

/// Moves series and places to the workloads' new indices.
///
/// Series of workloads that are gone go too, with an incident.
pub(super) fn rehome(
    (old, new): (&[Workload], &[Workload]),
    usage: &mut Usage,
    places: &mut BTreeMap<u32, Place>,
    now: Timestamp,
) -> Option<Incident> {
    let index: HashMap<_, u32> = new.iter().map(|workload| &workload.id).zip(0..).collect();
    let home = |at: u32| -> Option<u32> {
        let workload = old.get(usize::try_from(at).ok()?)?;
        index.get(&workload.id).copied()
    };
    let mut gone = BTreeSet::new();
    usage.series.retain_mut(|series| {
        let at = home(series.workload);
        if at.is_none() {
            gone.insert(series.workload);
        }
        series.workload = at.unwrap_or(series.workload);
        at.is_some()
    });
    usage.series.sort_by(|a, b| {
        (a.workload, &a.pod, &a.container).cmp(&(b.workload, &b.pod, &b.container))
    });
    for place in places.values_mut() {
        place.workload = place.workload.and_then(home);
    }
    let first = usize::try_from(*gone.first()?).ok()?;
    let incident = Incident::new(Trouble::Deleted, old.get(first)?.id.to_string(), now);
    Some(incident.times(gone.len()))
}

/// Keeps how containers ended in pods that are gone since.
pub(super) fn remember_ends(old: &[Workload], new: &mut [Workload]) {
    let mut ends: HashMap<(_, &str), &[Termination]> = HashMap::new();
    for workload in old {
        for container in &workload.containers {
            let key = (&workload.id, container.name.as_str());
            ends.insert(key, &container.terminations);
        }
    }
    for workload in new {
        for container in &mut workload.containers {
            let key = (&workload.id, container.name.as_str());
            for end in ends.get(&key).copied().unwrap_or_default() {
                if !container.terminations.contains(end) {
                    container.terminations.push(end.clone());
                }
            }
            let ends = &mut container.terminations;
            ends.sort_by(|a, b| (a.finished, &a.pod).cmp(&(b.finished, &b.pod)));
            ends.drain(..ends.len().saturating_sub(ENDS));
        }
    }
}
