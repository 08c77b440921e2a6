//! Forecasts for people; for programs they are [`json`].

use std::io;

mod capacity;
mod json;
mod one;
mod plot;
mod replayed;

use super::Look;
use super::grid::{Cell, Column, Grid};
use super::plain::plain;
use super::style::{BOLD, DIM, Paint};
use super::wrap::wrap;
use crate::forecast::{Clocks, Forecast, Forecasts, Kind, Metric, Outlook, Point, Season};
use crate::schedule::Plan;
use crate::snapshot::{Gap, Snapshot};
use crate::text::{count, escape, percent, short};
use crate::units::{Bytes, Cpu, Currency, Span, len_f64};

pub use json::forecast_json;
pub(super) use json::{Shape, season};
pub use one::forecast_text;
pub(super) use one::seasons;
pub use replayed::{replayed_json, replayed_table};

/// Forecasts, and what they are of.
#[derive(Clone, Copy)]
pub struct Foretold<'a> {
    pub snapshot: &'a Snapshot,
    pub forecasts: &'a Forecasts,
    /// What is advised on replicas; `None` where nobody looked.
    pub plans: Option<&'a [Plan]>,
    /// What days and weeks are counted in.
    pub clocks: &'a Clocks,
    pub currency: Currency,
}

impl<'a> Foretold<'a> {
    /// What is advised on the replicas of a workload.
    fn plan(self, workload: usize) -> Option<&'a Plan> {
        let plans = self.plans?;
        // They are in the order of the workloads.
        let place = plans.binary_search_by_key(&workload, |it| it.workload);
        plans.get(place.ok()?)
    }
}

/// So many gaps are told to a person; the rest is counted.
const TOLD: usize = 6;

/// Every workload: its season, what it uses at its next peak, and how sure that is.
pub fn forecast_table(
    foretold: Foretold<'_>,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let Foretold {
        snapshot,
        forecasts,
        ..
    } = foretold;
    plain(look, out, |out| {
        let paint = Paint::of(look);
        head(snapshot, forecasts, paint, out)?;
        if forecasts.forecasts.is_empty() {
            writeln!(out, "\nNothing can be forecast.")?;
        } else {
            writeln!(out)?;
            grid(snapshot, forecasts).write(look.width, paint, out)?;
            let note = "CPU and memory of all pods together, as hourly means, with what one hour \
                        of twenty is above; ERROR is how far off forecasts of CPU so far ahead \
                        were in the past";
            writeln!(out, "\n{}", paint.on(DIM, &wrap(note, look.width, 0)))?;
        }
        capacity::table(forecasts, None, look, out)?;
        gaps(&forecasts.gaps, look, out)
    })
}

fn head(
    snapshot: &Snapshot,
    forecasts: &Forecasts,
    paint: Paint,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let name = escape(&snapshot.cluster.name);
    let workloads = count(forecasts.forecasts.len(), "workload");
    let seconds = u32::try_from(forecasts.hours * 3_600).unwrap_or(u32::MAX);
    let ahead = Span::from_secs(seconds);
    let from = forecasts.start.strftime("%Y-%m-%d %H:%M");
    let text = format!("{workloads}, {ahead} from {from} UTC");
    writeln!(out, "{}  {}", paint.on(BOLD, &name), paint.on(DIM, &text))
}

fn grid(snapshot: &Snapshot, forecasts: &Forecasts) -> Grid {
    let mut grid = Grid::new(vec![
        Column::name("WORKLOAD"),
        Column::word("SEASON").drop(2),
        Column::number("CPU NOW").drop(4),
        Column::number("PEAK"),
        Column::number("UP TO").drop(1),
        Column::word("WHEN"),
        Column::number("MEMORY PEAK").drop(3),
        Column::number("ERROR").drop(5),
    ]);
    for forecast in &forecasts.forecasts {
        grid.row(row(snapshot, forecasts, forecast));
    }
    grid
}

