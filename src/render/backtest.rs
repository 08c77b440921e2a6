//! A backtest for people and for programs.

use std::io;

use serde::Serialize;

use super::Look;
use super::grid::{Cell, Column, Grid};
use super::plain::plain;
use super::style::{BAD_BOLD, BOLD, DIM, Paint};
use super::wrap::wrap;
use crate::backtest::{Backtest, Score, Share, Trusted, Verdict};
use crate::snapshot::Snapshot;
use crate::text::{count, escape, money, percent};

/// The comparison as a table: what each would have cost, what would have broken,
/// and whether it kept its word.
pub fn backtest_table(
    snapshot: &Snapshot,
    backtest: &Backtest,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    plain(look, out, |out| table(snapshot, backtest, look, out))
}

fn table(
    snapshot: &Snapshot,
    backtest: &Backtest,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let paint = Paint::of(look);
    let text = format!(
        "advice from {} of history, judged on the {} that followed, at {}{}",
        backtest.fit,
        backtest.horizon,
        count(backtest.origins.len(), "origin"),
        apart(backtest),
    );
    let name = escape(&snapshot.cluster.name);
    writeln!(out, "{}  {}", paint.on(BOLD, &name), paint.on(DIM, &text))?;
    if let Some(judged) = judged(backtest) {
        writeln!(out, "{}", paint.on(DIM, &wrap(&judged, look.width, 0)))?;
    }
    writeln!(out)?;
    cost_table(backtest).write(look.width, paint, out)?;
    writeln!(out)?;
    risk_table(backtest).write(look.width, paint, out)?;
    writeln!(out)?;
    let note = |(name, what): (&str, &str), out: &mut dyn io::Write| {
        let room = look.width.map(|width| width.saturating_sub(14).max(20));
        let label = paint.on(DIM, &format!("{name:<11}"));
        writeln!(out, "  {label} {}", wrap(what, room, 14))
    };
    NOTES.into_iter().try_for_each(|it| note(it, out))?;
    if backtest.scores.iter().any(|score| !score.guards) {
        note(BARE, out)?;
    }
    promises(backtest)
        .iter()
        .try_for_each(|(goal, what)| note((goal, what), out))
}

