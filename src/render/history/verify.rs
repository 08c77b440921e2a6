use std::cmp::Ordering;
use std::io;

use serde::Serialize;

use super::{Taught, name, paid, taught};
use crate::history::{Applied, Judged, Nodes, Record, Seen, Totals, Verdict};
use crate::recommend::Learned;
use crate::render::Look;
use crate::render::grid::{Cell, Column, Grid};
use crate::render::json;
use crate::render::json_v1::{Cluster, Gap, Window, cluster, gap, rounded, window};
use crate::render::plain::plain;
use crate::render::style::{BOLD, GOOD, Paint, WARN};
use crate::render::wrap::wrap;
use crate::snapshot::Snapshot;
use crate::text::{count, escape, percent_said};
use crate::units::Money;

/// What came of the advice of one run.
#[derive(Clone, Copy)]
pub struct Verified<'a> {
    pub record: &'a Record,
    pub snapshot: &'a Snapshot,
    pub seen: &'a [Seen<'a>],
    /// What that teaches, with what was kept beside the record.
    pub learned: &'a Learned,
    /// The nodes of now; `None` where they are not known, or in another currency.
    pub nodes: Option<&'a Nodes>,
}

/// What broke first, then what was applied.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn verify_table(told: &Verified<'_>, look: &Look, out: &mut dyn io::Write) -> io::Result<()> {
    let Verified {
        record,
        snapshot,
        seen,
        learned,
        nodes,
    } = *told;
    plain(look, out, |out| {
        let paint = Paint::of(look);
        let title = format!(
            "{}: advice of {}, held against usage up to {}",
            escape(&record.cluster),
            record.taken_at.strftime("%Y-%m-%d %H:%M"),
            snapshot.usage.grid.end().strftime("%Y-%m-%d %H:%M"),
        );
        let title = wrap(&title, look.width, 2);
        writeln!(out, "{}", paint.on(BOLD, &title))?;
        let totals = Totals::of(seen);
        let mut lines = summary(&totals, seen, record);
        lines.extend(bill(record, nodes));
        lines.extend(teaches(&totals, learned));
        for line in lines {
            let width = look.width.map(|width| width.saturating_sub(4));
            writeln!(out, "  {}", wrap(&line, width, 4))?;
        }
        let mut rows: Vec<&Seen<'_>> = seen
            .iter()
            .filter(|it| {
                it.verdict == Verdict::Broken
                    || matches!(it.applied, Applied::Yes | Applied::Undone)
            })
            .collect();
        rows.sort_by_key(|it| it.verdict);
        if rows.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        let mut grid = Grid::new(vec![
            Column::word("PROMISE"),
            Column::name("WORKLOAD"),
            Column::word("ADVICE").drop(1),
            Column::number("A MONTH").drop(2),
            Column::prose("WHY"),
        ]);
        for it in rows {
            let style = match it.verdict {
                Verdict::Broken => WARN,
                Verdict::Kept => GOOD,
                Verdict::Unknown | Verdict::None => BOLD,
            };
            grid.row(vec![
                Cell::styled(it.verdict.name(), style),
                Cell::new(name(&it.entry.id)),
                Cell::new(it.applied.name().replace('_', " ")),
                Cell::new(paid(&it.entry.monthly_savings, &record.currency)),
                Cell::new(escape(&it.reasons.join("; "))),
            ]);
        }
        grid.write(look.width, paint, out)
    })
}

/// What the next run learns, where there is anything to learn from.
fn teaches(totals: &Totals, learned: &Learned) -> Vec<String> {
    let moving = learned.lessons().iter().filter(|it| it.moves());
    let lines: Vec<String> = moving
        .map(|it| format!("teaches: {}, {}", it.evidence(), it.verdict()))
        .collect();
    if !lines.is_empty() {
        return lines;
    }
    let judged = totals.judged > 0 || totals.time_over.is_some();
    let nothing = "teaches nothing: sizes stay as replays say, what came is no more than chance or too little to tell";
    judged.then(|| nothing.to_owned()).into_iter().collect()
}

