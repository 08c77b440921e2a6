use super::{Advised, Options};
use crate::cohort::Cohorts;
use crate::profile::Profile;
use crate::snapshot::Snapshot;

/// What to change, for every workload.
pub fn recommend(
    _snapshot: &Snapshot,
    _profiles: &[Profile],
    _cohorts: &Cohorts,
    _options: &Options,
) -> Advised {
    todo!()
}
