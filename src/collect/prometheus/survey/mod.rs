//! Counts before anything is read: how many series, since when, how often scraped.

mod cluster;
mod counts;
mod pace;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::try_join_all;

use super::answer::Sink;
use super::chunks::{self, Offer, Request, Samples, Weighed};
use super::clusters::{self, Mixed};
use super::engine::Engine;
use super::error::Failure;
use super::options::PrometheusOptions;
use super::promql::{CPU, Endings, MEMORY, METRICS, PERIODS, Selection, Words};
use super::reading::Reading;
use super::server::{Query, Server};
use crate::collect::Scope;
use crate::snapshot::{Gap, Grid};
use crate::units::Span;
use counts::{Counted, Counts, Sums, count};

pub(super) use pace::Pace;
pub(super) use source::Source;

/// Stretches of the window at whose ends series are counted.
const STRETCHES: u32 = 24;

/// The same where all is read as it is stored, which costs little whatever is there.
///
/// Each of so few is asked for by itself. In one question of a range Prometheus 2.42
/// opens every chunk between them: of 2,133 containers over 14 days it takes 0.02 s for
/// a moment, 0.3 s for two in one question, and 0.7 s for 25.
const FEW_STRETCHES: u32 = 5;

/// Series whose scrape interval is measured, at most about so many.
const MEASURED: u64 = 4_000;
/// The same of series whose chunks are weighed, which are much alike.
const WEIGHED: u64 = 500;
/// The same of series whose scrape interval is measured at earlier moments too: it is
/// changed for all of a cluster, or of a pool of nodes.
const FOLLOWED: u64 = 100;
/// Seconds between the moments at which a few series are looked for in a source: outages of
/// an hour or more are seen.
const OUTAGE: u32 = 1_800;
/// Stretches of the window at whose ends it is measured.
const PACED: u32 = 12;

/// Namespaces of a cluster: Kubernetes is made for half as many.
const MOST_NAMESPACES: usize = 20_000;
/// The longest name of a namespace.
const LONGEST_NAME: usize = 63;

/// Series a second that are counted in no more time than they are worth: reading them
/// takes much longer.
const PACE: u32 = 200;

/// What was counted.
#[derive(Debug, Clone)]
pub(super) struct Survey {
    /// The most containers' series at a time, by namespace in scope.
    pub(super) namespaces: BTreeMap<String, u64>,
    /// The only source to read, where it has every container of several.
    pub(super) source: Option<Source>,
    /// Every source of containers.
    pub(super) sources: Vec<Source>,
    pub(super) pace: Pace,
    /// Whether the rate of a range starts at the sample before it, as
    /// VictoriaMetrics has it, and not at the first within, as Prometheus has it.
    pub(super) reaches_back: bool,
    /// Whether a range of the server has the sample at its very start, as in
    /// Prometheus 2. Only asked where chunks are read.
    pub(super) closed: bool,
    /// CPU series of a container: more than one where each CPU has its own.
    pub(super) cpus: u64,
    /// The share of containers that may be throttled, those with a CPU limit: 0 to 1.
    pub(super) throttled: f64,
    /// The first slot that may hold samples.
    pub(super) first: u32,
    /// What there is to read.
    pub(super) readings: Vec<Reading>,
    /// How long a time a query may look at, where the server limits that.
    pub(super) longest: Option<Span>,
    /// What chunks weigh, or why there are none.
    pub(super) chunks: Result<Offer, String>,
    /// What is asked for after all chunks of a request; nothing where none are read.
    pub(super) witness: Option<Request>,
    /// What is in doubt.
    pub(super) gaps: Vec<Gap>,
}

/// Why nothing can be planned.
pub(super) enum Unsurveyed {
    Failed(Failure),
    /// The store holds several clusters, told apart by any of these labels.
    Mixed(Vec<Mixed>),
}

