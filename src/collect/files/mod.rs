//! Dumps of objects and tables of usage, without a cluster.

mod foreign;
mod input;
mod objects;
mod usage;

use std::io;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::together::Together;
use super::{Aside, Resolved, UsageBuilder, devices, resolve_with_ended};
use crate::progress::Progress;
use crate::snapshot::ParseSelectorError;
use crate::snapshot::{BundleError, Gap, Grid, Snapshot, Source, SourceKind, Usage, Workload};
use crate::units::Span;

pub use foreign::Foreign;
pub use objects::{check_yaml, read as read_objects};

/// What the name of anything may have at most, in bytes. Kubernetes takes no name of
/// more than 253.
const LONGEST_NAME: usize = 1024;

/// What to import.
#[derive(Debug, Clone)]
pub struct FileOptions {
    /// JSON or YAML as `kubectl get -o json|yaml` prints it, `.gz` too; folders
    /// and archives (`.tar`, `.tar.gz`) of it.
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
        line: u64,
        column: usize,
        problem: String,
    },
    /// Something else than what the option takes.
    #[error("failed to understand {}: {}", path.display(), what.says())]
    Foreign { path: PathBuf, what: Foreign },
    /// An object that is not as its kind should be, where no other can be read.
    #[error("failed to understand {subject} in {} at line {line}: {problem}", path.display())]
    Object {
        path: PathBuf,
        line: u64,
        subject: String,
        problem: String,
    },
    /// A usage file that lacks columns, or has one twice.
    #[error("failed to read {}: {problem}", path.display())]
    Columns { path: PathBuf, problem: String },
    /// A row of a usage file; `line` counts from 1, the header included.
    #[error("failed to read {} at line {line}, column {column}: {problem}", path.display())]
    Row {
        path: PathBuf,
        line: u64,
        column: usize,
        problem: String,
    },
    #[error("failed to read {} as Parquet: {problem}", path.display())]
    Parquet { path: PathBuf, problem: String },
    #[error("the samples are from {first} to {last}, too long for samples every {step}")]
    TooLong {
        first: Timestamp,
        last: Timestamp,
        step: Span,
    },
    /// What was put into the temporary file.
    #[error(transparent)]
    Aside(BundleError),
    #[error(transparent)]
    Selector(#[from] ParseSelectorError),
}

impl ImportError {
    /// One next step.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax { .. } | Self::Object { .. } => Some(
                "give objects as `kubectl get KINDS -A -o json` or `-o yaml` prints them"
                    .to_owned(),
            ),
            Self::Foreign { what, .. } => Some(what.hint().to_owned()),
            Self::Columns { .. } => Some(format!(
                "a usage file needs the columns `{}`, one of GPUs not the last two",
                usage::REQUIRED.join(",")
            )),
            Self::Row { .. } => {
                Some("fix the row, or skip bad rows with `--lenient`".to_owned())
            }
            Self::Parquet { .. } => Some(
                "usage is read from CSV, gzipped CSV and Parquet; check that the file is complete"
                    .to_owned(),
            ),
            Self::TooLong { .. } => Some(
                "look for wrong timestamps, keep the newest part with `--window 14d`, or raise `--step`"
                    .to_owned(),
            ),
            Self::Read { source, .. } => Some(how_to_read(source).to_owned()),
            Self::Aside(error) => error.hint(),
            Self::Selector(_) => None,
        }
    }

    /// The file, and what is wrong with it and where.
    fn file_and_problem(&self) -> (String, String) {
        let at = |path: &Path, problem: String| (path.display().to_string(), problem);
        match self {
            Self::Read { path, source } => at(path, source.to_string()),
            Self::Syntax {
                path,
                line,
                column,
                problem,
            } => at(path, format!("line {line}, column {column}: {problem}")),
            Self::Foreign { path, what } => at(path, what.says().to_owned()),
            other => ("objects".to_owned(), other.to_string()),
        }
    }
}

