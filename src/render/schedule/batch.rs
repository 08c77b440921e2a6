//! CronJobs that would run better in hours in which nodes are idle.

use std::io;

use serde::Serialize;
use serde_json::json;

use super::{Scheduled, name};
use crate::render::Look;
use crate::render::json_v1::rounded;
use crate::render::style::{BOLD, Paint};
use crate::render::wrap::wrap;
use crate::schedule::Move;
use crate::text::{escape, is_plain, quote};

#[derive(Serialize)]
pub(super) struct Shape<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    /// As it stands, and as it should.
    schedule: &'a str,
    schedule_advised: &'a str,
    time_zone: &'a str,
    run_seconds: usize,
    cpu_cores: f64,
    /// Share of the cores of all nodes that others use in its hours as a rule.
    others_ratio: f64,
    others_ratio_advised: f64,
    /// Days on which these were emptier, of those that are known.
    days_seen: usize,
    days_known: usize,
    text: String,
}

pub(super) fn shape<'a>(scheduled: Scheduled<'a>, it: &'a Move) -> Shape<'a> {
    let id = &scheduled.snapshot.workloads[it.workload].id;
    Shape {
        namespace: &id.namespace,
        kind: &id.kind,
        name: &id.name,
        schedule: &it.from,
        schedule_advised: &it.to,
        time_zone: &it.zone,
        run_seconds: it.hours * 3_600,
        cpu_cores: rounded(it.cores),
        others_ratio: rounded(it.busy),
        others_ratio_advised: rounded(it.idle),
        days_seen: it.seen,
        days_known: it.of,
        text: it.text(),
    }
}

/// One paragraph each.
pub(super) fn list(
    scheduled: Scheduled<'_>,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if scheduled.schedules.moves.is_empty() {
        return Ok(());
    }
    let paint = Paint::of(look);
    writeln!(out, "\n{}", paint.on(BOLD, "Batch work at idle hours"))?;
    let room = look.width.map(|width| width.saturating_sub(4).max(20));
    for it in &scheduled.schedules.moves {
        let id = &scheduled.snapshot.workloads[it.workload].id;
        let (from, to) = (escape(&it.from), escape(&it.to));
        writeln!(out, "  {}  {from} → {to} ({})", name(id), escape(&it.zone))?;
        let text = format!("{}; if nothing waits for it before", it.text());
        writeln!(out, "    {}", wrap(&escape(&text), room, 4))?;
    }
    Ok(())
}

/// The patches, as commands in comments.
pub(super) fn commands(scheduled: Scheduled<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    for it in &scheduled.schedules.moves {
        let id = &scheduled.snapshot.workloads[it.workload].id;
        writeln!(out, "# {}", name(id))?;
        writeln!(out, "# {}", escape(&it.text()))?;
        if !is_plain(&id.namespace) || !is_plain(&id.name) {
            continue;
        }
        let patch = json!({"spec": {"schedule": it.to}}).to_string();
        writeln!(
            out,
            "#   kubectl patch cronjob {} -n {} --type=merge -p {}",
            id.name,
            id.namespace,
            quote(&patch)
        )?;
    }
    Ok(())
}
