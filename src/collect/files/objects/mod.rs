//! Dumps of objects, as kubectl and the API server print them.
//!
//! Objects are parsed one by one and recorded at once, so that a dump is never
//! in memory as a whole.

mod broken;
mod dump;
mod folder;
mod json;
mod kinds;
mod object;
mod reader;
mod scalar;
mod source;
mod tar;
mod yaml;

use std::io;
use std::path::{Path, PathBuf};

use super::input::{self, Bytes};
use super::{Foreign, ImportError};
use crate::collect::{Objects, Scope};
use crate::progress::{Progress, Task};
use crate::snapshot::{Gap, Selector};
use crate::text::count;
use broken::Broken;
use reader::Reader;
use source::{Place, Source};
pub use yaml::check_yaml;

const DUMP: &str = "dump them with `kubectl get nodes,pods,deployments,replicasets -A -o json`";

/// Reads dumps in order: files, folders of files, archives of them, standard
/// input. Objects that cannot be read become gaps, unless there are no others;
/// so do files in folders and archives.
pub fn read(
    paths: &[PathBuf],
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<(Objects, Vec<Gap>), ImportError> {
    let selector: Option<Selector> = scope.selector.as_deref().map(str::parse).transpose()?;
    let sizes = paths.iter().filter_map(|path| path.metadata().ok());
    // What a folder holds is not known yet.
    let sizes: Option<Vec<u64>> = sizes.map(|it| it.is_file().then_some(it.len())).collect();
    let total = sizes.map(|sizes| sizes.iter().sum());
    let task = progress.task("reading objects", total);
    let mut all = Found::new(scope, selector.as_ref());
    let mut gaps = Vec::new();
    let mut first = None;
    for path in paths {
        let before = all.read;
        all.path(path, &*task)?;
        let read = all.read - before;
        progress.detail(&format!("objects in {}: {read}", path.display()));
        if let Some(several) = all.several.take() {
            progress.note(&several.say(path));
        }
        let (found, error) = std::mem::take(&mut all.broken).finish(path);
        gaps.extend(found);
        first = first.or(error);
    }
    let Found {
        mut objects,
        read,
        homeless,
        ..
    } = all;
    if let Some(error) = first.filter(|_| objects.is_empty()) {
        return Err(error);
    }
    if read == 0 {
        let none = Gap::new("no-objects", "objects", "there are no objects");
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
    let text = format!("{objects} {noun} no namespace and count as in `default`, as in kubectl");
    let hint = "set another as `metadata.namespace` of the objects";
    (objects > 0).then(|| Gap::new("no-namespace", "objects", text).hint(hint))
}

/// What was found so far.
struct Found<'a> {
    scope: &'a Scope,
    selector: Option<&'a Selector>,
    objects: Objects,
    broken: Broken,
    /// Objects seen, the skipped ones included.
    read: usize,
    /// Those that name no namespace and need one.
    homeless: usize,
    /// What was in a folder or an archive.
    several: Option<Several>,
}

/// How many files a folder or an archive had.
struct Several {
    /// `folder` or `archive`.
    what: &'static str,
    dumps: usize,
    /// Files that are not called like dumps.
    others: usize,
}

impl Several {
    fn of(what: &'static str) -> Self {
        let (dumps, others) = (0, 0);
        Self {
            what,
            dumps,
            others,
        }
    }

    fn say(&self, path: &Path) -> String {
        let (dumps, others) = (count(self.dumps, "file"), count(self.others, "other"));
        let read = format!("read {dumps} of the {} {}", self.what, path.display());
        if self.others == 0 {
            return read;
        }
        format!("{read}; skipped {others} not called `.json`, `.yaml` or `.yml`")
    }
}

impl<'a> Found<'a> {
    fn new(scope: &'a Scope, selector: Option<&'a Selector>) -> Self {
        Self {
            scope,
            selector,
            objects: Objects::default(),
            broken: Broken::default(),
            read: 0,
            homeless: 0,
            several: None,
        }
    }

    /// Reads what is given on the command line.
    fn path(&mut self, path: &Path, task: &dyn Task) -> Result<(), ImportError> {
        let failed = |source| ImportError::Read {
            path: path.to_owned(),
            source,
        };
        if path.is_dir() {
            return self.folder(path, task).map_err(failed);
        }
        let raw = input::open(path, task).and_then(input::unpacked);
        let (start, raw) = raw.and_then(|raw| input::peek(raw, 512)).map_err(failed)?;
        if tar::is_archive(&start) {
            return self.archive(path, raw).map_err(failed);
        }
        match Foreign::starting(&start) {
            Some(foreign) => Err(foreign.of(path)),
            None => self.file(path, raw, false),
        }
    }

    fn folder(&mut self, path: &Path, task: &dyn Task) -> io::Result<()> {
        let folder = folder::list(path)?;
        let mut several = Several::of("folder");
        several.others = folder.others;
        several.dumps = folder.dumps.len();
        self.several = Some(several);
        for (path, source) in folder.closed {
            self.unreadable(ImportError::Read { path, source });
        }
        for file in folder.dumps {
            match input::open(&file, task).and_then(input::unpacked) {
                Ok(raw) => self.found(&file, raw),
                Err(source) => self.unreadable(ImportError::Read { path: file, source }),
            }
        }
        Ok(())
    }

    fn archive(&mut self, path: &Path, raw: Bytes<'_>) -> io::Result<()> {
        let mut several = Several::of("archive");
        let ended = tar::each(raw, |name, member| {
            if !folder::is_dump(name) {
                several.others += 1;
                return;
            }
            several.dumps += 1;
            let path = path.join(name.trim_start_matches(['.', '/']));
            match input::unpacked(member) {
                Ok(raw) => self.found(&path, raw),
                Err(source) => self.unreadable(ImportError::Read { path, source }),
            }
        });
        self.several = Some(several);
        ended
    }

    /// Reads one of many files.
    fn found(&mut self, path: &Path, raw: Bytes<'_>) {
        if let Err(error) = self.file(path, raw, true) {
            self.unreadable(error);
        }
    }

    fn file(&mut self, path: &Path, raw: Bytes<'_>, found: bool) -> Result<(), ImportError> {
        let place = Place::start();
        let mut reader = Reader::new(path, self.scope, &place, found);
        let source = Source::new(raw, &place).map_err(|source| ImportError::Read {
            path: path.to_owned(),
            source,
        });
        let read = source.and_then(|mut source| dump::read(&mut source, &mut reader));
        self.read += reader.read;
        self.broken.merge(reader.broken);
        let mut objects = reader.objects;
        self.homeless += objects.default_namespace();
        objects.select(self.scope, self.selector);
        self.objects.merge(objects);
        read
    }

    /// Notes a file that is not read, or only in part.
    fn unreadable(&mut self, error: ImportError) {
        self.broken.note(|| {
            let (subject, problem) = error.file_and_problem();
            let gap = Gap::new("unreadable-file", subject, problem);
            (gap.hint("fix it, or leave it out"), error)
        });
    }
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
