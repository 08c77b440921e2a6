//! A file that is there as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::{NamedTempFile, TempPath};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    Owner,
    Everybody,
    /// Those that may read the file which stands there.
    AsBefore,
}

/// A file that lies whole beside the place where it is to be.
#[derive(Debug)]
pub(super) struct Ready {
    fresh: TempPath,
    path: PathBuf,
}

impl Ready {
    /// Moves it to its place.
    ///
    /// # Errors
    ///
    /// Where its folder does not let it.
    pub(super) fn place(self) -> io::Result<()> {
        Ok(self.fresh.persist(&self.path)?)
    }
}

/// Writes a file beside its place, where nobody sees it until it is moved.
///
/// # Errors
///
/// Where its folder takes no file, or where the file that stands there is not to be written.
pub(super) fn ready(path: &Path, text: &[u8], readers: Readers) -> io::Result<Ready> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut fresh = NamedTempFile::new_in(folder)?;
    fresh.write_all(text)?;
    let file = fresh.as_file();
    match readers {
        Readers::Owner => {}
        Readers::Everybody => open_to_others(file)?,
        Readers::AsBefore => {
            // A move asks the folder alone; the file may be meant to stay as it is.
            let before = File::options().append(true).open(path)?;
            file.set_permissions(before.metadata()?.permissions())?;
        }
    }
    Ok(Ready {
        fresh: fresh.into_temp_path(),
        path: path.to_owned(),
    })
}

/// Writes a file in one move, over one of before.
///
/// # Errors
///
/// Where its folder takes no file.
pub(super) fn put(path: &Path, text: &[u8], readers: Readers) -> io::Result<()> {
    ready(path, text, readers)?.place()
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