fn row(snapshot: &Snapshot, forecasts: &Forecasts, forecast: &Forecast) -> Vec<Cell> {
    let id = &snapshot.workloads[forecast.workload].id;
    let name = match &id.template {
        Some(template) => format!("{}/{} {template}", id.namespace, id.name),
        None => format!("{}/{}", id.namespace, id.name),
    };
    let (cpu, memory) = (forecast.of(Metric::Cpu), forecast.of(Metric::Memory));
    let top = cpu.or(memory).and_then(peak);
    let of = |metric: Metric, outlook: Option<&Outlook>, what: fn(&Point) -> f64| {
        let top = outlook.and_then(peak);
        top.map_or_else(String::new, |(_, point)| amount(metric, what(&point)))
    };
    let when = top.map_or_else(String::new, |(hour, _)| {
        forecasts.time(hour).strftime("%a %H:%M").to_string()
    });
    let error = cpu.or(memory).and_then(|it| it.error);
    vec![
        Cell::new(escape(&name)),
        Cell::new(
            cpu.or(memory)
                .map_or_else(String::new, |it| words(&it.seasons)),
        ),
        Cell::new(now(forecast, Metric::Cpu)),
        Cell::new(of(Metric::Cpu, cpu, |it| it.value)),
        Cell::new(of(Metric::Cpu, cpu, |it| it.high)),
        Cell::new(when),
        Cell::new(of(Metric::Memory, memory, |it| it.value)),
        Cell::new(error.map_or_else(String::new, percent)),
    ]
}

/// The largest hour that comes, the first of several.
fn peak(outlook: &Outlook) -> Option<(usize, Point)> {
    let points = outlook.points.iter().copied().enumerate();
    points.reduce(|most, it| if it.1.value > most.1.value { it } else { most })
}

/// The mean of the last day.
fn now(forecast: &Forecast, metric: Metric) -> String {
    let Some(hours) = metric.of(&forecast.work) else {
        return String::new();
    };
    let newest = hours.values.iter().rev().take(24);
    let known: Vec<f64> = newest.copied().filter(|it| it.is_finite()).collect();
    if known.is_empty() {
        return String::new();
    }
    let mean = known.iter().sum::<f64>() / len_f64(known.len());
    amount(metric, mean)
}

fn amount(metric: Metric, value: f64) -> String {
    match metric {
        Metric::Cpu if value < 10.0 => Cpu::cores(value).to_string(),
        Metric::Cpu | Metric::Replicas | Metric::Requests => short(value, 1),
        Metric::Memory => Bytes::from_f64(value).human(),
    }
}

/// `daily, working days`; `none`.
fn words(seasons: &[Season]) -> String {
    let word = |season: &Season| match season.kind {
        Kind::Daily if season.period < Span::DAY => format!("every {}", season.period),
        Kind::Daily => "daily".to_owned(),
        Kind::Weekly => "weekly".to_owned(),
        Kind::WorkingDay => "working days".to_owned(),
        Kind::WeekdayOfMonth(day) => day.words(),
        Kind::DayOfMonth => "days of the month".to_owned(),
        Kind::Custom => format!("every {}", season.period),
    };
    if seasons.is_empty() {
        return "none".to_owned();
    }
    seasons.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn gaps(gaps: &[Gap], look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
    if gaps.is_empty() {
        return Ok(());
    }
    let paint = Paint::of(look);
    let room = look.width.map(|width| width.saturating_sub(4).max(20));
    writeln!(out, "\n{}", paint.on(BOLD, "Not known"))?;
    let told = if look.verbose { gaps.len() } else { TOLD };
    for gap in gaps.iter().take(told) {
        let text = format!("{}: {}", gap.subject, gap.text);
        let text = wrap(&escape(&text), room, 4);
        writeln!(out, "  {} {text}", paint.on(DIM, "?"))?;
    }
    let more = gaps.len().saturating_sub(told);
    if more > 0 {
        writeln!(out, "  … and {more} more: `-v` and `-o json` list them")?;
    }
    Ok(())
}
