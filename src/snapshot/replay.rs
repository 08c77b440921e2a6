//! The past as it was known at the time, for replaying advice.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Cluster, Grid, Series, Snapshot, Usage, Workload};
use crate::units::Span;

impl Snapshot {
    /// What was known at the start of slot `now`, from at most `fit` of history.
    ///
    /// Usage, ends of containers, use of volumes, states of nodes and changes of the pod
    /// template that came later are gone, so whatever reads the result cannot look ahead. Requests, limits
    /// and nodes are those of the snapshot: their history is not in it. The
    /// order of workloads stays.
    #[must_use]
    pub fn as_of(&self, now: u32, fit: Span) -> Self {
        let slots = fit.as_secs() / self.usage.grid.step.as_secs().max(1);
        let usage = self.usage.between(now.saturating_sub(slots), now);
        let taken_at = self.usage.grid.time(now);
        let workloads = self
            .workloads
            .iter()
            .map(|workload| forget_after(workload, taken_at))
            .collect();
        Self {
            taken_at,
            tool_version: self.tool_version.clone(),
            cluster: cluster_as_of(&self.cluster, taken_at),
            sources: self.sources.clone(),
            workloads,
            usage,
            gaps: Vec::new(),
        }
    }
}

/// The cluster without what volumes, nodes and certificates came to later.
fn cluster_as_of(cluster: &Cluster, now: Timestamp) -> Cluster {
    let mut cluster = cluster.clone();
    for node in &mut cluster.nodes {
        node.conditions.clear();
        if let Some(spells) = &mut node.spells {
            spells.retain(|it| it.from <= now);
            for spell in spells {
                spell.until = spell.until.min(now);
            }
        }
    }
    for claim in &mut cluster.volume_claims {
        claim.history.retain(|it| it.at <= now);
        claim.used = claim.history.iter().rev().find_map(|it| it.used);
    }
    // Of certificates it is not known when they were renewed.
    cluster.certificates.clear();
    cluster.has_events = false;
    cluster
}

/// The workload without what happened after `now`, or at no known time.
fn forget_after(workload: &Workload, now: Timestamp) -> Workload {
    let mut workload = workload.clone();
    // How it is now says nothing of how it was then.
    workload.conditions.clear();
    workload
        .evictions
        .retain(|it| it.at.is_some_and(|at| at <= now));
    workload.events.clear();
    for pod in &mut workload.pods {
        pod.conditions.clear();
    }
    if let Some(autoscaler) = &mut workload.autoscaler {
        autoscaler.conditions.clear();
    }
    workload.template_changed = workload.template_changed.filter(|changed| *changed <= now);
    for container in &mut workload.containers {
        container
            .terminations
            .retain(|end| end.finished.is_some_and(|finished| finished <= now));
        container.restarts = 0;
        container.restarts_at.retain(|it| it.until <= now);
        container.waiting.clear();
        container.memory_high_water = None;
    }
    workload
}

impl Usage {
    /// The slots from `from` to before `to`, as a usage of their own.
    #[must_use]
    pub fn between(&self, from: u32, to: u32) -> Self {
        let to = to.min(self.grid.len);
        let from = from.min(to);
        let grid = Grid {
            start: self.grid.time(from),
            step: self.grid.step,
            len: to - from,
        };
        let series = self
            .series
            .iter()
            .filter_map(|series| series.between(from, to))
            .collect();
        Self { grid, series }
    }
}

impl Series {
    /// The part from slot `from` to before slot `to`; `None` where it has none.
    fn between(&self, from: u32, to: u32) -> Option<Self> {
        let at = |slot: u32| {
            let offset = usize::try_from(slot.saturating_sub(self.first)).unwrap_or(usize::MAX);
            offset.min(self.len())
        };
        let (start, end) = (at(from), at(to));
        if start >= end {
            return None;
        }
        let more: BTreeMap<_, _> = self
            .more
            .iter()
            .map(|(metric, values)| (*metric, values.part(start..end)))
            .collect();
        Some(Self {
            workload: self.workload,
            pod: self.pod.clone(),
            container: self.container.clone(),
            first: self.first.max(from) - from,
            cpu_cores: self.cpu_cores[start..end].to_vec(),
            memory_bytes: self.memory_bytes[start..end].to_vec(),
            more,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(first: u32, len: usize) -> Usage {
        let grid = Grid {
            len: 100,
            ..Grid::default()
        };
        let series = Series {
            workload: 0,
            pod: "a".to_owned(),
            container: "app".to_owned(),
            first,
            cpu_cores: vec![1.0; len],
            memory_bytes: vec![2.0; len],
            more: BTreeMap::new(),
        };
        Usage {
            grid,
            series: vec![series],
        }
    }

    #[test]
    fn a_part_keeps_its_times() {
        let whole = usage(10, 20);
        let part = whole.between(5, 15);
        assert_eq!(part.grid.len, 10);
        assert_eq!(part.grid.start, whole.grid.time(5));
        assert_eq!((part.series[0].first, part.series[0].len()), (5, 5));
        let inner = whole.between(20, 25);
        assert_eq!((inner.series[0].first, inner.series[0].len()), (0, 5));
    }

    #[test]
    fn what_is_outside_is_gone() {
        assert!(usage(10, 20).between(30, 40).series.is_empty());
        assert!(usage(10, 20).between(0, 10).series.is_empty());
        assert_eq!(usage(10, 20).between(90, 400).grid.len, 10);
    }
}