/// What helps against an error of the system.
fn how_to_read(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "check the path: a relative path starts at the current folder",
        ErrorKind::IsADirectory => "name the files in the folder",
        ErrorKind::FileTooLarge => {
            "nothing in a cluster is that large: the file is probably broken"
        }
        ErrorKind::Unsupported => "create the file again",
        ErrorKind::OutOfMemory => "read a part of it, or use a machine with more memory",
        ErrorKind::PermissionDenied => "check its permissions",
        ErrorKind::UnexpectedEof | ErrorKind::InvalidInput | ErrorKind::InvalidData => {
            "the file is incomplete: copy it or create it again"
        }
        _ => "check the file and its disk",
    }
}

/// Reads the files into a snapshot. The clock is never read.
///
/// `taken_at` and the end of the window come from the newest sample; without
/// usage `taken_at` is the newest creation that the objects tell of.
///
/// # Errors
///
/// When a file cannot be read or understood, or its samples fit no grid.
pub fn import(options: &FileOptions, progress: &dyn Progress) -> Result<Snapshot, ImportError> {
    let (together, builder) = read(options, None, progress)?;
    Ok(match builder {
        Some(builder) => together.with(builder),
        None => together.with_usage(Usage::default()),
    })
}

/// The same, where of usage so many bytes are held at once: what is more waits in a temporary
/// file, and is not in the snapshot.
///
/// # Errors
///
/// As [`import`].
pub fn import_aside(
    options: &FileOptions,
    held: u64,
    progress: &dyn Progress,
) -> Result<(Snapshot, Option<Aside>), ImportError> {
    let (together, builder) = read(options, Some(held), progress)?;
    Ok(match builder {
        Some(builder) => together.with_aside(builder),
        None => (together.with_usage(Usage::default()), None),
    })
}

/// Reads objects, and usage beside them.
fn read(
    options: &FileOptions,
    held: Option<u64>,
    progress: &dyn Progress,
) -> Result<(Together, Option<UsageBuilder>), ImportError> {
    let (objects, mut gaps) = objects::read(&options.objects, &options.scope, progress)?;
    let mut resolved = resolve_with_ended(objects);
    resolved.cluster.name.clone_from(&options.name);
    gaps.append(&mut resolved.gaps);
    let (found, more) = usage::read(options, held, progress)?;
    gaps.extend(more);
    let newest = found.as_ref().map(|found| found.newest);
    let builder = if let Some(usage::Found {
        builder, devices, ..
    }) = found
    {
        give_devices(&devices, builder.grid(), &mut resolved);
        Some(builder)
    } else {
        let hint = "give samples with `--usage`, as CSV or Parquet";
        let none = Gap::new("no-usage", "usage", "there are no samples").hint(hint);
        gaps.push(none);
        None
    };
    let together = Together {
        taken_at: newest.unwrap_or_else(|| newest_creation(&resolved.workloads)),
        resolved,
        sources: sources(options),
        gaps,
    };
    Ok((together, builder))
}

fn give_devices(found: &devices::OfContainers, grid: &Grid, resolved: &mut Resolved) {
    let time = |slot: usize| {
        let slot = u32::try_from(slot).unwrap_or(u32::MAX);
        grid.time(slot).as_second()
    };
    let ends = (&time as &dyn Fn(usize) -> i64, grid.end().as_second());
    let owners = (&resolved.pods, resolved.workloads.as_mut_slice());
    devices::give(found, ends, &resolved.cluster.nodes, owners);
}

/// Without folders: whoever gets the bundle need not know where it was made.
fn sources(options: &FileOptions) -> Vec<Source> {
    let files = options.objects.iter().chain(&options.usage);
    let name = |path: &Path| match path.file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => path.display().to_string(),
    };
    files
        .map(|path| Source {
            kind: SourceKind::Files,
            detail: name(path),
        })
        .collect()
}

fn newest_creation(workloads: &[Workload]) -> Timestamp {
    workloads
        .iter()
        .flat_map(|w| w.pods.iter().map(|pod| pod.created).chain([w.created]))
        .flatten()
        .max()
        .unwrap_or(Timestamp::UNIX_EPOCH)
}
