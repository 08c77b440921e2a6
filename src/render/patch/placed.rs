//! What became of changes in a tree of files.

use std::io::{self, Write};
use std::path::PathBuf;

use super::Patches;
use super::frame::savings;
use crate::change::{Amount, Change, Changed, Edit, Resource};
use crate::manifest::{Outcome, Refused, Tree};
use crate::render::words::worth;
use crate::text::{count, escape};
use crate::units::Money;

/// For a terminal.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn placed_text(
    patches: &Patches<'_>,
    tree: &Tree,
    outcome: &Outcome,
    check: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let each = || patches.changes.iter().zip(&outcome.changes);
    for (change, placed) in each() {
        let Ok(paths) = placed else { continue };
        let money = worth(savings(change.advice, patches), &patches.bill.currency);
        let id = escape(&change.workload.id.to_string());
        writeln!(out, "{id}: {money} a month, in {}", listed(paths))?;
        for line in lines(change) {
            writeln!(out, "  {}", escape(&line))?;
        }
    }
    let refused: Vec<(&Change<'_>, &Refused)> = each()
        .filter_map(|(change, placed)| Some((change, placed.as_ref().err()?)))
        .collect();
    if !refused.is_empty() {
        writeln!(out, "\nnot placed:")?;
    }
    for (change, why) in refused {
        let id = escape(&change.workload.id.to_string());
        writeln!(out, "  {id}: {}", reason(why))?;
    }
    for unplaced in &patches.unplaced {
        let id = escape(&unplaced.workload.id.to_string());
        writeln!(out, "  {id}: {}", escape(&unplaced.why))?;
    }
    let left_out = unread(tree);
    if !left_out.is_empty() {
        writeln!(out, "\nnot read:")?;
    }
    for line in left_out {
        writeln!(out, "  {line}")?;
    }
    let verb = if check { "would change" } else { "changed" };
    let done = outcome.changes.iter().filter(|it| it.is_ok()).count();
    writeln!(
        out,
        "{}{verb} {} for {} of {}",
        if outcome.changes.is_empty() { "" } else { "\n" },
        count(outcome.texts.len(), "file"),
        done,
        count(outcome.changes.len() + patches.unplaced.len(), "workload"),
    )
}

/// For a pull request.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn placed_markdown(
    patches: &Patches<'_>,
    tree: &Tree,
    outcome: &Outcome,
    out: &mut dyn Write,
) -> io::Result<()> {
    let each = || patches.changes.iter().zip(&outcome.changes);
    let placed = each().filter(|(_, placed)| placed.is_ok());
    let total = placed
        .clone()
        .map(|(change, _)| savings(change.advice, patches));
    let total = total.fold(Money::ZERO, |sum, one| sum + one);
    let restarts: usize = placed.clone().map(|(change, _)| change.restarts()).sum();
    writeln!(
        out,
        "**Sizes from usage**: {} in {}, {} restart when they roll out; {} a month.\n",
        count(placed.clone().count(), "workload"),
        count(outcome.texts.len(), "file"),
        count(restarts, "pod"),
        worth(total, &patches.bill.currency),
    )?;
    if placed.clone().count() > 0 {
        writeln!(out, "| workload | change | why | a month |")?;
        writeln!(out, "|---|---|---|--:|")?;
    }
    for (change, _) in placed {
        let money = worth(savings(change.advice, patches), &patches.bill.currency);
        let id = cell(&change.workload.id.to_string());
        let moves: Vec<String> = moves(change).iter().map(|it| cell(it)).collect();
        let whys = change.containers.iter().flat_map(|it| &it.advice.whys);
        // What is behind the colon: the sizes are in the column before.
        let whys = whys.filter_map(|why| Some(cell(why.text.split_once(": ")?.1)));
        let whys: Vec<String> = whys.collect();
        writeln!(
            out,
            "| {id} | {} | {} | {money} |",
            moves.join("<br>"),
            whys.join("<br>")
        )?;
    }
    let refused: Vec<(&Change<'_>, &Refused)> = each()
        .filter_map(|(change, placed)| Some((change, placed.as_ref().err()?)))
        .collect();
    if !refused.is_empty() {
        writeln!(out, "\nNot placed:\n")?;
        for (change, why) in refused {
            let id = cell(&change.workload.id.to_string());
            writeln!(out, "- {id}: {}", cell(&reason(why)))?;
        }
    }
    let left_out = unread(tree);
    if !left_out.is_empty() {
        writeln!(out, "\nNot read:\n")?;
    }
    for line in left_out {
        writeln!(out, "- {}", cell(&line))?;
    }
    Ok(())
}

/// A text that ends no cell and begins no markup.
fn cell(text: &str) -> String {
    let text = escape(text);
    let mut cell = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '|' | '`' | '<' | '>' | '*' | '_' | '[' | ']' | '\\' => cell.extend(['\\', it]),
            it => cell.push(it),
        }
    }
    cell
}

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths
        .iter()
        .map(|it| escape(&it.display().to_string()))
        .collect();
    paths.join(", ")
}

fn reason(refused: &Refused) -> String {
    let why = escape(&refused.why);
    if refused.paths.is_empty() {
        why
    } else {
        format!("{}: {why}", listed(&refused.paths))
    }
}

/// `app: memory request 2Gi → 300Mi`, one a field, and why where that is known.
pub(super) fn lines(change: &Change<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for changed in &change.containers {
        let name = &changed.container.name;
        let whys = &changed.advice.whys;
        if whys.is_empty() {
            lines.extend(
                changed
                    .edits
                    .iter()
                    .map(|edit| format!("{name}: {}", moved(edit))),
            );
        } else {
            lines.extend(whys.iter().map(|why| format!("{name}: {}", why.text)));
        }
        lines.extend(heap(changed).map(|heap| format!("{name}: {heap}")));
    }
    lines.extend(
        change
            .pod
            .iter()
            .map(|edit| format!("pod: {}", moved(edit))),
    );
    lines
}

/// The same without the reason.
fn moves(change: &Change<'_>) -> Vec<String> {
    let mut moves = Vec::new();
    for changed in &change.containers {
        let name = &changed.container.name;
        moves.extend(
            changed
                .edits
                .iter()
                .map(|edit| format!("{name}: {}", moved(edit))),
        );
        moves.extend(heap(changed).map(|heap| format!("{name}: {heap}")));
    }
    moves.extend(
        change
            .pod
            .iter()
            .map(|edit| format!("pod: {}", moved(edit))),
    );
    moves
}

fn heap(changed: &Changed<'_>) -> Option<String> {
    let heap = changed.heap.as_ref()?;
    Some(format!("{} = {}", heap.variable, heap.value))
}

fn moved(edit: &Edit) -> String {
    let section = edit.section.name().trim_end_matches('s');
    let resource = match edit.resource {
        Resource::Cpu => "CPU",
        Resource::Memory => "memory",
    };
    let text =
        |amount: Option<Amount>| amount.map_or_else(|| "none".to_owned(), |it| it.to_string());
    format!(
        "{resource} {section} {} → {}",
        text(edit.before),
        text(edit.after)
    )
}

/// Files that are told of one by one.
const MOST_UNREAD: usize = 10;

/// Files that may hold what was not found, and why they are not looked at, one a line.
fn unread(tree: &Tree) -> Vec<String> {
    let each = tree.unread.iter().take(MOST_UNREAD);
    let each =
        each.map(|(path, why)| format!("{}: {}", escape(&path.display().to_string()), escape(why)));
    let mut lines: Vec<String> = each.collect();
    let more = tree.unread.len().saturating_sub(MOST_UNREAD);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}
