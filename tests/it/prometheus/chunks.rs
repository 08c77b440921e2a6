//! What is decoded from chunks is what a real Prometheus computes from them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kcost::collect::prometheus::{self, Engine, PrometheusOptions};
use kcost::progress::Silent;
use kcost::snapshot::Series;
use kcost::units::Span;

use super::between::{Between, Fate};
use super::openmetrics::{CADVISOR, Container, END, Job, OFFSET, containers, text};
use super::server::{Server, prometheus as start, prometheus_of, victoria_metrics};
use super::{block_on, by_pod, everything, options, place};

const CPU: &str = "container_cpu_usage_seconds_total";
const MEMORY: &str = "container_memory_working_set_bytes";
const PERIODS: &str = "container_cpu_cfs_periods_total";
const THROTTLED: &str = "container_cpu_cfs_throttled_periods_total";

fn with(options: &PrometheusOptions, engine: Engine) -> PrometheusOptions {
    PrometheusOptions {
        engine: Some(engine),
        ..options.clone()
    }
}

fn apart(one: f32, other: f32) -> bool {
    one.is_nan() != other.is_nan() || (one - other).abs() > 1e-5 * one.abs().max(1e-6)
}

/// Both engines see the same slots of the same containers; how many samples they are.
fn alike(options: &PrometheusOptions, containers: &[Container]) -> usize {
    let read = |engine| by_pod(&with(options, engine), containers);
    let ((raw, raw_gaps), (chunks, gaps)) = (read(Engine::Raw), read(Engine::Chunks));
    assert_eq!(gaps, raw_gaps);
    assert_eq!(
        raw.keys().collect::<Vec<_>>(),
        chunks.keys().collect::<Vec<_>>()
    );
    let mut samples = 0;
    for (pod, raw) in &raw {
        let chunks = &chunks[pod];
        assert_eq!(
            (raw.first, raw.len()),
            (chunks.first, chunks.len()),
            "{pod}"
        );
        samples += same(pod, &raw.cpu_cores, &chunks.cpu_cores);
        samples += same(pod, &raw.memory_bytes, &chunks.memory_bytes);
        samples += same(pod, &throttled(raw), &throttled(chunks));
    }
    samples
}

fn throttled(series: &Series) -> Vec<f32> {
    let more = series.more.iter();
    more.flat_map(|(_, values)| values.every().into_owned())
        .collect()
}

fn same(pod: &str, raw: &[f32], chunks: &[f32]) -> usize {
    assert_eq!(raw.len(), chunks.len(), "{pod}");
    for (slot, (raw, chunks)) in raw.iter().zip(chunks).enumerate() {
        assert!(!apart(*raw, *chunks), "{pod} {slot}: {raw} {chunks}");
    }
    raw.iter().filter(|value| !value.is_nan()).count()
}

/// Text of series by hand.
#[derive(Default)]
struct Text(BTreeMap<&'static str, String>);

impl Text {
    fn series(
        mut self,
        metric: &'static str,
        container: &Container,
        labels: &str,
        samples: impl IntoIterator<Item = (i64, f64)>,
    ) -> Self {
        let text = self.0.entry(metric).or_default();
        for (time, value) in samples {
            let _ = writeln!(
                text,
                "{metric}{{namespace=\"{}\",pod=\"{}\",container=\"{}\"{labels}}} {value} {time}",
                container.namespace, container.pod, container.name
            );
        }
        self
    }

    fn written(&self) -> String {
        let mut text = String::new();
        for (metric, lines) in &self.0 {
            let family = metric.trim_end_matches("_total");
            let kind = if family == *metric {
                "gauge"
            } else {
                "counter"
            };
            let _ = write!(text, "# TYPE {family} {kind}\n{lines}");
        }
        text + "# EOF\n"
    }
}

/// Times of scrapes in the last hours, some of them missing.
fn times(hours: i64, interval: i64, missing: impl Fn(i64) -> bool) -> Vec<i64> {
    let first = END - hours * 3_600 + OFFSET;
    let all = (0..hours * 3_600 / interval).map(|at| first + at * interval);
    all.filter(|time| !missing((time - first) / interval))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "test data is small")]
