//! The forecast of one workload, metric by metric.

use std::io;

use super::plot::plot;
use super::{Foretold, amount, capacity, gaps, head, peak, words};
use crate::forecast::{Forecasts, Metric, Outlook, Season, SeriesForecast};
use crate::render::Look;
use crate::render::plain::plain;
use crate::render::style::{BOLD, Paint};
use crate::render::wrap::wrap;
use crate::schedule::{date, evidence, month_evidence};
use crate::text::{escape, percent, percent_said};

/// Models of a mix that are named.
const NAMED: usize = 3;

/// What comes for one workload, and how that is known.
pub fn forecast_text(
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
        for forecast in &forecasts.forecasts {
            let id = snapshot.workloads[forecast.workload].id.to_string();
            writeln!(out, "{}", paint.on(BOLD, &escape(&id)))?;
            for series in &forecast.series {
                writeln!(out, "\n{}", paint.on(BOLD, title(series.metric)))?;
                if let Some(hours) = series.metric.of(&forecast.work).filter(|_| moves(series)) {
                    for line in plot(forecasts, series.metric, hours, &series.outlook, look) {
                        writeln!(out, "{line}")?;
                    }
                }
                for line in lines(forecasts, series) {
                    let room = look.width.map(|width| width.saturating_sub(2).max(20));
                    writeln!(out, "  {}", wrap(&line, room, 2))?;
                }
            }
            let plan = foretold.plan(forecast.workload);
            if let Some(plan) = plan.filter(|it| it.advice.acts()) {
                writeln!(out, "\n{}", paint.on(BOLD, "Schedule"))?;
                let room = look.width.map(|width| width.saturating_sub(2).max(20));
                writeln!(out, "  {}", wrap(&plan.reason(), room, 2))?;
                for window in plan.windows.iter().filter(|_| plan.advice.has_windows()) {
                    writeln!(out, "  {}", wrap(&evidence(window), room, 2))?;
                }
                for window in plan.month.iter().filter(|_| plan.advice.has_windows()) {
                    writeln!(out, "  {}", wrap(&month_evidence(window), room, 2))?;
                }
            }
            capacity::table(forecasts, Some(forecast.workload), look, out)?;
        }
        gaps(&forecasts.gaps, look, out)
    })
}

/// Whether anything of it is ever another value.
fn moves(series: &SeriesForecast) -> bool {
    let mut points = series.outlook.points.iter();
    let first = points.next();
    first.is_some_and(|first| {
        first.low < first.high || points.any(|it| it.value.total_cmp(&first.value).is_ne())
    })
}

fn title(metric: Metric) -> &'static str {
    match metric {
        Metric::Cpu => "CPU of all pods",
        Metric::Memory => "memory of all pods",
        Metric::Replicas => "replicas",
        Metric::Requests => "requests a second of all pods",
    }
}

fn lines(forecasts: &Forecasts, series: &SeriesForecast) -> Vec<String> {
    let outlook = &series.outlook;
    let mut lines = Vec::new();
    if let Some((hour, point)) = peak(outlook) {
        let of = |value: f64| amount(series.metric, value);
        let when = forecasts.time(hour).strftime("%a %m-%d %H:%M");
        let (value, low, high) = (of(point.value), of(point.low), of(point.high));
        lines.push(if low == high {
            format!("stays at {value}")
        } else {
            format!("largest {value} at {when} UTC, nine times of ten between {low} and {high}")
        });
    }
    if let Some(day) = outlook.quiet_since {
        let most = outlook.points.iter().map(|it| it.high).fold(0.0, f64::max);
        lines.push(format!(
            "quiet since {}, which may be a holiday: what was before may come back, up to {}",
            date(day),
            amount(series.metric, most)
        ));
    }
    lines.push(format!("season: {}", seasons(&outlook.seasons)));
    lines.push(format!("model: {}", models(outlook)));
    lines.extend(error(outlook));
    lines
}

/// `daily (82% of what moves, chance below 0.1%)`.
pub(in crate::render) fn seasons(seasons: &[Season]) -> String {
    if seasons.is_empty() {
        return "none that chance does not explain".to_owned();
    }
    let told = seasons.iter().map(|season| {
        let name = words(std::slice::from_ref(season));
        let (strength, chance) = (percent(season.strength), percent_said(season.p_value));
        format!("{name} ({strength} of what moves; by chance {chance})")
    });
    told.collect::<Vec<_>>().join(", ")
}

fn models(outlook: &Outlook) -> String {
    let named = outlook.mix.iter().take(NAMED);
    let named = named.map(|it| format!("{} {}", it.name.replace('_', " "), percent(it.share)));
    let named: Vec<String> = named.collect();
    let more = outlook.mix.len().saturating_sub(NAMED);
    if more == 0 {
        named.join(", ")
    } else {
        format!("{}, and {more} more", named.join(", "))
    }
}

fn error(outlook: &Outlook) -> Option<String> {
    let error = percent(outlook.error?);
    let naive = outlook.naive_error.map(percent);
    let beside = naive.map_or_else(String::new, |naive| {
        format!("; the same hour yesterday or last week by {naive}")
    });
    Some(format!(
        "so far ahead it was off by {error} in the past{beside}"
    ))
}
