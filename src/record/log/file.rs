//! `recording.log`: lines of a checksum and JSON, each on disk before the next.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read as _, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Round, Tail};
use crate::snapshot::{check_room, hex, open_file, private_file};

/// The version of the log that this kcost writes, and the newest that it reads.
const VERSION: u32 = 1;
/// Hexadecimal digits of the checksum: enough against accidents.
const DIGITS: usize = 16;
/// What one line may have at most, in bytes: one with all samples of 100,000
/// containers that are in no table yet takes a fifth of it.
const LONGEST: u64 = 512 << 20;
/// Samples take so many times what they are in the log once they are in memory.
const GROWTH: u64 = 3;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    recording: u32,
    /// SHA-256 of the `snapshot.json` that the log goes on from.
    bundle: String,
}

/// A log that is written to, and locked against other writers.
#[derive(Debug)]
pub struct Log {
    file: File,
    path: PathBuf,
    /// Bytes that are whole lines.
    len: u64,
}

/// What a log held.
pub(in crate::record) struct Read {
    /// SHA-256 of the manifest that it belongs to.
    pub(in crate::record) bundle: String,
    pub(in crate::record) tail: Tail,
    /// Lines that were cut off or changed.
    pub(in crate::record) torn: usize,
}

impl Log {
    /// A new log in a folder, which then may be renamed.
    pub(in crate::record) fn create(path: &Path, bundle: &str, tail: &Tail) -> io::Result<Self> {
        let file = private_file(path)?;
        // A new file of our own: nobody else can hold it, and where locks do not
        // exist the recording works without.
        let _ = file.try_lock();
        let mut log = Self {
            file,
            path: path.to_owned(),
            len: 0,
        };
        let head = Head {
            recording: VERSION,
            bundle: bundle.to_owned(),
        };
        log.line(&head)?;
        log.line(&tail.round())?;
        Ok(log)
    }

    /// Adds a round; it is on disk when this returns.
    ///
    /// On an error the log is as it was before.
    pub fn append(&mut self, round: &Round) -> io::Result<()> {
        self.line(round)
    }

    /// What says whose place new tables take.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where it is, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(in crate::record) fn moved(mut self, path: PathBuf) -> Self {
        self.path = path;
        self
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let json = serde_json::to_vec(value)?;
        let mut line = checksum(&json).into_bytes();
        line.push(b' ');
        line.extend(json);
        line.push(b'\n');
        let written = self.file.write_all(&line);
        let written = written.and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // A part of a line would be left out by readers, but not be lost on
            // whoever looks for what is damaged.
            let _ = self.file.set_len(self.len);
            let _ = self.file.seek(SeekFrom::Start(self.len));
            return Err(error);
        }
        self.len += u64::try_from(line.len()).unwrap_or(0);
        Ok(())
    }
}

/// Locks a log against other recordings; `None` where one holds it.
pub(in crate::record) fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(None),
        // Where locks do not exist the recording works without.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(file)),
    }
}

/// Reads a log; `None` where there is none. Lines that are cut off or changed
/// are counted and left out.
pub(in crate::record) fn read(path: &Path) -> io::Result<Option<Read>> {
    let file = match open_file(path) {
        Ok((file, size)) => {
            check_room(size.saturating_mul(GROWTH)).map_err(io::Error::other)?;
            file.take(size)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut lines = BufReader::new(file);
    let head = next(&mut lines)?.and_then(|line| whole::<Head>(&line));
    let head = head.ok_or_else(|| io::Error::other("its first line is damaged"))?;
    if head.recording > VERSION {
        let text = format!("it is of version {}, which is newer", head.recording);
        return Err(io::Error::other(text));
    }
    let mut read = Read {
        bundle: head.bundle,
        tail: Tail::default(),
        torn: 0,
    };
    while let Some(line) = next(&mut lines)? {
        match whole(&line) {
            Some(round) => read.tail.add(round),
            None => read.torn += 1,
        }
    }
    Ok(Some(read))
}

/// The next line, which the end may have cut off; `None` at the end.
fn next(lines: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = lines.take(LONGEST).read_until(b'\n', &mut line)?;
    if line.len() as u64 == LONGEST {
        return Err(io::Error::other("it has a line without end"));
    }
    Ok((read > 0).then_some(line))
}

/// What a line says; `None` where it is not as it was written.
fn whole<T: for<'a> Deserialize<'a>>(line: &[u8]) -> Option<T> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = line.split_at_checked(DIGITS)?;
    let json = json.strip_prefix(b" ")?;
    (sum == checksum(json).as_bytes())
        .then(|| serde_json::from_slice(json).ok())
        .flatten()
}

fn checksum(json: &[u8]) -> String {
    hex(&Sha256::digest(json)[..DIGITS / 2])
}
