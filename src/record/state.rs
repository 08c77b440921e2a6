//! A recording in memory: tables, the log after them, and who has been seen.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::log::{Incident, Round, Tail, Trouble, fold, notice};
use super::options::{RecordOptions, SLOTS, step};
use super::reading::Known;
use super::{merge, timeline};
use crate::collect::metrics_api::PodMetrics;
use crate::collect::{PodIndex, Resolved};
use crate::snapshot::{Gap, Grid, Pod, Snapshot, Source, SourceKind, Usage};
use crate::units::Span;

/// Slots of a grid at most: twice what a recording is meant to have, for the time
/// between runs.
const MOST_SLOTS: u32 = 2 * SLOTS;
/// How many more there may be before they are cut.
const SLACK: u32 = MOST_SLOTS / 8;
/// Younger pods may not be known to the metrics API yet, in seconds.
const YOUNG: i64 = 120;
/// How many names an incident gives as examples.
const EXAMPLES: usize = 3;

/// Objects, and what could not be read of them.
pub(super) struct Objects {
    pub(super) resolved: Resolved,
    pub(super) gaps: Vec<Gap>,
}

pub(super) struct State {
    /// The tables; its gaps are those of objects.
    pub(super) snapshot: Snapshot,
    pub(super) tail: Tail,
    index: PodIndex,
    known: Known,
    /// Pods of the newest reading, as `namespace/name`.
    current: BTreeSet<String>,
    pub(super) samples: usize,
}

/// How much is recorded: slots in which anything has a sample.
pub(super) fn covered(snapshot: &Snapshot, tail: &Tail) -> Span {
    let mut usage = snapshot.usage.clone();
    fold(&mut usage, tail);
    let mut seen = vec![false; usize::try_from(usage.grid.len).unwrap_or(0)];
    for series in &usage.series {
        let from = usize::try_from(series.first).unwrap_or(usize::MAX);
        let slots = seen.get_mut(from..).unwrap_or_default();
        let pairs = series.cpu_cores.iter().zip(&series.memory_bytes);
        for ((cpu, memory), slot) in pairs.zip(slots) {
            *slot |= !cpu.is_nan() || !memory.is_nan();
        }
    }
    let slots = seen.iter().filter(|seen| **seen).count();
    let slots = u32::try_from(slots).unwrap_or(u32::MAX);
    Span::from_secs(slots.saturating_mul(usage.grid.step.as_secs()))
}

impl State {
    /// A recording that begins.
    pub(super) fn new(options: &RecordOptions, objects: Objects, now: Timestamp) -> Self {
        let Objects { resolved, gaps } = objects;
        let step = step(options.length, options.every);
        let name = resolved.cluster.name.clone();
        let source = |kind| Source {
            kind,
            detail: name.clone(),
        };
        let snapshot = Snapshot {
            taken_at: now,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            cluster: resolved.cluster,
            sources: vec![
                source(SourceKind::Kubernetes),
                source(SourceKind::MetricsApi),
            ],
            workloads: resolved.workloads,
            usage: Usage {
                grid: grid(now, step),
                series: Vec::new(),
            },
            gaps,
        };
        Self {
            index: resolved.pods,
            ..Self::found(snapshot, Tail::default())
        }
    }

    /// A recording that was left.
    pub(super) fn found(snapshot: Snapshot, tail: Tail) -> Self {
        Self {
            samples: snapshot.usage.samples() + tail.samples.len(),
            known: Known::of(&tail),
            snapshot,
            tail,
            index: PodIndex::default(),
            current: BTreeSet::new(),
        }
    }

    /// Takes a recording out of a future that a wrong clock has put it into.
    pub(super) fn set_back(&mut self, now: Timestamp) {
        let Some(ahead) = timeline::ahead(self.tail.at, now) else {
            return;
        };
        self.tail.at = Some(now);
        self.snapshot.taken_at = self.snapshot.taken_at.min(now);
        self.notice(Incident::new(Trouble::Clock, format!("-{ahead} s"), now));
    }

    pub(super) fn notice(&mut self, incident: Incident) {
        notice(&mut self.tail.incidents, incident);
    }

    /// What a reading adds to the log.
    pub(super) fn round(&mut self, pods: &[PodMetrics], now: Timestamp) -> Round {
        let name = |pod: &PodMetrics| format!("{}/{}", pod.metadata.namespace, pod.metadata.name);
        if !pods.is_empty() {
            self.current = pods.iter().map(name).collect();
        }
        let round = self.known.round(pods, &self.index, now);
        self.samples += round.samples.len();
        round
    }

    /// Whether pods were sampled that belong to no workload known so far.
    pub(super) fn has_strangers(&self) -> bool {
        let mut places = self.tail.places.values();
        places.any(|place| place.workload.is_none())
    }

