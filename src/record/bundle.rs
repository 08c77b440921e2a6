//! Bundles that grow: tables beside a log, replaced together.

use std::fs;
use std::io;
use std::mem;
use std::path::Path;

use super::fits;
use super::log::{self, Incident, Log, Tail, Trouble, fold, is_of_a_recording, notice};
use crate::snapshot::{self, BundleError, LOG, MANIFEST, Snapshot, absolute, recover, tables};

/// How often a bundle is read that is being replaced meanwhile.
const TRIES: usize = 5;

/// A recording to go on with.
#[derive(Debug)]
pub struct Found {
    /// The tables alone; their gaps are without those of the recording.
    pub snapshot: Snapshot,
    pub tail: Tail,
    /// Keeps other recordings away until it is dropped.
    lock: Option<fs::File>,
}

impl Found {
    /// What was found, while the lock stays.
    pub fn take(&mut self) -> (Snapshot, Tail) {
        (mem::take(&mut self.snapshot), mem::take(&mut self.tail))
    }

    /// The log, which says whose place new tables take.
    pub fn log(&self) -> Option<&fs::File> {
        self.lock.as_ref()
    }

    /// Lets go of the log, once a new one stands in its place.
    pub fn release(&mut self) {
        self.lock = None;
    }
}

/// Writes tables and a log with `tail`, in the place of the recording whose log is
/// `held`; without one, of nothing.
///
/// The snapshot's own gaps are those of objects; the others come from the tail.
/// Whatever goes wrong, the older recording is left as it was.
pub fn write(
    snapshot: &mut Snapshot,
    tail: &Tail,
    path: &Path,
    held: Option<&fs::File>,
) -> Result<Log, BundleError> {
    let own = snapshot.gaps.len();
    snapshot
        .gaps
        .extend(tail.incidents.iter().filter_map(Incident::gap));
    let written = snapshot::write_with_log(snapshot, path, held, |beside, hash| {
        Log::create(beside, hash, tail)
    });
    snapshot.gaps.truncate(own);
    let (log, place) = written?;
    Ok(log.moved(place))
}

/// Opens a recording to go on with; `None` where there is nothing yet.
pub fn open(path: &Path) -> Result<Option<Found>, BundleError> {
    let path = &absolute(path)?;
    if fs::symlink_metadata(path).is_err() {
        recover(path, true)?;
        if fs::symlink_metadata(path).is_err() {
            return Ok(None);
        }
    }
    if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()) {
        return Ok(None);
    }
    let log = path.join(LOG);
    let lock = match log::lock(&log) {
        Ok(Some(lock)) => lock,
        Ok(None) => {
            return Err(BundleError::Busy {
                path: path.to_owned(),
            });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Says what is wrong where it is no bundle at all.
            read(path)?;
            return Err(BundleError::NoRecording {
                path: path.to_owned(),
            });
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(BundleError::InTheWay {
                path: path.to_owned(),
            });
        }
        Err(error) => return Err(BundleError::write(&log, error)),
    };
    recover(path, true)?;
    let (mut snapshot, tail) = read_whole(path)?;
    snapshot.gaps.retain(|gap| !is_of_a_recording(gap));
    Ok(Some(Found {
        snapshot,
        tail: tail.unwrap_or_default(),
        lock: Some(lock),
    }))
}

/// Reads a bundle, and of a recording what is in its log too.
///
/// # Errors
///
/// When it is no bundle, or not as it was written.
pub fn read(path: &Path) -> Result<Snapshot, BundleError> {
    let (snapshot, tail) = read_whole(path)?;
    Ok(match tail {
        Some(tail) => with_tail(snapshot, &tail),
        None => snapshot,
    })
}

/// Tables, and the log that belongs to them where there is one.
///
/// A recording that goes on replaces both; what was read of two is read again.
fn read_whole(path: &Path) -> Result<(Snapshot, Option<Tail>), BundleError> {
    let mut last = None;
    for _ in 0..TRIES {
        match read_once(path) {
            Ok(read) => return Ok(read),
            Err(error) if path.join(LOG).exists() => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| BundleError::damaged(path, "it changes while it is read")))
}

fn read_once(path: &Path) -> Result<(Snapshot, Option<Tail>), BundleError> {
    let (snapshot, hash) = tables(path)?;
    let log = path.join(LOG);
    let Some(read) =
        log::read(&log).map_err(|error| BundleError::damaged(&log, error.to_string()))?
    else {
        return Ok((snapshot, None));
    };
    if read.bundle != hash {
        let problem = format!("it does not belong to the `{MANIFEST}` beside it");
        return Err(BundleError::damaged(&log, problem));
    }
    let mut tail = read.tail;
    fits::places(&tail, &snapshot).map_err(|problem| BundleError::damaged(&log, problem))?;
    if let Some(refused) = fits::times(&mut tail, &snapshot.usage.grid) {
        notice(&mut tail.incidents, refused);
    }
    if read.torn > 0 {
        let at = tail.at.unwrap_or(snapshot.taken_at);
        let torn = Incident::new(Trouble::Torn, "", at).times(read.torn);
        notice(&mut tail.incidents, torn);
    }
    Ok((snapshot, Some(tail)))
}

/// The snapshot as it was at the newest round.
fn with_tail(mut snapshot: Snapshot, tail: &Tail) -> Snapshot {
    fold(&mut snapshot.usage, tail);
    snapshot.taken_at = snapshot.taken_at.max(tail.at.unwrap_or_default());
    snapshot.gaps.retain(|gap| !is_of_a_recording(gap));
    let gaps = tail.incidents.iter().filter_map(Incident::gap);
    snapshot.gaps.extend(gaps);
    snapshot.gaps.sort();
    snapshot
}