/// What each goal asks for, once.
fn promises(backtest: &Backtest) -> Vec<(&'static str, String)> {
    let mut promises: Vec<(&'static str, String)> = Vec::new();
    for score in backtest.scores.iter().filter(|score| score.heeds_goal) {
        if promises.iter().all(|(goal, _)| *goal != score.goal) {
            let targets = &score.targets;
            let text = format!(
                "promises at most {} over limit, {} node overflow, {} CPU time over",
                percent(targets.memory_over_limit),
                percent(targets.node_memory_overflow),
                percent(targets.cpu_time_over_request),
            );
            promises.push((score.goal, text));
        }
    }
    promises
}

/// How many workloads the figures are of; the history that is needed is the same for all strategies.
fn judged(backtest: &Backtest) -> Option<String> {
    let score = backtest.scores.first()?;
    let thin = score.workloads.saturating_sub(score.advised);
    let kept = if thin == 0 {
        String::new()
    } else {
        format!("; {thin} had too little history for advice and keep their sizes")
    };
    let counted = count(score.workloads, "workload");
    let overlap = if overlaps(backtest) {
        let horizons = backtest.independent_horizons;
        format!("; horizons overlap, and are {horizons:.1} of their own where chance is judged")
    } else {
        String::new()
    };
    Some(format!(
        "{counted} judged, counted once an origin{kept}{overlap}"
    ))
}

fn overlaps(backtest: &Backtest) -> bool {
    backtest.origins.len() > 1 && backtest.every < backtest.horizon
}

/// How far origins are apart, where that is not a horizon.
fn apart(backtest: &Backtest) -> String {
    if overlaps(backtest) {
        format!(", {} apart", backtest.every.human())
    } else {
        String::new()
    }
}

/// What the heads of the tables mean.
const NOTES: [(&str, &str); 7] = [
    ("cost", "a month of the requests"),
    ("slack", "the part of it that was not used"),
    ("foot", "requested ÷ used, lower is cheaper"),
    ("churn", "sizes that changed from one horizon to the next"),
    (
        "over limit",
        "workloads above their memory limit: would-be OOM kills",
    ),
    (
        "overflow",
        "nodes over 97% of their memory: by pods together, or by one alone, which no request prevents",
    ),
    (
        "(…)",
        "what was predicted; `!` where what happened exceeds it beyond chance",
    ),
];

/// What is said where sizes were taken as they are.
const BARE: (&str, &str) = (
    "peers",
    "rules of other tools, as those would set them: without kcost's guards (`--with-guards`)",
);

fn cost_table(backtest: &Backtest) -> Grid {
    let mut grid = Grid::new(vec![
        Column::name("STRATEGY"),
        Column::number("COST"),
        Column::number("SLACK").drop(2),
        Column::number("CPU FOOT"),
        Column::number("MEM FOOT"),
        Column::number("NODES"),
        Column::number("CHURN").drop(1),
    ]);
    for score in &backtest.scores {
        let nodes = score.nodes.map(|nodes| format!("{nodes:.1}"));
        let churn = score.churn.map(|churn| percent(churn.rate()));
        grid.row(vec![
            Cell::styled(&score.label, BOLD),
            Cell::new(money(score.monthly, backtest.currency)),
            Cell::styled(money(score.monthly_slack, backtest.currency), DIM),
            Cell::new(format!("{:.2}", score.cpu_footprint)),
            Cell::new(format!("{:.2}", score.memory_footprint)),
            Cell::new(nodes.unwrap_or_else(|| "-".to_owned())),
            Cell::styled(churn.unwrap_or_else(|| "-".to_owned()), DIM),
        ]);
    }
    grid
}

fn risk_table(backtest: &Backtest) -> Grid {
    let mut grid = Grid::new(vec![
        Column::name("STRATEGY"),
        Column::number("OVER LIMIT"),
        Column::number("NODE OVERFLOW"),
        Column::number("TOGETHER").drop(2),
        Column::number("ALONE").drop(2),
        Column::number("CPU TIME OVER"),
        Column::number("CPU WORK OVER").drop(1),
    ]);
    for score in &backtest.scores {
        let limit = said(
            score.over_limit.rate(),
            score.promised_over_limit,
            score.memory_verdict(),
        );
        let nodes = score.node_overflow.map(|overflow| {
            said(
                overflow.rate(),
                score.promised_overflow,
                score.node_verdict(),
            )
        });
        let cpu = said(
            score.cpu_time_over.rate,
            score.promised_time_over,
            score.cpu_verdict(),
        );
        grid.row(vec![
            Cell::styled(&score.label, BOLD),
            limit,
            nodes.unwrap_or_else(|| Cell::new("-")),
            part(score.node_overflow_together),
            part(score.node_overflow_alone),
            cpu,
            Cell::styled(percent(score.cpu_work_over), DIM),
        ]);
    }
    grid
}

fn part(share: Option<Share>) -> Cell {
    let text = share.map(|share| percent(share.rate()));
    Cell::styled(text.unwrap_or_else(|| "-".to_owned()), DIM)
}

/// `1.7% (2%)`, with a mark where the promise is broken.
fn said(happened: f64, promised: Option<f64>, verdict: Verdict) -> Cell {
    let promised = promised.map_or(String::new(), |promised| {
        format!(" ({})", percent(promised))
    });
    let text = format!("{}{promised}", percent(happened));
    if verdict == Verdict::Broken {
        Cell::styled(format!("!{text}"), BAD_BOLD)
    } else {
        Cell::new(text)
    }
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    cluster: &'a str,
    currency: &'static str,
    fit_seconds: u32,
    horizon_seconds: u32,
    origins: Vec<String>,
    origins_every_seconds: u32,
    independent_horizons: f64,
    strategies: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    label: &'a str,
    strategy: &'static str,
    goal: &'static str,
    guards: bool,
    workloads: usize,
    workloads_advised: usize,
    monthly_cost: String,
    monthly_slack: String,
    cpu_footprint_ratio: f64,
    cpu_time_over_request_ratio: f64,
    cpu_time_over_request_ratio_low: f64,
    cpu_time_over_request_ratio_high: f64,
    cpu_work_over_request_ratio: f64,
    containers_often_over_request: Rate,
    memory_footprint_ratio: f64,
    workloads_over_limit: Rate,
    nodes: Option<f64>,
    node_overflow: Option<Rate>,
    node_overflow_together: Option<Rate>,
    node_overflow_alone: Option<Rate>,
    churn: Option<Rate>,
    by_confidence: Vec<Trust>,
    promised: Promised,
    verdict: Verdicts,
}

/// What happened to advice of one confidence.
#[derive(Serialize)]
struct Trust {
    confidence: &'static str,
    containers: usize,
    cpu_time_over_request_ratio: f64,
    cpu_work_over_request_ratio: f64,
    workloads_over_limit: Rate,
}

#[derive(Serialize)]
struct Rate {
    hits: usize,
    of: usize,
    independent: f64,
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
        currency: backtest.currency,
        fit_seconds: backtest.fit.as_secs(),
        horizon_seconds: backtest.horizon.as_secs(),
        origins: backtest.origins.iter().map(ToString::to_string).collect(),
        origins_every_seconds: backtest.every.as_secs(),
        independent_horizons: backtest.independent_horizons,
        strategies: backtest.scores.iter().map(row).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

fn row(score: &Score) -> Row<'_> {
    let (cpu_low, cpu_high) = score.cpu_time_over.interval();
    Row {
        label: &score.label,
        strategy: score.strategy,
        goal: score.goal,
        guards: score.guards,
        workloads: score.workloads,
        workloads_advised: score.advised,
        monthly_cost: score.monthly.to_string(),
        monthly_slack: score.monthly_slack.to_string(),
        cpu_footprint_ratio: score.cpu_footprint,
        cpu_time_over_request_ratio: score.cpu_time_over.rate,
        cpu_time_over_request_ratio_low: cpu_low,
        cpu_time_over_request_ratio_high: cpu_high,
        cpu_work_over_request_ratio: score.cpu_work_over,
        containers_often_over_request: rate(score.cpu_often_over),
        memory_footprint_ratio: score.memory_footprint,
        workloads_over_limit: rate(score.over_limit),
        nodes: score.nodes,
        node_overflow: score.node_overflow.map(rate),
        node_overflow_together: score.node_overflow_together.map(rate),
        node_overflow_alone: score.node_overflow_alone.map(rate),
        churn: score.churn.map(rate),
        by_confidence: score.by_confidence.iter().map(trust).collect(),
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

fn trust(it: &Trusted) -> Trust {
    Trust {
        confidence: it.confidence.name(),
        containers: it.containers,
        cpu_time_over_request_ratio: it.cpu_time_over,
        cpu_work_over_request_ratio: it.cpu_work_over,
        workloads_over_limit: rate(it.over_limit),
    }
}

fn rate(share: Share) -> Rate {
    let (ratio_low, ratio_high) = share.interval();
    Rate {
        hits: share.hits,
        of: share.of,
        independent: share.independent,
        ratio: share.rate(),
        ratio_low,
        ratio_high,
    }
}
