//! Counts before anything is read: how many series, since when, how often scraped.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::sleep;

use super::answer::{Labels, Sink};
use super::error::{Failure, PrometheusError};
use super::options::PrometheusOptions;
use super::promql::{Reading, Selection, Source, Words};
use super::server::{Query, Server};
use crate::collect::Scope;
use crate::snapshot::Grid;

/// Moments of the window at which series are counted.
const MOMENTS: u32 = 24;

/// Times that a question is asked when there is trouble.
const TRIES: u32 = 3;

/// Series whose scrape interval is measured, at most about so many.
const MEASURED: f64 = 4_000.0;

/// Scrape intervals that people configure, seconds.
const USUAL: [f64; 14] = [
    1.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 900.0,
];

/// What was counted.
#[derive(Debug, Clone)]
pub(super) struct Survey {
    /// The most containers' series at a time, by namespace in scope.
    pub(super) namespaces: BTreeMap<String, u64>,
    /// The only scrape job to read, where several expose every container.
    pub(super) source: Option<Source>,
    /// Every scrape job that exposes containers.
    pub(super) sources: Vec<Source>,
    /// Seconds between samples.
    pub(super) interval: u32,
    /// Whether the rate of a range starts at the sample before it, as
    /// VictoriaMetrics has it, and not at the first within, as Prometheus has it.
    pub(super) reaches_back: bool,
    /// The first slot that may hold samples.
    pub(super) first: u32,
    /// What there is to read.
    pub(super) readings: Vec<Reading>,
}

impl Survey {
    /// Series of all namespaces together.
    pub(super) fn series(&self) -> u64 {
        self.namespaces.values().sum()
    }
}

/// Series by namespace and source, at each moment.
#[derive(Debug, Default)]
struct Counts {
    namespace: String,
    current: (String, Source),
    cells: BTreeMap<(String, Source), BTreeMap<i64, u64>>,
}

impl Sink for Counts {
    fn series(&mut self, labels: &Labels) {
        let source = Source {
            job: labels.get("job").to_owned(),
            path: labels.get("metrics_path").to_owned(),
        };
        self.current = (labels.get(&self.namespace).to_owned(), source);
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts and Unix seconds are whole and small"
    )]
    fn point(&mut self, time: f64, value: f64) {
        let cell = self.cells.entry(self.current.clone()).or_default();
        cell.insert(time as i64, value as u64);
    }
}

/// Keeps the last value of each series by one label.
#[derive(Debug)]
struct ByLabel<'a> {
    label: &'a str,
    current: String,
    values: BTreeMap<String, f64>,
}

impl<'a> ByLabel<'a> {
    fn new(label: &'a str) -> Self {
        Self {
            label,
            current: String::new(),
            values: BTreeMap::new(),
        }
    }
}

impl Sink for ByLabel<'_> {
    fn series(&mut self, labels: &Labels) {
        labels.get(self.label).clone_into(&mut self.current);
    }

    fn point(&mut self, _: f64, value: f64) {
        self.values.insert(self.current.clone(), value);
    }
}