    /// New objects in the place of the old.
    ///
    /// Objects of which something is missing that was there before are not taken:
    /// workloads would seem to be gone.
    pub(super) fn renew(&mut self, objects: Result<Objects, String>, now: Timestamp) -> bool {
        let problem = match &objects {
            Err(problem) => Some(problem.clone()),
            Ok(objects) => self.lacks(&objects.gaps),
        };
        let (Ok(Objects { mut resolved, gaps }), None) = (objects, &problem) else {
            let problem = problem.unwrap_or_default();
            self.notice(Incident::new(Trouble::Outdated, problem, now));
            return false;
        };
        let held = &mut self.snapshot;
        merge::remember_ends(&held.workloads, &mut resolved.workloads);
        let gone = merge::rehome(
            (&held.workloads, &resolved.workloads),
            &mut held.usage,
            &mut self.tail.places,
            now,
        );
        held.cluster = resolved.cluster;
        held.workloads = resolved.workloads;
        held.gaps = gaps;
        self.index = resolved.pods;
        for place in self.tail.places.values_mut() {
            let found = || self.index.workload(&place.namespace, &place.pod);
            place.workload = place.workload.or_else(found);
        }
        if let Some(gone) = gone {
            self.notice(gone);
        }
        true
    }

    /// The first gap of these that was not there before.
    fn lacks(&self, gaps: &[Gap]) -> Option<String> {
        let old = &self.snapshot.gaps;
        let known = |gap: &&Gap| {
            let same = |old: &Gap| (&old.code, &old.subject) == (&gap.code, &gap.subject);
            old.iter().any(same)
        };
        let missing = |gap: &&Gap| matches!(gap.code.as_str(), "forbidden" | "unreadable");
        let new = gaps.iter().filter(missing).find(|gap| !known(gap));
        new.map(|gap| format!("{}: {}", gap.subject, gap.text))
    }

    /// Puts samples from before `until`, in Unix seconds, into the tables.
    ///
    /// With `fresh` objects, samples as old of pods that are still of no workload
    /// go, with an incident.
    pub(super) fn close(&mut self, until: i64, fresh: bool, now: Timestamp) {
        let old = self.tail.take_before(until);
        fold(&mut self.snapshot.usage, &old);
        if fresh {
            self.drop_strangers(until, now);
            self.name_absent(now);
        }
        self.trim(now);
        self.known.forget(&mut self.tail, now);
        self.tail.at = self.tail.at.max(Some(now));
        self.snapshot.taken_at = self.snapshot.taken_at.max(now);
    }

    fn drop_strangers(&mut self, until: i64, now: Timestamp) {
        let before = self.tail.samples.len();
        let mut first = None;
        let places = &self.tail.places;
        self.tail.samples.retain(|sample| {
            let place = places.get(&sample.id);
            let stranger = place.filter(|place| place.workload.is_none());
            let goes = sample.time < until && stranger.is_some();
            if let (true, Some(place)) = (goes, stranger) {
                first.get_or_insert_with(|| format!("{}/{}", place.namespace, place.pod));
            }
            !goes
        });
        if let Some(first) = first {
            let count = before - self.tail.samples.len();
            self.notice(Incident::new(Trouble::Unowned, first, now).times(count));
        }
    }

    /// Pods that run and are not in the newest reading.
    fn name_absent(&mut self, now: Timestamp) {
        let grown = |pod: &Pod| {
            let created = pod.created.unwrap_or(Timestamp::MIN).as_second();
            pod.phase == "Running" && created < now.as_second() - YOUNG
        };
        let mut names = Vec::new();
        for workload in &self.snapshot.workloads {
            let pods = workload.pods.iter().filter(|pod| grown(pod));
            names.extend(pods.map(|pod| format!("{}/{}", workload.id.namespace, pod.name)));
        }
        names.retain(|name| !self.current.contains(name));
        self.tail
            .incidents
            .retain(|incident| incident.trouble != Trouble::Absent);
        if names.is_empty() || self.current.is_empty() {
            return;
        }
        let count = names.len();
        names.truncate(EXAMPLES);
        let rest = count - names.len();
        let mut text = names.join(", ");
        if rest > 0 {
            text = format!("{text} and {rest} more");
        }
        self.notice(Incident::new(Trouble::Absent, text, now).times(count));
    }

    fn trim(&mut self, now: Timestamp) {
        let usage = &mut self.snapshot.usage;
        let step = usage.grid.step.as_secs().max(1);
        let slots = (now.as_second() - usage.grid.start.as_second()) / i64::from(step);
        let slots = u32::try_from(slots).unwrap_or(0);
        if slots <= MOST_SLOTS + SLACK {
            return;
        }
        usage.grid.len = usage.grid.len.max(slots);
        usage.keep_newest(Span::from_secs(MOST_SLOTS.saturating_mul(step)));
        let start = usage.grid.start;
        self.notice(Incident::new(Trouble::Dropped, "", start));
    }
}

/// A grid from a little before now: samples are about what was.
fn grid(now: Timestamp, step: Span) -> Grid {
    let step_seconds = i64::from(step.as_secs().max(1));
    let start = (now.as_second() - YOUNG).div_euclid(step_seconds) * step_seconds;
    Grid {
        start: Timestamp::from_second(start).unwrap_or(now),
        step,
        len: 0,
    }
}
