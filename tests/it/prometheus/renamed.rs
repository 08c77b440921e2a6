//! Stores in which metrics and labels have other names.

use std::fs;

use kcost::collect::prometheus::{self, Engine, Names, PrometheusOptions};
use kcost::progress::Silent;
use kcost::units::Span;

use super::openmetrics::{CADVISOR, END, containers, owners, text};
use super::server::{prometheus as start, victoria_metrics};
use super::{block_on, everything, options, planned, signals, signals_text};
use crate::common::Kcost;

const TABLE: [&str; 5] = [
    "container_*=ours:container_*",
    "kube_*=ours:*:kept",
    "namespace=kubernetes_namespace",
    "pod=pod_name",
    "container=container_name",
];

fn names() -> Names {
    TABLE.iter().map(|text| text.parse().unwrap()).collect()
}

/// The same samples under the other names.
fn renamed(text: &str) -> String {
    let line = |line: &str| {
        let Some((metric, rest)) = line.split_once('{') else {
            return format!("{line}\n");
        };
        let metric = match metric.strip_prefix("kube_") {
            Some(rest) => format!("ours:{rest}:kept"),
            None => metric.replace("container_", "ours:container_"),
        };
        let rest = format!("{{{rest}")
            .replace("{namespace=", "{kubernetes_namespace=")
            .replace(",pod=", ",pod_name=")
            .replace(",container=", ",container_name=");
        format!("{metric}{rest}\n")
    };
    let samples = text.lines().filter(|line| !line.starts_with("# TYPE"));
    samples.map(line).collect()
}

/// Survey, plan, usage by both engines, peaks and signals.
#[test]
fn everything_comes_back_under_other_names() {
    let text = renamed(&signals_text::text(END));
    for server in [start(&text, &[]), victoria_metrics(&text)] {
        let Some(server) = server else { return };
        for engine in [Engine::Raw, Engine::Pushdown] {
            let options = PrometheusOptions {
                engine: Some(engine),
                names: names(),
                ..options(&server.url, signals::WINDOW)
            };
            signals::check(&signals::taken(&options));
        }
    }
}

#[test]
fn owners_come_back_under_other_names() {
    let text = renamed(&owners(&[("strange-1", "set-a", "app-0")]));
    let Some(server) = start(&text, &[]) else {
        return;
    };
    let options = PrometheusOptions {
        names: names(),
        ..options(&server.url, Span::DAY)
    };
    let scope = kcost::collect::Scope::new(&["team-00".to_owned()], None).unwrap();
    for scope in [everything(), scope] {
        let (owners, gaps) = block_on(prometheus::owners(&options, &scope, &Silent)).unwrap();
        assert_eq!((owners.len(), gaps), (2, vec![]));
    }
}

#[test]
fn a_file_says_what_things_are_called() {
    let text = text(&containers(3), &[CADVISOR], 3 * 86_400, 300);
    let Some(server) = start(&renamed(&planned::until_now(&text)), &[]) else {
        return;
    };
    let plan = |table: &str| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("kcost.yaml"), table).unwrap();
        Kcost::new()
            .inside(folder.path())
            .args(["analyze", "--plan", "--prometheus-url", &server.url])
            .run()
    };
    let table = "\
prometheus-names:
  container_*: ours:container_*
  namespace: kubernetes_namespace
  pod: pod_name
  container: container_name
";
    let seen = plan(table).ended(0);
    assert!(
        seen.stdout.contains("3 series in 1 namespaces"),
        "{}",
        seen.stdout
    );
    assert!(seen.stdout.contains("CPU throttling"), "{}", seen.stdout);
    let without = plan("goal: balanced\n").ended(3);
    assert!(
        without.stderr.contains("`prometheus-names`"),
        "{}",
        without.stderr
    );
}
