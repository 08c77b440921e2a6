//! Stores that are not alike throughout: node pools with scrape intervals of
//! their own, CPUs with series of their own, several sources of one container.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kcost::collect::prometheus::{self, Engine, PrometheusOptions};
use kcost::progress::Silent;
use kcost::snapshot::Series;
use kcost::units::Span;

use super::openmetrics::{CADVISOR, Container, END, Job, RESOURCE, containers, text};
use super::server::{Server, prometheus as start, victoria_metrics};
use super::{block_on, by_pod, everything, options, real};

const HOURS: Span = Span::from_secs(6 * 3_600);
const SECONDS: i64 = 6 * 3_600;

const REPLICA_A: Job = Job {
    labels: ",prometheus_replica=\"a\"",
    ..CADVISOR
};
const REPLICA_B: Job = Job {
    labels: ",prometheus_replica=\"b\"",
    ..CADVISOR
};

/// What is in several texts, as one.
fn together(texts: &[String]) -> String {
    let samples = texts.iter().map(|text| text.trim_end_matches("# EOF\n"));
    samples.collect::<String>() + "# EOF\n"
}

/// The samples of a text that are of some times.
fn at(text: &str, is_wanted: impl Fn(i64) -> bool) -> String {
    let lines = text.lines().filter(|line| {
        let time = line.rsplit(' ').next().and_then(|it| it.parse().ok());
        line.starts_with('#') || time.is_some_and(&is_wanted)
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// Every other container, and the rest.
fn halves(containers: &[Container]) -> (Vec<Container>, Vec<Container>) {
    containers
        .iter()
        .cloned()
        .partition(|container| container.number % 2 == 0)
}

fn servers(text: &str) -> Vec<Server> {
    [start(text, &[]), victoria_metrics(text)]
        .into_iter()
        .flatten()
        .collect()
}

fn with(server: &Server, engine: Engine) -> PrometheusOptions {
    PrometheusOptions {
        engine: Some(engine),
        ..options(&server.url, HOURS)
    }
}

fn plan(options: &PrometheusOptions) -> String {
    let plan = block_on(prometheus::plan(options, &everything(), &Silent));
    plan.unwrap().unwrap().to_string()
}

/// Slots with CPU and with memory.
fn samples(series: &Series) -> (usize, usize) {
    let known = |column: &[f32]| column.iter().filter(|value| !value.is_nan()).count();
    (known(&series.cpu_cores), known(&series.memory_bytes))
}

#[test]
fn node_pools_with_intervals_of_their_own_all_give_usage() {
    let (fast, slow) = halves(&containers(9));
    let text = together(&[
        text(&fast, &[CADVISOR], SECONDS, 15),
        text(&slow, &[CADVISOR], SECONDS, 300),
    ]);
    for server in servers(&text) {
        let options = with(&server, Engine::Raw);
        let said = plan(&options);
        assert!(
            said.contains("a sample every 15s, of some every 5m"),
            "{said}"
        );
        let (series, gaps) = by_pod(&options, &containers(9));
        assert_eq!((series.len(), gaps), (9, vec![]));
        for (container, interval) in fast
            .iter()
            .map(|c| (c, 15))
            .chain(slow.iter().map(|c| (c, 300)))
        {
            real::check(&series[&container.pod], container, interval, 330, HOURS);
        }
        let (series, _) = by_pod(&with(&server, Engine::Pushdown), &containers(9));
        for container in &containers(9) {
            let (cpu, memory) = samples(&series[&container.pod]);
            assert!(cpu >= 23 && memory == 24, "{cpu} {memory}");
        }
    }
}

/// Of all engines, on a Prometheus and a `VictoriaMetrics`.
fn engines(server: &Server) -> Vec<PrometheusOptions> {
    let is_prometheus = super::server::get(&server.url, "/api/v1/status/buildinfo");
    let is_prometheus = is_prometheus.contains("goVersion");
    let all = [Engine::Chunks, Engine::Raw, Engine::Pushdown];
    let some = all.into_iter().skip(usize::from(!is_prometheus));
    some.map(|engine| PrometheusOptions {
        engine: Some(engine),
        ..options(&server.url, Span::days(6))
    })
    .collect()
}

/// Four days at 300 s and two at 60 s, for all or for one of two.
#[test]
fn an_interval_that_was_changed_loses_nothing_of_before() {
    let all = containers(4);
    let old = text(&all, &[CADVISOR], 6 * 86_400, 300);
    let new = text(&all, &[CADVISOR], 2 * 86_400, 60);
    let change = END - 2 * 86_400;
    let together = together(&[
        at(&old, |time| time < change),
        at(&new, |time| time >= change),
    ]);
    for server in servers(&together) {
        for options in engines(&server) {
            let (series, gaps) = by_pod(&options, &all);
            assert_eq!((series.len(), gaps), (4, vec![]), "{:?}", options.engine);
            let said = plan(&options);
            assert!(said.contains("every 1m, of some every 5m"), "{said}");
            for series in series.values() {
                let (cpu, memory) = samples(series);
                assert!(cpu + 4 >= memory, "{:?}: {cpu} {memory}", options.engine);
            }
        }
    }
}

/// One that ended a little before the end, beside others that are scraped more often.
#[test]
fn a_slow_container_that_is_gone_keeps_its_cpu() {
    let (fast, slow) = halves(&containers(4));
    let gone = text(&slow, &[CADVISOR], 86_400, 300);
    let together = together(&[
        text(&fast, &[CADVISOR], 86_400, 60),
        at(&gone, |time| time < END - 780),
    ]);
    let Some(server) = start(&together, &[]) else {
        return;
    };
    for options in engines(&server) {
        let (series, gaps) = by_pod(&options, &containers(4));
        assert_eq!(gaps, [], "{:?}", options.engine);
        for container in &slow {
            let (cpu, memory) = samples(&series[&container.pod]);
            assert!(cpu + 2 >= memory, "{:?}: {cpu} {memory}", options.engine);
        }
    }
}

/// A scrape job that is down for some hours of each day, when it is busiest, between all
/// the moments that are far apart.
#[test]
fn all_engines_read_the_source_that_was_there_all_the_time() {
    let all = containers(3);
    let (whole, torn) = (REPLICA_B, REPLICA_A);
    let is_down = |time: i64| (END - time).rem_euclid(14_400) > 3_600 && (END - time) > 90_000;
    let torn = text(&all, &[torn], 6 * 86_400, 60);
    let both = together(&[
        text(&all, &[whole], 6 * 86_400, 60),
        at(&torn, |time| !is_down(time)),
    ]);
    let Some(server) = start(&both, &[]) else {
        return;
    };
    for options in engines(&server) {
        let said = plan(&options);
        assert!(
            said.contains("prometheus_replica=\"b\"` alone of 2"),
            "{:?}: {said}",
            options.engine
        );
        let (series, gaps) = by_pod(&options, &all);
        assert_eq!((series.len(), gaps), (3, vec![]));
        for series in series.values() {
            let (cpu, memory) = samples(series);
            assert!(cpu + 1 >= series.len() && memory == series.len());
        }
    }
}

/// The slow ones look further back, the fast ones see what they would alone.
#[test]
fn a_slow_node_pool_spreads_no_peak_of_the_others() {
    let (fast, slow) = halves(&containers(4));
    let alone = text(&fast, &[CADVISOR], SECONDS, 15);
    let both = together(&[alone.clone(), text(&slow, &[CADVISOR], SECONDS, 300)]);
    let (Some(alone), Some(both)) = (start(&alone, &[]), start(&both, &[])) else {
        return;
    };
    for engine in [Engine::Raw, Engine::Pushdown] {
        let cpu = |server: &Server| -> BTreeMap<String, Vec<f32>> {
            let (series, _) = by_pod(&with(server, engine), &fast);
            let each = series.into_iter();
            each.map(|(pod, series)| (pod, series.cpu_cores)).collect()
        };
        assert_eq!(format!("{:?}", cpu(&alone)), format!("{:?}", cpu(&both)));
    }
}

/// Half of the CPU time on each of two CPUs, as old kubelets tell it; with the
/// total besides where it is wanted.
fn by_cpu(text: &str, with_total: bool) -> String {
    let mut split = String::new();
    for line in text.lines() {
        let parts = line.rsplitn(3, ' ').collect::<Vec<_>>();
        let is_cpu = line.starts_with("container_cpu_usage_seconds_total{");
        if let ([time, value, series], true) = (parts.as_slice(), is_cpu) {
            let half: f64 = value.parse::<f64>().unwrap() / 2.0;
            for cpu in ["cpu00", "cpu01"] {
                let series = series.replace("cpu=\"total\"", &format!("cpu=\"{cpu}\""));
                let _ = writeln!(split, "{series} {half} {time}");
            }
        }
        if !is_cpu || with_total {
            split.push_str(line);
            split.push('\n');
        }
    }
    split
}

#[test]
fn cpus_with_series_of_their_own_are_added() {
    let containers = containers(5);
    let (split, total) = halves(&containers);
    let of = |containers: &[Container]| text(containers, &[CADVISOR], SECONDS, 60);
    for text in [
        by_cpu(&of(&containers), false),
        by_cpu(&of(&containers), true),
        // Only some nodes are old.
        together(&[by_cpu(&of(&split), false), of(&total)]),
    ] {
        for server in servers(&text) {
            real::check_all(&server, &containers, HOURS, 60);
            let options = with(&server, Engine::Pushdown);
            let (series, _) = by_pod(&options, &containers);
            for container in &containers {
                let peak = series[&container.pod].cpu_cores.iter().copied();
                let peak = peak.fold(0.0, f32::max);
                let number = f64::from(container.number);
                let expected = (50.0 + 10.0 * number + 200.0) / 1_000.0;
                assert!(
                    (f64::from(peak) / expected - 1.0).abs() < 0.01,
                    "{peak} {expected}"
                );
            }
        }
    }
}

/// Equal counts in every namespace do not mean that both have the same.
#[test]
fn two_jobs_with_half_a_cluster_each_are_both_read() {
    let all = containers(8);
    let (one, other) = halves(&all);
    let text = together(&[
        text(&one, &[CADVISOR], SECONDS, 60),
        text(&other, &[RESOURCE], SECONDS, 60),
    ]);
    for server in servers(&text) {
        real::check_all(&server, &all, HOURS, 60);
    }
}

#[test]
fn one_replica_of_a_pair_is_read_and_the_other_where_it_was_down() {
    let all = containers(4);
    let pair = text(&all, &[REPLICA_A, REPLICA_B], SECONDS, 60);
    for server in servers(&pair) {
        let said = plan(&with(&server, Engine::Raw));
        assert!(
            said.contains("prometheus_replica=\"a\"` alone of 2"),
            "{said}"
        );
        real::check_all(&server, &all, HOURS, 60);
    }
    // The first ends after two hours, the second begins then.
    let middle = super::openmetrics::END - SECONDS * 2 / 3;
    let is_there = |line: &&str| {
        let time = line.rsplit(' ').next().unwrap().parse::<i64>();
        line.starts_with('#')
            || time.is_ok_and(|time| (time < middle) == line.contains("replica=\"a\""))
    };
    let lines = pair.split_inclusive('\n');
    let broken: String = lines.filter(|line| is_there(&line.trim_end())).collect();
    for server in servers(&broken) {
        let said = plan(&with(&server, Engine::Raw));
        assert!(!said.contains("alone of"), "{said}");
        let (series, _) = by_pod(&options(&server.url, HOURS), &all);
        for container in &all {
            let (cpu, memory) = samples(&series[&container.pod]);
            assert!(cpu >= 69 && memory >= 71, "{cpu} {memory}");
        }
    }
}

/// The summary has usage but no throttling, which cAdvisor has of some.
#[test]
fn throttling_is_read_from_the_source_that_has_it() {
    let all = containers(8);
    let (some, _) = halves(&all);
    let text = together(&[
        text(&some, &[CADVISOR], SECONDS, 60),
        text(&all, &[RESOURCE], SECONDS, 60),
    ]);
    let Some(server) = start(&text, &[]) else {
        return;
    };
    let (series, _) = by_pod(&options(&server.url, HOURS), &all);
    let throttled = series.values().filter(|series| !series.more.is_empty());
    assert_eq!((series.len(), throttled.count()), (8, 4));
}
