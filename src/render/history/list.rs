use std::io;

use serde::Serialize;

use super::paid;
use crate::history::{Monthly, Record, Written};
use crate::render::Look;
use crate::render::grid::{Cell, Column, Grid};
use crate::render::json;
use crate::render::plain::plain;
use crate::render::style::Paint;
use crate::text::{escape, percent};

/// A row a run, the oldest first.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn history_table(records: &[Record], look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
    plain(look, out, |out| {
        let writes = records.iter().any(|it| it.applied.is_some());
        let mut columns = vec![
            Column::word("TAKEN"),
            Column::name("CLUSTER").drop(2),
            Column::number("WORKLOADS").drop(4),
            Column::number("OVER"),
            Column::number("UNDER"),
            Column::number("IDLE"),
            Column::number("UNKNOWN").drop(3),
            Column::number("WASTE"),
            Column::number("A MONTH"),
            Column::number("FREED"),
        ];
        columns.extend(writes.then(|| Column::number("APPLIED").drop(1)));
        let mut grid = Grid::new(columns);
        for record in records {
            let count = |state: &str| Cell::new(record.in_state(state).to_string());
            let mut cells = vec![
                Cell::new(record.taken_at.strftime("%Y-%m-%d %H:%M").to_string()),
                Cell::new(asked(record)),
                Cell::new(record.workloads.len().to_string()),
                count("over_provisioned"),
                count("under_provisioned"),
                count("idle"),
                count("unknown"),
                Cell::new(percent(record.waste)),
                Cell::new(paid(&record.monthly.current, &record.currency)),
                Cell::new(paid(&record.monthly.freed, &record.currency)),
            ];
            cells.extend(writes.then(|| Cell::new(applied(record))));
            grid.row(cells);
        }
        grid.write(look.width, Paint::of(look), out)
    })
}

/// How many workloads have got what was advised, of those that were tried.
fn applied(record: &Record) -> String {
    let written = record.applied.as_ref();
    written.map_or_else(String::new, |it| {
        format!("{} of {}", it.done(), it.workloads.len())
    })
}

/// The cluster, and the part of it where not all was asked for.
fn asked(record: &Record) -> String {
    let cluster = escape(&record.cluster);
    match &record.scope {
        Some(scope) => format!("{cluster} {}", escape(scope)),
        None => cluster,
    }
}

/// How a run stands beside the last one before it of the same question, in one line.
pub fn trend(before: &[Record], now: &Record) -> Option<String> {
    let earlier = before.iter().filter(|it| it.asks_as(now));
    let earlier = earlier.filter(|it| it.taken_at < now.taken_at);
    let earlier = earlier.filter(|it| it.currency == now.currency);
    let last = earlier.clone().max_by_key(|it| it.taken_at)?;
    let runs = earlier.count() + 1;
    let day = last.taken_at.strftime("%Y-%m-%d");
    Some(format!(
        "trend: waste {}, {} on {day}; {} a month, {} then ({runs} runs)",
        percent(now.waste),
        percent(last.waste),
        paid(&now.monthly.current, &now.currency),
        paid(&last.monthly.current, &last.currency),
    ))
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    records: Vec<Run<'a>>,
}

#[derive(Serialize)]
struct Run<'a> {
    taken_at: String,
    tool_version: &'a str,
    cluster: Named<'a>,
    strategy: &'a str,
    goal: &'a str,
    /// Null where all of the cluster was asked for.
    scope: Option<&'a str>,
    currency: &'a str,
    monthly_cost: &'a Monthly,
    waste_ratio: f64,
    workloads: usize,
    states: States,
    /// Null where nothing was written to the cluster.
    applied: Option<&'a Written>,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct States {
    idle: usize,
    over_provisioned: usize,
    under_provisioned: usize,
    right_sized: usize,
    unknown: usize,
}

/// The runs for programs, schema `kcost.history/v1`.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn history_json(records: &[Record], out: &mut dyn io::Write) -> io::Result<()> {
    let runs = records.iter().map(|record| Run {
        taken_at: record.taken_at.to_string(),
        tool_version: &record.tool_version,
        cluster: Named {
            name: &record.cluster,
        },
        strategy: &record.strategy,
        goal: &record.goal,
        scope: record.scope.as_deref(),
        currency: &record.currency,
        monthly_cost: &record.monthly,
        waste_ratio: record.waste,
        workloads: record.workloads.len(),
        states: States {
            idle: record.in_state("idle"),
            over_provisioned: record.in_state("over_provisioned"),
            under_provisioned: record.in_state("under_provisioned"),
            right_sized: record.in_state("right_sized"),
            unknown: record.in_state("unknown"),
        },
        applied: record.applied.as_ref(),
    });
    let report = Report {
        schema: "kcost.history/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        records: runs.collect(),
    };
    json::write(&report, out)
}
