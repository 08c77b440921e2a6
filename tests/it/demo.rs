//! The shop that `--demo` shows: whole, believable, and always the same.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use kcost::demo;
use kcost::snapshot::{CapacityType, ContainerKind, Metric, Series, Snapshot, Workload};
use kcost::units::{Bytes, Cpu, Span, len_f64};
use sha2::{Digest, Sha256};

static DEMO: LazyLock<Snapshot> = LazyLock::new(demo::snapshot);

fn workload(name: &str) -> (u32, &'static Workload) {
    let found = (0_u32..)
        .zip(&DEMO.workloads)
        .find(|(_, one)| one.id.name == name);
    found.unwrap_or_else(|| panic!("no workload {name}"))
}

fn series(name: &str) -> Vec<&'static Series> {
    let (index, _) = workload(name);
    DEMO.usage
        .series
        .iter()
        .filter(|series| series.workload == index)
        .collect()
}

fn mean(values: impl IntoIterator<Item = f32>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values.into_iter().filter(|value| !value.is_nan()) {
        sum += f64::from(value);
        count += 1.0;
    }
    sum / count
}

/// Mean CPU of a workload's pods in each hour of the week.
fn hours_of_week(name: &str) -> Vec<f64> {
    let mut hours: Vec<Vec<f32>> = vec![Vec::new(); 168];
    for series in series(name) {
        for (slot, cores) in (series.first..).zip(&series.cpu_cores) {
            hours[DEMO.usage.grid.hour_of_week(slot) as usize].push(*cores);
        }
    }
    hours.into_iter().map(mean).collect()
}

#[test]
fn the_window_is_four_weeks_at_five_minutes() {
    let grid = DEMO.usage.grid;
    assert_eq!(grid.len, 28 * 288);
    assert_eq!(grid.step, Span::from_secs(300));
    assert_eq!(grid.end().to_string(), "2026-11-23T18:00:00Z");
    assert_eq!(DEMO.taken_at, grid.end());
}

#[test]
fn it_is_a_shop_of_the_promised_size() {
    let pods: usize = DEMO.workloads.iter().map(|one| one.pods.len()).sum();
    let namespaces: BTreeSet<&str> = DEMO
        .workloads
        .iter()
        .map(|one| one.id.namespace.as_str())
        .collect();
    assert!(
        (38..=50).contains(&DEMO.workloads.len()),
        "{}",
        DEMO.workloads.len()
    );
    assert!((110..=200).contains(&pods), "{pods}");
    assert!(namespaces.is_superset(&BTreeSet::from([
        "shop",
        "payments",
        "data",
        "ml",
        "platform",
        "kube-system"
    ])));
}

#[test]
fn workloads_and_series_are_in_order_and_belong_together() {
    assert!(DEMO.workloads.is_sorted_by(|a, b| a.id < b.id));
    let key = |series: &Series| {
        (
            series.workload,
            series.pod.clone(),
            series.container.clone(),
        )
    };
    assert!(DEMO.usage.series.is_sorted_by_key(key));
    for series in &DEMO.usage.series {
        let workload = &DEMO.workloads[series.workload as usize];
        assert!(
            workload
                .containers
                .iter()
                .any(|one| one.name == series.container)
        );
        assert_eq!(series.cpu_cores.len(), series.memory_bytes.len());
        assert!(
            series
                .more
                .values()
                .all(|values| values.len() == series.len())
        );
        assert!(series.first as usize + series.len() <= DEMO.usage.grid.len as usize);
        assert!(!series.is_empty());
        let whole = |bytes: &f32| bytes.is_nan() || (*bytes > 0.0 && bytes.fract() == 0.0);
        assert!(
            series.memory_bytes.iter().all(whole),
            "{} {}",
            series.pod,
            series.container
        );
        assert!(
            series
                .cpu_cores
                .iter()
                .all(|cores| cores.is_nan() || *cores > 0.0)
        );
    }
}

#[test]
fn nobody_uses_more_than_the_limit() {
    for series in &DEMO.usage.series {
        let workload = &DEMO.workloads[series.workload as usize];
        let container = workload
            .containers
            .iter()
            .find(|one| one.name == series.container);
        let limits = &container.unwrap().limits;
        let over = |values: &[f32], limit: f64| values.iter().any(|v| f64::from(*v) > limit);
        if let Some(limit) = limits.memory {
            assert!(
                !over(&series.memory_bytes, limit.to_f64()),
                "{}",
                series.pod
            );
        }
        if let Some(limit) = limits.cpu {
            assert!(!over(&series.cpu_cores, limit.get()), "{}", series.pod);
        }
    }
}

