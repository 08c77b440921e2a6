//! What the stage takes: profile and group of every container, and its usage where that
//! is at hand.

use std::sync::Arc;

use super::event::Events;
use super::look::Found;
use super::over::Over;
use super::strategy::calibrated::Shared;
use crate::cohort::Cohorts;
use crate::profile::Profile;
use crate::snapshot::{Container, Series, Snapshot, Usage, Workload};
use crate::units::Span;

/// Everything known of one container of one workload.
#[derive(Debug, Clone)]
pub struct Pool<'a> {
    pub workload: &'a Workload,
    pub container: &'a Container,
    pub profile: &'a Profile,
    /// Usage of each pod, while it is at hand: when containers are looked at, and when
    /// the advice is concluded. Empty in between.
    pub series: Vec<&'a Series>,
    /// Its group, see [`Cohorts::groups`].
    pub cohort: Option<usize>,
    /// The kind of that group.
    pub kind: Option<&'static str>,
    /// What happened to it.
    pub(super) events: Arc<Events>,
    /// How much is above the CPU request that it has.
    pub(super) over: Over,
}

impl<'a> Pool<'a> {
    /// Without usage and what follows from it; `index` is the place of the profile.
    pub(super) fn of(
        snapshot: &'a Snapshot,
        profile: &'a Profile,
        cohorts: &Cohorts,
        index: usize,
    ) -> Self {
        let workload = &snapshot.workloads[profile.workload];
        let cohort = cohorts.of_profile.get(index).copied().flatten();
        let group = cohort.and_then(|cohort| cohorts.groups.get(cohort));
        Self {
            workload,
            container: &workload.containers[profile.container],
            profile,
            series: Vec::new(),
            cohort,
            kind: group.map(|group| group.kind),
            events: Arc::default(),
            over: Over::default(),
        }
    }

    /// With its usage at hand, for whoever looks after advice; `index` is the place of
    /// the profile.
    pub fn with_usage(
        snapshot: &'a Snapshot,
        profile: &'a Profile,
        cohorts: &Cohorts,
        index: usize,
        usage: &'a Usage,
    ) -> Self {
        let mut pool = Self::of(snapshot, profile, cohorts, index);
        pool.take_usage(usage);
        pool
    }

    /// Has its usage at hand.
    pub(super) fn take_usage(&mut self, usage: &'a Usage) {
        let place = u32::try_from(self.profile.workload).unwrap_or(u32::MAX);
        self.series = usage.pool(place, &self.container.name).collect();
    }
}

/// What a strategy sees.
#[derive(Debug)]
pub struct Seen<'a> {
    pub snapshot: &'a Snapshot,
    /// One for each profile, in the same order; without usage.
    pub pools: Vec<Pool<'a>>,
    /// How far ahead what happened is extrapolated.
    pub horizon: Span,
    /// The pods of all workloads, and the nodes that they share.
    pub(super) shared: Shared,
}

impl<'a> Seen<'a> {
    /// Brings each profile together with its workload, container, group and what was
    /// found of its usage.
    pub(super) fn of(
        snapshot: &'a Snapshot,
        profiles: &'a [Profile],
        cohorts: &Cohorts,
        found: Vec<Found>,
        shared: Shared,
        horizon: Span,
    ) -> Self {
        let all = profiles.iter().zip(found).enumerate();
        let pools = all.map(|(index, (profile, found))| Pool {
            events: found.events,
            over: found.over,
            ..Pool::of(snapshot, profile, cohorts, index)
        });
        Self {
            snapshot,
            pools: pools.collect(),
            horizon,
            shared,
        }
    }
}
