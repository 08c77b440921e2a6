use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::super::{Cluster, Container, Grid, Series, Snapshot, Usage, Workload};
use super::manifest::{FORMAT, Head, Manifest, SeriesHead};
use super::write::hex;
use super::{BundleError, CLUSTER, FORMAT_VERSION, MANIFEST, SERIES, USAGE, WORKLOADS};
use super::{recording, table};

/// Reads a bundle and checks every file against its size and SHA-256.
///
/// Of a recording it reads what is in its log too.
pub fn read(path: &Path) -> Result<Snapshot, BundleError> {
    let (snapshot, tail) = recording::read_whole(path)?;
    Ok(match tail {
        Some(tail) => recording::with_tail(snapshot, &tail),
        None => snapshot,
    })
}

/// Reads the tables, and what the SHA-256 of the manifest is.
pub(super) fn tables(path: &Path) -> Result<(Snapshot, String), BundleError> {
    let (manifest, hash) = manifest(path)?;
    let bundle = Bundle { path, manifest };
    let cluster: Cluster = bundle.json(CLUSTER)?;
    let mut workloads: Vec<Workload> = bundle.json(WORKLOADS)?;
    let containers = workloads.iter_mut().flat_map(|it| &mut it.containers);
    containers.for_each(Container::forget_same_sizes);
    let series: Vec<SeriesHead> = bundle.json(SERIES)?;
    let grid = bundle.manifest.window.grid();
    check_heads(&series, &workloads, &grid)
        .map_err(|problem| BundleError::damaged(&bundle.path.join(SERIES), problem))?;
    let usage = Usage {
        series: bundle.usage(series)?,
        grid,
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
    Ok((snapshot, hash))
}

fn manifest(path: &Path) -> Result<(Manifest, String), BundleError> {
    let no_bundle = |problem: &str| BundleError::NoBundle {
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    let file = path.join(MANIFEST);
    let text = match fs::read(&file) {
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
        Err(error) => return Err(BundleError::read(&file, error)),
    };
    let damaged = |error: serde_json::Error| BundleError::damaged(&file, error.to_string());
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
    let manifest = serde_json::from_slice(&text).map_err(damaged)?;
    Ok((manifest, hex(&Sha256::digest(&text))))
}

/// A bundle whose manifest is read.
struct Bundle<'a> {
    path: &'a Path,
    manifest: Manifest,
}

impl Bundle<'_> {
    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, BundleError> {
        let (path, mut file) = self.open(name)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)
            .map_err(|error| BundleError::read(&path, error))?;
        self.check(name, &path, &mut text.as_slice())?;
        serde_json::from_slice(&text)
            .map_err(|error| BundleError::damaged(&path, error.to_string()))
    }

    fn usage(&self, heads: Vec<SeriesHead>) -> Result<Vec<Series>, BundleError> {
        let (path, mut file) = self.open(USAGE)?;
        self.check(USAGE, &path, &mut file)?;
        table::read(file, heads).map_err(|problem| BundleError::damaged(&path, problem))
    }

    fn open(&self, name: &str) -> Result<(PathBuf, fs::File), BundleError> {
        let path = self.path.join(name);
        match fs::File::open(&path) {
            Ok(file) => Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(BundleError::damaged(&path, "it is missing"))
            }
            Err(error) => Err(BundleError::read(&path, error)),
        }
    }

    /// Holds a file against what the manifest says of it.
    fn check(&self, name: &str, path: &Path, file: &mut impl Read) -> Result<(), BundleError> {
        let listed = self.manifest.files.iter().find(|file| file.name == name);
        let Some(listed) = listed else {
            let problem = format!("it does not list `{name}`");
            return Err(BundleError::damaged(&self.path.join(MANIFEST), problem));
        };
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
            let problem = format!("it has {bytes} of {} bytes", listed.bytes);
            return Err(BundleError::damaged(path, problem));
        }
        if hex(&hash.finalize()) != listed.sha256 {
            return Err(BundleError::damaged(
                path,
                "its content is not what was written",
            ));
        }
        Ok(())
    }
}

/// What the rest of kcost relies on.
fn check_heads(heads: &[SeriesHead], workloads: &[Workload], grid: &Grid) -> Result<(), String> {
    let known = u32::try_from(workloads.len()).unwrap_or(u32::MAX);
    if let Some(head) = heads.iter().find(|head| head.workload >= known) {
        return Err(format!("pod `{}` is of no workload", head.pod));
    }
    let outside =
        |head: &&SeriesHead| u64::from(head.first) + u64::from(head.rows) > u64::from(grid.len);
    if let Some(head) = heads.iter().find(outside) {
        return Err(format!("pod `{}` has samples outside the window", head.pod));
    }
    if heads.is_sorted_by_key(|head| head.workload) {
        Ok(())
    } else {
        Err("it is not sorted by workload".to_owned())
    }
}
