//! Files of patches in a folder of their own.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::put::{Readers, put};
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
        let written = put(&path, file.text.as_bytes(), Readers::Everybody);
        written.map_err(|error| failed(&path, &error))?;
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

/// What the folder holds; nothing where there is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
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
