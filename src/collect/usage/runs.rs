use std::collections::BTreeSet;

use super::aside::Aside;
use super::placed::HasSeries;
use crate::snapshot::{Snapshot, Workload, WorkloadId, places};

/// Marks bare pods whose like have run and gone as what they are: runs, rather
/// than pods that are there all the time.
pub fn mark_runs(usage: &impl HasSeries, workloads: &mut [Workload]) {
    let mut gone = BTreeSet::new();
    for name in usage.names() {
        let place = usize::try_from(name.workload).unwrap_or(usize::MAX);
        let workload = workloads.get(place);
        let Some(workload) = workload.filter(|it| it.id.kind == "Pod" && !it.batch) else {
            continue;
        };
        if !workload.pods.iter().any(|pod| pod.name == name.pod) {
            gone.insert(place);
        }
    }
    for place in gone {
        workloads[place].batch = true;
    }
}

/// Drops those of the workloads that have ended which have no usage either; it is in the
/// snapshot, or aside.
pub fn drop_ended(
    snapshot: &mut Snapshot,
    aside: Option<&mut Aside>,
    ended: &BTreeSet<WorkloadId>,
) {
    if ended.is_empty() {
        return;
    }
    let here = snapshot.usage.names();
    let there = aside.as_deref().into_iter().flat_map(HasSeries::names);
    let used: BTreeSet<u32> = here.chain(there).map(|it| it.workload).collect();
    let workloads = (0_u32..).zip(&snapshot.workloads);
    let unused = workloads.filter(|(index, _)| !used.contains(index));
    let gone: BTreeSet<WorkloadId> = unused
        .map(|(_, workload)| workload.id.clone())
        .filter(|id| ended.contains(id))
        .collect();
    let kept: Vec<bool> = snapshot
        .workloads
        .iter()
        .map(|workload| !gone.contains(&workload.id))
        .collect();
    snapshot.retain(&kept);
    if let Some(aside) = aside {
        let place = places(&kept);
        aside.renumber(&mut |it| place(it.workload));
    }
}
