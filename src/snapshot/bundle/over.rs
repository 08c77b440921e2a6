//! What a bundle may be written over: nothing of anyone else's.

use std::fs::{self, TryLockError};
use std::io;
use std::path::Path;

use super::manifest::{FORMAT, File, Head};
use super::read::LARGEST_MANIFEST;
use super::{BundleError, CLUSTER, LOG, MANIFEST, SERIES, USAGE, WORKLOADS, file};

/// Files that every bundle may have.
const OWN: [&str; 6] = [MANIFEST, CLUSTER, WORKLOADS, SERIES, USAGE, LOG];

/// What may stand where a bundle is written; an empty folder always may.
#[derive(Debug, Clone, Copy)]
pub(super) enum Over<'a> {
    /// A recording that begins takes nobody's place.
    Nothing,
    /// A bundle that was taken at once.
    Snapshot,
    /// A recording too, that nobody is writing.
    Recording,
    /// The recording that has this log.
    Own(&'a fs::File),
}

impl Over<'_> {
    /// Refuses a place that holds anything else.
    pub(super) fn check(self, target: &Path) -> Result<(), BundleError> {
        let path = || target.to_owned();
        if fs::symlink_metadata(target).is_err() || is_empty(target) {
            return Ok(());
        }
        let Some(files) = files(target) else {
            return Err(BundleError::InTheWay { path: path() });
        };
        let log = target.join(LOG);
        let is_recording = fs::symlink_metadata(&log).is_ok();
        match self {
            Self::Own(held) if is_same(held, &log) => return Ok(()),
            Self::Own(_) | Self::Nothing if is_recording => {
                return Err(BundleError::Busy { path: path() });
            }
            Self::Own(_) | Self::Nothing => return Err(BundleError::NoRecording { path: path() }),
            Self::Snapshot | Self::Recording if is_recording && is_busy(&log) => {
                return Err(BundleError::Busy { path: path() });
            }
            Self::Snapshot if is_recording => {
                return Err(BundleError::Recording { path: path() });
            }
            Self::Snapshot | Self::Recording => {}
        }
        match foreign(target, &files).into_iter().next() {
            Some(name) => Err(BundleError::Foreign { path: path(), name }),
            None => Ok(()),
        }
    }
}

fn is_empty(target: &Path) -> bool {
    fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_none())
}

/// What the manifest of a bundle lists; `None` where there is no bundle.
fn files(target: &Path) -> Option<Vec<File>> {
    #[derive(serde::Deserialize)]
    struct Listed {
        #[serde(default)]
        files: Vec<File>,
    }
    let text = file::text(&target.join(MANIFEST), LARGEST_MANIFEST).ok()?;
    let head: Head = serde_json::from_slice(&text).ok()?;
    let listed = serde_json::from_slice::<Listed>(&text);
    (head.format == FORMAT).then(|| listed.map_or_else(|_| Vec::new(), |it| it.files))
}

/// What lies in a bundle's folder and is not of the bundle, sorted.
fn foreign(target: &Path, files: &[File]) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(target).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let held = entry.metadata();
        // Of the tables of a newer kcost the size is known.
        let is_listed = |size: u64| {
            files
                .iter()
                .any(|file| file.name == name && file.bytes == size)
        };
        let ours = held
            .is_ok_and(|held| held.is_file() && (OWN.contains(&&*name) || is_listed(held.len())));
        if !ours {
            names.push(name);
        }
    }
    names.sort();
    names
}

/// Whether another process has a log open to write.
fn is_busy(log: &Path) -> bool {
    let lock = file::open(log).map(|(log, _)| log.try_lock());
    matches!(lock, Ok(Err(TryLockError::WouldBlock)))
}

/// Whether a file is still the one at a path.
#[cfg(unix)]
fn is_same(held: &fs::File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |it: io::Result<fs::Metadata>| it.map(|it| (it.dev(), it.ino())).ok();
    place(held.metadata()).is_some_and(|held| Some(held) == place(fs::symlink_metadata(path)))
}

#[cfg(not(unix))]
fn is_same(_: &fs::File, path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Takes what is not of the bundle along, when another folder takes a bundle's place.
pub(super) fn move_foreign(from: &Path, to: &Path) {
    let files = files(from).unwrap_or_default();
    for name in foreign(from, &files) {
        let place = to.join(&name);
        if fs::symlink_metadata(&place).is_err() {
            // What cannot be moved stays where it is, and is not removed either.
            let _ = fs::rename(from.join(&name), place);
        }
    }
}

/// Removes a folder of files that a bundle has; what else is in it stays.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    let listed = files(folder).unwrap_or_default();
    let foreign = foreign(folder, &listed);
    for entry in fs::read_dir(folder)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !foreign.contains(&name) {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_dir(folder)
}
