//! The bundle that was read or written last, to suggest names of its workloads.

use std::env;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::path::{self, Path, PathBuf};

use super::put::{Readers, put};
use crate::apply::log::private_folder;

/// Set to anything, nothing is remembered.
pub(super) const OFF: &str = "KCOST_NO_STATE";

/// No path is longer.
const LONGEST: u64 = 1 << 16;

/// Remembers a bundle. Nothing depends on it, so a failure is no failure.
pub(super) fn remember(bundle: &Path) {
    if let (Some(file), Ok(bundle)) = (file(), path::absolute(bundle)) {
        let _ = write(&file, &bundle);
    }
}

/// Puts a new file in the place of an older one of ours. A link, a pipe or a file of
/// somebody else that stands there is neither written through nor replaced.
fn write(file: &Path, bundle: &Path) -> io::Result<()> {
    match fs::symlink_metadata(file) {
        Ok(there) if !is_ours(&there) => return Ok(()),
        _ => {}
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    private_folder(folder)?;
    put(file, bundle.as_os_str().as_encoded_bytes(), Readers::Owner)
}

/// The bundle that was remembered.
pub(super) fn bundle() -> Option<PathBuf> {
    let file = file()?;
    let there = fs::symlink_metadata(&file).ok()?;
    if !is_ours(&there) {
        return None;
    }
    let mut text = String::new();
    let file = fs::File::open(file).ok()?;
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(PathBuf::from(text.trim_end_matches('\n')))
}

/// Whether it is a regular file of the user who runs kcost.
fn is_ours(there: &Metadata) -> bool {
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::uid(there) != rustix::process::geteuid().as_raw() {
        return false;
    }
    there.is_file()
}

/// `$XDG_STATE_HOME/kcost/last`, else below `~/.local/state`.
fn file() -> Option<PathBuf> {
    if set(OFF).is_some() {
        return None;
    }
    Some(state()?.join("kcost").join("last"))
}

/// `$XDG_STATE_HOME`, else `~/.local/state`.
pub(super) fn state() -> Option<PathBuf> {
    let home = || Some(Path::new(&set("HOME")?).join(".local/state"));
    set("XDG_STATE_HOME").map(PathBuf::from).or_else(home)
}

fn set(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
