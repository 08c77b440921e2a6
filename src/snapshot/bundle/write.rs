use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::super::{Container, Snapshot, Supply, Workload};
use super::manifest::{ClusterHead, FORMAT, File, Manifest, SeriesHead, Window};
use super::over::Over;
use super::place::{Unfinished, private_file};
use super::table::Rows;
use super::{
    BundleError, CLUSTER, FORMAT_VERSION, LOG, MANIFEST, SERIES, USAGE, WORKLOADS, fits, seal,
};

/// Writes a bundle under a temporary name and renames it when it is whole.
///
/// An older bundle at `path` is replaced; a recording and anything that is not of a
/// bundle are refused. On an
/// error or an interruption nothing is left behind. Beyond the snapshot it
/// needs the memory of one row group.
pub fn write(snapshot: &Snapshot, path: &Path) -> Result<(), BundleError> {
    put(snapshot, &snapshot.usage, path, Over::Snapshot).map(drop)
}

/// The same with usage that comes part by part, on the grid of the snapshot: beyond the
/// objects it needs the memory of one part and of one row group. In the place of a recording
/// too where `over_recording`, unless one is being made.
///
/// Says how many samples it has.
///
/// # Errors
///
/// When usage cannot be read, or the bundle not be written.
pub fn write_with<S: Supply>(
    snapshot: &Snapshot,
    usage: &S,
    path: &Path,
    over_recording: bool,
) -> Result<usize, BundleError>
where
    BundleError: From<S::Error>,
{
    let over = if over_recording {
        Over::Recording
    } else {
        Over::Snapshot
    };
    put(snapshot, usage, path, over)
}

fn put<S: Supply>(
    snapshot: &Snapshot,
    usage: &S,
    path: &Path,
    over: Over<'_>,
) -> Result<usize, BundleError>
where
    BundleError: From<S::Error>,
{
    let unfinished = Unfinished::new(path, over)?;
    let filled = fill(snapshot, usage, unfinished.folder())?;
    unfinished.finish()?;
    Ok(filled.samples)
}

/// Writes the tables of a recording and the log beside them, in the place of the
/// recording whose log is `held`; without one, of nothing.
///
/// `log` makes it, from its path for now and the SHA-256 of the manifest. Says where it is
/// in the end. Whatever goes wrong, the older recording is left as it was.
pub(crate) fn write_with_log<T>(
    snapshot: &Snapshot,
    path: &Path,
    held: Option<&fs::File>,
    log: impl FnOnce(&Path, &str) -> io::Result<T>,
) -> Result<(T, PathBuf), BundleError> {
    let over = held.map_or(Over::Nothing, Over::Own);
    let unfinished = Unfinished::new(path, over)?;
    let filled = fill(snapshot, &snapshot.usage, unfinished.folder())?;
    let place = unfinished.target().join(LOG);
    let log = log(&unfinished.folder().join(LOG), &filled.hash);
    let log = log.map_err(|error| BundleError::write(&place, error))?;
    unfinished.finish()?;
    Ok((log, place))
}

/// What was written.
struct Filled {
    /// The SHA-256 of the manifest.
    hash: String,
    samples: usize,
}

/// Writes all files of a bundle.
fn fill<S: Supply>(snapshot: &Snapshot, usage: &S, folder: &Path) -> Result<Filled, BundleError>
where
    BundleError: From<S::Error>,
{
    let grid = &snapshot.usage.grid;
    // What could not be read again is not written.
    fits::grid(&Window::of(grid))
        .map_err(|problem| BundleError::write(folder, io::Error::other(problem)))?;
    let (table, heads, samples) = table(snapshot, usage, folder)?;
    let files = vec![
        json(folder, CLUSTER, &snapshot.cluster)?,
        json(folder, WORKLOADS, &Noted(&snapshot.workloads))?,
        json(folder, SERIES, &heads)?,
        table,
    ];
    let mut manifest = Manifest {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        tool_version: snapshot.tool_version.clone(),
        taken_at: snapshot.taken_at,
        cluster: ClusterHead {
            name: snapshot.cluster.name.clone(),
            server_version: snapshot.cluster.server_version.clone(),
            nodes: snapshot.cluster.nodes.len(),
        },
        window: Window::of(grid),
        sources: snapshot.sources.clone(),
        files,
        gaps: snapshot.gaps.clone(),
        seal: None,
    };
    let written = file(folder, MANIFEST, |out| {
        manifest.seal = Some(seal_of(&manifest)?);
        serde_json::to_writer_pretty(&mut *out, &manifest)?;
        out.write_all(b"\n")
    })?;
    Ok(Filled {
        hash: written.sha256,
        samples,
    })
}

/// Writes usage, and says which series it is of and how many samples they have.
fn table<S: Supply>(
    snapshot: &Snapshot,
    usage: &S,
    folder: &Path,
) -> Result<(File, Vec<SeriesHead>, usize), BundleError>
where
    BundleError: From<S::Error>,
{
    let (mut heads, mut samples) = (Vec::new(), 0);
    let mut unread = None;
    let metrics = usage.metrics();
    let file = file(folder, USAGE, |out| {
        let grid = &snapshot.usage.grid;
        let mut rows = Rows::new(out, &snapshot.workloads, grid, &metrics)?;
        let mut written = Ok(());
        let read = usage.each(&mut |_, part| {
            heads.extend(part.series.iter().map(SeriesHead::of));
            samples += part.samples();
            if written.is_ok() {
                written = rows.add(&part.series);
            }
        });
        unread = read.err();
        written?;
        rows.finish()
    });
    // What could not be read is told before what came of it.
    match unread {
        Some(error) => Err(error.into()),
        None => Ok((file?, heads, samples)),
    }
}

/// The hash that a manifest has of itself.
fn seal_of(manifest: &Manifest) -> serde_json::Result<String> {
    let fields = serde_json::to_value(manifest)?;
    Ok(seal::hash(&serde_json::from_value(fields)?))
}

/// Workloads with the sizes that their usage was measured under.
struct Noted<'a>(&'a [Workload]);

impl Serialize for Noted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|workload| {
            let mut workload = workload.clone();
            workload
                .containers
                .iter_mut()
                .for_each(Container::note_sizes);
            workload
        }))
    }
}

fn json(folder: &Path, name: &str, value: &impl Serialize) -> Result<File, BundleError> {
    file(folder, name, |out| {
        serde_json::to_writer(&mut *out, value)?;
        out.write_all(b"\n")
    })
}

/// Writes one file, and says how large it is and what its SHA-256 is.
fn file(
    folder: &Path,
    name: &str,
    fill: impl FnOnce(&mut Hashing<BufWriter<fs::File>>) -> io::Result<()>,
) -> Result<File, BundleError> {
    let path = folder.join(name);
    let written = || {
        let mut out = Hashing {
            out: BufWriter::new(private_file(&path)?),
            hash: Sha256::new(),
            bytes: 0,
        };
        fill(&mut out)?;
        // A renamed folder must not lose its content to a power failure.
        out.out.into_inner()?.sync_all()?;
        Ok(File {
            name: name.to_owned(),
            bytes: out.bytes,
            sha256: hex(&out.hash.finalize()),
        })
    };
    written().map_err(|error| BundleError::write(&path, error))
}

/// As lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Hashes what passes through.
struct Hashing<W> {
    out: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += u64::try_from(written).unwrap_or(0);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