impl From<Failure> for Unsurveyed {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Survey {
    /// Series of all namespaces together.
    pub(super) fn series(&self) -> u64 {
        self.namespaces.values().sum()
    }
}

/// Series by namespace and source, at each moment.
type Cells = BTreeMap<(String, Source), BTreeMap<i64, u64>>;

/// Counts what is in scope. `None` when there is no usage of any container.
pub(super) async fn survey(
    server: &Server,
    options: &PrometheusOptions,
    scope: &Scope,
    grid: &Grid,
) -> Result<Option<Survey>, Unsurveyed> {
    let exact = scope.exact_namespaces().unwrap_or_default();
    let asked = Asked {
        server,
        words: Words::new(options),
        grid,
        back_off: options.back_off,
        engine: options.engine,
        exact: exact.into_iter().map(str::to_owned).collect(),
    };
    Box::pin(asked.survey(scope)).await
}

/// The questions of a survey.
struct Asked<'a> {
    server: &'a Server,
    words: Words<'a>,
    grid: &'a Grid,
    back_off: Duration,
    engine: Option<Engine>,
    /// Namespaces by name, where the scope names them.
    exact: Vec<String>,
}

impl Asked<'_> {
    async fn survey(&self, scope: &Scope) -> Result<Option<Survey>, Unsurveyed> {
        let offered = self.offered().await;
        let Counted {
            mut cells,
            mut clusters,
            outside,
            apart,
        } = self.counts(offered.is_ok()).await?;
        // Of all that queries below reach, in scope or not.
        let all = most_at_a_time(&cells, None).values().sum();
        cells.retain(|(namespace, _), _| !namespace.is_empty() && scope.namespace(namespace));
        let times = || cells.values().flat_map(|moments| moments.keys().copied());
        let (Some(oldest), Some(newest)) = (times().min(), times().max()) else {
            return Ok(None);
        };
        clusters.retain(|namespace, _| !namespace.is_empty() && scope.namespace(namespace));
        self.one_cluster(&clusters).await?;
        let source = self.only_source(&cells, all).await;
        let samples = [MEASURED, WEIGHED, FOLLOWED].map(|most| sample(all, most));
        let [selection, weighed, earlier] = samples.each_ref().map(|endings| Selection {
            namespaces: &self.exact,
            endings: Some(endings),
            source: source.as_ref(),
        });
        let samples = Samples {
            weighed,
            newest: selection,
            earlier,
        };
        let (found, doubt, readings, weighed) = tokio::join!(
            self.namespaces(),
            self.no_twins(source.as_ref(), newest),
            self.readings(newest, oldest),
            self.weighed(offered, samples, newest),
        );
        let (chunks, pace, witness) = match weighed {
            Ok(Weighed {
                offer,
                pace,
                witness,
            }) => (Ok(offer), pace, Some(witness)),
            Err(why) => (Err(why), None, None),
        };
        let (readings, cpus, throttled) = readings?;
        let mut gaps = doubt?;
        gaps.extend(elsewhere(outside));
        let mut namespaces = most_at_a_time(&cells, source.as_ref());
        for namespace in found.into_iter().filter(|n| scope.namespace(n)) {
            // It was there between two moments only.
            namespaces.entry(namespace).or_insert(1);
        }
        self.server.deadline.buy(namespaces.values().sum(), PACE);
        let pace = match pace {
            Some(pace) => pace,
            None => self.pace([selection, earlier], newest).await?,
        };
        // What stores chunks is a Prometheus, or computes as one does.
        let reaches_back =
            chunks.is_err() && self.reaches_back(selection, newest, pace.usual).await;
        let closed = chunks.is_ok() && self.closed(newest).await;
        let sources: BTreeSet<&Source> = cells.keys().map(|(_, source)| source).collect();
        Ok(Some(Survey {
            first: self.first(oldest, apart),
            sources: sources.into_iter().cloned().collect(),
            namespaces,
            source,
            pace,
            reaches_back,
            closed,
            cpus,
            throttled,
            readings,
            longest: self.server.longest(),
            chunks,
            witness,
            gaps,
        }))
    }

    /// Asks more than once if need be: nothing can be planned without these answers.
    async fn ask<S: Sink>(&self, query: &Query, sink: impl Fn() -> S) -> Result<S, Failure> {
        self.server.ask_again(query, self.back_off, sink).await
    }

    /// The sum of what a question gives at a time, by a label that is a number.
    async fn histogram(
        &self,
        label: &str,
        text: String,
        time: i64,
    ) -> Result<BTreeMap<u64, u64>, Failure> {
        let query = Query::instant(text, time);
        let labels = [label];
        let found = self.ask(&query, || Sums::by(&labels)).await?;
        let each = found.found.into_iter();
        let each = each.filter_map(|(key, series)| Some((count(key[0].parse().ok()?)?, series)));
        Ok(each.collect())
    }

    /// Seconds between two of so many moments and one, and the first moment.
    fn moments(&self, stretches: u32) -> (u32, i64) {
        let span = self.grid.span().as_secs();
        let between = span.div_ceil(stretches).max(1);
        let end = self.grid.end().as_second();
        let count = i64::from(span / between);
        (between, end - count * i64::from(between))
    }

    fn everything(&self) -> Selection<'_> {
        Selection {
            namespaces: &self.exact,
            ..Selection::ALL
        }
    }

    /// Counts at a few moments, or at more where there is nothing at the few.
    async fn counts(&self, few: bool) -> Result<Counted, Failure> {
        let span = (self.grid.start.as_second(), self.grid.end().as_second());
        let labels = clusters::labels(self.server, self.words, span).await?;
        if few {
            let counted = self.at_few_moments(&labels).await?;
            if !counted.cells.is_empty() {
                return Ok(counted);
            }
        }
        self.at_moments(&labels).await
    }

    /// A question for each moment.
    async fn at_few_moments(&self, labels: &[String]) -> Result<Counted, Failure> {
        let (apart, start) = self.moments(FEW_STRETCHES);
        let text = self.words.count(self.everything(), labels);
        let ask = async |time: i64| {
            let query = Query::instant(text.clone(), time);
            let span = about(time, time, apart);
            self.ask(&query, || Counts::new(self.words, labels, span))
                .await
        };
        let step = usize::try_from(apart).unwrap_or(usize::MAX);
        let moments = (start..=self.grid.end().as_second()).step_by(step);
        let parts = try_join_all(moments.map(ask)).await?;
        // At one of so few moments nothing may have been scraped, and there be data before.
        let back = apart.saturating_mul(2);
        Ok(Counted::of(parts.into_iter().map(|it| it.counted), back))
    }

    /// One question for all moments.
    async fn at_moments(&self, labels: &[String]) -> Result<Counted, Failure> {
        let (apart, start) = self.moments(STRETCHES);
        let span = (start, self.grid.end().as_second());
        let text = self.words.count(self.everything(), labels);
        let ask = async |first: i64, last: i64| {
            let query = Query::range(text.clone(), first, last, apart);
            let span = about(first, last, apart);
            self.ask(&query, || Counts::new(self.words, labels, span))
                .await
        };
        let parts = self.server.in_parts(span, apart, ask).await?;
        Ok(Counted::of(parts.into_iter().map(|it| it.counted), apart))
    }

    /// The source that has every container that any other has: reading it alone
    /// halves the work of the server. Equal counts do not say so, because two
    /// sources may have half a cluster each.
    ///
    /// All containers are looked at now and then, and a few at all times: moments that are
    /// hours apart miss an outage of a whole scrape job, which one of the others fills.
    async fn only_source(&self, cells: &Cells, series: u64) -> Option<Source> {
        let few = sample(series, FOLLOWED);
        let (between, _) = self.moments(STRETCHES);
        let looks = [
            (None, between, series),
            (Some(&few), OUTAGE.min(between), series.min(FOLLOWED)),
        ];
        for source in source::candidates(cells) {
            let mut has_all = true;
            for (endings, between, series) in looks {
                let selection = Selection {
                    endings,
                    source: Some(&source),
                    ..self.everything()
                };
                // Whoever cannot tell has all sources read, which only costs more.
                let missing = self.missing_from(selection, between).await;
                has_all &= missing.is_ok_and(|missing| source::has_all(&missing, series));
                if !has_all {
                    break;
                }
            }
            if has_all {
                return Some(source);
            }
        }
        None
    }

    /// How many containers a source has not, by the number of moments at which it
    /// has not. In parts, a container that is missing once in two counts twice.
    async fn missing_from(
        &self,
        selection: Selection<'_>,
        between: u32,
    ) -> Result<BTreeMap<u64, u64>, Failure> {
        let (_, start) = self.moments(STRETCHES);
        let span = (start, self.grid.end().as_second());
        let ask = async |first: i64, last: i64| {
            let range = u32::try_from(last - first).unwrap_or(u32::MAX).max(between);
            let text = self.words.missing_from(selection, range, between);
            self.histogram("moments", text, last).await
        };
        let mut missing = BTreeMap::new();
        for part in self.server.in_parts(span, between, ask).await? {
            for (moments, containers) in part {
                *missing.entry(moments).or_default() += containers;
            }
        }
        Ok(missing)
    }

    /// Namespaces that had containers at any time. Not every store answers;
    /// then those that were counted have to do.
    async fn namespaces(&self) -> Vec<String> {
        let label = self.words.name("namespace");
        let span = (self.grid.start.as_second(), self.grid.end().as_second());
        let ask = async |first: i64, last: i64| {
            let query = Query {
                path: format!("/api/v1/label/{label}/values").into(),
                parameters: vec![
                    ("match[]", self.words.containers(MEMORY, self.everything())),
                    ("start", first.to_string()),
                    ("end", last.to_string()),
                ],
            };
            self.server.list(&query).await
        };
        let parts = self.server.in_parts(span, Span::HOUR.as_secs(), ask).await;
        let mut found: Vec<String> = parts.unwrap_or_default().into_iter().flatten().collect();
        found.retain(|namespace| !namespace.is_empty() && namespace.len() <= LONGEST_NAME);
        found.sort();
        found.dedup();
        if found.len() > MOST_NAMESPACES {
            // No list of namespaces; those that were counted have to do.
            found.clear();
        }
        found
    }

    /// Measures the scrape interval at a time when there was data, and of fewer series
    /// over the whole window: it may have been another before.
    async fn pace(
        &self,
        [selection, earlier]: [Selection<'_>; 2],
        time: i64,
    ) -> Result<Pace, Failure> {
        let now = self.words.samples_an_hour(selection);
        let (now, before) = tokio::join!(self.histogram("samples", now, time), self.paced(earlier));
        let paces = [Pace::of(&now?), Pace::of(&before)].into_iter().flatten();
        if let Some(pace) = paces.reduce(Pace::and) {
            return Ok(pace);
        }
        let most = self.words.most_samples_an_hour(selection);
        let most = self.histogram("samples", most, time).await?;
        Ok(Pace::of(&most).unwrap_or(Pace::UNKNOWN))
    }

    /// Series by samples an hour at moments of the whole window. Whoever does not answer
    /// that is taken at what the newest hour says.
    async fn paced(&self, selection: Selection<'_>) -> BTreeMap<u64, u64> {
        let (between, start) = self.moments(PACED);
        let text = self.words.samples_an_hour(selection);
        let labels = ["samples"];
        let ask = async |first: i64, last: i64| {
            let query = Query::range(text.clone(), first, last, between);
            self.ask(&query, || Sums::by(&labels)).await
        };
        let span = (start, self.grid.end().as_second());
        let parts = self.server.in_parts(span, between, ask).await;
        let mut all = BTreeMap::new();
        for (key, series) in parts.into_iter().flatten().flat_map(|part| part.found) {
            if let Some(samples) = key[0].parse().ok().and_then(count) {
                *all.entry(samples).or_default() += series;
            }
        }
        all
    }

    /// See [`Survey::reaches_back`]; what gives no answer is taken for a Prometheus.
    async fn reaches_back(&self, selection: Selection<'_>, time: i64, interval: u32) -> bool {
        // Mostly one sample, and never two.
        let range = (interval * 9 / 10).max(1);
        let query = Query::instant(self.words.rates_of_one_sample(range, selection), time);
        let found = self.ask(&query, || Sums::by(&[])).await;
        found.is_ok_and(|found| found.found.values().any(|count| *count > 0))
    }

    /// See [`Survey::closed`]; what gives no answer is taken for a Prometheus of today.
    async fn closed(&self, time: i64) -> bool {
        let minute = time.div_euclid(60) * 60;
        let query = Query::instant(Words::points_of_a_range(), minute);
        let found = self.ask(&query, || Sums::by(&[])).await;
        found.is_ok_and(|found| found.found.values().any(|points| *points > 2))
    }

    /// Whether there are chunks; not asked where they are not wanted.
    async fn offered(&self) -> Result<(), String> {
        if self.engine.is_some_and(|engine| engine != Engine::Chunks) {
            return Err("was not asked".to_owned());
        }
        chunks::offered(self.server, self.grid.end().as_second(), self.back_off).await
    }

    /// See [`Survey::chunks`]; and how often series are scraped, where chunks say it.
    async fn weighed(
        &self,
        offered: Result<(), String>,
        samples: Samples<'_>,
        time: i64,
    ) -> Result<Weighed, String> {
        offered?;
        let (between, start) = self.moments(PACED);
        let step = usize::try_from(between).unwrap_or(usize::MAX);
        let moments: Vec<i64> = (start..self.grid.end().as_second()).step_by(step).collect();
        let when = (time, &moments[..]);
        chunks::weigh(self.server, self.words, samples, when, self.back_off).await
    }

    /// What there is to read, the CPU series of a container, and the share of containers
    /// that may be throttled.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of counts is an estimate"
    )]
    async fn readings(&self, time: i64, oldest: i64) -> Result<(Vec<Reading>, u64, f64), Failure> {
        let before = u32::try_from(time - oldest).unwrap_or(0);
        let query = Query::instant(self.words.existing(&METRICS, before), time);
        let labels = ["__name__", self.words.name("cpu")];
        let found = self.ask(&query, || Sums::by(&labels)).await?.found;
        let of = |metric: &str| {
            let name = self.words.name(metric).to_owned();
            found.iter().filter(move |(key, _)| key[0] == name)
        };
        let has = |metric: &&str| of(metric).next().is_some();
        let readable = |reading: &Reading| reading.metrics().iter().all(has);
        let counted = |(_, count): (&Vec<String>, &u64)| *count;
        let each = of(CPU).filter(|(key, _)| !matches!(key[1].as_str(), "" | "total"));
        let containers: u64 = of(MEMORY).map(counted).sum();
        let cpus = match each.map(counted).sum::<u64>() {
            0 => 1,
            series => series.div_ceil(containers.max(1)).max(2),
        };
        let limited: u64 = of(PERIODS).map(counted).sum();
        // Where it was counted at a bad moment, all may be.
        let throttled = match limited {
            0 => 1.0,
            limited => (limited as f64 / containers.max(1) as f64).min(1.0),
        };
        let readings = Reading::ALL.into_iter().filter(readable).collect();
        Ok((readings, cpus, throttled))
    }

    /// The first slot that may have data, when the oldest moment with data is this:
    /// anything since the moment `apart` before it.
    fn first(&self, oldest: i64, apart: u32) -> u32 {
        let before = oldest - i64::from(apart) - self.grid.start.as_second();
        u32::try_from(before.div_euclid(i64::from(self.grid.step.as_secs().max(1)))).unwrap_or(0)
    }
}

