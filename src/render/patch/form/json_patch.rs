//! JSON patches, which every kind takes.

use std::io::{self, Write};

use serde_json::Value;

use super::{Form, Kind, Sheet, apply, command, strategic};
use crate::change::{Change, body};
use crate::render::emit;

pub(super) struct JsonPatch;

impl Form for JsonPatch {
    fn name(&self) -> &'static str {
        "json-patch"
    }

    fn summary(&self) -> &'static str {
        "JSON patches for `kubectl patch --type=json`, for every kind"
    }

    fn kind(&self) -> Kind {
        Kind::Commands
    }

    fn extension(&self) -> &'static str {
        "yaml"
    }

    fn usage(&self, file: &str, alone: bool) -> Vec<String> {
        strategic::Strategic.usage(file, alone)
    }

    fn write(&self, change: &Change<'_>, sheet: Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
        let Some(file) = sheet.file else {
            match command::json_patch(change) {
                Some(command) => writeln!(out, "{command}")?,
                None => strategic::by_hand(out)?,
            }
            apply::heaps(change, out)?;
            return strategic::scaling(change, None, out);
        };
        command::of_file(change, "json", file, out)?;
        apply::heaps(change, out)?;
        strategic::scaling(change, Some(file), out)?;
        let body = Value::from(body::operations(change));
        out.write_all(emit::object(&body)?.as_bytes())
    }
}
