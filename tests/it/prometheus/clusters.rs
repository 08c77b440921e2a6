//! Several clusters in one store.

use kcost::collect::prometheus::{self, PrometheusError, PrometheusOptions};
use kcost::progress::Silent;
use kcost::snapshot::Gap;
use kcost::units::Span;

use super::openmetrics::{CADVISOR, Container, END, Job, containers, text};
use super::server::{Server, prometheus as start, victoria_metrics};
use super::{block_on, by_pod, everything, options};

const DAY: i64 = 86_400;

/// What one Prometheus says of its cluster.
fn job(labels: &'static str) -> Job {
    Job { labels, ..CADVISOR }
}

/// The same pods with other use, as another cluster has them.
fn elsewhere(count: u32) -> Vec<Container> {
    let others = containers(count).into_iter();
    others
        .map(|container| Container {
            number: container.number + 40,
            ..container
        })
        .collect()
}

/// Two clusters with these labels.
fn two(here: &'static str, there: &'static str) -> String {
    together(&[
        text(&containers(3), &[job(here)], DAY, 60),
        text(&elsewhere(3), &[job(there)], DAY, 60),
    ])
}

fn together(texts: &[String]) -> String {
    let samples = texts.iter().map(|text| text.trim_end_matches("# EOF\n"));
    samples.collect::<String>() + "# EOF\n"
}

fn servers(text: &str) -> Vec<Server> {
    [start(text, &[]), victoria_metrics(text)]
        .into_iter()
        .flatten()
        .collect()
}

/// What is read, or why nothing is: the largest CPU of the first pod, and gaps.
fn taken(options: &PrometheusOptions) -> Result<(f32, Vec<Gap>), PrometheusError> {
    block_on(prometheus::usage(options, &everything(), &Silent))?;
    let (series, gaps) = by_pod(options, &containers(3));
    let first = &series[&containers(1)[0].pod];
    let most = first.cpu_cores.iter().copied().fold(0.0, f32::max);
    Ok((most, gaps))
}

fn refused(server: &Server, options: &PrometheusOptions) -> String {
    let error = taken(options).unwrap_err();
    let text = format!("{error}\nhint: {}", error.hint().unwrap_or_default());
    text.replace(&server.url, "http://prometheus")
}

/// The largest CPU of the first pod of one cluster alone: 0.25 here, 0.65 there.
const HERE: f32 = 0.25;

fn is_here(most: f32) -> bool {
    (most - HERE).abs() < 0.01
}

/// What the label chooses is this cluster, whole.
fn is_here_alone(options: PrometheusOptions, label: &str) {
    let chosen = PrometheusOptions {
        matchers: vec![label.parse().unwrap()],
        ..options
    };
    let (most, gaps) = taken(&chosen).unwrap();
    assert!(is_here(most) && gaps.is_empty(), "{most} {gaps:?}");
}

#[test]
fn two_clusters_are_never_taken_for_one() {
    for server in servers(&two(",cluster=\"a\"", ",cluster=\"b\"")) {
        let options = options(&server.url, Span::DAY);
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused(&server, &options), @"
            Prometheus at http://prometheus holds several clusters: `cluster` is `a`, `b`
            hint: choose the one of this cluster: `--prometheus-label cluster=a`
            ");
        }
        is_here_alone(options, "cluster=a");
    }
}

