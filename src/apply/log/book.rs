//! The log as a file that only grows.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::head::Head;
use super::{Actor, Event, Line, SCHEMA, hash, read};
use crate::text::count;

/// What it is called in its folder.
const NAME: &str = "audit.jsonl";

/// The folder beside it with a file for each run, which is written once the run is in the log.
pub const ROLLBACK: &str = "rollback";

/// Why the log cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    #[error("the audit log {} cannot be used", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the audit log {} is not what was written: line {line}: {why}", path.display())]
    Broken {
        path: PathBuf,
        line: usize,
        why: &'static str,
    },
    #[error(
        "the audit log {} is shorter than what was written: it has {}, its head says {wrote}",
        path.display(),
        count(*lines, "line")
    )]
    Short {
        path: PathBuf,
        lines: usize,
        wrote: u64,
    },
    #[error(
        "the audit log {} has lost its head: {what}, and nothing says how many lines it had",
        path.display()
    )]
    Headless { path: PathBuf, what: String },
    #[error(
        "the audit log {} is shorter than what was written: it does not know the run of {}",
        path.display(),
        file.display()
    )]
    Forgotten { path: PathBuf, file: PathBuf },
    #[error("another run writes the audit log {}", path.display())]
    Busy { path: PathBuf },
}

/// A log as it is kept.
#[derive(Debug)]
pub struct Kept {
    pub lines: Vec<Line>,
}

impl LogError {
    /// One next step.
    pub fn hint(&self) -> String {
        match self {
            Self::File { .. } => "name a folder that can be written with `--log FOLDER`".to_owned(),
            Self::Broken { .. }
            | Self::Short { .. }
            | Self::Headless { .. }
            | Self::Forgotten { .. } => {
                "somebody changed it: keep it for whoever looks into that, and name another folder with `--log FOLDER`"
                    .to_owned()
            }
            Self::Busy { .. } => "wait until it is done, then run again".to_owned(),
        }
    }
}

/// A log that this run alone writes.
#[derive(Debug)]
pub struct Book {
    folder: PathBuf,
    path: PathBuf,
    file: File,
    last: String,
    seq: u64,
}

impl Book {
    /// Opens the log of a folder, which is made, and reads it.
    ///
    /// # Errors
    ///
    /// Where it cannot be read or written, another run has it, or it is not what was
    /// written.
    pub fn open(folder: &Path) -> Result<(Self, Vec<Line>), LogError> {
        let path = folder.join(NAME);
        let failed = |source| LogError::File {
            path: path.clone(),
            source,
        };
        private_folder(folder).map_err(failed)?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LogError::Busy { path }),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // A file that a crash takes away would take what was done with it.
        #[cfg(unix)]
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
        let head = Head::read(folder).map_err(failed)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let files = rollback_files(folder).map_err(failed)?;
        let (mut lines, torn, last) = whole(&path, &text, (head.as_ref(), files))?;
        if torn > 0 {
            let length = u64::try_from(text.len() - torn).unwrap_or(u64::MAX);
            file.set_len(length).map_err(failed)?;
            file.seek(SeekFrom::End(0)).map_err(failed)?;
        }
        let mut book = Self {
            folder: folder.to_owned(),
            last,
            seq: lines.last().map_or(0, |line| line.seq),
            path,
            file,
        };
        if let Some(line) = lines.last().filter(|_| torn > 0).cloned() {
            let mended = Event::Mended { bytes: torn };
            lines.push(book.add(&line.run, &line.actor, mended)?);
        }
        // Before the first line there is a head, so that a log without one has lost it.
        if head.is_none_or(|head| head.lines != book.seq) {
            book.anchor()?;
        }
        Ok((book, lines))
    }

    /// Reads the log of a folder, and holds its lines against each other and its head.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or is not what was written.
    pub fn look(folder: &Path) -> Result<Kept, LogError> {
        let path = folder.join(NAME);
        let failed = |source| LogError::File {
            path: path.clone(),
            source,
        };
        let text = || match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            text => text.map_err(failed),
        };
        // Before the lines: a run that writes now adds to them.
        let files = rollback_files(folder).map_err(failed)?;
        let (mut head, mut all) = (Head::read(folder).map_err(failed)?, text()?);
        if head.is_none() && !all.is_empty() {
            // The first run may have begun in between.
            (head, all) = (Head::read(folder).map_err(failed)?, text()?);
        }
        let (lines, ..) = whole(&path, &all, (head.as_ref(), files))?;
        Ok(Kept { lines })
    }

    /// Writes the head down.
    fn anchor(&self) -> Result<(), LogError> {
        let head = Head::new(self.seq, &self.last);
        head.write(&self.folder).map_err(|source| LogError::File {
            path: self.path.clone(),
            source,
        })
    }

    /// Adds a line; when this returns it is on disk, and the head says so.
    ///
    /// # Errors
    ///
    /// Where it cannot be written: then nothing may be done.
    pub fn add(&mut self, run: &str, actor: &Actor, event: Event) -> Result<Line, LogError> {
        let line = Line {
            schema: SCHEMA.to_owned(),
            seq: self.seq + 1,
            time: Timestamp::now(),
            run: run.to_owned(),
            actor: actor.clone(),
            event,
            previous: self.last.clone(),
        };
        let written = || -> io::Result<Vec<u8>> {
            let mut text = serde_json::to_vec(&line)?;
            text.push(b'\n');
            (&self.file).write_all(&text)?;
            self.file.sync_all()?;
            text.pop();
            Ok(text)
        };
        let text = written().map_err(|source| LogError::File {
            path: self.path.clone(),
            source,
        })?;
        self.last = hash(&text);
        self.seq = line.seq;
        self.anchor()?;
        Ok(line)
    }
}