fn summary(totals: &Totals, seen: &[Seen<'_>], record: &Record) -> Vec<String> {
    let with = |applied: Applied| seen.iter().filter(|it| it.applied == applied).count();
    let undone = match with(Applied::Undone) {
        0 => String::new(),
        number => format!(", {number} applied by kcost and undone since"),
    };
    let mut lines = vec![format!(
        "advice: {} applied, {} in part, {} not, {} changed otherwise{undone}, {} gone; applied frees {} a month",
        with(Applied::Yes),
        with(Applied::Partly),
        with(Applied::No),
        with(Applied::Otherwise),
        with(Applied::Gone),
        paid(&totals.savings.to_string(), &record.currency),
    )];
    match totals.chance {
        None if totals.unjudged > 0 => {}
        None => lines.push("memory: no promise can be judged".to_owned()),
        Some(chance) => {
            let verdict = if totals.is_beyond_chance() == Some(true) {
                "more than chance explains".to_owned()
            } else if totals.over_limit == 0 {
                "promises are kept".to_owned()
            } else {
                let chance = percent_said(chance);
                format!("promises are kept: chance alone gives as many with {chance}")
            };
            lines.push(format!(
                "memory: {} of {} outgrew the limit that was advised, {:.1} were expected; {verdict}",
                totals.over_limit,
                count(totals.judged, "workload"),
                totals.expected_over_limit,
            ));
        }
    }
    if totals.unjudged > 0 {
        lines.push(format!(
            "memory: the time of {} is not over, or too little of it was seen: {} outgrew the limit so far, \
             which is no verdict",
            count(totals.unjudged, "promise"),
            totals.unjudged_over_limit,
        ));
    }
    if let (Some(promised), Some(came)) = (totals.promised_time_over, totals.time_over) {
        lines.push(format!(
            "CPU: above the request for {} of the time, {} was said",
            percent_said(came),
            percent_said(promised),
        ));
    }
    lines
}

/// What really left the bill: the nodes of then beside those of now.
fn bill(record: &Record, nodes: Option<&Nodes>) -> Option<String> {
    let (then, now) = (record.nodes.as_ref()?, nodes?);
    let amount = |nodes: &Nodes| nodes.monthly_cost.parse().unwrap_or(Money::ZERO);
    let less = amount(then) - amount(now);
    let paid = |amount: Money| paid(&amount.to_string(), &record.currency);
    let how = match less.to_cents().cmp(&Money::ZERO) {
        Ordering::Equal => "as much as then".to_owned(),
        Ordering::Greater => format!("{} left the bill, for whatever reason", paid(less)),
        Ordering::Less => format!("{} came onto the bill, for whatever reason", paid(-less)),
    };
    let said = record.monthly.banked.as_ref();
    let said = said
        .and_then(|it| it.parse().ok())
        .map_or_else(String::new, |it: Money| {
            format!("; all advice was to bank {}", paid(it))
        });
    Some(format!(
        "nodes: {} at {} a month then, {} at {} now: {how}{said}",
        then.count,
        paid(amount(then)),
        now.count,
        paid(amount(now)),
    ))
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    taken_at: String,
    cluster: Cluster<'a>,
    window: Window,
    currency: &'a str,
    record_taken_at: String,
    summary: Summary<'a>,
    /// What sizes of the next run learn from it, and from what was kept beside it.
    teaches: Vec<Taught<'a>>,
    workloads: Vec<Shape<'a>>,
    gaps: Vec<Gap<'a>>,
}

#[derive(Serialize)]
struct Summary<'a> {
    judged: usize,
    memory_over_limit: usize,
    memory_over_limit_expected: f64,
    /// How likely at least as many are, if what was promised is true.
    probability: Option<f64>,
    beyond_chance: Option<bool>,
    cpu_time_over_request: Option<f64>,
    cpu_time_over_request_promised: Option<f64>,
    /// Of promises whose time is not over, or of which too little was seen.
    unjudged: usize,
    unjudged_over_limit: usize,
    applied: usize,
    /// That a run of kcost wrote, and that is there no more.
    undone: usize,
    monthly_savings_applied: Money,
    nodes_before: Option<usize>,
    nodes_after: Option<usize>,
    nodes_monthly_cost_before: Option<&'a str>,
    nodes_monthly_cost_after: Option<&'a str>,
    /// What all of the advice was to take off the bill of nodes.
    monthly_banked_promised: Option<&'a str>,
}

