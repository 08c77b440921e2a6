//! What a store knows besides CPU and memory, from real stores into snapshots and advice.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kcost::collect::kubernetes::ClusterOptions;
use kcost::collect::live::{self, LiveOptions, UsageFrom};
use kcost::collect::prometheus::{Engine, PrometheusOptions};
use kcost::collect::{Scope, refuse_impossible};
use kcost::progress::Silent;
use kcost::record;
use kcost::snapshot::{Container, Metric, Series, Snapshot, Supply as _, Usage};
use kcost::units::{Bytes, Span};

use super::block_on;
use super::openmetrics::END;
use super::server::{Server, prometheus as start, victoria_metrics};
use super::signals_text::{DAYS, GONE_AT, HERE_AT, LOST_BY, store, text};
use crate::common::Kcost;
use crate::standin::{Setup, Standin};

pub(super) const WINDOW: Span = Span::days(DAYS);

fn options(url: &str) -> PrometheusOptions {
    PrometheusOptions {
        window: WINDOW,
        ..super::options(url, WINDOW)
    }
}

pub(super) fn taken(options: &PrometheusOptions) -> Snapshot {
    let standin = standin(END);
    let folder = tempfile::tempdir().unwrap();
    let live = live(&standin, folder.path(), options);
    block_on(live::collect(&live, &Silent)).unwrap()
}

/// The same where of usage so many bytes are held: the snapshot, and all usage out of its file.
fn taken_aside(options: &PrometheusOptions, held: u64) -> (Snapshot, Vec<Series>) {
    let standin = standin(END);
    let folder = tempfile::tempdir().unwrap();
    let live = live(&standin, folder.path(), options);
    let taken = block_on(live::collect_aside(&live, held, &Silent)).unwrap();
    let (mut snapshot, Some(aside)) = taken else {
        panic!("nothing was set aside of {held}");
    };
    assert!(snapshot.usage.series.is_empty());
    let usage = record::Parts::set_aside(aside).sift(&mut snapshot);
    let usage = usage.unwrap();
    let (mut series, mut next) = (Vec::new(), 0);
    let mut add = |workloads: Range<usize>, usage: &Usage| {
        assert_eq!(std::mem::replace(&mut next, workloads.end), workloads.start);
        series.extend_from_slice(&usage.series);
    };
    usage.of(&snapshot).each(&mut add).unwrap();
    assert_eq!(next, snapshot.workloads.len());
    (snapshot, series)
}

fn live(standin: &Standin, folder: &Path, options: &PrometheusOptions) -> LiveOptions {
    LiveOptions {
        cluster: ClusterOptions {
            kubeconfig: Some(standin.kubeconfig(folder)),
            ..ClusterOptions::default()
        },
        usage: UsageFrom::Url(options.clone()),
        scope: Scope::new(&[], None).unwrap(),
    }
}

fn standin(end: i64) -> Standin {
    Setup::new(store(end)).start()
}

fn container<'a>(snapshot: &'a Snapshot, workload: &str, name: &str) -> &'a Container {
    let workload = snapshot
        .workloads
        .iter()
        .find(|one| one.id.name == workload);
    let containers = &workload.unwrap().containers;
    containers.iter().find(|one| one.name == name).unwrap()
}

fn series<'a>(snapshot: &'a Snapshot, pod: &str, name: &str) -> &'a Series {
    let mut all = snapshot.usage.series.iter();
    all.find(|one| one.pod == pod && one.container == name)
        .unwrap()
}

/// The known values of a metric: how many, and the least and the most.
fn known(series: &Series, metric: Metric) -> Option<(usize, f32, f32)> {
    let values = series.more.get(&metric)?.known().iter().copied();
    let known: Vec<f32> = values.filter(|value| !value.is_nan()).collect();
    let least = known.iter().copied().fold(f32::INFINITY, f32::min);
    let most = known.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    Some((known.len(), least, most))
}

fn near(found: Option<(usize, f32, f32)>, count: usize, value: f32) {
    let (known, least, most) = found.unwrap();
    assert!(known + 3 >= count && known <= count, "{known} of {count}");
    assert!(
        (least - value).abs() <= value * 0.001 && (most - value).abs() <= value * 0.001,
        "{least} to {most}, not {value}"
    );
}

