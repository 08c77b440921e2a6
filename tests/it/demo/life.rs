//! What happens in the shop: rhythm, growth, trouble.

use std::collections::BTreeSet;

use kcost::snapshot::{ContainerKind, Metric, Series};
use kcost::units::{Bytes, len_f64};

use super::{DEMO, hours_of_week, mean, series, workload};

#[test]
fn customers_come_in_the_evening_and_the_sale_is_on_friday_at_eight() {
    let daily = hours_of_week("api-gateway");
    assert!(daily[20] > 2.0 * daily[4], "{} {}", daily[20], daily[4]);
    let weekly = hours_of_week("checkout");
    let peak = (0..168).max_by(|a, b| weekly[*a].total_cmp(&weekly[*b]));
    assert_eq!(peak, Some(4 * 24 + 20));
    assert!(weekly[4 * 24 + 20] > 2.0 * weekly[2 * 24 + 20]);
}

#[test]
fn workloads_of_the_shop_rise_together_but_are_not_the_same() {
    let day_of = |name: &str| -> Vec<f64> {
        let first = series(name)[0];
        first
            .cpu_cores
            .chunks(12)
            .map(|hour| mean(hour.iter().copied()))
            .collect()
    };
    let (one, other) = (day_of("search"), day_of("session-cache"));
    let pairs: Vec<(f64, f64)> = one
        .into_iter()
        .zip(other)
        .filter(|(a, b)| !(a + b).is_nan())
        .collect();
    let count = len_f64(pairs.len());
    let (x, y) = pairs
        .iter()
        .fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    let (x, y) = (x / count, y / count);
    let sums = pairs.iter().fold((0.0, 0.0, 0.0), |sum, (a, b)| {
        (
            sum.0 + (a - x) * (b - y),
            sum.1 + (a - x).powi(2),
            sum.2 + (b - y).powi(2),
        )
    });
    let correlation = sums.0 / (sums.1 * sums.2).sqrt();
    assert!((0.8..0.9999).contains(&correlation), "{correlation}");
}

#[test]
fn out_of_memory_kills_are_where_memory_met_the_limit() {
    let (index, resizer) = workload("image-resizer");
    let container = &resizer.containers[0];
    assert!(container.restarts > 0 && !container.terminations.is_empty());
    for end in &container.terminations {
        assert_eq!((end.reason.as_str(), end.exit_code), ("OOMKilled", 137));
        let slot = DEMO.usage.grid.slot(end.finished.unwrap()).unwrap();
        let mut pool = DEMO.usage.pool(index, &container.name);
        let series = pool.find(|series| series.pod == end.pod).unwrap();
        let bytes = f64::from(series.memory_bytes[(slot - series.first) as usize]);
        assert_eq!(Some(Bytes::from_f64(bytes)), container.limits.memory);
    }
    let killed = DEMO
        .workloads
        .iter()
        .filter(|one| one.containers.iter().any(|c| c.restarts > 0));
    assert!(killed.count() <= 4);
}

#[test]
fn a_leak_only_rises_and_a_growing_workload_doubles() {
    let leaking: Vec<&Series> = series("wishlist")
        .into_iter()
        .filter(|s| s.first > 0)
        .collect();
    for series in leaking {
        let days: Vec<f64> = series
            .memory_bytes
            .chunks(288)
            .map(|day| mean(day.iter().copied()))
            .collect();
        assert!(days.is_sorted(), "{days:?}");
    }
    let growing = &series("cdc-connector")[0].cpu_cores;
    let week = |part: &[f32]| mean(part.iter().copied());
    assert!(week(&growing[growing.len() - 2016..]) > 1.5 * week(&growing[..2016]));
}

#[test]
fn throttling_is_where_there_is_a_cpu_limit() {
    for series in &DEMO.usage.series {
        let workload = &DEMO.workloads[series.workload as usize];
        let container = workload
            .containers
            .iter()
            .find(|one| one.name == series.container)
            .unwrap();
        let known = series.more.contains_key(&Metric::CpuThrottledRatio);
        assert_eq!(known, container.limits.cpu.is_some(), "{}", series.pod);
    }
    let throttled = |name: &str| {
        mean(
            series(name)
                .iter()
                .flat_map(|s| s.more[&Metric::CpuThrottledRatio].every().into_owned()),
        )
    };
    assert!(throttled("fraud-scoring") > 0.1);
    assert!(throttled("ledger") < 0.01);
}

