//! Where a bundle is written, and how it comes to its place in one move.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::BundleError;
use super::over::{self, Over};
use super::turn::{self, Turn};

/// Folders that are gone once the program has ended well; removed when it is interrupted.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// How often a folder is removed that another thread still writes into: a bundle has
/// five files.
const TRIES: u32 = 100;

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what an interrupted write has left so far.
///
/// Waits while a bundle is being moved to its place, which takes no time. No bundle is
/// begun or finished any more after this: the program has to end.
pub fn abandon() {
    let guard = unfinished();
    for folder in guard.iter() {
        // Another thread may be putting a file into it just now.
        for _ in 0..TRIES {
            // There is nothing left to tell anyone when it cannot be removed.
            if over::remove(folder).is_ok() || !folder.exists() {
                break;
            }
        }
    }
    mem::forget(guard);
}

/// Whether a bundle can be written here, before anything is read for it; with
/// `force` in the place of a recording too.
///
/// # Errors
///
/// When there is no folder for it, or something else is in the way.
pub fn check_place(target: &Path, force: bool) -> Result<(), BundleError> {
    check_folder(target)?;
    let over = if force {
        Over::Recording
    } else {
        Over::Snapshot
    };
    over.check(&absolute(target)?)
}

/// Whether there is a folder to write a bundle into.
///
/// # Errors
///
/// When there is none.
pub fn check_folder(target: &Path) -> Result<(), BundleError> {
    let path = absolute(target)?;
    match path.parent() {
        Some(folder) if !folder.is_dir() => Err(BundleError::NoFolder {
            folder: folder.to_owned(),
            path,
        }),
        _ => Ok(()),
    }
}

/// A folder under a temporary name beside its final place; removed unless it is finished.
pub(super) struct Unfinished<'a> {
    target: PathBuf,
    folder: PathBuf,
    over: Over<'a>,
    /// Says that this process lives, as long as it is open.
    mark: Option<fs::File>,
}

impl<'a> Unfinished<'a> {
    /// Refuses a target that holds something else than what may be written over.
    pub(super) fn new(target: &Path, over: Over<'a>) -> Result<Self, BundleError> {
        let target = absolute(target)?;
        let _turn = Turn::wait(&target);
        over.check(&target)?;
        let folder = beside(&target, "tmp");
        clean(&target, false)?;
        // Left over from a killed process of the same number.
        if folder.is_dir() {
            over::remove(&folder).map_err(|error| BundleError::write(&folder, error))?;
        }
        let mut guard = unfinished();
        guard.push(folder.clone());
        let mut made = Self {
            target,
            folder,
            over,
            mark: None,
        };
        let created = private_folder(&made.folder);
        drop(guard);
        created.map_err(|error| BundleError::write(&made.target, error))?;
        made.mark = turn::mark(&made.folder);
        Ok(made)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the bundle will be.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Moves the folder to its place; an older bundle there is replaced.
    ///
    /// In one step where the system can exchange two folders. Elsewhere in two
    /// renames: whoever reads between them finds no bundle, never half of one.
    pub(super) fn finish(self) -> Result<(), BundleError> {
        let _turn = Turn::wait(&self.target);
        let mut guard = unfinished();
        self.over.check(&self.target)?;
        if exchange(&self.folder, &self.target) {
            // What is under the temporary name now is the older bundle, and
            // goes when `self` does.
            over::move_foreign(&self.folder, &self.target);
            settle(&self.target);
            return Ok(());
        }
        let old = beside(&self.target, "old");
        let moved = match fs::rename(&self.target, &old) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(BundleError::write(&self.target, error)),
        };
        if let Err(error) = fs::rename(&self.folder, &self.target) {
            if moved {
                // The older bundle stays where it was.
                let _ = fs::rename(&old, &self.target);
            }
            return Err(BundleError::write(&self.target, error));
        }
        settle(&self.target);
        guard.retain(|folder| *folder != self.folder);
        if moved {
            over::move_foreign(&old, &self.target);
            guard.push(old.clone());
            drop(guard);
            let _ = over::remove(&old);
            unfinished().retain(|folder| *folder != old);
        }
        Ok(())
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        let mut guard = unfinished();
        if guard.contains(&self.folder) {
            let _ = over::remove(&self.folder);
            guard.retain(|folder| *folder != self.folder);
        }
    }
}

/// A folder that only its owner can look into.
fn private_folder(path: &Path) -> io::Result<()> {
    let mut maker = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.create(path)
}

/// A new file that only its owner can read.
pub(crate) fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Swaps two folders in one step; whether that was possible.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(a: &Path, b: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_: &Path, _: &Path) -> bool {
    false
}

/// Makes a rename survive a power failure, where the system has a way to.
fn settle(target: &Path) {
    if let Some(Ok(folder)) = target.parent().map(fs::File::open) {
        let _ = folder.sync_all();
    }
}

/// Cleans up after processes that were killed while they wrote this bundle, and
/// puts it back where one was killed between two renames.
///
/// Those that live are left alone; `alone` where none can, though that cannot be told.
pub(crate) fn recover(target: &Path, alone: bool) -> Result<(), BundleError> {
    let target = absolute(target)?;
    let _turn = Turn::wait(&target);
    clean(&target, alone)
}

fn clean(target: &Path, alone: bool) -> Result<(), BundleError> {
    let mut start = OsString::from(".");
    start.push(target.file_name().unwrap_or_default());
    start.push(".");
    let start = start.to_string_lossy();
    let Some(Ok(entries)) = target.parent().map(fs::read_dir) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let Some((process, what)) = name.strip_prefix(&*start).and_then(|n| n.split_once('.'))
        else {
            continue;
        };
        let is_left = process.parse::<u32>().is_ok() && matches!(what, "old" | "tmp");
        let lives = || turn::is_marked(&entry.path()).unwrap_or(!alone);
        if !is_left || !entry.file_type().is_ok_and(|kind| kind.is_dir()) || lives() {
            continue;
        }
        if what == "old" && fs::symlink_metadata(target).is_err() {
            fs::rename(entry.path(), target).map_err(|e| BundleError::write(target, e))?;
        } else {
            let _ = over::remove(&entry.path());
        }
    }
    Ok(())
}

/// `.NAME.kcost.12345.tmp`: hidden, and of this process alone.
fn beside(target: &Path, what: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.{what}", process::id()));
    target.with_file_name(name)
}

/// So that `..` and a trailing `/.` have a name and a folder around them. A link to a
/// folder stays, and what it leads to is written.
pub(crate) fn absolute(target: &Path) -> Result<PathBuf, BundleError> {
    let path = std::path::absolute(target).map_err(|error| BundleError::write(target, error))?;
    if path.file_name().is_none() || path.ends_with("..") {
        return Err(BundleError::InTheWay { path });
    }
    if fs::symlink_metadata(&path).is_ok_and(|held| held.is_symlink()) {
        return fs::canonicalize(&path).map_err(|_| BundleError::InTheWay { path });
    }
    Ok(path)
}