/// The lines, which follow from each other, end no sooner than the head says, and know every
/// run of which there is a file.
fn whole(
    path: &Path,
    text: &[u8],
    (head, files): (Option<&Head>, Vec<(String, PathBuf)>),
) -> Result<(Vec<Line>, usize, String), LogError> {
    let broken = |line, why| LogError::Broken {
        path: path.to_owned(),
        line,
        why,
    };
    let (lines, torn, last) = read(text).map_err(|it| broken(it.line, it.why))?;
    let Some(head) = head else {
        let what = match (lines.len(), files.len()) {
            (0, 0) => return Ok((lines, torn, last)),
            (0, some) => format!("it has no line, and {} beside it", count(some, "run")),
            (some, _) => format!("it has {}", count(some, "line")),
        };
        let path = path.to_owned();
        return Err(LogError::Headless { path, what });
    };
    let wrote = usize::try_from(head.lines).unwrap_or(usize::MAX);
    if lines.len() < wrote {
        return Err(LogError::Short {
            path: path.to_owned(),
            lines: lines.len(),
            wrote: head.lines,
        });
    }
    // What follows the line of the head names its hash.
    let hash = lines.get(wrote).map_or(&last, |line| &line.previous);
    if *hash != head.hash {
        return Err(broken(wrote, "its head names another line"));
    }
    let known = |run: &str| lines.iter().any(|line| line.run == run);
    if let Some((_, file)) = files.into_iter().find(|(run, _)| !known(run)) {
        let path = path.to_owned();
        return Err(LogError::Forgotten { path, file });
    }
    Ok((lines, torn, last))
}

/// The files of runs in the folder of a log, by the runs.
fn rollback_files(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(folder.join(ROLLBACK)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_one = path.extension().is_some_and(|it| it == "json");
        if let Some(run) = path
            .file_stem()
            .and_then(|it| it.to_str())
            .filter(|_| is_one)
        {
            files.push((run.to_owned(), path.clone()));
        }
    }
    files.sort();
    Ok(files)
}

/// Makes a folder that nobody else may look into.
///
/// # Errors
///
/// Where it is not there and cannot be made.
pub fn private_folder(folder: &Path) -> io::Result<()> {
    let mut maker = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.recursive(true).create(folder)
}

#[cfg(test)]
mod tests {
    use super::super::{Action, Ended};
    use super::*;

    fn actor() -> Actor {
        Actor {
            user: None,
            context: "test".to_owned(),
            server: "http://127.0.0.1".to_owned(),
            kcost: "0".to_owned(),
        }
    }

    fn written(folder: &Path) -> Vec<u8> {
        let (mut book, _) = Book::open(folder).unwrap();
        let start = Event::Start {
            action: Action::Apply,
            of: None,
            steps: 1,
        };
        book.add("r", &actor(), start).unwrap();
        let end = Event::End {
            result: Ended::Done,
        };
        book.add("r", &actor(), end).unwrap();
        fs::read(folder.join(NAME)).unwrap()
    }