#[test]
fn replicas_follow_the_load() {
    let (_, frontend) = workload("frontend");
    let scaler = frontend.autoscaler.as_ref().unwrap();
    assert_eq!(scaler.current_replicas, Some(frontend.replicas));
    let running = |slot: u32| {
        let alive =
            |s: &&&Series| s.first <= slot && slot < s.first + u32::try_from(s.len()).unwrap();
        series("frontend").iter().filter(alive).count()
    };
    // 04:00 and 20:00 on the second day.
    let (night, evening) = (running(10 * 12), running(26 * 12));
    assert_eq!(night, scaler.min_replicas as usize);
    assert!(evening >= 2 * night, "{night} {evening}");
    assert!(series("frontend").len() > 100);
}

#[test]
fn jobs_run_at_night_in_pods_of_their_own() {
    let (_, report) = workload("nightly-report");
    assert!(report.is_batch() && report.schedule.is_some() && report.pods.is_empty());
    let runs = series("nightly-report");
    assert_eq!(runs.len(), 28 * 6);
    let of_week = |s: &&Series| DEMO.usage.grid.hour_of_week(s.first) % 24;
    assert!(runs.iter().all(|run| of_week(run) == 1 && run.len() < 24));
    assert!(series("clickstream-rollup").len() > 600);
}

#[test]
fn every_kind_of_trouble_is_there() {
    let containers = || DEMO.workloads.iter().flat_map(|one| &one.containers);
    let of_kind = |kind| containers().filter(|one| one.kind == kind).count();
    assert_eq!(of_kind(ContainerKind::Sidecar), 1);
    assert_eq!(of_kind(ContainerKind::Init), 1);
    assert!(containers().filter(|one| one.heap.is_some()).count() >= 5);
    let (_, bare) = workload("reviews");
    assert!(bare.containers[0].requests.is_empty());
    let qos: BTreeSet<_> = DEMO
        .workloads
        .iter()
        .flat_map(|one| &one.pods)
        .filter_map(|pod| pod.qos.as_deref())
        .collect();
    assert_eq!(
        qos.into_iter().collect::<Vec<_>>(),
        ["BestEffort", "Burstable", "Guaranteed"]
    );
    let kinds: BTreeSet<&str> = DEMO
        .workloads
        .iter()
        .map(|one| one.id.kind.as_str())
        .collect();
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["CronJob", "DaemonSet", "Deployment", "Job", "StatefulSet"]
    );
    let thin = series("black-friday-landing");
    assert!(thin.iter().all(|series| series.len() == 2 * 288));
    let idle = mean(
        series("gift-cards")
            .iter()
            .flat_map(|s| s.cpu_cores.clone()),
    );
    assert!(idle < 0.003, "{idle}");
    let gpus = |name: &str| {
        mean(
            series(name)
                .iter()
                .flat_map(|s| s.more[&Metric::GpuUtilization].every().into_owned()),
        )
    };
    assert!((0.1..0.5).contains(&gpus("embedding-training")) && gpus("notebook") < 0.01);
    assert!((0.05..0.4).contains(&gpus("product-ranking")));
}

#[test]
fn a_rollout_leaves_the_pods_of_the_old_replica_set_behind() {
    let (_, cart) = workload("cart");
    let changed = cart.template_changed.unwrap();
    assert_eq!(DEMO.usage.grid.slot(changed), Some(19 * 288));
    let set = |series: &Series| series.pod.rsplit('-').nth(1).unwrap().to_owned();
    let sets: BTreeSet<String> = series("cart").into_iter().map(set).collect();
    assert_eq!(sets.len(), 2);
    assert!(cart.pods.iter().all(|pod| pod.created.unwrap() >= changed));
}

#[test]
fn a_daemon_does_more_where_there_are_more_pods() {
    let means: Vec<f64> = series("log-agent")
        .iter()
        .map(|s| mean(s.cpu_cores.iter().copied()))
        .collect();
    let most = means.iter().copied().fold(0.0, f64::max);
    let least = means.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(means.len(), DEMO.cluster.nodes.len());
    assert!(most > 2.0 * least, "{least} {most}");
}
