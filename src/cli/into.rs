//! `kcost patch --into`: a Git tree read, changed and told of.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::analyze::written_or_cut_off;
use super::ignored::Ignored;
use super::put::{Readers, ready};
use crate::error::Error;
use crate::exit::Exit;
use crate::manifest::{Outcome, Tree, place};
use crate::render::{self, Patches};

/// Larger files are no manifests.
const LARGEST: u64 = 5 << 20;

/// Files that are looked at.
const MOST_FILES: usize = 100_000;

/// Folders within each other.
const DEEPEST: usize = 64;

/// Folders that hold what others made.
const SKIPPED: [&str; 4] = [".git", "node_modules", "vendor", ".terraform"];

/// What is asked of a tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) folder: &'a Path,
    /// Says what would change, and changes nothing.
    pub(super) check: bool,
    /// Changes bases that several overlays share.
    pub(super) base: bool,
    /// For a pull request.
    pub(super) markdown: bool,
}

/// Reads the tree, changes files, and tells.
///
/// # Errors
///
/// Where the folder cannot be read, or a file cannot be written.
pub(super) fn run(
    asked: Asked<'_>,
    patches: &Patches<'_>,
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    let (texts, unread) = texts(asked.folder)?;
    let tree = Tree::new(texts, unread);
    let outcome = place(&tree, patches.changes(), patches.workloads(), asked.base);
    if !asked.check {
        written(asked.folder, &outcome.texts)?;
    }
    let told = if asked.markdown {
        render::placed_markdown(patches, &tree, &outcome, out)
    } else {
        render::placed_text(patches, &tree, &outcome, asked.check, out)
    };
    written_or_cut_off(told.and_then(|()| out.flush()))?;
    Ok(ended(asked.check, &outcome))
}

/// Changes all files, or none where one of them cannot be written: each lies whole beside its
/// place before the first is moved there.
fn written(folder: &Path, texts: &BTreeMap<PathBuf, String>) -> Result<(), Error> {
    let mut all = Vec::new();
    for (inside, text) in texts {
        let path = folder.join(inside);
        let one = ready(&path, text.as_bytes(), Readers::AsBefore);
        let one = one.map_err(|error| unwritten(&path, &error, &[]))?;
        all.push((path, one));
    }
    let mut changed: Vec<PathBuf> = Vec::new();
    for (path, one) in all {
        let placed = one.place();
        placed.map_err(|error| unwritten(&path, &error, &changed))?;
        changed.push(path);
    }
    Ok(())
}

/// That a file cannot be written, and which were by then.
fn unwritten(path: &Path, error: &io::Error, changed: &[PathBuf]) -> Error {
    let names: Vec<String> = changed.iter().map(|it| it.display().to_string()).collect();
    let so_far = if names.is_empty() {
        "no file is changed".to_owned()
    } else {
        format!("changed by then: {}", names.join(", "))
    };
    Error::File {
        text: format!("{} cannot be written: {error}; {so_far}", path.display()),
        hint: "see who may write the file and its folder, then run again".to_owned(),
    }
}

/// A check fails where something would change.
fn ended(check: bool, outcome: &Outcome) -> Exit {
    if check && !outcome.texts.is_empty() {
        Exit::Gate
    } else {
        Exit::Done
    }
}

/// Texts, and why others are none.
type Texts = (BTreeMap<PathBuf, String>, Vec<(PathBuf, String)>);

/// Every text in the folder that may hold manifests, by its path in it.
fn texts(folder: &Path) -> Result<Texts, Error> {
    let (mut texts, mut unread) = (BTreeMap::new(), Vec::new());
    let ignored = Ignored::around(folder);
    let mut folders = vec![(folder.to_owned(), 0, ignored)];
    while let Some((here, depth, above)) = folders.pop() {
        let entries = fs::read_dir(&here).map_err(|error| failed(&here, &error))?;
        let ignored = above.below(&here);
        for entry in entries {
            let entry = entry.map_err(|error| failed(&here, &error))?;
            let (path, kind) = (entry.path(), entry.file_type());
            let kind = kind.map_err(|error| failed(&path, &error))?;
            let name = entry.file_name();
            let skipped = name.to_str().is_none_or(|name| SKIPPED.contains(&name));
            let inside = path.strip_prefix(folder).unwrap_or(&path).to_owned();
            // A link is left alone: what it names is found where it is, or is not in the tree.
            if kind.is_dir() && !skipped && depth < DEEPEST {
                if ignored.has(&path, true) {
                    unread.push((inside, "Git ignores it".to_owned()));
                } else {
                    folders.push((path, depth + 1, ignored.clone()));
                }
            } else if kind.is_file() && is_manifest(&path) && texts.len() < MOST_FILES {
                if ignored.has(&path, false) {
                    unread.push((inside, "Git ignores it".to_owned()));
                    continue;
                }
                match text(&path, entry.metadata().map(|it| it.len())) {
                    Ok(text) => _ = texts.insert(inside, text),
                    Err(why) => unread.push((inside, why)),
                }
            }
        }
    }
    Ok((texts, unread))
}

/// What is in a file, or why that is no manifest.
fn text(path: &Path, size: io::Result<u64>) -> Result<String, String> {
    if size.map_err(|error| error.to_string())? > LARGEST {
        return Err("it is too large for a manifest".to_owned());
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not in UTF-8".to_owned())?;
    if is_generated(&text) {
        return Err("its head says that it is generated: change what it is made from".to_owned());
    }
    Ok(text)
}

/// Lines at the head of a file that say what made it.
const HEAD: usize = 20;

/// Whether the comments at the head of a file say that a program writes it: by the mark of
/// Go's tools, `Code generated … DO NOT EDIT`, or in words like it.
fn is_generated(text: &str) -> bool {
    let lines = text
        .lines()
        .take(HEAD)
        .map(|it| it.trim_start_matches('\u{feff}').trim());
    let head = lines.take_while(|it| it.is_empty() || it.starts_with(['#', '-', '%']));
    let head: Vec<String> = head.map(str::to_lowercase).collect();
    let head = head.join("\n");
    head.contains("generated") && (head.contains("do not edit") || head.contains("do not modify"))
}

fn is_manifest(path: &Path) -> bool {
    let ends = path.extension().and_then(|it| it.to_str());
    let named = path.file_name().is_some_and(|it| it == "Kustomization");
    named || ends.is_some_and(|it| matches!(it, "yaml" | "yml" | "json" | "tpl"))
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::Usage {
        text: format!("{}: {error}", path.display()),
        hint: Some("name a folder with manifests: `--into DIR`".to_owned()),
    }
}
