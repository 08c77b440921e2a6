//! Forecasts for programs, schema `kcost.forecast/v1`. Keys are only ever added.

use std::io;

use serde::Serialize;

use crate::forecast::{Forecast, Forecasts, Metric, Mixed, Point, Season, SeriesForecast};
use crate::render::json_v1::{Cluster, Gap, Window, cluster, gap, rounded, window};
use crate::snapshot::Snapshot;
use crate::units::Currency;

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    taken_at: String,
    cluster: Cluster<'a>,
    window: Window,
    currency: Currency,
    horizon_seconds: usize,
    workloads: Vec<Workload<'a>>,
    gaps: Vec<Gap<'a>>,
}

#[derive(Serialize)]
struct Workload<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    /// Null where none is advised.
    schedule: Option<()>,
    series: Vec<Series>,
}

/// What comes of one metric, of all pods of the workload together.
#[derive(Serialize)]
struct Series {
    metric: &'static str,
    /// The model that says more than half, or `blend`.
    model: &'static str,
    models: Vec<Model>,
    /// Σ|error| ÷ Σ|value| of forecasts so far ahead of the past; null where none could be
    /// tried, or nothing was used.
    error: Option<f64>,
    /// The same of the better of the same hour yesterday and last week.
    naive_error: Option<f64>,
    seasons: Vec<Shape>,
    points: Vec<Hour>,
}

#[derive(Serialize)]
struct Model {
    name: &'static str,
    share: f64,
    error: Option<f64>,
}

#[derive(Serialize)]
pub(in crate::render) struct Shape {
    kind: &'static str,
    period_seconds: u32,
    strength: f64,
    p_value: f64,
}

/// The mean of one hour; one hour of twenty lies below `low`, and one above `high`.
#[derive(Serialize)]
struct Hour {
    time: String,
    value: f64,
    low: f64,
    high: f64,
}

/// Forecasts as JSON.
pub fn forecast_json(
    snapshot: &Snapshot,
    currency: Currency,
    forecasts: &Forecasts,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let known = snapshot.gaps.iter().chain(&forecasts.gaps);
    let workloads = forecasts.forecasts.iter();
    let report = Report {
        schema: "kcost.forecast/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        taken_at: snapshot.taken_at.to_string(),
        cluster: cluster(snapshot),
        window: window(snapshot),
        currency,
        horizon_seconds: forecasts.hours * 3_600,
        workloads: workloads
            .map(|it| workload(snapshot, forecasts, it))
            .collect(),
        gaps: known.map(gap).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

fn workload<'a>(
    snapshot: &'a Snapshot,
    forecasts: &Forecasts,
    forecast: &Forecast,
) -> Workload<'a> {
    let id = &snapshot.workloads[forecast.workload].id;
    let all = forecast.series.iter();
    Workload {
        namespace: &id.namespace,
        kind: &id.kind,
        name: &id.name,
        template: id.template.as_deref(),
        schedule: None,
        series: all.map(|it| series(forecasts, it)).collect(),
    }
}

fn series(forecasts: &Forecasts, series: &SeriesForecast) -> Series {
    let outlook = &series.outlook;
    let points = outlook.points.iter().enumerate();
    Series {
        metric: series.metric.name(),
        model: outlook.model(),
        models: outlook.mix.iter().map(model).collect(),
        error: outlook.error.map(rounded),
        naive_error: outlook.naive_error.map(rounded),
        seasons: outlook.seasons.iter().map(season).collect(),
        points: points
            .map(|(hour, it)| point(forecasts, series.metric, hour, it))
            .collect(),
    }
}

fn model(mixed: &Mixed) -> Model {
    Model {
        name: mixed.name,
        share: rounded(mixed.share),
        error: mixed.error.map(rounded),
    }
}

pub(in crate::render) fn season(season: &Season) -> Shape {
    Shape {
        kind: season.kind.name(),
        period_seconds: season.period.as_secs(),
        strength: rounded(season.strength),
        p_value: rounded(season.p_value),
    }
}

fn point(forecasts: &Forecasts, metric: Metric, hour: usize, point: &Point) -> Hour {
    let number = |value: f64| match metric {
        Metric::Memory => value.round(),
        Metric::Cpu | Metric::Replicas => rounded(value),
    };
    Hour {
        time: forecasts.time(hour).to_string(),
        value: number(point.value),
        low: number(point.low),
        high: number(point.high),
    }
}
