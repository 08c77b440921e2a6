//! How large the shop is, that all of it fits together, and that it is always the same.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use kcost::demo;
use kcost::snapshot::{CapacityType, Series};
use kcost::units::{Bytes, Cpu, Span};
use sha2::{Digest, Sha256};

use super::DEMO;

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
        (38..=55).contains(&DEMO.workloads.len()),
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
        for pod in workload.pods.iter().filter(|it| it.node.is_some()) {
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
    let mut waiting = Vec::new();
    for pod in DEMO.workloads.iter().flat_map(|one| &one.pods) {
        let Some(node) = pod.node.as_deref() else {
            waiting.push(pod);
            continue;
        };
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
    // No device is left for the one that waits.
    assert_eq!(waiting.len(), 1);
    let left = DEMO.cluster.nodes.iter().filter(|it| {
        let (.., gpus, _) = asked[it.name.as_str()];
        let device = "nvidia.com/gpu";
        it.allocatable
            .extended
            .get(device)
            .is_some_and(|all| all - gpus >= 1.0)
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn nodes_say_what_they_are_sold_as() {
    let nodes = &DEMO.cluster.nodes;
    let pools: BTreeSet<_> = nodes
        .iter()
        .map(|node| node.pool.clone().unwrap())
        .collect();
    assert_eq!(pools.len(), 4);
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
    assert_eq!(u64::from_be_bytes(start), 0x0721_d444_43db_b707);
    assert_eq!(demo::snapshot().workloads, DEMO.workloads);
}
