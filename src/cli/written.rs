//! Files of patches in a folder of their own.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::error::Error;
use crate::render::File;

/// What every file of patches begins with.
const MARK: &[u8] = b"# Sizes for cluster ";

/// Whether nothing but patches of before is in the folder.
///
/// # Errors
///
/// Where something else is there, or the folder cannot be read.
pub(super) fn check(folder: &Path) -> Result<(), Error> {
    for path in entries(folder)? {
        if !is_ours(&path) {
            return Err(Error::Usage {
                text: format!(
                    "{} holds {}, which is no patch of kcost",
                    folder.display(),
                    path.file_name().unwrap_or_default().display()
                ),
                hint: Some("name a folder that is empty or not there yet".to_owned()),
            });
        }
    }
    Ok(())
}

/// Writes them, each in one move, and removes patches of before that are none any more.
///
/// # Errors
///
/// Where the folder takes no files.
pub(super) fn files(folder: &Path, files: &[File]) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let before = entries(folder)?;
    for file in files {
        let path = folder.join(&file.name);
        let written = || -> io::Result<()> {
            let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
            temporary.write_all(file.text.as_bytes())?;
            // A temporary file is its owner's alone; a patch is read by others.
            open_to_others(temporary.as_file())?;
            temporary.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        written().map_err(|error| failed(&path, &error))?;
    }
    let names: BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
    for path in before {
        let name = path.file_name().and_then(|it| it.to_str());
        let stale = name.is_some_and(|name| !names.contains(name));
        if stale && is_ours(&path) {
            fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn open_to_others(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_others(_file: &fs::File) -> io::Result<()> {
    Ok(())
}

/// What the folder holds; nothing where there is none.
fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| failed(folder, &error))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        found.push(entry.map_err(|error| failed(folder, &error))?.path());
    }
    found.sort();
    Ok(found)
}

fn is_ours(path: &Path) -> bool {
    let begins = || -> io::Result<bool> {
        let mut start = Vec::new();
        let file = fs::File::open(path)?;
        let most = u64::try_from(MARK.len()).unwrap_or(u64::MAX);
        file.take(most).read_to_end(&mut start)?;
        Ok(start == MARK)
    };
    path.is_file() && begins().unwrap_or(false)
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::Usage {
        text: format!("{} cannot be written: {error}", path.display()),
        hint: Some("name another folder".to_owned()),
    }
}
