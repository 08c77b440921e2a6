//! Writers in one folder, one at a time where it matters, and who of them still lives.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How often a turn is tried, and how long between two tries: a turn takes
/// milliseconds, and whoever holds one for longer than 5 s is not waited for.
const TRIES: u32 = 500;
const PAUSE: Duration = Duration::from_millis(10);

/// The right to put things into a folder, and to clean up there.
///
/// The lock is on the folder itself, so that nothing of it is ever left. Where
/// folders cannot be locked, writers go without.
pub(super) struct Turn {
    _folder: Option<File>,
}

impl Turn {
    /// Waits for the turn in the folder that `target` is in.
    pub(super) fn wait(target: &Path) -> Self {
        let folder = target.parent().and_then(|folder| File::open(folder).ok());
        if let Some(folder) = &folder {
            for _ in 0..TRIES {
                match folder.try_lock() {
                    Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                    Ok(()) | Err(TryLockError::Error(_)) => break,
                }
            }
        }
        Self { _folder: folder }
    }
}

/// Marks a folder as that of a living process; `None` where folders cannot be locked.
pub(super) fn mark(folder: &Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    folder.try_lock().ok()?;
    Some(folder)
}

/// Whether the process that has marked a folder lives; `None` where that cannot be told.
pub(super) fn is_marked(folder: &Path) -> Option<bool> {
    match File::open(folder).ok()?.try_lock() {
        Ok(()) => Some(false),
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
    }
}
