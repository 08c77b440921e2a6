//! Objects and usage, from wherever they were read, into one snapshot.

use jiff::Timestamp;

use super::{
    Aside, HasSeries, Placed, Resolved, UsageBuilder, drop_ended, drop_unknown_containers,
    mark_runs,
};
use crate::snapshot::{Gap, Snapshot, Source, Usage};

/// What was read, and what belongs together in it; usage comes beside it.
pub(super) struct Together {
    pub(super) resolved: Resolved,
    pub(super) sources: Vec<Source>,
    pub(super) gaps: Vec<Gap>,
    pub(super) taken_at: Timestamp,
}

impl Together {
    /// With all usage in memory.
    pub(super) fn with(mut self, builder: UsageBuilder) -> Snapshot {
        let (usage, unmatched) = builder.finish(&self.resolved.pods);
        self.gaps.extend(unmatched);
        self.with_usage(usage)
    }

    /// With usage, which may stay aside and is not in the snapshot then.
    pub(super) fn with_aside(mut self, builder: UsageBuilder) -> (Snapshot, Option<Aside>) {
        let (placed, unmatched) = builder.finish_aside(&self.resolved.pods);
        self.gaps.extend(unmatched);
        match placed {
            Placed::Here(usage) => (self.with_usage(usage), None),
            Placed::Aside(mut aside) => {
                self.relate(&mut aside);
                let (grid, series) = (aside.grid(), Vec::new());
                let snapshot = self.snapshot(Usage { grid, series }, Some(&mut aside));
                (snapshot, Some(aside))
            }
        }
    }

    pub(super) fn with_usage(mut self, mut usage: Usage) -> Snapshot {
        self.relate(&mut usage);
        self.snapshot(usage, None)
    }

    fn relate(&mut self, usage: &mut impl HasSeries) {
        let workloads = &mut self.resolved.workloads;
        self.gaps.extend(drop_unknown_containers(usage, workloads));
        mark_runs(usage, workloads);
    }

    fn snapshot(self, usage: Usage, aside: Option<&mut Aside>) -> Snapshot {
        let mut snapshot = Snapshot {
            taken_at: self.taken_at,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            cluster: self.resolved.cluster,
            sources: self.sources,
            workloads: self.resolved.workloads,
            usage,
            gaps: self.gaps,
        };
        drop_ended(&mut snapshot, aside, &self.resolved.ended);
        snapshot
    }
}