#[test]
fn the_one_that_the_kubeconfig_means_is_found() {
    let text = two(",k8s_cluster_name=\"prod\"", ",k8s_cluster_name=\"test\"");
    let Some(server) = start(&text, &[]) else {
        return;
    };
    let named = |name: &str| PrometheusOptions {
        cluster: vec![name.to_owned()],
        ..options(&server.url, Span::DAY)
    };
    for name in ["prod", "arn:aws:eks:eu-west-1:1:cluster/prod", "admin@prod"] {
        let (most, gaps) = taken(&named(name)).unwrap();
        assert!(is_here(most) && gaps.is_empty(), "{name}: {most}");
    }
    let work = async {
        let options = named("prod");
        prometheus::usage(&options, &everything(), &Silent).await
    };
    let cluster = block_on(work).unwrap().cluster.unwrap();
    assert_eq!(cluster.to_string(), "k8s_cluster_name=prod");
    insta::assert_snapshot!(refused(&server, &named("testing")), @"
    Prometheus at http://prometheus holds several clusters: `k8s_cluster_name` is `prod`, `test`
    hint: choose the one of this cluster: `--prometheus-label k8s_cluster_name=test`
    ");
}

#[test]
fn a_label_of_other_metrics_is_no_reason_to_ask() {
    let other = "# TYPE es_health gauge\nes_health{cluster=\"logs\"} 1 1795391000\n\
                 es_health{cluster=\"shop\"} 1 1795391000\n";
    let text = text(&containers(3), &[CADVISOR], DAY, 60);
    let text = together(&[text, format!("{other}# EOF\n")]);
    for server in servers(&text) {
        let (most, gaps) = taken(&options(&server.url, Span::DAY)).unwrap();
        assert!(is_here(most) && gaps.is_empty(), "{gaps:?}");
    }
}

#[test]
fn a_cluster_in_half_of_the_scrapes_of_the_same_containers_is_one() {
    let path = Job {
        path: "/metrics/resource",
        throttling: false,
        ..job(",cluster=\"a\"")
    };
    let text = text(&containers(3), &[CADVISOR, path], DAY, 60);
    for server in servers(&text) {
        let (most, gaps) = taken(&options(&server.url, Span::DAY)).unwrap();
        assert!(is_here(most) && gaps.is_empty(), "{gaps:?}");
    }
    // But not where each has its own.
    let [mine, theirs] = [&containers(4)[..2], &containers(4)[2..]];
    let text = together(&[
        super::openmetrics::text(mine, &[CADVISOR], DAY, 60),
        super::openmetrics::text(theirs, &[job(",cluster=\"a\"")], DAY, 60),
    ]);
    let Some(server) = start(&text, &[]) else {
        return;
    };
    insta::assert_snapshot!(refused(&server, &options(&server.url, Span::DAY)), @"
    Prometheus at http://prometheus holds several clusters: `cluster` is `a`, or is not there
    hint: choose the one of this cluster: `--prometheus-label cluster=`
    ");
}

#[test]
fn a_cluster_that_was_renamed_is_one() {
    let whole = text(&containers(3), &[job(",cluster=\"new\"")], DAY, 60);
    let half = END - DAY / 2;
    let renamed: String = whole
        .lines()
        .map(|line| {
            let time = line
                .rsplit(' ')
                .next()
                .and_then(|time| time.parse::<i64>().ok());
            match time {
                Some(time) if !line.starts_with('#') && time < half => {
                    line.replace("\"new\"", "\"old\"") + "\n"
                }
                _ => format!("{line}\n"),
            }
        })
        .collect();
    let Some(server) = victoria_metrics(&renamed) else {
        return;
    };
    let (most, gaps) = taken(&options(&server.url, Span::DAY)).unwrap();
    assert!(is_here(most) && gaps.is_empty(), "{gaps:?}");
}

const POD_A: &str =
    "id=\"/kubepods/pod05b3ee07-a2bd-47e7-9599-7961201f20dd/x\",instance=\"10.0.0.1:10250\"";
const POD_B: &str =
    "id=\"/kubepods/pod7795cf5d-c2cd-4fb8-ad30-f5b0d9e2b642/y\",instance=\"10.0.0.9:10250\"";

/// Labels for a test, which live as long as it.
fn labels(text: &str) -> &'static str {
    format!(",{text}").leak()
}

#[test]
fn any_label_that_tells_two_of_one_name_apart_is_named() {
    let here = labels(&format!("{POD_A},env=\"live\",zone=\"z1\""));
    let there = labels(&format!("{POD_B},env=\"test\",zone=\"z2\""));
    for server in servers(&two(here, there)) {
        let options = options(&server.url, Span::DAY);
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused(&server, &options), @"
            Prometheus at http://prometheus holds several clusters: `env` is `live`, `test`
            hint: choose the one of this cluster: `--prometheus-label env=live`
            ");
        }
        is_here_alone(options, "env=live");
    }
}

#[test]
fn one_container_that_two_scrape_is_one_whatever_they_call_themselves() {
    let here = labels(&format!("{POD_A},prometheus=\"mon/a\""));
    let there = labels(&format!("{POD_A},prometheus=\"mon/b\""));
    let text = text(&containers(3), &[job(here), job(there)], DAY, 60);
    for server in servers(&text) {
        let (most, gaps) = taken(&options(&server.url, Span::DAY)).unwrap();
        assert!(is_here(most) && gaps.is_empty(), "{gaps:?}");
    }
}

#[test]
fn a_pod_that_has_moved_is_no_second_cluster() {
    let here = labels(&format!("{POD_A},zone=\"z1\""));
    let there = labels(&format!("{POD_B},zone=\"z2\""));
    let before = text(&containers(3), &[job(here)], DAY, 60);
    let after = text(&containers(3), &[job(there)], 120, 60);
    for server in servers(&together(&[before, after])) {
        let (_, gaps) = taken(&options(&server.url, Span::DAY)).unwrap();
        assert_eq!(gaps, []);
    }
}

#[test]
fn two_of_one_name_that_nothing_tells_apart_are_a_gap() {
    let text = two(labels(POD_A), labels(POD_B));
    let Some(server) = start(&text, &[]) else {
        return;
    };
    let (_, gaps) = taken(&options(&server.url, Span::DAY)).unwrap();
    let told: Vec<String> = gaps
        .iter()
        .map(|gap| format!("{}: {}", gap.code, gap.text))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"several-clusters: containers run at two places at a time, such as team-00/app-0-6dfdf5796f-bbbbb/main on 10.0.0.1:10250 and 10.0.0.9:10250, and no label tells them apart: it may hold several clusters");
}
