use super::{Bill, PriceSource};
use crate::profile::Profile;
use crate::recommend::Advised;
use crate::snapshot::Snapshot;

/// What the cluster costs now, and once the advice is followed.
pub fn price(
    _snapshot: &Snapshot,
    _profiles: &[Profile],
    _advised: &Advised,
    _prices: &dyn PriceSource,
) -> Bill {
    todo!()
}