fn counter(times: &[i64], restart: usize, speed: f64) -> Vec<(i64, f64)> {
    let since = |at: usize| {
        if at < restart {
            times[0]
        } else {
            times[restart]
        }
    };
    let value = |(at, time): (usize, &i64)| {
        let wave = (at % 7) as f64;
        (*time, (time - since(at)) as f64 * speed + wave * speed)
    };
    times.iter().enumerate().map(value).collect()
}

#[expect(clippy::cast_precision_loss, reason = "test data is small")]
fn gauge(times: &[i64], scale: f64) -> Vec<(i64, f64)> {
    let value = |(at, time): (usize, &i64)| (*time, (1e8 + (at * at % 97) as f64 * scale).round());
    times.iter().enumerate().map(value).collect()
}

/// A second Prometheus that scrapes the same.
const REPLICA: Job = Job {
    labels: ",prometheus_replica=\"1\"",
    ..CADVISOR
};

const DAY: Span = Span::DAY;

#[test]
fn chunks_come_to_the_points_that_a_server_computes() {
    let containers = containers(9);
    for interval in [15, 30, 60, 120, 300] {
        for jobs in [&[CADVISOR][..], &[CADVISOR, REPLICA]] {
            let text = text(&containers, jobs, 86_400, interval);
            let Some(server) = start(&text, &[]) else {
                return;
            };
            let samples = alike(&options(&server.url, DAY), &containers);
            assert!(samples > 9 * 288 * 2, "{interval}: {samples}");
        }
    }
}

#[test]
fn restarts_gaps_and_containers_that_come_and_go_are_the_same() {
    let containers = containers(5);
    let (whole, torn) = (times(24, 60, |_| false), times(24, 60, |at| at % 90 > 70));
    let (short, rare) = (&whole[200..230], times(24, 300, |at| at % 50 == 3));
    let text = Text::default()
        .series(CPU, &containers[0], "", counter(&whole, 700, 0.3))
        .series(CPU, &containers[1], "", counter(&torn, 33, 2.5))
        .series(CPU, &containers[2], "", counter(short, 10, 0.01))
        .series(CPU, &containers[3], "", counter(&rare, 100, 1.0))
        .series(CPU, &containers[4], "", counter(&whole[..1], 0, 1.0))
        .series(MEMORY, &containers[0], "", gauge(&whole, 1e5))
        .series(MEMORY, &containers[1], "", gauge(&torn, 1e6))
        .series(MEMORY, &containers[2], "", gauge(short, 0.0))
        .series(MEMORY, &containers[3], "", gauge(&rare, 7.0))
        .series(MEMORY, &containers[4], "", gauge(&whole[..1], 1.0))
        .written();
    let Some(server) = start(&text, &[]) else {
        return;
    };
    assert!(alike(&options(&server.url, DAY), &containers) > 1_500);
}

#[test]
fn cpus_add_up_and_their_total_is_not_added() {
    let containers = containers(3);
    let times = times(24, 60, |_| false);
    let mut text = Text::default();
    for container in &containers {
        for cpu in ["cpu00", "cpu01", "cpu02"] {
            // The first has no total.
            let labels = format!(",cpu=\"{cpu}\",id=\"/{}\"", container.number);
            text = text.series(CPU, container, &labels, counter(&times, 300, 0.2));
        }
        if container.number > 0 {
            let labels = format!(",cpu=\"total\",id=\"/{}\"", container.number);
            text = text.series(CPU, container, &labels, counter(&times, 300, 0.6));
        }
        text = text.series(MEMORY, container, "", gauge(&times, 1e5));
    }
    let Some(server) = start(&text.written(), &[]) else {
        return;
    };
    assert!(alike(&options(&server.url, DAY), &containers) > 1_500);
}

