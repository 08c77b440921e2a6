//! Snapshots on disk: `NAME.kcost/`, a folder of JSON and Parquet.

use std::path::{Path, PathBuf};

use super::Snapshot;

/// The version of the format that this kcost writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

/// Why a bundle could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    #[error("{} was written in format version {version}; this kcost reads up to {FORMAT_VERSION}", path.display())]
    Newer { path: PathBuf, version: u32 },
}

impl BundleError {
    /// One next step.
    pub fn hint(&self) -> Option<String> {
        None
    }
}

/// Reads a bundle and checks every file against its SHA-256.
pub fn read(_path: &Path) -> Result<Snapshot, BundleError> {
    todo!()
}

/// Writes a bundle under a temporary name and renames it when it is whole.
pub fn write(_snapshot: &Snapshot, _path: &Path) -> Result<(), BundleError> {
    todo!()
}

pub fn abandon() {}
