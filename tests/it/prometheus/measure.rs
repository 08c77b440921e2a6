//! Not a test: what reading a server costs, for the figures in the papers.
#![expect(clippy::print_stderr, reason = "figures are for a person")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use kcost::collect::prometheus::{self, Engine, PrometheusOptions};
use kcost::collect::{Objects, Record as _, resolve};
use kcost::progress::{Progress, Silent, Task};
use kcost::units::Span;

use serde_json::json;

use super::{block_on, everything, server};

/// Tells what `-v` tells.
struct Telling;

impl Progress for Telling {
    fn task(&self, label: &str, total: Option<u64>) -> Box<dyn Task> {
        Silent.task(label, total)
    }

    fn detail(&self, text: &str) {
        eprintln!("{text}");
    }

    fn trace(&self, _: &str) {}
}

/// With `KCOST_TEST_MEASURE=URL,END`: reads 14 days that end there.
#[test]
#[ignore = "measures a server that is named in the environment"]
fn reading_a_server_is_measured() {
    let Ok(named) = std::env::var("KCOST_TEST_MEASURE") else {
        return;
    };
    let (url, end) = named.split_once(',').unwrap();
    let end = Timestamp::from_second(end.parse().unwrap()).unwrap();
    let mut options = PrometheusOptions::new(url, Span::days(14), Span::from_secs(300), end);
    if let Ok(samples) = std::env::var("KCOST_TEST_MEASURE_SAMPLES") {
        options.max_samples = samples.parse().unwrap();
    }
    options.engine = match std::env::var("KCOST_TEST_MEASURE_ENGINE").as_deref() {
        Ok("raw") => Some(Engine::Raw),
        Ok("pushdown") => Some(Engine::Pushdown),
        _ => None,
    };
    let plan = block_on(prometheus::plan(&options, &everything(), &Silent)).unwrap();
    let started = Instant::now();
    let taken = block_on(prometheus::usage(&options, &everything(), &Telling)).unwrap();
    eprintln!(
        "{:.2} s, {} range queries, {:?}",
        started.elapsed().as_secs_f64(),
        plan.unwrap().queries(),
        taken.gaps
    );
    let started = Instant::now();
    let (signals, gaps) = block_on(prometheus::signals(&options, &everything(), &Telling)).unwrap();
    eprintln!(
        "{:.2} s for further signals, {gaps:?}",
        started.elapsed().as_secs_f64()
    );
    let (mut usage, mut resolved) = (taken.usage, resolve(deployments(url)));
    let (owners, _) = block_on(prometheus::owners(&options, &everything(), &Telling)).unwrap();
    owners.teach(&mut resolved.pods);
    drop(owners);
    signals.merge(&mut usage, &mut resolved);
    let (usage, _) = usage.finish(&resolved.pods);
    eprintln!("{} series", usage.series.len());
}

/// Deployments for all pods that the store knows, by the names of their pods.
fn deployments(url: &str) -> Objects {
    let path = "/api/v1/series?match[]=container_memory_working_set_bytes{container!=\"\"}";
    let path = path
        .replace('{', "%7B")
        .replace('}', "%7D")
        .replace('"', "%22");
    let answer = server::get(url, &path);
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let found: serde_json::Value = serde_json::from_str(body).unwrap();
    let mut all: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for series in found["data"].as_array().unwrap() {
        let text = |label: &str| series[label].as_str().unwrap().to_owned();
        let pod = text("pod");
        let name = pod.rsplitn(3, '-').last().unwrap().to_owned();
        let containers = all.entry((text("namespace"), name)).or_default();
        containers.insert(text("container"));
    }
    let mut objects = Objects::default();
    for ((namespace, name), containers) in all {
        let containers: Vec<_> = containers
            .iter()
            .map(|name| json!({"name": name}))
            .collect();
        let deployment = json!({
            "metadata": {"namespace": namespace, "name": name},
            "spec": {"selector": {}, "template": {"spec": {"containers": containers}}}
        });
        let deployment: Deployment = serde_json::from_value(deployment).unwrap();
        deployment.record(&mut objects);
    }
    objects
}
