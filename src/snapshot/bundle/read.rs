use std::fs;
use std::io::{self, Read, Seek};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::super::guard::check_room;
use super::super::{Cluster, Container, Grid, Metric, OnDisk, Snapshot, Usage, Workload, checked};
use super::manifest::{FORMAT, File, Head, Manifest, SeriesHead};
use super::table::Table;
use super::write::hex;
use super::{BundleError, CLUSTER, FORMAT_VERSION, MANIFEST, SERIES, USAGE, WORKLOADS};
use super::{file, fits, seal};

/// The most that a manifest may have, in bytes: gaps are what it has most of.
pub(super) const LARGEST_MANIFEST: u64 = 64 << 20;

const CHANGED: &str = "its content is not what was written";

/// Reads the tables, checks every file against its size and SHA-256, and says what the
/// SHA-256 of the manifest is.
pub(crate) fn tables(path: &Path) -> Result<(Snapshot, String), BundleError> {
    let (mut snapshot, table, hash) = objects(path)?;
    snapshot.usage = table.all()?;
    Ok((snapshot, hash))
}

/// The table of usage of a bundle, to be read as often as it takes.
#[derive(Debug)]
pub(crate) struct UsageTable {
    path: PathBuf,
    table: Table,
    grid: Grid,
    unchecked: Unchecked,
}

/// A file that is still to be held against what the manifest says of it.
#[derive(Debug)]
struct Unchecked {
    file: fs::File,
    listed: File,
}

impl UsageTable {
    /// What all series take in memory, in bytes.
    pub(crate) fn all_bytes(&self) -> u64 {
        self.table.heads.iter().map(SeriesHead::bytes).sum()
    }

    /// All series at once, of a file that is as it was written.
    ///
    /// # Errors
    ///
    /// When the file is damaged, or they are more than memory holds.
    pub(crate) fn all(&self) -> Result<Usage, BundleError> {
        checked(self, || {
            let damaged = |problem| BundleError::damaged(&self.path, problem);
            check_room(self.all_bytes()).map_err(damaged)?;
            self.some(0..self.table.heads.len())
        })
    }
}

impl OnDisk for UsageTable {
    fn count(&self) -> usize {
        self.table.heads.len()
    }

    fn workload(&self, series: usize) -> u32 {
        self.table.heads[series].workload
    }

    fn metrics(&self, series: usize) -> Vec<Metric> {
        self.table.heads[series].more.clone()
    }

    fn bytes(&self, series: usize) -> u64 {
        self.table.heads[series].bytes()
    }

    fn check(&self) -> Result<(), BundleError> {
        self.unchecked.check(&self.path)
    }

    fn some(&self, series: Range<usize>) -> Result<Usage, BundleError> {
        let series = self.table.read(series);
        let series = series.map_err(|problem| BundleError::damaged(&self.path, problem))?;
        let grid = self.grid;
        Ok(Usage { grid, series })
    }
}

/// Reads what a bundle has beside usage, whose table is opened and not checked: that takes as
/// long as to read it once.
pub(crate) fn objects(path: &Path) -> Result<(Snapshot, UsageTable, String), BundleError> {
    let (manifest, hash) = manifest(path)?;
    let bundle = Bundle { path, manifest };
    let grid = bundle.grid()?;
    let Lists {
        cluster,
        workloads,
        series,
    } = bundle.lists(&grid)?;
    let (file, unchecked) = bundle.usage_file()?;
    let table = bundle.usage(file, unchecked, series, grid)?;
    let usage = Usage {
        grid,
        series: Vec::new(),
    };
    let snapshot = Snapshot {
        taken_at: bundle.manifest.taken_at,
        tool_version: bundle.manifest.tool_version,
        cluster,
        sources: bundle.manifest.sources,
        workloads,
        usage,
        gaps: bundle.manifest.gaps,
    };
    Ok((snapshot, table, hash))
}

fn manifest(path: &Path) -> Result<(Manifest, String), BundleError> {
    let no_bundle = |problem: &str| BundleError::NoBundle {
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    let place = path.join(MANIFEST);
    let text = match file::text(&place, LARGEST_MANIFEST) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let there = fs::metadata(path).map_err(|error| BundleError::read(path, error))?;
            return Err(no_bundle(if there.is_dir() {
                "it has no `snapshot.json`"
            } else {
                "it is not a folder"
            }));
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(no_bundle("it is a file, and a bundle is a folder"));
        }
        Err(error) => return Err(file::unread(&place, error)),
    };
    let damaged = |error: serde_json::Error| BundleError::damaged(&place, error.to_string());
    let head: Head = serde_json::from_slice(&text).map_err(damaged)?;
    if head.format != FORMAT {
        return Err(no_bundle(&format!("its format is `{}`", head.format)));
    }
    if head.format_version > FORMAT_VERSION {
        return Err(BundleError::Newer {
            path: path.to_owned(),
            version: head.format_version,
        });
    }
    let fields: Map<String, Value> = serde_json::from_slice(&text).map_err(damaged)?;
    if !seal::holds(&fields) {
        return Err(BundleError::damaged(&place, CHANGED));
    }
    let manifest = serde_json::from_slice(&text).map_err(damaged)?;
    Ok((manifest, hex(&Sha256::digest(&text))))
}

