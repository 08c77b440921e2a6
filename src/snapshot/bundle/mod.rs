//! Snapshots on disk: `NAME.kcost/`, a folder of JSON and Parquet.
//!
//! | file | what |
//! |---|---|
//! | `snapshot.json` | what this is: versions, cluster, window, sources, gaps, every other file with its size and SHA-256, and its own SHA-256 |
//! | `cluster.json` | nodes, limit ranges, quotas, claims, services, budgets |
//! | `workloads.json` | workloads with their containers and pods |
//! | `series.json` | one entry a container of a pod: where its rows are in `usage.parquet` |
//! | `usage.parquet` | one row a container of a pod and slot of the grid |
//! | `recording.log` | only of a recording: what came in since the others were written |
//!
//! `usage.parquet` speaks for itself, so that DuckDB, pandas and Polars open it
//! as it is; kcost reads only its numbers and takes names and times from
//! `series.json` and the grid.
//!
//! What is read may have been written by anyone: nothing of it is believed before
//! it is held against the rest and against bounds.

mod file;
mod fits;
mod manifest;
mod names;
mod over;
mod place;
mod read;
mod seal;
mod table;
mod turn;
mod write;

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use file::open as open_file;
pub(crate) use fits::MOST_SLOTS;
pub use names::names;
pub use place::{abandon, check_folder, check_place};
pub(crate) use place::{absolute, private_file, recover};
pub(crate) use read::{objects, tables};
pub(crate) use write::{hex, write_with_log};
pub use write::{write, write_with};

/// The version of the format that this kcost writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

pub(crate) const MANIFEST: &str = "snapshot.json";
const CLUSTER: &str = "cluster.json";
const WORKLOADS: &str = "workloads.json";
const SERIES: &str = "series.json";
const USAGE: &str = "usage.parquet";
/// The file of a recording that is not in the tables yet; its room reads and writes it.
pub(crate) const LOG: &str = "recording.log";

/// Why a bundle could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    #[error("{} was written in format version {version}; this kcost reads up to {FORMAT_VERSION}", path.display())]
    Newer { path: PathBuf, version: u32 },
    #[error("{} is not a kcost bundle: {problem}", path.display())]
    NoBundle { path: PathBuf, problem: String },
    #[error("{} is damaged: {problem}", path.display())]
    Damaged { path: PathBuf, problem: String },
    #[error("failed to read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Usage that was set aside, and no bundle: what is more than memory should hold.
    #[error("failed to read usage again from its temporary file")]
    Aside(#[source] io::Error),
    #[error("failed to write {}", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("there is no folder {} to write {} into", folder.display(), path.display())]
    NoFolder { path: PathBuf, folder: PathBuf },
    #[error("{} exists and is not a kcost bundle, so it is not replaced", path.display())]
    InTheWay { path: PathBuf },
    #[error("{} is a recording, which a snapshot replaces only with `--force`", path.display())]
    Recording { path: PathBuf },
    #[error("{} holds `{name}`, which is not part of a bundle, so it is not replaced", path.display())]
    Foreign { path: PathBuf, name: String },
    #[error("{} is a finished snapshot, not a recording that can be continued", path.display())]
    NoRecording { path: PathBuf },
    #[error("another kcost is recording into {}", path.display())]
    Busy { path: PathBuf },
}

/// Usage in memory is always there.
impl From<Infallible> for BundleError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl BundleError {
    /// One next step.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Newer { .. } => Some("update kcost, or take the snapshot again".to_owned()),
            Self::NoBundle { .. } => Some(
                "name the folder that `kcost snapshot -o NAME.kcost` wrote; \
                 dumps of objects are read with `--objects`"
                    .to_owned(),
            ),
            Self::Damaged { .. } => {
                Some("copy the whole folder again, or take the snapshot again".to_owned())
            }
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("name the folder that `kcost snapshot -o NAME.kcost` wrote".to_owned())
            }
            Self::Aside(_) => {
                Some("check the folder for temporary files, which `TMPDIR` names".to_owned())
            }
            Self::Read { .. } => Some("check that it may be read".to_owned()),
            Self::NoFolder { folder, .. } => {
                Some(format!("make it with `mkdir -p {}`", folder.display()))
            }
            Self::Write { .. } => {
                Some("check space and permissions there, or choose another `-o`".to_owned())
            }
            Self::InTheWay { .. } | Self::NoRecording { .. } => {
                Some("choose another `-o`, or move it away".to_owned())
            }
            Self::Recording { .. } => {
                Some("choose another `-o`, or replace what was recorded with `--force`".to_owned())
            }
            Self::Foreign { name, .. } => {
                Some(format!("choose another `-o`, or move `{name}` away"))
            }
            Self::Busy { .. } => Some("wait for it, or choose another `-o`".to_owned()),
        }
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn damaged(path: &Path, problem: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }
}
