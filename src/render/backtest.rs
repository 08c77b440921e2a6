//! A backtest for people and for programs.

use std::io;

use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use super::Look;
use crate::backtest::{Backtest, Score, Share, Verdict};
use crate::snapshot::Snapshot;
use crate::text::escape;
use crate::units::Ratio;

/// The comparison as a table: what each would have cost, what would have broken,
/// and whether it kept its word.
pub fn backtest_table(
    snapshot: &Snapshot,
    backtest: &Backtest,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let origins = backtest.origins.len();
    writeln!(
        out,
        "{}: advice from {} of history, judged on the {} that followed, at {origins} {}",
        escape(&snapshot.cluster.name),
        backtest.fit,
        backtest.horizon,
        if origins == 1 { "origin" } else { "origins" },
    )?;
    writeln!(out)?;
    writeln!(out, "{}", cost_table(backtest, look))?;
    writeln!(out)?;
    writeln!(out, "{}", risk_table(backtest, look))?;
    writeln!(out)?;
    for line in NOTES {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

const NOTES: [&str; 4] = [
    "cost: a month of the requests; slack: the part of it that was not used",
    "footprint: requested ÷ used, lower is cheaper; churn: sizes changed an origin",
    "over limit: workloads above their memory limit, would-be OOM kills",
    "in brackets what was predicted; `!` where what happened exceeds it beyond chance",
];

fn plain(look: &Look) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    if let Some(width) = look.width {
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    }
    table
}

fn numbers_right(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

fn cost_table(backtest: &Backtest, look: &Look) -> String {
    let mut table = plain(look);
    table.set_header([
        "STRATEGY", "COST", "SLACK", "CPU FOOT", "MEM FOOT", "NODES", "CHURN",
    ]);
    for score in &backtest.scores {
        table.add_row([
            score.label.clone(),
            score.monthly.to_string(),
            score.monthly_slack.to_string(),
            format!("{:.2}", score.cpu_footprint),
            format!("{:.2}", score.memory_footprint),
            score
                .nodes
                .map_or("-".to_owned(), |nodes| format!("{nodes:.1}")),
            score
                .churn
                .map_or("-".to_owned(), |churn| Ratio::new(churn.rate()).to_string()),
        ]);
    }
    numbers_right(&mut table);
    table.trim_fmt()
}

fn risk_table(backtest: &Backtest, look: &Look) -> String {
    let mut table = plain(look);
    table.set_header([
        "STRATEGY",
        "OVER LIMIT",
        "NODE OVERFLOW",
        "CPU TIME OVER",
        "CPU WORK OVER",
    ]);
    for score in &backtest.scores {
        let share = |share: Share, promised, verdict| said(share.rate(), promised, verdict);
        table.add_row([
            score.label.clone(),
            share(
                score.over_limit,
                score.promised_over_limit,
                score.memory_verdict(),
            ),
            score.node_overflow.map_or("-".to_owned(), |overflow| {
                share(overflow, score.promised_overflow, score.node_verdict())
            }),
            said(
                score.cpu_time_over,
                score.promised_time_over,
                score.cpu_verdict(),
            ),
            percent(score.cpu_work_over),
        ]);
    }
    numbers_right(&mut table);
    table.trim_fmt()
}

/// `1.7% (2.0%)`, with a mark where the promise is broken.
fn said(happened: f64, promised: Option<f64>, verdict: Verdict) -> String {
    let mark = if verdict == Verdict::Broken { "!" } else { "" };
    let promised = promised.map_or(String::new(), |promised| {
        format!(" ({})", percent(promised))
    });
    format!("{mark}{}{promised}", percent(happened))
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    cluster: &'a str,
    fit_seconds: u32,
    horizon_seconds: u32,
    origins: Vec<String>,
    strategies: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    label: &'a str,
    strategy: &'static str,
    goal: &'static str,
    workloads: usize,
    monthly_cost: String,
    monthly_slack: String,
    cpu_footprint_ratio: f64,
    cpu_time_over_request_ratio: f64,
    cpu_work_over_request_ratio: f64,
    containers_often_over_request: Rate,
    memory_footprint_ratio: f64,
    workloads_over_limit: Rate,
    nodes: Option<f64>,
    node_overflow: Option<Rate>,
    churn: Option<Rate>,
    promised: Promised,
    verdict: Verdicts,
}

#[derive(Serialize)]
struct Rate {
    hits: usize,
    of: usize,
    ratio: f64,
    ratio_low: f64,
    ratio_high: f64,
}

#[derive(Serialize)]
struct Promised {
    memory_over_limit: Option<f64>,
    cpu_time_over_request: Option<f64>,
    node_memory_overflow: Option<f64>,
}

#[derive(Serialize)]
struct Verdicts {
    memory_over_limit: &'static str,
    cpu_time_over_request: &'static str,
    node_memory_overflow: &'static str,
}

/// The comparison as JSON, schema `kcost.backtest/v1`. Keys are only ever added.
pub fn backtest_json(
    snapshot: &Snapshot,
    backtest: &Backtest,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let report = Report {
        schema: "kcost.backtest/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        cluster: &snapshot.cluster.name,
        fit_seconds: backtest.fit.as_secs(),
        horizon_seconds: backtest.horizon.as_secs(),
        origins: backtest.origins.iter().map(ToString::to_string).collect(),
        strategies: backtest.scores.iter().map(row).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

fn row(score: &Score) -> Row<'_> {
    Row {
        label: &score.label,
        strategy: score.strategy,
        goal: score.goal,
        workloads: score.workloads,
        monthly_cost: score.monthly.to_string(),
        monthly_slack: score.monthly_slack.to_string(),
        cpu_footprint_ratio: score.cpu_footprint,
        cpu_time_over_request_ratio: score.cpu_time_over,
        cpu_work_over_request_ratio: score.cpu_work_over,
        containers_often_over_request: rate(score.cpu_often_over),
        memory_footprint_ratio: score.memory_footprint,
        workloads_over_limit: rate(score.over_limit),
        nodes: score.nodes,
        node_overflow: score.node_overflow.map(rate),
        churn: score.churn.map(rate),
        promised: Promised {
            memory_over_limit: score.promised_over_limit,
            cpu_time_over_request: score.promised_time_over,
            node_memory_overflow: score.promised_overflow,
        },
        verdict: Verdicts {
            memory_over_limit: score.memory_verdict().name(),
            cpu_time_over_request: score.cpu_verdict().name(),
            node_memory_overflow: score.node_verdict().name(),
        },
    }
}

fn rate(share: Share) -> Rate {
    let (ratio_low, ratio_high) = share.interval();
    Rate {
        hits: share.hits,
        of: share.of,
        ratio: share.rate(),
        ratio_low,
        ratio_high,
    }
}
