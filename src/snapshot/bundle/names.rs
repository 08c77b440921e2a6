use std::path::Path;

use serde::Deserialize;

use super::super::WorkloadId;
use super::{BundleError, MANIFEST, WORKLOADS, file};

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
    let place = path.join(WORKLOADS);
    let text = file::text(&place, file::LARGEST_JSON);
    let text = text.map_err(|error| file::unread(&place, error))?;
    let named: Vec<Named> = serde_json::from_slice(&text)
        .map_err(|error| BundleError::damaged(&place, error.to_string()))?;
    Ok(named.into_iter().map(|named| named.id).collect())
}
