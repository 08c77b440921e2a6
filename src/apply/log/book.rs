//! The log as a file that only grows.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Actor, Event, Line, SCHEMA, hash, read};

/// What it is called in its folder.
const NAME: &str = "audit.jsonl";

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
    #[error("another run writes the audit log {}", path.display())]
    Busy { path: PathBuf },
}

impl LogError {
    /// One next step.
    pub fn hint(&self) -> String {
        match self {
            Self::File { .. } => "name a folder that can be written with `--log FOLDER`".to_owned(),
            Self::Broken { .. } => {
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
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let (mut lines, torn, last) = whole(&path, &text)?;
        if torn > 0 {
            let length = u64::try_from(text.len() - torn).unwrap_or(u64::MAX);
            file.set_len(length).map_err(failed)?;
            file.seek(SeekFrom::End(0)).map_err(failed)?;
        }
        let mut book = Self {
            last,
            seq: lines.last().map_or(0, |line| line.seq),
            path,
            file,
        };
        if let Some(line) = lines.last().filter(|_| torn > 0).cloned() {
            let mended = Event::Mended { bytes: torn };
            lines.push(book.add(&line.run, &line.actor, mended)?);
        }
        Ok((book, lines))
    }

    /// Reads the log of a folder, and holds its lines against each other.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or is not what was written.
    pub fn look(folder: &Path) -> Result<Vec<Line>, LogError> {
        let path = folder.join(NAME);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            text => text.map_err(|source| LogError::File {
                path: path.clone(),
                source,
            })?,
        };
        whole(&path, &text).map(|(lines, ..)| lines)
    }

    /// Adds a line; when this returns it is on disk.
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
        Ok(line)
    }
}

fn whole(path: &Path, text: &[u8]) -> Result<(Vec<Line>, usize, String), LogError> {
    read(text).map_err(|broken| LogError::Broken {
        path: path.to_owned(),
        line: broken.line,
        why: broken.why,
    })
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
            let path = folder.path().join(NAME);
            fs::write(&path, &text[..text.len() - lost]).unwrap();
            let (mut book, lines) = Book::open(folder.path()).unwrap();
            assert!(matches!(lines[1].event, Event::Mended { .. }), "{lost}");
            book.add("r", &actor(), Event::Mended { bytes: 0 }).unwrap();
            assert_eq!(Book::look(folder.path()).unwrap().len(), 3);
        }
    }

    #[test]
    fn one_run_writes_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let (_book, _) = Book::open(folder.path()).unwrap();
        let error = Book::open(folder.path()).unwrap_err();
        assert!(matches!(error, LogError::Busy { .. }));
    }
}
