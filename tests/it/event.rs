//! What happened before any statistics, and what sizes make of it.

mod growth;
mod odd;
mod runs;
mod sawtooth;
mod shift;

use kcost::recommend::{ContainerAdvice, Options, State, WorkloadAdvice};
use kcost::snapshot::{Snapshot, Workload};
use kcost::units::{Bytes, Cpu};

use crate::made::{container, workload};
use crate::played::{MIB, advised, cluster, play};

/// A Deployment of two pods that requests far more than any of these tests use,
/// without limits of its own: what is advised is what is drawn.
fn roomy() -> Workload {
    let mut app = container("app", 8000, 16_384);
    app.limits.memory = None;
    workload("Deployment", "api", 2, vec![app])
}

/// A fortnight of `workload`.
fn fortnight(workload: Workload, use_of: impl Fn(usize, u32) -> (f64, f64)) -> Snapshot {
    let mut snapshot = cluster(14);
    play(&mut snapshot, workload, use_of);
    snapshot
}

fn first(snapshot: &Snapshot) -> WorkloadAdvice {
    advised(snapshot, &Options::default()).workloads.remove(0)
}

fn container_of(snapshot: &Snapshot) -> ContainerAdvice {
    first(snapshot).containers.remove(0)
}

fn cpu_request(advice: &ContainerAdvice) -> Cpu {
    advice.sizing.cpu_request.value().unwrap()
}

fn memory_request(advice: &ContainerAdvice) -> Bytes {
    advice.sizing.memory_request.value().unwrap()
}

fn memory_limit(advice: &ContainerAdvice) -> Bytes {
    advice.sizing.memory_limit.value().unwrap()
}

fn reason<'a>(advice: &'a ContainerAdvice, code: &str) -> &'a str {
    let found = advice.reasons.iter().find(|reason| reason.code == code);
    &found
        .unwrap_or_else(|| panic!("no {code} in {:?}", advice.reasons))
        .text
}

fn has_reason(advice: &ContainerAdvice, code: &str) -> bool {
    advice.reasons.iter().any(|reason| reason.code == code)
}

#[test]
fn use_that_stays_at_the_cpu_limit_is_throttled_though_nobody_measures_it() {
    let mut limited = workload("Deployment", "api", 2, vec![container("app", 500, 1024)]);
    limited.containers[0].limits.cpu = Some(Cpu::millicores(500));
    // A third of each day at the limit.
    let snapshot = fortnight(limited, |_, slot| {
        let cores = if slot % 48 < 16 { 0.5 } else { 0.1 };
        (cores, 300.0 * MIB)
    });
    let advice = first(&snapshot);
    assert_eq!(advice.state, State::UnderProvisioned);
    let container = &advice.containers[0];
    let limit = container.sizing.cpu_limit.value().unwrap();
    assert!(limit >= Cpu::millicores(625), "{limit}");
    let text = reason(container, "throttled");
    assert!(text.contains("in 33% of samples"), "{text}");
}
