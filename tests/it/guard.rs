//! Each guard, the verdicts behind them, and that repeated advice comes to rest.

mod bounds;
mod events;
mod heap;
mod limit_range;
mod limits;
mod pod_level;
mod quota;
mod runtimes;
mod scaling;

use kcost::recommend::{ContainerAdvice, Options, WorkloadAdvice};
use kcost::snapshot::{Snapshot, Workload};

use crate::made::{container, workload};
use crate::played::{MIB, advised, cluster, play};

fn api(cpu: u64, memory: u64) -> Workload {
    workload("Deployment", "api", 2, vec![container("app", cpu, memory)])
}

/// A busy fortnight of `workload`, half of what it requests.
fn busy(workload: Workload) -> Snapshot {
    let mut snapshot = cluster(14);
    play(&mut snapshot, workload, |_, slot| {
        (0.2 + f64::from(slot % 5) * 0.01, 200.0 * MIB)
    });
    snapshot
}

fn first(snapshot: &Snapshot, options: &Options) -> WorkloadAdvice {
    advised(snapshot, options).workloads.remove(0)
}

fn container_of(snapshot: &Snapshot, options: &Options) -> ContainerAdvice {
    first(snapshot, options).containers.remove(0)
}

fn reason<'a>(advice: &'a ContainerAdvice, code: &str) -> &'a str {
    let found = advice.reasons.iter().find(|reason| reason.code == code);
    &found
        .unwrap_or_else(|| panic!("no {code} in {:?}", advice.reasons))
        .text
}
