//! A real Prometheus, sound and with all that goes wrong with one.

use std::ops::Range;

use serde_json::{Value, json};

use super::{doctor, point, points, status};
use crate::common::Kcost;
use crate::live::whole::with;
use crate::prometheus::openmetrics::{
    CADVISOR, Container, Job, RESOURCE, containers, text, until_now,
};
use crate::prometheus::server::{Server, prometheus, victoria_metrics};
use crate::standin::{Setup, Standin, Store};

const DAY: i64 = 86_400;

/// The cluster that the containers are of.
fn cluster(containers: &[Container]) -> Standin {
    let size = json!({"cpu": "8", "memory": "32Gi", "pods": "110"});
    let node = json!({
        "metadata": {"name": "node-1"}, "status": {"allocatable": size, "capacity": size},
    });
    let store = containers.iter().fold(Store::empty(), with);
    Setup::new(store.with("v1", "nodes", &node)).start()
}

/// What is said of a store of this text; `None` without Prometheus.
fn of(text: &str, args: &[&str]) -> Option<Value> {
    let server = prometheus(&until_now(text), &[])?;
    Some(asked(&server, args))
}

fn asked(server: &Server, args: &[&str]) -> Value {
    let standin = cluster(&containers(3));
    let url = ["--prometheus-url", &server.url, "-o", "json"];
    doctor(&standin, &[&url, args].concat()).json()
}

/// The same as if nothing was scraped for a while.
fn without(text: &str, dark: &Range<i64>) -> String {
    let kept = text.lines().filter(|line| {
        let time = line.rsplit_once(' ');
        let time = time.and_then(|(_, time)| time.parse::<i64>().ok());
        line.starts_with('#') || time.is_none_or(|time| !dark.contains(&time))
    });
    kept.flat_map(|line| [line, "\n"]).collect()
}

fn together(texts: &[String]) -> String {
    let samples = texts.iter().map(|text| text.trim_end_matches("# EOF\n"));
    samples.collect::<String>() + "# EOF\n"
}

#[test]
fn a_sound_store_is_told_with_its_version_interval_and_history() {
    let data = text(&containers(3), &[CADVISOR], DAY, 60);
    let Some(json) = of(&data, &[]) else { return };
    assert_eq!(status(&json, "metrics_store"), "ok");
    let versions = points(&json, "versions");
    assert!(
        versions.iter().any(|it| it[1].contains("Prometheus 2.")),
        "{versions:?}"
    );
    assert_eq!(status(&json, "clocks"), "ok");
    assert_eq!(status(&json, "clusters"), "ok");
    assert_eq!(status(&json, "duplicates"), "ok");
    assert_eq!(
        point(&json, "scrape_interval")[1],
        "containers are measured every 1m"
    );
    assert_eq!(status(&json, "resets"), "ok");
    assert_eq!(status(&json, "units"), "ok");
    assert_eq!(status(&json, "owners"), "ok");
    assert_eq!(status(&json, "history"), "warn");
}

#[test]
fn victoria_metrics_is_told_from_prometheus() {
    let data = until_now(&text(&containers(3), &[CADVISOR], DAY, 60));
    let Some(server) = victoria_metrics(&data) else {
        return;
    };
    let json = asked(&server, &[]);
    let versions = points(&json, "versions");
    assert!(
        versions.iter().any(|it| it[1].contains("VictoriaMetrics")),
        "{versions:?}"
    );
}

#[test]
fn two_scrape_jobs_are_told_with_the_one_that_is_read() {
    let data = text(&containers(3), &[CADVISOR, RESOURCE], DAY, 60);
    let Some(json) = of(&data, &[]) else { return };
    let [status, text, ..] = point(&json, "duplicates");
    assert_eq!(status, "warn");
    assert!(
        text.contains("/metrics/cadvisor") && text.contains("/metrics/resource"),
        "{text}"
    );
}

#[test]
fn two_clusters_in_one_store_are_bad_and_a_label_chooses() {
    let job = |labels| Job { labels, ..CADVISOR };
    let elsewhere: Vec<Container> = containers(3)
        .into_iter()
        .map(|it| Container {
            number: it.number + 40,
            ..it
        })
        .collect();
    let data = together(&[
        text(&containers(3), &[job(",cluster=\"a\"")], DAY, 60),
        text(&elsewhere, &[job(",cluster=\"b\"")], DAY, 60),
    ]);
    let Some(server) = prometheus(&until_now(&data), &[]) else {
        return;
    };
    let json = asked(&server, &[]);
    let [status_of, text, _, mend] = point(&json, "clusters");
    assert_eq!(status_of, "bad");
    assert!(text.contains("`cluster` is `a`, `b`"), "{text}");
    assert_eq!(mend, "--prometheus-label cluster=a");
    let json = asked(&server, &["--prometheus-label", "cluster=a"]);
    assert_eq!(status(&json, "clusters"), "ok");
}

