//! What the stage takes: usage, profile and group of every container.

use crate::cohort::Cohorts;
use crate::profile::Profile;
use crate::snapshot::{Container, Series, Snapshot, Workload};

/// Everything known of one container of one workload.
#[derive(Debug, Clone)]
pub struct Pool<'a> {
    pub workload: &'a Workload,
    pub container: &'a Container,
    pub profile: &'a Profile,
    /// Usage of each pod.
    pub series: Vec<&'a Series>,
    /// Its group, see [`Cohorts::groups`].
    pub cohort: Option<usize>,
}

/// What a strategy sees.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    pub snapshot: &'a Snapshot,
    pub cohorts: &'a Cohorts,
    /// One for each profile, in the same order.
    pub pools: Vec<Pool<'a>>,
}

impl<'a> Seen<'a> {
    /// Brings each profile together with its workload, container, series and group.
    pub fn of(snapshot: &'a Snapshot, profiles: &'a [Profile], cohorts: &'a Cohorts) -> Self {
        let pools = profiles.iter().enumerate().map(|(index, profile)| {
            let workload = &snapshot.workloads[profile.workload];
            let container = &workload.containers[profile.container];
            let place = u32::try_from(profile.workload).unwrap_or(u32::MAX);
            Pool {
                workload,
                container,
                profile,
                series: snapshot.usage.pool(place, &container.name).collect(),
                cohort: cohorts.of_profile.get(index).copied().flatten(),
            }
        });
        Self {
            snapshot,
            cohorts,
            pools: pools.collect(),
        }
    }
}