/// The gap that a store counts series at times that it was not asked about.
fn elsewhere(counts: u64) -> Option<Gap> {
    let text = format!("of the counts of series {counts} are of times outside the window");
    let gap = Gap::new("outside-window", "series in Prometheus", text);
    (counts > 0).then(|| gap.hint("check the clocks here and on the server"))
}

/// Times that a point may have: VictoriaMetrics moves them to multiples of the step.
fn about(first: i64, last: i64, step: u32) -> (i64, i64) {
    (first - i64::from(step), last + i64::from(step))
}

/// Pods that make up a sample of about `most` of so many series: some of every node.
fn sample(series: u64, most: u64) -> Endings {
    let parts = usize::try_from(series.div_ceil(most)).unwrap_or(usize::MAX);
    Endings::all().split(parts).swap_remove(0)
}

/// The most series at a time of each namespace, all sources or one.
fn most_at_a_time(cells: &Cells, only: Option<&Source>) -> BTreeMap<String, u64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_add_up_where_none_is_picked() {
        let one = |job: &str, count| {
            let source = Source::named(job, "");
            (
                ("a".to_owned(), source),
                BTreeMap::from([(0, count), (60, count + 1)]),
            )
        };
        let cells = Cells::from([one("cadvisor", 5), one("resource", 4)]);
        assert_eq!(most_at_a_time(&cells, None)["a"], 11);
        let resource = Source::named("resource", "");
        assert_eq!(most_at_a_time(&cells, Some(&resource))["a"], 5);
    }
}
