//! What a store says of itself, and what it holds, with a handful of cheap questions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::answer::{Labels, Sink};
use super::error::PrometheusError;
use super::names::known_metrics;
use super::options::PrometheusOptions;
use super::promql::{LOOKBACK, Words};
use super::server::{Query, Server};
use super::survey::Survey;
use super::{Counted, connect, count};
use crate::collect::Scope;
use crate::progress::Progress;
use crate::units::{Span, count_from};
use crate::vitals::{self, Clusters, Store, Trouble};

/// Looks at a store. What it does not tell is absent.
///
/// # Errors
///
/// When it does not answer, or is no Prometheus.
pub(in crate::collect) async fn vitals(
    options: &PrometheusOptions,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<Store, PrometheusError> {
    let server = connect(options)?;
    let _task = progress.task("looking at Prometheus", None);
    let ahead = ahead(&server).await?;
    let mut store = Store {
        ahead,
        product: product(&server).await,
        ..Store::default()
    };
    let words = Words::new(options);
    store.renamed = renamed(words);
    match count(&server, options, scope, progress).await {
        Ok(Counted {
            survey,
            options,
            cluster,
        }) => {
            if let Some(condition) = cluster {
                store.clusters = Clusters::Chosen(condition.to_string());
            }
            let words = Words::new(&options);
            store.metrics = metrics(&server, words, options.end).await;
            if let Some(survey) = survey {
                let resets = resets(&server, words, &survey, options.end).await;
                store.counted = Some(counted(&survey, resets));
            }
        }
        Err(PrometheusError::Mixed { text, flag, .. }) => {
            store.clusters = Clusters::Several { text, flag };
        }
        Err(error) => {
            store.uncounted = Some(Trouble {
                text: error.to_string(),
                hint: error.hint(),
            });
        }
    }
    Ok(store)
}

fn counted(survey: &Survey, resets: Option<f64>) -> vitals::Counted {
    vitals::Counted {
        series: survey.series(),
        interval: (survey.pace.usual, survey.pace.slowest),
        sources: survey.sources.iter().map(ToString::to_string).collect(),
        source: survey.source.as_ref().map(ToString::to_string),
        resets,
    }
}

/// Keeps the values of an answer by the name of their metric.
#[derive(Default)]
struct ByName {
    current: String,
    found: BTreeMap<String, f64>,
}

impl Sink for ByName {
    fn series(&mut self, labels: &Labels) {
        labels.get("__name__").clone_into(&mut self.current);
    }

    fn point(&mut self, _: f64, value: f64) {
        if value.is_finite() {
            *self.found.entry(self.current.clone()).or_default() += value;
        }
    }
}

/// Seconds that its clock is ahead. Asks for no series, so that whatever answers at all
/// answers this.
async fn ahead(server: &Server) -> Result<Option<f64>, PrometheusError> {
    let query = Query {
        path: "/api/v1/query".into(),
        parameters: vec![("query", "vector(time())".to_owned())],
    };
    let before = seconds(Timestamp::now());
    let asked = server.ask(&query, ByName::default()).await;
    let (answer, _) = asked.map_err(|failure| failure.at(&server.url))?;
    let after = seconds(Timestamp::now());
    let said = answer.found.into_values().next();
    Ok(said.map(|said| said - f64::midpoint(before, after)))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of this age are exact"
)]
fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1e3
}

/// What it is, and its version.
async fn product(server: &Server) -> Option<String> {
    #[derive(Deserialize, Default)]
    struct Built {
        #[serde(default)]
        application: String,
        #[serde(default)]
        version: String,
    }
    let built: Option<Built> = server.data("/api/v1/status/buildinfo").await;
    // A function that only MetricsQL has.
    let metrics_ql = Query::instant("now()".to_owned(), Timestamp::now().as_second());
    if server.ask(&metrics_ql, ByName::default()).await.is_ok() {
        // It says the version of the Prometheus that it stands in for.
        return Some("VictoriaMetrics".to_owned());
    }
    let Built {
        application,
        version,
    } = built?;
    let name = match &*application {
        // Thanos says nothing else, and has never had another first number.
        "" if version.starts_with("0.") => "Thanos",
        "" => "Prometheus",
        other => other,
    };
    Some(format!("{name} {version}").trim_end().to_owned())
}

/// Series of each metric that kcost reads, at the end of the window.
async fn metrics(
    server: &Server,
    words: Words<'_>,
    end: Timestamp,
) -> Option<BTreeMap<&'static str, u64>> {
    let known = known_metrics();
    let count = async |text: String| {
        let query = Query::instant(text, end.as_second());
        let asked = server.ask(&query, ByName::default()).await;
        asked.ok().map(|(answer, _)| answer.found)
    };
    let mut found = count(format!("count by (__name__) ({})", words.any_of(&known))).await?;
    // A server looks back five minutes by itself, and what is scraped every five minutes
    // is now and then older. What is not there costs nothing.
    let mut absent = known.clone();
    absent.retain(|metric| !found.contains_key(words.name(metric)));
    if !absent.is_empty() {
        let series = words.any_of(&absent);
        let text = format!("count by (__name__) (last_over_time({series}[{LOOKBACK}]))");
        found.extend(count(text).await?);
    }
    let counts = known.into_iter().map(|metric| {
        let series = found.get(words.name(metric)).copied().unwrap_or(0.0);
        (metric, count_from(series))
    });
    Some(counts.collect())
}

fn renamed(words: Words<'_>) -> BTreeMap<&'static str, String> {
    let known = known_metrics().into_iter();
    let named = known.map(|metric| (metric, words.name(metric).to_owned()));
    named.filter(|(metric, name)| metric != name).collect()
}

/// Falls of counters of CPU in the last hour, for each series that was there.
async fn resets(server: &Server, words: Words<'_>, survey: &Survey, end: Timestamp) -> Option<f64> {
    let text = words.resets(survey.source.as_ref(), Span::HOUR.as_secs(), LOOKBACK);
    let query = Query::instant(text, end.as_second());
    let (answer, _) = server.ask(&query, ByName::default()).await.ok()?;
    answer.found.into_values().next()
}
