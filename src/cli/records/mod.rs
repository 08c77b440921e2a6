//! Records of runs, one small file each: in a folder, or in a ConfigMap of a cluster.

mod config_map;
mod folder;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::args::Parts;
use super::block_on;
use super::rbac;
use crate::collect::kubernetes::ClusterOptions;
use crate::error::Error;
use crate::history::{Record, SCHEMA};
use crate::pipeline::Settings;
use crate::price;
use crate::text::for_file;
use crate::ui::Ui;
pub(super) use config_map::ConfigMap;

/// No record is larger.
const LARGEST: u64 = 256 << 20;

/// Where records are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shelf {
    Folder(PathBuf),
    ConfigMap(ConfigMap),
}

/// What names a ConfigMap instead of a folder.
const CONFIG_MAP: &str = "configmap:";

/// A folder, or `configmap:NAMESPACE/NAME`.
pub(super) fn shelf(text: &str) -> Result<Shelf, String> {
    match text.strip_prefix(CONFIG_MAP) {
        Some(named) => config_map(named).map(Shelf::ConfigMap),
        None if text.is_empty() => Err("name a folder".to_owned()),
        None => Ok(Shelf::Folder(PathBuf::from(text))),
    }
}

/// `NAMESPACE/NAME` of a ConfigMap.
pub(super) fn config_map(text: &str) -> Result<ConfigMap, String> {
    let (namespace, name) = rbac::object(text)?;
    Ok(ConfigMap { namespace, name })
}

impl fmt::Display for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::ConfigMap(map) => write!(f, "{CONFIG_MAP}{map}"),
        }
    }
}

impl Shelf {
    /// Whether a folder is not there yet. A ConfigMap that is not there is empty.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Folder(folder) if !folder.exists())
    }

    /// Every record, the oldest first; what else is there is told and left alone.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub(super) fn all(&self, cluster: &ClusterOptions, ui: &Ui) -> Result<Vec<Record>, Error> {
        let mut records = match self {
            Self::Folder(folder) => folder::all(folder, ui)?,
            Self::ConfigMap(map) => map.all(cluster, ui)?,
        };
        let order = |it: &Record| {
            let asked = (it.question(), it.scope.clone());
            (it.taken_at, it.cluster.clone(), asked)
        };
        records.sort_by_cached_key(order);
        Ok(records)
    }

    /// Keeps the record of a run, over one of the same snapshot and question.
    ///
    /// # Errors
    ///
    /// Where there is no room for it.
    pub(super) fn keep(
        &self,
        record: &Record,
        cluster: &ClusterOptions,
        ui: &Ui,
    ) -> Result<(), Error> {
        block_on(self.keep_within(record, cluster, ui))
    }

    /// The same within what runs already.
    ///
    /// # Errors
    ///
    /// As [`Self::keep`].
    pub(super) async fn keep_within(
        &self,
        record: &Record,
        cluster: &ClusterOptions,
        ui: &Ui,
    ) -> Result<(), Error> {
        match self {
            Self::Folder(folder) => folder::keep(folder, record),
            Self::ConfigMap(map) => map.keep(record, cluster, ui).await,
        }
    }
}

/// The first name that is free, or under which is what this run said before: the same
/// question to the same objects with the same sizes.
fn free_name(record: &Record, there: impl Fn(&str) -> Option<Option<Record>>) -> String {
    let same = |there: &Record| {
        there.taken_at == record.taken_at && there.asks_as(record) && there.is_of_same(record)
    };
    let mut number = 1;
    loop {
        let name = name(record, number);
        match there(&name) {
            None => return name,
            Some(Some(it)) if same(&it) => return name,
            Some(_) => number += 1,
        }
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

/// A record in its bytes, or why they are none.
fn parsed(bytes: &[u8]) -> Result<Record, String> {
    let record: Record = serde_json::from_slice(bytes)
        .map_err(|error| format!("it is no record of a run: {error}"))?;
    if record.schema != SCHEMA {
        return Err(format!("`{}` is no `{SCHEMA}`", record.schema));
    }
    match record.damage() {
        Some(why) => Err(why),
        None => Ok(record),
    }
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
    parsed(&text).map_err(|why| refused(path, &why))
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
    Ok(Record::new(snapshot, settings, &bill, advised))
}

fn refused(path: &Path, why: &str) -> Error {
    Error::Usage {
        text: format!("{}: {why}", path.display()),
        hint: Some("records are written by `kcost analyze --history FOLDER`".to_owned()),
    }
}
