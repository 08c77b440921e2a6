//! What checks look at, with what several of them need worked out once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::leak::{self, Memory};
use super::node::{NodeUse, Nodes};
use super::{ALL, Risk, Risks, Sought, Subject};
use crate::cohort::Cohorts;
use crate::profile::Profile;
use crate::recommend::{Advised, Chances, Confidence, ContainerAdvice, Pool};
use crate::snapshot::{ContainerKind, Grid, Series, Snapshot, Usage, Workload};
use crate::units::Span;

/// Days that probabilities are about.
const HORIZON: usize = 7;

/// What is known of some workloads of a cluster, and of all nodes.
pub struct Seen<'a> {
    pub snapshot: &'a Snapshot,
    pub grid: Grid,
    /// The end of the window; no check reads a clock.
    pub now: Timestamp,
    /// Those of the workloads at hand, in the order of their profiles, with usage.
    pub pools: Vec<Pool<'a>>,
    /// How the memory of each pool moves, in the same order.
    pub memory: Vec<Memory>,
    /// What is used of each node, in the order of the nodes.
    pub nodes: Arc<Vec<NodeUse>>,
    /// The place of each node, by name.
    places: Arc<BTreeMap<&'a str, usize>>,
    pub chances: Arc<Chances>,
    usage: &'a Usage,
    /// The workloads at hand.
    workloads: Range<usize>,
    advised: &'a Advised,
}

/// Everything that is known before usage is looked at once more, part by part.
pub struct Search<'a> {
    snapshot: &'a Snapshot,
    profiles: &'a [Profile],
    cohorts: &'a Cohorts,
    nodes: Arc<Vec<NodeUse>>,
    places: Arc<BTreeMap<&'a str, usize>>,
    chances: Arc<Chances>,
    /// What each check found so far.
    sought: Vec<Sought>,
}

impl<'a> Search<'a> {
    pub fn new(
        snapshot: &'a Snapshot,
        profiles: &'a [Profile],
        cohorts: &'a Cohorts,
        nodes: Nodes<'_>,
    ) -> Self {
        Self {
            snapshot,
            profiles,
            cohorts,
            nodes: Arc::new(nodes.used()),
            places: Arc::new(places(snapshot)),
            chances: Arc::new(Chances::learn(snapshot, profiles, HORIZON)),
            sought: vec![Sought::fine(); ALL.len()],
        }
    }

    /// Runs every check on some workloads, with their usage and what is advised on them.
    pub fn look(&mut self, workloads: Range<usize>, usage: &Usage, advised: &Advised) {
        let seen = self.seen(workloads, usage, advised);
        let looked: Vec<Sought> = ALL.iter().map(|check| check.look(&seen)).collect();
        for (all, more) in self.sought.iter_mut().zip(looked) {
            *all = std::mem::take(all).and(more);
        }
    }

    /// Looks at some workloads again, by other advice: what was found on them, and on what is
    /// no workload, is found anew. What cannot be judged does not go by advice.
    pub fn look_again(&mut self, workloads: Range<usize>, usage: &Usage, advised: &Advised) {
        let seen = self.seen(workloads.clone(), usage, advised);
        let last = workloads.end >= self.snapshot.workloads.len();
        let anew = |risk: &Risk| risk.workload.map_or(last, |it| workloads.contains(&it));
        for (all, check) in self.sought.iter_mut().zip(ALL) {
            all.replace(check.look(&seen), anew);
        }
    }

    /// All that was found.
    pub fn found(self) -> Risks {
        Risks::of(now(self.snapshot), self.sought)
    }

    fn seen<'s>(&self, workloads: Range<usize>, usage: &'s Usage, advised: &'s Advised) -> Seen<'s>
    where
        'a: 's,
    {
        let snapshot = self.snapshot;
        let grid = snapshot.usage.grid;
        let until = workloads.end.min(snapshot.workloads.len());
        let workloads = workloads.start.min(until)..until;
        // Profiles are in the order of workloads.
        let before = |end: usize| self.profiles.partition_point(|it| it.workload < end);
        let at_hand = before(workloads.start)..before(workloads.end);
        let pool = |index| {
            let profile = &self.profiles[index];
            Pool::with_usage(snapshot, profile, self.cohorts, index, usage)
        };
        let pools: Vec<Pool<'s>> = at_hand.map(pool).collect();
        let memory = pools.par_iter().map(|pool| leak::judge(pool, &grid));
        Seen {
            snapshot,
            grid,
            now: now(snapshot),
            memory: memory.collect(),
            nodes: Arc::clone(&self.nodes),
            places: Arc::clone(&self.places),
            chances: Arc::clone(&self.chances),
            pools,
            usage,
            workloads,
            advised,
        }
    }
}

fn places(snapshot: &Snapshot) -> BTreeMap<&str, usize> {
    let nodes = snapshot.cluster.nodes.iter();
    nodes.map(|node| node.name.as_str()).zip(0..).collect()
}

fn now(snapshot: &Snapshot) -> Timestamp {
    if snapshot.usage.grid.len > 0 {
        snapshot.usage.grid.end()
    } else {
        snapshot.taken_at
    }
}

impl<'a> Seen<'a> {
    /// Of a snapshot that holds all of its usage.
    pub fn of(
        snapshot: &'a Snapshot,
        profiles: &'a [Profile],
        cohorts: &'a Cohorts,
        advised: &'a Advised,
    ) -> Self {
        let mut nodes = Nodes::new(snapshot);
        nodes.add(0..usize::MAX, &snapshot.usage);
        let search = Search::new(snapshot, profiles, cohorts, nodes);
        search.seen(0..usize::MAX, &snapshot.usage, advised)
    }