/// A sample that is no number, or larger than any, is a hole of the slots that see it, and
/// both engines name the same containers.
#[test]
fn samples_that_cannot_be_are_holes_of_their_slots() {
    let odd = [f64::NAN, f64::INFINITY, -f64::INFINITY, 1e22, 1e300, -5.0];
    let containers = containers(9);
    let times = times(24, 60, |_| false);
    let mut text = Text::default();
    for container in &containers {
        let number = usize::try_from(container.number).unwrap();
        let spoil = |samples: Vec<(i64, f64)>| {
            let each = samples.into_iter().enumerate();
            let each = each.map(|(at, (time, value))| match odd.get(number) {
                Some(odd) if at % 97 == 50 => (time, *odd),
                // At the very beginning.
                None if number == 6 && at == 0 => (time, f64::NAN),
                None if number == 7 && at < 40 => (time, f64::NAN),
                _ => (time, value),
            });
            each.collect::<Vec<_>>()
        };
        text = text
            .series(CPU, container, "", spoil(counter(&times, 700, 0.3)))
            .series(MEMORY, container, "", spoil(gauge(&times, 1e6)))
            .series(PERIODS, container, "", spoil(counter(&times, 700, 10.0)))
            .series(THROTTLED, container, "", counter(&times, 700, 2.0));
    }
    let Some(server) = start(&text.written(), &[]) else {
        return;
    };
    assert!(alike(&options(&server.url, DAY), &containers) > 6_000);
}

#[test]
fn cpus_whose_total_takes_over_leave_no_hole() {
    let containers = containers(2);
    let times = times(24, 60, |_| false);
    let (before, after) = times.split_at(700);
    let mut text = Text::default();
    for container in &containers {
        for cpu in ["cpu00", "cpu01", "cpu02"] {
            let labels = format!(",cpu=\"{cpu}\"");
            text = text.series(CPU, container, &labels, counter(before, 700, 0.2));
        }
        // As a counter of the kernel, which goes on from where it was.
        let total = counter(after, 700, 0.6).into_iter();
        let total = total.map(|(time, value)| (time, value + 1e4));
        text = text.series(CPU, container, ",cpu=\"total\"", total).series(
            MEMORY,
            container,
            "",
            gauge(&times, 1e5),
        );
    }
    let Some(server) = start(&text.written(), &[]) else {
        return;
    };
    for engine in [Engine::Chunks, Engine::Raw] {
        let (series, gaps) = by_pod(&with(&options(&server.url, DAY), engine), &containers);
        assert_eq!(gaps, []);
        for series in series.values() {
            let cpu = &series.cpu_cores;
            let low = cpu[2..cpu.len() - 1].iter().filter(|it| **it < 0.55);
            assert!(low.count() <= 2, "{engine}: {cpu:?}");
            let least = cpu[2..cpu.len() - 1].iter().copied().reduce(f32::min);
            let most = if engine == Engine::Chunks { 0.25 } else { 0.05 };
            assert!(least.unwrap() > most, "{engine}: {least:?}");
        }
    }
}

#[test]
fn throttling_is_the_ratio_of_the_same_series() {
    let containers = containers(4);
    let times = times(24, 60, |_| false);
    let mut text = Text::default();
    for container in &containers {
        for id in ["a", "b"] {
            let labels = format!(",id=\"{id}\"");
            let speed = 10.0 + f64::from(container.number);
            text = text
                .series(CPU, container, &labels, counter(&times, 300, 0.2))
                .series(MEMORY, container, &labels, gauge(&times, 1e5))
                .series(PERIODS, container, &labels, counter(&times, 300, speed));
            if container.number > 0 {
                let throttled = counter(&times, 300, speed / 4.0);
                text = text.series(THROTTLED, container, &labels, throttled);
            }
        }
    }
    let Some(server) = start(&text.written(), &[]) else {
        return;
    };
    assert!(alike(&options(&server.url, DAY), &containers) > 2_500);
}

/// As late samples and a second writer make them.
#[test]
fn blocks_that_overlap_count_once() {
    let containers = containers(3);
    let all = times(24, 60, |_| false);
    let part = |times: &[i64]| {
        let each = containers.iter();
        let text = each.fold(Text::default(), |text, container| {
            let of = |all: Vec<(i64, f64)>| all.into_iter().filter(|it| times.contains(&it.0));
            text.series(CPU, container, "", of(counter(&all, 500, 0.5)))
                .series(MEMORY, container, "", of(gauge(&all, 1e6)))
        });
        text.written()
    };
    let late: Vec<i64> = all.iter().copied().skip(300).step_by(3).collect();
    let early: Vec<i64> = all
        .iter()
        .copied()
        .filter(|it| !late.contains(it))
        .collect();
    let Some(server) = prometheus_of(&[&part(&early), &part(&late), &part(&all[100..400])], &[])
    else {
        return;
    };
    assert!(alike(&options(&server.url, DAY), &containers) > 1_500);
}

