//! Usage into statistics.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kcost::profile::{Profile, profile};
use kcost::snapshot::{
    Cluster, Container, Grid, Metric, Resources, Series, Snapshot, Usage, Workload, WorkloadId,
};
use kcost::units::{Cpu, Span};

const DAY: usize = 288;

/// 2026-01-05, a Monday, 00:00 UTC.
const MONDAY: i64 = 1_767_571_200;

pub fn workload(name: &str, cpu_request: f64) -> Workload {
    Workload {
        id: WorkloadId {
            namespace: "shop".to_owned(),
            kind: "Deployment".to_owned(),
            name: name.to_owned(),
            template: None,
        },
        api_version: "apps/v1".to_owned(),
        replicas: 1,
        containers: vec![Container {
            name: "app".to_owned(),
            requests: Resources {
                cpu: Some(Cpu::cores(cpu_request)),
                ..Resources::default()
            },
            in_template: true,
            ..Container::default()
        }],
        ..Workload::default()
    }
}

pub fn series(workload: u32, pod: &str, first: u32, cpu: Vec<f32>, memory: Vec<f32>) -> Series {
    Series {
        workload,
        pod: pod.to_owned(),
        container: "app".to_owned(),
        first,
        cpu_cores: cpu,
        memory_bytes: memory,
        more: BTreeMap::new(),
    }
}

pub fn snapshot(workloads: Vec<Workload>, len: usize, series: Vec<Series>) -> Snapshot {
    Snapshot {
        taken_at: Timestamp::from_second(MONDAY).unwrap(),
        tool_version: "0.1.0".to_owned(),
        cluster: Cluster::default(),
        sources: Vec::new(),
        workloads,
        usage: Usage {
            grid: Grid {
                start: Timestamp::from_second(MONDAY).unwrap(),
                step: Span::from_secs(300),
                len: u32::try_from(len).unwrap(),
            },
            series,
        },
        gaps: Vec::new(),
    }
}

/// One pool over `days`, CPU from the slot's number, memory constant.
fn one(days: usize, cpu: impl Fn(usize) -> f32) -> Profile {
    let cpu: Vec<f32> = (0..days * DAY).map(cpu).collect();
    let memory = vec![1e6; cpu.len()];
    let pool = series(0, "a", 0, cpu, memory);
    let taken = snapshot(vec![workload("api", 1.0)], days * DAY, vec![pool]);
    profile(&taken).remove(0)
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-6, "{a} is not {b}");
}

#[test]
fn quantiles_of_a_known_distribution() {
    // 0.000, 0.001, … 1.000 cores, in an order that is not theirs.
    let cpu = (0..1001_u16).map(|i| f32::from((i * 8) % 1001) / 1000.0);
    let pool = series(0, "a", 0, cpu.collect(), vec![f32::NAN; 1001]);
    let seen = profile(&snapshot(vec![workload("api", 2.0)], 1001, vec![pool])).remove(0);
    let cpu = seen.cpu.unwrap();
    for (found, expected) in [
        (cpu.mean, 0.5),
        (cpu.p50, 0.5),
        (cpu.p90, 0.9),
        (cpu.p95, 0.95),
        (cpu.p98, 0.98),
        (cpu.p99, 0.99),
        (cpu.max, 1.0),
    ] {
        close(found.get(), expected);
    }
    close(cpu.burstiness, 1.98);
    // Idle is below 1 % of the request of two cores: 0.000 to 0.019.
    close(cpu.idle_share.get(), 20.0 / 1001.0);
    assert!(seen.memory.is_none());
}

#[test]
fn pods_pool_side_by_side() {
    let pods = vec![
        series(0, "a", 0, vec![1.0; 10], vec![1e6; 10]),
        series(0, "b", 20, vec![3.0; 10], vec![3e6; 10]),
    ];
    let seen = profile(&snapshot(vec![workload("api", 1.0)], 40, pods)).remove(0);
    close(seen.cpu.unwrap().mean.get(), 2.0);
    assert_eq!(seen.memory.unwrap().max.0, 3_000_000);
    let quality = seen.quality;
    assert_eq!((quality.samples, quality.pods, quality.gaps), (20, 2, 1));
    close(quality.coverage.get(), 20.0 / 30.0);
    assert_eq!(quality.span, Span::from_secs(29 * 300));
    assert_eq!(quality.longest_gap, Span::from_secs(10 * 300));
    assert_eq!(quality.first.unwrap().as_second(), MONDAY);
}

#[test]
fn a_daily_rhythm_is_told_from_a_weekly_one_and_from_noise() {
    let hour = |slot: usize| (slot / 12) % 24;
    let daily = one(14, |slot| if hour(slot) < 8 { 1.0 } else { 0.1 });
    let cpu = daily.cpu.unwrap();
    assert!(cpu.daily_strength > 0.99, "{}", cpu.daily_strength);
    assert!(cpu.weekly_strength < 0.01, "{}", cpu.weekly_strength);
    close(cpu.hour_of_week[7], 1.0);
    assert!((cpu.hour_of_week[8] - 0.1).abs() < 1e-6);

    let friday_evening = |slot: usize| (slot / 12) % 168 == 4 * 24 + 20;
    let weekly = one(28, |slot| if friday_evening(slot) { 1.0 } else { 0.1 });
    let cpu = weekly.cpu.unwrap();
    assert!(cpu.weekly_strength > 0.8, "{}", cpu.weekly_strength);
    assert!(cpu.daily_strength < 0.2, "{}", cpu.daily_strength);
    close(cpu.hour_of_week[4 * 24 + 20], 1.0);

    // A hash of the hour: differs from hour to hour, and never repeats.
    let noise = |slot: usize| {
        let mixed = u32::try_from(slot / 12)
            .unwrap()
            .wrapping_mul(2_654_435_761);
        let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(2_246_822_519);
        f32::from(u16::try_from(mixed >> 16).unwrap()) / 65_536.0
    };
    let cpu = one(14, noise).cpu.unwrap();
    assert!(cpu.daily_strength < 0.15, "{}", cpu.daily_strength);
    assert!(cpu.weekly_strength < 0.25, "{}", cpu.weekly_strength);
}

