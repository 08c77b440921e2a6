//! Memory that only rises is not what it was on average.

use kcost::recommend::{Confidence, Growth, State, WorkloadAdvice};
use kcost::snapshot::Workload;
use kcost::units::Bytes;

use super::{first, fortnight, has_reason, reason};
use crate::made::{container, workload};
use crate::played::MIB;

const DAY: f64 = 48.0;

/// Request and limit in MiB, and no CPU worth giving back.
fn app(request: u64, limit: u64) -> Workload {
    let mut app = container("app", 250, request);
    app.limits.memory = Some(Bytes::mib(limit));
    workload("Deployment", "api", 2, vec![app])
}

/// 400 MiB and 20 more each day: 680 MiB at the end, 820 a week later.
fn leaking(workload: Workload) -> WorkloadAdvice {
    first(&fortnight(workload, |_, slot| {
        (0.2, (400.0 + 20.0 * f64::from(slot) / DAY) * MIB)
    }))
}

fn growth(advice: &WorkloadAdvice) -> Growth {
    advice.containers[0].growth.unwrap()
}

#[test]
fn request_and_limit_cover_what_it_grows_to() {
    for (request, limit) in [(512, 768), (768, 768), (1024, 1536), (8192, 8192)] {
        let advice = leaking(app(request, limit));
        let sizing = advice.containers[0].sizing;
        let request = sizing
            .memory_request
            .after(Some(Bytes::mib(request)))
            .unwrap();
        let limit = sizing.memory_limit.after(Some(Bytes::mib(limit))).unwrap();
        // Less a tenth, which is too small a change to propose.
        assert!(request >= Bytes::mib(738), "{}", request.human());
        assert!(limit >= Bytes::mib(900), "{}", limit.human());
        assert_eq!(advice.confidence, Confidence::Medium);
    }
}

#[test]
fn what_needs_more_is_under_provisioned_whatever_its_cpu_gives_back() {
    let mut wasteful = app(640, 1024);
    wasteful.containers[0].requests.cpu = Some(kcost::units::Cpu::cores(4.0));
    let advice = leaking(wasteful);
    assert_eq!(advice.state, State::UnderProvisioned);
    let text = reason(&advice.containers[0], "growing");
    assert!(
        text.contains("by 20Mi a day: 680Mi now, 820Mi in 7 days"),
        "{text}"
    );
    assert!(text.contains("its limit of 1Gi in about 17 days"), "{text}");
    let growth = growth(&advice);
    assert_eq!(growth.per_day, Bytes::mib(20));
    assert!(!growth.reaches_limit());
}

#[test]
fn a_limit_that_costs_nothing_is_not_lowered() {
    let advice = leaking(app(4096, 8192));
    let sizing = advice.containers[0].sizing;
    assert!(sizing.memory_request.value().unwrap() < Bytes::mib(2048));
    assert_eq!(sizing.memory_limit.value(), None);
    reason(&advice.containers[0], "memory_limit_growing");
    assert_eq!(advice.state, State::OverProvisioned);
}

#[test]
fn a_leak_of_each_pod_is_seen_though_pods_start_over() {
    // Pods that begin in turn: together their memory only goes up and down.
    let snapshot = fortnight(app(1024, 1024), |pod, slot| {
        let age = f64::from((slot + if pod == 0 { 0 } else { 336 }) % 384) / DAY;
        (0.2, (300.0 + 40.0 * age) * MIB)
    });
    let mut restarted = snapshot.clone();
    restarted.usage.series.clear();
    for series in &snapshot.usage.series {
        let starts: Vec<usize> = (1..series.len())
            .filter(|at| series.memory_bytes[*at] < series.memory_bytes[at - 1])
            .collect();
        let mut ends: Vec<usize> = starts.iter().copied().chain([series.len()]).collect();
        ends.dedup();
        let mut from = 0;
        for (number, to) in ends.into_iter().enumerate() {
            let mut part = series.clone();
            part.pod = format!("{}-{number}", series.pod);
            part.first = u32::try_from(from).unwrap();
            part.cpu_cores = series.cpu_cores[from..to].to_vec();
            part.memory_bytes = series.memory_bytes[from..to].to_vec();
            restarted.usage.series.push(part);
            from = to;
        }
    }
    assert!(!has_reason(&first(&snapshot).containers[0], "growing"));
    let advice = first(&restarted);
    reason(&advice.containers[0], "growing");
    let per_day = growth(&advice).per_day;
    assert_eq!(per_day, Bytes::mib(40));
}

#[test]
fn what_fills_a_cache_and_rests_does_not_grow() {
    let advice = first(&fortnight(app(1024, 1024), |_, slot| {
        let filled = 1.0 - (-f64::from(slot) / DAY).exp();
        (0.2, (300.0 + 300.0 * filled) * MIB)
    }));
    assert_eq!(advice.containers[0].growth, None);
    assert!(!has_reason(&advice.containers[0], "growing"));
}
