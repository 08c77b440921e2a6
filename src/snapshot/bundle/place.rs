//! Where a bundle is written, and how it comes to its place in one move.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::manifest::{FORMAT, Head};
use super::{BundleError, MANIFEST};

/// Folders that are gone once the program has ended well; removed when it is interrupted.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what an interrupted write has left so far.
///
/// Waits while a bundle is being moved to its place, which takes no time.
pub fn abandon() {
    for folder in unfinished().drain(..) {
        // There is nothing left to tell anyone when it cannot be removed.
        let _ = fs::remove_dir_all(folder);
    }
}

/// Whether a bundle can be written here, before anything is read for it.
///
/// # Errors
///
/// When there is no folder for it, or something else is in the way.
pub fn check_place(target: &Path) -> Result<(), BundleError> {
    check_folder(target)?;
    check(&absolute(target)?)
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
pub(super) struct Unfinished {
    target: PathBuf,
    folder: PathBuf,
}

impl Unfinished {
    /// Refuses a target that holds something else than a bundle.
    pub(super) fn new(target: &Path) -> Result<Self, BundleError> {
        let target = absolute(target)?;
        check(&target)?;
        let folder = beside(&target, "tmp");
        // Left over from a killed process of the same number.
        if folder.is_dir() {
            fs::remove_dir_all(&folder).map_err(|error| BundleError::write(&folder, error))?;
        }
        unfinished().push(folder.clone());
        let made = Self { target, folder };
        fs::create_dir(&made.folder).map_err(|error| BundleError::write(&made.target, error))?;
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
        let mut guard = unfinished();
        check(&self.target)?;
        if exchange(&self.folder, &self.target) {
            // What is under the temporary name now is the older bundle, and
            // goes when `self` does.
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
            guard.push(old.clone());
            drop(guard);
            let _ = fs::remove_dir_all(&old);
            unfinished().retain(|folder| *folder != old);
        }
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut guard = unfinished();
        if guard.contains(&self.folder) {
            let _ = fs::remove_dir_all(&self.folder);
            guard.retain(|folder| *folder != self.folder);
        }
    }
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
/// Only for whoever knows that nobody else writes it.
pub(super) fn recover(target: &Path) -> Result<(), BundleError> {
    let target = absolute(target)?;
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
        let ours = process.parse::<u32>().is_ok();
        if ours && what == "old" && fs::symlink_metadata(&target).is_err() {
            fs::rename(entry.path(), &target).map_err(|e| BundleError::write(&target, e))?;
        } else if ours && matches!(what, "old" | "tmp") {
            let _ = fs::remove_dir_all(entry.path());
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

/// So that `..` and a trailing `/.` have a name and a folder around them.
fn absolute(target: &Path) -> Result<PathBuf, BundleError> {
    let path = std::path::absolute(target).map_err(|error| BundleError::write(target, error))?;
    if path.file_name().is_none() || path.ends_with("..") {
        return Err(BundleError::InTheWay { path });
    }
    Ok(path)
}

/// Only an older bundle or an empty folder may be replaced.
fn check(target: &Path) -> Result<(), BundleError> {
    if fs::symlink_metadata(target).is_err() || is_bundle(target) {
        return Ok(());
    }
    let empty = fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_none());
    if empty {
        return Ok(());
    }
    Err(BundleError::InTheWay {
        path: target.to_owned(),
    })
}

fn is_bundle(target: &Path) -> bool {
    let Ok(text) = fs::read(target.join(MANIFEST)) else {
        return false;
    };
    serde_json::from_slice::<Head>(&text).is_ok_and(|head| head.format == FORMAT)
}