pub(super) fn check(snapshot: &Snapshot) {
    let hours = 24 * DAYS as usize;
    let api = series(snapshot, "api-6dfdf5796f-x2x2x", "app");
    near(known(api, Metric::NetworkBytesPerSecond), hours, 200.0);
    near(known(api, Metric::NetworkDropRatio), hours, 1.0 / 41.0);
    near(known(api, Metric::CpuWaitingRatio), hours, 0.3);
    near(known(api, Metric::MemoryWaitingRatio), hours, 0.01);
    near(
        known(api, Metric::MemoryRssBytes),
        hours,
        96.0 * 1_048_576.0,
    );
    let proxy = series(snapshot, "api-6dfdf5796f-x2x2x", "proxy");
    assert_eq!(known(proxy, Metric::NetworkBytesPerSecond), None);

    let slots = hours * snapshot.usage.grid.per_hour() as usize;
    for (pod, utilization, mebibytes) in [
        // The engine of one device, any kernel of the other; not the percent of both.
        ("infer-6dfdf5796f-g2g2g", 0.4, 3_000.0),
        // As an old exporter labels it.
        ("train-6dfdf5796f-g4g4g", 0.25, 512.0),
        // Two slices, not the device that they are cut from.
        ("sliced-6dfdf5796f-g5g5g", 0.3, 300.0),
    ] {
        let model = series(snapshot, pod, "model");
        near(known(model, Metric::GpuUtilization), slots, utilization);
        near(
            known(model, Metric::GpuMemoryBytes),
            slots,
            mebibytes * 1_048_576.0,
        );
    }
    // An idle device is named after the exporter's own pod, which asks for none.
    let exporter = series(snapshot, "dcgm-6dfdf5796f-e2e2e", "exporter");
    assert_eq!(known(exporter, Metric::GpuUtilization), None);
    for pod in ["shared-6dfdf5796f-s2s2s", "shared-6dfdf5796f-s4s4s"] {
        let model = series(snapshot, pod, "model");
        assert_eq!(known(model, Metric::GpuUtilization), None);
    }

    let app = container(snapshot, "api", "app");
    let ends: Vec<(&str, i64)> = app
        .terminations
        .iter()
        .map(|end| (end.pod.as_str(), end.finished.unwrap().as_second()))
        .collect();
    assert_eq!(
        ends,
        [
            ("api-6dfdf5796f-g9g9g", END - GONE_AT),
            ("api-6dfdf5796f-l8l8l", END - LOST_BY),
            ("api-6dfdf5796f-x2x2x", END - HERE_AT),
        ]
    );
    assert!(app.terminations.iter().all(|end| end.reason == "OOMKilled"));
    // One of the pod that is there, as it says itself, and two of one that is gone.
    assert_eq!(app.restarts, 1 + 2);
    assert_eq!(app.memory_high_water, Some(Bytes::mib(255)));

    let claim = &snapshot.cluster.volume_claims[0];
    assert_eq!(claim.used, Some(Bytes::gib(7)));
    assert_eq!(claim.capacity, Some(Bytes::gib(10)));
}

fn shared() -> Option<&'static Server> {
    static SERVER: std::sync::OnceLock<Option<Server>> = std::sync::OnceLock::new();
    SERVER.get_or_init(|| start(&text(END), &[])).as_ref()
}

