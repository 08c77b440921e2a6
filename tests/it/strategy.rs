//! Each strategy against numbers computed by hand.

use kcost::recommend::{Advice, Goal, Options};
use kcost::snapshot::{Autoscaler, AutoscalerMetric, Target, Termination};
use kcost::units::{Bytes, Cpu};

use crate::made::{container, workload};
use crate::played::{MIB, cluster, drafts, play};

fn cores(advice: Advice<Cpu>) -> f64 {
    advice.value().unwrap().get()
}

fn bytes(advice: Advice<Bytes>) -> f64 {
    advice.value().unwrap().to_f64()
}

fn near(found: f64, expected: f64) {
    let relative = (found - expected).abs() / expected;
    assert!(relative < 1e-4, "{found} is not {expected}");
}

/// CPU 0.1 to 0.2 in even steps, memory 1000 MiB at most in the second of two pods.
#[test]
fn krr_takes_p95_of_the_worst_pod_and_peak_memory_and_15_percent() {
    let mut snapshot = cluster(14);
    let api = workload("Deployment", "api", 2, vec![container("app", 500, 2048)]);
    play(&mut snapshot, api, |pod, slot| {
        let ramp = f64::from(slot % 101) / 1000.0;
        let memory = if pod == 1 && slot == 50 {
            1000.0
        } else {
            300.0
        };
        (if pod == 1 { 0.1 + ramp } else { 0.05 }, memory * MIB)
    });
    // Whole ramps only: 6 × 101 slots.
    snapshot.usage.grid.len = 606;
    for series in &mut snapshot.usage.series {
        series.cpu_cores.truncate(606);
        series.memory_bytes.truncate(606);
    }
    let sizing = drafts(&snapshot, "krr", &Options::default())[0].sizing;
    // Ranks lie 0.95 × 605 = 574.75 up: value 95 of 0 to 100, six of each.
    assert_eq!(sizing.cpu_request, Advice::Set(Cpu::millicores(195)));
    assert_eq!(sizing.cpu_limit, Advice::Unset);
    assert_eq!(sizing.memory_request, Advice::Set(Bytes::mib(1150)));
    assert_eq!(sizing.memory_limit, Advice::Set(Bytes::mib(1150)));
}

#[test]
fn krr_has_floors_and_keeps_what_it_cannot_judge() {
    let mut snapshot = cluster(14);
    let small = workload("Deployment", "small", 1, vec![container("app", 500, 512)]);
    play(&mut snapshot, small, |_, _| (0.001, 10.0 * MIB));
    let mut scaled = workload("Deployment", "scaled", 1, vec![container("app", 500, 512)]);
    scaled.autoscaler = Some(Autoscaler {
        conditions: Vec::new(),
        idle_replicas: None,
        others: Vec::new(),
        keeper: None,
        name: "scaled".to_owned(),
        min_replicas: 1,
        max_replicas: 5,
        current_replicas: Some(1),
        metrics: vec![AutoscalerMetric {
            kind: "Resource".to_owned(),
            name: "cpu".to_owned(),
            container: None,
            target: Target::Utilization(80),
            spec: None,
        }],
        unread: 0,
        unread_of: Vec::new(),
        made_by: None,
        behavior: None,
    });
    play(&mut snapshot, scaled, |_, _| (0.3, 200.0 * MIB));
    let thin = workload("Deployment", "thin", 1, vec![container("app", 500, 512)]);
    play(&mut snapshot, thin, |_, slot| {
        if slot < 99 {
            (0.3, 200.0 * MIB)
        } else {
            (f64::NAN, f64::NAN)
        }
    });
    let drafts = drafts(&snapshot, "krr", &Options::default());
    assert_eq!(
        drafts[0].sizing.cpu_request,
        Advice::Set(Cpu::millicores(10))
    );
    assert_eq!(drafts[0].sizing.memory_limit, Advice::Set(Bytes::mib(100)));
    assert_eq!(drafts[1].sizing.cpu_request, Advice::Keep);
    assert_eq!(
        drafts[1].sizing.memory_request,
        Advice::Set(Bytes::mib(230))
    );
    assert_eq!(drafts[2].sizing.cpu_request, Advice::Keep);
    assert_eq!(drafts[2].sizing.memory_request, Advice::Keep);
    assert!(
        drafts[2]
            .reasons
            .iter()
            .all(|reason| reason.code == "not_enough_data")
    );
}