/// Counts what is in scope. `None` when there is no usage of any container.
pub(super) async fn survey(
    server: &Server,
    options: &PrometheusOptions,
    scope: &Scope,
    grid: &Grid,
) -> Result<Option<Survey>, PrometheusError> {
    let words = Words {
        names: &options.names,
        matchers: &options.matchers,
    };
    let asked = Asked {
        server,
        words,
        grid,
        back_off: options.back_off,
    };
    let exact: Vec<String> = scope
        .exact_namespaces()
        .unwrap_or_default()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let fail = |failure: Failure| failure.at(&server.url);
    let counts = asked.counts(&exact).await.map_err(fail)?;
    let cells: BTreeMap<_, _> = counts
        .into_iter()
        .filter(|((namespace, _), _)| !namespace.is_empty() && scope.namespace(namespace))
        .collect();
    let times = || cells.values().flat_map(|moments| moments.keys().copied());
    let (Some(oldest), Some(newest)) = (times().min(), times().max()) else {
        return Ok(None);
    };
    let source = only_source(&cells);
    let sources: BTreeSet<&Source> = cells.keys().map(|(_, source)| source).collect();
    let mut namespaces = most_at_a_time(&cells, source.as_ref());
    let found = asked.namespaces(&exact).await;
    for namespace in found.into_iter().filter(|n| scope.namespace(n)) {
        // It was there between two moments only.
        namespaces.entry(namespace).or_insert(1);
    }
    let interval = asked
        .interval(&namespaces, source.as_ref(), newest)
        .await
        .map_err(fail)?;
    let reaches_back = asked
        .reaches_back(&namespaces, source.as_ref(), newest, interval)
        .await;
    let readings = asked.readings(newest).await.map_err(fail)?;
    Ok(Some(Survey {
        first: asked.first(oldest),
        sources: sources.into_iter().cloned().collect(),
        namespaces,
        source,
        interval,
        reaches_back,
        readings,
    }))
}

/// The questions of a survey.
struct Asked<'a> {
    server: &'a Server,
    words: Words<'a>,
    grid: &'a Grid,
    back_off: Duration,
}

impl Asked<'_> {
    /// Asks, and asks again when the trouble may pass: nothing can be planned
    /// without these answers.
    async fn ask<S: Sink>(&self, query: &Query, sink: impl Fn() -> S) -> Result<S, Failure> {
        let mut pause = self.back_off;
        for _ in 1..TRIES {
            match self.server.ask(query, sink()).await {
                Ok((sink, _)) => return Ok(sink),
                Err(failure) if !failure.passes() => return Err(failure),
                Err(_) => sleep(pause).await,
            }
            pause *= 4;
        }
        self.server.ask(query, sink()).await.map(|(sink, _)| sink)
    }

    /// Seconds between two moments, and the first moment.
    fn moments(&self) -> (u32, i64) {
        let span = self.grid.span().as_secs();
        let between = span.div_ceil(MOMENTS).max(1);
        let end = self.grid.end().as_second();
        let count = i64::from(span / between);
        (between, end - count * i64::from(between))
    }

    async fn counts(
        &self,
        namespaces: &[String],
    ) -> Result<BTreeMap<(String, Source), BTreeMap<i64, u64>>, Failure> {
        let selection = Selection {
            namespaces,
            ..Selection::ALL
        };
        let (between, start) = self.moments();
        let query = Query::range(
            self.words.count(selection),
            start,
            self.grid.end().as_second(),
            between,
        );
        let sink = || Counts {
            namespace: self.words.label("namespace").to_owned(),
            ..Counts::default()
        };
        Ok(self.ask(&query, sink).await?.cells)
    }

    /// Namespaces that had containers at any time. Not every store answers;
    /// then those that were counted have to do.
    async fn namespaces(&self, exact: &[String]) -> Vec<String> {
        let selection = Selection {
            namespaces: exact,
            ..Selection::ALL
        };
        // Nothing but the default name can stand in a fixed path.
        if self.words.label("namespace") != "namespace" {
            return Vec::new();
        }
        let query = Query {
            path: "/api/v1/label/namespace/values",
            parameters: vec![
                (
                    "match[]",
                    self.words.containers(super::promql::MEMORY, selection),
                ),
                ("start", self.grid.start.as_second().to_string()),
                ("end", self.grid.end().as_second().to_string()),
            ],
        };
        let mut found = self.server.list(&query).await.unwrap_or_default();
        found.retain(|namespace| !namespace.is_empty());
        found
    }

    /// Measures the scrape interval at a time when there was data.
    async fn interval(
        &self,
        namespaces: &BTreeMap<String, u64>,
        source: Option<&Source>,
        time: i64,
    ) -> Result<u32, Failure> {
        let sample = sample(namespaces);
        let selection = Selection {
            namespaces: &sample,
            source,
            ..Selection::ALL
        };
        for text in [
            self.words.samples_an_hour(selection),
            self.words.most_samples_an_hour(selection),
        ] {
            // The hour before `time` may be cut by the beginning or the end of the data.
            let mut count = 0.0;
            for at in [time, time - 1_800] {
                let query = Query::instant(text.clone(), at);
                let found = self.ask(&query, || ByLabel::new("")).await?;
                count = found.values.values().copied().fold(count, f64::max);
            }
            if count >= 2.0 {
                return Ok(interval_of(count));
            }
        }
        // One or no sample an hour: slower than anything that is usual.
        Ok(900)
    }

    /// See [`Survey::reaches_back`]; what gives no answer is taken for a Prometheus.
    async fn reaches_back(
        &self,
        namespaces: &BTreeMap<String, u64>,
        source: Option<&Source>,
        time: i64,
        interval: u32,
    ) -> bool {
        let sample = sample(namespaces);
        let selection = Selection {
            namespaces: &sample,
            source,
            ..Selection::ALL
        };
        // Mostly one sample, and never two.
        let range = (interval * 9 / 10).max(1);
        let query = Query::instant(self.words.rates_of_one_sample(range, selection), time);
        let found = self.ask(&query, || ByLabel::new("")).await;
        found.is_ok_and(|found| found.values.values().any(|count| *count > 0.0))
    }

    async fn readings(&self, time: i64) -> Result<Vec<Reading>, Failure> {
        let metrics: Vec<&str> = Reading::ALL
            .iter()
            .flat_map(|r| r.metrics())
            .copied()
            .collect();
        let query = Query::instant(self.words.existing(&metrics), time);
        let found = self.ask(&query, || ByLabel::new("__name__")).await?;
        let has = |metric: &str| found.values.contains_key(self.words.names.metric(metric));
        let readable = |reading: &Reading| reading.metrics().iter().all(|metric| has(metric));
        Ok(Reading::ALL.into_iter().filter(readable).collect())
    }

    /// The first slot that may have data, when the oldest moment with data is
    /// this: anything since the moment before it.
    fn first(&self, oldest: i64) -> u32 {
        let (between, _) = self.moments();
        let before = oldest - i64::from(between) - self.grid.start.as_second();
        u32::try_from(before.div_euclid(i64::from(self.grid.step.as_secs().max(1)))).unwrap_or(0)
    }
}

