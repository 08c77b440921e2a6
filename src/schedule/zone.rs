//! Which time zone a workload lives in: by its annotation, by the policy, else the usual.

use jiff::tz::TimeZone;

use crate::forecast::{Clock, Clocks};
use crate::recommend::Policy;
use crate::snapshot::annotation::PREFIX;
use crate::snapshot::{Snapshot, Workload};

/// The setting, in `kcost.yaml` and behind the prefix of annotations.
const KEY: &str = "time-zone";

/// The clock of every workload of a snapshot.
pub fn clocks(snapshot: &Snapshot, usual: &Clock, policy: &Policy) -> Clocks {
    let mut clocks = Clocks::new(usual.clone());
    for (index, workload) in snapshot.workloads.iter().enumerate() {
        if let Some(clock) = own(workload, usual, policy) {
            clocks.set(index, clock);
        }
    }
    clocks
}

/// The clock of one workload.
pub fn clock_of(workload: &Workload, usual: &Clock, policy: &Policy) -> Clock {
    own(workload, usual, policy).unwrap_or_else(|| usual.clone())
}

fn own(workload: &Workload, usual: &Clock, policy: &Policy) -> Option<Clock> {
    let annotations = workload.annotations.iter();
    let mut annotated = annotations.filter(|(key, _)| key.strip_prefix(PREFIX) == Some(KEY));
    let ruled = policy.rule(workload);
    let ruled = ruled.and_then(|rule| rule.sets.iter().find(|(name, _)| name == KEY));
    let name = annotated.next().or(ruled).map(|(_, value)| value.trim())?;
    // One that is not known is told beside the sizes.
    let zone = TimeZone::get(name).ok()?;
    Some(usual.clone().in_zone(zone))
}