#[test]
fn metrics_that_are_missing_are_told_one_by_one() {
    let data = text(&containers(3), &[CADVISOR], DAY, 60);
    let Some(json) = of(&data, &[]) else { return };
    let missing: Vec<String> = points(&json, "signals")
        .into_iter()
        .filter(|[status, ..]| status != "ok")
        .map(|[status, text, ..]| format!("{status} {text}"))
        .collect();
    insta::assert_snapshot!(missing.join("\n"), @"
    warn nothing tells of memory without the page cache: `container_memory_rss` is missing
    warn nothing tells of OOM kills: `kube_pod_container_status_last_terminated_reason` is missing
    warn nothing tells of restarts: `kube_pod_container_status_restarts_total` is missing
    warn nothing tells of owners of pods: `kube_pod_owner` is missing
    warn nothing tells of pressure (PSI): `container_pressure_cpu_waiting_seconds_total` is missing
    warn nothing tells of network traffic: `container_network_receive_bytes_total` is missing
    warn nothing tells of lost packets: `container_network_receive_packets_dropped_total` is missing
    warn nothing tells of nodes over time: `kube_node_status_condition` is missing
    ");
}

#[test]
fn kilobytes_and_percent_are_told_as_units() {
    // Memory a thousandth, and CPU a hundredfold.
    let data = text(&containers(3), &[CADVISOR], DAY, 60);
    let scaled = |metric: &str, factor: f64| {
        let line = |line: &str| {
            let scaled = line.starts_with(&format!("{metric}{{")).then(|| {
                let (rest, time) = line.rsplit_once(' ')?;
                let (series, value) = rest.rsplit_once(' ')?;
                let value: f64 = value.parse().ok()?;
                Some(format!("{series} {} {time}\n", value * factor))
            });
            scaled.flatten().unwrap_or_else(|| format!("{line}\n"))
        };
        data.lines().map(line).collect::<String>()
    };
    let kilobytes = scaled("container_memory_working_set_bytes", 1.0 / 1024.0);
    let Some(json) = of(&kilobytes, &[]) else {
        return;
    };
    let told = points(&json, "units");
    assert!(
        told.iter()
            .any(|it| it[0] == "bad" && it[1].contains("kilobytes")),
        "{told:?}"
    );
    let percent = scaled("container_cpu_usage_seconds_total", 10_000.0);
    let Some(json) = of(&percent, &[]) else {
        return;
    };
    let told = points(&json, "units");
    assert!(told.iter().any(|it| it[0] == "bad"), "{told:?}");
}

#[test]
fn an_outage_of_scrapes_is_a_hole_in_everything() {
    let data = text(&containers(3), &[CADVISOR], 14 * DAY, 300);
    let end = crate::prometheus::openmetrics::END;
    let dark = end - 3 * DAY..end - 2 * DAY;
    let Some(json) = of(&without(&data, &dark), &[]) else {
        return;
    };
    let told = points(&json, "coverage");
    let [status, text, ..] = &told[0];
    assert!(status == "warn" && text.contains("1 stretch"), "{told:?}");
}

#[test]
fn history_before_an_outage_is_seen_whatever_moment_it_hits() {
    let data = text(&containers(3), &[CADVISOR], 4 * DAY, 300);
    let end = crate::prometheus::openmetrics::END;
    // One moment of few that are looked at lies in it, and all history before it.
    let dark = end - 3 * DAY..end - 2 * DAY;
    let Some(json) = of(&without(&data, &dark), &[]) else {
        return;
    };
    let [_, text, ..] = point(&json, "history");
    assert_eq!(text, "usage goes back 4d");
}

#[test]
fn two_replicas_that_write_one_series_show_as_resets() {
    // Every second sample is of another counter.
    let data = text(&containers(3), &[CADVISOR], DAY, 60);
    let mut odd = false;
    let line = |line: &str| {
        let scaled = line
            .starts_with("container_cpu_usage_seconds_total{")
            .then(|| {
                let (rest, time) = line.rsplit_once(' ')?;
                let (series, value) = rest.rsplit_once(' ')?;
                let value: f64 = value.parse().ok()?;
                odd = !odd;
                Some(format!(
                    "{series} {} {time}\n",
                    if odd { value } else { value + 1e6 }
                ))
            });
        scaled.flatten().unwrap_or_else(|| format!("{line}\n"))
    };
    let mixed: String = data.lines().map(line).collect();
    let Some(json) = of(&mixed, &[]) else { return };
    assert_eq!(status(&json, "resets"), "bad");
}

#[test]
fn pods_of_another_cluster_are_not_mapped() {
    let data = text(&containers(12), &[CADVISOR], DAY, 60);
    let Some(json) = of(&data, &[]) else { return };
    let [status, text, ..] = point(&json, "owners");
    assert_eq!(status, "bad");
    assert!(
        text.starts_with("3 of 12 pods with usage are mapped"),
        "{text}"
    );
}

#[test]
fn a_store_without_a_cluster_is_still_looked_at() {
    let data = text(&containers(3), &[CADVISOR], DAY, 60);
    let Some(server) = prometheus(&until_now(&data), &[]) else {
        return;
    };
    let json = Kcost::new()
        .args(["doctor", "--prometheus-url", &server.url, "-o", "json"])
        .run()
        .ended(1)
        .json();
    assert_eq!(status(&json, "connection"), "bad");
    assert_eq!(status(&json, "metrics_store"), "ok");
    assert_eq!(status(&json, "duplicates"), "ok");
}