#[test]
fn every_running_pod_has_usage_up_to_the_end() {
    for (index, workload) in (0_u32..).zip(&DEMO.workloads) {
        for pod in &workload.pods {
            let found = DEMO
                .usage
                .pool(index, &workload.containers.last().unwrap().name);
            let ends: Vec<u32> = found
                .filter(|series| series.pod == pod.name)
                .map(|series| series.first + u32::try_from(series.len()).unwrap())
                .collect();
            assert_eq!(ends, [DEMO.usage.grid.len], "{}", pod.name);
        }
    }
}

#[test]
fn pods_fit_their_nodes() {
    let mut asked: BTreeMap<&str, (f64, f64, f64, usize)> = BTreeMap::new();
    for pod in DEMO.workloads.iter().flat_map(|one| &one.pods) {
        let node = pod
            .node
            .as_deref()
            .unwrap_or_else(|| panic!("{} waits", pod.name));
        let sum = asked.entry(node).or_default();
        sum.0 += pod.requests.cpu.map_or(0.0, Cpu::get);
        sum.1 += pod.requests.memory.map_or(0.0, Bytes::to_f64);
        sum.2 += pod.requests.gpus();
        sum.3 += 1;
    }
    assert_eq!(asked.len(), DEMO.cluster.nodes.len(), "a node is empty");
    for node in &DEMO.cluster.nodes {
        let (cpu, memory, gpus, pods) = asked[node.name.as_str()];
        assert!(cpu <= node.allocatable.cpu.unwrap().get(), "{}", node.name);
        assert!(
            memory <= node.allocatable.memory.unwrap().to_f64(),
            "{}",
            node.name
        );
        assert!(gpus <= node.allocatable.gpus(), "{}", node.name);
        assert!(pods <= 58, "{}", node.name);
    }
}

#[test]
fn nodes_say_what_they_are_sold_as() {
    let nodes = &DEMO.cluster.nodes;
    let pools: BTreeSet<_> = nodes
        .iter()
        .map(|node| node.pool.clone().unwrap())
        .collect();
    assert_eq!(pools.len(), 3);
    assert!(
        nodes
            .iter()
            .any(|node| node.capacity_type == CapacityType::Spot)
    );
    assert!(nodes.iter().any(|node| node.gpu_product.is_some()));
    for node in nodes {
        assert!(node.instance_type.is_some() && node.region.is_some() && node.zone.is_some());
        assert!(node.architecture.is_some() && node.provider.is_some() && node.ready);
    }
}

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
    assert!(gpus("embedding-training") > 0.8 && gpus("notebook") < 0.01);
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

#[test]
fn namespaces_have_rules_and_the_quota_counts_what_runs() {
    let cluster = &DEMO.cluster;
    let quota = &cluster.quotas[0];
    assert!(quota.used_requests.cpu < quota.hard_requests.cpu);
    assert!(quota.used_requests.memory < quota.hard_requests.memory);
    assert!(quota.used_limits.memory < quota.hard_limits.memory);
    let range = &cluster.limit_ranges[0];
    for workload in DEMO
        .workloads
        .iter()
        .filter(|one| one.id.namespace == range.namespace)
    {
        for container in &workload.containers {
            assert!(
                container.requests.cpu >= range.min.cpu && container.limits.cpu <= range.max.cpu
            );
        }
    }
    assert!(cluster.volume_claims.len() > 8);
    assert!(
        cluster
            .services
            .iter()
            .any(|one| one.service_type == "LoadBalancer")
    );
    assert!(!cluster.disruption_budgets.is_empty());
}

/// Every machine must make the same bytes; the hash was taken once.
#[test]
fn the_bytes_are_always_the_same() {
    let mut hash = Sha256::new();
    for series in &DEMO.usage.series {
        hash.update(format!(
            "{}/{}/{}",
            series.workload, series.pod, series.container
        ));
        let usage = [&series.cpu_cores, &series.memory_bytes].into_iter();
        let more = series.more.values().map(|values| values.every());
        for values in usage.map(Cow::from).chain(more) {
            for value in values.iter() {
                hash.update(value.to_le_bytes());
            }
        }
    }
    let start: [u8; 8] = hash.finalize()[..8].try_into().unwrap();
    assert_eq!(u64::from_be_bytes(start), 0xf3ee_e07d_a713_75e0);
    assert_eq!(demo::snapshot().workloads, DEMO.workloads);
}
