//! Documents for a server-side apply.

use std::io::{self, Write};

use super::{Form, Kind, Sheet, command};
use crate::change::{Change, Way, body};
use crate::render::emit;
use crate::text::escape;

/// A server-side apply takes away what the same field manager has set before and
/// does not name any more. A document names only what changes, so each patch gets a
/// manager of its own.
pub(in crate::render) const APPLY: &str =
    "kubectl apply --server-side --force-conflicts --field-manager=kcost-$(date +%s) -f";

/// Shows what such documents would change.
pub(in crate::render) const DIFF: &str = "kubectl diff --server-side --force-conflicts -f";

pub(super) struct Apply;

impl Form for Apply {
    fn name(&self) -> &'static str {
        "apply"
    }

    fn summary(&self) -> &'static str {
        "YAML for `kubectl apply --server-side`"
    }

    fn kind(&self) -> Kind {
        Kind::Documents
    }

    fn leaves_owners(&self) -> bool {
        false
    }

    fn objects(&self, change: &Change<'_>) -> usize {
        match change.way {
            Way::ByName => 1 + usize::from(change.autoscaler.is_some()),
            // What stands in comments changes nothing.
            Way::ByPlace => 0,
        }
    }

    fn usage(&self, file: &str, _alone: bool) -> Vec<String> {
        vec![
            "Review, then apply:".to_owned(),
            format!("  {DIFF} {file}"),
            format!("  {APPLY} {file}"),
        ]
    }

    fn write(&self, change: &Change<'_>, _sheet: Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
        if change.way == Way::ByPlace {
            by_place(change, out)?;
        } else {
            for text in command::removal(change) {
                comment(&text, out)?;
            }
            if let Some(body) = body::apply(change) {
                out.write_all(emit::object(&body)?.as_bytes())?;
            }
        }
        scaling(change, out)
    }
}

/// A custom resource may replace its whole list of containers.
fn by_place(change: &Change<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "# Not for a server-side apply: a custom resource may replace its whole list of containers."
    )?;
    if let Some(body) = body::apply(change) {
        let text = emit::object(&body)?;
        text.lines()
            .try_for_each(|line| comment(&format!("  {line}"), out))?;
    }
    match command::json_patch(change) {
        Some(command) => comment(&format!("Instead:\n  {command}"), out)?,
        None => comment("Change it by hand.", out)?,
    }
    heaps(change, out)
}

/// Variables, which a JSON patch has no place for.
pub(super) fn heaps(change: &Change<'_>, out: &mut dyn Write) -> io::Result<()> {
    for changed in &change.containers {
        if let Some(heap) = &changed.heap {
            let name = &changed.container.name;
            let text = format!("Set {} of {name} by hand: {}", heap.variable, heap.value);
            comment(&text, out)?;
        }
    }
    Ok(())
}

/// The same of a change that is a JSON patch, and nothing of others.
pub(super) fn heaps_of_places(change: &Change<'_>, out: &mut dyn Write) -> io::Result<()> {
    if change.way == Way::ByPlace {
        heaps(change, out)
    } else {
        Ok(())
    }
}

/// The autoscaler whose targets move with the requests: one advice, both or none.
pub(super) fn scaling(change: &Change<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Some(advice) = change.autoscaler else {
        return Ok(());
    };
    let Some(body) = body::autoscaler(&change.workload.id.namespace, advice) else {
        return Ok(());
    };
    writeln!(out, "---")?;
    writeln!(
        out,
        "# Together with {}: it scales at the same load as before.",
        escape(&change.workload.id.to_string())
    )?;
    let text = emit::object(&body)?;
    if change.way == Way::ByName {
        out.write_all(text.as_bytes())
    } else {
        comment(&text, out)
    }
}

pub(super) fn comment(text: &str, out: &mut dyn Write) -> io::Result<()> {
    text.lines()
        .try_for_each(|line| writeln!(out, "# {}", escape(line)))
}
