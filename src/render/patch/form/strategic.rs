//! Strategic merge patches, which leave the owners of fields as they are.

use std::io::{self, Write};

use super::json_patch::JsonPatch;
use super::{Form, Kind, Sheet, apply, command};
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

    fn write(&self, change: &Change<'_>, sheet: Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
        if change.way == Way::ByPlace {
            // A custom resource takes no strategic merge.
            return JsonPatch.write(change, sheet, out);
        }
        let Some(file) = sheet.file else {
            match command::strategic(change) {
                Some(command) => writeln!(out, "{command}")?,
                None => by_hand(out)?,
            }
            return scaling(change, None, out);
        };
        command::of_file(change, "strategic", file, out)?;
        scaling(change, Some(file), out)?;
        match body::strategic(change) {
            Some(body) => out.write_all(emit::object(&body)?.as_bytes()),
            None => Ok(()),
        }
    }
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
