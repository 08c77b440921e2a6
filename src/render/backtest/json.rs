//! A backtest for programs, schema `kcost.backtest/v1`.

use std::io;

use serde::Serialize;

use crate::backtest::{Backtest, Calibration, Score, Share, Trusted};
use crate::render::json;
use crate::snapshot::Snapshot;
use crate::units::Currency;

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    cluster: &'a str,
    currency: Currency,
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
    calibration: Vec<Calibrated>,
    /// Of how many origins anything was learned; null where nothing was to be.
    origins_learned: Option<usize>,
    verdict: Verdicts,
}

/// How closely a promise was kept.
#[derive(Serialize)]
struct Calibrated {
    promise: &'static str,
    promised: f64,
    happened: f64,
    off_by: f64,
    off_by_within_kinds: f64,
    kinds: Vec<Behaviour>,
}

#[derive(Serialize)]
struct Behaviour {
    kind: Option<&'static str>,
    containers: usize,
    promised: f64,
    happened: f64,
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
    json::write(&report, out)
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
        calibration: score.calibration.iter().map(calibrated).collect(),
        origins_learned: score.learning,
        verdict: Verdicts {
            memory_over_limit: score.memory_verdict().name(),
            cpu_time_over_request: score.cpu_verdict().name(),
            node_memory_overflow: score.node_verdict().name(),
        },
    }
}

fn calibrated(it: &Calibration) -> Calibrated {
    let kinds = it.kinds.iter().map(|of| Behaviour {
        kind: of.kind,
        containers: of.containers,
        promised: of.said,
        happened: of.came,
    });
    Calibrated {
        promise: it.about.name(),
        promised: it.said,
        happened: it.came,
        off_by: it.off(),
        off_by_within_kinds: it.off_by_kind,
        kinds: kinds.collect(),
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
