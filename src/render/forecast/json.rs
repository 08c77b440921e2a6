//! Forecasts for programs, schema `kcost.forecast/v1`. Keys are only ever added.

use std::io;

use serde::Serialize;

use super::{Foretold, capacity};
use crate::forecast::{Forecast, Forecasts, Metric, Mixed, Point, Season, SeriesForecast};
use crate::render::json;
use crate::render::json_v1::{Cluster, Gap, Window, cluster, gap, rounded, window};
use crate::schedule::{MonthWindow, Plan, Window as Stretch, clock_time, evidence, month_evidence};
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
    /// That days, weeks and the windows of schedules are in, unless a workload has its own.
    time_zone: &'a str,
    workloads: Vec<Workload<'a>>,
    /// What has a limit: quotas, node pools, volumes.
    capacity: Vec<capacity::Shape<'a>>,
    gaps: Vec<Gap<'a>>,
}

#[derive(Serialize)]
struct Workload<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    /// That its days, weeks and windows are in.
    time_zone: &'a str,
    /// What `kcost schedule` advises; null where it advises to leave the workload.
    schedule: Option<Schedule>,
    series: Vec<Series>,
}

/// What is advised on the replicas of a workload.
#[derive(Serialize)]
struct Schedule {
    /// `schedule`, `schedule_and_hpa`, `hpa`.
    advice: &'static str,
    reason: String,
    /// Of the CPU request, 0 to 1; null without an HPA in the advice.
    hpa_target_ratio: Option<f64>,
    /// Outside of all windows.
    base_replicas: u32,
    /// Of an autoscaler.
    max_replicas: u32,
    windows: Vec<Floor>,
}

/// More replicas from `start` of each day to `end`, which may be of a later day.
#[derive(Serialize)]
struct Floor {
    /// Of the week that it begins on; none of one of the month.
    days: Vec<String>,
    /// Of the month that it is open on, by their numbers; none of one of the week.
    days_of_month: Vec<usize>,
    /// Whether it begins on the day before each of these.
    from_day_before: bool,
    start: String,
    end: String,
    duration_seconds: u32,
    replicas: u32,
    evidence: String,
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
pub fn forecast_json(foretold: Foretold<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let Foretold {
        snapshot,
        forecasts,
        currency,
        ..
    } = foretold;
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
        time_zone: foretold.clocks.usual().name(),
        workloads: workloads.map(|it| workload(foretold, it)).collect(),
        capacity: forecasts
            .capacities
            .iter()
            .map(|it| capacity::shape(forecasts, it))
            .collect(),
        gaps: known.map(gap).collect(),
    };
    json::write(&report, out)
}

fn workload<'a>(foretold: Foretold<'a>, forecast: &Forecast) -> Workload<'a> {
    let id = &foretold.snapshot.workloads[forecast.workload].id;
    let all = forecast.series.iter();
    Workload {
        namespace: &id.namespace,
        kind: &id.kind,
        name: &id.name,
        template: id.template.as_deref(),
        time_zone: foretold.clocks.of(forecast.workload).name(),
        schedule: foretold.plan(forecast.workload).and_then(schedule),
        series: all.map(|it| series(foretold.forecasts, it)).collect(),
    }
}

fn schedule(plan: &Plan) -> Option<Schedule> {
    let windows = plan.windows.iter().filter(|_| plan.advice.has_windows());
    let of_month = plan.month.iter().filter(|_| plan.advice.has_windows());
    plan.advice.acts().then(|| Schedule {
        advice: plan.advice.name(),
        reason: plan.reason(),
        hpa_target_ratio: plan.advice.target(),
        base_replicas: plan.base,
        max_replicas: plan.max,
        windows: windows
            .map(floor)
            .chain(of_month.map(floor_of_month))
            .collect(),
    })
}

fn floor(window: &Stretch) -> Floor {
    Floor {
        days: window.days.names(),
        days_of_month: Vec::new(),
        from_day_before: false,
        start: clock_time(window.start),
        end: clock_time(window.end),
        duration_seconds: (window.end - window.start) * 60,
        replicas: window.replicas,
        evidence: evidence(window),
    }
}

fn floor_of_month(window: &MonthWindow) -> Floor {
    Floor {
        days: Vec::new(),
        days_of_month: window.days.iter().collect(),
        from_day_before: window.is_eve,
        start: clock_time(window.start),
        end: clock_time(window.end),
        duration_seconds: window.minutes() * 60,
        replicas: window.replicas,
        evidence: month_evidence(window),
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
        kind: season.name(),
        period_seconds: season.period.as_secs(),
        strength: rounded(season.strength),
        p_value: rounded(season.p_value),
    }
}

fn point(forecasts: &Forecasts, metric: Metric, hour: usize, point: &Point) -> Hour {
    let number = |value: f64| match metric {
        Metric::Memory => value.round(),
        Metric::Cpu | Metric::Replicas | Metric::Requests => rounded(value),
    };
    Hour {
        time: forecasts.time(hour).to_string(),
        value: number(point.value),
        low: number(point.low),
        high: number(point.high),
    }
}