#[test]
fn every_signal_comes_back_from_prometheus() {
    let Some(server) = shared() else { return };
    let snapshot = taken(&options(&server.url));
    check(&snapshot);
    let gaps: Vec<String> = snapshot
        .gaps
        .iter()
        .map(|gap| format!("{} {}: {}", gap.code, gap.subject, gap.text))
        .collect();
    insta::assert_snapshot!(gaps.join("\n"), @r"
    gpu-shared use of GPUs: 2 pods have time-sliced GPUs: a shared device does not tell who used it: shop/shared-6dfdf5796f-s2s2s, shop/shared-6dfdf5796f-s4s4s
    unknown-containers usage: 1 series is of containers that their workload does not have, and left out: debugger in shop/Deployment/api
    ");
}

#[test]
fn every_signal_comes_back_from_victoria_metrics() {
    let Some(server) = victoria_metrics(&text(END)) else {
        return;
    };
    check(&taken(&options(&server.url)));
}

#[test]
fn signals_fit_usage_that_the_server_boiled_down() {
    let Some(server) = shared() else { return };
    let snapshot = taken(&PrometheusOptions {
        engine: Some(Engine::Pushdown),
        ..options(&server.url)
    });
    assert!(snapshot.usage.grid.per_hour() < 12);
    check(&snapshot);
}

/// Whichever engine gave it, and whenever what was held became too much.
#[test]
fn usage_that_waits_in_a_file_is_that_of_a_snapshot() {
    let Some(server) = shared() else { return };
    for engine in [Engine::Chunks, Engine::Raw, Engine::Pushdown] {
        let options = PrometheusOptions {
            engine: Some(engine),
            ..options(&server.url)
        };
        let mut whole = taken(&options);
        refuse_impossible(&mut whole);
        for held in [0, 1_000, 9_000] {
            let (snapshot, series) = taken_aside(&options, held);
            let about = format!("{engine} {held}");
            let text = |series: &[Series]| format!("{series:?}");
            assert!(text(&series) == text(&whole.usage.series), "{about}");
            assert_eq!(snapshot.usage.grid, whole.usage.grid, "{about}");
            assert_eq!(snapshot.workloads, whole.workloads, "{about}");
            assert_eq!(snapshot.gaps, whole.gaps, "{about}");
            assert_eq!(snapshot.cluster, whole.cluster, "{about}");
        }
    }
}

#[test]
fn small_queries_give_the_same() {
    let Some(server) = shared() else { return };
    let small = PrometheusOptions {
        max_samples: 300,
        ..options(&server.url)
    };
    check(&taken(&small));
}

#[test]
fn a_server_with_a_low_limit_is_asked_for_less() {
    let Some(server) = start(&text(END), &["--query.max-samples=9000"]) else {
        return;
    };
    check(&taken(&options(&server.url)));
}

#[test]
fn requests_come_by_a_query_that_the_user_names() {
    let Some(server) = shared() else { return };
    let asked = |query: &str| {
        taken(&PrometheusOptions {
            traffic: Some(query.to_owned()),
            ..options(&server.url)
        })
    };
    let rate = "rate(container_network_transmit_bytes_total[1h])";
    let snapshot = asked(&format!("sum by (namespace, pod) ({rate})"));
    check(&snapshot);
    let api = series(&snapshot, "api-6dfdf5796f-x2x2x", "app");
    let (count, least, most) = known(api, Metric::RequestsPerSecond).unwrap();
    // One an hour, and the same at all times.
    assert!(
        (24 * DAYS as usize - 3..=24 * DAYS as usize + 1).contains(&count),
        "{count}"
    );
    assert!(
        least > 0.0 && (most - least) <= 0.2 * most,
        "{least} to {most}"
    );
    let proxy = series(&snapshot, "api-6dfdf5796f-x2x2x", "proxy");
    assert_eq!(known(proxy, Metric::RequestsPerSecond), None);
    let of_none = asked(&format!("sum by (interface) ({rate})"));
    let gap = of_none
        .gaps
        .iter()
        .find(|gap| gap.code == "no-traffic")
        .unwrap();
    assert!(
        gap.hint.as_ref().unwrap().contains("`namespace` and `pod`"),
        "{gap:?}"
    );
}

/// Answers every request in one way, and counts them.
struct Broken {
    url: String,
    asked: Arc<AtomicUsize>,
}

impl Broken {
    /// `names` for the names of metrics, `rest` for all that follows: status and body.
    fn new(names: &'static str, rest: (u16, &'static str)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut head = Vec::new();
                let mut bytes = [0; 4_096];
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut bytes) {
                        Ok(length) if length > 0 => head.extend_from_slice(&bytes[..length]),
                        _ => break,
                    }
                }
                counted.fetch_add(1, Ordering::Relaxed);
                let is_names = head.windows(7).any(|part| part == b"/label/");
                let (status, body) = if is_names && !names.is_empty() {
                    (200, names)
                } else {
                    rest
                };
                let head = format!(
                    "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes());
            }
        });
        Self { url, asked }
    }
}

