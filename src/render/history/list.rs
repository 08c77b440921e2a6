use std::collections::BTreeSet;
use std::io;

use serde::Serialize;

use super::{UNKNOWN, freed, paid};
use crate::apply::log::{Action, Became, Done, Run as Logged};
use crate::history::{Monthly, Nodes, Record, Written};
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
pub fn history_table(
    (records, runs): (&[Record], &[Logged]),
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    plain(look, out, |out| {
        let differ = records
            .windows(2)
            .any(|pair| pair[0].question() != pair[1].question());
        let writes = records.iter().any(|it| it.applied.is_some());
        let mut columns = vec![Column::word("TAKEN"), Column::name("CLUSTER").drop(2)];
        // What was asked for another way cannot be compared.
        columns.extend(differ.then(|| Column::name("ASKED FOR").drop(1)));
        columns.extend([
            Column::number("WORKLOADS").drop(4),
            Column::number("OVER"),
            Column::number("UNDER"),
            Column::number("IDLE"),
            Column::number("UNKNOWN").drop(3),
            Column::number("WASTE"),
            Column::number("A MONTH"),
            Column::number("FREED"),
        ]);
        columns.extend(writes.then(|| Column::number("APPLIED").drop(1)));
        let mut grid = Grid::new(columns);
        for record in records {
            let count = |state: &str| Cell::new(record.in_state(state).to_string());
            let mut cells = vec![
                Cell::new(record.taken_at.strftime("%Y-%m-%d %H:%M").to_string()),
                Cell::new(asked(record)),
            ];
            cells.extend(differ.then(|| Cell::new(asked_for(record, records))));
            cells.extend([
                Cell::new(record.workloads.len().to_string()),
                count("over_provisioned"),
                count("under_provisioned"),
                count("idle"),
                count("unknown"),
                Cell::new(record.waste.map_or(UNKNOWN.to_owned(), percent)),
                Cell::new(paid(&record.monthly.current, &record.currency)),
                Cell::new(freed(record)),
            ]);
            cells.extend(writes.then(|| Cell::new(applied(record, runs))));
            grid.row(cells);
        }
        grid.write(look.width, Paint::of(look), out)
    })
}

/// How many workloads have got what was advised, of those that were tried, and what became
/// of that as far as the audit log tells.
fn applied(record: &Record, runs: &[Logged]) -> String {
    let Some(written) = &record.applied else {
        return String::new();
    };
    let all = written.workloads.len();
    let known = Since::of(written, runs);
    let done = match (&known, written.is_open()) {
        (None, true) => return format!("begun, of {all}"),
        (Some(since), true) => since.changed,
        (_, false) => written.done(),
    };
    let cut = if written.is_open() {
        ", interrupted"
    } else {
        ""
    };
    let back = match known.map_or(0, |it| it.rolled_back) {
        0 => String::new(),
        some if some >= done => ", rolled back".to_owned(),
        some => format!(", {some} rolled back"),
    };
    format!("{done} of {all}{cut}{back}")
}

/// What the audit log says of what a run wrote.
struct Since {
    /// Workloads that the run has left changed.
    changed: usize,
    /// Of those, how many were taken back later.
    rolled_back: usize,
}

impl Since {
    /// `None` where the log does not know the run.
    fn of(written: &Written, runs: &[Logged]) -> Option<Self> {
        let run = runs.iter().find(|it| it.id == written.run)?;
        let changed: BTreeSet<String> = run.left().into_iter().map(|it| it.0).collect();
        let of = |it: &&Logged| it.action == Action::Rollback && it.of.as_ref() == Some(&run.id);
        let back = runs.iter().filter(of).flat_map(|it| &it.writes);
        let there = |it: &&Done| it.became.is_some_and(Became::is_there);
        let back: BTreeSet<&String> = back
            .filter(there)
            .map(|it| &it.intent.workload)
            .filter(|name| changed.contains(*name))
            .collect();
        Some(Self {
            rolled_back: back.len(),
            changed: changed.len(),
        })
    }
}

/// How this record was asked for, as far as that tells it from the others.
fn asked_for(record: &Record, all: &[Record]) -> String {
    let differs = |of: fn(&Record) -> &str| all.iter().any(|it| of(it) != of(record));
    let of: [fn(&Record) -> &str; 2] = [|it| &it.strategy, |it| &it.goal];
    let names = of
        .into_iter()
        .filter(|of| differs(*of))
        .map(|of| of(record));
    let parts: Vec<&str> = names
        .chain(record.settings.iter().map(String::as_str))
        .collect();
    if parts.is_empty() {
        "defaults".to_owned()
    } else {
        escape(&parts.join(", "))
    }
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
    // What was applied may be of bounded cuts, which leave more than a report calls waste.
    let earlier = before.iter().filter(|it| it.applied.is_none());
    let earlier = earlier.filter(|it| it.asks_as(now));
    let earlier = earlier.filter(|it| it.taken_at < now.taken_at);
    let earlier = earlier.filter(|it| it.currency == now.currency && it.waste.is_some());
    // What could not be judged stands beside nothing.
    let waste = now.waste?;
    let last = earlier.clone().max_by_key(|it| it.taken_at)?;
    let runs = earlier.count() + 1;
    let day = last.taken_at.strftime("%Y-%m-%d");
    Some(format!(
        "trend: waste {}, {} on {day}; {} a month, {} then ({runs} runs)",
        percent(waste),
        percent(last.waste?),
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
    settings: &'a [String],
    /// Null where all of the cluster was asked for.
    scope: Option<&'a str>,
    currency: &'a str,
    monthly_cost: &'a Monthly,
    nodes: Option<&'a Nodes>,
    /// Null where nothing could be judged; then nothing is known to be freed either.
    waste_ratio: Option<f64>,
    workloads: usize,
    states: States,
    /// Null where nothing was written to the cluster.
    applied: Option<Put<'a>>,
}

#[derive(Serialize)]
struct Put<'a> {
    #[serde(flatten)]
    written: &'a Written,
    /// Workloads that the run has left changed, and how many of those were rolled back later,
    /// by the audit log; null where that does not know the run.
    changed: Option<usize>,
    rolled_back: Option<usize>,
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
pub fn history_json(
    (records, runs): (&[Record], &[Logged]),
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let put = |written| {
        let since = Since::of(written, runs);
        Put {
            written,
            changed: since.as_ref().map(|it| it.changed),
            rolled_back: since.map(|it| it.rolled_back),
        }
    };
    let runs = records.iter().map(|record| Run {
        taken_at: record.taken_at.to_string(),
        tool_version: &record.tool_version,
        cluster: Named {
            name: &record.cluster,
        },
        strategy: &record.strategy,
        goal: &record.goal,
        settings: &record.settings,
        scope: record.scope.as_deref(),
        currency: &record.currency,
        monthly_cost: &record.monthly,
        nodes: record.nodes.as_ref(),
        waste_ratio: record.waste,
        workloads: record.workloads.len(),
        states: States {
            idle: record.in_state("idle"),
            over_provisioned: record.in_state("over_provisioned"),
            under_provisioned: record.in_state("under_provisioned"),
            right_sized: record.in_state("right_sized"),
            unknown: record.in_state("unknown"),
        },
        applied: record.applied.as_ref().map(put),
    });
    let report = Report {
        schema: "kcost.history/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        records: runs.collect(),
    };
    json::write(&report, out)
}
