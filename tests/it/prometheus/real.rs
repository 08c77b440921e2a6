use std::sync::OnceLock;

use kcost::collect::prometheus::{self, Engine};
use kcost::progress::Silent;
use kcost::snapshot::{Metric, Series};
use kcost::units::Span;

use super::openmetrics::{
    CADVISOR, Container, END, Job, OFFSET, RESOURCE, containers, memory, millicores, owners, text,
};
use super::server::{Server, prometheus as start, victoria_metrics};
use super::{block_on, by_pod, everything, options};

const WEEKS: Span = Span::days(14);
const HOURS: Span = Span::from_secs(6 * 3_600);

/// A second replica of the same Prometheus, in the same store.
const REPLICA: Job = Job {
    labels: ",prometheus_replica=\"b\"",
    ..CADVISOR
};

/// 21 containers, 14 days, scraped every 300 s.
fn fortnight() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| text(&containers(21), &[CADVISOR], 14 * 86_400, 300))
}

fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(|| start(fortnight(), &[])).as_ref()
}

/// Holds what was read of a container against what was written; memory is the
/// largest of `range` seconds.
#[expect(clippy::cast_precision_loss, reason = "test data is small")]
pub(super) fn check(
    series: &Series,
    container: &Container,
    interval: i64,
    range: i64,
    window: Span,
) {
    let from = END - i64::from(window.as_secs());
    let slots = window.as_secs() as usize / 300;
    let steady = |hour: i64, time: i64| {
        // Windows that reach over a change of the rate see something between.
        (time - 3_600..=time).all(|t| {
            millicores(container.number, t.div_euclid(3_600)) == millicores(container.number, hour)
        })
    };
    let mut seen = 0;
    for (at, cpu) in series.cpu_cores.iter().enumerate() {
        let end = from + 300 * (i64::from(series.first) + i64::try_from(at).unwrap() + 1);
        let hour = (end - 1).div_euclid(3_600);
        if cpu.is_nan() {
            continue;
        }
        seen += 1;
        // The first windows reach back to before the first sample.
        if at > 2 && steady(hour, end) {
            let expected = millicores(container.number, hour) as f32 / 1_000.0;
            assert!(
                (cpu - expected).abs() < expected * 0.01,
                "{cpu} {expected} at {end}"
            );
        }
        let bytes = series.memory_bytes[at];
        let expected = (end - range + 1..=end)
            .filter(|time| (END + OFFSET - time) % interval == 0)
            .map(|time| memory(container.number, time))
            .max()
            .unwrap() as f32;
        assert!(
            (bytes - expected).abs() <= 1.0,
            "{bytes} {expected} at {end}"
        );
    }
    // The first scrapes have nothing before them to make a rate of.
    assert!(seen + 2 >= slots, "{seen} of {slots} slots");
}

pub(super) fn check_all(server: &Server, containers: &[Container], window: Span, interval: i64) {
    let (series, gaps) = by_pod(&options(&server.url, window), containers);
    assert_eq!(gaps, []);
    assert_eq!(series.len(), containers.len());
    let range = 300.max(interval * 11 / 10);
    for container in containers {
        check(&series[&container.pod], container, interval, range, window);
    }
}

#[test]
fn two_weeks_come_back_from_prometheus() {
    let Some(server) = shared() else { return };
    check_all(server, &containers(21), WEEKS, 300);
}

#[test]
fn two_weeks_come_back_from_victoria_metrics() {
    let Some(server) = victoria_metrics(fortnight()) else {
        return;
    };
    check_all(&server, &containers(21), WEEKS, 300);
}

#[test]
fn every_scrape_interval_gives_usage_of_every_container() {
    for interval in [15, 60] {
        let containers = containers(6);
        let text = text(&containers, &[CADVISOR], 6 * 3_600, interval);
        let Some(server) = start(&text, &[]) else {
            return;
        };
        check_all(&server, &containers, HOURS, interval);
        let Some(server) = victoria_metrics(&text) else {
            return;
        };
        check_all(&server, &containers, HOURS, interval);
    }
}

#[test]
fn throttled_periods_are_a_share_of_all() {
    let Some(server) = shared() else { return };
    let containers = containers(21);
    let (series, _) = by_pod(&options(&server.url, Span::DAY), &containers);
    let ratios = &series[&containers[3].pod].more[&Metric::CpuThrottledRatio];
    let known: Vec<f32> = ratios
        .every()
        .iter()
        .copied()
        .filter(|ratio| !ratio.is_nan())
        .collect();
    assert!(known.len() > 280);
    assert!(known.iter().all(|ratio| (ratio - 0.25).abs() < 0.01));
}

#[test]
fn series_that_are_scraped_twice_do_not_double() {
    let containers = containers(5);
    for jobs in [&[CADVISOR, RESOURCE][..], &[CADVISOR, REPLICA], &[RESOURCE]] {
        let text = text(&containers, jobs, 6 * 3_600, 60);
        let Some(server) = start(&text, &[]) else {
            return;
        };
        check_all(&server, &containers, HOURS, 60);
    }
}

