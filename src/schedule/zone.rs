//! Which time zone a workload lives in: by its annotation, by the policy, else the usual.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::forecast::{Clock, Clocks};
use crate::recommend::Policy;
use crate::snapshot::annotation::PREFIX;
use crate::snapshot::{Gap, Snapshot, Workload};

/// The setting, in `kcost.yaml` and behind the prefix of annotations.
const KEY: &str = "time-zone";

/// The gap of a zone that is not known.
pub const UNKNOWN_ZONE: &str = "unknown-time-zone";

/// The clock of every workload of a snapshot.
pub fn clocks(snapshot: &Snapshot, usual: &Clock, policy: &Policy) -> Clocks {
    let mut clocks = Clocks::new(usual.clone());
    // A clock has all days of the calendar: one for each zone, not for each workload.
    let mut made: BTreeMap<&str, Option<Clock>> = BTreeMap::new();
    for (index, workload) in snapshot.workloads.iter().enumerate() {
        let Some(name) = name(workload, policy) else {
            continue;
        };
        let clock = made.entry(name).or_insert_with(|| in_zone(usual, name));
        if let Some(clock) = clock {
            clocks.set(index, clock.clone());
        }
    }
    clocks
}

/// The clock of one workload.
pub fn clock_of(workload: &Workload, usual: &Clock, policy: &Policy) -> Clock {
    let own = name(workload, policy).and_then(|name| in_zone(usual, name));
    own.unwrap_or_else(|| usual.clone())
}

/// What is told of workloads that are asked for, one `bool` for each, and whose zone is not
/// known.
pub fn zone_gaps(snapshot: &Snapshot, asked: &[bool], usual: &Clock, policy: &Policy) -> Vec<Gap> {
    let workloads = snapshot.workloads.iter().zip(asked);
    let gap = |workload: &Workload| {
        let zone = name(workload, policy).filter(|it| TimeZone::get(it).is_err())?;
        let text = format!(
            "time zone `{zone}` is not known, so its days and weeks are counted in {}",
            usual.name()
        );
        let hint = "name a zone of the tz database, such as Europe/Berlin";
        Some(Gap::new(UNKNOWN_ZONE, workload.id.to_string(), text).hint(hint))
    };
    let asked = workloads.filter(|it| *it.1);
    asked.filter_map(|(workload, _)| gap(workload)).collect()
}

/// The zone that is set for a workload.
fn name<'a>(workload: &'a Workload, policy: &'a Policy) -> Option<&'a str> {
    let annotations = workload.annotations.iter();
    let mut annotated = annotations.filter(|(key, _)| key.strip_prefix(PREFIX) == Some(KEY));
    let ruled = policy.rule(workload);
    let ruled = ruled.and_then(|rule| rule.sets.iter().find(|(name, _)| name == KEY));
    annotated.next().or(ruled).map(|(_, value)| value.trim())
}

/// `None` for a zone that is not known, which is told by [`zone_gaps`] and beside the sizes.
fn in_zone(usual: &Clock, name: &str) -> Option<Clock> {
    let zone = TimeZone::get(name).ok()?;
    Some(usual.clone().in_zone(zone))
}