#[test]
fn what_a_broken_server_does_not_tell_is_a_gap_and_it_is_left_in_peace() {
    let names = r#"{"status":"success","data":["container_oom_events_total",
        "container_network_receive_bytes_total","DCGM_FI_DEV_GPU_UTIL",
        "kube_pod_container_status_restarts_total","kubelet_volume_stats_used_bytes"]}"#;
    let bad = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
    for (names, rest, most) in [
        // What may pass is tried again.
        ("", (503, ""), 3),
        ("", (200, "<!DOCTYPE html>"), 1),
        (names, (503, ""), 12),
        (names, (200, ""), 12),
        (names, (400, bad), 12),
    ] {
        let server = Broken::new(names, rest);
        let options = options(&server.url);
        let everything = super::everything();
        let (signals, gaps) = block_on(kcost::collect::prometheus::signals(
            &options,
            &everything,
            &Silent,
        ))
        .unwrap();
        let asked = server.asked.load(Ordering::Relaxed);
        assert!(asked <= most, "{rest:?}: {asked}");
        assert!(!gaps.is_empty(), "{rest:?}");
        assert!(
            gaps.iter().all(|gap| gap.code == "signals-not-read"),
            "{gaps:?}"
        );
        drop(signals);
    }
}

#[test]
fn a_store_without_any_of_it_is_no_gap() {
    let server = Broken::new(r#"{"status":"success","data":["up"]}"#, (503, ""));
    let (options, everything) = (options(&server.url), super::everything());
    let read = kcost::collect::prometheus::signals(&options, &everything, &Silent);
    let (_, gaps) = block_on(read).unwrap();
    // The index alone, in as many questions as their names take.
    assert_eq!((gaps, server.asked.load(Ordering::Relaxed)), (vec![], 3));
}

#[test]
fn containers_that_nobody_has_are_dropped_with_a_gap() {
    let Some(server) = shared() else { return };
    let snapshot = taken(&options(&server.url));
    let mut names = snapshot
        .usage
        .series
        .iter()
        .map(|one| one.container.as_str());
    assert!(names.all(|name| name != "debugger"));
    assert!(
        snapshot
            .gaps
            .iter()
            .any(|gap| gap.code == "unknown-containers")
    );
}

#[test]
fn advice_heeds_what_is_known() {
    let end = jiff::Timestamp::now().as_second().div_euclid(300) * 300;
    let Some(server) = start(&text(end), &[]) else {
        return;
    };
    let standin = standin(end);
    let folder = tempfile::tempdir().unwrap();
    let seen = Kcost::new()
        .env("KUBECONFIG", standin.kubeconfig(folder.path()))
        .args(["analyze", "-o", "json", "--window", &format!("{DAYS}d")])
        .args(["--prometheus-url", &server.url])
        .run()
        .ended(0)
        .json();
    let workloads = seen["workloads"].as_array().unwrap();
    let named = |name: &str| workloads.iter().find(|one| one["name"] == name).unwrap();
    let reason = |container: &serde_json::Value, code: &str| {
        let reasons = container["reasons"].as_array().unwrap();
        let found = reasons.iter().find(|reason| reason["code"] == code);
        found.map(|reason| reason["text"].as_str().unwrap().to_owned())
    };

    let api = named("api");
    assert_eq!(
        (&api["state"], &api["severity"]),
        (&"under_provisioned".into(), &"critical".into())
    );
    let app = &api["containers"][0];
    insta::assert_snapshot!(reason(app, "oom_killed").unwrap(), @"OOM-killed repeatedly (3) at 256Mi: memory limit no lower than 356Mi");
    insta::assert_snapshot!(reason(app, "pressure").unwrap(), @"some task waits for CPU 30% of the time (P95 30%): its CPU is not cut");
    let limit = app["memory_limit_bytes"]["recommended"].as_u64().unwrap();
    assert!(limit >= Bytes::mib(356).0, "{limit}");
    // It uses a fifth of its request, but waits.
    assert_eq!(app["cpu_request_cores"]["advice"], "keep");
    let calm = &named("infer")["containers"][0];
    assert!(calm["cpu_request_cores"]["recommended"].as_f64().unwrap() < 0.5);

    assert_eq!(
        named("infer")["containers"][0]["gpu"]["mean_utilization_ratio"],
        0.4
    );
    assert_ne!(named("infer")["state"], "idle");
    // No CPU, no GPU: idle only because the use of its GPU is known.
    assert_eq!(named("asleep")["state"], "idle");
    assert_ne!(named("shared")["state"], "idle");
}