/// Namespaces, the smallest first, that make up a sample.
fn sample(namespaces: &BTreeMap<String, u64>) -> Vec<String> {
    let mut sorted: Vec<(&String, u64)> = namespaces.iter().map(|(n, count)| (n, *count)).collect();
    sorted.sort_by_key(|(_, count)| *count);
    let mut sum = 0;
    let mut taken = Vec::new();
    for (name, count) in sorted {
        sum += count;
        #[expect(clippy::cast_precision_loss, reason = "a count of series is small")]
        if !taken.is_empty() && sum as f64 > MEASURED {
            break;
        }
        taken.push(name.clone());
    }
    taken.sort();
    taken
}

/// The usual interval that fits so many samples an hour, else the exact one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 1 and 3600"
)]
fn interval_of(samples: f64) -> u32 {
    let exact = (3_600.0 / samples).clamp(1.0, 3_600.0);
    let near = |usual: &f64| (usual / exact - 1.0).abs() <= 0.1;
    USUAL.into_iter().find(near).unwrap_or(exact.ceil()) as u32
}

/// The most series at a time of each namespace, all sources or one.
fn most_at_a_time(
    cells: &BTreeMap<(String, Source), BTreeMap<i64, u64>>,
    only: Option<&Source>,
) -> BTreeMap<String, u64> {
    let mut sums: BTreeMap<(&str, i64), u64> = BTreeMap::new();
    for ((namespace, source), moments) in cells {
        if only.is_none_or(|only| only == source) {
            for (time, count) in moments {
                *sums.entry((namespace, *time)).or_default() += count;
            }
        }
    }
    let mut most = BTreeMap::new();
    for ((namespace, _), count) in sums {
        let entry: &mut u64 = most.entry(namespace.to_owned()).or_default();
        *entry = count.max(*entry);
    }
    most
}

