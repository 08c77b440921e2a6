//! Dumps of objects and tables of usage, without a cluster.

mod objects;

use std::path::PathBuf;

use crate::progress::Progress;
use crate::snapshot::ParseSelectorError;
use crate::snapshot::Snapshot;
use crate::units::Span;

pub use objects::read as read_objects;

/// What to import.
#[derive(Debug, Clone)]
pub struct FileOptions {
    /// JSON or YAML as `kubectl get -o json|yaml` prints it; `.gz` too.
    pub objects: Vec<PathBuf>,
    /// CSV, gzipped CSV or Parquet.
    pub usage: Vec<PathBuf>,
    /// Count and skip bad rows instead of failing at the first.
    pub lenient: bool,
    /// Only the newest part of the usage.
    pub window: Option<Span>,
    /// The step of the grid; else the most frequent distance between samples.
    pub step: Option<Span>,
    pub scope: super::Scope,
    /// What to call the cluster.
    pub name: String,
}

/// Why files could not be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    #[error("failed to read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A dump of objects that is neither JSON nor YAML.
    #[error("failed to understand {} at line {line}, column {column}: {problem}", path.display())]
    Syntax {
        path: PathBuf,
        line: usize,
        column: usize,
        problem: String,
    },
    #[error(transparent)]
    Selector(#[from] ParseSelectorError),
}

impl ImportError {
    /// One next step.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax { .. } => Some(
                "objects are read as `kubectl get KINDS -A -o json` or `-o yaml` prints them"
                    .to_owned(),
            ),
            Self::Read { .. } | Self::Selector(_) => None,
        }
    }
}

/// Reads the files into a snapshot. The clock is never read.
pub fn import(_options: &FileOptions, _progress: &dyn Progress) -> Result<Snapshot, ImportError> {
    todo!()
}
