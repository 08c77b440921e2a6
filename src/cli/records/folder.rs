use std::fs;
use std::io;
use std::path::Path;

use super::{free_name, read, refused};
use crate::cli::put::lasting;
use crate::error::Error;
use crate::history::Record;
use crate::ui::Ui;

pub(super) fn keep(folder: &Path, record: &Record) -> Result<(), Error> {
    let failed = |error: &io::Error| refused(folder, &error.to_string());
    fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let name = free_name(record, |name| {
        let path = folder.join(name);
        path.exists().then(|| read(&path).ok())
    });
    // What promises are held against has to last.
    lasting(&folder.join(name), record).map_err(|error| failed(&error))
}

pub(super) fn all(folder: &Path, ui: &Ui) -> Result<Vec<Record>, Error> {
    let entries = fs::read_dir(folder).map_err(|error| refused(folder, &error.to_string()))?;
    let mut records = Vec::new();
    for entry in entries {
        let path = entry
            .map_err(|error| refused(folder, &error.to_string()))?
            .path();
        if path.extension().is_none_or(|it| it != "json") {
            continue;
        }
        match read(&path) {
            Ok(record) => records.push(record),
            Err(error) => ui.warning(&error.to_string(), None),
        }
    }
    Ok(records)
}