#[test]
fn a_leak_rises_and_what_is_flat_does_not() {
    let len = 10 * DAY;
    let grows = (0..len).map(|slot| f32::from(u16::try_from(slot).unwrap()) * 1000.0 + 1e6);
    let pools = vec![
        series(0, "a", 0, vec![0.1; len], grows.collect()),
        series(1, "a", 0, vec![0.1; len], vec![5e6; len]),
    ];
    let workloads = vec![workload("leak", 1.0), workload("steady", 1.0)];
    let seen = profile(&snapshot(workloads, len, pools));
    let leak = seen[0].memory.as_ref().unwrap();
    close(leak.rising_share, 1.0);
    let mean = leak.mean.to_f64();
    assert!((leak.trend_per_day - 288_000.0 / mean).abs() < 1e-3);
    assert_eq!((leak.daily_peaks.len(), leak.hourly_peaks.len()), (10, 240));
    close(leak.daily_peaks[1], 575_000.0 + 1e6);
    let steady = seen[1].memory.as_ref().unwrap();
    close(steady.rising_share, 0.5);
    close(steady.trend_per_day, 0.0);
    close(steady.variation, 0.0);
}

#[test]
fn thin_and_broken_pools_are_no_trouble() {
    let nothing = profile(&snapshot(vec![workload("api", 1.0)], 10, Vec::new())).remove(0);
    assert!(nothing.cpu.is_none() && nothing.memory.is_none());
    assert_eq!((nothing.quality.samples, nothing.quality.first), (0, None));

    let nan = series(0, "a", 3, vec![f32::NAN; 4], vec![f32::NAN; 4]);
    let seen = profile(&snapshot(vec![workload("api", 1.0)], 10, vec![nan])).remove(0);
    assert!(seen.cpu.is_none());
    assert_eq!(seen.quality.pods, 0);

    let single = series(0, "a", 9, vec![0.3], vec![7e6]);
    let seen = profile(&snapshot(vec![workload("api", 1.0)], 10, vec![single])).remove(0);
    let cpu = seen.cpu.unwrap();
    close(cpu.p99.get(), f64::from(0.3_f32));
    close(cpu.burstiness, 1.0);
    assert_eq!(seen.memory.unwrap().p50.0, 7_000_000);

    let zero = one(3, |_| 0.0).cpu.unwrap();
    close(zero.idle_share.get(), 1.0);
    for number in [zero.variation, zero.trend_per_day, zero.daily_strength] {
        close(number, 0.0);
    }
    assert!(profile(&snapshot(Vec::new(), 0, Vec::new())).is_empty());
}

#[test]
fn other_metrics_are_absent_unless_a_source_says_them() {
    let mut pool = series(0, "a", 0, vec![0.1; 4], vec![1e6; 4]);
    assert!(
        profile(&snapshot(vec![workload("api", 1.0)], 4, vec![pool.clone()]))[0]
            .throttling
            .is_none()
    );
    pool.more.insert(
        Metric::CpuThrottledRatio,
        vec![0.0, 0.5, f32::NAN, 1.0].into(),
    );
    pool.more
        .insert(Metric::GpuUtilization, vec![0.25; 4].into());
    pool.more.insert(
        Metric::NetworkBytesPerSecond,
        vec![10.0, 20.0, 30.0, 20.0].into(),
    );
    let seen = profile(&snapshot(vec![workload("api", 1.0)], 4, vec![pool])).remove(0);
    close(seen.throttling.unwrap().mean.get(), 0.5);
    let gpu = seen.gpu.unwrap();
    close(gpu.mean_utilization.get(), 0.25);
    assert_eq!(gpu.max_memory, None);
    close(seen.network_bytes_per_second.unwrap(), 20.0);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let len = 3 * DAY;
    let workloads: Vec<Workload> = (0..200)
        .map(|i| workload(&format!("w{i:03}"), 1.0))
        .collect();
    let pools = (0..200_u16).map(|i| {
        let cpu = (0..len).map(|slot| f32::from(u16::try_from(slot).unwrap() % (i + 2)) / 7.0);
        series(u32::from(i), "a", 0, cpu.collect(), vec![1e6; len])
    });
    let taken = snapshot(workloads, len, pools.collect());
    let (first, second) = (profile(&taken), profile(&taken));
    assert_eq!(first.len(), 200);
    assert!(
        first
            .iter()
            .zip(0..)
            .all(|(seen, place)| seen.workload == place)
    );
    // NaN is not equal to itself, its text is.
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
}
