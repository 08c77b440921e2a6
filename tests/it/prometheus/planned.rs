//! `--plan`: what would be asked, and nothing of it is.

use kcost::collect::prometheus::{self, Engine, PrometheusOptions};
use kcost::progress::Silent;

use super::faulty::{Faulty, Then};
use super::openmetrics::{CADVISOR, END, containers, text};
use super::server::{prometheus as start, victoria_metrics};
use super::{block_on, everything, options, signals, signals_text};
use crate::common::Kcost;

/// What `kcost COMMAND --plan` says of a server, without its address and its times.
fn planned(command: &[&str], url: &str) -> String {
    let seen = Kcost::new()
        .args(command)
        .args(["--plan", "--prometheus-url", url])
        .run()
        .ended(0);
    assert_eq!(seen.stderr, "");
    let plain = seen.stdout.replace(url, "http://prometheus");
    // The window ends now.
    let lines = plain.lines().filter(|line| !line.contains("window 2"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The same samples, moved to end now: the window of the program does.
pub(super) fn until_now(text: &str) -> String {
    let now = jiff::Timestamp::now().as_second();
    let move_by = (now - END) / 300 * 300;
    let moved = text.lines().map(|line| {
        let (head, time) = line.rsplit_once(' ').unwrap_or((line, ""));
        match time.parse::<i64>() {
            Ok(time) if !line.starts_with('#') => format!("{head} {}\n", time + move_by),
            _ => format!("{line}\n"),
        }
    });
    moved.collect()
}

#[test]
fn analyze_and_snapshot_say_what_they_would_ask() {
    let text = text(&containers(9), &[CADVISOR], 14 * 86_400, 300);
    let Some(server) = start(&until_now(&text), &[]) else {
        return;
    };
    let plan = planned(&["analyze"], &server.url);
    assert_eq!(plan, planned(&["snapshot"], &server.url));
    let lines: Vec<&str> = plan.lines().collect();
    assert_eq!(lines[0], "Prometheus at http://prometheus");
    assert_eq!(lines[1], "  9 series in 3 namespaces, a sample every 5m");
    assert!(
        lines.iter().any(|line| line.contains("4 queries, about ")),
        "{plan}"
    );
    assert!(lines[2].starts_with("  engine chunks: about "), "{plan}");
    assert!(
        lines[2].ends_with("Ki as stored, where the server would compute 108,864 points"),
        "{plan}"
    );
    for reading in ["CPU usage", "memory usage", "CPU throttling"] {
        assert!(plan.contains(reading), "{plan}");
    }
}

/// On a server that does all that it is asked for.
#[test]
fn a_plan_counts_the_requests_of_a_run() {
    let plain = text(&containers(9), &[CADVISOR], 4 * 86_400, 300);
    let signals = signals_text::text(END);
    for (text, has_kills) in [(&plain, false), (&signals, true)] {
        for (server, has_chunks) in [(start(text, &[]), true), (victoria_metrics(text), false)] {
            let Some(server) = server else { return };
            let engines = [
                (Engine::Raw, 20_000),
                (Engine::Pushdown, 1_000_000),
                (Engine::Chunks, 600),
            ];
            for (engine, max_samples) in engines.into_iter().take(2 + usize::from(has_chunks)) {
                let options = PrometheusOptions {
                    engine: Some(engine),
                    max_samples,
                    ..options(&server.url, signals::WINDOW)
                };
                let plan = block_on(prometheus::plan(&options, &everything(), &Silent));
                let plan = plan.unwrap().unwrap();
                let before = server.requests();
                signals::taken(&options);
                let sent = server.requests() - before;
                let conditional = if has_kills { plan.conditional() } else { 0 };
                let said = plan.counting() as usize + plan.queries() + conditional;
                assert_eq!(
                    (sent as usize, plan.conditional() > 0),
                    (said, has_kills),
                    "{plan}"
                );
            }
        }
    }
}

#[test]
fn a_plan_asks_for_no_usage() {
    let server = Faulty::new(None, &[], Then::Well);
    planned(&["analyze"], &server.url);
    assert!(server.requests() > 3);
    assert_eq!(server.usage_queries(), 0);
}

#[test]
fn there_is_no_plan_without_a_prometheus() {
    let seen = Kcost::new()
        .args(["analyze", "--plan", "--no-discovery"])
        .run()
        .ended(3);
    insta::assert_snapshot!(seen.stderr, @"
    error: there is nothing to analyze: no Prometheus to plan for

    hint: name it with `--prometheus-url URL` or `--prometheus-service NAMESPACE/NAME:PORT`
    ");
}

/// Before anything is asked, the cluster included.
#[test]
fn a_url_that_is_none_is_told_at_once() {
    let seen = Kcost::new()
        .args(["analyze", "--prometheus-url", "ftp://me:hush@prometheus"])
        .run()
        .ended(2);
    insta::assert_snapshot!(seen.stderr, @"
    error: `ftp://prometheus` is not a URL of a Prometheus

    hint: write it as `--prometheus-url http://prometheus.monitoring:9090`
    ");
    let folder = tempfile::tempdir().unwrap();
    let file = "goal: balanced\nprometheus-url: http://a b\n";
    std::fs::write(folder.path().join("kcost.yaml"), file).unwrap();
    let seen = Kcost::new()
        .inside(folder.path())
        .arg("analyze")
        .run()
        .ended(2);
    insta::assert_snapshot!(seen.stderr, @"
    error: ./kcost.yaml:2:17: prometheus-url: `http://a b` is not a URL of a Prometheus

    hint: see `kcost config --schema` for what a file may say
    ");
}
