//! Every workload of a snapshot, with what comes.

use rayon::prelude::*;

use super::capacity::{Capacity, capacities};
use super::outlook::{NEEDED, Outlook, outlook};
use super::season::Season;
use super::work::{Gather, Hours, Work, next_hour};
use super::{Clock, Clocks, DAY};
use crate::progress::Progress;
use crate::snapshot::{Gap, Grid, Snapshot, Supply};
use crate::units::Span;
use jiff::Timestamp;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Hours ahead.
    pub hours: usize,
    /// What days and weeks of each workload are counted in.
    pub clocks: Clocks,
    /// What is forecast of each workload.
    pub metrics: &'static [Metric],
    /// Whether it is said when quotas, pools and volumes are full.
    pub capacities: bool,
}

/// What is forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Cores of all pods together.
    Cpu,
    /// Bytes of all pods together.
    Memory,
    /// Pods.
    Replicas,
    /// Requests a second of all pods together, where a query for them was named.
    Requests,
}

impl Metric {
    pub const ALL: [Self; 4] = [Self::Cpu, Self::Memory, Self::Replicas, Self::Requests];

    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu_cores",
            Self::Memory => "memory_bytes",
            Self::Replicas => "replicas",
            Self::Requests => "requests_per_second",
        }
    }

    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Memory => "memory",
            Self::Replicas => "replicas",
            Self::Requests => "requests",
        }
    }

    /// What a workload did of it.
    pub fn of(self, work: &Work) -> Option<&Hours> {
        match self {
            Self::Cpu => work.cpu.as_ref(),
            Self::Memory => work.memory.as_ref(),
            Self::Replicas => work.replicas.as_ref(),
            Self::Requests => work.requests.as_ref(),
        }
    }
}

/// The forecasts of a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecasts {
    /// The first hour that is forecast.
    pub start: Timestamp,
    pub hours: usize,
    /// In the order of the workloads; those of which nothing can be said are left out.
    pub forecasts: Vec<Forecast>,
    /// What has a limit: quotas, node pools, volumes, in this order.
    pub capacities: Vec<Capacity>,
    /// Of what nothing can be said, and why.
    pub gaps: Vec<Gap>,
}

/// The forecast of one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Index into the snapshot's workloads.
    pub workload: usize,
    /// What it did until now.
    pub work: Work,
    pub series: Vec<SeriesForecast>,
}

/// The forecast of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesForecast {
    pub metric: Metric,
    pub outlook: Outlook,
}

impl Forecast {
    /// What is said of one metric.
    pub fn of(&self, metric: Metric) -> Option<&Outlook> {
        let mut series = self.series.iter();
        series.find(|it| it.metric == metric).map(|it| &it.outlook)
    }
}

impl Forecasts {
    /// The time of an hour ahead, from 0 on.
    pub fn time(&self, hour: usize) -> Timestamp {
        let seconds = i64::try_from(hour).unwrap_or(0).saturating_mul(3_600);
        let time = self.start.as_second().saturating_add(seconds);
        Timestamp::from_second(time).unwrap_or(Timestamp::MAX)
    }
}

/// Forecasts the workloads that are asked for, one `bool` for each.
pub fn forecast(
    snapshot: &Snapshot,
    asked: &[bool],
    options: &Options,
    progress: &dyn Progress,
) -> Forecasts {
    match forecast_from(snapshot, &snapshot.usage, asked, options, progress) {
        Ok(forecasts) => forecasts,
        Err(never) => match never {},
    }
}

/// The same, with usage that comes part by part, on the grid of the snapshot.
///
/// # Errors
///
/// Where usage could not be read.
pub fn forecast_from<S: Supply>(
    snapshot: &Snapshot,
    usage: &S,
    asked: &[bool],
    options: &Options,
    progress: &dyn Progress,
) -> Result<Forecasts, S::Error> {
    let works = works(snapshot, usage, progress)?;
    Ok(forecast_of(snapshot, works, asked, options, progress))
}

/// The same, where it is known what every workload did: see [`works`].
pub fn forecast_of(
    snapshot: &Snapshot,
    works: Vec<Work>,
    asked: &[bool],
    options: &Options,
    progress: &dyn Progress,
) -> Forecasts {
    let grid = snapshot.usage.grid;
    let capacities = if options.capacities {
        capacities(snapshot, &works, options.hours, options.clocks.usual())
    } else {
        Vec::new()
    };
    let works = only(works, asked);
    let total = u64::try_from(works.len()).ok();
    let task = progress.task("forecasting", total);
    let told = works.into_par_iter().map(|(workload, work)| {
        let told = one(snapshot, workload, work, &grid, options);
        task.advance(1);
        told
    });
    let told: Vec<(Forecast, Option<Gap>)> = told.collect();
    let mut gaps = Vec::new();
    let mut forecasts = Vec::new();
    for (forecast, gap) in told {
        gaps.extend(gap);
        if !forecast.series.is_empty() {
            forecasts.push(forecast);
        }
    }
    gaps.extend(missing(&forecasts, options.metrics));
    Forecasts {
        start: start(&grid),
        hours: options.hours,
        forecasts,
        capacities,
        gaps,
    }
}

