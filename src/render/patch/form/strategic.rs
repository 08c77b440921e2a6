//! Strategic merge patches, which leave the owners of fields as they are.

use std::io::{self, Write};

use super::{Form, Kind, apply, command};
use crate::change::{Change, Way, body};
use crate::render::emit;

pub(super) struct Strategic;

impl Form for Strategic {
    fn name(&self) -> &'static str {
        "strategic"
    }

    fn summary(&self) -> &'static str {
        "strategic merge patches for `kubectl patch`"
    }

    fn kind(&self) -> Kind {
        Kind::Commands
    }

    fn extension(&self) -> &'static str {
        "yaml"
    }

    fn usage(&self, _file: &str, alone: bool) -> Vec<String> {
        if alone {
            return Vec::new();
        }
        vec!["Review, then run it with `sh`.".to_owned()]
    }

    fn write(
        &self,
        change: &Change<'_>,
        file: Option<&str>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match (file, change.way) {
            (None, Way::ByPlace) => instead(change, out)?,
            (Some(file), Way::ByPlace) => {
                let command =
                    command::patch(change).unwrap_or_else(|| "kubectl patch …".to_owned());
                let body = body::operations(change);
                apply::comment(
                    &format!("Review, then:\n  {command} --type=json --patch-file {file}"),
                    out,
                )?;
                apply::heaps(change, out)?;
                let body = body.into_iter().collect();
                out.write_all(emit::document(&apply::named_first(&body))?.as_bytes())?;
            }
            (None, Way::ByName) => match command::strategic(change) {
                Some(command) => writeln!(out, "{command}")?,
                None => by_hand(out)?,
            },
            (Some(file), Way::ByName) => {
                let command =
                    command::patch(change).unwrap_or_else(|| "kubectl patch …".to_owned());
                apply::comment(
                    &format!("Review, then:\n  {command} --type=strategic --patch-file {file}"),
                    out,
                )?;
                if let Some(scaling) = command::autoscaler(change) {
                    apply::comment(&format!("  {scaling}"), out)?;
                }
                if let Some(body) = body::strategic(change) {
                    out.write_all(emit::document(&apply::named_first(&body))?.as_bytes())?;
                }
                return Ok(());
            }
        }
        scaling(change, file, out)
    }
}

/// A custom resource takes no strategic merge.
fn instead(change: &Change<'_>, out: &mut dyn Write) -> io::Result<()> {
    match command::json_patch(change) {
        Some(command) => writeln!(out, "{command}")?,
        None => by_hand(out)?,
    }
    apply::heaps(change, out)
}

pub(super) fn by_hand(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "# Change it by hand: Kubernetes takes no such names, or nothing is left to patch."
    )
}

/// The autoscaler whose targets move with the requests.
pub(super) fn scaling(
    change: &Change<'_>,
    file: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    match (command::autoscaler(change), file) {
        (Some(command), None) => writeln!(out, "{command}"),
        (Some(command), Some(_)) => apply::comment(&format!("  {command}"), out),
        (None, _) => Ok(()),
    }
}