#[derive(Serialize)]
struct Shape<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    applied: &'static str,
    promise: &'static str,
    monthly_savings: &'a str,
    reasons: &'a [String],
    containers: Vec<Container<'a>>,
}

#[derive(Serialize)]
struct Container<'a> {
    name: &'a str,
    covered_ratio: f64,
    memory_limit_bytes: Option<f64>,
    memory_peak_bytes: Option<f64>,
    memory_peak_at: Option<String>,
    memory_over_limit: Option<bool>,
    memory_over_limit_promised: Option<f64>,
    oom_kills: usize,
    cpu_time_over_request: Option<f64>,
    cpu_time_over_request_promised: Option<f64>,
}

/// The same for programs, schema `kcost.verify/v1`.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn verify_json(told: &Verified<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let Verified {
        record,
        snapshot,
        seen,
        learned,
        nodes,
    } = *told;
    let then = record.nodes.as_ref();
    let undone = seen.iter().filter(|it| it.applied == Applied::Undone);
    let totals = Totals::of(seen);
    let report = Report {
        schema: "kcost.verify/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        taken_at: snapshot.taken_at.to_string(),
        cluster: cluster(snapshot),
        window: window(snapshot),
        currency: &record.currency,
        record_taken_at: record.taken_at.to_string(),
        summary: Summary {
            judged: totals.judged,
            memory_over_limit: totals.over_limit,
            memory_over_limit_expected: rounded(totals.expected_over_limit),
            probability: totals.chance.map(rounded),
            beyond_chance: totals.is_beyond_chance(),
            cpu_time_over_request: totals.time_over.map(rounded),
            cpu_time_over_request_promised: totals.promised_time_over.map(rounded),
            unjudged: totals.unjudged,
            unjudged_over_limit: totals.unjudged_over_limit,
            applied: totals.applied,
            undone: undone.count(),
            nodes_before: then.map(|it| it.count),
            nodes_after: nodes.map(|it| it.count),
            nodes_monthly_cost_before: then.map(|it| it.monthly_cost.as_str()),
            nodes_monthly_cost_after: nodes.map(|it| it.monthly_cost.as_str()),
            monthly_banked_promised: record.monthly.banked.as_deref(),
            monthly_savings_applied: totals.savings,
        },
        teaches: taught(learned),
        workloads: seen.iter().map(shape).collect(),
        gaps: snapshot.gaps.iter().map(gap).collect(),
    };
    json::write(&report, out)
}

fn shape<'a>(seen: &'a Seen<'a>) -> Shape<'a> {
    let id = &seen.entry.id;
    Shape {
        namespace: &id.namespace,
        kind: &id.kind,
        name: &id.name,
        template: id.template.as_deref(),
        applied: seen.applied.name(),
        promise: seen.verdict.name(),
        monthly_savings: &seen.entry.monthly_savings,
        reasons: &seen.reasons,
        containers: seen.containers.iter().map(container).collect(),
    }
}

fn container<'a>(judged: &'a Judged<'a>) -> Container<'a> {
    let promise = judged.kept.promise;
    let peak = judged.memory_peak;
    Container {
        name: &judged.kept.name,
        covered_ratio: rounded(judged.covered),
        memory_limit_bytes: judged.kept.advised.memory_limit_bytes,
        memory_peak_bytes: peak.map(|(most, _)| rounded(most)),
        memory_peak_at: peak.map(|(_, at)| at.to_string()),
        memory_over_limit: judged.over_limit,
        memory_over_limit_promised: promise.and_then(|it| it.memory_over_limit).map(rounded),
        oom_kills: judged.kills,
        cpu_time_over_request: judged.time_over_request.map(rounded),
        cpu_time_over_request_promised: promise
            .and_then(|it| it.cpu_time_over_request)
            .map(rounded),
    }
}