/// What the workloads that are asked for did, with their index.
pub(super) fn gathered<S: Supply>(
    snapshot: &Snapshot,
    usage: &S,
    asked: &[bool],
    progress: &dyn Progress,
) -> Result<Vec<(usize, Work)>, S::Error> {
    let works = works(snapshot, usage, progress)?;
    Ok(only(works, asked))
}

/// What every workload did, in their order.
///
/// # Errors
///
/// Where usage could not be read.
pub fn works<S: Supply>(
    snapshot: &Snapshot,
    usage: &S,
    progress: &dyn Progress,
) -> Result<Vec<Work>, S::Error> {
    let mut gather = Gather::new(snapshot);
    let _task = progress.task("adding up hours", None);
    usage.each(&mut |workloads, usage| gather.add(workloads, usage))?;
    Ok(gather.done())
}

/// Those that are asked for, with their index.
fn only(works: Vec<Work>, asked: &[bool]) -> Vec<(usize, Work)> {
    let works = works.into_iter().enumerate();
    let asked = |place: &usize| asked.get(*place) == Some(&true);
    works.filter(|(place, _)| asked(place)).collect()
}

/// The forecast of one workload, of what it did; capacities are not asked for.
pub fn forecast_one(
    snapshot: &Snapshot,
    workload: usize,
    work: Work,
    options: &Options,
) -> Forecast {
    one(snapshot, workload, work, &snapshot.usage.grid, options).0
}

fn start(grid: &Grid) -> Timestamp {
    let seconds = next_hour(grid).saturating_mul(3_600);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

/// What can be said of a workload, and what cannot.
fn one(
    snapshot: &Snapshot,
    workload: usize,
    work: Work,
    grid: &Grid,
    options: &Options,
) -> (Forecast, Option<Gap>) {
    let next = next_hour(grid);
    let clock = options.clocks.of(workload);
    let mut series = Vec::new();
    let mut thin: Vec<(Metric, usize)> = Vec::new();
    for metric in options.metrics.iter().copied() {
        let Some(hours) = metric.of(&work) else {
            continue;
        };
        match outlook(hours, next, options.hours, clock) {
            Some(outlook) => series.push(SeriesForecast { metric, outlook }),
            None => thin.push((metric, known(hours))),
        }
    }
    let id = &snapshot.workloads[workload].id;
    let gap = gap(&id.to_string(), &thin);
    let gap = gap.or_else(|| {
        let none = metrics_of(&work) == 0;
        none.then(|| {
            Gap::new(
                "no-usage",
                id.to_string(),
                "there is no usage in the window",
            )
        })
    });
    let forecast = Forecast {
        workload,
        work,
        series,
    };
    (forecast, gap)
}

fn known(hours: &Hours) -> usize {
    hours.values.iter().filter(|it| it.is_finite()).count()
}

fn metrics_of(work: &Work) -> usize {
    let metrics = Metric::ALL.into_iter();
    metrics.filter(|metric| metric.of(work).is_some()).count()
}

/// Why nothing is said of some metrics of a workload.
fn gap(subject: &str, thin: &[(Metric, usize)]) -> Option<Gap> {
    let (_, hours) = thin.first()?;
    let words: Vec<&str> = thin.iter().map(|(metric, _)| metric.word()).collect();
    let words = words.join(", ");
    let needed = NEEDED / DAY;
    if *hours < NEEDED {
        let text =
            format!("{hours} hours of {words} are known, and a forecast needs {needed} days");
        let hint = "take a snapshot with a longer `--window`";
        return Some(Gap::new("thin-history", subject, text).hint(hint));
    }
    let text = format!("there is no sample of {words} in the last day of the window");
    Some(Gap::new("no-recent-usage", subject, text))
}

/// Metrics that workloads which are forecast have no samples of.
fn missing(forecasts: &[Forecast], metrics: &[Metric]) -> Vec<Gap> {
    let of = |metric: Metric| {
        let without = forecasts.iter().filter(|it| metric.of(&it.work).is_none());
        let (without, all) = (without.count(), forecasts.len());
        (without > 0).then(|| {
            let word = metric.word();
            let text = format!(
                "{without} of {all} workloads have no samples of {word}, so none is forecast"
            );
            Gap::new("no-samples", word, text)
        })
    };
    let told = [Metric::Cpu, Metric::Memory].into_iter();
    told.filter(|it| metrics.contains(it))
        .filter_map(of)
        .collect()
}

/// The horizon of a length of time, in whole hours that cover it.
pub fn hours_of(span: Span) -> usize {
    usize::try_from(span.as_secs().div_ceil(3_600)).unwrap_or(usize::MAX)
}

/// What comes again of one workload whose usage is in the snapshot: of its requests where
/// those are known, which no limit hides, else of its CPU.
pub fn seasons_of(snapshot: &Snapshot, workload: usize, clock: &Clock) -> Vec<Season> {
    let mut gather = Gather::new(snapshot);
    gather.add(workload..workload + 1, &snapshot.usage);
    let mut works = gather.done().into_iter().skip(workload);
    let work = works.next().unwrap_or_default();
    let of = |hours: Option<&Hours>| hours.map_or_else(Vec::new, |it| clock.seasons(it));
    let asked = of(work.requests.as_ref());
    if asked.is_empty() {
        of(work.cpu.as_ref())
    } else {
        asked
    }
}
