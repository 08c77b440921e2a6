//! Runs of the audit log.

use std::io::{self, Write};

use serde::Serialize;

use crate::apply::log::{Action, Ended, Run};
use crate::render::json;
use crate::text::{count, escape};

/// One line a run, the oldest first, and whether the log is whole.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn runs_text((runs, lines): (&[Run], usize), out: &mut dyn Write) -> io::Result<()> {
    for run in runs {
        let what = match (&run.action, &run.of) {
            (Action::Rollback, Some(of)) => format!("rollback of {}", escape(of)),
            (Action::Rollback, None) => "rollback".to_owned(),
            (Action::Apply, _) => "apply".to_owned(),
        };
        let ended = run
            .ended
            .map_or("interrupted, and not looked up yet", Ended::name);
        writeln!(
            out,
            "{}  {what} on {} by {}: {ended}, {} changed",
            escape(&run.id),
            escape(&run.actor.context),
            escape(run.actor.user.as_deref().unwrap_or("somebody")),
            count(run.left().len(), "object"),
        )?;
    }
    if runs.is_empty() {
        return writeln!(out, "The audit log holds no run.");
    }
    let lines = count(lines, "line");
    writeln!(
        out,
        "\nThe log is whole: {lines}, each follows from the one before, and its head names the last."
    )
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    lines: usize,
    runs: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    run: &'a str,
    action: Action,
    of: Option<&'a str>,
    started: String,
    context: &'a str,
    user: Option<&'a str>,
    /// Null where it was interrupted and nobody has looked up yet what it did.
    ended: Option<&'static str>,
    writes: usize,
    objects_changed: usize,
}

/// For programs, `kcost.runs/v1`.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn runs_json((runs, lines): (&[Run], usize), out: &mut dyn Write) -> io::Result<()> {
    let each = runs.iter().map(|run| One {
        run: &run.id,
        action: run.action,
        of: run.of.as_deref(),
        started: run.started.to_string(),
        context: &run.actor.context,
        user: run.actor.user.as_deref(),
        ended: run.ended.map(Ended::name),
        writes: run.writes.len(),
        objects_changed: run.left().len(),
    });
    let report = Report {
        schema: "kcost.runs/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        lines,
        runs: each.collect(),
    };
    json::write(&report, out)
}
