//! A file that is there as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use tempfile::NamedTempFile;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    Owner,
    Everybody,
    /// Those that may read the file which stands there.
    AsBefore,
}

/// Writes a file in one move, over one of before.
///
/// # Errors
///
/// Where its folder takes no file.
pub(super) fn put(path: &Path, text: &[u8], readers: Readers) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut fresh = NamedTempFile::new_in(folder)?;
    fresh.write_all(text)?;
    let file = fresh.as_file();
    match readers {
        Readers::Owner => {}
        Readers::Everybody => open_to_others(file)?,
        Readers::AsBefore => file.set_permissions(fs::metadata(path)?.permissions())?,
    }
    fresh.persist(path)?;
    Ok(())
}

/// Writes JSON in one move, so that it lasts longer than the machine runs.
///
/// # Errors
///
/// Where its folder takes no file.
pub(super) fn lasting(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut fresh = NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut fresh, value)?;
    writeln!(fresh)?;
    fresh.as_file().sync_all()?;
    fresh.persist(path)?;
    Ok(())
}

#[cfg(unix)]
fn open_to_others(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_others(_file: &File) -> io::Result<()> {
    Ok(())
}