    /// The usage of one container of a workload, all its pods.
    pub(super) fn pods_of(
        &self,
        workload: usize,
        container: &'a str,
    ) -> impl Iterator<Item = &'a Series> {
        let number = u32::try_from(workload).unwrap_or(u32::MAX);
        self.usage.pool(number, container)
    }

    /// The usage of a workload, all its pods and containers.
    pub(super) fn usage_of(&self, workload: usize) -> impl Iterator<Item = &'a Series> {
        self.usage
            .of_workload(u32::try_from(workload).unwrap_or(u32::MAX))
    }

    /// What is no workload is looked at once, with the last of them.
    pub(super) fn once(&self, look: impl FnOnce() -> Sought) -> Sought {
        if self.workloads.end >= self.snapshot.workloads.len() {
            look()
        } else {
            Sought::fine()
        }
    }

    /// What one container of the pods is looked at for, by its place among the pools;
    /// init containers, which do not stay, and what could not be measured are left out.
    pub(super) fn each_container(
        &self,
        look: impl Fn(usize, &Pool<'a>) -> Sought + Sync,
    ) -> Sought {
        let places: Vec<usize> = (0..self.pools.len()).collect();
        let stays = |place: &&usize| {
            let container = self.pools[**place].container;
            container.kind != ContainerKind::Init && container.not_measured.is_none()
        };
        let looked = places.par_iter().filter(stays);
        let looked: Vec<Sought> = looked
            .map(|place| look(*place, &self.pools[*place]))
            .collect();
        looked.into_iter().collect()
    }

    /// The same for workloads, by their index.
    pub(super) fn each_workload(&self, look: impl Fn(usize, &Workload) -> Sought) -> Sought {
        let workloads = self.workloads.clone();
        let all = workloads.filter_map(|index| Some((index, self.snapshot.workloads.get(index)?)));
        all.map(|(index, it)| look(index, it)).collect()
    }

    /// The same side by side, for what takes its time.
    pub(super) fn each_workload_at_once(
        &self,
        look: impl Fn(usize, &Workload) -> Sought + Sync,
    ) -> Sought {
        let until = self.workloads.end.min(self.snapshot.workloads.len());
        let workloads: Vec<usize> = (self.workloads.start.min(until)..until).collect();
        let looked = workloads.par_iter();
        let looked: Vec<Sought> = looked
            .map(|index| look(*index, &self.snapshot.workloads[*index]))
            .collect();
        looked.into_iter().collect()
    }

    /// A risk of a workload, with nothing but that.
    pub(super) fn risk(&self, check: &'static str, workload: usize) -> Risk {
        Risk {
            workload: Some(workload),
            ..Risk::on(check, Subject::from(&self.snapshot.workloads[workload].id))
        }
    }

    /// A risk of one container, as sure as its history is long and whole.
    pub(super) fn risk_of(&self, check: &'static str, pool: &Pool<'_>) -> Risk {
        Risk {
            container: Some(pool.container.name.clone()),
            confidence: confidence(pool),
            ..self.risk(check, pool.profile.workload)
        }
    }

    /// What is advised for a container.
    pub(super) fn advice(&self, pool: &Pool<'_>) -> Option<&'a ContainerAdvice> {
        let mut workloads = self.advised.workloads.iter();
        let advice = match self.advised.workloads.get(pool.profile.workload) {
            Some(advice) if advice.workload == pool.profile.workload => advice,
            _ => workloads.find(|it| it.workload == pool.profile.workload)?,
        };
        let mut containers = advice.containers.iter();
        containers.find(|it| it.container == pool.profile.container)
    }

    /// The workloads of a namespace.
    pub(super) fn in_namespace(&self, namespace: &str) -> Vec<usize> {
        let workloads = self.snapshot.workloads.iter().enumerate();
        let inside = workloads.filter(|(_, it)| it.id.namespace == namespace);
        inside.map(|(index, _)| index).collect()
    }

    /// The workloads of a namespace whose pods have these labels, none of which is told
    /// by no label at all.
    pub(super) fn selected(&self, namespace: &str, selector: &[(String, String)]) -> Vec<usize> {
        let mut inside = self.in_namespace(namespace);
        inside.retain(|index| selects(selector, &self.snapshot.workloads[*index]));
        inside
    }

    /// The node of this name, by its place.
    pub(super) fn node(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }
}

/// Whether the pods of a workload have these labels; none is told by no label at all.
pub(super) fn selects(selector: &[(String, String)], workload: &Workload) -> bool {
    let has = |pair| workload.labels.contains(pair);
    !selector.is_empty() && selector.iter().all(has)
}

/// A week without holes is enough to be sure, and three days to say something.
fn confidence(pool: &Pool<'_>) -> Confidence {
    /// Share of samples that may be missing.
    const WHOLE: f64 = 0.9;
    let quality = &pool.profile.quality;
    let whole = quality.coverage.get() >= WHOLE;
    if quality.span >= Span::days(6) && whole {
        Confidence::High
    } else if quality.span >= Span::days(3) {
        Confidence::Medium
    } else {
        Confidence::Low
    }
}

/// The less sure of two.
pub(super) fn at_most(confidence: Confidence, most: Confidence) -> Confidence {
    confidence.min(most)
}