/// 0.1 cores fall into bucket 8, which ends at 0.01 × (1.05⁹ − 1) ÷ 0.05;
/// 500 MiB into bucket 26, which ends at 1e7 × (1.05²⁷ − 1) ÷ 0.05.
#[test]
fn vpa_takes_the_end_of_the_bucket_and_15_percent_and_keeps_the_ratio() {
    let mut snapshot = cluster(14);
    let mut api = workload("Deployment", "api", 1, vec![container("app", 500, 512)]);
    api.containers[0].limits.memory = Some(Bytes::mib(1024));
    play(&mut snapshot, api, |_, _| (0.1, 500.0 * MIB));
    let sizing = drafts(&snapshot, "vpa", &Options::default())[0].sizing;
    near(cores(sizing.cpu_request), 0.110_266 * 1.15);
    near(bytes(sizing.memory_request), 546_691_265.0 * 1.15);
    // Of the request as it is written: 608 MiB.
    near(bytes(sizing.memory_limit), 2.0 * 608.0 * MIB);
    assert_eq!(sizing.cpu_limit, Advice::Keep);
}

#[test]
fn vpa_forgets_within_a_week_and_shares_its_floor() {
    let mut snapshot = cluster(14);
    let two = vec![container("app", 500, 512), container("log", 10, 64)];
    let fading = workload("Deployment", "fading", 1, two);
    // The first two of the eight days that count are busy: weight 2⁻⁶ and less.
    play(&mut snapshot, fading, |_, slot| {
        (if slot < 8 * 48 { 1.0 } else { 0.002 }, 20.0 * MIB)
    });
    let sizing = drafts(&snapshot, "vpa", &Options::default())[0].sizing;
    near(cores(sizing.cpu_request), 0.0125);
    near(bytes(sizing.memory_request), 125.0 * MIB);
}

#[test]
fn vpa_counts_a_kill_as_a_larger_peak() {
    let mut snapshot = cluster(9);
    let mut api = workload("Deployment", "api", 1, vec![container("app", 500, 512)]);
    api.containers[0].terminations = vec![Termination {
        pod: "api-0".to_owned(),
        reason: "OOMKilled".to_owned(),
        exit_code: 137,
        started: None,
        finished: Some(snapshot.usage.grid.time(9 * 48 - 2)),
    }];
    play(&mut snapshot, api, |_, _| (0.1, 400.0 * MIB));
    let sizing = drafts(&snapshot, "vpa", &Options::default())[0].sizing;
    // max(512 + 100, 512 × 1.2) = 614.4 MiB is in bucket 29: it ends at 1e7 × (1.05³⁰ − 1) ÷ 0.05.
    near(bytes(sizing.memory_request), 664_388_475.0 * 1.15);
}

/// 4 % of the time at 1 core is 29 % of the work beside 0.1 cores.
#[test]
fn autopilot_counts_work_and_not_time() {
    let mut snapshot = cluster(14);
    let api = workload("Deployment", "api", 1, vec![container("app", 500, 512)]);
    play(&mut snapshot, api, |_, slot| {
        (if slot % 25 == 0 { 1.0 } else { 0.1 }, 100.0 * MIB)
    });
    let sizing = drafts(&snapshot, "autopilot", &Options::default())[0].sizing;
    // 1 core is in bucket 36, which ends at 0.01 × (1.05³⁷ − 1) ÷ 0.05.
    near(cores(sizing.cpu_request), 1.016_281_4 * 1.15);
    assert_eq!(sizing.memory_request, sizing.memory_limit);
}

#[test]
fn autopilot_takes_the_mean_of_batch_and_the_peak_for_reliability() {
    let mut snapshot = cluster(14);
    let job = workload("CronJob", "job", 1, vec![container("app", 500, 512)]);
    play(&mut snapshot, job, |_, slot| {
        (1.0, if slot == 3 { 900.0 } else { 100.0 } * MIB)
    });
    let options = Options {
        goal: Goal::Reliability,
        ..Options::default()
    };
    let sizing = drafts(&snapshot, "autopilot", &options)[0].sizing;
    near(cores(sizing.cpu_request), 1.15);
    near(bytes(sizing.memory_limit), 900.0 * MIB * 1.15);
    let options = Options {
        goal: Goal::Savings,
        ..Options::default()
    };
    let sizing = drafts(&snapshot, "autopilot", &options)[0].sizing;
    near(bytes(sizing.memory_limit), 450.0 * MIB * 1.15);
}

#[test]
fn peak_is_the_largest_of_all_pods() {
    let mut snapshot = cluster(14);
    let api = workload("Deployment", "api", 3, vec![container("app", 500, 512)]);
    play(&mut snapshot, api, |pod, slot| {
        let burst = pod == 2 && slot == 77;
        (
            if burst { 0.75 } else { 0.1 },
            if burst { 300.0 } else { 200.0 } * MIB,
        )
    });
    let sizing = drafts(&snapshot, "peak", &Options::default())[0].sizing;
    assert_eq!(sizing.cpu_request, Advice::Set(Cpu::millicores(750)));
    assert_eq!(sizing.cpu_limit, Advice::Keep);
    assert_eq!(sizing.memory_request, Advice::Set(Bytes::mib(300)));
    assert_eq!(sizing.memory_limit, Advice::Set(Bytes::mib(300)));
}