    #[test]
    fn every_byte_that_changes_breaks_the_chain_or_is_a_cut() {
        let folder = tempfile::tempdir().unwrap();
        let text = written(folder.path());
        assert_eq!(read(&text).unwrap().0.len(), 2);
        let first = text.iter().position(|byte| *byte == b'\n').unwrap();
        for at in 0..first {
            let mut changed = text.clone();
            changed[at] ^= 1;
            assert!(read(&changed).is_err(), "byte {at}");
        }
        assert!(read(&text[first + 1..]).is_err());
    }

    #[test]
    fn a_line_that_was_cut_off_is_taken_away_and_told() {
        for lost in 1..20 {
            let folder = tempfile::tempdir().unwrap();
            let text = written(folder.path());
            // The head is written when the line is there.
            let lines = read(&text).unwrap().0;
            Head::new(1, &lines[1].previous)
                .write(folder.path())
                .unwrap();
            let path = folder.path().join(NAME);
            fs::write(&path, &text[..text.len() - lost]).unwrap();
            let (mut book, lines) = Book::open(folder.path()).unwrap();
            assert!(matches!(lines[1].event, Event::Mended { .. }), "{lost}");
            book.add("r", &actor(), Event::Mended { bytes: 0 }).unwrap();
            assert_eq!(Book::look(folder.path()).unwrap().lines.len(), 3);
        }
    }

    #[test]
    fn lines_that_are_gone_from_the_end_show() {
        let folder = tempfile::tempdir().unwrap();
        let text = written(folder.path());
        let path = folder.path().join(NAME);
        let first = text.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for left in [0, 1, first, text.len() - 1] {
            fs::write(&path, &text[..left]).unwrap();
            for error in [
                Book::look(folder.path()).unwrap_err(),
                Book::open(folder.path()).unwrap_err(),
            ] {
                assert!(
                    matches!(error, LogError::Short { wrote: 2, .. }),
                    "{left}: {error}"
                );
            }
            assert_eq!(fs::read(&path).unwrap(), &text[..left]);
        }
        fs::remove_file(&path).unwrap();
        let error = Book::look(folder.path()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("it has 0 lines, its head says 2"),
            "{error}"
        );
    }

    #[test]
    fn a_run_that_ends_between_a_line_and_the_head_is_no_loss() {
        let folder = tempfile::tempdir().unwrap();
        let text = written(folder.path());
        let lines = read(&text).unwrap().0;
        let before = Head::new(1, &lines[1].previous);
        before.write(folder.path()).unwrap();
        assert_eq!(Book::look(folder.path()).unwrap().lines.len(), 2);
        drop(Book::open(folder.path()).unwrap());
        let now = Head::read(folder.path()).unwrap().unwrap();
        assert_eq!(now.lines, 2);
        // The head of another log.
        Head::new(2, &before.hash).write(folder.path()).unwrap();
        let error = Book::look(folder.path()).unwrap_err();
        assert!(
            error.to_string().contains("its head names another line"),
            "{error}"
        );
    }

    #[test]
    fn a_log_that_has_lost_its_head_or_a_run_shows() {
        let folder = tempfile::tempdir().unwrap();
        let text = written(folder.path());
        let (path, head) = (folder.path().join(NAME), folder.path().join("audit.head"));
        let rollback = folder.path().join(ROLLBACK);
        fs::create_dir(&rollback).unwrap();
        fs::write(rollback.join("r.json"), "{}").unwrap();
        assert_eq!(Book::look(folder.path()).unwrap().lines.len(), 2);
        let told = |error: LogError| error.to_string();
        let both = |said: &str| {
            for error in [
                told(Book::look(folder.path()).unwrap_err()),
                told(Book::open(folder.path()).unwrap_err()),
            ] {
                assert!(error.contains(said), "{error}");
            }
        };
        // A run that a head made anew leaves out.
        fs::write(rollback.join("s.json"), "{}").unwrap();
        both("does not know the run of");
        fs::remove_file(rollback.join("s.json")).unwrap();
        // The end of the log together with its head.
        let whole = fs::read(&head).unwrap();
        fs::remove_file(&head).unwrap();
        both("has lost its head: it has 2 lines");
        let first = text.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        fs::write(&path, &text[..first]).unwrap();
        both("has lost its head: it has 1 line,");
        fs::remove_file(&path).unwrap();
        both("it has no line, and 1 run beside it");
        fs::write(&head, whole).unwrap();
        both("it has 0 lines, its head says 2");
    }

    #[test]
    fn one_run_writes_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let (_book, _) = Book::open(folder.path()).unwrap();
        let error = Book::open(folder.path()).unwrap_err();
        assert!(matches!(error, LogError::Busy { .. }));
    }
}
