//! Several bundles as several clusters.

use std::path::{Path, PathBuf};

use crate::cli::last;
use crate::error::Error;
use crate::record;
use crate::snapshot::Snapshot;

/// One cluster of several.
pub(in crate::cli) struct Cluster {
    /// Its context, or the place of its bundle.
    pub(in crate::cli) name: String,
    pub(in crate::cli) snapshot: Result<Snapshot, Error>,
    /// For each workload of it, whether it is asked for.
    pub(in crate::cli) asked: Vec<bool>,
}

/// Reads each bundle; one that fails ends nothing.
///
/// # Errors
///
/// When two are of the same snapshot.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Cluster>, Error> {
    let bundles: Vec<Cluster> = paths.iter().map(|path| bundle(path)).collect();
    refuse_twins(&bundles)?;
    Ok(bundles)
}

/// Two copies of one snapshot would be added up as two clusters.
fn refuse_twins(bundles: &[Cluster]) -> Result<(), Error> {
    let read = bundles
        .iter()
        .filter_map(|it| Some((&it.name, it.snapshot.as_ref().ok()?)));
    let is_same = |a: &Snapshot, b: &Snapshot| {
        a.taken_at == b.taken_at && a.cluster == b.cluster && a.workloads == b.workloads
    };
    for (place, (name, one)) in read.clone().enumerate() {
        let twin = read
            .clone()
            .take(place)
            .find(|(_, other)| is_same(one, other));
        if let Some((first, _)) = twin {
            let text = if first == name {
                format!("the bundle {name} is named twice")
            } else {
                format!("{first} and {name} are the same snapshot")
            };
            let hint = Some("name each bundle once: each counts as a cluster".to_owned());
            return Err(Error::Usage { text, hint });
        }
    }
    Ok(())
}

fn bundle(path: &Path) -> Cluster {
    Cluster {
        name: path.display().to_string(),
        snapshot: one(path),
        asked: Vec::new(),
    }
}

/// Reads a bundle, and remembers where it is.
pub(super) fn one(path: &Path) -> Result<Snapshot, Error> {
    let snapshot = record::read(path)?;
    last::remember(path);
    Ok(snapshot)
}
