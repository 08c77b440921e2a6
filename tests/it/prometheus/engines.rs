//! Raw and pushdown lead to the same advice, on a real Prometheus and a real
//! VictoriaMetrics.

use std::collections::BTreeMap;

use kcost::collect::prometheus::{self, Engine};
use kcost::pipeline;
use kcost::progress::Silent;
use kcost::recommend::{self, Advice, State};
use kcost::snapshot::{Series, Snapshot};
use kcost::units::{Bytes, Cpu, Span};

use super::openmetrics::{CADVISOR, Container, containers, text};
use super::server::{Server, prometheus as start, victoria_metrics};
use super::{block_on, everything, lively, options};
use crate::common::Kcost;
use crate::made;

/// Two sizes of CPU that a person would write lie up to 10 % apart; none is
/// further from raw than the next.
const TOLERANCE: f64 = 0.1 + 1e-6;

/// Cores and bytes of CPU request, memory request and memory limit.
type Sizes = [Option<f64>; 3];

fn snapshot(server: &Server, engine: Engine, containers: &[Container]) -> Snapshot {
    let mut options = options(&server.url, Span::days(14));
    options.engine = Some(engine);
    let taken = block_on(prometheus::usage(&options, &everything(), &Silent)).unwrap();
    assert_eq!((taken.engine, taken.gaps), (engine, vec![]));
    let resolved = super::resolved(containers);
    let (usage, gaps) = taken.usage.finish(&resolved.pods);
    assert_eq!(gaps, []);
    Snapshot {
        workloads: resolved.workloads,
        usage,
        ..made::Made::empty().snapshot
    }
}

/// Sizes after the advice of a strategy is followed, by workload. Whether a schedule is worth
/// it, which makes replicas smaller, is no matter of a strategy.
fn sizes(snapshot: &Snapshot, strategy: &str) -> BTreeMap<String, Sizes> {
    let mut settings = made::settings();
    settings.recommend.strategy = recommend::by_name(strategy).unwrap();
    let advised = pipeline::size(snapshot, &settings, &Silent).advised;
    let each = snapshot.workloads.iter().zip(&advised.workloads);
    each.map(|(workload, advice)| {
        let (now, sizing) = (&workload.containers[0], &advice.containers[0].sizing);
        let cpu = sizing.cpu_request.after(now.requests.cpu);
        let request = sizing.memory_request.after(now.requests.memory);
        let limit = sizing.memory_limit.after(now.limits.memory);
        let sizes = [
            cpu.map(Cpu::get),
            request.map(Bytes::to_f64),
            limit.map(Bytes::to_f64),
        ];
        (workload.id.name.clone(), sizes)
    })
    .collect()
}

/// How far sizes are apart at most: the larger ÷ the smaller − 1.
fn apart(raw: &Sizes, pushdown: &Sizes) -> f64 {
    let each = raw.iter().zip(pushdown).map(|(raw, pushdown)| {
        let (raw, pushdown) = (raw.unwrap(), pushdown.unwrap());
        raw.max(pushdown) / raw.min(pushdown) - 1.0
    });
    each.fold(0.0, f64::max)
}

/// Autopilot follows the largest of the last samples, and is further apart
/// where there is heavy noise.
#[test]
fn both_engines_lead_to_the_same_advice() {
    let strategies = [
        ("krr", TOLERANCE),
        ("vpa", TOLERANCE),
        ("calibrated", TOLERANCE),
        ("peak", 0.0),
        ("autopilot", 0.5),
    ];
    compare(14, 300, &strategies);
}

/// A third of the samples of a few days leaves the quantiles of bursts more to
/// chance; peaks it does not.
#[test]
fn engines_are_further_apart_over_a_few_days() {
    compare(4, 60, &[("krr", 0.35), ("vpa", 0.35), ("peak", 0.0)]);
}

/// On both servers, with so many days and so many seconds between scrapes.
fn compare(days: i64, interval: i64, strategies: &[(&str, f64)]) {
    let containers = containers(16);
    let text = lively::text(&containers, days, interval);
    for server in [start(&text, &[]), victoria_metrics(&text)] {
        let Some(server) = server else { return };
        let raw = snapshot(&server, Engine::Raw, &containers);
        let pushdown = snapshot(&server, Engine::Pushdown, &containers);
        assert!(pushdown.usage.samples() * 2 < raw.usage.samples());
        for (strategy, tolerance) in strategies {
            let (raw, pushdown) = (sizes(&raw, strategy), sizes(&pushdown, strategy));
            assert_eq!(raw.len(), 16);
            for (name, raw) in &raw {
                let pushdown = &pushdown[name];
                assert!(
                    apart(raw, pushdown) <= *tolerance,
                    "{strategy} {name}: {raw:?} {pushdown:?}"
                );
            }
        }
    }
}

