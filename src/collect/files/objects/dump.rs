use std::path::Path;

use serde::de::DeserializeSeed;

use super::super::{Foreign, ImportError};
use super::json::Element;
use super::reader::Reader;
use super::source::{MARK, Next, Source, lines};
use super::{without_place, yaml};

/// The most YAML that one file may hold, in bytes: its text is in memory.
const MOST_YAML: u64 = 1 << 30;

/// Records the objects of one dump, whether JSON or YAML, in one document or
/// several, with or without the logs that `kubectl cluster-info dump` adds.
pub(super) fn read(source: &mut Source<'_>, reader: &mut Reader<'_>) -> Result<(), ImportError> {
    let path = reader.path;
    let failed = |source| ImportError::Read {
        path: path.to_owned(),
        source,
    };
    loop {
        match source.next().map_err(failed)? {
            Next::End => return Ok(()),
            Next::Json => json(source, reader)?,
            Next::Mark => pass_logs(source, reader)?,
            Next::Other => {
                if let Some(foreign) = foreign(&source.peek_line().map_err(failed)?) {
                    return Err(foreign.of(path));
                }
                let text = source.rest(MOST_YAML).map_err(failed)?;
                return rest(text, reader);
            }
        }
    }
}

fn json(source: &mut Source<'_>, reader: &mut Reader<'_>) -> Result<(), ImportError> {
    let before = reader.place.line() - 1;
    let path = reader.path;
    let mut json = serde_json::Deserializer::from_reader(source);
    let element = Element {
        reader: &mut *reader,
        of: None,
    };
    match element.deserialize(&mut json) {
        Ok(None) => Ok(()),
        Ok(Some(object)) => {
            reader.object(&object, None);
            Ok(())
        }
        Err(error) => Err(json_error(path, before, error)),
    }
}

fn json_error(path: &Path, before: u64, error: serde_json::Error) -> ImportError {
    let path = path.to_owned();
    if error.is_io() {
        let source = error.into();
        return ImportError::Read { path, source };
    }
    let line = u64::try_from(error.line()).unwrap_or(u64::MAX);
    ImportError::Syntax {
        path,
        line: before.saturating_add(line),
        column: error.column(),
        problem: without_place(&error.to_string()),
    }
}

/// `==== START logs for container app of pod shop/a ====`, and the same with `END`.
const START: &str = "==== START logs for container ";

fn pass_logs(source: &mut Source<'_>, reader: &mut Reader<'_>) -> Result<(), ImportError> {
    let path = reader.path;
    let line = reader.place.line();
    let failed = |source| ImportError::Read {
        path: path.to_owned(),
        source,
    };
    let start = source.line().map_err(failed)?.unwrap_or_default();
    let start = String::from_utf8_lossy(start.trim_ascii()).into_owned();
    let problem = if start.starts_with(START) {
        let end = start.replacen("START", "END", 1);
        while let Some(line) = source.line().map_err(failed)? {
            if line.trim_ascii() == end.as_bytes() {
                return Ok(());
            }
        }
        "the logs that begin here have no end"
    } else {
        "neither an object nor the start of logs"
    };
    Err(ImportError::Syntax {
        path: path.to_owned(),
        line,
        column: 1,
        problem: problem.to_owned(),
    })
}

/// Records what is left of a file, which is YAML.
fn rest(mut text: Vec<u8>, reader: &mut Reader<'_>) -> Result<(), ImportError> {
    let path = reader.path.to_owned();
    let before = reader.place.line() - 1;
    blank_logs(&mut text);
    let text = match String::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.rsplit(|byte| *byte == b'\n').next().unwrap_or(good);
            return Err(ImportError::Syntax {
                path,
                line: before + 1 + lines(good),
                column: String::from_utf8_lossy(line).chars().count() + 1,
                problem: "the text is not UTF-8".to_owned(),
            });
        }
    };
    yaml::read(&text, before, reader).map_err(|problem| ImportError::Syntax {
        path,
        line: problem.line,
        column: problem.column,
        problem: without_place(&problem.text),
    })
}

/// Empties the lines of logs between documents of YAML.
fn blank_logs(text: &mut [u8]) {
    let mut end: Option<Vec<u8>> = None;
    for line in text.split_mut(|byte| *byte == b'\n') {
        let trimmed = line.trim_ascii_end();
        let last = end.as_deref() == Some(trimmed);
        if end.is_none() && trimmed.starts_with(MARK) && trimmed.starts_with(START.as_bytes()) {
            let start = String::from_utf8_lossy(trimmed);
            end = Some(start.replacen("START", "END", 1).into_bytes());
        }
        if end.is_some() {
            line.fill(b' ');
        }
        if last {
            end = None;
        }
    }
}

/// What a file is that begins with this line, where that is no dump.
fn foreign(line: &str) -> Option<Foreign> {
    let mut words = line.split_whitespace();
    let first = words.next()?;
    let titles = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase());
    if matches!(first, "NAME" | "NAMESPACE") && words.next().is_some_and(titles) {
        return Some(Foreign::Table);
    }
    if line.contains(',') && line.split(',').any(|name| name.trim() == "namespace") {
        return Some(Foreign::Usage);
    }
    let html = line.trim_start().to_ascii_lowercase();
    (html.starts_with("<!doctype") || html.starts_with("<html")).then_some(Foreign::Page)
}
