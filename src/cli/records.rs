//! Records of runs in a folder, one small file each.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::args::Parts;
use super::put::lasting;
use crate::error::Error;
use crate::history::{Record, SCHEMA};
use crate::pipeline::Settings;
use crate::price;
use crate::text::for_file;
use crate::ui::Ui;

/// No record is larger.
const LARGEST: u64 = 256 << 20;

/// Writes the record of a run into the folder, over one of the same snapshot and question.
///
/// # Errors
///
/// Where the folder takes no file.
pub(super) fn keep(folder: &Path, record: &Record) -> Result<PathBuf, Error> {
    let failed = |error: &io::Error| refused(folder, &error.to_string());
    fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let path = place(folder, record);
    // What promises are held against has to last.
    lasting(&path, record).map_err(|error| failed(&error))?;
    Ok(path)
}

/// The first name that is free, or that holds what this run said before.
fn place(folder: &Path, record: &Record) -> PathBuf {
    let ids = || record.workloads.iter().map(|it| &it.id);
    let same = |there: &Record| {
        let asked = there.taken_at == record.taken_at && there.asks_as(record);
        asked && !there.missing(ids(), &|_| true).is_elsewhere()
    };
    let mut number = 1;
    loop {
        let path = folder.join(name(record, number));
        if !path.exists() || read(&path).is_ok_and(|there| same(&there)) {
            return path;
        }
        number += 1;
    }
}

/// `2026-11-23T18-00-00Z-prod.json`, and `-2` and so on for other questions to the same
/// snapshot: the order of names is that of times.
fn name(record: &Record, number: usize) -> String {
    let cluster: String = record.cluster.chars().take(100).collect();
    let cluster = for_file(&cluster, '_');
    let time = record.taken_at.to_string().replace(':', "-");
    match number {
        1 => format!("{time}-{cluster}.json"),
        number => format!("{time}-{cluster}-{number}.json"),
    }
}

/// Every record of the folder, the oldest first; what else is in it is told and left alone.
///
/// # Errors
///
/// Where the folder cannot be read.
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
    let order = |it: &Record| {
        let asked = (it.strategy.clone(), it.goal.clone(), it.scope.clone());
        (it.taken_at, it.cluster.clone(), asked)
    };
    records.sort_by_cached_key(order);
    Ok(records)
}

/// One record.
///
/// # Errors
///
/// Where it cannot be read, or is none.
pub(super) fn read(path: &Path) -> Result<Record, Error> {
    let size = fs::metadata(path).map_err(|error| refused(path, &error.to_string()))?;
    if size.len() > LARGEST {
        return Err(refused(path, "it is larger than any record"));
    }
    let text = fs::read(path).map_err(|error| refused(path, &error.to_string()))?;
    let record: Record = serde_json::from_slice(&text)
        .map_err(|error| refused(path, &format!("it is no record of a run: {error}")))?;
    if record.schema != SCHEMA {
        let schema = &record.schema;
        return Err(refused(path, &format!("`{schema}` is no `{SCHEMA}`")));
    }
    Ok(record)
}

/// What a run says of a bundle, or what a record has of one.
///
/// # Errors
///
/// Where it is neither.
pub(super) fn of(path: &Path, settings: &Settings, ui: &Ui) -> Result<Record, Error> {
    if path.is_file() {
        return read(path);
    }
    let parts = Parts::of_bundle(path, ui)?;
    super::analyze::refuse_empty(&parts.whole.snapshot, &parts.whole.asked)?;
    let (whole, sizes) = parts.size(settings, ui)?;
    let (snapshot, advised) = (&whole.snapshot, &sizes.advised);
    let bill = price::price(snapshot, &sizes.profiles, advised, &settings.prices);
    Ok(Record::new(snapshot, &settings.recommend, &bill, advised))
}

fn refused(path: &Path, why: &str) -> Error {
    Error::Usage {
        text: format!("{}: {why}", path.display()),
        hint: Some("records are written by `kcost analyze --history FOLDER`".to_owned()),
    }
}
