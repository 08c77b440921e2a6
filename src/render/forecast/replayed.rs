//! Forecasts of the past against what came, for people and for programs.

use std::io;

use serde::Serialize;

use crate::forecast::{HORIZONS, Judged, MOMENTS, NAIVE, NEXT, Replayed};
use crate::render::Look;
use crate::render::grid::{Cell, Column, Grid};
use crate::render::json;
use crate::render::json_v1::{Cluster, Gap, Window, cluster, gap, rounded, window};
use crate::render::plain::plain;
use crate::render::style::{BOLD, DIM, GOOD, PLAIN, Paint};
use crate::render::wrap::wrap;
use crate::snapshot::Snapshot;
use crate::text::{escape, percent};
use crate::trend::median;
use crate::units::{Span, len_f64};

/// Schema `kcost.forecast_backtest/v1`. Keys are only ever added.
#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    taken_at: String,
    cluster: Cluster<'a>,
    window: Window,
    series: Vec<Series<'a>>,
    gaps: Vec<Gap<'a>>,
}

#[derive(Serialize)]
struct Series<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    metric: &'static str,
    horizons: Vec<Horizon>,
}

/// Median errors over the moments, as Σ|error| ÷ Σ|value|.
#[derive(Serialize)]
struct Horizon {
    #[serde(rename = "horizon_seconds")]
    ahead_seconds: usize,
    moments: usize,
    error: f64,
    same_hour_yesterday: f64,
    same_hour_last_week: f64,
    hour_of_week_mean: f64,
    last_hour: f64,
    /// Share of the hours that lay within the bands.
    inside: f64,
}

/// Replays as JSON.
pub fn replayed_json(
    snapshot: &Snapshot,
    replayed: &[Replayed],
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let series = replayed.iter().map(|it| {
        let id = &snapshot.workloads[it.workload].id;
        Series {
            namespace: &id.namespace,
            kind: &id.kind,
            name: &id.name,
            template: id.template.as_deref(),
            metric: it.metric.name(),
            horizons: it.judged.iter().map(horizon).collect(),
        }
    });
    let report = Report {
        schema: "kcost.forecast_backtest/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        taken_at: snapshot.taken_at.to_string(),
        cluster: cluster(snapshot),
        window: window(snapshot),
        series: series.collect(),
        gaps: snapshot.gaps.iter().map(gap).collect(),
    };
    json::write(&report, out)
}

fn horizon(judged: &Judged) -> Horizon {
    let [yesterday, week, mean, last] = judged.naive.map(rounded);
    Horizon {
        ahead_seconds: judged.horizon * 3_600,
        moments: judged.moments,
        error: rounded(judged.error),
        same_hour_yesterday: yesterday,
        same_hour_last_week: week,
        hour_of_week_mean: mean,
        last_hour: last,
        inside: rounded(inside(judged)),
    }
}

fn inside(judged: &Judged) -> f64 {
    len_f64(judged.inside.0) / len_f64(judged.inside.1.max(1))
}

/// Replays as a table: the error of kcost and of each rule of thumb, horizon by horizon.
pub fn replayed_table(
    snapshot: &Snapshot,
    replayed: &[Replayed],
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    plain(look, out, |out| {
        let paint = Paint::of(look);
        let name = escape(&snapshot.cluster.name);
        let series = replayed.len();
        let text =
            format!("forecasts of {series} series at {MOMENTS} moments of the past, a day apart");
        writeln!(out, "{}  {}\n", paint.on(BOLD, &name), paint.on(DIM, &text))?;
        grid(snapshot, replayed).write(look.width, paint, out)?;
        writeln!(out, "\n{}", paint.on(BOLD, "All series, by their middle"))?;
        summary(replayed).write(look.width, paint, out)?;
        let note = format!(
            "Errors are the sum of what hours were off as a share of what came, the middle of the \
             moments, {NEXT} of the next hour, each hour of the day once; WITHIN is the share of \
             hours in the bands, which are to hold nine of ten"
        );
        writeln!(out, "\n{}", paint.on(DIM, &wrap(&note, look.width, 0)))
    })
}

fn columns(first: Vec<Column>) -> Grid {
    let numbers = ["KCOST", "YESTERDAY", "LAST WEEK", "3 WEEKS"];
    let mut columns = first;
    columns.extend(numbers.map(Column::number));
    columns.push(Column::number("LAST HOUR").drop(1));
    columns.push(Column::number("WITHIN"));
    Grid::new(columns)
}

fn grid(snapshot: &Snapshot, replayed: &[Replayed]) -> Grid {
    let mut grid = columns(vec![
        Column::name("WORKLOAD"),
        Column::word("OF"),
        Column::number("AHEAD"),
    ]);
    for it in replayed {
        let id = &snapshot.workloads[it.workload].id;
        let name = escape(&format!("{}/{}", id.namespace, id.name));
        for judged in &it.judged {
            let mut row = vec![
                Cell::new(name.clone()),
                Cell::new(it.metric.word()),
                Cell::new(ahead(judged.horizon)),
            ];
            row.extend(numbers(judged.error, judged.naive, inside(judged)));
            grid.row(row);
        }
    }
    grid
}

fn summary(replayed: &[Replayed]) -> Grid {
    let mut grid = columns(vec![Column::number("AHEAD"), Column::number("SERIES")]);
    for horizon in HORIZONS {
        let all = replayed.iter().flat_map(|it| &it.judged);
        let all: Vec<&Judged> = all.filter(|it| it.horizon == horizon).collect();
        if all.is_empty() {
            continue;
        }
        let middle = |of: &dyn Fn(&Judged) -> f64| {
            median(&all.iter().map(|it| of(it)).collect::<Vec<f64>>())
        };
        let naive = std::array::from_fn(|rule| middle(&|it| it.naive[rule]));
        let held: usize = all.iter().map(|it| it.inside.0).sum();
        let hours: usize = all.iter().map(|it| it.inside.1).sum();
        let mut row = vec![Cell::new(ahead(horizon)), Cell::new(all.len().to_string())];
        let inside = len_f64(held) / len_f64(hours.max(1));
        row.extend(numbers(middle(&|it| it.error), naive, inside));
        grid.row(row);
    }
    grid
}

/// What is best stands out.
fn numbers(error: f64, naive: [f64; NAIVE.len()], inside: f64) -> Vec<Cell> {
    let best = naive.into_iter().fold(f64::INFINITY, f64::min);
    let style = if error <= best { GOOD } else { PLAIN };
    let mut cells = vec![Cell::styled(percent(error), style)];
    cells.extend(naive.map(|it| Cell::new(percent(it))));
    cells.push(Cell::new(percent(inside)));
    cells
}

fn ahead(hours: usize) -> String {
    let seconds = u32::try_from(hours * 3_600).unwrap_or(u32::MAX);
    Span::from_secs(seconds).to_string()
}
