//! Batch jobs are judged by run.

use kcost::recommend::State;
use kcost::snapshot::{Series, Snapshot, Workload};
use kcost::units::Bytes;

use super::{container_of, first, memory_limit, reason};
use crate::made::{container, workload};
use crate::played::{MIB, cluster};

/// A CronJob that ran at these slots of `days` days, with so many pods at a time,
/// half an hour each, with a peak that differs by run.
fn job(days: u32, starts: &[u32], pods: u32) -> Snapshot {
    let mut snapshot = cluster(days);
    let mut app = container("app", 1000, 2048);
    app.limits.memory = None;
    let owner: Workload = workload("CronJob", "night", 0, vec![app]);
    for (run, start) in (0_u32..).zip(starts) {
        for pod in 0..pods {
            let memory = 300.0 + 10.0 * f64::from(run % 4) + f64::from(pod);
            snapshot.usage.series.push(Series {
                workload: 0,
                pod: format!("night-{}-{pod}", 29_000_000 + run),
                container: "app".to_owned(),
                first: *start,
                cpu_cores: vec![0.5; 4],
                memory_bytes: vec![kcost::units::single(memory * MIB); 4],
                more: std::collections::BTreeMap::new(),
            });
        }
    }
    snapshot.workloads.push(owner);
    snapshot
}

#[test]
fn many_pods_of_one_run_are_one_run() {
    let advice = first(&job(14, &[100, 148], 6));
    assert_eq!(advice.state, State::Unknown);
    assert_eq!(
        reason(&advice.containers[0], "few_runs"),
        "2 of the 3 runs that are needed"
    );
    let enough = container_of(&job(14, &[100, 148, 196], 6));
    assert_eq!(
        reason(&enough, "batch"),
        "judged by run: the usual one of 3 runs used 315Mi at most, the largest 325Mi"
    );
}

#[test]
fn the_margin_of_a_weekly_job_is_that_of_its_runs() {
    // Eight runs, one a week: one in nine brings the next record. Eight days
    // would be as many records as a week of days brings.
    let weekly: Vec<u32> = (0..8).map(|week| week * 7 * 48 + 100).collect();
    let rare = memory_limit(&container_of(&job(56, &weekly, 1)));
    let daily: Vec<u32> = (0..8).map(|day| day * 48 + 10).collect();
    let often = memory_limit(&container_of(&job(8, &daily, 1)));
    assert!(rare < often, "{} {}", rare.human(), often.human());
    assert!(rare > Bytes::mib(330));
}
