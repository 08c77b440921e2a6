//! Dumps of objects, as kubectl and the API server print them.
//!
//! Objects are parsed one by one and recorded at once, so that a dump is never
//! in memory as a whole.

mod document;
mod kinds;
mod source;

use std::cell::Cell;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeSeed;

use super::ImportError;
use crate::collect::{Objects, Scope};
use crate::progress::{Progress, Task};
use crate::snapshot::{Gap, Selector};
use document::Document;
use kinds::Reader;
use source::Source;

const DUMP: &str = "dump them with `kubectl get nodes,pods,deployments,replicasets -A -o json`";

/// Reads the dumps in order. Objects that cannot be read become gaps, unless
/// there are no others.
pub fn read(
    paths: &[PathBuf],
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<(Objects, Vec<Gap>), ImportError> {
    let selector: Option<Selector> = scope.selector.as_deref().map(str::parse).transpose()?;
    let sizes = paths.iter().filter_map(|path| path.metadata().ok());
    let total: u64 = sizes.map(|file| file.len()).sum();
    let task = progress.task("reading objects", Some(total));
    let mut objects = Objects::default();
    let mut gaps = Vec::new();
    let mut broken = None;
    let mut count = 0;
    let mut homeless = 0;
    for path in paths {
        let line = Cell::new(1);
        let mut reader = Reader::new(path, scope, &line);
        read_file(path, &mut reader, &line, &*task)?;
        count += reader.read;
        progress.detail(&format!("objects in {}: {}", path.display(), reader.read));
        let (mut read, found, first) = reader.finish();
        homeless += read.default_namespace();
        read.select(scope, selector.as_ref());
        objects.merge(read);
        gaps.extend(found);
        broken = broken.or(first);
    }
    if let Some(error) = broken.filter(|_| objects.is_empty()) {
        return Err(error);
    }
    if count == 0 {
        let none = Gap::new("no-objects", "objects", "there is not a single object");
        gaps.push(none.hint(DUMP));
    }
    gaps.extend(no_namespace(homeless));
    objects.drop_strangers();
    gaps.extend(strangers(&objects, progress));
    Ok((objects, gaps))
}

/// Says that objects name no namespace, where that is so.
fn no_namespace(objects: usize) -> Option<Gap> {
    let noun = if objects == 1 {
        "object names"
    } else {
        "objects name"
    };
    let text =
        format!("{objects} {noun} no namespace and count as of `default`, as kubectl takes them");
    let hint = "name another as `metadata.namespace` of the objects";
    (objects > 0).then(|| Gap::new("no-namespace", "objects", text).hint(hint))
}

/// Says which kinds were skipped; a gap where they are all that there was.
fn strangers(objects: &Objects, progress: &dyn Progress) -> Option<Gap> {
    let kinds = objects.skipped.iter();
    let kinds: Vec<String> = kinds.map(|(kind, n)| format!("{n} {kind}")).collect();
    if kinds.is_empty() {
        return None;
    }
    let kinds = kinds.join(", ");
    progress.detail(&format!("skipped kinds that own no pod: {kinds}"));
    objects.is_empty().then(|| {
        let text = format!("no workload, pod or node is among them, only {kinds}");
        Gap::new("no-objects", "objects", text).hint(DUMP)
    })
}

fn read_file(
    path: &Path,
    reader: &mut Reader,
    line: &Cell<u64>,
    task: &dyn Task,
) -> Result<(), ImportError> {
    let failed = |source| ImportError::Read {
        path: path.to_owned(),
        source,
    };
    let mut source = Source::open(path, task, line).map_err(failed)?;
    if source.is_json().map_err(failed)? {
        let mut json = serde_json::Deserializer::from_reader(source);
        // An empty file holds no document; several may follow each other.
        while json.end().is_err() {
            let document = Document::of_json(reader);
            document
                .deserialize(&mut json)
                .map_err(|error| json_error(path, error))?;
        }
        return Ok(());
    }
    let mut text = Vec::new();
    source.read_to_end(&mut text).map_err(failed)?;
    let mut starts = document_lines(&text).into_iter();
    for yaml in serde_yaml::Deserializer::from_slice(&text) {
        line.set(starts.next().unwrap_or(1));
        let document = Document::of_yaml(reader);
        document
            .deserialize(yaml)
            .map_err(|error| yaml_error(path, &error))?;
    }
    Ok(())
}

/// The lines that documents of YAML begin at.
fn document_lines(text: &[u8]) -> Vec<u64> {
    let mut starts = Vec::new();
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii_end();
        let content = !line.is_empty() && !b"#%".contains(&line[0]);
        if line == b"---" {
            starts.push(number + 1);
        } else if line.starts_with(b"--- ") || (content && starts.is_empty()) {
            starts.push(number);
        }
    }
    starts
}

fn json_error(path: &Path, error: serde_json::Error) -> ImportError {
    let path = path.to_owned();
    if error.is_io() {
        let source = error.into();
        return ImportError::Read { path, source };
    }
    ImportError::Syntax {
        path,
        line: error.line(),
        column: error.column(),
        problem: without_place(&error.to_string()),
    }
}

fn yaml_error(path: &Path, error: &serde_yaml::Error) -> ImportError {
    let place = error.location();
    ImportError::Syntax {
        path: path.to_owned(),
        line: place.as_ref().map_or(1, serde_yaml::Location::line),
        column: place.as_ref().map_or(1, serde_yaml::Location::column),
        problem: without_place(&error.to_string()),
    }
}

/// A message of serde without the place at its end, which is said apart or
/// would be a place in an extract that nobody sees; of a value that it quotes
/// only the start.
fn without_place(message: &str) -> String {
    const LONGEST: usize = 160;
    let end = message.find(" at line ").unwrap_or(message.len());
    let message = &message[..end];
    match message.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &message[..cut]),
        None => message.to_owned(),
    }
}

/// What tells an object's type and name, of all that it holds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Label {
    #[serde(rename = "apiVersion")]
    api_version: Option<String>,
    kind: Option<String>,
    metadata: Option<Name>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Name {
    namespace: Option<String>,
    name: Option<String>,
}