#[test]
fn a_plan_says_what_it_costs_without_reading() {
    let Some(server) = shared() else { return };
    let mut options = options(&server.url, WEEKS);
    options.max_samples = 200_000;
    options.engine = Some(Engine::Raw);
    let plan = block_on(prometheus::plan(&options, &everything(), &Silent))
        .unwrap()
        .unwrap();
    let text = plan.to_string().replace(&server.url, "http://prometheus");
    insta::assert_snapshot!(text, @"
    Prometheus at http://prometheus
      21 series in 6 namespaces, a sample every 5m
      window 2026-11-09T00:00:00Z to 2026-11-23T00:00:00Z at 5m, with data since 2026-11-09T00:00:00Z
      engine raw: as `--engine` says
    7 queries, about 1,066,869 samples, at most 200,000 each; 11 more count, as now
      CPU usage                     183,456 samples   14d of history  team-00, team-01, team-02, team-05
      CPU usage                     112,896 samples   14d of history  team-03, team-04
      memory usage                  177,813 samples   14d of history  team-00, team-01, team-02 and 3 more
      CPU throttling                197,568 samples  4.7d of history  team-00, team-01, team-02 and 3 more
      CPU throttling                197,568 samples  4.7d of history  team-00, team-01, team-02 and 3 more
      CPU throttling                197,568 samples  4.7d of history  team-00, team-01, team-02 and 3 more
      owners of pods                the index alone   14d of history  all namespaces
    ");
}

#[test]
fn many_small_queries_give_the_same_as_few_large_ones() {
    let Some(server) = shared() else { return };
    let containers = containers(21);
    let few = options(&server.url, WEEKS);
    let mut many = few.clone();
    many.max_samples = 20_000;
    many.engine = Some(Engine::Raw);
    let plan = block_on(prometheus::plan(&many, &everything(), &Silent))
        .unwrap()
        .unwrap();
    assert!(plan.queries() > 30, "{}", plan.queries());
    assert_eq!(
        format!("{:?}", by_pod(&few, &containers)),
        format!("{:?}", by_pod(&many, &containers))
    );
}

#[test]
fn a_server_with_a_low_limit_is_asked_for_less() {
    let Some(server) = start(fortnight(), &["--query.max-samples=12000"]) else {
        return;
    };
    check_all(&server, &containers(21), WEEKS, 300);
}

#[test]
fn only_namespaces_in_scope_are_read() {
    let Some(server) = shared() else { return };
    let scope = kcost::collect::Scope::new(&["team-0[12]".to_owned(), "!team-02".to_owned()], None);
    let options = options(&server.url, Span::DAY);
    let taken = block_on(prometheus::usage(&options, &scope.unwrap(), &Silent)).unwrap();
    let (usage, _) = super::place(taken.usage, &containers(21));
    let pods: Vec<&str> = usage
        .series
        .iter()
        .map(|series| series.pod.as_str())
        .collect();
    assert_eq!(pods.len(), 4);
    assert!(
        pods.iter()
            .all(|pod| (4..8).any(|n| pod.starts_with(&format!("app-{n}-"))))
    );
}

#[test]
fn pods_that_are_gone_are_mapped_by_what_kube_state_metrics_says() {
    let text = owners(&[
        ("strange-1", "set-a", "app-0"),
        ("strange-2", "set-b", "app-1"),
    ]);
    for server in [start(&text, &[]), victoria_metrics(&text)] {
        let Some(server) = server else { return };
        let options = options(&server.url, Span::DAY);
        let (owners, gaps) =
            block_on(prometheus::owners(&options, &everything(), &Silent)).unwrap();
        assert_eq!((owners.len(), gaps), (4, vec![]));
        let mut resolved = super::resolved(&containers(4));
        let app = |resolved: &kcost::collect::Resolved, pod: &str| {
            let found = resolved.pods.find("team-00", pod)?;
            let place = usize::try_from(found.0).unwrap();
            Some((resolved.workloads[place].id.name.clone(), found.1))
        };
        assert_eq!(app(&resolved, "strange-2"), None);
        owners.teach(&mut resolved.pods);
        let found = Some(("app-1".to_owned(), kcost::collect::MappedBy::Metrics));
        assert_eq!(app(&resolved, "strange-2"), found);
    }
}

#[test]
fn a_label_narrows_what_a_store_of_many_clusters_gives() {
    let Some(server) = shared() else { return };
    let mut options = options(&server.url, Span::DAY);
    options.matchers = vec!["namespace=team-03".parse().unwrap()];
    assert_eq!(by_pod(&options, &containers(21)).0.len(), 4);
    options.matchers = vec!["cluster=prod".parse().unwrap()];
    let (series, gaps) = by_pod(&options, &containers(21));
    assert!(series.is_empty());
    assert_eq!(gaps[0].code, "no-usage");
}
