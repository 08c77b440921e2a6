//! What was said on days of the past, and what came of it.

use std::io;

use serde::Serialize;

use crate::render::Look;
use crate::render::json;
use crate::render::json_v1::{Cluster, Window, cluster, rounded, window};
use crate::render::plain::plain;
use crate::render::style::{BOLD, DIM, Paint};
use crate::risk::{Kept, Replays, Unjudged};
use crate::snapshot::Snapshot;
use crate::text::{count, escape, percent};
use crate::units::Currency;

/// As the table calls all checks together.
const ALL: &str = "all";

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool_version: &'static str,
    taken_at: String,
    cluster: Cluster<'a>,
    window: Window,
    currency: Currency,
    /// Days of the past that were looked at from.
    looks: u32,
    replays: Vec<Shape>,
    /// Checks that say how likely something is, and of which nothing could be judged.
    unjudged: Vec<Unknown>,
}

#[derive(Serialize)]
struct Unknown {
    check: &'static str,
    /// How often it said something, of which the data does not tell what came.
    times: u32,
}

#[derive(Serialize)]
struct Shape {
    /// Null for all checks together.
    check: Option<&'static str>,
    said_from: f64,
    said_to: f64,
    said_mean: f64,
    times: u32,
    happened: u32,
}

/// As JSON, in the envelope of risks.
pub fn replay_json(
    snapshot: &Snapshot,
    currency: Currency,
    replays: &Replays,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let shape = |kept: &Kept| Shape {
        check: kept.check,
        said_from: kept.from,
        said_to: kept.to,
        said_mean: rounded(kept.said),
        times: kept.times,
        happened: kept.happened,
    };
    let report = Report {
        schema: "kcost.risks/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        taken_at: snapshot.taken_at.to_string(),
        cluster: cluster(snapshot),
        window: window(snapshot),
        currency,
        looks: replays.looks,
        replays: replays.kept.iter().map(shape).collect(),
        unjudged: replays
            .unjudged
            .iter()
            .map(|it| Unknown {
                check: it.check,
                times: it.times,
            })
            .collect(),
    };
    json::write(&report, out)
}

/// For people.
pub fn replay_table(
    snapshot: &Snapshot,
    replays: &Replays,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    plain(look, out, |out| {
        let paint = Paint::of(look);
        let name = escape(&snapshot.cluster.name);
        let looks = count(usize::try_from(replays.looks).unwrap_or(usize::MAX), "day");
        let text = format!("what was said on {looks} of the past, and what came within its time");
        writeln!(out, "{}  {}", paint.on(BOLD, &name), paint.on(DIM, &text))?;
        if replays.looks == 0 {
            return writeln!(
                out,
                "\nThe window is shorter than the three weeks that this takes."
            );
        }
        if replays.kept.is_empty() {
            writeln!(
                out,
                "\nNothing that was said with a probability can be judged."
            )?;
            return unjudged(replays, out);
        }
        let head = format!(
            "  {:<24} {:>9} {:>6} {:>6} {:>9}",
            "CHECK", "SAID", "MEAN", "TIMES", "HAPPENED"
        );
        writeln!(out, "\n{}", paint.on(DIM, &head))?;
        for kept in &replays.kept {
            let said = format!("{}-{}", whole(kept.from), percent(kept.to));
            let share = f64::from(kept.happened) / f64::from(kept.times.max(1));
            writeln!(
                out,
                "  {:<24} {said:>9} {:>6} {:>6} {:>9}",
                kept.check.unwrap_or(ALL),
                percent(kept.said),
                kept.times,
                percent(share),
            )?;
        }
        unjudged(replays, out)
    })
}

/// The checks that are not in the table, and why.
fn unjudged(replays: &Replays, out: &mut dyn io::Write) -> io::Result<()> {
    let all = replays.unjudged.iter();
    let (silent, unknown): (Vec<&Unjudged>, Vec<&Unjudged>) = all.partition(|it| it.times == 0);
    let names: Vec<&str> = silent.iter().map(|it| it.check).collect();
    if !names.is_empty() {
        writeln!(out, "\n  Said nothing: {}", names.join(", "))?;
    }
    if !unknown.is_empty() {
        let told = unknown.iter().map(|it| {
            let times = usize::try_from(it.times).unwrap_or(usize::MAX);
            format!("{} ({})", it.check, count(times, "time"))
        });
        let told: Vec<String> = told.collect();
        let gap = if names.is_empty() { "\n" } else { "" };
        writeln!(
            out,
            "{gap}  Said, and the data does not tell what came: {}",
            told.join(", ")
        )?;
    }
    Ok(())
}

/// `20` of `20-40%`.
fn whole(share: f64) -> String {
    percent(share).trim_end_matches('%').to_owned()
}