/// A bundle whose manifest is read.
struct Bundle<'a> {
    path: &'a Path,
    manifest: Manifest,
}

/// What a bundle has beside usage.
struct Lists {
    cluster: Cluster,
    workloads: Vec<Workload>,
    series: Vec<SeriesHead>,
}

impl Bundle<'_> {
    fn grid(&self) -> Result<Grid, BundleError> {
        let grid = fits::grid(&self.manifest.window);
        grid.map_err(|problem| BundleError::damaged(&self.path.join(MANIFEST), problem))
    }

    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, BundleError> {
        let listed = self.listed(name)?;
        let path = self.path.join(name);
        let text = file::text(&path, file::LARGEST_JSON);
        let text = text.map_err(|error| file::unread(&path, error))?;
        check(&path, listed, &mut text.as_slice())?;
        serde_json::from_slice(&text)
            .map_err(|error| BundleError::damaged(&path, error.to_string()))
    }

    /// All but usage.
    fn lists(&self, grid: &Grid) -> Result<Lists, BundleError> {
        let damaged =
            |name: &str, problem: String| BundleError::damaged(&self.path.join(name), problem);
        let cluster: Cluster = self.json(CLUSTER)?;
        fits::nodes(&cluster.nodes).map_err(|problem| damaged(CLUSTER, problem))?;
        let mut workloads: Vec<Workload> = self.json(WORKLOADS)?;
        fits::amounts(&workloads).map_err(|problem| damaged(WORKLOADS, problem))?;
        let containers = workloads.iter_mut().flat_map(|it| &mut it.containers);
        containers.for_each(Container::forget_same_sizes);
        workloads.shrink_to_fit();
        let mut series: Vec<SeriesHead> = self.json(SERIES)?;
        series.shrink_to_fit();
        fits::heads(&series, &workloads, grid).map_err(|problem| damaged(SERIES, problem))?;
        Ok(Lists {
            cluster,
            workloads,
            series,
        })
    }

    /// The file of usage, to be read, and once more to be checked: a file has one place at
    /// which it is read.
    fn usage_file(&self) -> Result<(fs::File, Unchecked), BundleError> {
        let listed = self.listed(USAGE)?;
        let path = self.path.join(USAGE);
        let open = || {
            let (file, size) = file::open(&path).map_err(|error| file::unread(&path, error))?;
            if size == listed.bytes {
                Ok(file)
            } else {
                Err(not_as_large(&path, size, listed))
            }
        };
        let unchecked = Unchecked {
            file: open()?,
            listed: listed.clone(),
        };
        Ok((open()?, unchecked))
    }

    fn usage(
        &self,
        file: fs::File,
        unchecked: Unchecked,
        heads: Vec<SeriesHead>,
        grid: Grid,
    ) -> Result<UsageTable, BundleError> {
        let path = self.path.join(USAGE);
        match Table::open(file, heads) {
            Ok(table) => Ok(UsageTable {
                path,
                table,
                grid,
                unchecked,
            }),
            Err(problem) => {
                unchecked.check(&path)?;
                Err(BundleError::damaged(&path, problem))
            }
        }
    }

    /// What the manifest says of a file.
    fn listed(&self, name: &str) -> Result<&File, BundleError> {
        let mut files = self.manifest.files.iter();
        files.find(|file| file.name == name).ok_or_else(|| {
            let problem = format!("it does not list `{name}`");
            BundleError::damaged(&self.path.join(MANIFEST), problem)
        })
    }
}

impl Unchecked {
    fn check(&self, path: &Path) -> Result<(), BundleError> {
        let mut file = &self.file;
        let begun = file.rewind();
        begun.map_err(|error| BundleError::read(path, error))?;
        check(path, &self.listed, &mut file.take(self.listed.bytes))
    }
}

/// Holds a file against what the manifest says of it.
fn check(path: &Path, listed: &File, file: &mut impl Read) -> Result<(), BundleError> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0_u64;
    loop {
        let read = file
            .read(&mut buffer)
            .map_err(|error| BundleError::read(path, error))?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        bytes += u64::try_from(read).unwrap_or(0);
    }
    if bytes != listed.bytes {
        return Err(not_as_large(path, bytes, listed));
    }
    if hex(&hash.finalize()) != listed.sha256 {
        return Err(BundleError::damaged(path, CHANGED));
    }
    Ok(())
}

fn not_as_large(path: &Path, bytes: u64, listed: &File) -> BundleError {
    BundleError::damaged(path, format!("it has {bytes} of {} bytes", listed.bytes))
}
