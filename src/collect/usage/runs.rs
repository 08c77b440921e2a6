use std::collections::BTreeSet;

use crate::snapshot::{Snapshot, Usage, Workload, WorkloadId};

/// Marks bare pods whose like have run and gone as what they are: runs, rather
/// than pods that are there all the time.
pub fn mark_runs(usage: &Usage, workloads: &mut [Workload]) {
    for (index, workload) in (0_u32..).zip(workloads) {
        if workload.id.kind != "Pod" || workload.batch {
            continue;
        }
        let there: BTreeSet<&str> = workload.pods.iter().map(|pod| pod.name.as_str()).collect();
        let mut series = usage.of_workload(index);
        workload.batch = series.any(|series| !there.contains(series.pod.as_str()));
    }
}

/// Drops those of the workloads that have ended which have no usage either.
pub fn drop_ended(snapshot: &mut Snapshot, ended: &BTreeSet<WorkloadId>) {
    if ended.is_empty() {
        return;
    }
    let used: BTreeSet<u32> = snapshot.usage.series.iter().map(|it| it.workload).collect();
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
}
