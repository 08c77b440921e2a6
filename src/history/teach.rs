//! What became of the promises of earlier runs, and what that teaches.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::Timestamp;

use super::record::{Outcome, Outcomes, Record};
use super::verify::{Judged, Seen, Verify};
use crate::learn::{self, Case, Held};
use crate::recommend::{Learned, Options};
use crate::snapshot::{Snapshot, Usage};
use crate::units::{Span, count_from};

/// With less than this share of its time seen, a promise teaches nothing.
const LEAST_COVERED: f64 = 0.8;

/// What tells one run of a cluster from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Run<'a>(Timestamp, &'a str, &'a str, Option<&'a str>);

impl<'a> Run<'a> {
    fn of(it: &'a Outcomes) -> Self {
        Self(it.taken_at, &it.strategy, &it.goal, it.scope.as_deref())
    }

    fn from(it: &'a Record) -> Self {
        Self(it.taken_at, &it.strategy, &it.goal, it.scope.as_deref())
    }
}

/// Holds the promises of earlier runs against what came after them, with usage part by part.
pub struct Teaching<'a> {
    records: Vec<&'a Record>,
    /// Of those whose promises are over and that no run has held against anything yet.
    verifies: Vec<Verify<'a>>,
    fresh: Vec<&'a Record>,
}

impl<'a> Teaching<'a> {
    /// Of the cluster of this snapshot, and of runs before it: of all of it, or of the same
    /// part.
    pub fn new(records: &'a [Record], snapshot: &'a Snapshot, scope: Option<&str>) -> Self {
        let earlier =
            |it: &&Record| it.cluster == snapshot.cluster.name && it.taken_at < snapshot.taken_at;
        let records = records.iter().filter(earlier);
        let records: Vec<&Record> = records.filter(|it| it.is_for(scope)).collect();
        let seen = records.iter().flat_map(|it| &it.outcomes);
        let seen: BTreeSet<Run<'_>> = seen.map(Run::of).collect();
        let end = snapshot.usage.grid.end();
        let fresh = records.iter().copied();
        let fresh: Vec<&Record> = fresh
            .filter(|it| it.is_over(end) && !seen.contains(&Run::from(it)))
            .collect();
        Self {
            verifies: fresh.iter().map(|it| Verify::new(it, snapshot)).collect(),
            records,
            fresh,
        }
    }

    /// Whether usage has anything to say of them.
    pub fn wants_usage(&self) -> bool {
        !self.fresh.is_empty()
    }

    /// Looks at the usage of some workloads of the snapshot.
    pub fn look(&mut self, workloads: Range<usize>, usage: &Usage) {
        for verify in &mut self.verifies {
            verify.look(workloads.clone(), usage);
        }
    }

    /// What all of them teach sizes by these options, and what this run was the first to see.
    pub fn taught(self, options: &Options) -> (Learned, Vec<Outcomes>) {
        let names = (options.strategy.name(), options.goal.name());
        let (known, fresh) = self.outcomes();
        (lessons(known.chain(&fresh), names), fresh)
    }

    /// What they and this outcome of one of them, or of another, teach sizes like its own.
    pub fn with(self, record: &Record, outcome: &Outcomes) -> Learned {
        let (known, fresh) = self.outcomes();
        let own = std::iter::once(outcome);
        let all = own.chain(known).chain(&fresh);
        lessons(all, (&record.strategy, &record.goal))
    }

    /// What runs have seen already, and what is seen now.
    fn outcomes(self) -> (impl Iterator<Item = &'a Outcomes>, Vec<Outcomes>) {
        let both = self.fresh.iter().zip(self.verifies);
        let fresh = both.map(|(record, verify)| outcomes(record, &verify.seen()));
        let fresh = fresh.filter(|it| !it.containers.is_empty()).collect();
        (self.records.into_iter().flat_map(|it| &it.outcomes), fresh)
    }
}

/// What these outcomes teach sizes by this strategy and goal: what others promise says
/// nothing of theirs.
pub fn lessons<'a>(
    all: impl Iterator<Item = &'a Outcomes>,
    (strategy, goal): (&str, &str),
) -> Learned {
    let mut told: BTreeSet<Run<'_>> = BTreeSet::new();
    let cases = all
        .filter(|it| it.strategy == strategy && it.goal == goal)
        .filter(|it| told.insert(Run::of(it)))
        .flat_map(|run| run.containers.iter().map(|it| case(run.taken_at, it)));
    let cases: Vec<Case> = cases.collect();
    learn::lessons(&cases)
}

/// What became of the promises of one run, of those that teach.
pub fn outcomes(record: &Record, seen: &[Seen<'_>]) -> Outcomes {
    let containers = seen.iter().flat_map(|seen| {
        let all = seen.containers.iter();
        all.filter_map(|judged| outcome(seen, judged))
    });
    Outcomes {
        taken_at: record.taken_at,
        strategy: record.strategy.clone(),
        goal: record.goal.clone(),
        scope: record.scope.clone(),
        containers: containers.collect(),
    }
}

fn outcome(seen: &Seen<'_>, judged: &Judged<'_>) -> Option<Outcome> {
    let promise = judged.kept.promise?;
    let covered = judged.covered >= LEAST_COVERED;
    // Also what was seen to break: of what was seen in part only that would teach.
    let over = judged.over_limit.filter(|_| covered);
    let memory = promise.memory_over_limit_replayed.zip(over);
    let time = judged.time_over_request.filter(|_| covered);
    let cpu = promise.cpu_time_over_request_replayed.zip(time);
    (memory.is_some() || cpu.is_some()).then(|| Outcome {
        id: seen.entry.id.clone(),
        container: judged.kept.name.clone(),
        cohort: judged.kept.cohort.clone(),
        horizon_days: promise.horizon_days,
        memory_over_limit_replayed: memory.map(|(said, _)| said),
        memory_over_limit: memory.map(|(_, came)| came),
        cpu_time_over_request_replayed: cpu.map(|(said, _)| said),
        cpu_time_over_request: cpu.map(|(_, came)| came),
    })
}

fn case(at: Timestamp, of: &Outcome) -> Case {
    let id = &of.id;
    let template = id.template.as_deref().unwrap_or_default();
    let secs = count_from(of.horizon_days.max(0.0) * 86_400.0);
    Case {
        workload: [&id.namespace, &id.kind, &id.name, template].join("/"),
        kind: of.cohort.clone(),
        at,
        horizon: Span::from_secs(u32::try_from(secs).unwrap_or(u32::MAX)),
        cpu_request: Held::of(of.cpu_time_over_request_replayed, of.cpu_time_over_request),
        memory_limit: Held::of_event(of.memory_over_limit_replayed, of.memory_over_limit),
    }
}