#[test]
fn chunks_in_many_requests_are_those_of_few() {
    let Some(server) = fortnight() else { return };
    let containers = containers(21);
    let few = with(&options(&server.url, Span::days(14)), Engine::Chunks);
    let mut many = few.clone();
    many.max_samples = 600;
    let plan = block_on(prometheus::plan(&many, &everything(), &Silent));
    let plan = plan.unwrap().unwrap();
    assert!(plan.queries() > 30, "{}", plan.queries());
    let (one, other) = (by_pod(&few, &containers), by_pod(&many, &containers));
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
    assert_eq!(one.1, []);
}

fn fortnight() -> Option<Server> {
    start(&text(&containers(21), &[CADVISOR], 14 * 86_400, 300), &[])
}

#[test]
fn a_plan_says_what_chunks_weigh_and_the_server_sends_about_that() {
    let Some(server) = fortnight() else { return };
    let options = options(&server.url, Span::days(14));
    let plan = block_on(prometheus::plan(&options, &everything(), &Silent));
    let text = plan.unwrap().unwrap().to_string();
    let text = text.replace(&server.url, "http://prometheus");
    insta::assert_snapshot!(text, @r"
    Prometheus at http://prometheus
      21 series in 6 namespaces, a sample every 5m
      window 2026-11-09T00:00:00Z to 2026-11-23T00:00:00Z at 5m, with data since 2026-11-09T00:00:00Z
      engine chunks: about 1018Ki as stored, where the server would compute 254,016 points
    4 queries, about 1018Ki of chunks, at most 128Mi and 48,000,000 samples each; 16 more count, as now
      CPU usage                               285Ki   14d of history  team-00, team-01, team-02 and 3 more
      memory usage                            163Ki   14d of history  team-00, team-01, team-02 and 3 more
      CPU throttling                          570Ki   14d of history  team-00, team-01, team-02 and 3 more
      owners of pods                the index alone   14d of history  all namespaces
    ");
}

#[test]
fn a_server_without_chunks_is_asked_in_queries_and_it_is_said() {
    let Some(server) = fortnight() else { return };
    let containers = containers(21);
    let whole = by_pod(&with(&options(&server.url, DAY), Engine::Raw), &containers);
    for (status, text, why) in [
        (
            404,
            "404 page not found",
            "the server offers no chunks (404)",
        ),
        (
            400,
            "remote read is not supported",
            "the server offers no chunks (400)",
        ),
        (405, "", "the server offers no chunks (405)"),
        (501, "not implemented", "the server offers no chunks (501)"),
        (
            403,
            "no",
            "the server does not let kcost ask for chunks (403)",
        ),
    ] {
        let between = Between::new(&server.url, move |asked| match asked.path.as_str() {
            "/api/v1/read" => Fate::Say(status, "", text.to_owned()),
            _ => Fate::Pass,
        });
        let options = options(&between.url, DAY);
        let plan = block_on(prometheus::plan(&options, &everything(), &Silent));
        let plan = plan.unwrap().unwrap().to_string();
        assert!(
            plan.contains("engine raw: ") && plan.contains(why),
            "{plan}"
        );
        assert_eq!(
            format!("{:?}", by_pod(&options, &containers)),
            format!("{whole:?}")
        );
        let asked = between.heard();
        let reads = asked.iter().filter(|it| it.path == "/api/v1/read").count();
        assert_eq!(reads, 2, "once a plan, once a run");
        let error = super::read(&with(&options, Engine::Chunks)).unwrap_err();
        assert!(
            error.to_string().contains("`--engine chunks` needs them"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("leave out `--engine`"));
    }
    // What says that all is well, and sends something else, offers none either.
    let page = Between::new(&server.url, |asked| match asked.path.as_str() {
        "/api/v1/read" => Fate::Say(200, "Content-Type: text/html\r\n", "<html>".to_owned()),
        _ => Fate::Pass,
    });
    let seen = by_pod(&options(&page.url, DAY), &containers);
    assert_eq!(format!("{seen:?}"), format!("{whole:?}"));
}

/// As Mimir and Cortex have it: under a prefix, for a tenant that a header names.
#[test]
fn chunks_come_from_a_store_of_many_tenants_under_a_prefix() {
    let Some(server) = fortnight() else { return };
    let containers = containers(21);
    let store = Between::new(&server.url, |asked| {
        let path = asked.path.strip_prefix("/prometheus");
        match path.filter(|_| asked.has_header("x-scope-orgid")) {
            Some(path) => Fate::PassTo(path.to_owned()),
            None => Fate::Say(401, "", "no org id".to_owned()),
        }
    });
    let mut tenant = options(&format!("{}/prometheus", store.url), DAY);
    tenant.access.headers = vec!["X-Scope-OrgID: team-a".parse().unwrap()];
    let taken = block_on(prometheus::usage(&tenant, &everything(), &Silent)).unwrap();
    assert_eq!((taken.engine, taken.gaps), (Engine::Chunks, vec![]));
    let direct = options(&server.url, DAY);
    let (seen, whole) = (by_pod(&tenant, &containers), by_pod(&direct, &containers));
    assert_eq!(format!("{seen:?}"), format!("{whole:?}"));
    assert!(alike(&tenant, &containers) > 21 * 288 * 2);
    let asked = store.heard();
    assert!(
        asked
            .iter()
            .all(|it| it.path.starts_with("/prometheus/api/v1/"))
    );
    assert!(asked.iter().any(|it| it.path.ends_with("/read")));
}

/// A range has both its ends there, so that a slot sees the last sample of the one before.
#[test]
fn scrapes_at_whole_steps_are_seen_as_the_server_sees_them() {
    let containers = containers(3);
    for interval in [60, 100, 300] {
        let whole = |time: i64| time - OFFSET;
        let times: Vec<i64> = times(24, interval, |at| at % 40 == 7);
        let times: Vec<i64> = times.into_iter().map(whole).collect();
        let mut text = Text::default();
        for container in &containers {
            let speed = 0.1 + f64::from(container.number);
            text = text
                .series(CPU, container, "", counter(&times, 200, speed))
                .series(MEMORY, container, "", gauge(&times, 1e6));
        }
        let Some(server) = start(&text.written(), &[]) else {
            return;
        };
        assert!(alike(&options(&server.url, DAY), &containers) > 1_500);
    }
}

#[test]
fn victoria_metrics_has_no_chunks_and_loses_nothing() {
    let containers = containers(5);
    let text = text(&containers, &[CADVISOR], 86_400, 60);
    let Some(server) = victoria_metrics(&text) else {
        return;
    };
    let options = options(&server.url, DAY);
    let taken = block_on(prometheus::usage(&options, &everything(), &Silent)).unwrap();
    assert_eq!((taken.engine, taken.gaps), (Engine::Raw, vec![]));
    assert_eq!(place(taken.usage, &containers).0.series.len(), 5);
}

#[test]
fn heavy_chunks_are_left_where_points_are_lighter() {
    // Values without any pattern, 60 of them a slot.
    let containers = containers(2);
    let times = times(6, 5, |_| false);
    let wild = |number: u32| {
        let value = move |(at, time): (usize, &i64)| {
            let at = u64::try_from(at).unwrap() + u64::from(number) * 77;
            let bits = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            #[expect(clippy::cast_precision_loss, reason = "any number will do")]
            (*time, bits as f64 * 1e-3)
        };
        times.iter().enumerate().map(value).collect::<Vec<_>>()
    };
    let text = containers.iter().fold(Text::default(), |text, container| {
        text.series(CPU, container, "", counter(&times, 100, 0.123_456_789))
            .series(MEMORY, container, "", wild(container.number))
    });
    let Some(server) = start(&text.written(), &[]) else {
        return;
    };
    let options = options(&server.url, Span::from_secs(6 * 3_600));
    let plan = block_on(prometheus::plan(&options, &everything(), &Silent));
    let plan = plan.unwrap().unwrap().to_string();
    assert!(plan.contains("engine raw: "), "{plan}");
    assert!(plan.contains("of chunks would take longer"), "{plan}");
}
