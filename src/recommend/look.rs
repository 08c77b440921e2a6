//! What stays of usage, found workload by workload while that is at hand.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::event::Events;
use super::over::Over;
use super::strategy::calibrated::{Added, Layout, Moments};
use super::strategy::{Look, Looking};
use super::{Options, Pool, Strategy};
use crate::cohort::Cohorts;
use crate::profile::Profile;
use crate::snapshot::{Snapshot, Usage};

/// All that sizes follow from beside profiles: so little that it fits into memory where
/// usage does not.
pub struct Looks<'a> {
    snapshot: &'a Snapshot,
    options: &'a Options,
    pub(super) layout: Layout,
    /// Those that hold for any workload.
    pub(super) strategies: Vec<&'static dyn Strategy>,
    /// One for each profile.
    pub(super) seen: Vec<Found>,
    /// For each strategy, one for each profile.
    pub(super) of_strategies: Vec<Vec<Look>>,
    /// One for each workload.
    pub(super) added: Vec<Added>,
}

/// What happened to one container, and how it fares with what it has.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) events: Arc<Events>,
    pub(super) over: Over,
}

/// What one workload adds.
struct OfWorkload {
    seen: Vec<Found>,
    looks: Vec<Vec<Look>>,
    added: Added,
}

impl<'a> Looks<'a> {
    /// Nothing yet.
    pub fn new(snapshot: &'a Snapshot, options: &'a Options) -> Self {
        let mut strategies: Vec<&'static dyn Strategy> = Vec::new();
        for workload in &snapshot.workloads {
            let strategy = options.of(workload).options.strategy;
            if !strategies.iter().any(|it| it.name() == strategy.name()) {
                strategies.push(strategy);
            }
        }
        let horizon = options.targets.horizon;
        Self {
            snapshot,
            options,
            layout: Layout::of(snapshot, horizon),
            of_strategies: strategies.iter().map(|_| Vec::new()).collect(),
            strategies,
            seen: Vec::new(),
            added: Vec::new(),
        }
    }

    /// Looks at the usage of the workloads that these profiles are of; they come in
    /// order, and `usage` is on the grid of the snapshot.
    pub fn add(&mut self, usage: &Usage, profiles: &[Profile]) {
        let case = Looking {
            grid: &self.snapshot.usage.grid,
            options: self.options,
            replays: Moments::of(&self.snapshot.usage.grid, self.options.targets.horizon),
        };
        let before = self.seen.len();
        let mut places: Vec<Range<usize>> = Vec::new();
        for of_workload in profiles.chunk_by(|a, b| a.workload == b.workload) {
            let start = places.last().map_or(0, |range| range.end);
            places.push(start..start + of_workload.len());
        }
        let found: Vec<OfWorkload> = places
            .par_iter()
            .map(|range| self.one(usage, &profiles[range.clone()], before + range.start, &case))
            .collect();
        for one in found {
            self.seen.extend(one.seen);
            for (all, own) in self.of_strategies.iter_mut().zip(one.looks) {
                all.extend(own);
            }
            self.added.push(one.added);
        }
    }

    fn one(
        &self,
        usage: &Usage,
        profiles: &[Profile],
        first: usize,
        case: &Looking<'_>,
    ) -> OfWorkload {
        let none = Cohorts::none(0);
        let pools: Vec<Pool<'_>> = profiles
            .iter()
            .map(|profile| {
                let mut pool = Pool::of(self.snapshot, profile, &none, first);
                pool.take_usage(usage);
                let horizon = self.options.targets.horizon;
                pool.events = Arc::new(Events::of(&pool, case.grid, horizon));
                Over::now(&mut pool);
                pool
            })
            .collect();
        let look = |strategy: &&'static dyn Strategy| {
            let looks = pools.iter().map(|pool| strategy.look(pool, case));
            looks.collect()
        };
        OfWorkload {
            looks: self.strategies.iter().map(look).collect(),
            added: self.layout.added(&pools, first),
            seen: pools
                .into_iter()
                .map(|pool| Found {
                    events: pool.events,
                    over: pool.over,
                })
                .collect(),
        }
    }
}
