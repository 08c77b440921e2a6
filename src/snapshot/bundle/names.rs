use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::super::WorkloadId;
use super::{BundleError, MANIFEST, WORKLOADS};

/// A workload, as far as its name is concerned.
#[derive(Deserialize)]
struct Named {
    #[serde(flatten)]
    id: WorkloadId,
}

/// What the workloads of a bundle are called, in their order.
///
/// Reads `workloads.json` alone and holds it against nothing: for suggestions,
/// which have to be quick.
pub fn names(path: &Path) -> Result<Vec<WorkloadId>, BundleError> {
    let manifest = path.join(MANIFEST);
    if !manifest.is_file() {
        return Err(BundleError::NoBundle {
            path: path.to_owned(),
            problem: format!("it has no `{MANIFEST}`"),
        });
    }
    let file = path.join(WORKLOADS);
    let text = fs::read(&file).map_err(|error| BundleError::read(&file, error))?;
    let named: Vec<Named> = serde_json::from_slice(&text)
        .map_err(|error| BundleError::damaged(&file, error.to_string()))?;
    Ok(named.into_iter().map(|named| named.id).collect())
}