/// Any usual scrape interval, either engine, either server.
#[test]
fn every_scrape_interval_gives_advice_for_every_container() {
    let (containers, settings) = (containers(5), made::settings());
    for interval in [15, 60, 300] {
        let text = text(&containers, &[CADVISOR], 4 * 86_400, interval);
        for server in [start(&text, &[]), victoria_metrics(&text)] {
            let Some(server) = server else { return };
            for engine in [Engine::Raw, Engine::Pushdown] {
                let snapshot = snapshot(&server, engine, &containers);
                let analysis = pipeline::analyze(&snapshot, &settings, &Silent);
                for advice in &analysis.advised.workloads {
                    let sizing = &advice.containers[0].sizing;
                    assert!(
                        advice.state == State::OverProvisioned
                            && matches!(sizing.cpu_request, Advice::Set(_))
                            && matches!(sizing.memory_request, Advice::Set(_)),
                        "{interval} {engine}: {advice:?}"
                    );
                }
            }
        }
    }
}

/// VictoriaMetrics counts the sample before a range too: the same range would
/// spread a peak over twice the time.
#[test]
fn both_servers_see_the_same_peaks() {
    let containers = containers(8);
    let text = lively::text(&containers, 1, 300);
    let (Some(one), Some(other)) = (start(&text, &[]), victoria_metrics(&text)) else {
        return;
    };
    let one = snapshot(&one, Engine::Raw, &containers);
    let other = snapshot(&other, Engine::Raw, &containers);
    for (one, other) in one.usage.series.iter().zip(&other.usage.series) {
        assert_eq!(one.pod, other.pod);
        let peak = |series: &Series| series.cpu_cores.iter().copied().fold(0.0, f32::max);
        let (one, other) = (peak(one), peak(other));
        assert!((one / other - 1.0).abs() < 0.01, "{one} {other}");
    }
}

#[test]
fn a_server_with_a_low_limit_gives_the_same_peaks() {
    let containers = containers(8);
    let text = lively::text(&containers, 14, 300);
    let Some(whole) = start(&text, &[]) else {
        return;
    };
    let Some(low) = start(&text, &["--query.max-samples=12000"]) else {
        return;
    };
    let whole = snapshot(&whole, Engine::Pushdown, &containers);
    let pieces = snapshot(&low, Engine::Pushdown, &containers);
    assert_eq!(whole.usage.samples(), pieces.usage.samples());
    assert_eq!(sizes(&whole, "peak"), sizes(&pieces, "peak"));
}

#[test]
fn a_plan_says_which_engine_and_what_it_costs() {
    let text = text(&containers(9), &[CADVISOR], 86_400, 60);
    let Some(server) = start(&text, &[]) else {
        return;
    };
    let mut options = options(&server.url, Span::DAY);
    options.engine = Some(Engine::Pushdown);
    let plan = block_on(prometheus::plan(&options, &everything(), &Silent))
        .unwrap()
        .unwrap();
    let text = plan.to_string().replace(&server.url, "http://prometheus");
    insta::assert_snapshot!(text, @"
    Prometheus at http://prometheus
      9 series in 3 namespaces, a sample every 1m
      window 2026-11-22T00:00:00Z to 2026-11-23T00:00:00Z at 15m, with data since 2026-11-22T00:00:00Z
      engine pushdown: as `--engine` says
    5 queries, about 73,440 samples, at most 3,000,000 each; 11 more count, as now
      CPU usage                      16,416 samples    1d of history  team-00, team-01, team-02
      memory usage                   13,824 samples    1d of history  team-00, team-01, team-02
      CPU throttling                 27,648 samples    1d of history  team-00, team-01, team-02
      CPU peaks                      15,552 samples    1d of history  team-00, team-01, team-02
      owners of pods                the index alone    1d of history  all namespaces
    ");
}

#[test]
fn an_engine_that_does_not_work_is_refused() {
    let seen = Kcost::new()
        .args(["analyze", "--plan", "--engine", "pushdown", "--step", "30m"])
        .args(["--prometheus-url", "http://127.0.0.1:1"])
        .run()
        .ended(2);
    insta::assert_snapshot!(seen.stderr, @"
    error: `--engine pushdown` does not work at a step of 30m

    hint: use a `--step` of at most 20m
    ");
}