/// The source that has every container that any other has: reading it alone
/// halves the work of the server. cAdvisor before the kubelet's summary, because
/// only it has throttling.
fn only_source(cells: &BTreeMap<(String, Source), BTreeMap<i64, u64>>) -> Option<Source> {
    let mut sources: Vec<&Source> = cells.keys().map(|(_, source)| source).collect();
    sources.sort();
    sources.dedup();
    if sources.len() < 2 {
        return None;
    }
    let at = |namespace: &str, source: &Source, time: i64| {
        cells
            .get(&(namespace.to_owned(), source.clone()))
            .and_then(|moments| moments.get(&time))
            .copied()
            .unwrap_or(0)
    };
    let covers = |candidate: &Source| {
        cells.iter().all(|((namespace, _), moments)| {
            moments
                .iter()
                .all(|(time, count)| at(namespace, candidate, *time) >= *count)
        })
    };
    sources.sort_by_key(|source| !source.path.ends_with("cadvisor"));
    sources.into_iter().find(|source| covers(source)).cloned()
}

impl Query {
    /// Evaluates at one time.
    pub(super) fn instant(text: String, time: i64) -> Self {
        Self {
            path: "/api/v1/query",
            parameters: vec![("query", text), ("time", time.to_string())],
        }
    }

    /// Evaluates at `start`, `start + step`, … `end`.
    pub(super) fn range(text: String, start: i64, end: i64, step: u32) -> Self {
        Self {
            path: "/api/v1/query_range",
            parameters: vec![
                ("query", text),
                ("start", start.to_string()),
                ("end", end.to_string()),
                ("step", step.to_string()),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str) -> Source {
        Source {
            job: "kubelet".to_owned(),
            path: path.to_owned(),
        }
    }

    fn cells(rows: &[(&str, &str, u64)]) -> BTreeMap<(String, Source), BTreeMap<i64, u64>> {
        rows.iter()
            .map(|(namespace, path, count)| {
                let moments = BTreeMap::from([(0, *count), (60, count + 1)]);
                (((*namespace).to_owned(), source(path)), moments)
            })
            .collect()
    }

    #[test]
    fn one_source_is_picked_only_when_it_misses_nothing() {
        let both = cells(&[("a", "/cadvisor", 5), ("a", "/resource", 5)]);
        assert_eq!(only_source(&both), Some(source("/cadvisor")));
        let partly = cells(&[
            ("a", "/cadvisor", 5),
            ("a", "/resource", 5),
            ("b", "/resource", 1),
        ]);
        assert_eq!(only_source(&partly), Some(source("/resource")));
        let neither = cells(&[("a", "/cadvisor", 5), ("b", "/resource", 1)]);
        assert_eq!(only_source(&neither), None);
        assert_eq!(only_source(&cells(&[("a", "/cadvisor", 5)])), None);
    }

    #[test]
    fn sources_add_up_where_none_is_picked() {
        let cells = cells(&[("a", "/cadvisor", 5), ("a", "/resource", 4)]);
        assert_eq!(most_at_a_time(&cells, None)["a"], 11);
        assert_eq!(most_at_a_time(&cells, Some(&source("/resource")))["a"], 5);
    }

    #[test]
    fn intervals_snap_to_usual_ones() {
        assert_eq!(interval_of(240.0), 15);
        assert_eq!(interval_of(61.0), 60);
        assert_eq!(interval_of(12.0), 300);
        assert_eq!(interval_of(11.0), 300);
        assert_eq!(interval_of(9.0), 400);
        assert_eq!(interval_of(100_000.0), 1);
    }
}
